/* A client's padding scheme at work. */
#include "ref/session/shape.h"

#include <stdlib.h>

#include "ref/wire/err.h"

int
atls_shape_new(struct atls_bytes text, struct atls_shape **shape)
{
	struct atls_shape *p = malloc(sizeof(*p) + text.len);
	int err;

	if (p == NULL)
		return (ATLS_E_NOMEM);
	p->len = text.len;
	if (text.len != 0)
		memcpy(p->text, text.p, text.len);
	err = atls_scheme_parse(atls_bytes(p->text, p->len), &p->scheme);
	if (err != 0) {
		free(p);
		return (err);
	}
	*shape = p;
	return (0);
}

static int
append_waste(struct atls_out *o, uint32_t waste)
{
	uint8_t *at = atls_out_room(o, waste);
	struct atls_writer w;

	if (at == NULL)
		return (ATLS_E_NOMEM);
	w = atls_writer(at, waste);
	atls_waste_put(&w, waste);
	o->tail += waste;
	return (0);
}

int
atls_shape_packet(const struct atls_shape *shape, const struct atls_random *rnd,
    uint32_t number, struct atls_out *o)
{
	uint32_t budget = ATLS_SHAPE_WASTE_MAX;
	struct atls_planner plan;
	struct atls_write w;
	int err;

	atls_planner_init(&plan, &shape->scheme, number, o->tail - o->ready);
	while (atls_planner_next(&plan, rnd, &w)) {
		if (w.waste > budget) {
			w.waste = 0;
			plan.done = true;
		}
		budget -= w.waste;
		if (w.waste != 0 && (err = append_waste(o, w.waste)) != 0)
			return (err);
		if (w.payload + w.waste != 0 &&
		    (err = atls_out_cut(o, w.payload + w.waste)) != 0)
			return (err);
		if (plan.done)
			break;
	}
	return (0);
}
