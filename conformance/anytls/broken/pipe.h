/*
 * One connection through the saboteur: TLS towards the client, TLS towards the
 * honest server, and the filter between the two plaintexts.
 */
#ifndef BROKEN_PIPE_H
#define BROKEN_PIPE_H

#include <stdbool.h>
#include <stdint.h>

#include "conformance/anytls/broken/filter.h"
#include "ref/net/loop.h"
#include "ref/net/tls.h"
#include "ref/wire/auth.h"

struct pipe;

/* What the connections share; owned by the saboteur. */
struct pipes {
	struct loop *loop;
	struct rules rules;
	uint8_t hash[ATLS_AUTH_HASH], newline_hash[ATLS_AUTH_HASH];
	bool fallback, allmarked, judged; /* see rules.h */
	/* The end that is judged: DOWN's is the server. */
	enum side face;
	struct misread misread;
	const char *server_name; /* for the server; NULL: none */
	bool name_once;          /* the first connection has it alone */
	struct tls_ctx *server_tls, *client_tls;
	struct pipe *all;
	unsigned made, live;
	bool frozen; /* nothing is read or written any more */
	/* For "refuse"; called once. */
	void (*refuse)(void *ctx);
	void *ctx;
};

/* Takes over both sockets, connected and non-blocking. */
void pipe_new(struct pipes *ps, int take_client_fd, int take_server_fd);

/* Ends all connections at once. */
void pipe_free_all(struct pipes *ps);

#endif
