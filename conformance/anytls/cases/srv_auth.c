/* The authentication request: forms that are right, cut, wrong or no request
 * at all. */
#include "conformance/anytls/case.h"

/* Settings as an honest client sends them, as bytes. */
static struct data
settings_bytes(struct t *t)
{
	return (encode(t, settings(settings_text(t, "2", NULL))));
}

/* What would make a server talk that lets us in: settings, a stream, and a
 * heartbeat request. */
static struct data
talkative(struct t *t)
{
	struct data d = settings_bytes(t);

	d = join(t, d, encode(t, syn(1)));
	d = join(t, d, encode(t, psh(1, dest_echo(t))));
	d = join(t, d, encode(t, psh(1, text("let in?"))));
	return (join(t, d, encode(t, heart_request(0))));
}

static struct data
right_auth(struct t *t)
{
	return (auth_bytes(t, t->target.password, 30, 0));
}

/* The client may start its frames right behind the request, in the next
 * record, without waiting for anything. */
static void
one_record(struct t *t)
{
	struct peer *p = dial(t);

	tell_auth(p, t->target.password, 30);
	tell_raw(p, settings_bytes(t));
	expect_service(t, p, 1);
}

struct padding {
	uint16_t len;
	uint8_t fill;
};

/* padding0 is read completely, whatever its length and content: the frames
 * behind it are understood. */
static void
padding_read(struct t *t)
{
	const struct padding *row = t->arg;
	struct peer *p = dial(t);

	tell_raw(p, auth_bytes(t, t->target.password, row->len, row->fill));
	tell(p, settings(settings_text(t, "2", NULL)));
	expect_service(t, p, 1);
}

/* A request too long for one record may be refused, as it is where one read
 * must give all of it. But it ends one way or the other, and padding0 is never
 * taken for frames: filled with 8, it reads as heartbeat requests. */
static void
padding_in_records(struct t *t)
{
	const struct padding *row = t->arg;
	struct frame forbidden = heart_response(0x08080808);
	struct data d = auth_bytes(t, t->target.password, row->len, row->fill);
	struct peer *p = dial(t);

	for (size_t at = 0, n; at < d.len; at += n) {
		n = d.len - at < 16384 ? d.len - at : 16384;
		tell_may_fail(p, part(d, at, n));
	}
	tell_may_fail(p, settings_bytes(t));
	alive_or_closed(p, &forbidden);
}

/* One record is one record, in however many TCP segments it arrives: there are
 * so many that no server finds all of them waiting. */
static void
segments(struct t *t)
{
	const size_t *n = t->arg;
	struct peer *p = dial(t);

	tell_segments(p, auth_bytes(t, t->target.password, 1000, 0), *n);
	tell_raw(p, settings_bytes(t));
	expect_service(t, p, 1);
}

/* The request cut into two records. Servers that take the first data packet
 * for the request refuse it, others read on: both are right, to hang is not. */
static void
two_records(struct t *t)
{
	const size_t *at = t->arg;
	struct frame forbidden = synack(1, ANY_DATA);
	struct peer *p = dial(t);

	tell_split(p, right_auth(t), *at, 0);
	tell_may_fail(p, settings_bytes(t));
	alive_or_closed(p, &forbidden);
}

/* What follows padding0 in its record is the start of the frames: first the
 * settings alone, then the whole first flight of a client that writes once. */
static void
settings_in_record(struct t *t)
{
	struct peer *p = dial(t);

	tell_raw(p, join(t, right_auth(t), settings_bytes(t)));
	expect_service(t, p, 1);
}

static void
flight_in_record(struct t *t)
{
	struct data d = join(t, right_auth(t), settings_bytes(t));
	struct peer *p = dial(t);

	d = join(t, d, encode(t, syn(1)));
	d = join(t, d, encode(t, psh(1, dest_echo(t))));
	tell_raw(p, join(t, d, encode(t, psh(1, text("one record")))));
	expect_data_of(p, 1, text("one record"));
}

/* Half a frame header behind padding0, the rest in the next record. */
static void
half_frame_in_record(struct t *t)
{
	struct data d = settings_bytes(t);
	struct peer *p = dial(t);

	tell_raw(p, join(t, right_auth(t), part(d, 0, 3)));
	tell_raw(p, part(d, 3, d.len - 3));
	expect_service(t, p, 1);
}

