/* Lines of "key=value", as settings and padding schemes use them (AT-ST-03). */
#ifndef ATLS_WIRE_KV_H
#define ATLS_WIRE_KV_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/wire/bytes.h"

struct atls_kv {
	struct atls_bytes key;
	struct atls_bytes value;
	unsigned line; /* counted from 1 */
};

/* Start with the text in REST and the others zero. */
struct atls_kv_reader {
	struct atls_bytes rest;
	unsigned line;
};

/*
 * Finds the next line with a "=" and splits it at the first one. Lines end at
 * LF only; CR and blanks belong to the text; lines without "=" are passed over
 * (AT-ST-04). *KV borrows from the text. False at the end.
 */
bool atls_kv_next(struct atls_kv_reader *r, struct atls_kv *kv);

/*
 * Finds KEY in TEXT; of several the last wins, as in the Go family. False when
 * it is not there, and *VALUE is untouched.
 */
bool atls_kv_find(
    struct atls_bytes text, const char *key, struct atls_bytes *value);

/* Writes "key=value", preceded by LF unless it is the first thing in W. */
void atls_kv_put(struct atls_writer *w, const char *key, struct atls_bytes v);

/*
 * Reads a decimal integer as Go's strconv.Atoi does: an optional sign, digits,
 * nothing else; no blanks. 0, or ATLS_E_SYNTAX for anything else and for values
 * that do not fit 64 bits.
 */
int atls_kv_int(struct atls_bytes text, int64_t *value);

#endif
