/* Hashes, random bytes and comparison, by OpenSSL's libcrypto. */
#include "ref/net/digest.h"

#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "ref/wire/err.h"

int
digest_password(const char *password, uint8_t hash[ATLS_AUTH_HASH])
{
	if (EVP_Digest(password, strlen(password), hash, NULL, EVP_sha256(),
		NULL) != 1)
		return (ATLS_E_NOMEM);
	return (0);
}

int
digest_md5_hex(struct atls_bytes text, char hex[ATLS_MD5_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t md[ATLS_MD5_HEX / 2];
	size_t i;

	if (EVP_Digest(text.p, text.len, md, NULL, EVP_md5(), NULL) != 1)
		return (ATLS_E_NOMEM);
	for (i = 0; i < sizeof(md); i++) {
		hex[2 * i] = digits[md[i] >> 4];
		hex[2 * i + 1] = digits[md[i] & 15];
	}
	hex[ATLS_MD5_HEX] = '\0';
	return (0);
}

bool
digest_equal(const void *a, const void *b, size_t n)
{
	return (CRYPTO_memcmp(a, b, n) == 0);
}

void
digest_random(void *p, size_t n)
{
	uint8_t *at = p;
	int now;

	/* RAND_bytes() counts in int. */
	for (; n > 0; at += now, n -= (size_t)now) {
		now = n > 65536 ? 65536 : (int)n;
		if (RAND_bytes(at, now) != 1)
			abort();
	}
}

static uint64_t
random_below(void *ctx, uint64_t n)
{
	uint64_t v, limit;

	(void)ctx;
	/* Values from the incomplete last run of N would favour small ones. */
	limit = UINT64_MAX - UINT64_MAX % n;
	do {
		digest_random(&v, sizeof(v));
	} while (v >= limit);
	return (v % n);
}

struct atls_random
digest_random_source(void)
{
	struct atls_random r = { random_below, NULL };

	return (r);
}
