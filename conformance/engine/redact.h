/*
 * Takes the password out of what is shown and kept: itself, in hexadecimal and
 * base64, and what is as good as it (its hash, says the pack), also when that
 * is cut or spread by blanks.
 */
#ifndef ENGINE_REDACT_H
#define ENGINE_REDACT_H

#include <stddef.h>
#include <stdint.h>

#include "conformance/engine/box.h"
#include "conformance/engine/words.h"

#define REDACT_SECRET 64

/* All zero: nothing is secret. */
struct redact {
	struct words forms; /* texts to look for */
	uint8_t secret[REDACT_SECRET];
	size_t secret_len;
};

/* PASSWORD may be NULL; SECRET of LEN bytes (at most REDACT_SECRET) is as good
 * as it, or LEN is 0. */
void redact_init(
    struct redact *r, const char *password, const uint8_t *secret, size_t len);
void redact_free(struct redact *r);

/* Overwrites what is secret in TEXT (NULL is fine) with asterisks. A password
 * of less than four bytes is found everywhere, and stays. */
void redact_text(const struct redact *r, char *text);
/* The same in LEN bytes, of which some may be zero. */
void redact_buffer(const struct redact *r, char *p, size_t len);
/* Overwrites the secret, or eight bytes of it on, in binary with zeros. The
 * number of bytes so hidden; the first is at *FROM. */
size_t redact_bytes(
    const struct redact *r, uint8_t *p, size_t len, size_t *from);
/* All texts and bytes of BOX. */
void redact_box(const struct redact *r, struct box *box);

#endif
