/* The table of broken peers, defects.tsv, which is built into the program. */
#ifndef BROKEN_DEFECTS_H
#define BROKEN_DEFECTS_H

#include <stdbool.h>

#define DEFECTS_TEXT 512

struct defect {
	char name[64];
	char profile[8];           /* what the suite judges it by */
	char policy[DEFECTS_TEXT]; /* see policy_names.h; "": none */
	char rules[DEFECTS_TEXT];  /* see rules.h; "": none */
	char imitates[64];
	char text[DEFECTS_TEXT]; /* what it does */
};

/* Finds NAME in the text of a table. */
bool defects_find(const char *tsv, const char *name, struct defect *d);

/*
 * Reads the line at *TSV and moves on; comments, empty lines and the line of
 * headings are passed over. False at the end. A line with too few columns or
 * too much text in one gives a defect without a name.
 */
bool defects_next(const char **tsv, struct defect *d);

#endif
