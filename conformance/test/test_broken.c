/* The broken peers' own language: what each rule does to frames, without
 * sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conformance/anytls/broken/filter.h"
#include "conformance/anytls/broken/rules.h"
#include "ref/wire/command.h"
#include "ref/wire/frame.h"

#define SAID 4096

/* One connection with rules, and what came of it as text. */
struct rig {
	struct rules rules;
	struct filter *filter;
	bool allmarked;
	uint64_t now_ms;
	uint8_t hash[ATLS_AUTH_HASH], newline_hash[ATLS_AUTH_HASH];
	char said[SAID];
};

static void add(struct rig *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(struct rig *r, const char *fmt, ...)
{
	size_t n = strlen(r->said);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->said + n, SAID - n, fmt, ap);
	va_end(ap);
}

/* Frames as "SYN1 PSH1:text", what is no frame as "?text". */
static void
add_bytes(struct rig *r, struct atls_bytes b, bool frames)
{
	struct atls_splitter sp = { 0 };
	struct atls_part part;

	if (!frames) {
		add(r, "?");
		for (size_t i = 0; i < b.len; i++) {
			if (b.p[i] >= ' ')
				add(r, "%c", b.p[i]);
		}
		return;
	}
	for (const char *gap = ""; atls_splitter_next(&sp, &b, &part);
	     gap = " ") {
		const struct atls_command_info *info =
		    atls_command_info(part.frame.cmd);

		add(r, "%s%s%u", gap, info == NULL ? "?" : info->tag,
		    (unsigned)part.frame.sid);
		if (part.frame.len != 0)
			add(r, ":%.*s", (int)part.data.len,
			    (const char *)part.data.p);
		if (!part.last)
			add(r, "...");
	}
	if (!atls_splitter_idle(&sp))
		add(r, "~");
}

/* What is due: "u[...]" to the server, "d[...]" to the client, deeds. */
static const char *
take(struct rig *r, bool frames)
{
	static const char *const deeds[] = { "", "eof", "close", "reset",
		"leave", "hang", "refuse", "freeze", "crash" };
	struct filter_out out;

	r->said[0] = '\0';
	while (filter_next(r->filter, r->now_ms, &out)) {
		add(r, "%s", r->said[0] == '\0' ? "" : " ");
		if (out.deed == DEED_WRITE) {
			add(r, "%s[", out.to == SIDE_UP ? "u" : "d");
			add_bytes(r, out.data, frames);
			add(r, "]");
		} else {
			add(r, "%s%s",
			    out.deed != DEED_EOF    ? ""
				: out.to == SIDE_UP ? "u-"
						    : "d-",
			    deeds[out.deed]);
		}
	}
	return (r->said);
}

/* Makes "h+" of a hash of 32 equal letters and the length behind it. */
static void
shorten(char *said)
{
	char *at = strchr(said, '?');

	if (at == NULL || strlen(at) <= ATLS_AUTH_HASH ||
	    at[1] != at[ATLS_AUTH_HASH])
		return;
	at[2] = '+';
	memmove(at + 3, at + 1 + ATLS_AUTH_HASH,
	    strlen(at + 1 + ATLS_AUTH_HASH) + 1);
}

static void
start(struct rig *r, const char *rules)
{
	struct filter_config cfg = { .conn = 3, .live = 2, .now_ms = 1000 };
	char err[RULES_ERRLEN] = "";

	memset(r, 0, sizeof(*r));
	memset(r->hash, 'h', sizeof(r->hash));
	memset(r->newline_hash, 'n', sizeof(r->newline_hash));
	if (rules_parse(rules, &r->rules, err) != 0)
		fail_msg("%s: %s", rules, err);
	cfg.rules = &r->rules;
	cfg.hash = r->hash;
	cfg.newline_hash = r->newline_hash;
	cfg.allmarked = &r->allmarked;
	r->now_ms = 1000;
	r->filter = filter_new(&cfg);
}

static void
finish(struct rig *r)
{
	filter_free(r->filter);
	rules_free(&r->rules);
}

