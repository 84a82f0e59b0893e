/* The record-size oracle: sizes, packets and authentication, by hand. */
#include <stdio.h>

#include "ref/test/shape_hand.h"

struct hand hand;

/* The default scheme as anytls-go sends it. */
static void
test_default_scheme(void **state)
{
	(void)state;
	begin(ATLS_SCHEME_DEFAULT, ATLS_SHAPE_AUTH_JUDGED);
	put_auth(30);
	rest(REFERENCE);
	first_record(378, REFERENCE);
	assert_at_rest(REFERENCE);
	/* Packet 2 ends at the check mark. */
	psh(107);
	waste(343);
	rest(REFERENCE);
	assert_at_rest(REFERENCE);
	/* Packet 3: 9 bytes, a size, the rest. */
	psh(707);
	record(9, REFERENCE);
	assert_at_rest(NONE);
	record(640, REFERENCE);
	rest(REFERENCE);
	assert_at_rest(REFERENCE);
	/* Packet 4: FIN with waste. */
	put(ATLS_CMD_FIN, 7);
	waste(600);
	rest(REFERENCE);
	/* Packets 5 to 7, then no waste. */
	put(ATLS_CMD_SYN, 7);
	waste(492);
	rest(NONE);
	assert_sentence(TOLERANT,
	    "record 7 of 499 bytes (7 of frames, 492 of waste), but packet 5 "
	    "item 1 wants 500 to 1000, or 493 to 1000 without waste at its "
	    "end (it would begin packet 2)");
}

static void
test_stop(void **state)
{
	(void)state;
	begin(
	    "stop=3\n1=200-200\n2=300-300\n3=400-400", ATLS_SHAPE_AUTH_ABSENT);
	first_record(200, REFERENCE);
	psh(20);
	waste(280);
	rest(REFERENCE);
	psh(20);
	rest(REFERENCE);
	psh(5000);
	rest(REFERENCE);
	psh(50000);
	record(16384, REFERENCE);
	record(16384, REFERENCE);
	record(16384, REFERENCE);
	assert_at_rest(NONE);
	rest(REFERENCE);
	assert_at_rest(REFERENCE);
	psh(20);
	waste(380);
	rest(NONE);
	assert_sentence(REFERENCE,
	    "record 9 of 400 bytes (20 of frames, 380 of waste), but from "
	    "packet 3 on there is no padding, so no waste");
	assert_sentence(TOLERANT,
	    "record 9 of 400 bytes (20 of frames, 380 of waste), but from "
	    "packet 3 on there is no padding, so no waste");
	assert_sentence(NONE, "");
}

/* AT-RS-01 to AT-RS-04. */
static void
test_pieces(void **state)
{
	static const char text[] =
	    "stop=9\n1=100-100\n2=50-50,60-60,c,70-70,9-9";
	size_t last;

	(void)state;
	for (last = 1; last <= 60; last++) {
		begin(text, ATLS_SHAPE_AUTH_ABSENT);
		first_record(100, REFERENCE);
		psh(50 + last);
		record(50, REFERENCE);
		if (last < 53)
			waste(60 - last);
		rest(REFERENCE);
		assert_at_rest(REFERENCE);
	}
	begin(text, ATLS_SHAPE_AUTH_ABSENT);
	first_record(100, REFERENCE);
	psh(50 + 60 + 70);
	record(50, REFERENCE);
	record(60, REFERENCE);
	record(70, REFERENCE);
	assert_at_rest(NONE);
	waste(16);
	rest(REFERENCE);
	assert_at_rest(REFERENCE);
	begin(text, ATLS_SHAPE_AUTH_ABSENT);
	first_record(100, REFERENCE);
	psh(50 + 60 + 1);
	record(50, REFERENCE);
	record(60, REFERENCE);
	waste(68);
	rest(NONE);
	assert_sentence(TOLERANT,
	    "record 4 of 69 bytes (1 of frames, 68 of waste), but packet 2 "
	    "item 4 wants 70, or 63 to 70 without waste at its end");
}

