/* The record-size oracle: its guesses, and the rules they stand in. */
#include <string.h>

#include "ref/wire/shape_impl.h"

struct atls_bytes
atls_shape_rule(
    const struct atls_shape_oracle *o, const struct atls_shape_guess *g)
{
	struct atls_planner p;

	atls_planner_init(&p, o->schemes[g->scheme], g->packet, 0);
	return (p.rule);
}

struct shape_item
atls_shape_bounds(const struct atls_scheme_item *it, uint32_t index)
{
	uint64_t a = (uint64_t)it->low;
	uint64_t b = (uint64_t)it->high;
	struct shape_item item = { a < b ? a : b, a < b ? b : a, index };

	if (item.low > ATLS_SCHEME_MAX_SIZE)
		item.low = ATLS_SCHEME_MAX_SIZE;
	if (item.high > ATLS_SCHEME_MAX_SIZE)
		item.high = ATLS_SCHEME_MAX_SIZE;
	return (item);
}

struct shape_walk
atls_shape_walk_begin(
    const struct atls_shape_oracle *o, const struct atls_shape_guess *g)
{
	struct shape_walk w;

	memset(&w, 0, sizeof(w));
	w.rule = atls_shape_rule(o, g);
	w.rest = w.rule;
	return (w);
}

uint32_t
atls_shape_walk_offset(const struct shape_walk *w)
{
	if (w->rest.p == NULL)
		return (SHAPE_END);
	return ((uint32_t)(w->rule.len - w->rest.len));
}

bool
atls_shape_walk_next(struct shape_walk *w)
{
	do {
		w->at = atls_shape_walk_offset(w);
		w->index++;
		if (!atls_scheme_item_next(&w->rest, &w->it))
			return (false);
	} while (w->it.skip != NULL);
	return (true);
}

bool
atls_shape_walk_to(struct shape_walk *w, uint32_t at)
{
	while (atls_shape_walk_next(w)) {
		if (w->at >= at)
			return (true);
	}
	return (false);
}

bool
atls_shape_item(const struct atls_shape_oracle *o,
    const struct atls_shape_guess *g, struct shape_item *item)
{
	struct shape_walk w;

	if (g->at == SHAPE_END)
		return (false);
	w = atls_shape_walk_begin(o, g);
	if (!atls_shape_walk_to(&w, g->at))
		return (false);
	*item = atls_shape_bounds(&w.it, w.index);
	return (true);
}

uint8_t
atls_shape_fit(uint64_t size, uint64_t low, uint64_t high)
{
	if (size < low || size > high)
		return (ATLS_SHAPE_NONE);
	if (size == high && low != high)
		return (ATLS_SHAPE_TEXT);
	return (ATLS_SHAPE_REFERENCE);
}

uint64_t
atls_shape_padding(uint64_t l)
{
	uint64_t nframes = 1 + (l - 1) / ATLS_FRAME_MAX_DATA;

	return (l + nframes * ATLS_FRAME_HEADER);
}

static bool
same_guess(const struct atls_shape_guess *a, const struct atls_shape_guess *b)
{
	return (a->packet == b->packet && a->at == b->at &&
	    a->sent == b->sent && a->scheme == b->scheme &&
	    a->phase == b->phase && a->tail == b->tail);
}

void
atls_shape_add(struct atls_shape_oracle *o, const struct atls_shape_guess *g)
{
	unsigned half = 1 - o->now;
	struct atls_shape_guess *to = o->guesses[half];
	unsigned i;

	for (i = 0; i < o->nguesses[half]; i++) {
		if (!same_guess(&to[i], g))
			continue;
		if (g->level < to[i].level)
			to[i].level = g->level;
		return;
	}
	if (i == ATLS_SHAPE_GUESSES) {
		o->overflow = true;
		return;
	}
	to[i] = *g;
	o->nguesses[half]++;
}

/* The first item with bounds of a packet that begins. */
static uint32_t
first_item(const struct atls_shape_oracle *o, const struct atls_shape_guess *g)
{
	struct shape_walk w = atls_shape_walk_begin(o, g);

	while (atls_shape_walk_next(&w)) {
		if (!w.it.check)
			return (w.at);
	}
	return (SHAPE_END);
}

bool
atls_shape_first_item(const struct atls_shape_oracle *o,
    struct atls_shape_guess *g, struct shape_item *item)
{
	g->at = first_item(o, g);
	return (atls_shape_item(o, g, item));
}

void
atls_shape_begin(
    struct atls_shape_oracle *o, uint32_t packet, uint8_t scheme, uint8_t level)
{
	struct atls_shape_guess g;
	unsigned s;

	memset(&g, 0, sizeof(g));
	g.packet = packet;
	g.level = level;
	if (packet >= o->cap) {
		g.packet = o->cap;
		g.phase = SHAPE_FREE;
		g.at = SHAPE_END;
		/* What scheme it is in matters to updates to come. */
		g.scheme = scheme;
		atls_shape_add(o, &g);
		return;
	}
	for (s = scheme; s < o->nschemes; s++) {
		g.phase = SHAPE_START;
		g.scheme = (uint8_t)s;
		g.at = first_item(o, &g);
		atls_shape_add(o, &g);
	}
}

void
atls_shape_reopen(struct atls_shape_oracle *o, const struct atls_shape_guess *g)
{
	/* Every packet so far took a frame at least. */
	uint64_t most = (uint64_t)o->first + o->nframes;
	uint64_t n = g->packet > o->first ? g->packet : o->first;

	for (; n <= most && n < o->cap && !o->overflow; n++)
		atls_shape_begin(o, (uint32_t)n, g->scheme, g->level);
	if (most >= o->cap)
		atls_shape_begin(o, o->cap, g->scheme, g->level);
}

void
atls_shape_note_draw(struct atls_shape_oracle *o, uint8_t level,
    const struct atls_shape_draw *draw)
{
	const struct atls_shape_draw *d = &o->draw;

	if (level > o->draw_level)
		return;
	if (level < o->draw_level) {
		o->draw_level = level;
		o->drawn = draw != NULL;
		if (draw != NULL)
			o->draw = *draw;
		return;
	}
	o->drawn = o->drawn && draw != NULL && d->packet == draw->packet &&
	    d->item == draw->item && d->low == draw->low &&
	    d->high == draw->high && d->size == draw->size;
}
