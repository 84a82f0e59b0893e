/* Listening TCP sockets, and accepting from them on a loop. */
#include "ref/net/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/net/dial.h"

#define FILES_MAX 2000000U /* of descriptors, for counting with */
#define PAUSE_MS 100
#define TELL_MS 10000 /* between lines of the log about it */
/* Connections taken per turn, so that the others get theirs. */
#define PER_TURN 64

struct listener {
	struct loop *loop;
	struct loop_io *io;
	struct loop_timer *timer;
	int fd;
	void (*fn)(void *arg, int fd);
	void *arg;
	const struct log *log;
	uint64_t tell_ms; /* when the next line may be written */
	bool freed;       /* by FN, while accepting */
	bool busy;
};

uint32_t
listen_raise_limit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) != 0)
		return (0);
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
	if (getrlimit(RLIMIT_NOFILE, &rl) != 0 || rl.rlim_cur > FILES_MAX)
		return (FILES_MAX);
	return ((uint32_t)rl.rlim_cur);
}

/* Cuts HOSTPORT at its last colon. Brackets around the host go away. */
static bool
split(const char *hostport, char host[256], const char **port)
{
	const char *colon = strrchr(hostport, ':');
	size_t len;

	if (colon == NULL || colon[1] == '\0')
		return (false);
	len = (size_t)(colon - hostport);
	if (len >= 2 && hostport[0] == '[' && hostport[len - 1] == ']') {
		hostport++;
		len -= 2;
	}
	if (len >= 256)
		return (false);
	memcpy(host, hostport, len);
	host[len] = '\0';
	*port = colon + 1;
	return (strspn(*port, "0123456789") == strlen(*port) &&
	    strlen(*port) <= 5 && atoi(*port) <= 65535);
}

static int
open_one(const struct addrinfo *ai, enum listen_mode mode, bool any)
{
	int fd, on = 1, v6only = !any;

	fd = socket(
	    ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return (-1);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	dial_set_options(fd); /* accepted sockets inherit them */
	if (mode == LISTEN_SHARED)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    (mode == LISTEN_RESERVE || listen(fd, SOMAXCONN) == 0))
		return (fd);
	on = errno;
	close(fd);
	errno = on;
	return (-1);
}

int
listen_open(const char *hostport, enum listen_mode mode,
    struct atls_addr *bound, char err[LISTEN_ERRLEN])
{
	struct addrinfo hints, *list = NULL, *ai;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char host[256];
	const char *port;
	int fd = -1, gai, family;

	if (!split(hostport, host, &port)) {
		snprintf(
		    err, LISTEN_ERRLEN, "%.80s is not \"host:port\"", hostport);
		return (ATLS_E_SYNTAX);
	}
	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
	gai = getaddrinfo(host[0] ? host : NULL, port, &hints, &list);
	if (gai != 0) {
		snprintf(err, LISTEN_ERRLEN, "cannot listen on %.80s: %s",
		    hostport, gai_strerror(gai));
		return (ATLS_E_IO);
	}
	/* Without a host, one IPv6 socket serves both families. */
	for (family = AF_INET6; fd < 0 && family != AF_UNSPEC;
	     family = family == AF_INET6 ? AF_INET : AF_UNSPEC)
		for (ai = list; fd < 0 && ai != NULL; ai = ai->ai_next)
			if (ai->ai_family == family)
				fd = open_one(ai, mode, !host[0]);
	freeaddrinfo(list);
	if (fd < 0) {
		snprintf(err, LISTEN_ERRLEN, "cannot listen on %.80s: %s",
		    hostport, strerror(errno));
		return (ATLS_E_IO);
	}
	if (getsockname(fd, (struct sockaddr *)&ss, &len) < 0) {
		snprintf(
		    err, LISTEN_ERRLEN, "getsockname: %s", strerror(errno));
		close(fd);
		return (ATLS_E_IO);
	}
	dial_addr((const struct sockaddr *)&ss, bound);
	return (fd);
}

static void
destroy(struct listener *s)
{
	loop_io_free(s->io);
	loop_timer_free(s->timer);
	close(s->fd);
	free(s);
}

/* Says whether accept()'s error is about one connection, not about us. */
static bool
passing(int e)
{
	return (e == ECONNABORTED || e == EINTR || e == EPROTO ||
	    e == ENETDOWN || e == EHOSTDOWN || e == EHOSTUNREACH ||
	    e == ENETUNREACH || e == EPERM);
}

static void
pause_accept(struct listener *s, int e)
{
	uint64_t now = loop_now(s->loop);

	if (now >= s->tell_ms) {
		s->tell_ms = now + TELL_MS;
		log_write(s->log, LOGL_ERROR,
		    "new connections have to wait: %s", strerror(e));
	}
	loop_io_want(s->io, 0);
	loop_timer_set(s->timer, now + PAUSE_MS);
}

static void
on_timer(void *arg)
{
	struct listener *s = arg;

	loop_io_want(s->io, LOOP_READ);
}

static void
on_readable(void *arg, unsigned events)
{
	struct listener *s = arg;
	int fd, i;

	(void)events;
	s->busy = true;
	for (i = 0; i < PER_TURN && !s->freed; i++) {
		fd = accept(s->fd, NULL, NULL);
		if (fd < 0 && passing(errno))
			continue;
		if (fd < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
			pause_accept(s, errno);
		if (fd < 0)
			break;
		fcntl(fd, F_SETFL, O_NONBLOCK);
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		s->fn(s->arg, fd);
	}
	s->busy = false;
	if (s->freed)
		destroy(s);
}

void
listen_set_log(struct listener *s, const struct log *log)
{
	s->log = log;
}

struct listener *
listen_new(
    struct loop *l, int take_fd, void (*fn)(void *arg, int fd), void *arg)
{
	struct listener *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		close(take_fd);
		return (NULL);
	}
	s->loop = l;
	s->fd = take_fd;
	s->fn = fn;
	s->arg = arg;
	s->io = loop_io_new(l, take_fd, on_readable, s);
	s->timer = loop_timer_new(l, on_timer, s);
	if (s->io == NULL || s->timer == NULL) {
		destroy(s);
		return (NULL);
	}
	loop_io_want(s->io, LOOP_READ);
	return (s);
}

void
listen_free(struct listener *s)
{
	if (s == NULL)
		return;
	if (s->busy)
		s->freed = true;
	else
		destroy(s);
}