/* AT-RS-03: at most 7 bytes may stay unfilled. */
static void
test_short(void **state)
{
	size_t size;

	(void)state;
	for (size = 99; size <= 110; size++) {
		char text[64];

		snprintf(text, sizeof(text), "stop=9\n1=%zu-%zu", size, size);
		begin(text, ATLS_SHAPE_AUTH_ABSENT);
		put_first();
		rest(size >= 100 && size <= 107 ? REFERENCE : TOLERANT);
	}
}

/* What only the text allows. */
static void
test_text(void **state)
{
	(void)state;
	begin("stop=9\n0=10-20\n1=90-120\n2=9-9,50-60", ATLS_SHAPE_AUTH_JUDGED);
	put_auth(20);
	rest(TEXT);
	assert_sentence(REFERENCE,
	    "record 0 of 54 bytes ends an authentication request with a "
	    "padding0 of 20, but packet 0 wants a padding0 of 10 to 19");
	/* The maximum. */
	begin("stop=9\n1=90-120\n2=9-9,50-60", ATLS_SHAPE_AUTH_ABSENT);
	first_record(120, TEXT);
	assert_sentence(REFERENCE,
	    "record 1 of 120 bytes (100 of frames, 20 of waste), but packet 1 "
	    "item 1 wants 90 to 119, or 83 to 119 without waste at its end");
	assert_sentence(TEXT, "");
	/* Waste alone of l, not l + 7. */
	begin("stop=9\n1=120-120\n2=9-9,50-60", ATLS_SHAPE_AUTH_ABSENT);
	first_record(120, REFERENCE);
	psh(9);
	rest(REFERENCE);
	waste(50);
	rest(TEXT);
	assert_sentence(REFERENCE,
	    "record 3 of 50 bytes (0 of frames, 50 of waste), but packet 2 "
	    "item 2 wants 50 to 59, or 43 to 59 without waste at its end; "
	    "packet 2 item 2 wants waste of 57 to 66");
	/* A waste frame without data. */
	begin("stop=9\n1=107-107", ATLS_SHAPE_AUTH_ABSENT);
	first_record(107, TEXT);
}

/* Waste alone: l + 7 in the reference, and not a byte beside. */
static void
test_padding(void **state)
{
	size_t len;

	(void)state;
	for (len = 40; len <= 80; len++) {
		enum atls_shape_reading wanted = NONE;

		if (len >= 57 && len <= 66)
			wanted = REFERENCE;
		else if (len >= 50 && len <= 67)
			wanted = TEXT;
		begin("stop=9\n1=120-120\n2=9-9,50-60", ATLS_SHAPE_AUTH_ABSENT);
		first_record(120, REFERENCE);
		psh(9);
		rest(REFERENCE);
		waste(len);
		rest(wanted);
	}
}

static void
test_auth(void **state)
{
	(void)state;
	begin("stop=1\n0=30-30", ATLS_SHAPE_AUTH_JUDGED);
	put_auth(31);
	rest(NONE);
	assert_sentence(TOLERANT,
	    "record 0 of 65 bytes ends an authentication request with a "
	    "padding0 of 31, but packet 0 wants a padding0 of 30");
	begin("stop=1\n0=30-30", ATLS_SHAPE_AUTH_JUDGED);
	put_auth(30);
	record(34, NONE);
	assert_sentence(
	    TOLERANT, "record 0 of 34 bytes splits the authentication request");
	/* Frames in the same record. */
	begin("stop=1\n0=30-30", ATLS_SHAPE_AUTH_JUDGED);
	put_auth(30);
	put_first();
	rest(TOLERANT);
	assert_sentence(REFERENCE,
	    "record 0 of 164 bytes holds frames behind the authentication "
	    "request");
	/* Cut where Go cuts. */
	begin("stop=1\n0=1200-1300", ATLS_SHAPE_AUTH_JUDGED);
	put_auth(1250);
	record(1186, REFERENCE);
	rest(REFERENCE);
	begin("stop=1\n0=1200-1300", ATLS_SHAPE_AUTH_JUDGED);
	put_auth(1250);
	record(1185, NONE);
	/* Passed over. */
	begin("stop=1\n0=30-30", ATLS_SHAPE_AUTH_SKIPPED);
	put_auth(99);
	record(34, REFERENCE);
	record(1, REFERENCE);
	rest(REFERENCE);
	first_record(100, REFERENCE);
}

