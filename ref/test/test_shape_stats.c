/* Statistics of drawn sizes: the answers, and their error rates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ref/wire/shape.h"

static uint32_t sizes[2000];

static uint64_t
below(uint64_t *seed, uint64_t n)
{
	uint64_t z = (*seed += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return ((z ^ (z >> 31)) % n);
}

static struct atls_shape_stats
begin(uint32_t low, uint32_t high)
{
	struct atls_shape_stats st;

	atls_shape_stats_init(
	    &st, low, high, sizes, sizeof(sizes) / sizeof(sizes[0]));
	return (st);
}

static void
test_add(void **state)
{
	static const uint32_t in[] = { 5, 3, 9, 3, 1, 9, 7 };
	static const uint32_t out[] = { 1, 3, 3, 5, 7, 9, 9 };
	struct atls_shape_stats st;
	size_t i;

	(void)state;
	atls_shape_stats_init(&st, 1, 10, sizes, 7);
	for (i = 0; i < 7; i++)
		assert_true(atls_shape_stats_add(&st, in[i]));
	assert_false(atls_shape_stats_add(&st, 4));
	assert_int_equal(st.n, 7);
	assert_memory_equal(sizes, out, sizeof(out));
}

static void
test_bounds(void **state)
{
	struct atls_shape_stats st = begin(100, 400);

	(void)state;
	assert_int_equal(atls_shape_stats_bounds(&st), ATLS_SHAPE_UNKNOWN);
	assert_true(atls_shape_stats_add(&st, 100));
	assert_true(atls_shape_stats_add(&st, 400));
	assert_int_equal(atls_shape_stats_bounds(&st), ATLS_SHAPE_YES);
	assert_true(atls_shape_stats_add(&st, 401));
	assert_int_equal(atls_shape_stats_bounds(&st), ATLS_SHAPE_NO);
	st = begin(100, 400);
	assert_true(atls_shape_stats_add(&st, 99));
	assert_int_equal(atls_shape_stats_bounds(&st), ATLS_SHAPE_NO);
}

/* All equal over 4 sessions on 100-400 has probability 3.7e-8. */
static void
test_random(void **state)
{
	struct atls_shape_stats st = begin(100, 400);
	double p;
	unsigned i;

	(void)state;
	assert_int_equal(
	    atls_shape_stats_random(&st, 1e-6, NULL), ATLS_SHAPE_UNKNOWN);
	for (i = 1; i <= 4; i++) {
		assert_true(atls_shape_stats_add(&st, 222));
		assert_int_equal(atls_shape_stats_random(&st, 1e-6, &p),
		    i == 4 ? ATLS_SHAPE_NO : ATLS_SHAPE_UNKNOWN);
	}
	assert_true(p > 3.69e-8 && p < 3.71e-8);
	assert_int_equal(
	    atls_shape_stats_random(&st, 1e-8, NULL), ATLS_SHAPE_UNKNOWN);
	assert_true(atls_shape_stats_add(&st, 223));
	assert_int_equal(
	    atls_shape_stats_random(&st, 1e-6, &p), ATLS_SHAPE_YES);
	assert_true(p >= 1);
	/* Nothing to draw. */
	st = begin(30, 30);
	for (i = 0; i < 100; i++)
		assert_true(atls_shape_stats_add(&st, 30));
	assert_int_equal(
	    atls_shape_stats_random(&st, 0.5, NULL), ATLS_SHAPE_UNKNOWN);
	st = begin(30, 31);
	assert_true(atls_shape_stats_add(&st, 30));
	assert_true(atls_shape_stats_add(&st, 30));
	assert_int_equal(
	    atls_shape_stats_random(&st, 0.5, NULL), ATLS_SHAPE_UNKNOWN);
}

static void
test_need(void **state)
{
	(void)state;
	assert_int_equal(atls_shape_stats_need(1e-6, 0.2), 182);
	assert_int_equal(atls_shape_stats_need(1e-6, 0.1), 726);
	assert_int_equal(atls_shape_stats_need(0.05, 0.1), 185);
	assert_int_equal(atls_shape_stats_need(0.999, 0.9), 1);
	assert_true(atls_shape_stats_need(1e-300, 1e-200) == SIZE_MAX);
}

/* Draws N sizes: the even range [LOW, TOP). */
static enum atls_shape_answer
even(uint32_t top, size_t n, uint64_t *seed, double *distance)
{
	struct atls_shape_stats st = begin(100, 400);
	size_t i;

	for (i = 0; i < n; i++)
		assert_true(atls_shape_stats_add(
		    &st, 100 + (uint32_t)below(seed, top - 100)));
	return (atls_shape_stats_even(&st, 1e-6, 0.2, distance));
}

