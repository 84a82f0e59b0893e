/*
 * UDP over TCP: a request and the datagrams behind it, as a server reads them.
 * What is read is written again and must be the same bytes.
 */
#include "fuzz/fuzz.h"
#include "ref/wire/err.h"
#include "ref/wire/uot.h"

/* The header in front of B's first datagram, written again. */
static void
check_header(struct atls_bytes b, size_t used, bool connect,
    const struct atls_addr *addr, uint16_t len)
{
	uint8_t out[ATLS_UOT_HEADER_MAX];
	struct atls_writer w = atls_writer(out, sizeof(out));

	atls_uot_header_put(&w, connect, addr, len);
	assert(!w.full && w.len == used);
	assert(memcmp(out, b.p, used) == 0);
}

static void
read_datagrams(struct atls_bytes in, bool connect)
{
	struct atls_addr addr = { .type = ATLS_ADDR_IPV4, .len = 4 };
	uint16_t len = 0;
	struct atls_bytes before;
	int err;

	for (;;) {
		before = in;
		err = atls_uot_header_read(&in, connect, &addr, &len);
		if (err != 0) {
			assert(in.len == before.len && in.p == before.p);
			assert(!connect || err == ATLS_E_MORE);
			assert(
			    err != ATLS_E_MORE || in.len < ATLS_UOT_HEADER_MAX);
			return;
		}
		check_header(before, before.len - in.len, connect, &addr, len);
		if (in.len < len)
			return;
		atls_bytes_skip(&in, len);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(atls_bytes(data, size));
	struct atls_bytes in = { copy, size };
	uint8_t out[ATLS_UOT_REQUEST_MAX];
	struct atls_writer w = atls_writer(out, sizeof(out));
	struct atls_uot_request req;
	int err = atls_uot_request_read(&in, &req);

	if (err == 0) {
		atls_uot_request_put(&w, &req);
		assert(!w.full && w.len == size - in.len);
		assert(memcmp(out + 1, copy + 1, w.len - 1) == 0);
		assert(out[0] == (copy[0] != 0));
		assert(!(atls_uot_is_magic(&req.addr) &&
		    atls_uot_is_magic_v1(&req.addr)));
		read_datagrams(in, req.connect);
	} else {
		assert(in.len == size);
		read_datagrams(in, false);
	}
	free(copy);
	return (0);
}
