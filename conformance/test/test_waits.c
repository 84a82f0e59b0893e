/* How long verbs wait for data that come slowly. */
#include "conformance/anytls/verbs.h"
#include "conformance/test/cm.h"

static void
data_renew_a_deadline(void **state)
{
	struct t t = { .timeout_ms = 1000 };
	uint64_t now = t_now(), got;

	(void)state;
	got = verb_renewed(&t, now, now + 100000);
	assert_true(got >= now + 1000 && got <= now + 50000);
}

static void
a_later_deadline_stays(void **state)
{
	struct t t = { .timeout_ms = 1000 };
	uint64_t now = t_now();

	(void)state;
	assert_true(verb_renewed(&t, now + 60000, now + 90000) == now + 60000);
	/* Even behind the limit: nothing makes a wait shorter. */
	assert_true(verb_renewed(&t, now + 60000, now + 10) == now + 60000);
}

static void
who_drips_meets_the_limit(void **state)
{
	struct t t = { .timeout_ms = 1000 };
	uint64_t now = t_now();

	(void)state;
	assert_true(verb_renewed(&t, now, now + 10) == now + 10);
	assert_true(verb_limit(&t, 5000) == 8000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_renew_a_deadline),
		cmocka_unit_test(a_later_deadline_stays),
		cmocka_unit_test(who_drips_meets_the_limit),
	};

	return (cmocka_run_group_tests_name("waits", tests, NULL, NULL));
}
