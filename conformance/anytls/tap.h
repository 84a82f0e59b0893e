/*
 * One direction of a connection, seen as the protocol sees it: plaintext of
 * records in, whole frames and a line for the transcript out. Used for what
 * the peer sends and for what we send, however a case cuts it.
 */
#ifndef ANYTLS_TAP_H
#define ANYTLS_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/anytls/case.h"
#include "ref/wire/auth.h"
#include "ref/wire/bytes.h"
#include "ref/wire/frame.h"

#define TAP_LINE 208 /* with what stands before it, a line of the engine */

/* Start with all zero, and AUTH true where an authentication request comes
 * before the frames. Free with tap_free(). */
struct tap {
	bool auth;
	struct atls_auth_reader reader;
	struct atls_splitter splitter;
	uint8_t *held; /* data of the frame that is not complete yet */
	/* Called for each whole frame, whose data is valid in the call. */
	void (*on_frame)(void *ctx, const struct frame *f);
	void *ctx;
};

/*
 * Takes the bytes IN of a record (or several) and describes them in LINE as
 * "Settings (69) · SYN 1 · PSH 1 (3 of 8)". False when memory ran out.
 */
bool tap_feed(struct tap *tap, struct atls_bytes in, char line[TAP_LINE]);

/* Bytes of a frame that has begun and not ended. */
size_t tap_partial(const struct tap *tap);

void tap_free(struct tap *tap);

#endif
