/* A UDP association of SOCKS5. */
#include "ref/net/assoc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "ref/net/dial.h"
#include "ref/net/socks5.h"
#include "ref/wire/uot.h"

#define DATAGRAM_MAX 65535
#define DATAGRAMS_PER_TURN 64

/* One UDP-over-TCP stream. */
struct flow {
	struct assoc *assoc;
	struct dialer_stream *stream; /* NULL: the slot is free */
	struct atls_addr to;          /* connect mode: its destination */
	uint64_t used;                /* for the choice of who makes room */
	struct tls_buf rest;          /* the beginning of a datagram */
	bool broken;                  /* what came was not a datagram */
};

struct assoc {
	struct assoc_config cfg;
	int fd;
	struct loop_io *io;
	struct sockaddr_storage client; /* where answers go */
	socklen_t nclient;
	bool heard; /* CLIENT has its port */
	uint64_t uses;
	struct flow flows[ASSOC_STREAMS_MAX]; /* packet mode: the first */
};

static bool
same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	struct atls_addr x = { 0 }, y = { 0 };

	dial_addr((const struct sockaddr *)a, &x);
	dial_addr((const struct sockaddr *)b, &y);
	return (x.len == y.len && memcmp(x.host, y.host, x.len) == 0);
}

static bool
same_addr(const struct atls_addr *a, const struct atls_addr *b)
{
	return (a->type == b->type && a->port == b->port && a->len == b->len &&
	    memcmp(a->host, b->host, a->len) == 0);
}

/* True when a datagram of FROM is of our application; notes its port. */
static bool
is_client(struct assoc *a, const struct sockaddr_storage *from, socklen_t n)
{
	struct atls_addr x = { 0 };

	if (!same_host(from, &a->client))
		return (false);
	dial_addr((const struct sockaddr *)from, &x);
	if (a->cfg.client_port != 0 && x.port != a->cfg.client_port)
		return (false);
	memcpy(&a->client, from, n);
	a->nclient = n;
	a->heard = true;
	return (true);
}

/* Sends a datagram that came from FROM to the application. What the socket
 * does not take, also because SOCKS's header makes it too long, is lost. */
static void
deliver(struct assoc *a, const struct atls_addr *from, struct atls_bytes data)
{
	uint8_t head[SOCKS5_UDP_HEADER_MAX];
	struct atls_writer w = atls_writer(head, sizeof(head));
	struct iovec iov[2];
	struct msghdr m;

	if (!a->heard)
		return;
	socks5_udp_put(&w, from);
	iov[0].iov_base = head;
	iov[0].iov_len = w.len;
	iov[1].iov_base = (void *)(uintptr_t)data.p;
	iov[1].iov_len = data.len;
	memset(&m, 0, sizeof(m));
	m.msg_name = &a->client;
	m.msg_namelen = a->nclient;
	m.msg_iov = iov;
	m.msg_iovlen = 2;
	if (sendmsg(a->fd, &m, MSG_NOSIGNAL) < 0)
		log_write(a->cfg.log, LOGL_DEBUG,
		    "answer of %zu bytes dropped: %s", data.len,
		    strerror(errno));
}

/* Takes whole datagrams off *IN. 0, or an error of the server's. */
static int
deliver_all(struct flow *f, struct atls_bytes *in)
{
	bool connect = f->assoc->cfg.connect_mode;
	struct atls_bytes rest = *in;
	struct atls_addr from = f->to;
	uint16_t len;
	int r;

	while ((r = atls_uot_header_read(&rest, connect, &from, &len)) == 0 &&
	    rest.len >= len) {
		deliver(f->assoc, &from, atls_bytes(rest.p, len));
		atls_bytes_skip(&rest, len);
		*in = rest;
	}
	return (r == ATLS_E_MORE ? 0 : r);
}

static void
on_opened(void *ctx)
{
	(void)ctx;
}

static void
on_data(void *ctx, struct atls_bytes data)
{
	struct flow *f = ctx;
	struct atls_bytes in = data;
	size_t had;
	int r = 0;

	if (f->broken)
		return;
	if (f->rest.len != 0) {
		r = tls_buf_add(&f->rest, data.p, data.len);
		in = atls_bytes(f->rest.p, f->rest.len);
	}
	had = in.len;
	if (r == 0)
		r = deliver_all(f, &in);
	if (r < 0)
		f->broken = true;
	else if (f->rest.len != 0)
		tls_buf_drop(&f->rest, had - in.len);
	else if (tls_buf_add(&f->rest, in.p, in.len) < 0)
		f->broken = true;
}

static void
flow_close(struct flow *f)
{
	dialer_stream_close(f->stream);
	f->stream = NULL;
	f->broken = false;
	tls_buf_free(&f->rest);
}

static void
on_batch_end(void *ctx)
{
	struct flow *f = ctx;

	if (!f->broken)
		return;
	log_write(f->assoc->cfg.log, LOGL_WARN,
	    "the server's UDP stream makes no sense: closed");
	flow_close(f);
}

static void
on_congested(void *ctx, bool on)
{
	(void)ctx;
	(void)on;
}

static void
on_closed(void *ctx, int err, const char *why)
{
	struct flow *f = ctx;

	f->stream = NULL;
	log_write(f->assoc->cfg.log, err == 0 ? LOGL_DEBUG : LOGL_INFO,
	    "UDP stream closed: %s", why);
	flow_close(f);
}

static const struct dialer_handler handler = {
	.opened = on_opened,
	.data = on_data,
	.batch_end = on_batch_end,
	.congested = on_congested,
	.closed = on_closed,
};

