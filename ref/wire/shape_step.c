/* The record-size oracle: what one record makes of one guess. */
#include <string.h>

#include "ref/wire/shape_impl.h"

/* An empty waste frame fills 7 bytes; anytls-go leaves them (AT-RS-03). */
#define GAP ATLS_FRAME_HEADER

/* The smallest record limit of RFC 6066; RFC 8449 is told as max_record. */
#define LEAST_CUT 512

static uint8_t
worse(uint8_t a, uint8_t b)
{
	return (a > b ? a : b);
}

/* Sizes fit, but only a tolerant reading lets WHY pass. */
static uint8_t
let_off(struct atls_shape_oracle *o, uint8_t level, enum shape_why why)
{
	if (level >= ATLS_SHAPE_TOLERANT)
		return (level);
	o->let_off = (uint8_t)why;
	return (ATLS_SHAPE_TOLERANT);
}

/* Packet G is complete. */
static void
end_packet(struct atls_shape_oracle *o, const struct atls_shape_guess *g,
    uint8_t level)
{
	/* Settings, SYN, and the address or what came before it. */
	if (g->packet == o->first && o->nframes < 3)
		level = let_off(o, level, SHAPE_WHY_GROUP);
	atls_shape_begin(o, g->packet + 1, g->scheme, level);
}

/* The write of G's item is complete; the packet is in PHASE after it. */
static void
end_write(struct atls_shape_oracle *o, const struct atls_shape_guess *g,
    uint8_t phase, uint8_t level)
{
	struct atls_shape_guess to = *g;
	struct shape_walk w = atls_shape_walk_begin(o, g);
	bool more;

	if (level >= ATLS_SHAPE_NONE)
		return;
	level = worse(level, g->level);
	atls_shape_walk_to(&w, g->at);
	more = atls_shape_walk_next(&w);
	while (more && w.it.check && phase == SHAPE_PAYLOAD)
		more = atls_shape_walk_next(&w);
	if (phase == SHAPE_WASTE && (!more || w.it.check)) {
		end_packet(o, g, level);
		return;
	}
	to.at = more ? w.at : SHAPE_END;
	to.sent = 0;
	to.tail = false;
	to.phase = phase;
	to.level = level;
	atls_shape_add(o, &to);
}

/* The write of G goes on in the next record. */
static void
go_on(struct atls_shape_oracle *o, const struct atls_shape_guess *g,
    const struct shape_facts *f, uint64_t most)
{
	struct atls_shape_guess to = *g;

	if (!f->cut || g->sent + f->len >= most)
		return;
	to.sent += f->len;
	to.tail = to.tail || f->waste != 0;
	if (to.phase == SHAPE_START)
		to.phase = SHAPE_PAYLOAD;
	atls_shape_note_draw(o, to.level, NULL);
	atls_shape_add(o, &to);
}

/* Notes that G's item was drawn as SIZE. */
static void
note_size(struct atls_shape_oracle *o, const struct atls_shape_guess *g,
    const struct shape_item *it, struct atls_shape_draw draw)
{
	if (g->level >= ATLS_SHAPE_NONE)
		return;
	draw.packet = g->packet;
	draw.item = it->index;
	draw.low = (uint32_t)it->low;
	draw.high = (uint32_t)it->high;
	atls_shape_note_draw(o, g->level, &draw);
}

/* A record of a write that holds payload and fills up with waste, AT-RS-02. */
static void
step_filled(struct atls_shape_oracle *o, const struct atls_shape_guess *g,
    const struct shape_facts *f, const struct shape_item *it)
{
	uint64_t size = g->sent + f->len;
	uint8_t level = atls_shape_fit(size, it->low, it->high);
	struct atls_shape_guess at = *g;

	if ((g->tail && f->payload != 0) || (f->payload == 0 && g->sent == 0))
		return;
	if (f->waste <= GAP && !g->tail)
		level = worse(level, ATLS_SHAPE_TEXT);
	if (f->border && level < ATLS_SHAPE_NONE) {
		at.level = worse(level, g->level);
		note_size(o, &at, it,
		    (struct atls_shape_draw){ .size = (uint32_t)size,
			.fair =
			    !g->tail && g->sent + f->payload + GAP < it->low });
		end_write(o, g, SHAPE_WASTE, level);
	}
	go_on(o, g, f, it->high);
}