static void
record(struct rig *r, enum side side, const void *p, size_t len)
{
	uint8_t *copy = malloc(len + 1);

	assert_non_null(copy);
	memcpy(copy, p, len);
	filter_record(r->filter, side, atls_bytes(copy, len), 1, r->now_ms);
	free(copy);
}

/* The authentication: HASH 32 times, padding0 of PAD bytes. */
static void
auth(struct rig *r, char hash, uint16_t pad)
{
	uint8_t b[ATLS_AUTH_HEADER + 100] = { 0 };

	memset(b, hash, ATLS_AUTH_HASH);
	atls_put16(b + ATLS_AUTH_HASH, pad);
	memset(b + ATLS_AUTH_HEADER, 'p', pad);
	record(r, SIDE_UP, b, ATLS_AUTH_HEADER + (size_t)pad);
}

/* A filter whose client is authenticated, and nothing waits. */
static void
start_session(struct rig *r, const char *rules)
{
	start(r, rules);
	auth(r, 'h', 2);
	take(r, false);
}

/* Frames "CMD sid text", up to three, as one record. */
struct say {
	uint8_t cmd;
	uint32_t sid;
	const char *data;
};

static void
say(struct rig *r, enum side side, const struct say *s, size_t n)
{
	uint8_t b[1024];
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		size_t data = strlen(s[i].data);
		struct atls_frame f = { s[i].cmd, s[i].sid, (uint16_t)data };

		atls_frame_put(b + len, f);
		memcpy(b + len + ATLS_FRAME_HEADER, s[i].data, data);
		len += ATLS_FRAME_HEADER + data;
	}
	record(r, side, b, len);
}

static void
say1(struct rig *r, enum side side, uint8_t cmd, uint32_t sid, const char *data)
{
	struct say s = { cmd, sid, data };

	say(r, side, &s, 1);
}

struct row {
	const char *rules;
	const char *out;
};

