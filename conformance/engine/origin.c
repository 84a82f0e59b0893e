/* A TCP echo on poll(). */
#include "conformance/engine/origin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/engine/process.h"
#include "conformance/engine/reach.h"

#define MAX_CONNS 1000
#define RING 65536

struct conn {
	int fd;
	size_t from, len; /* what waits in the ring */
	bool eof;         /* nothing more to read */
	char *ring;
};

struct echo {
	int listen_fd, alive_fd;
	struct conn conns[MAX_CONNS];
	struct pollfd polls[MAX_CONNS + 2];
	size_t n;
};

static void
drop_conn(struct echo *e, size_t i)
{
	close(e->conns[i].fd);
	free(e->conns[i].ring);
	e->conns[i] = e->conns[--e->n];
}

static void
accept_conn(struct echo *e)
{
	struct conn *c = &e->conns[e->n];
	int fd = accept(e->listen_fd, NULL, NULL);

	if (fd < 0)
		return;
	memset(c, 0, sizeof(*c));
	c->ring = malloc(RING);
	if (c->ring == NULL) {
		close(fd);
		return;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	c->fd = fd;
	e->n++;
}

static bool
would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* False when the connection is broken. */
static bool
fill(struct conn *c)
{
	size_t at = (c->from + c->len) % RING;
	size_t room = at < c->from ? c->from - at : RING - at;
	ssize_t n;

	if (c->len == RING || c->eof)
		return true;
	n = recv(c->fd, c->ring + at, room, 0);
	if (n < 0)
		return would_block();
	if (n == 0)
		c->eof = true;
	c->len += (size_t)n;
	return true;
}

/* False when the connection is broken, or done. */
static bool
drain(struct conn *c)
{
	size_t part;
	ssize_t n;

	while (c->len != 0) {
		part = c->from + c->len > RING ? RING - c->from : c->len;
		n = send(c->fd, c->ring + c->from, part, MSG_NOSIGNAL);
		if (n < 0)
			return would_block();
		c->from = (c->from + (size_t)n) % RING;
		c->len -= (size_t)n;
	}
	return !c->eof;
}

static void
wait_for_work(struct echo *e)
{
	size_t i;

	e->polls[0] = (struct pollfd){ e->alive_fd, POLLIN, 0 };
	e->polls[1] =
	    (struct pollfd){ e->n < MAX_CONNS ? e->listen_fd : -1, POLLIN, 0 };
	for (i = 0; i < e->n; i++) {
		struct conn *c = &e->conns[i];
		int events = (c->len != 0 ? POLLOUT : 0) |
		    (c->len < RING && !c->eof ? POLLIN : 0);

		e->polls[i + 2] = (struct pollfd){ c->fd, (short)events, 0 };
	}
	if (poll(e->polls, (nfds_t)e->n + 2, -1) < 0)
		for (i = 0; i < e->n + 2; i++)
			e->polls[i].revents = 0;
}

_Noreturn static void
serve(struct echo *e)
{
	size_t i;

	for (;;) {
		wait_for_work(e);
		if (e->polls[0].revents != 0)
			_exit(0);
		/* Downwards: a dropped one is replaced by the last, which has
		 * had its turn. */
		for (i = e->n; i-- > 0;) {
			if (e->polls[i + 2].revents == 0)
				continue;
			if (!fill(&e->conns[i]) || !drain(&e->conns[i]))
				drop_conn(e, i);
		}
		if (e->polls[1].revents != 0)
			accept_conn(e);
	}
}

static int
fork_server(struct origin_server *o, int listen_fd, int alive[2])
{
	struct echo *e;

	fflush(NULL);
	o->pid = fork();
	if (o->pid != 0)
		return o->pid < 0 ? -errno : 0;
	process_become_child(true);
	close(alive[1]);
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		_exit(1);
	e->listen_fd = listen_fd;
	e->alive_fd = alive[0];
	serve(e);
}

int
origin_server_start(
    struct origin_server *o, const char *bind_to, struct complaint *c)
{
	int alive[2], fd, rc;

	memset(o, 0, sizeof(*o));
	fd = reach_listen(bind_to, &o->port);
	if (fd < 0)
		return complain(c, process_lacks(-fd) ? EXIT_SUITE : EXIT_USAGE,
		    "cannot listen on --origin-bind %s: %s", bind_to,
		    strerror(-fd));
	if (process_pipe(alive) < 0) {
		close(fd);
		return complain(c, EXIT_SUITE, "pipe: %s", strerror(errno));
	}
	rc = fork_server(o, fd, alive);
	close(fd);
	close(alive[0]);
	o->alive_fd = alive[1];
	if (rc < 0) {
		close(alive[1]);
		return complain(c, EXIT_SUITE, "fork: %s", strerror(-rc));
	}
	return 0;
}

void
origin_server_stop(struct origin_server *o)
{
	if (o->pid <= 0)
		return;
	close(o->alive_fd);
	kill(o->pid, SIGKILL);
	waitpid(o->pid, NULL, 0);
	o->pid = 0;
}
