/* Requests of HTTP/1.x to a proxy, without I/O. */
#include "ref/net/http.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "ref/net/digest.h"

/* A user and a password of 255 bytes, the colon, in base64. */
#define BASIC_MAX 700

static bool
same(struct atls_bytes a, const char *b)
{
	return (a.len == strlen(b) &&
	    strncasecmp((const char *)a.p, b, a.len) == 0);
}

static bool
starts(struct atls_bytes a, const char *b)
{
	size_t n = strlen(b);

	return (a.len >= n && strncasecmp((const char *)a.p, b, n) == 0);
}

static struct atls_bytes
trim(struct atls_bytes b)
{
	while (b.len != 0 && (b.p[0] == ' ' || b.p[0] == '\t'))
		atls_bytes_skip(&b, 1);
	while (b.len != 0 && (b.p[b.len - 1] == ' ' || b.p[b.len - 1] == '\t'))
		b.len--;
	return (b);
}

/* Takes a line off the front of *IN, without LF or CR LF. */
static bool
next_line(struct atls_bytes *in, struct atls_bytes *line)
{
	const uint8_t *lf = NULL;

	if (in->len != 0)
		lf = memchr(in->p, '\n', in->len);
	if (lf == NULL)
		return (false);
	*line = atls_bytes(in->p, (size_t)(lf - in->p));
	atls_bytes_skip(in, line->len + 1);
	if (line->len != 0 && line->p[line->len - 1] == '\r')
		line->len--;
	return (true);
}

/* Takes a word up to a blank off *IN; what is left begins after the blank. */
static bool
next_word(struct atls_bytes *in, struct atls_bytes *word)
{
	const uint8_t *sp = NULL;

	if (in->len != 0)
		sp = memchr(in->p, ' ', in->len);
	if (sp == NULL || sp == in->p)
		return (false);
	*word = atls_bytes(in->p, (size_t)(sp - in->p));
	atls_bytes_skip(in, word->len + 1);
	return (true);
}

/* "host", "host:port", "[v6]:port"; PORT is what holds without one. */
static int
authority(struct atls_bytes text, uint16_t port, struct atls_addr *a)
{
	char buf[300];
	size_t i, at = 0;

	for (i = 0; i < text.len; i++) {
		if (text.p[i] == '@') /* user information is not for us */
			at = i + 1;
	}
	atls_bytes_skip(&text, at);
	if (text.len == 0 || text.len > 270)
		return (ATLS_E_SYNTAX);
	memcpy(buf, text.p, text.len);
	buf[text.len] = '\0';
	if (atls_addr_parse_hostport(buf, a) == 0)
		return (a->port == 0 ? ATLS_E_SYNTAX : 0);
	if (port == 0 || (buf[0] != '[' && strchr(buf, ':') != NULL))
		return (ATLS_E_SYNTAX);
	return (atls_addr_parse(buf, port, a) == 0 ? 0 : ATLS_E_SYNTAX);
}

/* "http://authority/path": RFC 9112 section 3.2.2. */
static int
absolute(struct http_request *r)
{
	struct atls_bytes host = r->target;
	size_t n = 0;

	if (!starts(host, "http://"))
		return (ATLS_E_SYNTAX);
	atls_bytes_skip(&host, 7);
	while (n < host.len && strchr("/?#", host.p[n]) == NULL)
		n++;
	r->path = atls_bytes(host.p + n, host.len - n);
	host.len = n;
	return (authority(host, 80, &r->addr));
}

static int
request_line(struct http_request *r, struct atls_bytes line)
{
	size_t i;

	if (!next_word(&line, &r->method) || !next_word(&line, &r->target) ||
	    !starts(line, "HTTP/1.") || line.len != 8 || !isdigit(line.p[7]))
		return (ATLS_E_SYNTAX);
	for (i = 0; i < r->target.len; i++) {
		if (r->target.p[i] < ' ' || r->target.p[i] >= 0x7f)
			return (ATLS_E_SYNTAX);
	}
	for (i = 0; i < r->method.len; i++) {
		if (!isalpha(r->method.p[i]) && r->method.p[i] != '-')
			return (ATLS_E_SYNTAX);
	}
	r->connect = same(r->method, "CONNECT");
	if (r->connect)
		return (authority(r->target, 0, &r->addr));
	return (absolute(r));
}

static int
field(struct atls_bytes line, struct atls_bytes *name, struct atls_bytes *value)
{
	const uint8_t *colon = NULL;

	if (line.len != 0)
		colon = memchr(line.p, ':', line.len);
	if (colon == NULL || colon == line.p)
		return (ATLS_E_SYNTAX);
	*name = atls_bytes(line.p, (size_t)(colon - line.p));
	*value = trim(atls_bytes(colon + 1, line.len - name->len - 1));
	return (0);
}

