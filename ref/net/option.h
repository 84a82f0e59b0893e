/* Command line options with long names, aliases and environment twins. */
#ifndef ATLS_NET_OPTION_H
#define ATLS_NET_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTION_MAX 48
#define OPTION_ERRLEN 300

/* One option; ends a table with NAME NULL. */
struct option_def {
	const char *name;  /* long: "--idle-timeout" is "idle-timeout" */
	const char *alias; /* a second name, often of one letter; NULL */
	const char *arg;   /* what help calls its argument; NULL: a switch */
	const char *help;
};

/*
 * Reads the environment (PREFIX and the name in capitals, "-" as "_"; a switch
 * is on with 1, true or yes) and then the command line, where one dash is as
 * good as two. APPLY gets the index in the table and the value (NULL for a
 * switch) and returns 0, or an error after writing a sentence to ERR, before
 * which the option's name is put. 0; ATLS_E_SYNTAX, also for arguments that are
 * no options; or what APPLY returned.
 */
int option_read(const struct option_def *defs, const char *prefix, int argc,
    char **argv,
    int (*apply)(void *ctx, size_t which, const char *value, char *err),
    void *ctx, char err[OPTION_ERRLEN]);

/* Prints the table to stdout. */
void option_help(const struct option_def *defs, const char *prefix);

/* Reads "500ms", "30s", "5m", "1h" or "0". 0 or ATLS_E_SYNTAX. */
int option_duration(const char *text, uint32_t *ms);

/* Reads a decimal number of at most MAX. 0 or ATLS_E_SYNTAX. */
int option_number(const char *text, uint32_t max, uint32_t *n);

#endif
