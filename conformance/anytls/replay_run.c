/* Does again what the recording did: waits for what was there before each
 * record, then sends it as it was. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/anytls/replay_impl.h"
#include "conformance/engine/reach.h"

#define POLLED 256
/* What comes after the last that was awaited. */
#define SETTLE_MS 200
#define CONNECT_MS 5000

static struct replay_tally *
tally_of(struct replay_conn *conn, uint8_t cmd, uint32_t sid)
{
	struct replay_tally *t = conn->tallies;
	size_t i;

	for (i = 0; i < conn->ntallies; i++)
		if (t[i].cmd == cmd && t[i].sid == sid)
			return (&t[i]);
	t = realloc(t, (conn->ntallies + 1) * sizeof(*t));
	if (t == NULL)
		return (NULL);
	conn->tallies = t;
	t += conn->ntallies++;
	*t = (struct replay_tally){ .cmd = cmd, .sid = sid };
	return (t);
}

/* Counts the frames of LIST from FROM on. */
static void
count(struct replay_conn *conn, const struct replay_frames *list, size_t from)
{
	struct replay_tally *t;
	size_t i;

	for (i = from; i < list->n; i++) {
		const struct replay_frame *f = &list->v[i];
		uint64_t n = f->cmd == ATLS_CMD_PSH ? f->len : 1;

		if (f->cmd == ATLS_CMD_WASTE ||
		    (t = tally_of(conn, f->cmd, f->sid)) == NULL)
			continue;
		if (list == &conn->then)
			t->then += n;
		else
			t->now += n;
	}
}

static void
feed(struct replay *r, struct replay_conn *conn, bool then,
    struct atls_bytes plain)
{
	struct replay_frames *list = then ? &conn->then : &conn->now;
	size_t had = list->n;
	char line[TAP_LINE];

	if (!tap_feed(then ? &conn->tap_then : &conn->tap_now, plain, line) ||
	    list->nomem)
		r->nomem = true;
	count(conn, list, had);
}

static void
read_records(struct replay *r, struct replay_conn *conn)
{
	uint8_t plain[TLS_MAX_PLAINTEXT];
	size_t len;
	int rc;

	while ((rc = tls_conn_read(
		    conn->session, plain, sizeof(plain), &len)) == 0)
		feed(r, conn, false, atls_bytes(plain, len));
	if (rc != ATLS_E_MORE)
		conn->ended = true;
}

/* Reads what there is. */
static void
read_conn(struct replay *r, struct replay_conn *conn)
{
	uint8_t buf[65536];
	ssize_t n;

	while (!conn->ended && !r->nomem) {
		n = recv(conn->fd, buf, sizeof(buf), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0) {
			conn->ended = true;
		} else if (conn->tls) {
			tls_conn_input(
			    conn->session, atls_bytes(buf, (size_t)n));
			read_records(r, conn);
		} else {
			conn->bytes_now += (size_t)n;
			conn->sum_now =
			    replay_sum(conn->sum_now, buf, (size_t)n);
		}
	}
}

/* One turn of everything, at most MS long. */
static void
turn(struct replay *r, int ms)
{
	struct pollfd p[POLLED];
	struct replay_conn *conn;
	size_t n = origins_poll(r, p, POLLED / 4);

	n += udp_poll(r, p + n, POLLED / 4);
	for (conn = r->rec.conns; conn != NULL && n < POLLED; conn = conn->next)
		if (conn->fd >= 0 && !conn->ended)
			p[n++] = (struct pollfd){ conn->fd, POLLIN, 0 };
	poll(p, (nfds_t)n, ms);
	origins_work(r);
	udp_work(r);
	for (conn = r->rec.conns; conn != NULL; conn = conn->next)
		if (conn->fd >= 0 && !conn->ended)
			read_conn(r, conn);
}

static bool
is_behind(const struct replay_conn *conn)
{
	size_t i;

	if (conn->ended || !conn->opened)
		return (false);
	for (i = 0; i < conn->ntallies; i++)
		if (conn->tallies[i].now + conn->tallies[i].forgiven <
		    conn->tallies[i].then)
			return (true);
	return (false);
}

