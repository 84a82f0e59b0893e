/*
 * A bound on the bytes that wait for slow peers, all together. Each buffer may
 * take a share of what is left: one alone gets plenty, a thousand get little,
 * and their sum stays below the limit.
 */
#ifndef ATLS_NET_BUDGET_H
#define ATLS_NET_BUDGET_H

#include <stdatomic.h>
#include <stddef.h>

struct budget {
	size_t limit; /* bytes; 0: none */
	atomic_size_t used;
};

/* How many bytes a buffer may hold now: a quarter of what is left, at most
 * MOST. B may be NULL: no limit. */
static inline size_t
budget_share(struct budget *b, size_t most)
{
	size_t used, share;

	if (b == NULL || b->limit == 0)
		return (most);
	used = atomic_load_explicit(&b->used, memory_order_relaxed);
	share = used < b->limit ? (b->limit - used) / 4 : 0;
	return (share < most ? share : most);
}

/* A buffer holds N bytes now; *COUNTED is what it held when it last said. */
static inline void
budget_count(struct budget *b, size_t *counted, size_t n)
{
	if (b == NULL || *counted == n)
		return;
	/* Unsigned: the difference may be less than nothing. */
	atomic_fetch_add_explicit(&b->used, n - *counted, memory_order_relaxed);
	*counted = n;
}

#endif
