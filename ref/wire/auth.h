/* The authentication request: hash of the password, padding0 (AT-AU-01). */
#ifndef ATLS_WIRE_AUTH_H
#define ATLS_WIRE_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/wire/bytes.h"

#define ATLS_AUTH_HASH 32   /* SHA-256 of the password */
#define ATLS_AUTH_HEADER 34 /* hash and the length of padding0 */

/*
 * Writes hash, length and PADDING zero bytes to W. Fails only by filling W
 * (see atls_writer). The caller sends the result in one TLS write: AT-AU-02.
 */
void atls_auth_put(struct atls_writer *w, const uint8_t hash[ATLS_AUTH_HASH],
    uint16_t padding);

/* An authentication request being read. Start with all zero. */
struct atls_auth_reader {
	uint8_t header[ATLS_AUTH_HEADER]; /* hash: the first 32 bytes */
	uint8_t nheader;
	uint16_t skipped; /* bytes of padding0 seen */
};

/*
 * Takes bytes of the request off the front of *IN, however they are cut.
 * Returns 0 when the request is complete: what is left in *IN is the start of
 * the frames (AT-AU-09). Returns ATLS_E_MORE when *IN was used up first. The
 * content of padding0 is not looked at (AT-AU-03).
 */
int atls_auth_read(struct atls_auth_reader *r, struct atls_bytes *in);

/* Length of padding0; meaningful once nheader is ATLS_AUTH_HEADER. */
static inline uint16_t
atls_auth_padding(const struct atls_auth_reader *r)
{
	return (atls_get16(r->header + ATLS_AUTH_HASH));
}

#endif
