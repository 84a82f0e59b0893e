/* One session of a client: connecting, authenticating, what the server says. */
#include <stdio.h>
#include <stdlib.h>

#include "ref/net/dialer_impl.h"
#include "ref/net/digest.h"

/* Times the grace, for servers that have said version 2 before. */
#define GRACE_KNOWN 4

/* A control frame that waits this long for the socket ends the session. */
#define WRITE_MS 5000

/* Copies TEXT to OUT, what is not printable as \xNN, cut to fit. */
static void
escape(struct atls_bytes text, char *out, size_t cap)
{
	size_t i, n = 0;

	for (i = 0; i < text.len && n + 5 <= cap; i++) {
		if (text.p[i] >= 0x20 && text.p[i] < 0x7f && text.p[i] != '\\')
			out[n++] = (char)text.p[i];
		else
			n += (size_t)snprintf(
			    out + n, cap - n, "\\x%02x", text.p[i]);
	}
	out[n] = '\0';
}

static unsigned long long
seq(const struct link *l)
{
	return (l->node.seq);
}

void
link_free(struct link *l)
{
	if (l->pooled)
		atls_pool_remove(&l->dialer->pool, &l->node);
	*l->prev = l->next;
	if (l->next != NULL)
		l->next->prev = l->prev;
	dial_cancel(l->dial);
	loop_timer_free(l->timer);
	/* conn_close() says goodbye; before the handshake there is no need. */
	if (l->ready)
		conn_close(l->conn);
	else
		conn_free(l->conn);
	if (l->gone != NULL)
		*l->gone = true;
	free(l);
}

void
link_idle(struct link *l)
{
	struct dialer *d = l->dialer;

	if (!l->ready || l->broken || !d->cfg.reuse) {
		link_free(l);
		return;
	}
	loop_timer_set(l->timer, UINT64_MAX);
	conn_pause(l->conn, false);
	if (!l->pooled)
		atls_pool_put(&d->pool, &l->node, loop_now(d->cfg.loop));
	l->pooled = true;
}

/* Whether ST can start again on another session without harm. */
static bool
may_retry(const struct link *l, const struct dialer_stream *st)
{
	return (l->reused && !l->answered && !st->sent && !st->retried);
}

void
link_fail(struct link *l, int err, const char *why)
{
	struct dialer_stream *st = l->stream;
	struct dialer *d = l->dialer;
	bool retry = st != NULL && err != 0 && may_retry(l, st);

	if (st == NULL) {
		link_free(l);
		return;
	}
	if (retry) {
		log_write(d->cfg.log, LOGL_DEBUG,
		    "session %llu was dead: trying a new one", seq(l));
		loop_undefer(d->cfg.loop, &st->tell);
		st->retried = true;
		if (st->told)
			st->handler->congested(st->ctx, true);
		st->link = NULL;
		l->stream = NULL;
		link_free(l);
		if (link_new(d, st) < 0)
			stream_end(st, ATLS_E_NOMEM, "out of memory");
		return;
	}
	/* The handler may want WHY, which may live in L. */
	st->link = NULL;
	l->stream = NULL;
	stream_end(st, err, why);
	link_free(l);
}

/* Says "opened" at the end of the turn. */
static void
tell(struct dialer_stream *st)
{
	loop_timer_set(st->link->timer, UINT64_MAX);
	loop_defer(st->dialer->cfg.loop, &st->tell);
}

/* Says it now, from an event. */
static void
tell_now(struct dialer_stream *st)
{
	loop_timer_set(st->link->timer, UINT64_MAX);
	st->tell.fn(st);
}

/* True when the server of L will send no SYNACK, as far as is known. */
static bool
speaks_v1(const struct link *l)
{
	unsigned version = atls_session_version(conn_session(l->conn));

	if (version == 0)
		version = l->dialer->version;
	return (version == 1 || l->dialer->cfg.policy->version < 2);
}

/*
 * How long SYNACK is waited for from now. While the session's own version is
 * open it may be one of version 1 and send none; a server that was seen with
 * version 2 has longer to say so again.
 */
