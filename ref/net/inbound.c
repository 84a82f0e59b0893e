/* One accepted connection: authentication, then a session or a fallback. */
#include "ref/net/inbound.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ref/net/dial.h"
#include "ref/net/digest.h"
#include "ref/net/fallback.h"
#include "ref/net/stream.h"
#include "ref/wire/scheme.h"

/* A request shorter than the hash goes to the fallback after this long. The
 * content must not decide earlier: that would tell how much of it is right. */
#define SHORT_MS 1000

static const struct conn_handler handler;

static void
on_end_task(void *arg)
{
	inbound_end(arg);
}

void
inbound_new(struct worker *w, int take_fd)
{
	const struct service_config *cfg = w->cfg;
	struct inbound *in = calloc(1, sizeof(*in));
	struct conn_config conn = {
		.shared = w->shared,
		.take_fd = take_fd,
		.handler = &handler,
		.ctx = in,
		.handshake_ms = cfg->auth_ms,
		.write_ms = cfg->write_ms,
		.idle_ms = cfg->idle_ms,
	};

	if (in == NULL || (in->auth = calloc(1, sizeof(*in->auth))) == NULL) {
		free(in);
		close(take_fd);
		return;
	}
	in->w = w;
	in->last_parked = &in->parked;
	in->end_task = (struct loop_task){ .fn = on_end_task, .arg = in };
	if ((in->conn = w->common->new_conn(w->common, &conn)) == NULL) {
		free(in->auth);
		free(in);
		return;
	}
	in->next = w->inbounds;
	in->link = &w->inbounds;
	if (in->next != NULL)
		in->next->link = &in->next;
	w->inbounds = in;
	atomic_fetch_add(&w->common->nsessions, 1);
	atomic_fetch_add(&w->common->nstrangers, 1);
}

/* It has said the password, was given to the fallback, or ends. */
static void
no_stranger(struct inbound *in)
{
	if (!in->decided)
		atomic_fetch_sub(&in->w->common->nstrangers, 1);
	in->decided = true;
}

static void
leave_stream(void *ctx, uint32_t sid, void *data)
{
	(void)ctx;
	(void)sid;
	if (data != NULL)
		stream_leave(data);
}

void
inbound_end(struct inbound *in)
{
	struct atls_session *s = conn_session(in->conn);

	/* What was read must reach its targets before it goes away. */
	gather_flush(in->w->gather);
	if (s != NULL)
		atls_session_each(s, leave_stream, NULL);
	fallback_leave(in->fallback);
	loop_undefer(in->w->loop, &in->end_task);
	loop_timer_free(in->short_timer);
	conn_close(in->conn);
	*in->link = in->next;
	if (in->next != NULL)
		in->next->link = in->link;
	no_stranger(in);
	atomic_fetch_sub(&in->w->common->nsessions, 1);
	free(in->auth);
	free(in);
}

void
inbound_end_later(struct inbound *in)
{
	loop_defer(in->w->loop, &in->end_task);
}

void
inbound_hold(struct inbound *in, bool on)
{
	in->nholds += on ? 1U : 0U;
	in->nholds -= on ? 0U : 1U;
	conn_pause(in->conn, in->nholds > 0);
}

static void
on_ready(void *ctx)
{
	struct inbound *in = ctx;
	uint32_t ms = in->w->cfg->auth_ms;

	if (ms != 0)
		conn_set_deadline(in->conn, loop_now(in->w->loop) + ms);
}

/* Compares with every password, whichever is right. */
static bool
known(const struct service_config *cfg, const uint8_t *hash)
{
	unsigned found = 0;
	size_t i;

	for (i = 0; i < cfg->nhashes; i++)
		found |= digest_equal(cfg->hashes[i], hash, ATLS_AUTH_HASH);
	return (found != 0);
}

static void
start_session(struct inbound *in)
{
	const struct service_config *cfg = in->w->cfg;
	struct atls_session_config session = {
		.role = ATLS_SERVER,
		.policy = cfg->policy,
		.scheme = cfg->scheme,
		.scheme_md5 = in->w->common->scheme_md5,
		.random = digest_random_source(),
		.max_streams = cfg->max_streams,
		.heartbeat_ms = cfg->heartbeat_ms,
		.heartbeat_timeout_ms = cfg->heartbeat_timeout_ms,
	};

	no_stranger(in);
	free(in->auth);
	in->auth = NULL;
	loop_timer_free(in->short_timer);
	in->short_timer = NULL;
	conn_set_deadline(in->conn, UINT64_MAX);
	if (conn_start(in->conn, &session) != 0)
		inbound_end(in);
}

static void
peer_text(const struct inbound *in, char text[ATLS_ADDR_STRLEN])
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct atls_addr a;

	if (getpeername(conn_fd(in->conn), (struct sockaddr *)&ss, &len) != 0) {
		snprintf(text, ATLS_ADDR_STRLEN, "a peer");
		return;
	}
	dial_addr((const struct sockaddr *)&ss, &a);
	atls_addr_format(&a, text);
}

