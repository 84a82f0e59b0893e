/* The single-stream dialect that calls itself version 3. */
#include "conformance/anytls/case.h"

/* The lines of ServerSettings have V as a whole line. */
static bool
has_line(struct data d, const char *v)
{
	size_t n = strlen(v), at = 0;

	while (at + n <= d.len) {
		const uint8_t *end;

		if (memcmp(d.p + at, v, n) == 0 &&
		    (at + n == d.len || d.p[at + n] == '\n'))
			return (true);
		end = memchr(d.p + at, '\n', d.len - at);
		if (end == NULL)
			return (false);
		at = (size_t)(end - d.p) + 1;
	}
	return (false);
}

struct said {
	const char *v;
	const char *line;
};

static const struct said two = { "2", "v=2" };
static const struct said three = { "3", "v=3" };
static const struct said seven = { "7", "v=7" };

/* The version the client says comes back in cmdServerSettings. */
static void
echoes_version(struct t *t)
{
	const struct said *x = t->arg;
	struct peer *p = dial_auth(t);
	struct frame f;

	tell(p, settings(settings_text(t, x->v, NULL)));
	while (next_frame(p, &f))
		if (f.cmd == ATLS_CMD_SERVER_SETTINGS)
			break;
	if (f.cmd != ATLS_CMD_SERVER_SETTINGS)
		fail(t, "cmdServerSettings", "the session closed");
	if (!has_line(f.data, x->line))
		fail(t, x->line, "%.*s",
		    (int)(f.data.len < 80 ? f.data.len : 80),
		    (const char *)f.data.p);
}

static const char v_1[] = "1", v_0[] = "0", v_text[] = "abc", v_none[] = "";

/* A version below 2, or none that can be read, may be refused, but not without
 * a reason; or it is served as version 1, without SYNACK. */
static void
low_version(struct t *t)
{
	struct peer *p = dial_auth(t);
	struct frame f;

	tell(p, settings(settings_text(t, t->arg, NULL)));
	tell_may_fail(p, encode(t, syn(1)));
	tell_may_fail(p, encode(t, psh(1, dest_echo(t))));
	tell_may_fail(p, encode(t, psh(1, text("hello"))));
	while (next_frame(p, &f)) {
		if (f.cmd == ATLS_CMD_ALERT && f.data.len != 0) {
			observe(t, "refused");
			expect_close_after_anything(p, ATLS_CMD_PSH);
			return;
		}
		if (f.cmd == ATLS_CMD_PSH) {
			observe(t, "served");
			return;
		}
	}
	fail(t, "service, or an Alert with a text",
	    "the session closed without");
}

/* Its one stream works, for a client of version 3, */
static void
one_stream(struct t *t)
{
	struct peer *p = dial_ready(t, V3);

	open_echo(p, 1);
	echo(p, 1, pattern(t, 3000, 1));
}

/* and with SYNACK for one of version 2 too. */
static void
one_stream_v2(struct t *t)
{
	struct peer *p = dial_ready(t, V2);

	tell_open(p, 1, dest_echo(t));
	expect(p, synack(1, NO_DATA));
	echo(p, 1, pattern(t, 3000, 1));
}

/* A second stream is not served: it is refused, or the session ends. */
static void
second_stream(struct t *t)
{
	struct peer *p = dial_ready(t, V3);
	struct origin *o = listen_origin(t);
	const struct frame ack = synack(2, NO_DATA);

	open_echo(p, 1);
	tell_open(p, 2, dest(t, o));

	alive_or_closed(p, &ack);
	origin_expect_none(o, 100);
}

/* Nor is one after the first: there is one stream per session. */
static void
next_stream(struct t *t)
{
	struct peer *p = dial_ready(t, V3);
	struct origin *o = listen_origin(t);
	const struct frame ack = synack(2, NO_DATA);

	open_echo(p, 1);
	tell(p, fin(1));
	tell_may_fail(
	    p, join(t, encode(t, syn(2)), encode(t, psh(2, dest(t, o)))));

	alive_or_closed(p, &ack);
	origin_expect_none(o, 100);
}

/* Nor one under another id than 1. */
static void
other_id(struct t *t)
{
	struct peer *p = dial_ready(t, V3);
	struct origin *o = listen_origin(t);
	const struct frame ack = synack(2, NO_DATA);

	tell_open(p, 2, dest(t, o));

	alive_or_closed(p, &ack);
	origin_expect_none(o, 100);
}

/* Parallel sessions take the place of parallel streams. */
static void
parallel_sessions(struct t *t)
{
	struct peer *p[5];

	for (uint32_t i = 0; i < 5; i++) {
		p[i] = dial_ready(t, V3);
		open_echo(p[i], 1);
	}
	for (uint32_t i = 0; i < 5; i++)
		echo(p[i], 1, pattern(t, 1000, i));
}

/* Heartbeats are a feature of version 2 and above. */
static void
heartbeat(struct t *t)
{
	struct peer *p = dial_ready(t, V3);

	tell(p, heart_request(0));
	expect(p, heart_response(0));
}

static const struct tcase cases[] = {
	{ "server/v3/echoes-3", "AT-V3-01", echoes_version, &three, "v3" },
	{ "server/v3/echoes-2", "AT-V3-01,AT-V3-04", echoes_version, &two,
	    "v3" },
	{ "server/v3/echoes-7", "AT-V3-01", echoes_version, &seven, "v3" },
	{ "server/v3/version-1", "AT-AL-03,AT-V3-02", low_version, v_1,
	    "v3,origin" },
	{ "server/v3/version-0", "AT-AL-03,AT-V3-02", low_version, v_0,
	    "v3,origin" },
	{ "server/v3/version-text", "AT-AL-03,AT-V3-02", low_version, v_text,
	    "v3,origin" },
	{ "server/v3/version-empty", "AT-AL-03,AT-V3-02", low_version, v_none,
	    "v3,origin" },
	{ "server/v3/one-stream", "AT-V3-03,AT-DA-01", one_stream, NULL,
	    "v3,origin" },
	{ "server/v3/one-stream-v2", "AT-V3-05,AT-V3-04", one_stream_v2, NULL,
	    "v3,origin" },
	{ "server/v3/second-stream", "AT-V3-03", second_stream, NULL,
	    "v3,origin" },
	{ "server/v3/next-stream", "AT-V3-03", next_stream, NULL, "v3,origin" },
	{ "server/v3/other-id", "AT-V3-03", other_id, NULL, "v3,origin" },
	{ "server/v3/parallel-sessions", "AT-RU-13,AT-V3-03", parallel_sessions,
	    NULL, "v3,origin" },
	{ "server/v3/heartbeat", "AT-V3-05,AT-HB-01", heartbeat, NULL, "v3" },
};

extern const struct suite suite_srv_v3;
const struct suite suite_srv_v3 = SUITE("server: version 3", cases);
