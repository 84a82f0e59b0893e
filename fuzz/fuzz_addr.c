/*
 * Addresses. Read from bytes and written again they are the same bytes, and no
 * shorter input is an address; as text they survive what people may write.
 */
#include "fuzz/fuzz.h"
#include "ref/wire/addr.h"
#include "ref/wire/err.h"

static void
check_bytes(struct atls_bytes in)
{
	uint8_t *copy = fuzz_copy(in), out[ATLS_ADDR_MAX];
	struct atls_bytes left = { copy, in.len };
	struct atls_writer w = atls_writer(out, sizeof(out));
	struct atls_addr a;
	char text[ATLS_ADDR_STRLEN];
	int err = atls_addr_read(&left, &a);
	size_t used = in.len - left.len;

	if (err != 0) {
		assert(used == 0 && atls_strerror(err)[0] != '\0');
		assert(err != ATLS_E_MORE || in.len < ATLS_ADDR_MAX);
		free(copy);
		return;
	}
	atls_addr_put(&w, &a);
	assert(!w.full && w.len == used);
	assert(memcmp(out, copy, used) == 0);
	left = atls_bytes(copy, used - 1);
	assert(atls_addr_read(&left, &a) == ATLS_E_MORE);
	atls_addr_format(&a, text);
	assert(strlen(text) < sizeof(text));
	free(copy);
}

static void
check_text(struct atls_bytes in)
{
	char *text = fuzz_text(in), formatted[ATLS_ADDR_STRLEN];
	uint8_t out[ATLS_ADDR_MAX], again[ATLS_ADDR_MAX];
	struct atls_writer w = atls_writer(out, sizeof(out)), v;
	struct atls_addr a, b;
	struct atls_bytes bytes;

	if (atls_addr_parse_hostport(text, &a) == 0) {
		atls_addr_put(&w, &a);
		assert(!w.full);
		v = atls_writer(again, w.len - 1);
		atls_addr_put(&v, &a);
		assert(v.full);
		bytes = atls_bytes(out, w.len);
		assert(atls_addr_read(&bytes, &b) == 0 && bytes.len == 0);
		atls_addr_format(&a, formatted);
		/* A literal reads back; a name with odd bytes does not. */
		if (a.type != ATLS_ADDR_NAME) {
			v = atls_writer(again, sizeof(again));
			assert(atls_addr_parse_hostport(formatted, &b) == 0);
			atls_addr_put(&v, &b);
			assert(
			    v.len == w.len && memcmp(out, again, v.len) == 0);
		}
	}
	if (atls_addr_parse(text, 443, &a) == 0) {
		atls_addr_format(&a, formatted);
		assert(a.port == 443);
		assert(strchr(formatted, ':') != NULL);
	}
	free(text);
}

/* Every error has words. */
static void
check_errors(void)
{
	int err;

	for (err = -20; err <= 1; err++)
		assert(atls_strerror(err)[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct atls_bytes in = { data, size };

	check_errors();
	check_bytes(in);
	if (size <= 300)
		check_text(in);
	return (0);
}
