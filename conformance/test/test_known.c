/* Known-failures files: what is read, what is refused, what is named. */
#include "conformance/test/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/anytls/pack.h"
#include "conformance/engine/alias.h"
#include "conformance/engine/known.h"
#include "conformance/test/cases.h"

static int
parse(struct known *k, const char *text, struct complaint *c)
{
	memset(k, 0, sizeof(*k));
	return known_parse(k, "f.txt", text, strlen(text), c);
}

static void
lines(void **state)
{
	struct complaint c;
	struct known k;

	(void)state;
	assert_int_equal(
	    parse(&k,
		"# anytls-known-failures 1\n"
		"\n"
		"xfail  server/a/one  issue=https://x/#1 "
		"match=\"no \\\"cmd\\\" \\\\ here\"  # why, # and more \n"
		"\t flaky\tserver/b/* until=2026-12-31\r\n"
		"skip client/** profile=v1 feature=!udp os=linux suite>=1.2 "
		"role=client #locks",
		&c),
	    0);
	assert_int_equal(k.n, 3);
	assert_int_equal(k.lines[0].verdict, KNOWN_XFAIL);
	assert_int_equal(k.lines[0].number, 3);
	assert_string_equal(k.lines[0].pattern, "server/a/one");
	assert_string_equal(k.lines[0].value[KNOWN_ISSUE], "https://x/#1");
	assert_string_equal(
	    k.lines[0].value[KNOWN_MATCH], "no \"cmd\" \\ here");
	assert_string_equal(k.lines[0].note, "why, # and more");
	assert_null(k.lines[0].value[KNOWN_UNTIL]);
	assert_int_equal(k.lines[1].verdict, KNOWN_FLAKY);
	assert_string_equal(k.lines[1].value[KNOWN_UNTIL], "2026-12-31");
	assert_int_equal(k.lines[2].verdict, KNOWN_SKIP);
	assert_string_equal(k.lines[2].value[KNOWN_SUITE], "1.2");
	assert_string_equal(k.lines[2].value[KNOWN_FEATURE], "!udp");
	assert_string_equal(k.lines[2].note, "locks");
	assert_string_equal(k.lines[2].file, "f.txt");
	known_free(&k);
	assert_int_equal(parse(&k, "", &c), 0);
	assert_int_equal(k.n, 0);
	known_free(&k);
}

