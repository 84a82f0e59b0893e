/* What only a shim can show of a client: its pool, its times, its schemes. */
#include "conformance/anytls/case.h"

#define SCHEME "stop=3\n0=77-77\n1=301-301\n2=202-202"

static const struct shim_settings usual = { -1, -1, -1 };
/* Looks every 200 ms and closes what was idle for 800 ms. */
#define CHECK_MS 200
#define IDLE_MS 800
static const struct shim_settings quick = { CHECK_MS, IDLE_MS, 0 };
static const struct shim_settings quick_one = { CHECK_MS, IDLE_MS, 1 };

/* A connection by server NUMBER, served; and its session. */
static int64_t
connected(struct t *t, unsigned number, struct peer **p, struct stream_seen *st)
{
	int64_t stream = shim_open(t, "case.test", number);

	*p = accept_client_at(t, number);
	*st = begin_service(*p, NULL);
	return (stream);
}

/* Its end: FIN comes. */
static void
disconnect(struct t *t, struct peer *p, struct stream_seen st, int64_t stream)
{
	shim_close(t, stream);
	expect(p, fin(st.sid));
}

/* A stream holds its session; without one the session is in the pool, and is
 * the one that the next stream gets. */
static void
pool(struct t *t)
{
	struct stream_seen st;
	int64_t stream;
	struct peer *p;

	shim_start(t, &usual);
	shim_expect(t, 0, 0, "no session before the first request");
	stream = connected(t, 0, &p, &st);
	shim_expect(t, 1, 0, "a session with a stream");
	disconnect(t, p, st, stream);
	shim_expect(t, 1, 1, "the session is idle when its stream has ended");
	shim_open(t, "case.test", 0);
	serve_stream(p);
	shim_expect(t, 1, 0, "the idle session carries the next stream");
	shim_stop(t);
}

/* The server's FIN gives the session back as well. */
static void
pool_after_fin(struct t *t)
{
	struct stream_seen st;
	struct peer *p;

	shim_start(t, &usual);
	connected(t, 0, &p, &st);
	tell(p, fin(st.sid));
	shim_expect(t, 1, 1, "the session is idle when its stream has ended");
	shim_stop(t);
}

/* One that the server has closed is in no pool. */
static void
pool_after_end(struct t *t)
{
	struct stream_seen st;
	int64_t stream;
	struct peer *p;

	shim_start(t, &usual);
	stream = connected(t, 0, &p, &st);
	disconnect(t, p, st, stream);
	shim_expect(t, 1, 1, "an idle session");
	tell_close(p);
	shim_expect(t, 0, 0, "no session when the server has closed it");
	shim_stop(t);
}

/* Not before its time, and then at the next look or the one after. */
static void
idle_timeout(struct t *t)
{
	struct stream_seen st;
	uint64_t began, took;
	int64_t stream;
	struct peer *p;

	shim_start(t, &quick);
	stream = connected(t, 0, &p, &st);
	disconnect(t, p, st, stream);
	began = t_now();
	expect_close_within(p, IDLE_MS + 2 * CHECK_MS + t->timeout_ms);
	took = t_now() - began;
	observe(t, "idle for %u ms, looked at every %u ms: closed after %u ms",
	    IDLE_MS, CHECK_MS, (unsigned)took);
	if (took + 50 < IDLE_MS)
		fail(t, "an idle session stays for its time", "%u ms",
		    (unsigned)took);
	shim_expect(t, 0, 0, "no session is left");
	shim_stop(t);
}

/* A session with a stream is not idle. */
static void
busy_stays(struct t *t)
{
	struct stream_seen st;
	struct peer *p;

	shim_start(t, &quick);
	connected(t, 0, &p, &st);
	expect_no_session(t, IDLE_MS + 3 * CHECK_MS);
	tell(p, psh(st.sid, text("still there?")));
	barrier(p);
	shim_expect(t, 1, 0, "the session with its stream");
	shim_stop(t);
}

