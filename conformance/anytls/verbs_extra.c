/* Verbs for sessions that carry, or carried, other streams as well. */
#include "conformance/anytls/verbs.h"

void
open_again(struct peer *p, uint32_t sid, struct data to)
{
	tell_open(p, sid, to);
	if (p->version >= 2)
		expect_within(p, synack(sid, NO_DATA), p->t->timeout_ms);
}

/* Takes what F adds to the *AT bytes of D that have come. */
static void
take_echo(struct peer *p, const char *expected, const struct frame *f,
    struct data d, size_t *at)
{
	size_t n = f->data.len;

	if (f->cmd == ATLS_CMD_SYNACK && n == 0)
		return;
	if (f->cmd != ATLS_CMD_PSH)
		verb_fail_frame(
		    p, t_printf(p->t, "%s (%zu have come)", expected, *at), f);
	verb_compare(p->t, expected, d, *at, atls_bytes(f->data.p, n));
	*at += n;
}

void
echo_again(struct peer *p, uint32_t sid, struct data d)
{
	uint64_t deadline = verb_deadline(p->t, d.len + p->bulk_len);
	uint64_t limit = verb_limit(p->t, deadline);
	const char *expected =
	    t_printf(p->t, "the echo of %zu bytes on stream %u", d.len, sid);
	struct queued *q;
	size_t at = 0;

	tell(p, psh(sid, d));
	while (at < d.len) {
		q = verb_front(p, deadline, NULL, true, expected);
		if (q == NULL)
			verb_fail_closed(p, expected);
		if (q->f.sid == sid || q->f.cmd == ATLS_CMD_ALERT)
			take_echo(p, expected, &q->f, d, &at);
		/* A SYNACK that took its time leaves some for the echo. */
		if (q->f.sid == sid)
			deadline = verb_renewed(p->t, deadline, limit);
		verb_pop(p);
	}
}

void
open_echo(struct peer *p, uint32_t sid)
{
	tell_open(p, sid, dest_echo(p->t));
	echo_again(p, sid, text("?"));
}

void
pass_synack(struct peer *p, uint32_t sid)
{
	uint64_t deadline = verb_deadline(p->t, 0), start = t_now();
	const char *expected =
	    t_printf(p->t, "stream %u works: a frame of it", sid);
	struct queued **at = &p->head;

	t_step(p->t, "%s", expected);
	while (*at == NULL || (*at)->f.sid != sid ||
	    (*at)->f.cmd == ATLS_CMD_HEART_RESPONSE) {
		if (*at != NULL) {
			at = &(*at)->next;
			continue;
		}
		if (p->closing != OPEN)
			verb_fail_closed(p, expected);
		if (!verb_wait(p, deadline))
			verb_fail_silent(p, expected, t_now() - start);
		at = &p->head;
	}
	t_step(p->t, "%s", "");
	if ((*at)->f.cmd == ATLS_CMD_SYNACK && (*at)->f.data.len == 0)
		peer_drop(peer_unlink(p, at));
}

struct app *
open_to(struct peer *p, uint32_t sid, struct origin *o)
{
	struct app *a;

	tell_open(p, sid, dest(p->t, o));
	a = origin_accept(o);
	app_tell(a, text("?"));
	pass_synack(p, sid);
	expect_data_of(p, sid, text("?"));
	return (a);
}

bool
stream_ended(struct peer *p, uint32_t sid, uint32_t ms)
{
	uint64_t deadline;
	struct queued *q;

	barrier(p);
	deadline = t_deadline(p->t, ms);
	do {
		for (q = p->head; q != NULL; q = q->next)
			if (q->f.cmd == ATLS_CMD_FIN && q->f.sid == sid)
				return (true);
		if (p->closing != OPEN)
			verb_fail_closed(p, "the session goes on");
	} while (verb_wait(p, deadline));
	return (false);
}

void
expect_refusal(struct peer *p, uint32_t sid)
{
	uint64_t deadline = verb_deadline(p->t, 0);
	const char *expected = t_printf(
	    p->t, "stream %u refused: SYNACK with a text, or FIN", sid);
	struct queued *q;
	bool refused = false;

	while (!refused) {
		q = verb_front(p, deadline, NULL, true, expected);
		if (q == NULL)
			verb_fail_closed(p, expected);
		if (q->f.sid == sid && q->f.cmd == ATLS_CMD_PSH)
			verb_fail_frame(p, expected, &q->f);
		refused = q->f.sid == sid &&
		    (q->f.cmd == ATLS_CMD_FIN ||
			(q->f.cmd == ATLS_CMD_SYNACK && q->f.data.len != 0));
		verb_pop(p);
	}
}

void
expect_response(struct peer *p, uint32_t sid)
{
	const char *expected =
	    t_printf(p->t, "a HeartResponse for stream %u or 0", sid);
	struct queued *q =
	    verb_front(p, verb_deadline(p->t, 0), NULL, true, expected);

	if (q == NULL)
		verb_fail_closed(p, expected);
	if (q->f.cmd != ATLS_CMD_HEART_RESPONSE ||
	    (q->f.sid != sid && q->f.sid != 0))
		verb_fail_frame(p, expected, &q->f);
	verb_pop(p);
}
