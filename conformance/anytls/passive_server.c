/* What a server that is looked at must keep to. */
#include <stdlib.h>
#include <string.h>

#include "conformance/anytls/passive_impl.h"
#include "ref/net/digest.h"

/* Without any answer for so long, the SYNACK is not late but missing. */
#define NEVER_MS 10000

/* Both sides have said version 2, so SYNACK is due. */
static bool
synack_is_due(const struct passive *v)
{
	return (v->version >= 2 && v->server_settings);
}

/* SID was never opened, as far as is remembered. */
static bool
is_strange(const struct passive *v, uint32_t sid)
{
	return (!(v->forgot && sid <= v->last_sid));
}

static void
see_settings(struct passive *v, const struct frame *f)
{
	struct atls_settings s;

	v->nserver_settings++;
	if (v->settings && v->nserver_settings > v->nsettings)
		passive_found(v, RULE_SRV_SETTINGS,
		    "cmdServerSettings came %u times for %u Settings",
		    v->nserver_settings, v->nsettings);
	if (v->spoke && !v->server_settings)
		passive_found(v, RULE_SRV_SETTINGS,
		    "cmdServerSettings came after frames about streams");
	atls_settings_read(atls_bytes(f->data.p, f->data.len), &s);
	if (!s.has_version)
		passive_found(v, RULE_SRV_SETTINGS_V,
		    "cmdServerSettings have no number as v");
	v->server_settings = true;
	v->server_v = s.version;
}

static void
see_synack(struct passive *v, const struct frame *f)
{
	struct passive_stream *s = passive_find(v, f->sid);
	uint64_t waited;

	if (s == NULL) {
		if (is_strange(v, f->sid))
			passive_found(v, RULE_SRV_SYNACK,
			    "SYNACK %u for a stream that was not opened",
			    f->sid);
		return;
	}
	if (s->synack)
		passive_found(
		    v, RULE_SRV_SYNACK, "SYNACK %u came again", f->sid);
	else if (s->server_data)
		passive_found(v, RULE_SRV_SYNACK, "SYNACK %u came after PSH %u",
		    f->sid, f->sid);
	else if (s->server_fin)
		passive_found(v, RULE_SRV_SYNACK,
		    "SYNACK %u came after the server's FIN %u", f->sid, f->sid);
	waited = s->ready ? v->now_ms - s->ready_ms : 0;
	if (!s->synack && waited > PASSIVE_SYNACK_MS)
		passive_found(v, RULE_SRV_LATE_SYNACK,
		    "SYNACK %u came %llu ms after the address", f->sid,
		    (unsigned long long)waited);
	s->synack = true;
	if (f->data.len != 0 && !s->failed) {
		s->failed = true;
		s->failed_ms = v->now_ms;
	}
}

static void
see_update(struct passive *v, const struct frame *f)
{
	struct atls_bytes text = atls_bytes(f->data.p, f->data.len);
	struct atls_scheme scheme;
	char md5[ATLS_MD5_HEX + 1];

	if (text.len == 0)
		return;
	if (atls_scheme_parse(text, &scheme) != 0)
		passive_found(v, RULE_SRV_SCHEME,
		    "a padding scheme of %zu bytes that no client can use",
		    text.len);
	if (++v->nupdates > v->nsettings && v->settings)
		passive_found(v, RULE_SRV_UPDATE,
		    "UpdatePaddingScheme came %u times for %u Settings",
		    v->nupdates, v->nsettings);
	else if (v->md5[0] != '\0' && digest_md5_hex(text, md5) == 0 &&
	    strcmp(md5, v->md5) == 0)
		passive_found(v, RULE_SRV_UPDATE,
		    "UpdatePaddingScheme has the scheme that padding-md5 "
		    "already named");
	passive_shape_update(v, text);
	free(v->update);
	v->update = malloc(text.len + 1);
	v->nupdate = v->update != NULL ? text.len : 0;
	if (v->update == NULL)
		v->nomem = true;
	else if (text.len != 0)
		memcpy(v->update, text.p, text.len);
}

