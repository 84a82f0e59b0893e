/* Changes to the text of known-failures files, and what a run leads to. */
#include "conformance/test/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/engine/known_edit.h"
#include "conformance/engine/known_update.h"
#include "conformance/test/cases.h"

static char *
printed(const struct edit *e)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	edit_print(e, f);
	fclose(f);
	return text;
}

static void
assert_becomes(struct edit *e, const char *wanted)
{
	char *text;

	edit_finish(e);
	text = printed(e);
	assert_string_equal(text, wanted);
	free(text);
	edit_free(e);
}

static void
edits(void **state)
{
	static const char before[] = "# anytls-known-failures 1\n"
				     "# ours\n"
				     "xfail   server/b/two  # two\n"
				     "xfail\tserver/b/one issue=1\n"
				     "\n"
				     "# theirs\n"
				     "flaky client/x/y\n"
				     "# more of x\n"
				     "xfail client/x/a";
	struct edit e;

	(void)state;
	edit_begin(&e, before, sizeof(before) - 1);
	assert_false(e.changed);
	/* Untouched it stays as it was, but for a newline at the end. */
	edit_finish(&e);
	edit_remove(&e, 3);
	edit_add(&e, "server/b/onf", "xfail server/b/onf");
	edit_add(&e, "server/b/a", "xfail server/b/a");
	edit_add(&e, "client/x/z", "xfail client/x/z");
	edit_add(&e, "other/x", "xfail other/x");
	assert_becomes(&e,
	    "# anytls-known-failures 1\n"
	    "# ours\n"
	    "xfail server/b/a\n"
	    "xfail\tserver/b/one issue=1\n"
	    "xfail server/b/onf\n"
	    "\n"
	    "# theirs\n"
	    "flaky client/x/y\n"
	    "xfail client/x/z\n"
	    "# more of x\n"
	    "xfail client/x/a\n"
	    "\n"
	    "xfail other/x\n");
	edit_begin(&e, "", 0);
	edit_add(&e, "b/c", "xfail b/c");
	edit_add(&e, "b/a", "xfail b/a");
	assert_becomes(&e, "# anytls-known-failures 1\nxfail b/a\nxfail b/c\n");
}

static void
formats(void **state)
{
	char *value[KNOWN_KEYS] = { NULL }, *text;
	struct complaint c;
	struct known k = { NULL, 0, { NULL, 0 } };

	(void)state;
	value[KNOWN_MATCH] = (char *)(uintptr_t) "a \"b\" \\ c # d";
	value[KNOWN_SUITE] = (char *)(uintptr_t) "1.2";
	text = edit_format(KNOWN_FLAKY, "server/a/one", value, "why");
	/* What is written can be read. */
	assert_int_equal(known_parse(&k, "f", text, strlen(text), &c), 0);
	assert_int_equal(k.lines[0].verdict, KNOWN_FLAKY);
	assert_string_equal(k.lines[0].value[KNOWN_MATCH], value[KNOWN_MATCH]);
	assert_string_equal(k.lines[0].value[KNOWN_SUITE], "1.2");
	assert_string_equal(k.lines[0].note, "why");
	known_free(&k);
	free(text);
}

/* A run of the server cases, as each ended by itself; the list afterwards. */
static char *
updated(const char *list, const enum status own[3], bool strict)
{
	struct requirement reqs[3] = { { "R", "both", "MUST", "text", "1", "q",
					   "case" },
		{ "R", "both", "SHOULD", "text", "1", "q", "case" },
		{ "R", "both", "MAY", "text", "1", "q", "case" } };
	char name[] = "/tmp/known-XXXXXX", *text;
	struct features features = { NULL, 0 };
	struct known k = { NULL, 0, { NULL, 0 } };
	struct item items[3];
	struct results results;
	struct plan plan = { .items = items, .n = 3 };
	struct known_update u = { &k, &plan, &results, &test_pack,
		{ "2026-06-15", "server", "linux", "1.0", &features }, NULL,
		NULL };
	struct complaint c;
	size_t i, len;
	FILE *f;
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, list, strlen(list)), strlen(list));
	close(fd);
	features_declare(&features, "profile=v2");
	features_declare(&features, "udp");
	memset(items, 0, sizeof(items));
	memset(&results, 0, sizeof(results));
	results.totals.strict = strict;
	assert_int_equal(known_read(&k, name, false, &c), 0);
	assert_int_equal(known_resolve(&k, &test_pack, NULL, &c), 0);
	for (i = 0; i < 3; i++) {
		items[i].tc = &test_server_cases[i];
		items[i].req = &reqs[i];
	}
	excuse_plan(&k, &plan, &u.env);
	for (i = 0; i < 3; i++) {
		struct results_test *t = results_add(&results.tests);
		struct item *item = &items[i];

		item->result.status = own[i];
		item->result.box = box_new();
		box_print(item->result.box->actual, BOX_TEXT,
		    "saw 12 bytes in FIN 3");
		t->id = item->tc->id;
		t->actual = "saw 12 bytes in FIN 3";
		t->status = excuse_verdict(item, &t->known.stale);
		t->known.own = excuse_verdict_alone(item);
		t->known.verdict = item->known != NULL ? "x" : NULL;
		box_free(item->result.box);
	}
	assert_int_equal(known_update(&u, &c), 0);
	f = fopen(name, "r");
	text = calloc(1, 4096);
	len = fread(text, 1, 4095, f);
	text[len] = '\0';
	fclose(f);
	unlink(name);
	known_free(&k);
	results_free(&results);
	features_free(&features);
	return text;
}

