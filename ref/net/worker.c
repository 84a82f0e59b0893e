/* One thread of the server. */
#include "ref/net/worker.h"

#include <stdlib.h>
#include <unistd.h>

#include "ref/net/inbound.h"
#include "ref/net/relay.h"

#define TELL_MS 1000 /* between lines of the log about refusals */
#define STOP_MS 1500
#define STOP_STEP_MS 10

/* Says in the log, once in a while, why connections are refused. */
static void
refuse(struct worker *w, int fd, const char *why)
{
	uint64_t now = loop_now(w->loop);

	close(fd);
	w->nrefused++;
	if (now < w->tell_ms)
		return;
	log_write(w->cfg->log, LOGL_WARN, "%s: %lu connections were refused",
	    why, w->nrefused);
	w->nrefused = 0;
	w->tell_ms = now + TELL_MS;
}

static void
on_accept(void *arg, int fd)
{
	struct worker *w = arg;
	uint32_t max = w->cfg->max_sessions;
	uint32_t strangers = w->cfg->max_strangers;

	if (max != 0 && atomic_load(&w->common->nsessions) >= max)
		refuse(w, fd, "too many sessions");
	else if (strangers != 0 &&
	    atomic_load(&w->common->nstrangers) >= strangers)
		refuse(w, fd, "too many that have not authenticated");
	else
		inbound_new(w, fd);
}

static void
on_stop_timer(void *arg)
{
	struct worker *w = arg;
	uint64_t now = loop_now(w->loop);

	if (conn_shared_closing(w->shared) == 0 || now >= w->stop_at_ms)
		loop_stop(w->loop);
	else
		loop_timer_set(w->stop_timer, now + STOP_STEP_MS);
}

/* Takes all sockets, also when it fails. */
static bool
listen_all(struct worker *w, const int *take_fds, size_t n)
{
	struct listener *s;
	bool ok = true;

	w->listeners = calloc(n, sizeof(*w->listeners));
	for (; w->nlisteners < n; w->nlisteners++) {
		if (w->listeners == NULL) {
			close(take_fds[w->nlisteners]);
			ok = false;
			continue;
		}
		s = listen_new(w->loop, take_fds[w->nlisteners], on_accept, w);
		if (s != NULL)
			listen_set_log(s, w->cfg->log);
		w->listeners[w->nlisteners] = s;
		ok = ok && s != NULL;
	}
	return (ok);
}

struct worker *
worker_new(struct worker_common *common, const int *take_fds, size_t n)
{
	struct worker *w = calloc(1, sizeof(*w));
	size_t i;

	if (w == NULL)
		goto fail;
	w->common = common;
	w->cfg = &common->cfg;
	if ((w->loop = loop_new()) == NULL ||
	    (w->shared = conn_shared_new(w->loop)) == NULL ||
	    (w->gather = gather_new()) == NULL)
		goto fail;
	conn_shared_set_budget(w->shared, &common->budget);
	w->stop_timer = loop_timer_new(w->loop, on_stop_timer, w);
	if (!listen_all(w, take_fds, n) || w->stop_timer == NULL) {
		worker_free(w);
		return (NULL);
	}
	return (w);

fail:
	for (i = 0; i < n; i++)
		close(take_fds[i]);
	worker_free(w);
	return (NULL);
}

void
worker_run(struct worker *w)
{
	loop_run(w->loop);
}

static void
stop_listening(struct worker *w)
{
	size_t i;

	for (i = 0; w->listeners != NULL && i < w->nlisteners; i++)
		listen_free(w->listeners[i]);
	w->nlisteners = 0;
}

void
worker_stop(struct worker *w)
{
	if (w->stop_at_ms != 0)
		return;
	w->stop_at_ms = loop_now(w->loop) + STOP_MS;
	stop_listening(w);
	while (w->inbounds != NULL)
		inbound_end(w->inbounds);
	loop_timer_set(w->stop_timer, loop_now(w->loop) + STOP_STEP_MS);
}

void
worker_free(struct worker *w)
{
	if (w == NULL)
		return;
	stop_listening(w);
	while (w->inbounds != NULL)
		inbound_end(w->inbounds);
	while (w->leaving != NULL)
		relay_free(w->leaving);
	conn_shared_free(w->shared);
	gather_free(w->gather);
	loop_timer_free(w->stop_timer);
	loop_free(w->loop);
	free(w->listeners);
	free(w);
}
