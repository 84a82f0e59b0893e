/* Heartbeats of a server as a client answers them, and the client's own. */
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

static const uint32_t id_0 = 0, id_5 = 5, id_max = 0xffffffff;

static void
answered(struct t *t)
{
	const uint32_t *id = t->arg;
	struct stream_seen st;
	struct peer *p;

	start_client(t);
	connect_through(t, &p, &st);
	tell(p, heart_request(*id));
	expect_response(p, *id);
}

/* The id may be that of an open stream, which means nothing to the stream. */
static void
id_of_stream(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, heart_request(st.sid));
	expect_response(p, st.sid);
	works(p, st.sid, a);
}

/* An idle session is the one that needs to be kept alive. */
static void
idle(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	release(t, p, st.sid, a);
	for (uint32_t i = 0; i < 3; i++) {
		tell(p, heart_request(0));
		expect_response(p, 0);
	}
}

/* No settings have been told. */
static void
before_settings(struct t *t)
{
	struct peer *p;

	start_client(t);
	ask(t, "case.test", 80);
	p = accept_client(t);
	expect_auth(p);
	expect_settings(p);
	expect_stream(p);
	tell(p, heart_request(0));
	expect_response(p, 0);
}

/* The request is there before the client has said a word; what it says first is
 * said first all the same. */
static void
before_all(struct t *t)
{
	struct peer *p;
	struct frame f;

	start_client(t);
	ask(t, "case.test", 80);
	p = accept_client(t);
	tell(p, heart_request(0));
	expect_auth(p);
	do {
		if (!next_frame(p, &f))
			fail(t, "HeartResponse", "the session was closed");
	} while (f.cmd != ATLS_CMD_HEART_RESPONSE);
}

/* A server of version 1 does not send any, but to answer costs nothing. */
static void
version_1(struct t *t)
{
	struct stream_seen st;
	struct peer *p;

	start_client(t);
	ask(t, "case.test", 80);
	p = serve(t, SERVER_V1, &st);
	tell(p, heart_request(0));
	expect_response(p, 0);
}

/* The response has no data. */
static void
response_empty(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct frame f;

	start_client(t);
	connect_through(t, &p, &st);
	tell(p, heart_request(0));
	tell_close(p);
	do {
		if (!next_frame(p, &f))
			skip(t, "the client answers no heartbeats");
	} while (f.cmd != ATLS_CMD_HEART_RESPONSE);
	if (f.data.len != 0)
		fail(t, "HeartResponse without data", "%zu bytes", f.data.len);
}

/* One response for each of ten, with data of the stream between them. */
static void
among_data(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	for (uint32_t i = 0; i < 10; i++) {
		cork(p);
		tell(p, psh(st.sid, pattern(t, 500, i)));
		tell(p, heart_request(0));
		uncork(p);
		app_expect(a, pattern(t, 500, i));
		expect_response(p, 0);
	}
	works(p, st.sid, a);
}

#define FLOOD 3000

/* Three thousand in a row: as many responses, or the end of the session. */
static void
flood(struct t *t)
{
	struct stream_seen st;
	unsigned came = 0;
	struct peer *p;
	struct frame f;

	start_client(t);
	connect_through(t, &p, &st);
	tell_bulk(p, repeat(t, encode(t, heart_request(0)), FLOOD));
	while (came < FLOOD && next_frame(p, &f))
		if (f.cmd == ATLS_CMD_HEART_RESPONSE)
			came++;
	observe(t, "%u requests: %u responses", FLOOD, came);
}

static const uint32_t stray[] = { 0, 5 };

/* Responses that nobody asked for. */
static void
unsolicited(struct t *t)
{
	const uint32_t *id = t->arg;
	struct stream_seen st;
	struct peer *p;
	struct app *a;

	start_client(t);
	a = connect_through(t, &p, &st);
	tell(p, heart_response(*id));
	tell(p, heart_response(*id));
	works(p, st.sid, a);
}

/* The application reads nothing of 6 MB: heartbeats are answered meanwhile.
 * There is no flow control; a client keeps, waits, or gives the stream up. */
static void
stalled(struct t *t)
{
	struct stream_seen st;
	struct peer *p;
	struct data d;

	start_client(t);
	connect_through(t, &p, &st);
	d = encode(t, psh(st.sid, pattern(t, 65000, 1)));
	tell_may_fail(p, repeat(t, d, 100));
	tell(p, heart_request(0));
	expect_within(p, heart_response(0), 2000);
}

