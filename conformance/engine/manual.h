/* The table of options in all its forms: --help, manual page, reference page,
 * completion scripts. */
#ifndef ENGINE_MANUAL_H
#define ENGINE_MANUAL_H

#include <stdio.h>

struct manual_row {
	const char *name, *text;
};

/* What the forms have in common; lists end with NULL or a row without name. */
struct manual {
	const char *program, *version;
	const char *summary;         /* one sentence, without full stop */
	const char *const *synopsis; /* command lines without the program */
	const char *const *about;    /* paragraphs */
	const struct manual_row *commands;
	const struct manual_row *exits;
};

void manual_help(const struct manual *m, FILE *f);
/* Roff, of the man macros. */
void manual_man(const struct manual *m, FILE *f);
void manual_markdown(const struct manual *m, FILE *f);
/* SHELL is bash, zsh or fish. */
void manual_complete(const struct manual *m, const char *shell, FILE *f);

#endif
