/* Which session carries a request: reuse, its order, and when there is none. */
#include "conformance/anytls/case.h"

/* Data both ways between A and stream SID, told apart by SEED. */
static void
both_ways(
    struct t *t, struct peer *p, uint32_t sid, struct app *a, uint32_t seed)
{
	struct data up = pattern(t, 40, seed), down = pattern(t, 50, ~seed);

	app_tell(a, up);
	expect_data(p, sid, up);
	tell(p, psh(sid, down));
	app_expect(a, down);
}

/* Asks for a connection that must come over P. */
static struct app *
again(struct t *t, struct peer *p, struct stream_seen *st)
{
	struct app *a = ask(t, "case.test", 80);

	if (session_comes(t, 50))
		fail(t, "the idle session carries the next request",
		    "a new session is opened");
	*st = serve_stream(p);
	expect_granted(a);
	return (a);
}

/* The same where reuse is not the question. */
static struct app *
again_if_at_all(struct t *t, struct peer *p, struct stream_seen *st)
{
	struct app *a = ask(t, "case.test", 80);

	if (session_comes(t, 50))
		skip(t, "the client does not use the session again");
	*st = serve_stream(p);
	expect_granted(a);
	return (a);
}

/* N connections at a time, each on a session of its own, in order. */
#define SESSIONS 10
struct many {
	struct peer *p[SESSIONS];
	struct app *a[SESSIONS];
	struct stream_seen st[SESSIONS];
};

static void
open_many(struct t *t, struct many *m, unsigned n)
{
	start_client(t);
	for (unsigned i = 0; i < n; i++) {
		m->a[i] = ask(t, "case.test", 80);
		if (!session_comes(t, 500))
			skip(t, "one session carries several streams at once");
		m->p[i] = serve(t, SERVER_V2, &m->st[i]);
		expect_granted(m->a[i]);
	}
}

static void
second_request(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = connect_through(t, &p, &st);
	both_ways(t, p, st.sid, a, 1);
	release(t, p, st.sid, a);
	a = again(t, p, &st);
	both_ways(t, p, st.sid, a, 2);
}

/* The application ends in order, by FIN: its client may wait a while for more
 * from the server, and then ends the stream. */
static void
after_orderly_end(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = connect_through(t, &p, &st);
	both_ways(t, p, st.sid, a, 1);
	app_close(a);
	expect(p, fin(st.sid));
	expect_no_session(t, 100);
	a = again(t, p, &st);
	both_ways(t, p, st.sid, a, 2);
}

/* The server ends the stream: the session goes back as well. Sessions that do
 * not are lost, one with each request. */
static void
after_server_fin(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = connect_through(t, &p, &st);
	for (uint32_t i = 0; i < 3; i++) {
		both_ways(t, p, st.sid, a, i);
		tell(p, fin(st.sid));
		expect_no_session(t, 100);
		a = again(t, p, &st);
	}
	both_ways(t, p, st.sid, a, 9);
}

/* Twenty requests, one after another: one session, and ids that count up. */
static void
twenty(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;
	uint32_t last;

	start_client(t);
	a = connect_through(t, &p, &st);
	for (uint32_t i = 1; i < 20; i++) {
		both_ways(t, p, st.sid, a, i);
		release(t, p, st.sid, a);
		last = st.sid;
		a = again(t, p, &st);
		if (st.sid <= last)
			fail(t, "stream ids that count up", "%u after %u",
			    (unsigned)st.sid, (unsigned)last);
	}
	both_ways(t, p, st.sid, a, 99);
}

/* Three idle sessions, and the newest was idle first: it is the one. */
static void
newest_first(struct t *t)
{
	struct many m;

	open_many(t, &m, 3);
	release(t, m.p[2], m.st[2].sid, m.a[2]);
	release(t, m.p[0], m.st[0].sid, m.a[0]);
	release(t, m.p[1], m.st[1].sid, m.a[1]);
	again(t, m.p[2], &m.st[2]);
}

/* The same when the newest was idle last. */
static void
newest_last(struct t *t)
{
	struct many m;

	open_many(t, &m, 3);
	for (int i = 0; i < 3; i++)
		release(t, m.p[i], m.st[i].sid, m.a[i]);
	again(t, m.p[2], &m.st[2]);
}

