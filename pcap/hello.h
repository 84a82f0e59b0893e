/* ClientHello and ServerHello: what a reader of captures needs of them. */
#ifndef PCAP_HELLO_H
#define PCAP_HELLO_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/wire/bytes.h"

#define HELLO_RANDOM 32
#define HELLO_NAME 256

struct hello_client {
	uint8_t random[HELLO_RANDOM];
	char sni[HELLO_NAME];  /* "" without */
	char alpn[HELLO_NAME]; /* names apart by commas; "" without */
};

struct hello_server {
	uint8_t random[HELLO_RANDOM];
	uint16_t version; /* 0x0303, 0x0304 */
	uint16_t suite;
	bool retry;            /* HelloRetryRequest */
	bool psk;              /* the session is resumed, TLS 1.3 */
	char alpn[HELLO_NAME]; /* TLS 1.2 alone; 1.3 encrypts it */
};

/*
 * Reads the body of a handshake message, without its header of four bytes.
 * False when it is malformed. Bytes of names that are not printable become
 * '?'.
 */
bool hello_client_read(struct atls_bytes body, struct hello_client *h);
bool hello_server_read(struct atls_bytes body, struct hello_server *h);

#endif
