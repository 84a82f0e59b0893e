/* The "bytes" of a finding for people. */
#ifndef ENGINE_REPORT_BYTES_H
#define ENGINE_REPORT_BYTES_H

#include <stdio.h>

#include "conformance/engine/results.h"

/* Nothing when there are none. */
void report_bytes(FILE *f, const struct results_test *test);

#endif
