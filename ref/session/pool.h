/*
 * A client's idle sessions: newest first out, oldest first reaped (AT-RU-01,
 * AT-RU-05 to AT-RU-07). Nodes live in the caller's structures; no memory is
 * allocated, and time is passed in.
 */
#ifndef ATLS_SESSION_POOL_H
#define ATLS_SESSION_POOL_H

#include <stddef.h>
#include <stdint.h>

/* Part of the caller's session; all zero while not in a pool. */
struct atls_pool_node {
	struct atls_pool_node *older, *newer; /* by SEQ */
	uint64_t seq;
	uint64_t idle_since_ms;
};

struct atls_pool {
	struct atls_pool_node *oldest, *newest;
	size_t count;
	uint64_t next_seq;
	uint64_t timeout_ms; /* reap what is idle longer; 0: never */
	size_t min_idle;     /* the newest this many survive (AT-RU-06) */
};

void atls_pool_init(struct atls_pool *p, uint64_t timeout_ms, size_t min_idle);

/* The number of a new session: 1, 2, ... within the pool's life. */
uint64_t atls_pool_seq(struct atls_pool *p);

/* Puts N (whose seq is set) in, idle since NOW_MS. */
void atls_pool_put(
    struct atls_pool *p, struct atls_pool_node *n, uint64_t now_ms);

/* Takes out the one with the largest seq; NULL when empty. */
struct atls_pool_node *atls_pool_take(struct atls_pool *p);

/* Takes N out, wherever it is; fine when it is not in. */
void atls_pool_remove(struct atls_pool *p, struct atls_pool_node *n);

/*
 * Takes out the oldest session that has been idle longer than the timeout at
 * NOW_MS, or NULL; call until NULL. The newest MIN_IDLE are kept, and their
 * idle time starts again (AT-RU-06).
 */
struct atls_pool_node *atls_pool_reap(struct atls_pool *p, uint64_t now_ms);

#endif