static uint64_t
patience(const struct link *l)
{
	const struct dialer *d = l->dialer;
	uint64_t ms = d->cfg.connect_ms;

	if (atls_session_version(conn_session(l->conn)) == 0)
		ms = d->version == 0 ? d->cfg.grace_ms
				     : GRACE_KNOWN * d->cfg.grace_ms;
	return (ms < d->cfg.connect_ms ? ms : d->cfg.connect_ms);
}

/* Sends the request of the stream that has just got L. */
static void
begin(struct link *l)
{
	struct dialer *d = l->dialer;
	struct dialer_stream *st = l->stream;
	struct atls_session *s = conn_session(l->conn);
	uint64_t now = loop_now(d->cfg.loop);
	uint8_t buf[ATLS_ADDR_MAX];
	struct atls_writer w = atls_writer(buf, sizeof(buf));
	int r;

	atls_addr_put(&w, &st->addr);
	r = atls_session_open(s, now, &st->sid);
	if (r == 0)
		r = atls_session_set_stream_data(s, st->sid, st);
	if (r == 0)
		r = atls_session_send(s, st->sid, atls_bytes(buf, w.len));
	if (r == 0)
		r = atls_session_send(
		    s, st->sid, atls_bytes(st->early.p, st->early.len));
	conn_flush_control(l->conn);
	if (r < 0) {
		/* No calls to the owner from here: the timer makes it. */
		l->broken = true;
		loop_timer_set(l->timer, now);
		return;
	}
	if (d->cfg.quick_open || speaks_v1(l))
		tell(st);
	else
		loop_timer_set(l->timer, now + patience(l));
}

void
link_take(struct link *l, struct dialer_stream *st)
{
	log_write(
	    l->dialer->cfg.log, LOGL_DEBUG, "session %llu: reused", seq(l));
	l->stream = st;
	st->link = l;
	l->reused = true;
	l->answered = false;
	begin(l);
}

/* SYNACK did not come in time. */
static void
on_timer(void *arg)
{
	struct link *l = arg;
	struct dialer_stream *st = l->stream;

	if (st == NULL)
		return;
	if (l->broken) {
		link_fail(l, ATLS_E_CLOSED, "the session is used up");
		return;
	}
	if (atls_session_version(conn_session(l->conn)) == 0) {
		log_write(l->dialer->cfg.log, LOGL_DEBUG,
		    "no word of version 2: taken for version 1");
		l->dialer->version = 1;
		tell_now(st);
		return;
	}
	link_fail(l, ATLS_E_TIMEOUT, "the server did not confirm the stream");
}

/* Sends the authentication: one write, unless the policy cuts it. */
static int
authenticate(struct link *l)
{
	struct dialer *d = l->dialer;
	struct atls_random rnd = digest_random_source();
	uint16_t padding = atls_scheme_padding0(&d->scheme, &rnd);
	size_t len = ATLS_AUTH_HEADER + (size_t)padding, part, at, n;
	size_t records = (size_t)d->cfg.policy->auth_records;
	uint8_t *buf = malloc(len);
	struct atls_writer w = atls_writer(buf, len);
	int r = 0;

	if (buf == NULL)
		return (ATLS_E_NOMEM);
	atls_auth_put(&w, d->cfg.hash, padding);
	if (records < 1 || records > len)
		records = 1;
	part = (len + records - 1) / records;
	for (at = 0; at < len && r == 0; at += n) {
		n = len - at < part ? len - at : part;
		r = conn_write(l->conn, atls_bytes(buf + at, n));
	}
	free(buf);
	return (r);
}

