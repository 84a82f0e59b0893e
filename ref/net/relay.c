/* Relays between a client's stream and a TCP target. */
#include "ref/net/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/net/dial.h"
#include "ref/net/scope.h"

#define READS_PER_TURN 4
#define READ_MAX ATLS_SESSION_RESERVE_MAX
#define STALL_MS 1000  /* over the bound without progress */
#define LEAVE_MS 30000 /* to deliver what is left, per bit of progress */
#define DRAIN_MS 1000  /* for the target to close after us */
#define DRAIN_MAX (1024U * 1024)
#define COMPACT 1048576U

struct relay {
	struct worker *w;
	struct uplink up;
	struct dial *dial;
	struct loop_io *io;       /* NULL until connected */
	struct loop_timer *timer; /* NULL until needed */
	struct gather_user gather;
	struct loop_task broken;
	struct tls_buf backlog; /* bytes for the target */
	size_t sent;            /* of it */
	size_t counted;         /* in the budget */
	size_t drained;
	struct relay *next, **link; /* among worker.leaving */
	int fd;
	bool holding; /* has asked the session to hold */
	bool parked;  /* waits for resume() */
	bool fin;     /* no more data will come for the target */
	bool shut;    /* and it was told */
	bool eof;     /* of the target */
};

static void on_io(void *arg, unsigned events);
static void on_limit(void *arg);
static void relay_leave(void *target);

void
relay_free(struct relay *r)
{
	if (r->link != NULL) {
		*r->link = r->next;
		if (r->next != NULL)
			r->next->link = r->link;
	}
	budget_count(&r->w->common->budget, &r->counted, 0);
	gather_forget(r->w->gather, &r->gather);
	loop_undefer(r->w->loop, &r->broken);
	dial_cancel(r->dial);
	loop_io_free(r->io);
	loop_timer_free(r->timer);
	if (r->fd >= 0)
		close(r->fd);
	tls_buf_free(&r->backlog);
	free(r);
}

static size_t
backlog(const struct relay *r)
{
	return (r->backlog.len - r->sent);
}

static void
want(struct relay *r)
{
	unsigned events = 0;

	if (r->io == NULL)
		return;
	if (backlog(r) != 0)
		events |= LOOP_WRITE;
	if (!r->eof && !r->parked && (r->up.ctx != NULL || r->shut))
		events |= LOOP_READ;
	loop_io_want(r->io, events);
}

static void
hold(struct relay *r, bool on)
{
	if (r->holding == on)
		return;
	r->holding = on;
	if (r->up.ctx != NULL)
		r->up.ops->hold(r->up.ctx, on);
}

/* The client's side is over: the target has ended, or must. */
static void
end_uplink(struct relay *r, const char *err)
{
	struct uplink up = r->up;

	if (up.ctx == NULL)
		return;
	hold(r, false);
	r->up.ctx = NULL;
	up.ops->ended(up.ctx, err);
}

/* The target broke, stalled, or was slow to take the rest. */
static void
give_up(void *arg)
{
	struct relay *r = arg;

	end_uplink(r, NULL);
	relay_free(r);
}

/* Gives R until MS from now; without a timer it ends at once, later. */
static void
limit(struct relay *r, uint32_t ms)
{
	struct loop *l = r->w->loop;

	if (r->timer == NULL)
		r->timer = loop_timer_new(l, on_limit, r);
	if (r->timer != NULL)
		loop_timer_set(r->timer, loop_update_now(l) + ms);
}

static void
unlimit(struct relay *r)
{
	if (r->timer != NULL)
		loop_timer_set(r->timer, UINT64_MAX);
}

/* After progress, or more data: what waits is too much, or is not. */
static void
check_bound(struct relay *r, bool progress)
{
	struct budget *budget = &r->w->common->budget;
	size_t max = budget_share(budget, r->w->cfg->stream_bytes);

	budget_count(budget, &r->counted, r->backlog.cap);
	if (r->up.ctx == NULL) {
		if (progress && !r->shut)
			limit(r, LEAVE_MS);
		return;
	}
	if (backlog(r) > max && (!r->holding || progress)) {
		hold(r, true);
		/* While dialling, the dial's own limit counts. */
		if (r->io != NULL)
			limit(r, STALL_MS);
	} else if (r->holding && backlog(r) <= max / 2) {
		hold(r, false);
		unlimit(r);
	} else if (r->holding && progress) {
		limit(r, STALL_MS);
	}
}

