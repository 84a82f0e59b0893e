/* The way out of a sabotaged connection: frames into records, in their time. */
#include <stdlib.h>
#include <string.h>

#include "conformance/anytls/broken/filter_impl.h"

/* Queues P by its time, behind what has the same. */
static void
queue(struct filter *f, struct pending *p)
{
	struct pending **at = &f->pending;

	while (*at != NULL && (*at)->at_ms <= p->at_ms)
		at = &(*at)->next;
	p->next = *at;
	*at = p;
}

/* Takes over what B holds as one record to TO, due at AT_MS or later. */
static void
queue_record(struct filter *f, enum side to, struct bytebuf *b, uint64_t at_ms)
{
	struct pending *p;

	if (b->len == 0) {
		bytebuf_free(b);
		return;
	}
	p = filter_alloc(sizeof(*p));
	p->at_ms = at_ms > f->way[to].stall_ms ? at_ms : f->way[to].stall_ms;
	p->bytes = b->p;
	p->out =
	    (struct filter_out){ DEED_WRITE, to, atls_bytes(b->p, b->len) };
	memset(b, 0, sizeof(*b));
	queue(f, p);
}

void
emit_bytes(struct filter *f, enum side to, struct atls_bytes b)
{
	bytebuf_add(&f->way[to].out, b.p, b.len);
}

void
emit_flush_now(struct filter *f, enum side to)
{
	queue_record(f, to, &f->way[to].out, f->now_ms);
	f->way[to].gather_at_ms = 0;
}

void
emit_flush(struct filter *f, enum side to)
{
	struct way *w = &f->way[to];

	if (w->waits)
		return;
	if (w->gather_ms == 0)
		emit_flush_now(f, to);
	else if (w->out.len != 0 && w->gather_at_ms == 0)
		w->gather_at_ms = f->now_ms + w->gather_ms;
}

/* The end of a side waits for all that goes there before it. */
static uint64_t
last_write(const struct filter *f, enum side to)
{
	uint64_t at = f->now_ms;

	for (const struct pending *p = f->pending; p != NULL; p = p->next) {
		if (p->out.deed == DEED_WRITE && p->out.to == to &&
		    p->at_ms > at)
			at = p->at_ms;
	}
	return (at);
}

void
emit_deed(struct filter *f, enum deed deed, enum side to, uint32_t ms)
{
	struct pending *p = filter_alloc(sizeof(*p));

	emit_flush_now(f, SIDE_UP);
	emit_flush_now(f, SIDE_DOWN);
	p->at_ms = f->now_ms + ms;
	if (deed == DEED_EOF)
		p->at_ms = last_write(f, to);
	p->out.deed = deed;
	p->out.to = to;
	queue(f, p);
}

void
emit_frame(
    struct bytebuf *b, struct atls_frame head, const uint8_t *p, size_t len)
{
	static const uint8_t zeros[256];
	uint8_t bytes[ATLS_FRAME_HEADER];

	atls_frame_put(bytes, head);
	bytebuf_add(b, bytes, sizeof(bytes));
	if (p != NULL) {
		bytebuf_add(b, p, len);
		return;
	}
	for (size_t n; len != 0; len -= n) {
		n = len < sizeof(zeros) ? len : sizeof(zeros);
		bytebuf_add(b, zeros, n);
	}
}

bool
emit_keeps(const struct filter *f, enum side side)
{
	return (f->cfg.borders && side == SIDE_UP);
}

void
emit_border(struct way *w)
{
	bytebuf_add(&w->borders, &w->end, sizeof(w->end));
}

void
emit_forget_borders(struct way *w)
{
	uint64_t at;
	size_t n = 0;

	for (; n < w->borders.len; n += sizeof(at)) {
		memcpy(&at, w->borders.p + n, sizeof(at));
		if (at > w->pos)
			break;
	}
	w->borders.len -= n;
	if (n != 0)
		memmove(w->borders.p, w->borders.p + n, w->borders.len);
}

/* The bytes B of IT, in records that end where they ended in the frame that
 * came. The end behind it is left to emit_item(). */
static void
put_cut(struct filter *f, const struct item *it, struct atls_bytes b)
{
	const struct bytebuf *borders = &f->way[it->side].borders;
	uint64_t at, done = it->from;

	for (size_t i = 0; i < borders->len && !it->merge; i += sizeof(at)) {
		size_t n;

		memcpy(&at, borders->p + i, sizeof(at));
		if (at <= done || at >= it->from + it->size)
			continue;
		n = (size_t)(at - done) < b.len ? (size_t)(at - done) : b.len;
		emit_bytes(f, it->side, atls_bytes(b.p, n));
		emit_flush(f, it->side);
		atls_bytes_skip(&b, n);
		done = at;
	}
	emit_bytes(f, it->side, b);
}

/* Whether a record ended right behind IT. */
static bool
ended_record(const struct filter *f, const struct item *it)
{
	const struct bytebuf *borders = &f->way[it->side].borders;
	uint64_t at;

	for (size_t i = 0; i < borders->len; i += sizeof(at)) {
		memcpy(&at, borders->p + i, sizeof(at));
		if (at == it->from + it->size)
			return (true);
	}
	return (false);
}

