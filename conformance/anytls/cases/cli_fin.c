/* How streams of a client end, from either side. */
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

/* Ends the stream of A and asks for the next, which must come on the same
 * session for the case to go on. */
static struct app *
next_stream(struct t *t, struct peer *p, struct stream_seen *st, struct app *a)
{
	release(t, p, st->sid, a);
	a = ask(t, "case.test", 80);
	if (session_comes(t, 100))
		skip(t, "the client opens a session for each stream");
	*st = serve_stream(p);
	expect_granted(a);
	return (a);
}

/* What came before the end of a session: how many FINs of stream SID, with how
 * much data. */
struct fins {
	unsigned n;
	size_t len;
};

/* Ends the session. A heartbeat is asked for besides, for clients that keep the
 * connection. */
static struct fins
fins_until_end(struct peer *p, uint32_t sid)
{
	struct fins seen = { 0 };
	struct frame f;

	tell(p, heart_request(9));
	tell_close(p);
	while (next_frame(p, &f) && f.cmd != ATLS_CMD_HEART_RESPONSE) {
		if (f.cmd == ATLS_CMD_FIN && f.sid == sid) {
			seen.n++;
			seen.len += f.data.len;
		}
	}
	return (seen);
}

/* ---- The application ends ---- */

/* Its connection breaks: nothing can be delivered any more, so the stream is
 * closed. */
static void
application_resets(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	works(p, st.sid, a);
	app_reset(a);
	expect(p, frame(ATLS_CMD_FIN, st.sid, ANY_DATA));
}

/* It closes in order. A client that waits for the other direction learns from
 * the next data that nobody is there. */
static void
application_closes(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	works(p, st.sid, a);
	app_close(a);
	for (unsigned i = 0; i < 3; i++) {
		session_comes(t, 50);
		tell(p, psh(st.sid, text("anyone there?")));
	}
	expect(p, frame(ATLS_CMD_FIN, st.sid, ANY_DATA));
}

/* It gives up before the server has answered. To end the session says as much:
 * nothing else is on it. */
static void
application_impatient(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;
	struct frame f;

	start_client(t);
	a = ask(t, "case.test", 80);
	p = accept_client(t);
	serve_session(p, "go");
	st = expect_stream(p);
	app_reset(a);
	session_comes(t, 50);
	tell(p, synack(st.sid, NO_DATA));
	do {
		if (!next_frame(p, &f)) {
			observe(t, "the session is closed with the stream");
			return;
		}
	} while (f.cmd != ATLS_CMD_FIN || f.sid != st.sid);
}

/* It says that it has no more to say. FIN ends both directions, so a client may
 * pass that on at once and lose the answer, or wait for the answer. */
static void
application_half_closes(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	works(p, st.sid, a);
	app_shut(a);
	if (stream_ended(p, st.sid, 300)) {
		observe(t, "half a close of the application becomes FIN");
		app_expect_eof(a);
		return;
	}
	observe(t, "half a close of the application is kept back");
	tell(p, psh(st.sid, text("the answer")));
	app_expect(a, text("the answer"));
	tell(p, fin(st.sid));
	app_expect_eof(a);
}

/* FIN has no data. */
static void
fin_empty(struct t *t)
{
	struct stream_seen st;
	struct fins seen;
	struct peer *p;

	start_client(t);
	app_reset(connect_through(t, &p, &st));
	session_comes(t, 200);
	seen = fins_until_end(p, st.sid);
	if (seen.n == 0)
		skip(t, "the client sends no FIN");
	if (seen.len != 0)
		fail(t, "FIN without data", "%zu bytes", seen.len);
}

/* ---- The server ends ---- */

static void
server_ends(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	works(p, st.sid, a);
	tell(p, fin(st.sid));
	app_expect_eof(a);
}

/* The stream ends before it was ever acknowledged, as servers of version 1 say
 * that a dial has failed. */
static void
server_ends_unacknowledged(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = ask(t, "case.test", 80);
	p = accept_client(t);
	serve_session(p, "go");
	st = expect_stream(p);
	tell(p, fin(st.sid));
	expect_denied(a);
}

/* Some servers acknowledge before they dial: FIN follows when that fails. */
static void
server_ends_at_once(struct t *t)
{
	struct app *a;

	start_client(t);
	a = ask(t, "case.test", 80);
	serve_as(t, "success-then-fin", NULL);
	expect_denied(a);
}

/* FIN needs no answer. One is borne, a second would hit the next stream. */
static void
answer(struct t *t)
{
	struct stream_seen st;
	struct fins seen;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	works(p, st.sid, a);
	tell(p, fin(st.sid));
	app_expect_eof(a);
	app_close(a);
	session_comes(t, 100);
	seen = fins_until_end(p, st.sid);
	observe(t, "answers FIN with FIN: %s", seen.n != 0 ? "yes" : "no");
	if (seen.n > 1)
		fail(t, "at most one FIN in answer", "%u of them", seen.n);
}

