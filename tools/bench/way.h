/* The way to the target that a run measures: straight at a server, with
 * sessions of our own, or through a client's SOCKS5 proxy. */
#ifndef BENCH_WAY_H
#define BENCH_WAY_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/net/loop.h"
#include "tools/bench/chan.h"

struct way_config {
	struct loop *loop;
	const char *server;   /* "127.0.0.1:PORT", or NULL: through PROXY */
	const char *proxy;    /* "127.0.0.1:PORT" */
	const char *password; /* for SERVER */
	uint16_t target_port;
	uint16_t frame_len; /* for SERVER */
	uint32_t nsessions; /* for SERVER */
	bool resume;        /* for SERVER: all sessions but the first */
	bool relay;         /* PROXY is a mere relay to the target */
};

struct way;

/* NULL with a sentence in ERR. CFG is copied, its strings borrowed. */
struct way *way_new(const struct way_config *cfg, char err[256]);

/* Opens a channel, on session INDEX where there are sessions (made when it is
 * not there or over). NULL when the system refuses. */
struct chan *way_open(
    struct way *w, uint32_t index, const struct chan_user *user, void *ctx);

/* Ends session INDEX with its channels, so that the next one there is new.
 * Nothing where there are no sessions. */
void way_drop(struct way *w, uint32_t index);

/* Handshakes that were not resumed. */
uint64_t way_full_handshakes(const struct way *w);

void way_free(struct way *w); /* NULL is fine */

#endif
