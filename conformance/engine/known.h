/*
 * Known failures: the lines by which an implementer says which cases do not
 * end well yet, as read from files. Written for people and diffs; the format is
 * described in docs/known-failures.md. What lines mean for a run is in
 * excuse.h.
 */
#ifndef ENGINE_KNOWN_H
#define ENGINE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "conformance/engine/complaint.h"
#include "conformance/engine/test.h"
#include "conformance/engine/words.h"

enum known_verdict {
	KNOWN_XFAIL, /* runs, and must fail */
	KNOWN_FLAKY, /* runs, and may fail */
	KNOWN_SKIP   /* does not run */
};

/* The words behind the pattern; each stands at most once in a line. */
enum known_key {
	KNOWN_ISSUE,
	KNOWN_MATCH, /* part of what the case says it saw */
	KNOWN_UNTIL, /* YYYY-MM-DD, the last day of the line */
	KNOWN_ROLE,  /* from here on conditions: all must hold */
	KNOWN_PROFILE,
	KNOWN_FEATURE, /* "name", "!name" or "name=value" */
	KNOWN_OS,
	KNOWN_SUITE, /* at least this version, as in "suite>=1.2" */
	KNOWN_KEYS
};

struct known_line {
	enum known_verdict verdict;
	char *pattern;
	char *value[KNOWN_KEYS]; /* NULL: not given */
	char *note;              /* the free text; NULL: none */
	const char *file;        /* borrowed from struct known */
	unsigned number;         /* of the line, from 1 */
	/* By known_resolve(): today's patterns (others than the one above when
	 * an old name is used), and how many cases there are. */
	struct words patterns;
	size_t cases;
};

/* All zero: none. */
struct known {
	struct known_line *lines;
	size_t n;
	struct words files;
};

/*
 * Adds the lines of the LEN bytes at TEXT, which are of file NAME. 0, or 4 with
 * a sentence that names file and line. Free with known_free() in any case.
 */
int known_parse(struct known *k, const char *name, const char *text, size_t len,
    struct complaint *c);
/* The same from a file; one that is not there is empty when MAY_LACK. */
int known_read(
    struct known *k, const char *name, bool may_lack, struct complaint *c);
void known_free(struct known *k);

/*
 * Finds the cases of PACK that each line names. 0, or 4 with a sentence for a
 * line that names none, and for two lines that name one case unless their
 * conditions exclude each other. Old names go to NOTES as notices (NULL: to
 * nobody).
 */
int known_resolve(
    struct known *k, const struct pack *pack, FILE *notes, struct complaint *c);
bool known_names(const struct known_line *line, const char *id);

/* "xfail", and "issue". */
const char *known_verdict_name(enum known_verdict verdict);
const char *known_key_name(enum known_key key);

/* True when S is a day of the calendar, as YYYY-MM-DD. */
bool known_is_date(const char *s);
/* Versions of numbers apart by dots: below, equal to or above zero. */
int known_compare_versions(const char *a, const char *b);

#endif
