/* One connection of a local application. */
#include "ref/net/local.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/net/assoc.h"
#include "ref/net/fifo.h"
#include "ref/net/http.h"
#include "ref/net/socks5.h"
#include "ref/wire/frame.h"

#define ASK_MS 30000  /* for a complete request */
#define DRAIN_MS 2000 /* for the application to close after us */
#define READS_PER_TURN 4
#define NIOV 32
/* Two runs of data so close have but a frame header between them. */
#define GAP ATLS_FRAME_HEADER

enum phase {
	ASKING,  /* the request is not complete */
	OPENING, /* the server was asked */
	RELAYING,
	ASSOCIATED, /* the connection only says how long UDP lasts */
	CLOSING     /* what is queued goes out, what comes is dropped */
};

struct local {
	struct local *next, **prev;
	struct local_env *env;
	int fd;
	struct loop_io *io;
	struct loop_timer *timer;
	enum phase phase;
	struct fifo in;  /* the request, and what came right behind it */
	struct fifo out; /* what the application has not taken yet */
	bool is_http;
	struct socks5 socks;
	struct http_request http;
	struct dialer_stream *stream;
	struct assoc *assoc;
	struct iovec iov[NIOV]; /* data of this batch */
	size_t niov;
	bool eof;     /* the application has ended its direction */
	bool up_last; /* it spoke last, and may wait for an answer */
	bool congested;
	bool paused;
	bool reset; /* end with a reset: the answer is not complete */
	bool shut;
	bool failed; /* writing did; the answer has a hole */
};

static const struct dialer_handler handler;

