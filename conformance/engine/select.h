/* Selectors: patterns over case ids. */
#ifndef ENGINE_SELECT_H
#define ENGINE_SELECT_H

#include <stdbool.h>

#include "conformance/engine/complaint.h"
#include "conformance/engine/words.h"

/* Which cases to run. Lists that are empty select everything (skip: nothing).
 */
struct selection {
	struct words run;
	struct words skip;
	struct words reqs;
	struct words tags;
	const char *level; /* must, should, may: this strong at least; NULL */
};

/* True when PATTERN names ID: '*' is one component, '**' any number of them,
 * everything else is literal. */
bool select_match(const char *pattern, const char *id);
/* 0, or 4 with a sentence: empty, or a '*' that is part of a component. */
int select_check(const char *pattern, struct complaint *c);
/*
 * Adds PATTERN to W; "@file" adds the lines of that file instead (blanks,
 * empty lines and what follows a # are ignored). 0 or 4 with a sentence.
 */
int select_add(struct words *w, const char *pattern, struct complaint *c);
/* True when LEVEL (MUST, SHOULD, MAY) is as strong as WANTED (must, should,
 * may) at least. */
bool select_level(const char *level, const char *wanted);
void select_free(struct selection *s);

#endif
