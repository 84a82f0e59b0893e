/* Expectations: frames in order, closes, and silence. */
#include "conformance/anytls/frames.h"
#include "conformance/anytls/verbs.h"

static const char *
describe(struct t *t, const struct frame *f)
{
	return (frames_describe(f, t_alloc(t, FRAMES_TEXT)));
}

static void
expect_one(struct peer *p, const struct frame *want, bool skip)
{
	const char *expected = t_printf(p->t, "← %s", describe(p->t, want));
	struct queued *q;

	q = verb_front(
	    p, verb_deadline(p->t, want->data.len), want, skip, expected);
	if (q == NULL)
		verb_fail_closed(p, expected);
	if (!frames_match(want, &q->f))
		verb_fail_frame(p, expected, &q->f);
	verb_pop(p);
}

void
expect(struct peer *p, struct frame f)
{
	expect_one(p, &f, true);
}

void
expect_next(struct peer *p, struct frame f)
{
	expect_one(p, &f, false);
}

/* "← A, ← B" of those not DONE. */
static const char *
describe_set(struct t *t, const struct frame *f, size_t n, const bool *done)
{
	const char *s = "";
	size_t i;

	for (i = 0; i < n; i++)
		if (!done[i])
			s = t_printf(t, "%s%s← %s", s, s[0] ? ", " : "",
			    describe(t, &f[i]));
	return (t_printf(t, "in any order %s", s));
}

/* Marks the expectation that GOT fulfils. False when there is none. */
static bool
tick_off(const struct frame *f, size_t n, bool *done, const struct frame *got)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!done[i] && frames_match(&f[i], got)) {
			done[i] = true;
			return (true);
		}
	}
	return (false);
}

void
expect_unordered(struct peer *p, const struct frame *f, size_t n)
{
	bool *done = t_alloc(p->t, n * sizeof(*done));
	uint64_t deadline = verb_deadline(p->t, 0);
	const char *expected;
	struct queued *q;
	size_t left;

	for (left = n; left != 0;) {
		expected = describe_set(p->t, f, n, done);
		q = verb_front(p, deadline, NULL, false, expected);
		if (q == NULL)
			verb_fail_closed(p, expected);
		if (tick_off(f, n, done, &q->f)) {
			left--;
			verb_pop(p);
			continue;
		}
		if (!verb_skips(p, &q->f, NULL))
			verb_fail_frame(p, expected, &q->f);
		verb_pop(p);
	}
}

/* Skips all but the frame F. */
static void
expect_by(struct peer *p, struct frame f, uint32_t ms, uint64_t deadline)
{
	const char *expected =
	    t_printf(p->t, "← %s within %u ms", describe(p->t, &f), ms);
	struct queued *q;
	bool found;

	do {
		q = verb_front(p, deadline, &f, true, expected);
		if (q == NULL)
			verb_fail_closed(p, expected);
		found = frames_match(&f, &q->f);
		verb_pop(p);
	} while (!found);
}

void
expect_within(struct peer *p, struct frame f, uint32_t ms)
{
	expect_by(p, f, ms, t_deadline(p->t, ms));
}

void
expect_in_time(struct peer *p, struct frame f, uint32_t ms)
{
	double scale = p->t->time_scale;

	if (scale < 1)
		scale = 1;
	if (scale > 1.5)
		scale = 1.5;
	expect_by(p, f, ms, t_now() + (uint64_t)(ms * scale));
}

/* Waits for a close; FORBIDDEN as for expect_close_after_anything(), and -2
 * for all commands but those that are always skipped. */
static void
close_by(struct peer *p, uint64_t deadline, int forbidden, const char *expected)
{
	struct queued *q;

	while ((q = verb_front(p, deadline, NULL, forbidden == -2, expected)) !=
	    NULL) {
		if (forbidden == -2 || forbidden == q->f.cmd)
			verb_fail_frame(p, expected, &q->f);
		verb_pop(p);
	}
	if (forbidden == -2 && tap_partial(&p->came) != 0)
		pack_fail(p->t, expected,
		    "%zu bytes that are no whole frame, then a close (%s)",
		    tap_partial(&p->came), peer_closing_text(p));
}

void
expect_close(struct peer *p)
{
	close_by(p, verb_deadline(p->t, 0), -2, "the peer closes");
}

