/* One AnyTLS session as load. */
#include "tools/bench/session.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/wire/addr.h"
#include "ref/wire/command.h"
#include "ref/wire/frame.h"
#include "ref/wire/scheme.h"
#include "ref/wire/settings.h"
#include "tools/bench/net.h"

/* While fewer bytes than this wait to be sent, channels are asked for more. */
#define LOW 131072U

struct stream {
	struct chan chan; /* first: a channel is its stream */
	struct session *s;
	uint32_t sid;
	struct stream *next, **link;            /* all of the session */
	struct stream *next_waiting, **waiting; /* those that wait for room */
};

struct session {
	const struct session_config *cfg;
	struct loop_io *io;
	struct tls_conn *tls;
	int fd;
	bool ready, dead; /* authenticated; over */
	bool closed;      /* by session_close(): freed at the end of the turn */
	struct loop_task flush;
	struct tls_buf out;   /* ciphertext the socket did not take */
	struct tls_buf plain; /* frames, not encrypted yet */
	struct atls_splitter splitter;
	struct stream **streams; /* by id; NULL: gone */
	uint32_t nstreams, room; /* ids given are 1 to NSTREAMS - 1 */
	struct stream *all, *waiting, **waiting_end;
	struct tls_buf said; /* data of a SYNACK or Alert in the making */
};

static void
put_frame(
    struct session *s, uint8_t cmd, uint32_t sid, const void *p, size_t len)
{
	uint8_t head[ATLS_FRAME_HEADER];
	struct atls_frame f = { cmd, sid, (uint16_t)len };

	atls_frame_put(head, f);
	if (tls_buf_add(&s->plain, head, sizeof(head)) != 0 ||
	    tls_buf_add(&s->plain, p, len) != 0)
		abort();
	loop_defer(s->cfg->loop, &s->flush);
}

static void
stop_waiting(struct stream *st)
{
	if (st->waiting == NULL)
		return;
	*st->waiting = st->next_waiting;
	if (st->next_waiting != NULL)
		st->next_waiting->waiting = st->waiting;
	else
		st->s->waiting_end = st->waiting;
	st->waiting = NULL;
}

/* In turn, so that none starves. */
static void
wait_for_room(struct stream *st)
{
	struct session *s = st->s;

	if (st->waiting != NULL)
		return;
	st->next_waiting = NULL;
	st->waiting = s->waiting_end;
	*s->waiting_end = st;
	s->waiting_end = &st->next_waiting;
}

/* Takes ST off the session's lists; the caller frees it. */
static void
forget(struct stream *st)
{
	stop_waiting(st);
	*st->link = st->next;
	if (st->next != NULL)
		st->next->link = st->link;
	st->s->streams[st->sid] = NULL;
}

static void
lose_stream(struct stream *st, const char *why)
{
	forget(st);
	if (st->chan.user->lost != NULL)
		st->chan.user->lost(st->chan.ctx, &st->chan, why);
	free(st);
}

static void
free_streams(struct session *s)
{
	struct stream *st;

	while ((st = s->all) != NULL) {
		forget(st);
		free(st);
	}
}

static void
lose(struct session *s, const char *why)
{
	if (s->dead)
		return;
	s->dead = true;
	loop_io_want(s->io, 0);
	while (s->all != NULL)
		lose_stream(s->all, why);
}

/* A text that a peer sent, as a reason; kept in S. */
static const char *
said(struct session *s)
{
	if (tls_buf_add(&s->said, "", 1) != 0)
		return ("?");
	return ((const char *)s->said.p);
}

static void
take_text(struct session *s, const struct atls_part *part)
{
	struct stream *st;

	if (part->offset == 0)
		s->said.len = 0;
	if (tls_buf_add(&s->said, part->data.p, part->data.len) != 0 ||
	    !part->last || part->frame.len == 0)
		return;
	if (part->frame.cmd == ATLS_CMD_ALERT) {
		lose(s, said(s));
		return;
	}
	st = part->frame.sid < s->nstreams ? s->streams[part->frame.sid] : NULL;
	if (st != NULL)
		lose_stream(st, said(s));
}

