/*
 * A UDP association of SOCKS5: datagrams of a local application, by UDP over
 * TCP version 2 (AT-UT-01 to AT-UT-08). In packet mode all of them share one
 * stream, in connect mode each destination has its own. A stream begins with
 * the first datagram, which goes out together with the request.
 */
#ifndef ATLS_NET_ASSOC_H
#define ATLS_NET_ASSOC_H

#include <stdbool.h>

#include "ref/net/dialer.h"
#include "ref/net/log.h"
#include "ref/net/loop.h"
#include "ref/wire/addr.h"

/* Streams of an association in connect mode; the one that was not used for the
 * longest time makes room. */
#define ASSOC_STREAMS_MAX 16

struct assoc;

struct assoc_config {
	struct loop *loop;
	struct dialer *dialer;
	const struct log *log;
	bool connect_mode;
	int control_fd; /* the SOCKS connection: the socket is opened at its
			   local address and hears its peer's address only */
	uint16_t client_port; /* said by the client; 0: any */
};

/*
 * Opens the socket and says in *BOUND where. Datagrams are dropped which are
 * fragments, come from another host, or find the session congested. NULL: no
 * memory or no socket.
 */
struct assoc *assoc_new(
    const struct assoc_config *cfg, struct atls_addr *bound);

/* Ends it with its streams; NULL is fine. */
void assoc_free(struct assoc *a);

#endif
