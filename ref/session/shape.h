/* A client's padding scheme at work: the writes a packet becomes. */
#ifndef ATLS_SESSION_SHAPE_H
#define ATLS_SESSION_SHAPE_H

#include <stdint.h>

#include "ref/session/out.h"
#include "ref/wire/scheme.h"

/*
 * Waste queued for one packet at most. A scheme comes from the peer and could
 * ask for gigabytes; the rest of its list is then not followed.
 */
#define ATLS_SHAPE_WASTE_MAX 1048576U

/* A scheme with its text; one allocation, free() releases it. */
struct atls_shape {
	struct atls_scheme scheme;
	size_t len;
	uint8_t text[];
};

/* Copies and parses TEXT. 0, ATLS_E_SYNTAX or ATLS_E_NOMEM. */
int atls_shape_new(struct atls_bytes text, struct atls_shape **shape);

/*
 * Cuts the bytes at the tail of O, which are packet NUMBER, into writes, with
 * waste behind them. 0 or ATLS_E_NOMEM; then the caller rolls O back.
 */
int atls_shape_packet(const struct atls_shape *shape,
    const struct atls_random *rnd, uint32_t number, struct atls_out *o);

#endif
