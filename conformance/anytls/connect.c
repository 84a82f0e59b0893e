/* TCP and TLS to the target, with sentences for what may go wrong. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/anytls/peer.h"
#include "conformance/engine/capture.h"
#include "conformance/engine/process.h"

const char *
peer_target(struct t *t)
{
	bool v6 = strchr(t->target.host, ':') != NULL;

	return (t_printf(
	    t, v6 ? "[%s]:%u" : "%s:%u", t->target.host, t->target.port));
}

/* How much of what came is kept as it came. */
#define RAW_MAX (256u << 10)

void
peer_keylog(void *ctx, const char *line)
{
	t_keylog(ctx, line);
}

static struct tls_ctx *
client_ctx(struct t *t)
{
	struct state *st = pack_state(t);
	struct tls_ctx_config cfg = { .server = false };
	char err[TLS_ERRLEN];

	if (st->tls != NULL)
		return (st->tls);
	cfg.verify = t->ca != NULL;
	cfg.ca_file = t->ca;
	if (t->keylog != NULL || capture_is_on(t)) {
		cfg.keylog = peer_keylog;
		cfg.keylog_ctx = t;
	}
	if ((st->tls = tls_ctx_new(&cfg, err)) == NULL)
		t_error(t, "%s", err);
	return (st->tls);
}

static socklen_t
target_address(struct t *t, struct sockaddr_storage *ss)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	memset(ss, 0, sizeof(*ss));
	if (inet_pton(AF_INET, t->target.host, &in.sin_addr) == 1) {
		in.sin_port = htons(t->target.port);
		memcpy(ss, &in, sizeof(in));
		return (sizeof(in));
	}
	if (inet_pton(AF_INET6, t->target.host, &in6.sin6_addr) == 1) {
		in6.sin6_port = htons(t->target.port);
		memcpy(ss, &in6, sizeof(in6));
		return (sizeof(in6));
	}
	t_error(t, "the target's address is not numeric: %s", t->target.host);
}

static void
peer_free(void *arg)
{
	struct peer *p = arg;

	peer_close(p);
	peer_drop_all(p);
	tap_free(&p->told);
	tap_free(&p->came);
	tls_conn_free(p->tls);
	tls_buf_free(&p->out);
	tls_buf_free(&p->cork);
	tls_buf_free(&p->raw);
	free(p->sizes);
}

static void
keep_scheme(struct peer *p, const struct frame *f)
{
	struct sent_scheme *sent = t_alloc(p->t, sizeof(*sent));

	sent->scheme = join(p->t, f->data, NO_DATA);
	sent->nsizes = p->nsizes;
	sent->next = p->schemes;
	p->schemes = sent;
}

/* Frames we send: what verbs must know of the session. */
static void
told_frame(void *ctx, const struct frame *f)
{
	struct peer *p = ctx;
	struct atls_settings s;

	if (f->cmd == ATLS_CMD_HEART_REQUEST && f->sid == 0)
		p->hearts_told++;
	if (f->cmd == ATLS_CMD_UPDATE_PADDING_SCHEME && p->accepted)
		keep_scheme(p, f);
	if (f->cmd != ATLS_CMD_SETTINGS || f->data.len == 0)
		return;
	atls_settings_read(atls_bytes(f->data.p, f->data.len), &s);
	p->version =
	    atls_settings_version(&s, target_version(p->t) >= 2 ? 2 : 1);
}

struct peer *
peer_new(
    struct t *t, struct tls_ctx *ctx, const char *sni, const char *verify_host)
{
	struct state *st = pack_state(t);
	struct peer *p = t_alloc(t, sizeof(*p));

	*p = (struct peer){
		.t = t, .fd = -1, .tail = &p->head, .raw_max = RAW_MAX
	};
	p->told.auth = true;
	p->told.on_frame = told_frame;
	p->told.ctx = p;
	p->came.on_frame = peer_came;
	p->came.ctx = p;
	t_cleanup(t, peer_free, p);
	p->tls = tls_conn_new(ctx, sni, verify_host);
	if (p->tls == NULL)
		t_error(t, "out of memory");
	tls_conn_set_output(p->tls, &p->out);
	p->next = st->peers;
	st->peers = p;
	return (p);
}