/* The newest is busy: the next newest it is. */
static void
newest_busy(struct t *t)
{
	struct many m;

	open_many(t, &m, 3);
	release(t, m.p[1], m.st[1].sid, m.a[1]);
	release(t, m.p[0], m.st[0].sid, m.a[0]);
	again(t, m.p[1], &m.st[1]);
	both_ways(t, m.p[2], m.st[2].sid, m.a[2], 5);
}

/* Ten at once, then idle, then ten again: no new session, newest first. */
static void
ten_again(struct t *t)
{
	struct many m;

	open_many(t, &m, SESSIONS);
	for (uint32_t i = 0; i < SESSIONS; i++)
		both_ways(t, m.p[i], m.st[i].sid, m.a[i], i);
	for (int i = 0; i < SESSIONS; i++)
		release(t, m.p[i], m.st[i].sid, m.a[i]);
	for (int i = SESSIONS - 1; i >= 0; i--)
		m.a[i] = again(t, m.p[i], &m.st[i]);
	for (uint32_t i = 0; i < SESSIONS; i++)
		both_ways(t, m.p[i], m.st[i].sid, m.a[i], 50 + i);
}

/* A request while the only session is busy. */
static void
second_connection(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = connect_through(t, &p, &st);
	ask(t, "case.test", 80);
	if (!session_comes(t, 500))
		fail(t,
		    "a connection of its own for a second request at the "
		    "same time",
		    "none within 500 ms");
	both_ways(t, p, st.sid, a, 1);
}

/* SYN is a packet of its own on a session that was used, with a size of its
 * own while packets are padded. */
static void
syn_alone(struct t *t)
{
	static const char scheme[] =
	    "stop=8\n0=30-30\n1=301-301\n2=202-202\n3=203-203\n4=204-204";
	struct stream_seen st;
	const uint32_t *sizes;
	struct app *a;
	struct peer *p = renew(t, text(scheme), &a);
	size_t before, n;

	st = begin_under(p, a, text(scheme));
	release(t, p, st.sid, a);
	record_sizes(p, &before);
	again_if_at_all(t, p, &st);
	sizes = record_sizes(p, &n);
	if (says_heartbeats(p))
		skip(t, "the client's own heartbeats are packets, too");
	if (n != before + 2)
		fail(t, "SYN in packet 3, the address in packet 4",
		    "%zu records, the first of %u bytes", n - before,
		    (unsigned)sizes[before]);
	if (sizes[before] != 203 || sizes[before + 1] != 204)
		fail(t, "records of 203 and 204 bytes", "%u and %u",
		    (unsigned)sizes[before], (unsigned)sizes[before + 1]);
}

/* Requests in a hurry: the next is made in the moment the last one ends, and
 * takes the same session or a new one. On the same, what there is to say of the
 * last comes before the SYN of the next. */
static void
fin_before_syn(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;
	struct frame f;

	start_client(t);
	a = connect_through(t, &p, &st);
	for (int i = 0; i < 10; i++) {
		app_reset(a);
		a = ask(t, "case.test", 80);
		if (session_comes(t, 60)) {
			p = accept_client(t);
			st = begin_service(p, a);
			continue;
		}
		if (!next_frame(p, &f))
			fail(t, "FIN", "the session was closed");
		if (f.cmd == ATLS_CMD_SYN)
			fail(t, "FIN of a stream before the next SYN",
			    "SYN %u before FIN %u", (unsigned)f.sid,
			    (unsigned)st.sid);
		st = serve_stream(p);
		expect_granted(a);
	}
}

/* What the server still sends for a stream that has ended does not reach the
 * next one. */
static void
late_frames(struct t *t)
{
	struct stream_seen st;
	uint32_t old;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = connect_through(t, &p, &st);
	both_ways(t, p, st.sid, a, 1);
	release(t, p, st.sid, a);
	old = st.sid;
	tell(p, psh(old, text("for nobody")));
	a = again_if_at_all(t, p, &st);
	tell(p, psh(old, text("for nobody")));
	tell(p, synack(old, NO_DATA));
	tell(p, fin(old));
	tell(p, psh(old, text("for nobody")));
	both_ways(t, p, st.sid, a, 2);
}

