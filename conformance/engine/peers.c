/* The table of known implementations. */
#include "conformance/engine/peers.h"

#include <stdio.h>
#include <string.h>

/* The rest of the line of TABLE that begins with the LEN bytes at NAME and a
 * tab; NULL: there is none. */
static const char *
find_row(const char *table, const char *name, size_t len)
{
	const char *line;

	for (line = table; line != NULL && *line != '\0';
	     line = strchr(line, '\n'), line += line != NULL)
		if (strncmp(line, name, len) == 0 && line[len] == '\t')
			return line + len + 1;
	return NULL;
}

static size_t
append(char out[PEERS_TEXT], size_t n, const char *s, size_t len)
{
	if (n + len >= PEERS_TEXT)
		return n;
	memcpy(out + n, s, len);
	out[n + len] = '\0';
	return n + len;
}

struct count {
	unsigned ran, passed;
	char others[PEERS_TEXT]; /* names of those that did not pass */
	size_t nothers;
};

/* Names of the known ones, and a letter for each. */
static void
count_peers(struct count *c, const char *names, const char *letters)
{
	size_t len;

	for (; *letters != '\0' && *letters != '\n'; letters++) {
		len = strcspn(names, "\t\n");
		if (*letters != '-') {
			c->ran++;
			c->passed += *letters == 'p';
		}
		if (*letters != '-' && *letters != 'p') {
			if (c->nothers != 0)
				c->nothers =
				    append(c->others, c->nothers, ", ", 2);
			c->nothers = append(c->others, c->nothers, names, len);
		}
		names += len + (names[len] == '\t');
	}
}

bool
peers_describe(const char *table, const char *id, char out[PEERS_TEXT])
{
	size_t role = strcspn(id, "/");
	const char *letters = find_row(table, id, strlen(id));
	const char *names = find_row(table, id, role);
	struct count c = { 0, 0, "", 0 };
	size_t n = 0;

	out[0] = '\0';
	if (letters == NULL || names == NULL)
		return false;
	names += strcspn(names, "\t\n");
	names += *names == '\t';
	count_peers(&c, names, letters + 1);
	if (*letters == 'p')
		n = (size_t)snprintf(out, PEERS_TEXT,
		    "the reference %.*s passes", (int)role, id);
	if (c.ran == 0)
		return n != 0;
	n += (size_t)snprintf(out + n, PEERS_TEXT - n,
	    "%s%u of %u known %.*ss pass", n != 0 ? "; " : "", c.passed, c.ran,
	    (int)role, id);
	if (c.nothers != 0)
		snprintf(out + n, PEERS_TEXT - n, " (not %s)", c.others);
	return true;
}
