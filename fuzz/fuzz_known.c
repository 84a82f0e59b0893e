/*
 * Files of known failures. One that is refused is refused with a sentence that
 * names it; one that is read is left byte for byte as it was by an edit that
 * changes nothing, and each line written anew reads the same.
 */
#include <stdio.h>

#include "conformance/engine/known.h"
#include "conformance/engine/known_edit.h"
#include "fuzz/fuzz.h"

static void
same(const char *a, const char *b)
{
	assert((a == NULL) == (b == NULL));
	assert(a == NULL || strcmp(a, b) == 0);
}

static void
check_line(const struct known_line *line)
{
	struct complaint c = { 0, "" };
	struct known again = { 0 };
	char *text =
	    edit_format(line->verdict, line->pattern, line->value, line->note);
	size_t i;

	/* Nothing writes a pattern with quotes; no case has such a name. */
	if (strpbrk(line->pattern, "\" \t\\#") != NULL) {
		free(text);
		return;
	}
	assert(text != NULL);
	assert(known_parse(&again, "again", text, strlen(text), &c) == 0);
	assert(again.n == 1 && again.lines[0].verdict == line->verdict);
	same(again.lines[0].pattern, line->pattern);
	for (i = 0; i < KNOWN_KEYS; i++)
		same(again.lines[0].value[i], line->value[i]);
	same(again.lines[0].note, line->note);
	known_free(&again);
	free(text);
}

static void
check_edit(struct atls_bytes in)
{
	struct edit e = { 0 };
	char *out = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);

	if (f == NULL)
		abort();
	edit_begin(&e, (const char *)in.p, in.len);
	edit_print(&e, f);
	fclose(f);
	/* A last line without newline gets one. */
	assert(len == in.len || len == in.len + 1);
	assert(memcmp(out, in.p, in.len) == 0);
	free(out);
	edit_free(&e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(atls_bytes(data, size));
	struct complaint c = { 0, "" };
	struct known k = { 0 };
	int rc = known_parse(&k, "a-file", (const char *)copy, size, &c);
	size_t i;

	if (rc == 0) {
		assert(c.text[0] == '\0');
		for (i = 0; i < k.n; i++)
			check_line(&k.lines[i]);
		check_edit(atls_bytes(copy, size));
	} else {
		assert(rc == EXIT_USAGE && c.code == rc);
		assert(strstr(c.text, "a-file") != NULL);
	}
	known_free(&k);
	free(copy);
	return (0);
}
