/* What a connection does in a turn: read, decrypt, encrypt, send, time out. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "ref/net/conn_impl.h"

/* Answers queued within one read that are worth a send of their own. */
#define REPLIES_MAX (ATLS_SESSION_REPLY_MAX / 2)
/* Read at once even when the budget is used up: a record. */
#define READ_MIN 16384U

static void
tell_over(struct conn *c, int err, const char *why)
{
	if (!conn_live(c))
		return;
	c->over = true;
	if (c->handler->over != NULL)
		c->handler->over(c->ctx, err, why);
}

/*
 * Sends from P. Returns how much the socket took, 0 when it is full, or
 * ATLS_E_IO.
 */
static long
send_some(struct conn *c, const uint8_t *p, size_t len)
{
	ssize_t n;

	do {
		n = send(c->fd, p, len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return (
		    errno == EAGAIN || errno == EWOULDBLOCK ? 0 : ATLS_E_IO);
	if (c->write_at != CONN_NEVER)
		c->write_at = loop_now(c->sh->loop) + c->write_ms;
	if (c->session == NULL || atls_session_nstreams(c->session) > 0)
		c->active_ms = loop_now(c->sh->loop);
	return ((long)n);
}

/* Sends what the socket did not take before. */
static int
send_unsent(struct conn *c)
{
	long n;

	while (c->sent < c->unsent.len) {
		n = send_some(
		    c, c->unsent.p + c->sent, c->unsent.len - c->sent);
		if (n < 0)
			return (ATLS_E_IO);
		if (n == 0)
			return (0);
		c->sent += (size_t)n;
	}
	c->sent = 0;
	if (c->unsent.p != NULL)
		tls_buf_free(&c->unsent);
	return (0);
}

/* Encrypts what the session has queued, up to about CONN_SEND_MAX. */
static int
encrypt(struct conn *c, struct tls_buf *out)
{
	struct atls_bytes write;
	int err = 0;

	tls_conn_set_output(c->tls, out);
	while (err == 0 && out->len < CONN_SEND_MAX &&
	    atls_session_next_write(c->session, &write))
		err = tls_conn_write(c->tls, write);
	tls_conn_set_output(c->tls, &c->unsent);
	return (err);
}

int
conn_pump(struct conn *c)
{
	struct tls_buf *out = &c->sh->out;
	size_t done;
	long n;
	int err;

	for (;;) {
		if ((err = send_unsent(c)) != 0)
			return (err);
		if (c->unsent.len != 0 || c->session == NULL)
			return (0);
		out->len = 0;
		if ((err = encrypt(c, out)) != 0)
			return (err);
		if (out->len == 0)
			return (0);
		for (done = 0; done < out->len; done += (size_t)n) {
			n = send_some(c, out->p + done, out->len - done);
			if (n < 0)
				return (ATLS_E_IO);
			if (n == 0)
				break;
		}
		if (done < out->len &&
		    tls_buf_add(&c->unsent, out->p + done, out->len - done))
			return (ATLS_E_NOMEM);
	}
}

/* The idle limit counts: with a session, or when no other limit does. */
static bool
may_idle(const struct conn *c)
{
	return (c->idle_ms != 0 && !c->over &&
	    (c->session != NULL || (c->ready && c->owner_at == CONN_NEVER)));
}

/* Sets what is wanted of the socket, and the timer. */
static void
arm(struct conn *c)
{
	uint64_t at = c->handshake_at, session;
	unsigned want = 0;

	/* A queued task sends before the loop waits. */
	if (c->unsent.len != 0 && c->task.link == NULL)
		want |= LOOP_WRITE;
	if (!c->eof && (c->closing || (!c->over && !c->paused)))
		want |= LOOP_READ;
	loop_io_want(c->io, want);

	at = c->owner_at < at ? c->owner_at : at;
	at = c->write_at < at ? c->write_at : at;
	if (c->session != NULL && !c->over) {
		session = atls_session_deadline(c->session);
		at = session < at ? session : at;
	}
	if (may_idle(c) && c->active_ms + c->idle_ms < at)
		at = c->active_ms + c->idle_ms;
	if (c->closing)
		at = c->close_at;
	else if (c->over)
		at = CONN_NEVER;
	if (at < c->armed_ms) {
		c->armed_ms = at;
		loop_timer_set(c->timer, at);
	}
}

/* Does the next step of closing; true when C is done with. */
static bool
close_step(struct conn *c)
{
	if (conn_pump(c) != 0)
		return (true);
	if (c->unsent.len != 0)
		return (false);
	if (!c->notified) {
		c->notified = true;
		tls_conn_close(c->tls);
		if (send_unsent(c) != 0)
			return (true);
		c->close_at = loop_now(c->sh->loop) + CONN_CLOSE_DRAIN_MS;
		if (c->unsent.len != 0)
			return (false);
	}
	/* A second call, after a delayed close_notify, does no harm. */
	shutdown(c->fd, SHUT_WR);
	return (c->eof);
}

static void
watch_congestion(struct conn *c)
{
	size_t low = budget_share(c->sh->budget, CONN_HIGH_WATER) / 4;
	size_t n = conn_count(c);

	if (n == 0) {
		c->control = false;
		c->write_at = CONN_NEVER;
	} else if (c->control && c->write_at == CONN_NEVER) {
		c->write_at = conn_after(loop_now(c->sh->loop), c->write_ms);
	}
	if (c->congested && !c->told_congested && conn_live(c)) {
		c->told_congested = true;
		if (c->handler->congested != NULL)
			c->handler->congested(c->ctx, true);
	}
	if (c->congested && n <= low && conn_live(c)) {
		c->congested = c->told_congested = false;
		if (c->handler->congested != NULL)
			c->handler->congested(c->ctx, false);
	}
}

/* Sends, and tells the owner what follows from it. */
static void
flush(struct conn *c)
{
	int err;

	if (c->closing) {
		c->freed = c->freed || close_step(c);
		conn_count(c);
		return;
	}
	if (c->over)
		return;
	if ((err = conn_pump(c)) == ATLS_E_IO)
		tell_over(c, err, strerror(errno));
	else if (err != 0)
		tell_over(c, err, tls_conn_error(c->tls));
	else
		watch_congestion(c);
}

/* Gives the session IN, and its events to the owner. */
static void
feed(struct conn *c, struct atls_bytes in)
{
	uint64_t now = loop_now(c->sh->loop);
	size_t queued = atls_session_queued(c->session);
	struct atls_event ev;
	int err = 0;

	do {
		err = atls_session_recv(c->session, now, &in, &ev);
		if (err != 0 || ev.type == ATLS_EV_NONE)
			break;
		if (ev.type != ATLS_EV_HEART)
			c->active_ms = now;
		c->handler->event(c->ctx, &ev);
		if (in.len != 0 &&
		    atls_session_queued(c->session) > REPLIES_MAX)
			conn_pump(c);
	} while (conn_live(c));
	if (!c->freed && atls_session_queued(c->session) > queued)
		c->control = true;
	if (conn_live(c) && c->handler->batch_end != NULL)
		c->handler->batch_end(c->ctx);
	if (err != 0)
		tell_over(c, err, atls_strerror(err));
}

/* Passes one record to the owner, who may start the session in there. */
static struct atls_bytes
pass_record(struct conn *c, struct atls_bytes record)
{
	c->active_ms = loop_now(c->sh->loop);
	if (c->handler->record != NULL)
		c->handler->record(c->ctx, &record);
	if (c->session == NULL)
		record.len = 0;
	return (record);
}

/* Decrypts all complete records that were read. */
static void
decrypt(struct conn *c)
{
	uint8_t *plain = c->sh->plain;
	struct atls_bytes got = { plain, 0 };
	size_t n, end = 0;
	int err = 0;

	while (conn_live(c) && end <= CONN_PLAIN_MAX - TLS_MAX_PLAINTEXT) {
		err = tls_conn_read(
		    c->tls, plain + end, CONN_PLAIN_MAX - end, &n);
		if (err != 0)
			break;
		if (c->session == NULL) {
			got = pass_record(c, atls_bytes(plain, n));
			end = got.len ? n : 0;
			continue;
		}
		if (got.len == 0)
			got.p = plain + end;
		got.len += n;
		end += n;
	}
	if (got.len != 0 && conn_live(c))
		feed(c, got);
	if (err == ATLS_E_CLOSED) {
		c->eof = true;
		tell_over(c, err, "the peer closed the connection");
	} else if (err != 0 && err != ATLS_E_MORE) {
		tell_over(c, err, tls_conn_error(c->tls));
	}
}

static void
handshake(struct conn *c)
{
	int err = tls_conn_handshake(c->tls);

	if (err == ATLS_E_MORE)
		return;
	if (err != 0) {
		tell_over(c, err, tls_conn_error(c->tls));
		return;
	}
	c->ready = true;
	c->handshake_at = CONN_NEVER;
	if (c->handler->ready != NULL)
		c->handler->ready(c->ctx);
}

static void
receive(struct conn *c)
{
	size_t max = budget_share(c->sh->budget, CONN_READ_MAX);
	ssize_t n;

	/* All of it may have to wait for a target. */
	max = max < READ_MIN ? READ_MIN : max;
	n = recv(c->fd, c->sh->in, max, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		c->eof = true;
		tell_over(c, n == 0 ? ATLS_E_CLOSED : ATLS_E_IO,
		    n == 0 ? "the peer closed the connection"
			   : strerror(errno));
		return;
	}
	if (!conn_live(c))
		return;
	tls_conn_input(c->tls, atls_bytes(c->sh->in, (size_t)n));
	if (!c->ready)
		handshake(c);
	if (c->ready && conn_live(c))
		decrypt(c);
	tls_conn_input(c->tls, atls_bytes(NULL, 0));
}

/* Ends a call from the loop: the owner may have freed C meanwhile. */
static void
leave(struct conn *c)
{
	c->busy--;
	if (c->freed)
		conn_destroy(c);
	else
		arm(c);
}

void
conn_on_io(void *arg, unsigned events)
{
	struct conn *c = arg;

	c->busy++;
	if (events & LOOP_READ)
		receive(c);
	/* What the input made us say leaves at the end of the turn. */
	if (!c->freed)
		loop_defer(c->sh->loop, &c->task);
	leave(c);
}

void
conn_on_task(void *arg)
{
	struct conn *c = arg;

	c->busy++;
	if (!c->started && conn_live(c)) {
		c->started = true;
		handshake(c);
	}
	if (!c->freed)
		flush(c);
	leave(c);
}

/* The session's own limits. */
static void
check_session(struct conn *c, uint64_t now)
{
	/* Who does not read is not dead, and while we do not read we cannot
	 * know; TCP notices when the peer's host is gone. */
	if (now >= atls_session_deadline(c->session) &&
	    (c->paused || conn_pending(c) > 0))
		atls_session_put_off_heartbeat(c->session, now);
	if (now < atls_session_deadline(c->session))
		return;
	if (atls_session_timeout(c->session, now) != 0)
		tell_over(c, ATLS_E_TIMEOUT, atls_strerror(ATLS_E_TIMEOUT));
	else
		conn_flush_control(c);
}

static void
check_deadlines(struct conn *c, uint64_t now)
{
	if (c->closing) {
		c->freed = now >= c->close_at;
		return;
	}
	if (now >= c->handshake_at)
		tell_over(c, ATLS_E_TIMEOUT, "no TLS handshake in time");
	if (now >= c->owner_at)
		tell_over(c, ATLS_E_TIMEOUT, "out of time");
	if (now >= c->write_at)
		tell_over(c, ATLS_E_TIMEOUT, "the peer stopped reading");
	if (conn_live(c) && c->session != NULL)
		check_session(c, now);
	if (!conn_live(c) || !may_idle(c))
		return;
	if (c->session != NULL && atls_session_nstreams(c->session) > 0)
		c->active_ms = now;
	else if (now >= c->active_ms + c->idle_ms)
		tell_over(c, ATLS_E_TIMEOUT, "idle for too long");
}

void
conn_on_timer(void *arg)
{
	struct conn *c = arg;

	c->busy++;
	c->armed_ms = CONN_NEVER;
	check_deadlines(c, loop_now(c->sh->loop));
	leave(c);
}
