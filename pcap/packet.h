/*
 * A captured packet, down to its TCP segment or UDP datagram: link layers, VLAN
 * tags, IPv4 and IPv6. Lengths are checked against what was captured; checksums
 * are not, because network cards fill them in after a capture on the sender.
 */
#ifndef PCAP_PACKET_H
#define PCAP_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/wire/bytes.h"

#define PACKET_FIN 0x01
#define PACKET_SYN 0x02
#define PACKET_RST 0x04
#define PACKET_ACK 0x10

/* Room for packet_endpoint_text(). */
#define PACKET_ENDPOINT 56

/* An address and a port; IPv4 in the form ::ffff:a.b.c.d. No padding bytes, so
 * that it can be compared as memory. */
struct endpoint {
	uint8_t ip[16];
	uint8_t v6;
	uint8_t zero;
	uint16_t port;
};

/* PAYLOAD borrows from the packet. Of a datagram SEQ, ACK and FLAGS are 0. */
struct segment {
	struct endpoint from, to;
	uint32_t seq, ack;
	uint8_t flags;
	struct atls_bytes payload; /* what the capture has of it */
	uint32_t len;              /* bytes it had on the wire */
};

enum packet_kind {
	PACKET_TCP,
	PACKET_UDP,
	PACKET_OTHER,    /* another protocol */
	PACKET_FRAGMENT, /* a part of an IP packet; not put together here */
	PACKET_SHORT     /* ends inside its own headers */
};

/* True when packets of libpcap's link type DLT can be read. */
bool packet_knows(int dlt);

/* Fills *S and says PACKET_TCP or PACKET_UDP, or says why not. */
enum packet_kind packet_read(
    int dlt, struct atls_bytes captured, struct segment *s);

/* "192.0.2.1:443", "[2001:db8::1]:443". Returns OUT. */
const char *packet_endpoint_text(
    const struct endpoint *e, char out[PACKET_ENDPOINT]);

#endif
