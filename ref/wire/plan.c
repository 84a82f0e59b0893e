/* The planner of the writes of a packet, and waste frames. */
#include <assert.h>

#include "ref/wire/frame.h"
#include "ref/wire/kv.h"
#include "ref/wire/scheme.h"
#include "ref/wire/scheme_item.h"

/* The largest waste frame. */
#define WASTE_MAX (ATLS_FRAME_HEADER + ATLS_FRAME_MAX_DATA)

/* Finds the last rule of a packet the index does not hold. */
static struct atls_bytes
scan_rule(struct atls_bytes text, uint32_t packet)
{
	struct atls_kv_reader r = { text, 0 };
	struct atls_bytes rule = { NULL, 0 };
	struct atls_kv kv;
	uint32_t n;

	while (atls_kv_next(&r, &kv)) {
		if (atls_scheme_packet(kv.key, &n) && n == packet)
			rule = kv.value;
	}
	return (rule);
}

void
atls_planner_init(struct atls_planner *p, const struct atls_scheme *s,
    uint32_t packet, size_t len)
{
	memset(p, 0, sizeof(*p));
	p->left = len;
	if (packet >= s->stop)
		return;
	p->rule = packet < ATLS_SCHEME_INDEX ? s->rule[packet]
					     : scan_rule(s->text, packet);
}

/* Plans a write of the wanted SIZE. */
static void
plan_size(struct atls_planner *p, uint32_t size, struct atls_write *w)
{
	uint32_t room;

	w->waste = 0;
	if (p->left > size) {
		w->payload = size;
		p->left -= size;
		return;
	}
	w->payload = (uint32_t)p->left;
	room = size - w->payload;
	if (p->left == 0) {
		uint32_t nframes = 1 + (size - 1) / ATLS_FRAME_MAX_DATA;

		w->waste = size + nframes * ATLS_FRAME_HEADER;
	} else if (room > ATLS_FRAME_HEADER) {
		w->waste = room;
	}
	p->left = 0;
}

/* Plans what is left after the list. */
static bool
plan_rest(struct atls_planner *p, struct atls_write *w)
{
	if (p->left == 0) {
		p->done = true;
		return (false);
	}
	w->payload = p->left < UINT32_MAX ? (uint32_t)p->left : UINT32_MAX;
	w->waste = 0;
	p->left -= w->payload;
	return (true);
}

bool
atls_planner_next(
    struct atls_planner *p, const struct atls_random *rnd, struct atls_write *w)
{
	struct atls_scheme_item item;

	if (p->done)
		return (false);
	while (atls_scheme_item_next(&p->rule, &item)) {
		if (item.skip != NULL || (item.check && p->left != 0))
			continue;
		if (item.check) {
			p->done = true;
			return (false);
		}
		plan_size(p, atls_scheme_item_draw(&item, rnd), w);
		return (true);
	}
	return (plan_rest(p, w));
}

void
atls_waste_put(struct atls_writer *w, uint32_t waste)
{
	assert(waste == 0 || waste >= ATLS_FRAME_HEADER);
	while (waste != 0) {
		uint32_t n = waste < WASTE_MAX ? waste : WASTE_MAX;
		struct atls_frame f = { ATLS_CMD_WASTE, 0, 0 };
		uint8_t *at;

		/* The last frame needs its header, so this one may lend. */
		if (waste != n && waste - n < ATLS_FRAME_HEADER)
			n = waste - ATLS_FRAME_HEADER;
		at = atls_writer_take(w, n);
		if (at == NULL)
			return;
		f.len = (uint16_t)(n - ATLS_FRAME_HEADER);
		atls_frame_put(at, f);
		memset(at + ATLS_FRAME_HEADER, 0, f.len);
		waste -= n;
	}
}
