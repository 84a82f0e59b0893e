/* Writes the spool of a case, an event for each call. */
#include "conformance/engine/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "conformance/engine/child.h"

struct capture_conn {
	uint64_t lost[2]; /* bytes not kept: sent, come */
	bool sent_fin, came_fin, reset;
	struct spool_open open;
};

/* How small the rest of a full spool's events is. */
#define CAPTURE_REST (1u << 20)

static struct capture *
capture_of(const struct t *t)
{
	return &t->engine->capture;
}

bool
capture_is_on(const struct t *t)
{
	return capture_of(t)->path != NULL;
}

uint32_t
capture_here(const struct t *t)
{
	return t->box->capture_events;
}

void
capture_decides(struct t *t, uint32_t here, uint32_t line)
{
	t->box->capture_decisive = here;
	t->box->decisive_line = line;
}

static bool
open_spool(struct capture *c)
{
	if (c->opened)
		return true;
	c->fd = open(c->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	c->opened = c->fd >= 0;
	return c->opened;
}

static uint64_t
wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* The event of TYPE with LEN bytes at P, which may be long. */
static void
add(struct t *t, uint32_t type, uint32_t conn, const void *p, size_t len)
{
	struct capture *c = capture_of(t);
	struct spool_event e;
	struct iovec iov[2];
	int saved = errno; /* callers look at that of their socket */
	ssize_t n;

	if (c->path == NULL || c->broken)
		return;
	memset(&e, 0, sizeof(e));
	e.type = type;
	e.conn = conn;
	e.at_ns = wall_ns();
	e.len = (uint32_t)len;
	e.number = t->box->capture_events + 1;
	iov[0] = (struct iovec){ &e, sizeof(e) };
	iov[1] = (struct iovec){ NULL, len };
	memcpy(&iov[1].iov_base, &p, sizeof(p)); /* it is only read */
	if (!open_spool(c))
		n = -1;
	else
		do {
			n = writev(c->fd, iov, len != 0 ? 2 : 1);
		} while (n < 0 && errno == EINTR);
	if (n != (ssize_t)(sizeof(e) + len)) {
		c->broken = true;
		t->box->capture_errno = n < 0 ? errno : ENOSPC;
	} else {
		c->written += (uint64_t)n;
		t->box->capture_events++;
	}
	errno = saved;
}

static struct capture_conn *
conn_of(struct t *t, uint32_t conn)
{
	struct capture *c = capture_of(t);

	return conn != 0 && conn <= c->nconns ? &c->conns[conn - 1] : NULL;
}

void
capture_note(struct t *t, const char *name, uint32_t conn)
{
	const struct capture_conn *k = conn_of(t, conn);
	char *note = t->box->capture_note;
	size_t n = strlen(note), size = sizeof(t->box->capture_note);

	if (k == NULL)
		return;
	if (n == 0)
		n = (size_t)snprintf(note, size, "%-12s", name);
	snprintf(note + n, size - n, " %u", (unsigned)k->open.us.port);
}

/* 0 when there is nothing to keep it in. */
static uint32_t
add_conn(struct t *t, const struct spool_open *o)
{
	struct capture *c = capture_of(t);
	struct capture_conn *grown;

	if (c->path == NULL || c->broken || c->written > CAPTURE_MAX)
		return 0;
	grown = realloc(c->conns, (c->nconns + 1) * sizeof(*grown));
	if (grown == NULL)
		return 0;
	c->conns = grown;
	memset(&grown[c->nconns], 0, sizeof(*grown));
	grown[c->nconns++].open = *o;
	add(t, SPOOL_OPEN, c->nconns, o, sizeof(*o));
	return c->nconns;
}

/* False for anything but IPv4 and IPv6. */
static bool
take_address(struct spool_address *a, const struct sockaddr_storage *ss)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (ss->ss_family == AF_INET) {
		memcpy(&in, ss, sizeof(in));
		memcpy(a->ip, &in.sin_addr, 4);
		a->port = ntohs(in.sin_port);
		return true;
	}
	if (ss->ss_family != AF_INET6)
		return false;
	memcpy(&in6, ss, sizeof(in6));
	memcpy(a->ip, &in6.sin6_addr, 16);
	a->port = ntohs(in6.sin6_port);
	a->v6 = 1;
	return true;
}

static bool
take_own(struct spool_address *a, int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	memset(&ss, 0, sizeof(ss));
	return getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
	    take_address(a, &ss);
}

static uint32_t
open_conn(struct t *t, int fd, const struct sockaddr_storage *to, socklen_t len,
    enum spool_kind kind)
{
	struct sockaddr_storage them;
	struct spool_open o;

