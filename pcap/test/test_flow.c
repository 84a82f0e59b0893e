/* TCP reassembly: what comes out, whatever happens to the segments. */
#include "pcap/test/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/flow.h"

#define TEXT "abcdefghijklmnopqrstuvwxyz"

struct out {
	struct flow f;
	char text[2][256]; /* a gap of n bytes is "<n>", the end "." */
	char order[256];   /* directions, as data came out */
	uint32_t base[2];
	uint64_t packet;
};

static void
put(struct out *o, int dir, const char *s, size_t n)
{
	size_t len = strlen(o->text[dir]);

	assert_true(len + n < sizeof(o->text[dir]));
	memcpy(o->text[dir] + len, s, n);
}

static void
on_data(void *ctx, int dir, struct atls_bytes data, struct mark at)
{
	struct out *o = ctx;

	assert_true(at.packet <= o->packet);
	assert_true(data.len != 0);
	put(o, dir, (const char *)data.p, data.len);
	o->order[strlen(o->order)] = (char)('0' + dir);
}

static void
on_gap(void *ctx, int dir, uint64_t len, struct mark at)
{
	char text[32];

	(void)at;
	snprintf(text, sizeof(text), "<%u>", (unsigned)len);
	put(ctx, dir, text, strlen(text));
}

static void
on_fin(void *ctx, int dir, struct mark at)
{
	(void)at;
	put(ctx, dir, ".", 1);
}

static const struct flow_sink *
sink_of(struct out *o, struct flow_sink *sink)
{
	*sink = (struct flow_sink){ on_data, on_gap, on_fin, o };
	return (sink);
}

static void
segment(struct out *o, int dir, struct segment s)
{
	struct flow_sink sink;
	struct mark at = { ++o->packet, 0 };

	if (s.len == 0)
		s.len = (uint32_t)s.payload.len;
	assert_int_equal(
	    flow_segment(&o->f, dir, &s, at, sink_of(o, &sink)), 0);
}

/* Bytes FROM to TO of the alphabet, counted from 0, in direction 0; ACK counts
 * the other direction's. */
static void
send_ack(struct out *o, uint32_t from, uint32_t to, uint32_t ack)
{
	struct segment s = { .seq = o->base[0] + 1 + from,
		.ack = o->base[1] + 1 + ack,
		.flags = PACKET_ACK,
		.payload = atls_bytes(&TEXT[from], to - from) };

	segment(o, 0, s);
}

static void
send_part(struct out *o, uint32_t from, uint32_t to)
{
	send_ack(o, from, to, 0);
}

/* Direction 1 acknowledges the first N bytes and sends DATA at FROM. */
static void
answer(struct out *o, uint32_t n, uint32_t from, const char *data)
{
	struct segment s = { .seq = o->base[1] + 1 + from,
		.ack = o->base[0] + 1 + n,
		.flags = PACKET_ACK,
		.payload = atls_bytes_str(data) };

	segment(o, 1, s);
}

static void
begin_at(struct out *o, uint32_t a, uint32_t b)
{
	struct segment s = { .seq = a, .flags = PACKET_SYN };

	memset(o, 0, sizeof(*o));
	o->base[0] = a;
	o->base[1] = b;
	segment(o, 0, s);
	s.seq = b;
	s.ack = a + 1;
	s.flags |= PACKET_ACK;
	segment(o, 1, s);
	answer(o, 0, 0, "");
}

static void
end(struct out *o, const char *expected)
{
	struct flow_sink sink;
	struct mark at = { o->packet, 0 };

	flow_finish(&o->f, at, sink_of(o, &sink));
	assert_string_equal(o->text[0], expected);
	assert_null(o->f.side[0].chunks);
	assert_null(o->f.side[1].chunks);
	flow_free(&o->f);
}

static void
in_order(void **state)
{
	struct out o;

	(void)state;
	begin_at(&o, 1000, 5000);
	send_part(&o, 0, 3);
	send_part(&o, 3, 4);
	send_part(&o, 4, 9);
	assert_string_equal(o.text[0], "abcdefghi");
	end(&o, "abcdefghi");
	assert_int_equal(o.f.counts.repeated, 0);
}

static void
wrapped(void **state)
{
	struct out o;

	(void)state;
	begin_at(&o, 0xfffffffa, 0xffffffff);
	send_part(&o, 0, 3);
	send_part(&o, 6, 12);
	send_part(&o, 3, 6);
	answer(&o, 12, 0, "AB");
	answer(&o, 12, 2, "C");
	assert_string_equal(o.text[1], "ABC");
	end(&o, "abcdefghijkl");
}

