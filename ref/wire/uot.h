/*
 * UDP over TCP, version 2, and the datagram form of version 1 (AT-UT-01 to
 * AT-UT-14). Two address tables meet on one stream: the request uses SOCKS5
 * types (01 IPv4, 03 name, 04 IPv6), datagrams use 00, 01, 02 (AT-UT-05).
 */
#ifndef ATLS_WIRE_UOT_H
#define ATLS_WIRE_UOT_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/wire/addr.h"
#include "ref/wire/bytes.h"

/* The target name that selects UoT version 2, and version 1. */
#define ATLS_UOT_MAGIC "sp.v2.udp-over-tcp.arpa"
#define ATLS_UOT_MAGIC_V1 "sp.udp-over-tcp.arpa"

/* Longest request, and longest header before a datagram's data. */
#define ATLS_UOT_REQUEST_MAX (1 + ATLS_ADDR_MAX)
#define ATLS_UOT_HEADER_MAX (ATLS_ADDR_MAX + 2)

struct atls_uot_request {
	bool connect; /* isConnect: any byte but 0 */
	struct atls_addr addr;
};

/*
 * Reads a request off the front of *IN: 0, ATLS_E_MORE, ATLS_E_ADDR_TYPE or
 * ATLS_E_ADDR_EMPTY; *IN moves only on success.
 */
int atls_uot_request_read(struct atls_bytes *in, struct atls_uot_request *req);

void atls_uot_request_put(
    struct atls_writer *w, const struct atls_uot_request *req);

/*
 * Reads the header of a datagram off the front of *IN. With CONNECT it is the
 * length alone (AT-UT-03) and *ADDR is untouched, else address and length
 * (AT-UT-04). *LEN data bytes follow. Errors and *IN as above.
 */
int atls_uot_header_read(
    struct atls_bytes *in, bool connect, struct atls_addr *addr, uint16_t *len);

/* Writes the header of a datagram; ADDR is not used with CONNECT. */
void atls_uot_header_put(struct atls_writer *w, bool connect,
    const struct atls_addr *addr, uint16_t len);

/* True when A names the UoT magic of version 2 (or 1, second function). */
bool atls_uot_is_magic(const struct atls_addr *a);
bool atls_uot_is_magic_v1(const struct atls_addr *a);

#endif
