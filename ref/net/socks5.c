/* SOCKS5 and SOCKS4/4a without I/O. */
#include "ref/net/socks5.h"

#include <ctype.h>

#include "ref/net/digest.h"

#define METHOD_NONE 0x00
#define METHOD_LOGIN 0x02
#define METHOD_REFUSED 0xff
#define SOCKS4_GRANTED 90
#define SOCKS4_REJECTED 91

static bool
text_equal(struct atls_bytes given, const char *want)
{
	size_t len = strlen(want);

	return (given.len == len && digest_equal(given.p, want, len));
}

/* Version, number of methods, methods: RFC 1928 section 3. */
static int
greeting(struct socks5 *s, struct atls_bytes *in, struct atls_writer *out)
{
	uint8_t want = s->user == NULL ? METHOD_NONE : METHOD_LOGIN;
	size_t n;

	if (in->len < 2)
		return (ATLS_E_MORE);
	n = in->p[1];
	if (in->len < 2 + n)
		return (ATLS_E_MORE);
	atls_writer_put8(out, 5);
	if (n == 0 || memchr(in->p + 2, want, n) == NULL) {
		atls_writer_put8(out, METHOD_REFUSED);
		return (ATLS_E_AUTH);
	}
	atls_writer_put8(out, want);
	atls_bytes_skip(in, 2 + n);
	s->state = want == METHOD_LOGIN ? SOCKS5_LOGIN : SOCKS5_REQUEST;
	return (0);
}

/* Version 1, user, password: RFC 1929. */
static int
login(struct socks5 *s, struct atls_bytes *in, struct atls_writer *out)
{
	struct atls_bytes user, password;
	size_t nuser, npass;
	bool good;

	if (in->len >= 1 && in->p[0] != 1)
		return (ATLS_E_SYNTAX);
	if (in->len < 2)
		return (ATLS_E_MORE);
	nuser = in->p[1];
	if (in->len < 3 + nuser)
		return (ATLS_E_MORE);
	npass = in->p[2 + nuser];
	if (in->len < 3 + nuser + npass)
		return (ATLS_E_MORE);
	user = atls_bytes(in->p + 2, nuser);
	password = atls_bytes(in->p + 3 + nuser, npass);
	/* Both are compared, so that time does not tell which was wrong. */
	good = text_equal(user, s->user);
	good = text_equal(password, s->password) && good;
	atls_writer_put8(out, 1);
	atls_writer_put8(out, good ? 0 : 1);
	if (!good)
		return (ATLS_E_AUTH);
	atls_bytes_skip(in, 3 + nuser + npass);
	s->state = SOCKS5_REQUEST;
	return (0);
}

static bool
command_known(unsigned command)
{
	return (command == SOCKS5_CONNECT || command == SOCKS5_UDP_ASSOCIATE);
}

/*
 * Reads the request's address. A client that has no address yet for its
 * datagrams may say the empty name.
 */
static int
take_addr(struct socks5 *s, struct atls_bytes *in)
{
	if (s->command != SOCKS5_UDP_ASSOCIATE || in->len < 2 ||
	    in->p[0] != ATLS_ADDR_NAME || in->p[1] != 0)
		return (atls_addr_read(in, &s->addr));
	if (in->len < 4)
		return (ATLS_E_MORE);
	memset(&s->addr, 0, sizeof(s->addr));
	s->addr.type = ATLS_ADDR_IPV4;
	s->addr.len = 4;
	s->addr.port = atls_get16(in->p + 2);
	atls_bytes_skip(in, 4);
	return (0);
}

/* Version, command, reserved, address: RFC 1928 section 4. */
static int
request5(struct socks5 *s, struct atls_bytes *in, struct atls_writer *out)
{
	struct atls_bytes rest;
	int r;

	if (in->len >= 1 && in->p[0] != 5)
		return (ATLS_E_SYNTAX);
	if (in->len < 4)
		return (ATLS_E_MORE);
	if (!command_known(in->p[1])) {
		socks5_reply_put(s, SOCKS5_BAD_COMMAND, NULL, out);
		return (ATLS_E_SYNTAX);
	}
	s->command = (enum socks5_command)in->p[1];
	rest = atls_bytes(in->p + 3, in->len - 3);
	r = take_addr(s, &rest);
	if (r == ATLS_E_MORE)
		return (r);
	if (r < 0) {
		socks5_reply_put(s, SOCKS5_BAD_ADDRESS, NULL, out);
		return (r);
	}
	*in = rest;
	s->state = SOCKS5_DONE;
	return (0);
}

/*
 * Takes a text with its NUL off *IN; at most 255 bytes, so that a peer cannot
 * make us collect for ever.
 */
static int
take_text(struct atls_bytes *in, struct atls_bytes *text)
{
	const uint8_t *nul = NULL;
	size_t n = in->len < 256 ? in->len : 256;

	if (n != 0)
		nul = memchr(in->p, 0, n);
	if (nul == NULL)
		return (in->len < 256 ? ATLS_E_MORE : ATLS_E_SYNTAX);
	*text = atls_bytes(in->p, (size_t)(nul - in->p));
	atls_bytes_skip(in, text->len + 1);
	return (0);
}

