/* The authentication request, written and read. */
#include "ref/wire/auth.h"

#include "ref/wire/err.h"

void
atls_auth_put(
    struct atls_writer *w, const uint8_t hash[ATLS_AUTH_HASH], uint16_t padding)
{
	uint8_t *at = atls_writer_take(w, ATLS_AUTH_HEADER + (size_t)padding);

	if (at == NULL)
		return;
	memcpy(at, hash, ATLS_AUTH_HASH);
	atls_put16(at + ATLS_AUTH_HASH, padding);
	memset(at + ATLS_AUTH_HEADER, 0, padding);
}

int
atls_auth_read(struct atls_auth_reader *r, struct atls_bytes *in)
{
	size_t n = ATLS_AUTH_HEADER - (size_t)r->nheader;

	if (n > in->len)
		n = in->len;
	if (n != 0)
		memcpy(r->header + r->nheader, in->p, n);
	atls_bytes_skip(in, n);
	r->nheader = (uint8_t)(r->nheader + n);
	if (r->nheader < ATLS_AUTH_HEADER)
		return (ATLS_E_MORE);

	n = (size_t)atls_auth_padding(r) - r->skipped;
	if (n > in->len)
		n = in->len;
	atls_bytes_skip(in, n);
	r->skipped = (uint16_t)(r->skipped + n);
	return (r->skipped == atls_auth_padding(r) ? 0 : ATLS_E_MORE);
}