static void
on_ready(void *ctx)
{
	struct link *l = ctx;
	struct dialer *d = l->dialer;
	struct atls_session_config cfg = {
		.role = ATLS_CLIENT,
		.policy = d->cfg.policy,
		.scheme = d->scheme.text,
		.scheme_md5 = d->md5,
		.client_name = d->cfg.client_name,
		.random = digest_random_source(),
		.synack_ms = d->cfg.synack_ms,
		.heartbeat_ms = d->cfg.heartbeat_ms,
		/* Servers whose target is slow do not answer for long, and
		 * neither do we read while the application does not. */
		.heartbeat_timeout_ms = 0,
	};

	if (authenticate(l) < 0 || conn_start(l->conn, &cfg) < 0) {
		link_fail(l, ATLS_E_NOMEM, "out of memory");
		return;
	}
	l->ready = true;
	if (l->stream->told) /* it has moved here */
		l->stream->handler->congested(l->stream->ctx, false);
	log_write(d->cfg.log, LOGL_DEBUG, "session %llu: %s, %s", seq(l),
	    tls_conn_version(conn_tls(l->conn)),
	    tls_conn_cipher(conn_tls(l->conn)));
	begin(l);
}

static void
on_scheme(struct dialer *d, struct atls_bytes text)
{
	if (dialer_use_scheme(d, text) == 0)
		log_write(
		    d->cfg.log, LOGL_INFO, "new padding scheme %s", d->md5);
}

/* The server's version is known. */
static void
on_settings(struct link *l, unsigned version)
{
	struct dialer *d = l->dialer;
	struct dialer_stream *st = l->stream;

	d->version = version;
	if (st == NULL || st->told)
		return;
	if (version < 2)
		tell(st);
	else if (!d->cfg.quick_open)
		loop_timer_set(
		    l->timer, loop_now(d->cfg.loop) + d->cfg.connect_ms);
}

/* Data or FIN without ServerSettings before: a server of version 1. */
static void
note_v1(struct link *l)
{
	if (atls_session_version(conn_session(l->conn)) == 0)
		l->dialer->version = 1;
}

static void
on_refused(struct link *l, struct atls_bytes text)
{
	char why[200];
	char target[ATLS_ADDR_STRLEN];

	escape(text, why, sizeof(why));
	atls_addr_format(&l->stream->addr, target);
	log_write(l->dialer->cfg.log, LOGL_INFO, "%s: the server says: %s",
	    target, why);
	stream_end(l->stream, ATLS_E_REFUSED, why);
	link_idle(l);
}

static void
on_alert(struct link *l, struct atls_bytes text)
{
	escape(text, l->alert, sizeof(l->alert));
	l->alerted = true;
	log_write(l->dialer->cfg.log, LOGL_ERROR, "alert from server %s: %s",
	    l->dialer->server, l->alert);
}

static void
on_stream_data(struct link *l, struct atls_bytes data)
{
	struct dialer_stream *st = l->stream;
	bool gone = false;

	note_v1(l);
	if (!st->told) {
		/* Unset again below, unless L is gone with it. */
		/* cppcheck-suppress autoVariables */
		l->gone = &gone;
		tell_now(st);
		if (gone)
			return;
		l->gone = NULL;
		if (l->stream != st)
			return;
	}
	st->handler->data(st->ctx, data);
}

/* An event of L's stream. */
static void
on_stream_event(struct link *l, const struct atls_event *ev)
{
	struct dialer_stream *st = l->stream;

	if (ev->type == ATLS_EV_OPENED) {
		tell_now(st);
	} else if (ev->type == ATLS_EV_REFUSED) {
		on_refused(l, ev->data);
	} else if (ev->type == ATLS_EV_DATA) {
		on_stream_data(l, ev->data);
	} else if (ev->type == ATLS_EV_FIN || ev->type == ATLS_EV_REPLACED) {
		note_v1(l);
		stream_end(st, 0, "closed by the server");
		if (!l->dialer->cfg.policy->fin_leaks)
			link_idle(l);
	}
}

static void
on_event(void *ctx, const struct atls_event *ev)
{
	struct link *l = ctx;
	struct dialer *d = l->dialer;

	l->answered = true;
	l->heard = true;
	if (ev->type == ATLS_EV_SETTINGS)
		on_settings(l, ev->version);
	else if (ev->type == ATLS_EV_SCHEME)
		on_scheme(d, ev->data);
	else if (ev->type == ATLS_EV_BAD_SCHEME)
		log_write(d->cfg.log, LOGL_WARN,
		    "server %s sent an unusable padding scheme, %zu bytes",
		    d->server, ev->data.len);
	else if (ev->type == ATLS_EV_ALERT)
		on_alert(l, ev->data);
	else if (ev->type == ATLS_EV_HEART)
		log_write(
		    d->cfg.log, LOGL_DEBUG, "session %llu: heartbeat", seq(l));
	else if (l->stream != NULL && ev->sid == l->stream->sid)
		on_stream_event(l, ev);
}

