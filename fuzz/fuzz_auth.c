/*
 * The authentication request. The first two bytes say where the rest is cut:
 * the cut must not matter, and what is read is what would be written.
 */
#include "fuzz/fuzz.h"
#include "ref/wire/auth.h"
#include "ref/wire/err.h"

/* Reads IN cut in two; returns the result, *USED bytes were taken. */
static int
read_cut(
    struct atls_auth_reader *r, struct atls_bytes in, size_t cut, size_t *used)
{
	uint8_t *first = fuzz_copy(atls_bytes(in.p, cut));
	uint8_t *second = fuzz_copy(atls_bytes(in.p + cut, in.len - cut));
	struct atls_bytes left = { first, cut };
	int err;

	memset(r, 0, sizeof(*r));
	err = atls_auth_read(r, &left);
	*used = cut - left.len;
	if (err == ATLS_E_MORE) {
		assert(left.len == 0);
		left = atls_bytes(second, in.len - cut);
		err = atls_auth_read(r, &left);
		*used += in.len - cut - left.len;
	}
	free(first);
	free(second);
	assert(err == 0 || err == ATLS_E_MORE);
	assert(err == 0 || *used == in.len);
	return (err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct atls_bytes in = { data, size };
	size_t cut = fuzz_take(&in, 2), used, used_cut;
	struct atls_auth_reader whole, parts;
	struct atls_writer w;
	uint8_t *out;
	int err = read_cut(&whole, in, in.len, &used);
	int err_cut = read_cut(&parts, in, cut % (in.len + 1), &used_cut);

	assert(err_cut == err);
	assert(used_cut == used);
	assert(memcmp(&whole, &parts, sizeof(whole)) == 0);
	if (err != 0)
		return (0);
	assert(used == ATLS_AUTH_HEADER + (size_t)atls_auth_padding(&whole));
	out = malloc(used);
	w = atls_writer(out, used);
	atls_auth_put(&w, whole.header, atls_auth_padding(&whole));
	assert(!w.full && w.len == used);
	assert(memcmp(out, in.p, ATLS_AUTH_HEADER) == 0);
	w = atls_writer(out, used - 1);
	atls_auth_put(&w, whole.header, atls_auth_padding(&whole));
	assert(w.full && w.len == 0);
	free(out);
	return (0);
}
