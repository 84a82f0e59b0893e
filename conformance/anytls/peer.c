/* One TLS connection to the target: sending, reading, closing. */
#include "conformance/anytls/peer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/anytls/fields.h"
#include "conformance/anytls/frames.h"
#include "conformance/engine/capture.h"
#include "conformance/engine/process.h"
#include "ref/net/digest.h"
#include "ref/wire/auth.h"

#define READ_SIZE 65536
/* What a peer may send ahead of the case, besides echoes of what we sent. */
#define QUEUE_BYTES (4u << 20)
#define QUEUE_FRAMES 30000u
/* The same of all that came, read or not: what a case has read it keeps. */
#define CAME_BYTES (12u << 20)
#define CAME_FRAMES 100000u
/* Heartbeats asked of us: each costs an answer. */
#define CAME_REQUESTS 5000u
/* What a peer that is told goodbye is waited for. */
#define LEAVE_MS 200

int
peer_left(uint64_t deadline)
{
	uint64_t now = t_now();

	if (deadline <= now)
		return (0);
	return (deadline - now > 3600000 ? 3600000 : (int)(deadline - now));
}

const char *
peer_closing_text(const struct peer *p)
{
	switch (p->closing) {
	case OPEN:
		return ("open");
	case CLOSED_FIN:
		return ("FIN without close_notify");
	case CLOSED_NOTIFY:
		return ("close_notify");
	case CLOSED_RST:
		return ("RST");
	case CLOSED_TLS:
		break;
	}
	return (tls_conn_error(p->tls));
}

static void
closed(struct peer *p, enum closing how)
{
	if (p->closing != OPEN)
		return;
	p->closing = how;
	p->closed_ms = t_now();
	t_log(p->t, "← connection closed (%s)", peer_closing_text(p));
}

struct queued *
peer_unlink(struct peer *p, struct queued **at)
{
	struct queued *q = *at;

	*at = q->next;
	if (*at == NULL)
		p->tail = at;
	p->nqueued--;
	p->queued_len -= q->f.data.len;
	return (q);
}

void
peer_drop(struct queued *q)
{
	free(q);
}

void
peer_drop_all(struct peer *p)
{
	while (p->head != NULL)
		peer_drop(peer_unlink(p, &p->head));
}

/* Streams of barriers are the verbs' own. */
static bool
is_barrier(const struct peer *p, uint32_t sid)
{
	return (p->barrier_sid != 0 && sid >= p->barrier_sid &&
	    sid - p->barrier_sid < p->barrier_next);
}

void
peer_came(void *ctx, const struct frame *f)
{
	struct peer *p = ctx;
	struct queued *q;

	p->came_frames++;
	p->came_requests += f->cmd == ATLS_CMD_HEART_REQUEST;
	if (f->cmd == ATLS_CMD_HEART_RESPONSE) {
		if (f->sid == 0)
			p->hearts_came++;
		else
			p->hearts_other++;
	}
	if (is_barrier(p, f->sid)) {
		if (f->cmd == ATLS_CMD_PSH)
			p->barrier_len += f->data.len;
		if (f->cmd == ATLS_CMD_FIN)
			p->barrier_fin = true;
		return;
	}
	q = malloc(sizeof(*q) + f->data.len);
	if (q == NULL) {
		p->nomem = true;
		return;
	}
	*q = (struct queued){ .f = *f };
	if (f->data.len != 0)
		memcpy(q->data, f->data.p, f->data.len);
	q->f.data.p = q->data;
	q->captured = capture_here(p->t);
	q->line = t_next_line(p->t);
	*p->tail = q;
	p->tail = &q->next;
	p->nqueued++;
	p->queued_len += f->data.len;
}

static void
keep_size(struct peer *p, size_t len)
{
	uint32_t *sizes =
	    realloc(p->sizes, (p->nsizes + 1) * sizeof(*p->sizes));

	if (sizes == NULL) {
		p->nomem = true;
		return;
	}
	p->sizes = sizes;
	p->sizes[p->nsizes++] = (uint32_t)len;
}

/* What the next record that comes begins with. */
static enum bytes_form
form_of(const struct peer *p, uint32_t *lead)
{
	const struct atls_splitter *sp = &p->came.splitter;

	*lead = 0;
	if (p->came.auth)
		return (p->came_len == 0 ? FORM_AUTH : FORM_DATA);
	if (sp->nheader == ATLS_FRAME_HEADER)
		*lead = (uint32_t)sp->left;
	else if (sp->nheader != 0)
		return (FORM_DATA);
	return (FORM_FRAMES);
}