static void
local_free(struct local *l)
{
	struct linger now = { 1, 0 };

	*l->prev = l->next;
	if (l->next != NULL)
		l->next->prev = l->prev;
	dialer_stream_close(l->stream);
	assoc_free(l->assoc);
	loop_timer_free(l->timer);
	loop_io_free(l->io);
	fifo_free(&l->in);
	fifo_free(&l->out);
	if (l->reset)
		(void)setsockopt(
		    l->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	(void)close(l->fd);
	free(l);
}

/* Ends it with a reset, so that the application sees that something failed. */
static void
local_abort(struct local *l)
{
	l->reset = true;
	local_free(l);
}

static void
set_timer(struct local *l, uint32_t ms)
{
	loop_timer_set(l->timer, loop_now(l->env->loop) + ms);
}

/* Says what to wait for, as the state now is. */
static void
update_want(struct local *l)
{
	unsigned want = l->out.len != 0 ? LOOP_WRITE : 0;
	bool up = l->phase == RELAYING && !l->eof && !l->congested;

	if (l->phase == ASKING || l->phase == ASSOCIATED || up ||
	    (l->phase == CLOSING && !l->eof))
		want |= LOOP_READ;
	loop_io_want(l->io, want);
}

/*
 * Goes on ending L: when everything is written, shuts its direction down and
 * waits a little for the application's end, because closing with unread input
 * would destroy what is on its way. May free L.
 */
static void
go_on_closing(struct local *l)
{
	if (l->out.len == 0 && l->reset) {
		local_free(l);
		return;
	}
	if (l->out.len == 0 && !l->shut) {
		l->shut = true;
		(void)shutdown(l->fd, SHUT_WR);
		set_timer(l, DRAIN_MS);
	}
	if (l->shut && l->eof)
		local_free(l);
	else
		update_want(l);
}

/* The stream is gone; L ends when all is written. May free L. */
static void
start_closing(struct local *l)
{
	l->phase = CLOSING;
	loop_timer_set(l->timer, UINT64_MAX);
	go_on_closing(l);
}

/* Writes what was gathered and what waits. ATLS_E_IO, ATLS_E_NOMEM. */
static int
write_down(struct local *l)
{
	size_t n = l->niov;
	int r;

	l->niov = 0;
	if (l->failed)
		return (ATLS_E_IO);
	r = fifo_write(&l->out, l->fd, l->iov, n);
	l->failed = r < 0;
	return (r);
}

static int
say(struct local *l, const void *p, size_t len)
{
	int r = fifo_add(&l->out, atls_bytes(p, len));

	return (r < 0 ? r : write_down(l));
}

static int
say_http(struct local *l, unsigned status)
{
	const char *text = http_response(status);

	return (say(l, text, strlen(text)));
}

static int
say_socks(struct local *l, enum socks5_code code, const struct atls_addr *bound)
{
	uint8_t buf[SOCKS5_REPLY_MAX];
	struct atls_writer w = atls_writer(buf, sizeof(buf));

	socks5_reply_put(&l->socks, code, bound, &w);
	return (say(l, buf, w.len));
}

/* The request failed: says so and ends L. */
static void
refuse(struct local *l, enum socks5_code code)
{
	unsigned status = code == SOCKS5_HOST_UNREACHABLE ? 504 : 502;
	int r;

	r = l->is_http ? say_http(l, status) : say_socks(l, code, NULL);
	if (r < 0)
		local_free(l);
	else
		start_closing(l);
}

static void
associate(struct local *l)
{
	struct assoc_config cfg = {
		.loop = l->env->loop,
		.dialer = l->env->dialer,
		.log = l->env->log,
		.connect_mode = l->env->udp_connect,
		.control_fd = l->fd,
		.client_port = l->socks.addr.port,
	};
	struct atls_addr bound;

	l->assoc = assoc_new(&cfg, &bound);
	if (l->assoc == NULL) {
		refuse(l, SOCKS5_FAILURE);
		return;
	}
	l->phase = ASSOCIATED;
	loop_timer_set(l->timer, UINT64_MAX);
	fifo_free(&l->in);
	if (say_socks(l, SOCKS5_OK, &bound) < 0)
		local_free(l);
	else
		update_want(l);
}

static void
connect_to(struct local *l, const struct atls_addr *a)
{
	char text[ATLS_ADDR_STRLEN];

	atls_addr_format(a, text);
	log_write(l->env->log, LOGL_DEBUG, "request for %s", text);
	l->phase = OPENING;
	loop_timer_set(l->timer, UINT64_MAX);
	l->stream =
	    dialer_open(l->env->dialer, a, atls_bytes(NULL, 0), &handler, l);
	if (l->stream == NULL)
		refuse(l, SOCKS5_FAILURE);
	else
		update_want(l);
}

static void
ask_socks(struct local *l)
{
	struct atls_bytes in = fifo_peek(&l->in);
	size_t had = in.len;
	uint8_t buf[2 * SOCKS5_REPLY_MAX];
	struct atls_writer w = atls_writer(buf, sizeof(buf));
	int r;

	r = socks5_feed(&l->socks, &in, &w);
	fifo_drop(&l->in, had - in.len);
	if (say(l, buf, w.len) < 0) {
		local_free(l);
	} else if (r == ATLS_E_MORE) {
		update_want(l);
	} else if (r < 0) {
		log_write(l->env->log, LOGL_INFO, "SOCKS request refused: %s",
		    atls_strerror(r));
		start_closing(l);
	} else if (l->socks.command == SOCKS5_UDP_ASSOCIATE) {
		associate(l);
	} else {
		connect_to(l, &l->socks.addr);
	}
}

static void
ask_http(struct local *l)
{
	unsigned status = 0;
	int r = http_request_read(&l->http, fifo_peek(&l->in));

	if (r == ATLS_E_MORE)
		return;
	if (r == ATLS_E_LIMIT)
		status = 431;
	else if (r < 0)
		status = 400;
	else if (l->env->user != NULL &&
	    !http_basic_ok(
		l->http.authorization, l->env->user, l->env->password))
		status = 407;
	if (status == 0)
		connect_to(l, &l->http.addr);
	else if (say_http(l, status) < 0)
		local_free(l);
	else
		start_closing(l);
}

static void
read_request(struct local *l)
{
	uint8_t buf[4096];
	ssize_t n = recv(l->fd, buf, sizeof(buf), 0);
	uint8_t first;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || fifo_add(&l->in, atls_bytes(buf, (size_t)n)) < 0) {
		local_free(l);
		return;
	}
	first = *fifo_peek(&l->in).p;
	l->is_http = l->socks.state == SOCKS5_GREETING && isalpha(first);
	if (l->is_http)
		ask_http(l);
	else
		ask_socks(l);
}

