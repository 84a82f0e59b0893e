/*
 * anytls-load: makes load for the benchmarks and says in one line of JSON what
 * came through, what it cost the processes named by --pid, and how disturbed
 * the machine was.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <jansson.h>

#include "ref/net/loop.h"
#include "ref/net/option.h"
#include "tools/bench/procs.h"
#include "tools/bench/split.h"
#include "tools/bench/target.h"
#include "tools/bench/work.h"

#define PIDS_MAX 8
/* So many sources would fill all memory that the kernel has for TCP, and it
 * would drop packets on loopback: it is the server that is measured. */
#define MANY 200
#define UNSENT_MAX (128U * 1024)
/* Streams that do not come up are waited for, since the last that did. */
#define GIVE_UP_MS 30000

enum which {
	OPT_TEST,
	OPT_SERVER,
	OPT_PROXY,
	OPT_PASSWORD,
	OPT_SESSIONS,
	OPT_STREAMS,
	OPT_AT_A_TIME,
	OPT_FRAME,
	OPT_SECONDS,
	OPT_WARM_UP,
	OPT_STALLED,
	OPT_RESUME,
	OPT_RELAY,
	OPT_TARGET_PORT,
	OPT_PID,
	OPT_HELP
};

static const struct option_def defs[] = {
	{ "test", NULL, "NAME",
	    "down, up, ping, open, session, idle, pool, "
	    "churn or split" },
	{ "server", NULL, "ADDR:PORT", "straight at this AnyTLS server" },
	{ "proxy", NULL, "ADDR:PORT", "through this SOCKS5 proxy" },
	{ "password", NULL, "TEXT", "of the server (bench)" },
	{ "sessions", NULL, "N", "sessions (1)" },
	{ "streams", NULL, "N", "streams of each (1)" },
	{ "at-a-time", NULL, "N", "how many begin at once (64)" },
	{ "frame", NULL, "BYTES", "data in a frame, at most (16377)" },
	{ "seconds", NULL, "DUR", "how long is measured (3)" },
	{ "warm-up", NULL, "DUR", "how long before that (500ms)" },
	{ "stalled", NULL, NULL, "a stream more whose reader stops" },
	{ "resume", NULL, NULL, "resume TLS in all sessions but the first" },
	{ "relay", NULL, "ADDR:PORT",
	    "through this, which leads to the target" },
	{ "target-port", NULL, "N", "where the target listens (any)" },
	{ "pid", NULL, "NAME=PID", "measure this process; repeat" },
	{ "help", "h", NULL, "this text" },
	{ NULL, NULL, NULL, NULL },
};

static const char *const tests[] = { "down", "up", "ping", "open", "session",
	"idle", "pool", "churn", "split" };

struct named_pid {
	char name[32];
	int pid;
	struct proc_cost before, after;
};

struct load {
	const char *server, *proxy, *relay, *password;
	enum work_kind kind;
	uint32_t sessions, streams, at_a_time, frame, run_ms, warm_up_ms;
	uint32_t target_port;
	bool stalled, resume, help;
	struct named_pid pids[PIDS_MAX];
	size_t npids;

	struct loop *loop;
	struct pattern *pattern;
	struct target *target;
	struct way *way;
	struct work *work;
	struct loop_timer *timer;
	uint64_t give_up_at;
	uint32_t up_before; /* when that was set */
	bool measuring;
	struct proc_cost self_before;
	double machine_before;
	uint64_t bytes_before, rounds_before, began_ms, took_ms;
	char error[256];
};

static int
apply_pid(struct load *l, const char *value, char *err)
{
	const char *eq = strchr(value, '=');
	struct named_pid *p = &l->pids[l->npids];
	uint32_t pid;

	if (l->npids == PIDS_MAX || eq == NULL || eq == value ||
	    (size_t)(eq - value) >= sizeof(p->name) ||
	    option_number(eq + 1, INT32_MAX, &pid) != 0) {
		snprintf(err, OPTION_ERRLEN,
		    "'%s' is no NAME=PID, or one too "
		    "many",
		    value);
		return (ATLS_E_SYNTAX);
	}
	memcpy(p->name, value, (size_t)(eq - value));
	p->pid = (int)pid;
	l->npids++;
	return (0);
}

static int
apply_test(struct load *l, const char *value, char *err)
{
	size_t i;

	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (strcmp(tests[i], value) == 0) {
			l->kind = (enum work_kind)i;
			return (0);
		}
	}
	snprintf(err, OPTION_ERRLEN, "'%s' is no test", value);
	return (ATLS_E_SYNTAX);
}

static int
number(uint32_t *n, uint32_t max, const char *value, char *err)
{
	if (option_number(value, max, n) == 0 && *n > 0)
		return (0);
	snprintf(err, OPTION_ERRLEN, "'%s' is no number from 1 to %u", value,
	    (unsigned)max);
	return (ATLS_E_SYNTAX);
}