/* For the report, without the hash that a client authenticates with. */
static void
show_record(struct peer *p, const uint8_t *buf, size_t len)
{
	uint32_t lead;
	enum bytes_form form = form_of(p, &lead);

	t_bytes(p->t, buf, len);
	t_bytes_are(p->t, form, lead);
	if (p->accepted && p->came_len < ATLS_AUTH_HASH)
		t_bytes_hide(p->t, 0,
		    len < ATLS_AUTH_HASH - p->came_len
			? len
			: ATLS_AUTH_HASH - p->came_len);
}

/* What a peer has us answer it may not take for what it may echo: a flood of
 * requests would raise its own limit. */
static bool
floods(const struct peer *p)
{
	uint64_t echo =
	    p->sent_len > p->answered_len ? p->sent_len - p->answered_len : 0;
	/* All of a client is kept. */
	uint64_t most = p->accepted ? p->raw_max : CAME_BYTES + 2 * echo;

	return (p->came_len > most || p->came_requests > CAME_REQUESTS ||
	    p->came_frames > CAME_FRAMES + echo / ATLS_FRAME_HEADER ||
	    p->queued_len > QUEUE_BYTES + 2 * echo ||
	    p->nqueued > QUEUE_FRAMES + echo / ATLS_FRAME_HEADER);
}

static void
take_record(struct peer *p, const uint8_t *buf, size_t len)
{
	char line[TAP_LINE];

	show_record(p, buf, len);
	p->came_len += len;

	if (!tap_feed(&p->came, atls_bytes(buf, len), line))
		p->nomem = true;
	t_log(p->t, "← [%zu] %s", len, line);
	snprintf(
	    p->last, sizeof(p->last), "%.*s", (int)sizeof(p->last) - 1, line);
	if (p->accepted)
		keep_size(p, len);
	if (p->raw.len + len <= p->raw_max &&
	    tls_buf_add(&p->raw, buf, len) != 0)
		p->nomem = true;
	if (floods(p))
		p->flooded = true;
}

void
peer_pump(struct peer *p)
{
	static const struct atls_bytes none;
	uint8_t buf[TLS_MAX_PLAINTEXT];
	size_t len;
	int err = 0;

	while (!p->flooded && !p->nomem &&
	    (err = tls_conn_read(p->tls, buf, sizeof(buf), &len)) == 0)
		take_record(p, buf, len);
	if (p->nomem)
		t_error(p->t, "out of memory");
	/* What was lent to TLS ends with the caller. */
	tls_conn_input(p->tls, none);
	if (err == ATLS_E_NOMEM)
		t_error(p->t, "out of memory");
	if (err == ATLS_E_CLOSED)
		closed(p, CLOSED_NOTIFY);
	else if (err != 0 && err != ATLS_E_MORE)
		closed(p, CLOSED_TLS);
}

