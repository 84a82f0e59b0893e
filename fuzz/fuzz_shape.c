/*
 * The record-size oracle. Byte 0: how the first records are read; byte 1:
 * length of the scheme's text; then the text; then records, each a length byte
 * and its bytes. A reading never goes down, waits for no memory, and a lost one
 * has a sentence.
 */
#include "fuzz/fuzz.h"
#include "ref/wire/shape.h"

static void
check_sentences(const struct atls_shape_oracle *o)
{
	char buf[ATLS_SHAPE_SENTENCE], small[16];
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
feed(struct atls_shape_oracle *o, struct atls_bytes in)
{
	enum atls_shape_reading before, now;

	while (in.len != 0) {
		size_t n = in.p[0] % 64 == 63 ? in.len : in.p[0];
		uint8_t *copy;

		atls_bytes_skip(&in, 1);
		n = n < in.len ? n : in.len;
		copy = fuzz_copy(atls_bytes(in.p, n));
		before = atls_shape_reading(o);
		now = atls_shape_record(o, atls_bytes(copy, n));
		free(copy);
		assert(now >= before && now == atls_shape_reading(o));
		assert(atls_shape_at_rest(o) >= now);
		check_draw(o);
		atls_bytes_skip(&in, n);
	}
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
		(void)atls_shape_update(o, &other);
	feed(o, atls_bytes(in.p + in.len / 2, in.len - in.len / 2));
	check_sentences(o);
	free(o);
	return (0);
}
