/* What a target answers to settings; the base of probes and of md5s. */
#ifndef ANYTLS_TARGET_H
#define ANYTLS_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "conformance/anytls/case.h"
#include "ref/wire/bytes.h"

struct answer {
	bool connected; /* else ERROR says why not, behind the address */
	char error[400];
	bool settings; /* ServerSettings came, and said VERSION */
	int64_t version;
	bool update;              /* UpdatePaddingScheme came, with SCHEME */
	struct atls_bytes scheme; /* case memory */
	bool heart;               /* a heartbeat was answered */
	bool alert, closed;
};

/* A session of its own: settings with version V and MD5, a heartbeat, and what
 * comes until its response, a close, or the deadline of a verb. Judges
 * nothing. */
void target_ask(struct t *t, const char *v, const char *md5, struct answer *a);

#endif
