/* One stream of a session: the target's address, then the target. */
#include "ref/net/stream.h"

#include <stdlib.h>

#include "ref/net/relay.h"
#include "ref/net/udp.h"
#include "ref/wire/uot.h"

/* Parked streams that read at once when the client has caught up. */
#define RESUME_NOW 16

struct stream {
	struct inbound *in;
	uint32_t sid;
	uint16_t nhead;
	bool ignored;  /* by policy: a bad address leaks the stream */
	uint8_t *head; /* an address that came in pieces, or NULL */
	const struct target_ops *ops; /* NULL: no target yet */
	void *target;
	struct stream *next, **link; /* among inbound.parked, or LINK NULL */
};

static struct atls_session *
session(const struct stream *st)
{
	return (conn_session(st->in->conn));
}

/* Takes ST off the list of those that wait for the client. */
static void
unpark(struct stream *st)
{
	if (st->link == NULL)
		return;
	*st->link = st->next;
	if (st->next != NULL)
		st->next->link = st->link;
	else
		st->in->last_parked = st->link;
	st->link = NULL;
}

static void
park(struct stream *st)
{
	if (st->link != NULL)
		return;
	st->next = NULL;
	st->link = st->in->last_parked;
	*st->link = st;
	st->in->last_parked = &st->next;
}

static void
stream_free(struct stream *st)
{
	unpark(st);
	free(st->head);
	free(st);
}

void
stream_new(struct inbound *in, uint32_t sid)
{
	struct stream *st = calloc(1, sizeof(*st));

	if (st == NULL) {
		atls_session_fin(conn_session(in->conn), sid);
		return;
	}
	st->in = in;
	st->sid = sid;
	atls_session_set_stream_data(conn_session(in->conn), sid, st);
	conn_flush_control(in->conn);
}

/* ST is over, and the session has been told. */
static void
stream_done(struct stream *st)
{
	struct inbound *in = st->in;
	struct atls_session *s = session(st);

	atls_session_set_stream_data(s, st->sid, NULL);
	conn_flush_control(in->conn);
	if (atls_session_over(s))
		inbound_end_later(in);
	stream_free(st);
}

static void
stream_failed(struct stream *st, const char *err)
{
	log_write(st->in->w->cfg->log, LOGL_DEBUG, "stream %lu: %s",
	    (unsigned long)st->sid, err);
	atls_session_dial_failed(session(st), st->sid, err);
	stream_done(st);
}

static uint8_t *
up_reserve(void *up, size_t want)
{
	struct stream *st = up;

	return (atls_session_reserve(session(st), st->sid, want));
}

static void
up_commit(void *up, size_t len)
{
	struct stream *st = up;

	/* What has been read and cannot be sent would be missing. */
	if (atls_session_commit(session(st), st->sid, len) == ATLS_E_NOMEM)
		inbound_end_later(st->in);
	if (len == ATLS_SESSION_RESERVE_MAX)
		conn_flush(st->in->conn);
	else
		conn_push(st->in->conn);
}

static bool
up_congested(void *up)
{
	struct stream *st = up;

	if (!conn_congested(st->in->conn))
		return (false);
	park(st);
	return (true);
}

static void
up_opened(void *up)
{
	struct stream *st = up;

	atls_session_dialled(session(st), st->sid);
	conn_flush_control(st->in->conn);
}

static void
up_ended(void *up, const char *err)
{
	struct stream *st = up;

	if (err != NULL) {
		stream_failed(st, err);
		return;
	}
	atls_session_target_eof(session(st), st->sid);
	stream_done(st);
}

static void
up_hold(void *up, bool on)
{
	struct stream *st = up;

	inbound_hold(st->in, on);
}

static const struct uplink_ops uplink_ops = {
	.reserve = up_reserve,
	.commit = up_commit,
	.congested = up_congested,
	.opened = up_opened,
	.ended = up_ended,
	.hold = up_hold,
};

/* Puts up to what an address can take behind the pieces that came before. */
static int
keep(struct stream *st, struct atls_bytes in)
{
	size_t n = ATLS_ADDR_MAX - st->nhead;

	if (st->head == NULL && (st->head = malloc(ATLS_ADDR_MAX)) == NULL)
		return (ATLS_E_NOMEM);
	n = in.len < n ? in.len : n;
	memcpy(st->head + st->nhead, in.p, n);
	st->nhead = (uint16_t)(st->nhead + n);
	return (0);
}

/* Reads the address from pieces and *IN; ATLS_E_MORE and the errors of
 * atls_addr_read(). Takes from *IN what belongs to it. */
static int
read_address(struct stream *st, struct atls_bytes *in, struct atls_addr *a)
{
	uint16_t before = st->nhead;
	struct atls_bytes head;
	int err;

	if (before == 0 && (err = atls_addr_read(in, a)) != ATLS_E_MORE)
		return (err);
	if ((err = keep(st, *in)) != 0)
		return (err);
	head = atls_bytes(st->head, st->nhead);
	if ((err = atls_addr_read(&head, a)) != 0)
		return (err);
	atls_bytes_skip(in, st->nhead - head.len - before);
	return (0);
}

/* Makes the target that A asks for. */
static int
open_target(struct stream *st, const struct atls_addr *a)
{
	struct uplink up = { &uplink_ops, st };
	struct worker *w = st->in->w;

	if (atls_uot_is_magic(a) || atls_uot_is_magic_v1(a)) {
		st->target = udp_new(w, up, atls_uot_is_magic_v1(a));
		st->ops = &udp_ops;
	} else {
		st->target = relay_new(w, up, a);
		st->ops = &relay_ops;
	}
	if (st->target != NULL)
		return (0);
	st->ops = NULL;
	return (ATLS_E_NOMEM);
}

void
stream_data(struct stream *st, struct atls_bytes data)
{
	struct atls_addr a;
	int err;

	if (st->ops != NULL) {
		st->ops->data(st->target, data);
		return;
	}
	if (st->ignored)
		return;
	if ((err = read_address(st, &data, &a)) == ATLS_E_MORE)
		return;
	free(st->head);
	st->head = NULL;
	if (err == 0) {
		atls_session_got_address(session(st), st->sid);
		conn_flush_control(st->in->conn);
		err = open_target(st, &a);
	} else if (st->in->w->cfg->policy->bad_addr_leaks) {
		st->ignored = true;
		return;
	}
	if (err != 0)
		stream_failed(st, atls_strerror(err));
	else if (data.len != 0)
		st->ops->data(st->target, data);
}

void
stream_fin(struct stream *st)
{
	struct atls_session *s = session(st);

	if (!atls_session_alive(s, st->sid) ||
	    atls_session_stream_data(s, st->sid) != st) {
		stream_leave(st);
		return;
	}
	if (st->ops != NULL) {
		st->ops->half_close(st->target);
		return;
	}
	/* No address, and none will come. */
	atls_session_fin(s, st->sid);
	stream_done(st);
}

void
stream_resume(struct inbound *in)
{
	struct stream *st;
	unsigned n;

	/* In turn, so that none starves. A client that takes everything must
	 * not keep the worker for itself: the loop serves the others. */
	for (n = 0; in->parked != NULL && !conn_congested(in->conn); n++) {
		st = in->parked;
		unpark(st);
		st->ops->resume(st->target, n < RESUME_NOW);
	}
}

void
stream_leave(struct stream *st)
{
	if (st->ops != NULL)
		st->ops->leave(st->target);
	stream_free(st);
}
