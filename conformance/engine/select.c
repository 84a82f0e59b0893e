/* Globs over ids, and lists of them from files. */
#include "conformance/engine/select.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The rest behind the first component of S; NULL when it was the last. */
static const char *
rest_of(const char *s)
{
	s = strchr(s, '/');
	return s != NULL ? s + 1 : NULL;
}

static bool
same_component(const char *pattern, const char *id)
{
	size_t len = strcspn(pattern, "/");

	if (len == 1 && pattern[0] == '*')
		return true;
	return len == strcspn(id, "/") && memcmp(pattern, id, len) == 0;
}

/* NULL stands for no components left. */
static bool
match_from(const char *pattern, const char *id)
{
	if (pattern == NULL)
		return id == NULL;
	if (strncmp(pattern, "**", strcspn(pattern, "/")) == 0 &&
	    strcspn(pattern, "/") == 2) {
		if (match_from(rest_of(pattern), id))
			return true;
		return id != NULL && match_from(pattern, rest_of(id));
	}
	if (id == NULL || !same_component(pattern, id))
		return false;
	return match_from(rest_of(pattern), rest_of(id));
}

bool
select_match(const char *pattern, const char *id)
{
	return match_from(pattern, id);
}

int
select_check(const char *pattern, struct complaint *c)
{
	const char *p;

	if (*pattern == '\0')
		return complain(c, EXIT_USAGE, "a selector is empty");
	for (p = pattern; p != NULL; p = rest_of(p)) {
		size_t len = strcspn(p, "/");

		if (len == 0)
			return complain(c, EXIT_USAGE,
			    "selector '%s' has an empty component", pattern);
		if (memchr(p, '*', len) == NULL)
			continue;
		if (len > 2 || p[0] != '*' || p[len - 1] != '*')
			return complain(c, EXIT_USAGE,
			    "selector '%s': a '*' stands for one whole "
			    "component, '**' for any number of them",
			    pattern);
	}
	return 0;
}

static int
add_file(struct words *w, const char *name, struct complaint *c)
{
	FILE *f = fopen(name, "r");
	char line[1024];
	size_t len, skip;
	int rc = 0;

	if (f == NULL)
		return complain(c, EXIT_USAGE,
		    "cannot read the selectors in '%s': %s", name,
		    strerror(errno));
	while (rc == 0 && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "#\r\n")] = '\0';
		skip = strspn(line, " \t");
		len = strcspn(line + skip, " \t");
		line[skip + len] = '\0';
		if (len != 0 && (rc = select_check(line + skip, c)) == 0)
			words_add(w, line + skip);
	}
	fclose(f);
	return rc;
}

int
select_add(struct words *w, const char *pattern, struct complaint *c)
{
	int rc;

	if (pattern[0] == '@')
		return add_file(w, pattern + 1, c);
	rc = select_check(pattern, c);
	if (rc == 0)
		words_add(w, pattern);
	return rc;
}

static int
rank(const char *level)
{
	return strcasecmp(level, "must") == 0  ? 2
	    : strcasecmp(level, "should") == 0 ? 1
					       : 0;
}

bool
select_level(const char *level, const char *wanted)
{
	return rank(level) >= rank(wanted);
}

void
select_free(struct selection *s)
{
	words_free(&s->run);
	words_free(&s->skip);
	words_free(&s->reqs);
}
