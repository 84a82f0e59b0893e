/* What a session sends: frames, packets, the end of streams. */
#include <stdlib.h>

#include "ref/session/impl.h"

#define SEND_MAX (UINT32_C(1) << 30)

static const struct atls_bytes nothing = { NULL, 0 };

/* Shapes the packet at the tail; packets from "stop" on go out as they are. */
static int
shape_packet(struct atls_session *s)
{
	int err;

	if (s->shape != NULL && s->packet >= s->shape->scheme.stop) {
		free(s->shape);
		s->shape = NULL;
	}
	if (s->shape == NULL) {
		atls_out_seal(&s->out);
		return (0);
	}
	err = atls_shape_packet(s->shape, &s->random, s->packet, &s->out);
	if (err == 0)
		s->packet++;
	return (err);
}

int
atls_session_end_packet(
    struct atls_session *s, struct atls_out_mark mark, bool flush)
{
	int err;

	if (s->holding && !flush)
		return (0);
	err = shape_packet(s);
	if (err != 0) {
		atls_out_rollback(&s->out, mark);
		return (err);
	}
	s->holding = false;
	return (0);
}

/* Writes one frame to the tail. */
static int
put_frame(struct atls_session *s, enum atls_command cmd, uint32_t sid,
    struct atls_bytes data)
{
	struct atls_frame f = { (uint8_t)cmd, sid, (uint16_t)data.len };
	uint8_t *at = atls_out_room(&s->out, ATLS_FRAME_HEADER + data.len);

	if (at == NULL)
		return (ATLS_E_NOMEM);
	atls_frame_put(at, f);
	if (data.len != 0)
		memcpy(at + ATLS_FRAME_HEADER, data.p, data.len);
	s->out.tail += ATLS_FRAME_HEADER + data.len;
	return (0);
}

int
atls_session_queue(struct atls_session *s, enum atls_command cmd, uint32_t sid,
    struct atls_bytes data)
{
	struct atls_out_mark mark = atls_out_mark(&s->out);
	int err = put_frame(s, cmd, sid, data);

	return (err != 0 ? err : atls_session_end_packet(s, mark, false));
}

int
atls_session_reply(struct atls_session *s, enum atls_command cmd, uint32_t sid,
    struct atls_bytes data)
{
	size_t before = s->out.tail - s->out.head;
	size_t len = ATLS_FRAME_HEADER + data.len;
	int err;

	if (s->out.given >= s->reply_end)
		s->reply_len = 0;
	if (len > ATLS_SESSION_REPLY_MAX - s->reply_len)
		return (ATLS_E_LIMIT);
	err = atls_session_queue(s, cmd, sid, data);
	if (err != 0)
		return (err);
	len = s->out.tail - s->out.head - before;
	if (len > ATLS_SESSION_REPLY_MAX - s->reply_len)
		len = ATLS_SESSION_REPLY_MAX - s->reply_len;
	s->reply_len += (uint32_t)len;
	s->reply_end = s->out.given + (s->out.tail - s->out.head);
	return (0);
}

int
atls_session_refuse(struct atls_session *s, const char *text)
{
	int err;

	if (s->client)
		return (ATLS_E_PROTOCOL);
	err = atls_session_reply(s, ATLS_CMD_ALERT, 0, atls_bytes_str(text));
	if (err != 0)
		return (err);
	return (s->policy->alert_keeps_open ? 0 : ATLS_E_REFUSED);
}

/* Arms the SYNACK watchdog for the stream just opened. */
static void
watch(struct atls_session *s, uint64_t now_ms)
{
	bool due = s->version >= 2 && s->last_sid >= 2;

	if (s->last_sid == 1 && s->policy->watch_first)
		due = true;
	if (s->policy->wait_synack && due)
		s->watch_ms = now_ms + s->synack_ms;
}

int
atls_session_open(struct atls_session *s, uint64_t now_ms, uint32_t *sid)
{
	uint32_t id = s->last_sid + 1;
	struct atls_stream *st;
	int err;

	if (s->err != 0)
		return (ATLS_E_CLOSED);
	if (!s->client || id == 0 || (s->policy->single_stream && id > 1))
		return (ATLS_E_LIMIT);
	st = atls_streams_add(&s->streams, id, 0);
	if (st == NULL)
		return (ATLS_E_NOMEM);
	err = atls_session_queue(s, ATLS_CMD_SYN, id, nothing);
	if (err != 0) {
		atls_streams_remove(&s->streams, id);
		return (err);
	}
	s->last_sid = id;
	watch(s, now_ms);
	*sid = id;
	return (0);
}

/* Finds the stream SID that may still be sent on, after a SYNACK it owes. */
static int
find_open(struct atls_session *s, uint32_t sid)
{
	struct atls_stream *st = atls_streams_find(&s->streams, sid);

	if (s->err != 0)
		return (ATLS_E_CLOSED);
	if (st == NULL || (st->flags & ATLS_STREAM_OUR_FIN) != 0)
		return (ATLS_E_NOTFOUND);
	return (atls_session_ack(s, st, ATLS_SYNACK_AFTER_DIAL));
}