static int
read_head(struct http_request *r, struct atls_bytes head)
{
	struct atls_bytes line, name, value;
	int e;

	if (!next_line(&head, &line))
		return (ATLS_E_SYNTAX);
	e = request_line(r, line);
	if (e < 0)
		return (e);
	r->authorization = atls_bytes(NULL, 0);
	r->upgrade = false;
	while (next_line(&head, &line) && line.len != 0) {
		e = field(line, &name, &value);
		if (e < 0)
			return (e);
		if (same(name, "Proxy-Authorization"))
			r->authorization = value;
		else if (same(name, "Upgrade"))
			r->upgrade = true;
	}
	return (0);
}

int
http_request_read(struct http_request *r, struct atls_bytes have)
{
	size_t i = r->scanned;

	/* An empty line ends the head: LF LF, or LF CR LF. */
	for (; i < have.len && i < HTTP_HEAD_MAX; i++) {
		if (have.p[i] != '\n' || i == 0)
			continue;
		if (have.p[i - 1] == '\n' ||
		    (i >= 2 && have.p[i - 1] == '\r' && have.p[i - 2] == '\n'))
			break;
	}
	r->scanned = i;
	if (i == HTTP_HEAD_MAX)
		return (ATLS_E_LIMIT);
	if (i == have.len)
		return (ATLS_E_MORE);
	r->nhead = i + 1;
	return (read_head(r, atls_bytes(have.p, r->nhead)));
}

static void
put(struct atls_writer *w, struct atls_bytes b)
{
	atls_writer_put(w, b.p, b.len);
}

/* Fields that are between the client and us: RFC 9110 section 7.6.1. */
static bool
is_ours(const struct http_request *r, struct atls_bytes name)
{
	if (same(name, "Connection"))
		return (!r->upgrade);
	return (starts(name, "Proxy-") || same(name, "Keep-Alive"));
}

void
http_rewrite(
    const struct http_request *r, struct atls_bytes head, struct atls_writer *w)
{
	struct atls_bytes line, name, value;

	if (!next_line(&head, &line) || line.len < 8)
		return;
	put(w, r->method);
	atls_writer_put8(w, ' ');
	if (r->path.len == 0 || r->path.p[0] != '/')
		atls_writer_put8(w, '/');
	put(w, r->path);
	atls_writer_put8(w, ' ');
	/* The version is the line's last eight bytes. */
	atls_writer_put(w, line.p + line.len - 8, 8);
	atls_writer_str(w, "\r\n");
	while (next_line(&head, &line) && line.len != 0) {
		if (field(line, &name, &value) == 0 && is_ours(r, name))
			continue;
		put(w, line);
		atls_writer_str(w, "\r\n");
	}
	if (!r->upgrade)
		atls_writer_str(w, "Connection: close\r\n");
	atls_writer_str(w, "\r\n");
}

static void
base64(struct atls_bytes in, struct atls_writer *w)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i, k, n;
	uint32_t v;

	for (i = 0; i < in.len; i += 3) {
		n = in.len - i < 3 ? in.len - i : 3;
		v = 0;
		for (k = 0; k < 3; k++)
			v = v << 8 | (k < n ? in.p[i + k] : 0U);
		for (k = 0; k < 4; k++) {
			atls_writer_put8(w,
			    k <= n ? (uint8_t)digits[v >> (18 - 6 * k) & 63]
				   : (uint8_t)'=');
		}
	}
}

bool
http_basic_ok(struct atls_bytes value, const char *user, const char *password)
{
	char plain[512];
	uint8_t want[BASIC_MAX];
	struct atls_writer w = atls_writer(want, sizeof(want));
	int n;

	n = snprintf(plain, sizeof(plain), "%s:%s", user, password);
	if (n < 0 || (size_t)n >= sizeof(plain) || !starts(value, "Basic "))
		return (false);
	base64(atls_bytes(plain, (size_t)n), &w);
	atls_bytes_skip(&value, 6);
	value = trim(value);
	return (!w.full && value.len == w.len &&
	    digest_equal(value.p, want, w.len));
}

const char *
http_response(unsigned status)
{
	switch (status) {
	case 200:
		return ("HTTP/1.1 200 Connection established\r\n\r\n");
	case 400:
		return ("HTTP/1.1 400 Bad Request\r\n"
			"Content-Length: 0\r\nConnection: close\r\n\r\n");
	case 407:
		return ("HTTP/1.1 407 Proxy Authentication Required\r\n"
			"Proxy-Authenticate: Basic realm=\"anytls\"\r\n"
			"Content-Length: 0\r\nConnection: close\r\n\r\n");
	case 431:
		return ("HTTP/1.1 431 Request Header Fields Too Large\r\n"
			"Content-Length: 0\r\nConnection: close\r\n\r\n");
	case 504:
		return ("HTTP/1.1 504 Gateway Timeout\r\n"
			"Content-Length: 0\r\nConnection: close\r\n\r\n");
	default:
		return ("HTTP/1.1 502 Bad Gateway\r\n"
			"Content-Length: 0\r\nConnection: close\r\n\r\n");
	}
}
