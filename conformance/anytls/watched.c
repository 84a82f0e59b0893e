/* The server's part in a session that is looked at: version 2, and echo. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/anytls/observe_impl.h"
#include "ref/wire/settings.h"
#include "ref/wire/uot.h"

static void
send_frame(struct watched *w, uint8_t cmd, uint32_t sid, struct atls_bytes d)
{
	uint8_t buf[ATLS_FRAME_HEADER + ATLS_FRAME_MAX_DATA];
	struct atls_frame head = { cmd, sid, (uint16_t)d.len };

	if (d.len > ATLS_FRAME_MAX_DATA)
		return;
	atls_frame_put(buf, head);
	if (d.len != 0)
		memcpy(buf + ATLS_FRAME_HEADER, d.p, d.len);
	d = atls_bytes(buf, ATLS_FRAME_HEADER + d.len);
	if (tls_conn_write(w->tls, d) != 0 || !passive_server(w->rules, d))
		w->broken = true;
}

static struct echoed *
find_stream(struct watched *w, uint32_t sid)
{
	size_t i;

	for (i = 0; i < OBSERVE_STREAMS; i++)
		if (w->streams[i].used && w->streams[i].sid == sid)
			return (&w->streams[i]);
	return (NULL);
}

static void
new_echoed(struct watched *w, uint32_t sid)
{
	size_t i;

	for (i = 0; i < OBSERVE_STREAMS; i++)
		if (!w->streams[i].used) {
			w->streams[i] =
			    (struct echoed){ .sid = sid, .used = true };
			return;
		}
}

/* Data of a stream: the address, at whose end it stands, then the echo. */
static void
take_data(struct watched *w, struct echoed *s, struct atls_bytes d)
{
	static const struct atls_bytes none;
	struct atls_bytes in;
	struct atls_addr a;

	for (; !s->open && d.len != 0 && s->n < sizeof(s->buf);
	     atls_bytes_skip(&d, 1)) {
		s->buf[s->n++] = d.p[0];
		in = atls_bytes(s->buf, s->n);
		if (atls_addr_read(&in, &a) != 0)
			continue;
		s->open = true;
		s->mute = atls_uot_is_magic(&a) || atls_uot_is_magic_v1(&a);
		if (w->version >= 2)
			send_frame(w, ATLS_CMD_SYNACK, s->sid, none);
	}
	if (s->open && !s->mute && d.len != 0)
		send_frame(w, ATLS_CMD_PSH, s->sid, d);
}

static void
take_settings(struct watched *w, struct atls_bytes d)
{
	static const struct atls_bytes none;
	struct atls_settings s;

	atls_settings_read(d, &s);
	w->version = atls_settings_version(&s, 2);
	if (w->version < 2)
		return;
	send_frame(w, ATLS_CMD_SERVER_SETTINGS, 0, atls_bytes_str("v=2"));
	send_frame(w, ATLS_CMD_HEART_REQUEST, 0, none);
}

static void
act(void *ctx, const struct frame *f)
{
	struct watched *w = ctx;
	struct atls_bytes d = atls_bytes(f->data.p, f->data.len);
	struct echoed *s = find_stream(w, f->sid);

	switch (f->cmd) {
	case ATLS_CMD_SETTINGS:
		take_settings(w, d);
		break;
	case ATLS_CMD_SYN:
		if (s == NULL)
			new_echoed(w, f->sid);
		break;
	case ATLS_CMD_PSH:
		if (s != NULL)
			take_data(w, s, d);
		break;
	case ATLS_CMD_FIN:
		if (s != NULL)
			s->used = false;
		break;
	case ATLS_CMD_HEART_REQUEST:
		send_frame(
		    w, ATLS_CMD_HEART_RESPONSE, f->sid, atls_bytes(NULL, 0));
		break;
	default:
		break;
	}
}

struct watched *
watched_new(struct observe *o, int fd)
{
	struct watched *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return (NULL);
	w->tls = tls_conn_new(o->tls, NULL, NULL);
	if (w->tls == NULL) {
		free(w);
		return (NULL);
	}
	tls_conn_set_output(w->tls, &w->out);
	w->o = o;
	w->fd = fd;
	w->capture = capture_accept(o->t, fd);
	w->number = ++o->total;
	w->tap = (struct tap){ .auth = true, .on_frame = act, .ctx = w };
	return (w);
}

void
watched_free(struct watched *w)
{
	capture_close(w->o->t, w->capture, w->fd);
	close(w->fd);
	tls_conn_free(w->tls);
	tls_buf_free(&w->out);
	tap_free(&w->tap);
	free(w);
}

bool
watched_may_judge(struct watched *w, struct atls_bytes plain)
{
	size_t n = sizeof(w->begin) - w->nbegin;

	if (n > plain.len)
		n = plain.len;
	memcpy(w->begin + w->nbegin, plain.p, n);
	w->nbegin += n;
	return (memcmp(w->begin, w->o->hash, w->nbegin) == 0);
}

bool
watched_act(struct watched *w, struct atls_bytes plain)
{
	char text[TAP_LINE];

	return (tap_feed(&w->tap, plain, text) && !w->broken);
}

bool
watched_flush(struct watched *w)
{
	ssize_t n;

	while (w->out.len != 0) {
		n = send(w->fd, w->out.p, w->out.len, MSG_NOSIGNAL);
		if (n > 0) {
			capture_sent(w->o->t, w->capture, w->out.p, (size_t)n);
			tls_buf_drop(&w->out, (size_t)n);
		} else if (n < 0 && errno != EINTR)
			return (errno == EAGAIN || errno == EWOULDBLOCK);
	}
	return (!w->broken);
}
