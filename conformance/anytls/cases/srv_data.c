/* Stream data: order, integrity, sizes, and streams beside each other. */
#include "conformance/anytls/case.h"

#define NSTREAMS 8
#define BIG_MS 45000 /* for a transfer on a machine that is slow */

/* ---- One stream ---- */

/* Two hundred PSHs of growing size come back as one string of bytes. */
static void
order(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct data d = pattern(t, 200 * 199 / 2, 1);
	size_t at = 0;

	open_echo(p, 1);
	for (size_t n = 1; n < 200; n++) {
		tell(p, psh(1, part(d, at, n)));
		at += n;
	}

	expect_data(p, 1, d);
}

/* All 256 values, and what looks like text, line ends or frames, pass as they
 * are. */
static void
every_value(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	uint8_t all[256];

	for (unsigned i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	open_echo(p, 1);
	echo(p, 1, bytes(all, sizeof(all)));
	echo(p, 1, text("\r\n\r\n.\r\n"));
	echo(p, 1, encode(t, fin(1)));
	echo(p, 1, zeros(t, 300));
}

/* The target hears exactly what was said, and the client what the target
 * said, which is something else. */
static void
two_directions(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	tell(p, psh(1, pattern(t, 3000, 1)));
	app_expect(a, pattern(t, 3000, 1));
	app_tell(a, pattern(t, 5000, 2));
	expect_data(p, 1, pattern(t, 5000, 2));
	app_expect_silence(a, 50);
}

/* The target talks and the client says nothing at all: the server must not
 * wait for one to serve the other. */
static void
client_silent(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	for (uint32_t i = 0; i < 5; i++) {
		app_tell(a, pattern(t, 8000, i));
		expect_data(p, 1, pattern(t, 8000, i));
	}
}

/* The client talks and the target says nothing. */
static void
target_silent(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	for (uint32_t i = 0; i < 5; i++) {
		tell(p, psh(1, pattern(t, 8000, i)));
		app_expect(a, pattern(t, 8000, i));
	}
	expect_quiet(p);
}

struct transfer {
	size_t up, down, frame_len;
};

static const struct transfer frames_1 = { 1000, 1000, 1 };
static const struct transfer frames_16377 = { 200000, 200000, 16377 };
static const struct transfer frames_16384 = { 200000, 200000, 16384 };
static const struct transfer frames_65535 = { 400000, 400000, 65535 };
static const struct transfer big_up = { 8u << 20, 1, 16384 };
static const struct transfer big_down = { 1, 8u << 20, 16384 };
static const struct transfer big_both = { 8u << 20, 8u << 20, 65535 };

/* Both ways at once, to the last byte. */
static void
transfer(struct t *t)
{
	const struct transfer *x = t->arg;
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	exchange(p, 1, a, pattern(t, x->up, 1), pattern(t, x->down, 2),
	    x->frame_len);
}

/* One PSH as long as a length field can say arrives whole. */
static void
largest_frame(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct data d = pattern(t, ATLS_FRAME_MAX_DATA, 1);
	struct app *a = open_to(p, 1, o);

	tell(p, psh(1, d));
	app_expect(a, d);
}

/* A PSH without data is not the end: what follows still arrives. */
static void
empty_psh(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	tell(p, psh(1, NO_DATA));
	tell(p, psh(1, text("after")));
	app_expect(a, text("after"));
	app_tell(a, text("still here"));
	expect_data(p, 1, text("still here"));
}

/* ---- Streams beside each other ---- */

/* Eight streams to eight targets, their frames mixed in the same records:
 * each target hears its own bytes only, and so does each stream. */
static void
many_streams(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct app *a[NSTREAMS];
	uint32_t i;

	for (i = 0; i < NSTREAMS; i++) {
		struct origin *o = listen_origin(t);

		a[i] = open_to(p, i + 1, o);
	}
	for (size_t at = 0; at < 4000; at += 500) {
		cork(p);
		for (i = 0; i < NSTREAMS; i++)
			tell(p, psh(i + 1, part(pattern(t, 4000, i), at, 500)));
		uncork(p);
	}
	for (i = 0; i < NSTREAMS; i++) {
		app_expect(a[i], pattern(t, 4000, i));
		app_tell(a[i], pattern(t, 6000, 100 + i));
	}
	for (i = NSTREAMS; i-- > 0;)
		expect_data_of(p, i + 1, pattern(t, 6000, 100 + i));
}

/* Two sessions that use the same ids know nothing of each other. */
static void
two_sessions(struct t *t)
{
	struct peer *p = dial_ready(t, V2), *q = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a, *b;

	a = open_to(p, 1, o);
	b = open_to(q, 1, o);

	tell(p, psh(1, text("from the first")));
	tell(q, psh(1, text("from the second")));
	app_expect(a, text("from the first"));
	app_expect(b, text("from the second"));
	app_tell(b, text("to the second"));
	app_tell(a, text("to the first"));
	expect_data(p, 1, text("to the first"));
	expect_data(q, 1, text("to the second"));
}

/* ---- Data that belongs to no stream ---- */

/* PSH for an id nobody opened: discarded, and the session goes on. */
static void
unknown_stream(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	open_echo(p, 1);
	tell(p, psh(77, text("for nobody")));
	tell(p, psh(0, pattern(t, 65535, 1)));
	barrier(p);

	echo_again(p, 1, text("hello"));
}

/* PSH before any SYN, and even before the first stream: the same. */
static void
before_any_stream(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	tell(p, psh(1, text("too early")));
	barrier(p);

	open_echo(p, 1);
	echo_again(p, 1, text("hello"));
}

/* Nothing of it is kept for a stream that opens later under that id. */
static void
not_kept_for_later(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	tell(p, psh(1, dest_echo(t)));
	tell(p, psh(1, text("ghost")));
	tell_open(p, 1, dest(t, o));
	tell(p, psh(1, text("real")));

	a = origin_accept(o);
	app_expect(a, text("real"));
	app_expect_silence(a, 50);
}

/* PSH after FIN does not reach the target of the closed stream. */
static void
after_fin(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	cork(p);
	tell(p, psh(1, text("before")));
	tell(p, fin(1));
	tell(p, psh(1, text("after")));
	uncork(p);

	app_expect(a, text("before"));
	app_expect_eof(a);
	barrier(p);
}

/* Nor does PSH after the target's end do harm. */
static void
after_target_end(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);

	app_close(open_to(p, 1, o));
	stream_ended(p, 1, 1000);
	tell(p, psh(1, pattern(t, 20000, 1)));
	barrier(p);

	open_echo(p, 2);
	echo_again(p, 2, text("hello"));
}

