/* Completion scripts. */
#include <ctype.h>
#include <string.h>

#include "conformance/engine/manual.h"
#include "conformance/engine/options.h"

static bool
takes_file(const struct option_row *row)
{
	return row->arg != NULL &&
	    (strstr(row->arg, "FILE") != NULL ||
		strstr(row->arg, "PATH") != NULL);
}

static bool
takes_folder(const struct option_row *row)
{
	return row->arg != NULL && strcmp(row->arg, "DIR") == 0;
}

/* Its value is the id of a case, or a pattern of ids. */
static bool
takes_case(const struct option_row *row)
{
	return strcmp(row->name, "run") == 0 ||
	    strcmp(row->name, "skip") == 0 ||
	    strcmp(row->name, "no-fork") == 0 ||
	    strcmp(row->name, "pause-before") == 0;
}

/* The words of a choice, apart by blanks. */
static void
choices(const struct option_row *row, FILE *f)
{
	const char *s;

	for (s = row->arg; *s != '\0'; s++)
		putc(*s == '|' ? ' ' : *s, f);
}

/* The program's name as part of a function's. */
static void
function_name(const struct manual *m, FILE *f)
{
	const char *s;

	for (s = m->program; *s != '\0'; s++)
		putc(isalnum((unsigned char)*s) ? *s : '_', f);
}

static void
command_words(const struct manual *m, FILE *f)
{
	const struct manual_row *c;
	const char *separator = "";

	for (c = m->commands; c->name != NULL; c++) {
		fprintf(f, "%s%s", separator, c->name);
		separator = " ";
	}
}

static void
bash_option(const struct option_row *row, FILE *f)
{
	if (row->arg == NULL)
		return;
	fprintf(f, "\t--%s)\n\t\t", row->name);
	if (row->kind == OPT_CHOICE) {
		fputs("COMPREPLY=($(compgen -W '", f);
		choices(row, f);
		fputs("' -- \"$cur\"))", f);
	} else if (takes_case(row)) {
		fputs("COMPREPLY=($(compgen -W \"$ids\" -- \"$cur\"))", f);
	} else if (takes_folder(row)) {
		fputs("COMPREPLY=($(compgen -d -- \"$cur\"))", f);
	} else if (takes_file(row)) {
		fputs("COMPREPLY=($(compgen -f -- \"$cur\"))", f);
	} else {
		fputs("COMPREPLY=()", f);
	}
	fputs("\n\t\treturn\n\t\t;;\n", f);
}

static void
bash(const struct manual *m, FILE *f)
{
	const struct option_row *row;

	fprintf(f, "# bash completion for %s\n_", m->program);
	function_name(m, f);
	fputs("() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} ids=\n"
	      "\tlocal prev=${COMP_WORDS[COMP_CWORD - 1]} role=server\n"
	      "\t[ \"${COMP_WORDS[1]}\" = client ] && role=client\n"
	      "\tif [ \"${cur#-}\" = \"$cur\" ]; then\n"
	      "\t\tids=$(\"${COMP_WORDS[0]}\" list 2>/dev/null | "
	      "sed -n \"s|^\\($role/[^ ]*\\).*|\\1|p\")\n"
	      "\tfi\n"
	      "\tcase $prev in\n",
	    f);
	for (row = options_table; row->name != NULL; row++)
		bash_option(row, f);
	fputs("\tesac\n\tcase $cur in\n\t-*) COMPREPLY=($(compgen -W '", f);
	for (row = options_table; row->name != NULL; row++)
		fprintf(
		    f, "%s--%s", row != options_table ? " " : "", row->name);
	fputs("' -- \"$cur\")) ;;\n"
	      "\t*)\n"
	      "\t\t[ \"$COMP_CWORD\" -eq 1 ] && ids=\"$ids ",
	    f);
	command_words(m, f);
	fputs("\"\n\t\tCOMPREPLY=($(compgen -W \"$ids\" -- \"$cur\"))\n"
	      "\t\t;;\n\tesac\n}\ncomplete -F _",
	    f);
	function_name(m, f);
	fprintf(f, " %s\n", m->program);
}

