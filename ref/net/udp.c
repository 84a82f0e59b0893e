/* UDP over TCP. */
#include "ref/net/udp.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ref/net/dial.h"
#include "ref/net/names.h"
#include "ref/net/scope.h"
#include "ref/wire/uot.h"

#define PER_TURN 64
#define RECV_BUFFER (1024 * 1024)
/* Bytes that may wait for a connected socket's name to be found. */
#define WAITING_MAX (1024U * 1024)
#define ROOM ATLS_SESSION_RESERVE_MAX

enum state {
	UDP_REQUEST, /* the request is being read */
	UDP_LOOKUP,  /* its name is looked up */
	UDP_OPEN
};

/* A socket of one family. */
struct half {
	struct udp *udp;
	struct loop_io *io;
	int fd; /* -1: none yet */
	int family;
};

struct udp {
	struct worker *w;
	struct uplink up;
	struct loop_lookup *lookup;
	struct names *names; /* NULL until a name was sent to */
	struct loop_task failed;
	struct loop_task begin; /* version 1: there is no request to wait for */
	struct half half[2];
	struct tls_buf in; /* a datagram, or the request, that came in part */
	uint16_t port;     /* of the request, while its name is looked up */
	enum state state;
	bool connect;
	bool parked;
	const char *err; /* for FAILED */
};

static void
udp_free(struct udp *u)
{
	int i;

	for (i = 0; i < 2; i++) {
		loop_io_free(u->half[i].io);
		if (u->half[i].fd >= 0)
			close(u->half[i].fd);
	}
	loop_undefer(u->w->loop, &u->failed);
	loop_undefer(u->w->loop, &u->begin);
	loop_lookup_cancel(u->lookup);
	names_free(u->names);
	tls_buf_free(&u->in);
	free(u);
}

static void
on_failed(void *arg)
{
	struct udp *u = arg;
	struct uplink up = u->up;
	const char *err = u->state == UDP_OPEN ? NULL : u->err;

	udp_free(u);
	up.ops->ended(up.ctx, err);
}

/* Ends U at the end of the turn: its stream may be at work. */
static void
fail(struct udp *u, const char *err)
{
	if (u->err == NULL)
		u->err = err;
	loop_defer(u->w->loop, &u->failed);
}

/* Puts the header of a datagram before the N bytes at ROOM + GAP. */
static void
answer(struct udp *u, uint8_t *room, size_t gap, size_t n,
    const struct sockaddr_storage *from)
{
	struct atls_writer w = atls_writer(room, gap);
	struct atls_addr a = { .len = 0 };

	if (!u->connect)
		dial_addr((const struct sockaddr *)from, &a);
	atls_uot_header_put(&w, u->connect, &a, (uint16_t)n);
	/* An IPv4-mapped source has a shorter header than its socket's. */
	if (w.len < gap)
		memmove(room + w.len, room + gap, n);
	u->up.ops->commit(u->up.ctx, w.full ? 0 : w.len + n);
}

/* Bytes before a datagram's data: type, address, port, length. */
static size_t
header_len(const struct half *h)
{
	if (h->udp->connect)
		return (2);
	return (1U + (h->family == AF_INET ? 4U : 16U) + 2U + 2U);
}

/* Receives one datagram into a frame. False when there is none. */
static bool
receive(struct half *h)
{
	struct udp *u = h->udp;
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	size_t gap = header_len(h);
	uint8_t *room;
	ssize_t n;
	bool again;

	if (u->up.ops->congested(u->up.ctx)) {
		u->parked = true;
		loop_io_want(h->io, 0);
		return (false);
	}
	if ((room = u->up.ops->reserve(u->up.ctx, ROOM)) == NULL)
		return (false);
	n = recvfrom(
	    h->fd, room + gap, ROOM - gap, 0, (struct sockaddr *)&from, &len);
	if (n < 0) {
		/* An ICMP error of an earlier datagram is not ours to tell. The
		 * commit may leave another errno. */
		again = errno != EAGAIN;
		u->up.ops->commit(u->up.ctx, 0);
		return (again);
	}
	answer(u, room, gap, (size_t)n, &from);
	return (true);
}

static void
on_io(void *arg, unsigned events)
{
	struct half *h = arg;
	int i;

	(void)events;
	for (i = 0; i < PER_TURN; i++)
		if (!receive(h))
			break;
}

