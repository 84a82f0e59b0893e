/* A small map of feature names to values. */
#include "conformance/engine/features.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/engine/words.h"

static struct feature *
find(const struct features *f, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (strlen(f->v[i].name) == len &&
		    memcmp(f->v[i].name, name, len) == 0)
			return &f->v[i];
	return NULL;
}

static struct feature *
find_or_add(struct features *f, const char *name, size_t len)
{
	struct feature *x = find(f, name, len);

	if (x != NULL)
		return x;
	f->v = words_grow(f->v, f->n + 1, sizeof(*f->v));
	x = &f->v[f->n++];
	x->name = words_copy(name, len);
	x->value = NULL;
	x->declared = false;
	return x;
}

static void
set_value(struct feature *x, const char *value)
{
	free(x->value);
	x->value = value != NULL ? words_copy(value, strlen(value)) : NULL;
}

void
features_declare(struct features *f, const char *text)
{
	size_t len = strcspn(text, "=");
	const char *value = text[len] == '=' ? text + len + 1 : "";
	struct feature *x = find_or_add(f, text, len);

	if (strcmp(value, "no") == 0)
		value = NULL;
	else if (strcmp(value, "yes") == 0)
		value = "";
	set_value(x, value);
	x->declared = true;
}

bool
features_found(struct features *f, const char *name, const char *value)
{
	struct feature *x = find_or_add(f, name, strlen(name));

	if (value == NULL)
		value = "";
	if (x->declared)
		return x->value == NULL || strcmp(x->value, value) != 0;
	set_value(x, value);
	return false;
}

const char *
features_get(const struct features *f, const char *name)
{
	const struct feature *x = find(f, name, strlen(name));

	return x != NULL ? x->value : NULL;
}

static bool
is_met(const struct features *f, const char *need, size_t len)
{
	const char *eq = memchr(need, '=', len);
	size_t name_len = eq != NULL ? (size_t)(eq - need) : len;
	const struct feature *x;

	if (len > 0 && need[0] == '!')
		return !is_met(f, need + 1, len - 1);
	x = find(f, need, name_len);
	if (x == NULL || x->value == NULL)
		return false;
	return eq == NULL ||
	    (strlen(x->value) == len - name_len - 1 &&
		memcmp(x->value, eq + 1, len - name_len - 1) == 0);
}

bool
features_meet(
    const struct features *f, const char *needs, char *missing, size_t size)
{
	const char *part;
	size_t len;

	while (words_next(&needs, &part, &len)) {
		if (is_met(f, part, len))
			continue;
		snprintf(missing, size, "%.*s", (int)len, part);
		return false;
	}
	return true;
}

void
features_free(struct features *f)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		free(f->v[i].name);
		free(f->v[i].value);
	}
	free(f->v);
	f->v = NULL;
	f->n = 0;
}