static size_t
psh_limit(const struct atls_session *s)
{
	int limit = s->policy->psh_limit;

	if (limit <= 0 || limit > ATLS_FRAME_MAX_DATA)
		return (ATLS_FRAME_MAX_DATA);
	return ((size_t)limit);
}

int
atls_session_send(struct atls_session *s, uint32_t sid, struct atls_bytes data)
{
	struct atls_out_mark mark;
	size_t limit = psh_limit(s);
	int err = find_open(s, sid);

	if (err != 0 || data.len == 0)
		return (err);
	if (data.len > SEND_MAX)
		return (ATLS_E_INVAL);
	mark = atls_out_mark(&s->out);
	while (data.len != 0) {
		size_t n = data.len < limit ? data.len : limit;

		err = put_frame(s, ATLS_CMD_PSH, sid, atls_bytes(data.p, n));
		if (err != 0) {
			atls_out_rollback(&s->out, mark);
			return (err);
		}
		atls_bytes_skip(&data, n);
	}
	return (atls_session_end_packet(s, mark, true));
}

uint8_t *
atls_session_reserve(struct atls_session *s, uint32_t sid, size_t want)
{
	uint8_t *at;

	s->reserved = 0;
	if (want == 0 || want > ATLS_SESSION_RESERVE_MAX)
		return (NULL);
	if (find_open(s, sid) != 0)
		return (NULL);
	at = atls_out_room(&s->out, ATLS_FRAME_HEADER + want);
	if (at == NULL)
		return (NULL);
	s->reserved = (uint32_t)want;
	return (at + ATLS_FRAME_HEADER);
}

/*
 * Headers for LEN bytes of data at the tail, behind room for the first one.
 * With a small limit the data moves apart to let more headers in, the last
 * piece first.
 */
static int
head_data(struct atls_session *s, uint32_t sid, size_t len)
{
	size_t limit = psh_limit(s), i = (len - 1) / limit;
	struct atls_frame f = { ATLS_CMD_PSH, sid, 0 };
	uint8_t *base;

	s->out.tail += ATLS_FRAME_HEADER + len;
	if (atls_out_room(&s->out, i * ATLS_FRAME_HEADER) == NULL)
		return (ATLS_E_NOMEM);
	base = s->out.buf + s->out.tail - len - ATLS_FRAME_HEADER;
	s->out.tail += i * ATLS_FRAME_HEADER;
	f.len = (uint16_t)(len - i * limit);
	for (;; i--) {
		uint8_t *at = base + i * (ATLS_FRAME_HEADER + limit);

		if (i != 0)
			memmove(at + ATLS_FRAME_HEADER,
			    base + ATLS_FRAME_HEADER + i * limit, f.len);
		atls_frame_put(at, f);
		if (i == 0)
			return (0);
		f.len = (uint16_t)limit;
	}
}

int
atls_session_commit(struct atls_session *s, uint32_t sid, size_t len)
{
	struct atls_out_mark mark = atls_out_mark(&s->out);
	int err;

	if (len > s->reserved)
		return (ATLS_E_INVAL);
	s->reserved = 0;
	if (len == 0)
		return (0);
	err = head_data(s, sid, len);
	if (err != 0) {
		atls_out_rollback(&s->out, mark);
		return (err);
	}
	return (atls_session_end_packet(s, mark, true));
}

void
atls_session_forget(struct atls_session *s, struct atls_stream *st)
{
	atls_streams_remove(&s->streams, st->sid);
	if (!s->client && s->policy->close_with_stream)
		s->over = true;
}

int
atls_session_end_stream(struct atls_session *s, struct atls_stream *st)
{
	struct atls_out_mark mark = atls_out_mark(&s->out);
	bool both =
	    !s->policy->half_close || (st->flags & ATLS_STREAM_PEER_FIN) != 0;
	/* Nothing more may come that would take packet 1 along. */
	bool flush = s->holding && (st->sid == 1 || s->streams.count == 1);
	int err = put_frame(s, ATLS_CMD_FIN, st->sid, nothing);

	if (err == 0)
		err = atls_session_end_packet(s, mark, flush);
	if (err == 0 && !s->client && s->policy->data_after_fin)
		err = atls_session_queue(
		    s, ATLS_CMD_PSH, st->sid, atls_bytes_str("after FIN"));
	if (err != 0)
		return (err);
	if (both)
		atls_session_forget(s, st);
	else
		st->flags |= ATLS_STREAM_OUR_FIN;
	return (0);
}

int
atls_session_fin(struct atls_session *s, uint32_t sid)
{
	struct atls_stream *st = atls_streams_find(&s->streams, sid);

	if (s->err != 0)
		return (ATLS_E_CLOSED);
	if (st == NULL || (st->flags & ATLS_STREAM_OUR_FIN) != 0)
		return (ATLS_E_NOTFOUND);
	return (atls_session_end_stream(s, st));
}
