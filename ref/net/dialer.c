/* A client's sessions with one server: the pool, and the streams' owners. */
#include "ref/net/dialer.h"

#include <assert.h>
#include <stdlib.h>

#include "ref/net/dialer_impl.h"
#include "ref/net/digest.h"

int
dialer_use_scheme(struct dialer *d, struct atls_bytes text)
{
	uint8_t *copy = malloc(text.len + 1);
	struct atls_scheme scheme;
	int r;

	if (copy == NULL)
		return (ATLS_E_NOMEM);
	memcpy(copy, text.p, text.len);
	text.p = copy;
	r = atls_scheme_parse(text, &scheme);
	if (r == 0)
		r = digest_md5_hex(text, d->md5);
	if (r < 0) {
		free(copy);
		return (r);
	}
	free(d->scheme_text);
	d->scheme_text = copy;
	d->scheme = scheme;
	return (0);
}

static struct link *
link_of(struct atls_pool_node *n)
{
	return ((struct link *)n);
}

/* Closes sessions that have been idle for long (AT-RU-05). */
static void
on_check(void *arg)
{
	struct dialer *d = arg;
	uint64_t now = loop_now(d->cfg.loop);
	struct atls_pool_node *n;

	while ((n = atls_pool_reap(&d->pool, now)) != NULL) {
		link_of(n)->pooled = false;
		log_write(d->cfg.log, LOGL_DEBUG, "session %llu: idle, closed",
		    (unsigned long long)n->seq);
		link_fail(link_of(n), 0, "idle");
	}
	loop_timer_set(d->check, now + d->cfg.check_ms);
}

struct dialer *
dialer_new(const struct dialer_config *cfg)
{
	struct dialer *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return (NULL);
	d->cfg = *cfg;
	atls_addr_format(&cfg->server, d->server);
	atls_pool_init(&d->pool, cfg->idle_ms, cfg->min_idle);
	if (cfg->policy->single_stream || !cfg->policy->reuse)
		d->cfg.reuse = false;
	if (dialer_use_scheme(d, cfg->scheme) < 0)
		goto fail;
	d->check = loop_timer_new(cfg->loop, on_check, d);
	if (d->check == NULL)
		goto fail;
	loop_timer_set(d->check, loop_now(cfg->loop) + cfg->check_ms);
	return (d);

fail:
	free(d->scheme_text);
	free(d);
	return (NULL);
}

void
dialer_free(struct dialer *d)
{
	if (d == NULL)
		return;
	while (d->links != NULL) {
		if (d->links->stream != NULL)
			stream_free(d->links->stream);
		link_free(d->links);
	}
	loop_timer_free(d->check);
	free(d->scheme_text);
	free(d);
}

static void
on_tell(void *arg)
{
	struct dialer_stream *st = arg;

	if (st->told)
		return;
	st->told = true;
	st->handler->opened(st->ctx);
}

/* The newest idle session, or what the policy prefers. */
static struct atls_pool_node *
choose_idle(struct dialer *d)
{
	struct atls_pool_node *n = d->pool.oldest;

	if (n == NULL || d->cfg.policy->reuse != ATLS_REUSE_OLDEST)
		return (atls_pool_take(&d->pool));
	atls_pool_remove(&d->pool, n);
	return (n);
}

/* An idle session, without a stream, or NULL. */
static struct link *
take_idle(struct dialer *d)
{
	struct atls_pool_node *n = choose_idle(d);
	struct dialer_stream *old;
	struct link *l;

	if (n == NULL)
		return (NULL);
	l = link_of(n);
	l->pooled = false;
	old = l->stream;
	if (old != NULL) {
		/* FIN goes out before the next SYN (AT-CL-08). */
		(void)atls_session_fin(conn_session(l->conn), old->sid);
		stream_end(old, 0, "its session was needed");
	}
	return (l);
}

struct dialer_stream *
dialer_open(struct dialer *d, const struct atls_addr *a,
    struct atls_bytes first, const struct dialer_handler *h, void *ctx)
{
	struct dialer_stream *st = calloc(1, sizeof(*st));
	struct link *l;

	if (st == NULL)
		return (NULL);
	st->dialer = d;
	st->handler = h;
	st->ctx = ctx;
	st->addr = *a;
	st->tell.fn = on_tell;
	st->tell.arg = st;
	if (tls_buf_add(&st->early, first.p, first.len) < 0)
		goto fail;
	l = d->cfg.reuse ? take_idle(d) : NULL;
	if (l != NULL)
		link_take(l, st);
	else if (link_new(d, st) < 0)
		goto fail;
	return (st);

fail:
	tls_buf_free(&st->early);
	free(st);
	return (NULL);
}

void
stream_free(struct dialer_stream *st)
{
	if (st->link != NULL)
		st->link->stream = NULL;
	loop_undefer(st->dialer->cfg.loop, &st->tell);
	tls_buf_free(&st->early);
	free(st);
}

void
stream_end(struct dialer_stream *st, int err, const char *why)
{
	const struct dialer_handler *h = st->handler;
	void *ctx = st->ctx;

	stream_free(st);
	h->closed(ctx, err, why);
}

void
dialer_stream_close(struct dialer_stream *st)
{
	struct link *l;

	if (st == NULL)
		return;
	l = st->link;
	if (l->ready) {
		(void)atls_session_fin(conn_session(l->conn), st->sid);
		conn_flush_control(l->conn);
	}
	stream_free(st);
	link_idle(l);
}

int
dialer_stream_send(struct dialer_stream *st, struct atls_bytes data)
{
	int r;

	if (!st->link->ready) {
		if (st->early.len + data.len > EARLY_MAX)
			return (ATLS_E_LIMIT);
		return (tls_buf_add(&st->early, data.p, data.len));
	}
	st->sent = true;
	r = atls_session_send(conn_session(st->link->conn), st->sid, data);
	conn_flush(st->link->conn);
	return (r);
}

uint8_t *
dialer_stream_reserve(struct dialer_stream *st, size_t want)
{
	assert(st->told);
	if (!st->link->ready)
		return (NULL);
	return (
	    atls_session_reserve(conn_session(st->link->conn), st->sid, want));
}

int
dialer_stream_commit(struct dialer_stream *st, size_t len)
{
	int r = atls_session_commit(conn_session(st->link->conn), st->sid, len);

	st->sent = st->sent || len != 0;
	if (len == ATLS_SESSION_RESERVE_MAX)
		conn_flush(st->link->conn);
	else
		conn_push(st->link->conn);
	return (r);
}

bool
dialer_stream_congested(const struct dialer_stream *st)
{
	if (!st->link->ready)
		return (st->early.len > EARLY_MAX / 2);
	return (conn_congested(st->link->conn));
}

void
dialer_stream_pause(struct dialer_stream *st, bool on)
{
	if (st->link->ready)
		conn_pause(st->link->conn, on);
}

void
dialer_stream_yield(struct dialer_stream *st, bool on)
{
	struct dialer *d = st->dialer;
	struct link *l = st->link;

	if (on == l->pooled || !l->ready || !d->cfg.reuse)
		return;
	if (on)
		atls_pool_put(&d->pool, &l->node, loop_now(d->cfg.loop));
	else
		atls_pool_remove(&d->pool, &l->node);
	l->pooled = on;
}