/* One fault a line; each is refused with the line's number. */
static void
faults(void **state)
{
	static const struct {
		const char *line, *sentence;
	} bad[] = {
		{ "fail a/b/c", "'fail' is none of xfail, flaky and skip" },
		{ "XFAIL a/b/c", "none of xfail" },
		{ "xfail", "xfail needs the id of a case" },
		{ "flaky # a/b/c", "flaky needs the id of a case" },
		{ "xfail a//c", "empty component" },
		{ "xfail a/b*/c", "one whole component" },
		{ "xfail /a/b", "empty component" },
		{ "xfail a/b/c d/e/f", "'d/e/f' is none of issue=" },
		{ "xfail \"a/b/c\"", "'\"a/b/c\"' has quotes;" },
		{ "xfail a/\"b\"/c", "has quotes;" },
		{ "xfail \"a/b/c issue=x", "a quote that does not end" },
		{ "xfail a/b/c\"", "a quote that does not end" },
		{ "skip \"a/b/c # x", "a quote that does not end" },
		{ "flaky \"a\\\"", "a quote that does not end" },
		{ "xfail a/b/c issues=x", "'issues=x' is none of issue=" },
		{ "xfail a/b/c =x", "is none of issue=" },
		{ "xfail a/b/c issue", "a = belongs behind the key" },
		{ "xfail a/b/c issue>x", "a = belongs behind the key" },
		{ "xfail a/b/c issue=", "issue= needs a value" },
		{ "xfail a/b/c match=\"\"", "match= needs a value" },
		{ "xfail a/b/c match=\"x", "quotes go around" },
		{ "xfail a/b/c match=x\"y\"", "quotes go around" },
		{ "xfail a/b/c match=\"x\"y", "quotes go around" },
		{ "xfail a/b/c match=\"x\\n\"", "quotes go around" },
		{ "xfail a/b/c match=\"x\\", "quotes go around" },
		{ "xfail a/b/c issue=x issue=y", "stands there twice" },
		{ "xfail a/b/c until=2026-13-01", "is no date" },
		{ "xfail a/b/c until=2026-02-29", "is no date" },
		{ "xfail a/b/c until=2026-1-1", "is no date" },
		{ "xfail a/b/c until=tomorrow", "is no date" },
		{ "xfail a/b/c until=2026-01-010", "is no date" },
		{ "xfail a/b/c role=proxy", "neither server nor client" },
		{ "xfail a/b/c suite=1.2", "it takes suite>=VERSION" },
		{ "xfail a/b/c suite>=x", "is no version" },
		{ "xfail a/b/c suite>=1.", "is no version" },
		{ "skip a/b/c", "needs a reason" },
		{ "skip a/b/c until=2026-01-01", "needs a reason" },
		{ "skip a/b/c #", "needs a reason" },
		{ "\033[31mxfail a/b/c", "'\\x1b[31mxfail' is none of" },
	};
	struct complaint c;
	struct known k;
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "xfail x/y/z\n\n%s\nxfail v/w/x\n",
		    bad[i].line);
		assert_int_equal(parse(&k, text, &c), EXIT_USAGE);
		if (strncmp(c.text, "f.txt:3: ", 9) != 0 ||
		    strstr(c.text, bad[i].sentence) == NULL)
			fail_msg("%s: said '%s'", bad[i].line, c.text);
		known_free(&k);
	}
	assert_int_equal(
	    parse(&k, "# anytls-known-failures 2\n", &c), EXIT_USAGE);
	assert_non_null(strstr(c.text, "f.txt:1: the file is of format 2"));
	known_free(&k);
	memset(&k, 0, sizeof(k));
	assert_int_equal(
	    known_parse(&k, "f.txt", "xfail a/b\0c", 11, &c), EXIT_USAGE);
	assert_non_null(strstr(c.text, "NUL"));
	known_free(&k);
}

static void
files(void **state)
{
	struct complaint c;
	struct known k = { NULL, 0, { NULL, 0 } };

	(void)state;
	assert_int_equal(known_read(&k, "no-such-file", false, &c), EXIT_USAGE);
	assert_non_null(strstr(c.text, "no-such-file"));
	assert_int_equal(known_read(&k, "no-such-file", true, &c), 0);
	assert_int_equal(known_read(&k, ".", false, &c), EXIT_USAGE);
	known_free(&k);
}

static int
resolve(struct known *k, const char *text, struct complaint *c)
{
	int rc = parse(k, text, c);

	return rc != 0 ? rc : known_resolve(k, &test_pack, NULL, c);
}

static void
names(void **state)
{
	struct complaint c;
	struct known k;

	(void)state;
	assert_int_equal(resolve(&k,
			     "xfail server/a/*\nflaky client/a/one\n"
			     "xfail **/two role=client\n",
			     &c),
	    0);
	assert_int_equal(k.lines[0].cases, 2);
	assert_int_equal(k.lines[1].cases, 1);
	assert_int_equal(k.lines[2].cases, 1);
	assert_true(known_names(&k.lines[0], "server/a/one"));
	assert_false(known_names(&k.lines[0], "server/b/one"));
	assert_false(known_names(&k.lines[2], "server/a/two"));
	known_free(&k);
}

static void
unknown(void **state)
{
	static const char *const bad[] = { "server/a/three", "server/*",
		"server/c/**", "server/a/one role=client" };
	struct complaint c;
	struct known k;
	char text[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "\nxfail %s\n", bad[i]);
		assert_int_equal(resolve(&k, text, &c), EXIT_USAGE);
		if (strstr(c.text, "f.txt:2: no case matches 's") == NULL)
			fail_msg("%s: said '%s'", bad[i], c.text);
		known_free(&k);
	}
}

