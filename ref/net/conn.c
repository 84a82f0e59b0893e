/* One TCP socket with TLS and an AnyTLS session on it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/net/conn_impl.h"

struct conn_shared *
conn_shared_new(struct loop *l)
{
	struct conn_shared *sh = calloc(1, sizeof(*sh));

	if (sh == NULL)
		return (NULL);
	sh->loop = l;
	sh->in = malloc(CONN_READ_MAX);
	sh->plain = malloc(CONN_PLAIN_MAX);
	if (sh->in == NULL || sh->plain == NULL) {
		conn_shared_free(sh);
		return (NULL);
	}
	return (sh);
}

void
conn_shared_free(struct conn_shared *sh)
{
	if (sh == NULL)
		return;
	while (sh->closing != NULL)
		conn_free(sh->closing);
	tls_buf_free(&sh->out);
	free(sh->spare.p);
	free(sh->plain);
	free(sh->in);
	free(sh);
}

void
conn_shared_set_budget(struct conn_shared *sh, struct budget *b)
{
	sh->budget = b;
}

size_t
conn_shared_closing(const struct conn_shared *sh)
{
	return (sh->nclosing);
}

struct conn *
conn_new(const struct conn_config *cfg)
{
	struct conn *c = calloc(1, sizeof(*c));
	uint64_t now = loop_now(cfg->shared->loop);

	if (c == NULL) {
		close(cfg->take_fd);
		return (NULL);
	}
	c->sh = cfg->shared;
	c->fd = cfg->take_fd;
	c->handler = cfg->handler;
	c->ctx = cfg->ctx;
	c->write_ms = cfg->write_ms;
	c->idle_ms = cfg->idle_ms;
	c->task = (struct loop_task){ .fn = conn_on_task, .arg = c };
	c->armed_ms = c->owner_at = c->write_at = c->close_at = CONN_NEVER;
	c->handshake_at = conn_after(now, cfg->handshake_ms);
	c->active_ms = now;
	c->io = loop_io_new(c->sh->loop, c->fd, conn_on_io, c);
	c->timer = loop_timer_new(c->sh->loop, conn_on_timer, c);
	c->tls = tls_conn_new(cfg->tls, cfg->server_name, cfg->verify_host);
	if (c->io == NULL || c->timer == NULL || c->tls == NULL) {
		conn_free(c);
		return (NULL);
	}
	tls_conn_set_output(c->tls, &c->unsent);
	loop_defer(c->sh->loop, &c->task);
	return (c);
}

static void
closing_remove(struct conn *c)
{
	if (c->link == NULL)
		return;
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	c->link = NULL;
	c->sh->nclosing--;
}

void
conn_destroy(struct conn *c)
{
	closing_remove(c);
	budget_count(c->sh->budget, &c->counted, 0);
	loop_undefer(c->sh->loop, &c->task);
	loop_io_free(c->io);
	loop_timer_free(c->timer);
	atls_session_free(c->session);
	tls_conn_free(c->tls);
	tls_buf_free(&c->unsent);
	close(c->fd);
	free(c);
}

void
conn_free(struct conn *c)
{
	if (c == NULL)
		return;
	if (c->busy > 0)
		c->freed = true;
	else
		conn_destroy(c);
}

static size_t
unsent_len(const struct conn *c)
{
	return (c->unsent.len - c->sent);
}

size_t
conn_pending(const struct conn *c)
{
	size_t n = unsent_len(c);

	if (c->session != NULL)
		n += atls_session_queued(c->session);
	return (n);
}

size_t
conn_count(struct conn *c)
{
	size_t n = conn_pending(c);

	/* One that has nothing waiting may always send: it would never again.
	 */
	if (n > 0 && n >= budget_share(c->sh->budget, CONN_HIGH_WATER))
		c->congested = true;
	/* What memory it takes, sent or not. */
	budget_count(
	    c->sh->budget, &c->counted, n + c->unsent.cap - unsent_len(c));
	return (n);
}

void
conn_close(struct conn *take_c)
{
	struct conn *c = take_c;

	if (c->closing)
		return;
	c->closing = true;
	c->armed_ms = CONN_NEVER;
	c->close_at = loop_now(c->sh->loop) + CONN_CLOSE_SEND_MS;
	c->next = c->sh->closing;
	c->link = &c->sh->closing;
	if (c->next != NULL)
		c->next->link = &c->next;
	c->sh->closing = c;
	c->sh->nclosing++;
	loop_defer(c->sh->loop, &c->task);
}

int
conn_start(struct conn *c, const struct atls_session_config *cfg)
{
	struct atls_session_config own = *cfg;

	assert(c->ready && c->session == NULL);
	own.spare = &c->sh->spare;
	c->session = atls_session_new(&own, loop_now(c->sh->loop));
	if (c->session == NULL)
		return (ATLS_E_NOMEM);
	conn_flush(c);
	return (0);
}

struct atls_session *
conn_session(const struct conn *c)
{
	return (c->session);
}

/* Sends at once when ENOUGH is queued, the rest at the end of the turn. */
static void
flush(struct conn *c, size_t enough)
{
	if (c->session != NULL && c->unsent.len == 0 && conn_live(c) &&
	    atls_session_queued(c->session) >= enough)
		conn_pump(c); /* the task meets the error again */
	conn_count(c);
	loop_defer(c->sh->loop, &c->task);
}

void
conn_flush(struct conn *c)
{
	flush(c, CONN_SEND_MAX);
}

void
conn_push(struct conn *c)
{
	flush(c, CONN_SEND_MIN);
}

void
conn_flush_control(struct conn *c)
{
	c->control = true;
	conn_flush(c);
}

int
conn_write(struct conn *c, struct atls_bytes data)
{
	int err;

	assert(c->ready);
	if ((err = tls_conn_write(c->tls, data)) == 0)
		conn_flush(c);
	return (err);
}

bool
conn_congested(const struct conn *c)
{
	return (c->congested);
}

void
conn_pause(struct conn *c, bool on)
{
	if (c->paused == on)
		return;
	c->paused = on;
	/* Signs of life may have waited meanwhile. */
	if (!on && c->session != NULL)
		atls_session_put_off_heartbeat(
		    c->session, loop_now(c->sh->loop));
	/* The task ends with setting what is wanted of the socket. */
	loop_defer(c->sh->loop, &c->task);
}

void
conn_set_deadline(struct conn *c, uint64_t at_ms)
{
	c->owner_at = at_ms;
	loop_defer(c->sh->loop, &c->task);
}

const struct tls_conn *
conn_tls(const struct conn *c)
{
	return (c->tls);
}

int
conn_fd(const struct conn *c)
{
	return (c->fd);
}
