/*
 * The reference server, as a thing that a program can run: a main file with
 * options, or a test with a policy of its own.
 */
#ifndef ATLS_NET_SERVICE_H
#define ATLS_NET_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ref/net/log.h"
#include "ref/session/policy.h"
#include "ref/wire/addr.h"
#include "ref/wire/auth.h"
#include "ref/wire/bytes.h"

#define SERVICE_ERRLEN 512

/* Everything must outlive the service. Times are in milliseconds, 0: never;
 * counts of 0: no limit. */
struct service_config {
	const char *const *listen; /* "host:port", see listen_open() */
	size_t nlisten;
	const uint8_t (*hashes)[ATLS_AUTH_HASH]; /* SHA-256 of passwords */
	size_t nhashes;
	const char *cert_file; /* both, or neither: self-signed */
	const char *key_file;
	struct atls_bytes scheme;         /* raw text; P NULL: the default */
	const struct atls_addr *fallback; /* NULL: none */
	uint32_t auth_ms;                 /* TLS and authentication, each */
	uint32_t idle_ms;                 /* session without streams */
	uint32_t dial_ms;      /* 0: 2500, so that SYNACK is within 3 s */
	uint32_t heartbeat_ms; /* between requests */
	uint32_t heartbeat_timeout_ms;
	uint32_t write_ms;       /* see conn.h */
	uint32_t max_streams;    /* per session */
	uint32_t max_sessions;   /* of the service */
	uint32_t max_strangers;  /* of them: not authenticated yet */
	size_t buffer_bytes;     /* unsent bytes of all streams and sessions */
	uint32_t stream_bytes;   /* unsent bytes per stream; 0: 4 MiB */
	unsigned workers;        /* threads, each with its own loop; 0: 1 */
	bool forbid_private;     /* targets only on the public Internet */
	bool signals;            /* SIGTERM and SIGINT stop, SIGHUP reloads */
	const char *keylog_file; /* TLS secrets are appended; NULL: none */
	const struct atls_policy *policy; /* NULL: atls_policy_default */
	const struct log *log;            /* NULL: silence */
};

struct service;

/*
 * Makes certificates and opens all ports; connections wait in the kernel until
 * service_run(). NULL with a sentence in ERR that names the file or address.
 */
struct service *service_new(
    const struct service_config *cfg, char err[SERVICE_ERRLEN]);

/* Where address number I of the configuration listens. */
void service_bound(const struct service *s, size_t i, struct atls_addr *bound);

/* Serves until stopped: 0, or ATLS_E_NOMEM when a thread cannot be made. */
int service_run(struct service *s);

/*
 * Ends service_run(), from any thread: no new connections, sessions are closed
 * with what is queued sent, at most 1.5 s later it returns.
 */
void service_stop(struct service *s);

/* Reads the certificate files again, from any thread, for new connections. When
 * they are no good the old ones stay and the log says why. 0 or ATLS_E_TLS. */
int service_reload(struct service *s);

void service_free(struct service *s); /* NULL is fine */

#endif