/* Sends a rewritten head of a plain HTTP request. */
static int
send_head(struct local *l, struct atls_bytes head)
{
	size_t cap = head.len + HTTP_REWRITE_EXTRA;
	uint8_t *buf = malloc(cap);
	struct atls_writer w = atls_writer(buf, cap);
	int r = ATLS_E_NOMEM;

	if (buf != NULL) {
		http_rewrite(&l->http, head, &w);
		r = dialer_stream_send(l->stream, atls_bytes(buf, w.len));
	}
	free(buf);
	return (r);
}

/* The target is reached: says so, and sends what came behind the request. */
static int
confirm(struct local *l)
{
	struct atls_bytes in = fifo_peek(&l->in);
	int r = 0;

	if (!l->is_http)
		r = say_socks(l, SOCKS5_OK, NULL);
	else if (l->http.connect)
		r = say_http(l, 200);
	else
		r = send_head(l, atls_bytes(in.p, l->http.nhead));
	if (l->is_http)
		atls_bytes_skip(&in, l->http.nhead);
	if (r == 0 && in.len != 0)
		r = dialer_stream_send(l->stream, in);
	fifo_free(&l->in);
	return (r);
}

static void
on_opened(void *ctx)
{
	struct local *l = ctx;

	l->phase = RELAYING;
	l->up_last = true;
	l->congested = dialer_stream_congested(l->stream);
	if (confirm(l) < 0)
		local_abort(l);
	else
		update_want(l);
}

/* Reads from the application, straight into the session's frames. */
static void
read_up(struct local *l)
{
	const size_t want = ATLS_SESSION_RESERVE_MAX;
	ssize_t n = 0;
	uint8_t *p;
	int i, err = 0;

	for (i = 0; i < READS_PER_TURN && !l->congested; i++) {
		p = dialer_stream_reserve(l->stream, want);
		if (p == NULL) {
			local_abort(l);
			return;
		}
		n = recv(l->fd, p, want, 0);
		err = errno;
		/* What cannot be sent has been read: it would be missing. */
		if (dialer_stream_commit(l->stream, n > 0 ? (size_t)n : 0) !=
		    0) {
			local_abort(l);
			return;
		}
		if (n > 0)
			l->up_last = true;
		if (n < (ssize_t)want)
			break;
	}
	if (n < 0 && err != EAGAIN && err != EINTR) {
		local_free(l);
		return;
	}
	if (n == 0) {
		l->eof = true;
		set_timer(l, l->env->linger_ms);
		dialer_stream_yield(l->stream, !l->up_last);
	}
	update_want(l);
}

/* Adds DATA to what this batch writes; small neighbours become one range. */
static void
on_data(void *ctx, struct atls_bytes data)
{
	struct local *l = ctx;
	struct iovec *last = l->niov != 0 ? &l->iov[l->niov - 1] : NULL;
	uint8_t *end =
	    last != NULL ? (uint8_t *)last->iov_base + last->iov_len : NULL;

	l->up_last = false;
	if (end != NULL && data.p >= end && data.p <= end + GAP &&
	    data.len <= 4096) {
		memmove(end, data.p, data.len);
		last->iov_len += data.len;
		return;
	}
	/* An error shows again in batch_end(), where L may end. */
	if (l->niov == NIOV)
		(void)write_down(l);
	l->iov[l->niov].iov_base = (void *)(uintptr_t)data.p;
	l->iov[l->niov++].iov_len = data.len;
}

