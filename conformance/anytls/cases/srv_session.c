/* Sessions as a whole: how they end, idle, and how many there may be. */
#include "conformance/anytls/case.h"

#define NSESSIONS 50
#define NSTREAMS 300

/* ---- Ends of the connection ---- */

/* The client's end of the session ends the targets' connections, whether it
 * comes as close_notify, */
static void
close_notify(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	tell_close(p);

	app_expect_eof(a);
	expect_close_after_anything(p, -1);
}

/* as a bare FIN of TCP, */
static void
bare_fin(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	hang_up(p);

	app_expect_eof(a);
}

/* as a reset, */
static void
connection_reset(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	reset(p);

	app_expect_eof(a);
}

static const size_t inside_header = 3, after_header = 7, inside_data = 50;

/* or in the middle of a frame, of which nothing was announced to end there. */
static void
cut_short(struct t *t)
{
	const size_t *at = t->arg;
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	tell_raw(p, part(encode(t, waste(t, 0, 100)), 0, *at));
	hang_up(p);

	app_expect_eof(a);
}

/* The same by reset, in data that has nowhere to go: of a live stream's frame
 * a server may pass on what has come. */
static void
reset_inside_frame(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	tell_raw(p, part(encode(t, psh(99, pattern(t, 100, 1))), 0, 50));
	reset(p);

	app_expect_eof(a);
}

/* What was said before the end of the session is said to the target. */
static void
data_then_close(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	tell(p, psh(1, pattern(t, 5000, 1)));
	tell_close(p);

	app_expect(a, pattern(t, 5000, 1));
	app_expect_eof(a);
}

/* All streams end with the session. */
static void
ends_all_streams(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a[20];

	for (uint32_t i = 0; i < 20; i++) {
		a[i] = open_to(p, i + 1, o);
	}
	hang_up(p);

	for (uint32_t i = 0; i < 20; i++)
		app_expect_eof(a[i]);
}

/* The end of one session is nothing to another. */
static void
ends_alone(struct t *t)
{
	struct peer *p = dial_ready(t, V2), *q = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	open_echo(q, 1);
	a = open_to(p, 1, o);
	reset(p);
	app_expect_eof(a);

	echo(q, 1, pattern(t, 1000, 1));
}

/* Sessions that come and go without a word. */
static void
come_and_go(struct t *t)
{
	for (unsigned i = 0; i < 10; i++) {
		hang_up(dial(t));
		reset(dial_auth(t));
		tell_close(dial_ready(t, V2));
	}
	barrier(dial_ready(t, V2));
}

/* ---- Idle sessions ---- */

/* A session with no stream is told nothing, heartbeats apart, and after two
 * seconds of it the next stream works. */
static void
idle(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);

	open_echo(p, 1);
	echo(p, 1, text("hello"));
	tell(p, fin(1));
	barrier(p);
	origin_expect_none(o, 2000);

	open_echo(p, 2);
	echo_again(p, 2, text("still here"));
}

/* A stream on which nobody says anything is as patient. */
static void
idle_stream(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	app_expect_silence(a, 2000);
	expect_quiet(p);

	tell(p, psh(1, text("good morning")));
	app_expect(a, text("good morning"));
}

/* Nothing is said unasked to a client that only sent its settings. */
static void
says_nothing(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	expect_quiet(p);
	expect_none(p, synack(0, ANY_DATA));
}

/* ---- Many ---- */

static void
many_sessions(struct t *t)
{
	struct peer *p[NSESSIONS];
	uint32_t i;

	for (i = 0; i < NSESSIONS; i++) {
		p[i] = dial_ready(t, V2);
		open_echo(p[i], 1);
		tell(p[i], psh(1, pattern(t, 1000, i)));
	}
	for (i = NSESSIONS; i-- > 0;)
		expect_data(p[i], 1, pattern(t, 1000, i));
}

/* Two streams at once. Cases that need several are skipped for a server that
 * fails this one. */
