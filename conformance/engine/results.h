/*
 * A finished run as data: what every report is written from, and what a result
 * file holds. The engine fills it while it runs (results_fill.h), and a reader
 * fills it from a file (results_read.h), so that reports of merged shards are
 * made by the same code.
 *
 * All texts are printable UTF-8 and belong to the results: what a peer said is
 * escaped, and the password taken out, on the way in. No report has to think
 * of control bytes, terminal escapes or malformed characters; each still
 * escapes what means something in its own format.
 */
#ifndef ENGINE_RESULTS_H
#define ENGINE_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/engine/box.h"
#include "conformance/engine/test.h"
#include "conformance/engine/totals.h"

/* Of the format of result files; see results.schema.json. */
#define RESULTS_SCHEMA 1

struct results_texts {
	const char **v;
	size_t n;
};

struct results_line {
	double ms; /* since the case began */
	const char *text;
};

/* A part of the bytes, as far as the pack can name it. */
struct results_field {
	uint32_t at, len;
	const char *text;
};

/* One run of a case that was run more than once. */
struct results_attempt {
	enum status status;
	uint32_t duration_ms;
	const char *actual;
};

/* The line of a known-failures file that speaks of a case. */
struct results_known {
	const char *verdict; /* "xfail", ...; NULL: there is none */
	const char *file;
	unsigned line;
	const char *issue, *match, *note; /* NULL: not given */
	enum status own; /* what the case would be without it */
	bool stale;      /* it does not excuse what happened */
};

/* A case that has run, or a finding about the run as a whole (then ID is that
 * of a probe or "", and there is no requirement). */
struct results_test {
	const char *id, *area;
	unsigned round; /* from 1 */
	size_t number;  /* place in the whole plan, from 0 */
	struct results_texts reqs;
	const char *level, *basis; /* of the first of them; NULL: none */
	enum status status;
	enum status expected_status;
	const char *class;             /* of a skip, or NULL */
	const char *expected, *actual; /* NULL: nothing was said */
	struct results_texts observations;
	struct results_line *transcript;
	size_t ntranscript, lost; /* LOST lines came before */
	const uint8_t *bytes;
	size_t nbytes, bytes_total;     /* NBYTES of them are kept */
	const char *bytes_text;         /* what they are, or NULL */
	size_t hidden_from, hidden_len; /* secret ones, which are zero here */
	struct results_field *fields;
	size_t nfields;
	const struct box_sample *samples;
	size_t nsamples;
	const char *peers; /* what known implementations did, or NULL */
	const char *log;   /* last lines of the target's log, or NULL */
	const char *replay;
	/* Files, as seen from the folder of reports (without one, from the
	 * current folder), or NULL: the connections as pcapng, and what a
	 * target of its own said. */
	const char *capture, *log_file;
	struct results_attempt *attempts;
	size_t nattempts;
	struct results_known known;
	uint32_t duration_ms;
	unsigned asked; /* statistical questions */
};

struct results_tests {
	struct results_test *v;
	size_t n;
};

struct results_feature {
	const char *name, *value; /* NULL: absent */
	bool declared;
};

struct results_run {
	const char *program, *version, *document, *vectors, *role, *system;
	const char *target, *command; /* COMMAND: with --sut and for clients */
	const char *profile, *level, *seed, *started; /* RFC 3339, UTC */
	const char *reason; /* why it ended as it did, or NULL */
	struct results_texts argv;
	struct results_feature *features;
	size_t nfeatures;
	unsigned jobs, shard, nshards; /* NSHARDS 0: not one of several */
	size_t planned;
	unsigned questions; /* for statistics, that may be asked */
	uint64_t plan;      /* fingerprint of what all shards together run */
	size_t plan_total;  /* and how many cases that is */
	uint64_t duration_ms;
	int exit_code;
};

struct results {
	struct results_run run;
	struct requirement *reqs; /* rows of the register */
	size_t nreqs;
	struct results_tests tests;    /* in the order of the plan */
	struct results_tests findings; /* probes, the run as a whole */
	struct totals totals;
	const char *secret; /* never in a text; borrowed; NULL: none */
	const char *dir;    /* of temporary files, the same */
	const char *anchor; /* --sarif-anchor, borrowed, or NULL */
	struct results_block *blocks;
	char *scratch;
	size_t scratch_size;
};

/* All zero is empty. */
void results_free(struct results *r);

/* N zeroed things of SIZE bytes that live as long as R. */
void *results_alloc(struct results *r, size_t n, size_t size);
/* A copy of S (NULL: NULL) of one line, without control bytes. */
const char *results_text(struct results *r, const char *s);
/* The same, in which line feeds stay. */
const char *results_lines(struct results *r, const char *s);
/* The same without folders: of absolute paths the last part is left. */
const char *results_command(struct results *r, const char *s);
/* printf, then results_text(). */
const char *results_printf(struct results *r, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A new test at the end of LIST; valid until the next is added. */
struct results_test *results_add(struct results_tests *list);

/* The row with this id, or NULL. */
const struct requirement *results_requirement(
    const struct results *r, const char *id);
/* Did it end otherwise than expected, so that it makes the exit code 1 or 3?
 * Warnings do only with --strict. */
bool results_is_unexpected(
    const struct results *r, const struct results_test *test);
/* True for all but passes and skips: what reports show first. */
bool results_is_finding(const struct results_test *test);
/* Counts tests and findings anew: all of r->totals but strict, interrupted and
 * unusable. */
void results_count(struct results *r);
/* "anytls-conform: 148 run, 141 pass, ..." as the text report ends. */
const char *results_summary(struct results *r);

#endif
