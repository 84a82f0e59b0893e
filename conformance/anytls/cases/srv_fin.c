/* How streams end, from either side, and that sessions outlive them. */
#include "conformance/anytls/case.h"

/* How long the FIN of a target's end may take where it is not the subject. */
#define TOLD_MS 1000

/* ---- The client closes ---- */

/* FIN closes the stream, so the server closes the target's connection. */
static void
closes_target(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	tell(p, fin(1));

	app_expect_eof(a);
}

/* Whichever version the client has. */
static void
closes_target_v1(struct t *t)
{
	struct peer *p = dial_ready(t, V1);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	tell(p, fin(1));

	app_expect_eof(a);
}

/* It closes that stream only. */
static void
closes_one_stream(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	open_echo(p, 1);
	a = open_to(p, 2, o);
	tell(p, fin(2));

	app_expect_eof(a);
	echo_again(p, 1, text("still open"));
}

static const size_t len_1 = 1, len_40000 = 40000;

/* Data and FIN in one record: the target hears all of it, then the end. */
static void
data_then_fin(struct t *t)
{
	const size_t *len = t->arg;
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct data d = pattern(t, *len, 1);
	struct app *a;

	a = open_to(p, 1, o);
	cork(p);
	tell(p, psh(1, d));
	tell(p, fin(1));
	uncork(p);

	app_expect(a, d);
	app_expect_eof(a);
}

/* The same where the whole stream is one record: SYN, address, data, FIN. It
 * may end before the dial is done, but not before its data. */
static void
whole_stream_in_a_record(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	cork(p);
	tell_open(p, 1, dest(t, o));
	tell(p, psh(1, text("all there is")));
	tell(p, fin(1));
	uncork(p);

	a = origin_accept(o);
	app_expect(a, text("all there is"));
	app_expect_eof(a);
}

/* The second FIN for a stream, and one for an id nobody opened, mean nothing:
 * no answer is due and the session goes on. */
static void
fin_twice(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	open_echo(p, 1);
	tell(p, fin(1));
	tell(p, fin(1));
	barrier(p);

	open_echo(p, 2);
	echo_again(p, 2, text("hello"));
}

static void
fin_unknown(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	open_echo(p, 1);
	tell(p, fin(77));
	tell(p, fin(0));
	barrier(p);

	echo_again(p, 1, text("hello"));
}

/* FIN before the SYN of the same id does not close the stream to come. */
static void
fin_before_syn(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	tell(p, fin(1));
	barrier(p);

	open_echo(p, 1);
	echo_again(p, 1, text("hello"));
}

/* What follows a client's FIN: an answer with FIN is not needed and not
 * forbidden, a second one would hit the next stream. */
static void
fin_answer(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct frame f = { 0 };
	unsigned nfin = 0;

	open_to(p, 1, o);
	tell(p, fin(1));
	tell_open(p, 2, dest_echo(t));
	tell(p, psh(2, text("next")));

	while (next_frame(p, &f) && f.cmd != ATLS_CMD_PSH)
		if (f.cmd == ATLS_CMD_FIN && f.sid == 1)
			nfin++;
	if (f.cmd != ATLS_CMD_PSH || f.sid != 2)
		fail(t, "data of stream 2", "%s for stream %u",
		    f.cmd == ATLS_CMD_PSH ? "data" : "no data",
		    (unsigned)f.sid);
	if (nfin > 1)
		fail(t, "at most one FIN in answer", "%u of them", nfin);
	observe(t, "answers FIN with FIN: %s", nfin != 0 ? "yes" : "no");
}

/* FIN ends the other direction too: what the target says afterwards does not
 * come. */
static void
no_half_close(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	tell(p, fin(1));
	barrier(p);
	app_tell(a, text("after your FIN"));

	expect_none(p, psh(1, ANY_DATA));
}

/* ---- The target closes ---- */

/* The target's end is told by FIN, and the session stays. */
static void
target_eof(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);

	app_close(open_to(p, 1, o));

	expect(p, any_fin(1));
}

