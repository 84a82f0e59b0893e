/* Bytes that wait for a socket: added at the end, taken from the front. */
#ifndef ATLS_NET_FIFO_H
#define ATLS_NET_FIFO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "ref/wire/bytes.h"
#include "ref/wire/err.h"

/* Start with all zero. The bytes are the LEN ones at P + START. */
struct fifo {
	uint8_t *p;
	size_t start;
	size_t len;
	size_t cap;
};

/* Adds DATA, which is copied. 0 or ATLS_E_NOMEM. */
int fifo_add(struct fifo *f, struct atls_bytes data);

/* What is in it; valid until the next call. */
struct atls_bytes fifo_peek(const struct fifo *f);

/* Drops the first N bytes, of those that are in it. The memory goes back when
 * it gets empty. */
void fifo_drop(struct fifo *f, size_t n);

void fifo_free(struct fifo *f);

/*
 * Writes to the socket FD what is in F and then the N ranges at IOV, as far as
 * the socket takes it; the rest is added to F. 0, ATLS_E_NOMEM, or ATLS_E_IO
 * with errno.
 */
int fifo_write(struct fifo *f, int fd, struct iovec *iov, size_t n);

#endif
