/* Verbs for sessions that carry, or carried, other streams as well. */
#include "conformance/anytls/verbs.h"

void
open_again(struct peer *p, uint32_t sid, struct data dest)
{
	tell_open(p, sid, dest);
	if (p->version >= 2)
		expect_within(p, synack(sid, NO_DATA), p->t->timeout_ms);
}

/* Checks that F continues D at *AT. */
static void
take_echo(struct peer *p, const struct frame *f, struct data d, size_t *at)
{
	size_t n = f->data.len;

	if (f->cmd == ATLS_CMD_SYNACK && n == 0)
		return;
	if (f->cmd == ATLS_CMD_HEART_REQUEST)
		return; /* stream 0 has frames of the session too */
	if (f->cmd != ATLS_CMD_PSH)
		t_fail(p->t, t_printf(p->t, "the echo on stream %u", f->sid),
		    "command %u on it after %zu of %zu bytes", f->cmd, *at,
		    d.len);
	if (n > d.len - *at || (n != 0 && memcmp(f->data.p, d.p + *at, n) != 0))
		t_fail(p->t, t_printf(p->t, "the echo on stream %u", f->sid),
		    "other bytes at offset %zu of %zu", *at, d.len);
	*at += n;
}

void
echo_again(struct peer *p, uint32_t sid, struct data d)
{
	struct frame f;
	size_t at = 0;

	tell(p, psh(sid, d));
	while (at < d.len) {
		if (!next_frame(p, &f))
			t_fail(p->t,
			    t_printf(p->t, "the echo on stream %u", sid),
			    "the session closed after %zu of %zu bytes", at,
			    d.len);
		if (f.sid == sid)
			take_echo(p, &f, d, &at);
	}
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
