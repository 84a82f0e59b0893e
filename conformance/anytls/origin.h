/* What the verbs on origins share. */
#ifndef ANYTLS_ORIGIN_H
#define ANYTLS_ORIGIN_H

#include <stdint.h>
#include <sys/types.h>

#include "conformance/anytls/case.h"

struct origin {
	struct t *t;
	int fd, fd6;      /* FD6: ::1 of the same port, or -1 */
	const char *host; /* what the target is told to dial */
	uint16_t port;
};

/* Skips the case where ::1 of the target is not ours. */
void origin_needs_ipv6(struct t *t);

/* Closes the connection of the struct app ARG; again is fine. */
void app_free(void *arg);

/* Takes what the proxy says of a request; see expect_granted(). False when it
 * refused or closed instead; fails in the name of EXPECTED when it says
 * nothing until DEADLINE, or what is no answer. */
bool app_take_reply(struct app *a, uint64_t deadline, const char *expected);

/* For the capture: a read of A's socket gave N bytes at P, the end (0), or an
 * error. */
void app_came(struct app *a, const void *p, ssize_t n);

/* What came: bytes in BUF; 0: the end, which A remembers; -1: nothing. */
ssize_t app_read(struct app *a, uint8_t *buf, size_t cap);

#endif
