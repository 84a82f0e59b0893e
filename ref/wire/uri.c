/* anytls:// share links. */
#include "ref/wire/uri.h"

#include "ref/wire/addr.h"
#include "ref/wire/bytes.h"
#include "ref/wire/err.h"

struct parser {
	const char *text;
	const char *reason;
	unsigned at;
	struct atls_uri uri;
};

static int
fail(struct parser *p, const uint8_t *where, const char *reason)
{
	p->reason = reason;
	p->at = (unsigned)((const char *)where - p->text);
	return (ATLS_E_SYNTAX);
}

/* Takes what is before the first of the bytes STOP off the front of *REST. */
static struct atls_bytes
take_until(struct atls_bytes *rest, const char *stop)
{
	struct atls_bytes taken = { rest->p, 0 };

	while (
	    taken.len < rest->len && strchr(stop, rest->p[taken.len]) == NULL)
		taken.len++;
	atls_bytes_skip(rest, taken.len);
	return (taken);
}

/* Value of a hex digit, or -1. */
static int
hex_digit(uint8_t c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at;

	if (c >= 'A' && c <= 'F')
		c = (uint8_t)(c - 'A' + 'a');
	at = memchr(digits, c, sizeof(digits) - 1);
	return (at == NULL ? -1 : (int)(at - digits));
}

/* Percent-decodes IN to OUT. */
static int
decode(struct parser *p, struct atls_bytes in, char out[ATLS_URI_MAX])
{
	size_t n = 0;

	while (in.len != 0) {
		uint8_t c = in.p[0];
		size_t used = 1;

		if (n == ATLS_URI_MAX - 1)
			return (fail(p, in.p, "the text is too long"));
		if (c == '%') {
			int high = in.len < 3 ? -1 : hex_digit(in.p[1]);
			int low = in.len < 3 ? -1 : hex_digit(in.p[2]);

			if (high < 0 || low < 0)
				return (fail(p, in.p, "bad percent escape"));
			if (high == 0 && low == 0)
				return (fail(p, in.p, "\"%00\" is refused"));
			c = (uint8_t)(high << 4 | low);
			used = 3;
		}
		out[n++] = (char)c;
		atls_bytes_skip(&in, used);
	}
	out[n] = '\0';
	return (0);
}

/* Takes "anytls://" off the front of *REST. */
static int
read_scheme(struct parser *p, struct atls_bytes *rest)
{
	static const char scheme[] = "anytls://";
	size_t i;

	for (i = 0; scheme[i] != '\0'; i++) {
		uint8_t c = i < rest->len ? rest->p[i] : 0;

		if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c - 'A' + 'a');
		if (c != (uint8_t)scheme[i])
			return (fail(p, rest->p,
			    "the link does not begin with anytls://"));
	}
	atls_bytes_skip(rest, i);
	return (0);
}

/* Reads HOST, with its brackets if any. */
static int
read_host(struct parser *p, struct atls_bytes host)
{
	bool brackets = host.len != 0 && host.p[0] == '[';
	struct atls_addr addr;
	size_t i;
	int err;

	if (host.len == 0)
		return (fail(p, host.p, "there is no host"));
	if (brackets)
		host = atls_bytes(host.p + 1, host.len - 2);
	err = decode(p, host, p->uri.host);
	if (err != 0)
		return (err);
	for (i = 0; p->uri.host[i] != '\0'; i++) {
		unsigned c = (unsigned char)p->uri.host[i];

		if (c <= 0x20 || c == 0x7f || strchr("[]/?#@\\", (int)c))
			return (fail(p, host.p, "bad character in the host"));
	}
	if (atls_addr_parse(p->uri.host, 0, &addr) != 0)
		return (fail(p, host.p, "the host name is too long"));
	if (brackets && addr.type != ATLS_ADDR_IPV6)
		return (fail(p, host.p, "no IPv6 address in the brackets"));
	if (!brackets && strchr(p->uri.host, ':') != NULL)
		return (fail(p, host.p, "\":\" in the host"));
	return (0);
}

