/*
 * What becomes of idle sessions. Clients look at them every 30 s or so and keep
 * the newest five or none, so most of this takes more than a minute.
 */
#include "conformance/anytls/case.h"

/* More than any client is known to keep. */
#define SESSIONS 8
/* Two checks of 30 s, with a limit of 30 s or 60 s. */
#define CLEAN_MS 95000u
#define BUDGET_MS 120000u

static struct peer **
idle_sessions(struct t *t)
{
	struct peer **p = t_alloc(t, SESSIONS * sizeof(*p));
	struct stream_seen st[SESSIONS];
	struct app *a[SESSIONS];

	start_client(t);
	for (int i = 0; i < SESSIONS; i++) {
		a[i] = ask(t, "case.test", 80);
		if (!session_comes(t, 500))
			skip(t, "one session carries several streams at once");
		p[i] = serve(t, SERVER_V2, &st[i]);
		expect_granted(a[i]);
	}
	for (int i = 0; i < SESSIONS; i++)
		release(t, p[i], st[i].sid, a[i]);
	return (p);
}

/* A session that was idle for 3 s is still there, and is used. */
static void
kept_3s(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = connect_through(t, &p, &st);
	release(t, p, st.sid, a);
	expect_no_session(t, 3000);
	a = ask(t, "case.test", 80);
	if (session_comes(t, 100))
		fail(t, "the session that is idle since 3 s", "a new one");
	serve_stream(p);
	expect_granted(a);
}

/* Of eight idle sessions the oldest is closed in the end. */
static void
cleaned(struct t *t)
{
	struct peer **p = idle_sessions(t);

	expect_close_within(p[0], CLEAN_MS);
	observe(t, "the oldest idle session is closed after %u s",
	    (unsigned)(since_tell(p[0]) / 1000));
}

/* Who cleans up begins with the oldest: a session that is left has no older
 * one that is closed behind it. How many are left is the client's choice. */
static void
oldest_first(struct t *t)
{
	struct peer **p = idle_sessions(t);
	unsigned closed = 0;

	expect_close_within(p[0], CLEAN_MS);
	expect_no_session(t, 500);
	for (unsigned i = 1; i < SESSIONS; i++) {
		if (alive_or_closed(p[i], NULL) == OUT_ALIVE)
			continue;
		if (closed != i - 1)
			fail(t, "the oldest sessions are closed first",
			    "session %u is closed, session %u is not", i + 1,
			    closed + 2);
		closed = i;
	}
	observe(t, "%u of %u idle sessions are kept", SESSIONS - 1 - closed,
	    SESSIONS);
}

/* A session whose stream is open but silent is not idle. */
static void
busy_kept(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = connect_through(t, &p, &st);
	expect_no_session(t, 70000);
	tell(p, psh(st.sid, text("still there?")));
	app_expect(a, text("still there?"));
	app_tell(a, text("yes"));
	expect_data(p, st.sid, text("yes"));
}

/* However long the pause was, the next request works, on the old session or on
 * a new one. */
static void
after_pause(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = connect_through(t, &p, &st);
	release(t, p, st.sid, a);
	expect_no_session(t, 68000);
	a = ask(t, "case.test", 80);
	if (session_comes(t, 300)) {
		observe(t, "a new session after 68 s");
		p = accept_client(t);
		st = begin_service(p, a);
	} else {
		observe(t, "the idle session after 68 s");
		st = serve_stream(p);
		expect_granted(a);
	}
	app_tell(a, text("hello"));
	expect_data(p, st.sid, text("hello"));
}

static const struct tcase cases[] = {
	{ "client/idle/kept-3s", "AT-RU-04,AT-RU-01", kept_3s, NULL, "!v3" },
	{ "client/idle/cleaned", "AT-RU-05,AT-CF-02", cleaned, NULL, "slow",
	    BUDGET_MS },
	{ "client/idle/oldest-first", "AT-RU-07,AT-RU-06", oldest_first, NULL,
	    "slow", BUDGET_MS },
	{ "client/idle/busy-kept", "AT-RU-05", busy_kept, NULL, "slow",
	    BUDGET_MS },
	{ "client/idle/after-pause", "AT-RU-09,AT-RU-05", after_pause, NULL,
	    "slow", BUDGET_MS },
};

extern const struct suite suite_cli_idle;
const struct suite suite_cli_idle = SUITE("client: idle sessions", cases);