/* How a session ends. */
enum ending {
	BY_CLOSE_NOTIFY,
	BY_FIN,
	BY_RST,
	BY_ALERT
};
static const enum ending endings[] = { BY_CLOSE_NOTIFY, BY_FIN, BY_RST,
	BY_ALERT };

static void
end_by(struct peer *p, enum ending how)
{
	if (how == BY_CLOSE_NOTIFY)
		tell_close(p);
	else if (how == BY_FIN)
		hang_up(p);
	else if (how == BY_RST)
		reset(p);
	else
		tell(p, alert(text("this session is over")));
}

/* Asks for a connection that comes at once on a session of its own: the old one
 * is over, and not only when nothing is heard there. */
static struct app *
on_new_session(struct t *t, struct peer **p, struct stream_seen *st)
{
	struct app *a = ask(t, "case.test", 80);

	if (!session_comes(t, 500))
		fail(t, "a new session for the next request",
		    "none comes at once");
	*p = accept_client(t);
	*st = begin_service(*p, a);
	return (a);
}

/* The server ends an idle session; a while later the next request just works,
 * on another session. */
static void
dead_idle(struct t *t)
{
	const enum ending *how = t->arg;
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = connect_through(t, &p, &st);
	release(t, p, st.sid, a);
	end_by(p, *how);
	expect_no_session(t, 200);
	a = on_new_session(t, &p, &st);
	both_ways(t, p, st.sid, a, 2);
}

/* It ends while it is in use: it is not idle afterwards. */
static void
dead_busy(struct t *t)
{
	const enum ending *how = t->arg;
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = connect_through(t, &p, &st);
	end_by(p, *how);
	expect_no_session(t, 200);
	app_reset(a);
	expect_no_session(t, 100);
	a = on_new_session(t, &p, &st);
	both_ways(t, p, st.sid, a, 2);
}

/* The newest of two idle sessions is dead: the other one serves. */
static void
dead_newest(struct t *t)
{
	struct many m;

	open_many(t, &m, 2);
	release(t, m.p[0], m.st[0].sid, m.a[0]);
	release(t, m.p[1], m.st[1].sid, m.a[1]);
	tell_close(m.p[1]);
	expect_no_session(t, 200);
	m.a[0] = again_if_at_all(t, m.p[0], &m.st[0]);
	both_ways(t, m.p[0], m.st[0].sid, m.a[0], 3);
}

/* The server ends it in the moment of the next request, which may fail; the
 * one after that works. */
static void
dead_just_now(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = connect_through(t, &p, &st);
	release(t, p, st.sid, a);
	tell_close(p);
	a = ask(t, "case.test", 80);
	if (!session_comes(t, 500)) {
		observe(t, "the request in between fails");
		expect_denied(a);
		a = ask(t, "case.test", 80);
	}
	p = accept_client(t);
	st = begin_service(p, a);
	both_ways(t, p, st.sid, a, 2);
}

/* Servers of the past and of others: two requests with each. */
static void
with_profile(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = ask(t, "case.test", 80);
	p = serve_as(t, t->arg, &st);
	expect_granted(a);
	both_ways(t, p, st.sid, a, 1);
	release(t, p, st.sid, a);
	a = again_if_at_all(t, p, &st);
	both_ways(t, p, st.sid, a, 2);
}

/* Those that answer a FIN. */
static void
with_answer(struct t *t)
{
	struct stream_seen st;
	struct app *a;
	struct peer *p;

	start_client(t);
	a = ask(t, "case.test", 80);
	p = serve_as(t, t->arg, &st);
	expect_granted(a);
	both_ways(t, p, st.sid, a, 1);
	app_reset(a);
	serve_fin(p, st.sid);
	expect_no_session(t, 100);
	a = again_if_at_all(t, p, &st);
	both_ways(t, p, st.sid, a, 2);
}

