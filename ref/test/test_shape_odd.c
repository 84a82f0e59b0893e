/* The record-size oracle: counters, clients that differ, cuts, updates. */
#include <stdio.h>

#include "ref/test/shape_hand.h"

struct hand hand;

/* A shifted oracle tells a wrong counter from wrong sizes. */
static void
test_shift(void **state)
{
	struct atls_shape_config cfg = { &hand.scheme, ATLS_SHAPE_AUTH_ABSENT,
		1, 0, 0 };
	int shift;

	(void)state;
	for (shift = -1; shift <= 1; shift++) {
		begin("stop=6\n0=180-180\n1=200-200\n2=300-300\n3=400-400",
		    ATLS_SHAPE_AUTH_ABSENT);
		cfg.shift = shift;
		atls_shape_init(&hand.o, &cfg);
		first_record(180, shift == -1 ? REFERENCE : NONE);
		if (shift != -1)
			continue;
		psh(20);
		waste(180);
		rest(REFERENCE);
	}
}

static void
test_missing_waste(void **state)
{
	static const char text[] = "stop=6\n1=200-200\n2=30-30,300-300\n3=9-9";

	(void)state;
	begin(text, ATLS_SHAPE_AUTH_ABSENT);
	put_first();
	rest(TOLERANT);
	/* The waste of packet 1 may still come, in a record of its own. */
	assert_at_rest(NONE);
	psh(20);
	rest(NONE);
	assert_sentence(REFERENCE,
	    "record 1 of 100 bytes (100 of frames, 0 of waste), but packet 1 "
	    "item 1 wants 200, or 193 to 200 without waste at its end");
	assert_sentence(TOLERANT,
	    "record 2 of 20 bytes (20 of frames, 0 of waste), but packet 1 "
	    "wants waste apart from payload");
	begin(text, ATLS_SHAPE_AUTH_ABSENT);
	first_record(200, REFERENCE);
	psh(30);
	rest(REFERENCE);
	assert_at_rest(NONE);
	psh(100);
	rest(NONE);
	assert_sentence(TOLERANT,
	    "record 3 of 100 bytes (100 of frames, 0 of waste), but packet 2 "
	    "item 2 wants 300, or 293 to 300 without waste at its end; packet "
	    "2 item 2 wants waste of 300 to 307; packet 2 wants waste apart "
	    "from payload");
}

static void
test_check_mark(void **state)
{
	static const char text[] = "stop=6\n1=100-100\n2=50-50,c,60-60";

	(void)state;
	begin(text, ATLS_SHAPE_AUTH_ABSENT);
	first_record(100, REFERENCE);
	psh(20);
	waste(30);
	rest(REFERENCE);
	assert_at_rest(REFERENCE);
	waste(67);
	rest(NONE);
	assert_sentence(TOLERANT,
	    "record 3 of 67 bytes (0 of frames, 67 of waste), but from packet 3 "
	    "on there is no padding, so no waste");
}

/* AT-RS-06: what known clients do. */
static void
test_merged(void **state)
{
	static const char text[] = "stop=6\n1=30-30,90-90,50-60\n2=99-99";
	size_t len;

	(void)state;
	for (len = 150; len < 210; len++) {
		begin(text, ATLS_SHAPE_AUTH_ABSENT);
		first_record(len, len >= 163 && len <= 194 ? TOLERANT : NONE);
	}
	/* One item is no merger. */
	for (len = 107; len < 140; len++) {
		begin("stop=6\n1=120-120", ATLS_SHAPE_AUTH_ABSENT);
		first_record(len, len == 120 ? REFERENCE : NONE);
	}
	/* With a check mark: ends at 30 + 90 as well. */
	begin("stop=6\n1=30-30,90-90,c,50-60", ATLS_SHAPE_AUTH_ABSENT);
	first_record(120, TOLERANT);
	assert_at_rest(TOLERANT);
}

static void
test_appended(void **state)
{
	static const char text[] = "stop=6\n1=130-140,90-90,c,60-60\n2=99-99";

	(void)state;
	begin(text, ATLS_SHAPE_AUTH_ABSENT);
	first_record(100, TOLERANT);
	assert_at_rest(NONE);
	waste(40);
	rest(TOLERANT);
	waste(90);
	rest(TOLERANT);
	assert_at_rest(TOLERANT);
	psh(10);
	rest(TOLERANT);
	waste(89);
	rest(TOLERANT);
	assert_at_rest(TOLERANT);
	begin(text, ATLS_SHAPE_AUTH_ABSENT);
	first_record(100, TOLERANT);
	waste(41);
	rest(NONE);
	assert_sentence(TOLERANT,
	    "record 2 of 41 bytes (0 of frames, 41 of waste), but packet 1 "
	    "wants waste apart from payload");
}

