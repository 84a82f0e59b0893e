/* A hash table with two lists by age. */
#include "pcap/table.h"

#include <stdlib.h>
#include <string.h>

#include "ref/wire/err.h"

#define BUCKETS 16384

int
table_init(struct table *t)
{
	memset(t, 0, sizeof(*t));
	t->nbuckets = BUCKETS;
	t->buckets = calloc(t->nbuckets, sizeof(struct slot *));
	return (t->buckets != NULL ? 0 : ATLS_E_NOMEM);
}

void
table_free(struct table *t)
{
	free(t->buckets);
}

static uint32_t
mix(const struct endpoint *e)
{
	uint64_t a, b;

	memcpy(&a, e->ip, 8);
	memcpy(&b, e->ip + 8, 8);
	a = (a ^ b ^ (uint64_t)e->port << 16) * 0x9e3779b97f4a7c15u;
	return ((uint32_t)(a >> 32));
}

static bool
same(const struct endpoint *a, const struct endpoint *b)
{
	return (memcmp(a, b, sizeof(*a)) == 0);
}

/* SLOT is that of S's addresses: sets *DIR. */
static bool
is_of(const struct slot *slot, const struct segment *s, int *dir)
{
	*dir = !(same(&slot->a, &s->from) && same(&slot->b, &s->to));
	return (
	    *dir == 0 || (same(&slot->a, &s->to) && same(&slot->b, &s->from)));
}

struct slot *
table_find(struct table *t, const struct segment *s, int *dir)
{
	struct slot *slot = t->last;
	uint32_t hash;

	if (slot != NULL && is_of(slot, s, dir))
		return (slot);
	hash = mix(&s->from) + mix(&s->to);
	slot = t->buckets[hash & (t->nbuckets - 1)];
	while (slot != NULL && (slot->hash != hash || !is_of(slot, s, dir)))
		slot = slot->chain;
	if (slot != NULL)
		t->last = slot;
	return (slot);
}

static void
link_newest(struct table *t, struct slot *slot)
{
	int list = slot->ended;

	slot->newer = NULL;
	slot->older = t->newest[list];
	if (slot->older != NULL)
		slot->older->newer = slot;
	else
		t->oldest[list] = slot;
	t->newest[list] = slot;
	t->n[list]++;
}

static void
unlink_slot(struct table *t, struct slot *slot)
{
	int list = slot->ended;

	if (slot->older != NULL)
		slot->older->newer = slot->newer;
	else
		t->oldest[list] = slot->newer;
	if (slot->newer != NULL)
		slot->newer->older = slot->older;
	else
		t->newest[list] = slot->older;
	t->n[list]--;
}

struct slot *
table_add(struct table *t, const struct segment *s)
{
	struct slot *slot = calloc(1, sizeof(*slot));
	struct slot **bucket;

	if (slot == NULL)
		return (NULL);
	slot->a = s->from;
	slot->b = s->to;
	slot->hash = mix(&s->from) + mix(&s->to);
	bucket = &t->buckets[slot->hash & (t->nbuckets - 1)];
	slot->chain = *bucket;
	*bucket = slot;
	link_newest(t, slot);
	return (slot);
}

void
table_touch(struct table *t, struct slot *slot)
{
	if (slot->newer == NULL)
		return;
	unlink_slot(t, slot);
	link_newest(t, slot);
}

void
table_retire(struct table *t, struct slot *slot)
{
	unlink_slot(t, slot);
	slot->ended = true;
	link_newest(t, slot);
}

void
table_remove(struct table *t, struct slot *slot)
{
	struct slot **at = &t->buckets[slot->hash & (t->nbuckets - 1)];

	while (*at != slot)
		at = &(*at)->chain;
	*at = slot->chain;
	if (t->last == slot)
		t->last = NULL;
	unlink_slot(t, slot);
	free(slot);
}