static int
read_port(struct parser *p, struct atls_bytes text)
{
	unsigned port = 0;
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return (fail(p, text.p + i, "the port is no number"));
		port = port * 10 + (unsigned)(text.p[i] - '0');
		if (port > UINT16_MAX)
			break;
	}
	if (port == 0 || port > UINT16_MAX)
		return (fail(p, text.p, "the port is not 1 to 65535"));
	p->uri.port = (uint16_t)port;
	return (0);
}

/* Reads "[auth@]host[:port]". The last "@" ends the auth part. */
static int
read_authority(struct parser *p, struct atls_bytes in)
{
	struct atls_bytes host;
	size_t i;
	int err = 0;

	for (i = in.len; i != 0 && in.p[i - 1] != '@';)
		i--;
	if (i != 0)
		err = decode(p, atls_bytes(in.p, i - 1), p->uri.password);
	if (err != 0)
		return (err);
	atls_bytes_skip(&in, i);

	if (in.len != 0 && in.p[0] == '[') {
		host = take_until(&in, "]");
		if (in.len == 0)
			return (fail(p, host.p, "\"[\" without \"]\""));
		host.len++;
		atls_bytes_skip(&in, 1);
	} else {
		host = take_until(&in, ":");
	}
	err = read_host(p, host);
	if (err != 0 || in.len == 0)
		return (err);
	if (in.p[0] != ':')
		return (fail(p, in.p, "text between the host and the port"));
	atls_bytes_skip(&in, 1);
	return (read_port(p, in));
}

/* Reads "key=value&key=value"; the last of equal keys counts. */
static int
read_query(struct parser *p, struct atls_bytes in)
{
	while (in.len != 0) {
		struct atls_bytes value = take_until(&in, "&");
		struct atls_bytes key = take_until(&value, "=");
		int err = 0;

		atls_bytes_skip(&in, in.len != 0 ? 1 : 0);
		atls_bytes_skip(&value, value.len != 0 ? 1 : 0);
		if (atls_bytes_equal(key, atls_bytes_str("sni")))
			err = decode(p, value, p->uri.sni);
		else if (atls_bytes_equal(key, atls_bytes_str("insecure")))
			p->uri.insecure =
			    atls_bytes_equal(value, atls_bytes_str("1"));
		if (err != 0)
			return (err);
	}
	return (0);
}

static int
parse(struct parser *p)
{
	struct atls_bytes rest = atls_bytes_str(p->text);
	struct atls_bytes path;
	int err;

	err = read_scheme(p, &rest);
	if (err == 0)
		err = read_authority(p, take_until(&rest, "/?#"));
	if (err != 0)
		return (err);

	/* A raw "/" in the password would end up here, so this is no detail. */
	path = take_until(&rest, "?#");
	if (path.len > 1)
		return (fail(p, path.p, "a path other than \"/\""));
	if (rest.len != 0 && rest.p[0] == '?') {
		atls_bytes_skip(&rest, 1);
		err = read_query(p, take_until(&rest, "#"));
	}
	if (err == 0 && rest.len != 0) {
		atls_bytes_skip(&rest, 1);
		err = decode(p, rest, p->uri.name);
	}
	return (err);
}

int
atls_uri_parse(
    const char *text, struct atls_uri *uri, const char **reason, unsigned *at)
{
	struct parser p;
	int err;

	memset(&p, 0, sizeof(p));
	p.text = text;
	p.uri.port = ATLS_URI_PORT;
	err = parse(&p);
	if (err != 0) {
		*reason = p.reason;
		*at = p.at;
		return (err);
	}
	*uri = p.uri;
	return (0);
}

const char *
atls_uri_server_name(const char *sni, const char *host)
{
	const char *name = sni[0] != '\0' ? sni : host;
	struct atls_addr addr;

	/* A ":" is in no host name, but in an IPv6 literal with a zone. */
	if (strchr(name, ':') != NULL || atls_addr_parse(name, 0, &addr) != 0)
		return (NULL);
	return (addr.type == ATLS_ADDR_NAME ? name : NULL);
}