/* The flow for TO; one that is new has no stream. */
static struct flow *
find_flow(struct assoc *a, const struct atls_addr *to)
{
	size_t i, n = a->cfg.connect_mode ? ASSOC_STREAMS_MAX : 1;
	struct flow *oldest = &a->flows[0];

	for (i = 0; i < n; i++) {
		struct flow *f = &a->flows[i];

		if (f->stream != NULL &&
		    (!a->cfg.connect_mode || same_addr(&f->to, to)))
			return (f);
		if (f->stream == NULL)
			f->used = 0;
		if (f->used < oldest->used)
			oldest = f;
	}
	if (oldest->stream != NULL)
		flow_close(oldest);
	oldest->assoc = a;
	oldest->to = *to;
	return (oldest);
}

/* Opens F's stream; the datagram PACKET goes out with the request. */
static void
flow_open(struct flow *f, struct atls_bytes packet)
{
	struct atls_uot_request req = { f->assoc->cfg.connect_mode, f->to };
	uint8_t head[ATLS_UOT_REQUEST_MAX];
	struct atls_writer w = atls_writer(head, sizeof(head));
	struct tls_buf first = { 0 };
	struct atls_addr magic;

	atls_uot_request_put(&w, &req);
	if (atls_addr_parse(ATLS_UOT_MAGIC, 0, &magic) == 0 &&
	    tls_buf_add(&first, head, w.len) == 0 &&
	    tls_buf_add(&first, packet.p, packet.len) == 0)
		f->stream = dialer_open(f->assoc->cfg.dialer, &magic,
		    atls_bytes(first.p, first.len), &handler, f);
	tls_buf_free(&first);
}

/* Sends the datagram DATA to TO; there is room for the header before it. */
static void
forward(struct assoc *a, const struct atls_addr *to, struct atls_bytes data)
{
	uint8_t head[ATLS_UOT_HEADER_MAX];
	struct atls_writer w = atls_writer(head, sizeof(head));
	struct flow *f = find_flow(a, to);
	struct atls_bytes packet;
	uint8_t *at;

	atls_uot_header_put(&w, a->cfg.connect_mode, to, (uint16_t)data.len);
	at = (uint8_t *)(uintptr_t)data.p - w.len;
	memcpy(at, head, w.len);
	packet = atls_bytes(at, w.len + data.len);
	f->used = ++a->uses;
	if (f->stream == NULL)
		flow_open(f, packet);
	else if (!dialer_stream_congested(f->stream))
		(void)dialer_stream_send(f->stream, packet);
}

static void
on_io(void *arg, unsigned events)
{
	/* Room in front, so that the header can be put there. */
	uint8_t buf[ATLS_UOT_HEADER_MAX + DATAGRAM_MAX];
	uint8_t *in = buf + ATLS_UOT_HEADER_MAX;
	struct assoc *a = arg;
	struct sockaddr_storage from;
	struct atls_addr to;
	struct atls_bytes data;
	socklen_t nfrom;
	ssize_t n;
	int i;

	(void)events;
	for (i = 0; i < DATAGRAMS_PER_TURN; i++) {
		nfrom = sizeof(from);
		n = recvfrom(a->fd, in, DATAGRAM_MAX, 0,
		    (struct sockaddr *)&from, &nfrom);
		if (n < 0)
			return;
		data = atls_bytes(in, (size_t)n);
		if (is_client(a, &from, nfrom) &&
		    socks5_udp_read(&data, &to) == 0)
			forward(a, &to, data);
	}
}

/* A socket at the local address of the SOCKS connection, on any port. */
static int
open_socket(int control_fd, struct atls_addr *bound)
{
	struct sockaddr_storage ss;
	socklen_t n = sizeof(ss);
	int fd;

	if (getsockname(control_fd, (struct sockaddr *)&ss, &n) < 0)
		return (-1);
	dial_addr((struct sockaddr *)&ss, bound);
	bound->port = 0;
	n = dial_sockaddr(bound, &ss);
	fd = socket(ss.ss_family, SOCK_DGRAM, 0);
	if (fd < 0)
		return (-1);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
	    bind(fd, (struct sockaddr *)&ss, n) < 0)
		goto fail;
	n = sizeof(ss);
	if (getsockname(fd, (struct sockaddr *)&ss, &n) < 0)
		goto fail;
	dial_addr((struct sockaddr *)&ss, bound);
	return (fd);

fail:
	(void)close(fd);
	return (-1);
}

struct assoc *
assoc_new(const struct assoc_config *cfg, struct atls_addr *bound)
{
	struct assoc *a = calloc(1, sizeof(*a));
	size_t i;

	if (a == NULL)
		return (NULL);
	a->cfg = *cfg;
	for (i = 0; i < ASSOC_STREAMS_MAX; i++)
		a->flows[i].assoc = a;
	a->fd = open_socket(cfg->control_fd, bound);
	if (a->fd < 0)
		goto fail_socket;
	a->nclient = sizeof(a->client);
	if (getpeername(cfg->control_fd, (struct sockaddr *)&a->client,
		&a->nclient) < 0)
		goto fail_io;
	a->io = loop_io_new(cfg->loop, a->fd, on_io, a);
	if (a->io == NULL)
		goto fail_io;
	loop_io_want(a->io, LOOP_READ);
	return (a);

fail_io:
	(void)close(a->fd);
fail_socket:
	free(a);
	return (NULL);
}

void
assoc_free(struct assoc *a)
{
	size_t i;

	if (a == NULL)
		return;
	for (i = 0; i < ASSOC_STREAMS_MAX; i++)
		flow_close(&a->flows[i]);
	loop_io_free(a->io);
	(void)close(a->fd);
	free(a);
}
