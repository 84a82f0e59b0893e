/*
 * Markdown, for job summaries and READMEs. What a peer said stands in code
 * spans and fences alone, so it is neither markup nor a mention of anybody.
 * GitHub refuses summaries of more than 1 MiB; details stop well before.
 */
#include <stdlib.h>
#include <string.h>

#include "conformance/engine/reports.h"

#define DETAILS_END (700L * 1024)
#define ROWS 200
#define CELL 160

/* The longest run of backticks in S. */
static unsigned
backticks(const char *s)
{
	unsigned n = 0, most = 0;

	for (; *s != '\0'; s++) {
		n = *s == '`' ? n + 1 : 0;
		if (n > most)
			most = n;
	}
	return most;
}

static void
repeat(FILE *f, char c, unsigned n)
{
	while (n-- != 0)
		putc(c, f);
}

/* Cut at a character's end. */
static int
cut(const char *s, int most)
{
	int len = (int)strnlen(s, (size_t)most);

	while (
	    len > 0 && s[len] != '\0' && ((unsigned char)s[len] & 0xc0) == 0x80)
		len--;
	return len;
}

/* A code span for a cell of a table. */
static void
span(FILE *f, const char *s)
{
	unsigned ticks = backticks(s) + 1;
	int i, len = cut(s, CELL);

	if (len == 0)
		return;
	repeat(f, '`', ticks);
	putc(' ', f);
	for (i = 0; i < len; i++)
		if (s[i] == '|')
			fputs("\\|", f);
		else
			putc(s[i] != '\n' ? s[i] : ' ', f);
	fputs(s[len] != '\0' ? "… " : " ", f);
	repeat(f, '`', ticks);
}

/* A text of our own or of the document: no markup in it is meant. */
static void
plain(FILE *f, const char *s)
{
	for (; *s != '\0'; s++) {
		if (strchr("\\`*_{}[]<>()#+!|&~@$", *s) != NULL)
			fprintf(f, "&#%d;", *s);
		else
			putc(*s != '\n' ? *s : ' ', f);
	}
}

static const char *
mark(const struct results *r, const struct results_test *test)
{
	if (results_is_unexpected(r, test))
		return "❌";
	if (test->status == ST_PASS)
		return "✅";
	if (test->status == ST_WARN)
		return "⚠️";
	return test->status == ST_INFO ? "ℹ️" : "⚪";
}

static void
row(const struct results *r, const struct results_test *test, FILE *f)
{
	fprintf(
	    f, "| %s %s | ", mark(r, test), totals_status_name(test->status));
	span(f, test->id[0] != '\0' ? test->id : "the run");
	fprintf(f, " | %s %s | ", test->reqs.n != 0 ? test->reqs.v[0] : "",
	    test->level != NULL ? test->level : "");
	if (test->actual != NULL)
		span(f, test->actual);
	fputs(" |\n", f);
}

/* Lines of the details, all in one fence. */
static void
part(FILE *f, const char *name, const char *text)
{
	if (text != NULL)
		fprintf(f, "%-9s %s\n", name, text);
}

static unsigned
most_backticks(const struct results_test *test)
{
	const char *texts[] = { test->expected, test->actual, test->log,
		test->replay, test->capture, test->peers };
	unsigned n, most = 2;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i] != NULL && (n = backticks(texts[i])) > most)
			most = n;
	for (i = 0; i < test->observations.n; i++)
		if ((n = backticks(test->observations.v[i])) > most)
			most = n;
	for (i = 0; i < test->ntranscript; i++)
		if ((n = backticks(test->transcript[i].text)) > most)
			most = n;
	return most;
}