static void
on_batch_end(void *ctx)
{
	struct link *l = ctx;

	if (l->stream != NULL && l->stream->told)
		l->stream->handler->batch_end(l->stream->ctx);
}

static void
on_congested(void *ctx, bool on)
{
	struct link *l = ctx;

	if (l->stream != NULL && l->stream->told)
		l->stream->handler->congested(l->stream->ctx, on);
}

/* The line for the log when a session ends that nobody wanted to end. */
static void
log_over(const struct link *l, int err, const char *why)
{
	const struct dialer *d = l->dialer;

	if (!l->ready)
		log_write(d->cfg.log, LOGL_ERROR, "no TLS with server %s: %s",
		    d->server, why);
	else if (!l->heard && (err == ATLS_E_CLOSED || err == ATLS_E_IO))
		log_write(d->cfg.log, LOGL_ERROR,
		    "server %s closed the session before any frame: "
		    "wrong password?",
		    d->server);
	else if (l->stream == NULL || l->pooled || l->alerted ||
	    may_retry(l, l->stream))
		log_write(d->cfg.log, LOGL_DEBUG, "session %llu is over: %s",
		    seq(l), why);
	else
		log_write(d->cfg.log, LOGL_WARN, "session %llu is over: %s",
		    seq(l), why);
}

static void
on_over(void *ctx, int err, const char *why)
{
	struct link *l = ctx;
	char text[200];

	log_over(l, err, why);
	if (l->ready && !l->heard && !l->reused)
		why = "the server closed the session before any frame";
	(void)snprintf(text, sizeof(text), "%s", l->alerted ? l->alert : why);
	link_fail(l, l->alerted ? ATLS_E_REFUSED : err, text);
}

static const struct conn_handler handler = {
	.ready = on_ready,
	.event = on_event,
	.batch_end = on_batch_end,
	.congested = on_congested,
	.over = on_over,
};

static void
on_dialled(void *arg, int fd, const char *err)
{
	struct link *l = arg;
	struct dialer *d = l->dialer;
	struct conn_config cfg = {
		.shared = d->cfg.shared,
		.take_fd = fd,
		.tls = d->cfg.tls,
		.server_name = d->cfg.server_name,
		.verify_host = d->cfg.verify_host,
		.handler = &handler,
		.ctx = l,
		.handshake_ms = d->cfg.connect_ms,
		.write_ms = WRITE_MS,
	};

	l->dial = NULL;
	if (fd < 0) {
		log_write(d->cfg.log, LOGL_ERROR, "cannot reach server %s: %s",
		    d->server, err);
		link_fail(l, ATLS_E_IO, err);
		return;
	}
	l->conn = conn_new(&cfg);
	if (l->conn == NULL)
		link_fail(l, ATLS_E_NOMEM, "out of memory");
}

int
link_new(struct dialer *d, struct dialer_stream *st)
{
	struct link *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return (ATLS_E_NOMEM);
	l->dialer = d;
	l->timer = loop_timer_new(d->cfg.loop, on_timer, l);
	l->dial = dial_new(d->cfg.loop, &d->cfg.server, d->cfg.connect_ms, NULL,
	    on_dialled, l);
	if (l->timer == NULL || l->dial == NULL) {
		loop_timer_free(l->timer);
		dial_cancel(l->dial);
		free(l);
		return (ATLS_E_NOMEM);
	}
	l->node.seq = atls_pool_seq(&d->pool);
	l->stream = st;
	st->link = l;
	l->next = d->links;
	l->prev = &d->links;
	if (l->next != NULL)
		l->next->prev = &l->next;
	d->links = l;
	log_write(d->cfg.log, LOGL_DEBUG, "session %llu: new, to %s", seq(l),
	    d->server);
	return (0);
}