static void
test_even(void **state)
{
	uint64_t seed = 1;
	double distance = 9;
	unsigned i;

	(void)state;
	assert_int_equal(even(400, 181, &seed, &distance), ATLS_SHAPE_UNKNOWN);
	assert_true(distance >= 9);
	for (i = 0; i < 300; i++) {
		assert_int_equal(
		    even(400, 182, &seed, &distance), ATLS_SHAPE_YES);
		assert_true(distance > 0 && distance < 0.2);
		assert_int_equal(even(401, 182, &seed, NULL), ATLS_SHAPE_YES);
		/* Only the lower half. */
		assert_int_equal(
		    even(250, 182, &seed, &distance), ATLS_SHAPE_NO);
		assert_true(distance > 0.45);
	}
}

/* The distance, where it can be worked out by hand. */
static void
test_distance(void **state)
{
	struct atls_shape_stats st = begin(0, 10);
	double distance = 9;
	uint32_t i;

	(void)state;
	for (i = 0; i < 200; i++)
		assert_true(atls_shape_stats_add(&st, i % 10));
	assert_int_equal(
	    atls_shape_stats_even(&st, 1e-6, 0.2, &distance), ATLS_SHAPE_YES);
	assert_true(distance < 1e-9);
	st = begin(0, 10);
	for (i = 0; i < 200; i++)
		assert_true(atls_shape_stats_add(&st, i % 11));
	(void)atls_shape_stats_even(&st, 1e-6, 0.2, &distance);
	assert_true(distance < 0.01);
	/* All at 7: 0.7 of the even ones are below. */
	st = begin(0, 10);
	for (i = 0; i < 200; i++)
		assert_true(atls_shape_stats_add(&st, 7));
	assert_int_equal(
	    atls_shape_stats_even(&st, 1e-6, 0.2, &distance), ATLS_SHAPE_NO);
	assert_true(distance > 7.0 / 11 - 1e-9 && distance < 7.0 / 11 + 1e-9);
	/* Nothing to tell. */
	st = begin(7, 8);
	for (i = 0; i < 200; i++)
		assert_true(atls_shape_stats_add(&st, 7));
	assert_int_equal(
	    atls_shape_stats_even(&st, 1e-6, 0.2, NULL), ATLS_SHAPE_UNKNOWN);
}

/*
 * The bound's error rate is kept. At ALPHA 0.1 it is 0.1 for a continuous
 * distribution; 2000 runs must then not exceed 0.1 by 6 standard deviations.
 */
static void
test_error_rate(void **state)
{
	uint64_t seed = 5;
	size_t n = atls_shape_stats_need(0.1, 0.15);
	unsigned no = 0;
	unsigned run;

	(void)state;
	for (run = 0; run < 2000; run++) {
		struct atls_shape_stats st = begin(0, 1000000);
		size_t i;

		for (i = 0; i < n; i++)
			assert_true(atls_shape_stats_add(
			    &st, (uint32_t)below(&seed, 1000000)));
		no += atls_shape_stats_even(&st, 0.1, 0.15, NULL) ==
		    ATLS_SHAPE_NO;
	}
	assert_in_range(no, 60, 280);
}

/*
 * The power that is promised: who draws from a distribution that is twice the
 * bound away passes with probability 2 alpha at most. The farthest from even
 * that is no farther: the lower 70 of 100 parts only, at a bound of 0.15.
 */
static void
test_power(void **state)
{
	size_t n = atls_shape_stats_need(0.05, 0.15);
	uint64_t seed = 7;
	unsigned passed = 0;
	unsigned run;

	(void)state;
	for (run = 0; run < 2000; run++) {
		struct atls_shape_stats st = begin(0, 1000000);
		size_t i;

		for (i = 0; i < n; i++)
			assert_true(atls_shape_stats_add(
			    &st, (uint32_t)below(&seed, 700000)));
		passed += atls_shape_stats_even(&st, 0.05, 0.15, NULL) !=
		    ATLS_SHAPE_NO;
	}
	assert_true(passed <= 200);
}

/* The same for "all equal": sizes of 4 values, asked after each sample. */
static void
test_random_error_rate(void **state)
{
	uint64_t seed = 11;
	unsigned no = 0;
	unsigned run;

	(void)state;
	for (run = 0; run < 20000; run++) {
		struct atls_shape_stats st = begin(0, 4);
		enum atls_shape_answer answer = ATLS_SHAPE_UNKNOWN;
		unsigned i;

		for (i = 0; i < 12 && answer == ATLS_SHAPE_UNKNOWN; i++) {
			assert_true(atls_shape_stats_add(
			    &st, (uint32_t)below(&seed, 4)));
			answer = atls_shape_stats_random(&st, 0.02, NULL);
		}
		no += answer == ATLS_SHAPE_NO;
	}
	/* Four of a kind: 1/64 of the runs, 312 of 20,000. */
	assert_in_range(no, 200, 400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_need),
		cmocka_unit_test(test_even),
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_error_rate),
		cmocka_unit_test(test_power),
		cmocka_unit_test(test_random_error_rate),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
