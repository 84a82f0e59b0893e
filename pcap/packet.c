/* Link, network and transport headers. */
#include "pcap/packet.h"

#include <arpa/inet.h>
#include <pcap.h>
#include <stdio.h>
#include <sys/socket.h>

#define ETHER_IPV4 0x0800
#define ETHER_IPV6 0x86dd
#define MOST_TAGS 4
#define MOST_EXTENSIONS 8
#define PROTO_TCP 6
#define PROTO_UDP 17

bool
packet_knows(int dlt)
{
	switch (dlt) {
	case DLT_EN10MB:
	case DLT_NULL:
	case DLT_LOOP:
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
	case DLT_LINUX_SLL:
	case DLT_LINUX_SLL2:
		return (true);
	default:
		return (false);
	}
}

/* Passes over VLAN tags in front of *TYPE's packet. */
static bool
skip_tags(struct atls_bytes *in, uint16_t *type)
{
	int i;

	for (i = 0; i < MOST_TAGS; i++) {
		if (*type != 0x8100 && *type != 0x88a8 && *type != 0x9100)
			return (true);
		if (in->len < 4)
			return (false);
		*type = atls_get16(in->p + 2);
		atls_bytes_skip(in, 4);
	}
	return (true);
}

/* Passes over HEADER bytes, whose type stands at AT. */
static bool
skip_link(struct atls_bytes *in, size_t header, size_t at, uint16_t *type)
{
	if (in->len < header)
		return (false);
	*type = atls_get16(in->p + at);
	atls_bytes_skip(in, header);
	return (skip_tags(in, type));
}

/* Loopback interfaces of BSD write the address family in their own byte
 * order, and its number for IPv6 differs; the packet itself tells. */
static uint16_t
type_by_version(struct atls_bytes in)
{
	if (in.len == 0)
		return (0);
	if (in.p[0] >> 4 == 4)
		return (ETHER_IPV4);
	return (in.p[0] >> 4 == 6 ? ETHER_IPV6 : 0);
}

static bool
read_link(int dlt, struct atls_bytes *in, uint16_t *type)
{
	switch (dlt) {
	case DLT_EN10MB:
		return (skip_link(in, 14, 12, type));
	case DLT_LINUX_SLL:
		return (skip_link(in, 16, 14, type));
	case DLT_LINUX_SLL2:
		return (skip_link(in, 20, 0, type));
	case DLT_NULL:
	case DLT_LOOP:
		if (in->len < 4)
			return (false);
		atls_bytes_skip(in, 4);
		break;
	default:
		break;
	}
	*type = type_by_version(*in);
	return (true);
}

static void
put_v4(struct endpoint *e, const uint8_t *ip)
{
	memset(e->ip, 0, 10);
	e->ip[10] = e->ip[11] = 0xff;
	memcpy(e->ip + 12, ip, 4);
	e->v6 = 0;
}

static void
put_v6(struct endpoint *e, const uint8_t *ip)
{
	memcpy(e->ip, ip, 16);
	e->v6 = 1;
}

/* The packet is LEN bytes, of which IN may have fewer (a snapshot length) or
 * more (a link's trailer). 0: the sender left the length to its card. */
static size_t
trim(struct atls_bytes *in, size_t len)
{
	if (len == 0)
		len = in->len;
	if (in->len > len)
		in->len = len;
	return (len);
}

/* What the packet is when all else is well. */
static enum packet_kind
kind_of(uint8_t protocol)
{
	if (protocol == PROTO_TCP)
		return (PACKET_TCP);
	return (protocol == PROTO_UDP ? PACKET_UDP : PACKET_OTHER);
}

static enum packet_kind
read_v4(struct atls_bytes *in, struct segment *s, size_t *len)
{
	enum packet_kind kind;
	size_t header;

	if (in->len < 20 || in->p[0] >> 4 != 4)
		return (PACKET_SHORT);
	header = (size_t)(in->p[0] & 15) * 4;
	*len = trim(in, atls_get16(in->p + 2));
	if (header < 20 || in->len < header)
		return (PACKET_SHORT);
	kind = kind_of(in->p[9]);
	if (kind == PACKET_OTHER)
		return (PACKET_OTHER);
	if ((atls_get16(in->p + 6) & 0x3fff) != 0)
		return (PACKET_FRAGMENT);
	put_v4(&s->from, in->p + 12);
	put_v4(&s->to, in->p + 16);
	atls_bytes_skip(in, header);
	*len -= header;
	return (kind);
}