static void
take(struct session *s, const struct atls_part *part)
{
	uint32_t sid = part->frame.sid;
	struct stream *st = sid < s->nstreams ? s->streams[sid] : NULL;

	switch (part->frame.cmd) {
	case ATLS_CMD_PSH:
		if (st != NULL && part->data.len > 0)
			st->chan.user->data(
			    st->chan.ctx, &st->chan, part->data);
		break;
	case ATLS_CMD_FIN:
		if (st != NULL && part->last)
			lose_stream(st, "FIN");
		break;
	case ATLS_CMD_SYNACK:
	case ATLS_CMD_ALERT:
		take_text(s, part);
		break;
	case ATLS_CMD_HEART_REQUEST:
		if (part->last)
			put_frame(s, ATLS_CMD_HEART_RESPONSE, sid, NULL, 0);
		break;
	default:
		break;
	}
}

static void
decrypt(struct session *s)
{
	uint8_t record[TLS_MAX_PLAINTEXT];
	struct atls_bytes in;
	struct atls_part part;
	size_t len;
	int err = 0;

	while (!s->dead &&
	    (err = tls_conn_read(s->tls, record, sizeof(record), &len)) == 0) {
		in = atls_bytes(record, len);
		while (!s->dead && atls_splitter_next(&s->splitter, &in, &part))
			take(s, &part);
	}
	if (err != 0 && err != ATLS_E_MORE)
		lose(s, err == ATLS_E_CLOSED ? "closed" : "TLS error");
}

static void
count_handshake(const struct session *s)
{
	struct session_resume *r = s->cfg->resume;

	if (r == NULL)
		return;
	if (tls_conn_resumed(s->tls))
		r->resumed++;
	else
		r->full++;
}

static void
greet(struct session *s)
{
	uint8_t room[ATLS_AUTH_HEADER];
	struct atls_writer w = { room, sizeof(room), 0, false };

	count_handshake(s);
	atls_auth_put(&w, s->cfg->hash, 0);
	tls_conn_set_output(s->tls, &s->out);
	if (tls_conn_write(s->tls, atls_bytes(room, w.len)) != 0)
		lose(s, "TLS error");
	s->ready = true;
}

static void
advance(struct session *s)
{
	int err;

	if (!s->ready) {
		tls_conn_set_output(s->tls, &s->out);
		err = tls_conn_handshake(s->tls);
		if (err == 0)
			greet(s);
		else if (err != ATLS_E_MORE)
			lose(s, tls_conn_error(s->tls));
	}
	if (s->ready)
		decrypt(s);
	loop_defer(s->cfg->loop, &s->flush);
}

static void
send_out(struct session *s)
{
	size_t done = 0;
	ssize_t n = 1;

	while (done < s->out.len && n > 0) {
		n = send(
		    s->fd, s->out.p + done, s->out.len - done, MSG_NOSIGNAL);
		if (n > 0)
			done += (size_t)n;
		else if (!net_later(n))
			lose(s, "the connection failed");
	}
	tls_buf_drop(&s->out, done);
}

static void
encrypt(struct session *s)
{
	if (!s->ready || s->plain.len == 0 || s->out.len > LOW)
		return;
	tls_conn_set_output(s->tls, &s->out);
	if (tls_conn_write(s->tls, atls_bytes(s->plain.p, s->plain.len)) != 0)
		lose(s, "TLS error");
	s->plain.len = 0;
}

static void
ask_for_more(struct session *s)
{
	struct stream *st;

	while (!s->dead && (st = s->waiting) != NULL &&
	    s->out.len + s->plain.len < LOW) {
		stop_waiting(st);
		st->chan.user->room(st->chan.ctx, &st->chan);
	}
}

