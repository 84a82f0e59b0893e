/* Looking on: records to frames, and what both sides of a session share. */
#include "conformance/anytls/passive.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/anytls/passive_impl.h"
#include "ref/net/digest.h"

static const char *const requirements[PASSIVE_RULES] = {
	[RULE_HASH] = "AT-AU-01",
	[RULE_ONE_RECORD] = "AT-AU-08",
	[RULE_ZERO_PADDING] = "AT-AU-03",
	[RULE_SETTINGS_FIRST] = "AT-ST-01",
	[RULE_SETTINGS_ONCE] = "AT-ST-22",
	[RULE_SETTINGS_SID] = "AT-ST-22",
	[RULE_SETTINGS_V] = "AT-ST-18",
	[RULE_SETTINGS_CLIENT] = "AT-ST-05",
	[RULE_SETTINGS_MD5] = "AT-ST-23",
	[RULE_SID_ORDER] = "AT-SY-01",
	[RULE_SYN_FIRST] = "AT-SY-17",
	[RULE_AFTER_FIN] = "AT-CL-06",
	[RULE_NO_DATA] = "AT-FR-03",
	[RULE_DIRECTION] = "AT-FR-11",
	[RULE_UNKNOWN] = "AT-FR-05",
	[RULE_WASTE] = "AT-WA-02",
	[RULE_HEARTBEAT] = "AT-HB-01",
	[RULE_AUTH_SPLIT] = "AT-AU-02",
	[RULE_SHAPE_NONE] = "AT-PD-17",
	[RULE_SHAPE_TEXT] = "AT-RS-02",
	[RULE_SHAPE_TOLERANT] = "AT-RS-06",
	[RULE_ADDRESS] = "AT-SY-13",
	[RULE_UOT_REQUEST] = "AT-UT-02",
	[RULE_UOT_CLIENT] = "AT-UT-04",
	[RULE_AFTER_ERROR] = "AT-SY-09",
	[RULE_ALERT_OBEYED] = "AT-AL-01",
	[RULE_V2_UNASKED] = "AT-ST-20",
	[RULE_ONE_STREAM] = "AT-V3-03",
	[RULE_SRV_HEARTBEAT] = "AT-HB-01",
	[RULE_SRV_NO_DATA] = "AT-FR-03",
	[RULE_SRV_DIRECTION] = "AT-FR-11",
	[RULE_SRV_UNKNOWN] = "AT-FR-05",
	[RULE_SRV_WASTE] = "AT-PD-20",
	[RULE_SRV_SID] = "AT-FR-13",
	[RULE_SRV_REJECT] = "AT-ST-06",
	[RULE_SRV_REJECT_ALERT] = "AT-AL-03",
	[RULE_SRV_SETTINGS] = "AT-ST-08",
	[RULE_SRV_SETTINGS_V] = "AT-ST-19",
	[RULE_SRV_V1] = "AT-ST-09",
	[RULE_SRV_SYNACK] = "AT-SY-06",
	[RULE_SRV_NO_SYNACK] = "AT-SY-04",
	[RULE_SRV_LATE_SYNACK] = "AT-SY-11",
	[RULE_SRV_STRANGE] = "AT-DA-01",
	[RULE_SRV_AFTER_FIN] = "AT-CL-06",
	[RULE_SRV_HALF_CLOSE] = "AT-CL-06",
	[RULE_SRV_ALERT] = "AT-AL-03",
	[RULE_SRV_UPDATE] = "AT-PD-03",
	[RULE_SRV_SCHEME] = "AT-PD-23",
	[RULE_SRV_UOT] = "AT-UT-04",
};

void
passive_found(struct passive *v, enum passive_rule rule, const char *fmt, ...)
{
	char text[ATLS_SHAPE_SENTENCE + 64];
	va_list ap;

	if (v->done[rule])
		return;
	v->done[rule] = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	v->cfg.found(v->cfg.ctx, requirements[rule], text);
}

struct passive *
passive_new(const struct passive_config *cfg)
{
	struct passive *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return (NULL);
	v->oracle = calloc(1, sizeof(*v->oracle));
	if (v->oracle == NULL) {
		free(v);
		return (NULL);
	}
	v->cfg = *cfg;
	v->in_auth = true;
	return (v);
}

void
passive_free(struct passive *v)
{
	if (v == NULL)
		return;
	passive_shape_free(v);
	passive_streams_free(v);
	free(v->side[0].held);
	free(v->side[1].held);
	free(v);
}

void
passive_time(struct passive *v, uint64_t now_ms)
{
	v->now_ms = now_ms;
}

/* Adds a part to the frame that is being gathered. */
static bool
gather(struct passive_side *side, const struct atls_part *p)
{
	uint8_t *grown;

	if (p->frame.len > side->cap) {
		grown = realloc(side->held, p->frame.len);
		if (grown == NULL)
			return (false);
		side->held = grown;
		side->cap = p->frame.len;
	}
	if (p->data.len != 0)
		memcpy(side->held + p->offset, p->data.p, p->data.len);
	return (true);
}

