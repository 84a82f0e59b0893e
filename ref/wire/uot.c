/* UDP over TCP: request and datagram header, read and written. */
#include "ref/wire/uot.h"

#include "ref/wire/err.h"

/* Address types of datagrams; the request has those of SOCKS5 (AT-UT-05). */
enum packet_type {
	PACKET_IPV4 = 0,
	PACKET_IPV6 = 1,
	PACKET_NAME = 2
};

int
atls_uot_request_read(struct atls_bytes *in, struct atls_uot_request *req)
{
	struct atls_bytes b = *in;
	bool connect;
	int err;

	if (b.len == 0)
		return (ATLS_E_MORE);
	connect = b.p[0] != 0;
	atls_bytes_skip(&b, 1);
	err = atls_addr_read(&b, &req->addr);
	if (err != 0)
		return (err);
	req->connect = connect;
	*in = b;
	return (0);
}

void
atls_uot_request_put(struct atls_writer *w, const struct atls_uot_request *req)
{
	atls_writer_put8(w, req->connect ? 1 : 0);
	atls_addr_put(w, &req->addr);
}

static int
read_packet_addr(struct atls_bytes *in, struct atls_addr *addr)
{
	enum atls_addr_type type;

	if (in->len == 0)
		return (ATLS_E_MORE);
	switch (in->p[0]) {
	case PACKET_IPV4:
		type = ATLS_ADDR_IPV4;
		break;
	case PACKET_IPV6:
		type = ATLS_ADDR_IPV6;
		break;
	case PACKET_NAME:
		type = ATLS_ADDR_NAME;
		break;
	default:
		return (ATLS_E_ADDR_TYPE);
	}
	atls_bytes_skip(in, 1);
	return (atls_addr_read_body(in, type, addr));
}

int
atls_uot_header_read(
    struct atls_bytes *in, bool connect, struct atls_addr *addr, uint16_t *len)
{
	struct atls_bytes b = *in;
	struct atls_addr found;
	int err;

	if (!connect) {
		err = read_packet_addr(&b, &found);
		if (err != 0)
			return (err);
	}
	if (b.len < 2)
		return (ATLS_E_MORE);
	if (!connect)
		*addr = found;
	*len = atls_get16(b.p);
	atls_bytes_skip(&b, 2);
	*in = b;
	return (0);
}

static uint8_t
packet_type(enum atls_addr_type type)
{
	switch (type) {
	case ATLS_ADDR_IPV6:
		return (PACKET_IPV6);
	case ATLS_ADDR_NAME:
		return (PACKET_NAME);
	case ATLS_ADDR_IPV4:
	default:
		return (PACKET_IPV4);
	}
}

void
atls_uot_header_put(struct atls_writer *w, bool connect,
    const struct atls_addr *addr, uint16_t len)
{
	if (!connect) {
		atls_writer_put8(w, packet_type(addr->type));
		atls_addr_put_body(w, addr);
	}
	atls_writer_put16(w, len);
}

static bool
has_name(const struct atls_addr *a, const char *name)
{
	return (a->type == ATLS_ADDR_NAME &&
	    atls_bytes_equal(
		atls_bytes(a->host, a->len), atls_bytes_str(name)));
}

bool
atls_uot_is_magic(const struct atls_addr *a)
{
	return (has_name(a, ATLS_UOT_MAGIC));
}

bool
atls_uot_is_magic_v1(const struct atls_addr *a)
{
	return (has_name(a, ATLS_UOT_MAGIC_V1));
}
