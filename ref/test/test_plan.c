/* The planner, padding0 and waste (AT-PD-09 to 18, 21; AT-RS-01 to 05). */
#include "ref/test/feed.h"
#include "ref/wire/frame.h"
#include "ref/wire/scheme.h"

/* Plays back numbers, and remembers the ranges asked for. */
struct script {
	uint64_t numbers[16];
	uint64_t ranges[16];
	size_t asked;
};

static uint64_t
play(void *ctx, uint64_t n)
{
	struct script *s = ctx;

	assert_in_range(s->asked, 0, 15);
	assert_true(s->numbers[s->asked] < n);
	s->ranges[s->asked] = n;
	return (s->numbers[s->asked++]);
}

static struct atls_scheme
scheme(const char *text)
{
	struct atls_scheme s;

	assert_int_equal(atls_scheme_parse(atls_bytes_str(text), &s), 0);
	return (s);
}

/* Plans packet PACKET of LEN bytes; the writes must be WANTED, of N. */
static void
assert_plan(const struct atls_scheme *s, struct script *script,
    const uint32_t packet_len[2], const struct atls_write *wanted, size_t n)
{
	struct atls_random rnd = { play, script };
	struct atls_planner p;
	struct atls_write w = { 77, 77 };
	size_t i;

	script->asked = 0;
	atls_planner_init(&p, s, packet_len[0], packet_len[1]);
	for (i = 0; i < n; i++) {
		assert_true(atls_planner_next(&p, &rnd, &w));
		assert_int_equal(w.payload, wanted[i].payload);
		assert_int_equal(w.waste, wanted[i].waste);
	}
	assert_false(atls_planner_next(&p, &rnd, &w));
	assert_false(atls_planner_next(&p, &rnd, &w));
}

/* One rule for packet 1, fixed sizes: nothing is drawn. */
static void
assert_fixed(
    const char *rule, uint32_t len, const struct atls_write *wanted, size_t n)
{
	struct script script = { { 0 }, { 0 }, 0 };
	uint32_t packet_len[2] = { 1, len };
	char text[200] = "stop=2\n1=";
	struct atls_scheme s;

	assert_in_range(strlen(rule), 0, 150);
	strcat(text, rule);
	s = scheme(text);
	assert_plan(&s, &script, packet_len, wanted, n);
	assert_int_equal(script.asked, 0);
}

#define WRITES(...)                                                            \
	(const struct atls_write[]){ __VA_ARGS__ },                            \
	    sizeof((const struct atls_write[]){ __VA_ARGS__ }) /               \
	    sizeof(struct atls_write)

static void
test_record_sizes(void **state)
{
	(void)state;
	/* AT-RS-01: more than l goes out as l; the rest in one write. */
	assert_fixed("100-100", 101, WRITES({ 100, 0 }, { 1, 0 }));
	assert_fixed(
	    "9-9,500-500", 700, WRITES({ 9, 0 }, { 500, 0 }, { 191, 0 }));
	assert_fixed("1-1", 3, WRITES({ 1, 0 }, { 2, 0 }));
	/* AT-RS-02: room for a header and at least a byte: exactly l. */
	assert_fixed("100-100", 1, WRITES({ 1, 99 }));
	assert_fixed("100-100", 92, WRITES({ 92, 8 }));
	/* AT-RS-03: no such room: r alone. */
	assert_fixed("100-100", 93, WRITES({ 93, 0 }));
	assert_fixed("100-100", 99, WRITES({ 99, 0 }));
	assert_fixed("100-100", 100, WRITES({ 100, 0 }));
	assert_fixed("7-7", 7, WRITES({ 7, 0 }));
	assert_fixed("8-8", 1, WRITES({ 1, 0 }));
	assert_fixed("9-9", 1, WRITES({ 1, 8 }));
	/* AT-RS-04: nothing left: l data bytes, header on top. */
	assert_fixed("9-9,9-9", 9, WRITES({ 9, 0 }, { 0, 16 }));
	assert_fixed(
	    "50-50,1-1,500-500", 20, WRITES({ 20, 30 }, { 0, 8 }, { 0, 507 }));
	assert_fixed("9-9", 0, WRITES({ 0, 16 }));
}

