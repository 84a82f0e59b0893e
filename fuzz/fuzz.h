/*
 * What the fuzz targets share. A target is one function of libFuzzer that
 * asserts what must hold for any bytes; fuzz/replay.c runs it without
 * libFuzzer.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ref/wire/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Takes an integer of N (at most 4) bytes off the front; 0 where they end. */
static inline uint32_t
fuzz_take(struct atls_bytes *in, unsigned n)
{
	uint32_t v = 0;

	for (; n != 0 && in->len != 0; n--) {
		v = v << 8 | in->p[0];
		atls_bytes_skip(in, 1);
	}
	return (v);
}

/* A copy in a block of its own size, so that reading past it is noticed. */
static inline uint8_t *
fuzz_copy(struct atls_bytes in)
{
	uint8_t *p = malloc(in.len != 0 ? in.len : 1);

	if (p == NULL)
		abort();
	if (in.len != 0)
		memcpy(p, in.p, in.len);
	return (p);
}

/* The same as text with NUL. */
static inline char *
fuzz_text(struct atls_bytes in)
{
	char *p = malloc(in.len + 1);

	if (p == NULL)
		abort();
	if (in.len != 0)
		memcpy(p, in.p, in.len);
	p[in.len] = '\0';
	return (p);
}

#endif
