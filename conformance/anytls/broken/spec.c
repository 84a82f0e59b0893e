/* Several broken peers in one. */
#include "conformance/anytls/broken/spec.h"

#include <stdio.h>
#include <string.h>

#include "conformance/anytls/broken/defects.h"
#include "ref/wire/err.h"

static int
say(char *why, const char *text, int err)
{
	snprintf(why, SPEC_ERRLEN, "%s", text);
	return (err);
}

/* Appends what TEXT adds to ALL. */
static int
add(char *all, const char *separator, const char *text, char *why)
{
	size_t len = strlen(all), more = strlen(separator) + strlen(text);

	if (text[0] == '\0')
		return (0);
	if (len + more >= SPEC_MAX)
		return (say(why, "too many defects at once", ATLS_E_LIMIT));
	snprintf(
	    all + len, SPEC_MAX - len, "%s%s", len == 0 ? "" : separator, text);
	return (0);
}

int
spec_add_policy(struct spec *s, const char *text, char why[SPEC_ERRLEN])
{
	s->any = true;
	return (add(s->policy, ",", text, why));
}

int
spec_add_rules(struct spec *s, const char *text, char why[SPEC_ERRLEN])
{
	s->any = true;
	return (add(s->rules, "; ", text, why));
}

static int
add_name(struct spec *s, const char *tsv, const char *name, char *why)
{
	struct defect d;
	int err;

	if (!defects_find(tsv, name, &d))
		return (say(why, "no such peer, see --list", ATLS_E_NOTFOUND));
	if (s->any && strcmp(s->profile, d.profile) != 0)
		return (say(why, "peers of two profiles", ATLS_E_INVAL));
	memcpy(s->profile, d.profile, sizeof(s->profile));
	err = spec_add_policy(s, d.policy, why);
	return (err != 0 ? err : spec_add_rules(s, d.rules, why));
}

int
spec_add_names(
    struct spec *s, const char *tsv, const char *names, char why[SPEC_ERRLEN])
{
	char name[64];
	int err = 0;

	while (err == 0 && *names != '\0') {
		size_t len = strcspn(names, ",");

		if (len >= sizeof(name))
			return (say(
			    why, "no such peer, see --list", ATLS_E_NOTFOUND));
		memcpy(name, names, len);
		name[len] = '\0';
		err = add_name(s, tsv, name, why);
		names += len + (names[len] == ',' ? 1 : 0);
	}
	return (err);
}
