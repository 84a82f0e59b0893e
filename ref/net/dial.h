/* Outgoing TCP connections, over all addresses of a name, with a time limit. */
#ifndef ATLS_NET_DIAL_H
#define ATLS_NET_DIAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "ref/net/loop.h"
#include "ref/wire/addr.h"

#define DIAL_ERRLEN 128
#define DIAL_STAGGER_MS 250 /* next address when one is silent: RFC 8305 */

struct dial;

/*
 * Connects to A within TIMEOUT_MS. Addresses of a name are tried in the order
 * of the system's resolver, but the first of the other family comes second; the
 * next starts when one fails or is silent for DIAL_STAGGER_MS, and the first to
 * connect wins. FN is called once, never before this call returns, with a
 * connected non-blocking socket that is now the caller's (close-on-exec, with
 * dial_set_options()) and ERR NULL, or with -1 and a sentence without the
 * target's name, such as "connection refused". The dial frees itself after FN,
 * which must not cancel it. NULL: no memory.
 *
 * ALLOWED, when not NULL, is asked for each address; those it refuses are not
 * tried, and when none is left the error says so.
 */
struct dial *dial_new(struct loop *l, const struct atls_addr *a,
    uint32_t timeout_ms, bool (*allowed)(const struct sockaddr *sa),
    void (*fn)(void *arg, int fd, const char *err), void *arg);

/* Gives it up: FN will not be called. NULL is fine. */
void dial_cancel(struct dial *d);

/*
 * TCP_NODELAY, and keep-alive probes after 30 s of silence, every 10 s: a host
 * that went away without a word is noticed after a minute and a half. What is
 * not known here is left to the system.
 */
void dial_set_options(int fd);

/* Writes A, which must not be a name, to *SS. Returns its length. */
socklen_t dial_sockaddr(const struct atls_addr *a, struct sockaddr_storage *ss);

/* The reverse; IPv4-mapped IPv6 becomes IPv4 (AT-UT-14). */
void dial_addr(const struct sockaddr *sa, struct atls_addr *a);

#endif
