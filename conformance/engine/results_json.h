/* Results as JSON: the result file, and the lines of --format jsonl. */
#ifndef ENGINE_RESULTS_JSON_H
#define ENGINE_RESULTS_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "conformance/engine/results.h"

/* All of these are new references. */
json_t *results_json(const struct results *r);
json_t *results_json_run(const struct results *r);
json_t *results_json_test(
    const struct results *r, const struct results_test *test);
json_t *results_json_counts(const struct results *r);
json_t *results_json_features(const struct results *r);

/* Writes V and a newline, and lets go of it. INDENT 0: in one line. */
void results_json_print(json_t *v, unsigned indent, FILE *f);

#endif
