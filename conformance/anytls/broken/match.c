/* What rules may ask: the streams of a connection, and the conditions. */
#include <string.h>

#include "conformance/anytls/broken/filter_impl.h"
#include "ref/wire/command.h"
#include "ref/wire/settings.h"
#include "ref/wire/uot.h"

static struct seen *
find_seen(const struct filter *f, uint32_t sid)
{
	for (struct seen *s = f->seen; s != NULL; s = s->next) {
		if (s->sid == sid)
			return (s);
	}
	return (NULL);
}

static struct seen *
add_seen(struct filter *f, uint32_t sid)
{
	struct seen *s = filter_alloc(sizeof(*s));

	s->sid = sid;
	s->flag = -1;
	s->next = f->seen;
	f->seen = s;
	return (s);
}

/* Reads the address, and the byte isConnect behind it, of the first bytes. */
static void
read_head(struct seen *s)
{
	struct atls_bytes in = atls_bytes(s->head, s->nhead);
	struct atls_addr a;

	if (s->type == 0 && atls_addr_read(&in, &a) == 0) {
		s->type = a.type;
		s->addr_len = s->nhead - in.len;
		s->uot = atls_uot_is_magic(&a) || atls_uot_is_magic_v1(&a);
	}
	if (s->uot && s->nhead > s->addr_len)
		s->flag = s->head[s->addr_len];
}

static void
note_psh(struct seen *s, struct item *it)
{
	size_t n = it->data.len, room = STREAM_HEAD - s->nhead;

	it->addr = it->side == SIDE_UP && s->type == 0;
	if (it->side == SIDE_UP && room != 0) {
		memcpy(s->head + s->nhead, it->data.p, n < room ? n : room);
		s->nhead += n < room ? n : room;
		read_head(s);
	}
	it->is_short = it->addr && s->type == 0;
	it->tail =
	    it->addr && s->type != 0 && it->was.sent[SIDE_UP] + n > s->addr_len;
	s->npsh[it->side]++;
	s->sent[it->side] += n;
}

static void
note_syn(struct filter *f, struct item *it, struct seen *s)
{
	struct seen *next;

	it->used = s != NULL;
	it->lower = f->opened > 0 && it->sid < f->last_sid;
	if (s == NULL) {
		s = add_seen(f, it->sid);
	} else if (!s->running) {
		next = s->next;
		memset(s, 0, sizeof(*s));
		s->next = next;
		s->sid = it->sid;
		s->flag = -1;
	}
	if (!s->running)
		f->open++;
	f->opened++;
	s->running = true;
	f->last_sid = it->sid;
}

static void
note_end(struct filter *f, struct seen *s, bool by_client)
{
	if (s->running && f->open > 0)
		f->open--;
	s->running = false;
	if (by_client)
		s->closed = true;
}

static void
note_settings(struct filter *f, const struct item *it)
{
	struct atls_settings st;

	atls_settings_read(atls_bytes(it->data.p, it->data.len), &st);
	f->version = st.has_version ? st.version : 1;
	if (f->version < 0)
		f->version = 0; /* below are sessions without settings */
}

void
match_note(struct filter *f, struct item *it)
{
	struct seen *s;

	if (it->event != EVENT_FRAME)
		return;
	s = find_seen(f, it->sid);
	if (s != NULL)
		it->was = *s;
	if (it->side == SIDE_UP && it->cmd == ATLS_CMD_SETTINGS)
		note_settings(f, it);
	if (it->side == SIDE_UP && it->cmd == ATLS_CMD_SYN) {
		note_syn(f, it, s);
	} else if (s != NULL && it->cmd == ATLS_CMD_FIN) {
		note_end(f, s, it->side == SIDE_UP);
	} else if (s != NULL && it->cmd == ATLS_CMD_PSH) {
		note_psh(s, it);
	} else if (s != NULL && it->cmd == ATLS_CMD_SYNACK) {
		s->acked = s->acked || it->data.len == 0;
		s->refused = s->refused || it->data.len != 0;
	}
	if (s != NULL) {
		it->was.uot = s->uot;
		it->was.flag = s->flag;
		it->was.type = s->type;
	}
}

static int64_t
padding_of(const struct item *it)
{
	if (it->event != EVENT_AUTH || it->data.len < ATLS_AUTH_HEADER)
		return (-1);
	return (atls_get16(it->data.p + ATLS_AUTH_HASH));
}

/* Bytes of the hash that are right: all, or those before the first wrong. */
static int64_t
equal_bytes(const struct filter *f, const struct item *it, bool prefix)
{
	int64_t n = 0;

	if (it->event != EVENT_AUTH)
		return (-1);
	for (size_t i = 0; i < ATLS_AUTH_HASH && i < it->data.len; i++) {
		if (it->data.p[i] == f->cfg.hash[i])
			n++;
		else if (prefix)
			break;
	}
	return (n);
}

static int64_t
dialling(const struct filter *f)
{
	int64_t n = 0;

	for (const struct seen *s = f->seen; s != NULL; s = s->next) {
		if (s->running && s->type != 0 && !s->acked && !s->refused)
			n++;
	}
	return (n);
}

static int64_t
data_byte(const struct item *it, size_t i)
{
	return (i < it->data.len ? it->data.p[i] : -1);
}

