/* Changes to the text of a known-failures file: what is not named stays byte
 * for byte as it was. */
#ifndef ENGINE_KNOWN_EDIT_H
#define ENGINE_KNOWN_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "conformance/engine/complaint.h"
#include "conformance/engine/known.h"

/* One line of text and the pattern that it is sorted by. */
struct edit_line {
	char *text;    /* without newline */
	char *pattern; /* NULL: a comment, or empty */
	size_t block;  /* from 1: a new line that goes behind this one; 0 */
};

struct edit {
	struct edit_line *lines;
	size_t n;
	bool changed;
};

/* All zero: an empty file. Splits TEXT, which known_parse() has accepted. */
void edit_begin(struct edit *e, const char *text, size_t len);
void edit_free(struct edit *e);

/* Takes out the line with this number, from 1, as of edit_begin(). Numbers of
 * others stay until edit_finish(). */
void edit_remove(struct edit *e, unsigned number);
/*
 * Adds a line into the block (lines without an empty line or a comment
 * between) that has the most similar patterns, at the end when there is none.
 */
void edit_add(struct edit *e, const char *pattern, const char *text);
/* Sorts each block by pattern, and writes the header when all was empty. */
void edit_finish(struct edit *e);

void edit_print(const struct edit *e, FILE *f);
/* Replaces FILE, at once or not at all; follows a symbolic link. 0, or 3 with a
 * sentence. */
int edit_write(const struct edit *e, const char *file, struct complaint *c);

/* The text of a line: VALUE by key, NULL for what it has not; the caller
 * frees. */
char *edit_format(enum known_verdict verdict, const char *pattern,
    char *const value[KNOWN_KEYS], const char *note);

#endif