/* A record of payload alone: a full piece (AT-RS-01) or a short last one. */
static void
step_piece(struct atls_shape_oracle *o, const struct atls_shape_guess *g,
    const struct shape_facts *f, const struct shape_item *it)
{
	uint64_t size = g->sent + f->len;
	uint64_t low = it->low > GAP ? it->low - GAP : 1;
	struct atls_shape_guess at = *g;
	uint8_t level = atls_shape_fit(size, it->low, it->high);

	if (g->tail)
		return;
	if (level < ATLS_SHAPE_NONE) {
		at.level = worse(level, g->level);
		note_size(o, &at, it,
		    (struct atls_shape_draw){ .size = (uint32_t)size,
			.fair = size + f->left > it->high });
		end_write(o, g, SHAPE_PAYLOAD, level);
	}
	/* The last of the payload, short of a waste frame: AT-RS-03. */
	level = size < it->low && size >= low
	    ? ATLS_SHAPE_REFERENCE
	    : atls_shape_fit(size, it->low, it->high);
	if (f->border && level < ATLS_SHAPE_NONE) {
		atls_shape_note_draw(o, worse(level, g->level), NULL);
		end_write(o, g, SHAPE_WASTE, level);
	}
	go_on(o, g, f, it->high);
}

/* A record of waste alone, AT-RS-04. */
static void
step_padding(struct atls_shape_oracle *o, const struct atls_shape_guess *g,
    const struct shape_facts *f)
{
	struct shape_item it;
	struct atls_shape_guess at = *g;
	uint64_t size = g->sent + f->len;
	uint8_t level;
	uint8_t text;

	if (f->payload != 0 || !atls_shape_item(o, g, &it))
		return;
	level = atls_shape_fit(
	    size, atls_shape_padding(it.low), atls_shape_padding(it.high));
	text = atls_shape_fit(size, it.low, it.high);
	if (text < ATLS_SHAPE_NONE && level > ATLS_SHAPE_TEXT)
		level = ATLS_SHAPE_TEXT;
	if (f->border && level < ATLS_SHAPE_NONE) {
		at.level = worse(level, g->level);
		if (level == ATLS_SHAPE_REFERENCE && it.high <= UINT16_MAX)
			note_size(o, &at, &it,
			    (struct atls_shape_draw){
				.size = (uint32_t)size - ATLS_FRAME_HEADER,
				.fair = true });
		else
			atls_shape_note_draw(o, at.level, NULL);
		end_write(o, g, SHAPE_WASTE, level);
	}
	go_on(o, g, f, atls_shape_padding(it.high));
}

/* What is left after the list, and packets without sizes. */
static void
step_rest(struct atls_shape_oracle *o, const struct atls_shape_guess *g,
    const struct shape_facts *f)
{
	struct atls_shape_guess to = *g;

	if (f->waste != 0 || f->payload == 0)
		return;
	to.phase = SHAPE_PAYLOAD;
	to.sent = 0;
	if (!f->border && !f->cut && f->len < LEAST_CUT)
		return;
	if (!f->border && !f->cut)
		to.level = let_off(o, g->level, SHAPE_WHY_CUT);
	atls_shape_note_draw(o, to.level, NULL);
	if (f->border)
		end_packet(o, g, g->level);
	if (f->cut || !f->border)
		atls_shape_add(o, &to);
}

/* From the last rule or stop on: anything but waste (AT-PD-09). */
static void
step_free(struct atls_shape_oracle *o, const struct atls_shape_guess *g,
    const struct shape_facts *f)
{
	struct atls_shape_guess to = *g;

	if (f->waste != 0)
		return;
	if (!f->border && !f->cut)
		to.level = let_off(o, g->level, SHAPE_WHY_CUT);
	atls_shape_note_draw(o, to.level, NULL);
	/* An update has moved the end of the rules since. */
	if (f->border && g->packet < o->cap)
		atls_shape_reopen(o, &to);
	else
		atls_shape_add(o, &to);
}

/*
 * All pieces of the packet in one record, payload and then waste (QD in
 * AT-RS-06). One piece is no merger, and gets no slack.
 */
