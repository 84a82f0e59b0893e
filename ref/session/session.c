/* The life of a session: making, time, what can be asked about it. */
#include "ref/session/session.h"

#include <stdlib.h>

#include "ref/session/impl.h"

#define SYNACK_MS 3000U /* AT-SY-10 */

/* Queues the settings, held back until the first stream has data. */
static int
start_client(struct atls_session *s, const struct atls_session_config *cfg)
{
	const char *name = cfg->client_name != NULL ? cfg->client_name : "";
	size_t room = ATLS_FRAME_HEADER + strlen(name) + 128;
	struct atls_frame f = { ATLS_CMD_SETTINGS, 0, 0 };
	struct atls_writer w;
	uint8_t *at;
	int err = atls_shape_new(cfg->scheme, &s->shape);

	if (err != 0)
		return (err);
	at = atls_out_room(&s->out, room);
	if (at == NULL)
		return (ATLS_E_NOMEM);
	w = atls_writer(at + ATLS_FRAME_HEADER, room - ATLS_FRAME_HEADER);
	atls_settings_put_client(
	    &w, (unsigned)s->policy->version, name, cfg->scheme_md5);
	if (w.full || w.len > ATLS_FRAME_MAX_DATA)
		return (ATLS_E_INVAL);
	f.len = (uint16_t)w.len;
	atls_frame_put(at, f);
	s->out.tail += ATLS_FRAME_HEADER + w.len;
	s->holding = true;
	s->packet = (uint32_t)s->policy->first_packet;
	s->random = cfg->random;
	return (0);
}

/* A server only refers to its scheme; ids come from the peer. */
static void
start_server(struct atls_session *s, const struct atls_session_config *cfg)
{
	const struct atls_random *rnd = &cfg->random;

	s->scheme = cfg->scheme;
	s->scheme_md5 = cfg->scheme_md5;
	s->max_streams = cfg->max_streams;
	s->streams.seed = (uintptr_t)s;
	if (rnd->below != NULL)
		s->streams.seed = rnd->below(rnd->ctx, UINT64_MAX);
}

struct atls_session *
atls_session_new(const struct atls_session_config *cfg, uint64_t now_ms)
{
	struct atls_session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return (NULL);
	s->policy = cfg->policy;
	s->client = cfg->role == ATLS_CLIENT;
	s->out.spare = cfg->spare;
	s->synack_ms = cfg->synack_ms != 0 ? cfg->synack_ms : SYNACK_MS;
	s->heartbeat_ms = cfg->heartbeat_ms;
	s->heartbeat_timeout_ms = cfg->heartbeat_timeout_ms;
	s->watch_ms = UINT64_MAX;
	s->heart_next_ms = UINT64_MAX;
	if (s->heartbeat_ms != 0)
		s->heart_next_ms = now_ms + s->heartbeat_ms;
	if (!s->client) {
		start_server(s, cfg);
	} else if (start_client(s, cfg) != 0) {
		atls_session_free(s);
		return (NULL);
	}
	return (s);
}

void
atls_session_free(struct atls_session *s)
{
	if (s == NULL)
		return;
	atls_streams_free(&s->streams);
	atls_out_free(&s->out);
	free(s->shape);
	free(s->gather);
	free(s);
}

bool
atls_session_next_write(struct atls_session *s, struct atls_bytes *out)
{
	int pad = s->client ? 0 : s->policy->pad_down;

	if (pad > 0 && pad < ATLS_FRAME_HEADER)
		pad = ATLS_FRAME_HEADER;
	return (atls_out_next(&s->out, out, pad > 0 ? (uint32_t)pad : 0));
}

size_t
atls_session_queued(const struct atls_session *s)
{
	return (s->out.ready - s->out.head);
}

/* When the peer must have given a sign of life. */
static uint64_t
heart_limit(const struct atls_session *s)
{
	if (!s->waiting || s->heartbeat_timeout_ms == 0)
		return (UINT64_MAX);
	return (s->heart_sent_ms + s->heartbeat_timeout_ms);
}

uint64_t
atls_session_deadline(const struct atls_session *s)
{
	uint64_t at = heart_limit(s);

	if (s->watch_ms < at)
		at = s->watch_ms;
	return (s->heart_next_ms < at ? s->heart_next_ms : at);
}

/* A client that has not begun, or a peer of version 1, gets no requests. */
static int
send_heartbeat(struct atls_session *s, uint64_t now_ms)
{
	int err;

	s->heart_next_ms = now_ms + s->heartbeat_ms;
	if (s->holding || s->version < 2 || s->err != 0)
		return (0);
	err = atls_session_queue(
	    s, ATLS_CMD_HEART_REQUEST, 0, atls_bytes(NULL, 0));
	if (err != 0)
		return (err);
	if (!s->waiting) {
		s->waiting = true;
		s->heart_sent_ms = now_ms;
	}
	return (0);
}

int
atls_session_timeout(struct atls_session *s, uint64_t now_ms)
{
	if (now_ms >= s->watch_ms || now_ms >= heart_limit(s)) {
		if (s->err == 0)
			s->err = ATLS_E_TIMEOUT;
		return (ATLS_E_TIMEOUT);
	}
	if (now_ms >= s->heart_next_ms)
		return (send_heartbeat(s, now_ms));
	return (0);
}

void
atls_session_put_off_heartbeat(struct atls_session *s, uint64_t now_ms)
{
	if (s->heartbeat_ms != 0)
		s->heart_next_ms = now_ms + s->heartbeat_ms;
	s->heart_sent_ms = now_ms;
}

bool
atls_session_alive(const struct atls_session *s, uint32_t sid)
{
	return (atls_streams_find(&s->streams, sid) != NULL);
}

bool
atls_session_over(const struct atls_session *s)
{
	return (s->over);
}

void *
atls_session_stream_data(const struct atls_session *s, uint32_t sid)
{
	const struct atls_stream *st = atls_streams_find(&s->streams, sid);

	return (st != NULL ? st->data : NULL);
}

int
atls_session_set_stream_data(struct atls_session *s, uint32_t sid, void *data)
{
	struct atls_stream *st = atls_streams_find(&s->streams, sid);

	if (st == NULL)
		return (ATLS_E_NOTFOUND);
	st->data = data;
	return (0);
}

void
atls_session_each(const struct atls_session *s,
    void (*fn)(void *ctx, uint32_t sid, void *data), void *ctx)
{
	uint32_t i;

	for (i = 0; i < s->streams.cap; i++) {
		const struct atls_stream *st = &s->streams.slots[i];

		if (st->flags != 0)
			fn(ctx, st->sid, st->data);
	}
}

uint32_t
atls_session_nstreams(const struct atls_session *s)
{
	return (s->streams.count);
}

unsigned
atls_session_version(const struct atls_session *s)
{
	return (s->version);
}
