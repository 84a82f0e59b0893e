/*
 * What will run, and in which order. Items stand in the order of the suite
 * tables, which is the order of the report; ORDER is that of execution.
 */
#ifndef ENGINE_PLAN_H
#define ENGINE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/engine/box.h"
#include "conformance/engine/complaint.h"
#include "conformance/engine/register.h"
#include "conformance/engine/select.h"
#include "conformance/engine/test.h"

#define PLAN_BUDGET_MS 15000

struct known_line;

enum item_state {
	ITEM_WAITING,
	ITEM_RUNNING,
	ITEM_DONE,
	ITEM_REPORTED
};

/* Execution goes phase by phase. */
enum phase {
	PHASE_CONCURRENT,
	PHASE_SERIAL,    /* one at a time */
	PHASE_DANGEROUS, /* one at a time, on an instance of its own with --sut
			  */
	PHASE_SUSPECTS,  /* each on an instance of its own */
	PHASE_COUNT
};

/* How a case ended. */
struct result {
	enum status status;
	enum status own; /* before known failures were considered */
	bool stale;      /* its known failure does not excuse it */
	char class[16];  /* skips: why; feature, origin, filter, list */
	struct box *box; /* what it said; NULL when it never ran */
	char *evidence;  /* the tail of the target's log, or NULL */
	char *spool;     /* the spool of its capture, or NULL; owned, as is
			    the file */
	/* Files that were kept, or NULL: the pcapng, what its own target said.
	 * WHY_NOT: a sentence on what could not be kept. */
	char *capture, *log, *why_not;
	uint32_t duration_ms;
};

/* How an earlier try of a case ended. */
struct attempt {
	enum status status;
	uint32_t duration_ms;
	char *actual;
};

/* A case as it runs once. */
struct item {
	const struct tcase *tc;
	const struct suite *suite;     /* NULL for sanity and probes */
	const struct requirement *req; /* its first; NULL for those too */
	size_t number;                 /* in the whole plan, from 0 */
	unsigned iteration;            /* from 0, with --repeat */
	enum phase phase;
	bool skipped; /* by --skip */
	/* The line of known failures that holds for it, and whether its date
	 * is over: see excuse.h. */
	const struct known_line *known;
	bool expired;
	/* Tries of this one that failed, with --retries. */
	struct attempt *attempts;
	unsigned nattempts;
	size_t death;      /* suspected of it; from 1, 0: of none */
	uint64_t ended_ms; /* when its process was gone */
	bool crashed;      /* its result was a crash */
	enum item_state state;
	struct result result;
};

struct plan {
	struct item *items;
	size_t n;
	size_t *order;      /* indexes of items */
	unsigned elsewhere; /* statistical questions of other shards */
	/* Of the ids that were selected and skipped, in their order; shards of
	 * one plan have it in common, so it is that of all of them. */
	uint64_t fingerprint;
	size_t total; /* all shards together */
};

/*
 * Selects from PACK; REPEAT times each, one round after the other. 0, or 4
 * with a sentence when a pattern matches no case or a requirement is unknown.
 * The caller frees with plan_free().
 */
int plan_make(struct plan *plan, const struct pack *pack, const struct reg *reg,
    const struct selection *sel, struct complaint *c);
/* Leaves the Ith (from 1) of N parts, dealt out one by one. Before
 * plan_repeat(). */
void plan_shard(struct plan *plan, unsigned i, unsigned n);
void plan_repeat(struct plan *plan, unsigned repeat);
/* Another order of execution, within the phases and rounds. */
void plan_shuffle(struct plan *plan, uint64_t seed);
/* Statistical questions that its cases may ask. */
unsigned plan_questions(const struct plan *plan);
/* Fills plan->order: by phase, then longest budget first. */
void plan_sort(struct plan *plan);
void plan_free(struct plan *plan);

uint32_t plan_budget_ms(const struct tcase *tc);
/* Notes the result as a try that failed, and clears it: it runs again. */
void plan_retry(struct item *item);
/* Frees what the result holds and sets it to zero. */
void plan_result_free(struct result *result);

#endif
