/* SYNACK: its errors, its odd arrivals, and what a client does without it. */
#include "conformance/anytls/case.h"

/* Data pass both ways on stream SID of P. */
static void
works(struct peer *p, uint32_t sid, struct app *a)
{
	tell(p, psh(sid, text("down")));
	app_expect(a, text("down"));
	app_tell(a, text("up"));
	expect_data_of(p, sid, text("up"));
}

/* A session with settings exchanged and its first stream requested by *A: the
 * SYNACK is still owed. */
static struct peer *
unanswered(struct t *t, struct stream_seen *st, struct app **a)
{
	struct peer *p;

	start_client(t);
	*a = ask(t, "case.test", 80);
	p = accept_client(t);
	serve_session(p, "go");
	*st = expect_stream(p);
	return (p);
}

/* ---- Errors ---- */

static const size_t len_1 = 1, len_30 = 30, len_65535 = 65535;

/* An error text of any length means that the stream is over. */
static void
refused(struct t *t)
{
	const size_t *len = t->arg;
	uint8_t *why = t_alloc(t, *len);
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	memset(why, 'e', *len);
	p = unanswered(t, &st, &a);
	tell(p, synack(st.sid, bytes(why, *len)));
	expect_denied(a);
}

/* Nor do bytes that are no text, or that look like a success, help. */
static void
refused_with_zeros(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	p = unanswered(t, &st, &a);
	tell(p, synack(st.sid, zeros(t, 4)));
	expect_denied(a);
}

/* Servers of the Go family send FIN behind the error. */
static void
refused_with_fin(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	p = unanswered(t, &st, &a);
	cork(p);
	tell(p, synack(st.sid, text("connection refused")));
	tell(p, fin(st.sid));
	uncork(p);
	expect_denied(a);
}

/* The stream is closed, and no more than that: the next request is served, on
 * this session or where the client wants it. */
static void
refused_alone(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	p = unanswered(t, &st, &a);
	tell(p, synack(st.sid, text("connection refused")));
	expect_denied(a);
	session_comes(t, 50);
	a = ask(t, "case.test", 80);
	if (session_comes(t, 200)) {
		observe(t, "the next request opens another session");
		p = serve(t, SERVER_V2, &st);
	} else {
		st = serve_stream(p);
	}
	expect_granted(a);
	works(p, st.sid, a);
}

/* The second stream of a session is asked for, where the client has one. */
static struct peer *
unanswered_second(struct t *t, struct stream_seen *st, struct app **a)
{
	struct peer *p;

	start_client(t);
	*a = connect_through(t, &p, st);
	release(t, p, st->sid, *a);
	*a = ask(t, "case.test", 80);
	if (session_comes(t, 100))
		skip(t, "the client opens a session for each stream");
	*st = expect_stream(p);
	return (p);
}

/* It is refused like the first. */
static void
refused_second(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	p = unanswered_second(t, &st, &a);
	tell(p, synack(st.sid, text("connection refused")));
	if (session_comes(t, 200)) {
		observe(t, "the request is tried again on another session");
		return;
	}
	expect_denied(a);
}

/* The session, which was used again before, lives on: it answers heartbeats. */
static void
refused_session_lives(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	p = unanswered_second(t, &st, &a);
	tell(p, synack(st.sid, text("connection refused")));
	session_comes(t, 50);
	barrier(p);
}

/* An error for one stream when another is open, where the client opens both on
 * one session: the other goes on. */
static void
refused_beside_another(struct t *t)
{
	struct stream_seen st, other;
	struct app *a, *b;
	struct peer *p;

	start_client(t);
	a = connect_through(t, &p, &st);
	b = ask(t, "case.test", 80);
	if (session_comes(t, 200))
		skip(t, "a second request at the same time opens a session");
	other = expect_stream(p);
	tell(p, synack(other.sid, text("connection refused")));
	expect_denied(b);
	works(p, st.sid, a);
}

/* ---- What answers nothing ---- */

static const char no_text[] = "", some_text[] = "no such stream";

/* SYNACK for an id that the client never opened, as success and as error. */
static void
unknown_id(struct t *t)
{
	struct data d = text(t->arg);
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, synack(st.sid + 76, d));
	tell(p, synack(0, d));
	works(p, st.sid, a);
}

