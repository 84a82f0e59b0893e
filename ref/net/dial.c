/* Outgoing TCP connections, over all addresses of a name. */
#include "ref/net/dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_ADDRS 8
#define KEEP_IDLE_S 30
#define KEEP_EVERY_S 10
#define KEEP_TIMES 6

/* An address, and the attempt to reach it. */
struct attempt {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} sa;
	socklen_t len;
	int fd; /* -1: not started, or failed */
	struct loop_io *io;
	struct dial *dial;
};

struct dial {
	struct loop *loop;
	struct loop_lookup *lookup;
	struct loop_timer *timer;
	struct loop_task task; /* says what was known at once */
	struct attempt *ready; /* it was: this one is connected */
	uint64_t deadline_ms;
	bool (*allowed)(const struct sockaddr *sa);
	void (*fn)(void *arg, int fd, const char *err);
	void *arg;
	uint16_t port;
	unsigned naddrs, started, running;
	char err[DIAL_ERRLEN];
	struct attempt addr[MAX_ADDRS];
};

static void
attempt_end(struct attempt *a)
{
	loop_io_free(a->io);
	a->io = NULL;
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
}

void
dial_cancel(struct dial *d)
{
	unsigned i;

	if (d == NULL)
		return;
	for (i = 0; i < d->started; i++)
		attempt_end(&d->addr[i]);
	loop_lookup_cancel(d->lookup);
	loop_timer_free(d->timer);
	loop_undefer(d->loop, &d->task);
	free(d);
}

/* Tells the owner: FD, or the error that stands in D. */
static void
finish(struct dial *d, int fd)
{
	d->fn(d->arg, fd, fd >= 0 ? NULL : d->err);
	dial_cancel(d);
}

static void
set_error(struct dial *d, const char *err)
{
	snprintf(d->err, sizeof(d->err), "%s", err);
}

static void
set_errno(struct dial *d, int e)
{
	if (e == ECONNREFUSED)
		set_error(d, "connection refused");
	else if (strerror_r(e, d->err, sizeof(d->err)) != 0)
		set_error(d, "cannot connect");
}

static void start_next(struct dial *d);

static void
attempt_failed(struct attempt *a, int e)
{
	struct dial *d = a->dial;

	set_errno(d, e);
	attempt_end(a);
	d->running--;
	if (d->ready == a)
		d->ready = NULL;
	start_next(d);
}

static void
on_writable(void *arg, unsigned events)
{
	struct attempt *a = arg;
	struct dial *d = a->dial;
	socklen_t len = sizeof(int);
	int e = 0, fd = a->fd;

	(void)events;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) != 0)
		e = errno;
	if (e != 0) {
		attempt_failed(a, e);
		return;
	}
	loop_io_free(a->io);
	a->io = NULL;
	a->fd = -1;
	finish(d, fd);
}

static void
finish_task(void *arg)
{
	struct dial *d = arg;

	if (d->ready != NULL)
		on_writable(d->ready, LOOP_WRITE);
	else
		finish(d, -1);
}

/* A target on this machine has mostly answered when connect() returns. */
static bool
writable_now(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return (poll(&p, 1, 0) == 1);
}

void
dial_set_options(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
#ifdef TCP_KEEPIDLE
	on = KEEP_IDLE_S;
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &on, sizeof(on));
#endif
#ifdef TCP_KEEPINTVL
	on = KEEP_EVERY_S;
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &on, sizeof(on));
	on = KEEP_TIMES;
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &on, sizeof(on));
#endif
}

