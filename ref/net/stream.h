/* One stream of a session: reads the target's address, then hands its bytes to
 * a TCP or a UDP target. */
#ifndef ATLS_NET_STREAM_H
#define ATLS_NET_STREAM_H

#include <stdint.h>

#include "ref/net/inbound.h"

struct stream;

/* Makes the stream for SID and hangs it into the session; without memory SID
 * is closed. */
void stream_new(struct inbound *in, uint32_t sid);

/* Data from the client, not empty. The stream may be gone afterwards. */
void stream_data(struct stream *st, struct atls_bytes data);

/* The client's FIN: ends the stream unless it lives on in the session. */
void stream_fin(struct stream *st);

/* The client can take data again: the longest waiting streams of IN go on. */
void stream_resume(struct inbound *in);

/* The session is ending: what came is still delivered, ST is freed. Does not
 * touch the session. */
void stream_leave(struct stream *st);

#endif
