/*
 * A byte stream to a target through what is under test: one stream of an AnyTLS
 * session (session.h), or one connection through a SOCKS5 proxy (socks.h).
 * Whoever makes one fills the operations; tests use it without knowing which.
 */
#ifndef BENCH_CHAN_H
#define BENCH_CHAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ref/wire/bytes.h"

#define CHAN_PIECE 65536

struct chan;

/* What the user of a channel is told. Any of them may close the channel. */
struct chan_user {
	/* Bytes from the target; valid in the call. */
	void (*data)(void *ctx, struct chan *c, struct atls_bytes in);
	/* It takes CHAN_PIECE bytes: after it was opened, and once after each
	 * chan_want(). */
	void (*room)(void *ctx, struct chan *c);
	/* It is gone, and freed after the call; WHY is a sentence. Not called
	 * after chan_close(). */
	void (*lost)(void *ctx, struct chan *c, const char *why);
};

struct chan {
	const struct chan_user *user;
	void *ctx;
	const struct chan_ops *ops;
};

struct chan_ops {
	void (*want)(struct chan *c);
	void (*send)(struct chan *c, struct atls_bytes out);
	void (*pause)(struct chan *c, bool paused);
	void (*close)(struct chan *c);
};

/* Asks for a call of room() when it takes CHAN_PIECE bytes, not in this call.
 */
static inline void
chan_want(struct chan *c)
{
	c->ops->want(c);
}

/* Sends OUT, copied or taken by the socket. More than was asked for costs
 * memory only. */
static inline void
chan_send(struct chan *c, struct atls_bytes out)
{
	c->ops->send(c, out);
}

/* Stops reading from it, where the way there allows that. */
static inline void
chan_pause(struct chan *c, bool paused)
{
	c->ops->pause(c, paused);
}

/* Ends it; C is freed. */
static inline void
chan_close(struct chan *c)
{
	c->ops->close(c);
}

#endif
