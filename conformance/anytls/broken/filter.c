/* One sabotaged connection: from records to what rules look at. */
#include "conformance/anytls/broken/filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/anytls/broken/filter_impl.h"
#include "ref/wire/command.h"

void *
filter_alloc(size_t len)
{
	void *p = calloc(1, len == 0 ? 1 : len);

	if (p == NULL) {
		fprintf(stderr, "anytls-broken: out of memory\n");
		abort();
	}
	return (p);
}

void
bytebuf_add(struct bytebuf *b, const void *p, size_t len)
{
	if (b->cap - b->len < len) {
		size_t cap = 2 * b->cap + len + 64;
		uint8_t *more = filter_alloc(cap);

		if (b->len != 0)
			memcpy(more, b->p, b->len);
		free(b->p);
		b->p = more;
		b->cap = cap;
	}
	if (len != 0)
		memcpy(b->p + b->len, p, len);
	b->len += len;
}

void
bytebuf_free(struct bytebuf *b)
{
	free(b->p);
	memset(b, 0, sizeof(*b));
}

/* An item of which nothing is known but where it goes. */
static struct item
new_item(enum event event, enum side side)
{
	struct item it;

	memset(&it, 0, sizeof(it));
	it.event = event;
	it.side = side;
	it.said = -1;
	it.behind = BEHIND_NONE;
	it.records = 1;
	it.reads = 1;
	return (it);
}

/* All rules on IT, then IT itself goes where they say. Tells whether the rest
 * of its record goes with it. */
static bool
handle(struct filter *f, struct item *it)
{
	bool lose;

	if (it->event == EVENT_FRAME && it->side == SIDE_UP &&
	    it->cmd == ATLS_CMD_SETTINGS)
		act_untell(f, it);
	match_note(f, it);
	for (size_t i = 0; i < f->cfg.rules->n && !it->pass; i++) {
		if (match_rule(f, i, it))
			act_rule(f, &f->cfg.rules->rule[i], it);
	}
	lose = it->lose;
	emit_item(f, it);
	return (!lose);
}

struct filter *
filter_new(const struct filter_config *cfg)
{
	struct filter *f = filter_alloc(sizeof(*f));
	struct item it = new_item(EVENT_OPEN, SIDE_UP);

	f->cfg = *cfg;
	f->now_ms = cfg->now_ms;
	f->made_ms = cfg->now_ms;
	f->version = -1;
	handle(f, &it);
	emit_flush(f, SIDE_UP);
	emit_flush(f, SIDE_DOWN);
	return (f);
}

static void
way_free(struct way *w)
{
	struct held *h;

	while ((h = w->held) != NULL) {
		w->held = h->next;
		bytebuf_free(&h->bytes);
		free(h);
	}
	bytebuf_free(&w->frame);
	bytebuf_free(&w->out);
	bytebuf_free(&w->borders);
}

static void
pending_free(struct pending *p)
{
	if (p != NULL)
		free(p->bytes);
	free(p);
}

void
filter_free(struct filter *f)
{
	struct seen *s;
	struct pending *p;

	if (f == NULL)
		return;
	way_free(&f->way[SIDE_UP]);
	way_free(&f->way[SIDE_DOWN]);
	bytebuf_free(&f->held_auth);
	while ((s = f->seen) != NULL) {
		f->seen = s->next;
		free(s);
	}
	while ((p = f->pending) != NULL) {
		f->pending = p->next;
		pending_free(p);
	}
	pending_free(f->given);
	free(f);
}

/* The authentication request is complete, or as complete as it gets. False: the
 * rest of its record is lost. */
