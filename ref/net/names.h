/*
 * Datagrams to named hosts: looks names up without blocking, keeps the answers
 * for a minute, and holds back what is sent to a name meanwhile.
 */
#ifndef ATLS_NET_NAMES_H
#define ATLS_NET_NAMES_H

#include <sys/socket.h>

#include "ref/net/loop.h"
#include "ref/wire/addr.h"
#include "ref/wire/bytes.h"

#define NAMES_MAX 32           /* names known at a time */
#define NAMES_QUEUE_MAX 262144 /* bytes held back per name */

struct names;

/* FN is called with a destination and a datagram for it, at once or later. */
struct names *names_new(struct loop *l,
    void (*fn)(void *arg, const struct sockaddr *to, socklen_t len,
	struct atls_bytes datagram),
    void *arg);
void names_free(struct names *n); /* NULL is fine */

/* Sends DATAGRAM to A, a name. Datagrams are dropped when the name does not
 * exist, when too much waits for it, or without memory. */
void names_send(
    struct names *n, const struct atls_addr *a, struct atls_bytes datagram);

#endif
