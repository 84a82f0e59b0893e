/*
 * Runs a plan: who starts when, what a dead target means, when to stop, and
 * handing results to the report in the order of the plan.
 */
#ifndef ENGINE_SCHED_H
#define ENGINE_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "conformance/engine/env.h"
#include "conformance/engine/plan.h"
#include "conformance/engine/report.h"
#include "conformance/engine/shared.h"

struct sched_config {
	struct env *env;
	struct plan *plan;
	struct report *report; /* has begun */
	struct shared *shared;
	int stop_fd;          /* readable: interrupted */
	uint64_t deadline_ms; /* absolute; 0: none */
};

/* How a run of the plan ended. */
struct sched_end {
	bool gone; /* the target is not there for a last sanity check */
};

/* Every item is reported when this returns. */
void sched_run(const struct sched_config *cfg, struct sched_end *end);

#endif
