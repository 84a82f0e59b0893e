/* Our side of the target's datagrams, on the ports of the recording. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/anytls/replay_impl.h"

#define LARGEST 65536

/* FD is -1 where the port cannot be had. */
struct replay_socket {
	struct endpoint at;
	int fd;
};

static struct replay_socket *
find_socket(const struct replay *r, const struct endpoint *at)
{
	size_t i;

	for (i = 0; i < r->nsockets; i++)
		if (memcmp(&r->sockets[i].at, at, sizeof(*at)) == 0)
			return (&r->sockets[i]);
	return (NULL);
}

static socklen_t
to_sockaddr(const struct endpoint *e, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	if (e->v6) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(e->port);
		memcpy(&v6->sin6_addr, e->ip, 16);
		return (sizeof(*v6));
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons(e->port);
	memcpy(&v4->sin_addr, e->ip + 12, 4);
	return (sizeof(*v4));
}

static void
open_socket(struct replay *r, const struct endpoint *at)
{
	struct sockaddr_storage name;
	socklen_t len = to_sockaddr(at, &name);
	char text[PACKET_ENDPOINT];
	struct replay_socket *s;

	s = realloc(r->sockets, (r->nsockets + 1) * sizeof(*s));
	if (s == NULL) {
		r->nomem = true;
		return;
	}
	r->sockets = s;
	s = &r->sockets[r->nsockets++];
	s->at = *at;
	s->fd = socket(name.ss_family, SOCK_DGRAM, 0);
	if (s->fd >= 0 && bind(s->fd, (struct sockaddr *)&name, len) == 0) {
		fcntl(s->fd, F_SETFL, O_NONBLOCK);
		return;
	}
	fprintf(r->out,
	    "note      not reproduced: datagrams of %s, which cannot be bound: "
	    "%s\n",
	    packet_endpoint_text(at, text), strerror(errno));
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void
udp_open(struct replay *r)
{
	const struct replay_conn *conn;

	for (conn = r->rec.conns; conn != NULL; conn = conn->next)
		if (conn->udp && find_socket(r, &conn->server) == NULL)
			open_socket(r, &conn->server);
}

void
udp_close(struct replay *r)
{
	size_t i;

	for (i = 0; i < r->nsockets; i++)
		if (r->sockets[i].fd >= 0)
			close(r->sockets[i].fd);
	free(r->sockets);
	r->sockets = NULL;
	r->nsockets = 0;
}

size_t
udp_poll(const struct replay *r, struct pollfd *p, size_t max)
{
	size_t i, n = 0;

	for (i = 0; i < r->nsockets && n < max; i++)
		if (r->sockets[i].fd >= 0)
			p[n++] = (struct pollfd){ r->sockets[i].fd, POLLIN, 0 };
	return (n);
}

/* Any of the target's that came from the same socket then, and has come. */
static const struct replay_conn *
called(const struct replay *r, const struct replay_conn *conn)
{
	const struct replay_conn *other;

	for (other = r->rec.conns; other != NULL; other = other->next)
		if (other->udp && other->opened &&
		    memcmp(&other->client, &conn->client,
			sizeof(conn->client)) == 0)
			return (other);
	return (NULL);
}

static bool
is_caller(const struct replay_conn *conn, const struct sockaddr_storage *from,
    socklen_t len)
{
	return (
	    conn->caller_len == len && memcmp(&conn->caller, from, len) == 0);
}

/* Whose datagram FROM sends to S: one of the socket that was seen before, or of
 * the next that has not been seen. */
static struct replay_conn *
conn_of(struct replay *r, const struct replay_socket *s,
    const struct sockaddr_storage *from, socklen_t len)
{
	const struct replay_conn *first;
	struct replay_conn *conn, *next = NULL;

	for (conn = r->rec.conns; conn != NULL; conn = conn->next) {
		if (!conn->udp || conn->datagrams_then == 0 ||
		    memcmp(&conn->server, &s->at, sizeof(s->at)) != 0)
			continue;
		first = called(r, conn);
		if (first != NULL && is_caller(first, from, len))
			return (conn);
		if (first == NULL && next == NULL)
			next = conn;
	}
	return (next);
}

static void
take(struct replay *r, const struct replay_socket *s, const uint8_t *p,
    size_t n, const struct sockaddr_storage *from, socklen_t len)
{
	struct replay_conn *conn = conn_of(r, s, from, len);
	char text[PACKET_ENDPOINT];

	if (conn == NULL) {
		fprintf(r->out,
		    "differs   the target writes to %s from one socket more "
		    "than then\n",
		    packet_endpoint_text(&s->at, text));
		r->differences++;
		return;
	}
	conn->opened = true;
	conn->caller = *from;
	conn->caller_len = len;
	conn->bytes_now += n;
	conn->sum_now = replay_sum(conn->sum_now, p, n);
	conn->datagrams_now++;
}

void
udp_work(struct replay *r)
{
	static const size_t size = LARGEST;
	struct sockaddr_storage from;
	uint8_t *buf;
	socklen_t len;
	ssize_t n;
	size_t i;

	if (r->nsockets == 0)
		return;
	if ((buf = malloc(size)) == NULL) {
		r->nomem = true;
		return;
	}
	for (i = 0; i < r->nsockets; i++) {
		if (r->sockets[i].fd < 0)
			continue;
		for (;;) {
			memset(&from, 0, sizeof(from));
			len = sizeof(from);
			n = recvfrom(r->sockets[i].fd, buf, size, 0,
			    (struct sockaddr *)&from, &len);
			if (n < 0)
				break;
			take(r, &r->sockets[i], buf, (size_t)n, &from, len);
		}
	}
	free(buf);
}

bool
udp_answer(const struct replay *r, const struct replay_conn *conn,
    const uint8_t *p, size_t len)
{
	const struct replay_conn *to = called(r, conn);
	const struct replay_socket *s = find_socket(r, &conn->server);

	if (to == NULL)
		return (false);
	if (s != NULL && s->fd >= 0)
		(void)sendto(s->fd, p, len, 0,
		    (const struct sockaddr *)&to->caller, to->caller_len);
	return (true);
}
