/* Which cases the lines of known failures name. */
#include <string.h>

#include "conformance/engine/alias.h"
#include "conformance/engine/known.h"
#include "conformance/engine/select.h"
#include "conformance/engine/text.h"

#define SHOWN 192 /* of a file name or pattern, in sentences */

/* Ids begin with the role. */
static bool
has_role(const char *id, const char *role)
{
	size_t len;

	if (role == NULL)
		return true;
	len = strlen(role);
	return strncmp(id, role, len) == 0 && id[len] == '/';
}

bool
known_names(const struct known_line *line, const char *id)
{
	size_t i;

	if (!has_role(id, line->value[KNOWN_ROLE]))
		return false;
	for (i = 0; i < line->patterns.n; i++)
		if (select_match(line->patterns.v[i], id))
			return true;
	return false;
}

static size_t
count_cases(const struct known_line *line, const struct pack *pack)
{
	const struct suite *const *s;
	size_t i, n = 0;

	for (s = pack->suites; *s != NULL; s++)
		for (i = 0; i < (*s)->ncases; i++)
			n += known_names(line, (*s)->cases[i].id);
	return n;
}

static int
resolve_line(struct known_line *line, const struct pack *pack, FILE *notes,
    struct complaint *c)
{
	char file[SHOWN], pattern[SHOWN];

	if (alias_add(&line->patterns, line->pattern, pack, notes) == 0)
		words_add(&line->patterns, line->pattern);
	line->cases = count_cases(line, pack);
	if (line->cases != 0)
		return 0;
	text_escape(file, sizeof(file), line->file);
	text_escape(pattern, sizeof(pattern), line->pattern);
	return complain(c, EXIT_USAGE,
	    "%s:%u: no case matches '%s'%s%s; see "
	    "'list'",
	    file, line->number, pattern,
	    line->value[KNOWN_ROLE] != NULL ? " with role=" : "",
	    line->value[KNOWN_ROLE] != NULL ? line->value[KNOWN_ROLE] : "");
}

/* Two conditions on features that no target meets both: a name that must be
 * there and must not, or with two values. */
static bool
features_differ(const char *a, size_t alen, const char *b, size_t blen)
{
	bool no_a = alen != 0 && a[0] == '!', no_b = blen != 0 && b[0] == '!';
	size_t an, bn;

	a += no_a;
	b += no_b;
	alen -= no_a;
	blen -= no_b;
	an = memchr(a, '=', alen) != NULL ? strcspn(a, "=") : alen;
	bn = memchr(b, '=', blen) != NULL ? strcspn(b, "=") : blen;
	if (an != bn || memcmp(a, b, an) != 0)
		return false;
	if (no_a != no_b)
		return true;
	return !no_a && an != alen && bn != blen &&
	    (alen != blen || memcmp(a, b, alen) != 0);
}

static bool
feature_lists_differ(const char *a, const char *list_b)
{
	const char *pa, *pb, *b;
	size_t alen, blen;

	while (words_next(&a, &pa, &alen))
		for (b = list_b; words_next(&b, &pb, &blen);)
			if (features_differ(pa, alen, pb, blen))
				return true;
	return false;
}

static bool
are_exclusive(const struct known_line *a, const struct known_line *b)
{
	static const enum known_key alike[] = { KNOWN_ROLE, KNOWN_PROFILE,
		KNOWN_OS };
	size_t i;

	for (i = 0; i < sizeof(alike) / sizeof(alike[0]); i++)
		if (a->value[alike[i]] != NULL && b->value[alike[i]] != NULL &&
		    strcmp(a->value[alike[i]], b->value[alike[i]]) != 0)
			return true;
	return feature_lists_differ(
	    a->value[KNOWN_FEATURE], b->value[KNOWN_FEATURE]);
}

static int
refuse_two(const struct known_line *a, const struct known_line *b,
    const char *id, struct complaint *c)
{
	char file_a[SHOWN], file_b[SHOWN];

	text_escape(file_a, sizeof(file_a), a->file);
	text_escape(file_b, sizeof(file_b), b->file);
	return complain(c, EXIT_USAGE,
	    "%s:%u: names %s, as does %s:%u; one "
	    "line for a case, unless their conditions exclude each other",
	    file_b, b->number, id, file_a, a->number);
}

static int
check_case(const struct known *k, const char *id, struct complaint *c)
{
	size_t i, j;

	for (i = 0; i < k->n; i++) {
		if (!known_names(&k->lines[i], id))
			continue;
		for (j = i + 1; j < k->n; j++)
			if (known_names(&k->lines[j], id) &&
			    !are_exclusive(&k->lines[i], &k->lines[j]))
				return refuse_two(
				    &k->lines[i], &k->lines[j], id, c);
	}
	return 0;
}

int
known_resolve(
    struct known *k, const struct pack *pack, FILE *notes, struct complaint *c)
{
	const struct suite *const *s;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < k->n; i++)
		rc = resolve_line(&k->lines[i], pack, notes, c);
	for (s = pack->suites; rc == 0 && *s != NULL; s++)
		for (i = 0; rc == 0 && i < (*s)->ncases; i++)
			rc = check_case(k, (*s)->cases[i].id, c);
	return rc;
}
