/* What the files that play a server and the application for a client under
 * test share. */
#ifndef ANYTLS_CLIENT_H
#define ANYTLS_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "conformance/anytls/case.h"
#include "conformance/anytls/pack.h"
#include "conformance/anytls/peer.h"
#include "conformance/anytls/profiles.h"

#define CLIENT_SERVERS 2

/* The case's servers and its client. */
struct client_side {
	int fd[CLIENT_SERVERS]; /* listening; -1: no more */
	uint16_t port[CLIENT_SERVERS];
	bool started;
	bool implicit;         /* streams without SYN are borne */
	const char *uri, *sni; /* what the client is told; NULL: the usual */
	const char *proxy;     /* "socks5", "http"; NULL: not known yet */
	bool has_scheme;       /* server_scheme() */
	struct data scheme;
};

static inline struct client_side *
client_side(struct t *t)
{
	return (pack_state(t)->client);
}

/* True when a connection waits to be accepted, or comes before DEADLINE. */
bool client_comes(struct t *t, unsigned number, uint64_t deadline);

/* What the local proxy speaks: --proxy, as probed, or as it answers now. */
bool client_proxy_is_http(struct t *t);
/* ask_udp(); a proxy that says nothing skips the case too unless it MUST. */
struct udp_app *client_ask_udp(struct t *t, bool must);
/* A connection to the local proxy. */
struct app *client_dial_proxy(struct t *t);
/* Sends N bytes, which are few. False when the socket does not take them. */
bool client_send(struct app *a, const void *p, size_t n);
/* Reads exactly N bytes; false when the proxy closes before. Fails in the name
 * of EXPECTED at DEADLINE. */
bool client_read(struct app *a, void *buf, size_t n, uint64_t deadline,
    const char *expected);

/* Reads the bytes of stream SID up to the end of an address. */
void client_read_address(
    struct peer *p, uint32_t sid, struct atls_addr *a, const char *expected);

/* Sends F, padded where the profile does that. */
void serve_tell(struct peer *p, struct frame f);
/* Reads and keeps what comes for MS. */
void serve_pause(struct peer *p, uint32_t ms);
/* Settings, with the answers of PROFILE; expect_settings() has been called. */
void client_answer_settings(struct peer *p, const struct profile *profile,
    const struct settings_seen *seen);

/* When the case ends, however it does, the records of P are put beside the
 * ranges of SCHEME, which is case memory, for the report's plot. */
void records_watch(struct peer *p, struct data scheme);

#endif
