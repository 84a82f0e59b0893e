/* Lines of "key=value", and settings (AT-ST-03, 04, 09, 10, 11). */
#include "ref/test/feed.h"
#include "ref/wire/kv.h"
#include "ref/wire/settings.h"

static void
assert_text(struct atls_bytes b, const char *wanted)
{
	assert_int_equal(b.len, strlen(wanted));
	if (b.len != 0)
		assert_memory_equal(b.p, wanted, b.len);
}

static void
assert_kv(
    struct atls_kv_reader *r, const char *key, const char *value, unsigned line)
{
	struct atls_kv kv;

	assert_true(atls_kv_next(r, &kv));
	assert_text(kv.key, key);
	assert_text(kv.value, value);
	assert_int_equal(kv.line, line);
}

static void
test_next(void **state)
{
	struct atls_kv_reader r = {
		atls_bytes_str("v=2\n\nno equals\n=empty key\nempty value=\n"
			       "a=b=c\r\n blank = both \nlast=1"),
		0
	};
	struct atls_kv kv;

	(void)state;
	assert_kv(&r, "v", "2", 1);
	assert_kv(&r, "", "empty key", 4);
	assert_kv(&r, "empty value", "", 5);
	assert_kv(&r, "a", "b=c\r", 6);
	assert_kv(&r, " blank ", " both ", 7);
	assert_kv(&r, "last", "1", 8);
	assert_false(atls_kv_next(&r, &kv));
	assert_false(atls_kv_next(&r, &kv));
}

/* No line is read past the text's end; NUL is a byte like any other. */
static void
test_next_bounds(void **state)
{
	static const char text[] = "a\0b=c\0d\n\n\nx=y\n";
	size_t n;

	(void)state;
	for (n = 0; n < sizeof(text); n++) {
		struct atls_bytes copy = feed_copy(atls_bytes(text, n));
		struct atls_kv_reader r = { copy, 0 };
		struct atls_kv kv;
		size_t count = 0;

		while (atls_kv_next(&r, &kv)) {
			if (count++ == 0)
				assert_memory_equal(kv.key.p, "a\0b", 3);
		}
		assert_int_equal(count, (n > 3) + (n > 11));
		feed_free(copy.p);
	}
}

static void
test_find(void **state)
{
	struct atls_bytes text = atls_bytes_str("k=1\nkk=2\nk=3\nK=4\n k=5");
	struct atls_bytes value = { NULL, 77 };

	(void)state;
	assert_true(atls_kv_find(text, "k", &value));
	assert_text(value, "3");
	assert_true(atls_kv_find(text, "kk", &value));
	assert_text(value, "2");
	assert_false(atls_kv_find(text, "kkk", &value));
	assert_text(value, "2");
	assert_false(atls_kv_find(atls_bytes(NULL, 0), "k", &value));
	assert_text(value, "2");
}

static void
test_put(void **state)
{
	char out[16];
	struct atls_writer w = atls_writer(out, sizeof(out));

	(void)state;
	atls_kv_put(&w, "a", atls_bytes_str("1"));
	atls_kv_put(&w, "b", atls_bytes(NULL, 0));
	atls_kv_put(&w, "cc", atls_bytes_str("x=y"));
	assert_false(w.full);
	assert_text(atls_bytes(w.p, w.len), "a=1\nb=\ncc=x=y");
	/* A line that does not fit leaves no half line. */
	atls_kv_put(&w, "d", atls_bytes_str("1"));
	assert_true(w.full);
	assert_text(atls_bytes(w.p, w.len), "a=1\nb=\ncc=x=y");
}

static void
test_int(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} good[] = { { "0", 0 }, { "2", 2 }, { "+7", 7 }, { "-1", -1 },
		{ "-0", 0 }, { "007", 7 }, { "256", 256 },
		{ "9223372036854775807", INT64_MAX },
		{ "-9223372036854775808", INT64_MIN },
		{ "0000000000000000000000000000005", 5 } };
	static const char *const bad[] = { "", "+", "-", "--1", "+-1", " 2",
		"2 ", "2x", "x", "0x10", "1_000", "1.0", "2\r", "1e3", "/", ":",
		"9223372036854775808", "-9223372036854775809",
		"18446744073709551617", "99999999999999999999999" };
	int64_t value;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		value = 12345;
		assert_int_equal(
		    atls_kv_int(atls_bytes_str(good[i].text), &value), 0);
		assert_true(value == good[i].value);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		value = 12345;
		assert_int_equal(
		    atls_kv_int(atls_bytes_str(bad[i]), &value), ATLS_E_SYNTAX);
		assert_int_equal(value, 12345);
	}
	assert_int_equal(
	    atls_kv_int(atls_bytes("1\0", 2), &value), ATLS_E_SYNTAX);
}

