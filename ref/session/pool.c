/* A client's idle sessions, kept in a list ordered by their number. */
#include "ref/session/pool.h"

void
atls_pool_init(struct atls_pool *p, uint64_t timeout_ms, size_t min_idle)
{
	*p = (struct atls_pool){ 0 };
	p->next_seq = 1;
	p->timeout_ms = timeout_ms;
	p->min_idle = min_idle;
}

uint64_t
atls_pool_seq(struct atls_pool *p)
{
	return (p->next_seq++);
}

void
atls_pool_put(struct atls_pool *p, struct atls_pool_node *n, uint64_t now_ms)
{
	struct atls_pool_node *older = p->newest, *newer = NULL;

	/* The newest are taken first, so they also come back first. */
	while (older != NULL && older->seq > n->seq) {
		newer = older;
		older = older->older;
	}
	n->older = older;
	n->newer = newer;
	n->idle_since_ms = now_ms;
	if (older != NULL)
		older->newer = n;
	else
		p->oldest = n;
	if (newer != NULL)
		newer->older = n;
	else
		p->newest = n;
	p->count++;
}

struct atls_pool_node *
atls_pool_take(struct atls_pool *p)
{
	struct atls_pool_node *n = p->newest;

	if (n != NULL)
		atls_pool_remove(p, n);
	return (n);
}

void
atls_pool_remove(struct atls_pool *p, struct atls_pool_node *n)
{
	if (n->older == NULL && n->newer == NULL && p->newest != n)
		return;
	if (n->older != NULL)
		n->older->newer = n->newer;
	else
		p->oldest = n->newer;
	if (n->newer != NULL)
		n->newer->older = n->older;
	else
		p->newest = n->older;
	n->older = NULL;
	n->newer = NULL;
	p->count--;
}

static int
expired(
    const struct atls_pool *p, const struct atls_pool_node *n, uint64_t now_ms)
{
	return (now_ms > n->idle_since_ms &&
	    now_ms - n->idle_since_ms > p->timeout_ms);
}

struct atls_pool_node *
atls_pool_reap(struct atls_pool *p, uint64_t now_ms)
{
	struct atls_pool_node *n = p->oldest;
	size_t i;

	if (p->timeout_ms == 0)
		return (NULL);
	for (i = p->count; i > p->min_idle; i--) {
		if (expired(p, n, now_ms)) {
			atls_pool_remove(p, n);
			return (n);
		}
		n = n->newer;
	}
	for (; n != NULL; n = n->newer) {
		if (expired(p, n, now_ms))
			n->idle_since_ms = now_ms;
	}
	return (NULL);
}