static void
reordered(void **state)
{
	struct out o;

	(void)state;
	begin_at(&o, 1, 1);
	send_part(&o, 20, 26);
	send_part(&o, 5, 10);
	send_part(&o, 15, 20);
	send_part(&o, 10, 15);
	assert_string_equal(o.text[0], "");
	send_part(&o, 0, 5);
	assert_string_equal(o.text[0], TEXT);
	assert_true(o.f.counts.reordered != 0);
	end(&o, TEXT);
}

static void
repeated(void **state)
{
	struct out o;

	(void)state;
	begin_at(&o, 1, 1);
	send_part(&o, 0, 5);
	send_part(&o, 0, 5);
	send_part(&o, 3, 4);
	send_part(&o, 2, 8);
	assert_int_equal(o.f.counts.repeated, 2);
	end(&o, "abcdefgh");
}

/* Held pieces overlap each other in every way; what is there first stays. */
static void
overlapped(void **state)
{
	struct segment s = { .flags = 0 };
	struct out o;

	(void)state;
	begin_at(&o, 1, 1);
	send_part(&o, 10, 14);
	send_part(&o, 4, 6);
	s.seq = o.base[0] + 1 + 5;
	s.payload = atls_bytes_str("XXXXXXXXXXX"); /* 5 to 16 */
	segment(&o, 0, s);
	assert_int_equal(o.f.counts.conflicts, 2);
	send_part(&o, 2, 5);
	send_part(&o, 0, 20);
	end(&o, "abcdefXXXXklmnXXqrst");
}

static void
keepalive(void **state)
{
	struct segment s = { .flags = PACKET_ACK };
	struct out o;

	(void)state;
	begin_at(&o, 1, 1);
	send_part(&o, 0, 5);
	s.seq = o.base[0] + 5;
	s.ack = o.base[1] + 1;
	s.payload = atls_bytes_str("Z"); /* garbage at the last byte sent */
	segment(&o, 0, s);
	s.payload.len = 0;
	segment(&o, 0, s);
	send_part(&o, 5, 7);
	end(&o, "abcdefg");
}

/* Not acknowledged: it is waited for. Acknowledged: the capture lost it. */
static void
lost(void **state)
{
	struct out o;
	int i;

	(void)state;
	begin_at(&o, 1, 1);
	send_part(&o, 0, 5);
	send_part(&o, 10, 15);
	for (i = 0; i < 2 * FLOW_PATIENCE; i++)
		answer(&o, 5, 0, "");
	assert_string_equal(o.text[0], "abcde");
	for (i = 0; i < FLOW_PATIENCE; i++)
		answer(&o, 15, 0, "");
	assert_string_equal(o.text[0], "abcde");
	for (i = 0; i < 2; i++)
		answer(&o, 15, 0, "");
	assert_string_equal(o.text[0], "abcde<5>klmno");
	end(&o, "abcde<5>klmno");
}

static void
lost_at_the_end(void **state)
{
	struct segment fin = { .flags = PACKET_FIN | PACKET_ACK };
	struct out o;

	(void)state;
	begin_at(&o, 1, 1);
	send_part(&o, 0, 5);
	send_part(&o, 8, 9);
	fin.seq = o.base[0] + 1 + 12;
	fin.ack = o.base[1] + 1;
	segment(&o, 0, fin);
	end(&o, "abcde<3>i<3>.");
	begin_at(&o, 1, 1);
	send_part(&o, 0, 5);
	answer(&o, 9, 0, "");
	end(&o, "abcde<3>"); /* the ninth might be a FIN */
}

/* A segment of which the snapshot length left a part. */
static void
cut(void **state)
{
	struct segment s = { .flags = 0, .len = 10 };
	struct out o;

	(void)state;
	begin_at(&o, 1, 1);
	s.seq = o.base[0] + 1;
	s.payload = atls_bytes_str("abcd");
	segment(&o, 0, s);
	send_part(&o, 10, 12);
	assert_int_equal(o.f.counts.cut, 1);
	end(&o, "abcd<6>kl");
}

/* The answer is captured before the question that it acknowledges. */
static void
answer_first(void **state)
{
	struct out o;

	(void)state;
	begin_at(&o, 1, 1);
	answer(&o, 3, 0, "AB");
	assert_string_equal(o.text[1], "");
	send_part(&o, 0, 3);
	assert_string_equal(o.text[1], "AB");
	assert_string_equal(o.order, "01");
	end(&o, "abc");
}