/* It neither opens nor closes a stream that gets that id later. */
static void
before_its_stream(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, synack(st.sid + 1, text("too early")));
	works(p, st.sid, a);
	release(t, p, st.sid, a);
	a = ask(t, "case.test", 80);
	if (session_comes(t, 100))
		skip(t, "the client opens a session for each stream");
	st = serve_stream(p);
	expect_granted(a);
	works(p, st.sid, a);
}

/* The second success for a stream says nothing new. */
static void
twice(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	works(p, st.sid, a);
	tell(p, synack(st.sid, NO_DATA));
	works(p, st.sid, a);
}

/* ---- Its place among other frames ---- */

/* Data before SYNACK: a first stream waits for nothing. */
static void
after_data(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	p = unanswered(t, &st, &a);
	cork(p);
	tell(p, psh(st.sid, text("data, ")));
	tell(p, synack(st.sid, NO_DATA));
	tell(p, psh(st.sid, text("then more")));
	uncork(p);
	app_expect(a, text("data, then more"));
}

/* SYNACK and data in one record. */
static void
with_data(struct t *t)
{
	struct data d = pattern(t, 8000, 1);
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	p = unanswered(t, &st, &a);
	cork(p);
	tell(p, synack(st.sid, NO_DATA));
	tell(p, psh(st.sid, d));
	uncork(p);
	app_expect(a, d);
	works(p, st.sid, a);
}

/* All of a short stream in one record: SYNACK, data, the end. */
static void
with_all(struct t *t)
{
	struct data d = pattern(t, 8000, 1);
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	p = unanswered(t, &st, &a);
	cork(p);
	tell(p, synack(st.sid, NO_DATA));
	tell(p, psh(st.sid, d));
	tell(p, fin(st.sid));
	uncork(p);
	app_expect(a, d);
	app_expect_eof(a);
}

/* A server may answer the SYN before it has read the address: the address comes
 * all the same. */
static void
early(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = ask(t, "case.test", 80);
	p = serve_as(t, "early-synack", &st);
	expect_granted(a);
	works(p, st.sid, a);
}

/* On the second stream of a session the address is a packet of its own, and not
 * on its way yet. */
static void
early_again(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = ask(t, "case.test", 80);
	p = serve_as(t, "early-synack", &st);
	expect_granted(a);
	release(t, p, st.sid, a);
	a = ask(t, "case.test", 80);
	if (session_comes(t, 100))
		skip(t, "the client opens a session for each stream");
	st = serve_stream(p);
	expect_granted(a);
	works(p, st.sid, a);
}

/* ---- Without it ---- */

/* Waits until MS have passed since ASKED, or a session comes. The client's
 * clock is not stretched on a busy machine, so neither is this. */
static void
let_pass(struct t *t, uint64_t asked, uint32_t ms)
{
	while (t_now() - asked < ms && !session_comes(t, 10))
		continue;
}

/* Stream 1 is answered and over; the second stream of the session is asked for
 * by *A, and its SYNACK is withheld. The time it was asked for is returned. */
static uint64_t
withhold(struct t *t, struct peer **p, struct stream_seen *st, struct app **a)
{
	uint64_t asked;

	start_client(t);
	*a = connect_through(t, p, st);
	release(t, *p, st->sid, *a);
	asked = t_now();
	*a = ask(t, "case.test", 80);
	*st = (struct stream_seen){ 0 };
	if (session_comes(t, 100))
		skip(t, "the client opens a session for each stream");
	*st = expect_stream(*p);
	return (asked);
}

/* The first stream of a session has no such limit: the server may be one of
 * version 1 whose settings are late. It is still served after 3.6 s. */
static void
first_waits(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	p = unanswered(t, &st, &a);
	let_pass(t, t_now(), 3600);
	tell(p, synack(st.sid, NO_DATA));
	expect_granted(a);
	works(p, st.sid, a);
}

