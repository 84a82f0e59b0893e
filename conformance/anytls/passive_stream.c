/* Streams of a session that is looked at, and what they carry. */
#include <stdlib.h>
#include <string.h>

#include "conformance/anytls/passive_impl.h"
#include "ref/wire/addr.h"
#include "ref/wire/err.h"

struct passive_stream *
passive_find(struct passive *v, uint32_t sid)
{
	size_t i;

	for (i = v->nstreams; i > 0; i--)
		if (v->streams[i - 1].sid == sid)
			return (&v->streams[i - 1]);
	return (NULL);
}

static void
free_readers(struct passive_stream *s)
{
	free(s->reader[0]);
	free(s->reader[1]);
	s->reader[0] = s->reader[1] = NULL;
}

/* Forgets streams that both sides have closed, all but the latest. */
static void
forget(struct passive *v)
{
	size_t i, n = 0;

	for (i = 0; i < v->nstreams; i++) {
		struct passive_stream *s = &v->streams[i];

		if (i + PASSIVE_ENDED < v->nstreams &&
		    (s->client_fin || s->server_fin)) {
			free_readers(s);
			v->forgot = true;
		} else {
			v->streams[n++] = *s;
		}
	}
	v->nstreams = n;
}

static bool
grow(struct passive *v)
{
	struct passive_stream *grown;
	size_t cap;

	if (v->nstreams < v->cstreams)
		return (true);
	if (v->nstreams > 2 * PASSIVE_ENDED)
		forget(v);
	if (2 * v->nstreams <= v->cstreams && v->cstreams != 0)
		return (true);
	cap = v->cstreams != 0 ? 2 * v->cstreams : 4;
	grown = realloc(v->streams, cap * sizeof(*grown));
	if (grown == NULL)
		return (v->nstreams < v->cstreams);
	v->streams = grown;
	v->cstreams = cap;
	return (true);
}

void
passive_open(struct passive *v, uint32_t sid)
{
	if (v->nsyn++ != 0 && sid <= v->last_sid)
		passive_found(
		    v, RULE_SID_ORDER, "SYN %u after SYN %u", sid, v->last_sid);
	v->last_sid = sid;
	if (!grow(v)) {
		v->nomem = true;
		return;
	}
	v->streams[v->nstreams++] = (struct passive_stream){ .sid = sid };
}

void
passive_streams_free(struct passive *v)
{
	size_t i;

	for (i = 0; i < v->nstreams; i++)
		free_readers(&v->streams[i]);
	free(v->streams);
}

void
passive_fin(struct passive *v, struct passive_stream *s, bool from_client)
{
	if (from_client && !s->client_fin)
		s->client_fin_ms = v->now_ms;
	*(from_client ? &s->client_fin : &s->server_fin) = true;
	if (s->client_fin && s->server_fin)
		free_readers(s);
}

/* The address is complete. */
static void
take_address(struct passive_stream *s, const struct atls_addr *a)
{
	s->kind = STREAM_TCP;
	if (atls_uot_is_magic(a))
		s->kind = STREAM_REQUEST;
	else if (atls_uot_is_magic_v1(a))
		s->kind = STREAM_PACKETS;
}

/* Reads what is due in the header bytes IN: 0 when it was complete. */
static int
read_header(
    struct passive_stream *s, struct stream_reader *r, struct atls_bytes *in)
{
	struct atls_uot_request req;
	struct atls_addr addr;
	uint16_t len;
	int err;

	switch ((enum stream_kind)s->kind) {
	case STREAM_ADDRESS:
		err = atls_addr_read(in, &addr);
		if (err == 0)
			take_address(s, &addr);
		return (err);
	case STREAM_REQUEST:
		err = atls_uot_request_read(in, &req);
		if (err == 0)
			s->kind = req.connect ? STREAM_CONNECT : STREAM_PACKETS;
		return (err);
	case STREAM_CONNECT:
	case STREAM_PACKETS:
		err = atls_uot_header_read(
		    in, s->kind == STREAM_CONNECT, &addr, &len);
		if (err == 0)
			r->skip = len;
		return (err);
	case STREAM_TCP:
	case STREAM_LOST:
		break;
	}
	return (ATLS_E_INVAL);
}

/* All that the server needs to connect is there. */
static void
check_ready(const struct passive *v, struct passive_stream *s)
{
	if (s->kind > STREAM_REQUEST && s->kind != STREAM_LOST && !s->ready) {
		s->ready = true;
		s->ready_ms = v->now_ms;
	}
}

static void
malformed(struct passive *v, struct passive_stream *s, bool from_client,
    const struct stream_reader *r)
{
	enum stream_kind kind = (enum stream_kind)s->kind;
	uint8_t type = r->buf[kind == STREAM_REQUEST];

	s->kind = STREAM_LOST;
	if (kind == STREAM_ADDRESS)
		passive_found(v, RULE_ADDRESS,
		    "stream %u begins with %02x, which is no address", s->sid,
		    type);
	else if (kind == STREAM_REQUEST)
		passive_found(v, RULE_UOT_REQUEST,
		    "the UDP request of stream %u has an address of type %02x",
		    s->sid, type);
	else
		passive_found(v, from_client ? RULE_UOT_CLIENT : RULE_SRV_UOT,
		    "a datagram of stream %u has an address of type %02x",
		    s->sid, type);
}

/* Takes a header, as far as DATA has it. False: no more is to be read now. */
static bool
take_header(struct passive *v, struct passive_stream *s, bool from_client,
    struct atls_bytes *data)
{
	struct stream_reader *r = s->reader[!from_client];
	size_t n = sizeof(r->buf) - r->n, had = r->n;
	struct atls_bytes in;
	int err;

	if (n > data->len)
		n = data->len;
	memcpy(r->buf + r->n, data->p, n);
	in = atls_bytes(r->buf, had + n);
	err = read_header(s, r, &in);
	if (err == ATLS_E_MORE && n != 0) {
		r->n = (uint16_t)(had + n);
		atls_bytes_skip(data, n);
		return (true);
	}
	if (err != 0) {
		malformed(v, s, from_client, r);
		return (false);
	}
	atls_bytes_skip(data, n - in.len);
	r->n = 0;
	check_ready(v, s);
	return (true);
}

void
passive_data(struct passive *v, struct passive_stream *s, bool from_client,
    struct atls_bytes data)
{
	struct stream_reader *r;
	size_t n;

	while (
	    data.len != 0 && s->kind != STREAM_TCP && s->kind != STREAM_LOST) {
		/* Before the request nothing can be told of answers. */
		if (!from_client && s->kind < STREAM_CONNECT)
			return;
		r = s->reader[!from_client];
		if (r == NULL) {
			r = calloc(1, sizeof(*r));
			if (r == NULL) {
				v->nomem = true;
				return;
			}
			s->reader[!from_client] = r;
		}
		n = r->skip < data.len ? r->skip : data.len;
		atls_bytes_skip(&data, n);
		r->skip -= (uint32_t)n;
		if (data.len != 0 && !take_header(v, s, from_client, &data))
			break;
	}
	if (s->kind == STREAM_TCP || s->kind == STREAM_LOST)
		free_readers(s);
}
