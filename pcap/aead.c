/* Opens and seals TLS records. The only file here that knows OpenSSL. */
#include "pcap/aead.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#define NONCE 12
#define KEY_MAX 32

struct aead_lib {
	EVP_CIPHER *cipher[AEAD_KINDS];
	EVP_MAC_CTX *hmac[2]; /* SHA-256, SHA-384 */
	EVP_KDF *tls12;
};

struct aead {
	EVP_CIPHER_CTX *open, *seal;
	const EVP_CIPHER *cipher;
	const struct aead_suite *suite;
	uint8_t iv[NONCE];
	uint8_t key[KEY_MAX];
};

static const struct aead_suite suites[] = {
	{ 0x1301, "TLS_AES_128_GCM_SHA256", AEAD_AES_128_GCM, false, true },
	{ 0x1302, "TLS_AES_256_GCM_SHA384", AEAD_AES_256_GCM, true, true },
	{ 0x1303, "TLS_CHACHA20_POLY1305_SHA256", AEAD_CHACHA20_POLY1305, false,
	    true },
	{ 0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256", AEAD_AES_128_GCM, false,
	    false },
	{ 0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384", AEAD_AES_256_GCM, true,
	    false },
	{ 0xc02f, "ECDHE-RSA-AES128-GCM-SHA256", AEAD_AES_128_GCM, false,
	    false },
	{ 0xc030, "ECDHE-RSA-AES256-GCM-SHA384", AEAD_AES_256_GCM, true,
	    false },
	{ 0xcca8, "ECDHE-RSA-CHACHA20-POLY1305", AEAD_CHACHA20_POLY1305, false,
	    false },
	{ 0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305", AEAD_CHACHA20_POLY1305,
	    false, false },
	{ 0x009e, "DHE-RSA-AES128-GCM-SHA256", AEAD_AES_128_GCM, false, false },
	{ 0x009f, "DHE-RSA-AES256-GCM-SHA384", AEAD_AES_256_GCM, true, false },
	{ 0xccaa, "DHE-RSA-CHACHA20-POLY1305", AEAD_CHACHA20_POLY1305, false,
	    false },
	{ 0x009c, "AES128-GCM-SHA256", AEAD_AES_128_GCM, false, false },
	{ 0x009d, "AES256-GCM-SHA384", AEAD_AES_256_GCM, true, false },
};

const struct aead_suite *
aead_suite(uint16_t id)
{
	size_t i;

	for (i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		if (suites[i].id == id)
			return (&suites[i]);
	return (NULL);
}

static size_t
key_len(const struct aead_suite *s)
{
	return (s->kind == AEAD_AES_128_GCM ? 16 : 32);
}

/* TLS 1.2 writes half of a GCM nonce into each record; the rest is fixed. */
static size_t
explicit_len(const struct aead_suite *s)
{
	return (!s->tls13 && s->kind != AEAD_CHACHA20_POLY1305 ? 8 : 0);
}

size_t
aead_overhead(const struct aead_suite *s)
{
	return (AEAD_TAG + explicit_len(s) + (s->tls13 ? 1 : 0));
}

/* OSSL_PARAM takes pointers that are not const, and reads alone. */
static void *
unconst(const void *p)
{
	union {
		const void *in;
		void *out;
	} u = { p };

	return (u.out);
}

static char *
digest_name(bool sha384)
{
	return (unconst(sha384 ? "SHA384" : "SHA256"));
}

/* HMAC, ready for any key. */
static EVP_MAC_CTX *
hmac_new(bool sha384)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
	OSSL_PARAM params[2];

	EVP_MAC_free(mac);
	params[0] = OSSL_PARAM_construct_utf8_string(
	    OSSL_MAC_PARAM_DIGEST, digest_name(sha384), 0);
	params[1] = OSSL_PARAM_construct_end();
	if (ctx != NULL && EVP_MAC_CTX_set_params(ctx, params) == 1)
		return (ctx);
	EVP_MAC_CTX_free(ctx);
	return (NULL);
}

struct aead_lib *
aead_lib_new(void)
{
	static const char *const names[AEAD_KINDS] = { "AES-128-GCM",
		"AES-256-GCM", "ChaCha20-Poly1305" };
	struct aead_lib *lib = calloc(1, sizeof(*lib));
	bool ok = lib != NULL;
	int i;

	if (!ok)
		return (NULL);
	for (i = 0; i < AEAD_KINDS; i++) {
		lib->cipher[i] = EVP_CIPHER_fetch(NULL, names[i], NULL);
		ok = ok && lib->cipher[i] != NULL;
	}
	for (i = 0; i < 2; i++) {
		lib->hmac[i] = hmac_new(i != 0);
		ok = ok && lib->hmac[i] != NULL;
	}
	lib->tls12 = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	if (ok && lib->tls12 != NULL)
		return (lib);
	aead_lib_free(lib);
	return (NULL);
}

