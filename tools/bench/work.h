/*
 * The loads. A lane is one user of a channel; a run has one or many of them,
 * all doing the same. Bytes are checked as they come: a wrong one ends the run.
 */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/bench/pattern.h"
#include "tools/bench/way.h"

enum work_kind {
	WORK_DOWN,    /* bytes from the target */
	WORK_UP,      /* bytes to the target */
	WORK_PING,    /* one byte there and back, again and again */
	WORK_OPEN,    /* open, one byte there and back, close, again */
	WORK_SESSION, /* the same with a session of its own each time */
	WORK_IDLE,    /* open, one byte there and back, and rest */
	WORK_POOL,    /* the same, and close: what rests is the session alone */
	WORK_CHURN, /* echo of a random size, close, again; some give up midway,
		      and a lost stream is opened again */
	WORK_SPLIT  /* none of these: frames are cut in memory, see split.h */
};

struct work_config {
	enum work_kind kind;
	struct loop *loop;
	struct way *way;
	const struct pattern *pattern;
	uint32_t nsessions, nstreams; /* lanes: their product */
	uint32_t at_a_time; /* lanes that begin at once; others follow as these
			       are up */
	bool stalled;       /* one more stream per session whose reader stops */
};

struct work_counts {
	uint64_t bytes;  /* down: checked; up is counted by the target */
	uint64_t rounds; /* pings, streams, sessions; all came back right */
	uint32_t up;     /* lanes that have seen their first byte */
	uint32_t lost;   /* lanes that ended by themselves */
	char error[256]; /* the first reason; "" when none */
};

struct work;

/* Makes the lanes and begins. CFG is copied, what it points to borrowed. NULL:
 * no memory. */
struct work *work_new(const struct work_config *cfg);

const struct work_counts *work_counts(const struct work *w);

/* Latencies of rounds are kept from now on, those before are forgotten. */
void work_begin_latency(struct work *w);
/* The share Q (0.5: the median) of the kept latencies, in microseconds; 0 when
 * there are none. */
double work_latency_us(struct work *w, double q);

/* No more rounds; lanes close. */
void work_free(struct work *w); /* NULL is fine */

#endif
