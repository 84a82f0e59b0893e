/* One connection through the saboteur. */
#include "conformance/anytls/broken/pipe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HIGH_WATER (256U * 1024) /* the other end is not read above it */
#define LINGER_MS 1000           /* a closed client is read this long */
#define READ_SIZE (64U * 1024)

/* One of the two ends; what SIDE_UP sends comes from the client's. */
struct end {
	struct pipe *pipe;
	enum side side; /* of what it sends to us */
	int fd;
	struct loop_io *io;
	struct tls_conn *tls;
	struct tls_buf out;
	unsigned reads; /* of the socket since the last record */
	bool shaken, ended;
	bool closing; /* shut our direction down when OUT is empty */
	bool shut;
};

struct pipe {
	struct pipes *ps;
	struct pipe *next, **link;
	struct end end[2];
	struct filter *filter;
	struct loop_timer *timer;
	uint64_t linger_ms; /* the end of the face is closed then; 0: not yet */
	bool hung;
	bool deaf; /* the face has been left: it is read and not heard */
};

/* Where what SIDE sends goes to. */
static struct end *
end_of(struct pipe *p, enum side to)
{
	return (&p->end[to == SIDE_UP ? SIDE_DOWN : SIDE_UP]);
}

static struct end *
to_face(struct pipe *p)
{
	return (&p->end[p->ps->face]);
}

static void
end_close(struct end *e)
{
	loop_io_free(e->io);
	e->io = NULL;
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
	e->ended = true;
	e->shut = true;
	e->out.len = 0;
}

static void
pipe_free(struct pipe *p)
{
	for (int i = 0; i < 2; i++) {
		end_close(&p->end[i]);
		tls_conn_free(p->end[i].tls);
		tls_buf_free(&p->end[i].out);
	}
	filter_free(p->filter);
	loop_timer_free(p->timer);
	*p->link = p->next;
	if (p->next != NULL)
		p->next->link = p->link;
	p->ps->live--;
	free(p);
}

static void
end_finish(struct end *e)
{
	if (e->closing || e->shut)
		return;
	if (e->shaken)
		tls_conn_close(e->tls);
	e->closing = true;
}

/* Both ends are closed: the one that is judged says goodbye first, and is read
 * for a moment so that no RST destroys what was sent. */
static void
close_both(struct pipe *p)
{
	end_close(&p->end[p->ps->face == SIDE_UP ? SIDE_DOWN : SIDE_UP]);
	end_finish(to_face(p));
	if (p->linger_ms == 0)
		p->linger_ms = loop_now(p->ps->loop) + LINGER_MS;
}

/* E sends no more. */
static void
end_ended(struct end *e, enum ending how)
{
	struct pipe *p = e->pipe;

	if (e->ended)
		return;
	e->ended = true;
	if (p->deaf && e->side == p->ps->face)
		return;
	if (e->shaken)
		filter_eof(p->filter, e->side, how, loop_now(p->ps->loop));
	else
		close_both(p);
}

/* Sends what waits; then our direction, when it is to end. */
static void
end_flush(struct end *e)
{
	ssize_t n;

	while (e->out.len != 0) {
		n = send(e->fd, e->out.p, e->out.len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
			end_ended(e, ENDS_RESET);
			end_close(e);
			return;
		}
		if (n < 0)
			return;
		tls_buf_drop(&e->out, (size_t)n);
	}
	if (e->closing && !e->shut) {
		shutdown(e->fd, SHUT_WR);
		e->shut = true;
	}
}

