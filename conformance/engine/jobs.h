/* Cases in processes: starting them, and waiting for them to end. */
#ifndef ENGINE_JOBS_H
#define ENGINE_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "conformance/engine/env.h"
#include "conformance/engine/plan.h"

struct job {
	struct item *item; /* borrowed; its result is filled at the end */
	const struct env *env;
	pid_t pid;
	int fd; /* end-of-file: the process is gone */
	uint64_t start_ms, deadline_ms;
	uint32_t budget_ms;
	bool killed;
	double slowness; /* at its start; then the most that was found */
	bool private_target;
};

struct jobs {
	struct job *v;
	size_t n;
	/* Items that the latest jobs_wait() found to have ended. */
	struct item **ended;
	size_t nended;
};

void jobs_free(struct jobs *jobs);

/*
 * Starts ITEM, with a target of its own when PRIVATE_TARGET. The item is
 * ITEM_RUNNING until it has ended; when there is no process or memory to be
 * had it is ITEM_DONE at once, as an error.
 */
void jobs_start(struct jobs *jobs, const struct env *env, struct item *item,
    bool private_target);

/*
 * Waits until a job ends, a budget is over, OTHER_FD (-1: none) can be read,
 * or MAX_MS have passed. Kills what is over its budget. Jobs that ended have
 * their item's result filled in, are ITEM_DONE, and are in jobs->ended. True
 * when OTHER_FD can be read.
 */
bool jobs_wait(struct jobs *jobs, int other_fd, int max_ms);

/* Kills all and forgets them: their items are ITEM_WAITING again, without a
 * result. */
void jobs_abandon(struct jobs *jobs);

/* Names the spool of a case's capture in R, whose box is there: the name, or
 * NULL when nothing is captured. */
const char *jobs_name_spool(const struct env *env, struct result *r);

/* How much longer than usual things may take just now, by the system's load
 * and by what the cases of the run find. */
double jobs_slowness(const struct env *env);

/* The milliseconds ITEM may take on this run's clock. */
uint32_t jobs_budget_ms(const struct env *env, const struct item *item);

#endif
