/* String lists, and allocation that does not fail. */
#include "conformance/engine/words.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *
words_alloc(size_t n, size_t size)
{
	void *p = calloc(n != 0 ? n : 1, size);

	if (p == NULL)
		abort();
	return p;
}

void *
words_grow(void *p, size_t n, size_t size)
{
	if (n > SIZE_MAX / size)
		abort();
	p = realloc(p, n * size);
	if (p == NULL)
		abort();
	return p;
}

char *
words_copy(const char *s, size_t len)
{
	char *copy = words_alloc(len + 1, 1);

	memcpy(copy, s, len);
	return copy;
}

void
words_add_part(struct words *w, const char *s, size_t len)
{
	w->v = words_grow(w->v, w->n + 1, sizeof(*w->v));
	w->v[w->n++] = words_copy(s, len);
}

void
words_add(struct words *w, const char *s)
{
	words_add_part(w, s, strlen(s));
}

void
words_add_list(struct words *w, const char *s)
{
	const char *part;
	size_t len;

	while (words_next(&s, &part, &len))
		words_add_part(w, part, len);
}

void
words_free(struct words *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		free(w->v[i]);
	free(w->v);
	w->v = NULL;
	w->n = 0;
}

bool
words_next(const char **list, const char **part, size_t *len)
{
	const char *s = *list;

	if (s == NULL)
		return false;
	s += strspn(s, ", \t");
	if (*s == '\0')
		return false;
	*part = s;
	*len = strcspn(s, ",");
	*list = s + *len;
	while (*len > 0 && strchr(" \t", s[*len - 1]) != NULL)
		(*len)--;
	return true;
}

bool
words_in_list(const char *list, const char *word)
{
	const char *part;
	size_t len;

	while (words_next(&list, &part, &len))
		if (len == strlen(word) && memcmp(part, word, len) == 0)
			return true;
	return false;
}
