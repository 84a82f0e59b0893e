/* Targets that die while they are tested: who did it, and what goes on. */
#include "conformance/test/fake.h"

static void
passes(struct t *t)
{
	t_observe(t, "fine");
}

static void
kills(struct t *t)
{
	is_answered(t, t->arg);
	t_fail(t, "an answer", "the connection was closed");
}

static void
waits(struct t *t)
{
	poll(NULL, 0, (int)(long)t->tc->budget_ms / 10);
}

static void
owns(struct t *t)
{
	const struct own_target own = { t->arg, NULL };
	uint16_t before = t->target.port;

	t_own_target(t, &own);
	if (t->target.port == before || !t_own_target_alive(t) ||
	    !is_answered(t, "ping"))
		t_fail(t, "a target of its own", "none");
}

static void
owns_and_kills(struct t *t)
{
	const struct own_target plain = { NULL, NULL };

	t_own_target(t, &plain);
	kills(t);
}

static const struct tcase kill_cases[] = {
	{ "kill/before", "MUST-1", passes },
	{ "kill/kill", "REF-1", kills, "die " },
	{ "kill/wait", "MUST-1", waits, .budget_ms = 3000 },
	{ "kill/after", "MUST-1", passes, .flags = CASE_SERIAL },
	{ "kill/dangerous", "REF-1", kills, "die ", .flags = CASE_DANGEROUS },
};
static const struct tcase once_cases[] = {
	{ "once/once", "SHOULD-1", kills, "once" },
	{ "once/mute", "SHOULD-1", kills, "mute" },
};
static const struct tcase own_cases[] = {
	{ "own/plain", "MUST-1", owns },
	{ "own/scheme", "MUST-1", owns, "stop=8\n" },
	{ "own/kill", "MUST-1", owns_and_kills, "die " },
};
static const struct suite killing = SUITE("kill", kill_cases);
static const struct suite once = SUITE("once", once_cases);
static const struct suite own = SUITE("own", own_cases);
static const struct suite *const suites[] = { &killing, &once, &own, NULL };

static void
external_death(void **state)
{
	const struct pack fake = pack_of(suites);
	struct run r;

	(void)state;
	run_on_target(
	    &r, &fake, "--format jsonl -j1 kill/** --skip kill/dangerous", -1);
	assert_int_equal(r.code, EXIT_FINDINGS);
	assert_status(&r, "kill/before", "pass");
	assert_status(&r, "kill/kill", "warn");
	assert_non_null(strstr(r.out, "target is gone since kill/kill"));
	assert_status(&r, "kill/after", "blocked");
	run_free(&r);
}

/* It takes connections, and that is all. */
static void
external_silence(void **state)
{
	const struct pack fake = pack_of(suites);
	struct run r;

	(void)state;
	run_on_target(
	    &r, &fake, "--format jsonl once/mute --time-scale 0.2", -1);
	assert_int_equal(r.code, EXIT_FINDINGS);
	assert_status(&r, "once/mute", "warn");
	assert_non_null(strstr(r.out, "after the last case the target"));
	run_free(&r);
	/* Another case finds out first. */
	run_on_target(&r, &fake,
	    "--format jsonl -j1 once/mute own/plain kill/after "
	    "kill/dangerous --time-scale 0.2",
	    -1);
	assert_int_equal(r.code, EXIT_FINDINGS);
	assert_status(&r, "kill/after", "crash");
	assert_non_null(strstr(r.out, "target is gone since kill/after"));
	assert_status(&r, "kill/dangerous", "blocked");
	run_free(&r);
}

static void
managed_death(void **state)
{
	const struct pack fake = pack_of(suites);
	struct run r;

	(void)state;
	run_with(&r, &fake, "x --format jsonl kill/**", -1);
	assert_int_equal(r.code, EXIT_FINDINGS);
	assert_status(&r, "kill/before", "pass");
	assert_status(&r, "kill/kill", "crash");
	assert_says(&r, "kill/kill", "killed by SIGKILL");
	assert_says(&r, "kill/kill", "told to die");
	assert_status(&r, "kill/wait", "pass");
	assert_status(&r, "kill/after", "pass");
	assert_status(&r, "kill/dangerous", "crash");
	assert_null(strstr(r.out, "\"event\":\"finding\""));
	run_free(&r);
}

/* With a target that begins in an odd way. */
static void
run_oddly(struct run *r, const char *how, const char *args)
{
	const struct pack fake = pack_of(suites);
	char *sut = strdup(getenv("TEST_SUT")), line[600];

	snprintf(line, sizeof(line), "%s %s", sut, how);
	setenv("TEST_SUT", line, 1);
	run_with(r, &fake, args, -1);
	setenv("TEST_SUT", sut, 1);
	free(sut);
}

static void
flickering_target(void **state)
{
	struct run r;
	int i;

	(void)state;
	/* Where others take the processor it may flicker too late to be seen.
	 */
	for (i = 0;; i++) {
		run_oddly(&r, "flicker", "x --format jsonl own/plain");
		if (r.code == 0 || i == 4)
			break;
		run_free(&r);
	}
	assert_int_equal(r.code, 0);
	assert_status(&r, "own/plain", "pass");
	run_free(&r);
}

/* A target that ends by itself, whatever it is asked. */
static void
brief_target(void **state)
{
	struct run r;

	(void)state;
	run_oddly(&r, "brief", "x --format jsonl -j1 --repeat 8 kill/wait");
	assert_int_equal(r.code, EXIT_FINDINGS);
	assert_non_null(strstr(r.out,
	    "the target ended during the run: "
	    "killed by signal 14"));
	assert_non_null(strstr(r.out, "\"run\":8,\"pass\":8"));
	run_free(&r);
}

static void
death_without_culprit(void **state)
{
	char once_path[] = "/tmp/test-runner-XXXXXX";
	const struct pack fake = pack_of(suites);
	struct run r;

	(void)state;
	close(mkstemp(once_path));
	unlink(once_path);
	setenv("TEST_ONCE", once_path, 1);
	run_with(&r, &fake, "x --format jsonl once/once kill/before", -1);
	unlink(once_path);
	unsetenv("TEST_ONCE");
	assert_int_equal(r.code, EXIT_FINDINGS);
	assert_status(&r, "once/once", "warn");
	assert_status(&r, "kill/before", "pass");
	assert_non_null(strstr(r.out,
	    "\"event\":\"finding\",\"area\":\"run\","
	    "\"round\":1,\"requirements\":[],\"status\":\"crash\""));
	assert_non_null(strstr(r.out, "none of them does it alone"));
	run_free(&r);
}

static void
own_targets(void **state)
{
	const struct pack fake = pack_of(suites);
	struct run r;

	(void)state;
	run_with(&r, &fake, "x --format jsonl own/**", -1);
	assert_int_equal(r.code, EXIT_FINDINGS);
	assert_status(&r, "own/plain", "pass");
	assert_status(&r, "own/scheme", "skip");
	assert_says(&r, "own/scheme", "{padding_scheme}");
	assert_status(&r, "own/kill", "crash");
	run_free(&r);
	run_on_target(&r, &fake, "--format jsonl own/plain", -1);
	assert_int_equal(r.code, EXIT_NOTHING_TESTED);
	assert_says(&r, "own/plain", "\"class\":\"feature\"");
	run_free(&r);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(external_death),
		cmocka_unit_test(external_silence),
		cmocka_unit_test(managed_death),
		cmocka_unit_test(flickering_target),
		cmocka_unit_test(brief_target),
		cmocka_unit_test(death_without_culprit),
		cmocka_unit_test(own_targets),
	};

	fake_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
