/* TLS over memory, one record at a time, by OpenSSL's libssl. */
#include "ref/net/tls.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "ref/net/cert.h"

/* AES-128-GCM first, as the Go family prefers (and it is the fastest). */
#define CIPHERS_13                                                             \
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"                       \
	"TLS_CHACHA20_POLY1305_SHA256"
#define CIPHERS_12                                                             \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"           \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"           \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

struct tls_ctx {
	SSL_CTX *ssl;
	BIO_METHOD *bio; /* here, since there is no state at file scope */
	bool server;
	bool verify;
	void (*keylog)(void *ctx, const char *line);
	void *keylog_ctx;
	atomic_uint refs;
};

struct tls_ticket {
	SSL_SESSION *session;
};

struct tls_conn {
	struct tls_ctx *ctx;
	SSL *ssl;
	struct atls_bytes in;
	struct tls_buf *out;
	char *error;
	bool failed;
	bool nomem;
	bool closing; /* close_notify was written */
};

int
tls_buf_add(struct tls_buf *b, const void *p, size_t n)
{
	size_t cap = b->cap;
	uint8_t *grown;

	if (n > SIZE_MAX / 2 - b->len)
		return (ATLS_E_NOMEM);
	if (b->len + n > cap) {
		cap = cap ? cap : 4096;
		while (cap < b->len + n)
			cap *= 2;
		if ((grown = realloc(b->p, cap)) == NULL)
			return (ATLS_E_NOMEM);
		b->p = grown;
		b->cap = cap;
	}
	if (n != 0)
		memcpy(b->p + b->len, p, n);
	b->len += n;
	return (0);
}

void
tls_buf_drop(struct tls_buf *b, size_t n)
{
	b->len -= n;
	if (n != 0 && b->len != 0)
		memmove(b->p, b->p + n, b->len);
}

void
tls_buf_free(struct tls_buf *b)
{
	free(b->p);
	memset(b, 0, sizeof(*b));
}

static int
bio_read(BIO *bio, char *buf, int len)
{
	struct tls_conn *c = BIO_get_data(bio);
	size_t n = c->in.len < (size_t)len ? c->in.len : (size_t)len;

	BIO_clear_retry_flags(bio);
	if (n == 0) {
		BIO_set_retry_read(bio);
		return (-1);
	}
	memcpy(buf, c->in.p, n);
	atls_bytes_skip(&c->in, n);
	return ((int)n);
}

static int
bio_write(BIO *bio, const char *buf, int len)
{
	struct tls_conn *c = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (c->out == NULL || tls_buf_add(c->out, buf, (size_t)len) != 0) {
		c->nomem = true;
		return (-1);
	}
	return (len);
}

static long
bio_ctrl(BIO *bio, int cmd, long larg, void *parg)
{
	(void)bio;
	(void)larg;
	(void)parg;
	return (cmd == BIO_CTRL_FLUSH ? 1 : 0);
}

static BIO_METHOD *
bio_method(void)
{
	BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "tls_conn");

	if (m == NULL)
		return (NULL);
	if (!BIO_meth_set_read(m, bio_read) ||
	    !BIO_meth_set_write(m, bio_write) ||
	    !BIO_meth_set_ctrl(m, bio_ctrl)) {
		BIO_meth_free(m);
		return (NULL);
	}
	return (m);
}

/* The reason of the oldest error OpenSSL has queued; empties the queue. */
static const char *
openssl_reason(void)
{
	unsigned long e = ERR_get_error();
	const char *why;

	ERR_clear_error();
	if (e == 0)
		return ("unknown reason");
	/* A missing file: OpenSSL 3 has no text for what errno says. */
	if (ERR_SYSTEM_ERROR(e))
		return (strerror(ERR_GET_REASON(e)));
	why = ERR_reason_error_string(e);
	return (why != NULL ? why : "unknown reason");
}

static void
keylog(const SSL *ssl, const char *line)
{
	struct tls_ctx *ctx = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	ctx->keylog(ctx->keylog_ctx, line);
}