static void
details(const struct results *r, const struct results_test *test, FILE *f)
{
	const struct requirement *req =
	    test->reqs.n != 0 ? results_requirement(r, test->reqs.v[0]) : NULL;
	unsigned ticks = most_backticks(test) + 1;
	size_t i;

	fprintf(f, "<details><summary>%s %s <code>%s</code></summary>\n\n",
	    mark(r, test), totals_status_name(test->status),
	    test->id[0] != '\0' ? test->id : "the run");
	if (req != NULL) {
		fprintf(
		    f, "%s %s, basis %s:\n> ", req->id, req->level, req->basis);
		plain(f, req->quote);
		fputs("\n\n", f);
	}
	repeat(f, '`', ticks);
	fputs("text\n", f);
	part(f, "expected", test->expected);
	part(f, "actual", test->actual);
	for (i = 0; i < test->observations.n; i++)
		part(f, "note", test->observations.v[i]);
	for (i = 0; i < test->ntranscript; i++)
		fprintf(f, "%9.1f  %s\n", test->transcript[i].ms,
		    test->transcript[i].text);
	part(f, "log", test->log);
	part(f, "capture", test->capture);
	part(f, "replay", test->replay);
	part(f, "note", test->peers);
	repeat(f, '`', ticks);
	fputs("\n</details>\n\n", f);
}

/* Of what is unexpected (or, PASS 1, of the rest); true while there is room. */
static bool
list_details(const struct results *r, const struct results_tests *list,
    bool unexpected, FILE *f)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		const struct results_test *test = &list->v[i];

		if (!results_is_finding(test) ||
		    results_is_unexpected(r, test) != unexpected)
			continue;
		if (ftell(f) > DETAILS_END) {
			fputs("There was more than fits here; the other "
			      "reports have all of it.\n\n",
			    f);
			return false;
		}
		details(r, test, f);
	}
	return true;
}

static unsigned
list_rows(const struct results *r, const struct results_tests *list,
    bool unexpected, FILE *f)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < list->n; i++) {
		const struct results_test *test = &list->v[i];

		if (!results_is_finding(test) ||
		    results_is_unexpected(r, test) != unexpected)
			continue;
		if (n++ < ROWS)
			row(r, test, f);
	}
	return n;
}

static void
heading(struct results *r, FILE *f)
{
	static const char *const verdicts[] = { "✅ conforms",
		"❌ does not conform", "⚪ interrupted", "❌ the suite failed",
		"❌ bad usage", "⚪ nothing was tested",
		"❌ the target is unusable" };
	const struct results_run *run = &r->run;

	fprintf(f, "## %s: %s\n\n", run->program,
	    run->exit_code >= 0 && run->exit_code < 7 ? verdicts[run->exit_code]
						      : "❌");
	fputs("Target ", f);
	span(f, run->command != NULL ? run->command : run->target);
	fputs(", suite ", f);
	plain(f, run->version);
	fputs(", ", f);
	plain(f, run->document);
	fputs(".\n\n", f);
	if (run->reason != NULL) {
		span(f, run->reason);
		fputs("\n\n", f);
	}
}

static void
counts(const struct results *r, FILE *f)
{
	const struct totals *tot = &r->totals;
	enum status s;

	fputs("| run |", f);
	for (s = 0; s < ST_COUNT; s++)
		if (totals_of(tot, s) != 0 || s == ST_PASS || s == ST_FAIL)
			fprintf(f, " %s |", totals_status_name(s));
	fputs("\n|---|", f);
	for (s = 0; s < ST_COUNT; s++)
		if (totals_of(tot, s) != 0 || s == ST_PASS || s == ST_FAIL)
			fputs("---|", f);
	fprintf(f, "\n| %u |", totals_run(tot));
	for (s = 0; s < ST_COUNT; s++)
		if (totals_of(tot, s) != 0 || s == ST_PASS || s == ST_FAIL)
			fprintf(f, " %u |", totals_of(tot, s));
	fputs("\n\n", f);
}

void
report_markdown(struct results *r, FILE *f)
{
	char *table = NULL;
	size_t size;
	FILE *rows = words_stream(&table, &size);
	unsigned n = 0;
	int unexpected;

	heading(r, f);
	counts(r, f);
	for (unexpected = 1; unexpected >= 0; unexpected--) {
		n += list_rows(r, &r->findings, unexpected, rows);
		n += list_rows(r, &r->tests, unexpected, rows);
	}
	words_stream_end(rows, &table);
	if (n != 0)
		fprintf(f,
		    "| verdict | case | requirement | seen |\n"
		    "|---|---|---|---|\n%s\n",
		    table);
	free(table);
	for (unexpected = 1; unexpected >= 0; unexpected--)
		if (!list_details(r, &r->findings, unexpected, f) ||
		    !list_details(r, &r->tests, unexpected, f))
			break;
	span(f, results_summary(r));
	putc('\n', f);
}