/* The same, and the question is not in the capture at all. */
static void
question_lost(void **state)
{
	struct out o;
	int i;

	(void)state;
	begin_at(&o, 1, 1);
	answer(&o, 3, 0, "AB");
	for (i = 0; i <= FLOW_PATIENCE; i++)
		answer(&o, 3, 2, "");
	assert_string_equal(o.text[1], "AB");
	assert_string_equal(o.text[0], "<3>");
	send_part(&o, 3, 5);
	end(&o, "<3>de");
}

static void
closed(void **state)
{
	struct segment fin = { .flags = PACKET_FIN | PACKET_ACK };
	struct out o;

	(void)state;
	begin_at(&o, 1, 1);
	send_part(&o, 0, 2);
	fin.seq = o.base[0] + 1 + 4;
	fin.ack = o.base[1] + 1;
	segment(&o, 0, fin);
	send_part(&o, 2, 4);
	assert_string_equal(o.text[0], "abcd.");
	assert_false(flow_ended(&o.f));
	fin.seq = o.base[1] + 1;
	fin.ack = o.base[0] + 1 + 5;
	segment(&o, 1, fin);
	assert_true(flow_ended(&o.f));
	end(&o, "abcd.");
}

static void
from_the_middle(void **state)
{
	struct out o;

	(void)state;
	memset(&o, 0, sizeof(o));
	o.base[0] = 77;
	o.base[1] = 99;
	send_ack(&o, 3, 6, 4);
	answer(&o, 6, 4, "E");
	send_part(&o, 6, 7);
	assert_string_equal(o.text[1], "E");
	end(&o, "defg");
}

/* A hole that is never filled holds a bounded amount. */
struct total {
	uint64_t bytes, gap;
};

static void
add_data(void *ctx, int dir, struct atls_bytes data, struct mark at)
{
	struct total *t = ctx;

	(void)dir;
	(void)at;
	t->bytes += data.len;
}

static void
add_gap(void *ctx, int dir, uint64_t len, struct mark at)
{
	struct total *t = ctx;

	(void)dir;
	(void)at;
	t->gap += len;
}

static void
add_fin(void *ctx, int dir, struct mark at)
{
	(void)ctx;
	(void)dir;
	(void)at;
}

static void
too_much_held(void **state)
{
	static const uint8_t block[1400];
	struct segment s = { .payload = atls_bytes(block, sizeof(block)),
		.len = sizeof(block) };
	struct total total = { 0, 0 };
	struct flow_sink sink = { add_data, add_gap, add_fin, &total };
	struct mark at = { 0, 0 };
	struct flow f = { .patience = 0 };
	uint32_t i;

	(void)state;
	f.side[0].started = true;
	for (i = 1; i <= 4000; i++) {
		s.seq = i * (uint32_t)sizeof(block);
		assert_int_equal(flow_segment(&f, 0, &s, at, &sink), 0);
		assert_true(f.side[0].held <= FLOW_HELD);
	}
	assert_int_equal(total.gap, sizeof(block));
	assert_int_equal(total.bytes, 4000 * sizeof(block));
	flow_free(&f);
}

/* Any order, with repetition: all comes out once. */
static void
shuffled(void **state)
{
	uint32_t at[26], i, j, tmp, round;
	unsigned seed = 7;
	struct out o;

	(void)state;
	for (round = 0; round < 500; round++) {
		begin_at(&o, 0xfffffff0 + round, round);
		for (i = 0; i < 26; i++)
			at[i] = i;
		for (i = 25; i > 0; i--) {
			j = (uint32_t)rand_r(&seed) % (i + 1);
			tmp = at[i];
			at[i] = at[j];
			at[j] = tmp;
		}
		for (i = 0; i < 26; i++) {
			j = at[i] + 1 + (uint32_t)rand_r(&seed) % 4;
			send_part(&o, at[i], j < 26 ? j : 26);
		}
		end(&o, TEXT);
		assert_int_equal(o.f.counts.conflicts, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order),
		cmocka_unit_test(wrapped),
		cmocka_unit_test(reordered),
		cmocka_unit_test(repeated),
		cmocka_unit_test(overlapped),
		cmocka_unit_test(keepalive),
		cmocka_unit_test(lost),
		cmocka_unit_test(lost_at_the_end),
		cmocka_unit_test(cut),
		cmocka_unit_test(answer_first),
		cmocka_unit_test(question_lost),
		cmocka_unit_test(closed),
		cmocka_unit_test(from_the_middle),
		cmocka_unit_test(too_much_held),
		cmocka_unit_test(shuffled),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
