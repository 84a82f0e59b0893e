/* matrix: several result files side by side. */
#include <stdlib.h>
#include <string.h>

#include "conformance/engine/compare.h"
#include "conformance/engine/results_json.h"
#include "conformance/engine/results_read.h"

/* A line: an area, or a case in which somebody differs from a pass. */
struct line {
	const char *id;
	const char *area; /* NULL: it is an area itself */
	const char *requirement;
};

struct matrix {
	struct results *v; /* the columns */
	const char **names;
	size_t n;
	struct line *lines;
	size_t nlines;
	FILE *out;
};

struct format {
	const char *name;
	void (*print)(const struct matrix *m);
};

static const struct results_test *
find(const struct results *r, const char *id)
{
	size_t i;

	for (i = 0; i < r->tests.n; i++)
		if (strcmp(r->tests.v[i].id, id) == 0)
			return &r->tests.v[i];
	return NULL;
}

/* "12/14" of the area in column I: passed, and run at all. */
static const char *
area_cell(const struct matrix *m, const char *area, size_t column)
{
	struct results *r = &m->v[column];
	unsigned ran = 0, passed = 0;
	size_t i;

	for (i = 0; i < r->tests.n; i++) {
		const struct results_test *test = &r->tests.v[i];

		if (strcmp(test->area, area) != 0 || test->status == ST_SKIP ||
		    test->status == ST_BLOCKED)
			continue;
		ran++;
		passed += test->status == ST_PASS;
	}
	return ran != 0 ? results_printf(r, "%u/%u", passed, ran) : "-";
}

static const char *
cell(const struct matrix *m, const struct line *line, size_t column)
{
	const struct results_test *test;

	if (line->area == NULL)
		return area_cell(m, line->id, column);
	test = find(&m->v[column], line->id);
	return test != NULL ? totals_status_name(test->status) : "-";
}

static bool
has_line(const struct matrix *m, const char *id)
{
	size_t i;

	for (i = 0; i < m->nlines; i++)
		if (strcmp(m->lines[i].id, id) == 0)
			return true;
	return false;
}

static void
add_line(struct matrix *m, const struct line *line)
{
	m->lines = words_grow(m->lines, m->nlines + 1, sizeof(*m->lines));
	m->lines[m->nlines++] = *line;
}

static void
add_area(struct matrix *m, const char *area)
{
	const struct results_test *test;
	size_t i, k;

	add_line(m, &(struct line){ area, NULL, NULL });
	for (i = 0; i < m->n; i++)
		for (k = 0; k < m->v[i].tests.n; k++) {
			test = &m->v[i].tests.v[k];
			if (strcmp(test->area, area) != 0 ||
			    !results_is_finding(test) || has_line(m, test->id))
				continue;
			add_line(m,
			    &(struct line){ test->id, area,
				test->reqs.n != 0 ? test->reqs.v[0] : "" });
		}
}

static void
collect(struct matrix *m)
{
	size_t i, k;

	for (i = 0; i < m->n; i++)
		for (k = 0; k < m->v[i].tests.n; k++)
			if (!has_line(m, m->v[i].tests.v[k].area))
				add_area(m, m->v[i].tests.v[k].area);
}

static void
print_text(const struct matrix *m)
{
	size_t i, k;

	fprintf(m->out, "%-46s", "");
	for (i = 0; i < m->n; i++)
		fprintf(m->out, "  %-14s", m->names[i]);
	putc('\n', m->out);
	for (k = 0; k < m->nlines; k++) {
		const struct line *line = &m->lines[k];

		fprintf(m->out, "%s%-*s", line->area != NULL ? "  " : "",
		    line->area != NULL ? 44 : 46, line->id);
		for (i = 0; i < m->n; i++)
			fprintf(m->out, "  %-14s", cell(m, line, i));
		putc('\n', m->out);
	}
}

static void
print_markdown(const struct matrix *m)
{
	size_t i, k;

	fputs("| |", m->out);
	for (i = 0; i < m->n; i++)
		fprintf(m->out, " `%s` |", m->names[i]);
	fputs("\n|---|", m->out);
	for (i = 0; i < m->n; i++)
		fputs("---|", m->out);
	for (k = 0; k < m->nlines; k++) {
		const struct line *line = &m->lines[k];
		const char *mark = line->area != NULL ? "`" : "**";

		fprintf(m->out, "\n| %s%s%s |", mark, line->id, mark);
		for (i = 0; i < m->n; i++)
			fprintf(m->out, " %s |", cell(m, line, i));
	}
	putc('\n', m->out);
}

static void
print_json(const struct matrix *m)
{
	json_t *columns = json_array(), *lines = json_array();
	size_t i, k;

	for (i = 0; i < m->n; i++)
		json_array_append_new(columns,
		    json_pack("{s:s, s:o, s:o}", "name", m->names[i], "run",
			results_json_run(&m->v[i]), "counts",
			results_json_counts(&m->v[i])));
	for (k = 0; k < m->nlines; k++) {
		const struct line *line = &m->lines[k];
		json_t *cells = json_array();

		for (i = 0; i < m->n; i++)
			json_array_append_new(
			    cells, json_string(cell(m, line, i)));
		json_array_append_new(lines,
		    json_pack("{s:s, s:s, s:o}",
			line->area != NULL ? "case" : "area", line->id, "of",
			line->area != NULL ? line->area : "", "cells", cells));
	}
	results_json_print(
	    json_pack("{s:i, s:o, s:o}", "schema", RESULTS_SCHEMA,
		"implementations", columns, "lines", lines),
	    1, m->out);
}

