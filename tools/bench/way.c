/* The way to the target that a run measures. */
#include "tools/bench/way.h"

#include <stdio.h>
#include <stdlib.h>

#include "ref/net/digest.h"
#include "tools/bench/net.h"
#include "tools/bench/session.h"
#include "tools/bench/socks.h"

struct way {
	struct way_config cfg;
	struct session_config direct;
	struct socks_config socks;
	struct session_resume resume;
	struct session **sessions;
	uint8_t buffer[SESSION_BUFFER];
};

static int
go_direct(struct way *w, char err[256])
{
	struct tls_ctx_config tls = { 0 };
	struct session_config *d = &w->direct;

	if (!net_loopback(w->cfg.server, d->ip, &d->port)) {
		snprintf(err, 256, "--server: '%s' is no address on loopback",
		    w->cfg.server);
		return (-1);
	}
	d->tls = tls_ctx_new(&tls, err);
	if (d->tls == NULL)
		return (-1);
	w->sessions = calloc(w->cfg.nsessions, sizeof(struct session *));
	if (w->sessions == NULL ||
	    digest_password(w->cfg.password, d->hash) != 0) {
		snprintf(err, 256, "no memory for %u sessions",
		    (unsigned)w->cfg.nsessions);
		return (-1);
	}
	d->loop = w->cfg.loop;
	d->target_port = w->cfg.target_port;
	d->frame_len = w->cfg.frame_len;
	d->buffer = w->buffer;
	d->resume = w->cfg.resume ? &w->resume : NULL;
	return (0);
}

static int
go_by_proxy(struct way *w, char err[256])
{
	if (!net_loopback(w->cfg.proxy, w->socks.ip, &w->socks.port)) {
		snprintf(err, 256, "--proxy: '%s' is no address on loopback",
		    w->cfg.proxy);
		return (-1);
	}
	w->socks.loop = w->cfg.loop;
	w->socks.target_port = w->cfg.target_port;
	w->socks.buffer = w->buffer;
	w->socks.relay = w->cfg.relay;
	return (0);
}

struct way *
way_new(const struct way_config *cfg, char err[256])
{
	struct way *w = calloc(1, sizeof(*w));
	int rc;

	if (w == NULL) {
		snprintf(err, 256, "no memory");
		return (NULL);
	}
	w->cfg = *cfg;
	rc = cfg->server != NULL ? go_direct(w, err) : go_by_proxy(w, err);
	if (rc != 0) {
		way_free(w);
		return (NULL);
	}
	return (w);
}

struct chan *
way_open(struct way *w, uint32_t index, const struct chan_user *user, void *ctx)
{
	if (w->cfg.server == NULL)
		return (socks_open(&w->socks, user, ctx));
	if (w->sessions[index] != NULL && session_over(w->sessions[index]))
		way_drop(w, index);
	if (w->sessions[index] == NULL)
		w->sessions[index] = session_new(&w->direct);
	if (w->sessions[index] == NULL)
		return (NULL);
	return (session_open(w->sessions[index], user, ctx));
}

void
way_drop(struct way *w, uint32_t index)
{
	if (w->cfg.server == NULL)
		return;
	session_close(w->sessions[index]);
	w->sessions[index] = NULL;
}

uint64_t
way_full_handshakes(const struct way *w)
{
	return (w->resume.full);
}

void
way_free(struct way *w)
{
	uint32_t i;

	if (w == NULL)
		return;
	for (i = 0; w->sessions != NULL && i < w->cfg.nsessions; i++)
		session_close(w->sessions[i]);
	free(w->sessions);
	tls_ticket_free(w->resume.ticket);
	tls_ctx_free(w->direct.tls);
	free(w);
}
