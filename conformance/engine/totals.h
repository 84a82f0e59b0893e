/* Verdict classes, counting, and the exit code. */
#ifndef ENGINE_TOTALS_H
#define ENGINE_TOTALS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "conformance/engine/plan.h"

struct totals {
	unsigned count[ST_COUNT];    /* of cases */
	unsigned findings[ST_COUNT]; /* about the run as a whole */
	/* Cases that did not conform, by their first requirement. */
	unsigned text_must, text_should, reference, safety;
	unsigned asked; /* statistical questions */
	unsigned skip_feature, skip_origin, skip_filter, skip_list;
	unsigned stale;   /* known failures that do not excuse what happened */
	bool strict;      /* warnings fail the run */
	bool flaky_fails; /* as do flaky cases */
	bool none_passes; /* nothing tested is no failure */
	bool interrupted; /* signal or --deadline */
	bool unusable;    /* the first sanity check failed */
};

/*
 * What a failed case is, by its first requirement (NULL: text MUST): MAY is
 * information; basis reference or safety, and SHOULD, are warnings; a MUST of
 * the text fails. HANG: killed at its budget, which fails whatever it tests.
 */
enum status totals_classify(const struct requirement *req, bool hang);

/* Counts one result. REQ may be NULL. */
void totals_add(struct totals *tot, const struct result *result,
    const struct requirement *req);
/* Counts a finding about the run as a whole. */
void totals_add_finding(struct totals *tot, enum status status);
/* Both. */
unsigned totals_of(const struct totals *tot, enum status status);
unsigned totals_run(const struct totals *tot);
/* True when STATUS alone makes the exit code 1. */
bool totals_is_failure(const struct totals *tot, enum status status);

/*
 * The exit code of the contract. The target's faults come before the suite's:
 * unusable 6, interrupted 2, failures 1, errors 3, nothing tested 5, else 0.
 */
int totals_exit(const struct totals *tot);

/* "NAME: 148 run, 141 pass, 2 fail, ...; 4 skip (2 by --skip)". */
void totals_print(const struct totals *tot, const char *name, FILE *f);

/* "pass", "fail", ... */
const char *totals_status_name(enum status status);
/* The status of this name; ST_COUNT: there is none. */
enum status totals_status_of(const char *name);

#endif
