/* Walks pcapng blocks; draft-ietf-opsawg-pcapng, sections 3 and 4.7. */
#include "pcap/secrets.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ref/wire/err.h"

#define BLOCK_SECTION 0x0a0d0d0au /* the same in both byte orders */
#define BLOCK_SECRETS 10u
#define TLS_KEY_LOG 0x544c534bu

static uint32_t
get32(const uint8_t *p, bool big)
{
	if (big)
		return (atls_get32(p));
	return ((uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[1] << 8 | p[0]);
}

/* Reads past N bytes; seeking is not to be had in a gzip file. */
static bool
pass(FILE *f, size_t n)
{
	uint8_t buf[65536];
	size_t part;

	for (; n != 0; n -= part) {
		part = n < sizeof(buf) ? n : sizeof(buf);
		if (fread(buf, 1, part, f) != part)
			return (false);
	}
	return (true);
}

static bool
pass_by_seek(FILE *f, size_t n)
{
	/* Inside the buffer reading is the cheaper way. */
	if (n < 4096 || fseek(f, (long)n, SEEK_CUR) != 0)
		return (pass(f, n));
	return (true);
}

/* The body of a secrets block, of LEN bytes. */
static int
take(FILE *f, size_t len, bool big, struct keylog *keys)
{
	uint8_t *body = malloc(len + 1);
	size_t n;
	int rc = 0;

	if (body == NULL)
		return (ATLS_E_NOMEM);
	if (fread(body, 1, len, f) == len && len >= 8 &&
	    get32(body, big) == TLS_KEY_LOG) {
		n = get32(body + 4, big);
		if (n <= len - 8)
			rc = keylog_add(keys, atls_bytes(body + 8, n));
	}
	free(body);
	return (rc);
}

/* Reads the byte order of a section off its header, whose body has REST
 * bytes. */
static bool
take_section(FILE *f, const uint8_t head[8], size_t *rest, bool *big)
{
	uint8_t magic[4];
	uint32_t len;

	if (fread(magic, 1, 4, f) != 4)
		return (false);
	*big = magic[0] == 0x1a;
	len = get32(head + 4, *big);
	if (len < 16 || len % 4 != 0)
		return (false);
	*rest = len - 12;
	return (true);
}

int
secrets_read(FILE *f, struct keylog *keys)
{
	uint8_t head[8];
	bool big = false;
	uint32_t type, len;
	size_t rest;
	int rc = 0;

	while (rc == 0 && fread(head, 1, 8, f) == 8) {
		type = get32(head, big);
		if (type == BLOCK_SECTION) {
			if (!take_section(f, head, &rest, &big))
				return (0);
		} else {
			len = get32(head + 4, big);
			if (len < 12 || len % 4 != 0)
				return (0);
			rest = len - 8;
		}
		if (type == BLOCK_SECRETS && rest <= SECRETS_MOST)
			rc = take(f, rest, big, keys);
		else if (!pass_by_seek(f, rest))
			return (0);
	}
	return (rc);
}
