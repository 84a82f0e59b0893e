/* Proof that the peer has seen all before, and what stands on it. */
#include "conformance/anytls/frames.h"
#include "conformance/anytls/verbs.h"

/* Ids of streams that barriers open: out of any case's way. */
#define BARRIER_FIRST 0x7fff0000u
#define SETTLE_MS 200

static const char alive_text[] =
    "the session answers (a heartbeat, or an echo where there is none)";

/* Takes the latest heartbeat response on stream 0 (on any with ANY) out of the
 * queue. */
static void
take_response(struct peer *p, bool any)
{
	struct queued **at, **found = NULL;

	for (at = &p->head; *at != NULL; at = &(*at)->next)
		if ((*at)->f.cmd == ATLS_CMD_HEART_RESPONSE &&
		    (any || (*at)->f.sid == 0))
			found = at;
	if (found != NULL)
		peer_drop(peer_unlink(p, found));
}

/* Answers heartbeat requests in the queue, and takes them out. */
static void
answer_requests(struct peer *p)
{
	struct queued **at = &p->head;
	uint32_t sid;

	while (*at != NULL) {
		if ((*at)->f.cmd != ATLS_CMD_HEART_REQUEST) {
			at = &(*at)->next;
			continue;
		}
		sid = (*at)->f.sid;
		peer_drop(peer_unlink(p, at));
		if (p->closing == OPEN)
			tell(p, heart_response(sid));
	}
}

/*
 * A response on stream 0 is ours once those of the case's own requests have
 * come. One on another id is taken only when nothing better has come in time:
 * it may answer a request of the case.
 */
static bool
heart_barrier(struct peer *p, const char *expected)
{
	uint64_t deadline = verb_deadline(p->t, p->bulk_len), start = t_now();
	uint64_t others = p->hearts_other, need;

	if (p->hearts_came > p->hearts_told)
		p->hearts_came = p->hearts_told;
	need = p->hearts_told + 1;
	tell(p, heart_request(0));
	t_step(p->t, "%s", alive_text);
	while (p->hearts_came < need && p->closing == OPEN) {
		if (verb_wait(p, deadline)) {
			answer_requests(p);
			continue;
		}
		if (p->hearts_other != others) {
			take_response(p, true);
			p->hearts_came = need;
			return (true);
		}
		if (expected == NULL)
			return (false);
		verb_fail_silent(p, expected, t_now() - start);
	}
	t_step(p->t, "%s", "");
	if (p->hearts_came < need)
		return (false);
	take_response(p, false);
	return (true);
}

/* For a peer that knows no heartbeats data to the echo and back does as well.
 * What comes on this stream never reaches the queue. */
static bool
echo_barrier(struct peer *p, const char *expected)
{
	uint64_t deadline = verb_deadline(p->t, p->bulk_len), start = t_now();
	struct data d = text("barrier");
	uint32_t sid;

	if (p->barrier_sid == 0)
		p->barrier_sid = BARRIER_FIRST;
	p->barrier_len = 0;
	p->barrier_fin = false;
	sid = p->barrier_next++ + BARRIER_FIRST;
	cork(p);
	tell_open(p, sid, dest_echo(p->t));
	tell(p, psh(sid, d));
	uncork(p);
	t_step(p->t, "the session is alive: echoes on stream %u", sid);
	while (
	    p->barrier_len < d.len && p->closing == OPEN && !p->barrier_fin) {
		if (verb_wait(p, deadline))
			continue;
		if (expected == NULL)
			return (false);
		verb_fail_silent(p, expected, t_now() - start);
	}
	t_step(p->t, "%s", "");
	if (p->barrier_len < d.len && p->barrier_fin)
		pack_fail(p->t, "the echo of a barrier", "FIN for its stream");
	if (p->barrier_len >= d.len && p->closing == OPEN)
		tell(p, fin(sid));
	return (p->barrier_len >= d.len);
}