/*
 * Reads and throws away what the target still says, since closing a socket
 * with unread input resets it. True when there is no more to wait for.
 */
static bool
drain(struct relay *r)
{
	uint8_t buf[16384];
	ssize_t n;

	while ((n = recv(r->fd, buf, sizeof(buf), 0)) > 0) {
		r->drained += (size_t)n;
		if (r->drained > DRAIN_MAX)
			return (true);
	}
	return (n == 0 || errno != EAGAIN);
}

/*
 * The next step of leaving, when everything is delivered. A close is enough
 * when nothing came meanwhile. True when R is gone.
 */
static bool
leave_step(struct relay *r)
{
	if (r->up.ctx != NULL || !r->fin || backlog(r) != 0 || r->io == NULL)
		return (false);
	if (r->eof || drain(r) || (r->drained == 0 && !r->shut)) {
		relay_free(r);
		return (true);
	}
	if (!r->shut) {
		r->shut = true;
		shutdown(r->fd, SHUT_WR);
		limit(r, DRAIN_MS);
	}
	want(r);
	return (false);
}

/* Writes IOV until the target is full. Moves the rest to the backlog. False
 * when the target is broken. */
static bool
write_iov(struct relay *r, struct iovec *iov, int n)
{
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = (size_t)n };
	ssize_t done = 0;
	size_t cut;

	if (r->io != NULL && backlog(r) == 0) {
		done = sendmsg(r->fd, &msg, MSG_NOSIGNAL);
		if (done < 0 && errno != EAGAIN && errno != EINTR)
			return (false);
		done = done < 0 ? 0 : done;
	}
	for (; n > 0; n--, iov++) {
		cut = (size_t)done < iov->iov_len ? (size_t)done : iov->iov_len;
		done -= (ssize_t)cut;
		if (cut < iov->iov_len &&
		    tls_buf_add(&r->backlog, (uint8_t *)iov->iov_base + cut,
			iov->iov_len - cut) != 0)
			return (false);
	}
	return (true);
}

static void
on_gather(void *arg, struct iovec *iov, int n)
{
	struct relay *r = arg;

	if (!write_iov(r, iov, n)) {
		/* Not at once: the caller may be at work on R's stream. */
		loop_defer(r->w->loop, &r->broken);
		return;
	}
	check_bound(r, false);
	if (!leave_step(r))
		want(r);
}

/* Sends from the backlog. False when R is gone. */
static bool
write_backlog(struct relay *r)
{
	bool progress = false;
	ssize_t n;

	while (backlog(r) > 0) {
		n = send(
		    r->fd, r->backlog.p + r->sent, backlog(r), MSG_NOSIGNAL);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0) {
			give_up(r);
			return (false);
		}
		r->sent += (size_t)n;
		progress = true;
	}
	if (backlog(r) == 0) {
		tls_buf_free(&r->backlog);
		r->sent = 0;
	} else if (r->sent >= COMPACT && r->sent >= r->backlog.len / 2) {
		tls_buf_drop(&r->backlog, r->sent);
		r->sent = 0;
	}
	if (r->fin && !r->shut && backlog(r) == 0 && r->up.ctx != NULL) {
		r->shut = true;
		shutdown(r->fd, SHUT_WR);
	}
	check_bound(r, progress);
	return (!leave_step(r));
}

/* Time is up. On a busy machine it may be we who did not get to run, while the
 * target is ready: it has a last chance to take something. */
static void
on_limit(void *arg)
{
	struct relay *r = arg;
	size_t before = backlog(r);

	if (r->io != NULL && before != 0) {
		if (!write_backlog(r))
			return;
		if (backlog(r) < before) {
			want(r);
			return;
		}
	}
	give_up(r);
}

