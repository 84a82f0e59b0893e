/*
 * A target that is wrong on purpose: its splitter forgets that a header may be
 * cut, and loses a byte when the second byte of the length comes alone. ci
 * expects the fuzzer to find that; a harness that does not is no harness.
 */
#include "fuzz/fuzz.h"
#include "ref/wire/frame.h"

static size_t
count(struct atls_bytes in, struct atls_splitter *sp)
{
	struct atls_part part;
	size_t n = 0;

	if (sp->nheader == ATLS_FRAME_HEADER - 1 && in.len != 0)
		atls_bytes_skip(&in, 1); /* the bug */
	while (atls_splitter_next(sp, &in, &part))
		n += part.data.len + (part.offset == 0 ? 1 : 0);
	return (n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct atls_bytes in = { data, size };
	struct atls_splitter whole = { { 0 }, 0, 0 }, parts = { { 0 }, 0, 0 };
	size_t cut = fuzz_take(&in, 2), n;

	cut %= in.len + 1;
	n = count(atls_bytes(in.p, cut), &parts);
	n += count(atls_bytes(in.p + cut, in.len - cut), &parts);
	assert(n == count(in, &whole));
	return (0);
}
