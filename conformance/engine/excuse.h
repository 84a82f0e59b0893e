/*
 * What known failures mean for a run: which line holds for a case, and what
 * becomes of the case's own verdict by it.
 */
#ifndef ENGINE_EXCUSE_H
#define ENGINE_EXCUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "conformance/engine/features.h"
#include "conformance/engine/known.h"
#include "conformance/engine/plan.h"

/* What conditions are judged by. */
struct excuse_env {
	const char *today;   /* YYYY-MM-DD, UTC */
	const char *role;    /* of the target: server, client */
	const char *os;      /* as of uname(2), lower case */
	const char *version; /* of the suite */
	const struct features *features;
};

#define EXCUSE_DATE 11
#define EXCUSE_OS 64

/* Today, and this machine's system. */
void excuse_today(char out[EXCUSE_DATE]);
void excuse_os(char out[EXCUSE_OS]);

/* True when all conditions of LINE hold. */
bool excuse_holds(const struct known_line *line, const struct excuse_env *env);

/*
 * Sets item->known for each item of PLAN that a line of K names whose
 * conditions hold, and what follows of its date: a line of days before today
 * excuses nothing, and one that says skip does not skip.
 */
void excuse_plan(
    const struct known *k, struct plan *plan, const struct excuse_env *env);

/*
 * The verdict of an item that ran, by its requirement and its known failure.
 * xfail turns a failure, crash or warning into ST_XFAIL, a pass (or an
 * information, which needs no excuse) into ST_XPASS; flaky the former into
 * ST_FLAKY, as is a pass after tries that failed; and errors and skips stay as
 * they are. *STALE (may be NULL): the line does not excuse what happened:
 * another failure than match= says, or its time is over. The result's own
 * status is not changed.
 */
enum status excuse_verdict(const struct item *item, bool *stale);

/* The verdict by its requirement alone. */
enum status excuse_verdict_alone(const struct item *item);

/* One line about item->known for people, "" without one: where it stands, and
 * what is wrong with it. Cut to SIZE - 1 bytes, safe to print. */
void excuse_describe(const struct item *item, char *out, size_t size);

/* The lines and what they name, for the head of a report; nothing without any
 * line. SELECTED is the plan of the run. */
void excuse_print(const struct known *k, const struct plan *selected, FILE *f);

#endif