/* How long it waits in the end is the client's affair. */
static void
first_waits_long(struct t *t)
{
	struct origin *nobody = listen_origin(t);
	struct stream_seen st;
	struct peer *p;
	struct app *a;
	struct frame f;

	p = unanswered(t, &st, &a);
	origin_expect_none(nobody, 20000);
	tell(p, heart_request(9));
	do {
		if (!next_frame(p, &f)) {
			observe(t, "gives up within 20 s");
			expect_denied(a);
			return;
		}
	} while (f.cmd != ATLS_CMD_HEART_RESPONSE && f.cmd != ATLS_CMD_FIN);
	if (f.cmd == ATLS_CMD_FIN) {
		observe(t, "gives the stream up within 20 s");
		expect_denied(a);
		return;
	}
	observe(t, "still waits after 20 s");
	tell(p, synack(st.sid, NO_DATA));
	expect_granted(a);
	works(p, st.sid, a);
}

/* The session of *A was given up: its request fails or is tried again on a new
 * session; the next one has a new one in any case. */
static void
served_elsewhere(struct t *t, struct app *a)
{
	struct stream_seen st;
	struct peer *p;

	if (session_comes(t, 300)) {
		observe(t, "the request is tried again on another session");
		p = serve(t, SERVER_V2, &st);
		expect_granted(a);
	} else {
		expect_denied(a);
		a = connect_through(t, &p, &st);
	}
	works(p, st.sid, a);
}

/* On a later stream of a silent server the client gives the session up after
 * 3 s. */
static void
second_silent(struct t *t)
{
	struct stream_seen st;
	uint64_t asked, took;
	struct peer *p;
	struct app *a;

	asked = withhold(t, &p, &st, &a);
	expect_close_within(p, 4500);
	took = t_now() - asked;
	observe(t, "without SYNACK the session is closed after %.1f s",
	    (double)took / 1000);
	/* However busy this machine is: the client's clock is not stretched. */
	if (took < 2700 || took > 7500)
		fail(t, "3 s of patience", "%u ms", (unsigned)took);
	served_elsewhere(t, a);
}

/* SYNACK after 2.6 s is in time. */
static void
second_late(struct t *t)
{
	struct stream_seen st;
	uint64_t asked;
	struct peer *p;
	struct app *a;

	asked = withhold(t, &p, &st, &a);
	let_pass(t, asked, 2600);
	tell(p, synack(st.sid, NO_DATA));
	if (t_now() - asked > 2950)
		skip(t, "this machine is too busy to answer in 3 s");
	expect_granted(a);
	works(p, st.sid, a);
	let_pass(t, asked, 3600);
	works(p, st.sid, a);
}

/* A step of 10 ms that takes this long: the client's timer may be as late. */
#define BUSY_MS 150

/* SYNACK after 3.4 s, counted from when the SYN was here, is too late: the
 * session is closed by then, and what the server says is not heard. */
static void
second_too_late(struct t *t)
{
	static const char expected[] =
	    "the session is closed when SYNACK comes after 3.4 s";
	struct origin *nobody = listen_origin(t);
	uint64_t seen, at, now, worst = 0;
	struct stream_seen st;
	struct peer *p;
	struct app *a;
	struct frame f;

	withhold(t, &p, &st, &a);
	seen = at = t_now();
	while (at - seen < 3400 && !session_comes(t, 10)) {
		now = t_now();
		worst = now - at > worst ? now - at : worst;
		at = now;
	}
	if (at - seen < 3400)
		origin_expect_none(nobody, 400);
	tell(p, synack(st.sid, NO_DATA));
	tell(p, heart_request(9));
	tell_close(p);
	while (next_frame(p, &f)) {
		if (f.cmd != ATLS_CMD_HEART_RESPONSE || f.sid != 9)
			continue;
		if (worst > BUSY_MS)
			skip(t, "this machine is too busy to tell 3 s");
		fail(t, expected, "it goes on, and answers");
	}
	served_elsewhere(t, a);
}

enum chatter {
	CHAT_WASTE,
	CHAT_HEART,
	CHAT_SYNACK
};

static const enum chatter chat_waste = CHAT_WASTE, chat_heart = CHAT_HEART,
			  chat_synack = CHAT_SYNACK;

static struct frame
chat(struct t *t, enum chatter kind)
{
	if (kind == CHAT_HEART)
		return (heart_request(0));
	if (kind == CHAT_SYNACK)
		return (synack(77, NO_DATA));
	return (waste(t, 0, 10));
}