/* IT is dealt with: its record ends, if it did. */
static void
put_border(struct filter *f, const struct item *it)
{
	struct way *w = &f->way[it->side];

	if (it->join)
		w->joined = true;
	else if (it->cut || (emit_keeps(f, it->side) && ended_record(f, it)))
		emit_flush(f, it->side);
	emit_forget_borders(w);
}

/* As long as makes its record N bytes, header and all before it included. */
static void
fill_record(struct filter *f, struct item *it)
{
	size_t before = f->way[it->side].out.len + ATLS_FRAME_HEADER;
	struct bytebuf more = { NULL, 0, 0 };

	if (it->fill <= before)
		return;
	if (it->data.len > it->fill - before)
		it->data.len = it->fill - before;
	emit_frame(&more, (struct atls_frame){ 0 }, NULL,
	    it->fill - before - it->data.len);
	bytebuf_add(&it->data, more.p + ATLS_FRAME_HEADER,
	    more.len - ATLS_FRAME_HEADER);
	bytebuf_free(&more);
}

/* The bytes of IT, in as many frames as it shall be. */
static void
encode(const struct item *it, struct bytebuf *b)
{
	size_t step = it->split != 0 ? it->split : it->data.len;
	size_t at = 0;

	if (it->event != EVENT_FRAME) {
		bytebuf_add(b, it->data.p, it->data.len);
		return;
	}
	do {
		size_t n = it->data.len - at < step ? it->data.len - at : step;
		struct atls_frame head = { it->cmd, it->sid, (uint16_t)n };

		if (it->said >= 0)
			head.len = (uint16_t)it->said;
		emit_frame(b, head, n == 0 ? NULL : it->data.p + at, n);
		at += n;
	} while (at < it->data.len);
}

/* Each N bytes of B in a record of their own. */
static void
put_pieces(struct filter *f, enum side to, const struct bytebuf *b, size_t n)
{
	emit_flush_now(f, to);
	for (size_t at = 0; at < b->len; at += n) {
		size_t len = b->len - at < n ? b->len - at : n;

		emit_bytes(f, to, atls_bytes(b->p + at, len));
		emit_flush_now(f, to);
	}
}

static void
hold_back(struct filter *f, const struct item *it, struct bytebuf *take_b)
{
	struct held *h = filter_alloc(sizeof(*h)), **at;

	h->cmd = it->behind;
	h->sid = it->sid;
	h->bytes = *take_b;
	memset(take_b, 0, sizeof(*take_b));
	for (at = &f->way[it->side].held; *at != NULL; at = &(*at)->next)
		;
	*at = h;
}

/* IT has gone out: so may what waited for it. */
static void
let_go(struct filter *f, const struct item *it)
{
	struct held **at = &f->way[it->side].held, *h;

	while ((h = *at) != NULL) {
		if (h->cmd != COMMAND_ANY &&
		    (h->cmd != it->cmd || h->sid != it->sid)) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		emit_bytes(f, it->side, atls_bytes(h->bytes.p, h->bytes.len));
		bytebuf_free(&h->bytes);
		free(h);
	}
}

void
emit_release(struct filter *f, enum side side)
{
	struct held *h;

	while ((h = f->way[side].held) != NULL) {
		f->way[side].held = h->next;
		emit_bytes(f, side, atls_bytes(h->bytes.p, h->bytes.len));
		bytebuf_free(&h->bytes);
		free(h);
	}
}

static void
put_item(struct filter *f, struct item *it)
{
	struct bytebuf b = { NULL, 0, 0 };

	if (it->fill != 0)
		fill_record(f, it);
	encode(it, &b);
	if (it->twice)
		encode(it, &b);
	if (it->behind != BEHIND_NONE) {
		hold_back(f, it, &b);
		return;
	}
	if (it->delay_ms != 0)
		queue_record(f, it->side, &b, f->now_ms + it->delay_ms);
	else if (it->pieces != 0)
		put_pieces(f, it->side, &b, it->pieces);
	else if (it->event == EVENT_FRAME && emit_keeps(f, it->side))
		put_cut(f, it, atls_bytes(b.p, b.len));
	else
		emit_bytes(f, it->side, atls_bytes(b.p, b.len));
	bytebuf_free(&b);
	if (it->event == EVENT_FRAME)
		let_go(f, it);
}

void
emit_item(struct filter *f, struct item *it)
{
	if (!it->drop && it->event == EVENT_EOF)
		emit_deed(f, DEED_EOF, it->side, 0);
	else if (!it->drop && !f->way[it->side].muted)
		put_item(f, it);
	else if (it->event == EVENT_FRAME && emit_keeps(f, it->side))
		put_cut(f, it, atls_bytes(NULL, 0));
	emit_bytes(f, it->side, atls_bytes(it->after.p, it->after.len));
	if (it->event == EVENT_FRAME || it->event == EVENT_AUTH)
		put_border(f, it);
	if (it->await && !f->way[it->side].waits) {
		emit_flush_now(f, it->side);
		f->way[it->side].waits = true;
	}
	bytebuf_free(&it->data);
	bytebuf_free(&it->after);
}