/* A plain number is one of seconds. */
static int
duration(uint32_t *ms, const char *value, char *err)
{
	uint32_t s;

	if (option_number(value, 86400, &s) == 0)
		*ms = s * 1000;
	else if (option_duration(value, ms) != 0) {
		snprintf(err, OPTION_ERRLEN, "'%s' is no duration", value);
		return (ATLS_E_SYNTAX);
	}
	return (0);
}

static int
apply(void *ctx, size_t which, const char *value, char *err)
{
	struct load *l = ctx;

	switch ((enum which)which) {
	case OPT_TEST:
		return (apply_test(l, value, err));
	case OPT_SERVER:
		l->server = value;
		return (0);
	case OPT_PROXY:
		l->proxy = value;
		return (0);
	case OPT_PASSWORD:
		l->password = value;
		return (0);
	case OPT_SESSIONS:
		return (number(&l->sessions, 100000, value, err));
	case OPT_STREAMS:
		return (number(&l->streams, 100000, value, err));
	case OPT_AT_A_TIME:
		return (number(&l->at_a_time, 100000, value, err));
	case OPT_FRAME:
		return (number(&l->frame, 65535, value, err));
	case OPT_SECONDS:
		return (duration(&l->run_ms, value, err));
	case OPT_WARM_UP:
		return (duration(&l->warm_up_ms, value, err));
	case OPT_STALLED:
		l->stalled = true;
		return (0);
	case OPT_RESUME:
		l->resume = true;
		return (0);
	case OPT_RELAY:
		l->relay = value;
		return (0);
	case OPT_TARGET_PORT:
		return (number(&l->target_port, 65535, value, err));
	case OPT_PID:
		return (apply_pid(l, value, err));
	case OPT_HELP:
		l->help = true;
		return (0);
	}
	return (0);
}

static uint64_t
bytes_so_far(const struct load *l)
{
	if (l->kind == WORK_UP)
		return (atomic_load(&target_counts(l->target)->taken));
	return (work_counts(l->work)->bytes);
}

static void
begin(struct load *l)
{
	size_t i;

	l->measuring = true;
	work_begin_latency(l->work);
	for (i = 0; i < l->npids; i++)
		l->pids[i].before = proc_cost(l->pids[i].pid);
	l->self_before = proc_cost((int)getpid());
	l->machine_before = proc_machine_s();
	l->bytes_before = bytes_so_far(l);
	l->rounds_before = work_counts(l->work)->rounds;
	l->began_ms = loop_update_now(l->loop);
	loop_timer_set(l->timer, l->began_ms + l->run_ms);
}

static void
on_timer(void *arg)
{
	struct load *l = arg;
	const struct work_counts *c = work_counts(l->work);
	uint64_t now = loop_update_now(l->loop);
	uint32_t all = l->sessions * l->streams;

	if (l->measuring || c->error[0] != '\0') {
		l->took_ms = now - l->began_ms;
		loop_stop(l->loop);
	} else if (c->up < all &&
	    (now < l->give_up_at || c->up > l->up_before)) {
		/* As long as some come up, a slow machine is waited for. */
		if (c->up > l->up_before)
			l->give_up_at = now + GIVE_UP_MS;
		l->up_before = c->up;
		loop_timer_set(l->timer, now + 50);
	} else if (c->up < all) {
		snprintf(l->error, sizeof(l->error),
		    "only %u of %u streams are up", (unsigned)c->up,
		    (unsigned)all);
		loop_stop(l->loop);
	} else {
		begin(l);
	}
}

static json_t *
cost_json(const struct proc_cost *before, const struct proc_cost *after)
{
	return (
	    json_pack("{s:f, s:I, s:I}", "cpu_s", after->cpu_s - before->cpu_s,
		"rss", (json_int_t)after->rss, "fds", (json_int_t)after->nfds));
}

static json_t *
costs_json(struct load *l, double *busy)
{
	struct proc_cost self = proc_cost((int)getpid());
	json_t *all = json_object();
	size_t i;

	json_object_set_new(all, "load", cost_json(&l->self_before, &self));
	*busy = self.cpu_s - l->self_before.cpu_s;
	for (i = 0; i < l->npids; i++) {
		l->pids[i].after = proc_cost(l->pids[i].pid);
		json_object_set_new(all, l->pids[i].name,
		    cost_json(&l->pids[i].before, &l->pids[i].after));
		*busy += l->pids[i].after.cpu_s - l->pids[i].before.cpu_s;
		if (l->pids[i].after.nprocs == 0 && l->error[0] == '\0')
			snprintf(l->error, sizeof(l->error), "the %s is gone",
			    l->pids[i].name);
	}
	return (all);
}

