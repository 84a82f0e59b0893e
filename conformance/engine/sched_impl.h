/* Private to sched.c and deaths.c: the state of a run. */
#ifndef ENGINE_SCHED_IMPL_H
#define ENGINE_SCHED_IMPL_H

#include "conformance/engine/jobs.h"
#include "conformance/engine/sched.h"

/* A target that ended while cases ran. */
struct death {
	char why[BOX_TEXT];
	char *tail; /* of its log */
};

struct sched {
	struct sched_config cfg;
	struct jobs jobs;
	enum phase phase;
	size_t at;       /* next in plan->order */
	size_t reported; /* items handed to the report */
	unsigned failures;
	bool stopped; /* nothing more is started */
	bool gone;    /* the target */
	struct item **suspects;
	size_t nsuspects, next_suspect;
	struct item **retries; /* to run again in this phase */
	size_t nretries;
	struct death *deaths;
	size_t ndeaths;
	unsigned lonely_deaths; /* of which no case is suspected */
	unsigned unready; /* the latest cases whose own target never was */
};

/* A result that may be the echo of a dying target is held back so long. */
#define SCHED_HOLD_MS 300

/* True when ITEM runs on a target of its own in this run. */
bool sched_is_private(const struct sched *s, const struct item *item);
/* Ends the run: what has not ended is blocked, with the reason. */
void sched_stop(struct sched *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Looks whether a managed target has ended; if so its suspects are set aside
 * and it is started again. */
void deaths_check(struct sched *s);
/* The same after the last case, so that there is a target to be sane. */
void deaths_check_last(struct sched *s);
/* A case said that the target is gone or behaves so; looks, and acts. */
void deaths_suspect(struct sched *s, struct item *item);
/* Deaths that no suspect repeated become findings. */
void deaths_report(struct sched *s);

#endif