void
aead_lib_free(struct aead_lib *lib)
{
	int i;

	if (lib == NULL)
		return;
	for (i = 0; i < AEAD_KINDS; i++)
		EVP_CIPHER_free(lib->cipher[i]);
	for (i = 0; i < 2; i++)
		EVP_MAC_CTX_free(lib->hmac[i]);
	EVP_KDF_free(lib->tls12);
	free(lib);
}

/*
 * HKDF-Expand-Label(SECRET, LABEL, "", OUT's room) of RFC 8446, which is one
 * HMAC as long as no more is wanted than a hash has. OpenSSL's TLS13-KDF looks
 * its hash up each time, which takes longer than opening a record.
 */
static bool
expand(struct aead_lib *lib, const struct aead_suite *s,
    struct atls_bytes secret, const char *label, struct atls_writer *out)
{
	EVP_MAC_CTX *mac = lib->hmac[s->sha384];
	uint8_t info[32], hash[EVP_MAX_MD_SIZE];
	struct atls_writer w = atls_writer(info, sizeof(info));
	size_t n;

	atls_writer_put16(&w, (uint16_t)out->cap);
	atls_writer_put8(&w, (uint8_t)(6 + strlen(label)));
	atls_writer_put(&w, "tls13 ", 6);
	atls_writer_put(&w, label, strlen(label));
	atls_writer_put8(&w, 0); /* no context */
	atls_writer_put8(&w, 1); /* the first block */
	if (EVP_MAC_init(mac, secret.p, secret.len, NULL) != 1 ||
	    EVP_MAC_update(mac, info, w.len) != 1 ||
	    EVP_MAC_final(mac, hash, &n, sizeof(hash)) != 1 || n < out->cap)
		return (false);
	atls_writer_put(out, hash, out->cap);
	OPENSSL_cleanse(hash, sizeof(hash));
	return (true);
}

/* OUT = PRF(master, "key expansion", server random, client random). */
static bool
key_block(struct aead_lib *lib, const struct aead_suite *s,
    const struct aead_tls12 *in, struct atls_writer *out)
{
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(lib->tls12);
	char label[] = "key expansion";
	OSSL_PARAM params[6];
	bool ok;

	params[0] = OSSL_PARAM_construct_utf8_string(
	    OSSL_KDF_PARAM_DIGEST, digest_name(s->sha384), 0);
	params[1] = OSSL_PARAM_construct_octet_string(
	    OSSL_KDF_PARAM_SECRET, unconst(in->master.p), in->master.len);
	params[2] = OSSL_PARAM_construct_octet_string(
	    OSSL_KDF_PARAM_SEED, label, strlen(label));
	params[3] = OSSL_PARAM_construct_octet_string(
	    OSSL_KDF_PARAM_SEED, unconst(in->server_random), 32);
	params[4] = OSSL_PARAM_construct_octet_string(
	    OSSL_KDF_PARAM_SEED, unconst(in->client_random), 32);
	params[5] = OSSL_PARAM_construct_end();
	ok = ctx != NULL && EVP_KDF_derive(ctx, out->p, out->cap, params) == 1;
	EVP_KDF_CTX_free(ctx);
	return (ok);
}

static struct aead *
aead_new(struct aead_lib *lib, const struct aead_suite *s, const uint8_t *key,
    const uint8_t *iv, size_t iv_len)
{
	struct aead *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return (NULL);
	a->suite = s;
	a->cipher = lib->cipher[s->kind];
	memcpy(a->key, key, key_len(s));
	memcpy(a->iv, iv, iv_len);
	a->open = EVP_CIPHER_CTX_new();
	if (a->open != NULL &&
	    EVP_DecryptInit_ex2(a->open, a->cipher, key, NULL, NULL) == 1)
		return (a);
	aead_free(a);
	return (NULL);
}

void
aead_free(struct aead *a)
{
	if (a == NULL)
		return;
	EVP_CIPHER_CTX_free(a->open);
	EVP_CIPHER_CTX_free(a->seal);
	OPENSSL_cleanse(a, sizeof(*a));
	free(a);
}

bool
aead_takes(const struct aead_suite *s, struct atls_bytes secret)
{
	return (!s->tls13 || secret.len == (s->sha384 ? 48u : 32u));
}

struct aead *
aead_new_tls13(
    struct aead_lib *lib, const struct aead_suite *s, struct atls_bytes secret)
{
	uint8_t key[KEY_MAX], iv[NONCE];
	struct atls_writer wkey = atls_writer(key, key_len(s));
	struct atls_writer wiv = atls_writer(iv, sizeof(iv));
	struct aead *a = NULL;

	if (aead_takes(s, secret) && expand(lib, s, secret, "key", &wkey) &&
	    expand(lib, s, secret, "iv", &wiv))
		a = aead_new(lib, s, key, iv, sizeof(iv));
	OPENSSL_cleanse(key, sizeof(key));
	return (a);
}

