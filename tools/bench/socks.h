/* A connection through a SOCKS5 proxy, as a channel. */
#ifndef BENCH_SOCKS_H
#define BENCH_SOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/net/loop.h"
#include "tools/bench/chan.h"

#define SOCKS_BUFFER 262144

struct socks_config {
	struct loop *loop;
	uint8_t ip[4]; /* of the proxy, loopback */
	uint16_t port;
	uint16_t target_port; /* asked for on 127.0.0.1 */
	uint8_t *buffer;      /* SOCKS_BUFFER bytes, shared */
	bool relay; /* it is no proxy, but leads to the target as it is */
};

/* Connects and asks for the target; CFG is borrowed. NULL when the system
 * refuses. */
struct chan *socks_open(
    const struct socks_config *cfg, const struct chan_user *user, void *ctx);

#endif
