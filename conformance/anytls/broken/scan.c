/* Words, numbers and strings of a text. */
#include "conformance/anytls/broken/scan.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
scan_init(
    struct scan *s, const char *text, char *store, char *err, size_t errlen)
{
	*s = (struct scan){ text, text, store, err, errlen };
	if (errlen != 0)
		err[0] = '\0';
}

static void
skip_blanks(struct scan *s)
{
	while (*s->p == ' ' || *s->p == '\n' || *s->p == '\t')
		s->p++;
}

static bool
is_letter(char c)
{
	return (isalpha((unsigned char)c) != 0);
}

static bool
is_digit(char c)
{
	return (c >= '0' && c <= '9');
}

bool
scan_word(struct scan *s, char word[SCAN_WORD])
{
	size_t n = 0;

	skip_blanks(s);
	if (!is_letter(s->p[0]))
		return (false);
	while (is_letter(s->p[n]) || is_digit(s->p[n]))
		n++;
	if (n >= SCAN_WORD)
		return (false);
	memcpy(word, s->p, n);
	word[n] = '\0';
	s->p += n;
	return (true);
}

bool
scan_number(struct scan *s, int64_t *n)
{
	int64_t value = 0;
	size_t len = 0;

	skip_blanks(s);
	while (len < 15 && is_digit(s->p[len]))
		value = 10 * value + (s->p[len++] - '0');
	if (len == 0 || is_digit(s->p[len]))
		return (false);
	s->p += len;
	*n = value;
	return (true);
}

static int
hex_digit(char c)
{
	if (is_digit(c))
		return (c - '0');
	if (c >= 'a' && c <= 'f')
		return (c - 'a' + 10);
	if (c >= 'A' && c <= 'F')
		return (c - 'A' + 10);
	return (-1);
}

/* Reads what is behind a backslash at *P; -1 when it is no escape. */
static int
escaped(const char **p)
{
	static const char names[] = "nrt0\\\"";
	static const char values[] = "\n\r\t\0\\\"";
	const char *at;
	char c = *(*p)++;
	int high, low;

	if (c == 'x') {
		high = hex_digit((*p)[0]);
		low = high < 0 ? -1 : hex_digit((*p)[1]);
		if (low < 0)
			return (-1);
		*p += 2;
		return (16 * high + low);
	}
	at = c == '\0' ? NULL : strchr(names, c);
	return (at == NULL ? -1 : (unsigned char)values[at - names]);
}

bool
scan_string(struct scan *s, struct atls_bytes *text)
{
	const char *p;
	char *out = s->store;
	int c;

	skip_blanks(s);
	if (*s->p != '"')
		return (false);
	for (p = s->p + 1; *p != '"';) {
		if (*p == '\0')
			return (scan_fail(s, scan_at(s), "an open string"));
		if (*p != '\\') {
			*out++ = *p++;
			continue;
		}
		p++;
		c = escaped(&p);
		if (c < 0)
			return (scan_fail(
			    s, (size_t)(p - s->text) - 1, "no such escape"));
		*out++ = (char)c;
	}
	*text = atls_bytes(s->store, (size_t)(out - s->store));
	*out = '\0';
	s->store = out + 1;
	s->p = p + 1;
	return (true);
}

bool
scan_char(struct scan *s, char c)
{
	skip_blanks(s);
	if (*s->p != c || c == '\0')
		return (false);
	s->p++;
	return (true);
}

const char *
scan_one_of(struct scan *s, const char *chars)
{
	const char *at;

	skip_blanks(s);
	at = *s->p == '\0' ? NULL : strchr(chars, *s->p);
	if (at != NULL)
		s->p++;
	return (at);
}

bool
scan_end(struct scan *s)
{
	skip_blanks(s);
	return (*s->p == '\0');
}

size_t
scan_at(struct scan *s)
{
	skip_blanks(s);
	return ((size_t)(s->p - s->text));
}

bool
scan_fail(struct scan *s, size_t at, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (s->errlen == 0 || s->err[0] != '\0')
		return (false);
	n = snprintf(s->err, s->errlen, "at %zu: ", at);
	va_start(ap, fmt);
	if (n > 0 && (size_t)n < s->errlen)
		vsnprintf(s->err + n, s->errlen - (size_t)n, fmt, ap);
	va_end(ap);
	return (false);
}
