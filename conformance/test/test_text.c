/* Nothing a peer says reaches a terminal as it is. */
#include "conformance/test/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/engine/text.h"

typedef void writer(FILE *f, const char *s);

static void
assert_written(writer *write_text, const char *in, const char *expected)
{
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	assert_non_null(f);
	write_text(f, in);
	fclose(f);
	assert_string_equal(out, expected);
	free(out);
}

static void
terminal(void **state)
{
	(void)state;
	assert_written(text_print, "plain \"text\" \\", "plain \"text\" \\");
	assert_written(text_print, "\033[2J", "\\x1b[2J");
	assert_written(text_print, "a\nb\r\tc\177", "a\\nb\\r\\tc\\x7f");
	assert_written(text_print, "\xe2\x86\x92 \xc3\xa9 \xf0\x9f\x98\x80",
	    "\xe2\x86\x92 \xc3\xa9 \xf0\x9f\x98\x80");
	/* Not shortest form, a surrogate, beyond Unicode, cut off. */
	assert_written(text_print, "\xc0\x80", "\\xc0\\x80");
	assert_written(text_print, "\xe0\x81\x81", "\\xe0\\x81\\x81");
	assert_written(text_print, "\xed\xa0\x80", "\\xed\\xa0\\x80");
	assert_written(text_print, "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	assert_written(text_print, "\xff\xfe x", "\\xff\\xfe x");
	assert_written(text_print, "\xe2\x86", "\\xe2\\x86");
	/* C1 controls, and characters that turn text around or hide. */
	assert_written(text_print,
	    "\xc2\x9b"
	    "2J",
	    "\\xc2\\x9b2J");
	assert_written(text_print, "\xe2\x80\xae", "\\xe2\\x80\\xae");
	assert_written(text_print, "\xef\xbb\xbf", "\\xef\\xbb\\xbf");
	/* Commands to CI systems. */
	assert_written(text_print, "# a #b ##[error]c ###vso[d",
	    "# a #b \\x23#[error]c \\x23\\x23#vso[d");
}

static void
json(void **state)
{
	(void)state;
	assert_written(text_json, NULL, "null");
	assert_written(text_json, "", "\"\"");
	assert_written(text_json, "a\"b\\c", "\"a\\\"b\\\\c\"");
	assert_written(text_json, "\033\n\177", "\"\\u001b\\u000a\\u007f\"");
	assert_written(text_json, "\xff", "\"\\\\xff\"");
	assert_written(text_json, "\xc2\x9b", "\"\\u009b\"");
	assert_written(text_json, "\xe2\x86\x92", "\"\xe2\x86\x92\"");
}

static void
shell(void **state)
{
	(void)state;
	assert_written(text_shell, "127.0.0.1:443", "127.0.0.1:443");
	assert_written(text_shell, "", "''");
	assert_written(text_shell, "a b", "'a b'");
	assert_written(text_shell, "it's $x", "'it'\\''s $x'");
}

static void
cut(void **state)
{
	char out[6];

	(void)state;
	text_escape(out, sizeof(out), "abcd\033");
	assert_string_equal(out, "abcd");
	text_escape(out, sizeof(out), "abc\xe2\x86\x92");
	assert_string_equal(out, "abc");
	text_escape(out, sizeof(out), "ab\xe2\x86\x92");
	assert_string_equal(out, "ab\xe2\x86\x92");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(terminal),
		cmocka_unit_test(json),
		cmocka_unit_test(shell),
		cmocka_unit_test(cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