/* What did not come in time is not waited for again. */
static void
forgive(struct replay_conn *conn)
{
	struct replay_tally *t;
	size_t i;

	for (i = 0; i < conn->ntallies; i++) {
		t = &conn->tallies[i];
		if (t->now + t->forgiven < t->then)
			t->forgiven = t->then - t->now;
	}
}

/* Until all that the recording had by now is here. */
static void
catch_up(struct replay *r)
{
	uint64_t deadline = t_now() + r->opt->timeout_ms;
	struct replay_conn *conn;
	bool behind;

	turn(r, 0);
	do {
		behind = false;
		for (conn = r->rec.conns; conn != NULL; conn = conn->next)
			behind |= conn->tls && is_behind(conn);
		if (behind)
			turn(r, 20);
	} while (behind && t_now() < deadline && !r->nomem);
	for (conn = r->rec.conns; conn != NULL; conn = conn->next)
		forgive(conn);
}

/* Until the socket has taken it, or is broken. */
static void
send_all(
    struct replay *r, struct replay_conn *conn, const uint8_t *p, size_t len)
{
	uint64_t deadline = t_now() + r->opt->timeout_ms;
	ssize_t n;

	while (len != 0 && t_now() < deadline) {
		n = send(conn->fd, p, len, MSG_NOSIGNAL);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			turn(r, 5);
		} else if (errno != EINTR) {
			return;
		}
	}
}

static void
flush(struct replay *r, struct replay_conn *conn)
{
	send_all(r, conn, conn->out.p, conn->out.len);
	conn->out.len = 0;
}

static bool
shake_hands(struct replay *r, struct replay_conn *conn)
{
	uint64_t deadline = t_now() + CONNECT_MS;
	struct pollfd p = { conn->fd, POLLIN, 0 };
	uint8_t buf[16384];
	ssize_t n;
	int rc;

	while ((rc = tls_conn_handshake(conn->session)) == ATLS_E_MORE) {
		flush(r, conn);
		if (t_now() >= deadline || poll(&p, 1, 1000) < 0)
			return (false);
		n = recv(conn->fd, buf, sizeof(buf), 0);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return (false);
		if (n > 0)
			tls_conn_input(
			    conn->session, atls_bytes(buf, (size_t)n));
	}
	flush(r, conn);
	if (rc == 0)
		read_records(r, conn);
	return (rc == 0);
}

/* 0, or EXIT_UNUSABLE when not even the first session begins. */
static int
begin_session(struct replay *r, struct replay_conn *conn, struct complaint *c)
{
	const struct env *env = r->env;
	int one = 1;

	conn->fd = reach_connect(env->host, env->target.port, CONNECT_MS);
	if (conn->fd < 0)
		return (complain(c, EXIT_UNUSABLE,
		    "target %s:%u is unusable: cannot connect: %s", env->host,
		    (unsigned)env->target.port, strerror(-conn->fd)));
	fcntl(conn->fd, F_SETFL, O_NONBLOCK);
	setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	conn->session = tls_conn_new(r->tls, env->target.sni, env->host);
	if (conn->session == NULL) {
		r->nomem = true;
		return (0);
	}
	tls_conn_set_output(conn->session, &conn->out);
	if (!shake_hands(r, conn))
		return (complain(c, EXIT_UNUSABLE,
		    "target %s:%u is unusable: the TLS handshake failed: %s",
		    env->host, (unsigned)env->target.port,
		    tls_conn_error(conn->session)[0] != '\0'
			? tls_conn_error(conn->session)
			: "it closed, or said nothing"));
	conn->opened = true;
	return (0);
}

/* The recording's bytes, with the hash of this run's password. */
static void
send_record(struct replay *r, struct replay_conn *conn, uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len && conn->sent + i < ATLS_AUTH_HASH; i++)
		if (!conn->other_auth)
			p[i] = r->hash[conn->sent + i];
	conn->sent += len;
	if (tls_conn_write(conn->session, atls_bytes(p, len)) == 0)
		flush(r, conn);
}

/* The same for datagrams: a socket may be written to that has not written to
 * this one of ours. */
static void
send_datagram(
    struct replay *r, struct replay_conn *conn, const struct replay_event *e)
{
	uint64_t deadline = t_now() + r->opt->timeout_ms;

