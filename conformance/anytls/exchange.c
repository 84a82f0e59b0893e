/* Data both ways at once, between a stream and an origin's connection. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "conformance/anytls/origin.h"
#include "conformance/anytls/sockets.h"
#include "conformance/anytls/verbs.h"
#include "conformance/engine/capture.h"
#include "conformance/engine/process.h"

/* Ciphertext that may wait before more is encrypted. */
#define OUTPUT_MARK 131072
/* A frame is as much work as so many bytes, which gives it 2 ms. */
#define FRAME_COST 4096
/* A transfer fails when it stands still; how long it takes in all is a matter
 * of the machine, and has a wide limit. */
#define PATIENCE 4

struct exchange {
	struct peer *p;
	struct app *a;
	uint32_t sid;
	struct data up, down;
	size_t frame_len;
	size_t up_told, up_came, down_told, down_came;
	uint64_t deadline;
	uint64_t moved_ms; /* when something arrived last */
	size_t moved;      /* what had arrived then */
	const char *expected;
};

/* Encrypts more PSH frames while little waits to go out. */
static void
tell_up(struct exchange *x)
{
	uint8_t buf[ATLS_FRAME_HEADER + ATLS_FRAME_MAX_DATA];
	struct atls_frame head = { ATLS_CMD_PSH, x->sid, 0 };
	size_t len;

	while (x->p->out.len < OUTPUT_MARK && x->up_told < x->up.len) {
		len = x->up.len - x->up_told;
		if (len > x->frame_len)
			len = x->frame_len;
		head.len = (uint16_t)len;
		atls_frame_put(buf, head);
		memcpy(buf + ATLS_FRAME_HEADER, x->up.p + x->up_told, len);
		x->up_told += len;
		if (!peer_put(x->p, bytes(buf, ATLS_FRAME_HEADER + len), ""))
			break;
	}
	if (peer_flush(x->p, 0, 0, false) == PEER_BROKEN)
		pack_fail(x->p->t, x->expected,
		    "the peer closed after %zu of %zu bytes were sent",
		    x->up_told, x->up.len);
}

static void
tell_down(struct exchange *x)
{
	ssize_t n;

	while (x->down_told < x->down.len) {
		n = send(x->a->fd, x->down.p + x->down_told,
		    x->down.len - x->down_told, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n < 0 && process_lacks(errno))
			t_error(x->a->t, "send: %s", strerror(errno));
		if (n <= 0)
			pack_fail(x->p->t, x->expected,
			    "the target closed its connection to the origin "
			    "after %zu of %zu bytes down",
			    x->down_told, x->down.len);
		capture_sent(x->a->t, x->a->capture, x->down.p + x->down_told,
		    (size_t)n);
		x->down_told += (size_t)n;
	}
}

static void
take_up(struct exchange *x)
{
	uint8_t buf[65536];
	ssize_t n;

	while (!x->a->eof && (n = app_read(x->a, buf, sizeof(buf))) >= 0) {
		if (n == 0)
			pack_fail(x->p->t, x->expected,
			    "the target closed its connection to the origin "
			    "after %zu of %zu bytes up",
			    x->up_came, x->up.len);
		verb_compare(x->p->t, x->expected, x->up, x->up_came,
		    atls_bytes(buf, (size_t)n));
		x->up_came += (size_t)n;
	}
}

static void
take_down(struct exchange *x)
{
	struct peer *p = x->p;
	struct frame *f;

	verb_wait(p, 0);
	while (p->head != NULL) {
		f = &p->head->f;
		if (f->cmd == ATLS_CMD_PSH && f->sid == x->sid) {
			verb_compare(p->t, x->expected, x->down, x->down_came,
			    atls_bytes(f->data.p, f->data.len));
			x->down_came += f->data.len;
		} else if (!verb_skips(p, f, NULL)) {
			verb_fail_frame(p, x->expected, f);
		}
		verb_pop(p);
	}
	if (p->closing != OPEN)
		verb_fail_closed(p, x->expected);
}

static bool
done(const struct exchange *x)
{
	return (x->up_came == x->up.len && x->down_came == x->down.len &&
	    x->p->out.len == 0);
}

/* Fails when nothing has arrived for too long, or the time is over. */
static void
check_time(struct exchange *x)
{
	size_t moved = x->up_came + x->down_came;
	uint64_t now = t_now();

	if (moved != x->moved) {
		x->moved = moved;
		x->moved_ms = now;
	}
	if (now > x->moved_ms + 2 * x->p->t->timeout_ms)
		pack_fail(x->p->t, x->expected,
		    "%zu up and %zu down, then nothing for %u ms", x->up_came,
		    x->down_came, (unsigned)(now - x->moved_ms));
	if (now > x->deadline)
		pack_fail(x->p->t, x->expected, "%zu up and %zu down in time",
		    x->up_came, x->down_came);
}

static void
wait_either(const struct exchange *x)
{
	struct pollfd pfd[2] = { { .fd = x->p->fd, .events = POLLIN },
		{ .fd = x->a->fd, .events = x->a->eof ? 0 : POLLIN } };

	if (x->p->out.len != 0 || x->up_told < x->up.len)
		pfd[0].events |= POLLOUT;
	if (x->down_told < x->down.len)
		pfd[1].events |= POLLOUT;
	poll(pfd, 2, (int)x->p->t->timeout_ms);
}

void
exchange(struct peer *p, uint32_t sid, struct app *a, struct data up,
    struct data down, size_t frame_len)
{
	struct exchange x = { p, a, sid, up, down, frame_len };
	size_t cost = up.len / (frame_len + 1) * FRAME_COST;

	if (frame_len == 0 || frame_len > ATLS_FRAME_MAX_DATA || a->fd < 0)
		t_error(p->t, "exchange() with frames of %zu bytes", frame_len);
	x.expected = t_printf(p->t, "%zu bytes up and %zu down on stream %u",
	    up.len, down.len, sid);
	t_step(p->t, "%s", x.expected);
	cost += up.len + down.len;
	x.deadline = verb_deadline(p->t, cost * PATIENCE);
	x.moved_ms = t_now();
	for (;;) {
		tell_up(&x);
		tell_down(&x);
		take_up(&x);
		take_down(&x);
		if (done(&x))
			break;
		check_time(&x);
		wait_either(&x);
	}
	t_step(p->t, "%s", "");
}
