/* IPv4 and IPv6, TCP and UDP headers by their RFCs (791, 8200, 9293, 768). */
#include "conformance/engine/packets.h"

#include <string.h>

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10

#define PROTO_TCP 6
#define PROTO_UDP 17
#define IP4 20
#define IP6 40
#define TCP 20
#define UDP 8
#define HOPS 64
#define DATAGRAM_MAX 65507 /* more than a segment */

/* Maximum segment size, and a window that is never full (scale 14). */
#define SYN_OPTIONS_LEN 8
static const uint8_t syn_options[SYN_OPTIONS_LEN] = { 2, 4,
	PACKETS_SEGMENT >> 8, PACKETS_SEGMENT & 255, 3, 3, 14, 0 };

/* One packet as it is built. */
struct packet {
	uint8_t b[IP6 + TCP + SYN_OPTIONS_LEN + DATAGRAM_MAX];
	size_t ip; /* length of the IP header */
	size_t len;
};

static void
put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static uint32_t
sum(const uint8_t *p, size_t len, uint32_t s)
{
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		s += (uint32_t)p[i] << 8 | p[i + 1];
	if (i < len)
		s += (uint32_t)p[i] << 8;
	return s;
}

static uint16_t
fold(uint32_t s)
{
	while (s >> 16 != 0)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static void
put_ip(struct packet *k, const struct flow *flow, unsigned side, size_t upper)
{
	const struct spool_address *from = &flow->end[side];
	const struct spool_address *to = &flow->end[!side];
	uint8_t protocol = flow->udp ? PROTO_UDP : PROTO_TCP;

	k->ip = from->v6 ? IP6 : IP4;
	k->len = k->ip + upper;
	memset(k->b, 0, k->ip);
	if (from->v6) {
		k->b[0] = 0x60;
		put16(k->b + 4, (uint32_t)upper);
		k->b[6] = protocol;
		k->b[7] = HOPS;
		memcpy(k->b + 8, from->ip, 16);
		memcpy(k->b + 24, to->ip, 16);
		return;
	}
	k->b[0] = 0x45;
	put16(k->b + 2, (uint32_t)k->len);
	k->b[6] = 0x40; /* not to be fragmented */
	k->b[8] = HOPS;
	k->b[9] = protocol;
	memcpy(k->b + 12, from->ip, 4);
	memcpy(k->b + 16, to->ip, 4);
	put16(k->b + 10, fold(sum(k->b, IP4, 0)));
}

/* With the pseudo header, at offset AT of the upper layer, where zeros are. */
static void
put_checksum(struct packet *k, bool udp, size_t at)
{
	size_t upper = k->len - k->ip, from = k->ip == IP6 ? 8 : 12;
	uint32_t s = (uint32_t)upper + (udp ? PROTO_UDP : PROTO_TCP);
	uint16_t c;

	s = sum(k->b + from, k->ip - from, s);
	c = fold(sum(k->b + k->ip, upper, s));
	put16(k->b + k->ip + at, c == 0 && udp ? 0xffff : c);
}

static void
emit_tcp(struct flow *flow, unsigned side, unsigned flags, struct packet *k,
    const struct packet_sink *to)
{
	size_t options = flags & SYN ? SYN_OPTIONS_LEN : 0;
	uint8_t *h;

	put_ip(k, flow, side, k->len + TCP + options);
	h = k->b + k->ip;
	memset(h, 0, TCP);
	put16(h, flow->end[side].port);
	put16(h + 2, flow->end[!side].port);
	put32(h + 4, flow->seq[side]);
	if (flags & ACK)
		put32(h + 8, flow->seq[!side]);
	h[12] = (uint8_t)((TCP + options) << 2);
	h[13] = (uint8_t)flags;
	put16(h + 14, flags & RST ? 0 : 65535);
	if (options != 0)
		memcpy(h + TCP, syn_options, options);
	put_checksum(k, false, 16);
	to->emit(to->ctx, side, k->b, k->len);
	flow->seq[side] += (uint32_t)(k->len - k->ip - TCP - options) +
	    !!(flags & (SYN | FIN));
}

/* A segment without data. */
static void
emit_bare(struct flow *flow, unsigned side, unsigned flags,
    const struct packet_sink *to)
{
	struct packet k;

	k.len = 0;
	emit_tcp(flow, side, flags, &k, to);
}

void
packets_open(struct flow *flow, const struct spool_open *open, uint32_t number,
    const struct packet_sink *to)
{
	memset(flow, 0, sizeof(*flow));
	flow->end[0] = open->us;
	flow->end[1] = open->them;
	flow->udp = open->kind == SPOOL_UDP;
	flow->dialled = open->kind == SPOOL_DIALLED;
	/* Any will do, as long as no two connections look alike. */
	flow->seq[0] = number * 0x01000193u + 1000;
	flow->seq[1] = number * 0x01000193u + 0x80001000u;
	if (flow->dialled)
		emit_bare(flow, 0, SYN, to);
}

void
packets_up(struct flow *flow, const struct packet_sink *to)
{
	unsigned caller = flow->dialled ? 0 : 1;

	if (flow->up || flow->udp)
		return;
	flow->up = true;
	if (!flow->dialled)
		emit_bare(flow, caller, SYN, to);
	emit_bare(flow, !caller, SYN | ACK, to);
	emit_bare(flow, caller, ACK, to);
}

static void
datagram(struct flow *flow, unsigned side, const uint8_t *p, size_t len,
    const struct packet_sink *to)
{
	struct packet k;
	uint8_t *h;

	put_ip(&k, flow, side, UDP + len);
	h = k.b + k.ip;
	put16(h, flow->end[side].port);
	put16(h + 2, flow->end[!side].port);
	put16(h + 4, (uint32_t)(UDP + len));
	put16(h + 6, 0);
	if (len != 0)
		memcpy(h + UDP, p, len);
	put_checksum(&k, true, 6);
	to->emit(to->ctx, side, k.b, k.len);
}

void
packets_data(struct flow *flow, unsigned side, const uint8_t *p, size_t len,
    const struct packet_sink *to)
{
	size_t at, n, head = flow->end[0].v6 ? IP6 + TCP : IP4 + TCP;
	struct packet k;

	if (flow->udp) {
		/* No datagram is longer; the socket would not have taken it. */
		if (len <= DATAGRAM_MAX)
			datagram(flow, side, p, len, to);
		return;
	}
	for (at = 0; at < len; at += n) {
		n = len - at < PACKETS_SEGMENT ? len - at : PACKETS_SEGMENT;
		memcpy(k.b + head, p + at, n);
		k.len = n;
		emit_tcp(flow, side, PSH | ACK, &k, to);
	}
}

void
packets_gap(struct flow *flow, unsigned side, uint64_t len)
{
	flow->seq[side] += (uint32_t)len;
}

void
packets_fin(struct flow *flow, unsigned side, const struct packet_sink *to)
{
	if (flow->udp || !flow->up)
		return;
	emit_bare(flow, side, FIN | ACK, to);
	emit_bare(flow, !side, ACK, to);
}

void
packets_rst(struct flow *flow, unsigned side, const struct packet_sink *to)
{
	if (!flow->udp)
		emit_bare(flow, side, RST | ACK, to);
}
