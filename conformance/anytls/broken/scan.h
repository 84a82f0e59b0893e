/* Words, numbers and strings of a text, with the position of what is wrong. */
#ifndef BROKEN_SCAN_H
#define BROKEN_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ref/wire/bytes.h"

#define SCAN_WORD 32 /* longest word, with NUL */

/* Where a text is being read. A copy is a place to come back to. */
struct scan {
	const char *text;
	const char *p;
	char *store; /* where decoded strings go */
	char *err;
	size_t errlen;
};

/* Starts to read TEXT. STORE has room for strlen(TEXT) + 1 bytes and takes the
 * decoded strings; ERR takes one sentence. All are borrowed. */
void scan_init(
    struct scan *s, const char *text, char *store, char *err, size_t errlen);

/* Each of these skips blanks and then takes what it is named after, or returns
 * false (NULL) and takes nothing. */

/* Letters and digits that begin with a letter. */
bool scan_word(struct scan *s, char word[SCAN_WORD]);
/* Digits, without a sign; at most 15. */
bool scan_number(struct scan *s, int64_t *n);
/* "..." with escapes; *TEXT is in the store and ends with NUL too. */
bool scan_string(struct scan *s, struct atls_bytes *text);
bool scan_char(struct scan *s, char c);
/* One of CHARS; returns where in CHARS. */
const char *scan_one_of(struct scan *s, const char *chars);
bool scan_end(struct scan *s);

/* Offset of what comes next. */
size_t scan_at(struct scan *s);

/* Puts "at AT: ..." into the error, unless it has one. Always false. */
bool scan_fail(struct scan *s, size_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
