/* Private to reader.c: the connections of a capture, by their addresses. */
#ifndef PCAP_TABLE_H
#define PCAP_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pcap/flow.h"
#include "pcap/packet.h"
#include "pcap/reader.h"
#include "pcap/view.h"

/* A slot: a connection that is open, or one that has ended and is remembered.
 * Direction 0 of FLOW is that of the endpoint A. */
struct slot {
	struct slot *chain;         /* of the same hash */
	struct slot *older, *newer; /* by last packet */
	uint32_t hash;
	struct endpoint a, b;
	bool ended;   /* ENDED was called; only remembered */
	bool ignored; /* nothing more is wanted of it */
	bool swapped; /* A is the server */
	uint32_t isn[2];
	bool has_isn[2];
	struct flow flow;
	struct view *view;
	struct reader_conn conn;
	void *owner; /* the reader */
};

struct table {
	struct slot **buckets;
	size_t nbuckets; /* a power of two */
	/* Open ones and remembered ones, each from oldest to newest. */
	struct slot *oldest[2], *newest[2];
	size_t n[2];
	struct slot *last; /* found last: packets come in bursts */
};

int table_init(struct table *t);  /* 0 or ATLS_E_NOMEM */
void table_free(struct table *t); /* its slots must be gone */

/* The slot of S's addresses; *DIR is 0 when S->from is its A. NULL: none. */
struct slot *table_find(struct table *t, const struct segment *s, int *dir);
/* A new one, A being S->from. NULL when out of memory. */
struct slot *table_add(struct table *t, const struct segment *s);
/* It has had a packet: it is the newest. */
void table_touch(struct table *t, struct slot *slot);
/* It has ended: it goes to the remembered ones. */
void table_retire(struct table *t, struct slot *slot);
/* Takes it out and frees it; what it points to must be gone. */
void table_remove(struct table *t, struct slot *slot);

#endif