void
expect_close_within(struct peer *p, uint32_t ms)
{
	close_by(p, t_deadline(p->t, ms), -2,
	    t_printf(p->t, "the peer closes within %u ms", ms));
}

void
expect_close_after_anything(struct peer *p, int forbidden_cmd)
{
	struct frame f = { .any_sid = true, .data = NO_DATA };
	const char *expected = "the peer closes";

	if (forbidden_cmd >= 0) {
		f.cmd = (uint8_t)forbidden_cmd;
		expected = t_printf(
		    p->t, "the peer closes without any %s", describe(p->t, &f));
	}
	close_by(p, verb_deadline(p->t, 0), forbidden_cmd, expected);
}

void
expect_silence(struct peer *p, uint32_t ms)
{
	const char *expected =
	    t_printf(p->t, "no application data and no close for %u ms", ms);
	uint64_t deadline = t_deadline(p->t, ms);
	size_t partial = tap_partial(&p->came);

	t_step(p->t, "%s", expected);
	do {
		if (p->head != NULL)
			verb_fail_frame(p, expected, &p->head->f);
		if (p->closing != OPEN)
			verb_fail_closed(p, expected);
		if (tap_partial(&p->came) != partial)
			pack_fail(
			    p->t, expected, "part of a frame: %s", p->last);
	} while (verb_wait(p, deadline));
	t_step(p->t, "%s", "");
}

void
expect_alert_and_close(struct peer *p)
{
	expect(p, alert(ANY_TEXT));
	expect_close(p);
}

bool
is_refused(struct peer *p)
{
	uint64_t deadline = verb_deadline(p->t, p->bulk_len);
	struct queued *q;

	t_step(p->t, "the session is refused");
	do {
		for (q = p->head; q != NULL; q = q->next)
			if (q->f.cmd == ATLS_CMD_ALERT && q->f.data.len != 0)
				return (true);
		if (p->closing != OPEN)
			return (true);
	} while (verb_wait(p, deadline));
	t_step(p->t, "%s", "");
	return (false);
}

/* Waits for raw bytes beyond those taken. False when the peer closed. */
static bool
wait_raw(struct peer *p, uint64_t deadline, const char *expected)
{
	uint64_t start = t_now();

	t_step(p->t, "%s", expected);
	while (p->raw.len == p->raw_taken && p->closing == OPEN)
		if (!verb_wait(p, deadline))
			pack_fail(p->t, expected, "nothing within %u ms",
			    (unsigned)(t_now() - start));
	t_step(p->t, "%s", "");
	return (p->raw.len != p->raw_taken);
}

void
expect_refused(struct peer *p)
{
	const char *expected = "the peer closes, or answers as something else";
	char quoted[64];

	if (!wait_raw(p, verb_deadline(p->t, 0), expected))
		return;
	if (p->raw.p[p->raw_taken] < ATLS_NCOMMANDS)
		pack_fail(p->t, expected, "AnyTLS goes on: ← %s", p->last);
	frames_quote(p->raw.p + p->raw_taken, p->raw.len - p->raw_taken, quoted,
	    sizeof(quoted));
	t_observe(p->t, "fallback: the peer answered %s", quoted);
}

void
expect_raw(struct peer *p, struct data d)
{
	const char *expected =
	    t_printf(p->t, "exactly %zu bytes of application data", d.len);
	uint64_t deadline = verb_deadline(p->t, d.len);
	uint64_t limit = verb_limit(p->t, deadline);
	size_t at = 0, n;

	while (at < d.len) {
		if (!wait_raw(p, deadline, expected))
			pack_fail(p->t, expected, "%s, %zu bytes short",
			    verb_closed_text(p), d.len - at);
		n = p->raw.len - p->raw_taken;
		verb_compare(p->t, expected, d, at,
		    atls_bytes(p->raw.p + p->raw_taken, n));
		p->raw_taken += n;
		at += n;
		deadline = verb_renewed(p->t, deadline, limit);
	}
	peer_drop_all(p);
}

bool
next_frame(struct peer *p, struct frame *f)
{
	struct frame any = { .cmd = ATLS_CMD_HEART_REQUEST };
	struct queued *q;

	q = verb_front(p, verb_deadline(p->t, 0), &any, true,
	    "a frame, or the peer closes");
	if (q == NULL)
		return (false);
	*f = q->f;
	f->data = join(p->t, q->f.data, NO_DATA);
	verb_pop(p);
	return (true);
}
