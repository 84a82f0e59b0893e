/* A growing list of strings that it owns; and splitting at a separator. */
#ifndef ENGINE_WORDS_H
#define ENGINE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* All zero: empty. */
struct words {
	char **v;
	size_t n;
};

/* Appends a copy of the LEN bytes at S; ends as out_of_memory() does. */
void words_add_part(struct words *w, const char *s, size_t len);
void words_add(struct words *w, const char *s);
/* Appends the parts of S between commas; empty ones and blanks are left out. */
void words_add_list(struct words *w, const char *s);
void words_free(struct words *w); /* leaves it empty */

/* Takes the next part of a comma-separated list: *PART of *LEN bytes without
 * blanks around it; false at the end. LIST (may be NULL) moves on. */
bool words_next(const char **list, const char **part, size_t *len);
/* True when the comma-separated LIST (NULL: empty) has WORD. */
bool words_in_list(const char *list, const char *word);

/* Says so on stderr and ends the process at once with EXIT_SUITE: the suite's
 * parent cannot go on without memory, and a case's process that ends so is an
 * error of the suite. */
_Noreturn void out_of_memory(void);

/* open_memstream() and fclose() that end as out_of_memory() does, also when a
 * write in between found none. */
FILE *words_stream(char **out, size_t *size);
void words_stream_end(FILE *f, char *const *out);

/* malloc and friends that end as out_of_memory() does. */
void *words_alloc(size_t n, size_t size);
void *words_grow(void *p, size_t n, size_t size);
char *words_copy(const char *s, size_t len);

#endif
