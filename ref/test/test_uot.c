/* UDP over TCP: request and datagram headers (AT-UT-01 to 05, 11). */
#include "ref/test/feed.h"
#include "ref/wire/uot.h"

/* What either reader gave. */
struct got {
	bool connect;
	struct atls_uot_request req;
	struct atls_addr addr;
	uint16_t len;
};

static struct atls_addr
addr(const char *host, uint16_t port)
{
	struct atls_addr a;

	assert_int_equal(atls_addr_parse(host, port, &a), 0);
	return (a);
}

static void
assert_addr(const struct atls_addr *a, const char *host, uint16_t port)
{
	struct atls_addr wanted = addr(host, port);

	assert_int_equal(a->type, wanted.type);
	assert_int_equal(a->port, wanted.port);
	assert_int_equal(a->len, wanted.len);
	assert_memory_equal(a->host, wanted.host, wanted.len);
}

static int
read_request(void *ctx, struct atls_bytes *in)
{
	struct got *got = ctx;

	return (atls_uot_request_read(in, &got->req));
}

static int
read_header(void *ctx, struct atls_bytes *in)
{
	struct got *got = ctx;

	return (atls_uot_header_read(in, got->connect, &got->addr, &got->len));
}

static void
check_end(void *ctx)
{
	const struct feed_prefix *fp = ctx;

	assert_int_equal(fp->err, 0);
}

/* Reads WIRE in all cuts; NHEADER bytes of it are to be taken. */
static void
read_all_ways(int (*read)(void *, struct atls_bytes *), struct got *got,
    struct atls_bytes wire, size_t nheader)
{
	struct feed_prefix fp = { .read = read, .ctx = got, .text = wire };
	struct feed f = { feed_prefix_begin, feed_prefix_piece, check_end,
		&fp };
	size_t n;

	feed_all_ways(&f, wire);
	assert_int_equal(fp.used, nheader);
	for (n = 0; n < nheader; n++) {
		struct atls_bytes in = { wire.p, n };

		assert_int_equal(read(got, &in), ATLS_E_MORE);
		assert_ptr_equal(in.p, wire.p);
	}
}

static void
test_request(void **state)
{
	/* 8.8.8.8:53, isConnect 1, and a first datagram "abc". */
	static const uint8_t wire[] = { 1, 1, 8, 8, 8, 8, 0, 0x35, 0, 3, 'a',
		'b', 'c' };
	uint8_t out[ATLS_UOT_REQUEST_MAX];
	struct atls_writer w = atls_writer(out, sizeof(out));
	struct got got = { 0 };

	(void)state;
	read_all_ways(read_request, &got, atls_bytes(wire, sizeof(wire)), 8);
	assert_true(got.req.connect);
	assert_addr(&got.req.addr, "8.8.8.8", 53);
	atls_uot_request_put(&w, &got.req);
	assert_int_equal(w.len, 8);
	assert_memory_equal(out, wire, 8);
}

static void
test_request_forms(void **state)
{
	static const uint8_t name[] = { 0, 3, 3, 'a', '.', 'b', 0, 0x35 };
	static const uint8_t ipv6[] = { 255, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 1, 0, 0x35 };
	uint8_t out[ATLS_UOT_REQUEST_MAX];
	struct atls_writer w = atls_writer(out, sizeof(out));
	struct got got = { 0 };

	(void)state;
	got.req.connect = true;
	read_all_ways(
	    read_request, &got, atls_bytes(name, sizeof(name)), sizeof(name));
	assert_false(got.req.connect);
	assert_addr(&got.req.addr, "a.b", 53);
	atls_uot_request_put(&w, &got.req);
	assert_int_equal(w.len, sizeof(name));
	assert_memory_equal(out, name, w.len);
	/* Any byte but 0 means connect; we write 1. */
	read_all_ways(
	    read_request, &got, atls_bytes(ipv6, sizeof(ipv6)), sizeof(ipv6));
	assert_true(got.req.connect);
	assert_addr(&got.req.addr, "::1", 53);
	w = atls_writer(out, sizeof(out));
	atls_uot_request_put(&w, &got.req);
	assert_int_equal(out[0], 1);
	assert_memory_equal(out + 1, ipv6 + 1, sizeof(ipv6) - 1);
}

struct datagram {
	const char *host;
	size_t nheader;
	uint8_t wire[26];
};

/* AT-UT-04, 05: the types of datagrams are 00, 01, 02. */
static const struct datagram datagrams[] = {
	{ "8.8.8.8", 9, { 0, 8, 8, 8, 8, 0, 0x35, 0, 3, 'a', 'b', 'c' } },
	{ "a.b", 9, { 2, 3, 'a', '.', 'b', 0, 0x35, 0, 3, 'a', 'b', 'c' } },
	{ "::1", 21,
	    { 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0x35, 0, 3,
		'a', 'b', 'c' } },
};

