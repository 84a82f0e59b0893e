/* Reading result files, the JSON that results_json.h writes. */
#ifndef ENGINE_RESULTS_READ_H
#define ENGINE_RESULTS_READ_H

#include "conformance/engine/complaint.h"
#include "conformance/engine/results.h"

/*
 * Reads the file PATH. 0, or EXIT_USAGE with a sentence that names the file and
 * what is wrong where; R is to be freed in any case.
 */
int results_read(struct results *r, const char *path, struct complaint *c);

/* The same for LEN bytes at TEXT; NAME is what a sentence calls them. */
int results_parse(struct results *r, const char *name, const char *text,
    size_t len, struct complaint *c);

#endif
