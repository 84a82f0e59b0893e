/* Datagrams to named hosts. */
#include "ref/net/names.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "ref/net/dial.h"
#include "ref/net/tls.h"

#define KEEP_MS 60000
#define KEEP_BAD_MS 5000
#define ITEM_HEADER 4 /* port and length of a datagram held back */

struct entry {
	struct names *names;
	struct loop_lookup *lookup; /* while it is being looked up */
	struct atls_addr ip;        /* LEN 0: does not exist */
	struct tls_buf queue;
	uint64_t until_ms;
	uint8_t len; /* 0: the entry is free */
	uint8_t host[255];
};

struct names {
	struct loop *loop;
	void (*fn)(void *arg, const struct sockaddr *to, socklen_t len,
	    struct atls_bytes datagram);
	void *arg;
	struct entry entry[NAMES_MAX];
};

struct names *
names_new(struct loop *l,
    void (*fn)(void *arg, const struct sockaddr *to, socklen_t len,
	struct atls_bytes datagram),
    void *arg)
{
	struct names *n = calloc(1, sizeof(*n));

	if (n == NULL)
		return (NULL);
	n->loop = l;
	n->fn = fn;
	n->arg = arg;
	return (n);
}

static void
clear(struct entry *e)
{
	loop_lookup_cancel(e->lookup);
	tls_buf_free(&e->queue);
	memset(e, 0, sizeof(*e));
}

void
names_free(struct names *n)
{
	size_t i;

	if (n == NULL)
		return;
	for (i = 0; i < NAMES_MAX; i++)
		clear(&n->entry[i]);
	free(n);
}

static void
deliver(struct entry *e, uint16_t port, struct atls_bytes datagram)
{
	struct atls_addr to = e->ip;
	struct sockaddr_storage ss;
	socklen_t len;

	if (to.len == 0)
		return;
	to.port = port;
	len = dial_sockaddr(&to, &ss);
	e->names->fn(e->names->arg, (struct sockaddr *)&ss, len, datagram);
}

static void
on_lookup(void *arg, const struct addrinfo *list, const char *err)
{
	struct entry *e = arg;
	struct atls_bytes q;
	uint16_t port, len;

	e->lookup = NULL;
	for (; err == NULL && list != NULL && e->ip.len == 0;
	     list = list->ai_next)
		if (list->ai_family == AF_INET || list->ai_family == AF_INET6)
			dial_addr(list->ai_addr, &e->ip);
	e->until_ms =
	    loop_now(e->names->loop) + (e->ip.len != 0 ? KEEP_MS : KEEP_BAD_MS);
	q = atls_bytes(e->queue.p, e->queue.len);
	while (q.len >= ITEM_HEADER) {
		port = atls_get16(q.p);
		len = atls_get16(q.p + 2);
		atls_bytes_skip(&q, ITEM_HEADER);
		deliver(e, port, atls_bytes(q.p, len));
		atls_bytes_skip(&q, len);
	}
	tls_buf_free(&e->queue);
}

static void
hold_back(struct entry *e, uint16_t port, struct atls_bytes datagram)
{
	uint8_t header[ITEM_HEADER];

	if (e->queue.len + ITEM_HEADER + datagram.len > NAMES_QUEUE_MAX)
		return;
	atls_put16(header, port);
	atls_put16(header + 2, (uint16_t)datagram.len);
	if (tls_buf_add(&e->queue, header, sizeof(header)) != 0)
		return;
	if (tls_buf_add(&e->queue, datagram.p, datagram.len) != 0)
		e->queue.len -= sizeof(header);
}

/* The entry of A; else a free one, or the one that expires first. */
static struct entry *
find(struct names *n, const struct atls_addr *a)
{
	struct entry *e, *best = NULL;

	for (e = n->entry; e < n->entry + NAMES_MAX; e++) {
		if (e->len == a->len && memcmp(e->host, a->host, a->len) == 0)
			return (e);
		if (e->lookup == NULL &&
		    (best == NULL || e->until_ms < best->until_ms))
			best = e;
	}
	return (best);
}

static void
look_up(struct entry *e, struct names *n, const struct atls_addr *a)
{
	char host[256];

	clear(e);
	if (memchr(a->host, 0, a->len) != NULL)
		return;
	memcpy(host, a->host, a->len);
	host[a->len] = '\0';
	e->names = n;
	e->lookup = loop_lookup_new(n->loop, host, SOCK_DGRAM, on_lookup, e);
	if (e->lookup == NULL)
		return;
	e->len = a->len;
	memcpy(e->host, a->host, a->len);
}

void
names_send(
    struct names *n, const struct atls_addr *a, struct atls_bytes datagram)
{
	struct entry *e = find(n, a);

	if (e == NULL)
		return;
	if (e->lookup == NULL &&
	    (e->len != a->len || memcmp(e->host, a->host, a->len) != 0 ||
		loop_now(n->loop) >= e->until_ms))
		look_up(e, n, a);
	if (e->lookup != NULL)
		hold_back(e, a->port, datagram);
	else if (e->len != 0)
		deliver(e, a->port, datagram);
}
