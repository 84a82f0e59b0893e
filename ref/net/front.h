/*
 * The whole client as one call: a local SOCKS and HTTP proxy in front of an
 * AnyTLS server. Programs differ in how they fill the configuration.
 */
#ifndef ATLS_NET_FRONT_H
#define ATLS_NET_FRONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ref/net/log.h"
#include "ref/session/policy.h"
#include "ref/wire/addr.h"
#include "ref/wire/bytes.h"

#define FRONT_ERRLEN 300

/* Everything is borrowed. Times are in milliseconds. */
struct front_config {
	const struct atls_policy *policy;
	const struct log *log;
	const char *listen; /* "host:port"; port 0 takes a free one */
	struct atls_addr server;
	const char *password;
	const char *sni;          /* NULL or "": the server's name */
	bool insecure;            /* no check of the certificate */
	const char *ca_file;      /* NULL: the system's authorities */
	const char *keylog_file;  /* NULL: none */
	struct atls_bytes scheme; /* to begin with (AT-PD-01) */
	const char *client_name;
	const char *local_user; /* NULL: no login */
	const char *local_password;
	bool quick_reply; /* success before the server has confirmed */
	bool udp_connect; /* UDP over TCP with isConnect 1 */
	bool reuse;       /* and only if the policy reuses, too */
	size_t min_idle;
	uint32_t check_ms;
	uint32_t idle_ms;
	uint32_t heartbeat_ms; /* 0: none */
	uint32_t synack_ms;
	uint32_t connect_ms;
	uint32_t linger_ms; /* see local.h */
	uint32_t grace_ms;  /* see dialer.h */
	/* Called once it listens; may be NULL. */
	void (*ready)(void *ctx, const struct atls_addr *bound);
	void *ctx;
};

/* The usual values; LISTEN is 127.0.0.1:1080. Server and password are empty. */
void front_defaults(struct front_config *cfg);

/*
 * Runs until SIGTERM or SIGINT, then says goodbye to the server within two
 * seconds; a second signal ends it at once. 0, or an error with a sentence in
 * ERR. SIGPIPE should be ignored.
 */
int front_run(const struct front_config *cfg, char err[FRONT_ERRLEN]);

#endif
