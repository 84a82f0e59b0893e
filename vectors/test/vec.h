/*
 * What the checks of the vectors share: the fields of a vector, the ways to
 * give its bytes, and how a check says what is wrong.
 */
#ifndef VECTORS_TEST_VEC_H
#define VECTORS_TEST_VEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ref/wire/addr.h"
#include "ref/wire/bytes.h"
#include "ref/wire/scheme.h"

#define VEC_ARGS 6
#define VEC_WHY 400

/* A field: its key and arguments, as in the vector's text. */
struct vec_line {
	const char *key;
	const char *arg[VEC_ARGS];
	unsigned nargs;
};

/* How bytes are given: as one piece, in two, or one by one. */
struct vec_way {
	size_t cut;  /* the first piece ends here; SIZE_MAX: one piece */
	size_t step; /* not 0: pieces of this size */
};

/* A vector being checked. */
struct vec {
	const char *suite, *name;
	struct vec_line *lines;
	size_t nlines;
	struct vec_way way;
	char why[VEC_WHY]; /* what is wrong first; "" when nothing is */
	/* Private: the text of the lines, and what vec_bytes() made. */
	char *text;
	void **made;
	size_t nmade;
};

/* Takes FIELDS apart; aborts when out of memory. */
void vec_open(
    struct vec *v, const char *suite, const char *name, const char *fields);
void vec_close(struct vec *v);

/* Notes what is wrong, unless something is already. */
void vec_fail(struct vec *v, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* vec_fail() unless OK. */
void vec_want(struct vec *v, bool ok, const char *what);
void vec_want_int(
    struct vec *v, const char *what, long long got, long long want);
void vec_want_bytes(struct vec *v, const char *what, struct atls_bytes got,
    struct atls_bytes want);

/* The first line with KEY, or NULL; the next one after LINE. */
const struct vec_line *vec_find(const struct vec *v, const char *key);
const struct vec_line *vec_next(
    const struct vec *v, const struct vec_line *line);

/* The only argument of KEY, which must be there unless a default is given. */
const char *vec_word(struct vec *v, const char *key);
long long vec_int(struct vec *v, const char *key, long long otherwise);
struct atls_bytes vec_field(struct vec *v, const char *key);

/* The bytes that ARG stands for, valid until vec_close(). */
struct atls_bytes vec_bytes(struct vec *v, const char *arg);
/* The same with NUL behind it. */
const char *vec_text(struct vec *v, const char *arg);

/* How many of LEN bytes come next when AT have been given, by V->way. */
size_t vec_step(const struct vec *v, size_t len, size_t at);

/*
 * LEN bytes from P in a block of their own size, so that reading past them is
 * noticed; the caller frees it with vec_free().
 */
struct atls_bytes vec_copy(const uint8_t *p, size_t len);
void vec_free(struct atls_bytes copy);

/*
 * Calls FN for the whole of LEN bytes, for each cut and byte by byte. Above
 * VEC_ALL_CUTS bytes only the cuts near both ends and one in 251.
 */
#define VEC_ALL_CUTS 2048
void vec_all_ways(struct vec *v, size_t len, void (*fn)(struct vec *v));

/* Compares A with a line of kind, port and host (from argument FIRST on). */
void vec_want_addr(
    struct vec *v, const struct vec_line *line, const struct atls_addr *a);

/* Random numbers from the "draw" lines. */
struct vec_draws {
	struct vec *v;
	const struct vec_line *next;
};
struct atls_random vec_random(struct vec *v, struct vec_draws *d);
/* All must have been asked for. */
void vec_want_drawn(struct vec *v, const struct vec_draws *d);

/* The checks, by suite. */
void vec_command(struct vec *v);
void vec_frame(struct vec *v);
void vec_auth(struct vec *v);
void vec_settings(struct vec *v);
void vec_settings_put(struct vec *v);
void vec_scheme(struct vec *v);
void vec_sizes(struct vec *v);
void vec_padding0(struct vec *v);
void vec_plan(struct vec *v);
void vec_shape(struct vec *v);
void vec_addr(struct vec *v);
void vec_hostport(struct vec *v);
void vec_uot_magic(struct vec *v);
void vec_uot_request(struct vec *v);
void vec_uot_datagrams(struct vec *v);
void vec_uri(struct vec *v);
void vec_pool(struct vec *v);
void vec_session(struct vec *v);

#endif
