/* Watches what a session writes. */
#include "fuzz/emit.h"

#include "fuzz/fuzz.h"

uint64_t
emit_hash(uint64_t hash, const void *p, size_t len)
{
	const uint8_t *b = p;

	while (len-- != 0)
		hash = (hash ^ *b++) * UINT64_C(1099511628211);
	return (hash);
}

static struct emit_stream *
find(struct emit *e, uint32_t sid)
{
	size_t i;

	for (i = 0; i < EMIT_STREAMS; i++) {
		if (e->streams[i].used && e->streams[i].sid == sid)
			return (&e->streams[i]);
	}
	return (NULL);
}

/* With too many streams nothing is known of the rest. */
static void
add(struct emit *e, uint32_t sid, bool wants_ack)
{
	size_t i;

	for (i = 0; i < EMIT_STREAMS; i++) {
		if (e->streams[i].used)
			continue;
		e->streams[i] =
		    (struct emit_stream){ sid, true, wants_ack, false, false };
		return;
	}
	e->full = true;
}

static void
check_client(struct emit *e, const struct atls_part *part)
{
	struct emit_stream *st = find(e, part->frame.sid);
	uint8_t cmd = part->frame.cmd;

	assert(e->settings || cmd == ATLS_CMD_SETTINGS);
	assert(!e->settings || cmd != ATLS_CMD_SETTINGS);
	e->settings = true;
	if (cmd == ATLS_CMD_SYN) {
		assert(part->frame.sid > e->last_sid);
		e->last_sid = part->frame.sid;
		add(e, part->frame.sid, false);
	} else if (cmd == ATLS_CMD_PSH || cmd == ATLS_CMD_FIN) {
		assert(part->frame.sid <= e->last_sid);
		assert(e->full || st != NULL);
		if (st != NULL && cmd == ATLS_CMD_FIN)
			st->used = false;
	}
}

static void
check_server(struct emit *e, const struct atls_part *part)
{
	struct emit_stream *st = find(e, part->frame.sid);
	uint8_t cmd = part->frame.cmd;

	/* The Alert of a refusal is the last word. */
	assert(!e->alert);
	if (cmd == ATLS_CMD_ALERT) {
		assert(part->frame.len != 0);
		e->alert = true;
	} else if (cmd == ATLS_CMD_SYNACK) {
		assert(e->was_v2);
		assert(e->full || st != NULL || part->frame.len != 0);
		if (st != NULL) {
			assert(st->wants_ack && !st->acked && !st->fin);
			st->acked = true;
		}
	} else if (cmd == ATLS_CMD_SERVER_SETTINGS) {
		assert(e->was_v2);
	} else if (cmd == ATLS_CMD_PSH) {
		assert(e->full || st != NULL);
		assert(st == NULL || !st->wants_ack || st->acked);
		assert(st == NULL || !st->fin);
	} else if (cmd == ATLS_CMD_FIN && st != NULL) {
		st->used = false;
	}
}

static void
check_part(struct emit *e, const struct atls_part *part)
{
	const struct atls_command_info *info =
	    atls_command_info(part->frame.cmd);
	unsigned who = e->client ? ATLS_SENDER_CLIENT : ATLS_SENDER_SERVER;

	assert(info != NULL);
	assert(((unsigned)info->sender & who) != 0);
	assert(info->since <= e->version);
	assert(info->may_carry || part->frame.len == 0);
	assert(info->scope == ATLS_SCOPE_STREAM || part->frame.sid == 0 ||
	    part->frame.cmd == ATLS_CMD_HEART_RESPONSE);
	if (part->frame.cmd == ATLS_CMD_WASTE) {
		assert(e->client);
		/* All are zero: the first is, and each equals the next. */
		assert(part->data.len == 0 ||
		    (part->data.p[0] == 0 &&
			memcmp(part->data.p, part->data.p + 1,
			    part->data.len - 1) == 0));
	}
	if (part->offset != 0)
		return;
	if (e->client)
		check_client(e, part);
	else
		check_server(e, part);
}

void
emit_check(struct emit *e, struct atls_bytes out)
{
	struct atls_part part;

	assert(out.len != 0);
	if (!e->lazy)
		e->hash = emit_hash(e->hash, out.p, out.len);
	e->written += out.len;
	if (atls_session_version(e->s) >= 2)
		e->was_v2 = true;
	while (!e->free && atls_splitter_next(&e->splitter, &out, &part))
		check_part(e, &part);
}

void
emit_take(struct emit *e)
{
	struct atls_bytes out;

	while (atls_session_next_write(e->s, &out))
		emit_check(e, out);
	assert(atls_session_queued(e->s) == 0);
}

void
emit_event(struct emit *e, const struct atls_event *ev)
{
	struct emit_stream *st = find(e, ev->sid);

	if (e->free)
		return;
	if (atls_session_version(e->s) >= 2)
		e->was_v2 = true;
	if (ev->type == ATLS_EV_OPEN) {
		assert(!e->client && (e->full || st == NULL));
		add(e, ev->sid, atls_session_version(e->s) >= 2);
	} else if (ev->type == ATLS_EV_FIN && !e->client && !e->lazy &&
	    st != NULL) {
		st->used = false;
	}
}

void
emit_end(const struct emit *e)
{
	assert(atls_splitter_idle(&e->splitter));
}