/* Starts one attempt; false with errno when it failed at once. */
static bool
attempt_start(struct attempt *a)
{
	struct dial *d = a->dial;

	a->fd = socket(
	    a->sa.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (a->fd < 0)
		return (false);
	dial_set_options(a->fd);
	if (connect(a->fd, &a->sa.any, a->len) != 0 && errno != EINPROGRESS)
		return (false);
	if (writable_now(a->fd)) {
		d->ready = a;
		loop_defer(d->loop, &d->task);
		return (true);
	}
	if ((a->io = loop_io_new(d->loop, a->fd, on_writable, a)) == NULL) {
		errno = ENOMEM;
		return (false);
	}
	loop_io_want(a->io, LOOP_WRITE);
	return (true);
}

/* Starts the next address that does not fail at once; after the last one has
 * failed, tells the owner. */
static void
start_next(struct dial *d)
{
	uint64_t next_ms = loop_now(d->loop) + DIAL_STAGGER_MS;
	struct attempt *a;

	while (d->started < d->naddrs) {
		a = &d->addr[d->started++];
		if (attempt_start(a)) {
			d->running++;
			break;
		}
		set_errno(d, errno);
		attempt_end(a);
	}
	if (d->running == 0) {
		loop_defer(d->loop, &d->task);
		return;
	}
	if (d->started == d->naddrs || next_ms > d->deadline_ms)
		next_ms = d->deadline_ms;
	loop_timer_set(d->timer, next_ms);
}

static void
on_timer(void *arg)
{
	struct dial *d = arg;

	if (loop_now(d->loop) >= d->deadline_ms) {
		set_error(d, "connection timed out");
		finish(d, -1);
		return;
	}
	start_next(d);
}

static void
add_addr(struct dial *d, const struct sockaddr *sa, socklen_t len)
{
	struct attempt *a = &d->addr[d->naddrs];

	if (d->naddrs == MAX_ADDRS || len > sizeof(a->sa))
		return;
	if (d->allowed != NULL && !d->allowed(sa)) {
		set_error(d, "address not allowed");
		return;
	}
	a->dial = d;
	a->fd = -1;
	a->len = len;
	memcpy(&a->sa, sa, len);
	if (sa->sa_family == AF_INET6)
		a->sa.v6.sin6_port = htons(d->port);
	else
		a->sa.v4.sin_port = htons(d->port);
	d->naddrs++;
}

/* Puts the first address of the other family second: RFC 8305, section 4. */
static void
interleave(struct dial *d)
{
	struct attempt other;
	unsigned i;

	for (i = 1; i < d->naddrs; i++)
		if (d->addr[i].sa.any.sa_family != d->addr[0].sa.any.sa_family)
			break;
	if (i >= d->naddrs || i == 1)
		return;
	other = d->addr[i];
	memmove(&d->addr[2], &d->addr[1], (i - 1) * sizeof(d->addr[0]));
	d->addr[1] = other;
}

static void
on_lookup(void *arg, const struct addrinfo *list, const char *err)
{
	struct dial *d = arg;

	d->lookup = NULL;
	if (err != NULL) {
		snprintf(d->err, sizeof(d->err), "name not found: %s", err);
		finish(d, -1);
		return;
	}
	for (; list != NULL; list = list->ai_next)
		if (list->ai_family == AF_INET || list->ai_family == AF_INET6)
			add_addr(d, list->ai_addr, list->ai_addrlen);
	interleave(d);
	start_next(d);
}

static bool
resolve(struct dial *d, const struct atls_addr *a)
{
	char host[sizeof(a->host) + 1];

	/* A NUL inside would make it another name. */
	if (memchr(a->host, 0, a->len) != NULL) {
		set_error(d, "malformed name");
		loop_defer(d->loop, &d->task);
		return (true);
	}
	memcpy(host, a->host, a->len);
	host[a->len] = '\0';
	d->lookup = loop_lookup_new(d->loop, host, SOCK_STREAM, on_lookup, d);
	return (d->lookup != NULL);
}

struct dial *
dial_new(struct loop *l, const struct atls_addr *a, uint32_t timeout_ms,
    bool (*allowed)(const struct sockaddr *sa),
    void (*fn)(void *arg, int fd, const char *err), void *arg)
{
	struct dial *d = calloc(1, sizeof(*d));
	struct sockaddr_storage ss;
	socklen_t len;

	if (d == NULL)
		return (NULL);
	d->loop = l;
	d->task = (struct loop_task){ .fn = finish_task, .arg = d };
	d->deadline_ms = loop_now(l) + timeout_ms;
	d->allowed = allowed;
	d->fn = fn;
	d->arg = arg;
	d->port = a->port;
	if ((d->timer = loop_timer_new(l, on_timer, d)) == NULL)
		goto fail;
	loop_timer_set(d->timer, d->deadline_ms);
	if (a->type == ATLS_ADDR_NAME) {
		if (!resolve(d, a))
			goto fail;
		return (d);
	}
	len = dial_sockaddr(a, &ss);
	add_addr(d, (const struct sockaddr *)&ss, len);
	start_next(d);
	return (d);

fail:
	dial_cancel(d);
	return (NULL);
}

socklen_t
dial_sockaddr(const struct atls_addr *a, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *v4 = (struct sockaddr_in *)ss;

	memset(ss, 0, sizeof(*ss));
	if (a->type == ATLS_ADDR_IPV4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(a->port);
		memcpy(&v4->sin_addr, a->host, 4);
		return (sizeof(*v4));
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(a->port);
	memcpy(&v6->sin6_addr, a->host, 16);
	return (sizeof(*v6));
}

void
dial_addr(const struct sockaddr *sa, struct atls_addr *a)
{
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;
	const uint8_t *ip;

	memset(a, 0, sizeof(*a));
	if (sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof(v4));
		a->type = ATLS_ADDR_IPV4;
		a->len = 4;
		a->port = ntohs(v4.sin_port);
		memcpy(a->host, &v4.sin_addr, 4);
		return;
	}
	memcpy(&v6, sa, sizeof(v6));
	ip = v6.sin6_addr.s6_addr;
	a->port = ntohs(v6.sin6_port);
	a->type = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) ? ATLS_ADDR_IPV4
						      : ATLS_ADDR_IPV6;
	a->len = a->type == ATLS_ADDR_IPV4 ? 4 : 16;
	memcpy(a->host, a->len == 4 ? ip + 12 : ip, a->len);
}
