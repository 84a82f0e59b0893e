/* The connection under a session: how it may end, and what follows. */
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

static void
notify_only(struct peer *p)
{
	tell_close(p);
}

typedef void closes(struct peer *p);

struct ending {
	closes *how;
};

static const struct ending by_notify = { notify_only }, by_fin = { hang_up },
			   by_rst = { reset };

/* ---- A session that carries a stream ---- */

/* The server's end of the connection is the end of the stream on it. */
static void
ends_stream(struct t *t)
{
	const struct ending *x = t->arg;
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	works(p, st.sid, a);
	x->how(p);
	app_expect_eof(a);
}

/* The client closes its end too. */
static void
closes_too(struct t *t)
{
	struct stream_seen st;
	struct peer *p;

	start_client(t);
	connect_through(t, &p, &st);
	tell_close(p);
	expect_close_after_anything(p, -1);
}

/* Data told before the end reach the application. */
static void
data_before_end(struct t *t)
{
	const struct ending *x = t->arg;
	struct data d = pattern(t, 30000, 1);
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, psh(st.sid, d));
	x->how(p);
	app_expect(a, d);
	app_expect_eof(a);
}

/* The next request has a session of its own. */
static void
next_request(struct t *t)
{
	const struct ending *x = t->arg;
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	x->how(p);
	app_expect_eof(a);
	app_close(a);
	a = connect_through(t, &p, &st);
	works(p, st.sid, a);
}

/* One session ends, the other goes on. */
static void
other_session(struct t *t)
{
	const struct ending *x = t->arg;
	struct stream_seen st, other;
	struct peer *p, *q;
	struct app *a, *b;

	start_client(t);
	a = connect_through(t, &p, &st);
	b = ask(t, "case.test", 80);
	if (!session_comes(t, 300))
		skip(t, "the client puts both streams on one session");
	q = serve(t, SERVER_V2, &other);
	expect_granted(b);
	x->how(p);
	app_expect_eof(a);
	works(q, other.sid, b);
}

/* ---- An idle session ---- */

/* Closed while nobody uses it: the next request does not notice. */
static void
closed_while_idle(struct t *t)
{
	const struct ending *x = t->arg;
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	works(p, st.sid, a);
	release(t, p, st.sid, a);
	x->how(p);
	session_comes(t, 100);
	a = connect_through(t, &p, &st);
	works(p, st.sid, a);
}

/* Closed in the middle of opening the next stream: that one request may fail,
 * the one after it not. */
static void
closed_while_opening(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	release(t, p, st.sid, a);
	a = ask(t, "case.test", 80);
	if (session_comes(t, 100))
		skip(t, "the client opens a session for each stream");
	expect_stream(p);
	tell_close(p);
	if (session_comes(t, 300)) {
		observe(t, "the request is tried again on another session");
		p = serve(t, SERVER_V2, &st);
		expect_granted(a);
		works(p, st.sid, a);
		return;
	}
	observe(t, "the request fails");
	expect_denied(a);
	a = connect_through(t, &p, &st);
	works(p, st.sid, a);
}

/* ---- Servers that do not serve ---- */

#define MAX_TRIES 5

/* As after a wrong password: TLS works, then the server closes. The request
 * fails, after a few tries at most. */
static void
closed_at_once(struct t *t)
{
	const struct ending *x = t->arg;
	unsigned tries = 0;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = ask(t, "case.test", 80);
	do {
		p = accept_client(t);
		expect_auth(p);
		x->how(p);
		if (++tries > MAX_TRIES)
			fail(t, "a request that fails",
			    "session %u for one request", tries);
	} while (session_comes(t, 400));
	observe(t, "sessions that were tried for one request: %u", tries);
	expect_denied(a);
}

/* Nobody listens. */
static void
nobody_listens(struct t *t)
{
	struct app *a;

	start_client(t);
	stop_server(t, 0);
	a = ask(t, "case.test", 80);
	expect_denied(a);
}

/* The connection stands, and not even TLS is answered: the request fails in
 * time. */
static void
silent_tls(struct t *t)
{
	struct origin *nobody = listen_origin(t);
	struct app *a;

	start_client(t);
	a = ask(t, "case.test", 80);
	origin_expect_none(nobody, 30000);
	expect_denied(a);
}

/* TLS stands and the server never says a word: the application's data go out
 * without waiting for it, and what the client does after 30 s is reported. */
