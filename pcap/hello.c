/* Handshake messages; RFC 8446 section 4.1, RFC 6066, RFC 7301. */
#include "pcap/hello.h"

#include <string.h>

#define EXT_SNI 0
#define EXT_ALPN 16
#define EXT_PSK 41
#define EXT_VERSIONS 43

/* SHA-256 of "HelloRetryRequest": the random of a ServerHello that is one. */
static const uint8_t retry_random[HELLO_RANDOM] = { 0xcf, 0x21, 0xad, 0x74,
	0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2,
	0xc8, 0xa8, 0x33, 0x9c };

/* Takes N bytes off the front of *IN. */
static bool
take(struct atls_bytes *in, size_t n, struct atls_bytes *out)
{
	if (n > in->len)
		return (false);
	*out = atls_bytes(in->p, n);
	atls_bytes_skip(in, n);
	return (true);
}

/* The same with the length in WIDTH bytes before it. */
static bool
take_vector(struct atls_bytes *in, size_t width, struct atls_bytes *out)
{
	struct atls_bytes len;

	if (!take(in, width, &len))
		return (false);
	return (take(in, width == 1 ? len.p[0] : atls_get16(len.p), out));
}

static void
add_name(char out[HELLO_NAME], struct atls_bytes name)
{
	size_t n = strlen(out), i;

	if (n != 0 && n + 1 < HELLO_NAME)
		out[n++] = ',';
	for (i = 0; i < name.len && n + 1 < HELLO_NAME; i++)
		out[n++] =
		    name.p[i] > ' ' && name.p[i] < 0x7f ? (char)name.p[i] : '?';
	out[n] = '\0';
}

static void
read_sni(struct atls_bytes in, char out[HELLO_NAME])
{
	struct atls_bytes list, type, name;

	if (take_vector(&in, 2, &list) && take(&list, 1, &type) &&
	    type.p[0] == 0 && take_vector(&list, 2, &name))
		add_name(out, name);
}

static void
read_alpn(struct atls_bytes in, char out[HELLO_NAME])
{
	struct atls_bytes list, name;

	if (!take_vector(&in, 2, &list))
		return;
	while (take_vector(&list, 1, &name))
		add_name(out, name);
}

/* The next extension. False at the end. */
static bool
next_extension(struct atls_bytes *in, uint16_t *type, struct atls_bytes *data)
{
	struct atls_bytes t;

	if (!take(in, 2, &t) || !take_vector(in, 2, data))
		return (false);
	*type = atls_get16(t.p);
	return (true);
}

bool
hello_client_read(struct atls_bytes in, struct hello_client *h)
{
	struct atls_bytes version, random, part, id, extensions, data;
	uint16_t type;

	memset(h, 0, sizeof(*h));
	if (!take(&in, 2, &version) || !take(&in, HELLO_RANDOM, &random) ||
	    !take_vector(&in, 1, &id) || !take_vector(&in, 2, &part) ||
	    !take_vector(&in, 1, &part))
		return (false);
	memcpy(h->random, random.p, HELLO_RANDOM);
	if (!take_vector(&in, 2, &extensions))
		return (in.len == 0);
	while (next_extension(&extensions, &type, &data)) {
		if (type == EXT_SNI)
			read_sni(data, h->sni);
		else if (type == EXT_ALPN)
			read_alpn(data, h->alpn);
	}
	return (true);
}

bool
hello_server_read(struct atls_bytes in, struct hello_server *h)
{
	struct atls_bytes version, random, part, suite, extensions, data;
	uint16_t type;

	memset(h, 0, sizeof(*h));
	if (!take(&in, 2, &version) || !take(&in, HELLO_RANDOM, &random) ||
	    !take_vector(&in, 1, &part) || !take(&in, 2, &suite) ||
	    !take(&in, 1, &part))
		return (false);
	h->version = atls_get16(version.p);
	h->suite = atls_get16(suite.p);
	memcpy(h->random, random.p, HELLO_RANDOM);
	h->retry = memcmp(h->random, retry_random, HELLO_RANDOM) == 0;
	if (!take_vector(&in, 2, &extensions))
		return (in.len == 0);
	while (next_extension(&extensions, &type, &data)) {
		if (type == EXT_VERSIONS && data.len == 2)
			h->version = atls_get16(data.p);
		else if (type == EXT_PSK)
			h->psk = true;
		else if (type == EXT_ALPN)
			read_alpn(data, h->alpn);
	}
	return (true);
}
