/*
 * A TLS connection that is looked at: bytes of both directions in, records out,
 * opened where the key log has the secrets. TLS 1.2 and 1.3 with AEAD suites.
 * Not opened: other suites, 0-RTT data, and what follows a key update or a
 * renegotiation; each is said in one sentence.
 */
#ifndef PCAP_VIEW_H
#define PCAP_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "pcap/aead.h"
#include "pcap/hello.h"
#include "pcap/keylog.h"
#include "pcap/mark.h"
#include "ref/wire/bytes.h"

#define VIEW_CLIENT 0 /* directions, by who sends */
#define VIEW_SERVER 1

#define VIEW_ALERT 21 /* types of records */
#define VIEW_HANDSHAKE 22
#define VIEW_DATA 23

/* Why records come unopened, or come no more. */
enum view_trouble {
	VIEW_FINE,
	VIEW_NO_KEYS,     /* the key log has no secrets of it */
	VIEW_WRONG_KEYS,  /* it has, and they do not fit */
	VIEW_UNSUPPORTED, /* suite, version, key update */
	VIEW_NOT_TLS,     /* the first bytes are no TLS record */
	VIEW_MIDDLE,      /* the handshake is not in the capture */
	VIEW_BROKEN       /* was TLS, and is no longer: damaged bytes */
};

/* A record with application data, or whose type is hidden. Valid in the call.
 */
struct view_record {
	int dir;
	uint8_t type; /* VIEW_DATA, VIEW_ALERT, ... when opened */
	bool opened;
	struct atls_bytes plain; /* when opened */
	uint32_t wire;           /* bytes behind the header, as sent */
	struct mark at;          /* the packet that completes it */
};

struct view_sink {
	/* Both hellos have been seen. */
	void (*hello)(void *ctx);
	/*
	 * Records of the application: in TLS 1.2 all of type 23 and alerts; in
	 * TLS 1.3, opened, those behind the handshake, unopened all of type 23,
	 * of which the first of a direction are handshake in disguise.
	 */
	void (*record)(void *ctx, const struct view_record *r);
	/* TEXT says in one sentence what is wrong. From NOT_TLS on nothing
	 * follows; before it, records follow unopened. Called once each. */
	void (*trouble)(void *ctx, enum view_trouble what, const char *text,
	    struct mark at);
	void *ctx;
};

struct view_side;
struct view;

/* What all connections of a capture share; borrowed while they are used. */
struct view_shared {
	struct aead_lib *lib;
	const struct keylog *keys;
	uint8_t *plain; /* VIEW_PLAIN bytes of room */
	/* Room of a record that has gone, for the next; NULL at first, to be
	 * freed at the end. */
	uint8_t *spare;
};

#define VIEW_PLAIN (16384 + 2048)

/* NULL when out of memory. */
struct view *view_new(struct view_shared *shared, const struct view_sink *to);
void view_free(struct view *v); /* NULL is fine */

/* The next bytes of direction DIR. 0, or ATLS_E_NOMEM. */
int view_data(struct view *v, int dir, struct atls_bytes data, struct mark at);

/* What the hellos said; all zero before. */
const struct hello_client *view_client(const struct view *v);
const struct hello_server *view_server(const struct view *v);
/* "TLS 1.3 TLS_AES_128_GCM_SHA256"; "" before the hellos. */
const char *view_protocol(const struct view *v, char *buf, size_t size);
enum view_trouble view_trouble(const struct view *v);
/* DIR is known to be the client's: it began with a ClientHello. */
bool view_is_client_hello(struct atls_bytes data);

#endif
