/*
 * The frame splitter. The first two bytes say where the rest is cut. Parts must
 * add up to the bytes that went in, and the cut must not matter.
 */
#include "fuzz/fuzz.h"
#include "ref/wire/frame.h"

/* Splits IN and writes the parts again, with their headers. */
static void
rebuild(struct atls_splitter *sp, struct atls_bytes in, struct atls_writer *w)
{
	struct atls_part part;
	uint8_t *at;

	while (atls_splitter_next(sp, &in, &part)) {
		assert(part.data.len <= part.frame.len);
		assert((size_t)part.offset + part.data.len <= part.frame.len);
		assert(part.last ==
		    (part.offset + part.data.len == part.frame.len));
		assert(part.data.len != 0 || part.frame.len == 0);
		if (part.offset == 0) {
			at = atls_writer_take(w, ATLS_FRAME_HEADER);
			assert(at != NULL);
			atls_frame_put(at, part.frame);
		}
		atls_writer_put(w, part.data.p, part.data.len);
	}
	assert(in.len == 0);
	assert(!w->full);
}

static void
check(struct atls_bytes in, size_t cut, uint8_t *out)
{
	struct atls_splitter sp = { { 0 }, 0, 0 };
	struct atls_writer w = atls_writer(out, in.len);
	uint8_t *first = fuzz_copy(atls_bytes(in.p, cut));
	uint8_t *second = fuzz_copy(atls_bytes(in.p + cut, in.len - cut));
	size_t held;

	rebuild(&sp, atls_bytes(first, cut), &w);
	rebuild(&sp, atls_bytes(second, in.len - cut), &w);
	free(first);
	free(second);
	/* Held back: a header that is not complete, or has no data yet. */
	held = in.len - w.len;
	assert(held <= ATLS_FRAME_HEADER);
	assert(atls_splitter_idle(&sp) == (sp.nheader == 0));
	assert(held == 0 || held == sp.nheader);
	assert(memcmp(out, in.p, w.len) == 0);
	assert(held == 0 || memcmp(sp.header, in.p + w.len, held) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct atls_bytes in = { data, size };
	size_t cut = fuzz_take(&in, 2);
	uint8_t *out;

	if (in.len == 0)
		return (0);
	out = fuzz_copy(in);
	check(in, in.len, out);
	check(in, cut % (in.len + 1), out);
	free(out);
	return (0);
}
