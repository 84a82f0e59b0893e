/*
 * TAP 14, for prove and automake. It says 13, of which it is a part as well:
 * prove refuses to read anything that calls itself 14. The last test stands for
 * the run as a whole: findings that belong to no case, and whether it came to
 * its end.
 */
#include <string.h>

#include "conformance/engine/report.h"
#include "conformance/engine/reports.h"
#include "conformance/engine/text.h"

/* Descriptions: '#' begins a directive. */
static void
print_plain(FILE *f, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '#' || *s == '\\')
			putc('\\', f);
		putc(*s != '\n' ? *s : ' ', f);
	}
}

/* A line of the YAML block; a JSON string is one of YAML, too. */
static void
yaml(FILE *f, const char *name, const char *value)
{
	if (value == NULL)
		return;
	fprintf(f, "  %s: ", name);
	text_json(f, value);
	putc('\n', f);
}

static void
yaml_list(FILE *f, const char *name, const struct results_texts *list)
{
	size_t i;

	if (list->n == 0)
		return;
	fprintf(f, "  %s:\n", name);
	for (i = 0; i < list->n; i++) {
		fputs("    - ", f);
		text_json(f, list->v[i]);
		putc('\n', f);
	}
}

static void
print_transcript(FILE *f, const struct results_test *test)
{
	size_t i;

	if (test->ntranscript == 0)
		return;
	fputs("  transcript:\n", f);
	for (i = 0; i < test->ntranscript; i++) {
		fprintf(f, "    - {ms: %.1f, text: ", test->transcript[i].ms);
		text_json(f, test->transcript[i].text);
		fputs("}\n", f);
	}
}

static void
print_block(FILE *f, const struct results_test *test)
{
	fputs("  ---\n", f);
	yaml(f, "status", totals_status_name(test->status));
	yaml(f, "level", test->level);
	yaml(f, "basis", test->basis);
	yaml_list(f, "requirement", &test->reqs);
	yaml(f, "expected", test->expected);
	yaml(f, "actual", test->actual);
	yaml_list(f, "notes", &test->observations);
	print_transcript(f, test);
	yaml(f, "log", test->log);
	yaml(f, "capture", test->capture);
	yaml(f, "replay", test->replay);
	fprintf(f, "  duration_ms: %u\n  ...\n", test->duration_ms);
}

static bool
is_known(const struct results_test *test)
{
	return test->known.verdict != NULL && results_is_finding(test);
}

static void
print_test(const struct results *r, const struct results_test *test,
    unsigned long number, FILE *f)
{
	bool todo = is_known(test) && !results_is_unexpected(r, test);
	bool ok = !todo && !results_is_unexpected(r, test);

	fprintf(f, "%s %lu - ", ok ? "ok" : "not ok", number);
	print_plain(f, test->id);
	if (test->round > 1)
		fprintf(f, " (round %u)", test->round);
	if (test->status == ST_SKIP || test->status == ST_BLOCKED) {
		fputs(" # SKIP ", f);
		print_plain(f, test->actual != NULL ? test->actual : "");
	} else if (todo) {
		fputs(" # TODO ", f);
		print_plain(f,
		    test->known.issue != NULL ? test->known.issue
					      : "known failure");
	}
	putc('\n', f);
	if (results_is_finding(test))
		print_block(f, test);
}

static void
print_head(size_t ntests, FILE *f)
{
	fprintf(f, "TAP version 13\n1..%zu\n", ntests + 1);
}

/* The run as a whole. */
static void
print_run(struct results *r, unsigned long number, FILE *f)
{
	const struct results_test *test;
	bool ok = !r->totals.interrupted && !r->totals.unusable;
	size_t i;

	if (r->totals.unusable) {
		fputs("Bail out! ", f);
		print_plain(f,
		    r->run.reason != NULL ? r->run.reason
					  : "the target is unusable");
		putc('\n', f);
		return;
	}
	for (i = 0; i < r->findings.n; i++)
		ok = ok && !results_is_unexpected(r, &r->findings.v[i]);
	fprintf(f, "%s %lu - ", ok ? "ok" : "not ok", number);
	print_plain(f, r->run.program);
	fputs(" run\n", f);
	for (i = 0; i < r->findings.n; i++) {
		test = &r->findings.v[i];
		if (results_is_finding(test))
			print_block(f, test);
	}
	fputs("# ", f);
	print_plain(f, results_summary(r));
	putc('\n', f);
}

void
report_tap(struct results *r, FILE *f)
{
	size_t i;

	print_head(r->tests.n, f);
	for (i = 0; i < r->tests.n; i++)
		print_test(r, &r->tests.v[i], i + 1, f);
	print_run(r, r->tests.n + 1, f);
}

static void
begin(struct report *r)
{
	print_head(r->planned, r->out);
}

static void
result(struct report *r, const struct item *item)
{
	if (item->suite != NULL)
		print_test(r->results, r->latest, r->results->tests.n, r->out);
}

/* They are in the last test. */
static void
finding(struct report *r, enum status status, const char *text, const char *log)
{
	(void)r;
	(void)status;
	(void)text;
	(void)log;
}

static void
end(struct report *r, int exit_code)
{
	(void)exit_code;
	print_run(r->results, r->planned + 1, r->out);
}

const struct reporter report_tap_live = { begin, result, finding, end };
