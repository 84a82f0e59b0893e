/*
 * IP packets made up for a connection of which only the bytes of the socket are
 * known: a TCP handshake, segments, FIN and RST with sequence numbers and
 * checksums, or UDP datagrams.
 */
#ifndef ENGINE_PACKETS_H
#define ENGINE_PACKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/engine/capture_spool.h"

/* The most that one packet carries; what a loopback interface would. */
#define PACKETS_SEGMENT 65475
/* The longest packet. */
#define PACKETS_MAX 65575

/* One connection. Side 0 is ours. */
struct flow {
	struct spool_address end[2];
	bool udp;
	bool dialled;    /* by side 0 */
	bool up;         /* the handshake has been made */
	uint32_t seq[2]; /* of the next byte that the side sends */
};

/* Where packets go: LEN bytes at P from SIDE. */
struct packet_sink {
	void (*emit)(void *ctx, unsigned side, const uint8_t *p, size_t len);
	void *ctx;
};

/* Starts connection NUMBER of a capture: SYN of who dials, when that is us. */
void packets_open(struct flow *flow, const struct spool_open *open,
    uint32_t number, const struct packet_sink *to);
/* The rest of the handshake, of whoever dialled; once. */
void packets_up(struct flow *flow, const struct packet_sink *to);
/* LEN bytes from SIDE in as many packets as it takes. */
void packets_data(struct flow *flow, unsigned side, const uint8_t *p,
    size_t len, const struct packet_sink *to);
/* LEN bytes from SIDE that are not here: the next sequence number tells. */
void packets_gap(struct flow *flow, unsigned side, uint64_t len);
void packets_fin(
    struct flow *flow, unsigned side, const struct packet_sink *to);
void packets_rst(
    struct flow *flow, unsigned side, const struct packet_sink *to);

#endif
