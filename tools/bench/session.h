/*
 * One AnyTLS session as load: no padding, no pool, nothing but what makes many
 * bytes and many streams cheap for the generator. Its streams are channels.
 */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/net/loop.h"
#include "ref/net/tls.h"
#include "ref/wire/auth.h"
#include "tools/bench/chan.h"

#define SESSION_BUFFER 262144

struct session_config {
	struct loop *loop;
	struct tls_ctx *tls;
	uint8_t ip[4]; /* of the server under test, loopback */
	uint16_t port;
	uint16_t target_port; /* what its streams ask for on 127.0.0.1 */
	uint16_t frame_len;   /* bytes of data in a PSH, at most */
	uint8_t hash[ATLS_AUTH_HASH];
	uint8_t *buffer; /* SESSION_BUFFER bytes, shared by all sessions */
	struct session_resume *resume; /* NULL: each handshake is a full one */
};

/* What the sessions of one server share when they are to be resumed. */
struct session_resume {
	struct tls_ticket *ticket; /* of the first; the owner frees it */
	uint64_t full;             /* handshakes that were not resumed */
	uint64_t resumed;
};

struct session;

/* Connects; CFG is borrowed. NULL when the system refuses. */
struct session *session_new(const struct session_config *cfg);

/* Opens a stream. NULL when out of memory or the session is over. */
struct chan *session_open(
    struct session *s, const struct chan_user *user, void *ctx);

/* Whether the peer or the network has ended it. */
bool session_over(const struct session *s);

/* Ends the session; its channels are freed without a call. NULL is fine. May be
 * called from any callback. */
void session_close(struct session *s);

#endif
