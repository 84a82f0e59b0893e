/*
 * UDP over TCP: a stream whose bytes are datagrams (AT-UT-01 to AT-UT-14). One
 * socket per address family; with isConnect 1 a single connected one.
 */
#ifndef ATLS_NET_UDP_H
#define ATLS_NET_UDP_H

#include "ref/net/target.h"
#include "ref/net/worker.h"

struct udp;

extern const struct target_ops udp_ops;

/*
 * Makes the target. With V1 the stream is version 1: no request, an address
 * with each datagram (AT-UT-11); else the request is read first. NULL: no
 * memory.
 */
struct udp *udp_new(struct worker *w, struct uplink up, bool v1);

#endif