/* Reads straight into frames of the session. */
static void
read_target(struct relay *r)
{
	uint8_t *room;
	ssize_t n = READ_MAX;
	int i, err;

	for (i = 0; i < READS_PER_TURN && n == READ_MAX; i++) {
		if (r->up.ops->congested(r->up.ctx)) {
			r->parked = true;
			return;
		}
		room = r->up.ops->reserve(r->up.ctx, READ_MAX);
		n = room != NULL ? recv(r->fd, room, READ_MAX, 0) : 0;
		/* The commit may send, which leaves another errno. */
		err = errno;
		if (room != NULL)
			r->up.ops->commit(r->up.ctx, n > 0 ? (size_t)n : 0);
		if (n == 0 || (n < 0 && err != EAGAIN && err != EINTR)) {
			r->eof = true;
			return;
		}
	}
}

static void
on_io(void *arg, unsigned events)
{
	struct relay *r = arg;

	if (events & LOOP_WRITE && !write_backlog(r))
		return;
	if (events & LOOP_READ && r->up.ctx == NULL) {
		if (leave_step(r))
			return;
	} else if (events & LOOP_READ) {
		read_target(r);
		if (r->eof) {
			/* As in the Go family: its EOF closes both ways. */
			end_uplink(r, NULL);
			relay_leave(r);
			return;
		}
	}
	want(r);
}

static void
on_dial(void *arg, int fd, const char *err)
{
	struct relay *r = arg;

	r->dial = NULL;
	if (fd >= 0) {
		r->fd = fd;
		r->io = loop_io_new(r->w->loop, fd, on_io, r);
		err = r->io != NULL ? NULL : atls_strerror(ATLS_E_NOMEM);
	}
	if (err != NULL) {
		end_uplink(r, err);
		relay_free(r);
		return;
	}
	if (r->up.ctx != NULL)
		r->up.ops->opened(r->up.ctx);
	if (r->holding)
		limit(r, STALL_MS);
	if (write_backlog(r))
		want(r);
}

struct relay *
relay_new(struct worker *w, struct uplink up, const struct atls_addr *a)
{
	struct relay *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return (NULL);
	r->w = w;
	r->up = up;
	r->fd = -1;
	r->gather = (struct gather_user){ .fn = on_gather, .arg = r };
	r->broken = (struct loop_task){ .fn = give_up, .arg = r };
	r->dial = dial_new(w->loop, a, w->cfg->dial_ms,
	    w->cfg->forbid_private ? scope_is_public : NULL, on_dial, r);
	if (r->dial == NULL) {
		free(r);
		return (NULL);
	}
	return (r);
}

static void
relay_data(void *target, struct atls_bytes data)
{
	struct relay *r = target;

	gather_add(r->w->gather, &r->gather, data);
}

static void
relay_half_close(void *target)
{
	struct relay *r = target;

	gather_flush(r->w->gather);
	r->fin = true;
	if (r->io != NULL && write_backlog(r))
		want(r);
}

static void
relay_resume(void *target, bool now)
{
	struct relay *r = target;

	if (!r->parked)
		return;
	r->parked = false;
	if (now)
		on_io(r, LOOP_READ);
	else
		want(r);
}

static void
relay_leave(void *target)
{
	struct relay *r = target;

	hold(r, false);
	r->up.ctx = NULL;
	r->parked = false;
	r->fin = true;
	r->next = r->w->leaving;
	r->link = &r->w->leaving;
	if (r->next != NULL)
		r->next->link = &r->next;
	r->w->leaving = r;
	/* What this turn brought is not in the backlog yet. */
	if (r->gather.link != NULL) {
		limit(r, LEAVE_MS);
		return;
	}
	if (r->dial != NULL && backlog(r) == 0)
		relay_free(r);
	else if (!leave_step(r))
		limit(r, LEAVE_MS);
}

const struct target_ops relay_ops = {
	.data = relay_data,
	.half_close = relay_half_close,
	.resume = relay_resume,
	.leave = relay_leave,
};
