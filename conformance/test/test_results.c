/* Result files: what is written is read again, and what is no result file is
 * refused with its place; diff, merge, and the writer of XML; what is known of
 * others. */
#include "conformance/test/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/anytls/pack.h"
#include "conformance/engine/compare.h"
#include "conformance/engine/peers.h"
#include "conformance/engine/reports.h"
#include "conformance/engine/results_read.h"
#include "conformance/engine/xml.h"

#define FILES 3

struct fixture {
	char dir[32];
	char path[FILES][64];
	char *said;
	size_t size;
	struct complaint c;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	size_t i;

	assert_non_null(f);
	strcpy(f->dir, "/tmp/results.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	for (i = 0; i < FILES; i++)
		snprintf(
		    f->path[i], sizeof(f->path[i]), "%s/%zu.json", f->dir, i);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	size_t i;

	for (i = 0; i < FILES; i++)
		unlink(f->path[i]);
	rmdir(f->dir);
	free(f->said);
	free(f);
	return 0;
}

/* A run of the cases FIRST, FIRST + STEP, ... of four. */
static void
make_run(struct results *r, unsigned first, unsigned step)
{
	static const char *const ids[] = { "server/a/one", "server/a/two",
		"server/b/one", "server/b/two" };
	static const char *req[] = { "R-1" };
	struct results_test *t;
	size_t i;

	memset(r, 0, sizeof(*r));
	r->run = (struct results_run){ .program = "suite",
		.version = "1.2",
		.document = "doc@1",
		.vectors = "0123456789ab",
		.role = "server",
		.system = "here",
		.target = "x:1",
		.profile = "v2",
		.seed = "7f",
		.planned = 4 / step,
		.started = "2026-01-02T03:04:05Z",
		.jobs = 3,
		.plan = 0xfedcba9876543210,
		.plan_total = 4 };
	r->reqs = results_alloc(r, 1, sizeof(*r->reqs));
	r->nreqs = 1;
	*r->reqs = (struct requirement){ "R-1", "server", "MUST", "text", "1",
		"must", "case" };
	for (i = first; i < 4; i += step) {
		t = results_add(&r->tests);
		t->id = ids[i];
		t->area = "a";
		t->number = i;
		t->reqs = (struct results_texts){ req, 1 };
		t->level = "MUST";
		t->basis = "text";
		t->status = ST_PASS;
		t->expected_status = ST_PASS;
	}
	if (step > 1) {
		r->run.shard = first + 1;
		r->run.nshards = step;
	}
}

static void
fails(struct results_test *t, const char *actual)
{
	t->status = ST_FAIL;
	t->expected = "nothing";
	t->actual = actual;
}

static void
write_run(struct results *r, const char *path)
{
	FILE *f = fopen(path, "w");

	results_count(r);
	r->run.exit_code = totals_exit(&r->totals);
	assert_non_null(f);
	report_json(r, f);
	fclose(f);
	results_free(r);
}

static char *
slurp(const char *path)
{
	char *text = calloc(1, 1 << 16);
	FILE *f = fopen(path, "r");

	assert_non_null(text);
	assert_non_null(f);
	assert_true(fread(text, 1, (1 << 16) - 1, f) > 0);
	fclose(f);
	return text;
}

/* With everything in it that a test can have. */
static void
fill_run(struct results *r)
{
	static struct results_line lines[] = { { 1.5, "-> SYN 1" } };
	static struct results_field fields[] = { { 0, 1, "cmd=FIN" } };
	static struct results_attempt tries[] = { { ST_WARN, 9, "late" } };
	static const struct box_sample samples[] = { { .at = 2,
	    .group = BOX_NO_GROUP,
	    .value = 30,
	    .low = 30,
	    .high = 30 } };
	static const char *notes[] = { "seen" };
	static struct results_feature features[] = { { "udp", "", true },
		{ "v3", NULL, false }, { "name", "x", false } };
	struct results_test *t;

	make_run(r, 0, 1);
	r->run.command = "server {listen}";
	r->run.features = features;
	r->run.nfeatures = 3;
	r->run.questions = 2;
	t = &r->tests.v[1];
	fails(t, "FIN \"\xc3\xa9\" \\x1b");
	t->observations = (struct results_texts){ notes, 1 };
	t->transcript = lines;
	t->ntranscript = 1;
	t->lost = 4;
	t->bytes = (const uint8_t *)"\x03\x00\xff";
	t->nbytes = 3;
	t->bytes_total = 9;
	t->bytes_text = "cmd=FIN";
	t->hidden_from = 1;
	t->hidden_len = 1;
	t->fields = fields;
	t->nfields = 1;
	t->samples = samples;
	t->nsamples = 1;
	t->attempts = tries;
	t->nattempts = 1;
	t->log = "one\ntwo";
	t->log_file = "cases/x.log";
	t->capture = "cases/x.pcapng";
	t->replay = "suite --run x";
	t->asked = 1;
	t->known = (struct results_known){ .verdict = "xfail",
		.file = "known.txt",
		.line = 3,
		.issue = "#1",
		.match = "FIN",
		.note = "slow",
		.own = ST_FAIL,
		.stale = true };
	t = results_add(&r->findings);
	t->id = "";
	t->area = "run";
	t->status = ST_WARN;
	t->actual = "udp is declared, and is not there";
}

static void
round_trip(void **state)
{
	struct fixture *f = *state;
	struct results r;
	char *first, *second;

	fill_run(&r);
	write_run(&r, f->path[0]);
	assert_int_equal(results_read(&r, f->path[0], &f->c), 0);
	assert_int_equal(r.totals.count[ST_FAIL], 1);
	assert_string_equal(r.tests.v[1].actual, "FIN \"\xc3\xa9\" \\x1b");
	assert_true(r.tests.v[1].known.stale);
	write_run(&r, f->path[1]);
	first = slurp(f->path[0]);
	second = slurp(f->path[1]);
	assert_non_null(strstr(first, "\"hidden_at\": 1"));
	assert_non_null(strstr(first, "\"log_file\": \"cases/x.log\""));
	assert_string_equal(first, second);
	free(first);
	free(second);
}

static void
replace(const char *path, const char *old, const char *new)
{
	char *text = slurp(path), *at = strstr(text, old);
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	if (at == NULL)
		fail_msg("no '%s'", old);
	fprintf(f, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
	fclose(f);
	free(text);
}

static void
faults(void **state)
{
	static const struct {
		const char *old, *new, *sentence;
	} bad[] = {
		{ "{", "[", " is no JSON: " },
		{ "\"schema\": 1", "\"schema\": 2", "has schema 2; this" },
		{ "\"schema\": 1", "\"schema\": \"1\"", "no number 'schema'" },
		{ "\"run\": {", "\"ran\": {", "in the file, 'run' is missing" },
		{ "\"seed\"", "\"feed\"", "in run, 'seed' is missing" },
		{ "\"seed\": \"7f\"", "\"seed\": 7", "'seed' is of the wrong" },
		{ "\"jobs\": 3", "\"jobs\": -3", "'jobs' is out of range" },
		{ "\"jobs\": 3", "\"jobs\": 4294967296", "is out of range" },
		{ "\"jobs\": 3", "\"jobs\": 3.5", "of the wrong type" },
		{ "\"strict\": false", "\"strict\": 0", "of the wrong type" },
		{ "\"counts\"", "\"count\"", "'counts' is missing" },
		{ "\"status\": \"pass\"", "\"status\": \"fine\"",
		    "in tests[0], 'status' is no status" },
		{ "\"id\": \"server/a/two\"", "\"name\": \"x\"",
		    "in tests[1], 'id' is missing" },
		{ "\"basis\": \"text\",\n   \"status\"", "\"status\"",
		    "'basis' does not stand beside 'level'" },
		{ "\"tests\": [", "\"tests\": [7, ", "in tests[0]" },
		{ "\"quote\"", "\"quota\"",
		    "in requirements[0], 'quote' is missing" },
	};
	struct fixture *f = *state;
	struct results r;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		make_run(&r, 0, 1);
		write_run(&r, f->path[0]);
		replace(f->path[0], bad[i].old, bad[i].new);
		assert_int_equal(
		    results_read(&r, f->path[0], &f->c), EXIT_USAGE);
		if (strncmp(f->c.text, f->path[0], strlen(f->path[0])) != 0 ||
		    strstr(f->c.text, bad[i].sentence) == NULL)
			fail_msg("%s: said '%s'", bad[i].new, f->c.text);
		results_free(&r);
	}
	assert_int_equal(results_read(&r, f->dir, &f->c), EXIT_USAGE);
	results_free(&r);
}

static int
compare(struct fixture *f, size_t n,
    int (*how)(const struct options *, FILE *, struct complaint *))
{
	struct options opt;
	FILE *out;
	size_t i;
	int rc;

	memset(&opt, 0, sizeof(opt));
	memset(&f->c, 0, sizeof(f->c));
	for (i = 0; i < n; i++)
		words_add(&opt.rest, f->path[i]);
	free(f->said);
	out = open_memstream(&f->said, &f->size);
	assert_non_null(out);
	rc = how(&opt, out, &f->c);
	fclose(out);
	words_free(&opt.rest);
	return rc;
}

static void
says(const struct fixture *f, const char *text)
{
	if (strstr(f->said, text) == NULL)
		fail_msg("no '%s' in:\n%s", text, f->said);
}

static void
diff(void **state)
{
	struct fixture *f = *state;
	struct results a, b;

	make_run(&a, 0, 1);
	make_run(&b, 0, 1);
	fails(&a.tests.v[0], "nothing within 2004 ms from 127.0.0.1:40000");
	fails(&b.tests.v[0], "nothing within 1 ms from 127.0.0.1:5123");
	write_run(&a, f->path[0]);
	write_run(&b, f->path[1]);
	assert_int_equal(compare(f, 2, compare_diff), 0);
	says(f, "4 same, 0 new failures, 0 fixed");

	make_run(&a, 0, 1);
	make_run(&b, 0, 1);
	fails(&a.tests.v[0], "one");
	fails(&b.tests.v[0], "two");
	fails(&a.tests.v[1], "gone");
	fails(&b.tests.v[2], "new");
	b.tests.v[3].status = ST_SKIP;
	write_run(&a, f->path[0]);
	write_run(&b, f->path[1]);
	assert_int_equal(compare(f, 2, compare_diff), EXIT_FINDINGS);
	says(f, "\nnew failures (1)\n  server/b/one  pass -> fail\n    + new");
	says(f, "\nfixed (1)\n  server/a/two  fail -> pass\n    - gone");
	says(f, "\nother status (1)\n  server/b/two  pass -> skip");
	says(f, "\nother message (1)\n  server/a/one  fail\n    - one\n");

	make_run(&a, 0, 2);
	make_run(&b, 0, 1);
	write_run(&a, f->path[0]);
	write_run(&b, f->path[1]);
	assert_int_equal(compare(f, 2, compare_diff), EXIT_FINDINGS);
	says(f,
	    "2 same, 0 new failures, 0 fixed, 0 other status, "
	    "0 other message, 2 appeared, 0 gone; exit 1");
	make_run(&b, 0, 1);
	b.run.role = "client";
	write_run(&b, f->path[1]);
	assert_int_equal(compare(f, 2, compare_diff), EXIT_USAGE);
	assert_int_equal(compare(f, 1, compare_diff), EXIT_USAGE);
}

/* Two shards, the second first, as files 0 and 1. */
static void
write_shards(struct fixture *f, struct results *a, struct results *b)
{
	write_run(b, f->path[0]);
	write_run(a, f->path[1]);
}

static void
merge(void **state)
{
	struct fixture *f = *state;
	struct results a, b;
	struct results_test *t;

	make_run(&a, 0, 2);
	make_run(&b, 1, 2);
	write_shards(f, &a, &b);
	assert_int_equal(compare(f, 2, compare_merge), 0);
	says(f, "suite: 4 run, 4 pass, 0 fail");

	make_run(&a, 0, 2);
	make_run(&b, 1, 2);
	fails(&b.tests.v[0], "x");
	t = results_add(&a.findings);
	*t = (struct results_test){ .id = "",
		.area = "run",
		.status = ST_WARN,
		.actual = "declared",
		.round = 1 };
	*results_add(&b.findings) = *t;
	write_shards(f, &a, &b);
	assert_int_equal(compare(f, 2, compare_merge), EXIT_FINDINGS);
	says(f, "3 pass, 1 fail, 1 warn");

	/* A shard that was stopped, and one that could not use the target. */
	make_run(&a, 0, 2);
	make_run(&b, 1, 2);
	b.tests.n = 1;
	b.totals.interrupted = true;
	write_shards(f, &a, &b);
	assert_int_equal(compare(f, 2, compare_merge), EXIT_INTERRUPTED);
	make_run(&a, 0, 2);
	make_run(&b, 1, 2);
	b.tests.n = 0;
	b.totals.unusable = true;
	write_shards(f, &a, &b);
	assert_int_equal(compare(f, 2, compare_merge), EXIT_UNUSABLE);
}

static void
misfits(void **state)
{
	static const struct {
		const char *old, *new, *sentence;
	} bad[] = {
		{ "\"index\": 2", "\"index\": 1", "both shard 1 of 2" },
		{ "\"index\": 2", "\"index\": 3", "not the result of a run" },
		{ "\"count\": 2", "\"count\": 3", "one of 3" },
		{ "\"version\": \"1.2\"", "\"version\": \"1\"",
		    "suite version" },
		{ "\"target\": \"x:1\"", "\"target\": \"y:1\"", "target" },
		{ "\"profile\": \"v2\"", "\"profile\": \"v1\"", "profile" },
		{ "\"strict\": false", "\"strict\": true", "--strict" },
		{ "\"plan\": \"f", "\"plan\": \"e", "plan" },
		{ "\"number\": 3", "\"number\": 1", "is there twice" },
		{ "\"completion\": \"complete\"", "\"completion\": \"failed\"",
		    NULL },
	};
	struct fixture *f = *state;
	struct results a, b;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		make_run(&a, 0, 2);
		make_run(&b, 1, 2);
		write_shards(f, &a, &b);
		replace(f->path[0], bad[i].old, bad[i].new);
		rc = compare(f, 2, compare_merge);
		assert_int_equal(rc, bad[i].sentence != NULL ? EXIT_USAGE : 0);
		if (rc != 0 && strstr(f->c.text, bad[i].sentence) == NULL)
			fail_msg("%s: said '%s'", bad[i].new, f->c.text);
	}
	make_run(&a, 0, 2);
	make_run(&b, 1, 2);
	b.tests.n = 1;
	write_shards(f, &a, &b);
	assert_int_equal(compare(f, 2, compare_merge), EXIT_USAGE);
	assert_non_null(strstr(f->c.text, "the plan has 4, the shards"));
	assert_int_equal(compare(f, 1, compare_merge), EXIT_USAGE);
	assert_non_null(strstr(f->c.text, "shard 1 of 2 is missing"));
	assert_int_equal(compare(f, 0, compare_merge), EXIT_USAGE);
}

