/* What a server does with its client's frames, and how streams come up. */
#include <stdio.h>

#include "ref/session/impl.h"

static const struct atls_bytes nothing = { NULL, 0 };

/* Tells the client's number apart from what remains of it under the mask. */
static unsigned
version_in_force(
    const struct atls_policy *policy, const struct atls_settings *said)
{
	struct atls_settings kept = *said;

	if (policy->version_mask != 0)
		kept.version &= policy->version_mask;
	return (atls_settings_version(&kept, (unsigned)policy->version));
}

static int
send_scheme(struct atls_session *s, const struct atls_settings *said)
{
	const struct atls_policy *policy = s->policy;
	int due = policy->update_missing;

	if (said->has_md5)
		due = atls_bytes_equal(said->md5, atls_bytes_str(s->scheme_md5))
		    ? policy->update_equal
		    : policy->update_differs;
	if (!due)
		return (0);
	return (atls_session_reply(
	    s, ATLS_CMD_UPDATE_PADDING_SCHEME, 0, s->scheme));
}

static int
send_settings(struct atls_session *s, const struct atls_settings *said)
{
	unsigned version = (unsigned)s->policy->version;
	uint8_t text[32];
	struct atls_writer w = atls_writer(text, sizeof(text));

	if (s->policy->server_settings == ATLS_NEVER)
		return (0);
	if (s->policy->server_settings == ATLS_WHEN_V2 && said->version < 2)
		return (0);
	if (s->policy->echo_version && said->version > 0)
		version = said->version < UINT32_MAX ? (unsigned)said->version
						     : UINT32_MAX;
	atls_settings_put_server(&w, version);
	return (atls_session_reply(
	    s, ATLS_CMD_SERVER_SETTINGS, 0, atls_bytes(text, w.len)));
}

static int
refuse_version(struct atls_session *s, const struct atls_settings *said)
{
	char text[64] = "client settings missing a valid protocol version";

	if (said->has_version)
		(void)snprintf(text, sizeof(text),
		    "unsupported protocol version: %lld",
		    (long long)said->version);
	return (atls_session_refuse(s, text));
}

static int
answer_settings(struct atls_session *s, const struct atls_settings *said)
{
	int err = 0;

	if (!s->policy->update_last)
		err = send_scheme(s, said);
	if (err == 0)
		err = send_settings(s, said);
	if (err == 0 && s->policy->update_last)
		err = send_scheme(s, said);
	return (err);
}

static int
on_settings(
    struct atls_session *s, const struct atls_part *part, struct atls_event *ev)
{
	struct atls_settings said;
	int err;

	if (part->data.len == 0 && s->policy->empty_settings == ATLS_ODD_IGNORE)
		return (0);
	if (s->settings_seen) {
		if (s->policy->settings_again == ATLS_ODD_ALERT)
			return (atls_session_refuse(
			    s, "duplicate client settings"));
		if (s->policy->settings_again == ATLS_ODD_CLOSE)
			return (ATLS_E_PROTOCOL);
		if (s->policy->settings_again == ATLS_ODD_IGNORE)
			return (0);
	}
	atls_settings_read(part->data, &said);
	if (s->policy->min_version > 0 &&
	    said.version < s->policy->min_version) {
		err = refuse_version(s, &said);
		if (err != 0)
			return (err);
	}
	err = answer_settings(s, &said);
	if (err != 0)
		return (err);
	s->settings_seen = true;
	s->version = version_in_force(s->policy, &said);
	ev->type = ATLS_EV_SETTINGS;
	ev->version = s->version;
	return (0);
}

int
atls_session_ack(
    struct atls_session *s, struct atls_stream *st, enum atls_synack step)
{
	struct atls_bytes text = nothing;
	int err;