/* AT-RS-05, AT-PD-21: sizes no single waste frame can hold. */
static void
test_large_sizes(void **state)
{
	(void)state;
	assert_fixed("65535-65535", 0, WRITES({ 0, 65542 }));
	assert_fixed("65536-65536", 0, WRITES({ 0, 65536 + 14 }));
	assert_fixed("131070-131070", 0, WRITES({ 0, 131070 + 14 }));
	assert_fixed("131071-131071", 0, WRITES({ 0, 131071 + 21 }));
	assert_fixed("200000-200000", 10, WRITES({ 10, 199990 }));
	assert_fixed("200000-200000", 200001, WRITES({ 200000, 0 }, { 1, 0 }));
	/* 2^31 bytes are 32769 frames. */
	assert_fixed("9223372036854775807-9223372036854775807", 0,
	    WRITES({ 0, 2147483648u + 32769 * 7 }));
	assert_fixed(
	    "2147483648-2147483648", 0, WRITES({ 0, 2147483648u + 32769 * 7 }));
	assert_fixed("4294967297-4294967297", 1, WRITES({ 1, 2147483647u }));
}

static void
test_check_mark(void **state)
{
	(void)state;
	assert_fixed("50-50,c,60-60", 10, WRITES({ 10, 40 }));
	assert_fixed("50-50,c,60-60", 51, WRITES({ 50, 0 }, { 1, 59 }));
	assert_fixed(
	    "50-50,c,60-60,60-60", 51, WRITES({ 50, 0 }, { 1, 59 }, { 0, 67 }));
	assert_fixed("c,c,50-50,c", 10, WRITES({ 10, 40 }));
	assert_fixed("c,50-50", 0, NULL, 0);
	assert_fixed("c", 5, WRITES({ 5, 0 }));
	/* The last bytes fit exactly: "c" sees nothing left. */
	assert_fixed("50-50,50-50,c,9-9", 100, WRITES({ 50, 0 }, { 50, 0 }));
}

/* AT-PD-14: what is no item is passed over, as if it were not there. */
static void
test_skipped_items(void **state)
{
	(void)state;
	assert_fixed("100,0-5,5-0,-5-10,a-b, 9-9,,C,cc,9-9,1-2-3", 20,
	    WRITES({ 9, 0 }, { 11, 0 }));
	assert_fixed("junk", 20, WRITES({ 20, 0 }));
	assert_fixed("", 20, WRITES({ 20, 0 }));
	assert_fixed("", 0, NULL, 0);
	assert_fixed("+9-+9", 20, WRITES({ 9, 0 }, { 11, 0 }));
	assert_fixed("9-9\r", 20, WRITES({ 20, 0 }));
}

/* AT-PD-14: drawn from [min, max), bounds in any order. */
static void
test_draw(void **state)
{
	struct script script = { { 0, 299, 10, 0 }, { 0 }, 0 };
	struct atls_scheme s = scheme("stop=9\n4=100-400,400-100,5-16,6-7");

	(void)state;
	assert_plan(&s, &script, (const uint32_t[2]){ 4, 1000 },
	    WRITES({ 100, 0 }, { 399, 0 }, { 15, 0 }, { 6, 0 }, { 480, 0 }));
	assert_int_equal(script.asked, 4);
	assert_int_equal(script.ranges[0], 300);
	assert_int_equal(script.ranges[1], 300);
	assert_int_equal(script.ranges[2], 11);
	assert_int_equal(script.ranges[3], 1);
}

