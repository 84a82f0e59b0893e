/* Our side of what the target dials, on the ports of the recording. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/anytls/replay_impl.h"
#include "conformance/engine/reach.h"

#define ECHOES 64

/* A port that is listened on; ECHO: whoever comes is echoed. */
struct replay_port {
	char host[REACH_HOST];
	uint16_t port;
	int fd;
	bool echo;
	int echoes[ECHOES];
	size_t nechoes;
};

static void
name_endpoint(const struct endpoint *e, char host[REACH_HOST])
{
	inet_ntop(e->v6 ? AF_INET6 : AF_INET, e->ip, host, REACH_HOST);
}

static struct replay_port *
find_port(struct replay *r, const char *host, uint16_t port)
{
	size_t i;

	for (i = 0; i < r->nports; i++)
		if (r->ports[i].port == port &&
		    strcmp(r->ports[i].host, host) == 0)
			return (&r->ports[i]);
	return (NULL);
}

static void
open_port(struct replay *r, const char *host, uint16_t port, bool echo)
{
	struct replay_port *p;
	uint16_t want = port;

	if (find_port(r, host, port) != NULL)
		return;
	p = realloc(r->ports, (r->nports + 1) * sizeof(*p));
	if (p == NULL) {
		r->nomem = true;
		return;
	}
	r->ports = p;
	p = &r->ports[r->nports++];
	memset(p, 0, sizeof(*p));
	snprintf(p->host, sizeof(p->host), "%s", host);
	p->port = port;
	p->echo = echo;
	p->fd = reach_listen(host, &want);
	if (p->fd >= 0)
		fcntl(p->fd, F_SETFL, O_NONBLOCK);
	else
		fprintf(r->out,
		    "note      not reproduced: the origin at %s:%u, which "
		    "cannot be listened on: %s\n",
		    host, (unsigned)port, strerror(-p->fd));
}

void
origins_open(struct replay *r)
{
	const char *echo = recording_note(&r->rec, "echo-origin");
	const struct replay_conn *conn;
	char host[REACH_HOST];
	const char *colon;
	int len;

	for (conn = r->rec.conns; conn != NULL; conn = conn->next) {
		if (conn->tls || conn->udp || !conn->known)
			continue;
		name_endpoint(&conn->server, host);
		open_port(r, host, conn->server.port, false);
	}
	if (echo == NULL)
		return;
	len = (int)strcspn(echo, " \n");
	for (colon = echo + len; colon > echo && *colon != ':';)
		colon--;
	snprintf(host, sizeof(host), "%.*s", (int)(colon - echo), echo);
	if (colon > echo && atoi(colon + 1) > 0)
		open_port(r, host, (uint16_t)atoi(colon + 1), true);
}

void
origins_close(struct replay *r)
{
	size_t i, k;

	for (i = 0; i < r->nports; i++) {
		if (r->ports[i].fd >= 0)
			close(r->ports[i].fd);
		for (k = 0; k < r->ports[i].nechoes; k++)
			close(r->ports[i].echoes[k]);
	}
	free(r->ports);
	r->ports = NULL;
	r->nports = 0;
}

size_t
origins_poll(struct replay *r, struct pollfd *p, size_t max)
{
	size_t i, k, n = 0;

	for (i = 0; i < r->nports; i++) {
		const struct replay_port *port = &r->ports[i];

		if (port->fd >= 0 && n < max)
			p[n++] = (struct pollfd){ port->fd, POLLIN, 0 };
		for (k = 0; k < port->nechoes && n < max; k++)
			p[n++] = (struct pollfd){ port->echoes[k], POLLIN, 0 };
	}
	return (n);
}

/* The next connection of the recording that went to this port. */
static struct replay_conn *
next_conn(struct replay *r, const struct replay_port *port)
{
	struct replay_conn *conn;
	char host[REACH_HOST];

	for (conn = r->rec.conns; conn != NULL; conn = conn->next) {
		if (conn->tls || conn->udp || !conn->known || conn->opened ||
		    conn->server.port != port->port)
			continue;
		name_endpoint(&conn->server, host);
		if (strcmp(host, port->host) == 0)
			return (conn);
	}
	return (NULL);
}

static void
take_call(struct replay *r, struct replay_port *port)
{
	struct replay_conn *conn;
	int fd = accept(port->fd, NULL, NULL);

	if (fd < 0)
		return;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (port->echo && port->nechoes < ECHOES) {
		port->echoes[port->nechoes++] = fd;
		return;
	}
	conn = next_conn(r, port);
	if (conn == NULL) {
		fprintf(r->out,
		    "differs   the target dials %s:%u once more than then\n",
		    port->host, (unsigned)port->port);
		r->differences++;
		close(fd);
		return;
	}
	conn->fd = fd;
	conn->opened = true;
}

/* What is echoed is little: a write that does not go out ends it. */
static void
echo_back(struct replay_port *port, size_t i)
{
	uint8_t buf[16384];
	ssize_t n = recv(port->echoes[i], buf, sizeof(buf), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && send(port->echoes[i], buf, (size_t)n, MSG_NOSIGNAL) == n)
		return;
	close(port->echoes[i]);
	port->echoes[i] = port->echoes[--port->nechoes];
}

void
origins_work(struct replay *r)
{
	size_t i, k;

	for (i = 0; i < r->nports; i++) {
		if (r->ports[i].fd >= 0)
			take_call(r, &r->ports[i]);
		for (k = r->ports[i].nechoes; k-- > 0;)
			echo_back(&r->ports[i], k);
	}
}
