/* Tags of cases. */
#include "conformance/engine/tags.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "conformance/engine/plan.h"

static bool
has_area(const char *id, const char *tag)
{
	const char *area = strchr(id, '/');
	size_t len;

	if (area == NULL)
		return false;
	len = strcspn(++area, "/");
	return strlen(tag) == len && memcmp(area, tag, len) == 0;
}

static bool
has_version(const struct requirement *req, const char *tag)
{
	const char *version = req->version;

	if (isdigit((unsigned char)version[0]))
		return tag[0] == 'v' && strcmp(tag + 1, version) == 0;
	return strcmp(tag, version) == 0;
}

bool
tags_has(const struct tcase *tc, const struct requirement *req, const char *tag)
{
	if (strcmp(tag, "serial") == 0)
		return (tc->flags & CASE_SERIAL) != 0;
	if (strcmp(tag, "dangerous") == 0)
		return (tc->flags & CASE_DANGEROUS) != 0;
	if (strcmp(tag, "slow") == 0)
		return plan_budget_ms(tc) > PLAN_BUDGET_MS;
	if (strcmp(tag, "statistics") == 0)
		return tc->questions != 0;
	if (has_area(tc->id, tag) || words_in_list(tc->needs, tag))
		return true;
	return req != NULL &&
	    (strcmp(req->basis, tag) == 0 || strcasecmp(req->level, tag) == 0 ||
		has_version(req, tag));
}

bool
tags_select(const struct words *tags, const struct tcase *tc,
    const struct requirement *req)
{
	bool wanted = false, any = false;
	size_t i;

	for (i = 0; i < tags->n; i++) {
		if (tags->v[i][0] == '!') {
			if (tags_has(tc, req, tags->v[i] + 1))
				return false;
			continue;
		}
		any = true;
		wanted = wanted || tags_has(tc, req, tags->v[i]);
	}
	return wanted || !any;
}

static void
print_one(const char *tag, size_t len, bool *first, FILE *f)
{
	size_t i;

	fputs(*first ? "\"" : ",\"", f);
	for (i = 0; i < len; i++)
		putc(tolower((unsigned char)tag[i]), f);
	putc('"', f);
	*first = false;
}

void
tags_print(const struct tcase *tc, const struct requirement *req, FILE *f)
{
	static const char *const own[] = { "serial", "dangerous", "slow",
		"statistics" };
	const char *area = strchr(tc->id, '/'), *needs = tc->needs, *part;
	char version[16];
	bool first = true;
	size_t i, len;

	putc('[', f);
	if (area != NULL)
		print_one(area + 1, strcspn(area + 1, "/"), &first, f);
	if (req != NULL) {
		print_one(req->basis, strlen(req->basis), &first, f);
		print_one(req->level, strlen(req->level), &first, f);
		snprintf(version, sizeof(version), "%s%s",
		    isdigit((unsigned char)req->version[0]) ? "v" : "",
		    req->version);
		print_one(version, strlen(version), &first, f);
	}
	while (words_next(&needs, &part, &len))
		print_one(part, len, &first, f);
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (tags_has(tc, NULL, own[i]))
			print_one(own[i], strlen(own[i]), &first, f);
	putc(']', f);
}

static bool
is_used(const struct pack *pack, const struct reg *reg, const char *tag)
{
	const struct suite *const *s;
	size_t i;

	for (s = pack->suites; *s != NULL; s++)
		for (i = 0; i < (*s)->ncases; i++) {
			const struct tcase *tc = &(*s)->cases[i];

			if (tags_has(tc, register_first(reg, tc->reqs), tag))
				return true;
		}
	return false;
}

int
tags_check(const struct words *tags, const struct pack *pack,
    const struct reg *reg, struct complaint *c)
{
	const char *tag;
	size_t i;

	for (i = 0; i < tags->n; i++) {
		tag = tags->v[i] + (tags->v[i][0] == '!');
		if (!is_used(pack, reg, tag))
			return complain(c, EXIT_USAGE,
			    "no case has the tag '%s'; see list --json", tag);
	}
	return 0;
}
