/* Borrowed byte ranges, a bounded writer, and big-endian integers. */
#ifndef ATLS_WIRE_BYTES_H
#define ATLS_WIRE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* LEN bytes at P, owned by someone else. P may be NULL when LEN is 0. */
struct atls_bytes {
	const uint8_t *p;
	size_t len;
};

/*
 * Writes into CAP bytes at P that the caller owns; LEN bytes are written.
 * A write that does not fit sets FULL, writes nothing, and all later writes do
 * nothing either, so one check at the end is enough.
 */
struct atls_writer {
	uint8_t *p;
	size_t cap;
	size_t len;
	bool full;
};

static inline struct atls_bytes
atls_bytes(const void *p, size_t len)
{
	struct atls_bytes b = { p, len };

	return (b);
}

static inline struct atls_bytes
atls_bytes_str(const char *s)
{
	return (atls_bytes(s, strlen(s)));
}

static inline bool
atls_bytes_equal(struct atls_bytes a, struct atls_bytes b)
{
	return (a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0));
}

/* Drops the first N bytes of *B; N must not be above B->len. */
static inline void
atls_bytes_skip(struct atls_bytes *b, size_t n)
{
	if (n != 0)
		b->p += n;
	b->len -= n;
}

static inline uint16_t
atls_get16(const uint8_t *p)
{
	return ((uint16_t)((uint16_t)(p[0] << 8) | p[1]));
}

static inline uint32_t
atls_get32(const uint8_t *p)
{
	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3]);
}

static inline void
atls_put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
atls_put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static inline struct atls_writer
atls_writer(void *p, size_t cap)
{
	struct atls_writer w = { p, cap, 0, false };

	return (w);
}

/* Reserves N bytes and returns where they start, or NULL when W is full. */
static inline uint8_t *
atls_writer_take(struct atls_writer *w, size_t n)
{
	uint8_t *at;

	if (w->full || n > w->cap - w->len) {
		w->full = true;
		return (NULL);
	}
	at = w->p + w->len;
	w->len += n;
	return (at);
}

static inline void
atls_writer_put(struct atls_writer *w, const void *p, size_t n)
{
	uint8_t *at = atls_writer_take(w, n);

	if (at != NULL && n != 0)
		memcpy(at, p, n);
}

static inline void
atls_writer_put8(struct atls_writer *w, uint8_t v)
{
	atls_writer_put(w, &v, 1);
}

static inline void
atls_writer_put16(struct atls_writer *w, uint16_t v)
{
	uint8_t *at = atls_writer_take(w, 2);

	if (at != NULL)
		atls_put16(at, v);
}

static inline void
atls_writer_put32(struct atls_writer *w, uint32_t v)
{
	uint8_t *at = atls_writer_take(w, 4);

	if (at != NULL)
		atls_put32(at, v);
}

static inline void
atls_writer_str(struct atls_writer *w, const char *s)
{
	atls_writer_put(w, s, strlen(s));
}

#endif
