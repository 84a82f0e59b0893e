/* The whole client: loop, TLS, listener, signals. */
#include "ref/net/front.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ref/net/dialer.h"
#include "ref/net/digest.h"
#include "ref/net/listen.h"
#include "ref/net/local.h"
#include "ref/wire/uri.h"

/* How often to look whether all goodbyes are said, and for how long. */
#define STOP_STEP_MS 10
#define STOP_MAX_MS 2000

struct front {
	const struct front_config *cfg;
	struct loop *loop;
	struct conn_shared *shared;
	struct tls_ctx *tls;
	struct listener *listen;
	struct loop_signal *term, *interrupt;
	struct loop_timer *stop;
	uint64_t stop_at;
	bool stopping;
	int keylog;
	struct local_env env;
	char host[ATLS_ADDR_STRLEN]; /* the server's, without port */
};

void
front_defaults(struct front_config *cfg)
{
	memset(cfg, 0, sizeof(*cfg));
	cfg->policy = &atls_policy_default;
	cfg->listen = "127.0.0.1:1080";
	cfg->scheme = atls_bytes_str(ATLS_SCHEME_DEFAULT);
	cfg->reuse = true;
	cfg->min_idle = 5;
	cfg->check_ms = 30000;
	cfg->idle_ms = 30000;
	cfg->synack_ms = 3000;
	cfg->connect_ms = 10000;
	cfg->linger_ms = 1000;
	cfg->grace_ms = 400;
}

static void
on_keylog(void *ctx, const char *line)
{
	const struct front *f = ctx;
	char buf[512];
	int n = snprintf(buf, sizeof(buf), "%s\n", line);

	if (n > 0 && (size_t)n < sizeof(buf) &&
	    write(f->keylog, buf, (size_t)n) < 0)
		log_write(f->cfg->log, LOGL_WARN, "cannot write the key log");
}

/* The server's host as a string; names come with their bytes as they are. */
static void
server_host(struct front *f)
{
	const struct atls_addr *a = &f->cfg->server;
	size_t n;

	if (a->type == ATLS_ADDR_NAME) {
		memcpy(f->host, a->host, a->len);
		f->host[a->len] = '\0';
		return;
	}
	atls_addr_format(a, f->host);
	n = (size_t)(strrchr(f->host, ':') - f->host);
	f->host[n] = '\0';
	if (f->host[0] == '[') {
		memmove(f->host, f->host + 1, n - 2);
		f->host[n - 2] = '\0';
	}
}

