/* The server that the suite plays: settings and streams as a profile says. */
#include "conformance/anytls/client.h"
#include "conformance/anytls/verbs.h"
#include "ref/net/digest.h"

#define DOWN_PADDING 37

void
serve_tell(struct peer *p, struct frame f)
{
	struct data d = encode(p->t, f);

	if (p->profile->pads)
		d = join(p->t, d, encode(p->t, waste(p->t, 0, DOWN_PADDING)));
	tell_raw(p, d);
}

void
serve_pause(struct peer *p, uint32_t ms)
{
	/* Against clocks of the client, which --time-scale does not stretch. */
	uint64_t until = t_now() + ms;

	if (ms == 0)
		return;
	while (p->closing == OPEN && verb_wait(p, until))
		continue;
}

struct data
default_scheme(void)
{
	return (text(ATLS_SCHEME_DEFAULT));
}

const char *
scheme_md5(struct t *t, struct data scheme)
{
	char *hex = t_alloc(t, ATLS_MD5_HEX + 1);

	if (digest_md5_hex(atls_bytes(scheme.p, scheme.len), hex) != 0)
		t_error(t, "out of memory");
	return (hex);
}

void
server_scheme(struct t *t, struct data scheme)
{
	client_side(t)->scheme = join(t, scheme, NO_DATA);
	client_side(t)->has_scheme = true;
}

static void
update_schemes(struct peer *p, const struct settings_seen *seen)
{
	const char *const *update = p->profile->update;
	struct client_side *side = client_side(p->t);
	size_t i;

	for (i = 0; i < 2 && update[i] != NULL; i++)
		serve_tell(p, update_scheme(text(update[i])));
	if (side->has_scheme &&
	    strcmp(seen->md5, scheme_md5(p->t, side->scheme)) != 0)
		serve_tell(p, update_scheme(side->scheme));
}

void
client_answer_settings(struct peer *p, const struct profile *profile,
    const struct settings_seen *seen)
{
	const char *say = profile->settings;

	p->profile = profile;
	update_schemes(p, seen);
	if (say == NULL || p->client_version < 2)
		return;
	if (strcmp(say, "=") == 0)
		say = t_printf(p->t, "v=%s", seen->v);
	serve_tell(p, server_settings(text(say)));
}

void
serve_session(struct peer *p, const char *name)
{
	const struct profile *profile = profile_find(name);
	struct settings_seen seen;

	if (profile == NULL)
		t_error(p->t, "there is no profile '%s'", name);
	expect_auth(p);
	seen = expect_settings(p);
	client_answer_settings(p, profile, &seen);
}

struct peer *
serve_as(struct t *t, const char *profile, struct stream_seen *st)
{
	struct peer *p = accept_client(t);
	struct stream_seen first;

	serve_session(p, profile);
	first = serve_stream(p);
	if (st != NULL)
		*st = first;
	return (p);
}

struct peer *
serve(struct t *t, enum server_kind kind, struct stream_seen *st)
{
	static const char *const names[] = { "v1-server", "go",
		"v3-single-stream" };

	return (serve_as(t, names[kind], st));
}

struct app *
connect_through(struct t *t, struct peer **p, struct stream_seen *st)
{
	struct app *a = ask(t, "case.test", 80);
	struct peer *peer = serve(t, SERVER_V2, st);

	if (p != NULL)
		*p = peer;
	expect_granted(a);
	return (a);
}

void
serve_fin(struct peer *p, uint32_t sid)
{
	expect(p, fin(sid));
	if (p->profile->half_close)
		serve_tell(p, psh(sid, text("data after the client's FIN")));
	if (p->profile->half_close || p->profile->answers_fin)
		serve_tell(p, fin(sid));
}

void
serve_end(struct peer *p, uint32_t sid)
{
	if (!p->profile->never_fin)
		serve_tell(p, fin(sid));
}

void
serve_datagram(struct peer *p, uint32_t sid, bool connect,
    const struct atls_addr *from, struct data d)
{
	bool with_address = !connect || p->profile->uot_v1;

	serve_tell(p, psh(sid, uot_datagram(p->t, !with_address, from, d)));
}
