/* Files written whole or not at all, and the folders they are in. */
#ifndef ENGINE_FILES_H
#define ENGINE_FILES_H

#include <stddef.h>

/* Writes LEN bytes at P to a temporary file beside PATH and renames it. 0 or an
 * errno, with PATH as it was. */
int files_replace(const char *path, const void *p, size_t len);

/* Makes the folder PATH and those above it. 0 or an errno. */
int files_make_folder(const char *path);

/* The last MOST bytes of the file at PATH, malloc'ed, with a NUL behind; *LEN
 * without it. NULL when it cannot be read, or is empty. */
char *files_tail(const char *path, size_t most, size_t *len);

#endif
