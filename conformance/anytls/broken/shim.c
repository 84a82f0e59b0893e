/*
 * A shim for the reference client, as docs/shim.md describes one: commands come
 * as lines of JSON, and the client's sessions are made by ref/net/dialer. With
 * the name of a fault it is a broken one.
 */
#include "conformance/anytls/broken/shim.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ref/net/dialer_impl.h"
#include "ref/net/digest.h"

#define SERVERS 2
#define STREAMS 64

enum fault {
	FAULT_NONE,
	FAULT_CANNOT,       /* exit status 89 */
	FAULT_CLAIMS,       /* supports whatever it is asked for */
	FAULT_SILENT,       /* answers nothing */
	FAULT_GARBAGE,      /* answers with what is no JSON */
	FAULT_SEQ,          /* answers to another question */
	FAULT_NO_STATE,     /* does not support "state" */
	FAULT_IGNORES,      /* cannot set the idle timeout, and says so */
	FAULT_NEVER_IDLE,   /* closes no idle session */
	FAULT_EARLY_IDLE,   /* closes them too early */
	FAULT_NO_MIN,       /* keeps none */
	FAULT_NO_REUSE,     /* a session for each stream */
	FAULT_BUSY_CLOSED,  /* closes sessions that are in use */
	FAULT_DEAD_KEPT,    /* counts sessions that are over */
	FAULT_NO_UPDATE,    /* takes no scheme */
	FAULT_SHARED_SCHEME /* the scheme of one server is for all */
};

static const char *const fault_names[] = { "none", "cannot", "claims", "silent",
	"garbage", "seq", "no-state", "ignores", "never-idle", "early-idle",
	"no-min", "no-reuse", "busy-closed", "dead-kept", "no-update",
	"shared-scheme" };

struct shim {
	enum fault fault;
	struct loop *loop;
	struct conn_shared *shared;
	struct tls_ctx *tls;
	struct log log;
	struct atls_policy policy;
	struct dialer *dialer[SERVERS];
	struct dialer_stream *stream[STREAMS]; /* by the shim's number */
	unsigned nstreams, most;               /* MOST sessions so far */
	char line[65536];
	size_t len;
};

/* ---- The streams: nothing is done with their data ---- */

static void
on_opened(void *ctx)
{
	(void)ctx;
}

static void
on_data(void *ctx, struct atls_bytes data)
{
	(void)ctx;
	(void)data;
}

static void
on_congested(void *ctx, bool on)
{
	(void)ctx;
	(void)on;
}

static void
on_closed(void *ctx, int err, const char *why)
{
	(void)err;
	(void)fprintf(stderr, "a stream is closed: %s\n", why);
	*(struct dialer_stream **)ctx = NULL;
}

static const struct dialer_handler handler = { on_opened, on_data, on_opened,
	on_congested, on_closed };

/* ---- Answers ---- */