/* Also when the target only stops sending: */
static void
target_shuts(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);

	app_shut(open_to(p, 1, o));

	expect(p, any_fin(1));
}

/* and when it resets the connection. */
static void
target_resets(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);

	app_reset(open_to(p, 1, o));

	expect(p, any_fin(1));
}

/* After that FIN the stream is silent: no data, no second FIN. */
static void
nothing_after_fin(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);

	app_close(open_to(p, 1, o));
	if (!stream_ended(p, 1, t->timeout_ms))
		skip(t, "no FIN comes: see AT-CL-04");
	expect_within(p, any_fin(1), t->timeout_ms);

	expect_neither(p, psh(1, ANY_DATA), any_fin(1));
}

/* What the target said last arrives before the FIN. */
static void
target_data_then_eof(struct t *t)
{
	const size_t *len = t->arg;
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	app_tell(a, pattern(t, *len, 2));
	app_close(a);

	expect_data(p, 1, pattern(t, *len, 2));
	expect(p, any_fin(1));
}

/* The end of one target leaves the stream beside it alone. */
static void
target_eof_beside(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);

	open_echo(p, 1);
	app_close(open_to(p, 2, o));
	stream_ended(p, 2, TOLD_MS);

	echo_again(p, 1, pattern(t, 1000, 1));
}

/* The client's own FIN, crossing the server's, is ignored. */
static void
fins_cross(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);

	app_close(open_to(p, 1, o));
	stream_ended(p, 1, TOLD_MS);
	tell(p, fin(1));
	barrier(p);

	open_echo(p, 2);
	echo_again(p, 2, text("hello"));
}

/* ---- The session after its streams ---- */

/* The relay is over, whoever ended it: the session takes the next stream. */
static void
session_after_client_fin(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	tell(p, fin(1));
	barrier(p);
	app_close(a);
	expect_none(p, alert(ANY_DATA));

	open_echo(p, 2);
	echo_again(p, 2, text("hello"));
}

static void
session_after_target_eof(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);

	app_close(open_to(p, 1, o));
	expect_none(p, alert(ANY_DATA));

	open_echo(p, 2);
	echo_again(p, 2, text("hello"));
}

static void
fifty_streams(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	for (uint32_t sid = 1; sid <= 50; sid++) {
		open_echo(p, sid);
		echo_again(p, sid, pattern(t, 300, sid));
		tell(p, fin(sid));
	}
}

/* The same where the targets end them, each with a few last words. */
static void
fifty_targets(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	bool told = true;

	for (uint32_t sid = 1; sid <= 50; sid++) {
		struct app *a;

		a = open_to(p, sid, o);
		app_tell(a, pattern(t, 100, sid));
		app_close(a);
		expect_data_of(p, sid, pattern(t, 100, sid));
		if (sid == 1)
			told = stream_ended(p, 1, TOLD_MS);
		else if (told)
			expect_within(p, any_fin(sid), t->timeout_ms);
	}
}

/* ---- One stream after another ---- */

/* Stream 1 is closed while its target is still sending, and stream 2 opens in
 * the same record: it hears its own target and nothing of the other. */
static void
late_bytes(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o1 = listen_origin(t), *o2 = listen_origin(t);
	struct app *a;

	app_tell(open_to(p, 1, o1), pattern(t, 300000, 1));
	cork(p);
	tell(p, fin(1));
	tell_open(p, 2, dest(t, o2));
	uncork(p);
	a = origin_accept(o2);
	app_tell(a, pattern(t, 50000, 2));

	pass_synack(p, 2);
	expect_data_of(p, 2, pattern(t, 50000, 2));
}

/* The other way round: what was said on stream 1 last does not reach the
 * target of stream 2. */
static void
late_bytes_up(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o1 = listen_origin(t), *o2 = listen_origin(t);
	struct app *a, *b;

	a = open_to(p, 1, o1);
	cork(p);
	tell(p, psh(1, text("of the first")));
	tell(p, fin(1));
	tell_open(p, 2, dest(t, o2));
	tell(p, psh(1, text("stray")));
	tell(p, psh(2, text("of the second")));
	uncork(p);

	b = origin_accept(o2);
	app_expect(b, text("of the second"));
	app_expect(a, text("of the first"));
	app_expect_eof(a);
	app_expect_silence(b, 50);
}

