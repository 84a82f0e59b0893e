/*
 * The output queue of a session: bytes in one buffer, and where shaped writes
 * end. Shaped writes come first; what follows them may go out in any cut.
 */
#ifndef ATLS_SESSION_OUT_H
#define ATLS_SESSION_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ref/session/session.h"
#include "ref/wire/bytes.h"

/* HEAD <= READY <= TAIL <= CAP. Start with all zero but SPARE. */
struct atls_out {
	uint8_t *buf;
	size_t cap;
	size_t head;    /* next byte to give */
	size_t ready;   /* end of the complete packets */
	size_t tail;    /* end of the packet being built */
	size_t shaped;  /* bytes from HEAD that CUTS speaks of */
	uint32_t *cuts; /* lengths of the shaped writes */
	uint32_t cuts_cap, first_cut, end_cut;
	uint64_t given; /* bytes given, ever */
	struct atls_session_spare *spare;
};

/* A place to go back to when a packet cannot be completed. */
struct atls_out_mark {
	size_t ready, tail, shaped; /* from HEAD */
	uint32_t ncuts;
};

/* Room for N bytes at the tail, or NULL; may move the buffer. */
uint8_t *atls_out_room(struct atls_out *o, size_t n);

struct atls_out_mark atls_out_mark(const struct atls_out *o);
void atls_out_rollback(struct atls_out *o, struct atls_out_mark mark);

/* Makes all bytes up to the tail ready, to go out in any cut. */
void atls_out_seal(struct atls_out *o);

/*
 * Makes the next LEN (at least 1) bytes of the tail ready as one write of their
 * own. Legal only before the first atls_out_seal(). 0 or ATLS_E_NOMEM.
 */
int atls_out_cut(struct atls_out *o, uint32_t len);

/*
 * Gives the next write, or false. When all is given, the call that says false
 * gives the memory back. PAD bytes of waste (0, or at least 7; servers
 * only, who never hold a packet back) are added to a write that ends on a frame
 * border.
 */
bool atls_out_next(struct atls_out *o, struct atls_bytes *out, uint32_t pad);

void atls_out_free(struct atls_out *o);

#endif
