/* cmdSettings and cmdServerSettings: the keys the protocol defines. */
#ifndef ATLS_WIRE_SETTINGS_H
#define ATLS_WIRE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/wire/bytes.h"

#define ATLS_MD5_HEX 32

/* What a settings frame says. The ranges borrow from the frame's data. */
struct atls_settings {
	bool has_version;    /* key "v" is there and is an integer */
	int64_t version;     /* 0 when there is none */
	struct atls_bytes v; /* its text, for messages */
	struct atls_bytes client;
	bool has_md5;
	struct atls_bytes md5; /* as sent: any text of any length */
};

/*
 * Reads DATA. Order is free, unknown keys and lines without "=" are ignored,
 * the last of several equal keys counts (AT-ST-04). Cannot fail: any bytes are
 * settings, perhaps without a single known key.
 */
void atls_settings_read(struct atls_bytes data, struct atls_settings *s);

/*
 * The version in force when the peer says S: the smaller of OURS and what it
 * said, at least 1. Missing, malformed, zero or negative is 1 (AT-ST-09,
 * AT-ST-10); any larger number than ours means ours, 256 and 257 too
 * (AT-ST-11). A number that does not fit 64 bits is malformed.
 */
unsigned atls_settings_version(const struct atls_settings *s, unsigned ours);

/* Writes a client's settings: v, client, padding-md5, in this order. */
void atls_settings_put_client(struct atls_writer *w, unsigned version,
    const char *client, const char md5[ATLS_MD5_HEX + 1]);

/* Writes a server's settings: v. */
void atls_settings_put_server(struct atls_writer *w, unsigned version);

#endif
