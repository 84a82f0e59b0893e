/* What a client that is looked at must keep to. */
#include <stdio.h>
#include <string.h>

#include "conformance/anytls/passive_impl.h"

static bool
is_lower_hex(struct atls_bytes text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		/* NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
		if (memchr("0123456789abcdef", text.p[i], 16) == NULL)
			return (false);
	return (true);
}

static void
compare_scheme(struct passive *v, struct atls_bytes md5)
{
	if (md5.len != ATLS_MD5_HEX || !is_lower_hex(md5)) {
		passive_found(v, RULE_SETTINGS_MD5,
		    "padding-md5 of %zu bytes that is no lower-case MD5",
		    md5.len);
		return;
	}
	memcpy(v->md5, md5.p, ATLS_MD5_HEX);
	passive_shape_settings(v, md5);
}

static void
see_settings(struct passive *v, const struct frame *f)
{
	struct atls_settings s;

	if (v->settings)
		passive_found(v, RULE_SETTINGS_ONCE, "Settings came again");
	if (f->sid != 0)
		passive_found(
		    v, RULE_SETTINGS_SID, "Settings have stream id %u", f->sid);
	if (f->data.len == 0) {
		passive_found(v, RULE_SETTINGS_V, "Settings are empty");
		return;
	}
	v->settings = true;
	v->nsettings++;
	atls_settings_read(atls_bytes(f->data.p, f->data.len), &s);
	v->version = atls_settings_version(&s, 255);
	v->said_v = s.version;
	if (!s.has_version)
		passive_found(
		    v, RULE_SETTINGS_V, "Settings have no number as v");
	if (s.client.len == 0)
		passive_found(
		    v, RULE_SETTINGS_CLIENT, "Settings name no client");
	if (!s.has_md5)
		passive_found(
		    v, RULE_SETTINGS_MD5, "Settings have no padding-md5");
	else
		compare_scheme(v, s.md5);
	snprintf(v->name, sizeof(v->name), "%.*s", (int)s.client.len,
	    (const char *)s.client.p);
}

static void
see_syn(struct passive *v, uint32_t sid)
{
	if (!v->settings)
		v->syn_first = true;
	if (v->nsyn != 0 && v->said_v == 3 && v->server_settings &&
	    v->server_v == 3)
		passive_found(v, RULE_ONE_STREAM,
		    "SYN %u is the second of a session in which both sides "
		    "say v=3",
		    sid);
	passive_open(v, sid);
}

/* The stream of a PSH or FIN; NULL when there is none. */
static struct passive_stream *
stream_of(struct passive *v, const struct atls_frame *f, const char *what)
{
	struct passive_stream *s = passive_find(v, f->sid);

	if (s == NULL && !(v->forgot && f->sid <= v->last_sid))
		passive_found(v, RULE_SYN_FIRST,
		    "%s %u without a SYN before it", what, f->sid);
	return (s);
}

static void
begin_data(struct passive *v, const struct passive_stream *s, uint16_t len)
{
	if (len == 0)
		return;
	if (s->client_fin)
		passive_found(v, RULE_AFTER_FIN,
		    "PSH %u (%u) after the client's own FIN %u", s->sid, len,
		    s->sid);
	if (s->failed && v->now_ms - s->failed_ms > PASSIVE_GRACE_MS)
		passive_found(v, RULE_AFTER_ERROR,
		    "PSH %u (%u) %llu ms after a SYNACK that said an error",
		    s->sid, len,
		    (unsigned long long)(v->now_ms - s->failed_ms));
}

static void
see_waste(struct passive *v, const struct atls_part *p)
{
	size_t i;

	if (p->frame.sid != 0)
		passive_found(
		    v, RULE_WASTE, "waste has stream id %u", p->frame.sid);
	for (i = 0; i < p->data.len; i++)
		if (p->data.p[i] != 0) {
			passive_found(v, RULE_WASTE, "waste is not all zero");
			return;
		}
}

/* What any frame of a client must keep to. */
static void
see_any(struct passive *v, const struct frame *f)
{
	const struct atls_command_info *info = atls_command_info(f->cmd);
	char what[FRAMES_TEXT];

	if (v->client_frames++ == 0 && f->cmd != ATLS_CMD_SETTINGS)
		passive_found(v, RULE_SETTINGS_FIRST, "the first frame is %s",
		    frames_describe(f, what));
	if (v->alert && f->cmd != ATLS_CMD_FIN && f->cmd != ATLS_CMD_WASTE &&
	    v->now_ms - v->alert_ms > PASSIVE_GRACE_MS)
		passive_found(v, RULE_ALERT_OBEYED,
		    "%s came %llu ms after the server's Alert",
		    frames_describe(f, what),
		    (unsigned long long)(v->now_ms - v->alert_ms));
	if (info == NULL)
		passive_found(v, RULE_UNKNOWN,
		    "%s is no command of the protocol",
		    frames_describe(f, what));
	else if (!info->may_carry && f->data.len != 0)
		passive_found(v, RULE_NO_DATA, "%s carries %zu bytes",
		    info->name, f->data.len);
	if (info != NULL && !(info->sender & ATLS_SENDER_CLIENT))
		passive_found(
		    v, RULE_DIRECTION, "%s comes from the client", info->name);
}

void
passive_client_part(struct passive *v, const struct atls_part *p)
{
	struct frame f =
	    frame(p->frame.cmd, p->frame.sid, bytes(p->data.p, p->frame.len));
	struct passive_stream *s;

	if (p->offset == 0)
		see_any(v, &f);
	if (p->frame.cmd == ATLS_CMD_WASTE) {
		see_waste(v, p);
		return;
	}
	s = stream_of(v, &p->frame, "PSH");
	if (s == NULL)
		return;
	if (p->offset == 0)
		begin_data(v, s, p->frame.len);
	passive_data(v, s, true, p->data);
}

/* A request of a side: 0 the server's. */
static void
see_request(struct passive *v, int side)
{
	if (v->asked[side]++ == v->answers[side])
		v->asked_ms[side] = v->now_ms;
}

static void
see_response(struct passive *v, int side)
{
	v->answers[side]++;
	v->asked_ms[side] = v->now_ms;
}

void
passive_client_frame(struct passive *v, const struct frame *f)
{
	struct atls_frame head = { f->cmd, f->sid, (uint16_t)f->data.len };
	struct passive_stream *s;

	see_any(v, f);
	switch (f->cmd) {
	case ATLS_CMD_SETTINGS:
		see_settings(v, f);
		break;
	case ATLS_CMD_SYN:
		see_syn(v, f->sid);
		break;
	case ATLS_CMD_FIN:
		s = stream_of(v, &head, "FIN");
		if (s != NULL)
			passive_fin(v, s, true);
		break;
	case ATLS_CMD_HEART_RESPONSE:
		see_response(v, 0);
		break;
	case ATLS_CMD_HEART_REQUEST:
		see_request(v, 1);
		break;
	default:
		break;
	}
}

void
passive_client_end(struct passive *v, bool at_rest)
{
	uint64_t since_alert = v->now_ms - v->alert_ms;

	if (at_rest && v->answers[0] < v->asked[0] &&
	    v->now_ms - v->asked_ms[0] >= PASSIVE_GRACE_MS)
		passive_found(v, RULE_HEARTBEAT,
		    "%llu of %llu heartbeat requests were answered",
		    (unsigned long long)v->answers[0],
		    (unsigned long long)v->asked[0]);
	if (v->asked[1] != 0 && !v->server_settings && v->settings && at_rest &&
	    v->answered)
		passive_found(v, RULE_V2_UNASKED,
		    "HeartRequest to a server that did not say version 2");
	if (at_rest && v->alert && !v->closed[0] && !v->closed[1] &&
	    since_alert >= PASSIVE_CLOSE_MS)
		passive_found(v, RULE_ALERT_OBEYED,
		    "the session was still open %llu ms after the Alert",
		    (unsigned long long)since_alert);
}
