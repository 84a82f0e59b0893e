/* Where a connection goes that did not authenticate: to another TCP server,
 * with every byte it sent (AT-AU-13). */
#ifndef ATLS_NET_FALLBACK_H
#define ATLS_NET_FALLBACK_H

#include "ref/net/inbound.h"

struct fallback;

/* Dials service_config.fallback for IN. NULL: no memory. */
struct fallback *fallback_new(struct inbound *in);

/* Plaintext from the client; may be empty. */
void fallback_data(struct fallback *f, struct atls_bytes data);

/* The client can take data again; NULL is fine. */
void fallback_resume(struct fallback *f);

/* The connection is ending: frees F, what came is still delivered. NULL is
 * fine. */
void fallback_leave(struct fallback *f);

#endif
