/*
 * Files of reports: --report KIND=PATH and -o DIR. A kind is a function that
 * writes finished results; files appear whole or not at all.
 */
#ifndef ENGINE_REPORTS_H
#define ENGINE_REPORTS_H

#include <stdio.h>

#include "conformance/engine/complaint.h"
#include "conformance/engine/results.h"
#include "conformance/engine/words.h"

struct report_kind {
	const char *name; /* "junit" */
	const char *file; /* its name below -o DIR: "junit.xml" */
	void (*write)(struct results *r, FILE *f);
};

/* Ends with a row without a name. */
extern const struct report_kind report_kinds[];

/* The kinds; one file each. */
void report_json(struct results *r, FILE *f);
void report_lines(struct results *r, FILE *f);
/* The same piece by piece, for results that are not kept. */
void report_lines_begin(const struct results *r, FILE *f);
void report_lines_test(
    const struct results *r, const struct results_test *test, FILE *f);
void report_lines_end(const struct results *r, FILE *f);
void report_junit(struct results *r, FILE *f);
void report_tap(struct results *r, FILE *f);
void report_html(struct results *r, FILE *f);
void report_markdown(struct results *r, FILE *f);
void report_badge(struct results *r, FILE *f);
void report_sarif(struct results *r, FILE *f);

struct reports_file {
	const struct report_kind *kind;
	char *path;
};

/* All zero: none. */
struct reports {
	struct reports_file *v;
	size_t n;
};

/*
 * Takes SPECS ("junit=out.xml") and DIR (NULL: none; made when it is not
 * there), and sees that each file can be written. 0; EXIT_USAGE with a sentence
 * for an unknown kind, a missing path or a path given twice; EXIT_SUITE where
 * something cannot be written.
 */
int reports_open(struct reports *reports, const struct words *specs,
    const char *dir, struct complaint *c);
/* Writes all of them, each to a temporary file beside it that is renamed. 0, or
 * EXIT_SUITE with a sentence about the first that could not be written. */
int reports_write(
    const struct reports *reports, struct results *r, struct complaint *c);
void reports_free(struct reports *reports);

#define REPORTS_TOKEN 33

/* A text on OUT in which no line is a command to GitHub's runners, whatever a
 * peer or its log says. Zero: none. */
struct reports_guard {
	FILE *out;
	char token[REPORTS_TOKEN];
};

/* Begins such a text on OUT, when the runner may read it: not in a file. */
void reports_guard(struct reports_guard *g, FILE *out);
/* Ends it, when there is one. */
void reports_unguard(struct reports_guard *g);

/* On GitHub's runners (GITHUB_ACTIONS is "true"): an annotation for each
 * unexpected result, to F, and the summary appended to the file that
 * GITHUB_STEP_SUMMARY names. Nothing elsewhere. 0 or EXIT_SUITE. */
bool reports_on_github(void);
int reports_github(struct results *r, FILE *f, struct complaint *c);

#endif
