/*
 * The proxy's side of SOCKS5 (RFC 1928, 1929) and SOCKS4/4a, without I/O: the
 * caller keeps what was received, the parser takes whole messages off it.
 */
#ifndef ATLS_NET_SOCKS5_H
#define ATLS_NET_SOCKS5_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/wire/addr.h"
#include "ref/wire/bytes.h"
#include "ref/wire/err.h"

/* Longest message of a client: RFC 1929 with two texts of 255 bytes; a SOCKS4a
 * request with two of them is a little longer. */
#define SOCKS5_MESSAGE_MAX 530
/* Room for everything socks5_feed() or socks5_reply_put() writes at once. */
#define SOCKS5_REPLY_MAX (4 + ATLS_ADDR_MAX)
/* Longest header before the data of a UDP datagram. */
#define SOCKS5_UDP_HEADER_MAX (3 + ATLS_ADDR_MAX)

enum socks5_command {
	SOCKS5_CONNECT = 1,
	SOCKS5_BIND = 2,
	SOCKS5_UDP_ASSOCIATE = 3
};

/* RFC 1928 section 6. */
enum socks5_code {
	SOCKS5_OK = 0,
	SOCKS5_FAILURE = 1,
	SOCKS5_NOT_ALLOWED = 2,
	SOCKS5_NET_UNREACHABLE = 3,
	SOCKS5_HOST_UNREACHABLE = 4,
	SOCKS5_REFUSED = 5,
	SOCKS5_TTL_EXPIRED = 6,
	SOCKS5_BAD_COMMAND = 7,
	SOCKS5_BAD_ADDRESS = 8
};

enum socks5_state {
	SOCKS5_GREETING,
	SOCKS5_LOGIN,
	SOCKS5_REQUEST,
	SOCKS5_DONE
};

/* A negotiation. Start with all zero but USER and PASSWORD, which are
 * borrowed: both NULL lets everybody in, else both are demanded. */
struct socks5 {
	const char *user;
	const char *password;
	enum socks5_state state;
	uint8_t version; /* 4 or 5, once the first byte was seen */
	enum socks5_command command;
	struct atls_addr addr; /* with UDP_ASSOCIATE: what the client said of
				  itself; an empty name becomes 0.0.0.0 */
};

/*
 * Takes whole messages off the front of *IN; what is left there is the start
 * of a message, or after 0 the application's data. Answers are appended to OUT
 * (room for SOCKS5_REPLY_MAX), whatever is returned, and must be sent. 0: the
 * request is complete in COMMAND and ADDR, and socks5_reply_put() answers it.
 * ATLS_E_MORE: give more. Everything else ends the connection: ATLS_E_SYNTAX
 * (not SOCKS, or BIND), ATLS_E_AUTH, ATLS_E_ADDR_TYPE. SOCKS4 has no password:
 * with USER set it is refused.
 */
int socks5_feed(
    struct socks5 *s, struct atls_bytes *in, struct atls_writer *out);

/*
 * Writes the answer to a request in the version that was spoken; BOUND may be
 * NULL (0.0.0.0:0). SOCKS4 knows granted and rejected only.
 */
void socks5_reply_put(const struct socks5 *s, enum socks5_code code,
    const struct atls_addr *bound, struct atls_writer *w);

/*
 * The reply for the error TEXT of a server's SYNACK: the field's
 * implementations put the system's sentence there, so "refused", "timed out",
 * "timeout", "unreachable", "no such host" and "not found" are recognised in
 * any case.
 */
enum socks5_code socks5_code_of_text(struct atls_bytes text);

/*
 * Reads the header of a UDP datagram; *IN is then its data. 0, ATLS_E_SYNTAX
 * (too short, or a fragment, which we do not put together), ATLS_E_ADDR_TYPE
 * or ATLS_E_ADDR_EMPTY: drop it.
 */
int socks5_udp_read(struct atls_bytes *in, struct atls_addr *a);

/* Writes the header of a datagram that came from A. */
void socks5_udp_put(struct atls_writer *w, const struct atls_addr *a);

#endif
