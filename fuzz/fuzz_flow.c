/*
 * TCP reassembly. Segments of six bytes: direction and flags, place, length,
 * acknowledgement. Each byte differs by 31 from the one before it (by 32 at
 * each 256th), so a byte lost, doubled or out of place shows in what comes out;
 * nothing follows a FIN, and memory is bounded.
 */
#include "fuzz/fuzz.h"
#include "pcap/flow.h"
#include "ref/wire/err.h"

struct out {
	uint64_t at[2]; /* bytes and gaps that came out */
	bool fin[2];
};

static uint8_t
byte_at(int dir, uint32_t seq)
{
	return ((uint8_t)(seq * 31 + (seq >> 8) + (uint32_t)dir * 7));
}

static void
on_data(void *ctx, int dir, struct atls_bytes data, struct mark at)
{
	struct out *o = ctx;
	size_t i;

	(void)at;
	assert(dir == 0 || dir == 1);
	assert(data.len != 0 && !o->fin[dir]);
	for (i = 1; i < data.len; i++) {
		uint8_t by = (uint8_t)(data.p[i] - data.p[i - 1]);

		assert(by == 31 || by == 32);
	}
	o->at[dir] += data.len;
}

static void
on_gap(void *ctx, int dir, uint64_t len, struct mark at)
{
	struct out *o = ctx;

	(void)at;
	assert(len != 0 && !o->fin[dir]);
	o->at[dir] += len;
}

static void
on_fin(void *ctx, int dir, struct mark at)
{
	struct out *o = ctx;

	(void)at;
	assert(!o->fin[dir]);
	o->fin[dir] = true;
}

static void
segment(struct flow *f, struct atls_bytes *in, uint64_t number,
    const struct flow_sink *to)
{
	uint32_t head = fuzz_take(in, 1), place = fuzz_take(in, 2);
	uint32_t len = fuzz_take(in, 1), ack = fuzz_take(in, 2), i;
	int dir = head & 1;
	struct mark at = { number, number };
	struct segment s = { .seq = 0xffffff00u + place, .ack = ack };
	uint8_t *data = malloc(len + 1);

	if (data == NULL)
		abort();
	s.ack += 0xffffff00u;
	s.flags = (uint8_t)((head & 2 ? PACKET_SYN : 0) |
	    (head & 4 ? PACKET_FIN : 0) | (head & 8 ? 0 : PACKET_ACK));
	for (i = 0; i < len; i++)
		data[i] = byte_at(dir, s.seq + i + (head & 2 ? 1 : 0));
	s.payload = atls_bytes(data, len);
	s.len = len + (head & 16 ? 3 : 0);
	assert(flow_segment(f, dir, &s, at, to) == 0);
	free(data);
	for (i = 0; i < 2; i++) {
		assert(f->side[i].held <= FLOW_HELD);
		assert(f->side[i].nchunks <= FLOW_CHUNKS);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct atls_bytes in = { data, size };
	struct out out = { { 0 }, { false } };
	struct flow_sink to = { on_data, on_gap, on_fin, &out };
	struct flow f;
	struct mark at = { 0, 0 };

	memset(&f, 0, sizeof(f));
	while (in.len >= 6)
		segment(&f, &in, ++at.packet, &to);
	flow_finish(&f, at, &to);
	assert(f.side[0].held == 0 && f.side[1].held == 0);
	flow_free(&f);
	return (0);
}
