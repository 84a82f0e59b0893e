/* Clocks that are stretched by what handshakes take. */
#include "conformance/test/cm.h"

#include "conformance/engine/pace.h"

static void
repeat(struct pace *p, unsigned n, uint32_t ms)
{
	while (n-- != 0)
		pace_took(p, ms);
}

static void
quick_handshakes_stretch_nothing(void **state)
{
	struct pace *p = pace_new();

	(void)state;
	assert_non_null(p);
	assert_true(pace_slowness(p) == 1);
	repeat(p, 200, 0);
	assert_true(pace_slowness(p) == 1);
	repeat(p, 200, 149);
	assert_true(pace_slowness(p) == 1);
	pace_free(p);
}

static void
slow_ones_stretch_by_their_mean(void **state)
{
	struct pace *p = pace_new();

	(void)state;
	assert_non_null(p);
	repeat(p, 200, 300);
	assert_true(pace_slowness(p) > 1.9 && pace_slowness(p) < 2.1);
	/* One quick one changes little, many change it all. */
	pace_took(p, 0);
	assert_true(pace_slowness(p) > 1.8);
	repeat(p, 200, 0);
	assert_true(pace_slowness(p) == 1);
	pace_free(p);
}

static void
the_stretch_is_bounded(void **state)
{
	struct pace *p = pace_new();

	(void)state;
	assert_non_null(p);
	repeat(p, 200, UINT32_MAX);
	assert_true(pace_slowness(p) == 4);
	pace_free(p);
}

/* The first of a run has nobody to ask. */
static void
a_handshake_speaks_for_itself(void **state)
{
	struct pace *p = pace_new();

	(void)state;
	assert_non_null(p);
	assert_true(pace_took(p, 450) == 3);
	assert_true(pace_took(p, 20) == 1);
	assert_true(pace_slowness(p) == 1);
	pace_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quick_handshakes_stretch_nothing),
		cmocka_unit_test(slow_ones_stretch_by_their_mean),
		cmocka_unit_test(the_stretch_is_bounded),
		cmocka_unit_test(a_handshake_speaks_for_itself),
	};

	return (cmocka_run_group_tests_name("pace", tests, NULL, NULL));
}
