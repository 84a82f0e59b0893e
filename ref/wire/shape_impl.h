/* Inside the record-size oracle; for shape*.c only. */
#ifndef ATLS_WIRE_SHAPE_IMPL_H
#define ATLS_WIRE_SHAPE_IMPL_H

#include "ref/wire/scheme_item.h"
#include "ref/wire/shape.h"

/* Where in a packet a guess stands. AT is on an item with bounds, or END. */
enum shape_phase {
	SHAPE_START,    /* nothing of the packet has been seen */
	SHAPE_PAYLOAD,  /* the packet has payload left */
	SHAPE_WASTE,    /* it has none left, but items */
	SHAPE_APPENDED, /* its payload is in one piece, waste follows; or, while
			   TAIL is false, that piece is not complete */
	SHAPE_FREE      /* from here on nothing is padded */
};

#define SHAPE_END UINT32_MAX

enum shape_want_kind {
	SHAPE_WANT_PIECE,    /* payload, filled with waste; LOW to HIGH */
	SHAPE_WANT_PADDING,  /* waste alone */
	SHAPE_WANT_REST,     /* what is left after the list */
	SHAPE_WANT_DIRECT,   /* a packet without sizes */
	SHAPE_WANT_APPENDED, /* waste in records of its own */
	SHAPE_WANT_FREE,
	SHAPE_WANT_PADDING0
};

enum shape_why {
	SHAPE_WHY_SIZE,
	SHAPE_WHY_MIXED,    /* payload after waste */
	SHAPE_WHY_OVERSIZE, /* above ATLS_SHAPE_MAX_RECORD */
	SHAPE_WHY_SPLIT,    /* the authentication request ends elsewhere */
	SHAPE_WHY_JOINED,   /* frames in the authentication's record */
	SHAPE_WHY_PADDING0, /* its length is not of rule 0 */
	SHAPE_WHY_CUT,  /* sizes fit: unpadded data is cut where it is not */
	SHAPE_WHY_GROUP /* sizes fit: packet 1 is too short */
};

/* What is known of a record. */
struct shape_facts {
	size_t len;
	size_t payload; /* bytes of frames other than waste, with headers */
	size_t waste;
	uint8_t why;   /* not SHAPE_WHY_SIZE: no guess can explain it */
	bool cut;      /* of a size at which a TLS stack cuts a write */
	bool begins;   /* on a frame border */
	bool border;   /* ends on a frame border */
	uint16_t left; /* data bytes of the last frame still to come */
};

/* An item with bounds that are in order and not above 2^31. */
struct shape_item {
	uint64_t low;
	uint64_t high;
	uint32_t index; /* in the rule as written, from 1 */
};

/* A walk over the items of a rule. */
struct shape_walk {
	struct atls_bytes rule;
	struct atls_bytes rest;
	struct atls_scheme_item it;
	uint32_t at; /* of IT */
	uint32_t index;
};

struct shape_walk atls_shape_walk_begin(
    const struct atls_shape_oracle *o, const struct atls_shape_guess *g);

/* Where the rest of the rule begins, or SHAPE_END. */
uint32_t atls_shape_walk_offset(const struct shape_walk *w);

/* The next item that is not skipped; and the first of those from AT on. */
bool atls_shape_walk_next(struct shape_walk *w);
bool atls_shape_walk_to(struct shape_walk *w, uint32_t at);

/* Text of the rule a guess is in; p NULL when there is none. */
struct atls_bytes atls_shape_rule(
    const struct atls_shape_oracle *o, const struct atls_shape_guess *g);

/* The item G stands on. False at the end of the rule. */
bool atls_shape_item(const struct atls_shape_oracle *o,
    const struct atls_shape_guess *g, struct shape_item *item);

/* The first item with bounds of the packet that G begins; G->at is not read. */
bool atls_shape_first_item(const struct atls_shape_oracle *o,
    struct atls_shape_guess *g, struct shape_item *item);

/*
 * How a padding0 of N bytes fits scheme S (AT-PD-18). The item of rule 0 that
 * counts goes to *ITEM, with bounds 0 when there is none.
 */
uint8_t atls_shape_padding0(
    const struct atls_scheme *s, uint32_t n, struct shape_item *item);

/* Reads the bounds of IT, which is neither skipped nor a check mark. */
struct shape_item atls_shape_bounds(
    const struct atls_scheme_item *it, uint32_t index);

/*
 * How SIZE fits [LOW, HIGH]: REFERENCE, TEXT for the maximum, NONE outside.
 */
uint8_t atls_shape_fit(uint64_t size, uint64_t low, uint64_t high);

/* Bytes of the waste of an item of size L that has no payload (AT-RS-04). */
uint64_t atls_shape_padding(uint64_t l);

/* Adds the guess that packet N begins, in SCHEME and those after it. */
void atls_shape_begin(struct atls_shape_oracle *o, uint32_t packet,
    uint8_t scheme, uint8_t level);

/* After an update: G, which is past the last rule of the schemes before, begins
 * any packet it may have come to. */
void atls_shape_reopen(
    struct atls_shape_oracle *o, const struct atls_shape_guess *g);

/* Adds every guess that record F leaves of G, to the half that is to come. */
void atls_shape_step(struct atls_shape_oracle *o,
    const struct atls_shape_guess *g, const struct shape_facts *f);

/* Adds a guess, or lowers the level of the same one. */
void atls_shape_add(
    struct atls_shape_oracle *o, const struct atls_shape_guess *g);

/* Notes that READING was lost at record F, from the guesses before it. */
void atls_shape_lost(
    struct atls_shape_oracle *o, unsigned reading, const struct shape_facts *f);

/* Notes the size drawn with a guess of LEVEL; NULL: that there is none. */
void atls_shape_note_draw(struct atls_shape_oracle *o, uint8_t level,
    const struct atls_shape_draw *draw);

#endif