static void
silent_server(struct t *t)
{
	struct origin *nobody = listen_origin(t);
	struct stream_seen st;
	struct peer *p;
	struct frame f;
	bool closed = false;

	start_client(t);
	ask(t, "case.test", 80);
	p = accept_client(t);
	expect_auth(p);
	expect_settings(p);
	st = expect_stream(p);
	origin_expect_none(nobody, 30000);
	tell(p, heart_request(9));
	do {
		closed = !next_frame(p, &f);
	} while (!closed && f.cmd != ATLS_CMD_HEART_RESPONSE);
	observe(t, "stream %u of a server that says nothing for 30 s: %s",
	    (unsigned)st.sid, closed ? "the session is closed" : "it waits");
}

/* Five requests at once are all served, on however many sessions. */
static void
five_at_once(struct t *t)
{
	struct stream_seen st[5];
	struct peer *p[5];
	struct app *a[5];
	unsigned sessions = 1;

	start_client(t);
	a[0] = connect_through(t, &p[0], &st[0]);
	for (unsigned i = 1; i < 5; i++) {
		a[i] = ask(t, "case.test", 80);
		p[i] = p[i - 1];
		if (session_comes(t, 200)) {
			p[i] = serve(t, SERVER_V2, &st[i]);
			sessions++;
		} else {
			st[i] = serve_stream(p[i]);
		}
		expect_granted(a[i]);
	}
	observe(t, "five requests at the same time: %u sessions", sessions);
	for (unsigned i = 5; i-- > 0;)
		works(p[i], st[i].sid, a[i]);
}

/* A handshake that takes its time holds up nobody else. */
static void
slow_handshake(struct t *t)
{
	struct stream_seen st, other;
	struct peer *p, *q;
	struct app *a, *b;

	start_client(t);
	a = connect_through(t, &p, &st);
	b = ask(t, "case.test", 80);
	if (!session_comes(t, 300))
		skip(t, "the client puts both streams on one session");
	works(p, st.sid, a);
	q = serve(t, SERVER_V2, &other);
	expect_granted(b);
	works(q, other.sid, b);
	works(p, st.sid, a);
}

static const struct tcase cases[] = {
	{ "client/session/notify-ends-stream", "AT-FR-12", ends_stream,
	    &by_notify, NULL },
	{ "client/session/fin-ends-stream", "AT-CL-10,AT-FR-12", ends_stream,
	    &by_fin, NULL },
	{ "client/session/rst-ends-stream", "AT-FR-12", ends_stream, &by_rst,
	    NULL },
	{ "client/session/notify-is-answered", "AT-CL-10", closes_too, NULL,
	    NULL },
	{ "client/session/data-before-notify", "AT-DA-04", data_before_end,
	    &by_notify, NULL },
	{ "client/session/data-before-fin", "AT-DA-04,AT-CL-10",
	    data_before_end, &by_fin, NULL },
	{ "client/session/next-after-notify", "AT-FR-12", next_request,
	    &by_notify, NULL },
	{ "client/session/next-after-fin", "AT-CL-10,AT-FR-12", next_request,
	    &by_fin, NULL },
	{ "client/session/next-after-rst", "AT-FR-12", next_request, &by_rst,
	    NULL },
	{ "client/session/other-after-fin", "AT-FR-12", other_session, &by_fin,
	    NULL },
	{ "client/session/other-after-rst", "AT-FR-12", other_session, &by_rst,
	    NULL },
	{ "client/session/idle-notify", "AT-RU-09", closed_while_idle,
	    &by_notify, "!v3" },
	{ "client/session/idle-fin", "AT-RU-09,AT-CL-10", closed_while_idle,
	    &by_fin, "!v3" },
	{ "client/session/idle-rst", "AT-RU-09", closed_while_idle, &by_rst,
	    NULL },
	{ "client/session/closed-while-opening", "AT-RU-09",
	    closed_while_opening, NULL, "!v3" },
	{ "client/session/closed-at-once", "AT-RU-11", closed_at_once,
	    &by_notify, NULL },
	{ "client/session/reset-at-once", "AT-RU-11", closed_at_once, &by_rst,
	    NULL },
	{ "client/session/nobody-listens", "AT-RU-11", nobody_listens, NULL,
	    NULL },
	{ "client/session/slow-handshake", "AT-RU-03", slow_handshake, NULL,
	    NULL },
	{ "client/session/five-at-once", "AT-DA-01", five_at_once, NULL, NULL },
	{ "client/session/silent-tls", "AT-RU-11", silent_tls, NULL, "slow",
	    .budget_ms = 45000 },
	{ "client/session/silent-server", "AT-SY-10", silent_server, NULL,
	    "slow", .budget_ms = 45000 },
};

extern const struct suite suite_cli_session;
const struct suite suite_cli_session = SUITE("client: sessions", cases);