/* A key with a pass phrase is an error, not a question on the terminal. */
static int
no_passphrase(char *buf, int size, int rwflag, void *ctx)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)ctx;
	return (-1);
}

static bool
load_files(SSL_CTX *ssl, const struct tls_ctx_config *cfg, char *err)
{
	SSL_CTX_set_default_passwd_cb(ssl, no_passphrase);
	if (SSL_CTX_use_certificate_chain_file(ssl, cfg->cert_file) != 1) {
		snprintf(err, TLS_ERRLEN, "cannot read the certificate %s: %s",
		    cfg->cert_file, openssl_reason());
		return (false);
	}
	if (SSL_CTX_use_PrivateKey_file(ssl, cfg->key_file, SSL_FILETYPE_PEM) !=
	    1) {
		snprintf(err, TLS_ERRLEN, "cannot read the key %s: %s",
		    cfg->key_file, openssl_reason());
		return (false);
	}
	return (true);
}

static bool
load_self_signed(SSL_CTX *ssl, const char *name, char *err)
{
	struct evp_pkey_st *key = NULL;
	struct x509_st *cert = NULL;
	bool ok;

	ok = cert_self_signed(name, &cert, &key) == 0 &&
	    SSL_CTX_use_certificate(ssl, cert) == 1 &&
	    SSL_CTX_use_PrivateKey(ssl, key) == 1;
	X509_free(cert);
	EVP_PKEY_free(key);
	if (!ok)
		snprintf(err, TLS_ERRLEN, "cannot make a certificate: %s",
		    openssl_reason());
	return (ok);
}

