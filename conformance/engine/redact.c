/* Searching for secrets, by a fixed list of forms and by windows. */
#include "conformance/engine/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A password of fewer bytes would be found everywhere. */
#define LEAST 4
/* Bytes of the secret in a row that betray it. */
#define WINDOW 8

static const char plain64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void
add_hex(struct redact *r, const uint8_t *p, size_t len, const char *digits)
{
	char *s = words_alloc(2 * len + 1, 1);
	size_t i;

	for (i = 0; i < len; i++) {
		s[2 * i] = digits[p[i] >> 4];
		s[2 * i + 1] = digits[p[i] & 15];
	}
	words_add(&r->forms, s);
	free(s);
}

/* The characters that LEN bytes alone decide, without padding: more may
 * follow. */
static void
add_base64(struct redact *r, const uint8_t *p, size_t len, const char *digits)
{
	char *s = words_alloc(len / 3 * 4 + 4, 1);
	size_t i, n = 0, bits = 0;
	uint32_t held = 0;

	for (i = 0; i < len; i++) {
		held = held << 8 | p[i];
		for (bits += 8; bits >= 6; bits -= 6)
			s[n++] = digits[held >> (bits - 6) & 63];
	}
	s[n] = '\0';
	words_add(&r->forms, s);
	free(s);
}

static void
add_forms(struct redact *r, const uint8_t *p, size_t len)
{
	add_hex(r, p, len, "0123456789abcdef");
	add_hex(r, p, len, "0123456789ABCDEF");
	add_base64(r, p, len, plain64);
	add_base64(r, p, len, url64);
}

void
redact_init(
    struct redact *r, const char *password, const uint8_t *secret, size_t len)
{
	redact_free(r);
	if (password != NULL && strlen(password) >= LEAST) {
		words_add(&r->forms, password);
		add_forms(r, (const uint8_t *)password, strlen(password));
	}
	r->secret_len = len < REDACT_SECRET ? len : REDACT_SECRET;
	if (r->secret_len == 0)
		return;
	memcpy(r->secret, secret, r->secret_len);
	add_forms(r, r->secret, r->secret_len);
}

void
redact_free(struct redact *r)
{
	words_free(&r->forms);
	memset(r, 0, sizeof(*r));
}

/* Is there a window of the secret at P? */
static bool
is_secret(const struct redact *r, const uint8_t *p)
{
	size_t i;

	for (i = 0; i + WINDOW <= r->secret_len; i++)
		if (memcmp(p, r->secret + i, WINDOW) == 0)
			return true;
	return false;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads WINDOW bytes in hexadecimal, which blanks or colons may part, from P;
 * where they end, or NULL. */
static char *
read_window(char *p, const char *end, uint8_t out[WINDOW])
{
	size_t i;

	for (i = 0; i < WINDOW; i++) {
		if (i != 0 && p < end && (*p == ' ' || *p == ':'))
			p++;
		if (end - p < 2 || digit(p[0]) < 0 || digit(p[1]) < 0)
			return NULL;
		out[i] = (uint8_t)(digit(p[0]) << 4 | digit(p[1]));
		p += 2;
	}
	return p;
}

/* Windows overlap: what they cover is kept apart until all are found. */
static void
hide_windows(const struct redact *r, char *p, size_t len)
{
	uint8_t bytes[WINDOW];
	char *at, *stop, *q, *hide_from = NULL, *hide_to = NULL;

	if (r->secret_len < WINDOW)
		return;
	for (at = p; at < p + len; at++) {
		if (hide_from != NULL && at >= hide_to) {
			for (q = hide_from; q < hide_to; q++)
				*q = *q == ' ' || *q == ':' ? *q : '*';
			hide_from = NULL;
		}
		if (digit(*at) < 0)
			continue;
		stop = read_window(at, p + len, bytes);
		if (stop == NULL || !is_secret(r, bytes))
			continue;
		hide_from = hide_from != NULL ? hide_from : at;
		hide_to = stop;
	}
	for (q = hide_from; q != NULL && q < hide_to; q++)
		*q = *q == ' ' || *q == ':' ? *q : '*';
}

/* What the suite itself says: a password that is one of these words is told
 * from them, so that commands to be run again stay whole. */
static const char *const ours[] = { "{password}", "--password", "{server}",
	"--target", "wrong password?", "have the password?" };

/* Are the N bytes at P + AT part of such a phrase? */
static bool
is_ours(const char *p, size_t len, size_t at, size_t n)
{
	size_t i, size, from;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		size = strlen(ours[i]);
		from = at + n < size ? 0 : at + n - size;
		for (; from <= at && from + size <= len; from++)
			if (memcmp(p + from, ours[i], size) == 0)
				return true;
	}
	return false;
}

static void
hide_form(const char *form, char *p, size_t len)
{
	size_t n = strlen(form), i;

	for (i = 0; i + n <= len; i++)
		if (p[i] == form[0] && memcmp(p + i, form, n) == 0 &&
		    !is_ours(p, len, i, n))
			memset(p + i, '*', n);
}

void
redact_buffer(const struct redact *r, char *p, size_t len)
{
	size_t i;

	for (i = 0; i < r->forms.n; i++)
		hide_form(r->forms.v[i], p, len);
	hide_windows(r, p, len);
}

void
redact_text(const struct redact *r, char *text)
{
	if (text != NULL)
		redact_buffer(r, text, strlen(text));
}

size_t
redact_bytes(const struct redact *r, uint8_t *p, size_t len, size_t *from)
{
	bool *hide = words_alloc(len + 1, sizeof(*hide));
	size_t i, n = 0;

	if (r->secret_len >= WINDOW)
		for (i = 0; i + WINDOW <= len; i++)
			if (is_secret(r, p + i))
				memset(hide + i, true, WINDOW);
	for (i = 0; i < len; i++) {
		if (!hide[i])
			continue;
		if (n++ == 0)
			*from = i;
		p[i] = 0;
	}
	free(hide);
	return n;
}

void
redact_box(const struct redact *r, struct box *box)
{
	uint32_t len = box->bytes_len < BOX_BYTES ? box->bytes_len : BOX_BYTES;
	size_t i, n, from = 0;

	redact_text(r, box->expected);
	redact_text(r, box->actual);
	redact_text(r, box->step);
	for (i = 0; i < box_line_count(box); i++)
		redact_text(r, box->lines[i].text);
	for (i = 0; i < box->nobservations; i++)
		redact_text(r, box->observations[i]);
	n = redact_bytes(r, box->bytes, len, &from);
	if (n != 0 && box->hidden_len == 0) {
		box->hidden_from = (uint32_t)from;
		box->hidden_len = (uint32_t)n;
	}
	redact_buffer(r, (char *)box->bytes, len);
}