static void
test_settings_read(void **state)
{
	struct atls_settings s;

	(void)state;
	atls_settings_read(
	    atls_bytes_str(
		"padding-md5=75cf\nx=y\nv=1\njunk\nclient=a/1=b\nv=2"),
	    &s);
	assert_true(s.has_version);
	assert_int_equal(s.version, 2);
	assert_text(s.v, "2");
	assert_text(s.client, "a/1=b");
	assert_true(s.has_md5);
	assert_text(s.md5, "75cf");

	atls_settings_read(atls_bytes_str("v=2x\nV=2"), &s);
	assert_false(s.has_version);
	assert_int_equal(s.version, 0);
	assert_text(s.v, "2x");
	assert_false(s.has_md5);
	assert_int_equal(s.client.len, 0);

	atls_settings_read(atls_bytes_str("padding-md5="), &s);
	assert_true(s.has_md5);
	assert_int_equal(s.md5.len, 0);

	memset(&s, 0xaa, sizeof(s));
	atls_settings_read(atls_bytes(NULL, 0), &s);
	assert_false(s.has_version);
	assert_false(s.has_md5);
	assert_int_equal(s.version, 0);
	assert_int_equal(s.v.len, 0);
	assert_int_equal(s.md5.len, 0);
}

static void
test_settings_version(void **state)
{
	static const struct {
		const char *data;
		unsigned version; /* ours is 2 */
	} cases[] = { { "v=2", 2 }, { "v=1", 1 }, { "v=0", 1 }, { "v=-1", 1 },
		{ "v=", 1 }, { "v=2x", 1 }, { "v= 2", 1 }, { "v=2\r", 1 },
		{ "", 1 }, { "v", 1 }, { "v=3", 2 }, { "v=255", 2 },
		{ "v=256", 2 }, { "v=257", 2 }, { "v=999", 2 },
		{ "v=4294967296", 2 }, { "v=4294967297", 2 },
		{ "v=9223372036854775807", 2 }, { "v=-9223372036854775808", 1 },
		{ "v=2\nv=1", 1 }, { "v=1\nv=2", 2 }, { "v=2\nv=", 1 } };
	struct atls_settings s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		atls_settings_read(atls_bytes_str(cases[i].data), &s);
		assert_int_equal(
		    atls_settings_version(&s, 2), cases[i].version);
		assert_int_equal(atls_settings_version(&s, 1), 1);
	}
	/* A number that was not read does not count. */
	s = (struct atls_settings){ .version = 2 };
	assert_int_equal(atls_settings_version(&s, 2), 1);
}

/* A writer that holds a frame header already gets no LF before the settings. */
static void
test_settings_put(void **state)
{
	static const char wanted[] =
	    "v=2\nclient=anytls/0.0.13\n"
	    "padding-md5=75cff2ad89aadf5e257059ee571ebe11";
	char out[128];
	struct atls_writer w = atls_writer(out, sizeof(out));
	size_t cap;

	(void)state;
	atls_writer_str(&w, "header:");
	atls_settings_put_client(
	    &w, 2, "anytls/0.0.13", "75cff2ad89aadf5e257059ee571ebe11");
	assert_false(w.full);
	assert_text(atls_bytes(out + 7, w.len - 7), wanted);
	assert_int_equal(w.len, 7 + 69);

	w = atls_writer(out, sizeof(out));
	atls_settings_put_server(&w, 2);
	assert_text(atls_bytes(out, w.len), "v=2");
	w = atls_writer(out, sizeof(out));
	atls_settings_put_server(&w, 4294967295);
	assert_text(atls_bytes(out, w.len), "v=4294967295");

	for (cap = 0; cap <= 69; cap++) {
		w = atls_writer(out, cap);
		atls_settings_put_client(
		    &w, 2, "anytls/0.0.13", "75cff2ad89aadf5e257059ee571ebe11");
		assert_int_equal(w.full, cap < 69);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_next_bounds),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_int),
		cmocka_unit_test(test_settings_read),
		cmocka_unit_test(test_settings_version),
		cmocka_unit_test(test_settings_put),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
