/* A self-signed certificate made at start, and one in PEM for tests. */
#include "ref/net/cert.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "ref/wire/err.h"

#define HOUR 3600L
#define TEN_YEARS (3652L * 24 * HOUR)
#define MAX_COMMON_NAME 64 /* RFC 5280, ub-common-name */

/* Adds NAME to LIST as an IP address or, when it is none, a DNS name. */
static bool
add_name(GENERAL_NAMES *list, const char *name)
{
	GENERAL_NAME *gn = GENERAL_NAME_new();
	ASN1_STRING *text = NULL;
	uint8_t ip[16];
	int len = 0;

	if (gn == NULL)
		return (false);
	if (inet_pton(AF_INET, name, ip) == 1)
		len = 4;
	else if (inet_pton(AF_INET6, name, ip) == 1)
		len = 16;
	text = len ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
	if (text == NULL)
		goto fail;
	if (!ASN1_STRING_set(text, len ? (const void *)ip : name,
		len ? len : (int)strlen(name)))
		goto fail;
	GENERAL_NAME_set0_value(gn, len ? GEN_IPADD : GEN_DNS, text);
	text = NULL;
	if (!sk_GENERAL_NAME_push(list, gn))
		goto fail;
	return (true);

fail:
	ASN1_STRING_free(text);
	GENERAL_NAME_free(gn);
	return (false);
}

static bool
add_names(X509 *cert, const char *name)
{
	static const char *const own[] = { "127.0.0.1", "::1", "localhost" };
	GENERAL_NAMES *list = GENERAL_NAMES_new();
	bool ok, given = true;
	size_t i;

	if (list == NULL)
		return (false);
	ok = true;
	for (i = 0; ok && i < sizeof(own) / sizeof(own[0]); i++) {
		ok = add_name(list, own[i]);
		given = given && strcmp(own[i], name) != 0;
	}
	ok = ok && (!given || add_name(list, name));
	ok = ok &&
	    X509_add1_ext_i2d(cert, NID_subject_alt_name, list, 0, 0) == 1;
	GENERAL_NAMES_free(list);
	return (ok);
}

/* Not a CA: rustls refuses a CA certificate as a server's own. */
static bool
add_purpose(X509 *cert)
{
	static const struct {
		int nid;
		const char *value;
	} ext[] = {
		{ NID_basic_constraints, "critical,CA:FALSE" },
		{ NID_key_usage, "critical,digitalSignature" },
		{ NID_ext_key_usage, "serverAuth" },
	};
	X509_EXTENSION *x;
	size_t i;
	int ok;

	for (i = 0; i < sizeof(ext) / sizeof(ext[0]); i++) {
		x = X509V3_EXT_conf_nid(NULL, NULL, ext[i].nid, ext[i].value);
		if (x == NULL)
			return (false);
		ok = X509_add_ext(cert, x, -1);
		X509_EXTENSION_free(x);
		if (!ok)
			return (false);
	}
	return (true);
}

static bool
set_serial(X509 *cert)
{
	uint64_t serial;

	if (RAND_bytes((unsigned char *)&serial, sizeof(serial)) != 1)
		return (false);
	/* Positive, and never zero: RFC 5280, section 4.1.2.2. */
	serial = (serial >> 2) | 1;
	return (
	    ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial) == 1);
}

static bool
fill(X509 *cert, EVP_PKEY *key, const char *name)
{
	const char *cn = strlen(name) > MAX_COMMON_NAME ? "localhost" : name;
	X509_NAME *subject = X509_get_subject_name(cert);

	return (X509_set_version(cert, X509_VERSION_3) == 1 &&
	    set_serial(cert) &&
	    X509_gmtime_adj(X509_getm_notBefore(cert), -HOUR) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(cert), TEN_YEARS) != NULL &&
	    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
		(const unsigned char *)cn, -1, -1, 0) == 1 &&
	    X509_set_issuer_name(cert, subject) == 1 &&
	    X509_set_pubkey(cert, key) == 1 && add_names(cert, name) &&
	    add_purpose(cert) && X509_sign(cert, key, EVP_sha256()) > 0);
}

int
cert_self_signed(
    const char *name, struct x509_st **cert, struct evp_pkey_st **key)
{
	EVP_PKEY *k = EVP_EC_gen("P-256");
	X509 *x = X509_new();

	if (k == NULL || x == NULL || !fill(x, k, name)) {
		X509_free(x);
		EVP_PKEY_free(k);
		return (ATLS_E_TLS);
	}
	*cert = x;
	*key = k;
	return (0);
}

/* Opens FILE for writing, with MODE, and never through a link. */
static FILE *
create(const char *file, mode_t mode)
{
	FILE *f;
	int fd;

	fd = open(
	    file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return (NULL);
	if ((f = fdopen(fd, "w")) == NULL)
		close(fd);
	return (f);
}

static int
write_key(const char *file, EVP_PKEY *key)
{
	FILE *f = create(file, 0600);
	int ok;

	if (f == NULL)
		return (ATLS_E_IO);
	ok = PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	if (fclose(f) != 0 || !ok)
		return (ATLS_E_IO);
	return (0);
}

static int
write_cert(const char *file, X509 *cert)
{
	FILE *f = create(file, 0644);
	int ok;

	if (f == NULL)
		return (ATLS_E_IO);
	ok = PEM_write_X509(f, cert);
	if (fclose(f) != 0 || !ok)
		return (ATLS_E_IO);
	return (0);
}

int
cert_self_signed_files(
    const char *name, const char *cert_file, const char *key_file)
{
	EVP_PKEY *key;
	X509 *cert;
	int err;

	if ((err = cert_self_signed(name, &cert, &key)) != 0)
		return (err);
	if ((err = write_key(key_file, key)) == 0)
		err = write_cert(cert_file, cert);
	X509_free(cert);
	EVP_PKEY_free(key);
	return (err);
}