static void
open_socket(struct peer *p, int family)
{
	int one = 1;

	p->fd = socket(family, SOCK_STREAM, 0);
	if (p->fd < 0)
		t_error(p->t, "socket: %s", strerror(errno));
	if (fcntl(p->fd, F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(p->fd, F_SETFD, FD_CLOEXEC) < 0)
		t_error(p->t, "fcntl: %s", strerror(errno));
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

/* 0, or an errno; ETIMEDOUT at the deadline. */
static int
connect_socket(struct peer *p, uint64_t deadline)
{
	struct pollfd pfd = { .events = POLLOUT };
	struct sockaddr_storage ss;
	socklen_t len = target_address(p->t, &ss);
	int err = 0, n;

	open_socket(p, ss.ss_family);
	pfd.fd = p->fd;
	if (connect(p->fd, (struct sockaddr *)&ss, len) < 0)
		err = errno;
	p->capture = capture_dial(p->t, p->fd, &ss, len);
	if (process_lacks(err))
		t_error(p->t, "connect: %s", strerror(err));
	if (err != EINPROGRESS)
		return (err);
	do {
		n = poll(&pfd, 1, peer_left(deadline));
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return (ETIMEDOUT);
	len = sizeof(err);
	if (n < 0 || getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		t_error(p->t, "connecting: %s", strerror(errno));
	return (err);
}

/* Waits for ciphertext and lends it to TLS from BUF. 0, or an error: MORE at
 * the deadline, CLOSED at the end, IO otherwise (errno). */
static int
more_ciphertext(struct peer *p, uint64_t deadline, uint8_t *buf, size_t cap)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLIN };
	ssize_t n;

	for (;;) {
		if (poll(&pfd, 1, peer_left(deadline)) == 0)
			return (ATLS_E_MORE);
		n = recv(p->fd, buf, cap, 0);
		if (n > 0) {
			capture_came(p->t, p->capture, buf, (size_t)n);
			tls_conn_input(p->tls, atls_bytes(buf, (size_t)n));
			return (0);
		}
		if (n == 0) {
			capture_came_fin(p->t, p->capture);
			return (ATLS_E_CLOSED);
		}
		if (process_lacks(errno))
			t_error(p->t, "recv: %s", strerror(errno));
		if (errno != EINTR && errno != EAGAIN) {
			capture_came_rst(p->t, p->capture);
			return (ATLS_E_IO);
		}
	}
}

/* A client that stops half-way may have its reasons. */
static bool
say_accept(struct peer *p, int err, uint64_t waited, char *text)
{
	if (err == ATLS_E_MORE)
		snprintf(text, PEER_ERRLEN,
		    "the client opened the connection but did not finish the "
		    "TLS handshake within %.1f s",
		    (double)waited / 1000);
	else if (err == ATLS_E_CLOSED)
		snprintf(text, PEER_ERRLEN,
		    "the client closed the connection during the TLS "
		    "handshake");
	else if (err == ATLS_E_IO)
		snprintf(text, PEER_ERRLEN, "%s during the TLS handshake",
		    strerror(errno));
	else
		snprintf(text, PEER_ERRLEN, "the TLS handshake failed: %s",
		    tls_conn_error(p->tls));
	return (false);
}

static bool
say_handshake(struct peer *p, int err, uint64_t waited, char *text)
{
	if (p->accepted)
		return (say_accept(p, err, waited, text));
	if (err == ATLS_E_MORE)
		snprintf(text, PEER_ERRLEN,
		    "accepted the connection but never answered the TLS "
		    "handshake within %.1f s",
		    (double)waited / 1000);
	else if (err == ATLS_E_CLOSED)
		snprintf(text, PEER_ERRLEN,
		    "does not speak TLS: it closed the connection during the "
		    "handshake");
	else if (err == ATLS_E_IO)
		snprintf(text, PEER_ERRLEN,
		    "does not speak TLS: %s during the handshake",
		    strerror(errno));
	else
		snprintf(text, PEER_ERRLEN, "%s: %s",
		    p->t->ca != NULL ? "the TLS handshake failed"
				     : "does not speak TLS",
		    tls_conn_error(p->tls));
	return (false);
}

/* A handshake has two round trips to its end, and the network is not slow for
 * being far. A target of the case's own may have been starting. */
static void
note_time(struct peer *p, uint64_t ms)
{
	uint64_t network = 2 * p->connect_ms;

	if (!t_own_target_alive(p->t))
		t_took(p->t, ms > network ? ms - network : 0);
}

bool
peer_shake_hands(struct peer *p, uint64_t deadline, char text[PEER_ERRLEN])
{
	uint8_t buf[16384];
	uint64_t start = t_now();
	int err;

	while ((err = tls_conn_handshake(p->tls)) == ATLS_E_MORE) {
		/* A peer that closes while we send has said it all: read it. */
		peer_flush(p, deadline, 0, false);
		err = more_ciphertext(p, deadline, buf, sizeof(buf));
		if (err != 0)
			return (say_handshake(p, err, t_now() - start, text));
	}
	if (err != 0) {
		peer_flush(p, deadline, 0, false); /* our TLS alert */
		return (say_handshake(p, err, 0, text));
	}
	note_time(p, t_now() - start);
	peer_flush(p, deadline, 0, false);
	peer_pump(p); /* tickets, or all the peer had to say */
	return (true);
}

struct peer *
peer_connect(struct t *t, uint64_t deadline, char text[PEER_ERRLEN])
{
	struct peer *p =
	    peer_new(t, client_ctx(t), t->target.sni, t->target.host);
	uint64_t start = t_now();
	int err = connect_socket(p, deadline);

	if (err == ETIMEDOUT) {
		snprintf(text, PEER_ERRLEN,
		    "cannot connect: no answer within %.1f s",
		    (double)(t_now() - start) / 1000);
		return (NULL);
	}
	if (err != 0) {
		capture_came_rst(t, p->capture);
		snprintf(
		    text, PEER_ERRLEN, "cannot connect: %s", strerror(err));
		return (NULL);
	}
	capture_up(t, p->capture);
	p->connect_ms = t_now() - start;
	t_log(t, "connected to %s", peer_target(t));
	if (!peer_shake_hands(p, deadline, text))
		return (NULL);
	t_log(t, "TLS: %s, %s", tls_conn_version(p->tls),
	    tls_conn_cipher(p->tls));
	return (p);
}