/* What any frame of a server must keep to. */
static void
see_command(struct passive *v, const struct frame *f)
{
	const struct atls_command_info *info = atls_command_info(f->cmd);
	char what[FRAMES_TEXT];

	if (info == NULL) {
		passive_found(v, RULE_SRV_UNKNOWN,
		    "%s is no command of the protocol",
		    frames_describe(f, what));
		return;
	}
	if (!info->may_carry && f->data.len != 0)
		passive_found(v, RULE_SRV_NO_DATA, "%s carries %zu bytes",
		    info->name, f->data.len);
	if (!(info->sender & ATLS_SENDER_SERVER))
		passive_found(v, RULE_SRV_DIRECTION, "%s comes from the server",
		    info->name);
	else if (info->scope == ATLS_SCOPE_SESSION && f->sid != 0 &&
	    !(info->sender & ATLS_SENDER_CLIENT))
		passive_found(
		    v, RULE_SRV_SID, "%s has stream id %u", info->name, f->sid);
}

/* What the version and the state of the session forbid. */
static void
see_when(struct passive *v, const struct frame *f)
{
	bool v2 = f->cmd == ATLS_CMD_SYNACK ||
	    f->cmd == ATLS_CMD_SERVER_SETTINGS ||
	    f->cmd == ATLS_CMD_HEART_REQUEST;
	bool about_stream = f->cmd == ATLS_CMD_SYNACK ||
	    f->cmd == ATLS_CMD_PSH || f->cmd == ATLS_CMD_FIN;
	char what[FRAMES_TEXT];

	if (v->settings && v->version < 2 && v2)
		passive_found(v, RULE_SRV_V1, "%s to a client of version 1",
		    frames_describe(f, what));
	if (v->version >= 2 && !v->server_settings && v2 &&
	    f->cmd != ATLS_CMD_SERVER_SETTINGS)
		passive_found(v, RULE_SRV_SETTINGS,
		    "%s came before cmdServerSettings",
		    frames_describe(f, what));
	if (v->syn_first && about_stream && f->cmd != ATLS_CMD_FIN)
		passive_found(v, RULE_SRV_REJECT,
		    "%s, although SYN came before Settings",
		    frames_describe(f, what));
	if (v->alert && v->now_ms - v->alert_ms > PASSIVE_GRACE_MS)
		passive_found(v, RULE_SRV_ALERT,
		    "%s came %llu ms after the server's own Alert",
		    frames_describe(f, what),
		    (unsigned long long)(v->now_ms - v->alert_ms));
	if (about_stream && !v->server_settings)
		v->spoke = true;
	if (v->settings && (about_stream || f->cmd == ATLS_CMD_SERVER_SETTINGS))
		v->answered = true;
}

static void
begin_data(struct passive *v, struct passive_stream *s, uint16_t len)
{
	if (len == 0)
		return;
	if (s->server_fin)
		passive_found(v, RULE_SRV_AFTER_FIN,
		    "PSH %u (%u) after the server's own FIN %u", s->sid, len,
		    s->sid);
	else if (s->failed)
		passive_found(v, RULE_SRV_SYNACK,
		    "PSH %u (%u) after a SYNACK that said an error", s->sid,
		    len);
	else if (!s->synack && !s->server_data && synack_is_due(v))
		passive_found(v, RULE_SRV_SYNACK,
		    "PSH %u (%u) before SYNACK %u", s->sid, len, s->sid);
	if (s->client_fin && v->now_ms - s->client_fin_ms > PASSIVE_GRACE_MS)
		passive_found(v, RULE_SRV_HALF_CLOSE,
		    "PSH %u (%u) %llu ms after the client's FIN %u", s->sid,
		    len, (unsigned long long)(v->now_ms - s->client_fin_ms),
		    s->sid);
	s->server_data = true;
}

