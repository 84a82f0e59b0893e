/*
 * The HTML report: one file that asks for nothing. The page is html/report.html
 * with style and scripts put in, and the results as JSON, from which the
 * scripts draw; texts of a peer never become markup.
 */
#include <stdlib.h>
#include <string.h>

#include "conformance/engine/reports.h"
#include "conformance/engine/results_json.h"
#include "conformance/engine/words.h"

extern const char page_html[], page_css[], page_figures[], page_js[];

/* JSON that no "</script>" or "<!--" in it can end. */
static void
print_data(const struct results *r, FILE *f)
{
	json_t *v = results_json(r);
	char *text = json_dumps(v, JSON_COMPACT), *p;

	json_decref(v);
	if (text == NULL)
		out_of_memory();
	for (p = text; *p != '\0'; p++)
		if (*p == '<')
			fputs("\\u003c", f);
		else
			putc(*p, f);
	free(text);
}

static void
print_escaped(const char *s, FILE *f)
{
	for (; *s != '\0'; s++) {
		if (strchr("&<>\"'", *s) != NULL)
			fprintf(f, "&#%d;", *s);
		else
			putc(*s, f);
	}
}

static const char *
verdict(int exit_code)
{
	static const char *const names[] = { "conforms", "does not conform",
		"interrupted", "the suite failed", "bad usage",
		"nothing was tested", "the target is unusable" };

	return exit_code >= 0 && exit_code < 7 ? names[exit_code] : "ended";
}

/* What stands in the page for the mark of LEN bytes at S. */
static void
fill(struct results *r, const char *s, size_t len, FILE *f)
{
	if (strncmp(s, "@CSS@", len) == 0)
		fputs(page_css, f);
	else if (strncmp(s, "@DATA@", len) == 0)
		print_data(r, f);
	else if (strncmp(s, "@JS@", len) == 0)
		fprintf(f, "%s%s", page_figures, page_js);
	else if (strncmp(s, "@PROGRAM@", len) == 0)
		print_escaped(r->run.program, f);
	else if (strncmp(s, "@SUMMARY@", len) == 0)
		print_escaped(results_summary(r), f);
	else if (strncmp(s, "@TITLE@", len) == 0)
		print_escaped(results_printf(r, "%s: %s", r->run.program,
				  verdict(r->run.exit_code)),
		    f);
}

void
report_html(struct results *r, FILE *f)
{
	const char *p = page_html, *mark, *end;

	while ((mark = strchr(p, '@')) != NULL &&
	    (end = strchr(mark + 1, '@')) != NULL) {
		fwrite(p, 1, (size_t)(mark - p), f);
		fill(r, mark, (size_t)(end + 1 - mark), f);
		p = end + 1;
	}
	fputs(p, f);
}
