/*
 * TLS secrets by client random, from lines of the NSS key log format: a file,
 * or the Decryption Secrets Blocks of a capture. Lines that are no such secret
 * are passed over, as all readers of the format do.
 */
#ifndef PCAP_KEYLOG_H
#define PCAP_KEYLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ref/wire/bytes.h"

#define KEYLOG_RANDOM 32
#define KEYLOG_SECRET 48 /* longest: SHA-384, or a master secret */

enum keylog_label {
	KEYLOG_MASTER, /* CLIENT_RANDOM: TLS 1.2 */
	KEYLOG_CLIENT_HANDSHAKE,
	KEYLOG_SERVER_HANDSHAKE,
	KEYLOG_CLIENT_TRAFFIC,
	KEYLOG_SERVER_TRAFFIC,
	KEYLOG_LABELS
};

/* The secrets of one connection; a length of 0 is one that is not there. */
struct keylog_entry {
	uint8_t random[KEYLOG_RANDOM];
	uint8_t len[KEYLOG_LABELS];
	uint8_t secret[KEYLOG_LABELS][KEYLOG_SECRET];
};

struct keylog;

struct keylog *keylog_new(void);    /* NULL when out of memory */
void keylog_free(struct keylog *k); /* NULL is fine; wipes the secrets */

/* Takes text of any number of lines. 0 or ATLS_E_NOMEM. */
int keylog_add(struct keylog *k, struct atls_bytes text);

/* Reads a file: 0; ATLS_E_IO with errno; ATLS_E_NOMEM; ATLS_E_SYNTAX when
 * there is text in it and no line of it is a secret. */
int keylog_add_file(struct keylog *k, const char *path);

/* Connections that it has secrets of. */
size_t keylog_count(const struct keylog *k);

/* NULL when there is none. It lives until something is added. */
const struct keylog_entry *keylog_find(
    const struct keylog *k, const uint8_t random[KEYLOG_RANDOM]);

#endif
