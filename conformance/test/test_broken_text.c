/* The texts that broken peers are made of: rules that are none, policies, and
 * the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conformance/anytls/broken/defects.h"
#include "conformance/anytls/broken/policy_names.h"
#include "conformance/anytls/broken/rules.h"

struct row {
	const char *rules;
	const char *err;
};

/* What is no rule, and where that shows. */
static void
test_no_rules(void **state)
{
	static const struct row rows[] = {
		{ "", "at 0: side is missing" },
		{ "left SYN drop", "at 0: \"left\" is no side" },
		{ "up", "at 2: a command is missing" },
		{ "up SIN drop", "at 3: \"SIN\" is no command" },
		{ "up 256 drop", "at 3: a command is 0 to 255" },
		{ "down AUTH drop", "at 5: AUTH is up only" },
		{ "up SYN", "at 6: action is missing" },
		{ "up SYN dorp", "at 7: \"dorp\" is no action" },
		{ "up SYN[sid 1] drop", "at 11: =, !=, < or > is missing" },
		{ "up SYN[sid!1] drop", "at 10: =, !=, < or > is missing" },
		{ "up SYN[sid=] drop", "at 11: a number is missing" },
		{ "up SYN[foo] drop", "at 7: \"foo\" is no condition" },
		{ "up SYN[sid=1 drop", "at 13: \",\" or \"]\" is missing" },
		{ "up SYN#0 drop", "at 6: a count from 1 on is missing" },
		{ "up SYN#3-2 drop", "at 6: the count ends before it begins" },
		{ "up SYN delay", "at 12: a number is missing" },
		{ "up SYN data", "at 11: a string or a length is missing" },
		{ "up SYN data \"x", "at 12: an open string" },
		{ "up SYN data \"\\q\"", "at 14: no such escape" },
		{ "up SYN data \"\\x1\"", "at 14: no such escape" },
		{ "up SYN split 0", "at 13: split takes 1 and more" },
		{ "up SYN skip -1", "at 12: skip takes no sign" },
		{ "up SYN append 1 x", "at 16: \"x\" is no stream id" },
		{ "up SYN append PSH 1 70000", "at 20: data is 0 to 65535" },
		{ "up SYN drop drop",
		    "at 12: \",\", \";\" or the end is missing" },
		{ "up SYN drop;", "at 12: side is missing" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char err[RULES_ERRLEN] = "";
		struct rules rules;

		print_message("%s\n", rows[i].rules);
		assert_int_equal(rules_parse(rows[i].rules, &rules, err), -1);
		assert_string_equal(err, rows[i].err);
		assert_int_equal(rules.n, 0);
		assert_null(rules.store);
	}
}

static void
test_policies(void **state)
{
	static const char *const wrong[] = { "", "heart_reply",
		"heart_reply=often", "heart_repl=never",
		"version=", "version=x", "version=99999999999", "version=2,",
		"dial_ms=-1" };
	char err[POLICY_NAMES_ERRLEN];
	struct atls_policy p = atls_policy_default;
	struct service_config cfg = { 0 };

	(void)state;
	assert_int_equal(
	    policy_names_apply(
		"heart_reply=never,version_mask=255,synack=on_syn,dial_ms=7",
		&p, &cfg, err),
	    0);
	assert_int_equal(p.heart_reply, ATLS_HEART_NEVER);
	assert_int_equal(p.version_mask, 255);
	assert_int_equal(p.synack, ATLS_SYNACK_ON_SYN);
	assert_int_equal(p.version, atls_policy_default.version);
	assert_int_equal(cfg.dial_ms, 7);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(
		    policy_names_apply(wrong[i], &p, &cfg, err), -1);
	assert_string_equal(
	    err, "\"dial_ms=-1\" is no field with a value it takes");
}

static void
test_table(void **state)
{
	static const char tsv[] =
	    "name\tprofile\tpolicy\trules\timitates\ttext\n"
	    "# a comment\n"
	    "a\tv2\tsynack=never\t-\tB1\tdoes it\n"
	    "b\tv3\t-\tup SYN drop\t-\tdoes that\n"
	    "c\tv2\n";
	const char *at = tsv;
	struct defect d;

	(void)state;
	assert_true(defects_find(tsv, "b", &d));
	assert_string_equal(d.profile, "v3");
	assert_string_equal(d.policy, "");
	assert_string_equal(d.rules, "up SYN drop");
	assert_string_equal(d.text, "does that");
	assert_false(defects_find(tsv, "name", &d));
	assert_true(defects_next(&at, &d) && defects_next(&at, &d));
	assert_true(defects_next(&at, &d));
	assert_string_equal(d.name, "");
	assert_false(defects_next(&at, &d));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_rules),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_table),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