static void
step_merged(struct atls_shape_oracle *o, const struct atls_shape_guess *g,
    const struct shape_facts *f)
{
	struct shape_walk w = atls_shape_walk_begin(o, g);
	uint64_t low = 0;
	uint64_t high = 0;
	unsigned n = 0;
	bool more;

	if (f->payload == 0 || f->waste == 0 || !f->border)
		return;
	do {
		more = atls_shape_walk_next(&w);
		if (more && !w.it.check) {
			struct shape_item it = atls_shape_bounds(&w.it, 0);

			low += it.low;
			high += it.high + (n++ == 0 ? 0 : GAP);
			continue;
		}
		if (n >= 2 && f->payload <= high && f->len + GAP >= low &&
		    f->len <= high) {
			atls_shape_note_draw(o, ATLS_SHAPE_TOLERANT, NULL);
			end_packet(o, g, ATLS_SHAPE_TOLERANT);
		}
	} while (more);
}

/* What the items before a place take of the payload in one piece. */
struct taken {
	uint64_t low;
	uint64_t high;
};

/* Bytes of payload that items before have left over, least and most. */
static uint64_t
left_over(uint64_t payload, uint64_t taken)
{
	return (payload > taken ? payload - taken : 0);
}

/*
 * Walks on in a packet whose payload went out in one piece (AB in AT-RS-06).
 * Each item counts its share of the payload off and puts what is missing to
 * its size, when above 7, into a waste frame. A record of WASTE bytes is one
 * of those; with 0, only the packet's end is looked for.
 */
static void
step_appended(
    struct atls_shape_oracle *o, const struct atls_shape_guess *g, size_t waste)
{
	struct shape_walk w = atls_shape_walk_begin(o, g);
	struct taken t = { 0, 0 };
	struct shape_item it;

	while (atls_shape_walk_next(&w)) {
		uint64_t most = left_over(g->sent, t.low);
		uint64_t least = left_over(g->sent, t.high);

		if (w.it.check) {
			if (w.at < g->at || least != 0)
				continue;
			if (waste == 0)
				end_packet(o, g, g->level);
			if (most == 0)
				return;
			continue;
		}
		it = atls_shape_bounds(&w.it, w.index);
		t.low += it.low;
		t.high += it.high;
		if (w.at < g->at)
			continue;
		if (waste > GAP && waste + most >= it.low &&
		    waste + least <= it.high) {
			struct atls_shape_guess to = *g;

			to.at = atls_shape_walk_offset(&w);
			atls_shape_add(o, &to);
			step_appended(o, &to, 0);
		}
		if (it.low > most + GAP)
			return; /* this item must have its waste */
	}
	if (waste == 0)
		end_packet(o, g, g->level);
}

/* Payload of a packet that is not going to be split. */
static void
step_unsplit(struct atls_shape_oracle *o, const struct atls_shape_guess *g,
    const struct shape_facts *f)
{
	struct atls_shape_guess to = *g;

	if (f->waste != 0 || f->payload == 0)
		return;
	to.level = worse(g->level, ATLS_SHAPE_TOLERANT);
	to.phase = SHAPE_APPENDED;
	to.at = 0;
	to.sent += f->len;
	to.tail = false;
	if (f->cut)
		atls_shape_add(o, &to);
	if (!f->border)
		return;
	atls_shape_note_draw(o, to.level, NULL);
	to.tail = true;
	atls_shape_add(o, &to);
	step_appended(o, &to, 0);
}

static void
step_payload(struct atls_shape_oracle *o, const struct atls_shape_guess *g,
    const struct shape_facts *f)
{
	struct shape_item it;

	if (!atls_shape_item(o, g, &it)) {
		step_rest(o, g, f);
		return;
	}
	if (f->waste != 0)
		step_filled(o, g, f, &it);
	else
		step_piece(o, g, f, &it);
	if (g->phase == SHAPE_START) {
		step_merged(o, g, f);
		step_unsplit(o, g, f);
	}
}

void
atls_shape_step(struct atls_shape_oracle *o, const struct atls_shape_guess *g,
    const struct shape_facts *f)
{
	switch ((enum shape_phase)g->phase) {
	case SHAPE_START:
	case SHAPE_PAYLOAD:
		step_payload(o, g, f);
		break;
	case SHAPE_WASTE:
		step_padding(o, g, f);
		break;
	case SHAPE_APPENDED:
		if (!g->tail)
			step_unsplit(o, g, f);
		else if (f->payload == 0 && f->border)
			step_appended(o, g, f->waste);
		break;
	case SHAPE_FREE:
		step_free(o, g, f);
		break;
	}
}
