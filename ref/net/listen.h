/* Listening TCP sockets, and accepting from them on a loop. */
#ifndef ATLS_NET_LISTEN_H
#define ATLS_NET_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/net/log.h"
#include "ref/net/loop.h"
#include "ref/wire/addr.h"

#define LISTEN_ERRLEN 200

struct listener;

/* Lets the process have as many descriptors as it may, and returns that (0: not
 * known): each connection that is relayed takes two. */
uint32_t listen_raise_limit(void);

enum listen_mode {
	LISTEN_ALONE,
	LISTEN_SHARED, /* several sockets may share the port, and the kernel
			  spreads connections over them */
	LISTEN_RESERVE /* binds alone but does not listen: says that the port is
			  free, or which one is, and nobody can connect */
};

/*
 * Opens a listening socket (non-blocking, close-on-exec) on HOSTPORT: "host:
 * port" or "[v6]:port", where host may be empty for all addresses (one socket
 * for IPv6 and IPv4) and names are looked up, blocking; port 0 takes a free
 * one. Returns the socket and fills BOUND with where
 * it listens, or ATLS_E_IO or ATLS_E_SYNTAX with a sentence in ERR.
 */
int listen_open(const char *hostport, enum listen_mode mode,
    struct atls_addr *bound, char err[LISTEN_ERRLEN]);

/*
 * Accepts on the listening socket FD, which is now the listener's. FN gets each
 * connection (non-blocking, close-on-exec, with dial_set_options()), which it
 * must close. When the process is out of descriptors or memory the listener
 * pauses for a tenth of a second and then goes on. NULL: no memory; FD is
 * closed.
 */
struct listener *listen_new(
    struct loop *l, int take_fd, void (*fn)(void *arg, int fd), void *arg);
/* LOG (borrowed) gets a line when accepting pauses, one in ten seconds. */
void listen_set_log(struct listener *s, const struct log *log);
/* Stops accepting and closes the socket; NULL is fine. */
void listen_free(struct listener *s);

#endif
