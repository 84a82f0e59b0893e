/*
 * For the tests of incremental decoders: bytes given whole, in two pieces at
 * every cut, and one by one. Each piece is a copy of its own size on the heap,
 * so the address sanitizer sees a decoder that reads past it.
 */
#ifndef ATLS_TEST_FEED_H
#define ATLS_TEST_FEED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ref/wire/bytes.h"
#include "ref/wire/err.h"

/* A decoder under test; CTX is the test's own. */
struct feed {
	void (*begin)(void *ctx);
	void (*piece)(void *ctx, struct atls_bytes piece);
	void (*end)(void *ctx); /* checks what came out */
	void *ctx;
};

/* A copy of B; the caller frees it. */
static inline struct atls_bytes
feed_copy(struct atls_bytes b)
{
	uint8_t *p = malloc(b.len != 0 ? b.len : 1);

	assert_non_null(p);
	if (b.len != 0)
		memcpy(p, b.p, b.len);
	return (atls_bytes(p, b.len));
}

static inline void
feed_free(const void *p)
{
	union {
		const void *in;
		void *out;
	} u = { p };

	free(u.out);
}

/* Gives bytes [FROM, TO) of TEXT to F. */
static inline void
feed_piece(const struct feed *f, struct atls_bytes text, size_t from, size_t to)
{
	struct atls_bytes copy =
	    feed_copy(atls_bytes(text.p + from, to - from));

	f->piece(f->ctx, copy);
	feed_free(copy.p);
}

/* Gives TEXT in two pieces; CUT may be 0 or TEXT.len. */
static inline void
feed_cut(const struct feed *f, struct atls_bytes text, size_t cut)
{
	f->begin(f->ctx);
	feed_piece(f, text, 0, cut);
	feed_piece(f, text, cut, text.len);
	f->end(f->ctx);
}

/* Gives TEXT in pieces of STEP bytes. */
static inline void
feed_steps(const struct feed *f, struct atls_bytes text, size_t step)
{
	size_t at;
	size_t n;

	f->begin(f->ctx);
	for (at = 0; at < text.len; at += n) {
		n = text.len - at < step ? text.len - at : step;
		feed_piece(f, text, at, at + n);
	}
	f->end(f->ctx);
}

static inline void
feed_all_ways(const struct feed *f, struct atls_bytes text)
{
	size_t cut;

	for (cut = 0; cut <= text.len; cut++)
		feed_cut(f, text, cut);
	feed_steps(f, text, 1);
	feed_steps(f, text, text.len);
}

/*
 * A reader that wants all bytes so far: the caller comes back with a longer
 * prefix after ATLS_E_MORE. READ gets every prefix that the pieces make.
 */
struct feed_prefix {
	int (*read)(void *ctx, struct atls_bytes *in);
	void *ctx;
	struct atls_bytes text; /* what will have been given at the end */
	size_t given;
	int err;     /* of the last call of READ */
	size_t used; /* bytes READ took on success */
};

static inline void
feed_prefix_begin(void *ctx)
{
	struct feed_prefix *fp = ctx;

	fp->given = 0;
	fp->used = 0;
	fp->err = ATLS_E_MORE;
}

static inline void
feed_prefix_piece(void *ctx, struct atls_bytes piece)
{
	struct feed_prefix *fp = ctx;
	struct atls_bytes copy;
	struct atls_bytes in;

	fp->given += piece.len;
	if (fp->err != ATLS_E_MORE)
		return;
	copy = feed_copy(atls_bytes(fp->text.p, fp->given));
	in = copy;
	fp->err = fp->read(fp->ctx, &in);
	if (fp->err == 0) {
		fp->used = copy.len - in.len;
		assert_ptr_equal(in.p, copy.p + fp->used);
	} else {
		assert_ptr_equal(in.p, copy.p);
		assert_int_equal(in.len, copy.len);
	}
	feed_free(copy.p);
}

#endif