/* TEXT inside of single quotes; ESCAPE: characters that get a backslash. */
static void
quoted(const char *text, const char *escape, FILE *f)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputs("'\\'", f);
		else if (strchr(escape, *text) != NULL)
			putc('\\', f);
		putc(*text, f);
	}
}

static void
zsh_option(const struct option_row *row, FILE *f)
{
	bool again = row->kind == OPT_WORDS || row->kind == OPT_MORE;

	fprintf(f, "\t'%s--%s[", again ? "*" : "", row->name);
	quoted(row->help, "[]:\\", f);
	putc(']', f);
	if (row->arg != NULL) {
		putc(':', f);
		quoted(row->kind == OPT_CHOICE ? "word" : row->arg, ":[]\\", f);
		putc(':', f);
		if (row->kind == OPT_CHOICE) {
			putc('(', f);
			choices(row, f);
			putc(')', f);
		} else if (takes_case(row)) {
			fputs("->cases", f);
		} else if (takes_folder(row)) {
			fputs("_files -/", f);
		} else if (takes_file(row)) {
			fputs("_files", f);
		}
	}
	fputs("'\n", f);
}

static void
zsh(const struct manual *m, FILE *f)
{
	const struct option_row *row;

	fprintf(f,
	    "#compdef %s\n"
	    "local state role=server\n"
	    "local -a ids args\n"
	    "[[ $words[2] = client ]] && role=client\n"
	    "args=(\n",
	    m->program);
	for (row = options_table; row->name != NULL; row++)
		zsh_option(row, f);
	fputs("\t'*:case:->cases'\n)\n"
	      "_arguments -s $args && return 0\n"
	      "if [[ $state = cases ]]; then\n"
	      "\tids=(${(f)\"$($words[1] list 2>/dev/null | "
	      "sed -n \"s|^\\($role/[^ ]*\\).*|\\1|p\")\"})\n"
	      "\t(( CURRENT == 2 )) && ids+=(",
	    f);
	command_words(m, f);
	fputs(")\n\tcompadd -a ids\nfi\n", f);
}

static void
fish_option(const struct manual *m, const struct option_row *row, FILE *f)
{
	fprintf(f, "complete -c %s -l %s", m->program, row->name);
	if (row->key != 0)
		fprintf(f, " -s %c", row->key);
	if (row->kind == OPT_CHOICE) {
		fputs(" -x -a '", f);
		choices(row, f);
		putc('\'', f);
	} else if (takes_case(row)) {
		fputs(" -x -a '(__", f);
		function_name(m, f);
		fputs("_cases)'", f);
	} else if (takes_folder(row)) {
		fputs(" -x -a '(__fish_complete_directories)'", f);
	} else if (takes_file(row)) {
		fputs(" -r -F", f);
	} else if (row->arg != NULL) {
		fputs(" -x", f);
	}
	fputs(" -d '", f);
	quoted(row->help, "\\", f);
	fputs("'\n", f);
}

static void
fish(const struct manual *m, FILE *f)
{
	const struct option_row *row;
	const struct manual_row *c;

	fprintf(f, "# fish completion for %s\nfunction __", m->program);
	function_name(m, f);
	fprintf(f,
	    "_cases\n"
	    "\tset -l role server\n"
	    "\tset -l words (commandline -opc)\n"
	    "\tcontains -- client $words[2]; and set role client\n"
	    "\t$words[1] list 2>/dev/null | "
	    "string match -r \"^$role/\\S+\"\n"
	    "end\n"
	    "complete -c %s -f -a '(__",
	    m->program);
	function_name(m, f);
	fputs("_cases)'\n", f);
	for (c = m->commands; c->name != NULL; c++) {
		fprintf(f, "complete -c %s -n __fish_use_subcommand -a %s -d '",
		    m->program, c->name);
		quoted(c->text, "\\", f);
		fputs("'\n", f);
	}
	for (row = options_table; row->name != NULL; row++)
		fish_option(m, row, f);
}

void
manual_complete(const struct manual *m, const char *shell, FILE *f)
{
	if (strcmp(shell, "bash") == 0)
		bash(m, f);
	else if (strcmp(shell, "zsh") == 0)
		zsh(m, f);
	else
		fish(m, f);
}
