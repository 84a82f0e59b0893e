/* Help, manual page and reference page from the table of options. */
#include "conformance/engine/manual.h"

#include <ctype.h>
#include <string.h>

#include "conformance/engine/options.h"

#define ROFF_COLUMNS 60 /* of source lines */

void
manual_help(const struct manual *m, FILE *f)
{
	size_t i;

	fprintf(f, "%c%s.\n\n", toupper((unsigned char)m->summary[0]),
	    m->summary + 1);
	for (i = 0; m->synopsis[i] != NULL; i++)
		fprintf(f, "%s %s %s\n", i == 0 ? "usage:" : "      ",
		    m->program, m->synopsis[i]);
	for (i = 0; m->about[i] != NULL; i++) {
		putc('\n', f);
		options_wrap(f, m->about[i], 0);
	}
	fputs("\noptions:\n", f);
	options_help(f);
	fputs("\nexit codes:\n", f);
	for (i = 0; m->exits[i].name != NULL; i++) {
		fprintf(f, "  %s  ", m->exits[i].name);
		options_wrap(f, m->exits[i].text, 5);
	}
}

static void
roff_char(FILE *f, char ch)
{
	static const struct {
		char ch;
		const char *name;
	} names[] = { { '-', "\\-" }, { '\\', "\\e" }, { '\'', "\\(aq" },
		{ '^', "\\(ha" }, { '~', "\\(ti" }, { '`', "\\(ga" } };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].ch == ch) {
			fputs(names[i].name, f);
			return;
		}
	putc(ch, f);
}

/* Text of a manual page: no line may begin with a dot or quote, and hyphens
 * are meant to be typed. */
static void
roff(FILE *f, const char *s)
{
	bool first = true;
	size_t column = 0;

	for (; *s != '\0'; s++, column++) {
		if (first && (*s == '.' || *s == '\''))
			fputs("\\&", f);
		first = *s == ' ' && column > ROFF_COLUMNS;
		if (first)
			column = 0;
		roff_char(f, first ? '\n' : *s);
	}
}

static void
roff_option(FILE *f, const struct option_row *row)
{
	fputs(".TP\n", f);
	fputs(row->key != 0 || row->arg == NULL ? ".B " : ".BI ", f);
	if (row->key != 0)
		fprintf(f, "\\-%c, ", row->key);
	/* The words of .BI take turns; with a short option nothing has a
	 * value. */
	fputs("\\-\\-", f);
	roff(f, row->name);
	if (row->arg != NULL) {
		fputs(" \" \" ", f);
		roff(f, row->arg);
	}
	putc('\n', f);
	roff(f, row->help);
	putc('\n', f);
}

static void
roff_rows(FILE *f, const struct manual_row *rows)
{
	for (; rows->name != NULL; rows++) {
		fputs(".TP\n.B ", f);
		roff(f, rows->name);
		putc('\n', f);
		roff(f, rows->text);
		putc('\n', f);
	}
}

void
manual_man(const struct manual *m, FILE *f)
{
	const struct option_row *row;
	size_t i;

	fputs(".TH ", f);
	roff(f, m->program);
	fprintf(f, " 1 \"\" \"%s %s\"\n.SH NAME\n", m->program, m->version);
	roff(f, m->program);
	fputs(" \\- ", f);
	roff(f, m->summary);
	fputs("\n.SH SYNOPSIS\n", f);
	for (i = 0; m->synopsis[i] != NULL; i++) {
		fputs(i != 0 ? ".br\n.B " : ".B ", f);
		roff(f, m->program);
		putc('\n', f);
		roff(f, m->synopsis[i]);
		putc('\n', f);
	}
	fputs(".SH DESCRIPTION\n", f);
	for (i = 0; m->about[i] != NULL; i++) {
		if (i != 0)
			fputs(".PP\n", f);
		roff(f, m->about[i]);
		putc('\n', f);
	}
	fputs(".SH COMMANDS\n", f);
	roff_rows(f, m->commands);
	fputs(".SH OPTIONS\n", f);
	for (row = options_table; row->name != NULL; row++)
		roff_option(f, row);
	fputs(".SH EXIT STATUS\n", f);
	roff_rows(f, m->exits);
}

/* Text of a table cell, or between cells. */
static void
cell(FILE *f, const char *s)
{
	for (; *s != '\0'; s++) {
		if (strchr("|\\*_<>[", *s) != NULL)
			putc('\\', f);
		putc(*s, f);
	}
}

/* Inside of backquotes only the border of the cell has a meaning. */
static void
code(FILE *f, const char *s)
{
	for (; *s != '\0'; s++)
		fprintf(f, *s == '|' ? "\\%c" : "%c", *s);
}

static void
commands_of(FILE *f, unsigned flags)
{
	static const struct {
		unsigned flag;
		const char *name;
	} commands[] = { { FOR_RUN, "server" }, { FOR_CLIENT, "client" },
		{ FOR_LIST, "list" }, { FOR_EXPLAIN, "explain" },
		{ FOR_COVERAGE, "coverage" }, { FOR_PCAP, "check-pcap" },
		{ FOR_REPLAYED, "replay" }, { FOR_DIFF, "diff" },
		{ FOR_MERGE, "merge" }, { FOR_MATRIX, "matrix" } };
	const char *separator = "";
	size_t i;

	if ((flags & FOR_ALL) == FOR_ALL) {
		fputs("all", f);
		return;
	}
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!(flags & commands[i].flag))
			continue;
		fprintf(f, "%s%s", separator, commands[i].name);
		separator = ", ";
	}
	if (separator[0] == '\0')
		fputs("others", f);
}

static void
option_cells(FILE *f, const struct option_row *row)
{
	char name[64];

	fputs("| `", f);
	if (row->key != 0)
		fprintf(f, "-%c`, `", row->key);
	fprintf(f, "--%s", row->name);
	if (row->arg != NULL) {
		putc(' ', f);
		code(f, row->arg);
	}
	fputs("` | ", f);
	cell(f, row->help);
	fputs(" | ", f);
	commands_of(f, row->flags);
	options_env_name(row->name, name, sizeof(name));
	if ((row->flags & FOR_ALL) == FOR_ALL)
		fputs(" | |\n", f);
	else
		fprintf(f, " | `%s` |\n", name);
}

static void
table(FILE *f, const char *head, const struct manual_row *rows)
{
	fprintf(f, "\n| %s | |\n|---|---|\n", head);
	for (; rows->name != NULL; rows++) {
		fputs("| `", f);
		code(f, rows->name);
		fputs("` | ", f);
		cell(f, rows->text);
		fputs(" |\n", f);
	}
}

void
manual_markdown(const struct manual *m, FILE *f)
{
	const struct option_row *row;
	size_t i;

	fprintf(f, "# %s\n\n%c%s.\n\n```\n", m->program,
	    toupper((unsigned char)m->summary[0]), m->summary + 1);
	for (i = 0; m->synopsis[i] != NULL; i++)
		fprintf(f, "%s %s\n", m->program, m->synopsis[i]);
	fputs("```\n", f);
	for (i = 0; m->about[i] != NULL; i++) {
		putc('\n', f);
		cell(f, m->about[i]);
		putc('\n', f);
	}
	table(f, "command", m->commands);
	fputs("\n## Options\n\n| option | | for | environment |\n"
	      "|---|---|---|---|\n",
	    f);
	for (row = options_table; row->name != NULL; row++)
		option_cells(f, row);
	fputs("\n## Exit codes\n", f);
	table(f, "code", m->exits);
}