static int64_t
number_of(const struct filter *f, const struct item *it, enum cond_kind kind)
{
	switch ((int)kind) {
	case COND_SID:
		return (it->sid);
	case COND_CMD:
		return (it->cmd);
	case COND_LEN:
		return ((int64_t)it->data.len);
	case COND_PAD:
		return (padding_of(it));
	case COND_RECORDS:
		return (it->records);
	case COND_READS:
		return (it->reads);
	case COND_NTH:
		return (it->nth);
	case COND_RECORD:
		return (it->record);
	case COND_V:
		return (f->version);
	case COND_PSH:
		return (it->was.npsh[it->side]);
	case COND_SENT:
		return ((int64_t)it->was.sent[it->side]);
	case COND_OPENED:
		return (f->opened);
	case COND_OPEN:
		return (f->open);
	case COND_CONN:
		return (f->cfg.conn);
	case COND_LIVE:
		return (f->cfg.live);
	case COND_MS:
		return ((int64_t)(f->now_ms - f->made_ms));
	case COND_DIALLING:
		return (dialling(f));
	case COND_PREFIX:
		return (equal_bytes(f, it, true));
	case COND_EQUAL:
		return (equal_bytes(f, it, false));
	case COND_FLAG:
		return (it->was.uot ? it->was.flag : -1);
	case COND_END:
		return (it->data.len == 0 ? -1 : it->data.p[it->data.len - 1]);
	default: /* COND_B0 and so on */
		return (data_byte(it, (size_t)(kind - COND_B0)));
	}
}

/* Flags of a stream and its target. */
static bool
stream_flag(const struct item *it, enum cond_kind kind)
{
	switch ((int)kind) {
	case COND_RUNNING:
		return (it->was.running);
	case COND_CLOSED:
		return (it->was.closed);
	case COND_USED:
		return (it->used);
	case COND_ACKED:
		return (it->was.acked);
	case COND_REFUSED:
		return (it->was.refused);
	case COND_ADDR:
		return (it->addr);
	case COND_TAIL:
		return (it->tail);
	case COND_UOT:
		return (it->was.uot);
	case COND_CONNECT:
		return (it->was.uot && it->was.flag > 0);
	case COND_V4:
		return (it->was.type == ATLS_ADDR_IPV4);
	case COND_V6:
		return (it->was.type == ATLS_ADDR_IPV6);
	case COND_LOWER:
		return (it->lower);
	default:
		return (it->was.type == ATLS_ADDR_NAME);
	}
}

static bool
is_newline_hash(const struct filter *f, const struct item *it)
{
	return (it->event == EVENT_AUTH && it->data.len >= ATLS_AUTH_HASH &&
	    memcmp(it->data.p, f->cfg.newline_hash, ATLS_AUTH_HASH) == 0);
}

static bool
other_stalled(const struct filter *f, const struct item *it)
{
	enum side other = it->side == SIDE_UP ? SIDE_DOWN : SIDE_UP;

	return (f->way[other].stall_ms > f->now_ms);
}

static bool
flag_of(const struct filter *f, const struct item *it, enum cond_kind kind)
{
	switch ((int)kind) {
	case COND_WRONG:
		return (it->wrong);
	case COND_SHORT:
		return (it->is_short);
	case COND_PARTIAL:
		return (it->partial);
	case COND_NEWLINE:
		return (is_newline_hash(f, it));
	case COND_FALLBACK:
		return (f->cfg.fallback);
	case COND_BARE:
		return (it->ending == ENDS_BARE);
	case COND_RST:
		return (it->ending == ENDS_RESET);
	case COND_MARKED:
		return (f->marked);
	case COND_ALLMARKED:
		return (*f->cfg.allmarked);
	case COND_STALLED:
		return (other_stalled(f, it));
	case COND_JUDGED:
		return (f->cfg.judged);
	default:
		return (stream_flag(it, kind));
	}
}

static bool
has_text(const struct item *it, struct atls_bytes text)
{
	for (size_t i = 0; i + text.len <= it->data.len; i++) {
		if (text.len == 0 ||
		    memcmp(it->data.p + i, text.p, text.len) == 0)
			return (true);
	}
	return (false);
}

static bool
match_cond(const struct filter *f, const struct item *it, const struct cond *c)
{
	int64_t n;

	if (c->kind == COND_HAS)
		return (has_text(it, c->text));
	if (c->op == OP_TRUE)
		return (flag_of(f, it, c->kind));
	n = number_of(f, it, c->kind);
	switch (c->op) {
	case OP_EQ:
		return (n == c->n);
	case OP_NE:
		return (n != c->n);
	case OP_LT:
		return (n < c->n);
	case OP_GT:
	case OP_TRUE:
	default:
		return (n > c->n);
	}
}

static bool
match_command(const struct rule *r, const struct item *it)
{
	if (r->cmd == COMMAND_ANY)
		return (true);
	if (r->cmd == COMMAND_UNKNOWN)
		return (it->cmd >= ATLS_NCOMMANDS);
	return (r->cmd == it->cmd);
}

bool
match_rule(struct filter *f, size_t i, const struct item *it)
{
	const struct rule *r = &f->cfg.rules->rule[i];

	if (r->side != it->side || r->event != it->event)
		return (false);
	if (r->event == EVENT_FRAME && !match_command(r, it))
		return (false);
	for (size_t j = 0; j < r->nconds; j++) {
		const struct cond *c = &r->conds[j];

		if (match_cond(f, it, c) == c->negate)
			return (false);
	}
	f->count[i]++;
	return (f->count[i] >= r->from && f->count[i] <= r->to);
}
