/* Heartbeats: every request is answered, and answers ask for nothing. */
#include "conformance/anytls/case.h"

static void
answered(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	tell(p, heart_request(0));
	expect(p, frame(ATLS_CMD_HEART_RESPONSE, 0, ANY_DATA));
	tell(p, heart_request(0));
	expect(p, frame(ATLS_CMD_HEART_RESPONSE, 0, ANY_DATA));
}

/* No data is defined for the response, if there is one. */
static void
response_empty(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct frame f = frame(ATLS_CMD_HEART_RESPONSE, 0, ANY_TEXT);

	f.any_sid = true;
	tell(p, heart_request(0));
	tell(p, heart_request(0));
	expect_none(p, f);
}

static const uint32_t id_five = 5, id_max = 0xffffffff;

/* A request may carry any stream id, whether such a stream exists or not. */
static void
any_id(struct t *t)
{
	const uint32_t *sid = t->arg;
	struct peer *p = dial_ready(t, V2);

	tell(p, heart_request(*sid));
	expect_response(p, *sid);
}

/* Also that of a stream, which it does not touch. */
static void
id_of_a_stream(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	open_echo(p, 1);
	tell(p, heart_request(1));
	expect_response(p, 1);
	echo(p, 1, text("hello"));
}

static void
before_settings(struct t *t)
{
	struct peer *p = dial_auth(t);

	tell(p, heart_request(0));
	expect_response(p, 0);
}

/* The session's settings count all the same when they come after it. */
static void
settings_after(struct t *t)
{
	struct peer *p = dial_auth(t);

	tell(p, heart_request(0));
	tell(p, settings(settings_text(t, "2", NULL)));
	tell_open(p, 1, dest_echo(t));

	echo_again(p, 1, text("hello"));
}

static void
v1_client(struct t *t)
{
	struct peer *p = dial_ready(t, V1);

	tell(p, heart_request(0));
	expect_response(p, 0);
}

/* Responses to nothing are ignored. */
static void
unasked_response(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	open_echo(p, 1);
	tell(p, heart_response(0));
	tell(p, heart_response(1));

	expect_quiet(p);
	echo(p, 1, text("hello"));
}

/* One request, one response. */
static void
one_each(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct frame more = frame(ATLS_CMD_HEART_RESPONSE, 0, ANY_DATA);

	more.any_sid = true;
	tell(p, heart_request(0));
	expect_response(p, 0);

	expect_none(p, more);
}

/* A hundred requests in one record are a hundred requests. */
static void
many_in_a_record(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	cork(p);
	for (unsigned i = 0; i < 100; i++)
		tell(p, heart_request(0));
	uncork(p);

	for (unsigned i = 0; i < 100; i++)
		expect_response(p, 0);
}

/* Requests between the frames of a stream do not disturb its data. */
static void
among_data(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct data d = pattern(t, 3000, 1);
	struct app *a = open_to(p, 1, o);

	cork(p);
	for (size_t at = 0; at < d.len; at += 300) {
		tell(p, psh(1, part(d, at, 300)));
		tell(p, heart_request(0));
	}
	uncork(p);

	for (unsigned i = 0; i < 10; i++)
		expect_response(p, 0);
	app_expect(a, d);
}

/* Ten thousand requests are all answered, or the session ends; either way the
 * server goes on serving others. */
static void
flood(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct frame f;
	unsigned n = 0;

	tell_bulk(p, repeat(t, encode(t, heart_request(0)), 10000));
	while (n < 10000 && next_frame(p, &f)) {
		if (f.cmd != ATLS_CMD_HEART_RESPONSE)
			fail(t, "HeartResponses only", "command %u", f.cmd);
		n++;
	}
	observe(t, "%u of 10000 answered", n);
	p = dial_ready(t, V2);
	barrier(p);
}

/* The peer of a stream that nobody reads is still known to be there. */
static void
stalled_stream(struct t *t)
{
	struct peer *p = dial_ready(t, V2);
	struct origin *o = listen_origin(t);
	struct data d = encode(t, psh(1, pattern(t, 65000, 1)));

	open_to(p, 1, o);
	for (unsigned i = 0; i < STALLING_FRAMES; i++)
		tell_bulk(p, d);

	barrier(p);
}

/* A request cut inside its header is a request. */
static void
cut(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	tell_pieces(p, encode(t, heart_request(0)), 1);
	expect_response(p, 0);
}

static const struct tcase cases[] = {
	{ "server/heart/answered", "AT-HB-01", answered, NULL, "v2" },
	{ "server/heart/response-empty", "AT-FR-03,AT-HB-01", response_empty,
	    NULL, "v2" },
	{ "server/heart/id-five", "AT-HB-05,AT-HB-01", any_id, &id_five, "v2" },
	{ "server/heart/id-largest", "AT-HB-05,AT-HB-01", any_id, &id_max,
	    "v2" },
	{ "server/heart/id-of-a-stream", "AT-HB-05,AT-HB-01", id_of_a_stream,
	    NULL, "v2,origin" },
	{ "server/heart/before-settings", "AT-HB-02,AT-ST-07", before_settings,
	    NULL, "v2" },
	{ "server/heart/settings-after", "AT-ST-07", settings_after, NULL,
	    "origin" },
	{ "server/heart/v1-client", "AT-HB-02", v1_client, NULL, "v2,!v3" },
	{ "server/heart/unasked-response", "AT-HB-03", unasked_response, NULL,
	    "v2,origin" },
	{ "server/heart/one-each", "AT-HB-01", one_each, NULL, "v2" },
	{ "server/heart/many-in-a-record", "AT-HB-01,AT-FR-02",
	    many_in_a_record, NULL, "v2" },
	{ "server/heart/among-data", "AT-HB-01,AT-DA-01", among_data, NULL,
	    "v2,origin" },
	{ "server/heart/flood", "AT-HB-06", flood, NULL, "v2" },
	{ "server/heart/stalled-stream", "AT-DA-03,AT-HB-06", stalled_stream,
	    NULL, "v2,origin", LONG_WAIT_MS },
	{ "server/heart/cut-over-records", "AT-FR-02,AT-HB-01", cut, NULL,
	    "v2,heartbeat" },
};

extern const struct suite suite_srv_heart;
const struct suite suite_srv_heart = SUITE("server: heartbeats", cases);
