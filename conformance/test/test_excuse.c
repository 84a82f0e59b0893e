/* What known failures make of verdicts. */
#include "conformance/test/cm.h"

#include <stdio.h>
#include <string.h>

#include "conformance/engine/excuse.h"
#include "conformance/engine/totals.h"
#include "conformance/test/cases.h"

static const struct requirement must = { "R-1", "both", "MUST", "text", "1",
	"q", "case" };
static const struct requirement should = { "R-2", "both", "SHOULD", "text", "1",
	"q", "case" };
static const struct requirement may = { "R-3", "both", "MAY", "text", "1", "q",
	"case" };

#define TODAY "2026-06-15"

/* The status that a case of REQ gets, which ended as STATUS by itself, saying
 * "saw a FIN", when LINE is the list. */
static enum status
judge(const char *line, const struct requirement *req, enum status status,
    bool *stale)
{
	struct known k = { NULL, 0, { NULL, 0 } };
	struct features features = { NULL, 0 };
	const struct excuse_env env = { TODAY, "server", "linux", "1.0",
		&features };
	struct complaint c;
	struct plan plan;
	struct item item;
	enum status result;

	memset(&item, 0, sizeof(item));
	memset(&plan, 0, sizeof(plan));
	item.tc = &test_server_cases[0];
	item.req = req;
	item.result.status = status;
	item.result.box = box_new();
	box_print(item.result.box->actual, BOX_TEXT, "saw a FIN");
	plan.items = &item;
	plan.n = 1;
	assert_int_equal(known_parse(&k, "f", line, strlen(line), &c), 0);
	assert_int_equal(known_resolve(&k, &test_pack, NULL, &c), 0);
	excuse_plan(&k, &plan, &env);
	result = excuse_verdict(&item, stale);
	box_free(item.result.box);
	known_free(&k);
	return result;
}

static void
verdicts(void **state)
{
#define X "xfail server/a/one"
#define F "flaky server/a/one"
#define OVER " until=2026-06-14"
	static const struct {
		const char *line;
		const struct requirement *req;
		enum status own, becomes;
		bool stale;
	} rows[] = {
		/* Without a line that names it. */
		{ "", &must, ST_FAIL, ST_FAIL, false },
		{ "xfail server/a/two", &must, ST_FAIL, ST_FAIL, false },
		{ "", &should, ST_FAIL, ST_WARN, false },
		/* Must fail. */
		{ X, &must, ST_FAIL, ST_XFAIL, false },
		{ X, &should, ST_FAIL, ST_XFAIL, false },
		{ X, &must, ST_CRASH, ST_XFAIL, false },
		{ X, &must, ST_PASS, ST_XPASS, false },
		{ X, &may, ST_FAIL, ST_XPASS, false },
		{ X, &must, ST_ERROR, ST_ERROR, false },
		{ X, &must, ST_SKIP, ST_SKIP, false },
		{ X, &must, ST_BLOCKED, ST_BLOCKED, false },
		/* With a message. */
		{ X " match=FIN", &must, ST_FAIL, ST_XFAIL, false },
		{ X " match=SYN", &must, ST_FAIL, ST_FAIL, true },
		{ X " match=SYN", &should, ST_FAIL, ST_WARN, true },
		{ X " match=SYN", &must, ST_PASS, ST_XPASS, false },
		/* May fail. */
		{ F, &must, ST_FAIL, ST_FLAKY, false },
		{ F, &must, ST_PASS, ST_PASS, false },
		{ F, &may, ST_FAIL, ST_INFO, false },
		{ F " match=SYN", &must, ST_FAIL, ST_FAIL, true },
		{ F, &must, ST_UNDETERMINED, ST_FLAKY, false },
		{ X, &must, ST_UNDETERMINED, ST_UNDETERMINED, false },
		/* The last day counts; after it nothing is excused. */
		{ X " until=" TODAY, &must, ST_FAIL, ST_XFAIL, false },
		{ X OVER, &must, ST_FAIL, ST_FAIL, true },
		{ X OVER, &should, ST_FAIL, ST_WARN, true },
		{ X OVER, &must, ST_PASS, ST_XPASS, false },
		{ F OVER, &must, ST_PASS, ST_XPASS, false },
		{ F OVER, &must, ST_FAIL, ST_FAIL, true },
		{ "skip server/a/one" OVER " issue=1", &must, ST_FAIL, ST_FAIL,
		    true },
		{ "skip server/a/one" OVER " issue=1", &must, ST_PASS, ST_XPASS,
		    false },
		/* Conditions that do not hold. */
		{ X " role=server", &must, ST_FAIL, ST_XFAIL, false },
		{ "xfail ** role=client", &must, ST_FAIL, ST_FAIL, false },
	};
	enum status got;
	bool stale;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		got = judge(rows[i].line, rows[i].req, rows[i].own, &stale);
		if (got != rows[i].becomes || stale != rows[i].stale)
			fail_msg("'%s', row %zu: %s%s", rows[i].line, i,
			    totals_status_name(got), stale ? " stale" : "");
	}
}