/* Blanks run together, and the header left out, to be compared. */
static void
squeeze(char *s)
{
	char *to = s, *from = strstr(s, "failures 1\n");

	for (from = from != NULL ? from + 11 : s; *from != '\0'; from++)
		if (*from != ' ' || (to != s && to[-1] != ' '))
			*to++ = *from;
	*to = '\0';
}

static void
updates(void **state)
{
	static const struct {
		const char *list, *becomes;
		enum status own[3];
		bool strict;
	} rows[] = {
		/* A failure is added, a warning only where it fails the run. */
		{ "", "xfail server/a/one # saw 12 bytes in FIN 3\n",
		    { ST_FAIL, ST_FAIL, ST_FAIL }, false },
		{ "",
		    "xfail server/a/one # saw 12 bytes in FIN 3\n"
		    "xfail server/a/two # saw 12 bytes in FIN 3\n",
		    { ST_CRASH, ST_FAIL, ST_FAIL }, true },
		{ "# x\n", "# x\n", { ST_PASS, ST_SKIP, ST_ERROR }, true },
		/* What passes goes. */
		{ "xfail server/a/one\n", "", { ST_PASS, ST_PASS, ST_PASS },
		    false },
		{ "flaky server/a/one\n", "flaky server/a/one\n",
		    { ST_PASS, ST_PASS, ST_PASS }, false },
		{ "flaky server/a/one until=2026-06-14\n", "",
		    { ST_PASS, ST_PASS, ST_PASS }, false },
		{ "skip server/a/one # x\n", "skip server/a/one # x\n",
		    { ST_SKIP, ST_PASS, ST_PASS }, false },
		/* A pattern becomes lines for what stays. */
		{ "xfail server/** issue=7\n",
		    "xfail server/a/two issue=7\nxfail server/b/one "
		    "issue=7\n",
		    { ST_PASS, ST_FAIL, ST_SKIP }, false },
		/* Another failure: the line's own words stay. */
		{ "xfail server/a/one match=SYN issue=7 # n\n",
		    "xfail server/a/one issue=7 match=\"bytes in FIN\" "
		    "# n\n",
		    { ST_FAIL, ST_PASS, ST_PASS }, false },
		/* Nobody but its owner makes a date later. */
		{ "xfail server/a/one until=2026-06-14\n",
		    "xfail server/a/one until=2026-06-14\n",
		    { ST_FAIL, ST_PASS, ST_PASS }, false },
		/* Lines for other surroundings stay, and stay apart. */
		{ "xfail server/a/one profile=v1\n",
		    "xfail server/a/one profile=v2 # saw 12 bytes in FIN 3\n"
		    "xfail server/a/one profile=v1\n",
		    { ST_FAIL, ST_PASS, ST_PASS }, false },
		{ "xfail server/a/one feature=!udp\n",
		    "xfail server/a/one feature=udp # saw 12 bytes in FIN 3\n"
		    "xfail server/a/one feature=!udp\n",
		    { ST_FAIL, ST_PASS, ST_PASS }, false },
		{ "xfail server/a/one suite>=2\n",
		    "xfail server/a/one suite>=2\n",
		    { ST_FAIL, ST_PASS, ST_PASS }, false },
	};
	char *text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		text = updated(rows[i].list, rows[i].own, rows[i].strict);
		squeeze(text);
		if (strcmp(text, rows[i].becomes) != 0)
			fail_msg("row %zu, '%s': '%s'", i, rows[i].list, text);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edits),
		cmocka_unit_test(formats),
		cmocka_unit_test(updates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