/* A record with SYN 1, PSH 1 "abc" and FIN 1 goes up, and a time later. */
static void
test_up_actions(void **state)
{
	static const struct say three[] = { { ATLS_CMD_SYN, 1, "" },
		{ ATLS_CMD_PSH, 1, "abc" }, { ATLS_CMD_FIN, 1, "" } };
	static const struct row rows[] = {
		{ "up OPEN pass", "u[SYN1 PSH1:abc FIN1]" },
		{ "up SYN drop", "u[PSH1:abc FIN1]" },
		{ "up any drop", "" },
		{ "up PSH double", "u[SYN1 PSH1:abc PSH1:abc FIN1]" },
		{ "up PSH swap", "u[SYN1 FIN1 PSH1:abc]" },
		{ "up SYN behind FIN", "u[PSH1:abc FIN1 SYN1]" },
		{ "up PSH split 2", "u[SYN1 PSH1:ab PSH1:c FIN1]" },
		{ "up PSH pieces 7", "u[SYN1] u[~] u[~] u[FIN1]" },
		{ "up PSH cmd 0", "u[SYN1 Waste1:abc FIN1]" },
		{ "up PSH sid 9", "u[SYN1 PSH9:abc FIN1]" },
		{ "up PSH sid +2", "u[SYN1 PSH3:abc FIN1]" },
		{ "up PSH data \"x\"", "u[SYN1 PSH1:x FIN1]" },
		{ "up PSH data \"\"", "u[SYN1 PSH1 FIN1]" },
		{ "up PSH add \"d\", fore \"z\"", "u[SYN1 PSH1:zabcd FIN1]" },
		{ "up PSH skip 2", "u[SYN1 PSH1:c FIN1]" },
		{ "up PSH skip 9", "u[SYN1 PSH1 FIN1]" },
		{ "up PSH truncate 1", "u[SYN1 PSH1:a FIN1]" },
		{ "up PSH stamp", "u[SYN1 PSH1:abc\n# 3 FIN1]" },
		{ "up PSH chop 1", "u[SYN1 PSH1:ab FIN1]" },
		{ "up PSH corrupt", "u[SYN1 PSH1:abb FIN1]" },
		{ "up PSH byte 1 88", "u[SYN1 PSH1:aXc FIN1]" },
		{ "up PSH byte 3 88", "u[SYN1 PSH1:abc FIN1]" },
		{ "up PSH length 2", "u[SYN1 PSH1:ab ?50331648:...~]" },
		{ "up SYN lose", "u[SYN1]" },
		{ "up PSH insert Alert 0 \"no\"",
		    "u[SYN1 Alert0:no PSH1:abc FIN1]" },
		{ "up PSH append FIN", "u[SYN1 PSH1:abc FIN1 FIN1]" },
		{ "up FIN append FIN 7", "u[SYN1 PSH1:abc FIN1 FIN7]" },
		{ "up PSH append PSH last \"x\"",
		    "u[SYN1 PSH1:abc PSH1:x FIN1]" },
		{ "up SYN answer SYNACK", "u[SYN1 PSH1:abc FIN1] d[SYNACK1]" },
		{ "up SYN drop, answer FIN", "u[PSH1:abc FIN1] d[FIN1]" },
		{ "up PSH mute", "u[SYN1]" },
		{ "up PSH close", "u[SYN1] close u[PSH1:abc FIN1]" },
		{ "up FIN reset", "u[SYN1 PSH1:abc] reset u[FIN1]" },
		{ "up FIN hang", "u[SYN1 PSH1:abc] hang u[FIN1]" },
		{ "up FIN leave", "u[SYN1 PSH1:abc] leave u[FIN1]" },
		{ "up FIN refuse", "u[SYN1 PSH1:abc] refuse u[FIN1]" },
		{ "up FIN freeze", "u[SYN1 PSH1:abc] freeze u[FIN1]" },
		{ "up SYN crash", "crash u[SYN1 PSH1:abc FIN1]" },
		{ "up PSH pass; up PSH drop", "u[SYN1 PSH1:abc FIN1]" },
		{ "up PSH data \"x\"; up PSH[len=1] add \"y\"",
		    "u[SYN1 PSH1:xy FIN1]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig r;

		start_session(&r, rows[i].rules);
		say(&r, SIDE_UP, three, 3);
		print_message("%s\n", rows[i].rules);
		assert_string_equal(take(&r, true), rows[i].out);
		finish(&r);
	}
}

/* Which of the frames SYN 2 and PSH 2 "hey" a condition holds for, after
 * Settings of version 3 and a stream 1 that came and went. */
static void
test_conditions(void **state)
{
	static const struct row rows[] = {
		{ "sid=2", "" },
		{ "sid!=2", "SYN2 PSH2:hey" },
		{ "len>0", "SYN2" },
		{ "len<1", "PSH2:hey" },
		{ "cmd=1", "PSH2:hey" },
		{ "nth=0", "PSH2:hey" },
		{ "records=1", "" },
		{ "reads>1", "SYN2 PSH2:hey" },
		{ "v=3", "" },
		{ "v<3", "SYN2 PSH2:hey" },
		{ "opened=2", "" },
		{ "open=1", "" },
		{ "conn=3", "" },
		{ "live=1", "SYN2 PSH2:hey" },
		{ "ms>4", "" },
		{ "ms<4", "SYN2 PSH2:hey" },
		{ "b0=104,b1=101,b2=121,b3<0", "SYN2" },
		{ "end=121", "SYN2" },
		{ "has \"ey\"", "SYN2" },
		{ "!has \"ey\"", "PSH2:hey" },
		{ "running", "SYN2" },
		{ "closed", "SYN2 PSH2:hey" },
		{ "used", "SYN2 PSH2:hey" },
		{ "lower", "SYN2 PSH2:hey" },
		{ "acked", "SYN2 PSH2:hey" },
		{ "addr", "SYN2" },
		{ "short", "SYN2" },
		{ "tail", "SYN2 PSH2:hey" },
		{ "uot", "SYN2 PSH2:hey" },
		{ "v4", "SYN2 PSH2:hey" },
		{ "psh=0,sent=0", "" },
		{ "dialling=0", "" },
		{ "marked", "SYN2 PSH2:hey" },
		{ "fallback", "SYN2 PSH2:hey" },
		{ "pad=-1", "" },
	};
	static const struct say two[] = { { ATLS_CMD_SYN, 2, "" },
		{ ATLS_CMD_PSH, 2, "hey" } };

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(rows) / sizeof(rows[0]); i++) {
		char spec[200], out[100];
		struct rig r;

		snprintf(
		    spec, sizeof(spec), "up any[sid=2,%s] drop", rows[i].rules);
		snprintf(out, sizeof(out), "%s%s%s",
		    rows[i].out[0] == '\0' ? "" : "u[", rows[i].out,
		    rows[i].out[0] == '\0' ? "" : "]");
		start_session(&r, spec);
		say1(&r, SIDE_UP, ATLS_CMD_SETTINGS, 0, "v=3");
		say1(&r, SIDE_UP, ATLS_CMD_SYN, 1, "");
		say1(&r, SIDE_UP, ATLS_CMD_FIN, 1, "");
		r.now_ms += 5;
		take(&r, true);
		say(&r, SIDE_UP, two, 2);
		print_message("%s\n", spec);
		assert_string_equal(take(&r, true), out);
		finish(&r);
	}
}

