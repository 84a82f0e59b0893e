/* Opening streams: SYN, the target's address, SYNACK, and stream ids. */
#include "conformance/anytls/case.h"

#define NEVER_AGAIN 3000 /* ms in which a Go client gives a session up */

/* ---- SYNACK to clients of version 2 ---- */

/* A stream to a target that accepts is acknowledged under its own id, whether
 * before or after the dial. */
static void
synack_sent(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	tell_open(p, 1, dest_echo(t));

	expect_within(p, synack(1, ANY_DATA), NEVER_AGAIN);
}

/* Success is a SYNACK without data: a client must close a stream whose SYNACK
 * carries any. Everything up to the echo is looked at. */
static void
synack_of_success_is_empty(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct frame f;

	tell_open(p, 1, dest_echo(t));
	tell(p, psh(1, text("hello")));

	while (next_frame(p, &f)) {
		if (f.cmd == ATLS_CMD_SYNACK && f.data.len != 0)
			fail(t, "SYNACK without data",
			    "SYNACK with %zu bytes for a stream that works",
			    f.data.len);
		if (f.cmd == ATLS_CMD_PSH)
			return;
	}
	fail(t, "the echo of the stream", "the session was closed");
}

/* One SYNACK per stream, however much the stream is used. */
static void
synack_once(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	tell_open(p, 1, dest_echo(t));
	tell(p, psh(1, pattern(t, 100, 1)));
	pass_synack(p, 1);
	expect_none(p, synack(1, ANY_DATA));

	tell(p, psh(1, pattern(t, 100, 2)));
	expect_none(p, synack(1, ANY_DATA));
}

/* A target that speaks at once cannot overtake the SYNACK: what came by then
 * is all there is. */
static void
synack_before_data(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);

	tell_open(p, 1, dest(t, o));
	app_tell(origin_accept(o), text("220 ready"));

	pass_synack(p, 1);
	expect_data(p, 1, text("220 ready"));
	expect_none(p, synack(1, ANY_DATA));
}

/* A target that accepts and closes at once: SYNACK, then FIN, then nothing
 * more about the stream. */
static void
synack_before_fin(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);

	tell_open(p, 1, dest(t, o));
	app_close(origin_accept(o));

	if (!stream_ended(p, 1, t->timeout_ms))
		skip(t, "no FIN comes: see AT-CL-04");
	expect_within(p, any_fin(1), t->timeout_ms);
	expect_none(p, synack(1, ANY_DATA));
}

/* The SYNACK waits for the dial, not for bytes from either end. */
static void
synack_without_data(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);

	tell_open(p, 1, dest(t, o));

	expect_within(p, synack(1, NO_DATA), NEVER_AGAIN);
	app_tell(origin_accept(o), text("late"));
	expect_data(p, 1, text("late"));
}

/* Every stream of a session gets its SYNACK, not only the first or every
 * second one. */
static void
synack_every_stream(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	for (uint32_t sid = 1; sid <= 6; sid++) {
		tell_open(p, sid, dest_echo(t));
		expect_within(p, synack(sid, NO_DATA), NEVER_AGAIN);
		tell(p, fin(sid));
	}
}

/* Streams opened in one record are all acknowledged, in any order. */
static void
synack_for_all_at_once(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct frame acks[32];

	cork(p);
	for (uint32_t sid = 1; sid <= 32; sid++) {
		tell_open(p, sid, dest_echo(t));
		acks[sid - 1] = synack(sid, NO_DATA);
	}
	uncork(p);

	expect_unordered(p, acks, 32);
}

/* The SYN of a reused session is acknowledged within the 3 s after which
 * clients of the Go family close the session. */
static void
synack_in_time(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	open_stream(p, 1, dest_echo(t));
	tell(p, fin(1));
	tell_open(p, 2, dest_echo(t));

	expect_in_time(p, synack(2, ANY_DATA), NEVER_AGAIN);
	observe(t, "SYNACK after %llu ms", (unsigned long long)since_tell(p));
}

/* ---- Clients of version 1 ---- */

/* Version 1 has no SYNACK: none may come, neither for the first stream nor
 * for a later one. */
