/* Origins: where the target connects to, and what goes over it. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/anytls/frames.h"
#include "conformance/anytls/origin.h"
#include "conformance/anytls/sockets.h"
#include "conformance/anytls/verbs.h"
#include "conformance/engine/capture.h"
#include "conformance/engine/process.h"

struct origin *
listen_origin(struct t *t)
{
	struct origin *o = t_alloc(t, sizeof(*o));

	o->t = t;
	o->fd6 = -1;
	o->host = t->origin_host;
	o->fd = socket_bound(t, t->origin_bind, SOCK_STREAM, &o->port);
	if (o->fd < 0 || listen(o->fd, 64) < 0)
		t_error(t, "cannot listen on %s: %s", t->origin_bind,
		    strerror(errno));
	return (o);
}

struct origin *
listen_origin_named(struct t *t)
{
	struct origin *o = listen_origin(t);

	o->fd6 = socket_beside(t, SOCK_STREAM, o->port);
	if (o->fd6 >= 0 && listen(o->fd6, 64) < 0)
		t_error(t, "cannot listen on ::1: %s", strerror(errno));
	return (o);
}

void
origin_needs_ipv6(struct t *t)
{
	if (strncmp(t->origin_host, "127.", 4) != 0 &&
	    strcmp(t->origin_host, "::1") != 0 &&
	    strcmp(t->origin_host, "localhost") != 0)
		t_skip(t, "origin",
		    "origins are not on the target's host, "
		    "which would look for ::1 on its own");
}

struct origin *
listen_origin6(struct t *t)
{
	struct origin *o = t_alloc(t, sizeof(*o));

	origin_needs_ipv6(t);
	o->t = t;
	o->fd6 = -1;
	o->host = "::1";
	o->fd = socket_bound(t, o->host, SOCK_STREAM, &o->port);
	if (o->fd < 0)
		t_skip(t, "feature", "no IPv6 here");
	if (listen(o->fd, 64) < 0)
		t_error(t, "cannot listen on ::1: %s", strerror(errno));
	return (o);
}

uint16_t
origin_port(const struct origin *o)
{
	return (o->port);
}

/* Which of O's sockets has a connection; -1 at the deadline. */
static int
called(struct origin *o, uint64_t deadline)
{
	struct pollfd pfd[2] = { { .fd = o->fd, .events = POLLIN },
		{ .fd = o->fd6, .events = POLLIN } };
	int n;

	do {
		n = poll(pfd, 2, peer_left(deadline));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		t_error(o->t, "poll: %s", strerror(errno));
	if (n == 0)
		return (-1);
	return (pfd[0].revents != 0 ? o->fd : o->fd6);
}

struct app *
origin_accept(struct origin *o)
{
	struct t *t = o->t;
	const char *expected = t_printf(
	    t, "the target connects to our origin on port %u", o->port);
	uint64_t deadline = verb_deadline(t, 0), start = t_now();
	struct app *a = t_alloc(t, sizeof(*a));
	int one = 1, fd;

	t_step(t, "%s", expected);
	do {
		if ((fd = called(o, deadline)) < 0)
			pack_fail(t, expected, "no connection within %u ms%s",
			    (unsigned)(t_now() - start), verb_last(t));
		a->fd = accept(fd, NULL, NULL);
	} while (a->fd < 0 &&
	    (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED));
	if (a->fd < 0)
		t_error(t, "accept: %s", strerror(errno));
	a->t = t;
	a->capture = capture_accept(t, a->fd);
	a->port = o->port;
	a->name = t_printf(t, "origin :%u", o->port);
	a->place = "origin";
	a->peer = "target";
	setsockopt(a->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (fcntl(a->fd, F_SETFL, O_NONBLOCK) < 0)
		t_error(t, "fcntl: %s", strerror(errno));
	t_cleanup(t, app_free, a);
	t_log(t, "origin :%u: the target connected", a->port);
	t_step(t, "%s", "");
	return (a);
}

void
origin_expect_none(struct origin *o, uint32_t ms)
{
	uint64_t deadline = t_deadline(o->t, ms);

	if (socket_wait(o->t, o->fd, POLLIN, deadline) != 0)
		pack_fail(o->t,
		    t_printf(o->t,
			"no connection to our origin on port %u for %u ms",
			o->port, ms),
		    "the target connected%s", verb_last(o->t));
}

void
app_free(void *arg)
{
	struct app *a = arg;

	capture_close(a->t, a->capture, a->fd);
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
}

static void
must_be_open(struct app *a)
{
	if (a->fd < 0)
		t_error(a->t,
		    "the case uses a connection of the %s that it has closed",
		    a->place);
}

void
app_tell(struct app *a, struct data d)
{
	uint64_t deadline = verb_deadline(a->t, d.len);
	size_t at = 0;
	ssize_t n;

	must_be_open(a);
	t_log(a->t, "%s sends %zu bytes", a->name, d.len);
	t_step(a->t, "the %s reads what the %s sends", a->peer, a->place);
	while (at < d.len) {
		n = send(a->fd, d.p + at, d.len - at, MSG_NOSIGNAL);
		if (n > 0) {
			capture_sent(a->t, a->capture, d.p + at, (size_t)n);
			at += (size_t)n;
			continue;
		}
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
			t_log(a->t, "%s: write failed: %s", a->name,
			    strerror(errno));
			break;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			t_error(a->t, "send: %s", strerror(errno));
		if (socket_wait(a->t, a->fd, POLLOUT, deadline) == 0)
			pack_fail(a->t,
			    t_printf(a->t, "the %s reads what the %s sends",
				a->peer, a->place),
			    "%zu of %zu bytes left in our socket", d.len - at,
			    d.len);
	}
	t_step(a->t, "%s", "");
}

void
app_came(struct app *a, const void *p, ssize_t n)
{
	if (n > 0)
		capture_came(a->t, a->capture, p, (size_t)n);
	else if (n == 0)
		capture_came_fin(a->t, a->capture);
	else
		capture_came_rst(a->t, a->capture);
}

ssize_t
app_read(struct app *a, uint8_t *buf, size_t cap)
{
	ssize_t n;

	must_be_open(a);
	do {
		n = recv(a->fd, buf, cap, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return (-1);
	if (n < 0 && process_lacks(errno))
		t_error(a->t, "recv: %s", strerror(errno));
	app_came(a, buf, n);
	if (n <= 0) {
		a->eof = true;
		t_log(a->t, "%s: %s", a->name,
		    n == 0 ? "end (FIN)" : strerror(errno));
		return (0);
	}
	t_log(a->t, "%s got %zd bytes", a->name, n);
	return (n);
}

/* Waits for bytes or the end; fails at DEADLINE. */
static ssize_t
read_by(struct app *a, uint64_t deadline, uint8_t *buf, size_t cap,
    const char *expected)
{
	uint64_t start = t_now();
	ssize_t n;

	t_step(a->t, "%s", expected);
	while ((n = a->eof ? 0 : app_read(a, buf, cap)) < 0)
		if (socket_wait(a->t, a->fd, POLLIN, deadline) == 0)
			pack_fail(a->t, expected, "nothing within %u ms%s",
			    (unsigned)(t_now() - start), verb_last(a->t));
	t_step(a->t, "%s", "");
	return (n);
}

void
app_expect(struct app *a, struct data d)
{
	uint64_t deadline = verb_deadline(a->t, d.len);
	uint64_t limit = verb_limit(a->t, deadline);
	const char *expected =
	    t_printf(a->t, "%zu bytes arrive at the %s", d.len, a->place);
	uint8_t buf[65536];
	size_t at = 0, want;
	ssize_t n;

	if (a->reply != REPLY_NONE)
		expect_granted(a);
	while (at < d.len) {
		want = d.len - at < sizeof(buf) ? d.len - at : sizeof(buf);
		n = read_by(a, deadline, buf, want, expected);
		if (n == 0)
			pack_fail(a->t, expected,
			    "the %s closed after %zu of %zu bytes%s", a->peer,
			    at, d.len, verb_last(a->t));
		verb_compare(a->t, expected, d, at, atls_bytes(buf, (size_t)n));
		at += (size_t)n;
		deadline = verb_renewed(a->t, deadline, limit);
	}
}

void
app_expect_eof(struct app *a)
{
	const char *expected = t_printf(
	    a->t, "the %s closes its connection to the %s", a->peer, a->place);
	uint64_t deadline = verb_deadline(a->t, 0);
	char hex[FRAMES_HEX];
	uint8_t buf[4096];
	ssize_t n;

	if (a->reply != REPLY_NONE && !app_take_reply(a, deadline, expected))
		return;
	n = read_by(a, verb_deadline(a->t, 0), buf, sizeof(buf), expected);
	if (n != 0)
		pack_fail(a->t, expected, "%zd bytes arrive at the %s: %s", n,
		    a->place, frames_hex(buf, (size_t)n, hex));
}

void
app_expect_silence(struct app *a, uint32_t ms)
{
	const char *expected =
	    t_printf(a->t, "nothing arrives at the %s for %u ms", a->place, ms);
	char hex[FRAMES_HEX];
	uint8_t buf[4096];
	ssize_t n;

	if (!a->eof &&
	    socket_wait(a->t, a->fd, POLLIN, t_deadline(a->t, ms)) == 0)
		return;
	n = a->eof ? 0 : app_read(a, buf, sizeof(buf));
	if (n == 0)
		pack_fail(a->t, expected, "the %s closes%s", a->peer,
		    verb_last(a->t));
	if (n > 0)
		pack_fail(a->t, expected, "%zd bytes: %s", n,
		    frames_hex(buf, (size_t)n, hex));
}

void
app_shut(struct app *a)
{
	must_be_open(a);
	t_log(a->t, "%s sends FIN", a->name);
	capture_sent_fin(a->t, a->capture);
	shutdown(a->fd, SHUT_WR);
}

void
app_close(struct app *a)
{
	uint8_t buf[4096];

	must_be_open(a);
	/* Unread data would make the kernel send RST instead of FIN. */
	while (!a->eof && app_read(a, buf, sizeof(buf)) > 0)
		continue;
	t_log(a->t, "%s closes", a->name);
	app_free(a);
}

void
app_reset(struct app *a)
{
	struct linger now = { .l_onoff = 1 };

	must_be_open(a);
	t_log(a->t, "%s resets", a->name);
	if (setsockopt(a->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) < 0)
		t_error(a->t, "SO_LINGER: %s", strerror(errno));
	app_free(a);
}
