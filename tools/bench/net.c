/* Sockets of the load generator. */
#include "tools/bench/net.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/wire/addr.h"

int
net_dial(const uint8_t ip[4], uint16_t port)
{
	struct sockaddr_in a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int one = 1;

	if (fd < 0)
		return (-1);
	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_port = htons(port);
	memcpy(&a.sin_addr, ip, 4);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0 &&
	    errno != EINPROGRESS) {
		close(fd);
		return (-1);
	}
	return (fd);
}

bool
net_loopback(const char *text, uint8_t ip[4], uint16_t *port)
{
	struct atls_addr a;

	if (atls_addr_parse_hostport(text, &a) != 0 ||
	    a.type != ATLS_ADDR_IPV4 || a.host[0] != 127)
		return (false);
	memcpy(ip, a.host, 4);
	*port = a.port;
	return (true);
}

bool
net_later(ssize_t n)
{
	return (n < 0 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}
