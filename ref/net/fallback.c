/* Relays a connection that did not authenticate to another server. */
#include "ref/net/fallback.h"

#include <stdlib.h>

#include "ref/net/relay.h"

struct fallback {
	struct inbound *in;
	struct relay *relay; /* NULL: has ended */
	uint8_t *room;       /* for answers, between reserve and commit */
};

static uint8_t *
up_reserve(void *up, size_t want)
{
	struct fallback *f = up;

	return (f->room = malloc(want));
}

static void
up_commit(void *up, size_t len)
{
	struct fallback *f = up;

	/* A failure shows when the connection is flushed. */
	conn_write(f->in->conn, atls_bytes(f->room, len));
	free(f->room);
	f->room = NULL;
}

static bool
up_congested(void *up)
{
	struct fallback *f = up;

	return (conn_congested(f->in->conn));
}

static void
up_opened(void *up)
{
	(void)up;
}

static void
up_ended(void *up, const char *err)
{
	struct fallback *f = up;

	if (err != NULL)
		log_write(f->in->w->cfg->log, LOGL_WARN, "fallback: %s", err);
	f->relay = NULL;
	inbound_end_later(f->in);
}

static void
up_hold(void *up, bool on)
{
	struct fallback *f = up;

	inbound_hold(f->in, on);
}

static const struct uplink_ops uplink_ops = {
	.reserve = up_reserve,
	.commit = up_commit,
	.congested = up_congested,
	.opened = up_opened,
	.ended = up_ended,
	.hold = up_hold,
};

struct fallback *
fallback_new(struct inbound *in)
{
	struct fallback *f = calloc(1, sizeof(*f));
	struct uplink up = { &uplink_ops, f };

	if (f == NULL)
		return (NULL);
	f->in = in;
	f->relay = relay_new(in->w, up, in->w->cfg->fallback);
	if (f->relay == NULL) {
		free(f);
		return (NULL);
	}
	return (f);
}

void
fallback_data(struct fallback *f, struct atls_bytes data)
{
	if (f->relay == NULL || data.len == 0)
		return;
	relay_ops.data(f->relay, data);
	/* There is no batch outside a session. */
	gather_flush(f->in->w->gather);
}

void
fallback_resume(struct fallback *f)
{
	if (f != NULL && f->relay != NULL)
		relay_ops.resume(f->relay, false);
}

void
fallback_leave(struct fallback *f)
{
	if (f == NULL)
		return;
	if (f->relay != NULL)
		relay_ops.leave(f->relay);
	free(f);
}