/* Pauses or resumes the session by how much waits for the application. */
static void
update_pause(struct local *l)
{
	bool on = l->paused ? l->out.len > LOCAL_BUFFER_LOW
			    : l->out.len > LOCAL_BUFFER_MAX;

	if (on == l->paused || l->stream == NULL)
		return;
	l->paused = on;
	dialer_stream_pause(l->stream, on);
}

static void
on_batch_end(void *ctx)
{
	struct local *l = ctx;
	bool any = l->niov != 0;

	if (write_down(l) < 0) {
		local_abort(l);
		return;
	}
	update_pause(l);
	if (any && l->eof) {
		/* It was not the end: somebody still reads. */
		dialer_stream_yield(l->stream, false);
		set_timer(l, l->env->linger_ms);
	}
	update_want(l);
}

static void
on_congested(void *ctx, bool on)
{
	struct local *l = ctx;

	l->congested = on;
	update_want(l);
}

static void
on_closed(void *ctx, int err, const char *why)
{
	struct local *l = ctx;
	enum socks5_code code = SOCKS5_FAILURE;

	l->stream = NULL;
	if (l->phase == OPENING) {
		if (err == ATLS_E_REFUSED)
			code = socks5_code_of_text(atls_bytes_str(why));
		else if (err == ATLS_E_TIMEOUT)
			code = SOCKS5_HOST_UNREACHABLE;
		refuse(l, code);
		return;
	}
	l->reset = err != 0;
	if (write_down(l) < 0)
		local_abort(l);
	else
		start_closing(l);
}

static const struct dialer_handler handler = {
	.opened = on_opened,
	.data = on_data,
	.batch_end = on_batch_end,
	.congested = on_congested,
	.closed = on_closed,
};

/* Reads and drops; the application's end is what counts. */
static void
read_away(struct local *l)
{
	uint8_t buf[16384];
	ssize_t n = recv(l->fd, buf, sizeof(buf), 0);

	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	l->eof = true;
	if (l->phase == ASSOCIATED || n < 0)
		local_free(l);
	else
		go_on_closing(l);
}

static void
on_readable(struct local *l)
{
	if (l->phase == ASKING)
		read_request(l);
	else if (l->phase == RELAYING)
		read_up(l);
	else
		read_away(l);
}

static void
on_io(void *arg, unsigned events)
{
	struct local *l = arg;

	if (events & LOOP_WRITE) {
		if (write_down(l) < 0) {
			local_abort(l);
			return;
		}
		update_pause(l);
		if (l->phase == CLOSING) {
			go_on_closing(l);
			return;
		}
		update_want(l);
	}
	if (events & loop_io_wanted(l->io) & LOOP_READ)
		on_readable(l);
}

static void
on_timer(void *arg)
{
	struct local *l = arg;

	if (l->phase != RELAYING) {
		local_free(l);
	} else if (l->out.len != 0) {
		/* Nothing came because the application does not read. */
		set_timer(l, l->env->linger_ms);
	} else {
		dialer_stream_close(l->stream);
		l->stream = NULL;
		start_closing(l);
	}
}

void
local_new(struct local_env *env, int take_fd)
{
	struct local *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		(void)close(take_fd);
		return;
	}
	l->env = env;
	l->fd = take_fd;
	l->socks.user = env->user;
	l->socks.password = env->password;
	l->timer = loop_timer_new(env->loop, on_timer, l);
	l->io = loop_io_new(env->loop, take_fd, on_io, l);
	if (l->timer == NULL || l->io == NULL) {
		loop_timer_free(l->timer);
		loop_io_free(l->io);
		(void)close(take_fd);
		free(l);
		return;
	}
	l->next = env->all;
	l->prev = &env->all;
	if (l->next != NULL)
		l->next->prev = &l->next;
	env->all = l;
	set_timer(l, ASK_MS);
	update_want(l);
}

void
local_free_all(struct local_env *env)
{
	struct local *l;

	while ((l = env->all) != NULL) {
		local_free(l);
		assert(env->all != l); /* it has left the list */
	}
}
