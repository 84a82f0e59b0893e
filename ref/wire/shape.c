/* The record-size oracle: sessions, records, authentication. */
#include "ref/wire/shape.h"

#include <string.h>

#include "ref/wire/command.h"
#include "ref/wire/err.h"
#include "ref/wire/kv.h"
#include "ref/wire/shape_impl.h"

/* Go cuts the n-th record at this times n + 1; by cipher and TLS version. */
static const uint32_t cut_units[] = { 1186, 1179, 1187 };

/* The first packet from which on a scheme pads nothing. */
static uint32_t
scheme_cap(const struct atls_scheme *s)
{
	struct atls_kv_reader r = { s->text, 0 };
	struct atls_kv kv;
	uint32_t cap = 0;
	uint32_t n;

	while (atls_kv_next(&r, &kv)) {
		if (atls_scheme_packet(kv.key, &n) && n < s->stop && n >= cap)
			cap = n + 1;
	}
	return (cap);
}

void
atls_shape_init(
    struct atls_shape_oracle *o, const struct atls_shape_config *cfg)
{
	memset(o, 0, sizeof(*o));
	o->cfg = *cfg;
	o->schemes[0] = cfg->scheme;
	o->nschemes = 1;
	o->first = (uint32_t)(1 + cfg->shift);
	o->cap = scheme_cap(cfg->scheme);
	o->record = cfg->first_record;
	o->in_auth = cfg->auth != ATLS_SHAPE_AUTH_ABSENT;
	o->now = 1;
	atls_shape_begin(o, o->first, 0, ATLS_SHAPE_REFERENCE);
	o->now = 0;
}

int
atls_shape_update(struct atls_shape_oracle *o, const struct atls_scheme *scheme)
{
	uint32_t cap = scheme_cap(scheme);
	unsigned i;

	if (o->nschemes == ATLS_SHAPE_SCHEMES)
		return (ATLS_E_LIMIT);
	o->schemes[o->nschemes++] = scheme;
	if (cap > o->cap)
		o->cap = cap;
	o->nguesses[1 - o->now] = 0;
	for (i = 0; i < o->nguesses[o->now]; i++) {
		const struct atls_shape_guess *g = &o->guesses[o->now][i];

		if (g->phase == SHAPE_FREE && atls_splitter_idle(&o->splitter))
			atls_shape_reopen(o, g);
		else if (g->phase == SHAPE_START)
			atls_shape_begin(o, g->packet, g->scheme, g->level);
		else
			atls_shape_add(o, g);
	}
	o->now = 1 - o->now;
	if (o->overflow && o->reading < ATLS_SHAPE_NONE)
		o->reading = ATLS_SHAPE_UNDETERMINED;
	return (0);
}

/* True for a length at which a write may be cut (AT-RS-07). */
static bool
is_cut(const struct atls_shape_oracle *o, size_t len)
{
	size_t i;

	if (len == ATLS_SHAPE_MAX_RECORD || len == o->cfg.max_record)
		return (true);
	for (i = 0; i < sizeof(cut_units) / sizeof(cut_units[0]); i++) {
		if (len == cut_units[i] * ((uint64_t)o->record + 1))
			return (true);
	}
	return (false);
}

/* Reads the frames of a record. */
static struct shape_facts
read_facts(struct atls_shape_oracle *o, struct atls_bytes in)
{
	struct shape_facts f = { in.len, 0, 0, SHAPE_WHY_SIZE, false, false,
		false, 0 };
	struct atls_splitter *sp = &o->splitter;
	struct atls_part part = { .last = false };
	bool more = true;

	f.begins = atls_splitter_idle(sp);
	f.cut = is_cut(o, in.len);
	if (in.len > ATLS_SHAPE_MAX_RECORD)
		f.why = SHAPE_WHY_OVERSIZE;
	while (in.len != 0 && more) {
		uint8_t cmd = atls_splitter_idle(sp) ? in.p[0] : sp->header[0];
		size_t before = in.len;

		more = atls_splitter_next(sp, &in, &part);
		if (cmd == ATLS_CMD_WASTE) {
			f.waste += before - in.len;
			continue;
		}
		if (f.waste != 0)
			f.why = SHAPE_WHY_MIXED;
		f.payload += before - in.len;
		if (more && part.last && o->nframes < UINT32_MAX)
			o->nframes++;
	}
	f.border = atls_splitter_idle(sp);
	f.left = sp->nheader == ATLS_FRAME_HEADER ? sp->left : 0;
	return (f);
}

/* Raises the reading, and notes what was lost by record F. */
static void
raise_reading(
    struct atls_shape_oracle *o, unsigned reading, const struct shape_facts *f)
{
	unsigned r;

	for (r = o->reading; r < reading; r++)
		atls_shape_lost(o, r, f);
	o->reading = (enum atls_shape_reading)reading;
}

static unsigned
best_level(const struct atls_shape_oracle *o, unsigned half)
{
	unsigned best = ATLS_SHAPE_NONE;
	unsigned i;

	for (i = 0; i < o->nguesses[half]; i++) {
		if (o->guesses[half][i].level < best)
			best = o->guesses[half][i].level;
	}
	return (best);
}

