/* A self-signed certificate made at start, and one in PEM for tests. */
#ifndef ATLS_NET_CERT_H
#define ATLS_NET_CERT_H

struct x509_st;
struct evp_pkey_st;

/*
 * Makes a P-256 key and a certificate for NAME (as a DNS name or, when it is
 * an IP literal, an address) and 127.0.0.1, ::1 and localhost, valid from an
 * hour ago for ten years. The caller frees both with X509_free() and
 * EVP_PKEY_free(). 0 or ATLS_E_TLS.
 */
int cert_self_signed(
    const char *name, struct x509_st **cert, struct evp_pkey_st **key);

/* The same, written as PEM to two new files. 0, ATLS_E_TLS or ATLS_E_IO. */
int cert_self_signed_files(
    const char *name, const char *cert_file, const char *key_file);

#endif
