/* Padding schemes: the parser, and the planner of the writes of a packet. */
#ifndef ATLS_WIRE_SCHEME_H
#define ATLS_WIRE_SCHEME_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/wire/bytes.h"

/* The text of the default scheme, 137 bytes, no LF at the end (AT-PD-01). */
extern const char ATLS_SCHEME_DEFAULT[];
/* Its MD5 in lower-case hex. */
extern const char ATLS_SCHEME_DEFAULT_MD5[];

/* Packets whose rule is found without a search; beyond, the text is scanned. */
#define ATLS_SCHEME_INDEX 64

/* A parsed scheme. It borrows TEXT for as long as it is used. */
struct atls_scheme {
	struct atls_bytes text;
	uint32_t stop; /* packets 0 .. stop-1 are processed (AT-PD-09) */
	struct atls_bytes rule[ATLS_SCHEME_INDEX]; /* p NULL: no such line */
};

/* What the parser stumbled over; the scheme may be usable all the same. */
struct atls_scheme_note {
	unsigned line;      /* counted from 1; 0: the text as a whole */
	const char *reason; /* static sentence, e.g. "bounds are not numbers" */
	struct atls_bytes item; /* borrows from the text: what it is about */
};

/*
 * Parses TEXT. Returns 0, or ATLS_E_SYNTAX when it cannot be used at all: no
 * line with "=", no "stop", or a "stop" that is no integer (AT-PD-07). As in
 * the Go family the last of several equal keys counts and "stop" is taken
 * modulo 2^32, so a negative one hardly ever stops (AT-PD-10). A packet's key
 * is its number as Go prints it: "1", not "01".
 */
int atls_scheme_parse(struct atls_bytes text, struct atls_scheme *s);

/*
 * Checks TEXT for people: every line and item that the planner would skip or
 * that surprises (AT-PD-14, AT-PD-18, AT-PD-21: no "=", key no number, item
 * without exactly one "-", bounds not positive, reversed, above 65535, "c" in
 * packet 0, packet at or after stop, duplicate, CR at a line's end). Fills at
 * most CAP notes and returns how many there were. Usable or not is what
 * atls_scheme_parse() says.
 */
size_t atls_scheme_check(
    struct atls_bytes text, struct atls_scheme_note *notes, size_t cap);

/* A source of random numbers: a uniform value in [0, N), N at least 1. */
struct atls_random {
	uint64_t (*below)(void *ctx, uint64_t n);
	void *ctx;
};

/*
 * Length of padding0 (AT-PD-18): the first item of rule 0 that is not skipped
 * (AT-PD-14), drawn from [min, max); 0 when there is none, when it is "c", or
 * when stop is 0; at most 65535.
 */
uint16_t atls_scheme_padding0(
    const struct atls_scheme *s, const struct atls_random *rnd);

/* One TLS write of a packet: PAYLOAD bytes of the packet, then WASTE. */
struct atls_write {
	uint32_t payload; /* next bytes of the packet to send as they are */
	uint32_t waste;   /* bytes of waste frames after them, headers included:
			     0, or 7 and more */
};

/* The planner of one packet. */
struct atls_planner {
	struct atls_bytes rule; /* items not yet used; p NULL: none */
	size_t left;            /* bytes of the packet not yet sent */
	bool done;
};

/*
 * Starts to plan packet number PACKET (1 is settings + SYN + address) of LEN
 * bytes. A packet at or after stop, or without a rule, is one write of LEN
 * bytes (AT-PD-09, AT-PD-13), none when LEN is 0.
 */
void atls_planner_init(struct atls_planner *p, const struct atls_scheme *s,
    uint32_t packet, size_t len);

/*
 * Gives the next write, or false when the packet is done. With l the size
 * drawn and r the bytes left: r > l sends l bytes (AT-RS-01); 0 < r <= l with
 * room for a header and a byte fills up to l with waste (AT-RS-02), without
 * room sends r alone (AT-RS-03); r = 0 sends waste of l data bytes, so 7 + l
 * (AT-RS-04); "c" with r = 0 ends the packet (AT-PD-15); what is left after
 * the list goes in one write (AT-PD-16). Sizes above 65535 count as several
 * waste frames (AT-RS-05): each full frame has 65535 data bytes, and one
 * header is counted per frame. A size above 2^31 counts as 2^31.
 */
bool atls_planner_next(struct atls_planner *p, const struct atls_random *rnd,
    struct atls_write *w);

/*
 * Writes WASTE bytes of waste frames (stream id 0, zeros) to W: as few frames
 * as will do, and exactly WASTE bytes in all. WASTE is 0 or at least 7.
 */
void atls_waste_put(struct atls_writer *w, uint32_t waste);

#endif
