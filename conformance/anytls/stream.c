/* Sessions that are ready, streams on them, and their bytes. */
#include "conformance/anytls/frames.h"
#include "conformance/anytls/verbs.h"

#define AUTH_PADDING 30
#define HANDSHAKE_MS 4000
/* Servers may accept before they have made their key. */
#define NEW_HANDSHAKE_MS 10000

struct peer *
dial(struct t *t)
{
	char err[PEER_ERRLEN];
	struct peer *p;
	uint32_t ms;

	t_step(t, "the target accepts a TLS connection");
	ms = t_own_target_alive(t) ? NEW_HANDSHAKE_MS : HANDSHAKE_MS;
	p = peer_connect(t, t_deadline(t, ms), err);
	t_step(t, "%s", "");
	if (p == NULL)
		t_crash(t, "the target no longer serves: %s", err);
	return (p);
}

struct peer *
dial_auth(struct t *t)
{
	struct peer *p = dial(t);

	tell_auth(p, t->target.password, AUTH_PADDING);
	return (p);
}

struct peer *
dial_ready(struct t *t, enum version v)
{
	static const char expected[] = "← ServerSettings (any data)";
	struct peer *p = dial_auth(t);
	uint64_t deadline = verb_deadline(t, 0);
	struct queued *q;
	bool done;

	/* --profile v1 on a server that knows more: we know no more either. */
	if (target_version(t) < 2 &&
	    t_feature_value(t, "server-settings") != NULL)
		v = V1;
	tell(p, settings(settings_text(t, t_printf(t, "%d", v), NULL)));
	p->settled = v < V2 || target_version(t) < 2;
	if (p->settled)
		return (p);
	/* Some send an update to clients whose scheme is the same. */
	do {
		q = verb_front(p, deadline, NULL, true, expected);
		if (q == NULL)
			verb_fail_closed(p, expected);
		done = q->f.cmd == ATLS_CMD_SERVER_SETTINGS;
		if (!done && q->f.cmd != ATLS_CMD_UPDATE_PADDING_SCHEME)
			verb_fail_frame(p, expected, &q->f);
		verb_pop(p);
	} while (!done);
	p->settled = true;
	return (p);
}

void
tell_open(struct peer *p, uint32_t sid, struct data to)
{
	cork(p);
	tell(p, syn(sid));
	tell(p, psh(sid, to));
	uncork(p);
}

void
open_stream(struct peer *p, uint32_t sid, struct data to)
{
	tell_open(p, sid, to);
	if (p->version >= 2)
		expect(p, synack(sid, NO_DATA));
}

static const char *
data_text(struct t *t, uint32_t sid, struct data d)
{
	return (t_printf(t, "%zu bytes of data on stream %u", d.len, sid));
}

/* Compares the PSH in front with D, from *AT on, and takes it. */
static void
take_data(struct peer *p, struct queued *q, const char *expected, struct data d,
    size_t *at)
{
	struct atls_bytes got = atls_bytes(q->f.data.p, q->f.data.len);

	atls_bytes_skip(&got, q->taken);
	if (d.kind == DATA_EXACT)
		verb_compare(p->t, expected, d, *at, got);
	*at += got.len;
}

static bool
has_enough(struct data d, size_t at)
{
	return (d.kind == DATA_ANY || (d.kind == DATA_SOME && at > 0) ||
	    (d.kind == DATA_EXACT && at >= d.len));
}

void
expect_data(struct peer *p, uint32_t sid, struct data d)
{
	uint64_t deadline = verb_deadline(p->t, d.len);
	uint64_t limit = verb_limit(p->t, deadline);
	const char *expected = data_text(p->t, sid, d);
	struct queued *q;
	size_t at = 0;

	while (!has_enough(d, at)) {
		q = verb_front(p, deadline, NULL, true, expected);
		if (q == NULL)
			pack_fail(p->t, expected, "%s, %zu bytes short",
			    verb_closed_text(p), d.len - at);
		if (q->f.cmd != ATLS_CMD_PSH || q->f.sid != sid)
			verb_fail_frame(p,
			    t_printf(p->t, "%s (%zu have come)", expected, at),
			    &q->f);
		take_data(p, q, expected, d, &at);
		verb_pop(p);
		deadline = verb_renewed(p->t, deadline, limit);
	}
}

/* The first frame in the queue that is about stream SID, or an Alert. */
static struct queued **
find_stream(struct peer *p, uint32_t sid)
{
	struct queued **at;

	for (at = &p->head; *at != NULL; at = &(*at)->next)
		if ((*at)->f.cmd == ATLS_CMD_ALERT ||
		    ((*at)->f.sid == sid &&
			((*at)->f.cmd == ATLS_CMD_PSH ||
			    (*at)->f.cmd == ATLS_CMD_SYNACK ||
			    (*at)->f.cmd == ATLS_CMD_FIN)))
			break;
	return (at);
}

/* What precedes the data of a stream that was told without expecting. */
static bool
is_opened(const struct frame *f)
{
	return (f->cmd == ATLS_CMD_SYNACK && f->data.len == 0);
}

void
expect_data_of(struct peer *p, uint32_t sid, struct data d)
{
	uint64_t deadline = verb_deadline(p->t, d.len), start = t_now();
	uint64_t limit = verb_limit(p->t, deadline);
	const char *expected = data_text(p->t, sid, d);
	struct queued **found;
	size_t at = 0;

	t_step(p->t, "%s", expected);
	while (!has_enough(d, at)) {
		found = find_stream(p, sid);
		if (*found == NULL) {
			if (p->closing != OPEN)
				verb_fail_closed(p, expected);
			if (!verb_wait(p, deadline))
				verb_fail_silent(p, expected, t_now() - start);
			continue;
		}
		if ((*found)->f.cmd == ATLS_CMD_PSH)
			take_data(p, *found, expected, d, &at);
		else if (at != 0 || !is_opened(&(*found)->f))
			verb_fail_frame(p, expected, &(*found)->f);
		peer_drop(peer_unlink(p, found));
		deadline = verb_renewed(p->t, deadline, limit);
	}
	t_step(p->t, "%s", "");
}

/* D in PSH frames of stream SID. */
static struct data
frames_of(struct t *t, uint32_t sid, struct data d, size_t frame_len)
{
	size_t n = (d.len + frame_len - 1) / frame_len;
	size_t cap = d.len + n * ATLS_FRAME_HEADER, at, len;
	uint8_t *buf = t_alloc(t, cap);
	struct atls_writer w = atls_writer(buf, cap);
	struct atls_frame head = { ATLS_CMD_PSH, sid, 0 };

	for (at = 0; at < d.len; at += len) {
		len = d.len - at < frame_len ? d.len - at : frame_len;
		head.len = (uint16_t)len;
		atls_frame_put(atls_writer_take(&w, ATLS_FRAME_HEADER), head);
		atls_writer_put(&w, d.p + at, len);
	}
	return (bytes(buf, w.len));
}

void
echo(struct peer *p, uint32_t sid, struct data d)
{
	if (d.len <= 16000)
		tell(p, psh(sid, d));
	else
		tell_bulk(p, frames_of(p->t, sid, d, 16000));
	expect_data(p, sid, d);
}