static bool
auth_done(struct filter *f, bool wrong, bool is_short)
{
	struct item it = new_item(EVENT_AUTH, SIDE_UP);
	bool goes_on;

	f->phase = wrong || is_short ? PHASE_RAW : PHASE_FRAMES;
	if (f->fixed)
		return (true);

	it.data = f->held_auth;
	memset(&f->held_auth, 0, sizeof(f->held_auth));
	it.wrong = wrong;
	it.is_short = is_short;
	it.records = f->auth_records;
	it.reads = f->auth_reads;
	goes_on = handle(f, &it);
	if (it.fix) {
		/* Its padding is still to come. */
		f->phase = PHASE_AUTH;
		f->fixed = true;
		memcpy(f->auth.header, f->cfg.hash, ATLS_AUTH_HASH);
	} else if (it.retry) {
		f->phase = PHASE_AUTH;
		memset(&f->auth, 0, sizeof(f->auth));
	}
	return (goes_on);
}

/* Takes N bytes of the request, or what there is, off *IN. They go to the
 * server at once, unless rules may want to change them. */
static void
auth_take(struct filter *f, struct atls_bytes *in, size_t n)
{
	struct atls_bytes b = atls_bytes(in->p, n < in->len ? n : in->len);

	if (!f->fixed && rules_about(f->cfg.rules, SIDE_UP, EVENT_AUTH))
		bytebuf_add(&f->held_auth, b.p, b.len);
	else
		emit_bytes(f, SIDE_UP, b);
	atls_bytes_skip(in, b.len);
}

/* Reads the request as it comes. Leaves in *IN what is behind it. */
static void
read_auth(struct filter *f, struct atls_bytes *in)
{
	size_t left = (size_t)(ATLS_AUTH_HEADER - f->auth.nheader);
	struct atls_bytes head =
	    atls_bytes(in->p, in->len < left ? in->len : left);
	struct atls_bytes rest;
	int err;

	(void)atls_auth_read(&f->auth, &head);
	auth_take(f, in, left);
	if (f->auth.nheader < ATLS_AUTH_HEADER)
		return;
	if (memcmp(f->auth.header, f->cfg.hash, ATLS_AUTH_HASH) != 0 &&
	    !auth_done(f, true, false))
		in->len = 0;
	if (f->phase != PHASE_AUTH || f->auth.nheader < ATLS_AUTH_HEADER)
		return;
	rest = *in;
	err = atls_auth_read(&f->auth, &rest);
	auth_take(f, in, in->len - rest.len);
	if (err == 0 && !auth_done(f, false, false))
		in->len = 0;
}

/* Where in the bytes of its side, and in which record, a whole frame was. */
static void
place(struct way *w, struct item *it)
{
	it->record = w->began;
	it->from = w->pos;
	it->size = ATLS_FRAME_HEADER + it->data.len;
	w->pos += it->size;
	w->began = w->nrecords;
}

static void
read_frames(
    struct filter *f, enum side side, struct atls_bytes in, unsigned reads)
{
	struct way *w = &f->way[side];
	struct atls_part part;
	unsigned nth = 0;

	if (atls_splitter_idle(&w->splitter)) {
		w->records = 0;
		w->reads = 0;
		w->began = w->nrecords;
	}
	w->end += in.len;
	emit_border(w);
	w->records++;
	w->reads += reads;
	while (atls_splitter_next(&w->splitter, &in, &part)) {
		struct item it;

		if (part.offset == 0)
			w->frame.len = 0;
		w->head = part.frame;
		bytebuf_add(&w->frame, part.data.p, part.data.len);
		if (!part.last)
			continue;
		it = new_item(EVENT_FRAME, side);
		it.cmd = part.frame.cmd;
		it.sid = part.frame.sid;
		bytebuf_add(&it.data, w->frame.p, w->frame.len);
		w->frame.len = 0;
		it.nth = nth++;
		it.records = w->records;
		it.reads = w->reads;
		place(w, &it);
		w->records = 1;
		w->reads = reads;
		if (!handle(f, &it)) {
			w->pos = w->end;
			emit_forget_borders(w);
			return;
		}
	}
}

