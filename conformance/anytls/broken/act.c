/* What the actions of a rule do to a frame, and beside it. */
#include <stdio.h>
#include <string.h>

#include "conformance/anytls/broken/filter_impl.h"
#include "ref/net/digest.h"

/* The text of A, or that many zeros, into B. */
static void
add_text(struct bytebuf *b, const struct action *a)
{
	static const uint8_t zero;

	if (a->text.p != NULL) {
		bytebuf_add(b, a->text.p, a->text.len);
		return;
	}
	for (int64_t i = 0; i < a->n; i++)
		bytebuf_add(b, &zero, 1);
}

static uint32_t
sid_of(const struct filter *f, const struct action *a, uint32_t same)
{
	switch (a->sid_kind) {
	case SID_EXACT:
		return (a->sid);
	case SID_PLUS:
		return (same + a->sid);
	case SID_LAST:
		return (f->last_sid);
	case SID_SAME:
	default:
		return (same);
	}
}

/* The FRAME of A into B. */
static void
add_frame(const struct filter *f, const struct action *a, const struct item *it,
    struct bytebuf *b)
{
	struct bytebuf data = { NULL, 0, 0 };
	struct atls_frame head;

	add_text(&data, a);
	head.cmd = (uint8_t)a->cmd;
	head.sid = sid_of(f, a, it->sid);
	head.len = (uint16_t)data.len;
	emit_frame(b, head, data.p, data.len);
	bytebuf_free(&data);
}

static void
put_frame(struct filter *f, const struct action *a, const struct item *it,
    enum side to)
{
	struct bytebuf b = { NULL, 0, 0 };

	add_frame(f, a, it, &b);
	emit_bytes(f, to, atls_bytes(b.p, b.len));
	bytebuf_free(&b);
}

static void
drop_front(struct bytebuf *b, int64_t n)
{
	size_t gone = (uint64_t)n < b->len ? (size_t)n : b->len;

	if (gone == 0)
		return;
	memmove(b->p, b->p + gone, b->len - gone);
	b->len -= gone;
}

static void
put_front(struct bytebuf *b, const struct action *a)
{
	struct bytebuf all = { NULL, 0, 0 };

	add_text(&all, a);
	bytebuf_add(&all, b->p, b->len);
	bytebuf_free(b);
	*b = all;
}

static void
add_number(struct bytebuf *b, unsigned n)
{
	char line[32];
	int len = snprintf(line, sizeof(line), "\n# %u", n);

	bytebuf_add(b, line, (size_t)len);
}

/* NEW in the place of each OLD in B. */
static void
replace(struct bytebuf *b, struct atls_bytes old, struct atls_bytes new)
{
	struct bytebuf all = { NULL, 0, 0 };
	size_t at = 0;

	while (at < b->len) {
		if (b->len - at >= old.len &&
		    memcmp(b->p + at, old.p, old.len) == 0) {
			bytebuf_add(&all, new.p, new.len);
			at += old.len;
		} else {
			bytebuf_add(&all, b->p + at++, 1);
		}
	}
	bytebuf_free(b);
	*b = all;
}

static void
md5_of(const struct bytebuf *b, char hex[ATLS_MD5_HEX + 1])
{
	if (digest_md5_hex(atls_bytes(b->p, b->len), hex) != 0)
		memset(hex, '?', ATLS_MD5_HEX);
}

/* Changes the scheme B and notes what it was before. */
static void
misread(const struct filter *f, struct bytebuf *b, const struct action *a)
{
	struct misread *m = f->cfg.misread;
	char before[ATLS_MD5_HEX + 1] = "", after[ATLS_MD5_HEX + 1] = "";

	md5_of(b, before);
	replace(b, a->text, a->other);
	md5_of(b, after);
	if (m == NULL || m->n == MISREAD_MAX || strcmp(before, after) == 0)
		return;
	memcpy(m->of[m->n].given, after, sizeof(after));
	memcpy(m->of[m->n++].sent, before, sizeof(before));
}

void
act_untell(const struct filter *f, struct item *it)
{
	const struct misread *m = f->cfg.misread;

	/* The latest first: one scheme may have been changed twice. */
	for (unsigned i = m == NULL ? 0 : m->n; i-- > 0;)
		replace(&it->data, atls_bytes_str(m->of[i].given),
		    atls_bytes_str(m->of[i].sent));
}

