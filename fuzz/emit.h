/*
 * Watches what a session writes: whole frames in the end, commands that this
 * side may send, data only where it is defined, nothing of version 2 to a peer
 * of version 1, nothing for a stream that is not open.
 */
#ifndef FUZZ_EMIT_H
#define FUZZ_EMIT_H

#include <stdbool.h>

#include "ref/session/session.h"
#include "ref/wire/frame.h"

#define EMIT_STREAMS 64

struct emit_stream {
	uint32_t sid;
	bool used, wants_ack, acked, fin;
};

struct emit {
	struct atls_session *s;
	bool client;
	unsigned version; /* of the policy */
	bool lazy; /* writes are taken after later events; ids do not repeat */
	bool free; /* under a policy that is wrong nothing is checked */
	bool settings, alert, was_v2, full;
	uint32_t last_sid;
	uint64_t hash; /* of all bytes written, unless lazy */
	size_t written;
	struct atls_splitter splitter;
	struct emit_stream streams[EMIT_STREAMS];
};

/* Takes all writes of the session and checks them; aborts when one is wrong. */
void emit_take(struct emit *e);
/* The same for one write that was taken. */
void emit_check(struct emit *e, struct atls_bytes out);
/* Tells of an event the session reported. */
void emit_event(struct emit *e, const struct atls_event *ev);
/* What was written must end on a frame border. */
void emit_end(const struct emit *e);

uint64_t emit_hash(uint64_t hash, const void *p, size_t len);

#endif
