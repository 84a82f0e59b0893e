/* What a client does with its server's frames. */
#include <stdlib.h>

#include "ref/session/impl.h"

/* Data in a SYNACK is an error text; the stream is over (AT-SY-09). */
static int
on_synack(
    struct atls_session *s, const struct atls_part *part, struct atls_event *ev)
{
	struct atls_stream *st =
	    atls_streams_find(&s->streams, part->frame.sid);

	s->watch_ms = UINT64_MAX;
	if (st == NULL)
		return (0);
	if (part->data.len != 0) {
		atls_session_event(ev, ATLS_EV_REFUSED, st);
		ev->data = part->data;
		st->flags |= ATLS_STREAM_PEER_FIN;
		if ((st->flags & ATLS_STREAM_OUR_FIN) == 0)
			return (atls_session_end_stream(s, st));
		atls_session_forget(s, st);
		return (0);
	}
	if ((st->flags & ATLS_STREAM_ACKED) != 0)
		return (0);
	st->flags |= ATLS_STREAM_ACKED;
	atls_session_event(ev, ATLS_EV_OPENED, st);
	return (0);
}

/* A number that cannot be read leaves the version alone (AT-ST-13). */
static int
on_server_settings(
    struct atls_session *s, const struct atls_part *part, struct atls_event *ev)
{
	const struct atls_policy *policy = s->policy;
	struct atls_settings said;

	atls_settings_read(part->data, &said);
	if (!said.has_version)
		return (0);
	if (policy->version_mask != 0)
		said.version &= policy->version_mask;
	s->settings_seen = true;
	s->version = atls_settings_version(&said, (unsigned)policy->version);
	if (s->version < 2)
		s->watch_ms = UINT64_MAX;
	ev->type = ATLS_EV_SETTINGS;
	ev->version = s->version;
	return (0);
}

/*
 * The packets still to come follow the new scheme (AT-PD-05), but a session
 * that has stopped padding does not start again (AT-PD-09).
 */
static int
on_scheme(
    struct atls_session *s, const struct atls_part *part, struct atls_event *ev)
{
	struct atls_shape *shape;
	int err;

	if (part->data.len == 0 || !s->policy->apply_scheme)
		return (0);
	err = atls_shape_new(part->data, &shape);
	if (err == ATLS_E_NOMEM)
		return (err);
	ev->type = err == 0 ? ATLS_EV_SCHEME : ATLS_EV_BAD_SCHEME;
	ev->data = part->data;
	if (err != 0)
		return (0);
	if (s->shape == NULL) {
		free(shape);
		return (0);
	}
	free(s->shape);
	s->shape = shape;
	return (0);
}

const struct atls_session_handler atls_session_on_client[ATLS_NCOMMANDS] = {
	[ATLS_CMD_WASTE] = { atls_session_on_waste, ATLS_TAKE_HEAD },
	[ATLS_CMD_PSH] = { atls_session_on_psh, ATLS_TAKE_PARTS },
	[ATLS_CMD_FIN] = { atls_session_on_fin, ATLS_TAKE_HEAD },
	[ATLS_CMD_ALERT] = { atls_session_on_alert, ATLS_TAKE_WHOLE },
	[ATLS_CMD_UPDATE_PADDING_SCHEME] = { on_scheme, ATLS_TAKE_WHOLE },
	[ATLS_CMD_SYNACK] = { on_synack, ATLS_TAKE_WHOLE },
	[ATLS_CMD_HEART_REQUEST] = { atls_session_on_heart_request,
	    ATLS_TAKE_HEAD },
	[ATLS_CMD_HEART_RESPONSE] = { atls_session_on_heart_response,
	    ATLS_TAKE_HEAD },
	[ATLS_CMD_SERVER_SETTINGS] = { on_server_settings, ATLS_TAKE_WHOLE },
};