static void
release(struct session *s)
{
	loop_undefer(s->cfg->loop, &s->flush);
	free_streams(s);
	free(s->streams);
	loop_io_free(s->io);
	tls_conn_free(s->tls);
	tls_buf_free(&s->out);
	tls_buf_free(&s->plain);
	tls_buf_free(&s->said);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

static void
on_flush(void *arg)
{
	struct session *s = arg;

	if (s->closed) {
		release(s);
		return;
	}
	if (s->dead)
		return;
	encrypt(s);
	send_out(s);
	if (s->dead)
		return;
	if (s->ready)
		ask_for_more(s);
	if (s->dead)
		return;
	/* What was asked for goes out in the next turn: others want theirs. */
	loop_undefer(s->cfg->loop, &s->flush);
	loop_io_want(s->io,
	    LOOP_READ |
		(s->out.len + s->plain.len > 0 || s->waiting != NULL
			? LOOP_WRITE
			: 0U));
}

static void
on_socket(void *arg, unsigned events)
{
	struct session *s = arg;
	ssize_t n;

	if ((events & LOOP_WRITE) != 0)
		loop_defer(s->cfg->loop, &s->flush);
	if ((events & LOOP_READ) == 0 || s->dead)
		return;
	n = recv(s->fd, s->cfg->buffer, SESSION_BUFFER, 0);
	if (n > 0) {
		tls_conn_input(s->tls, atls_bytes(s->cfg->buffer, (size_t)n));
		advance(s);
	} else if (!net_later(n)) {
		lose(s, n == 0 ? "closed" : "the connection failed");
	}
}

struct session *
session_new(const struct session_config *cfg)
{
	struct session *s = calloc(1, sizeof(*s));
	uint8_t room[256];
	struct atls_writer w = { room, sizeof(room), 0, false };

	if (s == NULL)
		return (NULL);
	s->cfg = cfg;
	s->flush.fn = on_flush;
	s->flush.arg = s;
	s->nstreams = 1;
	s->waiting_end = &s->waiting;
	s->fd = net_dial(cfg->ip, cfg->port);
	s->tls = tls_conn_new(cfg->tls, NULL, NULL);
	if (s->fd < 0 || s->tls == NULL ||
	    (s->io = loop_io_new(cfg->loop, s->fd, on_socket, s)) == NULL) {
		release(s);
		return (NULL);
	}
	if (cfg->resume != NULL && cfg->resume->ticket != NULL)
		tls_conn_offer(s->tls, cfg->resume->ticket);
	atls_settings_put_client(&w, 2, "bench/1", ATLS_SCHEME_DEFAULT_MD5);
	put_frame(s, ATLS_CMD_SETTINGS, 0, room, w.len);
	advance(s);
	return (s);
}

static void
stream_want(struct chan *c)
{
	struct stream *st = (struct stream *)c;

	wait_for_room(st);
	loop_defer(st->s->cfg->loop, &st->s->flush);
}

static void
stream_send(struct chan *c, struct atls_bytes out)
{
	struct stream *st = (struct stream *)c;
	size_t n;

	while (out.len > 0) {
		n = out.len < st->s->cfg->frame_len ? out.len
						    : st->s->cfg->frame_len;
		put_frame(st->s, ATLS_CMD_PSH, st->sid, out.p, n);
		atls_bytes_skip(&out, n);
	}
}

/* The protocol has no flow control of streams: one cannot be paused here. */
static void
stream_pause(struct chan *c, bool paused)
{
	(void)c;
	(void)paused;
}

static void
stream_close(struct chan *c)
{
	struct stream *st = (struct stream *)c;

	forget(st);
	if (!st->s->dead)
		put_frame(st->s, ATLS_CMD_FIN, st->sid, NULL, 0);
	free(st);
}

static const struct chan_ops stream_ops = { stream_want, stream_send,
	stream_pause, stream_close };

struct chan *
session_open(struct session *s, const struct chan_user *user, void *ctx)
{
	const uint8_t ip[4] = { 127, 0, 0, 1 };
	uint8_t room[16];
	struct atls_writer w = { room, sizeof(room), 0, false };
	struct atls_addr a = { ATLS_ADDR_IPV4, s->cfg->target_port, 4, { 0 } };
	struct stream *st, **grown;

	if (s->dead || (st = calloc(1, sizeof(*st))) == NULL)
		return (NULL);
	if (s->nstreams >= s->room) {
		s->room = s->room == 0 ? 64 : s->room * 2;
		grown = realloc(s->streams, s->room * sizeof(*grown));
		if (grown == NULL)
			abort();
		s->streams = grown;
	}
	st->chan.user = user;
	st->chan.ctx = ctx;
	st->chan.ops = &stream_ops;
	st->s = s;
	st->sid = s->nstreams++;
	s->streams[st->sid] = st;
	st->next = s->all;
	st->link = &s->all;
	if (st->next != NULL)
		st->next->link = &st->next;
	s->all = st;
	wait_for_room(st);
	memcpy(a.host, ip, 4);
	atls_addr_put(&w, &a);
	put_frame(s, ATLS_CMD_SYN, st->sid, NULL, 0);
	put_frame(s, ATLS_CMD_PSH, st->sid, room, w.len);
	return (&st->chan);
}

bool
session_over(const struct session *s)
{
	return (s->dead);
}

void
session_close(struct session *s)
{
	if (s == NULL)
		return;
	free_streams(s);
	if (s->cfg->resume != NULL && s->cfg->resume->ticket == NULL)
		s->cfg->resume->ticket = tls_conn_ticket(s->tls);
	s->dead = true;
	s->closed = true;
	loop_io_want(s->io, 0);
	loop_defer(s->cfg->loop, &s->flush);
}
