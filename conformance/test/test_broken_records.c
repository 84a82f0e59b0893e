/* The records of broken clients: they end where the honest client's ended,
 * unless a rule has it otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "conformance/anytls/broken/filter.h"
#include "conformance/anytls/broken/rules.h"
#include "ref/net/digest.h"
#include "ref/wire/command.h"
#include "ref/wire/frame.h"

/* Bytes of a client behind its authentication, and where it ended records. */
struct speech {
	uint8_t b[1024];
	size_t len;
};

static void
speak(struct speech *s, uint8_t cmd, size_t len)
{
	struct atls_frame f = { cmd, 1, (uint16_t)len };

	atls_frame_put(s->b + s->len, f);
	memset(s->b + s->len + ATLS_FRAME_HEADER, 'x', len);
	s->len += ATLS_FRAME_HEADER + len;
}

static struct filter *
start(const char *text, struct rules *rules, struct misread *misread)
{
	static uint8_t hash[ATLS_AUTH_HASH];
	static bool allmarked;
	struct filter_config cfg = { .rules = rules,
		.hash = hash,
		.newline_hash = hash,
		.allmarked = &allmarked,
		.misread = misread,
		.borders = true };
	char err[RULES_ERRLEN];
	struct filter *f;

	if (rules_parse(text, rules, err) != 0)
		fail_msg("%s: %s", text, err);
	f = filter_new(&cfg);
	filter_record(f, SIDE_UP, atls_bytes(cfg.hash, ATLS_AUTH_HASH), 1, 0);
	filter_record(f, SIDE_UP, atls_bytes("\0", 2), 1, 0);
	return (f);
}

/* Sizes of the records that are due, as "34 20 7". */
static void
sizes(struct filter *f, char text[128])
{
	struct filter_out out;

	text[0] = '\0';
	while (filter_next(f, 0, &out)) {
		size_t n = strlen(text);

		snprintf(text + n, 128 - n, "%s%zu", n == 0 ? "" : " ",
		    out.data.len);
	}
}

/* Settings of 17 bytes, SYN of 7, PSH of 17, waste of 27 and PSH of 8 go up in
 * records of 31 and 28 bytes, which cut PSH and waste, 9, and 8. */
static void
test_borders(void **state)
{
	static const struct {
		const char *rules, *out;
	} rows[] = {
		{ "up OPEN pass", "32 2 31 28 9 8" },
		{ "up AUTH pass", "34 31 28 9 8" },
		{ "up AUTH join", "65 28 9 8" },
		{ "up AUTH pieces 30", "30 4 31 28 9 8" },
		{ "up Settings cut", "32 2 17 14 28 9 8" },
		{ "up Settings drop", "32 2 14 28 9 8" },
		{ "up Settings append Waste 0 3", "32 2 41 28 9 8" },
		{ "up PSH#1 merge", "32 2 59 9 8" },
		{ "up Waste merge", "32 2 31 37 8" },
		{ "up Waste drop", "32 2 31 10 8" },
		{ "up Waste add 5", "32 2 31 28 14 8" },
		{ "up Waste chop 15", "32 2 31 22 8" },
		{ "up Waste join", "32 2 31 28 17" },
		{ "up Waste fill 20", "32 2 31 20 8" },
		{ "up Waste fill 60", "32 2 31 28 32 8" },
		{ "up Waste[record=1] drop", "32 2 31 28 9 8" },
		{ "up Waste[record=3] drop", "32 2 31 10 8" },
		{ "up SYN swap", "32 2 24 35 9 8" },
	};
	static const size_t records[] = { 31, 28, 9, 8 };
	char text[128];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct speech s = { .len = 0 };
		struct rules rules;
		struct filter *f = start(rows[i].rules, &rules, NULL);
		size_t at = 0;

		speak(&s, ATLS_CMD_SETTINGS, 10);
		speak(&s, ATLS_CMD_SYN, 0);
		speak(&s, ATLS_CMD_PSH, 10);
		speak(&s, ATLS_CMD_WASTE, 20);
		speak(&s, ATLS_CMD_PSH, 1);
		for (size_t j = 0; j < 4; j++) {
			filter_record(
			    f, SIDE_UP, atls_bytes(s.b + at, records[j]), 1, 0);
			at += records[j];
		}
		sizes(f, text);
		print_message("%s\n", rows[i].rules);
		assert_string_equal(text, rows[i].out);
		filter_free(f);
		rules_free(&rules);
	}
}