	if ((st->flags & ATLS_STREAM_WANTS_ACK) == 0 ||
	    (st->flags & ATLS_STREAM_ACKED) != 0)
		return (0);
	if (s->policy->synack == ATLS_SYNACK_NEVER ||
	    s->policy->synack > (int)step)
		return (0);
	if (s->policy->synack_ok_text)
		text = atls_bytes_str("ok");
	/* SYN can be repeated without end, the later steps cannot. */
	if (step == ATLS_SYNACK_ON_SYN)
		err = atls_session_reply(s, ATLS_CMD_SYNACK, st->sid, text);
	else
		err = atls_session_queue(s, ATLS_CMD_SYNACK, st->sid, text);
	if (err == 0)
		st->flags |= ATLS_STREAM_ACKED;
	return (err);
}

/* Flags of a stream that opens now; the version may change later. */
static uint32_t
new_flags(const struct atls_session *s)
{
	bool wants = s->version >= 2 || s->policy->synack_v1;

	if (s->policy->synack_first_only && s->syn_seen)
		wants = false;
	return (ATLS_STREAM_USED | (wants ? ATLS_STREAM_WANTS_ACK : 0));
}

static int
refuse_stream(struct atls_session *s, uint32_t sid)
{
	int err = 0;

	if (s->policy->synack_error &&
	    (new_flags(s) & ATLS_STREAM_WANTS_ACK) != 0)
		err = atls_session_reply(s, ATLS_CMD_SYNACK, sid,
		    atls_bytes_str("too many streams"));
	if (err == 0)
		err = atls_session_reply(s, ATLS_CMD_FIN, sid, nothing);
	return (err);
}

static int
syn_again(struct atls_session *s, struct atls_stream *st, struct atls_event *ev)
{
	switch ((enum atls_dup_syn)s->policy->dup_syn) {
	case ATLS_DUP_SYN_REPLACE:
		atls_session_event(ev, ATLS_EV_REPLACED, st);
		st->flags = new_flags(s);
		s->replacing = st->sid;
		s->replace_due = true;
		return (atls_session_ack(s, st, ATLS_SYNACK_ON_SYN));
	case ATLS_DUP_SYN_REFUSE:
		return (atls_session_reply(s, ATLS_CMD_SYNACK, st->sid,
		    atls_bytes_str("stream exists")));
	case ATLS_DUP_SYN_CLOSE:
		return (ATLS_E_PROTOCOL);
	case ATLS_DUP_SYN_IGNORE:
		break;
	}
	return (0);
}

/* Says whether a SYN may open a stream at all. */
static int
check_syn(struct atls_session *s, uint32_t sid, bool *go_on)
{
	*go_on = true;
	if (!s->settings_seen && s->policy->syn_first != ATLS_ODD_ACCEPT) {
		*go_on = false;
		if (s->policy->syn_first == ATLS_ODD_CLOSE)
			return (ATLS_E_PROTOCOL);
		if (s->policy->syn_first == ATLS_ODD_ALERT)
			return (atls_session_refuse(
			    s, "client did not send its settings"));
		return (0);
	}
	if (sid == 0 && s->policy->refuse_id_zero)
		return (ATLS_E_PROTOCOL);
	if (s->policy->single_stream && (sid != 1 || s->syn_seen)) {
		*go_on = false;
		return (atls_session_refuse(s, "one stream per session"));
	}
	return (0);
}

static int
on_syn(
    struct atls_session *s, const struct atls_part *part, struct atls_event *ev)
{
	uint32_t sid = part->frame.sid;
	struct atls_stream *st;
	bool go_on;
	int err = check_syn(s, sid, &go_on);

	if (err != 0 || !go_on)
		return (err);
	st = atls_streams_find(&s->streams, sid);
	if (st != NULL)
		return (syn_again(s, st, ev));
	if (s->max_streams != 0 && s->streams.count >= s->max_streams)
		return (refuse_stream(s, sid));
	st = atls_streams_add(&s->streams, sid, new_flags(s));
	if (st == NULL)
		return (ATLS_E_NOMEM);
	s->syn_seen = true;
	atls_session_event(ev, ATLS_EV_OPEN, st);
	return (atls_session_ack(s, st, ATLS_SYNACK_ON_SYN));
}

