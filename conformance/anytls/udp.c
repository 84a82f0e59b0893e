/* UDP origins, and UDP over TCP on a stream. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "conformance/anytls/frames.h"
#include "conformance/anytls/origin.h"
#include "conformance/anytls/sockets.h"
#include "conformance/anytls/verbs.h"
#include "conformance/engine/capture.h"
#include "ref/wire/err.h"

struct udp {
	struct t *t;
	int fd, fd6; /* FD6: ::1 of the same port, until one is called; or -1 */
	const char *host;
	uint16_t port;
	struct sockaddr_storage from; /* who sent last */
	socklen_t from_len;
};

static struct udp *
udp_new(struct t *t, const char *bind, const char *host)
{
	struct udp *u = t_alloc(t, sizeof(*u));

	memset(u, 0, sizeof(*u));
	u->t = t;
	u->host = host;
	u->fd6 = -1;
	u->fd = socket_bound(t, bind, SOCK_DGRAM, &u->port);
	return (u);
}

struct udp *
udp_origin(struct t *t)
{
	struct udp *u = udp_new(t, t->origin_bind, t->origin_host);

	if (u->fd < 0)
		t_error(t, "cannot bind to %s: %s", t->origin_bind,
		    strerror(errno));
	return (u);
}

struct udp *
udp_origin_named(struct t *t)
{
	struct udp *u = udp_origin(t);

	u->fd6 = socket_beside(t, SOCK_DGRAM, u->port);
	return (u);
}

