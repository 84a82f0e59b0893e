/* Padding schemes: the parser and the remarks (AT-PD-01, 07 to 10, 14). */
#include <stdio.h>

#include <openssl/evp.h>

#include "ref/test/feed.h"
#include "ref/wire/scheme.h"

#define MAX_NOTES 32

static void
assert_md5(struct atls_bytes text, const char *hex)
{
	uint8_t md[16];
	char out[33];
	size_t i;

	assert_int_equal(
	    EVP_Digest(text.p, text.len, md, NULL, EVP_md5(), NULL), 1);
	for (i = 0; i < sizeof(md); i++)
		(void)snprintf(out + 2 * i, 3, "%02x", md[i]);
	assert_string_equal(out, hex);
}

static void
assert_rule(const struct atls_scheme *s, unsigned packet, const char *wanted)
{
	struct atls_bytes rule = s->rule[packet];

	if (wanted == NULL) {
		assert_null(rule.p);
		return;
	}
	assert_non_null(rule.p);
	assert_int_equal(rule.len, strlen(wanted));
	assert_memory_equal(rule.p, wanted, rule.len);
}

static void
test_default(void **state)
{
	struct atls_bytes text = atls_bytes_str(ATLS_SCHEME_DEFAULT);
	struct atls_scheme s;
	char lf[138];

	(void)state;
	assert_int_equal(text.len, 137);
	assert_md5(text, "75cff2ad89aadf5e257059ee571ebe11");
	assert_md5(text, ATLS_SCHEME_DEFAULT_MD5);
	memcpy(lf, ATLS_SCHEME_DEFAULT, 137);
	lf[137] = '\n';
	assert_md5(atls_bytes(lf, 138), "305fc37916c150b282ecb61e9ee141d7");

	assert_int_equal(atls_scheme_parse(text, &s), 0);
	assert_ptr_equal(s.text.p, text.p);
	assert_int_equal(s.stop, 8);
	assert_rule(&s, 0, "30-30");
	assert_rule(&s, 1, "100-400");
	assert_rule(
	    &s, 2, "400-500,c,500-1000,c,500-1000,c,500-1000,c,500-1000");
	assert_rule(&s, 3, "9-9,500-1000");
	assert_rule(&s, 7, "500-1000");
	assert_rule(&s, 8, NULL);
	assert_rule(&s, ATLS_SCHEME_INDEX - 1, NULL);
}

static void
test_unusable(void **state)
{
	static const char *const texts[] = { "", "\n\n", "stop", "no equals",
		"0=30-30", "stop=", "stop=x", "stop= 8", "stop=8\r\n", "Stop=8",
		" stop=8", "stop=8\nstop=x", "stop=8.0",
		"stop=9223372036854775808" };
	struct atls_scheme s;
	struct atls_scheme before;
	size_t i;

	(void)state;
	memset(&s, 0xaa, sizeof(s));
	memcpy(&before, &s, sizeof(s));
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(
		    atls_scheme_parse(atls_bytes_str(texts[i]), &s),
		    ATLS_E_SYNTAX);
		assert_memory_equal(&s, &before, sizeof(s));
	}
	assert_int_equal(
	    atls_scheme_parse(atls_bytes(NULL, 0), &s), ATLS_E_SYNTAX);
}

static void
test_stop(void **state)
{
	static const struct {
		const char *text;
		uint32_t stop;
	} cases[] = { { "stop=0", 0 }, { "stop=1", 1 }, { "stop=+5", 5 },
		{ "stop=-1", 4294967295 }, { "stop=-8", 4294967288 },
		{ "stop=4294967295", 4294967295 }, { "stop=4294967296", 0 },
		{ "stop=x\nstop=3", 3 }, { "stop=3\nstop=4\n", 4 },
		{ "junk\n\nstop=6", 6 } };
	struct atls_scheme s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
		    atls_scheme_parse(atls_bytes_str(cases[i].text), &s), 0);
		assert_int_equal(s.stop, cases[i].stop);
	}
}

/* A key is the packet's number exactly as printed; the last one counts. */
static void
test_keys(void **state)
{
	struct atls_scheme s;

	(void)state;
	assert_int_equal(
	    atls_scheme_parse(
		atls_bytes_str("2=a\nstop=99\n1=x\n01=y\n+1=y\n 1=y\n1 =y\n"
			       "1=z=z\n4294967297=y\n3=\n-1=y\n63=q\n64=r\n"
			       "=e\n0=p\r\n00=y"),
		&s),
	    0);
	assert_rule(&s, 0, "p\r");
	assert_rule(&s, 1, "z=z");
	assert_rule(&s, 2, "a");
	assert_rule(&s, 3, "");
	assert_rule(&s, 4, NULL);
	assert_rule(&s, 63, "q");
}