static void
conditions(void **state)
{
	static const struct {
		const char *words;
		bool holds;
	} rows[] = {
		{ "", true },
		{ "profile=v2", true },
		{ "profile=v1", false },
		{ "os=linux", true },
		{ "os=darwin", false },
		{ "role=server", true },
		{ "feature=udp", true },
		{ "feature=heartbeat", false },
		{ "feature=!heartbeat", true },
		{ "feature=!udp", false },
		{ "feature=shape=7", true },
		{ "feature=shape=8", false },
		{ "feature=udp,!heartbeat", true },
		{ "suite>=1.1", true },
		{ "suite>=1.2", true },
		{ "suite>=1.2.1", false },
		{ "suite>=1.10", false },
		{ "os=linux profile=v1", false },
	};
	struct features features = { NULL, 0 };
	const struct excuse_env env = { TODAY, "server", "linux", "1.2 (a)",
		&features };
	struct complaint c;
	struct known k;
	char line[128];
	size_t i;

	(void)state;
	features_declare(&features, "profile=v2");
	features_declare(&features, "udp");
	features_declare(&features, "shape=7");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		memset(&k, 0, sizeof(k));
		snprintf(
		    line, sizeof(line), "xfail server/a/one %s", rows[i].words);
		assert_int_equal(
		    known_parse(&k, "f", line, strlen(line), &c), 0);
		if (excuse_holds(&k.lines[0], &env) != rows[i].holds)
			fail_msg("%s", rows[i].words);
		known_free(&k);
	}
	features_free(&features);
}

/* The exit code that one result of STATUS leads to. */
static int
exit_of(enum status status, bool stale, bool strict, bool flaky_fails)
{
	struct totals tot;
	struct result result;

	memset(&tot, 0, sizeof(tot));
	memset(&result, 0, sizeof(result));
	tot.strict = strict;
	tot.flaky_fails = flaky_fails;
	result.status = status;
	result.stale = stale;
	totals_add(&tot, &result, &must);
	return totals_exit(&tot);
}

static void
exits(void **state)
{
	(void)state;
	assert_int_equal(exit_of(ST_XFAIL, false, true, false), EXIT_CONFORMS);
	assert_int_equal(exit_of(ST_XPASS, false, false, false), EXIT_FINDINGS);
	assert_int_equal(exit_of(ST_FLAKY, false, true, false), EXIT_CONFORMS);
	assert_int_equal(exit_of(ST_FLAKY, false, false, true), EXIT_FINDINGS);
	assert_int_equal(exit_of(ST_WARN, false, false, false), EXIT_CONFORMS);
	assert_int_equal(exit_of(ST_WARN, true, false, false), EXIT_FINDINGS);
	assert_int_equal(
	    exit_of(ST_SKIP, false, false, false), EXIT_NOTHING_TESTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),
		cmocka_unit_test(conditions),
		cmocka_unit_test(exits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
