/* The client under test of a case. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/engine/child.h"
#include "conformance/engine/reach.h"

#define NVARS 12
#define TRIES 4

/* What the command's placeholders and the client's environment are made of. */
struct values {
	struct launch_values v;
	char server[REACH_HOST + 8], server2[REACH_HOST + 8];
	char dir[ENV_PATH];
	const char *vars[NVARS];
};

static void
print_server(char *out, size_t size, const char *host, uint16_t port)
{
	snprintf(out, size, strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u",
	    host, (unsigned)port);
}

/* Process ids come again in a long run, on a machine that has others. */
static void
make_dir(struct t *t, char *dir, size_t size)
{
	unsigned i;

	for (i = 0; i < 100; i++) {
		snprintf(dir, size, "%s/case-%ld-%u", t->engine->env->dir,
		    (long)getpid(), i);
		if (mkdir(dir, 0700) == 0)
			return;
		if (errno != EEXIST)
			break;
	}
	t_error(t, "cannot make the folder %s: %s", dir, strerror(errno));
}

static void
make_values(struct t *t, const struct own_client *own, struct values *out)
{
	const struct env *env = t->engine->env;

	print_server(out->server, sizeof(out->server), own->host, own->port);
	print_server(out->server2, sizeof(out->server2), own->host, own->port2);
	make_dir(t, out->dir, sizeof(out->dir));
	out->v.password = t->target.password;
	out->v.uri = own->uri;
	out->v.server = out->server;
	out->v.server2 = out->server2;
	out->v.server_host = own->host;
	out->v.server_port = own->port;
	out->v.sni = own->sni;
	if (out->v.sni == NULL)
		out->v.sni =
		    env->opt->sni != NULL ? env->opt->sni : "localhost";
	out->v.ca = env->cert;
	out->v.case_dir = out->dir;
}

/* The same values for clients that rather look there. */
static void
make_vars(struct t *t, struct values *out, uint16_t socks)
{
	const struct launch_values *v = &out->v;
	const char **var = out->vars;

	*var++ = t_printf(t, "ANYTLS_SERVER=%s", v->server);
	*var++ = t_printf(t, "ANYTLS_HOST=%s", v->server_host);
	*var++ = t_printf(t, "ANYTLS_PORT=%u", (unsigned)v->server_port);
	*var++ = t_printf(t, "ANYTLS_PASSWORD=%s", v->password);
	*var++ = t_printf(t, "ANYTLS_SNI=%s", v->sni);
	*var++ = t_printf(t, "ANYTLS_CA=%s", v->ca);
	*var++ = t_printf(t, "ANYTLS_SOCKS=127.0.0.1:%u", (unsigned)socks);
	*var++ = t_printf(t, "ANYTLS_CASE_DIR=%s", v->case_dir);
	if (v->uri != NULL)
		*var++ = t_printf(t, "ANYTLS_URI=%s", v->uri);
	*var++ = t_printf(t, "ANYTLS_CASE=%s", t->tc->id);
	if (getenv("SSLKEYLOGFILE") == NULL)
		*var++ = t_printf(t, "SSLKEYLOGFILE=%s/keys.log", v->case_dir);
	*var = NULL;
}

/* Ports are looked for and then taken by another process; between the two
 * anyone may come. */
static bool
port_was_taken(const struct launch *l)
{
	uint16_t port = l->port;
	int fd = reach_listen("127.0.0.1", &port);

	if (fd >= 0)
		close(fd);
	return fd < 0;
}

void
t_own_client(struct t *t, const struct own_client *own)
{
	struct engine *e = t->engine;
	char log[ENV_PATH + 32];
	struct values values;
	struct launch_config cfg;
	struct complaint c;
	unsigned i;
	int rc, hold;

	if (!e->env->client || e->has_own)
		t_error(t, "a case starts one client, in the client suite");
	memset(&values, 0, sizeof(values));
	make_values(t, own, &values);
	memset(&cfg, 0, sizeof(cfg));
	cfg.command = &e->env->command;
	cfg.values = values.v;
	cfg.log = log;
	cfg.ready_ms = own_ready_ms(t);
	cfg.settle_ms = e->env->opt->settle_ms;
	cfg.what = "the client";
	cfg.env = values.vars;
	t_step(t, "%s", "");
	for (i = 0; i < TRIES; i++) {
		snprintf(log, sizeof(log), "%s/client-%u.log", values.dir, i);
		snprintf(t->box->log, sizeof(t->box->log), "%s", log);
		cfg.salt = (uint32_t)getpid() + 101 * i;
		cfg.port = reach_free_port(cfg.salt, &hold);
		/* A proxy may want the port for UDP as well. */
		if (hold >= 0)
			close(hold);
		make_vars(t, &values, cfg.port);
		rc = launch_start(&e->own, &cfg, &c);
		if (rc == 0 || !port_was_taken(&e->own))
			break;
	}
	if (rc != 0)
		own_refuse(t, c.text, e->own.refused && i < TRIES);
	e->has_own = true;
	t_log(t, "client started, its proxy accepts on port %u",
	    (unsigned)e->own.port);
}

uint16_t
t_own_client_port(const struct t *t)
{
	return t->engine->has_own ? t->engine->own.port : 0;
}

bool
t_own_client_alive(struct t *t, int grace_ms)
{
	return t->engine->has_own && launch_alive(&t->engine->own, grace_ms);
}

bool
t_own_client_said(struct t *t, const char *text)
{
	FILE *f = fopen(t->engine->own.log, "r");
	char line[4096];
	bool found = false;

	if (f == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), f) != NULL)
		found = strstr(line, text) != NULL;
	fclose(f);
	return found;
}
