/* Where the target is told to connect: SOCKS addresses as data. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "conformance/anytls/origin.h"
#include "conformance/anytls/sockets.h"
#include "conformance/anytls/verbs.h"

#define BLACKHOLE_TRIES 16
#define BLACKHOLE_MS 150

struct atls_addr
addr_of(const char *host, uint16_t port)
{
	struct atls_addr a;

	memset(&a, 0, sizeof(a));
	if (atls_addr_parse(host, port, &a) != 0) {
		/* No case has a host of 256 bytes; an empty name it is. */
		a.type = ATLS_ADDR_NAME;
		a.port = port;
	}
	return (a);
}

static struct data
encode_addr(struct t *t, const struct atls_addr *a)
{
	uint8_t *buf = t_alloc(t, ATLS_ADDR_MAX);
	struct atls_writer w = atls_writer(buf, ATLS_ADDR_MAX);

	atls_addr_put(&w, a);
	return (bytes(buf, w.len));
}

static struct data
dest_host(struct t *t, const char *host, uint16_t port)
{
	struct atls_addr a = addr_of(host, port);

	return (encode_addr(t, &a));
}

struct data
dest(struct t *t, const struct origin *o)
{
	return (dest_host(t, o->host, o->port));
}

struct data
dest_echo(struct t *t)
{
	return (dest_host(t, t->origin_host, t->echo_port));
}

struct data
dest_port(struct t *t, uint16_t port)
{
	return (dest_host(t, t->origin_host, port));
}

struct data
dest_name(struct t *t, const char *name, uint16_t port)
{
	size_t len = strlen(name);
	struct atls_addr a;

	/* As a name even where it looks like an address. */
	if (len > 255)
		t_error(t, "the case uses a name of %zu bytes", len);
	memset(&a, 0, sizeof(a));
	a.type = ATLS_ADDR_NAME;
	a.port = port;
	a.len = (uint8_t)len;
	memcpy(a.host, name, len);
	return (encode_addr(t, &a));
}

struct data
dest_refused(struct t *t)
{
	uint16_t port;

	/* Bound, so that nobody else gets it, and not listening. */
	if (socket_bound(t, t->origin_bind, SOCK_STREAM, &port) < 0)
		t_error(t, "cannot bind to %s: %s", t->origin_bind,
		    strerror(errno));
	return (dest_port(t, port));
}

/* Connects to PORT of our own. True when that hangs. */
static bool
hangs(struct t *t, uint16_t port)
{
	struct sockaddr_storage ss;
	const char *host = t->origin_bind;
	socklen_t len;
	int fd;

	if (strcmp(host, "0.0.0.0") == 0)
		host = "127.0.0.1";
	if (strcmp(host, "::") == 0)
		host = "::1";
	len = socket_address(host, port, &ss);
	if ((fd = socket(ss.ss_family, SOCK_STREAM, 0)) < 0)
		t_error(t, "socket: %s", strerror(errno));
	socket_closes(t, fd);
	if (connect(fd, (struct sockaddr *)&ss, len) == 0)
		return (false);
	if (errno != EINPROGRESS)
		t_skip(t, "origin", "no port can be made to hang here: %s",
		    strerror(errno));
	return (socket_wait(t, fd, POLLOUT, t_deadline(t, BLACKHOLE_MS)) == 0);
}

struct data
dest_blackhole(struct t *t)
{
	uint16_t port;
	int fd = socket_bound(t, t->origin_bind, SOCK_STREAM, &port), i;

	if (fd < 0 || listen(fd, 0) < 0)
		t_error(t, "cannot listen on %s: %s", t->origin_bind,
		    strerror(errno));
	/* When the queue of those not accepted is full, SYNs are dropped. */
	for (i = 0; i < BLACKHOLE_TRIES; i++)
		if (hangs(t, port))
			return (dest_port(t, port));
	t_skip(t, "origin", "no port can be made to hang here");
}

struct data
dest_udp_magic(struct t *t, uint16_t port)
{
	return (dest_name(t, ATLS_UOT_MAGIC, port));
}

struct data
dest_udp_magic_v1(struct t *t)
{
	return (dest_name(t, ATLS_UOT_MAGIC_V1, 0));
}