	while (!conn->failed && t_now() < deadline &&
	    (conn->datagrams_now < conn->datagrams_due ||
		!udp_answer(r, conn, e->p, e->len)))
		turn(r, 20);
	conn->failed = t_now() >= deadline;
}

/* An origin's turn comes when the target has called. */
static void
send_of_origin(
    struct replay *r, struct replay_conn *conn, const struct replay_event *e)
{
	uint64_t deadline = t_now() + r->opt->timeout_ms;

	while (!conn->opened && !conn->failed && t_now() < deadline)
		turn(r, 20);
	conn->failed = !conn->opened;
	if (conn->opened)
		send_all(r, conn, e->p, e->len);
}

/* Our side closes, as it did then. What the other has not closed by now was
 * closed by us. */
static void
close_ours(struct replay *r, struct replay_conn *conn, enum replay_kind kind)
{
	struct linger now = { .l_onoff = 1 };

	if (conn->fd < 0)
		return;
	if (!conn->we_closed)
		conn->closed_now = conn->closed_now || conn->ended;
	conn->we_closed = true;
	if (kind == REPLAY_SENT_NOTIFY && conn->session != NULL) {
		tls_conn_close(conn->session);
		flush(r, conn);
		return;
	}
	if (kind == REPLAY_SENT_RST) {
		setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(conn->fd);
		conn->fd = -1;
		return;
	}
	shutdown(conn->fd, SHUT_WR);
}

/* The other side closed then, before we did: it may do so now. */
static void
wait_end(struct replay *r, struct replay_conn *conn)
{
	uint64_t deadline = t_now() + r->opt->timeout_ms;

	conn->closed_then = true;
	while (conn->fd >= 0 && !conn->ended && !conn->failed &&
	    t_now() < deadline)
		turn(r, 20);
	conn->failed |= !conn->ended;
	conn->closed_now = conn->ended;
}

static int
step(struct replay *r, struct replay_event *e, bool ours_closed,
    struct complaint *c)
{
	struct replay_conn *conn = e->conn;

	switch (e->kind) {
	case REPLAY_OPEN:
		catch_up(r);
		return (conn->tls ? begin_session(r, conn, c) : 0);
	case REPLAY_CAME:
		if (conn->tls)
			feed(r, conn, true, atls_bytes(e->p, e->len));
		conn->datagrams_due += conn->udp;
		return (0);
	case REPLAY_SENT:
		catch_up(r);
		if (conn->udp)
			send_datagram(r, conn, e);
		else if (!conn->tls)
			send_of_origin(r, conn, e);
		else if (conn->fd >= 0)
			send_record(r, conn, e->p, e->len);
		return (0);
	case REPLAY_CAME_END:
		if (!ours_closed && !conn->closed_then)
			wait_end(r, conn);
		return (0);
	case REPLAY_SENT_NOTIFY:
	case REPLAY_SENT_FIN:
	case REPLAY_SENT_RST:
		catch_up(r);
		close_ours(r, conn, e->kind);
		return (0);
	}
	return (0);
}

/* Has our side of the connection closed before event I of the recording? */
static bool
had_closed(const struct replay *r, size_t i)
{
	const struct replay_conn *conn = r->rec.events[i].conn;

	while (i-- > 0)
		if (r->rec.events[i].conn == conn &&
		    r->rec.events[i].kind >= REPLAY_SENT_NOTIFY &&
		    r->rec.events[i].kind != REPLAY_CAME_END)
			return (true);
	return (false);
}

int
replay_run(struct replay *r, struct complaint *c)
{
	struct replay_conn *conn;
	uint64_t until;
	size_t i;
	int rc = 0;

	for (i = 0; i < r->rec.nevents && rc == 0 && !r->nomem; i++) {
		struct replay_event *e = &r->rec.events[i];
		bool closed = e->kind == REPLAY_CAME_END && had_closed(r, i);

		rc = step(r, e, closed, c);
	}
	if (rc != 0)
		return (rc);
	catch_up(r);
	until = t_now() + SETTLE_MS;
	while (t_now() < until && !r->nomem)
		turn(r, 20);
	for (conn = r->rec.conns; conn != NULL; conn = conn->next)
		if (conn->fd >= 0)
			close(conn->fd);
	return (r->nomem ? complain(c, EXIT_SUITE, "out of memory") : 0);
}