/* Judges a record of frames. */
static void
session_record(struct atls_shape_oracle *o, struct atls_bytes plain)
{
	struct shape_facts f = read_facts(o, plain);
	unsigned next = 1 - o->now;
	unsigned i;
	unsigned best;

	o->nguesses[next] = 0;
	o->let_off = SHAPE_WHY_SIZE;
	o->drawn = false;
	o->draw_level = ATLS_SHAPE_NONE;
	for (i = 0; i < o->nguesses[o->now] && f.why == SHAPE_WHY_SIZE; i++)
		atls_shape_step(o, &o->guesses[o->now][i], &f);
	if (o->overflow) {
		o->reading = ATLS_SHAPE_UNDETERMINED;
		o->drawn = false;
		return;
	}
	best = best_level(o, next);
	if (best == ATLS_SHAPE_TOLERANT)
		f.why = o->let_off;
	if (best > o->reading)
		raise_reading(o, best, &f);
	o->now = next;
	o->record++;
}

uint8_t
atls_shape_padding0(
    const struct atls_scheme *s, uint32_t n, struct shape_item *item)
{
	struct atls_bytes rule = s->rule[0];
	struct atls_scheme_item it;
	uint32_t index = 0;
	bool more;

	*item = (struct shape_item){ 0, 0, 0 };
	do {
		index++;
		more = atls_scheme_item_next(&rule, &it);
	} while (more && it.skip != NULL);
	if (more && !it.check)
		*item = atls_shape_bounds(&it, index);
	if (item->low > UINT16_MAX)
		item->low = UINT16_MAX;
	if (item->high > UINT16_MAX)
		item->high = UINT16_MAX;
	/* With stop 0 the text has no packet 0; Go sends it all the same. */
	if (s->stop == 0 && n == 0)
		return (ATLS_SHAPE_REFERENCE);
	return (atls_shape_fit(n, item->low, item->high));
}

/* Judges padding0, and what else is in the record: F->WHY says. */
static unsigned
judge_auth(
    struct atls_shape_oracle *o, struct shape_facts *f, bool done, size_t rest)
{
	uint32_t n = atls_auth_padding(&o->auth);
	unsigned level = ATLS_SHAPE_REFERENCE;
	struct shape_item it;

	if (!done) {
		f->why = SHAPE_WHY_SPLIT;
		return (f->cut ? ATLS_SHAPE_REFERENCE : ATLS_SHAPE_NONE);
	}
	level = atls_shape_padding0(o->schemes[0], n, &it);
	if (level > ATLS_SHAPE_REFERENCE || rest == 0) {
		f->why = SHAPE_WHY_PADDING0;
		f->payload = n;
	} else {
		f->why = SHAPE_WHY_JOINED;
	}
	if (level == ATLS_SHAPE_REFERENCE && it.high != 0) {
		o->draw = (struct atls_shape_draw){ 0, it.index,
			(uint32_t)it.low, (uint32_t)it.high, n, true };
		o->drawn = true;
	}
	if (rest != 0 && level < ATLS_SHAPE_TOLERANT)
		level = ATLS_SHAPE_TOLERANT;
	return (level);
}

static void
auth_record(struct atls_shape_oracle *o, struct atls_bytes plain)
{
	struct atls_bytes rest = plain;
	struct shape_facts f = { plain.len, 0, 0, SHAPE_WHY_SPLIT,
		is_cut(o, plain.len), false, false, 0 };
	bool done = atls_auth_read(&o->auth, &rest) == 0;
	unsigned level = ATLS_SHAPE_REFERENCE;
	unsigned i;

	o->drawn = false;
	if (o->cfg.auth == ATLS_SHAPE_AUTH_JUDGED)
		level = judge_auth(o, &f, done, rest.len);
	if (level > o->reading)
		raise_reading(o, level, &f);
	for (i = 0; i < o->nguesses[o->now]; i++)
		o->guesses[o->now][i].level = (uint8_t)o->reading;
	o->in_auth = !done;
	if (rest.len != 0 && o->reading < ATLS_SHAPE_NONE) {
		bool drawn = o->drawn;
		struct atls_shape_draw draw = o->draw;

		session_record(o, rest);
		/* One record has one draw to tell; the first is the surer. */
		o->drawn = drawn;
		if (drawn)
			o->draw = draw;
		return;
	}
	o->record++;
}

enum atls_shape_reading
atls_shape_record(struct atls_shape_oracle *o, struct atls_bytes plain)
{
	if (o->reading >= ATLS_SHAPE_NONE) {
		o->drawn = false;
		return (o->reading);
	}
	if (plain.len == 0)
		o->drawn = false;
	else if (o->in_auth)
		auth_record(o, plain);
	else
		session_record(o, plain);
	return (o->reading);
}

enum atls_shape_reading
atls_shape_at_rest(const struct atls_shape_oracle *o)
{
	unsigned best = ATLS_SHAPE_NONE;
	unsigned i;

	if (o->reading >= ATLS_SHAPE_NONE)
		return (o->reading);
	if (o->in_auth)
		return (ATLS_SHAPE_NONE);
	for (i = 0; i < o->nguesses[o->now]; i++) {
		const struct atls_shape_guess *g = &o->guesses[o->now][i];
		bool free =
		    g->phase == SHAPE_FREE && atls_splitter_idle(&o->splitter);

		if ((free || g->phase == SHAPE_START) && g->level < best)
			best = g->level;
	}
	return ((enum atls_shape_reading)best);
}

bool
atls_shape_drawn(
    const struct atls_shape_oracle *o, struct atls_shape_draw *draw)
{
	if (o->drawn)
		*draw = o->draw;
	return (o->drawn);
}