static void
test_grouping(void **state)
{
	(void)state;
	begin("stop=6\n1=200-200\n2=300-300", ATLS_SHAPE_AUTH_ABSENT);
	put(ATLS_CMD_SETTINGS, 79);
	put(ATLS_CMD_SYN, 7);
	waste(114);
	rest(TOLERANT);
	assert_sentence(TEXT,
	    "record 1 of 200 bytes ends the first "
	    "packet before its third frame");
	psh(14);
	waste(286);
	rest(TOLERANT);
}

static void
test_mixed(void **state)
{
	(void)state;
	begin("stop=6\n1=200-200", ATLS_SHAPE_AUTH_ABSENT);
	put(ATLS_CMD_SETTINGS, 79);
	waste(100);
	psh(21);
	rest(NONE);
	assert_sentence(
	    TOLERANT, "record 1 of 200 bytes holds other frames after waste");
	begin("stop=0", ATLS_SHAPE_AUTH_ABSENT);
	psh(20000);
	record(16385, NONE);
	assert_sentence(
	    TOLERANT, "record 1 of 16385 bytes is larger than 16384");
}

/* AT-RS-07: Go's growing records. */
static void
test_cuts(void **state)
{
	(void)state;
	begin("stop=6\n1=100-100\n2=4000-4000\n3=5000-5000",
	    ATLS_SHAPE_AUTH_ABSENT);
	first_record(100, REFERENCE);
	psh(3000);
	waste(1000);
	record(3558, REFERENCE);
	rest(REFERENCE);
	assert_at_rest(REFERENCE);
	psh(6000);
	record(5000, REFERENCE);
	rest(REFERENCE);
	/* Elsewhere a piece is not cut. */
	begin("stop=6\n1=100-100\n2=4000-4000", ATLS_SHAPE_AUTH_ABSENT);
	first_record(100, REFERENCE);
	psh(3000);
	waste(1000);
	record(3557, NONE);
	/* By the client's own limit it is. */
	begin("stop=6\n1=100-100\n2=4000-4000", ATLS_SHAPE_AUTH_ABSENT);
	hand.o.cfg.max_record = 2000;
	first_record(100, REFERENCE);
	psh(3000);
	waste(1000);
	record(2000, REFERENCE);
	rest(REFERENCE);
	assert_at_rest(REFERENCE);
	/* Nothing but waste goes on where waste was cut. */
	begin("stop=6\n1=120-120\n2=4000-4000", ATLS_SHAPE_AUTH_ABSENT);
	first_record(120, REFERENCE);
	psh(1000);
	waste(2558);
	record(3558, REFERENCE);
	psh(100);
	waste(342);
	rest(NONE);
	begin("stop=6\n1=120-120\n2=4000-4000", ATLS_SHAPE_AUTH_ABSENT);
	first_record(120, REFERENCE);
	psh(1000);
	waste(2558);
	record(3558, REFERENCE);
	psh(442);
	rest(NONE);
	/* Unpadded data is let off. */
	begin("stop=0", ATLS_SHAPE_AUTH_ABSENT);
	psh(3000);
	record(999, TOLERANT);
	assert_sentence(REFERENCE,
	    "record 1 of 999 bytes cuts unpadded data inside a frame");
}

/* AT-PD-05: the packets of a session that was given another scheme. */
static void
test_update(void **state)
{
	static const char old[] =
	    "stop=6\n1=200-200\n2=300-300\n3=400-400\n4=500-500";
	unsigned turn;

	(void)state;
	hand.other = scheme("stop=6\n1=20-20\n2=31-31\n3=41-41\n4=51-51");
	for (turn = 2; turn <= 5; turn++) {
		unsigned n;

		begin(old, ATLS_SHAPE_AUTH_ABSENT);
		first_record(200, REFERENCE);
		assert_int_equal(atls_shape_update(&hand.o, &hand.other), 0);
		for (n = 2; n <= 4; n++) {
			psh(10);
			waste((n < turn ? 100 : 10) * n + (n < turn ? 90 : 1));
			rest(REFERENCE);
		}
		assert_at_rest(REFERENCE);
	}
	/* Not back again. */
	begin(old, ATLS_SHAPE_AUTH_ABSENT);
	first_record(200, REFERENCE);
	assert_int_equal(atls_shape_update(&hand.o, &hand.other), 0);
	psh(10);
	waste(21);
	rest(REFERENCE);
	psh(10);
	waste(390);
	rest(NONE);
	/* Past the rules of the old scheme, but not of the new one. */
	hand.other = scheme("stop=99\n7=70-70");
	begin(old, ATLS_SHAPE_AUTH_ABSENT);
	first_record(200, REFERENCE);
	for (turn = 2; turn <= 4; turn++) {
		psh(10);
		waste(turn * 100 + 90);
		rest(REFERENCE);
	}
	for (turn = 5; turn <= 6; turn++) {
		psh(1000);
		rest(REFERENCE);
	}
	assert_int_equal(atls_shape_update(&hand.o, &hand.other), 0);
	psh(10);
	waste(60);
	rest(REFERENCE);
	/* Past the rules of both. */
	psh(1000);
	rest(REFERENCE);
	hand.other = scheme("stop=3\n1=70-70");
	assert_int_equal(atls_shape_update(&hand.o, &hand.other), 0);
	psh(1000);
	rest(REFERENCE);
	assert_int_equal(atls_shape_update(&hand.o, &hand.other), 0);
	assert_int_equal(atls_shape_update(&hand.o, &hand.other), ATLS_E_LIMIT);
}

