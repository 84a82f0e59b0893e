/* A connection through a SOCKS5 proxy, as a channel. */
#include "tools/bench/socks.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/net/tls.h"
#include "ref/wire/bytes.h"
#include "tools/bench/net.h"

#define GREETING_REPLY 2
#define CONNECT_REPLY 10 /* with an IPv4 address, as for an IPv4 target */

struct conn {
	struct chan chan; /* first: a channel is its connection */
	const struct socks_config *cfg;
	struct loop_io *io;
	int fd;
	size_t nreply;
	uint8_t reply[GREETING_REPLY + CONNECT_REPLY];
	struct tls_buf out; /* what the socket did not take */
	bool paused, waits;
	struct loop_task gone; /* frees it at the end of the turn */
	bool closed;
};

static void
release(void *arg)
{
	struct conn *c = arg;

	loop_undefer(c->cfg->loop, &c->gone);
	loop_io_free(c->io);
	if (c->fd >= 0)
		close(c->fd);
	tls_buf_free(&c->out);
	free(c);
}

static void
lose(struct conn *c, const char *why)
{
	if (c->closed)
		return;
	c->closed = true;
	loop_io_want(c->io, 0);
	loop_defer(c->cfg->loop, &c->gone);
	if (c->chan.user->lost != NULL)
		c->chan.user->lost(c->chan.ctx, &c->chan, why);
}

static bool
is_open(const struct conn *c)
{
	return (c->nreply == sizeof(c->reply));
}

static void
arm(struct conn *c)
{
	if (c->closed)
		return;
	loop_io_want(c->io,
	    (c->paused ? 0U : LOOP_READ) |
		(c->out.len > 0 || c->waits ? LOOP_WRITE : 0U));
}

static void
push(struct conn *c, struct atls_bytes out)
{
	ssize_t n = 0;

	if (c->out.len == 0) {
		n = send(c->fd, out.p, out.len, MSG_NOSIGNAL);
		if (n < 0 && !net_later(n)) {
			lose(c, "the connection failed");
			return;
		}
		atls_bytes_skip(&out, n > 0 ? (size_t)n : 0);
	}
	if (tls_buf_add(&c->out, out.p, out.len) != 0)
		abort();
	arm(c);
}

static void
ask(struct conn *c)
{
	uint8_t m[10] = { 5, 1, 0, 1, 127, 0, 0, 1, 0, 0 };

	atls_put16(m + 8, c->cfg->target_port);
	push(c, atls_bytes(m, sizeof(m)));
}

/* Takes the proxy's answers off the front of *IN. */
static void
negotiate(struct conn *c, struct atls_bytes *in)
{
	while (in->len > 0 && !is_open(c)) {
		c->reply[c->nreply++] = *in->p;
		atls_bytes_skip(in, 1);
		if (c->nreply == GREETING_REPLY) {
			if (c->reply[0] != 5 || c->reply[1] != 0)
				lose(c, "the proxy wants authentication");
			else
				ask(c);
		}
	}
	if (!is_open(c))
		return;
	if (c->reply[GREETING_REPLY + 1] != 0 ||
	    c->reply[GREETING_REPLY + 3] != 1) {
		lose(c, "the proxy refuses the connection");
		return;
	}
	c->chan.user->room(c->chan.ctx, &c->chan);
}

static void
on_bytes(struct conn *c, size_t n)
{
	struct atls_bytes in = atls_bytes(c->cfg->buffer, n);

	if (!is_open(c))
		negotiate(c, &in);
	if (in.len > 0 && !c->closed)
		c->chan.user->data(c->chan.ctx, &c->chan, in);
}

static void
on_writable(struct conn *c)
{
	struct atls_bytes out = atls_bytes(c->out.p, c->out.len);
	ssize_t n;

	if (out.len > 0) {
		n = send(c->fd, out.p, out.len, MSG_NOSIGNAL);
		if (n > 0)
			tls_buf_drop(&c->out, (size_t)n);
		else if (!net_later(n))
			lose(c, "the connection failed");
	}
	if (!c->closed && c->out.len == 0 && c->waits) {
		c->waits = false;
		c->chan.user->room(c->chan.ctx, &c->chan);
	}
}

static void
on_socket(void *arg, unsigned events)
{
	struct conn *c = arg;
	ssize_t n;

	if ((events & LOOP_WRITE) != 0)
		on_writable(c);
	if ((events & LOOP_READ) != 0 && !c->closed) {
		n = recv(c->fd, c->cfg->buffer, SOCKS_BUFFER, 0);
		if (n > 0)
			on_bytes(c, (size_t)n);
		else if (!net_later(n))
			lose(c, n == 0 ? "closed" : "the connection failed");
	}
	arm(c);
}

static void
conn_want(struct chan *chan)
{
	struct conn *c = (struct conn *)chan;

	c->waits = true;
	arm(c);
}

static void
conn_send(struct chan *chan, struct atls_bytes out)
{
	push((struct conn *)chan, out);
}

static void
conn_pause(struct chan *chan, bool paused)
{
	struct conn *c = (struct conn *)chan;

	c->paused = paused;
	arm(c);
}

static void
conn_close(struct chan *chan)
{
	struct conn *c = (struct conn *)chan;

	if (c->closed)
		return;
	c->closed = true;
	loop_io_want(c->io, 0);
	loop_defer(c->cfg->loop, &c->gone);
}

static const struct chan_ops conn_ops = { conn_want, conn_send, conn_pause,
	conn_close };

struct chan *
socks_open(
    const struct socks_config *cfg, const struct chan_user *user, void *ctx)
{
	const uint8_t greeting[3] = { 5, 1, 0 };
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return (NULL);
	c->chan.user = user;
	c->chan.ctx = ctx;
	c->chan.ops = &conn_ops;
	c->cfg = cfg;
	c->gone.fn = release;
	c->gone.arg = c;
	c->fd = net_dial(cfg->ip, cfg->port);
	if (c->fd < 0 ||
	    (c->io = loop_io_new(cfg->loop, c->fd, on_socket, c)) == NULL) {
		release(c);
		return (NULL);
	}
	/* Sent once the socket is connected and takes it. */
	if (cfg->relay) {
		c->nreply = sizeof(c->reply);
		c->waits = true;
	} else if (tls_buf_add(&c->out, greeting, sizeof(greeting)) != 0)
		abort();
	arm(c);
	return (&c->chan);
}