/* A server that answers no heartbeats, or none of a client of version 1, fails
 * the cases about heartbeats, and no others. Without settings no stream can be
 * opened, nor a second one in the single-stream dialect. */
static bool
uses_echo(const struct peer *p)
{
	const char *heartbeat = t_feature_value(p->t, "heartbeat");
	unsigned version = target_version(p->t);

	if (p->version == 0 || version == 3)
		return (false);
	if (version < 2 || heartbeat == NULL)
		return (true);
	return (p->version == 1 && strcmp(heartbeat, "v2") == 0);
}

bool
verb_barrier(struct peer *p, const char *expected)
{
	if (p->corked != 0)
		t_error(p->t, "barrier() inside cork()");
	return (uses_echo(p) ? echo_barrier(p, expected)
			     : heart_barrier(p, expected));
}

void
barrier(struct peer *p)
{
	if (!verb_barrier(p, alive_text))
		verb_fail_closed(p, alive_text);
}

static void
none_of(struct peer *p, const struct frame *f, size_t n, const char *what)
{
	const char *expected = t_printf(
	    p->t, "no %s (until a barrier and %u ms)", what, SETTLE_MS);
	uint64_t deadline = t_deadline(p->t, SETTLE_MS);
	struct queued *q;
	size_t i;

	while (p->closing == OPEN && verb_wait(p, deadline))
		continue;
	for (q = p->head; q != NULL; q = q->next)
		for (i = 0; i < n; i++)
			if (frames_match(&f[i], &q->f))
				verb_fail_frame(p, expected, &q->f);
	peer_drop_all(p);
}

void
expect_none(struct peer *p, struct frame f)
{
	char what[FRAMES_TEXT];

	barrier(p);
	none_of(p, &f, 1, t_printf(p->t, "← %s", frames_describe(&f, what)));
}

void
expect_none_or_close(struct peer *p, struct frame f)
{
	char what[FRAMES_TEXT];

	if (!verb_barrier(p, alive_text))
		t_observe(p->t, "%s", verb_closed_text(p));
	none_of(p, &f, 1, t_printf(p->t, "← %s", frames_describe(&f, what)));
}

void
expect_neither(struct peer *p, struct frame a, struct frame b)
{
	struct frame both[2] = { a, b };
	char what[FRAMES_TEXT], other[FRAMES_TEXT];

	barrier(p);
	none_of(p, both, 2,
	    t_printf(p->t, "← %s and no ← %s", frames_describe(&a, what),
		frames_describe(&b, other)));
}

void
expect_quiet(struct peer *p)
{
	static const char expected[] = "the session is alive and nothing comes";

	if (!verb_barrier(p, expected))
		verb_fail_closed(p, expected);
	while (p->head != NULL) {
		/* A second answer to the barrier fails heart/one-each. */
		if (!verb_skips(p, &p->head->f, NULL) &&
		    (p->head->f.cmd != ATLS_CMD_HEART_RESPONSE ||
			p->head->f.sid != 0))
			verb_fail_frame(p, expected, &p->head->f);
		verb_pop(p);
	}
}

static void
refuse_forbidden(struct peer *p, const struct frame *forbidden)
{
	char what[FRAMES_TEXT];
	struct queued *q;

	for (q = p->head; forbidden != NULL && q != NULL; q = q->next)
		if (frames_match(forbidden, &q->f))
			verb_fail_frame(p,
			    t_printf(p->t, "no ← %s",
				frames_describe(forbidden, what)),
			    &q->f);
}

enum outcome
alive_or_closed(struct peer *p, const struct frame *forbidden)
{
	bool alive = verb_barrier(
	    p, "the session answers a heartbeat, or the peer closes it");

	refuse_forbidden(p, forbidden);
	if (alive) {
		t_observe(p->t, "the session goes on");
		return (OUT_ALIVE);
	}
	t_observe(p->t, "%s", verb_closed_text(p));
	return (OUT_CLOSED);
}