/* The connection ends inside the request: as good as a wrong one. The server
 * closes, or lets something else answer, but does not talk AnyTLS. */
static void
truncated(struct t *t)
{
	const size_t *n = t->arg;
	struct peer *p = dial(t);

	if (*n != 0)
		tell_raw(p, part(right_auth(t), 0, *n));
	tell_close(p);
	expect_refused(p);
}

/* The hash differs in one byte, first or last: every byte of it counts. */
static void
wrong_byte(struct t *t)
{
	const size_t *at = t->arg;
	struct data d = right_auth(t);
	uint8_t changed = d.p[*at] ^ 0x01;
	struct data wrong = join(t, part(d, 0, *at), bytes(&changed, 1));
	struct peer *p = dial(t);

	wrong = join(t, wrong, part(d, *at + 1, d.len - *at - 1));
	tell_raw(p, join(t, wrong, talkative(t)));
	expect_refused(p);
}

static void
other_password(struct t *t)
{
	const char *wrong =
	    t_printf(t, "%s%s", t->target.password, (const char *)t->arg);
	struct peer *p = dial(t);

	tell_auth(p, wrong, 30);
	tell_may_fail(p, talkative(t));
	expect_refused(p);
}

/* No second try on the same connection: the right request after a wrong one
 * opens nothing. */
static void
wrong_then_right(struct t *t)
{
	struct peer *p = dial(t);

	tell_auth(p, t_printf(t, "%s?", t->target.password), 30);
	tell_may_fail(p, right_auth(t));
	tell_may_fail(p, talkative(t));
	expect_refused(p);
}

/* Somebody else's protocol instead of the request. */
static void
web_request(struct t *t)
{
	struct peer *p = dial(t);

	tell_raw(p,
	    text("GET / HTTP/1.1\r\nHost: localhost\r\n"
		 "Connection: close\r\n\r\n"));
	expect_refused(p);
}

static void
zero_bytes(struct t *t)
{
	struct peer *p = dial(t);

	tell_raw(p, join(t, zeros(t, 64), talkative(t)));
	expect_refused(p);
}

static void
random_bytes(struct t *t)
{
	struct peer *p = dial(t);

	tell_raw(p, join(t, pattern(t, 1000, 77), talkative(t)));
	expect_refused(p);
}

/* Frames without any request before them. */
static void
frames_first(struct t *t)
{
	struct peer *p = dial(t);

	tell_raw(p, talkative(t));
	expect_refused(p);
}

/* A second request where frames belong is nonsense with a frame header of any
 * length. The session may wait for the rest of it, but ends with the
 * connection, and the server lives on (looked at after the case). */
static void
twice(struct t *t)
{
	struct peer *p = dial_auth(t);

	tell_raw(p, right_auth(t));
	tell_may_fail(p, settings_bytes(t));
	tell_close(p);
	expect_close_after_anything(p, -1);
}

/* Nothing, or half a request, and then silence: dropped after a finite time,
 * or every such connection stays for ever. A minute is generous. */
static void
silence(struct t *t)
{
	const size_t *n = t->arg;
	struct peer *p = dial(t);

	if (*n != 0)
		tell_raw(p, part(right_auth(t), 0, *n));
	expect_close_within(p, 60000);
}

static const size_t no_bytes = 0, first_of_hash = 0, one_byte = 1,
		    five_bytes = 5, sixteen = 16, last_of_hash = 31,
		    hash_only = 32, half_length = 33, no_padding = 34,
		    half_padding = 49;

static const struct padding len_0 = { 0, 0 }, len_1 = { 1, 0 },
			    len_30 = { 30, 0 }, len_1152 = { 1152, 0 },
			    len_1153 = { 1153, 0 }, len_16350 = { 16350, 0 },
			    fill_ff = { 30, 0xff }, fill_8 = { 700, 8 },
			    len_16351 = { 16351, 8 }, len_65535 = { 65535, 8 };