static void
v1_no_synack(struct t *t)
{
	struct peer *p = dial_ready(t, V1);

	for (uint32_t sid = 1; sid <= 3; sid++) {
		struct frame f;

		tell_open(p, sid, dest_echo(t));
		tell(p, psh(sid, text("hello")));
		while (next_frame(p, &f)) {
			if (f.cmd == ATLS_CMD_SYNACK)
				fail(t, "no SYNACK to a client of version 1",
				    "SYNACK for stream %u", (unsigned)f.sid);
			if (f.cmd == ATLS_CMD_PSH && f.sid == sid)
				break;
		}
		tell(p, fin(sid));
	}
}

/* Without SYNACK the streams of a version 1 client work all the same. */
static void
v1_streams_work(struct t *t)
{
	struct peer *p = dial_ready(t, V1);

	open_echo(p, 1);
	echo(p, 1, pattern(t, 3000, 1));
	echo(p, 1, pattern(t, 3000, 2));
}

/* ---- Ids ---- */

struct ids {
	uint32_t sid[4];
	size_t n;
};

static const struct ids id_zero = { { 0 }, 1 };
static const struct ids id_seven = { { 7 }, 1 };
static const struct ids id_max = { { 0xffffffff }, 1 };
static const struct ids ids_decreasing = { { 9, 5, 2, 1 }, 4 };
static const struct ids ids_gaps = { { 1, 100, 70000, 0x80000000 }, 4 };

/* Any id opens a stream; each is used and closed before the next. */
static void
any_id(struct t *t)
{
	const struct ids *ids = t->arg;
	struct peer *p = dial_ready(t, V2);

	for (size_t i = 0; i < ids->n; i++) {
		open_echo(p, ids->sid[i]);
		echo_again(p, ids->sid[i], pattern(t, 200, (uint32_t)i));
		tell(p, fin(ids->sid[i]));
	}
}

/* An id may be used again once its stream is closed; the old target is gone
 * and the new stream has the new one. */
static void
id_used_again(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *first, *second;

	first = open_to(p, 1, o);
	tell(p, fin(1));
	app_expect_eof(first);
	app_close(first);
	/* An answer to the FIN must not be taken for the new stream's. */
	expect_none(p, alert(ANY_DATA));

	second = open_to(p, 1, o);
	tell(p, psh(1, text("second")));
	app_expect(second, text("second"));
}

/* ---- Odd openings ---- */

/* SYN for a stream that is open: the stream goes on as if it had not come. */
static void
duplicate_syn(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	open_echo(p, 1);
	echo(p, 1, text("before"));
	tell(p, syn(1));
	echo(p, 1, text("after"));
}

/* The same before the address came: it is still one stream, one dial. */
static void
duplicate_syn_before_address(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);

	cork(p);
	tell(p, syn(1));
	tell(p, syn(1));
	tell(p, psh(1, dest(t, o)));
	tell(p, psh(1, text("once")));
	uncork(p);

	app_expect(origin_accept(o), text("once"));
	barrier(p);
	origin_expect_none(o, 100);
}

/* SYN alone waits for the address: the session goes on meanwhile, and the
 * stream works when it comes in a record of its own. */
static void
address_in_own_record(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	tell(p, syn(1));
	barrier(p);
	tell(p, psh(1, dest_echo(t)));

	echo_again(p, 1, text("hello"));
}

/* SYN alone, then FIN: the stream is over and the session is not. */
static void
syn_then_fin(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	cork(p);
	tell(p, syn(1));
	tell(p, fin(1));
	uncork(p);
	barrier(p);

	open_echo(p, 2);
	echo_again(p, 2, text("hello"));
}

/* A hundred streams that never say where they want to go hinder nobody. */
static void
syns_without_address(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	cork(p);
	for (uint32_t sid = 2; sid <= 100; sid++)
		tell(p, syn(sid));
	uncork(p);

	open_echo(p, 1);
	echo_again(p, 1, text("hello"));
}

/* A client need not wait for SYNACK: data sent along with the address is kept
 * until the dial is done. */