static const struct tcase cases[] = {
	{ "client/reuse/second-request", "AT-RU-02,AT-RU-04", second_request,
	    NULL, "!v3" },
	{ "client/reuse/after-orderly-end", "AT-RU-04,AT-RU-02",
	    after_orderly_end, NULL, "!v3" },
	{ "client/reuse/after-server-fin", "AT-RU-04,AT-CL-01",
	    after_server_fin, NULL, "!v3" },
	{ "client/reuse/twenty", "AT-RU-02,AT-SY-01", twenty, NULL, "!v3" },
	{ "client/reuse/newest-idle-first", "AT-RU-01,AT-RU-07", newest_first,
	    NULL, "!v3" },
	{ "client/reuse/newest-idle-last", "AT-RU-07,AT-RU-01", newest_last,
	    NULL, "!v3" },
	{ "client/reuse/newest-busy", "AT-RU-01,AT-RU-03", newest_busy, NULL,
	    "!v3" },
	{ "client/reuse/ten-again", "AT-RU-01,AT-RU-04", ten_again, NULL,
	    "!v3" },
	{ "client/reuse/second-connection", "AT-RU-03", second_connection, NULL,
	    NULL },
	{ "client/reuse/syn-alone", "AT-RU-08,AT-PD-12", syn_alone, NULL,
	    NULL },
	{ "client/reuse/fin-before-syn", "AT-CL-08", fin_before_syn, NULL,
	    NULL },
	{ "client/reuse/late-frames", "AT-CL-07,AT-DA-02", late_frames, NULL,
	    NULL },
	{ "client/reuse/idle-closed", "AT-RU-09", dead_idle, &endings[0],
	    NULL },
	{ "client/reuse/idle-fin", "AT-RU-09,AT-CL-10", dead_idle, &endings[1],
	    NULL },
	{ "client/reuse/idle-rst", "AT-RU-09", dead_idle, &endings[2], NULL },
	{ "client/reuse/idle-alert", "AT-AL-01,AT-RU-09", dead_idle,
	    &endings[3], NULL },
	{ "client/reuse/busy-closed", "AT-RU-09", dead_busy, &endings[0],
	    NULL },
	{ "client/reuse/busy-fin", "AT-RU-09,AT-CL-10", dead_busy, &endings[1],
	    NULL },
	{ "client/reuse/busy-rst", "AT-RU-09", dead_busy, &endings[2], NULL },
	{ "client/reuse/busy-alert", "AT-AL-01,AT-RU-04", dead_busy,
	    &endings[3], NULL },
	{ "client/reuse/dead-newest", "AT-RU-09,AT-RU-01", dead_newest, NULL,
	    NULL },
	{ "client/reuse/dead-just-now", "AT-RU-09", dead_just_now, NULL, NULL },
	{ "client/reuse/with-v1-server", "AT-RU-02,AT-ST-12", with_profile,
	    "v1-server", NULL },
	{ "client/reuse/with-fin-replying", "AT-CL-02,AT-RU-02", with_answer,
	    "fin-replying", NULL },
	{ "client/reuse/with-half-close", "AT-CL-06,AT-RU-02", with_answer,
	    "half-close", NULL },
	{ "client/reuse/with-padding-down", "AT-WA-03,AT-RU-02", with_profile,
	    "padding-down", NULL },
	{ "client/reuse/with-double-update", "AT-PD-04,AT-RU-02", with_profile,
	    "double-update", NULL },
	{ "client/reuse/with-early-synack", "AT-SY-05,AT-RU-02", with_profile,
	    "early-synack", NULL },
	{ "client/reuse/with-late-synack", "AT-SY-10,AT-RU-02", with_profile,
	    "late-synack", "v2,!v3" },
	{ "client/reuse/with-never-fin", "AT-RU-04,AT-CL-02", with_profile,
	    "never-fin", "!v3" },
	{ "client/reuse/with-v3-server", "AT-ST-24,AT-V3-06", with_profile,
	    "v3-single-stream", NULL },
	{ "client/reuse/with-future-version", "AT-ST-24,AT-RU-02", with_profile,
	    "future-version", NULL },
};

extern const struct suite suite_cli_reuse;
const struct suite suite_cli_reuse = SUITE("client: reuse", cases);
