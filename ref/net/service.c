/* The reference server: its ports, threads, certificate and signals. */
#include "ref/net/service.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ref/net/digest.h"
#include "ref/net/worker.h"
#include "ref/wire/scheme.h"

#define DIAL_MS 2500
#define STREAM_BYTES (4U * 1024 * 1024)

struct thread {
	struct service *service;
	struct worker *worker;
	pthread_t id;
	bool running;
};

struct service {
	struct worker_common common; /* first: new_conn() gets it */
	pthread_mutex_t lock;        /* of TLS */
	struct tls_ctx *tls;
	atomic_bool stopping;
	int keylog_fd;
	struct atls_addr *bound; /* one per address of the configuration */
	struct thread *threads;
	size_t nthreads;
	struct loop_signal *signals[3];
};

/* One write per line, so that threads do not mix lines. */
static void
keylog(void *ctx, const char *line)
{
	struct service *s = ctx;
	char buf[512];
	int n = snprintf(buf, sizeof(buf), "%s\n", line);

	if (n > 0 && (size_t)n < sizeof(buf) &&
	    write(s->keylog_fd, buf, (size_t)n) < 0)
		log_write(s->common.cfg.log, LOGL_WARN,
		    "cannot write the key log: %s", strerror(errno));
}

static struct tls_ctx *
make_tls(struct service *s, char err[TLS_ERRLEN])
{
	const struct service_config *cfg = &s->common.cfg;
	struct tls_ctx_config tls = {
		.server = true,
		.cert_file = cfg->cert_file,
		.key_file = cfg->key_file,
		.keylog = s->keylog_fd >= 0 ? keylog : NULL,
		.keylog_ctx = s,
	};

	return (tls_ctx_new(&tls, err));
}

static struct conn *
new_conn(struct worker_common *common, struct conn_config *cfg)
{
	struct service *s = (struct service *)common;
	struct conn *c;

	pthread_mutex_lock(&s->lock);
	cfg->tls = s->tls;
	c = conn_new(cfg);
	pthread_mutex_unlock(&s->lock);
	return (c);
}

/* Fills in defaults. */
static int
set_config(struct service *s, const struct service_config *given)
{
	struct service_config *cfg = &s->common.cfg;

	*cfg = *given;
	if (cfg->policy == NULL)
		cfg->policy = &atls_policy_default;
	if (cfg->dial_ms == 0)
		cfg->dial_ms = DIAL_MS;
	if (cfg->stream_bytes == 0)
		cfg->stream_bytes = STREAM_BYTES;
	if (cfg->workers == 0)
		cfg->workers = 1;
	if (cfg->scheme.p == NULL)
		cfg->scheme = atls_bytes_str(ATLS_SCHEME_DEFAULT);
	return (digest_md5_hex(cfg->scheme, s->common.scheme_md5));
}

static int
open_keylog(struct service *s, char err[SERVICE_ERRLEN])
{
	const char *file = s->common.cfg.keylog_file;

	if (file == NULL)
		return (0);
	s->keylog_fd =
	    open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (s->keylog_fd >= 0)
		return (0);
	snprintf(err, SERVICE_ERRLEN, "cannot open the key log %.200s: %s",
	    file, strerror(errno));
	return (ATLS_E_IO);
}

/* HOST of HOSTPORT with the port that was found free. */
static void
with_port(const char *hostport, uint16_t port, char *out, size_t cap)
{
	const char *colon = strrchr(hostport, ':');

	snprintf(out, cap, "%.*s:%u", (int)(colon - hostport), hostport,
	    (unsigned)port);
}

/*
 * Opens address number I for all threads: FDS[thread * nlisten + I]. A socket
 * of its own is bound first, since sharing would hide that another server has
 * the port; it does not listen, or a connection could be lost to it.
 */
static int
open_address(struct service *s, size_t i, int *fds, char *err)
{
	const struct service_config *cfg = &s->common.cfg;
	char text[300];
	unsigned t;
	int fd;

	fd = listen_open(cfg->listen[i],
	    cfg->workers == 1 ? LISTEN_ALONE : LISTEN_RESERVE, &s->bound[i],
	    err);
	if (fd < 0)
		return (fd);
	if (cfg->workers == 1) {
		fds[i] = fd;
		return (0);
	}
	close(fd);
	with_port(cfg->listen[i], s->bound[i].port, text, sizeof(text));
	for (t = 0; t < cfg->workers; t++) {
		fd = listen_open(text, LISTEN_SHARED, &s->bound[i], err);
		if (fd < 0)
			return (fd);
		fds[t * cfg->nlisten + i] = fd;
	}
	return (0);
}

static void on_wake(void *arg);

