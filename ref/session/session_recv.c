/* What a session receives: frames to handlers, and those of both roles. */
#include <assert.h>
#include <stdlib.h>

#include "ref/session/impl.h"

static const struct atls_bytes nothing = { NULL, 0 };

void
atls_session_event(struct atls_event *ev, enum atls_event_type type,
    const struct atls_stream *st)
{
	ev->type = type;
	ev->sid = st->sid;
	ev->stream_data = st->data;
}

int
atls_session_on_waste(
    struct atls_session *s, const struct atls_part *part, struct atls_event *ev)
{
	(void)ev;
	if (part->frame.sid != 0 && !s->policy->waste_any_id)
		return (ATLS_E_PROTOCOL);
	if (part->frame.len > s->policy->waste_max)
		return (ATLS_E_PROTOCOL);
	return (0);
}

/* The peer is done with ST. */
static int
peer_fin(struct atls_session *s, struct atls_stream *st, struct atls_event *ev)
{
	const struct atls_policy *policy = s->policy;
	bool stays = policy->half_close || policy->data_after_fin;
	int err;

	atls_session_event(ev, ATLS_EV_FIN, st);
	if (policy->fin_reply && (st->flags & ATLS_STREAM_OUR_FIN) == 0) {
		stays = false;
		err = atls_session_reply(s, ATLS_CMD_FIN, st->sid, nothing);
		if (err != 0)
			return (err);
	}
	if (stays && (st->flags & ATLS_STREAM_OUR_FIN) == 0)
		st->flags |= ATLS_STREAM_PEER_FIN;
	else
		atls_session_forget(s, st);
	return (0);
}

static struct atls_stream *
find_heard(struct atls_session *s, uint32_t sid)
{
	struct atls_stream *st = atls_streams_find(&s->streams, sid);

	if (st == NULL || (st->flags & ATLS_STREAM_PEER_FIN) != 0)
		return (NULL);
	return (st);
}

int
atls_session_on_psh(
    struct atls_session *s, const struct atls_part *part, struct atls_event *ev)
{
	struct atls_stream *st;

	if (part->data.len == 0 && !s->policy->empty_psh_is_eof)
		return (0);
	st = find_heard(s, part->frame.sid);
	if (st == NULL)
		return (0);
	if (part->data.len == 0)
		return (peer_fin(s, st, ev));
	atls_session_event(ev, ATLS_EV_DATA, st);
	ev->data = part->data;
	return (0);
}

int
atls_session_on_fin(
    struct atls_session *s, const struct atls_part *part, struct atls_event *ev)
{
	struct atls_stream *st = find_heard(s, part->frame.sid);

	return (st != NULL ? peer_fin(s, st, ev) : 0);
}

/* An Alert without text is ignored (AT-FR-10). */
int
atls_session_on_alert(
    struct atls_session *s, const struct atls_part *part, struct atls_event *ev)
{
	if (part->data.len == 0)
		return (0);
	ev->type = ATLS_EV_ALERT;
	ev->sid = part->frame.sid;
	ev->data = part->data;
	if (s->policy->alert_closes)
		s->err = ATLS_E_REFUSED;
	return (0);
}

int
atls_session_on_heart_request(
    struct atls_session *s, const struct atls_part *part, struct atls_event *ev)
{
	static const uint8_t zeros[256];
	int ndata = s->policy->heart_data;
	uint32_t sid = part->frame.sid;

	(void)ev;
	if (s->policy->heart_reply == ATLS_HEART_NEVER)
		return (0);
	if (!s->policy->heart_early && !s->settings_seen)
		return (0);
	if (s->policy->heart_reply == ATLS_HEART_ZERO_ID)
		sid = 0;
	if (ndata > (int)sizeof(zeros))
		ndata = (int)sizeof(zeros);
	return (atls_session_reply(s, ATLS_CMD_HEART_RESPONSE, sid,
	    atls_bytes(zeros, ndata > 0 ? (size_t)ndata : 0)));
}

int
atls_session_on_heart_response(
    struct atls_session *s, const struct atls_part *part, struct atls_event *ev)
{
	(void)s;
	ev->type = ATLS_EV_HEART;
	ev->sid = part->frame.sid;
	return (0);
}

/* Gives the data of PART back to *IN, where it will be taken for frames. */
static void
leave_data(
    struct atls_session *s, const struct atls_part *part, struct atls_bytes *in)
{
	if (part->data.len == 0)
		return;
	in->p = part->data.p;
	in->len += part->data.len;
	s->splitter = (struct atls_splitter){ 0 };
	s->skip = false;
}

/* Does WHAT the policy says about a frame that should not be. */
static int
odd_frame(struct atls_session *s, enum atls_odd what,
    const struct atls_part *part, struct atls_bytes *in)
{
	s->skip = true;
	switch (what) {
	case ATLS_ODD_PARSE:
		leave_data(s, part, in);
		return (0);
	case ATLS_ODD_CLOSE:
		return (ATLS_E_PROTOCOL);
	case ATLS_ODD_ALERT:
		return (atls_session_refuse(s, "frame not allowed"));
	case ATLS_ODD_IGNORE:
	case ATLS_ODD_ACCEPT:
		break;
	}
	return (0);
}

