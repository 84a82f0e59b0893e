/* String lists, and allocation that does not fail. */
#include "conformance/engine/words.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/engine/complaint.h"

void
out_of_memory(void)
{
	static const char text[] = "anytls-conform: out of memory\n";
	ssize_t n = write(STDERR_FILENO, text, sizeof(text) - 1);

	(void)n;
	_exit(EXIT_SUITE);
}

FILE *
words_stream(char **out, size_t *size)
{
	FILE *f;

	*out = NULL;
	f = open_memstream(out, size);
	if (f == NULL)
		out_of_memory();
	return f;
}

void
words_stream_end(FILE *f, char *const *out)
{
	bool lost = ferror(f) != 0;

	if (fclose(f) != 0 || lost || *out == NULL)
		out_of_memory();
}

void *
words_alloc(size_t n, size_t size)
{
	void *p = calloc(n != 0 ? n : 1, size);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *
words_grow(void *p, size_t n, size_t size)
{
	if (n > SIZE_MAX / size)
		out_of_memory();
	p = realloc(p, n * size);
	if (p == NULL)
		out_of_memory();
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
