/* The target's version and padding scheme, as it says itself. */
#include "conformance/anytls/target.h"

#include "conformance/anytls/verbs.h"
#include "ref/net/digest.h"
#include "ref/wire/settings.h"

#ifndef VERSION
#define VERSION "dev"
#endif

#define ASK_MS 4000
/* How long answers may come behind a heartbeat's that was asked for later. */
#define LATE_MS 200

static const char other_md5[] = "00000000000000000000000000000000";

static struct data
say_settings(struct t *t, const char *v, const char *md5)
{
	return (textf(t,
	    "v=%s\nclient=anytls-conform/" VERSION "\npadding-md5=%s", v, md5));
}

static void
note(struct t *t, const struct frame *f, struct answer *a)
{
	struct atls_settings s;
	struct data copy;

	switch (f->cmd) {
	case ATLS_CMD_SERVER_SETTINGS:
		atls_settings_read(atls_bytes(f->data.p, f->data.len), &s);
		a->settings = true;
		a->version = s.version;
		break;
	case ATLS_CMD_UPDATE_PADDING_SCHEME:
		copy = join(t, f->data, NO_DATA);
		a->update = true;
		a->scheme = atls_bytes(copy.p, copy.len);
		break;
	case ATLS_CMD_HEART_RESPONSE:
		a->heart = true;
		break;
	case ATLS_CMD_ALERT:
		a->alert = true;
		break;
	default:
		break;
	}
}

/* A target that has left a heartbeat of this case unanswered is not waited for
 * again. */
static void
listen_to(struct peer *p, struct answer *a)
{
	bool late = false, no_heart = pack_state(p->t)->no_heart;
	uint64_t deadline = t_now() + p->t->timeout_ms;

	for (;;) {
		while (p->head != NULL) {
			note(p->t, &p->head->f, a);
			verb_pop(p);
		}
		if (p->closing != OPEN || p->flooded ||
		    (a->settings && a->heart))
			break;
		if ((a->heart || (a->settings && no_heart)) && !late) {
			late = true;
			deadline = t_deadline(p->t, LATE_MS);
		}
		if (!peer_fill(p, deadline))
			break;
	}
	a->closed = p->closing != OPEN;
	if (a->settings && !a->heart && !a->closed)
		pack_state(p->t)->no_heart = true;
}

void
target_ask(struct t *t, const char *v, const char *md5, struct answer *a)
{
	struct peer *p;

	memset(a, 0, sizeof(*a));
	p = peer_connect(t, t_deadline(t, ASK_MS), a->error);
	if (p == NULL)
		return;
	a->connected = true;
	t_step(t, "the target answers settings");
	peer_put(p, auth_bytes(t, t->target.password, 30, 0), "");
	peer_put(p, encode(t, settings(say_settings(t, v, md5))), "");
	peer_put(p, encode(t, heart_request(0)), "");
	peer_flush(p, t_deadline(t, ASK_MS), 0, true);
	listen_to(p, a);
	peer_leave(p);
	t_step(t, "%s", "");
}

/* Of a target that sends no update we can only think that it has the default
 * scheme, or none. */
static void
learn_scheme(struct t *t)
{
	struct state *st = pack_state(t);
	struct answer a;

	target_ask(t, "2", other_md5, &a);
	if (!a.connected)
		t_crash(t, "the target no longer serves: %s", a.error);
	st->scheme = a.update ? a.scheme : atls_bytes_str(ATLS_SCHEME_DEFAULT);
	if (digest_md5_hex(st->scheme, st->md5) != 0)
		t_error(t, "out of memory");
	st->md5_port = t->target.port;
}

const char *
target_md5(const struct t *ct)
{
	/* What is remembered belongs to the case, not to its reader. */
	struct state *st = ct->pack;
	const char *probed = t_feature_value(ct, "md5");

	if (probed != NULL && st->run_port == ct->target.port)
		return (probed);
	if (st->md5_port != ct->target.port)
		learn_scheme(st->t);
	return (st->md5);
}

struct data
target_scheme(struct t *t)
{
	struct state *st = pack_state(t);

	if (st->scheme.p == NULL || st->md5_port != t->target.port)
		learn_scheme(t);
	return (bytes(st->scheme.p, st->scheme.len));
}

unsigned
target_version(const struct t *t)
{
	const char *profile = t_feature_value(t, "profile");

	if (profile != NULL && strcmp(profile, "v1") == 0)
		return (1);
	if (profile != NULL && strcmp(profile, "v2") == 0)
		return (2);
	if ((profile != NULL && strcmp(profile, "v3") == 0) ||
	    t_feature_value(t, "v3") != NULL)
		return (3);
	return (t_feature_value(t, "v2") != NULL ? 2 : 1);
}

struct data
settings_text(struct t *t, const char *v, const char *md5)
{
	return (say_settings(t, v, md5 != NULL ? md5 : target_md5(t)));
}
