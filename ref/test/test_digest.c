/* Digests: known vectors, comparison, the random source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ref/net/digest.h"

static void
sha256_of_a_password(void **state)
{
	static const uint8_t want[ATLS_AUTH_HASH] = { 0x5e, 0x88, 0x48, 0x98,
		0xda, 0x28, 0x04, 0x71, 0x51, 0xd0, 0xe5, 0x6f, 0x8d, 0xc6,
		0x29, 0x27, 0x73, 0x60, 0x3d, 0x0d, 0x6a, 0xab, 0xbd, 0xd6,
		0x2a, 0x11, 0xef, 0x72, 0x1d, 0x15, 0x42, 0xd8 };
	uint8_t hash[ATLS_AUTH_HASH];

	(void)state;
	assert_int_equal(digest_password("password", hash), 0);
	assert_memory_equal(hash, want, sizeof(want));
	/* As it is: a blank at the end is part of it. */
	assert_int_equal(digest_password("password ", hash), 0);
	assert_memory_not_equal(hash, want, sizeof(want));
}

static void
md5_of_schemes(void **state)
{
	static const struct {
		const char *text, *hex;
	} v[] = {
		{ "", "d41d8cd98f00b204e9800998ecf8427e" },
		{ "stop=0", "47edb1f4ed8a99480bf416d178311f10" },
		{ "stop=0\n", "dda34b9d9b470e6259f75776159e605b" },
		/* NULL: the default scheme */
		{ NULL, "75cff2ad89aadf5e257059ee571ebe11" },
	};
	char hex[ATLS_MD5_HEX + 1];
	const char *text;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		text = v[i].text ? v[i].text : ATLS_SCHEME_DEFAULT;
		assert_int_equal(digest_md5_hex(atls_bytes_str(text), hex), 0);
		assert_string_equal(hex, v[i].hex);
	}
}

static void
comparison(void **state)
{
	(void)state;
	assert_true(digest_equal("abc", "abc", 3));
	assert_false(digest_equal("abc", "abd", 3));
	assert_false(digest_equal("xbc", "abc", 3));
	assert_true(digest_equal("abc", "xyz", 0));
}

static void
random_values(void **state)
{
	struct atls_random r = digest_random_source();
	unsigned seen[7] = { 0 };
	uint8_t a[32], b[32];
	uint64_t v;
	int i;

	(void)state;
	digest_random(a, sizeof(a));
	digest_random(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	for (i = 0; i < 7000; i++) {
		v = r.below(r.ctx, 7);
		assert_true(v < 7);
		seen[v]++;
	}
	/* Each is 1000 give or take 30; ten times that never happens. */
	for (i = 0; i < 7; i++)
		assert_in_range(seen[i], 700, 1300);
	assert_int_equal(r.below(r.ctx, 1), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_of_a_password),
		cmocka_unit_test(md5_of_schemes),
		cmocka_unit_test(comparison),
		cmocka_unit_test(random_values),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