static void
xml(void **state)
{
	struct xml x;
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	(void)state;
	assert_non_null(f);
	xml_begin(&x, f);
	xml_open(&x, "a");
	xml_attribute(&x, "b", "<\"'&>\n\t\x01");
	xml_attribute(&x, "c", NULL);
	xml_attribute_number(&x, "d", 7);
	xml_open(&x, "e");
	xml_text(
	    &x, "]]> <&\" \x1b \xef\xbf\xbe\xef\xbf\xbf \xef\xbf\xbd \xef");
	xml_close(&x);
	xml_open(&x, "f");
	xml_close(&x);
	xml_close(&x);
	fclose(f);
	assert_string_equal(out,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<a b=\"&lt;&quot;'&amp;&gt;&#10;&#9;\xef\xbf\xbd\" d=\"7\">\n"
	    " <e>]]&gt; &lt;&amp;\" \xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd "
	    "\xef\xbf\xbd \xef</e>\n"
	    " <f/>\n"
	    "</a>\n");
	free(out);
}

static void
peers(void **state)
{
	static const char table[] = "# server\tx\n"
				    "server\treference\ta 1\tb 2\tc\n"
				    "client\treference\n"
				    "server/a/one\tppwf\n"
				    "server/a/two\tw-p-\n"
				    "server/a/three\tp---\n"
				    "client/a/one\tp\n"
				    "server/a/last\tpppp";
	static const struct {
		const char *id, *text;
	} rows[] = {
		{ "server/a/one",
		    "the reference server passes; 1 of 3 known servers pass "
		    "(not b 2, c)" },
		{ "server/a/two", "1 of 1 known servers pass" },
		{ "server/a/three", "the reference server passes" },
		{ "server/a/last",
		    "the reference server passes; 3 of 3 known servers pass" },
		{ "client/a/one", "the reference client passes" },
		{ "server/a/on", "" },
		{ "server/a/none", "" },
	};
	char out[PEERS_TEXT];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(peers_describe(table, rows[i].id, out),
		    rows[i].text[0] != '\0');
		assert_string_equal(out, rows[i].text);
	}
	assert_false(peers_describe(NULL, "server/a/one", out));
	assert_true(peers_describe(
	    anytls_pack.peers, "server/settings/syn-first", out));
	assert_non_null(strstr(out, "the reference server passes; "));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = { TEST(round_trip), TEST(faults),
		TEST(diff), TEST(merge), TEST(misfits), cmocka_unit_test(xml),
		cmocka_unit_test(peers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