/* The times between beats: how far apart, and how far from even. */
static void
observe_beats(struct t *t, const struct beat *b, size_t n)
{
	uint32_t least = UINT32_MAX, most = 0, gap;
	double mean;
	size_t i;

	if (n == 0) {
		observe(t, "sends no heartbeat requests in 65 s");
		return;
	}
	observe(t,
	    "%zu heartbeat requests in 65 s, the first %.1f s after data", n,
	    (double)b[0].after_ms / 1000);
	if (n < 3)
		return;
	for (i = 1; i < n; i++) {
		gap = b[i].after_ms - b[i - 1].after_ms;
		least = gap < least ? gap : least;
		most = gap > most ? gap : most;
	}
	mean = (double)(b[n - 1].after_ms - b[0].after_ms) / (double)(n - 1);
	observe(t, "every %.2f s, from %.2f s to %.2f s: a jitter of %.0f %%",
	    mean / 1000, least / 1000.0, most / 1000.0,
	    100 * (double)(most - least) / (mean > 0 ? mean : 1));
}

#define BEATS 1000

/* What the client sends of its own on a quiet session in 65 s. Each is
 * answered, and the session stays. */
static void
own(struct t *t)
{
	struct beat *beats = t_alloc(t, BEATS * sizeof(*beats));
	struct stream_seen st;
	struct peer *p;
	struct app *a;
	size_t n;

	start_client(t);
	a = connect_through(t, &p, &st);
	works(p, st.sid, a);
	n = take_beats(p, 65000, beats, BEATS);
	observe_beats(t, beats, n);
	works(p, st.sid, a);
}

/* Servers exist that end the session when a heartbeat has an id, so who wants
 * to be served by all sends them with none. */
static void
own_ids(struct t *t)
{
	struct beat *beats = t_alloc(t, BEATS * sizeof(*beats));
	struct stream_seen st;
	struct peer *p;
	struct app *a;
	size_t n, i;

	start_client(t);
	a = connect_through(t, &p, &st);
	works(p, st.sid, a);
	n = take_beats(p, 65000, beats, BEATS);
	if (n == 0)
		skip(t, "the client sends no heartbeats in 65 s");
	for (i = 0; i < n; i++)
		if (beats[i].sid != 0)
			fail(t, "its heartbeat requests have stream id 0",
			    "request %zu has %u", i + 1, beats[i].sid);
	observe(t, "%zu heartbeat requests, all with id 0", n);
}

static const struct tcase cases[] = {
	{ "client/heart/answered", "AT-HB-01", answered, &id_0, NULL },
	{ "client/heart/id-5", "AT-HB-05,AT-HB-01", answered, &id_5, NULL },
	{ "client/heart/id-max", "AT-HB-05,AT-HB-01", answered, &id_max, NULL },
	{ "client/heart/id-of-stream", "AT-HB-05,AT-HB-01", id_of_stream, NULL,
	    NULL },
	{ "client/heart/idle", "AT-HB-01", idle, NULL, "!v3" },
	{ "client/heart/before-settings", "AT-HB-02", before_settings, NULL,
	    NULL },
	{ "client/heart/before-all", "AT-HB-02", before_all, NULL, NULL },
	{ "client/heart/version-1-server", "AT-HB-02", version_1, NULL, NULL },
	{ "client/heart/response-empty", "AT-FR-03", response_empty, NULL,
	    NULL },
	{ "client/heart/among-data", "AT-HB-01", among_data, NULL, NULL },
	{ "client/heart/flood", "AT-HB-06", flood, NULL, NULL },
	{ "client/heart/unsolicited", "AT-HB-03", unsolicited, &stray[0],
	    NULL },
	{ "client/heart/unsolicited-id-5", "AT-HB-03", unsolicited, &stray[1],
	    NULL },
	{ "client/heart/stalled-application", "AT-DA-03,AT-HB-01", stalled,
	    NULL, NULL },
	{ "client/heart/own", "AT-HB-01", own, NULL, "slow",
	    .budget_ms = 80000 },
	{ "client/heart/own-ids", "AT-HB-07", own_ids, NULL, "slow",
	    .budget_ms = 80000 },
};

extern const struct suite suite_cli_heart;
const struct suite suite_cli_heart = SUITE("client: heartbeats", cases);