static bool
in_parts(uint8_t cmd)
{
	return (cmd == ATLS_CMD_PSH || cmd == ATLS_CMD_WASTE);
}

static bool
see_part(struct passive *v, bool from_client, const struct atls_part *p)
{
	struct passive_side *side = &v->side[!from_client];
	struct atls_part whole = *p;
	struct frame f;

	if (in_parts(p->frame.cmd)) {
		if (p->offset == 0) {
			v->frames++;
			if (v->cfg.frame != NULL)
				v->cfg.frame(
				    v->cfg.ctx, from_client, &p->frame, NULL);
		}
		(from_client ? passive_client_part : passive_server_part)(v, p);
		return (true);
	}
	if (p->offset != 0 || !p->last) {
		if (!gather(side, p))
			return (false);
		if (!p->last)
			return (true);
		whole.data = atls_bytes(side->held, p->frame.len);
	}
	v->frames++;
	if (v->cfg.frame != NULL)
		v->cfg.frame(v->cfg.ctx, from_client, &p->frame, whole.data.p);
	f = frame(
	    p->frame.cmd, p->frame.sid, bytes(whole.data.p, whole.data.len));
	(from_client ? passive_client_frame : passive_server_frame)(v, &f);
	return (true);
}

static bool
see_frames(struct passive *v, bool from_client, struct atls_bytes in)
{
	struct passive_side *side = &v->side[!from_client];
	struct atls_part part;

	while (atls_splitter_next(&side->splitter, &in, &part))
		if (!see_part(v, from_client, &part) || v->nomem)
			return (false);
	return (true);
}

/* The part of the record PLAIN that belongs to the request. */
static void
see_auth(struct passive *v, struct atls_bytes *plain)
{
	struct atls_bytes rest = *plain;
	size_t i, from, padding;
	int err;

	from = v->auth.nheader < ATLS_AUTH_HEADER
	    ? (size_t)(ATLS_AUTH_HEADER - v->auth.nheader)
	    : 0;
	err = atls_auth_read(&v->auth, &rest);
	padding = plain->len - rest.len;
	for (i = from; i < padding; i++)
		if (plain->p[i] != 0)
			passive_found(
			    v, RULE_ZERO_PADDING, "padding0 is not all zero");
	v->auth_records++;
	if (v->auth.nheader == ATLS_AUTH_HEADER && v->cfg.hash != NULL &&
	    !digest_equal(v->auth.header, v->cfg.hash, ATLS_AUTH_HASH))
		passive_found(
		    v, RULE_HASH, "the hash is not that of the password");
	*plain = rest;
	if (err != 0)
		return;
	v->in_auth = false;
	if (v->auth_records != 1)
		passive_found(v, RULE_ONE_RECORD,
		    "the authentication request came in %u records",
		    v->auth_records);
}

bool
passive_client(struct passive *v, struct atls_bytes plain)
{
	if (plain.len == 0)
		return (true);
	v->client_ms = v->now_ms;
	if (!passive_shape_record(v, plain))
		return (false);
	if (v->in_auth)
		see_auth(v, &plain);
	return (see_frames(v, true, plain));
}

bool
passive_server(struct passive *v, struct atls_bytes plain)
{
	return (see_frames(v, false, plain));
}

void
passive_closed(struct passive *v, bool by_client)
{
	if (v->closed[!by_client])
		return;
	v->closed[!by_client] = true;
	v->closed_ms[!by_client] = v->now_ms;
}

void
passive_end(struct passive *v, bool at_rest)
{
	if (v->client_frames == 0 && v->in_auth)
		return;
	passive_client_end(v, at_rest);
	passive_server_end(v, at_rest);
	passive_shape_end(v, at_rest);
}

const char *
passive_client_name(const struct passive *v)
{
	return (v->name);
}

unsigned
passive_version(const struct passive *v)
{
	return (v->version);
}

unsigned
passive_server_version(const struct passive *v)
{
	if (!v->server_settings)
		return (0);
	return (v->server_v < 1
		? 1
		: (unsigned)(v->server_v < 255 ? v->server_v : 255));
}

uint64_t
passive_streams(const struct passive *v)
{
	return (v->nsyn);
}

uint64_t
passive_frames(const struct passive *v)
{
	return (v->frames);
}

struct atls_bytes
passive_md5(const struct passive *v)
{
	return (atls_bytes_str(v->md5));
}

struct atls_bytes
passive_update(const struct passive *v)
{
	return (atls_bytes(v->update, v->nupdate));
}

bool
passive_answered(const struct passive *v)
{
	return (v->answered);
}

bool
passive_shapeless(const struct passive *v)
{
	return (v->shapeless);
}