/* The packets of the default scheme, as anytls-go sends them. */
static void
test_default_scheme(void **state)
{
	struct atls_scheme s = scheme(ATLS_SCHEME_DEFAULT);
	struct script script = { { 50 }, { 0 }, 0 };

	(void)state;
	/* Settings of 69 bytes, SYN, PSH with an IPv4 address. */
	assert_plan(&s, &script, (const uint32_t[2]){ 1, 76 + 7 + 14 },
	    WRITES({ 97, 53 }));
	assert_int_equal(script.ranges[0], 300);
	/* A first write of 100 bytes ends at the check mark. */
	assert_plan(
	    &s, &script, (const uint32_t[2]){ 2, 107 }, WRITES({ 107, 343 }));
	assert_int_equal(script.ranges[0], 100);
	assert_int_equal(script.asked, 1);
	/* A longer one goes on. */
	script = (struct script){ { 50, 0, 499 }, { 0 }, 0 };
	assert_plan(&s, &script, (const uint32_t[2]){ 2, 1000 },
	    WRITES({ 450, 0 }, { 500, 0 }, { 50, 949 }));
	/* The third packet: 9 bytes, cut inside the frame. */
	script = (struct script){ { 1 }, { 0 }, 0 };
	assert_plan(&s, &script, (const uint32_t[2]){ 3, 707 },
	    WRITES({ 9, 0 }, { 501, 0 }, { 197, 0 }));
	assert_plan(&s, &script, (const uint32_t[2]){ 3, 7 },
	    WRITES({ 7, 0 }, { 0, 508 }));
	assert_plan(
	    &s, &script, (const uint32_t[2]){ 7, 7 }, WRITES({ 7, 494 }));
	/* AT-PD-09: packet 8 and later are left alone. */
	assert_plan(&s, &script, (const uint32_t[2]){ 8, 7 }, WRITES({ 7, 0 }));
	assert_int_equal(script.asked, 0);
	assert_plan(&s, &script, (const uint32_t[2]){ 4294967295, 70000 },
	    WRITES({ 70000, 0 }));
}

static void
test_which_rule(void **state)
{
	struct atls_scheme s = scheme("stop=-1\n5=9-9\n63=10-10\n64=11-11\n"
				      "0064=7-7\n4294967294=13-13\n64=12-12\n"
				      "4294967295=14-14");
	struct script none = { { 0 }, { 0 }, 0 };

	(void)state;
	/* AT-PD-13: no rule. */
	assert_plan(&s, &none, (const uint32_t[2]){ 4, 20 }, WRITES({ 20, 0 }));
	assert_plan(
	    &s, &none, (const uint32_t[2]){ 65, 20 }, WRITES({ 20, 0 }));
	assert_plan(&s, &none, (const uint32_t[2]){ 4, 0 }, NULL, 0);
	assert_plan(&s, &none, (const uint32_t[2]){ 5, 20 },
	    WRITES({ 9, 0 }, { 11, 0 }));
	assert_plan(&s, &none, (const uint32_t[2]){ 63, 20 },
	    WRITES({ 10, 0 }, { 10, 0 }));
	/* Beyond the index, the last of equal keys as well. */
	assert_plan(&s, &none, (const uint32_t[2]){ 64, 20 },
	    WRITES({ 12, 0 }, { 8, 0 }));
	assert_plan(&s, &none, (const uint32_t[2]){ 4294967294, 20 },
	    WRITES({ 13, 0 }, { 7, 0 }));
	assert_plan(&s, &none, (const uint32_t[2]){ 4294967295, 20 },
	    WRITES({ 20, 0 }));
}

static void
assert_padding0(const char *text, uint64_t number, uint16_t wanted)
{
	struct script script = { { number }, { 0 }, 0 };
	struct atls_random rnd = { play, &script };
	struct atls_scheme s = scheme(text);

	assert_int_equal(atls_scheme_padding0(&s, &rnd), wanted);
}

