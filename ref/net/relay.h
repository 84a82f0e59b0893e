/*
 * Relays between a client's stream and a TCP target, from the dial to the last
 * byte. Data that comes before the dial is done, or that the target does not
 * take, waits here. Above service_config.stream_bytes the session is asked to
 * hold; a target that then takes nothing for a second is given up, so that one
 * stalled stream cannot stop the others for longer.
 */
#ifndef ATLS_NET_RELAY_H
#define ATLS_NET_RELAY_H

#include "ref/net/target.h"
#include "ref/net/worker.h"
#include "ref/wire/addr.h"

extern const struct target_ops relay_ops;

/* Dials A and relays. NULL: no memory. */
struct relay *relay_new(
    struct worker *w, struct uplink up, const struct atls_addr *a);

/* Ends R at once, without a word to anybody. */
void relay_free(struct relay *r);

#endif
