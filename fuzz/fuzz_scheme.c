/*
 * Padding schemes and the planner. Two bytes of packet number, three of length,
 * one that says how numbers are drawn, then the text. The writes add up to the
 * packet, are as long as the sizes say, and waste frames fill their room.
 */
#include "fuzz/fuzz.h"
#include "ref/wire/frame.h"
#include "ref/wire/scheme.h"
#include "ref/wire/scheme_item.h"

#define NOTES 8

struct draws {
	unsigned how; /* 0: lowest, 1: highest, else in between */
	uint64_t seed;
	unsigned long count;
};

static uint64_t
draw(void *ctx, uint64_t n)
{
	struct draws *d = ctx;

	assert(n >= 1);
	d->count++;
	if (d->how < 2)
		return (d->how == 0 ? 0 : n - 1);
	d->seed = d->seed * UINT64_C(6364136223846793005) + d->how;
	return ((d->seed >> 1) % n);
}

static void
check_waste(uint32_t waste)
{
	uint8_t *p;
	struct atls_splitter sp = { { 0 }, 0, 0 };
	struct atls_writer w;
	struct atls_bytes in;
	struct atls_part part;
	size_t frames = 0;

	assert(waste == 0 || waste >= ATLS_FRAME_HEADER);
	if (waste == 0 || waste > 200000)
		return;
	p = malloc(waste);
	w = atls_writer(p, waste);
	atls_waste_put(&w, waste);
	assert(!w.full && w.len == waste);
	in = atls_bytes(p, w.len);
	while (atls_splitter_next(&sp, &in, &part)) {
		assert(part.last && part.offset == 0);
		assert(part.frame.cmd == ATLS_CMD_WASTE);
		assert(part.frame.sid == 0);
		frames++;
	}
	assert(atls_splitter_idle(&sp));
	assert(frames == (waste + 65541) / 65542);
	free(p);
}

/* One write, against the size L that the item of the rule asks for. */
static void
check_write(struct atls_write w, uint64_t left, uint32_t l)
{
	if (left > l) {
		assert(w.payload == l && w.waste == 0);
	} else if (left > 0) {
		assert(w.payload == left);
		assert(w.waste == (l - left > 7 ? l - left : 0));
	} else {
		assert(w.payload == 0);
		assert(w.waste == (uint64_t)l + 7 * ((l + 65534ull) / 65535));
	}
	check_waste(w.waste);
}

/* Follows the rule beside the planner, with the same numbers drawn. */
static void
check_plan(
    const struct atls_scheme *s, uint32_t packet, size_t len, unsigned how)
{
	struct draws d = { how, 1, 0 }, again = { how, 1, 0 };
	struct atls_random rnd = { draw, &d }, other = { draw, &again };
	struct atls_planner p, copy;
	struct atls_scheme_item item;
	struct atls_write w;
	size_t left = len;
	bool more = true;

	atls_planner_init(&p, s, packet, len);
	copy = p;
	while (more && atls_scheme_item_next(&copy.rule, &item)) {
		if (item.skip != NULL || (item.check && left != 0))
			continue;
		if (item.check)
			break;
		more = atls_planner_next(&p, &rnd, &w);
		assert(more);
		check_write(w, left, atls_scheme_item_draw(&item, &other));
		assert(w.payload <= left);
		left -= w.payload;
	}
	if (left != 0) {
		assert(atls_planner_next(&p, &rnd, &w));
		assert(w.payload == left && w.waste == 0);
	}
	assert(!atls_planner_next(&p, &rnd, &w));
	assert(!atls_planner_next(&p, &rnd, &w));
	assert(d.count == again.count);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct atls_bytes in = { data, size };
	uint32_t packet = fuzz_take(&in, 2);
	size_t len = fuzz_take(&in, 3) % 3000000;
	unsigned how = fuzz_take(&in, 1);
	uint8_t *text = fuzz_copy(in);
	struct draws d = { how, 1, 0 };
	struct atls_random rnd = { draw, &d };
	struct atls_scheme_note notes[NOTES];
	struct atls_scheme s;
	size_t n, i;
	int err = atls_scheme_parse(atls_bytes(text, in.len), &s);

	n = atls_scheme_check(atls_bytes(text, in.len), notes, NOTES);
	assert(err == 0 || n != 0);
	assert(atls_scheme_check(atls_bytes(text, in.len), NULL, 0) == n);
	for (i = 0; i < n && i < NOTES; i++)
		assert(notes[i].reason != NULL);
	if (err == 0) {
		(void)atls_scheme_padding0(&s, &rnd);
		assert(d.count <= 1);
		check_plan(&s, packet, len, how);
		if (packet != 1)
			check_plan(&s, 1, len, how);
	}
	free(text);
	return (0);
}