/* Runs the check; asserts one note per line of WANTED: "line item: reason". */
static void
assert_notes(const char *text, const char *wanted)
{
	struct atls_scheme_note notes[MAX_NOTES];
	char out[2048];
	struct atls_writer w = atls_writer(out, sizeof(out) - 1);
	size_t n = atls_scheme_check(atls_bytes_str(text), notes, MAX_NOTES);
	size_t i;

	assert_in_range(n, 0, MAX_NOTES);
	for (i = 0; i < n; i++) {
		char line[16];

		(void)snprintf(line, sizeof(line), "%u ", notes[i].line);
		atls_writer_str(&w, line);
		atls_writer_put(&w, notes[i].item.p, notes[i].item.len);
		atls_writer_str(&w, ": ");
		atls_writer_str(&w, notes[i].reason);
		atls_writer_str(&w, "\n");
	}
	out[w.len] = '\0';
	assert_string_equal(out, wanted);
}

static void
test_check_clean(void **state)
{
	(void)state;
	assert_notes(ATLS_SCHEME_DEFAULT, "");
	assert_notes("stop=2\n0=30-30\n1=c,1-65535,c,7-7\n", "");
	assert_notes("stop=100\n99=1-2", "");
}

static void
test_check_lines(void **state)
{
	(void)state;
	assert_notes("", "0 : there is no \"stop\"\n");
	assert_notes("0=1-1", "0 0=1-1: there is no \"stop\"\n");
	assert_notes("stop=x", "1 x: \"stop\" is no integer\n");
	assert_notes(
	    "stop=-1", "1 -1: a negative \"stop\" hardly ever stops\n");
	assert_notes(
	    "stop=4294967296", "1 4294967296: \"stop\" is above 4294967295\n");
	assert_notes("stop=8\n\nhello",
	    "2 : the line has no \"=\"\n"
	    "3 hello: the line has no \"=\"\n");
	assert_notes("stop=8\nfoo=1-2\n01=1-2",
	    "2 foo: the key is no packet number\n"
	    "3 01: the key is no packet number\n");
	assert_notes("stop=3\n2=1-2\n3=1-2\n9=1-2",
	    "3 3: the packet is not before \"stop\"\n"
	    "4 9: the packet is not before \"stop\"\n");
	assert_notes("stop=3\n1=1-2\n2=1-2\n1=3-4\n1=5-6",
	    "2 1: a later line has the same key\n"
	    "4 1: a later line has the same key\n");
	assert_notes("stop=8\r\n1=3-4",
	    "1 stop=8\r: the line ends with CR, which belongs to it\n"
	    "1 8\r: \"stop\" is no integer\n");
	assert_notes("stop=8\n1=1-2,3-4\r",
	    "2 1=1-2,3-4\r: the line ends with CR, which belongs to it\n"
	    "2 3-4\r: the bounds are not numbers\n");
}

static void
test_check_items(void **state)
{
	(void)state;
	assert_notes("stop=8\n1=100,1-2-3,-5-10,,C",
	    "2 100: the item has no \"-\"\n"
	    "2 1-2-3: the item has more than one \"-\"\n"
	    "2 -5-10: the item has more than one \"-\"\n"
	    "2 : the item has no \"-\"\n"
	    "2 C: the item has no \"-\"\n");
	assert_notes("stop=8\n1= 1-2,a-b,1-,-2,-",
	    "2  1-2: the bounds are not numbers\n"
	    "2 a-b: the bounds are not numbers\n"
	    "2 1-: the bounds are not numbers\n"
	    "2 -2: the bounds are not numbers\n"
	    "2 -: the bounds are not numbers\n");
	assert_notes("stop=8\n1=0-5,5-0,0-0",
	    "2 0-5: the bounds are not positive\n"
	    "2 5-0: the bounds are not positive\n"
	    "2 0-0: the bounds are not positive\n");
	assert_notes("stop=8\n1=9-3,1-65535,1-65536,65536-1",
	    "2 9-3: the bounds are reversed\n"
	    "2 1-65536: a bound is above 65535\n"
	    "2 65536-1: the bounds are reversed\n"
	    "2 65536-1: a bound is above 65535\n");
	assert_notes("stop=8\n1=", "2 : the item has no \"-\"\n");
	assert_notes("stop=8\n0=c", "2 c: \"c\" has no meaning in packet 0\n");
	assert_notes("stop=8\n0=x,5-6,c,7-8",
	    "2 x: the item has no \"-\"\n"
	    "2 c: packet 0 has one item only\n"
	    "2 7-8: packet 0 has one item only\n");
}

/* The count does not depend on the room for notes. */
static void
test_check_cap(void **state)
{
	struct atls_bytes text = atls_bytes_str("a\nb\nc\nstop=1");
	struct atls_scheme_note notes[2] = { { 0 } };

	(void)state;
	assert_int_equal(atls_scheme_check(text, NULL, 0), 3);
	assert_int_equal(atls_scheme_check(text, notes, 1), 3);
	assert_int_equal(notes[0].line, 1);
	assert_int_equal(notes[1].line, 0);
	assert_int_equal(atls_scheme_check(text, notes, 2), 3);
	assert_int_equal(notes[1].line, 2);
	assert_int_equal(atls_scheme_check(atls_bytes(NULL, 0), notes, 2), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_unusable),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_check_clean),
		cmocka_unit_test(test_check_lines),
		cmocka_unit_test(test_check_items),
		cmocka_unit_test(test_check_cap),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