/* Two lines for a case: only when they cannot hold together. */
static void
doubles(void **state)
{
	static const struct {
		const char *a, *b;
		bool fine;
	} pairs[] = {
		{ "server/a/one", "server/a/one", false },
		{ "server/a/*", "server/a/one", false },
		{ "server/a/one profile=v1", "server/a/one", false },
		{ "server/a/one profile=v1", "server/a/one profile=v2", true },
		{ "server/a/one os=linux", "server/a/one os=darwin", true },
		{ "server/a/one profile=v1", "server/a/one os=linux", false },
		{ "** role=server", "** role=client", true },
		{ "server/** feature=udp", "server/** feature=!udp", true },
		{ "server/** feature=udp", "server/** feature=udpx", false },
		{ "server/** feature=a=1", "server/** feature=a=2", true },
		{ "server/** feature=a=1", "server/** feature=a", false },
		{ "server/** feature=a=1", "server/** feature=!a", true },
		{ "server/** feature=b,a", "server/** feature=c,!a", true },
		{ "server/** suite>=1", "server/** suite>=2", false },
		{ "server/a/one", "client/a/one", true },
	};
	struct complaint c;
	struct known k;
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		snprintf(text, sizeof(text), "xfail %s\nflaky %s\n", pairs[i].a,
		    pairs[i].b);
		if (resolve(&k, text, &c) != (pairs[i].fine ? 0 : EXIT_USAGE))
			fail_msg("%s", text);
		if (!pairs[i].fine)
			assert_non_null(strstr(c.text, "f.txt:2: names "));
		known_free(&k);
	}
}

static void
old_names(void **state)
{
	struct complaint c;
	struct known k;
	char *said = NULL;
	size_t size;
	FILE *f = open_memstream(&said, &size);

	(void)state;
	assert_int_equal(
	    parse(&k, "xfail server/a/uno\nxfail server/old/*\n", &c), 0);
	assert_int_equal(known_resolve(&k, &test_pack, f, &c), 0);
	fclose(f);
	assert_true(known_names(&k.lines[0], "server/a/one"));
	assert_int_equal(k.lines[0].cases, 1);
	assert_true(known_names(&k.lines[1], "server/a/two"));
	assert_true(known_names(&k.lines[1], "server/b/one"));
	assert_int_equal(k.lines[1].cases, 2);
	assert_non_null(strstr(said,
	    "'server/a/uno' is now called "
	    "'server/a/one'"));
	free(said);
	known_free(&k);
	/* The old and the new name are one case. */
	assert_int_equal(
	    resolve(&k, "xfail server/a/uno\nxfail server/a/one\n", &c),
	    EXIT_USAGE);
	known_free(&k);
}

static void
alias_tables(void **state)
{
	static const struct {
		const char *table, *sentence;
	} bad[] = {
		{ "x/y/z\n", "two columns" },
		{ "\tserver/a/one\n", "two columns" },
		{ "x/y/z\tserver/a/gone\n", "is no case" },
		{ "server/a/two\tserver/a/one\n", "is a case" },
		{ "x\tserver/a/one\nx\tserver/a/two", "twice" },
	};
	struct complaint c;
	struct pack pack = test_pack;
	size_t i;

	(void)state;
	assert_int_equal(alias_check(&anytls_all_packs, &c), 0);
	assert_int_equal(alias_check(&test_pack, &c), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		pack.aliases = bad[i].table;
		assert_int_equal(alias_check(&pack, &c), EXIT_SUITE);
		if (strstr(c.text, bad[i].sentence) == NULL)
			fail_msg("%s: said '%s'", bad[i].table, c.text);
	}
}

static void
dates_and_versions(void **state)
{
	(void)state;
	assert_true(known_is_date("2024-02-29"));
	assert_true(known_is_date("2000-02-29"));
	assert_false(known_is_date("2100-02-29"));
	assert_false(known_is_date("2026-00-10"));
	assert_false(known_is_date("2026-04-31"));
	assert_false(known_is_date("2026-04-00"));
	assert_false(known_is_date(""));
	assert_true(known_compare_versions("1.2", "1.10") < 0);
	assert_true(known_compare_versions("1.2.0", "1.2") == 0);
	assert_true(known_compare_versions("0.1.0 (abc)", "0.1") == 0);
	assert_true(known_compare_versions("2", "1.9.9") > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(faults),
		cmocka_unit_test(files),
		cmocka_unit_test(names),
		cmocka_unit_test(unknown),
		cmocka_unit_test(doubles),
		cmocka_unit_test(old_names),
		cmocka_unit_test(alias_tables),
		cmocka_unit_test(dates_and_versions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