static void
test_datagrams(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(datagrams) / sizeof(datagrams[0]); i++) {
		const struct datagram *d = &datagrams[i];
		uint8_t out[ATLS_UOT_HEADER_MAX];
		struct atls_writer w = atls_writer(out, sizeof(out));
		struct atls_addr a = addr(d->host, 53);
		struct got got = { 0 };

		atls_uot_header_put(&w, false, &a, 3);
		assert_false(w.full);
		assert_int_equal(w.len, d->nheader);
		assert_memory_equal(out, d->wire, w.len);
		read_all_ways(read_header, &got,
		    atls_bytes(d->wire, d->nheader + 3), d->nheader);
		assert_addr(&got.addr, d->host, 53);
		assert_int_equal(got.len, 3);
	}
}

/* AT-UT-03: with connect the length alone; the address is not touched. */
static void
test_connected(void **state)
{
	static const uint8_t wire[] = { 0xff, 0xe3, 'a' };
	uint8_t out[2];
	struct atls_writer w = atls_writer(out, sizeof(out));
	struct got got = { .connect = true };

	(void)state;
	got.addr = addr("keep", 7);
	read_all_ways(read_header, &got, atls_bytes(wire, sizeof(wire)), 2);
	assert_int_equal(got.len, 65507);
	assert_addr(&got.addr, "keep", 7);
	atls_uot_header_put(&w, true, NULL, 65507);
	assert_int_equal(w.len, 2);
	assert_memory_equal(out, wire, 2);
}

static void
test_longest(void **state)
{
	char host[256];
	uint8_t out[ATLS_UOT_HEADER_MAX];
	struct atls_writer w = atls_writer(out, sizeof(out));
	struct atls_addr a;
	struct got got = { 0 };

	(void)state;
	memset(host, 'n', 255);
	host[255] = '\0';
	a = addr(host, 1);
	atls_uot_header_put(&w, false, &a, 0);
	assert_false(w.full);
	assert_int_equal(w.len, ATLS_UOT_HEADER_MAX);
	read_all_ways(read_header, &got, atls_bytes(out, w.len), w.len);
	assert_addr(&got.addr, host, 1);
	assert_int_equal(got.len, 0);
}

static void
test_errors(void **state)
{
	static const uint8_t no_name[] = { 2, 0, 0, 80, 0, 0 };
	static const uint8_t no_name_request[] = { 1, 3, 0, 0, 80 };
	struct atls_bytes in = { no_name, sizeof(no_name) };
	struct atls_uot_request req;
	struct atls_addr a;
	uint16_t len = 77;
	unsigned type;

	(void)state;
	assert_int_equal(
	    atls_uot_header_read(&in, false, &a, &len), ATLS_E_ADDR_EMPTY);
	assert_ptr_equal(in.p, no_name);
	in = atls_bytes(no_name_request, sizeof(no_name_request));
	assert_int_equal(atls_uot_request_read(&in, &req), ATLS_E_ADDR_EMPTY);
	assert_ptr_equal(in.p, no_name_request);
	for (type = 3; type < 256; type++) {
		uint8_t wire[32] = { (uint8_t)type, 1 };

		in = atls_bytes(wire, sizeof(wire));
		assert_int_equal(atls_uot_header_read(&in, false, &a, &len),
		    ATLS_E_ADDR_TYPE);
		assert_ptr_equal(in.p, wire);
	}
	assert_int_equal(len, 77);
	/* The types of datagrams are not those of requests. */
	in = atls_bytes("\x01\x00\x08\x08\x08\x08\x00\x35", 8);
	assert_int_equal(atls_uot_request_read(&in, &req), ATLS_E_ADDR_TYPE);
	assert_int_equal(in.len, 8);
}

static void
test_magic(void **state)
{
	static const char *const others[] = { "sp.v2.udp-over-tcp.arp",
		"sp.v2.udp-over-tcp.arpa.", "xsp.v2.udp-over-tcp.arpa",
		"SP.v2.udp-over-tcp.arpa", "1.2.3.4", "::1" };
	struct atls_addr v2 = addr("sp.v2.udp-over-tcp.arpa", 0);
	struct atls_addr v1 = addr("sp.udp-over-tcp.arpa", 0);
	size_t i;

	(void)state;
	assert_int_equal(v2.len, 23);
	assert_true(atls_uot_is_magic(&v2));
	assert_false(atls_uot_is_magic_v1(&v2));
	assert_false(atls_uot_is_magic(&v1));
	assert_true(atls_uot_is_magic_v1(&v1));
	/* AT-UT-01: some clients put the real port there. */
	v2.port = 443;
	assert_true(atls_uot_is_magic(&v2));
	v2.type = ATLS_ADDR_IPV6;
	assert_false(atls_uot_is_magic(&v2));
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct atls_addr a = addr(others[i], 0);

		assert_false(atls_uot_is_magic(&a));
		assert_false(atls_uot_is_magic_v1(&a));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_request_forms),
		cmocka_unit_test(test_datagrams),
		cmocka_unit_test(test_connected),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_magic),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
