/* The record-size oracle: why a reading was lost, in words. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ref/wire/shape_impl.h"

/* Hints are looked for among this many packets. */
#define HINT_PACKETS 256

static bool
same_want(const struct atls_shape_want *a, const struct atls_shape_want *b)
{
	return (a->packet == b->packet && a->item == b->item &&
	    a->kind == b->kind && a->low == b->low && a->high == b->high);
}

static void
add_want(struct atls_shape_miss *m, const struct atls_shape_want *want)
{
	unsigned i;

	for (i = 0; i < m->nwants; i++) {
		if (same_want(&m->wants[i], want))
			return;
	}
	if (m->nwants == ATLS_SHAPE_WANTS)
		m->more = true;
	else
		m->wants[m->nwants++] = *want;
}

static uint64_t
minus(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : 0);
}

/* What guess G allows; in READING, the maximum of a range is no size or is. */
static struct atls_shape_want
want_of(const struct atls_shape_oracle *o, const struct atls_shape_guess *g,
    unsigned reading)
{
	struct atls_shape_want want = { g->packet, 0, SHAPE_WANT_FREE, 0, 0 };
	bool bounds = false;
	struct shape_item it;

	if (g->phase == SHAPE_APPENDED)
		want.kind = SHAPE_WANT_APPENDED;
	else if (g->phase != SHAPE_FREE)
		bounds = atls_shape_item(o, g, &it);
	if (!bounds) {
		if (g->phase == SHAPE_START)
			want.kind = SHAPE_WANT_DIRECT;
		else if (g->phase == SHAPE_PAYLOAD)
			want.kind = SHAPE_WANT_REST;
		return (want);
	}
	want.kind = SHAPE_WANT_PIECE;
	want.item = it.index;
	if (it.low < it.high && reading == ATLS_SHAPE_REFERENCE)
		it.high--;
	if (g->phase == SHAPE_WASTE) {
		want.kind = SHAPE_WANT_PADDING;
		if (reading == ATLS_SHAPE_REFERENCE)
			it.low = atls_shape_padding(it.low);
		it.high = atls_shape_padding(it.high);
	}
	want.low = minus(it.low, g->sent);
	want.high = minus(it.high, g->sent);
	return (want);
}

static void
collect_wants(const struct atls_shape_oracle *o, struct atls_shape_miss *m,
    unsigned reading)
{
	unsigned i;

	for (i = 0; i < o->nguesses[o->now]; i++) {
		const struct atls_shape_guess *g = &o->guesses[o->now][i];
		struct atls_shape_want want;

		if (g->level > reading)
			continue;
		want = want_of(o, g, reading);
		add_want(m, &want);
	}
}

/* True when record F could begin packet N with its first size. */
static bool
could_begin(
    const struct atls_shape_oracle *o, uint32_t n, const struct shape_facts *f)
{
	struct atls_shape_guess g;
	struct shape_item it;
	uint64_t low;

	memset(&g, 0, sizeof(g));
	g.packet = n;
	g.scheme = (uint8_t)(o->nschemes - 1);
	if (!atls_shape_first_item(o, &g, &it))
		return (false);
	low = it.low;
	if (f->waste == 0 && f->border)
		low = minus(low, ATLS_FRAME_HEADER);
	if (f->waste != 0 && !f->border)
		return (false);
	return (f->len >= low && f->len <= it.high);
}

/* Other packets that record F would begin well. */
static void
collect_hints(const struct atls_shape_oracle *o, struct atls_shape_miss *m,
    const struct shape_facts *f)
{
	uint32_t n;
	unsigned i;

	if (!f->begins || f->payload == 0)
		return;
	for (n = 0; n < o->cap && n < HINT_PACKETS; n++) {
		bool believed = false;

		for (i = 0; i < o->nguesses[o->now]; i++) {
			const struct atls_shape_guess *g =
			    &o->guesses[o->now][i];

			believed = believed ||
			    (g->packet == n && g->phase == SHAPE_START);
		}
		if (!believed && m->nhints < ATLS_SHAPE_HINTS &&
		    could_begin(o, n, f))
			m->hints[m->nhints++] = n;
	}
}

void
atls_shape_lost(
    struct atls_shape_oracle *o, unsigned reading, const struct shape_facts *f)
{
	struct atls_shape_miss *m = &o->miss[reading];
	struct atls_shape_want want = { 0, 0, SHAPE_WANT_PADDING0, 0, 0 };
	struct shape_item it;

	memset(m, 0, sizeof(*m));
	m->lost = true;
	m->why = f->why;
	m->record = o->record;
	m->len = f->len;
	m->payload = f->payload;
	m->waste = f->waste;
	if (f->why == SHAPE_WHY_SIZE) {
		collect_wants(o, m, reading);
		collect_hints(o, m, f);
	} else if (f->why == SHAPE_WHY_PADDING0) {
		atls_shape_padding0(o->schemes[0], 0, &it);
		want.low = it.low;
		want.high = it.high;
		if (it.low < it.high && reading == ATLS_SHAPE_REFERENCE)
			want.high--;
		add_want(m, &want);
	}
}

/* Text that may be cut; LEN is what it would take. */
struct text {
	char *p;
	size_t cap;
	size_t len;
};

