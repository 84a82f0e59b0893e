/* What can be done with result files: diff, merge, matrix, rerun. */
#ifndef ENGINE_COMPARE_H
#define ENGINE_COMPARE_H

#include <stdio.h>

#include "conformance/engine/complaint.h"
#include "conformance/engine/options.h"
#include "conformance/engine/words.h"

/* "diff A B": prints which cases end otherwise. 0 none, 1 some, EXIT_USAGE. */
int compare_diff(const struct options *opt, FILE *out, struct complaint *c);

/* "merge FILE...": the shards of one run as one, and its reports. The exit code
 * that the run would have had; EXIT_USAGE when they do not fit together. */
int compare_merge(const struct options *opt, FILE *out, struct complaint *c);

/* "matrix [NAME=]FILE...": areas and cases by implementation. */
int compare_matrix(const struct options *opt, FILE *out, struct complaint *c);

/* --rerun-failed: ids of the cases in the result file PATH that did not end as
 * a run should: findings, and what was stopped before it ran. ROLE is that of
 * the run. 0, EXIT_USAGE, or EXIT_NOTHING_TESTED where there are none. */
int compare_failed(
    const char *path, const char *role, struct words *ids, struct complaint *c);

#endif