void
passive_server_part(struct passive *v, const struct atls_part *p)
{
	struct frame f =
	    frame(p->frame.cmd, p->frame.sid, bytes(p->data.p, p->frame.len));
	struct passive_stream *s;

	if (p->offset == 0) {
		see_command(v, &f);
		see_when(v, &f);
	}
	if (p->frame.cmd == ATLS_CMD_WASTE) {
		passive_found(v, RULE_SRV_WASTE,
		    "the server sends waste (%u bytes)", p->frame.len);
		return;
	}
	s = passive_find(v, p->frame.sid);
	if (s == NULL) {
		if (is_strange(v, p->frame.sid) && p->frame.len != 0)
			passive_found(v, RULE_SRV_STRANGE,
			    "PSH %u (%u) for a stream that was not opened",
			    p->frame.sid, p->frame.len);
		return;
	}
	if (p->offset == 0)
		begin_data(v, s, p->frame.len);
	passive_data(v, s, false, p->data);
}

static void
see_fin(struct passive *v, uint32_t sid)
{
	struct passive_stream *s = passive_find(v, sid);

	if (s == NULL)
		return;
	if (s->ready && !s->synack && !s->client_fin && synack_is_due(v))
		passive_found(v, RULE_SRV_NO_SYNACK,
		    "FIN %u came without a SYNACK %u before it", sid, sid);
	passive_fin(v, s, false);
}

void
passive_server_frame(struct passive *v, const struct frame *f)
{
	see_command(v, f);
	see_when(v, f);
	switch (f->cmd) {
	case ATLS_CMD_SERVER_SETTINGS:
		see_settings(v, f);
		break;
	case ATLS_CMD_SYNACK:
		see_synack(v, f);
		break;
	case ATLS_CMD_FIN:
		see_fin(v, f->sid);
		break;
	case ATLS_CMD_UPDATE_PADDING_SCHEME:
		see_update(v, f);
		break;
	case ATLS_CMD_ALERT:
		if (f->data.len != 0 && !v->alert) {
			v->alert = true;
			v->alert_ms = v->now_ms;
		}
		break;
	case ATLS_CMD_HEART_REQUEST:
		if (v->asked[0]++ == v->answers[0])
			v->asked_ms[0] = v->now_ms;
		break;
	case ATLS_CMD_HEART_RESPONSE:
		v->answers[1]++;
		v->asked_ms[1] = v->now_ms;
		break;
	default:
		break;
	}
}

/* A stream that was given up, or is still there, without SYNACK. */
static void
end_stream(struct passive *v, const struct passive_stream *s)
{
	uint64_t waited =
	    (s->client_fin ? s->client_fin_ms : v->now_ms) - s->ready_ms;

	if (!s->ready || s->synack || s->server_fin || v->alert)
		return;
	if (waited >= NEVER_MS)
		passive_found(v, RULE_SRV_NO_SYNACK, "no SYNACK %u in %llu ms",
		    s->sid, (unsigned long long)waited);
	else if (waited > PASSIVE_SYNACK_MS)
		passive_found(v, RULE_SRV_LATE_SYNACK,
		    "no SYNACK %u in %llu ms", s->sid,
		    (unsigned long long)waited);
}

/* How a session that began with SYN, or got an Alert, went to its end. */
static void
end_rejected(struct passive *v)
{
	uint64_t since = v->now_ms - v->alert_ms;

	if (v->syn_first && !v->alert && v->closed[1])
		passive_found(v, RULE_SRV_REJECT_ALERT,
		    "the server closed a session that began with SYN without "
		    "an Alert");
	if (v->alert && !v->closed[1] && since >= PASSIVE_CLOSE_MS)
		passive_found(v, RULE_SRV_ALERT,
		    "the server had not closed %llu ms after its Alert",
		    (unsigned long long)since);
}

void
passive_server_end(struct passive *v, bool at_rest)
{
	size_t i;

	if (!at_rest)
		return;
	if (v->answers[1] < v->asked[1] &&
	    v->now_ms - v->asked_ms[1] >= PASSIVE_GRACE_MS)
		passive_found(v, RULE_SRV_HEARTBEAT,
		    "%llu of %llu heartbeat requests were answered",
		    (unsigned long long)v->answers[1],
		    (unsigned long long)v->asked[1]);
	for (i = 0; i < v->nstreams && synack_is_due(v); i++)
		end_stream(v, &v->streams[i]);
	end_rejected(v);
}