#define THREE 3

/* Of three idle sessions the newest is kept; the oldest goes first. */
static void
min_idle(struct t *t)
{
	struct stream_seen st[THREE];
	int64_t stream[THREE];
	struct peer *p[THREE];

	shim_start(t, &quick_one);
	for (int i = 0; i < THREE; i++)
		stream[i] = connected(t, 0, &p[i], &st[i]);
	for (int i = 0; i < THREE; i++)
		disconnect(t, p[i], st[i], stream[i]);
	expect_close_within(p[0], IDLE_MS + 2 * CHECK_MS + t->timeout_ms);
	expect_close_within(p[1], 2 * CHECK_MS + t->timeout_ms);
	expect_no_session(t, 3 * CHECK_MS);
	barrier(p[2]);
	shim_expect(t, 1, 1, "the newest of three idle sessions is kept");
	shim_stop(t);
}

static void
expect_md5(struct t *t, unsigned number, struct data scheme, const char *what)
{
	const char *want = scheme_md5(t, scheme);
	uint64_t until = t_deadline(t, 2000);
	struct shim_state s = shim_state(t, number);

	while (strcmp(s.md5, want) != 0) {
		if (t_now() >= until)
			fail(t, what, "the scheme with md5 %s", s.md5);
		expect_no_session(t, 20);
		s = shim_state(t, number);
	}
}

/* Which scheme is loaded: the default, a good one, and still that one when a
 * bad one has come. */
static void
scheme(struct t *t)
{
	struct stream_seen st;
	struct peer *p;

	shim_start(t, &usual);
	expect_md5(t, 0, default_scheme(), "the default scheme at first");
	connected(t, 0, &p, &st);
	tell(p, update_scheme(text(SCHEME)));
	expect_md5(t, 0, text(SCHEME), "the scheme that the server sent");
	tell(p, update_scheme(text("no scheme")));
	barrier(p);
	expect_md5(t, 0, text(SCHEME), "a text that is no scheme is dropped");
	shim_stop(t);
}

/* Two servers: the scheme of one is not for the other. */
static void
scheme_per_server(struct t *t)
{
	struct stream_seen st;
	struct settings_seen s;
	struct peer *p;

	shim_start(t, &usual);
	connected(t, 0, &p, &st);
	tell(p, update_scheme(text(SCHEME)));
	expect_md5(t, 0, text(SCHEME), "the scheme that the server sent");
	expect_md5(t, 1, default_scheme(), "the default for another server");
	shim_open(t, "case.test", 1);
	p = accept_client_at(t, 1);
	expect_auth(p);
	s = expect_settings(p);
	if (strcmp(s.md5, scheme_md5(t, default_scheme())) != 0)
		fail(t, "the md5 of the default scheme for another server",
		    "padding-md5=%s", s.md5);
	shim_stop(t);
}

static const struct tcase cases[] = {
	{ "client/shim/pool", "AT-RU-04,AT-RU-01", pool, NULL, "shim" },
	{ "client/shim/pool-after-fin", "AT-RU-04", pool_after_fin, NULL,
	    "shim" },
	{ "client/shim/pool-after-end", "AT-RU-09", pool_after_end, NULL,
	    "shim" },
	{ "client/shim/idle-timeout", "AT-RU-05,AT-CF-02", idle_timeout, NULL,
	    "shim" },
	{ "client/shim/busy-stays", "AT-RU-05", busy_stays, NULL, "shim" },
	{ "client/shim/min-idle", "AT-RU-06,AT-RU-07", min_idle, NULL, "shim" },
	{ "client/shim/scheme", "AT-PD-04,AT-PD-07", scheme, NULL, "shim" },
	{ "client/shim/scheme-per-server", "AT-PD-06", scheme_per_server, NULL,
	    "shim" },
};

extern const struct suite suite_cli_shim;
const struct suite suite_cli_shim = SUITE("client: by its shim", cases);
