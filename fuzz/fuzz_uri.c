/*
 * Share links. A link made of what was read reads the same; a link that is
 * refused is refused for a reason, at a place within it.
 */
#include <stdio.h>

#include "fuzz/fuzz.h"
#include "ref/wire/uri.h"

/* Percent-encodes all but letters and digits. */
static size_t
encode(char *out, const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		unsigned c = (unsigned char)*text;

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z'))
			out[n++] = (char)c;
		else
			n += (size_t)sprintf(out + n, "%%%02X", c);
	}
	out[n] = '\0';
	return (n);
}

static void
check_again(const struct atls_uri *uri)
{
	size_t room = sizeof(*uri) * 3 + 100;
	char *link = malloc(room);
	struct atls_uri *again = malloc(sizeof(*again));
	bool literal = strchr(uri->host, ':') != NULL;
	const char *reason = NULL;
	unsigned at = 0;
	size_t n = 0;

	n += (size_t)sprintf(link, "anytls://");
	n += encode(link + n, uri->password);
	n += (size_t)sprintf(link + n, literal ? "@[" : "@");
	if (literal)
		n += (size_t)sprintf(link + n, "%s]", uri->host);
	else
		n += encode(link + n, uri->host);
	n += (size_t)sprintf(link + n, ":%u/?sni=", uri->port);
	n += encode(link + n, uri->sni);
	n += (size_t)sprintf(link + n, "&insecure=%d#", uri->insecure ? 1 : 0);
	n += encode(link + n, uri->name);
	assert(n < room);
	assert(atls_uri_parse(link, again, &reason, &at) == 0);
	assert(strcmp(uri->password, again->password) == 0);
	assert(strcmp(uri->host, again->host) == 0);
	assert(strcmp(uri->sni, again->sni) == 0);
	assert(strcmp(uri->name, again->name) == 0);
	assert(uri->port == again->port && uri->insecure == again->insecure);
	free(again);
	free(link);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(atls_bytes(data, size));
	struct atls_uri *uri = malloc(sizeof(*uri));
	const char *reason = NULL, *name;
	unsigned at = 0;

	if (atls_uri_parse(text, uri, &reason, &at) == 0) {
		assert(uri->host[0] != '\0' && uri->port != 0);
		name = atls_uri_server_name(uri->sni, uri->host);
		assert(name == NULL || name == uri->sni || name == uri->host);
		check_again(uri);
	} else {
		assert(reason != NULL && reason[0] != '\0');
		assert(at <= strlen(text));
	}
	free(uri);
	free(text);
	return (0);
}
