/*
 * What can be judged of a session by looking on: rules over its decoded
 * records, live or from a capture, without a case that asks for anything. Both
 * directions are fed, and both are judged. Nothing here waits: time is told by
 * the caller, and what was due and did not come is found when more time has
 * passed than any network takes.
 */
#ifndef ANYTLS_PASSIVE_H
#define ANYTLS_PASSIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ref/wire/bytes.h"
#include "ref/wire/frame.h"

struct passive;

struct passive_config {
	/* Called once for each rule that is broken: the requirement's id, and
	 * what was seen in one sentence that lives as long as the call. */
	void (*found)(void *ctx, const char *req, const char *text);
	/* Each frame, before it is judged. Of PSH and waste its data is NULL,
	 * for they are looked at in pieces. May be NULL. */
	void (*frame)(void *ctx, bool from_client, const struct atls_frame *f,
	    const uint8_t *data);
	void *ctx;
	const uint8_t
	    *hash; /* of the password, ATLS_AUTH_HASH bytes, or NULL */
	/*
	 * The padding scheme whose MD5 is the MD5_LEN bytes at MD5, seen in
	 * another session; false: not known. *TEXT lives as long as the
	 * session. May be NULL.
	 */
	bool (*scheme)(
	    void *ctx, struct atls_bytes md5, struct atls_bytes *text);
};

/* Configuration is copied; HASH is borrowed. NULL when out of memory. */
struct passive *passive_new(const struct passive_config *cfg);
void passive_free(struct passive *v); /* NULL is fine */

/* The time of what is fed from now on, milliseconds of any clock. */
void passive_time(struct passive *v, uint64_t now_ms);

/* The plaintext of the next record of either direction. False when out of
 * memory. */
bool passive_client(struct passive *v, struct atls_bytes plain);
bool passive_server(struct passive *v, struct atls_bytes plain);

/* The client, or the server, has closed its side of the connection. */
void passive_closed(struct passive *v, bool by_client);

/* The session has ended, or is looked at no longer. AT_REST: nothing was under
 * way, so that what is missing will not come. */
void passive_end(struct passive *v, bool at_rest);

/* What the client's settings say; "" before them. */
const char *passive_client_name(const struct passive *v);
/* The version in force, 0 before settings. */
unsigned passive_version(const struct passive *v);
/* What the server's settings say, 0 before or without them. */
unsigned passive_server_version(const struct passive *v);
/* Streams that the client has opened. */
uint64_t passive_streams(const struct passive *v);
/* Frames of either direction. */
uint64_t passive_frames(const struct passive *v);
/* padding-md5 as the client sent it; empty before, or without. */
struct atls_bytes passive_md5(const struct passive *v);
/* The scheme that the server has sent last; p NULL: none. */
struct atls_bytes passive_update(const struct passive *v);
/* The server has sent settings or something about a stream, so that a scheme
 * it wanted to send would have come before. */
bool passive_answered(const struct passive *v);
/* The scheme that the sizes of this session follow is not known. */
bool passive_shapeless(const struct passive *v);

#endif
