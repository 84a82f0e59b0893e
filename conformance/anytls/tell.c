/* What a case tells the peer, with the borders of records it asks for. */
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "conformance/anytls/verbs.h"
#include "conformance/engine/capture.h"

/* Milliseconds that a MiB may take on a slow machine. */
#define MS_PER_MIB 500

/* Segments that leave at once are read at once, so some wait: 100 ms in all. */
#define SEGMENT_PAUSE_MS 2
#define SEGMENT_FIRST 10
#define SEGMENT_PAUSES 40
/* How many more waits one that drips is given. */
#define DRIP_WAITS 3

uint64_t
verb_deadline(struct t *t, size_t len)
{
	uint64_t more = (uint64_t)(len >> 10) * MS_PER_MIB >> 10;

	t_keep_pace(t);
	return (
	    t_now() + t->timeout_ms + (uint64_t)((double)more * t->time_scale));
}

uint64_t
verb_limit(struct t *t, uint64_t deadline)
{
	return (deadline + (uint64_t)DRIP_WAITS * t->timeout_ms);
}

uint64_t
verb_renewed(struct t *t, uint64_t deadline, uint64_t limit)
{
	uint64_t next = t_now() + t->timeout_ms;

	if (next > limit)
		next = limit;
	return (next > deadline ? next : deadline);
}

void
verb_send(struct peer *p, uint64_t deadline, size_t step, bool reading)
{
	uint64_t start = t_now();

	t_step(p->t, "the peer reads what is sent");
	if (peer_flush(p, deadline, step, reading) == PEER_STUCK)
		pack_fail(p->t, "the peer reads what is sent",
		    "%zu bytes of it left in our socket after %u ms",
		    p->out.len, (unsigned)(t_now() - start));
	t_step(p->t, "%s", "");
}

static void
add_cork(struct peer *p, struct data d)
{
	if (d.kind != DATA_EXACT)
		t_error(p->t, "the case sends data that is only a pattern");
	if (tls_buf_add(&p->cork, d.p, d.len) != 0)
		t_error(p->t, "out of memory");
}

void
tell_raw(struct peer *p, struct data d)
{
	if (p->corked != 0) {
		add_cork(p, d);
		return;
	}
	peer_put(p, d, "");
	verb_send(p, verb_deadline(p->t, d.len), 0, false);
}

void
tell_may_fail(struct peer *p, struct data d)
{
	uint64_t deadline = verb_deadline(p->t, d.len);

	if (peer_put(p, d, "") &&
	    peer_flush(p, deadline, 0, true) == PEER_STUCK)
		t_log(p->t, "→ the peer did not read all of it");
	p->out.len = 0;
}

void
cork(struct peer *p)
{
	p->corked++;
}

void
uncork(struct peer *p)
{
	struct data d;

	if (p->corked == 0)
		t_error(p->t, "uncork() without cork()");
	if (--p->corked != 0)
		return;
	d = bytes(p->cork.p, p->cork.len);
	tell_raw(p, d);
	p->cork.len = 0;
}

void
tell(struct peer *p, struct frame f)
{
	if (f.data.kind != DATA_EXACT)
		t_error(p->t, "the case sends a frame that is only a pattern");
	if (f.data.len > ATLS_FRAME_MAX_DATA)
		t_error(
		    p->t, "the case sends a frame of %zu bytes", f.data.len);
	if (f.cmd == ATLS_CMD_HEART_RESPONSE)
		p->answered_len += ATLS_FRAME_HEADER;
	tell_raw(p, encode(p->t, f));
}

void
tell_auth(struct peer *p, const char *password, uint16_t padding)
{
	tell_raw(p, auth_bytes(p->t, password, padding, 0));
}

void
tell_split(struct peer *p, struct data d, size_t at, uint32_t pause_ms)
{
	uint64_t until;

	tell_raw(p, part(d, 0, at));
	if (pause_ms != 0) {
		until = t_deadline(p->t, pause_ms);
		while (p->closing == OPEN && verb_wait(p, until))
			continue;
	}
	tell_raw(p, part(d, at, d.len - at));
}

void
tell_pieces(struct peer *p, struct data d, size_t n)
{
	uint64_t deadline = verb_deadline(p->t, d.len);
	char note[48];
	size_t at, len;

	if (n == 0)
		t_error(p->t, "tell_pieces() with pieces of no bytes");
	snprintf(note, sizeof(note), "records of %zu: ", n);
	peer_log_told(p, d, note);
	for (at = 0; at < d.len; at += len) {
		len = d.len - at < n ? d.len - at : n;
		peer_put_quietly(p, part(d, at, len));
		verb_send(p, deadline, 0, true);
	}
}

void
tell_segments(struct peer *p, struct data d, size_t n)
{
	uint64_t deadline = verb_deadline(p->t, d.len);
	char note[48];
	struct data all;
	size_t at, len, i = 0, every;

	if (n == 0)
		t_error(p->t, "tell_segments() with segments of no bytes");
	snprintf(note, sizeof(note), "segments of %zu: ", n);
	peer_put(p, d, note);
	all = join(p->t, bytes(p->out.p, p->out.len), NO_DATA);
	p->out.len = 0;
	every = all.len / n / SEGMENT_PAUSES + 1;
	for (at = 0; at < all.len; at += len) {
		len = all.len - at < n ? all.len - at : n;
		if (tls_buf_add(&p->out, all.p + at, len) != 0)
			t_error(p->t, "out of memory");
		verb_send(p, deadline, 0, false);
		/* The parts of a TLS header arrive apart, then every few. */
		if (++i <= SEGMENT_FIRST || i % every == 0)
			poll(NULL, 0, SEGMENT_PAUSE_MS);
	}
}

void
tell_bulk(struct peer *p, struct data d)
{
	uint64_t deadline = verb_deadline(p->t, d.len);
	size_t at, len;

	peer_log_told(p, d, "bulk: ");
	p->bulk_len += d.len;
	for (at = 0; at < d.len && p->write_error == 0; at += len) {
		len = d.len - at < 65536 ? d.len - at : 65536;
		peer_put_quietly(p, part(d, at, len));
		verb_send(p, deadline, 0, true);
		/* Also when our writes never wait, its data must not. */
		while (p->closing == OPEN && !p->flooded && peer_fill(p, 0))
			continue;
	}
}

void
tell_close(struct peer *p)
{
	tls_conn_close(p->tls);
	t_log(p->t, "→ close_notify, FIN");
	verb_send(p, verb_deadline(p->t, 0), 0, false);
	capture_sent_fin(p->t, p->capture);
	shutdown(p->fd, SHUT_WR);
	p->last_tell_ms = t_now();
}

void
hang_up(struct peer *p)
{
	/* Unread data would make the kernel send RST instead. */
	while (p->closing == OPEN && !p->flooded && peer_fill(p, 0))
		continue;
	t_log(p->t, "→ FIN without close_notify");
	peer_close(p);
}

void
reset(struct peer *p)
{
	struct linger now = { .l_onoff = 1 };

	t_log(p->t, "→ RST");
	if (p->fd >= 0 &&
	    setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) < 0)
		t_error(p->t, "cannot make the socket send RST");
	peer_close(p);
}

uint64_t
since_tell(struct peer *p)
{
	return (t_now() - p->last_tell_ms);
}
