/* Host and port, in the SOCKS5 form of RFC 1928 section 5 (AT-SY-13). */
#ifndef ATLS_WIRE_ADDR_H
#define ATLS_WIRE_ADDR_H

#include <stdint.h>

#include "ref/wire/bytes.h"

/* Longest encoding: type, length, 255 bytes of name, port. */
#define ATLS_ADDR_MAX 259
/* Room for atls_addr_format(): name or address, brackets, port, NUL. */
#define ATLS_ADDR_STRLEN 270

enum atls_addr_type {
	ATLS_ADDR_IPV4 = 1,
	ATLS_ADDR_NAME = 3,
	ATLS_ADDR_IPV6 = 4
};

struct atls_addr {
	enum atls_addr_type type;
	uint16_t port;
	uint8_t len;       /* 4, 16, or the length of the name, at least 1 */
	uint8_t host[255]; /* network order, or the name without NUL */
};

/*
 * Reads an address off the front of *IN. 0; ATLS_E_MORE when *IN ends inside
 * it; ATLS_E_ADDR_TYPE; ATLS_E_ADDR_EMPTY for a name of no bytes. *IN moves
 * only on success, so the caller may come back with more bytes (AT-SY-14).
 */
int atls_addr_read(struct atls_bytes *in, struct atls_addr *a);

/* Writes A in SOCKS5 form. */
void atls_addr_put(struct atls_writer *w, const struct atls_addr *a);

/*
 * The same without the type byte, for a protocol that has its own numbers for
 * the types (AT-UT-05): reads an address of TYPE, writes A.
 */
int atls_addr_read_body(
    struct atls_bytes *in, enum atls_addr_type type, struct atls_addr *a);
void atls_addr_put_body(struct atls_writer *w, const struct atls_addr *a);

/*
 * Makes an address of HOST (IPv4 or IPv6 literal, the latter with or without
 * brackets, or a name of 1 to 255 bytes) and PORT. 0 or ATLS_E_INVAL.
 */
int atls_addr_parse(const char *host, uint16_t port, struct atls_addr *a);

/*
 * Makes an address of "host:port" or "[v6]:port". An empty host ("" or ":80")
 * gives ATLS_E_ADDR_EMPTY, anything else malformed ATLS_E_SYNTAX.
 */
int atls_addr_parse_hostport(const char *text, struct atls_addr *a);

/*
 * Formats as "host:port", IPv6 in brackets; bytes of a name outside printable
 * ASCII appear as \xNN, cut to fit. Always ends with NUL.
 */
void atls_addr_format(const struct atls_addr *a, char out[ATLS_ADDR_STRLEN]);

#endif
