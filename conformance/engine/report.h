/*
 * Where results go: a reporter is a table of functions, fed in the order of
 * the plan.
 */
#ifndef ENGINE_REPORT_H
#define ENGINE_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "conformance/engine/complaint.h"
#include "conformance/engine/env.h"
#include "conformance/engine/plan.h"
#include "conformance/engine/progress.h"
#include "conformance/engine/totals.h"

struct results;
struct results_test;

struct report {
	const struct reporter *to;
	FILE *out;
	const struct env *env;
	const char *program; /* "anytls-conform" */
	const char *version; /* "0.1.0 (abc)" */
	const char *document;
	char target[128]; /* as printed */
	struct totals totals;
	struct progress progress; /* hidden while anything is printed */
	struct results *results;  /* all of it as data */
	const struct results_test *latest; /* what is being reported */
	const struct known *known;         /* NULL: none were given */
	const struct plan *plan;           /* what runs; NULL: nothing */
	uint64_t start_ms;
	size_t planned;
	bool colour;
	unsigned kept; /* captures */
	char why_not[COMPLAINT_LEN +
	    64]; /* the first evidence that could not be kept */
	/* The text reporter's: the area heading that was printed last, and
	 * blocked cases not printed one by one. */
	char area[128];
	char blocked[BOX_TEXT];
	unsigned nblocked;
};

struct reporter {
	void (*begin)(struct report *r);
	void (*result)(struct report *r, const struct item *item);
	void (*finding)(struct report *r, enum status status, const char *text,
	    const char *evidence);
	void (*end)(struct report *r, int exit_code);
};

extern const struct reporter report_text;
extern const struct reporter report_jsonl;
extern const struct reporter report_tap_live;

/* Classifies, counts and prints. EVIDENCE may be NULL. */
void report_begin(struct report *r, size_t planned);
void report_result(struct report *r, struct item *item);
void report_finding(struct report *r, enum status status, const char *text,
    const char *evidence);
/* Prints the summary; the exit code of the run. */
int report_end(struct report *r);

/* "anytls-conform: 148 run, 141 pass, ...; exit 1" without newline. */
void report_summary(const struct report *r, int exit_code, FILE *f);
/* The command that repeats ITEM with the seed of this run. */
void report_replay(const struct report *r, const struct item *item, FILE *f);
/* Should OUT be coloured? MODE is --color. */
bool report_wants_colour(const char *mode, FILE *out);

#endif