/* An address in two pieces, data behind it, and what the server answers. */
static void
test_streams(void **state)
{
	struct rig r;

	(void)state;
	start_session(&r,
	    "up PSH[short] data \"S\"; up PSH[tail,v4] data \"T\"; "
	    "up PSH[!addr,acked,psh=2,sent=9] data \"D\"; "
	    "down PSH[refused] drop; down FIN[acked,closed] data \"late\"");
	say1(&r, SIDE_UP, ATLS_CMD_SYN, 1, "");
	say1(&r, SIDE_UP, ATLS_CMD_PSH, 1, "\x01\x7f");
	say1(&r, SIDE_UP, ATLS_CMD_PSH, 1,
	    "\x01\x01\x01P\x01"
	    "xy");
	say1(&r, SIDE_DOWN, ATLS_CMD_SYNACK, 1, "");
	say1(&r, SIDE_UP, ATLS_CMD_PSH, 1, "data");
	say1(&r, SIDE_UP, ATLS_CMD_FIN, 1, "");
	say1(&r, SIDE_DOWN, ATLS_CMD_FIN, 1, "");
	assert_string_equal(take(&r, true),
	    "u[SYN1] u[PSH1:S] u[PSH1:T] d[SYNACK1] u[PSH1:D] u[FIN1] "
	    "d[FIN1:late]");
	say1(&r, SIDE_UP, ATLS_CMD_SYN, 4, "");
	say1(&r, SIDE_DOWN, ATLS_CMD_SYNACK, 4, "no");
	say1(&r, SIDE_DOWN, ATLS_CMD_PSH, 4, "gone");
	assert_string_equal(take(&r, true), "u[SYN4] d[SYNACK4:no]");
	finish(&r);
}

static void
test_udp(void **state)
{
	struct rig r;

	(void)state;
	start_session(&r, "down PSH[uot,connect,flag=1] data \"U\"");
	say1(&r, SIDE_UP, ATLS_CMD_SYN, 1, "");
	record(&r, SIDE_UP,
	    "\x02\0\0\0\x01\0\x1c\x03\x17sp.v2.udp-over-tcp.arpa\0\0\x01", 35);
	take(&r, true);
	say1(&r, SIDE_DOWN, ATLS_CMD_PSH, 1, "answer");
	assert_string_equal(take(&r, true), "d[PSH1:U]");
	finish(&r);
}