/* A server that talks and withholds the SYNACK of stream 2. What stops the
 * clock is the client's affair: any SYNACK in the Go family, any frame in
 * others. It is reported, and so is what becomes of the session. */
static void
second_chatty(struct t *t)
{
	const enum chatter *kind = t->arg;
	const char *what = "goes on";
	struct stream_seen st;
	uint64_t asked, took;
	struct peer *p;
	struct app *a;
	struct frame f;

	asked = withhold(t, &p, &st, &a);
	for (uint32_t at = 400; at <= 3600; at += 400) {
		tell(p, chat(t, *kind));
		let_pass(t, asked, at);
	}
	took = t_now() - asked;
	tell(p, heart_request(9));
	tell_close(p);
	do {
		if (!next_frame(p, &f))
			what = "is closed";
	} while (strcmp(what, "goes on") == 0 &&
	    (f.cmd != ATLS_CMD_HEART_RESPONSE || f.sid != 9));
	observe(t, "%.1f s without SYNACK while other frames come: it %s",
	    (double)took / 1000, what);
}

static const struct tcase cases[] = {
	{ "client/synack/error", "AT-SY-09", refused, &len_30, "v2" },
	{ "client/synack/error-of-1", "AT-SY-09", refused, &len_1, "v2" },
	{ "client/synack/error-of-65535", "AT-SY-09", refused, &len_65535,
	    "v2" },
	{ "client/synack/error-of-zeros", "AT-SY-09", refused_with_zeros, NULL,
	    "v2" },
	{ "client/synack/error-and-fin", "AT-SY-09,AT-CL-07", refused_with_fin,
	    NULL, "v2" },
	{ "client/synack/error-closes-stream-only", "AT-SY-09", refused_alone,
	    NULL, "v2,!v3" },
	{ "client/synack/error-keeps-session", "AT-HB-01,AT-SY-09",
	    refused_session_lives, NULL, "v2,!v3" },
	{ "client/synack/error-on-second", "AT-SY-09", refused_second, NULL,
	    "v2,!v3" },
	{ "client/synack/error-beside-another", "AT-SY-09",
	    refused_beside_another, NULL, "v2,!v3" },
	{ "client/synack/unknown-id", "AT-SY-12", unknown_id, no_text, "v2" },
	{ "client/synack/unknown-id-error", "AT-SY-12", unknown_id, some_text,
	    "v2" },
	{ "client/synack/before-its-stream", "AT-SY-12", before_its_stream,
	    NULL, "v2,!v3" },
	{ "client/synack/twice", "AT-SY-12", twice, NULL, "v2" },
	{ "client/synack/after-data", "AT-SY-10,AT-DA-01", after_data, NULL,
	    "v2" },
	{ "client/synack/with-data", "AT-DA-01", with_data, NULL, "v2" },
	{ "client/synack/with-data-and-fin", "AT-DA-04", with_all, NULL, "v2" },
	{ "client/synack/early", "AT-SY-13", early, NULL, "v2" },
	{ "client/synack/early-again", "AT-SY-13", early_again, NULL,
	    "v2,!v3" },
	{ "client/synack/first-stream-waits", "AT-SY-10", first_waits, NULL,
	    "v2" },
	{ "client/synack/first-stream-waits-20s", "AT-SY-10", first_waits_long,
	    NULL, "v2,slow", .budget_ms = 35000 },
	{ "client/synack/second-stream-silent", "AT-SY-10", second_silent, NULL,
	    "v2,!v3" },
	{ "client/synack/second-stream-late", "AT-SY-10", second_late, NULL,
	    "v2,!v3" },
	{ "client/synack/second-stream-too-late", "AT-SY-10", second_too_late,
	    NULL, "v2,!v3" },
	{ "client/synack/chatty-waste", "AT-SY-10", second_chatty, &chat_waste,
	    "v2,!v3" },
	{ "client/synack/chatty-heartbeats", "AT-SY-10", second_chatty,
	    &chat_heart, "v2,!v3" },
	{ "client/synack/chatty-synack", "AT-SY-10", second_chatty,
	    &chat_synack, "v2,!v3" },
};

extern const struct suite suite_cli_synack;
const struct suite suite_cli_synack = SUITE("client: SYNACK", cases);
