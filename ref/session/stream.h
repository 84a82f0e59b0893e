/* The open streams of a session: a hash table from stream id to state. */
#ifndef ATLS_SESSION_STREAM_H
#define ATLS_SESSION_STREAM_H

#include <stddef.h>
#include <stdint.h>

/* Bits of a stream's flags. */
#define ATLS_STREAM_USED 1U      /* the slot holds a stream */
#define ATLS_STREAM_WANTS_ACK 2U /* the SYN came while SYNACK was in force */
#define ATLS_STREAM_ACKED 4U     /* SYNACK was sent, or came */
#define ATLS_STREAM_PEER_FIN 8U  /* the peer will send no more */
#define ATLS_STREAM_OUR_FIN 16U  /* we will send no more */

struct atls_stream {
	uint32_t sid;
	uint32_t flags;
	void *data; /* the driver's */
};

/*
 * Open addressing, linear probing, at most three quarters full. SEED makes the
 * order secret: a peer chooses the ids and must not be able to choose
 * collisions. Start with all zero but SEED.
 */
struct atls_streams {
	struct atls_stream *slots;
	uint32_t cap; /* 0 or a power of two */
	uint32_t count;
	uint64_t seed;
};

/* Finds stream SID or NULL; valid until a stream is added or removed. */
struct atls_stream *atls_streams_find(
    const struct atls_streams *t, uint32_t sid);

/* Adds SID, which must not be there, with FLAGS. NULL: out of memory. */
struct atls_stream *atls_streams_add(
    struct atls_streams *t, uint32_t sid, uint32_t flags);

/* Removes SID; nothing happens when it is not there. Gives memory back. */
void atls_streams_remove(struct atls_streams *t, uint32_t sid);

void atls_streams_free(struct atls_streams *t);

#endif