static void __attribute__((format(printf, 2, 3)))
put(struct text *t, const char *format, ...)
{
	size_t room = t->len < t->cap ? t->cap - t->len : 0;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(room != 0 ? t->p + t->len : NULL, room, format, ap);
	va_end(ap);
	if (n > 0)
		t->len += (size_t)n;
}

static void
put_range(struct text *t, uint64_t low, uint64_t high)
{
	put(t, "%" PRIu64, low);
	if (high != low)
		put(t, " to %" PRIu64, high);
}

static void
put_piece(struct text *t, const struct atls_shape_want *w)
{
	put(t, "packet %" PRIu32 " item %" PRIu32 " wants ", w->packet,
	    w->item);
	put_range(t, w->low, w->high);
	put(t, ", or ");
	put_range(t,
	    w->low > ATLS_FRAME_HEADER ? w->low - ATLS_FRAME_HEADER : 1,
	    w->high);
	put(t, " without waste at its end");
}

static void
put_want(struct text *t, const struct atls_shape_want *w)
{
	switch ((enum shape_want_kind)w->kind) {
	case SHAPE_WANT_PIECE:
		put_piece(t, w);
		break;
	case SHAPE_WANT_PADDING:
		put(t, "packet %" PRIu32 " item %" PRIu32 " wants waste of ",
		    w->packet, w->item);
		put_range(t, w->low, w->high);
		break;
	case SHAPE_WANT_REST:
		put(t, "packet %" PRIu32 " wants its rest without waste",
		    w->packet);
		break;
	case SHAPE_WANT_DIRECT:
		put(t, "packet %" PRIu32 " has no sizes, so no waste",
		    w->packet);
		break;
	case SHAPE_WANT_APPENDED:
		put(t, "packet %" PRIu32 " wants waste apart from payload",
		    w->packet);
		break;
	case SHAPE_WANT_FREE:
		put(t,
		    "from packet %" PRIu32
		    " on there is no padding, so no waste",
		    w->packet);
		break;
	case SHAPE_WANT_PADDING0:
		put(t, "packet 0 wants a padding0 of ");
		put_range(t, w->low, w->high);
		break;
	}
}

static void
put_hints(struct text *t, const struct atls_shape_miss *m)
{
	unsigned i;

	if (m->more)
		put(t, "; and others");
	for (i = 0; i < m->nhints; i++) {
		put(t, i == 0 ? " (it would begin packet " : " or ");
		put(t, "%" PRIu32, m->hints[i]);
	}
	if (m->nhints != 0)
		put(t, ")");
}

/* What record M is, up to the wants. */
static void
put_record(struct text *t, const struct atls_shape_miss *m)
{
	put(t, "record %" PRIu32 " of %zu bytes", m->record, m->len);
	switch ((enum shape_why)m->why) {
	case SHAPE_WHY_SIZE:
		put(t, " (%zu of frames, %zu of waste)", m->payload, m->waste);
		break;
	case SHAPE_WHY_MIXED:
		put(t, " holds other frames after waste");
		break;
	case SHAPE_WHY_OVERSIZE:
		put(t, " is larger than %d", ATLS_SHAPE_MAX_RECORD);
		break;
	case SHAPE_WHY_SPLIT:
		put(t, " splits the authentication request");
		break;
	case SHAPE_WHY_JOINED:
		put(t, " holds frames behind the authentication request");
		break;
	case SHAPE_WHY_CUT:
		put(t, " cuts unpadded data inside a frame");
		break;
	case SHAPE_WHY_GROUP:
		put(t, " ends the first packet before its third frame");
		break;
	case SHAPE_WHY_PADDING0:
		put(t, " ends an authentication request with a padding0 of %zu",
		    m->payload);
		break;
	}
}

size_t
atls_shape_explain(const struct atls_shape_oracle *o,
    enum atls_shape_reading reading, char *buf, size_t cap)
{
	const struct atls_shape_miss *m = &o->miss[reading];
	struct text t = { buf, cap, 0 };
	unsigned i;

	buf[0] = '\0';
	if (reading >= ATLS_SHAPE_NONE || !m->lost)
		return (0);
	put_record(&t, m);
	for (i = 0; i < m->nwants; i++) {
		put(&t, i == 0 ? ", but " : "; ");
		put_want(&t, &m->wants[i]);
	}
	put_hints(&t, m);
	return (t.len);
}

bool
atls_shape_wanted(const struct atls_shape_oracle *o,
    enum atls_shape_reading reading, struct atls_shape_draw *want)
{
	const struct atls_shape_miss *miss;
	unsigned i;

	if (reading >= ATLS_SHAPE_NONE || !o->miss[reading].lost)
		return (false);
	miss = &o->miss[reading];
	for (i = 0; i < miss->nwants && miss->wants[i].high == 0; i++)
		continue;
	if (i == miss->nwants)
		return (false);
	memset(want, 0, sizeof(*want));
	want->packet = miss->wants[i].packet;
	want->item = miss->wants[i].item;
	want->low = (uint32_t)miss->wants[i].low;
	want->high = (uint32_t)miss->wants[i].high;
	return (true);
}
