/*
 * Collects the pieces of data that one read brings for several streams, so that
 * each stream's target is written to once. Nothing is allocated per piece.
 */
#ifndef ATLS_NET_GATHER_H
#define ATLS_NET_GATHER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "ref/wire/bytes.h"

#define GATHER_PIECES 1024

struct gather;

/* One receiver. Fill FN and ARG, the rest is zero and the gatherer's. */
struct gather_user {
	/* Gets all pieces in order, N at most GATHER_PIECES; IOV may be
	 * written to. It must not add. */
	void (*fn)(void *arg, struct iovec *iov, int n);
	void *arg;
	uint16_t first, last;
	struct gather_user *next, **link; /* LINK NULL: has no pieces */
};

struct gather *gather_new(void); /* NULL: no memory */
void gather_free(struct gather *g);

/*
 * Adds DATA, not empty, for U. It stays where it is until gather_flush(), and
 * may be moved forward over bytes that lie between it and the piece added
 * before: so all pieces between two flushes come from one buffer, in order,
 * that may be written to. Flushes by itself when there are too many pieces.
 */
void gather_add(
    struct gather *g, struct gather_user *u, struct atls_bytes data);

/* Gives all that was added to the receivers. */
void gather_flush(struct gather *g);

/* Drops the pieces of U. */
void gather_forget(struct gather *g, struct gather_user *u);

#endif