/* Clients before Go 0.0.13 could write the next SYN before the last FIN. */
static void
syn_overtakes_fin(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	cork(p);
	tell(p, syn(2));
	tell(p, fin(1));
	tell(p, psh(2, dest_echo(t)));
	uncork(p);

	app_expect_eof(a);
	echo_again(p, 2, text("hello"));
}

static const struct tcase cases[] = {
	{ "server/fin/closes-target", "AT-CL-01", closes_target, NULL,
	    "origin" },
	{ "server/fin/closes-target-v1", "AT-CL-01,AT-ST-20", closes_target_v1,
	    NULL, "origin,!v3" },
	{ "server/fin/closes-one-stream", "AT-CL-01", closes_one_stream, NULL,
	    "mux,origin" },
	{ "server/fin/data-then-fin-1", "AT-DA-04,AT-DA-01", data_then_fin,
	    &len_1, "origin" },
	{ "server/fin/data-then-fin-40000", "AT-DA-04,AT-DA-01", data_then_fin,
	    &len_40000, "origin" },
	{ "server/fin/whole-stream-in-a-record", "AT-DA-04",
	    whole_stream_in_a_record, NULL, "origin" },
	{ "server/fin/twice", "AT-CL-07", fin_twice, NULL, "reuse,origin" },
	{ "server/fin/unknown-stream", "AT-CL-07", fin_unknown, NULL,
	    "origin,!v3" },
	{ "server/fin/before-syn", "AT-CL-07", fin_before_syn, NULL, "origin" },
	{ "server/fin/answer", "AT-CL-02", fin_answer, NULL, "reuse,origin" },
	{ "server/fin/no-half-close", "AT-CL-06", no_half_close, NULL,
	    "origin" },
	{ "server/fin/target-eof", "AT-CL-04", target_eof, NULL, "origin" },
	{ "server/fin/target-shuts", "AT-CL-04", target_shuts, NULL, "origin" },
	{ "server/fin/target-resets", "AT-CL-04", target_resets, NULL,
	    "origin" },
	{ "server/fin/nothing-after-fin", "AT-CL-01,AT-CL-04",
	    nothing_after_fin, NULL, "origin" },
	{ "server/fin/target-data-then-eof-1", "AT-DA-04", target_data_then_eof,
	    &len_1, "origin" },
	{ "server/fin/target-data-then-eof-40000", "AT-DA-04",
	    target_data_then_eof, &len_40000, "origin" },
	{ "server/fin/target-eof-beside", "AT-CL-05,AT-CL-04",
	    target_eof_beside, NULL, "mux,origin" },
	{ "server/fin/fins-cross", "AT-CL-07", fins_cross, NULL,
	    "reuse,origin" },
	{ "server/fin/session-after-client-fin", "AT-CL-05",
	    session_after_client_fin, NULL, "reuse,origin" },
	{ "server/fin/session-after-target-eof", "AT-CL-05",
	    session_after_target_eof, NULL, "reuse,origin" },
	{ "server/fin/fifty-streams", "AT-CL-05,AT-SY-04", fifty_streams, NULL,
	    "reuse,origin" },
	{ "server/fin/fifty-targets", "AT-CL-05,AT-CL-04", fifty_targets, NULL,
	    "reuse,origin" },
	{ "server/fin/late-bytes", "AT-CL-09,AT-CL-06", late_bytes, NULL,
	    "reuse,origin" },
	{ "server/fin/late-bytes-up", "AT-CL-09,AT-DA-02", late_bytes_up, NULL,
	    "reuse,origin" },
	{ "server/fin/syn-overtakes-fin", "AT-CL-01", syn_overtakes_fin, NULL,
	    "mux,origin" },
};

extern const struct suite suite_srv_fin;
const struct suite suite_srv_fin = SUITE("server: stream ends", cases);