	if (!capture_is_on(t))
		return 0;
	memset(&o, 0, sizeof(o));
	memset(&them, 0, sizeof(them));
	memcpy(&them, to, len < sizeof(them) ? len : sizeof(them));
	o.kind = kind;
	if (!take_own(&o.us, fd) || !take_address(&o.them, &them) ||
	    o.us.v6 != o.them.v6)
		return 0;
	return add_conn(t, &o);
}

uint32_t
capture_dial(
    struct t *t, int fd, const struct sockaddr_storage *to, socklen_t len)
{
	return open_conn(t, fd, to, len, SPOOL_DIALLED);
}

void
capture_up(struct t *t, uint32_t conn)
{
	if (conn_of(t, conn) != NULL)
		add(t, SPOOL_UP, conn, NULL, 0);
}

uint32_t
capture_accept(struct t *t, int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	memset(&ss, 0, sizeof(ss));
	if (getpeername(fd, (struct sockaddr *)&ss, &len) < 0)
		return 0;
	return open_conn(t, fd, &ss, len, SPOOL_ACCEPTED);
}

uint32_t
capture_datagrams(
    struct t *t, int fd, const struct sockaddr_storage *peer, socklen_t len)
{
	struct capture *c = capture_of(t);
	struct spool_open o;
	uint32_t i;

	memset(&o, 0, sizeof(o));
	if (!capture_is_on(t) || !take_own(&o.us, fd) ||
	    !take_address(&o.them, peer))
		return 0;
	o.kind = SPOOL_UDP;
	for (i = 0; i < c->nconns; i++)
		if (memcmp(&c->conns[i].open, &o, sizeof(o)) == 0)
			return i + 1;
	return open_conn(t, fd, peer, len, SPOOL_UDP);
}

static void
data(struct t *t, uint32_t conn, const void *p, size_t len, bool came)
{
	struct capture *c = capture_of(t);
	struct capture_conn *k = conn_of(t, conn);

	if (k == NULL || (len == 0 && k->open.kind != SPOOL_UDP))
		return;
	if (c->full || c->written + len > CAPTURE_MAX) {
		/* For good: TLS cannot be read behind a gap. */
		c->full = true;
		k->lost[came] += len;
		t->box->capture_lost += len;
		return;
	}
	add(t, came ? SPOOL_CAME : SPOOL_SENT, conn, p, len);
}

void
capture_sent(struct t *t, uint32_t conn, const void *p, size_t len)
{
	data(t, conn, p, len, false);
}

void
capture_came(struct t *t, uint32_t conn, const void *p, size_t len)
{
	data(t, conn, p, len, true);
}

static void
end(struct t *t, uint32_t conn, enum spool_type type)
{
	struct capture *c = capture_of(t);
	struct capture_conn *k = conn_of(t, conn);
	bool reset = type == SPOOL_CAME_RST || type == SPOOL_SENT_RST;
	bool *fin;

	if (k == NULL || k->reset || c->written > CAPTURE_MAX + CAPTURE_REST)
		return;
	fin = type == SPOOL_CAME_FIN ? &k->came_fin : &k->sent_fin;
	if (!reset && *fin)
		return;
	if (k->lost[0] != 0 || k->lost[1] != 0) {
		add(t, SPOOL_LOST, conn, k->lost, sizeof(k->lost));
		k->lost[0] = k->lost[1] = 0;
	}
	*(reset ? &k->reset : fin) = true;
	add(t, type, conn, NULL, 0);
}

void
capture_came_fin(struct t *t, uint32_t conn)
{
	end(t, conn, SPOOL_CAME_FIN);
}

void
capture_came_rst(struct t *t, uint32_t conn)
{
	end(t, conn, SPOOL_CAME_RST);
}

void
capture_sent_fin(struct t *t, uint32_t conn)
{
	end(t, conn, SPOOL_SENT_FIN);
}

void
capture_close(struct t *t, uint32_t conn, int fd)
{
	struct linger linger = { 0, 0 };
	socklen_t len = sizeof(linger);
	int unread = 0;

	if (conn_of(t, conn) == NULL || fd < 0)
		return;
	if (ioctl(fd, FIONREAD, &unread) < 0)
		unread = 0;
	if (getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len) < 0)
		linger.l_onoff = 0;
	end(t, conn,
	    unread > 0 || (linger.l_onoff && linger.l_linger == 0)
		? SPOOL_SENT_RST
		: SPOOL_SENT_FIN);
}

void
capture_key(struct t *t, const char *line)
{
	struct capture *c = capture_of(t);

	if (c->written <= CAPTURE_MAX + CAPTURE_REST)
		add(t, SPOOL_KEY, 0, line, strlen(line));
}

void
capture_end(struct capture *c)
{
	if (c->opened)
		close(c->fd);
	free(c->conns);
	memset(c, 0, sizeof(*c));
}
