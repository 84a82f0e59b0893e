/* The application in front of a client's local proxy: SOCKS5 or HTTP CONNECT.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "conformance/anytls/client.h"
#include "conformance/anytls/frames.h"
#include "conformance/anytls/origin.h"
#include "conformance/anytls/sockets.h"
#include "conformance/anytls/verbs.h"
#include "conformance/engine/capture.h"
#include "conformance/engine/process.h"

#define HTTP_HEAD_MAX 4096

static void
set_nodelay(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

struct app *
client_dial_proxy(struct t *t)
{
	struct app *a = t_alloc(t, sizeof(*a));
	struct sockaddr_storage ss;
	socklen_t len;
	int err = 0;

	if (t_own_client_port(t) == 0)
		t_error(t, "the case asks before start_client()");
	*a = (struct app){ .t = t, .place = "application", .peer = "client" };
	a->fd = socket_bound(t, "127.0.0.1", SOCK_STREAM, &a->port);
	if (a->fd < 0)
		t_error(t, "no IPv4 here");
	a->name = t_printf(t, "application :%u", a->port);
	set_nodelay(a->fd);
	len = socket_address("127.0.0.1", t_own_client_port(t), &ss);
	if (connect(a->fd, (struct sockaddr *)&ss, len) < 0)
		err = errno;
	a->capture = capture_dial(t, a->fd, &ss, len);
	if (err == 0 ||
	    (err == EINPROGRESS &&
		(socket_wait(t, a->fd, POLLOUT, verb_deadline(t, 0)) &
		    (POLLERR | POLLHUP | POLLOUT)) == POLLOUT)) {
		capture_up(t, a->capture);
		return (a);
	}
	if (process_lacks(err))
		t_error(t, "connect: %s", strerror(err));
	capture_came_rst(t, a->capture);
	t_crash(t, "the client's local proxy no longer accepts connections");
}

bool
client_read(
    struct app *a, void *buf, size_t n, uint64_t deadline, const char *expected)
{
	uint64_t start = t_now();
	uint8_t *at = buf;
	ssize_t got;

	t_step(a->t, "%s", expected);
	while (n != 0) {
		do {
			got = recv(a->fd, at, n, 0);
		} while (got < 0 && errno == EINTR);
		if (got > 0) {
			app_came(a, at, got);
			at += got;
			n -= (size_t)got;
		} else if (got < 0 && process_lacks(errno)) {
			t_error(a->t, "recv: %s", strerror(errno));
		} else if (got == 0 ||
		    (errno != EAGAIN && errno != EWOULDBLOCK)) {
			app_came(a, at, got);
			a->eof = true;
			break;
		} else if (socket_wait(a->t, a->fd, POLLIN, deadline) == 0) {
			pack_fail(a->t, expected, "nothing within %u ms%s",
			    (unsigned)(t_now() - start), verb_last(a->t));
		}
	}
	t_step(a->t, "%s", "");
	return (n == 0);
}

bool
client_send(struct app *a, const void *p, size_t n)
{
	ssize_t sent = send(a->fd, p, n, MSG_NOSIGNAL);

	if (sent < 0 && process_lacks(errno))
		t_error(a->t, "send: %s", strerror(errno));
	if (sent > 0)
		capture_sent(a->t, a->capture, p, (size_t)sent);
	return (sent == (ssize_t)n);
}

static void
send_quietly(struct app *a, struct data d)
{
	if (!client_send(a, d.p, d.len))
		t_log(
		    a->t, "%s: the client does not take the request", a->name);
}

/* A SOCKS5 proxy answers the greeting at once, and not as HTTP would. */
static bool
speaks_http(struct t *t)
{
	struct app *a = client_dial_proxy(t);
	uint8_t answer;

	send_quietly(a, bytes("\x05\x01\x00", 3));
	if (socket_wait(t, a->fd, POLLIN, verb_deadline(t, 0)) == 0 ||
	    recv(a->fd, &answer, 1, 0) != 1)
		answer = 0;
	else
		app_came(a, &answer, 1);
	app_free(a);
	return (answer != 5);
}

bool
client_proxy_is_http(struct t *t)
{
	struct client_side *side = client_side(t);

	if (side->proxy == NULL && strcmp(t->proxy, "auto") != 0)
		side->proxy = t->proxy;
	if (side->proxy == NULL)
		side->proxy = t_feature_value(t, "proxy");
	if (side->proxy == NULL)
		side->proxy = speaks_http(t) ? "http" : "socks5";
	return (strcmp(side->proxy, "http") == 0);
}

