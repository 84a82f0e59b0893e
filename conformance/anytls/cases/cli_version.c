/* cmdServerSettings and what they, or their absence, mean to a client. */
#include "conformance/anytls/case.h"

/* Longer than the 3 s that clients of version 2 wait for SYNACK. */
#define WATCHDOG_MS 3600

/* Data both ways between A and stream SID. */
static void
both_ways(struct peer *p, uint32_t sid, struct app *a)
{
	app_tell(a, text("to the server"));
	expect_data(p, sid, text("to the server"));
	tell(p, psh(sid, text("to the application")));
	app_expect(a, text("to the application"));
}

/* The first session up to the first stream; SAID (NULL: nothing) answers the
 * settings, and ACK the stream. */
static struct app *
begin(struct t *t, const struct data *said, bool ack, struct peer **p,
    struct stream_seen *st)
{
	struct app *a;

	start_client(t);
	a = ask(t, "case.test", 80);
	*p = accept_client(t);
	expect_auth(*p);
	expect_settings(*p);
	if (said != NULL)
		tell(*p, server_settings(*said));
	*st = expect_stream(*p);
	if (ack)
		tell(*p, synack(st->sid, NO_DATA));
	return (a);
}

/* Another request, which comes on P as its stream 2. */
static struct app *
again(struct t *t, struct peer *p, struct app *a, struct stream_seen *st)
{
	release(t, p, st->sid, a);
	a = ask(t, "case.test", 80);
	if (session_comes(t, 100))
		skip(t, "the client does not use the session again");
	*st = expect_stream(p);
	return (a);
}

/* Stream 2 hears nothing for longer than the watchdog, and then works: a client
 * that acts as version 1 waits for no SYNACK. */
static void
survives_silence(
    struct t *t, struct peer *p, struct app *a, struct stream_seen *st)
{
	a = again(t, p, a, st);
	expect_no_session(t, WATCHDOG_MS);
	tell(p, psh(st->sid, text("late")));
	app_expect(a, text("late"));
}

/* A server of version 1 says nothing to settings and streams: data flows all
 * the same, on the first stream and on others. */
static void
v1_data(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a = begin(t, NULL, false, &p, &st);

	expect_granted(a);
	both_ways(p, st.sid, a);
}

static void
v1_server_first(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a = begin(t, NULL, false, &p, &st);

	tell(p, psh(st.sid, text("220 hello")));
	app_expect(a, text("220 hello"));
}

static void
v1_more_streams(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a = begin(t, NULL, false, &p, &st);

	expect_granted(a);
	both_ways(p, st.sid, a);
	for (int i = 0; i < 3; i++) {
		a = again(t, p, a, &st);
		expect_granted(a);
		both_ways(p, st.sid, a);
	}
}

static void
v1_silent_first(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a = begin(t, NULL, false, &p, &st);

	expect_no_session(t, WATCHDOG_MS);
	tell(p, psh(st.sid, text("late")));
	app_expect(a, text("late"));
}

static void
v1_silent_second(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a = begin(t, NULL, false, &p, &st);

	expect_granted(a);
	both_ways(p, st.sid, a);
	survives_silence(t, p, a, &st);
}

/* No heartbeat, nor anything else of version 2, for a server that has told no
 * version. */
static void
v1_nothing_of_v2(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a = begin(t, NULL, false, &p, &st);
	struct frame f;

	expect_granted(a);
	app_tell(a, text("hello"));
	expect_no_session(t, 500);
	app_tell(a, text("goodbye"));
	do {
		if (!next_frame(p, &f))
			fail(t, "data", "the session was closed");
		if (f.cmd >= ATLS_CMD_SYNACK)
			fail(t, "no command of version 2", "command %u", f.cmd);
	} while (f.cmd != ATLS_CMD_PSH || f.data.len != 7);
}

/* A SYNACK of a server that has told no version does no harm. */
static void
v1_synack(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a = begin(t, NULL, true, &p, &st);

	expect_granted(a);
	both_ways(p, st.sid, a);
	a = again(t, p, a, &st);
	tell(p, synack(st.sid, NO_DATA));
	expect_granted(a);
	both_ways(p, st.sid, a);
}

/* ServerSettings say SAID. Two streams, both with SYNACK, work
 * whatever is made of it. */
static void
says(struct t *t, struct data said)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a = begin(t, &said, true, &p, &st);

	expect_granted(a);
	both_ways(p, st.sid, a);
	a = again(t, p, a, &st);
	tell(p, synack(st.sid, NO_DATA));
	expect_granted(a);
	both_ways(p, st.sid, a);
}

static void
says_text(struct t *t)
{
	says(t, text(t->arg));
}

static void
says_nul(struct t *t)
{
	says(t, bytes("\0v=2\0\n\0=\0\nv\0=2\n", 15));
}

static void
says_longest(struct t *t)
{
	struct data head = text("v=2\nx=");

	says(t, join(t, head, zeros(t, 65535 - head.len)));
}

/* "v=1", or no number at all before a good one has come: version 1. */
static void
means_v1(struct t *t)
{
	struct data said = text(t->arg);
	struct stream_seen st;
	struct peer *p;
	struct app *a = begin(t, &said, false, &p, &st);

	expect_granted(a);
	both_ways(p, st.sid, a);
	survives_silence(t, p, a, &st);
}

/* They come only when data has passed; for later streams they count. */
static void
late(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a = begin(t, NULL, false, &p, &st);

	expect_granted(a);
	both_ways(p, st.sid, a);
	tell(p, server_settings(text("v=2")));
	both_ways(p, st.sid, a);
	a = again(t, p, a, &st);
	tell(p, synack(st.sid, NO_DATA));
	expect_granted(a);
	both_ways(p, st.sid, a);
}

