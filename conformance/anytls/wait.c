/* Waiting for frames under one deadline, and the sentences of failures. */
#include <stdio.h>

#include "conformance/anytls/fields.h"
#include "conformance/anytls/frames.h"
#include "conformance/anytls/verbs.h"
#include "conformance/engine/capture.h"

void
pack_fail(struct t *t, const char *expected, const char *fmt, ...)
{
	char actual[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(actual, sizeof(actual), fmt, ap);
	va_end(ap);
	if (pack_state(t)->after)
		t_crash(t,
		    "the target no longer serves after the case: "
		    "expected %s; %s",
		    expected, actual);
	t_fail(t, expected, "%s", actual);
}

const char *
verb_closed_text(struct peer *p)
{
	if (p->last[0] == '\0')
		return (t_printf(p->t,
		    "connection closed (%s), nothing came before",
		    peer_closing_text(p)));
	return (t_printf(p->t, "connection closed (%s) after ← %s",
	    peer_closing_text(p), p->last));
}

void
verb_fail_closed(struct peer *p, const char *expected)
{
	pack_fail(p->t, expected, "%s", verb_closed_text(p));
}

void
verb_fail_silent(struct peer *p, const char *expected, uint64_t waited_ms)
{
	size_t partial = tap_partial(&p->came);

	if (partial != 0)
		pack_fail(p->t, expected,
		    "nothing whole within %u ms: %zu bytes of a frame that "
		    "does not end",
		    (unsigned)waited_ms, partial);
	pack_fail(p->t, expected, "nothing within %u ms", (unsigned)waited_ms);
}

/* The frame's bytes for the report, as far as they help. */
static void
show_bytes(struct t *t, const struct frame *f)
{
	struct frame head = *f;
	struct data d;

	head.any_sid = false;
	d = encode(t, head);
	t_bytes(t, d.p, d.len);
}

/* The record that GOT came in decides, as far as it is still in the queue. */
static void
mark(struct peer *p, const struct frame *got)
{
	const struct queued *q;

	for (q = p->head; q != NULL; q = q->next)
		if (&q->f == got)
			capture_decides(p->t, q->captured, q->line);
}

void
verb_fail_frame(struct peer *p, const char *expected, const struct frame *got)
{
	char what[FRAMES_TEXT], quoted[128] = "";

	frames_describe(got, what);
	/* Where the names agree, the data must make the difference. */
	if (strstr(expected, what) != NULL && got->data.len != 0)
		frames_quote(
		    got->data.p, got->data.len, quoted, sizeof(quoted));
	show_bytes(p->t, got);
	mark(p, got);
	pack_fail(
	    p->t, expected, "← %s%s%s", what, quoted[0] ? " " : "", quoted);
}

bool
verb_wait(struct peer *p, uint64_t deadline)
{
	bool some = peer_fill(p, deadline);

	if (p->flooded)
		pack_fail(p->t, "a peer that sends what it is asked for",
		    "the peer floods: %llu bytes have come, unasked for, "
		    "with %llu heartbeat requests",
		    (unsigned long long)p->came_len,
		    (unsigned long long)p->came_requests);
	return (some);
}

void
verb_pop(struct peer *p)
{
	peer_drop(peer_unlink(p, &p->head));
}

bool
verb_skips(struct peer *p, const struct frame *f, const struct frame *want)
{
	if (want != NULL && want->cmd == f->cmd)
		return (false);
	if (f->cmd == ATLS_CMD_HEART_REQUEST) {
		if (p->closing == OPEN && p->fd >= 0)
			tell(p, heart_response(f->sid));
		return (true);
	}
	/* Answers to settings that come again fail the cases about them. */
	if (f->cmd == ATLS_CMD_SERVER_SETTINGS ||
	    f->cmd == ATLS_CMD_UPDATE_PADDING_SCHEME)
		return (p->settled);
	return (f->cmd == ATLS_CMD_WASTE);
}

struct queued *
verb_front(struct peer *p, uint64_t deadline, const struct frame *want,
    bool skip, const char *expected)
{
	uint64_t start = t_now();

	t_step(p->t, "%s", expected);
	for (;;) {
		while (
		    p->head != NULL && skip && verb_skips(p, &p->head->f, want))
			verb_pop(p);
		if (p->head != NULL || p->closing != OPEN)
			break;
		if (!verb_wait(p, deadline))
			verb_fail_silent(p, expected, t_now() - start);
	}
	t_step(p->t, "%s", "");
	return (p->head);
}

void
verb_compare(struct t *t, const char *expected, struct data d, size_t at,
    struct atls_bytes got)
{
	char want_hex[FRAMES_HEX], got_hex[FRAMES_HEX];
	size_t i = 0, left = d.len - at;

	while (i < got.len && i < left && got.p[i] == d.p[at + i])
		i++;
	if (i == got.len)
		return;
	t_bytes(t, got.p + i, got.len - i);
	t_bytes_are(t, FORM_DATA, 0);
	frames_hex(got.p + i, got.len - i, got_hex);
	if (i == left)
		pack_fail(t, expected, "%zu bytes more than these %zu: %s",
		    got.len - i, d.len, got_hex);
	frames_hex(d.p + at + i, left - i, want_hex);
	pack_fail(t, expected, "other bytes at offset %zu of %zu: %s, not %s",
	    at + i, d.len, got_hex, want_hex);
}

void
verb_drain(struct t *t)
{
	struct peer *p;

	for (p = pack_state(t)->peers; p != NULL; p = p->next)
		while (p->fd >= 0 && p->closing == OPEN && !p->flooded &&
		    peer_fill(p, 0))
			continue;
}

const char *
verb_last(struct t *t)
{
	struct peer *p;

	verb_drain(t);
	p = pack_state(t)->peers;
	if (p == NULL || p->fd < 0)
		return ("");
	if (p->closing != OPEN)
		return (t_printf(t, "; %s", verb_closed_text(p)));
	if (p->last[0] == '\0')
		return ("; the peer said nothing");
	return (t_printf(t, "; the peer's last was ← %s", p->last));
}
