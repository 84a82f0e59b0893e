/* One item of a padding rule; for scheme.c, plan.c and scheme_check.c only. */
#ifndef ATLS_WIRE_SCHEME_ITEM_H
#define ATLS_WIRE_SCHEME_ITEM_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/wire/bytes.h"
#include "ref/wire/scheme.h"

/* A size drawn above this counts as this; it keeps struct atls_write small. */
#define ATLS_SCHEME_MAX_SIZE 0x80000000u

struct atls_scheme_item {
	struct atls_bytes text;
	bool check;       /* "c": AT-PD-15 */
	const char *skip; /* why it is skipped (AT-PD-14), NULL: it is used */
	int64_t low;      /* bounds as written: HIGH may be below LOW */
	int64_t high;
};

/*
 * Takes the next item off the front of *RULE and reads it. After the last one
 * RULE->p is NULL, and then this returns false. An empty rule has one empty
 * item, as an empty text between two commas is one.
 */
bool atls_scheme_item_next(
    struct atls_bytes *rule, struct atls_scheme_item *item);

/* Draws the size of an item that has SKIP NULL and CHECK false. */
uint32_t atls_scheme_item_draw(
    const struct atls_scheme_item *item, const struct atls_random *rnd);

/*
 * Reads a packet number as Go prints one: decimal, no sign, no leading zero,
 * below 2^32. False for any other text.
 */
bool atls_scheme_packet(struct atls_bytes key, uint32_t *packet);

#endif
