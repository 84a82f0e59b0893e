/* Alerts: those a client sends, and that the server's own can be read. */
#include "conformance/anytls/case.h"

/* An Alert with a text ends the session on both sides. */
static void
ends_session(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	tell(p, alert(text("the client gives up")));

	expect_close_after_anything(p, -1);
}

/* Whatever its stream id, */
static void
with_an_id(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	tell(p, frame(ATLS_CMD_ALERT, 5, text("the client gives up")));

	expect_close_after_anything(p, -1);
}

/* however long, and in whatever characters, */
static void
long_text(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	tell_may_fail(p, encode(t, alert(pattern(t, ATLS_FRAME_MAX_DATA, 3))));

	expect_close_after_anything(p, -1);
}

/* and cut over records. */
static void
cut(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	tell_pieces(p, encode(t, alert(text("bye"))), 3);

	expect_close_after_anything(p, -1);
}

/* The streams of the session end with it. */
static void
ends_streams(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct app *a;

	a = open_to(p, 1, o);
	tell(p, alert(text("the client gives up")));

	app_expect_eof(a);
}

/* Other sessions do not. */
static void
ends_one_session(struct t *t)
{
	struct peer *p = dial_ready(t, V2), *q = dial_ready(t, V2);

	open_echo(q, 1);
	tell(p, alert(text("the client gives up")));
	expect_close_after_anything(p, -1);

	echo(q, 1, text("hello"));
}

/* An Alert without a text is ignored. */
static void
empty(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	tell(p, alert(NO_DATA));

	expect_quiet(p);
}

/* A server that does not reject a SYN before the settings (AT-ST-06) owes no
 * reason. It is asked on a session of its own. */
static void
needs_rejection(struct t *t)
{
	struct peer *p = dial_auth(t);

	tell(p, syn(1));
	if (!is_refused(p))
		skip(t, "the session is not rejected: see AT-ST-06");
}

/* A session refused for a SYN before the settings: the Alert comes, with a
 * text, before the end, */
static void
readable(struct t *t)
{
	struct peer *p;

	needs_rejection(t);
	p = dial_auth(t);
	tell(p, syn(1));

	expect_alert_and_close(p);
}

/* also when more was on the way that the server will never read: closing a
 * socket with unread bytes resets it, and must not cost the Alert. */
static void
readable_with_more(struct t *t)
{
	struct data more = repeat(t, encode(t, waste(t, 0, 60000)), 3);
	struct peer *p;

	needs_rejection(t);
	p = dial_auth(t);
	tell_may_fail(p, join(t, encode(t, syn(1)), more));

	expect_alert_and_close(p);
}

/* and also when the client closes its side right away. */
static void
readable_half_closed(struct t *t)
{
	struct peer *p;

	needs_rejection(t);
	p = dial_auth(t);
	tell(p, syn(1));
	tell_close(p);

	expect_alert_and_close(p);
}

static const struct tcase cases[] = {
	{ "server/alert/ends-session", "AT-AL-02", ends_session },
	{ "server/alert/with-an-id", "AT-AL-02", with_an_id },
	{ "server/alert/long-text", "AT-AL-02,AT-FR-07", long_text },
	{ "server/alert/cut-over-records", "AT-AL-02,AT-FR-02", cut },
	{ "server/alert/ends-streams", "AT-AL-02", ends_streams, NULL,
	    "origin" },
	{ "server/alert/ends-one-session", "AT-RU-13,AT-AL-02",
	    ends_one_session, NULL, "origin" },
	{ "server/alert/empty", "AT-FR-10", empty },
	{ "server/alert/readable", "AT-AL-03,AT-ST-06", readable },
	{ "server/alert/readable-with-more", "AT-AL-03", readable_with_more },
	{ "server/alert/readable-half-closed", "AT-AL-03",
	    readable_half_closed },
};

extern const struct suite suite_srv_alert;
const struct suite suite_srv_alert = SUITE("server: alerts", cases);