/* One read of the socket. False when there is nothing to read. */
static bool
read_some(struct peer *p)
{
	uint8_t buf[READ_SIZE];
	ssize_t n;

	do {
		n = recv(p->fd, buf, sizeof(buf), 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return (false);
	if (n > 0) {
		capture_came(p->t, p->capture, buf, (size_t)n);
		tls_conn_input(p->tls, atls_bytes(buf, (size_t)n));
		peer_pump(p);
		return (true);
	}
	if (n < 0 && process_lacks(errno))
		t_error(p->t, "recv: %s", strerror(errno));
	/* A reset that a write has reported reads as the end. */
	if (n < 0 || p->write_error == ECONNRESET || p->write_error == EPIPE) {
		capture_came_rst(p->t, p->capture);
		closed(p, CLOSED_RST);
	} else {
		capture_came_fin(p->t, p->capture);
		closed(p, CLOSED_FIN);
	}
	return (true);
}

/* Past DEADLINE one more read is due, for a machine that was too busy to make
 * it; a second would let a peer that never pauses hold up the deadline. */
static bool
is_late(struct peer *p, uint64_t deadline)
{
	if (deadline == 0 || t_now() < deadline)
		return (false);
	if (p->overtime == deadline)
		return (true);
	p->overtime = deadline;
	return (false);
}

bool
peer_fill(struct peer *p, uint64_t deadline)
{
	struct pollfd pfd = { .fd = p->fd, .events = POLLIN };
	int n;

	if (p->closing != OPEN || p->flooded)
		return (true);
	if (p->fd < 0)
		t_error(p->t, "the case uses a connection that it has closed");
	if (is_late(p, deadline))
		return (false);
	do {
		n = poll(&pfd, 1, peer_left(deadline));
		if (n < 0 && errno != EINTR)
			t_error(p->t, "poll: %s", strerror(errno));
		if (n > 0 && read_some(p))
			return (true);
	} while (n != 0);
	return (false);
}

static void
write_failed(struct peer *p, int err)
{
	if (process_lacks(err))
		t_error(p->t, "send: %s", strerror(err));
	if (p->write_error == 0)
		t_log(p->t, "→ write failed: %s", strerror(err));
	p->write_error = err;
	p->out.len = 0;
}

/* Sends up to STEP bytes. False when the socket takes no more for now. */
static bool
send_some(struct peer *p, size_t step)
{
	size_t want = p->out.len;
	ssize_t n;

	if (step != 0 && want > step)
		want = step;
	do {
		n = send(p->fd, p->out.p, want, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n > 0) {
		capture_sent(p->t, p->capture, p->out.p, (size_t)n);
		tls_buf_drop(&p->out, (size_t)n);
	} else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return (false);
	else
		write_failed(p, n < 0 ? errno : EPIPE);
	return (true);
}

enum peer_sent
peer_flush(struct peer *p, uint64_t deadline, size_t step, bool reading)
{
	struct pollfd pfd = { .fd = p->fd };

	if (p->fd < 0)
		t_error(p->t, "the case uses a connection that it has closed");
	while (p->out.len != 0) {
		if (p->write_error != 0)
			break;
		if (send_some(p, step))
			continue;
		pfd.events = POLLOUT;
		if (reading && p->closing == OPEN && !p->flooded)
			pfd.events |= POLLIN;
		pfd.revents = 0;
		if (poll(&pfd, 1, peer_left(deadline)) == 0)
			return (PEER_STUCK);
		if (pfd.revents & POLLIN)
			read_some(p);
	}
	p->out.len = 0;
	return (p->write_error != 0 ? PEER_BROKEN : PEER_SENT);
}

/* A recording says which connections did not authenticate with the password:
 * who replays it with another one replaces the hash of the others. */
static void
note_auth(struct peer *p, struct data d)
{
	uint8_t hash[ATLS_AUTH_HASH];
	size_t at = (size_t)p->sent_len, n;

	if (p->accepted || p->other_auth || p->sent_len >= sizeof(hash) ||
	    p->t->target.password == NULL ||
	    digest_password(p->t->target.password, hash) != 0)
		return;
	n = d.len < sizeof(hash) - at ? d.len : sizeof(hash) - at;
	if (n == 0 || memcmp(hash + at, d.p, n) == 0)
		return;
	p->other_auth = true;
	capture_note(p->t, "other-auth", p->capture);
}

bool
peer_put_quietly(struct peer *p, struct data d)
{
	if (d.kind != DATA_EXACT)
		t_error(p->t, "the case sends data that is only a pattern");
	p->last_tell_ms = t_now();
	note_auth(p, d);
	p->sent_len += d.len;
	if (d.len == 0 || p->write_error != 0)
		return (false);
	if (tls_conn_write(p->tls, atls_bytes(d.p, d.len)) != 0) {
		write_failed(p, EPIPE);
		return (false);
	}
	return (true);
}

/* The sizes of the records D goes out in, which TLS cuts at its maximum. */
static void
sizes(size_t len, char *out, size_t cap)
{
	size_t full = len / TLS_MAX_PLAINTEXT;
	size_t rest = len % TLS_MAX_PLAINTEXT;

	if (full == 0 || len == TLS_MAX_PLAINTEXT)
		snprintf(out, cap, "%zu", len);
	else if (full == 1)
		snprintf(out, cap, "%d+%zu", TLS_MAX_PLAINTEXT, rest);
	else if (rest != 0)
		snprintf(out, cap, "%zux%d+%zu", full, TLS_MAX_PLAINTEXT, rest);
	else
		snprintf(out, cap, "%zux%d", full, TLS_MAX_PLAINTEXT);
}

void
peer_log_told(struct peer *p, struct data d, const char *note)
{
	char line[TAP_LINE], size[64];

	if (d.kind != DATA_EXACT)
		t_error(p->t, "the case sends data that is only a pattern");
	if (!tap_feed(&p->told, atls_bytes(d.p, d.len), line))
		t_error(p->t, "out of memory");
	sizes(d.len, size, sizeof(size));
	t_log(p->t, "→ [%s%s] %s", note, size, line);
}

bool
peer_put(struct peer *p, struct data d, const char *note)
{
	if (d.len != 0)
		peer_log_told(p, d, note);
	return (peer_put_quietly(p, d));
}

void
peer_leave(struct peer *p)
{
	uint64_t deadline = t_deadline(p->t, LEAVE_MS);

	if (p->fd >= 0)
		shutdown(p->fd, SHUT_WR);
	while (p->fd >= 0 && p->closing == OPEN && !p->flooded &&
	    peer_fill(p, deadline))
		peer_drop_all(p);
	peer_close(p);
}

void
peer_close(struct peer *p)
{
	capture_close(p->t, p->capture, p->fd);
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}
