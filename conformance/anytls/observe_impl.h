/* Private to observe.c and watched.c: a session that is looked at. */
#ifndef ANYTLS_OBSERVE_IMPL_H
#define ANYTLS_OBSERVE_IMPL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "conformance/anytls/passive.h"
#include "conformance/anytls/tap.h"
#include "conformance/engine/capture.h"
#include "conformance/engine/complaint.h"
#include "conformance/engine/options.h"
#include "conformance/engine/register.h"
#include "ref/net/digest.h"
#include "ref/net/tls.h"
#include "ref/wire/addr.h"

#define OBSERVE_SESSIONS 256
#define OBSERVE_STREAMS 64

/* A stream of theirs: its address first, then data to echo. */
struct echoed {
	uint32_t sid;
	bool used, open;
	bool mute; /* UDP over TCP: nothing is answered */
	uint8_t buf[ATLS_ADDR_MAX];
	size_t n;
};

struct watched {
	struct observe *o;
	unsigned number, nfindings;
	int fd;
	uint32_t capture; /* number of the connection */
	struct tls_conn *tls;
	struct tls_buf out;
	struct passive *rules;
	bool judged; /* it has the password */
	bool broken; /* out of memory, or TLS failed */

	/* Our part in it. */
	struct tap tap;
	uint8_t begin[ATLS_AUTH_HASH];
	size_t nbegin;
	unsigned version;
	struct echoed streams[OBSERVE_STREAMS];
};

struct observe {
	const struct options *opt;
	FILE *out;
	int fd;
	struct tls_ctx *tls;
	FILE *keylog; /* NULL: none is wanted */
	struct t *t;  /* for captures alone */
	struct observe_capture *capture;
	struct reg reg;
	unsigned *times; /* by row of the register */
	uint8_t hash[ATLS_AUTH_HASH];
	struct watched *sessions[OBSERVE_SESSIONS];
	size_t n;
	unsigned total, judged;
	unsigned count[ST_COUNT];
};

/* With -o, connections are kept for a capture in that folder; their calls take
 * o->t. 0, or complains and returns the exit code. */
int observe_capture_begin(struct observe *o, struct complaint *c);
/* Writes it, and frees what begin() made. */
int observe_capture_end(struct observe *o, struct complaint *c);

/* Takes the socket FD. NULL when out of memory; FD stays open then. */
struct watched *watched_new(struct observe *o, int fd);
void watched_free(struct watched *w);

/* False when the session begins with another hash. */
bool watched_may_judge(struct watched *w, struct atls_bytes plain);
/* Answers what a record asks for. False: the session is broken. */
bool watched_act(struct watched *w, struct atls_bytes plain);
/* Sends what is to be sent, as far as it goes. False: it is broken. */
bool watched_flush(struct watched *w);

#endif