/* Opens all ports, then makes the threads' workers. */
static int
open_workers(struct service *s, char *err)
{
	const struct service_config *cfg = &s->common.cfg;
	size_t i, n = cfg->nlisten * cfg->workers;
	int *fds = malloc(n * sizeof(*fds)), ret = 0;
	struct thread *th;

	snprintf(err, SERVICE_ERRLEN, "%s", atls_strerror(ATLS_E_NOMEM));
	if (fds == NULL)
		return (ATLS_E_NOMEM);
	/* Each is -1. */
	memset(fds, 0xff, n * sizeof(*fds));
	for (i = 0; ret == 0 && i < cfg->nlisten; i++)
		ret = open_address(s, i, fds, err);
	while (ret == 0 && s->nthreads < cfg->workers) {
		th = &s->threads[s->nthreads];
		th->service = s;
		th->worker = worker_new(
		    &s->common, fds + s->nthreads * cfg->nlisten, cfg->nlisten);
		for (i = 0; i < cfg->nlisten; i++)
			fds[s->nthreads * cfg->nlisten + i] = -1;
		if (th->worker == NULL)
			ret = ATLS_E_NOMEM;
		else
			loop_on_wake(th->worker->loop, on_wake, th);
		s->nthreads += th->worker != NULL;
	}
	for (i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(fds);
	return (ret);
}

struct service *
service_new(const struct service_config *cfg, char err[SERVICE_ERRLEN])
{
	struct service *s = calloc(1, sizeof(*s));

	snprintf(err, SERVICE_ERRLEN, "%s", atls_strerror(ATLS_E_NOMEM));
	if (s == NULL)
		return (NULL);
	s->keylog_fd = -1;
	s->common.new_conn = new_conn;
	atomic_init(&s->common.nsessions, 0);
	atomic_init(&s->common.nstrangers, 0);
	atomic_init(&s->common.budget.used, 0);
	s->common.budget.limit = cfg->buffer_bytes;
	atomic_init(&s->stopping, false);
	pthread_mutex_init(&s->lock, NULL);
	if (set_config(s, cfg) != 0)
		goto fail;
	s->bound = calloc(cfg->nlisten, sizeof(*s->bound));
	s->threads = calloc(s->common.cfg.workers, sizeof(*s->threads));
	if (s->bound == NULL || s->threads == NULL)
		goto fail;
	if (open_keylog(s, err) != 0)
		goto fail;
	/* Before the port opens: nobody waits for a key to be made. */
	if ((s->tls = make_tls(s, err)) == NULL)
		goto fail;
	if (open_workers(s, err) != 0)
		goto fail;
	return (s);

fail:
	service_free(s);
	return (NULL);
}

void
service_bound(const struct service *s, size_t i, struct atls_addr *bound)
{
	*bound = s->bound[i];
}

static void
on_wake(void *arg)
{
	struct thread *th = arg;

	if (atomic_load(&th->service->stopping))
		worker_stop(th->worker);
}

void
service_stop(struct service *s)
{
	size_t i;

	atomic_store(&s->stopping, true);
	for (i = 0; i < s->nthreads; i++)
		loop_wake(s->threads[i].worker->loop);
}

int
service_reload(struct service *s)
{
	const struct log *log = s->common.cfg.log;
	struct tls_ctx *fresh, *old;
	char err[TLS_ERRLEN];

	if (s->common.cfg.cert_file == NULL) {
		log_write(log, LOGL_WARN, "no certificate file to reload");
		return (0);
	}
	if ((fresh = make_tls(s, err)) == NULL) {
		log_write(
		    log, LOGL_ERROR, "the old certificate stays: %s", err);
		return (ATLS_E_TLS);
	}
	pthread_mutex_lock(&s->lock);
	old = s->tls;
	s->tls = fresh;
	pthread_mutex_unlock(&s->lock);
	tls_ctx_free(old);
	log_write(log, LOGL_INFO, "certificate reloaded");
	return (0);
}

static void
on_signal(void *arg, int signo)
{
	struct service *s = arg;

	if (signo == SIGHUP)
		service_reload(s);
	else
		service_stop(s);
}

static void *
thread_main(void *arg)
{
	struct thread *th = arg;

	worker_run(th->worker);
	return (NULL);
}

/* Signals are the first thread's. */
static int
watch_signals(struct service *s)
{
	static const int signo[] = { SIGTERM, SIGINT, SIGHUP };
	struct loop *l = s->threads[0].worker->loop;
	size_t i;

	for (i = 0; i < sizeof(signo) / sizeof(signo[0]); i++) {
		s->signals[i] = loop_signal_new(l, signo[i], on_signal, s);
		if (s->signals[i] == NULL)
			return (ATLS_E_NOMEM);
	}
	return (0);
}

int
service_run(struct service *s)
{
	struct thread *th;
	int err = 0;
	size_t i;

	if (s->common.cfg.signals)
		err = watch_signals(s);
	for (i = 1; err == 0 && i < s->nthreads; i++) {
		th = &s->threads[i];
		if (pthread_create(&th->id, NULL, thread_main, th) != 0)
			err = ATLS_E_NOMEM;
		else
			th->running = true;
	}
	if (err == 0)
		worker_run(s->threads[0].worker);
	else
		service_stop(s);
	for (i = 1; i < s->nthreads; i++)
		if (s->threads[i].running)
			pthread_join(s->threads[i].id, NULL);
	return (err);
}

void
service_free(struct service *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < sizeof(s->signals) / sizeof(s->signals[0]); i++)
		loop_signal_free(s->signals[i]);
	for (i = 0; s->threads != NULL && i < s->nthreads; i++)
		worker_free(s->threads[i].worker);
	tls_ctx_free(s->tls);
	if (s->keylog_fd >= 0)
		close(s->keylog_fd);
	pthread_mutex_destroy(&s->lock);
	free(s->threads);
	free(s->bound);
	free(s);
}