static void
print_escaped(FILE *f, const char *s)
{
	for (; *s != '\0'; s++)
		if (strchr("&<>\"'", *s) != NULL)
			fprintf(f, "&#%d;", *s);
		else
			putc(*s, f);
}

static void
html_line(const struct matrix *m, const struct line *line)
{
	const char *text;
	size_t i;

	fprintf(m->out, "<tr class=\"%s\"><th scope=\"row\">",
	    line->area != NULL ? "case" : "area");
	print_escaped(m->out, line->id);
	if (line->area != NULL) {
		fputs(" <small>", m->out);
		print_escaped(m->out, line->requirement);
		fputs("</small>", m->out);
	}
	fputs("</th>", m->out);
	for (i = 0; i < m->n; i++) {
		text = cell(m, line, i);
		fprintf(m->out, "<td class=\"%s\">",
		    line->area != NULL ? text : "sum");
		print_escaped(m->out, text);
		fputs("</td>", m->out);
	}
	fputs("</tr>\n", m->out);
}

static void
print_html(const struct matrix *m)
{
	static const char head[] =
	    "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"
	    "<meta name=\"viewport\" content=\"width=device-width\">"
	    "<meta name=\"color-scheme\" content=\"light dark\">"
	    "<link rel=\"icon\" href=\"data:,\">"
	    "<title>AnyTLS implementations</title><style>"
	    "body{font:15px/1.45 system-ui,sans-serif;margin:1rem}"
	    "div{overflow-x:auto}table{border-collapse:collapse}"
	    "th,td{padding:.2rem .7rem;text-align:left;"
	    "border-bottom:1px solid #8886}"
	    ".area th,.area td{font-weight:700;padding-top:.9rem}"
	    ".case th{font-weight:400;font-family:monospace;"
	    "padding-left:1.4rem}small{opacity:.75}"
	    ".pass{color:light-dark(#1a7440,#6fd39a)}"
	    ".fail,.crash,.error,.xpass{color:light-dark(#b3201f,#ff938d);"
	    "font-weight:700}"
	    ".warn,.flaky{color:light-dark(#8a5300,#f2bd62)}"
	    ".info,.xfail{color:light-dark(#1b5fc1,#8fbcff)}"
	    "</style></head><body><h1>AnyTLS implementations</h1>"
	    "<div role=\"region\" aria-label=\"Results\" tabindex=\"0\">"
	    "<table><thead><tr><td></td>";
	size_t i;

	fputs(head, m->out);
	for (i = 0; i < m->n; i++) {
		fputs("<th scope=\"col\">", m->out);
		print_escaped(m->out, m->names[i]);
		fputs("</th>", m->out);
	}
	fputs("</tr></thead><tbody>\n", m->out);
	for (i = 0; i < m->nlines; i++)
		html_line(m, &m->lines[i]);
	fputs("</tbody></table></div></body></html>\n", m->out);
}

static const struct format formats[] = { { "text", print_text },
	{ "md", print_markdown }, { "json", print_json },
	{ "html", print_html } };

/* "NAME=FILE"; without a name the file's, or that of its folder when the file
 * is called results.json like all of them. */
static const char *
column_name(struct results *r, const char *word, const char **path)
{
	const char *end, *begin;

	*path = word;
	end = strchr(word, '=');
	if (end != NULL) {
		*path = end + 1;
		return results_printf(r, "%.*s", (int)(end - word), word);
	}
	end = strrchr(word, '/');
	begin = end != NULL ? end + 1 : word;
	if (end == NULL || strcmp(begin, "results.json") != 0)
		return results_printf(
		    r, "%.*s", (int)strcspn(begin, "."), begin);
	for (begin = end; begin > word && begin[-1] != '/'; begin--)
		continue;
	return results_printf(r, "%.*s", (int)(end - begin), begin);
}

static int
read_all(struct matrix *m, char *const *words, struct complaint *c)
{
	const char *path;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < m->n; i++) {
		struct results names = { 0 };

		column_name(&names, words[i], &path);
		results_free(&names);
		rc = results_read(&m->v[i], path, c);
		m->names[i] = column_name(&m->v[i], words[i], &path);
		if (rc == 0 && strcmp(m->v[i].run.role, m->v[0].run.role) != 0)
			rc = complain(c, EXIT_USAGE,
			    "%s is about a %s and %s about a %s", m->names[0],
			    m->v[0].run.role, m->names[i], m->v[i].run.role);
	}
	return rc;
}

int
compare_matrix(const struct options *opt, FILE *out, struct complaint *c)
{
	struct matrix m;
	size_t i;
	int rc;

	if (opt->rest.n == 0)
		return complain(c, EXIT_USAGE, "matrix takes result files");
	memset(&m, 0, sizeof(m));
	m.out = out;
	m.n = opt->rest.n;
	m.v = words_alloc(m.n, sizeof(*m.v));
	m.names = words_alloc(m.n, sizeof(*m.names));
	rc = read_all(&m, opt->rest.v, c);
	if (rc == 0)
		collect(&m);
	for (i = 0; rc == 0 && i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(opt->table, formats[i].name) == 0)
			formats[i].print(&m);
	for (i = 0; i < m.n; i++)
		results_free(&m.v[i]);
	free(m.v);
	free(m.names);
	free(m.lines);
	return rc;
}