/* Actions on the data. False: A is another. */
static bool
act_data(const struct filter *f, const struct action *a, struct item *it)
{
	struct bytebuf *b = &it->data;

	switch ((int)a->kind) {
	case ACT_DATA:
		b->len = 0;
		add_text(b, a);
		return (true);
	case ACT_ADD:
		add_text(b, a);
		return (true);
	case ACT_FORE:
		put_front(b, a);
		return (true);
	case ACT_STAMP:
		add_number(b, f->cfg.conn);
		return (true);
	case ACT_SKIP:
		drop_front(b, a->n);
		return (true);
	case ACT_TRUNCATE:
		if ((uint64_t)a->n < b->len)
			b->len = (size_t)a->n;
		return (true);
	case ACT_CHOP:
		b->len -= (uint64_t)a->n < b->len ? (size_t)a->n : b->len;
		return (true);
	case ACT_CORRUPT:
		if (b->len != 0)
			b->p[b->len - 1] ^= 1;
		return (true);
	case ACT_REPLACE:
		replace(b, a->text, a->other);
		return (true);
	case ACT_MISREAD:
		misread(f, b, a);
		return (true);
	case ACT_BYTE:
		if ((uint64_t)a->n < b->len)
			b->p[a->n] = (uint8_t)a->value;
		return (true);
	default:
		return (false);
	}
}

/* Actions on how it goes. False: A is another. */
static bool
act_way(struct filter *f, const struct action *a, struct item *it)
{
	switch ((int)a->kind) {
	case ACT_PASS:
		it->pass = true;
		return (true);
	case ACT_DROP:
		it->drop = true;
		return (true);
	case ACT_DOUBLE:
		it->twice = true;
		return (true);
	case ACT_DELAY:
		it->delay_ms = (uint32_t)a->n;
		return (true);
	case ACT_STALL:
		emit_flush_now(f, it->side);
		f->way[it->side].stall_ms = f->now_ms + (uint64_t)a->n;
		return (true);
	case ACT_SWAP:
		it->behind = COMMAND_ANY;
		return (true);
	case ACT_BEHIND:
		it->behind = a->cmd;
		return (true);
	case ACT_SPLIT:
		it->split = (size_t)a->n;
		return (true);
	case ACT_PIECES:
		it->pieces = (size_t)a->n;
		return (true);
	case ACT_LOSE:
		it->lose = true;
		return (true);
	case ACT_AWAIT:
		it->await = true;
		return (true);
	default:
		return (false);
	}
}

/* Actions on the header. False: A is another. */
static bool
act_header(struct filter *f, const struct action *a, struct item *it)
{
	int64_t len = (int64_t)it->data.len;

	switch ((int)a->kind) {
	case ACT_CMD:
		it->cmd = (uint8_t)a->n;
		return (true);
	case ACT_SID:
		it->sid = sid_of(f, a, it->sid);
		return (true);
	case ACT_LENGTH:
		it->said = (a->relative ? len + a->n : a->n) & 0xffff;
		return (true);
	case ACT_FIX:
		it->fix = true;
		if (it->data.len >= ATLS_AUTH_HASH)
			memcpy(it->data.p, f->cfg.hash, ATLS_AUTH_HASH);
		return (true);
	case ACT_RETRY:
		it->retry = true;
		return (true);
	case ACT_MERGE:
		it->merge = true;
		return (true);
	case ACT_JOIN:
		it->join = true;
		return (true);
	case ACT_CUT:
		it->cut = true;
		return (true);
	case ACT_FILL:
		it->fill = (size_t)a->n;
		return (true);
	default:
		return (false);
	}
}

/* Actions beside it. False: A is another. */
static bool
act_beside(struct filter *f, const struct action *a, struct item *it)
{
	enum side other = it->side == SIDE_UP ? SIDE_DOWN : SIDE_UP;

	switch ((int)a->kind) {
	case ACT_INSERT:
		put_frame(f, a, it, it->side);
		return (true);
	case ACT_APPEND:
		add_frame(f, a, it, &it->after);
		return (true);
	case ACT_ANSWER:
		put_frame(f, a, it, other);
		return (true);
	case ACT_SAY:
		emit_bytes(f, SIDE_DOWN, a->text);
		return (true);
	case ACT_MARK:
		f->marked = true;
		return (true);
	case ACT_MARKALL:
		*f->cfg.allmarked = true;
		return (true);
	case ACT_MUTE:
		f->way[it->side].muted = true;
		return (true);
	case ACT_GATHER:
		f->way[it->side].gather_ms = (uint32_t)a->n;
		return (true);
	case ACT_IDLE:
		f->idle_ms = (uint32_t)a->n;
		f->idle_at_ms = f->now_ms + f->idle_ms;
		return (true);
	default:
		return (false);
	}
}

void
act_rule(struct filter *f, const struct rule *r, struct item *it)
{
	static const enum deed deeds[ACT_COUNT] = {
		[ACT_CLOSE] = DEED_CLOSE,
		[ACT_RESET] = DEED_RESET,
		[ACT_LEAVE] = DEED_LEAVE,
		[ACT_HANG] = DEED_HANG,
		[ACT_REFUSE] = DEED_REFUSE,
		[ACT_FREEZE] = DEED_FREEZE,
		[ACT_CRASH] = DEED_CRASH,
	};

	for (size_t i = 0; i < r->nactions; i++) {
		const struct action *a = &r->actions[i];

		if (act_data(f, a, it) || act_way(f, a, it) ||
		    act_header(f, a, it) || act_beside(f, a, it))
			continue;
		emit_deed(f, deeds[a->kind], it->side, (uint32_t)a->n);
	}
}