static void
data_before_synack(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct data d = pattern(t, 20000, 1);

	cork(p);
	tell_open(p, 1, dest(t, o));
	tell(p, psh(1, part(d, 0, 1)));
	tell(p, psh(1, part(d, 1, d.len - 1)));
	uncork(p);

	app_expect(origin_accept(o), d);
}

/* The SYN of a second stream between two pieces of data of the first. */
static void
syn_between_data(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	cork(p);
	tell(p, psh(1, text("one ")));
	tell_open(p, 2, dest_echo(t));
	tell(p, psh(1, text("two")));
	uncork(p);

	app_expect(a, text("one two"));
	echo_again(p, 2, text("other"));
}

static const struct tcase cases[] = {
	{ "server/stream/synack-sent", "AT-SY-04", synack_sent, NULL,
	    "v2,origin" },
	{ "server/stream/synack-of-success-is-empty", "AT-SY-07",
	    synack_of_success_is_empty, NULL, "v2,origin" },
	{ "server/stream/synack-once", "AT-SY-06", synack_once, NULL,
	    "v2,origin" },
	{ "server/stream/synack-before-data", "AT-SY-06,AT-SY-04",
	    synack_before_data, NULL, "v2,origin" },
	{ "server/stream/synack-before-fin", "AT-SY-06,AT-CL-04",
	    synack_before_fin, NULL, "v2,origin" },
	{ "server/stream/synack-without-data", "AT-SY-04", synack_without_data,
	    NULL, "v2,origin" },
	{ "server/stream/synack-every-stream", "AT-SY-04,AT-SY-06",
	    synack_every_stream, NULL, "v2,reuse,origin" },
	{ "server/stream/synack-for-all-at-once", "AT-SY-04,AT-RU-13",
	    synack_for_all_at_once, NULL, "v2,mux,origin" },
	{ "server/stream/synack-in-time", "AT-SY-11,AT-SY-04", synack_in_time,
	    NULL, "v2,reuse,origin" },
	{ "server/stream/v1-no-synack", "AT-ST-09,AT-ST-20", v1_no_synack, NULL,
	    "reuse,origin,!v3" },
	{ "server/stream/v1-streams-work", "AT-DA-01,AT-ST-09", v1_streams_work,
	    NULL, "origin,!v3" },
	{ "server/stream/id-zero", "AT-SY-02", any_id, &id_zero, "origin,!v3" },
	{ "server/stream/id-seven", "AT-SY-02", any_id, &id_seven,
	    "origin,!v3" },
	{ "server/stream/id-largest", "AT-SY-02", any_id, &id_max,
	    "origin,!v3" },
	{ "server/stream/ids-decreasing", "AT-SY-02", any_id, &ids_decreasing,
	    "reuse,origin" },
	{ "server/stream/ids-with-gaps", "AT-SY-02", any_id, &ids_gaps,
	    "reuse,origin" },
	{ "server/stream/id-used-again", "AT-SY-02,AT-CL-01", id_used_again,
	    NULL, "reuse,origin" },
	{ "server/stream/duplicate-syn", "AT-SY-03", duplicate_syn, NULL,
	    "origin,!v3" },
	{ "server/stream/duplicate-syn-before-address", "AT-SY-03",
	    duplicate_syn_before_address, NULL, "origin,!v3" },
	{ "server/stream/address-in-own-record", "AT-SY-13,AT-SY-05",
	    address_in_own_record, NULL, "origin" },
	{ "server/stream/syn-then-fin", "AT-CL-01,AT-CL-07", syn_then_fin, NULL,
	    "reuse,origin" },
	{ "server/stream/syns-without-address", "AT-SY-16",
	    syns_without_address, NULL, "mux,origin" },
	{ "server/stream/data-before-synack", "AT-DA-01,AT-SY-05",
	    data_before_synack, NULL, "origin" },
	{ "server/stream/syn-between-data", "AT-DA-01,AT-RU-13",
	    syn_between_data, NULL, "mux,origin" },
};

extern const struct suite suite_srv_stream;
const struct suite suite_srv_stream = SUITE("server: streams", cases);