/* Frames cut over records are seen whole; counts count matches. */
static void
test_cut_and_count(void **state)
{
	struct rig r;

	(void)state;
	start_session(&r,
	    "up PSH[records=2] data \"cut\"; up PSH#2-3 drop; up FIN#2+ drop");
	record(&r, SIDE_UP, "\x02\0\0\0\x01", 5);
	assert_string_equal(take(&r, true), "");
	record(&r, SIDE_UP, "\0\x01x", 3);
	assert_string_equal(take(&r, true), "u[PSH1:cut]");
	for (uint32_t i = 2; i < 6; i++)
		say1(&r, SIDE_UP, ATLS_CMD_PSH, i, "");
	assert_string_equal(take(&r, true), "u[PSH4] u[PSH5]");
	for (uint32_t i = 1; i < 4; i++)
		say1(&r, SIDE_UP, ATLS_CMD_FIN, i, "");
	assert_string_equal(take(&r, true), "u[FIN1]");
	finish(&r);
}

static void
test_time(void **state)
{
	struct rig r;

	(void)state;
	start_session(&r,
	    "down SYNACK delay 50; down FIN stall 30; down Alert gather 10; "
	    "up Waste close 5");
	say1(&r, SIDE_DOWN, ATLS_CMD_SYNACK, 1, "");
	say1(&r, SIDE_DOWN, ATLS_CMD_PSH, 1, "x");
	assert_string_equal(take(&r, true), "d[PSH1:x]");
	say1(&r, SIDE_DOWN, ATLS_CMD_FIN, 1, "");
	say1(&r, SIDE_DOWN, ATLS_CMD_PSH, 2, "y");
	assert_int_equal(filter_deadline(r.filter), 1030);
	r.now_ms += 30;
	assert_string_equal(take(&r, true), "d[FIN1] d[PSH2:y]");
	say1(&r, SIDE_DOWN, ATLS_CMD_ALERT, 0, "a");
	say1(&r, SIDE_DOWN, ATLS_CMD_PSH, 2, "z");
	assert_string_equal(take(&r, true), "");
	r.now_ms += 10;
	assert_string_equal(take(&r, true), "d[Alert0:a PSH2:z]");
	say1(&r, SIDE_UP, ATLS_CMD_WASTE, 0, "");
	r.now_ms += 5;
	assert_string_equal(take(&r, true), "u[Waste0] close");
	r.now_ms += 5;
	assert_string_equal(take(&r, true), "d[SYNACK1]");
	assert_true(filter_deadline(r.filter) == UINT64_MAX);
	finish(&r);
}

/* One side waits for the other. */
static void
test_await(void **state)
{
	struct rig r;

	(void)state;
	start_session(&r, "down PSH await");
	say1(&r, SIDE_DOWN, ATLS_CMD_PSH, 1, "a");
	say1(&r, SIDE_DOWN, ATLS_CMD_PSH, 1, "b");
	assert_string_equal(take(&r, true), "d[PSH1:a]");
	say1(&r, SIDE_UP, ATLS_CMD_WASTE, 0, "");
	assert_string_equal(take(&r, true), "u[Waste0] d[PSH1:b]");
	finish(&r);
}

/* What becomes of a request with 3 bytes of padding0, and "T" in a record
 * behind it. Of the hash only the first byte is compared here. */
