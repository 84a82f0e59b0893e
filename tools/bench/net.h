/* Sockets of the load generator. */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A non-blocking TCP connection to IP:PORT, begun. -1 with errno. */
int net_dial(const uint8_t ip[4], uint16_t port);

/* Reads "127.0.0.1:8443"; false for anything that is not on loopback, because
 * load is never sent elsewhere. */
bool net_loopback(const char *text, uint8_t ip[4], uint16_t *port);

/* Whether the result N of a system call on a socket means "not now". */
bool net_later(ssize_t n);

#endif