static void
assert_padding0(const char *text, uint16_t n, enum atls_shape_reading wanted)
{
	begin(text, ATLS_SHAPE_AUTH_JUDGED);
	put_auth(n);
	rest(wanted);
}

static void
test_padding0(void **state)
{
	(void)state;
	assert_padding0("stop=8", 0, REFERENCE);
	assert_padding0("stop=8", 1, NONE);
	assert_padding0("stop=8\n0=30-30", 0, NONE);
	assert_padding0("stop=8\n0=30-30", 29, NONE);
	assert_padding0("stop=8\n0=x,9-9,30-30", 9, REFERENCE);
	assert_padding0("stop=8\n0=x,9-9,30-30", 30, NONE);
	assert_padding0("stop=8\n0=20-10", 10, REFERENCE);
	assert_padding0("stop=8\n0=20-10", 20, TEXT);
	assert_padding0("stop=8\n0=20-10", 21, NONE);
	assert_padding0("stop=8\n0=20-10", 9, NONE);
	assert_padding0("stop=8\n0=c,20-20", 0, REFERENCE);
	assert_padding0("stop=8\n0=", 0, REFERENCE);
	/* Where text and Go differ, both are right. */
	assert_padding0("stop=0\n0=20-20", 0, REFERENCE);
	assert_padding0("stop=0\n0=20-20", 20, REFERENCE);
	assert_padding0("stop=0\n0=20-20", 21, NONE);
}

/* Sizes of AT-PD-11 and AT-PD-12 that name the packet. */
static void
test_counter(void **state)
{
	static const char text[] =
	    "stop=6\n0=30-30\n1=200-200\n2=300-300\n3=400-400\n4=500-500";

	(void)state;
	/* Packet 1 counted as 2. */
	begin(text, ATLS_SHAPE_AUTH_ABSENT);
	first_record(300, NONE);
	assert_sentence(TOLERANT,
	    "record 1 of 300 bytes (100 of frames, 200 of waste), but packet 1 "
	    "item 1 wants 200, or 193 to 200 without waste at its end (it "
	    "would begin packet 2)");
	/* Packet 1 counted as 0: a piece of 30, then the rest. */
	begin(text, ATLS_SHAPE_AUTH_ABSENT);
	put_first();
	record(30, NONE);
	assert_sentence(TOLERANT,
	    "record 1 of 30 bytes (30 of frames, 0 of waste), but packet 1 "
	    "item 1 wants 200, or 193 to 200 without waste at its end (it "
	    "would begin packet 0)");
	/* A control frame that was not counted. */
	begin(text, ATLS_SHAPE_AUTH_ABSENT);
	first_record(200, REFERENCE);
	psh(20);
	waste(280);
	rest(REFERENCE);
	put(ATLS_CMD_HEART_RESPONSE, 7);
	waste(293);
	rest(NONE);
	assert_sentence(TOLERANT,
	    "record 3 of 300 bytes (7 of frames, 293 of waste), but packet 3 "
	    "item 1 wants 400, or 393 to 400 without waste at its end (it "
	    "would begin packet 2)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_scheme),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_auth),
		cmocka_unit_test(test_padding0),
		cmocka_unit_test(test_counter),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
