/* The output queue of a session. */
#include "ref/session/out.h"

#include <assert.h>
#include <stdlib.h>

#include "ref/wire/err.h"
#include "ref/wire/scheme.h"

#define CAP_MIN 256U       /* a client's first packet fits */
#define SPARE_MAX 1048576U /* larger buffers are not worth keeping */

static void
move_to_front(struct atls_out *o, uint8_t *to)
{
	if (o->tail != o->head)
		memmove(to, o->buf + o->head, o->tail - o->head);
	o->ready -= o->head;
	o->tail -= o->head;
	o->head = 0;
}

static uint8_t *
take_spare(struct atls_out *o, size_t need, size_t *cap)
{
	struct atls_session_spare *spare = o->spare;
	uint8_t *p;

	if (spare == NULL || spare->p == NULL || spare->cap < need)
		return (NULL);
	p = spare->p;
	*cap = spare->cap;
	spare->p = NULL;
	return (p);
}

/* A buffer stays with the thread if it is the largest seen. */
static void
give_buffer(struct atls_out *o, uint8_t *p, size_t cap)
{
	struct atls_session_spare *spare = o->spare;

	if (p == NULL)
		return;
	if (spare == NULL || cap > SPARE_MAX ||
	    (spare->p != NULL && spare->cap >= cap)) {
		free(p);
		return;
	}
	free(spare->p);
	spare->p = p;
	spare->cap = cap;
}

static bool
grow(struct atls_out *o, size_t need)
{
	size_t cap = CAP_MIN, old_cap = o->cap;
	uint8_t *old = o->buf, *p;

	while (cap < need) {
		if (cap > SIZE_MAX / 2)
			return (false);
		cap *= 2;
	}
	p = take_spare(o, cap, &cap);
	if (p == NULL)
		p = malloc(cap);
	if (p == NULL)
		return (false);
	move_to_front(o, p);
	o->buf = p;
	o->cap = cap;
	give_buffer(o, old, old_cap);
	return (true);
}

uint8_t *
atls_out_room(struct atls_out *o, size_t n)
{
	size_t live = o->tail - o->head;

	if (n > SIZE_MAX - live)
		return (NULL);
	if (n > o->cap - o->tail) {
		/* Moving is paid for by what was given since the last move. */
		if (live + n <= o->cap && o->head >= live)
			move_to_front(o, o->buf);
		else if (!grow(o, live + n))
			return (NULL);
	}
	return (o->buf + o->tail);
}

struct atls_out_mark
atls_out_mark(const struct atls_out *o)
{
	struct atls_out_mark mark = { o->ready - o->head, o->tail - o->head,
		o->shaped, o->end_cut - o->first_cut };

	return (mark);
}

void
atls_out_rollback(struct atls_out *o, struct atls_out_mark mark)
{
	o->ready = o->head + mark.ready;
	o->tail = o->head + mark.tail;
	o->shaped = mark.shaped;
	o->end_cut = o->first_cut + mark.ncuts;
}

void
atls_out_seal(struct atls_out *o)
{
	o->ready = o->tail;
}

static bool
grow_cuts(struct atls_out *o)
{
	uint32_t n = o->end_cut - o->first_cut;
	uint32_t cap = o->cuts_cap == 0 ? 8 : o->cuts_cap;
	uint32_t *p;

	if (n > cap / 2)
		cap *= 2;
	if (cap > UINT32_MAX / 8)
		return (false);
	p = malloc(cap * sizeof(*p));
	if (p == NULL)
		return (false);
	if (n != 0)
		memcpy(p, o->cuts + o->first_cut, n * sizeof(*p));
	free(o->cuts);
	o->cuts = p;
	o->cuts_cap = cap;
	o->first_cut = 0;
	o->end_cut = n;
	return (true);
}

int
atls_out_cut(struct atls_out *o, uint32_t len)
{
	assert(o->ready == o->head + o->shaped);
	assert(len != 0 && len <= o->tail - o->ready);
	if (o->end_cut == o->cuts_cap && !grow_cuts(o))
		return (ATLS_E_NOMEM);
	o->cuts[o->end_cut++] = len;
	o->ready += len;
	o->shaped += len;
	return (0);
}

static void
release(struct atls_out *o)
{
	if (o->shaped == 0) {
		free(o->cuts);
		o->cuts = NULL;
		o->cuts_cap = 0;
		o->first_cut = 0;
		o->end_cut = 0;
	}
	if (o->head == o->tail) {
		give_buffer(o, o->buf, o->cap);
		o->buf = NULL;
		o->cap = 0;
		o->head = 0;
		o->ready = 0;
		o->tail = 0;
	}
}

/* Padding is an extra: without memory the write goes out bare. */
static size_t
add_pad(struct atls_out *o, uint32_t pad)
{
	uint8_t *at = atls_out_room(o, pad);
	struct atls_writer w;

	assert(o->ready == o->tail);
	if (at == NULL)
		return (0);
	w = atls_writer(at, pad);
	atls_waste_put(&w, pad);
	o->tail += pad;
	o->ready += pad;
	return (pad);
}

bool
atls_out_next(struct atls_out *o, struct atls_bytes *out, uint32_t pad)
{
	size_t n = o->ready - o->head;

	if (n == 0) {
		release(o);
		return (false);
	}
	if (o->shaped != 0) {
		n = o->cuts[o->first_cut++];
		o->shaped -= n;
	} else if (n > ATLS_SESSION_WRITE_MAX) {
		n = ATLS_SESSION_WRITE_MAX;
	} else if (pad != 0) {
		n += add_pad(o, pad);
	}
	*out = atls_bytes(o->buf + o->head, n);
	o->head += n;
	o->given += n;
	return (true);
}

void
atls_out_free(struct atls_out *o)
{
	free(o->cuts);
	give_buffer(o, o->buf, o->cap);
	*o = (struct atls_out){ 0 };
}
