/* Filling the results of a run while it runs. */
#ifndef ENGINE_RESULTS_FILL_H
#define ENGINE_RESULTS_FILL_H

#include "conformance/engine/report.h"
#include "conformance/engine/results.h"

/* What is known before the target is: options, versions, the time of day, the
 * rows of REG. ARGV may be NULL. */
void results_begin(struct results *r, const struct report *report,
    const struct reg *reg, char *const argv[]);
/* The target, its features, the number of cases. */
void results_target(struct results *r, const struct report *report);
/* ITEM has its final status. The new entry, valid until the next. */
const struct results_test *results_add_item(
    struct results *r, const struct report *report, const struct item *item);
/* Something about the run as a whole. LOG may be NULL. */
const struct results_test *results_add_finding(
    struct results *r, enum status status, const char *text, const char *log);
/* The run has ended; REASON (NULL or "": none) is why it did so early. */
void results_end(struct results *r, const struct report *report, int exit_code,
    const char *reason);

#endif