/* ---- Frames of streams that are no more ---- */

static const uint8_t late_fin = ATLS_CMD_FIN, late_psh = ATLS_CMD_PSH,
		     late_synack = ATLS_CMD_SYNACK;

/* A frame of a stream that the application has just ended: the next stream of
 * the session is not touched. */
static void
late(struct t *t)
{
	const uint8_t *cmd = t->arg;
	struct data d = *cmd == ATLS_CMD_FIN ? NO_DATA : text("too late");
	struct stream_seen st;
	struct peer *p;
	struct app *a;
	uint32_t old;

	start_client(t);
	a = connect_through(t, &p, &st);
	old = st.sid;
	a = next_stream(t, p, &st, a);
	tell(p, frame(*cmd, old, d));
	works(p, st.sid, a);
}

/* The same while no stream is open at all. */
static void
late_idle(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;
	struct frame f;

	start_client(t);
	a = connect_through(t, &p, &st);
	release(t, p, st.sid, a);
	tell(p, heart_request(9));
	do {
		if (!next_frame(p, &f))
			skip(t, "the session ends with the stream");
	} while (f.cmd != ATLS_CMD_HEART_RESPONSE);
	cork(p);
	tell(p, psh(st.sid, pattern(t, 5000, 1)));
	tell(p, synack(st.sid, text("timeout")));
	tell(p, fin(st.sid));
	uncork(p);
	barrier(p);
}

/* FIN for ids that nobody opened. */
static void
unknown_stream(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, fin(st.sid + 76));
	tell(p, fin(0));
	works(p, st.sid, a);
}

/* FIN twice: the second means nothing, nor does it end the next stream. */
static void
twice(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, fin(st.sid));
	app_expect_eof(a);
	app_close(a);
	tell(p, fin(st.sid));
	a = ask(t, "case.test", 80);
	if (session_comes(t, 100))
		p = serve(t, SERVER_V2, &st);
	else
		st = serve_stream(p);
	expect_granted(a);
	works(p, st.sid, a);
}

/* The server's profile PROFILE, which goes on after FIN with FIN, or with data
 * and FIN: neither ends the next stream, and no byte reaches it. */
static void
served_as(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = ask(t, "case.test", 80);
	p = serve_as(t, t->arg, &st);
	expect_granted(a);
	works(p, st.sid, a);
	app_reset(a);
	serve_fin(p, st.sid);
	session_comes(t, 50);
	a = ask(t, "case.test", 80);
	if (session_comes(t, 100))
		skip(t, "the client opens a session for each stream");
	st = serve_stream(p);
	expect_granted(a);
	works(p, st.sid, a);
}

static const struct tcase cases[] = {
	{ "client/fin/application-resets", "AT-CL-01", application_resets, NULL,
	    NULL },
	{ "client/fin/application-closes", "AT-CL-01", application_closes, NULL,
	    NULL },
	{ "client/fin/application-impatient", "AT-CL-01", application_impatient,
	    NULL, NULL },
	{ "client/fin/application-half-closes", "AT-CL-06",
	    application_half_closes, NULL, NULL },
	{ "client/fin/empty", "AT-FR-03", fin_empty, NULL, NULL },
	{ "client/fin/server-ends", "AT-CL-01", server_ends, NULL, NULL },
	{ "client/fin/server-ends-unacknowledged", "AT-CL-01",
	    server_ends_unacknowledged, NULL, NULL },
	{ "client/fin/server-ends-at-once", "AT-CL-01", server_ends_at_once,
	    NULL, NULL },
	{ "client/fin/answer", "AT-CL-02", answer, NULL, "!v3" },
	{ "client/fin/late-fin", "AT-CL-07", late, &late_fin, "!v3" },
	{ "client/fin/late-data", "AT-CL-07,AT-DA-02", late, &late_psh, "!v3" },
	{ "client/fin/late-synack", "AT-CL-07", late, &late_synack, "v2,!v3" },
	{ "client/fin/late-idle", "AT-CL-07", late_idle, NULL, "v2,!v3" },
	{ "client/fin/unknown-stream", "AT-CL-07", unknown_stream, NULL, NULL },
	{ "client/fin/twice", "AT-CL-07", twice, NULL, "!v3" },
	{ "client/fin/server-answers", "AT-CL-07,AT-CL-02", served_as,
	    "fin-replying", "!v3" },
	{ "client/fin/server-goes-on", "AT-CL-07,AT-CL-06", served_as,
	    "half-close", "!v3" },
};

extern const struct suite suite_cli_fin;
const struct suite suite_cli_fin = SUITE("client: the end of streams", cases);
