/* The listener that servers under test dial to. */
#include "tools/bench/target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/net/loop.h"
#include "ref/wire/bytes.h"

#define BUFFER PATTERN_PIECE

struct dialed {
	struct target *t;
	struct dialed *next, *prev;
	struct loop_io *io;
	int fd;
	uint8_t head[TARGET_HEAD];
	size_t nhead;
	uint32_t seed;
	uint64_t at;     /* position in the pattern */
	uint8_t *echo;   /* bytes the socket did not take; NULL: none */
	size_t echo_len; /* of them */
};

struct target {
	const struct pattern *pattern;
	struct target_counts counts;
	struct loop *loop;
	struct loop_io *io;
	int fd;
	uint16_t port;
	uint32_t unsent_max; /* of a source; 0: any */
	pthread_t thread;
	struct dialed *all;
	uint8_t buf[BUFFER];
};

static void
hang_up(struct dialed *d)
{
	struct target *t = d->t;

	if (d->prev != NULL)
		d->prev->next = d->next;
	else
		t->all = d->next;
	if (d->next != NULL)
		d->next->prev = d->prev;
	loop_io_free(d->io);
	close(d->fd);
	free(d->echo);
	free(d);
	atomic_fetch_sub(&t->counts.open, 1);
}

static void
count_wrong(struct dialed *d)
{
	atomic_fetch_add(&d->t->counts.wrong, 1);
	hang_up(d);
}

/* True when the socket is merely full or empty. */
static bool
is_later(ssize_t n)
{
	return (n < 0 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

static void
source(struct dialed *d)
{
	ssize_t n = send(d->fd, pattern_at(d->t->pattern, d->seed, d->at),
	    BUFFER, MSG_NOSIGNAL);

	if (n > 0)
		d->at += (uint64_t)n;
	else if (!is_later(n))
		hang_up(d);
}

static void
sink(struct dialed *d, const uint8_t *p, size_t n)
{
	if (!pattern_same(d->t->pattern, d->seed, d->at, p, n)) {
		count_wrong(d);
		return;
	}
	d->at += n;
	atomic_fetch_add(&d->t->counts.taken, n);
}

/* Sends N bytes back; what the socket does not take waits, and nothing is read
 * meanwhile. */
static void
echo(struct dialed *d, const uint8_t *p, size_t n)
{
	ssize_t sent = send(d->fd, p, n, MSG_NOSIGNAL);
	uint8_t *rest;

	if (sent < 0 && !is_later(sent)) {
		hang_up(d);
		return;
	}
	if (sent < 0)
		sent = 0;
	if ((size_t)sent == n) {
		free(d->echo);
		d->echo = NULL;
		loop_io_want(d->io, LOOP_READ);
		return;
	}
	n -= (size_t)sent;
	rest = malloc(n);
	if (rest == NULL) {
		hang_up(d);
		return;
	}
	memcpy(rest, p + sent, n);
	free(d->echo);
	d->echo = rest;
	d->echo_len = n;
	loop_io_want(d->io, LOOP_WRITE);
}

static void
take(struct dialed *d, const uint8_t *p, size_t n)
{
	size_t want = TARGET_HEAD - d->nhead;

	if (want > 0) {
		want = want < n ? want : n;
		memcpy(d->head + d->nhead, p, want);
		d->nhead += want;
		p += want;
		n -= want;
		if (d->nhead < TARGET_HEAD)
			return;
		d->seed = atls_get32(d->head + 1);
		if (d->head[0] == TARGET_SOURCE)
			loop_io_want(d->io, LOOP_READ | LOOP_WRITE);
		if (d->head[0] == TARGET_STALL)
			loop_io_want(d->io, 0);
	}
	if (n == 0)
		return;
	if (d->head[0] == TARGET_SINK)
		sink(d, p, n);
	else if (d->head[0] == TARGET_ECHO)
		echo(d, p, n);
	else if (d->head[0] != TARGET_STALL)
		count_wrong(d);
}

static void
on_dialed(void *arg, unsigned events)
{
	struct dialed *d = arg;
	ssize_t n;

	if ((events & LOOP_READ) != 0) {
		n = recv(d->fd, d->t->buf, BUFFER, 0);
		if (n > 0)
			take(d, d->t->buf, (size_t)n);
		else if (!is_later(n))
			hang_up(d);
		return;
	}
	if ((events & LOOP_WRITE) == 0)
		return;
	if (d->echo != NULL)
		echo(d, d->echo, d->echo_len);
	else
		source(d);
}

static void
on_accept(void *arg, unsigned events)
{
	struct target *t = arg;
	struct dialed *d;
	int fd, one = 1;

	(void)events;
	while ((fd = accept(t->fd, NULL, NULL)) >= 0) {
		d = calloc(1, sizeof(*d));
		fcntl(fd, F_SETFL, O_NONBLOCK);
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (t->unsent_max != 0)
			setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT,
			    &t->unsent_max, sizeof(t->unsent_max));
		if (d == NULL ||
		    (d->io = loop_io_new(t->loop, fd, on_dialed, d)) == NULL) {
			free(d);
			close(fd);
			continue;
		}
		d->t = t;
		d->fd = fd;
		d->next = t->all;
		if (d->next != NULL)
			d->next->prev = d;
		t->all = d;
		atomic_fetch_add(&t->counts.open, 1);
		loop_io_want(d->io, LOOP_READ);
	}
}

static void
on_wake(void *arg)
{
	struct target *t = arg;

	loop_stop(t->loop);
}

static void *
serve(void *arg)
{
	struct target *t = arg;

	loop_run(t->loop);
	while (t->all != NULL)
		hang_up(t->all);
	return (NULL);
}

static int
open_listener(struct target *t)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	int one = 1;

	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_port = htons(t->port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	t->fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(t->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (t->fd < 0 || bind(t->fd, (struct sockaddr *)&a, len) != 0 ||
	    listen(t->fd, 4096) != 0 ||
	    getsockname(t->fd, (struct sockaddr *)&a, &len) != 0)
		return (-1);
	fcntl(t->fd, F_SETFL, O_NONBLOCK);
	t->port = ntohs(a.sin_port);
	return (0);
}

struct target *
target_new(const struct pattern *pattern, uint16_t port, uint32_t unsent_max)
{
	struct target *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return (NULL);
	t->fd = -1;
	t->port = port;
	t->unsent_max = unsent_max;
	t->pattern = pattern;
	t->loop = loop_new();
	if (t->loop == NULL || open_listener(t) != 0 ||
	    (t->io = loop_io_new(t->loop, t->fd, on_accept, t)) == NULL)
		goto fail;
	loop_io_want(t->io, LOOP_READ);
	loop_on_wake(t->loop, on_wake, t);
	if (pthread_create(&t->thread, NULL, serve, t) != 0)
		goto fail;
	return (t);

fail:
	loop_io_free(t->io);
	loop_free(t->loop);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
	return (NULL);
}

uint16_t
target_port(const struct target *t)
{
	return (t->port);
}

const struct target_counts *
target_counts(const struct target *t)
{
	return (&t->counts);
}

void
target_free(struct target *t)
{
	if (t == NULL)
		return;
	loop_wake(t->loop);
	pthread_join(t->thread, NULL);
	loop_io_free(t->io);
	loop_free(t->loop);
	close(t->fd);
	free(t);
}
