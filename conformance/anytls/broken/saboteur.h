/* The saboteur: listens, and leads each connection to an honest server. */
#ifndef BROKEN_SABOTEUR_H
#define BROKEN_SABOTEUR_H

#include <stdbool.h>

#include "ref/wire/addr.h"

#define SABOTEUR_ERRLEN 512

struct saboteur_config {
	const char *listen; /* "host:port" */
	const char *password;
	const char *rules;
	struct atls_addr server; /* the honest one, an IP literal */
	/* The server is judging: the client is the honest one, and records from
	 * it are kept as they come. */
	bool client;
	const char *server_name; /* for TLS with the server; NULL: none */
	bool name_once;          /* the first connection has it alone */
	bool verify;             /* its certificate is judged */
	const char *ca_file;     /* by these authorities; NULL: the usual */
	bool fallback;           /* it has one */
	bool judged;             /* a case runs: see rules.h */
	/* Called once it listens. */
	void (*ready)(void *ctx, const struct atls_addr *bound);
	void *ctx;
};

/* Runs until SIGTERM or SIGINT. 0, or -1 with a sentence in ERR. */
int saboteur_run(const struct saboteur_config *cfg, char err[SABOTEUR_ERRLEN]);

#endif