/* Wrong: HEAD came in earlier records, RECORD in this one. */
static void
refuse(struct inbound *in, struct atls_bytes head, struct atls_bytes record)
{
	char peer[ATLS_ADDR_STRLEN];

	peer_text(in, peer);
	log_write(
	    in->w->cfg->log, LOGL_INFO, "%s does not know the password", peer);
	loop_timer_free(in->short_timer);
	in->short_timer = NULL;
	if (in->w->cfg->fallback != NULL) {
		no_stranger(in);
		conn_set_deadline(in->conn, UINT64_MAX);
		in->fallback = fallback_new(in);
	}
	if (in->fallback == NULL) {
		inbound_end(in);
		return;
	}
	fallback_data(in->fallback, head);
	fallback_data(in->fallback, record);
}

static void
on_short(void *arg)
{
	struct inbound *in = arg;
	struct atls_bytes head = { in->auth->header, in->auth->nheader };

	refuse(in, head, atls_bytes(NULL, 0));
}

/* Without a timer the request has the time that authentication has. */
static void
wait_for_rest(struct inbound *in)
{
	struct loop *l = in->w->loop;

	if (in->short_timer == NULL)
		in->short_timer = loop_timer_new(l, on_short, in);
	if (in->short_timer != NULL)
		loop_timer_set(in->short_timer, loop_now(l) + SHORT_MS);
}

/* Gives the request its record *RECORD: 0, ATLS_E_MORE or ATLS_E_AUTH. */
static int
authenticate(struct inbound *in, struct atls_bytes *record)
{
	const struct service_config *cfg = in->w->cfg;
	struct atls_auth_reader *auth = in->auth;
	int err = atls_auth_read(auth, record);

	if (auth->nheader < ATLS_AUTH_HASH)
		return (cfg->policy->auth_one_record ? ATLS_E_AUTH : err);
	if (!known(cfg, auth->header) && !cfg->policy->auth_any)
		return (ATLS_E_AUTH);
	if (auth->nheader == ATLS_AUTH_HEADER &&
	    atls_auth_padding(auth) > cfg->policy->auth_max_padding)
		return (ATLS_E_AUTH);
	if (err == ATLS_E_MORE && cfg->policy->auth_one_record)
		return (ATLS_E_AUTH);
	return (err);
}

static void
on_record(void *ctx, struct atls_bytes *rest)
{
	struct inbound *in = ctx;
	struct atls_bytes record = *rest, head;
	uint8_t earlier[ATLS_AUTH_HEADER] = { 0 };
	int err;

	if (in->fallback != NULL) {
		fallback_data(in->fallback, record);
		return;
	}
	head = atls_bytes(earlier, in->auth->nheader);
	memcpy(earlier, in->auth->header, head.len);
	err = authenticate(in, rest);
	if (err == 0)
		start_session(in);
	else if (err == ATLS_E_AUTH)
		refuse(in, head, record);
	else if (in->w->cfg->fallback != NULL &&
	    in->auth->nheader < ATLS_AUTH_HASH)
		wait_for_rest(in);
}

static void
on_event(void *ctx, const struct atls_event *ev)
{
	struct inbound *in = ctx;

	switch (ev->type) {
	case ATLS_EV_OPEN:
		stream_new(in, ev->sid);
		break;
	case ATLS_EV_DATA:
		if (ev->stream_data != NULL)
			stream_data(ev->stream_data, ev->data);
		break;
	case ATLS_EV_FIN:
	case ATLS_EV_REPLACED:
		if (ev->stream_data != NULL)
			stream_fin(ev->stream_data);
		break;
	case ATLS_EV_ALERT:
		log_write(in->w->cfg->log, LOGL_INFO, "client's alert: %.*s",
		    ev->data.len < 200 ? (int)ev->data.len : 200,
		    (const char *)ev->data.p);
		break;
	case ATLS_EV_NONE:
	case ATLS_EV_OPENED:
	case ATLS_EV_REFUSED:
	case ATLS_EV_SETTINGS:
	case ATLS_EV_SCHEME:
	case ATLS_EV_BAD_SCHEME:
	case ATLS_EV_HEART:
		break;
	}
}

static void
on_batch_end(void *ctx)
{
	struct inbound *in = ctx;

	gather_flush(in->w->gather);
	if (atls_session_over(conn_session(in->conn)))
		inbound_end_later(in);
}

static void
on_congested(void *ctx, bool on)
{
	struct inbound *in = ctx;

	if (on)
		return; /* targets ask before they read */
	stream_resume(in);
	fallback_resume(in->fallback);
}

static void
on_over(void *ctx, int err, const char *why)
{
	struct inbound *in = ctx;

	(void)err;
	log_write(in->w->cfg->log, LOGL_DEBUG, "connection over: %s", why);
	inbound_end(in);
}

static const struct conn_handler handler = {
	.ready = on_ready,
	.record = on_record,
	.event = on_event,
	.batch_end = on_batch_end,
	.congested = on_congested,
	.over = on_over,
};