static void
answer(const json_t *question, json_t *take_v)
{
	json_object_set(take_v, "seq", json_object_get(question, "seq"));
	json_dumpf(take_v, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(take_v);
}

static json_t *
ok(void)
{
	return (json_pack("{s:b}", "ok", 1));
}

static json_t *
error(const char *why)
{
	return (json_pack("{s:s}", "error", why));
}

/* ---- Commands ---- */

static uint32_t
number(const json_t *q, const char *name, uint32_t otherwise)
{
	const json_t *v = json_object_get(q, name);

	return (
	    json_is_integer(v) ? (uint32_t)json_integer_value(v) : otherwise);
}

static const char *
words(const json_t *q, const char *name)
{
	const char *s = json_string_value(json_object_get(q, name));

	return (s != NULL ? s : "");
}

static void
spoil(const struct shim *s, struct dialer_config *cfg)
{
	if (s->fault == FAULT_NEVER_IDLE)
		cfg->idle_ms = 0;
	if (s->fault == FAULT_EARLY_IDLE)
		cfg->idle_ms /= 4;
	if (s->fault == FAULT_NO_MIN)
		cfg->min_idle = 0;
	if (s->fault == FAULT_NO_REUSE)
		cfg->reuse = false;
}

static json_t *
start(struct shim *s, const json_t *q)
{
	static const char *const names[SERVERS] = { "server", "server2" };
	struct dialer_config cfg = { .loop = s->loop,
		.shared = s->shared,
		.tls = s->tls,
		.log = &s->log,
		.policy = &s->policy,
		.server_name = "localhost",
		.scheme = atls_bytes_str(ATLS_SCHEME_DEFAULT),
		.client_name = "anytls-shim",
		.reuse = true,
		.min_idle = number(q, "min_idle", 5),
		.check_ms = number(q, "idle_check_ms", 30000),
		.idle_ms = number(q, "idle_timeout_ms", 30000),
		.connect_ms = 10000,
		.grace_ms = 400,
		.synack_ms = 3000 };

	if (s->dialer[0] != NULL)
		return (error("already started"));
	spoil(s, &cfg);
	if (digest_password(words(q, "password"), cfg.hash) != 0)
		return (error("no hash"));
	for (int i = 0; i < SERVERS; i++) {
		if (atls_addr_parse_hostport(words(q, names[i]), &cfg.server) !=
		    0)
			return (error("no such server"));
		s->dialer[i] = dialer_new(&cfg);
	}
	if (s->fault == FAULT_IGNORES)
		return (json_pack(
		    "{s:b,s:[s]}", "ok", 1, "ignored", "idle_timeout_ms"));
	return (ok());
}

static struct dialer *
dialer_of(const struct shim *s, const json_t *q)
{
	uint32_t n = number(q, "server", 1);

	return (n == 1 || n == 2 ? s->dialer[n - 1] : NULL);
}

static json_t *
open_stream(struct shim *s, const json_t *q)
{
	struct dialer *d = dialer_of(s, q);
	char target[300];
	struct atls_addr a;

	snprintf(target, sizeof(target), "%.255s:%u", words(q, "host"),
	    (unsigned)number(q, "port", 0));
	if (d == NULL || s->nstreams == STREAMS)
		return (error("not started, or too many streams"));
	if (atls_addr_parse_hostport(target, &a) != 0)
		return (error("no such target"));
	s->stream[s->nstreams] = dialer_open(
	    d, &a, atls_bytes(NULL, 0), &handler, &s->stream[s->nstreams]);
	return (json_pack("{s:b,s:i}", "ok", 1, "stream", (int)s->nstreams++));
}

static json_t *
close_stream(struct shim *s, const json_t *q)
{
	uint32_t n = number(q, "stream", STREAMS);

	if (n >= s->nstreams)
		return (error("no such stream"));
	dialer_stream_close(s->stream[n]);
	s->stream[n] = NULL;
	return (ok());
}

static void
share_scheme(struct shim *s)
{
	const struct dialer *from = s->dialer[0];

	(void)dialer_use_scheme(s->dialer[1], from->scheme.text);
}

static json_t *
state(struct shim *s, const json_t *q)
{
	const struct dialer *d = dialer_of(s, q);
	json_t *list;
	unsigned n = 0;

	if (d == NULL)
		return (error("not started"));
	if (s->fault == FAULT_SHARED_SCHEME)
		share_scheme(s);
	list = json_array();
	for (const struct link *l = d->links; l != NULL; l = l->next, n++)
		json_array_append_new(list,
		    json_pack("{s:I,s:b}", "seq", (json_int_t)l->node.seq,
			"idle", l->pooled ? 1 : 0));
	s->most = n > s->most ? n : s->most;
	for (; s->fault == FAULT_DEAD_KEPT && n < s->most; n++)
		json_array_append_new(list, json_pack("{s:b}", "idle", 1));
	return (json_pack(
	    "{s:b,s:o,s:s}", "ok", 1, "sessions", list, "padding_md5", d->md5));
}

static json_t *
obey(struct shim *s, const json_t *q)
{
	const char *cmd = words(q, "cmd");

	if (strcmp(cmd, "start") == 0)
		return (start(s, q));
	if (strcmp(cmd, "open") == 0)
		return (open_stream(s, q));
	if (strcmp(cmd, "close") == 0)
		return (close_stream(s, q));
	if (strcmp(cmd, "state") == 0 && s->fault != FAULT_NO_STATE)
		return (state(s, q));
	if (strcmp(cmd, "stop") == 0)
		return (ok());
	if (s->fault == FAULT_CLAIMS)
		return (ok());
	return (json_pack("{s:b}", "unsupported", 1));
}

/* ---- Lines ---- */

static void
take_line(struct shim *s, const char *line)
{
	json_t *q = json_loads(line, 0, NULL);
	json_t *v;

	if (!json_is_object(q)) {
		(void)fprintf(stderr, "no JSON object: %s\n", line);
		exit(1);
	}
	if (s->fault == FAULT_GARBAGE) {
		puts("ready.");
		fflush(stdout);
		json_decref(q);
		return;
	}
	v = obey(s, q);
	if (s->fault == FAULT_SEQ)
		json_object_set_new(q, "seq", json_integer(77));
	if (s->fault == FAULT_SILENT)
		json_decref(v);
	else
		answer(q, v);
	if (strcmp(words(q, "cmd"), "stop") == 0)
		loop_stop(s->loop);
	json_decref(q);
}

static void
on_input(void *arg, unsigned events)
{
	struct shim *s = arg;
	ssize_t n;
	char *end;

	(void)events;
	n = read(STDIN_FILENO, s->line + s->len, sizeof(s->line) - 1 - s->len);
	if (n <= 0) {
		loop_stop(s->loop);
		return;
	}
	s->len += (size_t)n;
	s->line[s->len] = '\0';
	while ((end = strchr(s->line, '\n')) != NULL) {
		*end = '\0';
		take_line(s, s->line);
		s->len -= (size_t)(end + 1 - s->line);
		memmove(s->line, end + 1, s->len + 1);
	}
}

/* Sessions in use are closed as if they were idle. */
static void
on_busy_check(void *arg)
{
	struct shim *s = arg;

	for (int i = 0; i < STREAMS; i++) {
		if (s->stream[i] != NULL && s->stream[i]->link != NULL)
			link_fail(s->stream[i]->link, 0, "idle");
	}
}

static void
set_up(struct shim *s)
{
	const struct tls_ctx_config tls = { .verify = false };
	char why[TLS_ERRLEN];
	struct loop_timer *busy;
	struct loop_io *in;

	s->log.level = LOGL_DEBUG;
	s->log.name = "anytls-shim";
	s->policy = atls_policy_default;
	if (s->fault == FAULT_NO_UPDATE)
		s->policy.apply_scheme = 0;
	s->loop = loop_new();
	s->shared = s->loop == NULL ? NULL : conn_shared_new(s->loop);
	s->tls = tls_ctx_new(&tls, why);
	if (s->shared == NULL || s->tls == NULL)
		exit(1);
	in = loop_io_new(s->loop, STDIN_FILENO, on_input, s);
	busy = loop_timer_new(s->loop, on_busy_check, s);
	if (in == NULL || busy == NULL)
		exit(1);
	loop_io_want(in, LOOP_READ);
	if (s->fault == FAULT_BUSY_CLOSED)
		loop_timer_set(busy, loop_now(s->loop) + 1000);
}

int
shim_main(int argc, char **argv)
{
	static struct shim s;
	size_t n = sizeof(fault_names) / sizeof(fault_names[0]), i = 0;

	while (argc > 1 && i < n && strcmp(fault_names[i], argv[1]) != 0)
		i++;
	if (i == n) {
		(void)fprintf(stderr, "no such fault: %s\n", argv[1]);
		return (2);
	}
	s.fault = (enum fault)i;
	if (s.fault == FAULT_CANNOT)
		return (89);
	set_up(&s);
	loop_run(s.loop);
	for (int k = 0; k < SERVERS; k++)
		dialer_free(s.dialer[k]);
	return (0);
}