/* Passes over the extension headers that may stand before TCP and UDP. */
static enum packet_kind
skip_extensions(struct atls_bytes *in, uint8_t next, size_t *len)
{
	size_t n;
	int i;

	for (i = 0; kind_of(next) == PACKET_OTHER; i++) {
		if (i == MOST_EXTENSIONS ||
		    (next != 0 && next != 43 && next != 44 && next != 60))
			return (PACKET_OTHER);
		if (in->len < 8)
			return (PACKET_SHORT);
		if (next == 44 && (atls_get16(in->p + 2) & 0xfff9) != 0)
			return (PACKET_FRAGMENT);
		n = next == 44 ? 8 : ((size_t)in->p[1] + 1) * 8;
		if (in->len < n)
			return (PACKET_SHORT);
		next = in->p[0];
		atls_bytes_skip(in, n);
		*len -= n;
	}
	return (kind_of(next));
}

static enum packet_kind
read_v6(struct atls_bytes *in, struct segment *s, size_t *len)
{
	size_t payload;

	if (in->len < 40 || in->p[0] >> 4 != 6)
		return (PACKET_SHORT);
	payload = atls_get16(in->p + 4);
	*len = trim(in, payload != 0 ? payload + 40 : 0) - 40;
	put_v6(&s->from, in->p + 8);
	put_v6(&s->to, in->p + 24);
	payload = in->p[6];
	atls_bytes_skip(in, 40);
	return (skip_extensions(in, (uint8_t)payload, len));
}

static enum packet_kind
read_tcp(struct atls_bytes in, struct segment *s, size_t len)
{
	size_t header;

	if (in.len < 20)
		return (PACKET_SHORT);
	header = (size_t)(in.p[12] >> 4) * 4;
	if (header < 20 || len < header)
		return (PACKET_SHORT);
	s->from.port = atls_get16(in.p);
	s->to.port = atls_get16(in.p + 2);
	s->from.zero = s->to.zero = 0;
	s->seq = atls_get32(in.p + 4);
	s->ack = atls_get32(in.p + 8);
	s->flags = in.p[13];
	s->len = (uint32_t)(len - header);
	atls_bytes_skip(&in, header < in.len ? header : in.len);
	s->payload = in;
	return (PACKET_TCP);
}

static enum packet_kind
read_udp(struct atls_bytes in, struct segment *s, size_t len)
{
	if (in.len < 8 || len < 8)
		return (PACKET_SHORT);
	s->from.port = atls_get16(in.p);
	s->to.port = atls_get16(in.p + 2);
	s->from.zero = s->to.zero = 0;
	s->seq = s->ack = 0;
	s->flags = 0;
	s->len = (uint32_t)(len - 8);
	atls_bytes_skip(&in, 8);
	s->payload = in;
	return (PACKET_UDP);
}

enum packet_kind
packet_read(int dlt, struct atls_bytes in, struct segment *s)
{
	enum packet_kind kind;
	uint16_t type;
	size_t len;

	if (!read_link(dlt, &in, &type))
		return (PACKET_SHORT);
	if (type == ETHER_IPV4)
		kind = read_v4(&in, s, &len);
	else if (type == ETHER_IPV6)
		kind = read_v6(&in, s, &len);
	else
		return (PACKET_OTHER);
	if (kind == PACKET_TCP)
		return (read_tcp(in, s, len));
	return (kind == PACKET_UDP ? read_udp(in, s, len) : kind);
}

const char *
packet_endpoint_text(const struct endpoint *e, char out[PACKET_ENDPOINT])
{
	char ip[INET6_ADDRSTRLEN];

	if (e->v6)
		inet_ntop(AF_INET6, e->ip, ip, sizeof(ip));
	else
		inet_ntop(AF_INET, e->ip + 12, ip, sizeof(ip));
	snprintf(out, PACKET_ENDPOINT, e->v6 ? "[%s]:%u" : "%s:%u", ip,
	    (unsigned)e->port);
	return (out);
}
