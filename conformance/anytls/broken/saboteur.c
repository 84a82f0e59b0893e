/* The saboteur's listening socket, and what its connections share. */
#include "conformance/anytls/broken/saboteur.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conformance/anytls/broken/pipe.h"
#include "ref/net/dial.h"
#include "ref/net/digest.h"
#include "ref/net/listen.h"
#include "ref/net/loop.h"
#include "ref/net/tls.h"

struct saboteur {
	const struct saboteur_config *cfg;
	struct pipes pipes;
	struct listener *listener;
	struct loop_signal *term, *intr;
};

/* The server is in this process, or on loopback: connecting takes no time. -1
 * when there is nobody. */
static int
connect_server(const struct atls_addr *a)
{
	struct sockaddr_storage ss;
	socklen_t len = dial_sockaddr(a, &ss);
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return (-1);
	if (connect(fd, (struct sockaddr *)&ss, len) != 0 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
		close(fd);
		return (-1);
	}
	return (fd);
}

static void
accepted(void *arg, int fd)
{
	struct saboteur *s = arg;
	int server_fd;

	if (s->pipes.frozen)
		return; /* it stays open, and silent, as long as we live */
	server_fd = connect_server(&s->cfg->server);
	if (server_fd < 0) {
		if (!rules_about(&s->pipes.rules, SIDE_UP, EVENT_DEAD))
			close(fd);
		return;
	}
	pipe_new(&s->pipes, fd, server_fd);
}

static void
refuse(void *ctx)
{
	struct saboteur *s = ctx;

	listen_free(s->listener);
	s->listener = NULL;
}

static void
stop(void *arg, int signo)
{
	struct saboteur *s = arg;

	(void)signo;
	loop_stop(s->pipes.loop);
}

static int
hash_passwords(struct saboteur *s)
{
	char line[1024];

	snprintf(line, sizeof(line), "%s\n", s->cfg->password);
	if (digest_password(line, s->pipes.newline_hash) != 0)
		return (-1);
	return (digest_password(s->cfg->password, s->pipes.hash));
}

static int
start_tls(struct saboteur *s, char err[SABOTEUR_ERRLEN])
{
	const struct tls_ctx_config server = { .server = true };
	const struct tls_ctx_config client = { .verify = s->cfg->verify,
		.ca_file = s->cfg->ca_file };
	struct pipes *ps = &s->pipes;

	_Static_assert(SABOTEUR_ERRLEN >= TLS_ERRLEN, "for tls_ctx_new()");
	ps->server_tls = tls_ctx_new(&server, err);
	if (ps->server_tls == NULL)
		return (-1);
	ps->client_tls = tls_ctx_new(&client, err);
	return (ps->client_tls == NULL ? -1 : 0);
}

static int
start_loop(struct saboteur *s, char err[SABOTEUR_ERRLEN])
{
	struct atls_addr bound;
	struct loop *l = loop_new();
	int fd;

	snprintf(err, SABOTEUR_ERRLEN, "no loop");
	s->pipes.loop = l;
	if (l == NULL)
		return (-1);
	fd = listen_open(s->cfg->listen, false, &bound, err);
	if (fd < 0)
		return (-1);
	s->listener = listen_new(l, fd, accepted, s);
	s->term = loop_signal_new(l, SIGTERM, stop, s);
	s->intr = loop_signal_new(l, SIGINT, stop, s);
	if (s->listener == NULL || s->term == NULL || s->intr == NULL)
		return (-1);
	s->cfg->ready(s->cfg->ctx, &bound);
	return (0);
}

int
saboteur_run(const struct saboteur_config *cfg, char err[SABOTEUR_ERRLEN])
{
	char rules_err[RULES_ERRLEN];
	struct saboteur s;
	int ret = -1;

	memset(&s, 0, sizeof(s));
	s.cfg = cfg;
	s.pipes.fallback = cfg->fallback;
	s.pipes.judged = cfg->judged;
	s.pipes.refuse = refuse;
	s.pipes.ctx = &s;
	s.pipes.face = cfg->client ? SIDE_DOWN : SIDE_UP;
	s.pipes.server_name = cfg->server_name;
	s.pipes.name_once = cfg->name_once;
	if (rules_parse(cfg->rules, &s.pipes.rules, rules_err) != 0) {
		snprintf(err, SABOTEUR_ERRLEN, "rules \"%s\": %s", cfg->rules,
		    rules_err);
		return (-1);
	}
	snprintf(err, SABOTEUR_ERRLEN, "out of memory");
	if (hash_passwords(&s) == 0 && start_tls(&s, err) == 0 &&
	    start_loop(&s, err) == 0) {
		loop_run(s.pipes.loop);
		ret = 0;
	}
	pipe_free_all(&s.pipes);
	listen_free(s.listener);
	loop_signal_free(s.term);
	loop_signal_free(s.intr);
	if (s.pipes.loop != NULL)
		loop_free(s.pipes.loop);
	tls_ctx_free(s.pipes.server_tls);
	tls_ctx_free(s.pipes.client_tls);
	rules_free(&s.pipes.rules);
	return (ret);
}
