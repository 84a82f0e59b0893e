/* Patterns over ids, and lists of them from files. */
#include "conformance/test/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/engine/select.h"

static void
patterns(void **state)
{
	static const struct {
		const char *pattern, *id;
		bool match;
	} rows[] = {
		{ "server/fin/reply", "server/fin/reply", true },
		{ "server/fin/reply", "server/fin/reply-2", false },
		{ "server/fin", "server/fin/reply", false },
		{ "server/fin/*", "server/fin/reply", true },
		{ "server/fin/*", "server/fin", false },
		{ "server/fin/*", "server/fin/a/b", false },
		{ "*/fin/*", "server/fin/reply", true },
		{ "*", "server/fin", false },
		{ "*", "server", true },
		{ "**", "server", true },
		{ "**", "server/fin/reply", true },
		{ "server/**", "server/fin/reply", true },
		{ "server/**", "server", true },
		{ "server/**", "servers/fin", false },
		{ "**/reply", "server/fin/reply", true },
		{ "**/reply", "reply", true },
		{ "**/reply", "server/reply/x", false },
		{ "server/**/reply", "server/reply", true },
		{ "server/**/reply", "server/a/b/reply", true },
		{ "**/fin/**", "server/fin/reply", true },
		{ "**/fin/**", "server/find/reply", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (select_match(rows[i].pattern, rows[i].id) != rows[i].match)
			fail_msg("%s %s", rows[i].pattern, rows[i].id);
}

static void
bad_patterns(void **state)
{
	static const char *const bad[] = { "", "a//b", "/a", "a/", "a/b*",
		"***", "*a", "a/**b" };
	static const char *const good[] = { "a", "a/b", "*/b", "**", "a/**" };
	struct complaint c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(select_check(bad[i], &c), EXIT_USAGE);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(select_check(good[i], &c), 0);
}

static void
files(void **state)
{
	char name[] = "/tmp/test-select-XXXXXX", at[64];
	struct words w = { NULL, 0 };
	struct complaint c;
	FILE *f;

	(void)state;
	f = fdopen(mkstemp(name), "w");
	assert_non_null(f);
	fputs("# what failed\n\n  a/b  # twice\nc/**\r\n", f);
	fclose(f);
	snprintf(at, sizeof(at), "@%s", name);
	assert_int_equal(select_add(&w, at, &c), 0);
	unlink(name);
	assert_int_equal(w.n, 2);
	assert_string_equal(w.v[0], "a/b");
	assert_string_equal(w.v[1], "c/**");
	assert_int_equal(select_add(&w, at, &c), EXIT_USAGE);
	words_free(&w);
}

static void
levels(void **state)
{
	(void)state;
	assert_true(select_level("MUST", "must"));
	assert_false(select_level("SHOULD", "must"));
	assert_true(select_level("MUST", "should"));
	assert_true(select_level("SHOULD", "should"));
	assert_false(select_level("MAY", "should"));
	assert_true(select_level("MAY", "may"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns),
		cmocka_unit_test(bad_patterns),
		cmocka_unit_test(files),
		cmocka_unit_test(levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
