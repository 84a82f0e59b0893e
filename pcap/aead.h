/*
 * The keys of TLS records, derived from logged secrets, and the records opened
 * with them; by OpenSSL's libcrypto. TLS 1.3 (RFC 8446, section 7.3) and TLS
 * 1.2 (RFC 5246, section 6.3; RFC 5288, RFC 7905), AEAD suites alone.
 */
#ifndef PCAP_AEAD_H
#define PCAP_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ref/wire/bytes.h"

#define AEAD_TAG 16
#define AEAD_HEADER 5 /* of a record */

enum aead_kind {
	AEAD_AES_128_GCM,
	AEAD_AES_256_GCM,
	AEAD_CHACHA20_POLY1305,
	AEAD_KINDS
};

struct aead_suite {
	uint16_t id;
	const char *name;
	enum aead_kind kind;
	bool sha384;
	bool tls13;
};

/* The suite, or NULL when its records cannot be opened here. */
const struct aead_suite *aead_suite(uint16_t id);

/* Algorithms, fetched once. NULL when OpenSSL has them not. */
struct aead_lib;
struct aead_lib *aead_lib_new(void);
void aead_lib_free(struct aead_lib *lib); /* NULL is fine */

/* The keys of one direction. */
struct aead;

/* SECRET has the length that SUITE wants: of its hash, in TLS 1.3. */
bool aead_takes(const struct aead_suite *suite, struct atls_bytes secret);

/* From a traffic secret of TLS 1.3. NULL when out of memory, or when the suite
 * does not take the secret. */
struct aead *aead_new_tls13(struct aead_lib *lib,
    const struct aead_suite *suite, struct atls_bytes secret);

/* What a master secret of TLS 1.2 is mixed with. */
struct aead_tls12 {
	const uint8_t *client_random, *server_random; /* 32 bytes each */
	struct atls_bytes master;
	bool client; /* the client's records */
};

struct aead *aead_new_tls12(struct aead_lib *lib,
    const struct aead_suite *suite, const struct aead_tls12 *in);

void aead_free(struct aead *a); /* NULL is fine */

/* Bytes that a record has beside its plaintext, the header not counted; in TLS
 * 1.3 one of them is the type. */
size_t aead_overhead(const struct aead_suite *suite);

/*
 * Opens the record number SEQ of its keys: HEADER as sent, BODY behind it. The
 * plaintext goes to OUT, which has room for BODY.len bytes. False when it does
 * not verify.
 */
bool aead_open(struct aead *a, uint64_t seq, const uint8_t header[AEAD_HEADER],
    struct atls_bytes body, struct atls_writer *out);

/* The other way round, for captures that are made: the record of TYPE (22, 23)
 * with PLAIN in it is written to OUT, header and all. False when it does not
 * fit. */
bool aead_seal(struct aead *a, uint64_t seq, uint8_t type,
    struct atls_bytes plain, struct atls_writer *out);

#endif