static void
two_streams(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	open_echo(p, 1);
	open_echo(p, 2);
	echo_again(p, 1, text("first"));
	echo_again(p, 2, text("second"));
}

/* Three hundred streams at once. A server may have a limit: what is above it is
 * refused, and the stream that was there first is not harmed. */
static void
many_streams(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct frame f;
	unsigned refused = 0;

	open_echo(p, 1);
	for (uint32_t sid = 2; sid <= NSTREAMS; sid++)
		tell_open(p, sid, dest_echo(t));
	tell(p, psh(1, text("first")));

	while (next_frame(p, &f) && f.cmd != ATLS_CMD_PSH) {
		if (f.cmd == ATLS_CMD_ALERT)
			fail(t, "streams refused one by one",
			    "an Alert, at which the client ends them all");
		if (f.cmd == ATLS_CMD_FIN ||
		    (f.cmd == ATLS_CMD_SYNACK && f.data.len != 0))
			refused++;
	}
	if (f.cmd != ATLS_CMD_PSH || f.sid != 1)
		fail(t, "the echo on the first stream", "none");
	observe(t, "refused of %u streams: %u", (unsigned)NSTREAMS, refused);
	echo_again(p, 1, text("first"));
}

/* Streams closed make room for others: 300 one after another, ten at a time. */
static void
streams_in_turn(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	for (uint32_t sid = 1; sid <= NSTREAMS; sid += 10) {
		for (uint32_t i = sid; i < sid + 10; i++)
			tell_open(p, i, dest_echo(t));
		for (uint32_t i = sid; i < sid + 10; i++)
			echo_again(p, i, text("x"));
		cork(p);
		for (uint32_t i = sid; i < sid + 10; i++)
			tell(p, fin(i));
		uncork(p);
	}
	open_echo(p, 1000);
	echo_again(p, 1000, text("hello"));
}

static const struct tcase cases[] = {
	{ "server/session/close-notify", "AT-FR-12", close_notify, NULL,
	    "origin" },
	{ "server/session/bare-fin", "AT-CL-10,AT-FR-12", bare_fin, NULL,
	    "origin" },
	{ "server/session/reset", "AT-FR-12", connection_reset, NULL,
	    "origin" },
	{ "server/session/cut-inside-header", "AT-FR-12", cut_short,
	    &inside_header, "origin" },
	{ "server/session/cut-after-header", "AT-FR-12", cut_short,
	    &after_header, "origin" },
	{ "server/session/cut-inside-data", "AT-FR-12", cut_short, &inside_data,
	    "origin" },
	{ "server/session/reset-inside-frame", "AT-FR-12", reset_inside_frame,
	    NULL, "origin" },
	{ "server/session/data-then-close", "AT-DA-04,AT-CL-10",
	    data_then_close, NULL, "origin" },
	{ "server/session/ends-all-streams", "AT-FR-12", ends_all_streams, NULL,
	    "mux,origin" },
	{ "server/session/ends-alone", "AT-RU-13", ends_alone, NULL, "origin" },
	{ "server/session/come-and-go", "AT-FR-12", come_and_go, NULL, "" },
	{ "server/session/idle", "AT-CL-05,AT-RU-10", idle, NULL,
	    "reuse,origin", LONG_WAIT_MS },
	{ "server/session/idle-stream", "AT-DA-01", idle_stream, NULL, "origin",
	    LONG_WAIT_MS },
	{ "server/session/says-nothing", "AT-SY-06", says_nothing, NULL, "" },
	{ "server/session/many-sessions", "AT-RU-13,AT-DA-01", many_sessions,
	    NULL, "origin" },
	{ "server/session/two-streams", "AT-RU-13", two_streams, NULL,
	    "reuse,origin" },
	{ "server/session/many-streams", "AT-SY-16", many_streams, NULL,
	    "mux,origin" },
	{ "server/session/streams-in-turn", "AT-SY-16,AT-CL-05",
	    streams_in_turn, NULL, "mux,origin" },
};

extern const struct suite suite_srv_session;
const struct suite suite_srv_session = SUITE("server: sessions", cases);
