/* The client under test, and the sockets of the servers that it may dial. */
#include "conformance/anytls/client.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/anytls/sockets.h"
#include "conformance/anytls/verbs.h"
#include "ref/net/cert.h"

/* A client may need a moment to notice that its sessions are gone. */
#define NOTICE_MS 50
#define ASK_MS 1500
#define ASKS 3

static void
listen_for_client(struct t *t, struct client_side *side, unsigned i)
{
	side->fd[i] = socket_bound(t, "127.0.0.1", SOCK_STREAM, &side->port[i]);
	if (side->fd[i] < 0 || listen(side->fd[i], 128) < 0)
		t_error(t, "cannot listen on 127.0.0.1");
}

void
client_begin(struct t *t)
{
	struct client_side *side = t_alloc(t, sizeof(*side));
	unsigned i;

	pack_begin(t);
	pack_state(t)->client = side;
	for (i = 0; i < CLIENT_SERVERS; i++)
		listen_for_client(t, side, i);
	t->target.port = side->port[0];
}

static unsigned
server(struct t *t, unsigned number)
{
	if (number >= CLIENT_SERVERS)
		t_error(t, "the case has no server %u", number);
	return (number);
}

uint16_t
server_port_of(struct t *t, unsigned number)
{
	return (client_side(t)->port[server(t, number)]);
}

void
stop_server(struct t *t, unsigned number)
{
	/* The descriptor closes with the case; without a queue the kernel
	 * refuses. */
	shutdown(client_side(t)->fd[server(t, number)], SHUT_RDWR);
	t_log(t, "server %u stops listening", number);
}

void
client_sni(struct t *t, const char *name)
{
	client_side(t)->sni = name;
}

void
client_password(struct t *t, const char *password)
{
	t->target.password = password;
}

void
client_link(struct t *t, const char *link)
{
	client_side(t)->uri = link;
}

const char *
percent_encoded(struct t *t, const char *s)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789-._~";
	char *out = t_alloc(t, 3 * strlen(s) + 1), *p = out;

	for (; *s != '\0'; s++) {
		if (strchr(plain, *s) != NULL)
			*p++ = *s;
		else
			p += sprintf(p, "%%%02X", (unsigned)(uint8_t)*s);
	}
	return (out);
}

void
other_certificate(struct t *t, const char *name)
{
	int dir = (int)(strrchr(t->cert_file, '/') - t->cert_file);
	/* Process ids come again. */
	unsigned long long unique =
	    (unsigned long long)t_now() << 22 | (unsigned long long)getpid();
	const char *cert =
	    t_printf(t, "%.*s/%llx-cert.pem", dir, t->cert_file, unique);
	const char *key =
	    t_printf(t, "%.*s/%llx-key.pem", dir, t->cert_file, unique);

	if (cert_self_signed_files(name, cert, key) != 0)
		t_error(t, "cannot make a certificate");
	t->cert_file = cert;
	t->key_file = key;
}

void
server_on_ipv6(struct t *t)
{
	struct client_side *side = client_side(t);
	int fd = socket_bound(t, "::1", SOCK_STREAM, &side->port[0]);

	if (fd < 0)
		t_skip(t, "feature", "this machine has no ::1");
	if (listen(fd, 128) < 0)
		t_error(t, "cannot listen on ::1");
	side->fd[0] = fd;
}

void
start_client(struct t *t)
{
	struct client_side *side = client_side(t);
	struct own_client own = { "127.0.0.1", side->port[0], side->port[1],
		side->uri, side->sni };

	if (own.uri == NULL)
		own.uri = t_printf(t, "anytls://%s@127.0.0.1:%u/?insecure=1",
		    percent_encoded(t, t->target.password), side->port[0]);
	t_own_client(t, &own);
	side->started = true;
}

bool
client_said(struct t *t, const char *text)
{
	return (t_own_client_said(t, text));
}

bool
client_comes(struct t *t, unsigned number, uint64_t deadline)
{
	int fd = client_side(t)->fd[server(t, number)];

	return (socket_wait(t, fd, POLLIN, deadline) != 0);
}

/* Sessions and connections left over are no part of the question. */
static void
drop_all(struct t *t)
{
	struct peer *p;
	int fd;

	for (p = pack_state(t)->peers; p != NULL; p = p->next)
		peer_close(p);
	while ((fd = accept(client_side(t)->fd[0], NULL, NULL)) >= 0)
		close(fd);
	poll(NULL, 0, NOTICE_MS);
}

/* The client still runs, and what the application asks for still reaches us. */
void
client_alive(struct t *t)
{
	unsigned i;

	if (!client_side(t)->started)
		return;
	pack_state(t)->after = true;
	t_log(t, "after the case: does the client still serve?");
	drop_all(t);
	for (i = 0; i < ASKS; i++) {
		if (!t_own_client_alive(t, 0))
			t_crash(t, "the client has ended");
		ask(t, "alive.test", 80);
		if (client_comes(t, 0, t_deadline(t, ASK_MS)))
			return;
	}
	t_crash(t,
	    "the client no longer serves after the case: %u requests reached "
	    "no server",
	    ASKS);
}
