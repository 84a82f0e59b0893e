/* Host and port: SOCKS5 form and text. */
#include "ref/wire/addr.h"

#include <arpa/inet.h>

#include "ref/wire/err.h"

/* Length of ":65535" and of a NUL. */
#define PORT_ROOM 7

int
atls_addr_read_body(
    struct atls_bytes *in, enum atls_addr_type type, struct atls_addr *a)
{
	struct atls_bytes b = *in;
	size_t len = 4;

	if (type == ATLS_ADDR_IPV6)
		len = 16;
	if (type == ATLS_ADDR_NAME) {
		if (b.len == 0)
			return (ATLS_E_MORE);
		len = b.p[0];
		if (len == 0)
			return (ATLS_E_ADDR_EMPTY);
		atls_bytes_skip(&b, 1);
	}
	if (b.len < len + 2)
		return (ATLS_E_MORE);
	a->type = type;
	a->len = (uint8_t)len;
	memcpy(a->host, b.p, len);
	a->port = atls_get16(b.p + len);
	atls_bytes_skip(&b, len + 2);
	*in = b;
	return (0);
}

int
atls_addr_read(struct atls_bytes *in, struct atls_addr *a)
{
	struct atls_bytes b = *in;
	enum atls_addr_type type;
	int err;

	if (b.len == 0)
		return (ATLS_E_MORE);
	switch (b.p[0]) {
	case ATLS_ADDR_IPV4:
		type = ATLS_ADDR_IPV4;
		break;
	case ATLS_ADDR_NAME:
		type = ATLS_ADDR_NAME;
		break;
	case ATLS_ADDR_IPV6:
		type = ATLS_ADDR_IPV6;
		break;
	default:
		return (ATLS_E_ADDR_TYPE);
	}
	atls_bytes_skip(&b, 1);
	err = atls_addr_read_body(&b, type, a);
	if (err == 0)
		*in = b;
	return (err);
}

void
atls_addr_put_body(struct atls_writer *w, const struct atls_addr *a)
{
	if (a->type == ATLS_ADDR_NAME)
		atls_writer_put8(w, a->len);
	atls_writer_put(w, a->host, a->len);
	atls_writer_put16(w, a->port);
}

void
atls_addr_put(struct atls_writer *w, const struct atls_addr *a)
{
	atls_writer_put8(w, (uint8_t)a->type);
	atls_addr_put_body(w, a);
}

/* Makes an address of HOST; BRACKETS: it stood in brackets. */
static int
parse_host(struct atls_bytes host, bool brackets, struct atls_addr *a)
{
	char text[sizeof(a->host) + 1];

	if (host.len == 0 || host.len >= sizeof(text))
		return (ATLS_E_INVAL);
	memcpy(text, host.p, host.len);
	text[host.len] = '\0';
	if (inet_pton(AF_INET6, text, a->host) == 1) {
		a->type = ATLS_ADDR_IPV6;
		a->len = 16;
	} else if (brackets) {
		return (ATLS_E_INVAL);
	} else if (inet_pton(AF_INET, text, a->host) == 1) {
		a->type = ATLS_ADDR_IPV4;
		a->len = 4;
	} else {
		a->type = ATLS_ADDR_NAME;
		a->len = (uint8_t)host.len;
		memcpy(a->host, text, host.len);
	}
	return (0);
}

int
atls_addr_parse(const char *host, uint16_t port, struct atls_addr *a)
{
	struct atls_bytes b = atls_bytes_str(host);
	struct atls_addr made = { .port = port };
	bool brackets = b.len != 0 && b.p[0] == '[';
	int err;

	if (brackets) {
		if (b.p[b.len - 1] != ']' || b.len < 2)
			return (ATLS_E_INVAL);
		b = atls_bytes(b.p + 1, b.len - 2);
	}
	err = parse_host(b, brackets, &made);
	if (err == 0)
		*a = made;
	return (err);
}

static int
parse_port(struct atls_bytes text, uint16_t *port)
{
	unsigned n = 0;
	size_t i;

	if (text.len == 0 || text.len > 5)
		return (ATLS_E_SYNTAX);
	for (i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return (ATLS_E_SYNTAX);
		n = n * 10 + (unsigned)(text.p[i] - '0');
	}
	if (n > UINT16_MAX)
		return (ATLS_E_SYNTAX);
	*port = (uint16_t)n;
	return (0);
}

int
atls_addr_parse_hostport(const char *text, struct atls_addr *a)
{
	struct atls_addr made = { 0 };
	bool brackets = text[0] == '[';
	const char *host = brackets ? text + 1 : text;
	const char *end = strchr(text, brackets ? ']' : ':');
	struct atls_bytes port;

	if (text[0] == '\0' ||
	    (text[0] == ':' && strchr(text + 1, ':') == NULL))
		return (ATLS_E_ADDR_EMPTY);
	if (end == NULL || (brackets && end[1] != ':'))
		return (ATLS_E_SYNTAX);
	/* A second ":" makes this a bare IPv6 literal: no digits, refused. */
	port = atls_bytes_str(brackets ? end + 2 : end + 1);
	if (parse_port(port, &made.port) != 0 ||
	    parse_host(
		atls_bytes(host, (size_t)(end - host)), brackets, &made) != 0)
		return (ATLS_E_SYNTAX);
	*a = made;
	return (0);
}

/* Writes the name, cut after the last byte that fits whole. */
static void
format_name(struct atls_writer *w, const struct atls_addr *a)
{
	static const char hex[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < a->len; i++) {
		uint8_t c = a->host[i];
		char escape[4] = { '\\', 'x', hex[c >> 4], hex[c & 15] };

		if (c >= 0x20 && c < 0x7f)
			atls_writer_put8(w, c);
		else
			atls_writer_put(w, escape, sizeof(escape));
	}
	w->full = false;
}

static void
format_port(struct atls_writer *w, unsigned port)
{
	unsigned unit = 10000;

	while (unit > 1 && port < unit)
		unit /= 10;
	atls_writer_put8(w, ':');
	for (; unit != 0; unit /= 10)
		atls_writer_put8(w, (uint8_t)('0' + port / unit % 10));
}

void
atls_addr_format(const struct atls_addr *a, char out[ATLS_ADDR_STRLEN])
{
	struct atls_writer w = atls_writer(out, ATLS_ADDR_STRLEN - PORT_ROOM);
	char literal[INET6_ADDRSTRLEN] = "?";

	if (a->type == ATLS_ADDR_NAME) {
		format_name(&w, a);
	} else if (a->type == ATLS_ADDR_IPV6) {
		(void)inet_ntop(AF_INET6, a->host, literal, sizeof(literal));
		atls_writer_put8(&w, '[');
		atls_writer_str(&w, literal);
		atls_writer_put8(&w, ']');
	} else {
		(void)inet_ntop(AF_INET, a->host, literal, sizeof(literal));
		atls_writer_str(&w, literal);
	}
	w.cap = ATLS_ADDR_STRLEN;
	format_port(&w, a->port);
	atls_writer_put8(&w, 0);
}