/* What makes a run worthless, as a sentence; NULL when nothing does. */
static const char *
verdict(struct load *l, uint64_t bytes, uint64_t rounds)
{
	const struct work_counts *c = work_counts(l->work);

	if (l->error[0] != '\0')
		return (l->error);
	if (c->error[0] != '\0')
		return (c->error);
	if (atomic_load(&target_counts(l->target)->wrong) != 0)
		return ("a byte came to the target wrong");
	if (l->kind != WORK_IDLE && l->kind != WORK_POOL && bytes + rounds == 0)
		return ("nothing came through");
	/* Those that began together had no ticket yet. */
	if (l->resume && way_full_handshakes(l->way) > l->sessions)
		return ("sessions were not resumed");
	return (NULL);
}

static int
report(struct load *l)
{
	double took, busy, other;
	json_t *costs = costs_json(l, &busy), *out;
	uint64_t bytes = bytes_so_far(l) - l->bytes_before;
	uint64_t rounds = work_counts(l->work)->rounds - l->rounds_before;
	const char *bad = verdict(l, bytes, rounds);

	took = (double)l->took_ms / 1000;
	if (took <= 0)
		took = 1;
	other = (proc_machine_s() - l->machine_before - busy) / took;
	out = json_pack("{s:s, s:i, s:i, s:i, s:f, s:I, s:I, s:I, s:o, s:f}",
	    "test", tests[l->kind], "sessions", (int)l->sessions, "streams",
	    (int)l->streams, "frame", (int)l->frame, "seconds", took, "bytes",
	    (json_int_t)bytes, "rounds", (json_int_t)rounds, "streams_lost",
	    (json_int_t)work_counts(l->work)->lost, "costs", costs,
	    "other_cores", l->measuring && other > 0 ? other : 0.0);
	json_object_set_new(
	    out, "p50_us", json_real(work_latency_us(l->work, 0.5)));
	json_object_set_new(
	    out, "p99_us", json_real(work_latency_us(l->work, 0.99)));
	if (bad != NULL)
		json_object_set_new(out, "error", json_string(bad));
	json_dumpf(out, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
	putchar('\n');
	json_decref(out);
	return (bad == NULL ? 0 : 1);
}

/* 0, or the exit code with the reason in l->error. */
static int
set_up(struct load *l)
{
	struct way_config way = { 0 };
	struct work_config work = { 0 };
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	l->loop = loop_new();
	l->pattern = pattern_new();
	if (l->loop == NULL || l->pattern == NULL ||
	    (l->target = target_new(l->pattern, (uint16_t)l->target_port,
		 l->sessions * l->streams >= MANY ? UNSENT_MAX : 0)) == NULL) {
		snprintf(l->error, sizeof(l->error),
		    "the system has no memory or no sockets");
		return (2);
	}
	way.loop = work.loop = l->loop;
	way.server = l->server;
	way.proxy = l->relay != NULL ? l->relay : l->proxy;
	way.relay = l->relay != NULL;
	way.resume = l->resume;
	way.password = l->password;
	way.target_port = target_port(l->target);
	way.frame_len = (uint16_t)l->frame;
	way.nsessions = work.nsessions = l->sessions;
	if ((l->way = way_new(&way, l->error)) == NULL)
		return (4);
	work.kind = l->kind;
	work.way = l->way;
	work.pattern = l->pattern;
	work.nstreams = l->streams;
	work.at_a_time = l->at_a_time;
	work.stalled = l->stalled;
	l->work = work_new(&work);
	l->timer = loop_timer_new(l->loop, on_timer, l);
	if (l->work == NULL || l->timer == NULL) {
		snprintf(l->error, sizeof(l->error), "no memory");
		return (2);
	}
	return (0);
}

static int
run(struct load *l)
{
	uint64_t now;
	int rc = set_up(l);

	if (rc == 0) {
		now = loop_update_now(l->loop);
		l->give_up_at = now + GIVE_UP_MS;
		loop_timer_set(l->timer, now + l->warm_up_ms);
		loop_run(l->loop);
		rc = report(l);
	} else {
		fprintf(stderr, "anytls-load: %s\n", l->error);
	}
	work_free(l->work);
	way_free(l->way);
	target_free(l->target);
	loop_timer_free(l->timer);
	loop_free(l->loop);
	pattern_free(l->pattern);
	return (rc);
}

int
main(int argc, char **argv)
{
	struct load l = { .password = "bench",
		.sessions = 1,
		.streams = 1,
		.at_a_time = 64,
		.frame = 16377,
		.run_ms = 3000,
		.warm_up_ms = 500 };
	char err[OPTION_ERRLEN];

	signal(SIGPIPE, SIG_IGN);
	if (option_read(defs, "ANYTLS_LOAD", argc, argv, apply, &l, err) != 0) {
		fprintf(stderr, "anytls-load: %s\n", err);
		return (4);
	}
	if (l.help) {
		option_help(defs, "ANYTLS_LOAD");
		return (0);
	}
	if (l.kind == WORK_SPLIT)
		return (split_run(l.frame, l.run_ms));
	if ((l.server != NULL) + (l.proxy != NULL) + (l.relay != NULL) != 1) {
		fprintf(
		    stderr, "anytls-load: give --server, --proxy or --relay\n");
		return (4);
	}
	return (run(&l));
}
