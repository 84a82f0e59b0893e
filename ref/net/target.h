/*
 * The two halves of a stream's way through the server, as tables of functions:
 * a target (TCP, UDP) below, and above it what its answers go to (a session's
 * stream, or a fallback's bare TLS).
 */
#ifndef ATLS_NET_TARGET_H
#define ATLS_NET_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ref/wire/bytes.h"

/* What a target is told. */
struct target_ops {
	/* Bytes from the client, not empty; valid until gather_flush(). */
	void (*data)(void *target, struct atls_bytes data);
	/* The client will send no more, but wants answers. */
	void (*half_close)(void *target);
	/* The client has caught up: go on after uplink_ops.congested(), NOW or
	 * in a later turn. The target may be gone afterwards. */
	void (*resume)(void *target, bool now);
	/* The client is gone. Whatever it sent is still delivered; the target
	 * then frees itself and calls its uplink no more. */
	void (*leave)(void *target);
};

/* What a target calls. */
struct uplink_ops {
	/* Room for WANT (at most 65529) bytes of answer, or NULL when there
	 * cannot be any; then commit() how many were filled in, or 0. */
	uint8_t *(*reserve)(void *up, size_t want);
	void (*commit)(void *up, size_t len);
	/* True: read no more answers until target_ops.resume(). */
	bool (*congested)(void *up);
	/* The target can be used. */
	void (*opened)(void *up);
	/* The target has ended: EOF or, with ERR, failure before opened(). UP
	 * is gone after the call. */
	void (*ended)(void *up, const char *err);
	/* Asks to stop (true) or go on (false) with data(). */
	void (*hold)(void *up, bool on);
};

struct uplink {
	const struct uplink_ops *ops;
	void *ctx; /* NULL: gone */
};

#endif