static void
greet(struct app *a)
{
	static const char expected[] =
	    "the local proxy takes a SOCKS5 greeting without authentication";
	uint8_t answer[2];

	send_quietly(a, bytes("\x05\x01\x00", 3));
	if (!client_read(
		a, answer, sizeof(answer), verb_deadline(a->t, 0), expected))
		pack_fail(a->t, expected, "it closed the connection");
	if (answer[0] != 5 || answer[1] != 0)
		pack_fail(a->t, expected, "it answered %02x %02x", answer[0],
		    answer[1]);
}

struct app *
ask(struct t *t, const char *name, uint16_t port)
{
	bool http = client_proxy_is_http(t), v6 = strchr(name, ':') != NULL;
	struct app *a = client_dial_proxy(t);
	uint8_t buf[3 + ATLS_ADDR_MAX] = { 5, 1, 0 };
	struct atls_writer w = atls_writer(buf + 3, ATLS_ADDR_MAX);
	struct atls_addr addr = addr_of(name, port);

	t_log(t, "%s asks for %s:%u", a->name, name, port);
	if (http) {
		a->reply = REPLY_HTTP;
		send_quietly(a,
		    textf(t,
			v6 ? "CONNECT [%s]:%u HTTP/1.1\r\nHost: [%s]:%u\r\n\r\n"
			   : "CONNECT %s:%u HTTP/1.1\r\nHost: %s:%u\r\n\r\n",
			name, port, name, port));
		return (a);
	}
	greet(a);
	atls_addr_put(&w, &addr);
	a->reply = REPLY_SOCKS;
	send_quietly(a, bytes(buf, 3 + w.len));
	return (a);
}

/* The rest of a SOCKS reply behind its first four bytes. */
static bool
read_bound(struct app *a, uint8_t type, uint64_t deadline, const char *expected)
{
	uint8_t buf[256 + 2], len = 4;

	if (type == ATLS_ADDR_IPV6)
		len = 16;
	else if (type == ATLS_ADDR_NAME &&
	    !client_read(a, &len, 1, deadline, expected))
		return (false);
	return (client_read(a, buf, (size_t)len + 2, deadline, expected));
}

static bool
socks_reply(struct app *a, uint64_t deadline, const char *expected)
{
	uint8_t head[4];

	if (!client_read(a, head, sizeof(head), deadline, expected)) {
		t_log(a->t, "%s: the proxy closed", a->name);
		return (false);
	}
	if (head[0] != 5)
		pack_fail(a->t, expected, "no SOCKS5 reply: %02x %02x", head[0],
		    head[1]);
	t_log(a->t, "%s: the proxy answers %u", a->name, head[1]);
	/* What refuses may stop there. */
	if (head[1] != 0)
		return (false);
	return (read_bound(a, head[3], deadline, expected));
}

static bool
http_reply(struct app *a, uint64_t deadline, const char *expected)
{
	char head[HTTP_HEAD_MAX + 1], quoted[64];
	size_t n = 0;

	do {
		if (n == HTTP_HEAD_MAX)
			pack_fail(a->t, expected, "an endless HTTP answer");
		if (!client_read(a, head + n, 1, deadline, expected)) {
			t_log(a->t, "%s: the proxy closed", a->name);
			return (false);
		}
		head[++n] = '\0';
	} while (n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4) != 0);
	frames_quote(head, strcspn(head, "\r"), quoted, sizeof(quoted));
	t_log(a->t, "%s: the proxy answers %s", a->name, quoted);
	return (n > 12 && memcmp(head, "HTTP/1.", 7) == 0 && head[9] == '2');
}

bool
app_take_reply(struct app *a, uint64_t deadline, const char *expected)
{
	enum app_reply reply = a->reply;

	a->reply = REPLY_NONE;
	if (reply == REPLY_HTTP)
		return (http_reply(a, deadline, expected));
	return (socks_reply(a, deadline, expected));
}

static void
granted_until(struct app *a, uint64_t deadline)
{
	static const char expected[] =
	    "the local proxy grants the application's request";

	if (a->reply == REPLY_NONE || app_take_reply(a, deadline, expected))
		return;
	pack_fail(a->t, expected, "%s%s",
	    a->eof ? "it closed the connection" : "it refused",
	    verb_last(a->t));
}

void
expect_granted(struct app *a)
{
	granted_until(a, verb_deadline(a->t, 0));
}

void
expect_granted_within(struct app *a, uint32_t ms)
{
	granted_until(a, t_deadline(a->t, ms));
}

void
expect_denied(struct app *a)
{
	static const char expected[] =
	    "the application's request fails: refused by the local proxy, or "
	    "its connection closes";
	char hex[FRAMES_HEX];
	uint64_t deadline = verb_deadline(a->t, 0);
	uint8_t byte;

	if (a->reply != REPLY_NONE && !app_take_reply(a, deadline, expected))
		return;
	if (client_read(a, &byte, 1, verb_deadline(a->t, 0), expected))
		pack_fail(a->t, expected, "data arrive: %s ...",
		    frames_hex(&byte, 1, hex));
}
