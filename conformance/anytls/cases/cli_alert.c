/* Alerts: the client reads the text, logs it and closes the session. */
#include "conformance/anytls/case.h"

static const char words[] = "your client is outdated (e27b)";

/* Data pass both ways on stream SID of P. */
static void
works(struct peer *p, uint32_t sid, struct app *a)
{
	tell(p, psh(sid, text("down")));
	app_expect(a, text("down"));
	app_tell(a, text("up"));
	expect_data_of(p, sid, text("up"));
}

/* An Alert, and the server keeps the connection: the client closes it. */
static void
closes_session(struct t *t)
{
	struct stream_seen st;
	struct peer *p;

	start_client(t);
	connect_through(t, &p, &st);
	tell(p, alert(text(words)));
	expect_close_after_anything(p, -1);
}

static const uint32_t id_1 = 1, id_77 = 77;

/* Its stream id does not matter: what it is about is the session. */
static void
with_id(struct t *t)
{
	const uint32_t *id = t->arg;
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, frame(ATLS_CMD_ALERT, *id, text(words)));
	app_expect_eof(a);
}

/* The application learns that its connection is over. */
static void
ends_connection(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	works(p, st.sid, a);
	tell(p, alert(text(words)));
	app_expect_eof(a);
}

/* As servers really do: the Alert instead of an answer, then close. */
static void
rejected(struct t *t)
{
	struct peer *p;
	struct app *a;

	start_client(t);
	a = ask(t, "case.test", 80);
	p = accept_client(t);
	expect_auth(p);
	expect_settings(p);
	expect_stream(p);
	tell(p, alert(text(words)));
	tell_close(p);
	expect_denied(a);
}

/* The session is over for good: the next request has another one. */
static void
next_request(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, alert(text(words)));
	app_expect_eof(a);
	app_close(a);
	a = connect_through(t, &p, &st);
	works(p, st.sid, a);
}

/* An idle session is closed and not used again. */
static void
idle(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	release(t, p, st.sid, a);
	tell(p, alert(text("closing idle sessions")));
	expect_close_after_anything(p, -1);
	a = connect_through(t, &p, &st);
	works(p, st.sid, a);
}

/* Another session, if the client has opened one, is none of its business. */
static void
other_session(struct t *t)
{
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
	tell(p, alert(text(words)));
	app_expect_eof(a);
	works(q, other.sid, b);
}

/* Data told before the Alert reach the application. */
static void
after_data(struct t *t)
{
	struct stream_seen st;
	struct data d;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	d = pattern(t, 20000, 1);
	cork(p);
	tell(p, psh(st.sid, d));
	tell(p, alert(text(words)));
	uncork(p);
	app_expect(a, d);
	app_expect_eof(a);
}

/* The text is in the log. A client that logs nothing at all at the level it
 * runs with is let off. */
static void
logged(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, alert(text(words)));
	app_expect_eof(a);
	for (unsigned i = 0; i < 20 && !client_said(t, words); i++)
		session_comes(t, 50);
	if (client_said(t, words))
		return;
	if (client_said(t, "\n"))
		fail(t, "the text of the Alert in the log",
		    "the client logs, but nothing with \"%s\"", words);
	skip(t, "the client logs nothing at all");
}

struct odd_text {
	const char *s;
	size_t len;
};

static const struct odd_text formats = { "%s%n%999999d", 12 };
static const struct odd_text controls = { "\033[2J\033]0;x\007\r\n\0y\x7f",
	14 };
static const struct odd_text no_utf8 = { "\xff\xfe\xc0\x80\xed\xa0\x80", 7 };
static const struct odd_text longest = { NULL, 65535 };

/* Whatever the text is, the connection ends and nothing worse happens. */
static void
odd_text(struct t *t)
{
	const struct odd_text *x = t->arg;
	struct data d =
	    x->s != NULL ? bytes(x->s, x->len) : pattern(t, x->len, 1);
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, alert(d));
	app_expect_eof(a);
	if (x == &controls)
		observe(t, "control bytes of an Alert reach the log: %s",
		    client_said(t, "\033[2J") ? "yes" : "no");
}

/* An Alert without text says nothing. */
static void
empty(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, alert(NO_DATA));
	works(p, st.sid, a);
}

static const struct tcase cases[] = {
	{ "client/alert/closes-session", "AT-AL-01", closes_session, NULL,
	    NULL },
	{ "client/alert/with-id-1", "AT-AL-01", with_id, &id_1, NULL },
	{ "client/alert/with-id-77", "AT-AL-01", with_id, &id_77, NULL },
	{ "client/alert/ends-connection", "AT-AL-01", ends_connection, NULL,
	    NULL },
	{ "client/alert/instead-of-answer", "AT-AL-01", rejected, NULL, NULL },
	{ "client/alert/next-request", "AT-AL-01", next_request, NULL, NULL },
	{ "client/alert/idle", "AT-AL-01", idle, NULL, "!v3" },
	{ "client/alert/other-session", "AT-AL-01", other_session, NULL, NULL },
	{ "client/alert/after-data", "AT-DA-04,AT-AL-01", after_data, NULL,
	    NULL },
	{ "client/alert/logged", "AT-AL-01", logged, NULL, NULL },
	{ "client/alert/formats", "AT-AL-01", odd_text, &formats, NULL },
	{ "client/alert/control-bytes", "AT-AL-01", odd_text, &controls, NULL },
	{ "client/alert/not-utf8", "AT-AL-01", odd_text, &no_utf8, NULL },
	{ "client/alert/of-65535", "AT-AL-01", odd_text, &longest, NULL },
	{ "client/alert/empty", "AT-FR-10", empty, NULL, NULL },
};

extern const struct suite suite_cli_alert;
const struct suite suite_cli_alert = SUITE("client: alerts", cases);
