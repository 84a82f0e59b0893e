/* Secrets are found in whatever form, and named bytes have their borders. */
#include "conformance/test/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/anytls/fields.h"
#include "conformance/engine/redact.h"

#define PASSWORD "evidence-Passw0rd"

static const uint8_t hash[32] = { 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde,
	0xf0, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x10, 0x32, 0x54,
	0x76, 0x98, 0xba, 0xdc, 0xfe, 0x0f, 0x1e, 0x2d, 0x3c, 0x4b, 0x5a, 0x69,
	0x78 };

static int
setup(void **state)
{
	struct redact *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	redact_init(r, PASSWORD, hash, sizeof(hash));
	*state = r;
	return 0;
}

static int
teardown(void **state)
{
	redact_free(*state);
	free(*state);
	return 0;
}

static void
becomes(const struct redact *r, const char *text, const char *want)
{
	char copy[256];

	snprintf(copy, sizeof(copy), "%s", text);
	redact_text(r, copy);
	assert_string_equal(copy, want);
}

static void
texts(void **state)
{
	becomes(*state, "-p " PASSWORD ".", "-p *****************.");
	becomes(
	    *state, PASSWORD PASSWORD, "**********************************");
	/* In hexadecimal and base64. */
	becomes(*state, "x 65766964656e63652d5061737377307264 x",
	    "x ********************************** x");
	becomes(*state, "x 65766964656E63652D5061737377307264 x",
	    "x ********************************** x");
	becomes(*state, "x ZXZpZGVuY2UtUGFzc3cwcmQ= x",
	    "x **********************Q= x");
	becomes(*state, "evidence-Password", "evidence-Password");
}

/* A password that is a word of ours leaves commands whole. */
static void
common_words(void **state)
{
	struct redact r;

	(void)state;
	memset(&r, 0, sizeof(r));
	redact_init(&r, "password", hash, sizeof(hash));
	becomes(&r, "s -p {password} --password '***'",
	    "s -p {password} --password '***'");
	becomes(&r, "close: wrong password?", "close: wrong password?");
	becomes(&r, "-p password --password=password",
	    "-p ******** --password=********");
	becomes(&r, "password", "********");
	becomes(&r, "{password", "{********");
	redact_free(&r);
}

/* Eight bytes in a row betray it, also with blanks between them; fewer do
 * not. */
static void
hashes(void **state)
{
	becomes(*state, "got 12 34 56 78 9a bc de f0 ...",
	    "got ** ** ** ** ** ** ** ** ...");
	becomes(*state, "got 45:67:89:AB:CD:EF:10:32:54 11",
	    "got **:**:**:**:**:**:**:**:** 11");
	becomes(*state, "0123456789abcdef10", "******************");
	becomes(*state, "got 12 34 56 78 9a bc de", "got 12 34 56 78 9a bc de");
	becomes(*state, "EjRWeJq83vABI0VniavN7xAyVHaYutz+Dx4tPEtaaXg=",
	    "******************************************g=");
}

static void
binary(void **state)
{
	uint8_t p[40];
	size_t from = 99, n;

	memset(p, 7, sizeof(p));
	memcpy(p + 3, hash + 5, 20);
	n = redact_bytes(*state, p, sizeof(p), &from);
	assert_int_equal(n, 20);
	assert_int_equal(from, 3);
	assert_int_equal(p[2], 7);
	assert_int_equal(p[3], 0);
	assert_int_equal(p[22], 0);
	assert_int_equal(p[23], 7);
}

/* A password of three letters would be found everywhere. */
static void
short_passwords_stay(void **state)
{
	struct redact r;

	(void)state;
	memset(&r, 0, sizeof(r));
	redact_init(&r, "abc", NULL, 0);
	becomes(&r, "abcabc", "abcabc");
	redact_free(&r);
	becomes(&r, PASSWORD, PASSWORD);
}

/* A field for each line of WANT: "at len text". */
static void
has_fields(struct pack_bytes b, const char *const *want)
{
	struct pack_field v[8];
	char line[128];
	size_t i, n, at = 0;

	n = fields_name(&b, v, 8);
	for (i = 0; i < n; i++) {
		assert_non_null(want[i]);
		snprintf(line, sizeof(line), "%u %u %s", (unsigned)v[i].at,
		    (unsigned)v[i].len, v[i].text);
		assert_string_equal(line, want[i]);
		assert_int_equal(v[i].at, at);
		at += v[i].len;
	}
	assert_null(want[n]);
	if (n < 8)
		assert_int_equal(at, b.len);
}

static void
fields(void **state)
{
	static const uint8_t frames[] = { 3, 0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 5, 0,
		2, 'h', 'i', 9 };
	static const char *const names[] = { "0 1 cmd=FIN", "1 4 sid=1",
		"5 2 len=0", "7 1 cmd=PSH", "8 4 sid=5", "12 2 len=2",
		"14 2 data of PSH", "16 1 the beginning of a header", NULL };
	static const char *const lead[] = { "0 2 rest of the frame before",
		"2 1 cmd=FIN", "3 4 sid=1", "7 2 len=0", NULL };
	static const char *const data[] = { "0 3 data", NULL };
	static const char *const auth[] = {
		"0 32 hash of the password, not shown",
		"32 2 padding0 length=2", "34 2 padding0",
		"36 1 the beginning of a header", NULL
	};
	uint8_t b[40] = { 0 };

	(void)state;
	has_fields(
	    (struct pack_bytes){ frames, sizeof(frames), FORM_FRAMES, 0 },
	    names);
	memcpy(b + 2, frames, 7);
	has_fields((struct pack_bytes){ b, 9, FORM_FRAMES, 2 }, lead);
	has_fields((struct pack_bytes){ b, 3, FORM_DATA, 0 }, data);
	memset(b, 0, sizeof(b));
	b[33] = 2;
	has_fields((struct pack_bytes){ b, 37, FORM_AUTH, 0 }, auth);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(texts),
		T(common_words),
		T(hashes),
		T(binary),
		T(short_passwords_stay),
		T(fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
