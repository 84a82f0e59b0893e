/* Frames as text, and whether a frame is the one expected. */
#ifndef ANYTLS_FRAMES_H
#define ANYTLS_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/anytls/case.h"
#include "ref/wire/bytes.h"

/* Room for any text of frames_describe(). */
#define FRAMES_TEXT 192

/*
 * Says frame F as transcripts and messages do: "SYN 1", "PSH 1 (8)",
 * `SYNACK 1 "text"`, "Settings (69)", "command 99 on 3 (2)"; of an expected
 * one `SYNACK 1 (any text)`, "PSH * (8)". Bytes of the peer are escaped.
 * Returns OUT, which always ends with NUL.
 */
const char *frames_describe(const struct frame *f, char out[FRAMES_TEXT]);

/* GOT, which came from the peer, is what WANT describes. */
bool frames_match(const struct frame *want, const struct frame *got);
/* The same for data alone. */
bool frames_match_data(struct data want, struct atls_bytes got);

/*
 * Writes LEN bytes at P as text in quotes: printable ASCII as it is, the rest
 * as \n or \xNN; cut with "..." to fit CAP. Returns OUT.
 */
const char *frames_quote(const void *p, size_t len, char *out, size_t cap);

/* At most 16 bytes in hex, "..." when there are more. */
#define FRAMES_HEX 64
const char *frames_hex(const void *p, size_t len, char out[FRAMES_HEX]);

#endif