/* Opens the socket of a family, if it is not open. */
static struct half *
open_half(struct udp *u, int family)
{
	struct half *h = &u->half[family == AF_INET6];
	int on = 1, size = RECV_BUFFER;

	if (h->fd >= 0)
		return (h);
	h->udp = u;
	h->family = family;
	h->fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (h->fd < 0)
		return (NULL);
	if (family == AF_INET6)
		setsockopt(h->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	setsockopt(h->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if ((h->io = loop_io_new(u->w->loop, h->fd, on_io, h)) == NULL) {
		close(h->fd);
		h->fd = -1;
		return (NULL);
	}
	if (!u->parked)
		loop_io_want(h->io, LOOP_READ);
	return (h);
}

static bool
allowed(const struct udp *u, const struct sockaddr *to)
{
	return (!u->w->cfg->forbid_private || scope_is_public(to));
}

/* A datagram that cannot be sent is lost, as datagrams are. */
static void
send_to(void *arg, const struct sockaddr *to, socklen_t len,
    struct atls_bytes datagram)
{
	struct udp *u = arg;
	struct half *h;

	if (!allowed(u, to) || (h = open_half(u, to->sa_family)) == NULL)
		return;
	/* An earlier ICMP error is reported once, instead of sending. */
	if (sendto(h->fd, datagram.p, datagram.len, MSG_NOSIGNAL, to, len) <
		0 &&
	    errno == ECONNREFUSED)
		sendto(h->fd, datagram.p, datagram.len, MSG_NOSIGNAL, to, len);
}

static void
send_connected(struct udp *u, struct atls_bytes datagram)
{
	int fd = u->half[0].fd >= 0 ? u->half[0].fd : u->half[1].fd;

	if (send(fd, datagram.p, datagram.len, MSG_NOSIGNAL) < 0 &&
	    errno == ECONNREFUSED)
		send(fd, datagram.p, datagram.len, MSG_NOSIGNAL);
}

static void
send_datagram(
    struct udp *u, const struct atls_addr *a, struct atls_bytes datagram)
{
	struct sockaddr_storage ss;
	socklen_t len;

	if (u->connect) {
		send_connected(u, datagram);
	} else if (a->type == ATLS_ADDR_NAME) {
		if (u->names == NULL)
			u->names = names_new(u->w->loop, send_to, u);
		if (u->names != NULL)
			names_send(u->names, a, datagram);
	} else {
		len = dial_sockaddr(a, &ss);
		send_to(u, (const struct sockaddr *)&ss, len, datagram);
	}
}

/* Type and length of an empty name, port, and the datagram's length. */
#define EMPTY_HEADER 6

/* Reads a header off *IN; *GOOD says whether there is somewhere to send to. */
static int
read_header(struct udp *u, struct atls_bytes *in, struct atls_addr *a,
    uint16_t *len, bool *good)
{
	int err = atls_uot_header_read(in, u->connect, a, len);

	*good = err == 0;
	if (err != ATLS_E_ADDR_EMPTY)
		return (err);
	if (in->len < EMPTY_HEADER)
		return (ATLS_E_MORE);
	*len = atls_get16(in->p + EMPTY_HEADER - 2);
	atls_bytes_skip(in, EMPTY_HEADER);
	return (0);
}

/* Sends all complete datagrams in *IN; what is left is part of one. */
static int
send_all(struct udp *u, struct atls_bytes *in)
{
	struct atls_bytes at = *in;
	struct atls_addr a;
	uint16_t len;
	bool good;
	int err;

	while (at.len > 0) {
		err = read_header(u, &at, &a, &len, &good);
		if (err != 0)
			return (err == ATLS_E_MORE ? 0 : err);
		if (at.len < len)
			return (0);
		if (good)
			send_datagram(u, &a, atls_bytes(at.p, len));
		atls_bytes_skip(&at, len);
		*in = at;
	}
	return (0);
}

/* Connects the socket: with isConnect 1 there is one, to the target. */
static const char *
connect_to(struct udp *u, const struct sockaddr *to, socklen_t len)
{
	struct half *h;

	if (!allowed(u, to))
		return ("address not allowed");
	if ((h = open_half(u, to->sa_family)) == NULL)
		return ("cannot open a UDP socket");
	if (connect(h->fd, to, len) != 0)
		return ("cannot reach the address");
	return (NULL);
}

static void
opened(struct udp *u)
{
	struct atls_bytes in = { u->in.p, u->in.len };

	u->state = UDP_OPEN;
	u->up.ops->opened(u->up.ctx);
	if (in.len == 0)
		return;
	if (send_all(u, &in) != 0) {
		fail(u, NULL);
		return;
	}
	tls_buf_drop(&u->in, u->in.len - in.len);
}

static void
on_lookup(void *arg, const struct addrinfo *list, const char *err)
{
	struct udp *u = arg;
	struct sockaddr_storage ss;
	struct atls_addr a;
	socklen_t len;

	u->lookup = NULL;
	for (; list != NULL; list = list->ai_next) {
		if (list->ai_family != AF_INET && list->ai_family != AF_INET6)
			continue;
		dial_addr(list->ai_addr, &a);
		a.port = u->port;
		len = dial_sockaddr(&a, &ss);
		err = connect_to(u, (const struct sockaddr *)&ss, len);
		if (err == NULL) {
			opened(u);
			return;
		}
	}
	u->err = err != NULL ? err : "no address";
	on_failed(u);
}

static void
look_up(struct udp *u, const struct atls_addr *a)
{
	char host[256];

	u->state = UDP_LOOKUP;
	u->port = a->port;
	memcpy(host, a->host, a->len);
	host[a->len] = '\0';
	if (memchr(a->host, 0, a->len) == NULL)
		u->lookup =
		    loop_lookup_new(u->w->loop, host, SOCK_DGRAM, on_lookup, u);
	if (u->lookup == NULL)
		fail(u, "malformed name");
}

/* Makes what the request asks for. */
static void
start(struct udp *u, const struct atls_uot_request *req)
{
	struct sockaddr_storage ss;
	const char *err;
	socklen_t len;

	u->connect = req->connect;
	if (!u->connect) {
		/* The address is for information (AT-UT-07). */
		if (open_half(u, AF_INET) != NULL ||
		    open_half(u, AF_INET6) != NULL)
			opened(u);
		else
			fail(u, "cannot open a UDP socket");
		return;
	}
	if (req->addr.type == ATLS_ADDR_NAME) {
		look_up(u, &req->addr);
		return;
	}
	len = dial_sockaddr(&req->addr, &ss);
	if ((err = connect_to(u, (const struct sockaddr *)&ss, len)) != NULL)
		fail(u, err);
	else
		opened(u);
}

/* Takes what can be taken off *IN now. */
static int
process(struct udp *u, struct atls_bytes *in)
{
	struct atls_uot_request req;
	int err;

	if (u->state == UDP_REQUEST) {
		err = atls_uot_request_read(in, &req);
		if (err != 0)
			return (err == ATLS_E_MORE ? 0 : err);
		/* START may look at what waits: nothing, until we say so. */
		start(u, &req);
	}
	return (u->state == UDP_OPEN ? send_all(u, in) : 0);
}

static void
udp_data(void *target, struct atls_bytes data)
{
	struct udp *u = target;
	struct tls_buf whole = { NULL, 0, 0 };
	int err;

	if (u->err != NULL || u->failed.link != NULL)
		return;
	if (u->in.len != 0) {
		if (tls_buf_add(&u->in, data.p, data.len) != 0 ||
		    u->in.len > WAITING_MAX + 65536) {
			fail(u, atls_strerror(ATLS_E_NOMEM));
			return;
		}
		whole = u->in;
		u->in = (struct tls_buf){ NULL, 0, 0 };
		data = atls_bytes(whole.p, whole.len);
	}
	if ((err = process(u, &data)) != 0)
		fail(u, atls_strerror(err));
	else if (data.len != 0 && tls_buf_add(&u->in, data.p, data.len) != 0)
		fail(u, atls_strerror(ATLS_E_NOMEM));
	tls_buf_free(&whole);
}

static void
udp_resume(void *target, bool now)
{
	struct udp *u = target;
	int i;

	(void)now;
	u->parked = false;
	for (i = 0; i < 2; i++)
		if (u->half[i].io != NULL)
			loop_io_want(u->half[i].io, LOOP_READ);
}

static void
udp_leave(void *target)
{
	udp_free(target);
}

/* Answers still come after the client's last datagram. */
static void
udp_half_close(void *target)
{
	(void)target;
}

const struct target_ops udp_ops = {
	.data = udp_data,
	.half_close = udp_half_close,
	.resume = udp_resume,
	.leave = udp_leave,
};

static void
start_v1(void *arg)
{
	struct udp *u = arg;
	struct atls_uot_request req = { .connect = false };

	start(u, &req);
}

struct udp *
udp_new(struct worker *w, struct uplink up, bool v1)
{
	struct udp *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return (NULL);
	u->w = w;
	u->up = up;
	u->half[0].fd = u->half[1].fd = -1;
	u->failed = (struct loop_task){ .fn = on_failed, .arg = u };
	if (v1) {
		/* Its stream is not ready for opened() yet. */
		u->state = UDP_LOOKUP;
		u->begin = (struct loop_task){ .fn = start_v1, .arg = u };
		loop_defer(w->loop, &u->begin);
	}
	return (u);
}
