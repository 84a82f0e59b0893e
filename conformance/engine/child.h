/* One case in its own process (or, for a debugger, in this one). */
#ifndef ENGINE_CHILD_H
#define ENGINE_CHILD_H

#include <stdbool.h>

#include "conformance/engine/box.h"
#include "conformance/engine/capture_spool.h"
#include "conformance/engine/env.h"
#include "conformance/engine/launch.h"

struct child_config {
	const struct env *env;
	const struct tcase *tc;
	struct box *box;
	unsigned iteration;
	double slowness; /* of the machine: stretches the case's clock; 0: 1 */
	bool private_target; /* start one for this case alone */
	const char *spool;   /* file of the capture; NULL: none */
	bool check_alive;    /* call the pack's alive() after a pass */
};

/*
 * Runs the case and its cleanups; the verdict is in the box when this returns.
 * What the case allocated has been freed, and its own target is stopped.
 */
void child_run(const struct child_config *cfg);

struct block;
struct cleanup;
struct shim;

/* The engine's part of a case's context. */
struct engine {
	const struct env *env;
	struct block *blocks;
	struct cleanup *cleanups;
	struct launch own;
	struct capture capture;
	bool has_own;      /* own was started, whatever became of it */
	bool ending;       /* verdicts come too late */
	unsigned nowns;    /* how many were started: names their files */
	struct shim *shim; /* NULL: none was started */
};

/* Ends T's case with what has been written to its box. */
_Noreturn void child_leave(struct t *t, enum status status);
/* Frees memory that lives as long as the case. */
void child_free_blocks(struct engine *e);
/* own.c: stops the case's own target; a dead one makes the verdict a crash. */
void own_finish(struct t *t);
/* How long a target or client of T's own may take to be ready. */
uint32_t own_ready_ms(const struct t *t);
/* The case cannot go on: WHY, without the password, and the target's log. A
 * crash when it ENDED by itself, though it has passed the sanity check. */
_Noreturn void own_refuse(struct t *t, const char *why, bool ended);

#endif