static void
set_reset(int fd)
{
	struct linger l = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

/* The client's end is closed, the server does not learn of it. */
static void
leave(struct pipe *p)
{
	end_finish(to_face(p));
	p->deaf = true;
}

static void
freeze(struct pipes *ps)
{
	ps->frozen = true;
	for (struct pipe *p = ps->all; p != NULL; p = p->next)
		p->hung = true;
}

static void
crash(void)
{
	fprintf(stderr, "anytls-broken: crashes as it was told to\n");
	abort();
}

/* Does what the filter says. False: the pipe is gone. */
static bool
do_deed(struct pipe *p, const struct filter_out *out)
{
	struct end *to = end_of(p, out->to);

	switch (out->deed) {
	case DEED_WRITE:
		if (!to->closing && !to->shut)
			(void)tls_conn_write(to->tls, out->data);
		return (true);
	case DEED_EOF:
		end_finish(to);
		return (true);
	case DEED_CLOSE:
		close_both(p);
		return (true);
	case DEED_RESET:
		end_flush(to_face(p));
		if (to_face(p)->fd >= 0)
			set_reset(to_face(p)->fd);
		pipe_free(p);
		return (false);
	case DEED_LEAVE:
		leave(p);
		return (true);
	case DEED_HANG:
		end_flush(&p->end[SIDE_UP]);
		end_flush(&p->end[SIDE_DOWN]);
		p->hung = true;
		return (true);
	case DEED_REFUSE:
		p->ps->refuse(p->ps->ctx);
		return (true);
	case DEED_FREEZE:
		freeze(p->ps);
		return (true);
	case DEED_CRASH:
	default:
		crash();
		return (true);
	}
}

/* What the loop shall watch E for. */
static void
end_want(struct end *e)
{
	struct end *other = &e->pipe->end[e->side == SIDE_UP ? 1 : 0];
	unsigned want = 0;

	if (e->io == NULL)
		return;
	if (!e->pipe->hung) {
		if (!e->ended && other->out.len < HIGH_WATER)
			want |= LOOP_READ;
		if (e->out.len != 0 || (e->closing && !e->shut))
			want |= LOOP_WRITE;
	}
	loop_io_want(e->io, want);
}

/* Nothing is left to do but to wait for the client's end. */
static bool
is_over(struct pipe *p, uint64_t now)
{
	bool shut = p->end[SIDE_UP].shut && p->end[SIDE_DOWN].shut;

	if (p->hung)
		return (false);
	if (p->linger_ms == 0 && shut)
		p->linger_ms = now + LINGER_MS;
	return ((shut && p->end[p->ps->face].ended) ||
	    (p->linger_ms != 0 && p->linger_ms <= now));
}

/* What is due before has to wait. */
static bool
both_shaken(const struct pipe *p)
{
	return (p->end[SIDE_UP].shaken && p->end[SIDE_DOWN].shaken);
}

/* Does all that is due, sends, and says what comes next. The pipe may be gone
 * afterwards. */
static void
pipe_run(struct pipe *p)
{
	uint64_t now = loop_now(p->ps->loop), at;
	struct filter_out out;

	while (!p->hung && both_shaken(p) && p->linger_ms == 0 &&
	    filter_next(p->filter, now, &out)) {
		if (!do_deed(p, &out))
			return;
	}
	if (!p->hung) {
		end_flush(&p->end[SIDE_UP]);
		end_flush(&p->end[SIDE_DOWN]);
	}
	if (is_over(p, now)) {
		pipe_free(p);
		return;
	}
	at = UINT64_MAX;
	if (p->linger_ms != 0 && !p->hung)
		at = p->linger_ms;
	else if (!p->hung && both_shaken(p))
		at = filter_deadline(p->filter);
	loop_timer_set(p->timer, at);
	end_want(&p->end[SIDE_UP]);
	end_want(&p->end[SIDE_DOWN]);
}

/* There is no TLS at E, and never will be. */
static void
end_refused(struct end *e)
{
	struct pipe *p = e->pipe;

	if (e->side == SIDE_DOWN &&
	    rules_about(&p->ps->rules, SIDE_UP, EVENT_DEAD)) {
		end_flush(e);
		end_close(e);
		p->hung = true;
		return;
	}
	end_ended(e, ENDS_BARE);
}

/* Shakes hands, or takes the records out of what TLS was given. */
static void
end_pump(struct end *e)
{
	static const size_t cap = TLS_MAX_PLAINTEXT;
	struct pipe *p = e->pipe;
	uint8_t buf[TLS_MAX_PLAINTEXT];
	size_t len;
	int err;

	if (!e->shaken) {
		err = tls_conn_handshake(e->tls);
		if (err == ATLS_E_MORE)
			return;
		if (err != 0) {
			end_refused(e);
			return;
		}
		e->shaken = true;
		e->reads = 0;
	}
	while ((err = tls_conn_read(e->tls, buf, cap, &len)) == 0) {
		unsigned reads = e->reads == 0 ? 1 : e->reads;

		e->reads = 0;
		if (p->linger_ms == 0 && !(p->deaf && e->side == p->ps->face))
			filter_record(p->filter, e->side, atls_bytes(buf, len),
			    reads, loop_now(p->ps->loop));
	}
	if (err != ATLS_E_MORE)
		end_ended(e, ENDS_POLITELY);
}

static void
end_read(struct end *e)
{
	uint8_t buf[READ_SIZE];
	ssize_t n = recv(e->fd, buf, sizeof(buf), 0);

	if (n < 0 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (n <= 0) {
		end_ended(e, n == 0 ? ENDS_BARE : ENDS_RESET);
		return;
	}
	e->reads++;
	tls_conn_input(e->tls, atls_bytes(buf, (size_t)n));
	end_pump(e);
}

static void
end_ready(void *arg, unsigned events)
{
	struct end *e = arg;

	if ((events & LOOP_READ) != 0 && !e->ended && !e->pipe->hung)
		end_read(e);
	pipe_run(e->pipe);
}

static void
timer_due(void *arg)
{
	pipe_run(arg);
}

static const char *
name_to_tell(const struct pipes *ps)
{
	return (ps->name_once && ps->made > 1 ? NULL : ps->server_name);
}

static bool
end_init(struct pipe *p, enum side side, int take_fd, struct tls_ctx *tls)
{
	struct end *e = &p->end[side];

	e->pipe = p;
	e->side = side;
	e->fd = take_fd;
	e->tls = tls_conn_new(
	    tls, side == SIDE_DOWN ? name_to_tell(p->ps) : NULL, NULL);
	e->io = loop_io_new(p->ps->loop, take_fd, end_ready, e);
	if (e->tls == NULL || e->io == NULL)
		return (false);
	tls_conn_set_output(e->tls, &e->out);
	return (true);
}

void
pipe_new(struct pipes *ps, int take_client_fd, int take_server_fd)
{
	struct filter_config cfg = { .rules = &ps->rules,
		.hash = ps->hash,
		.newline_hash = ps->newline_hash,
		.allmarked = &ps->allmarked,
		.misread = &ps->misread,
		.borders = ps->face == SIDE_DOWN,
		.fallback = ps->fallback,
		.judged = ps->judged,
		.conn = ++ps->made,
		.live = ++ps->live,
		.now_ms = loop_now(ps->loop) };
	struct pipe *p = calloc(1, sizeof(*p));

	if (p == NULL)
		abort();
	p->ps = ps;
	p->link = &ps->all;
	p->next = ps->all;
	if (p->next != NULL)
		p->next->link = &p->next;
	ps->all = p;
	p->filter = filter_new(&cfg);
	p->timer = loop_timer_new(ps->loop, timer_due, p);
	if (!end_init(p, SIDE_UP, take_client_fd, ps->server_tls) ||
	    !end_init(p, SIDE_DOWN, take_server_fd, ps->client_tls) ||
	    p->timer == NULL)
		abort();
	(void)tls_conn_handshake(p->end[SIDE_DOWN].tls);
	pipe_run(p);
}

void
pipe_free_all(struct pipes *ps)
{
	while (ps->all != NULL)
		pipe_free(ps->all);
}
