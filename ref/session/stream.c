/* The open streams of a session: a hash table from stream id to state. */
#include "ref/session/stream.h"

#include <stdbool.h>
#include <stdlib.h>

#define CAP_MIN 4U /* kept while the session is idle: 64 bytes */

static uint32_t
home(const struct atls_streams *t, uint32_t sid)
{
	uint64_t x = sid ^ t->seed;

	x *= (t->seed << 1) ^ UINT64_C(0x9e3779b97f4a7c15);
	x ^= x >> 32;
	x *= UINT64_C(0xd6e8feb86659fd93);
	return ((uint32_t)(x >> 32) & (t->cap - 1));
}

struct atls_stream *
atls_streams_find(const struct atls_streams *t, uint32_t sid)
{
	uint32_t i;

	if (t->cap == 0)
		return (NULL);
	for (i = home(t, sid); t->slots[i].flags != 0;
	     i = (i + 1) & (t->cap - 1)) {
		if (t->slots[i].sid == sid)
			return (&t->slots[i]);
	}
	return (NULL);
}

/* Puts a stream in; there is a free slot and the id is new. */
static struct atls_stream *
place(struct atls_streams *t, struct atls_stream st)
{
	uint32_t i = home(t, st.sid);

	while (t->slots[i].flags != 0)
		i = (i + 1) & (t->cap - 1);
	t->slots[i] = st;
	return (&t->slots[i]);
}

static bool
resize(struct atls_streams *t, uint32_t cap)
{
	struct atls_stream *old = t->slots;
	struct atls_stream *slots = calloc(cap, sizeof(*slots));
	uint32_t i, old_cap = t->cap;

	if (slots == NULL)
		return (false);
	t->slots = slots;
	t->cap = cap;
	for (i = 0; i < old_cap; i++) {
		if (old[i].flags != 0)
			place(t, old[i]);
	}
	free(old);
	return (true);
}

struct atls_stream *
atls_streams_add(struct atls_streams *t, uint32_t sid, uint32_t flags)
{
	struct atls_stream st = { sid, flags | ATLS_STREAM_USED, NULL };

	if (t->cap == 0 && !resize(t, CAP_MIN))
		return (NULL);
	if (t->count >= t->cap - t->cap / 4) {
		if (t->cap > UINT32_MAX / 2 || !resize(t, t->cap * 2))
			return (NULL);
	}
	t->count++;
	return (place(t, st));
}

/* Closes the hole at I, so that no search ends before its stream. */
static void
close_hole(struct atls_streams *t, uint32_t i)
{
	uint32_t mask = t->cap - 1, j = i, h;

	for (;;) {
		j = (j + 1) & mask;
		if (t->slots[j].flags == 0)
			break;
		h = home(t, t->slots[j].sid);
		if (((j - h) & mask) >= ((j - i) & mask)) {
			t->slots[i] = t->slots[j];
			i = j;
		}
	}
	t->slots[i] = (struct atls_stream){ 0 };
}

void
atls_streams_remove(struct atls_streams *t, uint32_t sid)
{
	struct atls_stream *st = atls_streams_find(t, sid);

	if (st == NULL)
		return;
	close_hole(t, (uint32_t)(st - t->slots));
	t->count--;
	/* Failing to shrink costs memory only. */
	if (t->cap > CAP_MIN && t->count < t->cap / 8)
		(void)resize(t, t->cap / 2);
}

void
atls_streams_free(struct atls_streams *t)
{
	free(t->slots);
	t->slots = NULL;
	t->cap = 0;
	t->count = 0;
}