/* Collects the data of a frame; once it is all there PART holds it whole. */
static int
gather(struct atls_session *s, struct atls_part *part, bool *whole)
{
	*whole = true;
	if (part->offset == 0 && part->last)
		return (0);
	if (part->offset == 0) {
		s->gather = malloc(part->frame.len);
		if (s->gather == NULL)
			return (ATLS_E_NOMEM);
	}
	assert(s->gather != NULL);
	memcpy(s->gather + part->offset, part->data.p, part->data.len);
	*whole = part->last;
	if (part->last) {
		part->data = atls_bytes(s->gather, part->frame.len);
		s->gather_done = true;
	}
	return (0);
}

static void
drop_gathered(struct atls_session *s)
{
	if (!s->gather_done)
		return;
	free(s->gather);
	s->gather = NULL;
	s->gather_done = false;
}

static const struct atls_session_handler *
find_handler(const struct atls_session *s, uint8_t cmd)
{
	return (s->client ? &atls_session_on_client[cmd]
			  : &atls_session_on_server[cmd]);
}

/* Looks at the first part of a frame whose command is known. */
static int
begin_frame(struct atls_session *s, const struct atls_session_handler *h,
    const struct atls_part *part, struct atls_bytes *in, struct atls_event *ev)
{
	const struct atls_command_info *info =
	    atls_command_info(part->frame.cmd);
	int err;

	s->skip = false;
	if (h->fn == NULL)
		return (odd_frame(
		    s, (enum atls_odd)s->policy->wrong_direction, part, in));
	if (h->take != ATLS_TAKE_HEAD)
		return (0);
	s->skip = true;
	if (part->frame.len == 0 || info->may_carry)
		return (h->fn(s, part, ev));
	if (s->policy->data_on_empty == ATLS_ODD_CLOSE ||
	    s->policy->data_on_empty == ATLS_ODD_ALERT)
		return (odd_frame(
		    s, (enum atls_odd)s->policy->data_on_empty, part, in));
	err = h->fn(s, part, ev);
	if (s->policy->data_on_empty == ATLS_ODD_PARSE)
		leave_data(s, part, in);
	return (err);
}

/* A version 1 peer does not know the commands of version 2. */
static bool
is_known(const struct atls_session *s, uint8_t cmd)
{
	const struct atls_command_info *info = atls_command_info(cmd);
	unsigned version = (unsigned)s->policy->version;

	return (info != NULL && info->since <= (version < 1 ? 1 : version));
}

static int
take_part(struct atls_session *s, struct atls_part *part, struct atls_bytes *in,
    struct atls_event *ev)
{
	const struct atls_session_handler *h;
	bool whole;
	int err;

	s->waiting = false;
	if (part->offset != 0 && s->skip)
		return (0);
	if (!is_known(s, part->frame.cmd))
		return (odd_frame(s,
		    (enum atls_odd)(part->frame.len == 0
			    ? s->policy->unknown_empty
			    : s->policy->unknown_data),
		    part, in));
	h = find_handler(s, part->frame.cmd);
	if (part->offset == 0) {
		err = begin_frame(s, h, part, in, ev);
		if (err != 0 || s->skip || h->fn == NULL)
			return (err);
	}
	if (h->take == ATLS_TAKE_PARTS)
		return (h->fn(s, part, ev));
	if (h->take == ATLS_TAKE_HEAD)
		return (0);
	err = gather(s, part, &whole);
	if (err != 0 || !whole)
		return (err);
	return (h->fn(s, part, ev));
}

/* The second half of a SYN that replaced a stream. */
static void
open_anew(struct atls_session *s, struct atls_event *ev)
{
	struct atls_stream *st = atls_streams_find(&s->streams, s->replacing);

	s->replace_due = false;
	if (st == NULL)
		return;
	st->data = NULL;
	atls_session_event(ev, ATLS_EV_OPEN, st);
}

int
atls_session_recv(struct atls_session *s, uint64_t now_ms,
    struct atls_bytes *in, struct atls_event *ev)
{
	struct atls_part part;
	int err;

	(void)now_ms;
	*ev = (struct atls_event){ .type = ATLS_EV_NONE };
	drop_gathered(s);
	if (s->err != 0)
		return (s->err);
	if (s->replace_due)
		open_anew(s, ev);
	while (ev->type == ATLS_EV_NONE &&
	    atls_splitter_next(&s->splitter, in, &part)) {
		drop_gathered(s);
		err = take_part(s, &part, in, ev);
		if (err != 0) {
			ev->type = ATLS_EV_NONE;
			s->err = err;
			return (err);
		}
	}
	return (0);
}
