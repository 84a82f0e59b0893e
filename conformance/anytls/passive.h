/*
 * What can be judged of a session by looking on: rules over its decoded
 * records, live or from a capture, without a case that asks for anything. Both
 * directions are fed; what the client sends is judged.
 */
#ifndef ANYTLS_PASSIVE_H
#define ANYTLS_PASSIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/wire/bytes.h"

struct passive;

struct passive_config {
	/* Called once for each rule that is broken: the requirement's id, and
	 * what was seen in one sentence that lives as long as the call. */
	void (*found)(void *ctx, const char *req, const char *text);
	/* Each frame, as a transcript says it; may be NULL. */
	void (*line)(void *ctx, bool from_client, const char *text);
	void *ctx;
	const uint8_t
	    *hash; /* of the password, ATLS_AUTH_HASH bytes, or NULL */
};

/* Configuration is copied; HASH is borrowed. NULL when out of memory. */
struct passive *passive_new(const struct passive_config *cfg);
void passive_free(struct passive *v); /* NULL is fine */

/* The plaintext of the next record of either direction. False when out of
 * memory. */
bool passive_client(struct passive *v, struct atls_bytes plain);
bool passive_server(struct passive *v, struct atls_bytes plain);

/* The session has ended, or is looked at no longer. AT_REST: nothing was under
 * way, so that what is missing will not come. */
void passive_end(struct passive *v, bool at_rest);

/* What the client's settings say; "" before them. */
const char *passive_client_name(const struct passive *v);
/* The version in force, 0 before settings. */
unsigned passive_version(const struct passive *v);

#endif
