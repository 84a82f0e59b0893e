/* The application's UDP: SOCKS5 UDP ASSOCIATE of a client's local proxy. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "conformance/anytls/client.h"
#include "conformance/anytls/frames.h"
#include "conformance/anytls/sockets.h"
#include "conformance/anytls/verbs.h"
#include "conformance/engine/capture.h"

#define SOCKS_UDP_MAX (3 + ATLS_ADDR_MAX + 65535)

struct udp_app {
	struct t *t;
	struct app *control; /* the association lives as long as this */
	int fd;
	uint16_t port;
	struct sockaddr_storage relay;
	socklen_t relay_len;
};

/* Where the proxy takes datagrams; false: it refuses to associate or, unless it
 * MUST, says nothing. */
static bool
associate(struct app *a, bool must, struct atls_addr *relay)
{
	static const char expected[] = "the local proxy answers UDP ASSOCIATE";
	static const uint8_t hello[] = { 5, 1, 0 };
	static const uint8_t request[] = { 5, 3, 0, 1, 0, 0, 0, 0, 0, 0 };
	uint64_t deadline = verb_deadline(a->t, 0);
	uint8_t answer[2], head[4], body[18];
	size_t len;

	if (!client_send(a, hello, sizeof(hello)) ||
	    !client_read(a, answer, 2, deadline, expected) || answer[1] != 0 ||
	    !client_send(a, request, sizeof(request)) ||
	    (!must && socket_wait(a->t, a->fd, POLLIN, deadline) == 0) ||
	    !client_read(a, head, 4, deadline, expected) || head[1] != 0)
		return (false);
	len = head[3] == ATLS_ADDR_IPV6 ? 16 : 4;
	if (head[3] == ATLS_ADDR_NAME ||
	    !client_read(a, body, len + 2, deadline, expected))
		return (false);
	memset(relay, 0, sizeof(*relay));
	relay->type = head[3];
	relay->len = (uint8_t)len;
	memcpy(relay->host, body, len);
	relay->port = atls_get16(body + len);
	return (true);
}

/* A relay that says "anywhere" is where the proxy is. */
static void
find_relay(struct udp_app *u, const struct atls_addr *relay)
{
	u->relay_len = socket_address("127.0.0.1", relay->port, &u->relay);
}

struct udp_app *
client_ask_udp(struct t *t, bool must)
{
	struct udp_app *u = t_alloc(t, sizeof(*u));
	struct atls_addr relay;

	if (client_proxy_is_http(t))
		t_skip(t, "feature", "an HTTP proxy carries no UDP");
	u->t = t;
	u->control = client_dial_proxy(t);
	if (!associate(u->control, must, &relay))
		t_skip(t, "feature", "the local proxy refuses UDP ASSOCIATE");
	find_relay(u, &relay);
	u->fd = socket_bound(t, "127.0.0.1", SOCK_DGRAM, &u->port);
	t_log(t, "application :%u associated, the relay is port %u", u->port,
	    relay.port);
	return (u);
}

struct udp_app *
ask_udp(struct t *t)
{
	return (client_ask_udp(t, t_feature_value(t, "udp") != NULL));
}

void
udp_app_tell(struct udp_app *u, const char *host, uint16_t port, struct data d)
{
	uint8_t *buf = t_alloc(u->t, SOCKS_UDP_MAX);
	struct atls_writer w = atls_writer(buf + 3, SOCKS_UDP_MAX - 3);
	struct atls_addr a = addr_of(host, port);

	atls_addr_put(&w, &a);
	atls_writer_put(&w, d.p, d.len);
	t_log(u->t, "application :%u sends %zu bytes to %s:%u", u->port, d.len,
	    host, port);
	if (sendto(u->fd, buf, 3 + w.len, 0, (struct sockaddr *)&u->relay,
		u->relay_len) < 0)
		t_error(u->t, "sendto: %s", strerror(errno));
	capture_sent(u->t,
	    capture_datagrams(u->t, u->fd, &u->relay, u->relay_len), buf,
	    3 + w.len);
}

/* Takes the SOCKS header off a datagram of N bytes. */
static struct atls_bytes
unwrap(struct udp_app *u, const uint8_t *buf, size_t n, struct atls_addr *from,
    const char *expected)
{
	struct atls_bytes in = atls_bytes(buf, n);
	char hex[FRAMES_HEX];

	if (n >= 4) {
		in = atls_bytes(buf + 3, n - 3);
		if (buf[2] == 0 && atls_addr_read(&in, from) == 0)
			return (in);
	}
	pack_fail(u->t, expected, "a datagram without SOCKS header: %s",
	    frames_hex(buf, n, hex));
}

void
udp_app_expect(
    struct udp_app *u, const char *host, uint16_t port, struct data d)
{
	const char *expected = t_printf(
	    u->t, "a datagram of %zu bytes for the application", d.len);
	uint64_t deadline = verb_deadline(u->t, 0), start = t_now();
	uint8_t *buf = t_alloc(u->t, SOCKS_UDP_MAX);
	char got_name[ATLS_ADDR_STRLEN], want_name[ATLS_ADDR_STRLEN];
	struct atls_addr from, want;
	struct atls_bytes in;
	ssize_t n;

	t_step(u->t, "%s", expected);
	do {
		if (socket_wait(u->t, u->fd, POLLIN, deadline) == 0)
			pack_fail(u->t, expected, "nothing within %u ms%s",
			    (unsigned)(t_now() - start), verb_last(u->t));
		n = recv(u->fd, buf, SOCKS_UDP_MAX, 0);
	} while (n < 0);
	capture_came(u->t,
	    capture_datagrams(u->t, u->fd, &u->relay, u->relay_len), buf,
	    (size_t)n);
	t_step(u->t, "%s", "");
	in = unwrap(u, buf, (size_t)n, &from, expected);
	atls_addr_format(&from, got_name);
	t_log(u->t, "application :%u got %zu bytes from %s", u->port, in.len,
	    got_name);
	if (in.len < d.len)
		pack_fail(u->t, expected, "a datagram of %zu bytes", in.len);
	verb_compare(u->t, expected, d, 0, in);
	if (host == NULL)
		return;
	want = addr_of(host, port);
	atls_addr_format(&want, want_name);
	if (strcmp(got_name, want_name) != 0)
		pack_fail(u->t, t_printf(u->t, "a datagram from %s", want_name),
		    "it comes from %s", got_name);
}

void
udp_app_expect_silence(struct udp_app *u, uint32_t ms)
{
	if (socket_wait(u->t, u->fd, POLLIN, t_deadline(u->t, ms)) != 0)
		pack_fail(u->t,
		    t_printf(
			u->t, "no datagram for the application for %u ms", ms),
		    "one has come");
}
