/* Collects the pieces of data that one read brings for several streams. */
#include "ref/net/gather.h"

#include <stdlib.h>

/* Pieces up to here are moved to their predecessor's end: copying is cheaper
 * than another element for writev(). */
#define MOVE_MAX 4096

struct piece {
	uint8_t *p;
	size_t len;
	uint16_t next; /* of the same receiver */
};

struct gather {
	struct gather_user *users, **last_user;
	uint16_t npieces;
	struct piece piece[GATHER_PIECES];
	struct iovec iov[GATHER_PIECES];
};

struct gather *
gather_new(void)
{
	/* Not calloc(): most of it is never touched. */
	struct gather *g = malloc(sizeof(*g));

	if (g == NULL)
		return (NULL);
	g->users = NULL;
	g->last_user = &g->users;
	g->npieces = 0;
	return (g);
}

void
gather_free(struct gather *g)
{
	free(g);
}

static void
unlink_user(struct gather *g, struct gather_user *u)
{
	*u->link = u->next;
	if (u->next != NULL)
		u->next->link = u->link;
	else
		g->last_user = u->link;
	u->link = NULL;
}

/* The first piece of a receiver puts it on the list. */
static void
link_user(struct gather *g, struct gather_user *u, uint16_t i)
{
	u->first = i;
	u->next = NULL;
	u->link = g->last_user;
	*g->last_user = u;
	g->last_user = &u->next;
}

void
gather_add(struct gather *g, struct gather_user *u, struct atls_bytes data)
{
	struct piece *prev;
	uint16_t i;

	if (u->link != NULL && u->last == g->npieces - 1 &&
	    data.len <= MOVE_MAX) {
		/* Only frame headers lie between. */
		prev = &g->piece[u->last];
		memmove(prev->p + prev->len, data.p, data.len);
		prev->len += data.len;
		return;
	}
	if (g->npieces == GATHER_PIECES)
		gather_flush(g);
	i = g->npieces++;
	g->piece[i].p = (uint8_t *)(uintptr_t)data.p;
	g->piece[i].len = data.len;
	if (u->link == NULL)
		link_user(g, u, i);
	else
		g->piece[u->last].next = i;
	u->last = i;
}

static void
flush_user(struct gather *g, struct gather_user *u)
{
	uint16_t i = u->first;
	int n = 0;

	for (;; i = g->piece[i].next) {
		g->iov[n].iov_base = g->piece[i].p;
		g->iov[n].iov_len = g->piece[i].len;
		n++;
		if (i == u->last)
			break;
	}
	unlink_user(g, u);
	u->fn(u->arg, g->iov, n);
}

void
gather_flush(struct gather *g)
{
	while (g->users != NULL)
		flush_user(g, g->users);
	g->npieces = 0;
}

void
gather_forget(struct gather *g, struct gather_user *u)
{
	if (u->link != NULL)
		unlink_user(g, u);
}