static const struct tcase cases[] = {
	{ "server/auth/one-record", "AT-AU-07", one_record, NULL, "origin" },
	{ "server/auth/padding-empty", "AT-AU-04", padding_read, &len_0,
	    "origin" },
	{ "server/auth/padding-1", "AT-AU-04", padding_read, &len_1, "origin" },
	{ "server/auth/padding-30", "AT-AU-04", padding_read, &len_30,
	    "origin" },
	{ "server/auth/padding-1152", "AT-AU-04", padding_read, &len_1152,
	    "origin" },
	{ "server/auth/padding-1153", "AT-AU-04", padding_read, &len_1153,
	    "origin" },
	{ "server/auth/padding-fills-record", "AT-AU-04,AT-AU-11", padding_read,
	    &len_16350, "origin" },
	{ "server/auth/padding-of-ones", "AT-AU-04,AT-AU-03", padding_read,
	    &fill_ff, "origin" },
	{ "server/auth/padding-like-frames", "AT-AU-04,AT-AU-03", padding_read,
	    &fill_8, "origin" },
	{ "server/auth/padding-over-record", "AT-AU-11", padding_in_records,
	    &len_16351, NULL },
	{ "server/auth/padding-65535", "AT-AU-11", padding_in_records,
	    &len_65535, NULL },
	{ "server/auth/tcp-single-bytes", "AT-AU-10", segments, &one_byte,
	    "origin" },
	{ "server/auth/tcp-segments-of-16", "AT-AU-10", segments, &sixteen,
	    "origin" },
	{ "server/auth/cut-in-hash", "AT-AU-15,AT-AU-07", two_records, &sixteen,
	    NULL },
	{ "server/auth/cut-after-hash", "AT-AU-15,AT-AU-07", two_records,
	    &hash_only, NULL },
	{ "server/auth/cut-in-length", "AT-AU-15,AT-AU-07", two_records,
	    &half_length, NULL },
	{ "server/auth/cut-before-padding", "AT-AU-15,AT-AU-07", two_records,
	    &no_padding, NULL },
	{ "server/auth/cut-in-padding", "AT-AU-15,AT-AU-07", two_records,
	    &half_padding, NULL },
	{ "server/auth/settings-in-same-record", "AT-AU-09", settings_in_record,
	    NULL, "origin" },
	{ "server/auth/first-flight-in-same-record", "AT-AU-09",
	    flight_in_record, NULL, "origin" },
	{ "server/auth/half-frame-in-same-record", "AT-AU-09,AT-FR-02",
	    half_frame_in_record, NULL, "origin" },
	{ "server/auth/ends-before-request", "AT-AU-06", truncated, &no_bytes,
	    NULL },
	{ "server/auth/ends-in-hash", "AT-AU-06", truncated, &five_bytes,
	    NULL },
	{ "server/auth/ends-after-hash", "AT-AU-06", truncated, &hash_only,
	    NULL },
	{ "server/auth/ends-in-length", "AT-AU-06", truncated, &half_length,
	    NULL },
	{ "server/auth/ends-before-padding", "AT-AU-06", truncated, &no_padding,
	    NULL },
	{ "server/auth/ends-in-padding", "AT-AU-06", truncated, &half_padding,
	    NULL },
	{ "server/auth/wrong-first-byte", "AT-AU-05", wrong_byte,
	    &first_of_hash, NULL },
	{ "server/auth/wrong-last-byte", "AT-AU-05", wrong_byte, &last_of_hash,
	    NULL },
	{ "server/auth/wrong-password", "AT-AU-05", other_password, "!", NULL },
	{ "server/auth/password-with-newline", "AT-AU-05,AT-AU-01",
	    other_password, "\n", NULL },
	{ "server/auth/wrong-then-right", "AT-AU-05", wrong_then_right, NULL,
	    NULL },
	{ "server/auth/web-request", "AT-AU-05", web_request, NULL, NULL },
	{ "server/auth/zero-bytes", "AT-AU-05", zero_bytes, NULL, NULL },
	{ "server/auth/random-bytes", "AT-AU-05", random_bytes, NULL, NULL },
	{ "server/auth/frames-without-request", "AT-AU-05", frames_first, NULL,
	    NULL },
	{ "server/auth/request-twice", "AT-AU-16", twice, NULL, NULL },
	{ "server/auth/silence", "AT-AU-12", silence, &no_bytes, "slow",
	    90000 },
	{ "server/auth/silence-in-request", "AT-AU-12", silence, &five_bytes,
	    "slow", 90000 },
};

extern const struct suite suite_srv_auth;
const struct suite suite_srv_auth = SUITE("server: authentication", cases);
