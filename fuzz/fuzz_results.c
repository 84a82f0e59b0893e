/*
 * Result files. One that is refused is refused with a sentence that names it;
 * one that is read can be written, and what was written reads the same.
 */
#include <jansson.h>

#include "conformance/engine/results_json.h"
#include "conformance/engine/results_read.h"
#include "fuzz/fuzz.h"

static void
write_again(const struct results *r)
{
	struct complaint c = { 0, "" };
	struct results again;
	json_t *first = results_json(r), *second;
	char *text = json_dumps(first, JSON_COMPACT);

	if (text == NULL)
		abort();
	assert(results_parse(&again, "again", text, strlen(text), &c) == 0);
	second = results_json(&again);
	assert(json_equal(first, second));
	json_decref(first);
	json_decref(second);
	results_free(&again);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(atls_bytes(data, size));
	struct complaint c = { 0, "" };
	struct results r;
	int rc = results_parse(&r, "a-file", (const char *)copy, size, &c);

	if (rc == 0) {
		assert(c.text[0] == '\0');
		write_again(&r);
	} else {
		assert(c.text[0] != '\0' && c.code == rc);
		assert(strstr(c.text, "a-file") != NULL);
	}
	results_free(&r);
	free(copy);
	return (0);
}