static void
read_raw(struct filter *f, enum side side, struct atls_bytes in)
{
	struct item it = new_item(EVENT_RAW, side);

	bytebuf_add(&it.data, in.p, in.len);
	handle(f, &it);
}

/* What is made so far leaves. Where records are kept, one that ends inside a
 * frame leaves with that frame. */
static void
flush_both(struct filter *f)
{
	const struct way *up = &f->way[SIDE_UP];

	if (!emit_keeps(f, SIDE_UP) ||
	    (atls_splitter_idle(&up->splitter) && !up->joined))
		emit_flush(f, SIDE_UP);
	emit_flush(f, SIDE_DOWN);
}

void
filter_record(struct filter *f, enum side side, struct atls_bytes record,
    unsigned reads, uint64_t now_ms)
{
	f->now_ms = now_ms;
	f->idle_at_ms = now_ms + f->idle_ms;
	if (f->way[side].muted)
		return;
	f->way[side == SIDE_UP ? SIDE_DOWN : SIDE_UP].waits = false;
	f->way[side].joined = false;
	if (side == SIDE_UP && f->phase == PHASE_AUTH) {
		f->auth_records++;
		f->auth_reads += reads;
		while (f->phase == PHASE_AUTH && record.len != 0)
			read_auth(f, &record);
	}
	if (f->phase == PHASE_FRAMES) {
		read_frames(f, side, record, reads);
	} else if (record.len != 0) {
		read_raw(f, side, record);
	}
	f->way[side].nrecords++;
	flush_both(f);
}

/* What SIDE has sent of a frame goes as it is. */
static void
flush_partial(struct filter *f, enum side side)
{
	struct way *w = &f->way[side];

	if (atls_splitter_idle(&w->splitter))
		return;
	emit_bytes(
	    f, side, atls_bytes(w->splitter.header, w->splitter.nheader));
	emit_bytes(f, side, atls_bytes(w->frame.p, w->frame.len));
}

void
filter_eof(struct filter *f, enum side side, enum ending how, uint64_t now_ms)
{
	struct item it = new_item(EVENT_EOF, side);

	f->now_ms = now_ms;
	if (f->way[side].ended)
		return;
	f->way[side].ended = true;
	if (side == SIDE_UP && f->phase == PHASE_AUTH)
		auth_done(f, false, true);
	it.ending = how;
	it.partial = !atls_splitter_idle(&f->way[side].splitter);
	if (f->phase == PHASE_FRAMES && !f->way[side].muted)
		flush_partial(f, side);
	emit_release(f, side);
	handle(f, &it);
	emit_flush_now(f, SIDE_UP);
	emit_flush_now(f, SIDE_DOWN);
}

bool
filter_next(struct filter *f, uint64_t now_ms, struct filter_out *out)
{
	f->now_ms = now_ms;
	for (int side = SIDE_UP; side <= SIDE_DOWN; side++) {
		uint64_t at = f->way[side].gather_at_ms;

		if (at != 0 && at <= now_ms)
			emit_flush_now(f, (enum side)side);
	}
	if (f->idle_ms != 0 && f->idle_at_ms <= now_ms) {
		f->idle_ms = 0;
		emit_deed(f, DEED_CLOSE, SIDE_UP, 0);
	}
	pending_free(f->given);
	f->given = NULL;
	if (f->pending == NULL || f->pending->at_ms > now_ms)
		return (false);
	f->given = f->pending;
	f->pending = f->given->next;
	*out = f->given->out;
	return (true);
}

uint64_t
filter_deadline(const struct filter *f)
{
	uint64_t at = f->pending == NULL ? UINT64_MAX : f->pending->at_ms;

	for (int side = SIDE_UP; side <= SIDE_DOWN; side++) {
		uint64_t gather = f->way[side].gather_at_ms;

		if (gather != 0 && gather < at)
			at = gather;
	}
	if (f->idle_ms != 0 && f->idle_at_ms < at)
		at = f->idle_at_ms;
	return (at);
}