/* Too many explanations are no verdict. */
static void
test_overflow(void **state)
{
	static char text[20000] = "stop=9999";
	size_t at = strlen(text);
	unsigned n;

	(void)state;
	for (n = 1; n < 1000; n++)
		at += (size_t)snprintf(
		    text + at, sizeof(text) - at, "\n%u=50-100,1-200", n);
	begin(text, ATLS_SHAPE_AUTH_ABSENT);
	put(ATLS_CMD_SETTINGS, 60);
	put(ATLS_CMD_SYN, 7);
	psh(10);
	rest(REFERENCE);
	for (n = 0; n < 1200; n++) {
		enum atls_shape_reading got;

		psh(60);
		got = atls_shape_record(
		    &hand.o, atls_bytes(hand.bytes + hand.fed, 60));
		hand.fed += 60;
		assert_int_not_equal(got, NONE);
	}
	assert_int_equal(atls_shape_reading(&hand.o), ATLS_SHAPE_UNDETERMINED);
	assert_at_rest(ATLS_SHAPE_UNDETERMINED);
}

static void
assert_draw(uint32_t packet, uint32_t item, uint32_t size, bool fair)
{
	struct atls_shape_draw d;

	assert_true(atls_shape_drawn(&hand.o, &d));
	assert_int_equal(d.packet, packet);
	assert_int_equal(d.item, item);
	assert_int_equal(d.size, size);
	assert_int_equal(d.fair, fair);
}

static void
test_draws(void **state)
{
	struct atls_shape_draw d;

	(void)state;
	begin("stop=6\n0=10-20\n1=100-200\n2=20-30,c,x,40-50,60-70",
	    ATLS_SHAPE_AUTH_JUDGED);
	assert_false(atls_shape_drawn(&hand.o, &d));
	put_auth(15);
	rest(REFERENCE);
	assert_draw(0, 1, 15, true);
	first_record(150, REFERENCE);
	assert_draw(1, 1, 150, false);
	psh(60);
	record(25, REFERENCE);
	assert_draw(2, 1, 25, true);
	record(35, REFERENCE);
	/* 35 of payload hide one of 40 to 42. */
	assert_false(atls_shape_drawn(&hand.o, &d));
	waste(68);
	rest(REFERENCE);
	assert_draw(2, 5, 61, true);
	/* A piece of 100 with 50 behind it: sizes from 143 on would hide. */
	begin("stop=6\n1=100-200\n2=100-200", ATLS_SHAPE_AUTH_ABSENT);
	first_record(199, REFERENCE);
	psh(150);
	record(100, REFERENCE);
	assert_draw(2, 1, 100, false);
}

static void
test_explain_bounds(void **state)
{
	char buf[8] = "xxxxxxx";

	(void)state;
	begin("stop=1\n0=30-30", ATLS_SHAPE_AUTH_JUDGED);
	assert_sentence(REFERENCE, "");
	put_auth(30);
	record(34, NONE);
	assert_int_equal(atls_shape_explain(&hand.o, TEXT, buf, 1), 54);
	assert_string_equal(buf, "");
	assert_int_equal(atls_shape_explain(&hand.o, TEXT, buf, 8), 54);
	assert_string_equal(buf, "record ");
	assert_int_equal(buf[7], 0);
	/* Empty records and records after the end change nothing. */
	record(0, NONE);
	record(30, NONE);
	assert_at_rest(NONE);
	begin("stop=1\n0=30-30", ATLS_SHAPE_AUTH_JUDGED);
	record(0, REFERENCE);
	assert_at_rest(NONE);
	put_auth(30);
	rest(REFERENCE);
	assert_at_rest(REFERENCE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shift),
		cmocka_unit_test(test_missing_waste),
		cmocka_unit_test(test_check_mark),
		cmocka_unit_test(test_merged),
		cmocka_unit_test(test_appended),
		cmocka_unit_test(test_grouping),
		cmocka_unit_test(test_mixed),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_draws),
		cmocka_unit_test(test_explain_bounds),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