/* Version, command, port, address, user id, and with 4a a name. */
static int
request4(struct socks5 *s, struct atls_bytes *in, struct atls_writer *out)
{
	struct atls_bytes rest = *in, text;
	const uint8_t *p = in->p;
	int r;

	if (in->len < 8)
		return (ATLS_E_MORE);
	s->command = SOCKS5_CONNECT;
	if (p[1] != SOCKS5_CONNECT || s->user != NULL) {
		socks5_reply_put(s, SOCKS5_FAILURE, NULL, out);
		return (s->user != NULL ? ATLS_E_AUTH : ATLS_E_SYNTAX);
	}
	atls_bytes_skip(&rest, 8);
	r = take_text(&rest, &text);
	if (r < 0)
		return (r);
	s->addr.type = ATLS_ADDR_IPV4;
	s->addr.port = atls_get16(p + 2);
	s->addr.len = 4;
	memcpy(s->addr.host, p + 4, 4);
	/* 4a: an address of 0.0.0.x, x not 0, says that a name follows. */
	if (p[4] == 0 && p[5] == 0 && p[6] == 0 && p[7] != 0) {
		r = take_text(&rest, &text);
		if (r < 0)
			return (r);
		if (text.len == 0)
			return (ATLS_E_ADDR_EMPTY);
		s->addr.type = ATLS_ADDR_NAME;
		s->addr.len = (uint8_t)text.len;
		memcpy(s->addr.host, text.p, text.len);
	}
	*in = rest;
	s->state = SOCKS5_DONE;
	return (0);
}

int
socks5_feed(struct socks5 *s, struct atls_bytes *in, struct atls_writer *out)
{
	int r = 0;

	if (in->len == 0)
		return (s->state == SOCKS5_DONE ? 0 : ATLS_E_MORE);
	if (s->state == SOCKS5_GREETING) {
		s->version = in->p[0];
		if (s->version == 4)
			return (request4(s, in, out));
		if (s->version != 5)
			return (ATLS_E_SYNTAX);
	}
	while (r == 0 && s->state != SOCKS5_DONE) {
		if (s->state == SOCKS5_GREETING)
			r = greeting(s, in, out);
		else if (s->state == SOCKS5_LOGIN)
			r = login(s, in, out);
		else
			r = request5(s, in, out);
	}
	return (r);
}

void
socks5_reply_put(const struct socks5 *s, enum socks5_code code,
    const struct atls_addr *bound, struct atls_writer *w)
{
	static const struct atls_addr none = { ATLS_ADDR_IPV4, 0, 4, { 0 } };

	if (bound == NULL)
		bound = &none;
	if (s->version == 4) {
		atls_writer_put8(w, 0);
		atls_writer_put8(
		    w, code == SOCKS5_OK ? SOCKS4_GRANTED : SOCKS4_REJECTED);
		atls_writer_put(w, "\0\0\0\0\0\0", 6);
		return;
	}
	atls_writer_put8(w, 5);
	atls_writer_put8(w, (uint8_t)code);
	atls_writer_put8(w, 0);
	atls_addr_put(w, bound);
}

/* True when TEXT has PART in it, in any case; PART is in lower case. */
static bool
has_part(struct atls_bytes text, const char *part)
{
	size_t n = strlen(part), i, j;

	for (i = 0; i + n <= text.len; i++) {
		for (j = 0; j < n; j++) {
			if (tolower(text.p[i + j]) != part[j])
				break;
		}
		if (j == n)
			return (true);
	}
	return (false);
}

enum socks5_code
socks5_code_of_text(struct atls_bytes text)
{
	static const struct {
		const char *part;
		enum socks5_code code;
	} table[] = {
		{ "refused", SOCKS5_REFUSED },
		{ "unreachable", SOCKS5_HOST_UNREACHABLE },
		{ "no route", SOCKS5_HOST_UNREACHABLE },
		{ "timed out", SOCKS5_HOST_UNREACHABLE },
		{ "timeout", SOCKS5_HOST_UNREACHABLE },
		{ "no such host", SOCKS5_HOST_UNREACHABLE },
		{ "not found", SOCKS5_HOST_UNREACHABLE },
		{ "not known", SOCKS5_HOST_UNREACHABLE },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (has_part(text, table[i].part))
			return (table[i].code);
	}
	return (SOCKS5_FAILURE);
}

int
socks5_udp_read(struct atls_bytes *in, struct atls_addr *a)
{
	struct atls_bytes rest = *in;
	int r;

	if (rest.len < 4 || rest.p[2] != 0)
		return (ATLS_E_SYNTAX);
	atls_bytes_skip(&rest, 3);
	r = atls_addr_read(&rest, a);
	if (r < 0)
		return (r == ATLS_E_MORE ? ATLS_E_SYNTAX : r);
	*in = rest;
	return (0);
}

void
socks5_udp_put(struct atls_writer *w, const struct atls_addr *a)
{
	atls_writer_put(w, "\0\0\0", 3);
	atls_addr_put(w, a);
}
