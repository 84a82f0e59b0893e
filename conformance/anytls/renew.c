/* Composed verbs of client cases: a session under a scheme of the server's. */
#include "conformance/anytls/client.h"
#include "conformance/anytls/verbs.h"
#include "ref/wire/auth.h"

/* What a client takes at most to act on what it has just seen; its threads may
 * have to wait for their turn. */
#define SETTLE_MS 100
/* FIN comes within that, or never: that is not the question here. */
#define FIN_MS 1200

struct stream_seen
begin_service(struct peer *p, struct app *a)
{
	struct stream_seen st;

	serve_session(p, "go");
	st = serve_stream(p);
	if (a != NULL)
		expect_granted(a);
	return (st);
}

struct settings_seen
expect_settings_under(struct peer *p, struct data scheme)
{
	struct settings_seen seen = expect_settings(p);

	if (strcmp(seen.md5, scheme_md5(p->t, scheme)) != 0)
		skip(p->t, "the client does not take the server's scheme");
	return (seen);
}

struct stream_seen
begin_under(struct peer *p, struct app *a, struct data scheme)
{
	struct settings_seen seen;
	struct stream_seen st;

	records_watch(p, scheme);
	expect_auth(p);
	seen = expect_settings_under(p, scheme);
	client_answer_settings(p, profile_find("go"), &seen);
	st = serve_stream(p);
	expect_granted(a);
	return (st);
}

size_t
auth_records(const struct peer *p)
{
	size_t have = 0, want = ATLS_AUTH_HEADER, n = 0;

	if (p->raw.len >= want)
		want += (size_t)p->raw.p[ATLS_AUTH_HASH] << 8 |
		    p->raw.p[ATLS_AUTH_HASH + 1];
	while (n < p->nsizes && have < want)
		have += p->sizes[n++];
	return (n);
}

bool
says_heartbeats(const struct peer *p)
{
	size_t at = ATLS_AUTH_HEADER;
	struct atls_frame f;

	if (p->raw.len < at)
		return (false);
	at += (size_t)p->raw.p[ATLS_AUTH_HASH] << 8 |
	    p->raw.p[ATLS_AUTH_HASH + 1];
	while (at + ATLS_FRAME_HEADER <= p->raw.len) {
		f = atls_frame_get(p->raw.p + at);
		if (f.cmd == ATLS_CMD_HEART_REQUEST)
			return (true);
		at += ATLS_FRAME_HEADER + f.len;
	}
	return (false);
}

const char *
first_md5(struct t *t)
{
	const char *probed = t_feature_value(t, "md5");

	return (probed != NULL ? probed : ATLS_SCHEME_DEFAULT_MD5);
}

bool
has_default_scheme(struct t *t)
{
	return (strcmp(first_md5(t), ATLS_SCHEME_DEFAULT_MD5) == 0);
}

void
update_and_sync(struct peer *p, uint32_t sid, struct app *a, struct data scheme)
{
	tell(p, update_scheme(scheme));
	tell(p, psh(sid, text("ready")));
	app_expect(a, text("ready"));
}

/* The application keeps its connection: a stream that ends now could make the
 * dying session an idle one for a moment. */
void
end_session(struct peer *p)
{
	tell_close(p);
	expect_no_session(p->t, SETTLE_MS);
}

/* Takes the FIN of stream SID out of the queue; waits for it a while. */
static bool
take_fin(struct peer *p, uint32_t sid)
{
	uint64_t deadline = t_deadline(p->t, FIN_MS);
	struct queued **at;

	do {
		for (at = &p->head; *at != NULL; at = &(*at)->next) {
			if ((*at)->f.cmd == ATLS_CMD_FIN &&
			    (*at)->f.sid == sid) {
				peer_drop(peer_unlink(p, at));
				return (true);
			}
		}
	} while (p->closing == OPEN && verb_wait(p, deadline));
	return (false);
}

void
release(struct t *t, struct peer *p, uint32_t sid, struct app *a)
{
	app_reset(a);
	if (!take_fin(p, sid))
		t_log(t, "no FIN for stream %u", (unsigned)sid);
	/* Some clients put the session back a moment after the FIN. */
	expect_no_session(t, SETTLE_MS);
}

struct peer *
renew(struct t *t, struct data scheme, struct app **a)
{
	struct stream_seen st;
	struct app *first;
	struct peer *p;

	start_client(t);
	first = connect_through(t, &p, &st);
	update_and_sync(p, st.sid, first, scheme);
	end_session(p);
	*a = ask(t, "case.test", 80);
	return (accept_client(t));
}