static void
test_padding0(void **state)
{
	(void)state;
	assert_padding0(ATLS_SCHEME_DEFAULT, 0, 30);
	assert_padding0("stop=1\n0=100-400", 0, 100);
	assert_padding0("stop=1\n0=100-400", 299, 399);
	assert_padding0("stop=1\n0=400-100", 299, 399);
	assert_padding0("stop=8\n0=5-5,900-900", 0, 5);
	assert_padding0("stop=8\n0=x,0-3,5-5", 0, 5);
	assert_padding0("stop=8\n0=c", 0, 0);
	assert_padding0("stop=8\n0=c,30-30", 0, 0);
	assert_padding0("stop=8\n0=30", 0, 0);
	assert_padding0("stop=8\n0=", 0, 0);
	assert_padding0("stop=8\n1=30-30", 0, 0);
	assert_padding0("stop=0\n0=30-30", 0, 0);
	assert_padding0("stop=8\n0=65535-65535", 0, 65535);
	assert_padding0("stop=8\n0=65536-65536", 0, 65535);
	assert_padding0("stop=8\n0=4294967297-4294967297", 0, 65535);
}

/* Any rule and length: nothing lost, waste is none or a frame with data. */
static void
test_sums(void **state)
{
	static const char *const rules[] = { "1-1", "7-7,8-8,9-9", "100-100",
		"c,5-5,c", "20-20,20-20,c,20-20", "6-6,c,300-300" };
	struct script none = { { 0 }, { 0 }, 0 };
	struct atls_random rnd = { play, &none };
	size_t i;
	size_t len;

	(void)state;
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		char text[64] = "stop=2\n1=";
		struct atls_scheme s = scheme(strcat(text, rules[i]));

		for (len = 0; len < 400; len++) {
			struct atls_planner p;
			struct atls_write w;
			size_t sum = 0;

			atls_planner_init(&p, &s, 1, len);
			while (atls_planner_next(&p, &rnd, &w)) {
				sum += w.payload;
				assert_true(w.payload != 0 || w.waste != 0);
				assert_true(w.waste == 0 || w.waste > 7);
				assert_true(w.waste == 0 || sum == len);
			}
			assert_int_equal(sum, len);
		}
	}
}

/* Writes WASTE bytes and splits them again. */
static void
assert_waste(uint32_t waste)
{
	uint8_t *out = malloc((size_t)waste + 1);
	struct atls_writer w = atls_writer(out, waste);
	struct atls_splitter sp = { { 0 }, 0, 0 };
	struct atls_bytes in = { out, waste };
	struct atls_part part;
	size_t nframes = 0;
	size_t i;

	assert_non_null(out);
	memset(out, 0xaa, (size_t)waste + 1);
	atls_waste_put(&w, waste);
	assert_false(w.full);
	assert_int_equal(w.len, waste);
	assert_int_equal(out[waste], 0xaa);
	while (atls_splitter_next(&sp, &in, &part)) {
		assert_int_equal(part.frame.cmd, ATLS_CMD_WASTE);
		assert_int_equal(part.frame.sid, 0);
		assert_true(part.last);
		for (i = 0; i < part.data.len; i++) {
			if (part.data.p[i] != 0)
				fail_msg("byte %zu of a waste frame", i);
		}
		nframes++;
	}
	assert_true(atls_splitter_idle(&sp));
	assert_int_equal(nframes, (waste + 65541) / 65542);
	free(out);
}

static void
test_waste(void **state)
{
	static const uint32_t sizes[] = { 0, 7, 8, 14, 99, 507, 65541, 65542,
		65543, 65548, 65549, 65550, 70000, 131083, 131084, 131085,
		131090, 131091, 200000 };
	uint8_t out[20] = { 0 };
	struct atls_writer w = atls_writer(out, sizeof(out));
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_waste(sizes[i]);
	atls_waste_put(&w, 21);
	assert_true(w.full);
	assert_int_equal(w.len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record_sizes),
		cmocka_unit_test(test_large_sizes),
		cmocka_unit_test(test_check_mark),
		cmocka_unit_test(test_skipped_items),
		cmocka_unit_test(test_draw),
		cmocka_unit_test(test_default_scheme),
		cmocka_unit_test(test_which_rule),
		cmocka_unit_test(test_padding0),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_waste),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
