/* Hashes, random bytes and comparison, by OpenSSL's libcrypto. */
#ifndef ATLS_NET_DIGEST_H
#define ATLS_NET_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ref/wire/auth.h"
#include "ref/wire/bytes.h"
#include "ref/wire/scheme.h"
#include "ref/wire/settings.h"

/* SHA-256 of the password's bytes as they are (AT-AU-01). 0 or ATLS_E_NOMEM. */
int digest_password(const char *password, uint8_t hash[ATLS_AUTH_HASH]);

/* MD5 in lower-case hex with NUL (AT-ST-03). 0 or ATLS_E_NOMEM. */
int digest_md5_hex(struct atls_bytes text, char hex[ATLS_MD5_HEX + 1]);

/* Equal or not, in a time that depends on N alone (AT-AU-14). */
bool digest_equal(const void *a, const void *b, size_t n);

/* N random bytes of cryptographic quality; aborts when the system has none. */
void digest_random(void *p, size_t n);

/* A source for the padding planner on top of digest_random(); no context. */
struct atls_random digest_random_source(void);

#endif
