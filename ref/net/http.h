/*
 * Requests of HTTP/1.x to a proxy, without I/O: CONNECT, and plain requests
 * with an absolute URI (RFC 9112 section 3.2).
 */
#ifndef ATLS_NET_HTTP_H
#define ATLS_NET_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/wire/addr.h"
#include "ref/wire/bytes.h"
#include "ref/wire/err.h"

/* Largest head (request line, fields, empty line) that is taken. */
#define HTTP_HEAD_MAX 16384
/* Room http_rewrite() needs beyond the length of the head. */
#define HTTP_REWRITE_EXTRA 64

/* A request. Start with all zero. */
struct http_request {
	size_t scanned; /* bytes already searched for the end of the head */
	size_t nhead;   /* length of the head, with the empty line */
	bool connect;
	struct atls_addr addr;
	struct atls_bytes method, target, path; /* borrow from the head; path
						   is "/" when there is none */
	struct atls_bytes authorization; /* Proxy-Authorization; p NULL: none */
	bool upgrade;                    /* the request has an Upgrade field */
};

/*
 * Reads the head that HAVE begins with; HAVE is all that came since the start
 * of the request and may move between calls. 0: complete, and what follows
 * NHEAD bytes is the application's data. ATLS_E_MORE: come back with more.
 * ATLS_E_LIMIT: the head is too large. ATLS_E_SYNTAX: not a request to a
 * proxy.
 */
int http_request_read(struct http_request *r, struct atls_bytes have);

/*
 * Writes a plain request's head for the origin server: path instead of the
 * URI, without Proxy-* and hop-by-hop fields, with "Connection: close", so that
 * the connection carries one request and needs no look at bodies. Upgrades are
 * let through. HEAD is the R->nhead bytes that were read.
 */
void http_rewrite(const struct http_request *r, struct atls_bytes head,
    struct atls_writer *w);

/* True when VALUE is "Basic" with the base64 of USER:PASSWORD; the time does
 * not depend on where they differ. */
bool http_basic_ok(
    struct atls_bytes value, const char *user, const char *password);

/* The whole answer to CONNECT (200), or an error's: 400, 407, 431, 502, 504.
 * Static storage. */
const char *http_response(unsigned status);

#endif
