/*
 * TLS over memory, one record at a time. tls.c is the only file that includes
 * <openssl/ssl.h>. No sockets here: ciphertext goes in as borrowed bytes and
 * comes out in a buffer that the caller sends; the daemons and the suite's
 * peers share it.
 */
#ifndef ATLS_NET_TLS_H
#define ATLS_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ref/wire/bytes.h"
#include "ref/wire/err.h"

#define TLS_ERRLEN 256
#define TLS_MAX_PLAINTEXT 16384 /* largest record, in bytes of plaintext */

struct tls_ctx;
struct tls_conn;
struct tls_ticket;

/* A growing buffer for ciphertext to send; the caller owns and frees P. */
struct tls_buf {
	uint8_t *p;
	size_t len;
	size_t cap;
};

struct tls_ctx_config {
	bool server;
	/* Server: PEM files, both or neither; neither makes a self-signed
	 * P-256 certificate for the name COMMON_NAME ("localhost" if NULL). */
	const char *cert_file;
	const char *key_file;
	const char *common_name;
	/* Client: verify the peer's certificate against CA_FILE, or against
	 * the system's store when that is NULL. */
	bool verify;
	const char *ca_file;
	/* 0x0303 (TLS 1.2) or 0x0304 (TLS 1.3); 0: 1.2 and 1.3. */
	uint16_t min_version;
	uint16_t max_version;
	/* Called with each line of the key log, without newline; may be NULL.
	 */
	void (*keylog)(void *ctx, const char *line);
	void *keylog_ctx;
};

/*
 * Makes a context; configuration is copied. NULL with a sentence in ERR, which
 * names the file when one is at fault. A context may be shared by threads.
 */
struct tls_ctx *tls_ctx_new(
    const struct tls_ctx_config *cfg, char err[TLS_ERRLEN]);
void tls_ctx_free(struct tls_ctx *ctx); /* NULL is fine; counted references */

/*
 * Makes one end of a connection. SERVER_NAME is for a client's server_name
 * extension and, when the context verifies, the certificate; NULL sends none,
 * and VERIFY_HOST (name or IP literal, may be NULL) is then what a verifying
 * context compares. NULL when out of memory.
 */
struct tls_conn *tls_conn_new(
    struct tls_ctx *ctx, const char *server_name, const char *verify_host);
void tls_conn_free(struct tls_conn *c); /* NULL is fine */

/*
 * Where ciphertext goes from now on; OUT must outlive its use. Calls below
 * append to it. One OUT may serve many connections in turn, so that idle ones
 * hold no buffer.
 */
void tls_conn_set_output(struct tls_conn *c, struct tls_buf *out);

/*
 * Gives ciphertext to read. Borrowed: the bytes must stay until
 * tls_conn_handshake() or tls_conn_read() said ATLS_E_MORE (then all of it has
 * been taken), or the connection failed.
 */
void tls_conn_input(struct tls_conn *c, struct atls_bytes in);

/* 0: done (at once if done before); ATLS_E_MORE; ATLS_E_TLS. */
int tls_conn_handshake(struct tls_conn *c);

/*
 * Reads one record: 0 and *LEN > 0 bytes in BUF (CAP at least
 * TLS_MAX_PLAINTEXT, else a record may come in several pieces); ATLS_E_MORE;
 * ATLS_E_CLOSED at close_notify; ATLS_E_TLS on a TLS error or an alert.
 */
int tls_conn_read(struct tls_conn *c, uint8_t *buf, size_t cap, size_t *len);

/*
 * Encrypts DATA: one record for up to TLS_MAX_PLAINTEXT bytes, else full
 * records and a rest. 0, ATLS_E_TLS, ATLS_E_NOMEM. Empty DATA does nothing.
 */
int tls_conn_write(struct tls_conn *c, struct atls_bytes data);

/* Appends close_notify to the output; once, and only after a handshake. */
void tls_conn_close(struct tls_conn *c);

/* What went wrong, in a sentence without secrets; "" when nothing did. The
 * string lives as long as C. */
const char *tls_conn_error(const struct tls_conn *c);

/* "TLSv1.3" and the cipher's name; valid after the handshake. */
const char *tls_conn_version(const struct tls_conn *c);
const char *tls_conn_cipher(const struct tls_conn *c);

/*
 * Client: what a later connection to the same server can be resumed with, or
 * NULL. TLS 1.3 gives it with the first data read. The caller frees it.
 */
struct tls_ticket *tls_conn_ticket(const struct tls_conn *c);
void tls_ticket_free(struct tls_ticket *t); /* NULL is fine */

/* Client, before its handshake: offers to resume with T, borrowed. False: no
 * memory. After the handshake, either side: whether it was resumed. */
bool tls_conn_offer(struct tls_conn *c, const struct tls_ticket *t);
bool tls_conn_resumed(const struct tls_conn *c);

/* Server: the server_name the client sent, or NULL. */
const char *tls_conn_sni(const struct tls_conn *c);

/* Appends N bytes to B, or takes the first N out. 0 or ATLS_E_NOMEM. */
int tls_buf_add(struct tls_buf *b, const void *p, size_t n);
void tls_buf_drop(struct tls_buf *b, size_t n);
void tls_buf_free(struct tls_buf *b);

#endif
