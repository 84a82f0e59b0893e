/* Old ids of cases. */
#include "conformance/engine/alias.h"

#include <string.h>

#include "conformance/engine/select.h"

#define ID_SIZE 128

struct alias {
	char old[ID_SIZE], now[ID_SIZE];
};

/* The next row of the table at *TEXT (NULL: no table), which moves on: 1, 0 at
 * the end, -1 for what is no row. */
static int
next_alias(const char **text, struct alias *a)
{
	const char *line, *tab, *end;

	while (*text != NULL && **text != '\0') {
		line = *text;
		end = line + strcspn(line, "\n");
		*text = *end == '\n' ? end + 1 : end;
		if (line == end || *line == '#')
			continue;
		tab = memchr(line, '\t', (size_t)(end - line));
		if (tab == NULL || tab - line >= ID_SIZE ||
		    end - tab > ID_SIZE || tab == line || tab + 1 == end)
			return -1;
		snprintf(a->old, ID_SIZE, "%.*s", (int)(tab - line), line);
		snprintf(
		    a->now, ID_SIZE, "%.*s", (int)(end - tab - 1), tab + 1);
		return 1;
	}
	return 0;
}

bool
alias_is_needless(const struct pack *pack, const char *pattern)
{
	const struct suite *const *s;
	size_t i;

	for (s = pack->suites; *s != NULL; s++)
		for (i = 0; i < (*s)->ncases; i++)
			if (select_match(pattern, (*s)->cases[i].id))
				return true;
	return false;
}

size_t
alias_add(
    struct words *to, const char *pattern, const struct pack *pack, FILE *notes)
{
	const char *text = pack->aliases;
	struct alias a;
	size_t n = 0;

	if (alias_is_needless(pack, pattern))
		return 0;
	while (next_alias(&text, &a) == 1) {
		if (!select_match(pattern, a.old) ||
		    !alias_is_needless(pack, a.now))
			continue;
		words_add(to, a.now);
		n++;
		if (notes != NULL)
			fprintf(notes,
			    "note: the case '%s' is now called '%s'\n", a.old,
			    a.now);
	}
	return n;
}

int
alias_check(const struct pack *pack, struct complaint *c)
{
	const char *text = pack->aliases, *rest;
	struct alias a, other;
	int rc;

	while ((rc = next_alias(&text, &a)) == 1) {
		if (alias_is_needless(pack, a.old))
			return complain(
			    c, EXIT_SUITE, "the old id '%s' is a case", a.old);
		if (!alias_is_needless(pack, a.now))
			return complain(c, EXIT_SUITE,
			    "the old id '%s' leads to '%s', which is no case",
			    a.old, a.now);
		for (rest = text; next_alias(&rest, &other) == 1;)
			if (strcmp(a.old, other.old) == 0)
				return complain(c, EXIT_SUITE,
				    "the old id '%s' stands there twice",
				    a.old);
	}
	if (rc != 0)
		return complain(c, EXIT_SUITE,
		    "the table of old ids has a line without two columns");
	return 0;
}
