/* What comes before and after the cases: sanity and probes. */
#ifndef ENGINE_PREPARE_H
#define ENGINE_PREPARE_H

#include <stdbool.h>

#include "conformance/engine/env.h"
#include "conformance/engine/plan.h"
#include "conformance/engine/report.h"

/* A sanity case in flight. */
struct sanity {
	struct tcase tc;
	struct item item;
};

/*
 * Runs the pack's sanity case alone and waits for it, or until STOP_FD can be
 * read. True when it passed or the run is to stop (*STOPPED); else WHY says
 * what is wrong in one sentence, and the item has the evidence. The caller
 * frees s->item.result with plan_result_free().
 */
bool prepare_sanity(struct sanity *s, const struct env *env, int stop_fd,
    bool *stopped, struct complaint *why);

/* Runs the probes and keeps the features they find. Items of those that went
 * wrong are left in *BAD, to be reported once the report has begun. True when
 * STOP_FD could be read. */
bool prepare_probes(struct env *env, int stop_fd, struct plan *bad);

#endif
