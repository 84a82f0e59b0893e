/*
 * The record-size oracle. Byte 0: how the first records are read; byte 1:
 * length of the scheme's text; then the text; then records, each a length byte
 * and its bytes; or a byte that is 62 modulo 64, a size in two bytes, and the
 * record is one frame of it, PSH or waste. A reading never goes down, waits for
 * no memory, and a lost one has a sentence.
 */
#include "fuzz/fuzz.h"
#include "ref/wire/frame.h"
#include "ref/wire/shape.h"

#define BIG_MOST 20000

static void
check_sentences(const struct atls_shape_oracle *o)
{
	char buf[ATLS_SHAPE_SENTENCE], small[16];
	struct atls_shape_draw want;
	unsigned r;
	size_t n;

	for (r = ATLS_SHAPE_REFERENCE; r < ATLS_SHAPE_NONE; r++) {
		n = atls_shape_explain(
		    o, (enum atls_shape_reading)r, buf, sizeof(buf));
		assert(n < sizeof(buf) && strlen(buf) == n);
		assert(o->reading == ATLS_SHAPE_UNDETERMINED ||
		    (n != 0) == (r < o->reading));
		assert(atls_shape_explain(o, (enum atls_shape_reading)r, small,
			   sizeof(small)) == n);
		assert(strlen(small) < sizeof(small));
		if (atls_shape_wanted(o, (enum atls_shape_reading)r, &want))
			assert(n != 0 && want.low <= want.high);
	}
}

static void
check_draw(const struct atls_shape_oracle *o)
{
	struct atls_shape_draw d;

	if (!atls_shape_drawn(o, &d))
		return;
	assert(d.low <= d.high);
	assert(d.item >= 1);
}

static void
feed_record(struct atls_shape_oracle *o, struct atls_bytes record)
{
	enum atls_shape_reading before = atls_shape_reading(o), now;

	now = atls_shape_record(o, record);
	assert(now >= before && now == atls_shape_reading(o));
	assert(atls_shape_at_rest(o) >= now);
	check_draw(o);
}

/* A record of N bytes that is one frame. */
static void
feed_big(struct atls_shape_oracle *o, size_t n, bool waste)
{
	struct atls_frame f = { waste ? ATLS_CMD_WASTE : ATLS_CMD_PSH, 1, 0 };
	uint8_t *record;

	n = ATLS_FRAME_HEADER + n % BIG_MOST;
	record = calloc(1, n);
	if (record == NULL)
		abort();
	f.len = (uint16_t)(n - ATLS_FRAME_HEADER);
	atls_frame_put(record, f);
	feed_record(o, atls_bytes(record, n));
	free(record);
}

static void
feed(struct atls_shape_oracle *o, struct atls_bytes in)
{
	while (in.len != 0) {
		unsigned head = fuzz_take(&in, 1);
		size_t n = head % 64 == 63 || head > in.len ? in.len : head;
		uint8_t *copy;

		if (head % 64 == 62) {
			feed_big(o, fuzz_take(&in, 2), head >= 128);
			continue;
		}
		copy = fuzz_copy(atls_bytes(in.p, n));
		feed_record(o, atls_bytes(copy, n));
		free(copy);
		atls_bytes_skip(&in, n);
	}
}

/* New schemes, until there is no room for more. */
static void
update(struct atls_shape_oracle *o, const struct atls_scheme *other, bool all)
{
	int err = atls_shape_update(o, other);
	int i;

	assert(err == 0);
	for (i = 1; i < 100 && all && err == 0; i++)
		err = atls_shape_update(o, other);
	assert(!all || err != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct atls_bytes in = { data, size };
	unsigned how = fuzz_take(&in, 1);
	size_t n = fuzz_take(&in, 1);
	struct atls_scheme scheme, other;
	struct atls_shape_config cfg = { &scheme,
		(enum atls_shape_auth)(how % 3), how >> 6, 0,
		(int)(how >> 4 & 3) - 1 };
	struct atls_shape_oracle *o;

	n = n < in.len ? n : in.len;
	if (atls_scheme_parse(atls_bytes(in.p, n), &scheme) != 0)
		return (0);
	atls_bytes_skip(&in, n);
	if ((how & 8) != 0)
		cfg.max_record = 40;
	o = malloc(sizeof(*o));
	if (o == NULL)
		abort();
	atls_shape_init(o, &cfg);
	feed(o, atls_bytes(in.p, in.len / 2));
	if ((how & 4) != 0 &&
	    atls_scheme_parse(
		atls_bytes_str("stop=9\n1=5-9\n2=20-30,c,9-9"), &other) == 0)
		update(o, &other, in.len % 16 == 15);
	feed(o, atls_bytes(in.p + in.len / 2, in.len - in.len / 2));
	check_sentences(o);
	free(o);
	return (0);
}