const struct atls_session_handler atls_session_on_server[ATLS_NCOMMANDS] = {
	[ATLS_CMD_WASTE] = { atls_session_on_waste, ATLS_TAKE_HEAD },
	[ATLS_CMD_SYN] = { on_syn, ATLS_TAKE_HEAD },
	[ATLS_CMD_PSH] = { atls_session_on_psh, ATLS_TAKE_PARTS },
	[ATLS_CMD_FIN] = { atls_session_on_fin, ATLS_TAKE_HEAD },
	[ATLS_CMD_SETTINGS] = { on_settings, ATLS_TAKE_WHOLE },
	[ATLS_CMD_ALERT] = { atls_session_on_alert, ATLS_TAKE_WHOLE },
	[ATLS_CMD_HEART_REQUEST] = { atls_session_on_heart_request,
	    ATLS_TAKE_HEAD },
	[ATLS_CMD_HEART_RESPONSE] = { atls_session_on_heart_response,
	    ATLS_TAKE_HEAD },
};

static int
find_unless_closed(
    const struct atls_session *s, uint32_t sid, struct atls_stream **st)
{
	if (s->err != 0)
		return (ATLS_E_CLOSED);
	*st = atls_streams_find(&s->streams, sid);
	return (*st != NULL ? 0 : ATLS_E_NOTFOUND);
}

int
atls_session_got_address(struct atls_session *s, uint32_t sid)
{
	struct atls_stream *st;
	int err = find_unless_closed(s, sid, &st);

	return (
	    err != 0 ? err : atls_session_ack(s, st, ATLS_SYNACK_ON_ADDRESS));
}

int
atls_session_dialled(struct atls_session *s, uint32_t sid)
{
	struct atls_stream *st;
	int err = find_unless_closed(s, sid, &st);

	return (
	    err != 0 ? err : atls_session_ack(s, st, ATLS_SYNACK_AFTER_DIAL));
}

/* True when a failed dial of ST is told in a SYNACK. */
static bool
owes_error(const struct atls_session *s, const struct atls_stream *st)
{
	return (s->policy->synack_error &&
	    (st->flags & ATLS_STREAM_WANTS_ACK) != 0 &&
	    (st->flags & (ATLS_STREAM_ACKED | ATLS_STREAM_OUR_FIN)) == 0);
}

int
atls_session_dial_failed(struct atls_session *s, uint32_t sid, const char *text)
{
	struct atls_bytes reason;
	struct atls_stream *st;
	int err = find_unless_closed(s, sid, &st);

	if (err != 0)
		return (err);
	reason =
	    atls_bytes_str(text != NULL && text[0] != '\0' ? text : "failed");
	if (reason.len > ATLS_FRAME_MAX_DATA)
		reason.len = ATLS_FRAME_MAX_DATA;
	if (owes_error(s, st)) {
		err = atls_session_queue(s, ATLS_CMD_SYNACK, sid, reason);
		if (err != 0)
			return (err);
		st->flags |= ATLS_STREAM_ACKED;
	}
	if (s->policy->fin_on_failure && (st->flags & ATLS_STREAM_OUR_FIN) == 0)
		err = atls_session_queue(s, ATLS_CMD_FIN, sid, nothing);
	if (err == 0)
		atls_session_forget(s, st);
	return (err);
}

int
atls_session_target_eof(struct atls_session *s, uint32_t sid)
{
	struct atls_stream *st;
	int err;

	if (s->policy->fin_on_eof)
		return (atls_session_fin(s, sid));
	err = find_unless_closed(s, sid, &st);
	if (err == 0)
		atls_session_forget(s, st);
	return (err);
}

int
atls_session_alert(struct atls_session *s, const char *text)
{
	struct atls_bytes data = atls_bytes_str(text);
	int err;

	if (s->err != 0 || s->client)
		return (ATLS_E_CLOSED);
	if (data.len > ATLS_FRAME_MAX_DATA)
		data.len = ATLS_FRAME_MAX_DATA;
	err = atls_session_queue(s, ATLS_CMD_ALERT, 0, data);
	if (err == 0 && !s->policy->alert_keeps_open)
		s->err = ATLS_E_REFUSED;
	return (err);
}
