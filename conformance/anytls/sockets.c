/* Plain sockets of the suite. */
#include "conformance/anytls/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include "conformance/anytls/peer.h"

#define BIND_TRIES 1000

socklen_t
socket_address(const char *host, uint16_t port, struct sockaddr_storage *ss)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET, host, &in.sin_addr) == 1) {
		in.sin_port = htons(port);
		memcpy(ss, &in, sizeof(in));
		return (sizeof(in));
	}
	if (inet_pton(AF_INET6, host, &in6.sin6_addr) == 1) {
		in6.sin6_port = htons(port);
		memcpy(ss, &in6, sizeof(in6));
		return (sizeof(in6));
	}
	return (0);
}

struct closer {
	int fd;
};

static void
close_fd(void *arg)
{
	struct closer *c = arg;

	close(c->fd);
}

void
socket_closes(struct t *t, int fd)
{
	struct closer *c = t_alloc(t, sizeof(*c));

	c->fd = fd;
	t_cleanup(t, close_fd, c);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		t_error(t, "fcntl: %s", strerror(errno));
}

/* Binds FD to a port of HOST that no case has had. 0, or an errno. */
static int
bind_new(struct t *t, int fd, const char *host, uint16_t *port)
{
	struct sockaddr_storage ss;
	socklen_t len;
	unsigned i;

	for (i = 0; i < BIND_TRIES; i++) {
		*port = t_port(t);
		len = socket_address(host, *port, &ss);
		if (bind(fd, (struct sockaddr *)&ss, len) == 0)
			return (0);
		if (errno != EADDRINUSE && errno != EACCES)
			return (errno);
	}
	return (errno);
}

int
socket_bound(struct t *t, const char *host, int type, uint16_t *port)
{
	struct sockaddr_storage ss;
	int fd, err;

	if (socket_address(host, 0, &ss) == 0)
		t_error(t, "the origin's address is not numeric: %s", host);
	if ((fd = socket(ss.ss_family, type, 0)) < 0) {
		if (errno == EAFNOSUPPORT)
			return (-1);
		t_error(t, "socket: %s", strerror(errno));
	}
	socket_closes(t, fd);
	err = bind_new(t, fd, host, port);
	if (err == EADDRNOTAVAIL)
		return (-1);
	if (err != 0)
		t_error(t, "bind to %s: %s", host, strerror(err));
	return (fd);
}

int
socket_beside(struct t *t, int type, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t len = socket_address("::1", port, &ss);
	int fd = socket(AF_INET6, type, 0);

	if (fd < 0)
		return (-1);
	socket_closes(t, fd);
	return (bind(fd, (struct sockaddr *)&ss, len) < 0 ? -1 : fd);
}

short
socket_wait(struct t *t, int fd, short events, uint64_t deadline)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int n;

	do {
		n = poll(&pfd, 1, peer_left(deadline));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		t_error(t, "poll: %s", strerror(errno));
	return (n == 0 ? 0 : pfd.revents);
}