static void
twice(struct t *t)
{
	struct data said = text("v=2");
	struct stream_seen st;
	struct peer *p;
	struct app *a = begin(t, &said, true, &p, &st);

	tell(p, server_settings(text("v=2")));
	both_ways(p, st.sid, a);
	a = again(t, p, a, &st);
	tell(p, synack(st.sid, NO_DATA));
	tell(p, server_settings(text("v=2")));
	both_ways(p, st.sid, a);
}

/* The server steps back to version 1: later streams wait for no SYNACK. */
static void
back_to_v1(struct t *t)
{
	struct data said = text("v=2");
	struct stream_seen st;
	struct peer *p;
	struct app *a = begin(t, &said, true, &p, &st);

	tell(p, server_settings(text("v=1")));
	both_ways(p, st.sid, a);
	survives_silence(t, p, a, &st);
}

/* Before the client's own settings were read. */
static void
at_once(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = ask(t, "case.test", 80);
	p = accept_client(t);
	tell(p, server_settings(text("v=2")));
	expect_auth(p);
	expect_settings(p);
	st = expect_stream(p);
	tell(p, synack(st.sid, NO_DATA));
	both_ways(p, st.sid, a);
}

static void
with_stream_id(struct t *t)
{
	struct frame f = server_settings(text("v=2"));
	struct stream_seen st;
	struct peer *p;
	struct app *a = begin(t, NULL, false, &p, &st);

	f.sid = st.sid;
	tell(p, f);
	tell(p, synack(st.sid, NO_DATA));
	both_ways(p, st.sid, a);
}

/* A new session begins without a version: the first server knows 2, the one
 * behind the next connection knows 1. A client that has met version 2 may give
 * it more time to show. */
static void
version_of_session(struct t *t)
{
	struct data said = text("v=2");
	struct stream_seen st;
	struct peer *p;
	struct app *a = begin(t, &said, true, &p, &st);

	both_ways(p, st.sid, a);
	end_session(p);
	a = ask(t, "case.test", 80);
	p = serve(t, SERVER_V1, &st);
	expect_granted_within(a, WATCHDOG_MS);
	both_ways(p, st.sid, a);
	survives_silence(t, p, a, &st);
}

static const struct tcase cases[] = {
	{ "client/version/v1-data", "AT-ST-12", v1_data, NULL, NULL },
	{ "client/version/v1-server-first", "AT-ST-12", v1_server_first, NULL,
	    NULL },
	{ "client/version/v1-more-streams", "AT-ST-12", v1_more_streams, NULL,
	    NULL },
	{ "client/version/v1-silent-first", "AT-ST-12", v1_silent_first, NULL,
	    NULL },
	{ "client/version/v1-silent-second", "AT-ST-12", v1_silent_second, NULL,
	    NULL },
	{ "client/version/v1-nothing-of-v2", "AT-ST-20,AT-ST-12",
	    v1_nothing_of_v2, NULL, NULL },
	{ "client/version/v1-synack", "AT-ST-24", v1_synack, NULL, NULL },
	{ "client/version/new-session", "AT-ST-12", version_of_session, NULL,
	    NULL },
	{ "client/version/says-2", "AT-ST-20,AT-SY-09", says_text, "v=2",
	    NULL },
	{ "client/version/says-3", "AT-ST-24", says_text, "v=3", NULL },
	{ "client/version/says-255", "AT-ST-24", says_text, "v=255", NULL },
	{ "client/version/says-256", "AT-ST-24", says_text, "v=256", NULL },
	{ "client/version/says-huge", "AT-ST-24", says_text,
	    "v=99999999999999999999", NULL },
	{ "client/version/says-negative", "AT-ST-24", says_text, "v=-1", NULL },
	{ "client/version/says-letters", "AT-ST-24,AT-ST-13", says_text,
	    "v=two", NULL },
	{ "client/version/says-no-value", "AT-ST-24,AT-ST-13", says_text,
	    "v=", NULL },
	{ "client/version/says-no-version", "AT-ST-24,AT-ST-13", says_text,
	    "scheme=none", NULL },
	{ "client/version/says-no-item", "AT-ST-24,AT-ST-13", says_text,
	    "hello", NULL },
	{ "client/version/says-nothing", "AT-FR-10,AT-ST-13", says_text, "",
	    NULL },
	{ "client/version/says-more", "AT-ST-04", says_text,
	    "\nname=x/1\nv=1\nno item\nv=2\nlast==\n", NULL },
	{ "client/version/says-binary", "AT-ST-24", says_text,
	    "\xff\xfe=\x80\nv=\xc3\x28", NULL },
	{ "client/version/says-nul", "AT-ST-24", says_nul, NULL, NULL },
	{ "client/version/says-longest", "AT-ST-24,AT-FR-07", says_longest,
	    NULL, NULL },
	{ "client/version/1-means-1", "AT-ST-13,AT-ST-20", means_v1, "v=1",
	    NULL },
	{ "client/version/letters-mean-1", "AT-ST-13,AT-ST-12", means_v1,
	    "v=two", NULL },
	{ "client/version/nothing-means-1", "AT-ST-13,AT-FR-10", means_v1, "",
	    NULL },
	{ "client/version/back-to-1", "AT-ST-13", back_to_v1, NULL, NULL },
	{ "client/version/late", "AT-ST-13", late, NULL, NULL },
	{ "client/version/twice", "AT-ST-13", twice, NULL, NULL },
	{ "client/version/at-once", "AT-ST-13,AT-ST-15", at_once, NULL, NULL },
	{ "client/version/with-stream-id", "AT-FR-13", with_stream_id, NULL,
	    NULL },
};

extern const struct suite suite_cli_version;
const struct suite suite_cli_version = SUITE("client: version", cases);