/* A client that misreads schemes tells the md5 of what the server sent. */
static void
test_misread(void **state)
{
	static const char scheme[] = "stop=2\n1=5-5";
	char settings[64] = "md5=", sent[ATLS_MD5_HEX + 1],
	     given[ATLS_MD5_HEX + 1];
	uint8_t b[128];
	struct atls_frame head = { ATLS_CMD_UPDATE_PADDING_SCHEME, 0,
		sizeof(scheme) - 1 };
	static struct misread misread;
	struct filter_out out;
	struct rules rules;
	struct filter *f = start(
	    "down UpdatePaddingScheme misread \"5\" \"77\"", &rules, &misread);

	(void)state;
	assert_int_equal(digest_md5_hex(atls_bytes_str(scheme), sent), 0);
	assert_int_equal(
	    digest_md5_hex(atls_bytes_str("stop=2\n1=77-77"), given), 0);
	atls_frame_put(b, head);
	memcpy(b + ATLS_FRAME_HEADER, scheme, head.len);
	filter_record(
	    f, SIDE_DOWN, atls_bytes(b, ATLS_FRAME_HEADER + head.len), 1, 0);
	while (filter_next(f, 0, &out) && out.to == SIDE_UP)
		;
	assert_memory_equal(
	    out.data.p + ATLS_FRAME_HEADER, "stop=2\n1=77-77", 14);
	memcpy(settings + 4, given, sizeof(given));
	head = (struct atls_frame){ ATLS_CMD_SETTINGS, 0,
		(uint16_t)strlen(settings) };
	atls_frame_put(b, head);
	memcpy(b + ATLS_FRAME_HEADER, settings, head.len);
	filter_record(
	    f, SIDE_UP, atls_bytes(b, ATLS_FRAME_HEADER + head.len), 1, 0);
	assert_true(filter_next(f, 0, &out));
	assert_memory_equal(
	    out.data.p + ATLS_FRAME_HEADER + 4, sent, ATLS_MD5_HEX);
	filter_free(f);
	rules_free(&rules);
}

/* Silence of both sides ends a connection, once. */
static void
test_idle(void **state)
{
	struct rules rules;
	struct filter *f = start("down SYNACK idle 50", &rules, NULL);
	struct filter_out out;
	struct speech s = { .len = 0 };

	(void)state;
	while (filter_next(f, 900, &out))
		;
	assert_true(filter_deadline(f) == UINT64_MAX);
	speak(&s, ATLS_CMD_SYNACK, 0);
	filter_record(f, SIDE_DOWN, atls_bytes(s.b, s.len), 1, 1000);
	assert_true(filter_next(f, 1000, &out));
	assert_true(filter_deadline(f) == 1050);
	filter_record(f, SIDE_UP, atls_bytes(s.b, s.len), 1, 1040);
	assert_true(filter_next(f, 1080, &out));
	assert_int_equal(out.deed, DEED_WRITE);
	assert_false(filter_next(f, 1089, &out));
	assert_true(filter_next(f, 1090, &out));
	assert_int_equal(out.deed, DEED_CLOSE);
	assert_true(filter_deadline(f) == UINT64_MAX);
	filter_free(f);
	rules_free(&rules);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_borders),
		cmocka_unit_test(test_misread),
		cmocka_unit_test(test_idle),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