/* ---- Slow readers ---- */

/* A target that does not read: the stream beside it goes on. There is no flow
 * control, so a server has to keep, slow down or give up the one stream. */
static void
slow_target(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct data d = encode(t, psh(2, pattern(t, 65000, 1)));

	open_echo(p, 1);
	open_to(p, 2, o);
	for (unsigned i = 0; i < STALLING_FRAMES; i++)
		tell_bulk(p, d);

	echo_again(p, 1, text("not stopped"));
}

static const struct tcase cases[] = {
	{ "server/data/order", "AT-DA-01", order, NULL, "origin" },
	{ "server/data/every-value", "AT-DA-01", every_value, NULL, "origin" },
	{ "server/data/two-directions", "AT-DA-01", two_directions, NULL,
	    "origin" },
	{ "server/data/client-silent", "AT-DA-01", client_silent, NULL,
	    "origin" },
	{ "server/data/target-silent", "AT-DA-01", target_silent, NULL,
	    "origin" },
	{ "server/data/frames-of-1", "AT-DA-01", transfer, &frames_1,
	    "origin" },
	{ "server/data/frames-of-16377", "AT-DA-01,AT-FR-02", transfer,
	    &frames_16377, "origin" },
	{ "server/data/frames-of-16384", "AT-DA-01,AT-FR-02", transfer,
	    &frames_16384, "origin" },
	{ "server/data/frames-of-65535", "AT-FR-07,AT-DA-01", transfer,
	    &frames_65535, "origin" },
	{ "server/data/big-up", "AT-DA-01", transfer, &big_up, "origin",
	    BIG_MS },
	{ "server/data/big-down", "AT-DA-01,AT-FR-08", transfer, &big_down,
	    "origin", BIG_MS },
	{ "server/data/big-both", "AT-DA-01,AT-FR-08", transfer, &big_both,
	    "origin", BIG_MS },
	{ "server/data/largest-frame", "AT-FR-07,AT-DA-01", largest_frame, NULL,
	    "origin" },
	{ "server/data/empty-psh", "AT-FR-09", empty_psh, NULL, "origin" },
	{ "server/data/many-streams", "AT-DA-01,AT-RU-13", many_streams, NULL,
	    "mux,origin" },
	{ "server/data/two-sessions", "AT-DA-01,AT-RU-13", two_sessions, NULL,
	    "origin" },
	{ "server/data/unknown-stream", "AT-DA-02", unknown_stream, NULL,
	    "origin,!v3" },
	{ "server/data/before-any-stream", "AT-DA-02", before_any_stream, NULL,
	    "origin" },
	{ "server/data/not-kept-for-later", "AT-DA-02", not_kept_for_later,
	    NULL, "origin" },
	{ "server/data/after-fin", "AT-DA-02,AT-CL-07", after_fin, NULL,
	    "origin" },
	{ "server/data/after-target-end", "AT-CL-07,AT-DA-02", after_target_end,
	    NULL, "reuse,origin" },
	{ "server/data/slow-target", "AT-DA-03", slow_target, NULL,
	    "mux,origin", LONG_WAIT_MS },
};

extern const struct suite suite_srv_data;
const struct suite suite_srv_data = SUITE("server: data", cases);