struct aead *
aead_new_tls12(struct aead_lib *lib, const struct aead_suite *s,
    const struct aead_tls12 *in)
{
	uint8_t block[2 * (KEY_MAX + NONCE)];
	size_t k = key_len(s), n = NONCE - explicit_len(s);
	struct atls_writer w = atls_writer(block, 2 * (k + n));
	struct aead *a = NULL;

	/* client key, server key, client IV, server IV */
	if (key_block(lib, s, in, &w))
		a = aead_new(lib, s, block + (in->client ? 0 : k),
		    block + 2 * k + (in->client ? 0 : n), n);
	OPENSSL_cleanse(block, sizeof(block));
	return (a);
}

/* The nonce of record SEQ. EXPLICIT is what the record has of it. */
static void
nonce_of(const struct aead *a, uint64_t seq, const uint8_t *in_record,
    uint8_t nonce[NONCE])
{
	size_t i;

	memcpy(nonce, a->iv, NONCE);
	if (explicit_len(a->suite) != 0) {
		memcpy(nonce + 4, in_record, 8);
		return;
	}
	for (i = 0; i < 8; i++)
		nonce[NONCE - 1 - i] ^= (uint8_t)(seq >> (8 * i));
}

/* Additional data: the header, in TLS 1.2 with the length of the plaintext and
 * the number of the record before it. Returns how many bytes. */
static int
additional(const struct aead *a, uint64_t seq,
    const uint8_t header[AEAD_HEADER], size_t plain, uint8_t out[13])
{
	if (a->suite->tls13) {
		memcpy(out, header, AEAD_HEADER);
		return (AEAD_HEADER);
	}
	atls_put32(out, (uint32_t)(seq >> 32));
	atls_put32(out + 4, (uint32_t)seq);
	memcpy(out + 8, header, 3);
	atls_put16(out + 11, (uint16_t)plain);
	return (13);
}

bool
aead_open(struct aead *a, uint64_t seq, const uint8_t header[AEAD_HEADER],
    struct atls_bytes body, struct atls_writer *out)
{
	size_t ex = explicit_len(a->suite), n;
	uint8_t nonce[NONCE], aad[13], tag[AEAD_TAG];
	int len, naad;

	if (body.len < ex + AEAD_TAG)
		return (false);
	n = body.len - ex - AEAD_TAG;
	if (n > out->cap - out->len)
		return (false);
	nonce_of(a, seq, body.p, nonce);
	naad = additional(a, seq, header, n, aad);
	memcpy(tag, body.p + ex + n, AEAD_TAG);
	if (EVP_DecryptInit_ex2(a->open, NULL, NULL, nonce, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(
		a->open, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG, tag) != 1 ||
	    EVP_DecryptUpdate(a->open, NULL, &len, aad, naad) != 1 ||
	    EVP_DecryptUpdate(
		a->open, out->p + out->len, &len, body.p + ex, (int)n) != 1 ||
	    EVP_DecryptFinal_ex(a->open, out->p + out->len + len, &len) != 1)
		return (false);
	out->len += n;
	return (true);
}

static bool
ready_to_seal(struct aead *a)
{
	if (a->seal != NULL)
		return (true);
	a->seal = EVP_CIPHER_CTX_new();
	return (a->seal != NULL &&
	    EVP_EncryptInit_ex2(a->seal, a->cipher, a->key, NULL, NULL) == 1);
}

bool
aead_seal(struct aead *a, uint64_t seq, uint8_t type, struct atls_bytes plain,
    struct atls_writer *out)
{
	size_t ex = explicit_len(a->suite);
	size_t n = plain.len + aead_overhead(a->suite);
	uint8_t nonce[NONCE], aad[13], explicit_nonce[8];
	uint8_t *at = atls_writer_take(out, AEAD_HEADER + n);
	int len, naad, part = 0;

	if (at == NULL || !ready_to_seal(a))
		return (false);
	at[0] = a->suite->tls13 ? 23 : type;
	atls_put16(at + 1, 0x0303);
	atls_put16(at + 3, (uint16_t)n);
	atls_put32(explicit_nonce, (uint32_t)(seq >> 32));
	atls_put32(explicit_nonce + 4, (uint32_t)seq);
	memcpy(at + AEAD_HEADER, explicit_nonce, ex);
	nonce_of(a, seq, explicit_nonce, nonce);
	naad = additional(a, seq, at, plain.len, aad);
	at += AEAD_HEADER + ex;
	if (EVP_EncryptInit_ex2(a->seal, NULL, NULL, nonce, NULL) != 1 ||
	    EVP_EncryptUpdate(a->seal, NULL, &len, aad, naad) != 1 ||
	    EVP_EncryptUpdate(a->seal, at, &len, plain.p, (int)plain.len) != 1)
		return (false);
	if (a->suite->tls13 &&
	    EVP_EncryptUpdate(a->seal, at + len, &part, &type, 1) != 1)
		return (false);
	len += part;
	return (EVP_EncryptFinal_ex(a->seal, at + len, &part) == 1 &&
	    EVP_CIPHER_CTX_ctrl(
		a->seal, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG, at + len) == 1);
}
