/* The engine's sockets. */
#include "conformance/engine/reach.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/engine/test.h"

/* Below 32768, where Linux begins to hand out ports, and above the services. */
#define PORTS_FROM 10240
#define PORTS 22000
#define PORTS_EACH 67

/* HOST into ADDR; 0 or an EAI_ code. */
static int
look_up(const char *host, uint16_t port, int flags,
    struct sockaddr_storage *addr, socklen_t *len)
{
	struct addrinfo hints, *found;
	char service[8];
	int rc;

	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = flags | AI_NUMERICSERV;
	snprintf(service, sizeof(service), "%u", (unsigned)port);
	rc = getaddrinfo(host, service, &hints, &found);
	if (rc != 0)
		return rc;
	memcpy(addr, found->ai_addr, found->ai_addrlen);
	*len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

int
reach_resolve(const char *host_port, char host[REACH_HOST], uint16_t *port,
    struct complaint *c)
{
	const char *colon = strrchr(host_port, ':');
	struct sockaddr_storage addr;
	size_t len;
	char name[256], *end;
	socklen_t addr_len;
	long n;
	int rc;

	if (colon == NULL)
		return complain(c, EXIT_USAGE,
		    "'%s' has no port; a target is HOST:PORT", host_port);
	len = (size_t)(colon - host_port);
	n = strtol(colon + 1, &end, 10);
	if (len == 0 || len >= sizeof(name) || n < 1 || n > 65535 ||
	    *end != '\0')
		return complain(
		    c, EXIT_USAGE, "'%s' is not HOST:PORT", host_port);
	if (host_port[0] == '[' && host_port[len - 1] == ']')
		snprintf(
		    name, sizeof(name), "%.*s", (int)len - 2, host_port + 1);
	else
		snprintf(name, sizeof(name), "%.*s", (int)len, host_port);
	*port = (uint16_t)n;
	rc = look_up(name, *port, 0, &addr, &addr_len);
	if (rc != 0)
		return complain(c,
		    rc == EAI_MEMORY ? EXIT_SUITE : EXIT_UNUSABLE,
		    "cannot resolve '%s': %s", name, gai_strerror(rc));
	getnameinfo((struct sockaddr *)&addr, addr_len, host, REACH_HOST, NULL,
	    0, NI_NUMERICHOST);
	return 0;
}

/* A numeric host may be no address, or memory may lack. */
static int
lookup_errno(int rc)
{
	return rc == EAI_MEMORY ? ENOMEM : EINVAL;
}

static int
new_socket(int family)
{
	int fd = socket(family, SOCK_STREAM, 0);

	if (fd < 0)
		return -errno;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* Waits for a connect in progress; 0 or an errno. */
static int
finish_connect(int fd, uint32_t ms)
{
	struct pollfd p = { fd, POLLOUT, 0 };
	uint64_t deadline = t_now() + ms, now;
	int error = 0, rc;
	socklen_t len = sizeof(error);

	do {
		now = t_now();
		rc = poll(&p, 1, now < deadline ? (int)(deadline - now) : 0);
	} while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return errno;
	if (rc == 0)
		return ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return errno;
	return error;
}

int
reach_connect(const char *host, uint16_t port, uint32_t ms)
{
	struct sockaddr_storage addr;
	socklen_t len;
	int fd, error = look_up(host, port, AI_NUMERICHOST, &addr, &len);

	if (error != 0)
		return -lookup_errno(error);
	fd = new_socket(addr.ss_family);
	if (fd < 0)
		return fd;
	if (connect(fd, (struct sockaddr *)&addr, len) < 0)
		error = errno == EINPROGRESS ? finish_connect(fd, ms) : errno;
	if (error == 0)
		return fd;
	close(fd);
	return -error;
}

int
reach_listen(const char *host, uint16_t *port)
{
	struct sockaddr_storage addr;
	int fd, error, one = 1;
	char service[8];
	socklen_t len;

	error = look_up(host, *port, AI_NUMERICHOST | AI_PASSIVE, &addr, &len);
	if (error != 0)
		return -lookup_errno(error);
	fd = new_socket(addr.ss_family);
	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&addr, len) == 0 &&
	    listen(fd, SOMAXCONN) == 0 &&
	    getsockname(fd, (struct sockaddr *)&addr, &len) == 0 &&
	    getnameinfo((struct sockaddr *)&addr, len, NULL, 0, service,
		sizeof(service), NI_NUMERICSERV) == 0) {
		*port = (uint16_t)atoi(service);
		return fd;
	}
	error = errno;
	close(fd);
	return -error;
}

/* A socket of TYPE bound to PORT of 127.0.0.1, or -1. It does not listen: who
 * waits for the port's process must not meet us instead. */
static int
bind_port(int type, uint16_t port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	int fd = socket(AF_INET, type, 0);

	if (fd < 0)
		return -1;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	close(fd);
	return -1;
}

uint16_t
reach_free_port(uint32_t salt, int *hold)
{
	uint32_t at = salt % PORTS * PORTS_EACH, i;
	uint16_t port;
	int fd;

	for (i = 0; i < 1000; i++) {
		port = (uint16_t)(PORTS_FROM + (at + i) % PORTS);
		/* The same number of UDP is in nobody's way. */
		*hold = bind_port(SOCK_DGRAM, port);
		if (*hold < 0)
			continue;
		fd = bind_port(SOCK_STREAM, port);
		if (fd >= 0) {
			close(fd);
			return port;
		}
		close(*hold);
	}
	*hold = -1;
	return 0;
}

void
reach_local_address(const char *host, char local[REACH_HOST])
{
	struct sockaddr_storage addr;
	socklen_t len;
	int fd = -1;

	snprintf(local, REACH_HOST, "127.0.0.1");
	if (look_up(host, 9, AI_NUMERICHOST, &addr, &len) != 0)
		return;
	fd = socket(addr.ss_family, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	if (connect(fd, (struct sockaddr *)&addr, len) == 0 &&
	    getsockname(fd, (struct sockaddr *)&addr, &len) == 0)
		getnameinfo((struct sockaddr *)&addr, len, local, REACH_HOST,
		    NULL, 0, NI_NUMERICHOST);
	close(fd);
}