static int
open_tls(struct front *f, char err[FRONT_ERRLEN])
{
	const struct front_config *cfg = f->cfg;
	struct tls_ctx_config tc = {
		.verify = !cfg->insecure,
		.ca_file = cfg->ca_file,
		.keylog_ctx = f,
	};
	char why[TLS_ERRLEN];

	if (cfg->keylog_file != NULL) {
		f->keylog = open(cfg->keylog_file,
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (f->keylog < 0) {
			(void)snprintf(err, FRONT_ERRLEN, "key log %.150s: %s",
			    cfg->keylog_file, strerror(errno));
			return (ATLS_E_IO);
		}
		tc.keylog = on_keylog;
	}
	f->tls = tls_ctx_new(&tc, why);
	if (f->tls == NULL) {
		(void)snprintf(err, FRONT_ERRLEN, "%s", why);
		return (ATLS_E_TLS);
	}
	return (0);
}

static int
open_dialer(struct front *f)
{
	const struct front_config *cfg = f->cfg;
	bool has_sni = cfg->sni != NULL && cfg->sni[0] != '\0';
	struct dialer_config dc = {
		.loop = f->loop,
		.shared = f->shared,
		.tls = f->tls,
		.log = cfg->log,
		.policy = cfg->policy,
		.server = cfg->server,
		.server_name =
		    atls_uri_server_name(has_sni ? cfg->sni : "", f->host),
		.verify_host = has_sni ? cfg->sni : f->host,
		.scheme = cfg->scheme,
		.client_name = cfg->client_name,
		.reuse = cfg->reuse,
		.quick_open = cfg->quick_reply,
		.min_idle = cfg->min_idle,
		.check_ms = cfg->check_ms,
		.idle_ms = cfg->idle_ms,
		.connect_ms = cfg->connect_ms,
		.grace_ms = cfg->grace_ms,
		.synack_ms = cfg->synack_ms,
		.heartbeat_ms = cfg->heartbeat_ms,
	};
	int r = digest_password(cfg->password, dc.hash);

	if (r < 0)
		return (r);
	f->env.loop = f->loop;
	f->env.log = cfg->log;
	f->env.user = cfg->local_user;
	f->env.password = cfg->local_password;
	f->env.linger_ms = cfg->linger_ms;
	f->env.udp_connect = cfg->udp_connect;
	f->env.dialer = dialer_new(&dc);
	return (f->env.dialer == NULL ? ATLS_E_NOMEM : 0);
}

static void
on_connection(void *arg, int fd)
{
	struct front *f = arg;

	local_new(&f->env, fd);
}

static void
on_stop_step(void *arg)
{
	struct front *f = arg;
	uint64_t now = loop_now(f->loop);

	if (conn_shared_closing(f->shared) == 0 || now >= f->stop_at)
		loop_stop(f->loop);
	else
		loop_timer_set(f->stop, now + STOP_STEP_MS);
}

static void
on_signal(void *arg, int signo)
{
	struct front *f = arg;

	if (f->stopping) {
		loop_stop(f->loop);
		return;
	}
	f->stopping = true;
	log_write(f->cfg->log, LOGL_INFO, "signal %d: stopping", signo);
	listen_free(f->listen);
	f->listen = NULL;
	local_free_all(&f->env);
	dialer_free(f->env.dialer);
	f->env.dialer = NULL;
	f->stop_at = loop_now(f->loop) + STOP_MAX_MS;
	loop_timer_set(f->stop, loop_now(f->loop) + STOP_STEP_MS);
}

static int
open_listener(struct front *f, struct atls_addr *bound, char err[FRONT_ERRLEN])
{
	char why[LISTEN_ERRLEN];
	int fd = listen_open(f->cfg->listen, LISTEN_ALONE, bound, why);

	if (fd < 0) {
		(void)snprintf(err, FRONT_ERRLEN, "%s", why);
		return (fd);
	}
	f->listen = listen_new(f->loop, fd, on_connection, f);
	if (f->listen == NULL)
		return (ATLS_E_NOMEM);
	listen_set_log(f->listen, f->cfg->log);
	return (0);
}

static int
open_all(struct front *f, struct atls_addr *bound, char err[FRONT_ERRLEN])
{
	int r;

	f->loop = loop_new();
	if (f->loop == NULL)
		return (ATLS_E_NOMEM);
	f->shared = conn_shared_new(f->loop);
	f->term = loop_signal_new(f->loop, SIGTERM, on_signal, f);
	f->interrupt = loop_signal_new(f->loop, SIGINT, on_signal, f);
	f->stop = loop_timer_new(f->loop, on_stop_step, f);
	if (f->shared == NULL || f->term == NULL || f->interrupt == NULL ||
	    f->stop == NULL)
		return (ATLS_E_NOMEM);
	server_host(f);
	r = open_tls(f, err);
	if (r == 0)
		r = open_dialer(f);
	if (r == 0)
		r = open_listener(f, bound, err);
	return (r);
}

static void
close_all(struct front *f)
{
	listen_free(f->listen);
	local_free_all(&f->env);
	dialer_free(f->env.dialer);
	conn_shared_free(f->shared);
	tls_ctx_free(f->tls);
	loop_timer_free(f->stop);
	loop_signal_free(f->term);
	loop_signal_free(f->interrupt);
	loop_free(f->loop);
	if (f->keylog >= 0)
		(void)close(f->keylog);
}

int
front_run(const struct front_config *cfg, char err[FRONT_ERRLEN])
{
	struct front f = { .cfg = cfg, .keylog = -1 };
	struct atls_addr bound;
	int r;

	err[0] = '\0';
	r = open_all(&f, &bound, err);
	if (r == 0) {
		if (cfg->ready != NULL)
			cfg->ready(cfg->ctx, &bound);
		loop_run(f.loop);
	} else if (err[0] == '\0') {
		(void)snprintf(err, FRONT_ERRLEN, "%s", atls_strerror(r));
	}
	close_all(&f);
	return (r);
}
