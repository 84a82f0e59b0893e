/* The authentication request (AT-AU-01 to AT-AU-04, AT-AU-09, AT-AU-11). */
#include <openssl/evp.h>

#include "ref/test/feed.h"
#include "ref/wire/auth.h"

/* SHA-256 of "password". */
static const uint8_t password_hash[ATLS_AUTH_HASH] = { 0x5e, 0x88, 0x48, 0x98,
	0xda, 0x28, 0x04, 0x71, 0x51, 0xd0, 0xe5, 0x6f, 0x8d, 0xc6, 0x29, 0x27,
	0x73, 0x60, 0x3d, 0x0d, 0x6a, 0xab, 0xbd, 0xd6, 0x2a, 0x11, 0xef, 0x72,
	0x1d, 0x15, 0x42, 0xd8 };

/* A request being read, and the bytes after it. */
struct reading {
	struct atls_auth_reader r;
	uint16_t padding;
	uint8_t rest[64];
	size_t nrest;
	bool done;
	struct atls_bytes wanted_rest;
};

static void
begin(void *ctx)
{
	struct reading *g = ctx;

	memset(&g->r, 0, sizeof(g->r));
	g->nrest = 0;
	g->done = false;
}

static void
piece(void *ctx, struct atls_bytes in)
{
	struct reading *g = ctx;

	if (!g->done) {
		int err = atls_auth_read(&g->r, &in);

		assert_true(err == 0 || err == ATLS_E_MORE);
		if (err == ATLS_E_MORE)
			assert_int_equal(in.len, 0);
		g->done = err == 0;
	}
	assert_in_range(in.len, 0, sizeof(g->rest) - g->nrest);
	memcpy(g->rest + g->nrest, in.p, in.len);
	g->nrest += in.len;
}

static void
end(void *ctx)
{
	struct reading *g = ctx;

	assert_true(g->done);
	assert_memory_equal(g->r.header, password_hash, ATLS_AUTH_HASH);
	assert_int_equal(atls_auth_padding(&g->r), g->padding);
	assert_int_equal(g->nrest, g->wanted_rest.len);
	assert_memory_equal(g->rest, g->wanted_rest.p, g->nrest);
}

static void
test_put(void **state)
{
	uint8_t out[ATLS_AUTH_HEADER + 300];
	uint8_t hash[ATLS_AUTH_HASH];
	struct atls_writer w = atls_writer(out, sizeof(out));
	size_t i;

	(void)state;
	assert_int_equal(
	    EVP_Digest("password", 8, hash, NULL, EVP_sha256(), NULL), 1);
	assert_memory_equal(hash, password_hash, sizeof(hash));
	memset(out, 0xaa, sizeof(out));
	atls_auth_put(&w, hash, 258);
	assert_false(w.full);
	assert_int_equal(w.len, 34 + 258);
	assert_memory_equal(out, password_hash, sizeof(password_hash));
	assert_int_equal(out[32], 0x01);
	assert_int_equal(out[33], 0x02);
	for (i = 34; i < w.len; i++)
		assert_int_equal(out[i], 0);
	assert_int_equal(out[w.len], 0xaa);
}

/* Too little room: nothing is written, for a request is never cut. */
static void
test_put_full(void **state)
{
	uint8_t out[64] = { 0 };
	uint8_t none[64] = { 0 };
	struct atls_writer w = atls_writer(out, sizeof(out));

	(void)state;
	atls_auth_put(&w, password_hash, 31);
	assert_true(w.full);
	assert_int_equal(w.len, 0);
	assert_memory_equal(out, none, sizeof(out));
	w = atls_writer(out, sizeof(out));
	atls_auth_put(&w, password_hash, 30);
	assert_false(w.full);
	assert_int_equal(w.len, 64);
}

static void
read_all_ways(uint16_t padding, const char *rest, bool every_cut)
{
	size_t cap = ATLS_AUTH_HEADER + (size_t)padding + strlen(rest);
	uint8_t *text = malloc(cap);
	struct atls_writer w = atls_writer(text, cap);
	struct reading g = { .padding = padding,
		.wanted_rest = atls_bytes_str(rest) };
	struct feed f = { begin, piece, end, &g };

	assert_non_null(text);
	atls_auth_put(&w, password_hash, padding);
	atls_writer_str(&w, rest);
	assert_false(w.full);
	/* AT-AU-03: what padding0 consists of does not matter. */
	memset(text + ATLS_AUTH_HEADER, 0x5e, padding);
	if (every_cut) {
		feed_all_ways(&f, atls_bytes(text, w.len));
	} else {
		feed_cut(&f, atls_bytes(text, w.len), 33);
		feed_cut(&f, atls_bytes(text, w.len), 65000);
		feed_steps(&f, atls_bytes(text, w.len), 1);
		feed_steps(&f, atls_bytes(text, w.len), w.len);
	}
	free(text);
}

static void
test_read(void **state)
{
	(void)state;
	read_all_ways(0, "", true);
	read_all_ways(0, "frames", true);
	read_all_ways(1, "f", true);
	read_all_ways(30, "the frames that follow", true);
	read_all_ways(300, "x", true);
	read_all_ways(65535, "x", false);
}

/* The request is not complete before its last byte. */
static void
test_truncated(void **state)
{
	uint8_t text[ATLS_AUTH_HEADER + 5];
	struct atls_writer w = atls_writer(text, sizeof(text));
	size_t n;

	(void)state;
	atls_auth_put(&w, password_hash, 5);
	for (n = 0; n <= w.len; n++) {
		struct atls_auth_reader r = { { 0 }, 0, 0 };
		struct atls_bytes in = { text, n };

		assert_int_equal(
		    atls_auth_read(&r, &in), n < w.len ? ATLS_E_MORE : 0);
		assert_int_equal(in.len, 0);
	}
}

/* Once complete it stays so and takes nothing more. */
static void
test_after_end(void **state)
{
	uint8_t text[ATLS_AUTH_HEADER + 3];
	struct atls_writer w = atls_writer(text, sizeof(text));
	struct atls_auth_reader r = { { 0 }, 0, 0 };
	struct atls_bytes in = { text, sizeof(text) };
	struct atls_bytes more = { text, 9 };

	(void)state;
	atls_auth_put(&w, password_hash, 3);
	assert_int_equal(atls_auth_read(&r, &in), 0);
	assert_int_equal(atls_auth_read(&r, &more), 0);
	assert_ptr_equal(more.p, text);
	assert_int_equal(more.len, 9);
	in = atls_bytes(NULL, 0);
	assert_int_equal(atls_auth_read(&r, &in), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_put_full),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_after_end),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