static void
test_auth(void **state)
{
	static const struct {
		char hash;
		const char *rules, *out;
	} rows[] = {
		{ 'h', "up OPEN pass", "u[?h+ppp]" },
		{ 'x', "up OPEN pass", "u[?x+ppp] u[?T]" },
		{ 'h', "up AUTH[pad=2] drop", "u[?h+ppp]" },
		{ 'h', "up AUTH[pad=3] drop", "" },
		{ 'h', "up AUTH[wrong] drop", "u[?h+ppp]" },
		{ 'x', "up AUTH[wrong] drop", "u[?ppp] u[?T]" },
		{ 'x', "up AUTH[wrong] drop, lose", "u[?T]" },
		{ 'x', "up AUTH[prefix=0,equal=0,wrong] drop, lose, close",
		    "close u[?T]" },
		{ 'x', "up AUTH[wrong] drop, lose, say \"HTTP\"",
		    "d[?HTTP] u[?T]" },
		{ 'n', "up AUTH[newline] fix", "u[?h+ppp]" },
		{ 'x', "up AUTH[newline] fix", "u[?x+ppp] u[?T]" },
		{ 'h', "up AUTH[!wrong] truncate 32", "u[?h+]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rig r;
		char hash[2] = { rows[i].hash, '\0' };

		start(&r, rows[i].rules);
		auth(&r, hash[0], 3);
		record(&r, SIDE_UP, "T", 1);
		print_message("%s\n", rows[i].rules);
		take(&r, false);
		shorten(r.said);
		assert_string_equal(r.said, rows[i].out);
		finish(&r);
	}
}

static void
test_auth_retry(void **state)
{
	struct rig r;

	(void)state;
	start(&r, "up AUTH[wrong] drop, lose, retry");
	auth(&r, 'x', 3);
	assert_string_equal(take(&r, false), "");
	auth(&r, 'h', 0);
	assert_non_null(strstr(take(&r, false), "u[?hhhh"));
	say1(&r, SIDE_UP, ATLS_CMD_SYN, 1, "");
	assert_string_equal(take(&r, true), "u[SYN1]");
	finish(&r);
}

static void
test_auth_short(void **state)
{
	struct rig r;

	(void)state;
	start(&r, "up AUTH[short] hang");
	record(&r, SIDE_UP, "hhhhh", 5);
	assert_string_equal(take(&r, false), "");
	filter_eof(r.filter, SIDE_UP, ENDS_POLITELY, r.now_ms);
	assert_string_equal(take(&r, false), "hang u[?hhhhh] u-eof");
	finish(&r);
}

/* Ends: what is held back goes out first, delayed frames too. */
static void
test_ends(void **state)
{
	struct rig r;

	(void)state;
	start_session(&r,
	    "up PSH swap; down SYNACK delay 20; down EOF[rst] drop; "
	    "up EOF[partial] append Waste 0 \"w\"");
	say1(&r, SIDE_UP, ATLS_CMD_PSH, 1, "x");
	record(&r, SIDE_UP, "\x03\0", 2);
	filter_eof(r.filter, SIDE_UP, ENDS_BARE, r.now_ms);
	take(&r, false);
	assert_non_null(strstr(r.said, "u-eof"));
	say1(&r, SIDE_DOWN, ATLS_CMD_SYNACK, 1, "");
	filter_eof(r.filter, SIDE_DOWN, ENDS_POLITELY, r.now_ms);
	assert_string_equal(take(&r, true), "");
	r.now_ms += 20;
	assert_string_equal(take(&r, true), "d[SYNACK1] d-eof");
	finish(&r);
}

static void
test_marks(void **state)
{
	struct rig r;

	(void)state;
	start_session(&r,
	    "up Waste mark; up Alert markall; down FIN[marked] drop; "
	    "down PSH[allmarked] drop");
	say1(&r, SIDE_DOWN, ATLS_CMD_FIN, 1, "");
	say1(&r, SIDE_DOWN, ATLS_CMD_PSH, 1, "x");
	assert_string_equal(take(&r, true), "d[FIN1] d[PSH1:x]");
	say1(&r, SIDE_UP, ATLS_CMD_WASTE, 0, "");
	say1(&r, SIDE_DOWN, ATLS_CMD_FIN, 1, "");
	say1(&r, SIDE_UP, ATLS_CMD_ALERT, 0, "a");
	say1(&r, SIDE_DOWN, ATLS_CMD_PSH, 1, "x");
	assert_string_equal(take(&r, true), "u[Waste0] u[Alert0:a]");
	assert_true(r.allmarked);
	finish(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up_actions),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_cut_and_count),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_await),
		cmocka_unit_test(test_auth),
		cmocka_unit_test(test_auth_retry),
		cmocka_unit_test(test_auth_short),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_marks),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
