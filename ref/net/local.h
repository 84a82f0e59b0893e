/*
 * One connection of a local application: finds out what it speaks (SOCKS5,
 * SOCKS4/4a or HTTP, by the first byte), opens a stream for its request, and
 * carries bytes both ways.
 *
 * Half-close: the Go family's FIN ends both directions (AT-CL-06). So when the
 * application ends its direction, the other stays open until the server closes
 * it or nothing came for LINGER_MS; then FIN goes out. A stream whose last
 * bytes were an answer yields meanwhile, see dialer_stream_yield().
 *
 * Slow applications: up to LOCAL_BUFFER_MAX bytes wait for one; beyond that its
 * session is not read, so heartbeats on it are not answered until the
 * application has read enough. Other streams have sessions of their own.
 */
#ifndef ATLS_NET_LOCAL_H
#define ATLS_NET_LOCAL_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/net/dialer.h"
#include "ref/net/log.h"
#include "ref/net/loop.h"

#define LOCAL_BUFFER_MAX (4U * 1024 * 1024)
#define LOCAL_BUFFER_LOW (1U * 1024 * 1024)

struct local;

/* What all local connections share; the pointers are borrowed. */
struct local_env {
	struct loop *loop;
	struct dialer *dialer;
	const struct log *log;
	const char *user; /* NULL: everybody may use the proxy */
	const char *password;
	uint32_t linger_ms;
	bool udp_connect; /* UDP over TCP with isConnect 1 */
	struct local *all;
};

/* Takes the socket FD over, which is connected and non-blocking. The connection
 * frees itself. When there is no memory FD is closed. */
void local_new(struct local_env *env, int take_fd);

/* Ends all connections of ENV at once. */
void local_free_all(struct local_env *env);

#endif