/* False at the deadline. What is called first stays the one in use. */
static bool
called(struct udp *u, uint64_t deadline)
{
	struct pollfd pfd[2] = { { .fd = u->fd, .events = POLLIN },
		{ .fd = u->fd6, .events = POLLIN } };
	int n;

	do {
		n = poll(pfd, 2, peer_left(deadline));
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return (false);
	if (pfd[0].revents == 0)
		u->fd = u->fd6;
	u->fd6 = -1;
	return (true);
}

struct udp *
udp_origin6(struct t *t)
{
	struct udp *u;

	origin_needs_ipv6(t);
	u = udp_new(t, "::1", "::1");
	if (u->fd < 0)
		t_skip(t, "feature", "no IPv6 here");
	return (u);
}

struct atls_addr
udp_addr(const struct udp *u)
{
	return (addr_of(u->host, u->port));
}

void
udp_expect(struct udp *u, struct data d)
{
	const char *expected = t_printf(
	    u->t, "a datagram of %zu bytes arrives at the UDP origin", d.len);
	uint64_t deadline = verb_deadline(u->t, 0), start = t_now();
	uint8_t buf[65536];
	ssize_t n;

	t_step(u->t, "%s", expected);
	do {
		if (!called(u, deadline))
			pack_fail(u->t, expected, "nothing within %u ms%s",
			    (unsigned)(t_now() - start), verb_last(u->t));
		u->from_len = sizeof(u->from);
		n = recvfrom(u->fd, buf, sizeof(buf), 0,
		    (struct sockaddr *)&u->from, &u->from_len);
	} while (n < 0);
	capture_came(u->t,
	    capture_datagrams(u->t, u->fd, &u->from, u->from_len), buf,
	    (size_t)n);
	t_step(u->t, "%s", "");
	t_log(u->t, "UDP origin :%u got %zd bytes", u->port, n);
	if ((size_t)n < d.len)
		pack_fail(u->t, expected, "a datagram of %zd bytes", n);
	verb_compare(u->t, expected, d, 0, atls_bytes(buf, (size_t)n));
}

void
udp_tell(struct udp *u, struct data d)
{
	if (u->from_len == 0)
		t_error(u->t, "udp_tell() before a datagram came");
	t_log(u->t, "UDP origin :%u sends %zu bytes", u->port, d.len);
	if (sendto(u->fd, d.p, d.len, 0, (struct sockaddr *)&u->from,
		u->from_len) < 0)
		t_error(u->t, "sendto: %s", strerror(errno));
	capture_sent(u->t,
	    capture_datagrams(u->t, u->fd, &u->from, u->from_len), d.p, d.len);
}

bool
udp_arrives(struct udp *u)
{
	return (socket_wait(u->t, u->fd, POLLIN, verb_deadline(u->t, 0)) != 0);
}

void
udp_expect_silence(struct udp *u, uint32_t ms)
{
	if (socket_wait(u->t, u->fd, POLLIN, t_deadline(u->t, ms)) != 0)
		pack_fail(u->t,
		    t_printf(u->t, "no datagram at the origin for %u ms", ms),
		    "one has come");
}

struct data
uot_request(struct t *t, bool connect_form, const struct atls_addr *a)
{
	struct atls_uot_request req = { connect_form, *a };
	uint8_t *buf = t_alloc(t, ATLS_UOT_REQUEST_MAX);
	struct atls_writer w = atls_writer(buf, ATLS_UOT_REQUEST_MAX);

	atls_uot_request_put(&w, &req);
	return (bytes(buf, w.len));
}

struct data
uot_datagram(
    struct t *t, bool connect_form, const struct atls_addr *a, struct data d)
{
	uint8_t *buf = t_alloc(t, ATLS_UOT_HEADER_MAX + d.len);
	struct atls_writer w = atls_writer(buf, ATLS_UOT_HEADER_MAX + d.len);

	if (d.len > 65535)
		t_error(t, "the case sends a datagram of %zu bytes", d.len);
	atls_uot_header_put(&w, connect_form, a, (uint16_t)d.len);
	atls_writer_put(&w, d.p, d.len);
	return (bytes(buf, w.len));
}

/* Reads N bytes of stream SID to BUF, however PSH frames cut them. */
static void
read_stream(
    struct peer *p, uint32_t sid, uint8_t *buf, size_t n, const char *expected)
{
	uint64_t deadline = verb_deadline(p->t, 0);
	struct queued *q;
	size_t at, len;

	for (at = 0; at < n; at += len) {
		q = verb_front(p, deadline, NULL, true, expected);
		if (q == NULL)
			verb_fail_closed(p, expected);
		if (q->f.cmd != ATLS_CMD_PSH || q->f.sid != sid)
			verb_fail_frame(p, expected, &q->f);
		len = q->f.data.len - q->taken;
		if (len > n - at)
			len = n - at;
		memcpy(buf + at, q->f.data.p + q->taken, len);
		q->taken += len;
		if (q->taken == q->f.data.len)
			verb_pop(p);
	}
}

void
expect_datagram(struct peer *p, uint32_t sid, bool connect_form, struct data d,
    struct atls_addr *from)
{
	const char *expected =
	    t_printf(p->t, "a datagram of %zu bytes on stream %u", d.len, sid);
	uint8_t *buf = t_alloc(p->t, ATLS_UOT_HEADER_MAX + 65535);
	char hex[FRAMES_HEX], name[ATLS_ADDR_STRLEN];
	struct atls_bytes in;
	struct atls_addr a;
	uint16_t len = 0;
	size_t n = 0;
	int err;

	do {
		read_stream(p, sid, buf + n, 1, expected);
		in = atls_bytes(buf, ++n);
		err = atls_uot_header_read(&in, connect_form, &a, &len);
	} while (err == ATLS_E_MORE && n < ATLS_UOT_HEADER_MAX);
	if (err != 0)
		pack_fail(p->t, expected, "no header of a datagram: %s",
		    frames_hex(buf, n, hex));
	read_stream(p, sid, buf, len, expected);
	if (!connect_form) {
		atls_addr_format(&a, name);
		t_log(p->t, "a datagram from %s (%u)", name, len);
		if (from != NULL)
			*from = a;
	}
	if (len < d.len)
		pack_fail(p->t, expected, "a datagram of %u bytes: %s", len,
		    frames_hex(buf, len, hex));
	verb_compare(p->t, expected, d, 0, atls_bytes(buf, len));
}