static bool
setup_server(SSL_CTX *ssl, const struct tls_ctx_config *cfg, char *err)
{
	const char *name = cfg->common_name ? cfg->common_name : "localhost";

	if ((cfg->cert_file == NULL) != (cfg->key_file == NULL)) {
		snprintf(err, TLS_ERRLEN,
		    "a certificate file needs a key file, and vice versa");
		return (false);
	}
	/* One ticket: each costs the handshake about 13 microseconds. */
	SSL_CTX_set_num_tickets(ssl, 1);
	SSL_CTX_set_options(ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
	return (cfg->cert_file != NULL ? load_files(ssl, cfg, err)
				       : load_self_signed(ssl, name, err));
}

static bool
setup_client(SSL_CTX *ssl, const struct tls_ctx_config *cfg, char *err)
{
	if (!cfg->verify)
		return (true);
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	if (cfg->ca_file == NULL) {
		SSL_CTX_set_default_verify_paths(ssl);
		return (true);
	}
	if (SSL_CTX_load_verify_locations(ssl, cfg->ca_file, NULL) != 1) {
		snprintf(err, TLS_ERRLEN, "cannot read the CA file %s: %s",
		    cfg->ca_file, openssl_reason());
		return (false);
	}
	return (true);
}

static bool
setup(struct tls_ctx *ctx, const struct tls_ctx_config *cfg, char *err)
{
	SSL_CTX *ssl = ctx->ssl;
	int min = cfg->min_version ? cfg->min_version : TLS1_2_VERSION;

	SSL_CTX_set_app_data(ssl, ctx);
	SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(ssl,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
		SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	if (cfg->keylog != NULL)
		SSL_CTX_set_keylog_callback(ssl, keylog);
	if (SSL_CTX_set_min_proto_version(ssl, min) != 1 ||
	    SSL_CTX_set_max_proto_version(ssl, cfg->max_version) != 1 ||
	    SSL_CTX_set_ciphersuites(ssl, CIPHERS_13) != 1 ||
	    SSL_CTX_set_cipher_list(ssl, CIPHERS_12) != 1) {
		snprintf(
		    err, TLS_ERRLEN, "cannot set up TLS: %s", openssl_reason());
		return (false);
	}
	return (cfg->server ? setup_server(ssl, cfg, err)
			    : setup_client(ssl, cfg, err));
}

struct tls_ctx *
tls_ctx_new(const struct tls_ctx_config *cfg, char err[TLS_ERRLEN])
{
	struct tls_ctx *ctx = calloc(1, sizeof(*ctx));

	if (ctx == NULL)
		goto nomem;
	atomic_init(&ctx->refs, 1);
	ctx->server = cfg->server;
	ctx->verify = cfg->verify && !cfg->server;
	ctx->keylog = cfg->keylog;
	ctx->keylog_ctx = cfg->keylog_ctx;
	ctx->bio = bio_method();
	ctx->ssl = SSL_CTX_new(
	    cfg->server ? TLS_server_method() : TLS_client_method());
	if (ctx->bio == NULL || ctx->ssl == NULL)
		goto nomem;
	if (!setup(ctx, cfg, err)) {
		tls_ctx_free(ctx);
		return (NULL);
	}
	return (ctx);

nomem:
	snprintf(err, TLS_ERRLEN, "%s", atls_strerror(ATLS_E_NOMEM));
	tls_ctx_free(ctx);
	return (NULL);
}

void
tls_ctx_free(struct tls_ctx *ctx)
{
	if (ctx == NULL || atomic_fetch_sub(&ctx->refs, 1) != 1)
		return;
	SSL_CTX_free(ctx->ssl);
	BIO_meth_free(ctx->bio);
	free(ctx);
}

static bool
is_ip(const char *host)
{
	uint8_t ip[16];

	return (inet_pton(AF_INET, host, ip) == 1 ||
	    inet_pton(AF_INET6, host, ip) == 1);
}

static bool
send_name(SSL *ssl, const char *name)
{
	char copy[TLSEXT_MAXLEN_host_name + 1]; /* the macro wants no const */

	if (strlen(name) >= sizeof(copy))
		return (false);
	memcpy(copy, name, strlen(name) + 1);
	return (SSL_set_tlsext_host_name(ssl, copy) == 1);
}

/* Says whom a client expects; an address is no server_name (RFC 6066). */
static bool
set_names(struct tls_conn *c, const char *server_name, const char *verify_host)
{
	const char *host = server_name ? server_name : verify_host;

	if (server_name != NULL && !is_ip(server_name) &&
	    !send_name(c->ssl, server_name))
		return (false);
	if (!c->ctx->verify || host == NULL)
		return (true);
	if (is_ip(host))
		return (X509_VERIFY_PARAM_set1_ip_asc(
			    SSL_get0_param(c->ssl), host) == 1);
	return (SSL_set1_host(c->ssl, host) == 1);
}

struct tls_conn *
tls_conn_new(
    struct tls_ctx *ctx, const char *server_name, const char *verify_host)
{
	struct tls_conn *c = calloc(1, sizeof(*c));
	BIO *bio;

	if (c == NULL)
		return (NULL);
	c->ctx = ctx;
	atomic_fetch_add(&ctx->refs, 1);
	c->ssl = SSL_new(ctx->ssl);
	bio = BIO_new(ctx->bio);
	if (c->ssl == NULL || bio == NULL) {
		BIO_free(bio);
		goto fail;
	}
	BIO_set_data(bio, c);
	BIO_set_init(bio, 1);
	SSL_set_bio(c->ssl, bio, bio);
	if (ctx->server)
		SSL_set_accept_state(c->ssl);
	else
		SSL_set_connect_state(c->ssl);
	if (!ctx->server && !set_names(c, server_name, verify_host))
		goto fail;
	return (c);

fail:
	tls_conn_free(c);
	return (NULL);
}

void
tls_conn_free(struct tls_conn *c)
{
	if (c == NULL)
		return;
	SSL_free(c->ssl);
	tls_ctx_free(c->ctx);
	free(c->error);
	free(c);
}

void
tls_conn_set_output(struct tls_conn *c, struct tls_buf *out)
{
	c->out = out;
}

void
tls_conn_input(struct tls_conn *c, struct atls_bytes in)
{
	c->in = in;
}

static int
fail(struct tls_conn *c)
{
	long verify = SSL_get_verify_result(c->ssl);
	const char *why = openssl_reason();

	if (c->ctx->verify && verify != X509_V_OK)
		why = X509_verify_cert_error_string(verify);
	if (!c->failed)
		c->error = strdup(why);
	c->failed = true;
	c->in.len = 0;
	return (c->nomem ? ATLS_E_NOMEM : ATLS_E_TLS);
}

/* What the result RET of an SSL_ call means. */
static int
result(struct tls_conn *c, int ret)
{
	switch (SSL_get_error(c->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
		return (ATLS_E_MORE);
	case SSL_ERROR_ZERO_RETURN:
		return (ATLS_E_CLOSED);
	default:
		return (fail(c));
	}
}

int
tls_conn_handshake(struct tls_conn *c)
{
	int ret;

	if (c->failed)
		return (ATLS_E_TLS);
	ERR_clear_error();
	if ((ret = SSL_do_handshake(c->ssl)) == 1)
		return (0);
	return (result(c, ret));
}

int
tls_conn_read(struct tls_conn *c, uint8_t *buf, size_t cap, size_t *len)
{
	int ret;

	if (c->failed)
		return (ATLS_E_TLS);
	ERR_clear_error();
	ret = SSL_read_ex(c->ssl, buf, cap, len);
	if (ret == 1)
		return (0);
	return (result(c, ret));
}

int
tls_conn_write(struct tls_conn *c, struct atls_bytes data)
{
	size_t done;
	int ret;

	if (data.len == 0)
		return (0);
	if (c->failed || c->closing)
		return (ATLS_E_TLS);
	ERR_clear_error();
	ret = SSL_write_ex(c->ssl, data.p, data.len, &done);
	if (ret == 1)
		return (0);
	/* Writing never waits; to want input here is a failure. */
	fail(c);
	return (c->nomem ? ATLS_E_NOMEM : ATLS_E_TLS);
}

void
tls_conn_close(struct tls_conn *c)
{
	if (c->failed || c->closing || !SSL_is_init_finished(c->ssl))
		return;
	c->closing = true;
	ERR_clear_error();
	SSL_shutdown(c->ssl);
}

const char *
tls_conn_error(const struct tls_conn *c)
{
	if (c->error != NULL)
		return (c->error);
	return (c->failed ? atls_strerror(ATLS_E_TLS) : "");
}

const char *
tls_conn_version(const struct tls_conn *c)
{
	return (SSL_get_version(c->ssl));
}

const char *
tls_conn_cipher(const struct tls_conn *c)
{
	return (SSL_get_cipher_name(c->ssl));
}

struct tls_ticket *
tls_conn_ticket(const struct tls_conn *c)
{
	const SSL_SESSION *s = SSL_get0_session(c->ssl);
	struct tls_ticket *t;

	if (s == NULL || !SSL_SESSION_is_resumable(s) ||
	    (t = malloc(sizeof(*t))) == NULL)
		return (NULL);
	/* A copy: a connection that ends without a goodbye spoils its own. */
	t->session = SSL_SESSION_dup(s);
	if (t->session == NULL) {
		free(t);
		return (NULL);
	}
	return (t);
}

void
tls_ticket_free(struct tls_ticket *t)
{
	if (t == NULL)
		return;
	SSL_SESSION_free(t->session);
	free(t);
}

bool
tls_conn_offer(struct tls_conn *c, const struct tls_ticket *t)
{
	SSL_SESSION *copy = SSL_SESSION_dup(t->session);
	bool ok = copy != NULL && SSL_set_session(c->ssl, copy) == 1;

	SSL_SESSION_free(copy);
	return (ok);
}

bool
tls_conn_resumed(const struct tls_conn *c)
{
	return (SSL_session_reused(c->ssl) == 1);
}

const char *
tls_conn_sni(const struct tls_conn *c)
{
	return (SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name));
}
