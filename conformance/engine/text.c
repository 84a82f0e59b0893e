/* Escaping for terminals, JSON and shells; hexdumps. */
#include "conformance/engine/text.h"

#include <stdbool.h>
#include <string.h>

/* Decodes one UTF-8 sequence, shortest form only; its length or 0. */
static size_t
decode(const unsigned char *s, uint32_t *rune)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t i, len;

	if (s[0] < 0x80) {
		*rune = s[0];
		return 1;
	}
	len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	*rune = s[0] & (0x7fu >> len);
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*rune = *rune << 6 | (s[i] & 0x3fu);
	}
	if (*rune < least[len] || *rune > 0x10ffff ||
	    (*rune >= 0xd800 && *rune <= 0xdfff))
		return 0;
	return len;
}

static bool
is_hidden(uint32_t rune)
{
	return rune < 0x20 || (rune >= 0x7f && rune < 0xa0) ||
	    (rune >= 0x200b && rune <= 0x200f) ||
	    (rune >= 0x2028 && rune <= 0x202e) ||
	    (rune >= 0x2060 && rune <= 0x206f) || rune == 0xfeff ||
	    rune >= 0xe0000;
}

size_t
text_printable(const char *s)
{
	uint32_t rune;
	size_t len = decode((const unsigned char *)s, &rune);

	return len != 0 && !is_hidden(rune) ? len : 0;
}

/* The next piece of S as printed, into PIECE; how many bytes of S it is.
 * Runners of CI systems take "##[" and "##vso[" for commands, anywhere in a
 * line. */
static size_t
next_piece(const char *s, char piece[8])
{
	size_t len = text_printable(s);

	if (len != 0 && strncmp(s, "##", 2) != 0) {
		memcpy(piece, s, len);
		piece[len] = '\0';
		return len;
	}
	switch (*s) {
	case '\n':
		memcpy(piece, "\\n", 3);
		break;
	case '\r':
		memcpy(piece, "\\r", 3);
		break;
	case '\t':
		memcpy(piece, "\\t", 3);
		break;
	default:
		snprintf(piece, 8, "\\x%02x", (unsigned char)*s);
	}
	return 1;
}

void
text_print(FILE *f, const char *s)
{
	char piece[8];

	while (*s != '\0') {
		s += next_piece(s, piece);
		fputs(piece, f);
	}
}

void
text_escape(char *out, size_t size, const char *s)
{
	char piece[8];
	size_t n = 0;

	while (*s != '\0') {
		s += next_piece(s, piece);
		if (n + strlen(piece) >= size)
			break;
		memcpy(out + n, piece, strlen(piece));
		n += strlen(piece);
	}
	if (size != 0)
		out[n] = '\0';
}

void
text_json(FILE *f, const char *s)
{
	uint32_t rune;
	size_t len;

	if (s == NULL) {
		fputs("null", f);
		return;
	}
	putc('"', f);
	for (; *s != '\0'; s += len) {
		len = decode((const unsigned char *)s, &rune);
		if (len == 0) {
			fprintf(f, "\\\\x%02x", (unsigned char)*s);
			len = 1;
		} else if (rune == '"' || rune == '\\') {
			fprintf(f, "\\%c", (int)rune);
		} else if (rune < 0x10000 && is_hidden(rune)) {
			fprintf(f, "\\u%04x", (unsigned)rune);
		} else {
			fwrite(s, 1, len, f);
		}
	}
	putc('"', f);
}

void
text_shell(FILE *f, const char *s)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "0123456789_-+=./:,@%";

	if (*s != '\0' && s[strspn(s, plain)] == '\0') {
		fputs(s, f);
		return;
	}
	putc('\'', f);
	for (; *s != '\0'; s++)
		if (*s == '\'')
			fputs("'\\''", f);
		else
			putc(*s, f);
	putc('\'', f);
}

void
text_hexdump(FILE *f, const uint8_t *p, size_t len, const char *indent)
{
	size_t i, j;

	for (i = 0; i < len; i += 16) {
		if (i != 0)
			fputs(indent, f);
		for (j = i; j < i + 16; j++)
			if (j < len)
				fprintf(f, "%02x ", p[j]);
			else
				fputs("   ", f);
		putc(' ', f);
		for (j = i; j < i + 16 && j < len; j++)
			putc(p[j] >= 0x20 && p[j] < 0x7f ? p[j] : '.', f);
		putc('\n', f);
	}
}
