/* The budget of false alarms: its shares, what is spent, and "undetermined". */
#include "conformance/test/fake.h"

static void
asks(struct t *t)
{
	t_observe(t, "a share of %g", t_question(t));
	t_observe(t, "and %g", t_question(t));
}

static void
lacks_samples(struct t *t)
{
	(void)t_question(t);
	t_undetermined(t, "sizes that differ", "%d samples of %d", 3, 200);
}

static void
asks_too_much(struct t *t)
{
	(void)t_question(t);
	(void)t_question(t);
}

static void
asks_nothing(struct t *t)
{
	(void)t;
}

static const struct tcase cases[] = {
	{ "chance/asks", "MUST-1", asks, .questions = 2 },
	{ "chance/lacks", "MUST-1", lacks_samples, .questions = 1 },
	{ "chance/too-much", "MUST-1", asks_too_much, .questions = 1 },
	{ "chance/none", "MUST-1", asks_nothing },
};
static const struct suite chance = SUITE("chance", cases);
static const struct suite *const suites[] = { &chance, NULL };

static void
assert_prints(const struct run *r, const char *text)
{
	if (strstr(r->out, text) == NULL)
		fail_msg("'%s' is not in\n%s", text, r->out);
}

/* Four questions are planned: each may err with a quarter of 1e-6. */
static void
shares(void **state)
{
	const struct pack fake = pack_of(suites);
	struct run r;

	(void)state;
	run_on_target(&r, &fake, "--format jsonl", -1);
	assert_status(&r, "chance/asks", "pass");
	assert_says(&r, "chance/asks", "a share of 2.5e-07");
	assert_status(&r, "chance/lacks", "undetermined");
	assert_says(&r, "chance/lacks", "3 samples of 200");
	assert_status(&r, "chance/too-much", "error");
	assert_prints(&r, "\"undetermined\":1");
	assert_prints(&r,
	    "\"statistics\":{\"budget\":1e-6,\"questions\":4,\"asked\":4,"
	    "\"spent\":1e-6}");
	run_free(&r);
}

/* Fewer cases, or more rounds: the budget is that of the run. */
static void
run_wide(void **state)
{
	const struct pack fake = pack_of(suites);
	struct run r;

	(void)state;
	run_on_target(&r, &fake, "--repeat 5 chance/asks", -1);
	assert_prints(&r, "a share of 1e-07");
	assert_prints(&r,
	    "statistics: false alarms at most 1e-06; 10 questions of at most "
	    "1e-07 each, 10 asked, 1e-06 spent\n");
	run_free(&r);
	run_on_target(&r, &fake,
	    "--skip chance/too-much chance/asks "
	    "chance/lacks chance/too-much",
	    -1);
	assert_prints(&r, "3 questions of at most 3.33333e-07 each, 3 asked");
	assert_prints(&r, "1 undetermined; 1 skip");
	run_free(&r);
	run_on_target(&r, &fake, "chance/none", -1);
	assert_null(strstr(r.out, "statistics"));
	run_free(&r);
}

/* It is no pass: nothing was tested, or with --strict a failure. */
static void
no_pass(void **state)
{
	const struct pack fake = pack_of(suites);
	struct run r;

	(void)state;
	run_on_target(&r, &fake, "chance/lacks", -1);
	assert_int_equal(r.code, EXIT_NOTHING_TESTED);
	assert_prints(&r, "0 run, 0 pass");
	run_free(&r);
	run_on_target(&r, &fake, "--strict chance/lacks chance/none", -1);
	assert_int_equal(r.code, EXIT_FINDINGS);
	run_free(&r);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares),
		cmocka_unit_test(run_wide),
		cmocka_unit_test(no_pass),
	};

	fake_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
