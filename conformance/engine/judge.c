/* Sanity, probes, cases, sanity again; and everything around them. */
#include "conformance/engine/judge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "conformance/engine/child.h"
#include "conformance/engine/evidence.h"
#include "conformance/engine/excuse.h"
#include "conformance/engine/jobs.h"
#include "conformance/engine/known_update.h"
#include "conformance/engine/origin.h"
#include "conformance/engine/prepare.h"
#include "conformance/engine/process.h"
#include "conformance/engine/reports.h"
#include "conformance/engine/results_fill.h"
#include "conformance/engine/sched.h"
#include "conformance/engine/show.h"

/* When all of a client's cases start at once, this is how long the processors
 * may be busy with it. */
#define CLIENT_BUSY_MS 600
#define CLIENT_JOBS_LEAST 8
#define CLIENT_JOBS_MOST 48

struct judge {
	const struct judge_config *cfg;
	struct env env;
	struct reg reg;
	struct plan plan;
	struct report report;
	struct results results;
	struct reports reports;
	struct reports_guard guard; /* around the report of text */
	struct known known;
	struct excuse_env excuse;
	char today[EXCUSE_DATE], os[EXCUSE_OS];
	struct origin_server origin;
	struct shared shared;
	uint64_t deadline_ms;
	bool begun; /* the report has */
	char evidence[ENV_PATH];
};

static uint64_t
new_seed(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ((uint64_t)ts.tv_nsec << 12 ^ (uint64_t)ts.tv_sec ^
		   (uint64_t)getpid() << 20) &
	    0xffffffff;
}

static void
set_up_env(struct judge *j)
{
	const struct options *opt = j->cfg->opt;
	struct env *env = &j->env;
	char profile[64];
	size_t i;

	env->pack = j->cfg->pack;
	env->opt = opt;
	env->seed = opt->seed != 0 ? opt->seed : new_seed();
	env->jobs = opt->jobs != 0 ? opt->jobs : CLIENT_JOBS_LEAST;
	env->target.password = opt->password;
	env->target.sni = opt->sni;
	env->origin_bind = opt->origin_bind;
	for (i = 0; i < opt->features.n; i++)
		features_declare(&env->features, opt->features.v[i]);
	if (strcmp(opt->profile, "auto") != 0) {
		snprintf(profile, sizeof(profile), "profile=%s", opt->profile);
		features_declare(&env->features, profile);
	}
}

static void
set_up_report(struct judge *j)
{
	struct report *r = &j->report;
	const struct options *opt = j->cfg->opt;

	r->to = strcmp(opt->format, "jsonl") == 0 ? &report_jsonl
	    : strcmp(opt->format, "tap") == 0     ? &report_tap_live
						  : &report_text;
	r->out = j->cfg->out;
	r->env = &j->env;
	r->results = &j->results;
	r->program = j->cfg->program;
	r->version = j->cfg->version;
	r->document = j->cfg->pack->document;
	r->totals.strict = opt->strict;
	if (r->to != &report_jsonl)
		reports_guard(&j->guard, r->out);
	progress_begin(&r->progress, opt->notes);
	r->totals.flaky_fails = strcmp(opt->flaky_result, "fail") == 0;
	r->totals.none_passes = strcmp(opt->no_tests, "pass") == 0;
	r->start_ms = t_now();
	r->colour = report_wants_colour(opt->color, r->out);
	if (opt->deadline_ms != 0)
		j->deadline_ms = r->start_ms + opt->deadline_ms;
}

/* Where what cases leave is kept. */
static void
set_up_evidence(struct judge *j)
{
	const char *mode = j->cfg->opt->capture;

	if (mode == NULL || strcmp(mode, "none") == 0)
		return;
	j->env.evidence = j->cfg->opt->output;
	if (j->env.evidence != NULL)
		return;
	snprintf(j->evidence, sizeof(j->evidence), "%s-out", j->cfg->program);
	j->env.evidence = j->evidence;
}

static void
set_up_secrets(struct env *env)
{
	const char *password = env->target.password;
	uint8_t secret[REDACT_SECRET];
	size_t len = 0;

	if (password != NULL && env->pack->secret != NULL)
		len = env->pack->secret(password, secret, sizeof(secret));
	redact_init(&env->redact, password, secret, len);
}

/* Without the folder there are no captures, but verdicts all the same. */
static void
make_spool_folder(struct judge *j)
{
	struct complaint c;

	if (shared_make_folder(&j->env, &c) == 0)
		return;
	snprintf(j->report.why_not, sizeof(j->report.why_not),
	    "nothing is captured: %s", c.text);
	j->env.evidence = NULL;
}

static void
set_up_origin_host(struct judge *j)
{
	struct env *env = &j->env;
	const char *host = j->cfg->opt->origin_advertise;
	char local[REACH_HOST];

	reach_local_address(env->host, local);
	if (host == NULL)
		host = strcmp(env->origin_bind, "0.0.0.0") == 0
		    ? local
		    : env->origin_bind;
	snprintf(env->origin_host, sizeof(env->origin_host), "%s", host);
}

/* The command as it was given: with placeholders, without values. */
static void
name_client(struct judge *j)
{
	const struct words *w = &j->env.command;
	char *out = j->report.target;
	size_t i, n = 0, size = sizeof(j->report.target);

	for (i = 0; i < w->n && n < size; i++)
		n += (size_t)snprintf(
		    out + n, size - n, "%s%s", i != 0 ? " " : "", w->v[i]);
	redact_text(&j->env.redact, out);
}

static void
set_up_results(struct judge *j)
{
	results_begin(&j->results, &j->report, &j->reg, j->cfg->argv);
	j->results.run.vectors = results_text(&j->results, j->cfg->vectors);
	j->results.run.plan = j->plan.fingerprint;
	j->results.run.plan_total = j->plan.total;
	j->results.run.planned = j->plan.n;
	j->results.run.shard = j->cfg->opt->shard;
	j->results.run.nshards = j->cfg->opt->nshards;
	j->results.anchor = j->cfg->opt->sarif_anchor;
}

/* Known failures, of all roles: one file serves all runs. */
static int
read_known(struct judge *j, struct complaint *c)
{
	const struct options *opt = j->cfg->opt;
	const struct words *files = &opt->known_failures;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < files->n; i++)
		rc = known_read(&j->known, files->v[i],
		    opt->update_known && i + 1 == files->n, c);
	if (rc == 0)
		rc = known_resolve(&j->known,
		    j->cfg->all != NULL ? j->cfg->all : j->cfg->pack,
		    opt->notes, c);
	j->report.known = &j->known;
	j->report.plan = &j->plan;
	return rc;
}

static int
check_pause(const struct judge *j, struct complaint *c)
{
	const char *id = j->cfg->opt->pause_before;
	size_t i;

	for (i = 0; id != NULL && i < j->plan.n; i++)
		if (strcmp(j->plan.items[i].tc->id, id) == 0)
			return 0;
	if (id == NULL)
		return 0;
	return complain(c, EXIT_USAGE,
	    "--pause-before: '%s' is no case of this run; see 'list'", id);
}

/* Once the target's features are known. */
static void
apply_known(struct judge *j)
{
	struct excuse_env *env = &j->excuse;

	excuse_today(j->today);
	excuse_os(j->os);
	env->today = j->today;
	env->os = j->os;
	env->role = j->env.client ? "client" : "server";
	env->version = j->cfg->version;
	env->features = &j->env.features;
	excuse_plan(&j->known, &j->plan, env);
}

/* What is not finished says nothing about what is known. */
static int
update_known(struct judge *j, int rc, struct complaint *c)
{
	struct known_update u = { &j->known, &j->plan, &j->results,
		j->cfg->all != NULL ? j->cfg->all : j->cfg->pack, j->excuse,
		j->cfg->out, j->cfg->opt->notes };
	int failed;

	if (!j->cfg->opt->update_known || !j->begun || rc == EXIT_USAGE)
		return rc;
	if (j->report.totals.interrupted) {
		if (u.notes != NULL)
			fputs("note: the known failures are as they were, "
			      "because the run was interrupted\n",
			    u.notes);
		return rc;
	}
	failed = known_update(&u, c);
	return failed != 0 ? failed : rc;
}

/* Plan, reports, origin, target. 0 or a code. */
static int
set_up(struct judge *j, struct complaint *c)
{
	const struct options *opt = j->cfg->opt;
	struct env *env = &j->env;
	int rc;

	set_up_env(j);
	set_up_report(j);
	env->ports = ports_new();
	env->pace = pace_new();
	if (env->ports == NULL || env->pace == NULL)
		return complain(c, EXIT_SUITE, "out of memory");
	set_up_evidence(j);
	rc = show_plan(&j->plan, &j->reg, j->cfg->pack, opt, c);
	if (rc == 0)
		rc = reports_open(&j->reports, &opt->reports, opt->output, c);
	if (rc == 0)
		set_up_results(j);
	if (rc == 0)
		rc = read_known(j, c);
	if (rc == 0)
		rc = check_pause(j, c);
	if (rc == 0 && j->cfg->pack->client)
		rc = shared_prepare_client(env, c);
	else if (rc == 0 && opt->sut != NULL)
		rc = shared_prepare(env, c);
	set_up_secrets(env);
	if (rc == 0 && env->evidence != NULL)
		make_spool_folder(j);
	if (rc == 0)
		rc = origin_server_start(&j->origin, env->origin_bind, c);
	if (rc != 0)
		return rc;
	env->echo_port = j->origin.port;
	if (!env->client)
		rc = shared_start(&j->shared, env, c);
	if (rc != 0)
		return rc;
	set_up_origin_host(j);
	if (env->client) {
		name_client(j);
		return 0;
	}
	snprintf(j->report.target, sizeof(j->report.target),
	    strchr(env->host, ':') != NULL ? "[%s]:%u%s" : "%s:%u%s", env->host,
	    (unsigned)env->target.port,
	    env->managed ? " (started by --sut)" : "");
	return 0;
}

/* The target is of no use: report what was seen, and say why in one sentence.
 * ITEM may be NULL. */
static int
unusable(
    struct judge *j, struct item *item, const char *why, struct complaint *c)
{
	j->report.totals.unusable = true;
	report_begin(&j->report, j->plan.n);
	if (item != NULL) {
		evidence_keep(&j->report, item);
		j->report.latest =
		    results_add_item(&j->results, &j->report, item);
		j->report.to->result(&j->report, item);
	}
	report_end(&j->report);
	return complain(c, EXIT_UNUSABLE, "%s %s is unusable: %s",
	    j->env.client ? "client" : "target", j->report.target, why);
}

static int
interrupted(struct judge *j)
{
	j->report.totals.interrupted = true;
	if (!j->begun)
		report_begin(&j->report, j->plan.n);
	return report_end(&j->report);
}

/* Processor time of the cases so far and all that they started. */
static uint64_t
used_ms(void)
{
	struct rusage r;

	if (getrusage(RUSAGE_CHILDREN, &r) != 0)
		return 0;
	return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000 +
	    (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1000;
}

/*
 * Cases of clients mostly wait, but starting one costs processor time, a lot
 * with some: unless told, as many at a time as leave each its turn.
 */
static void
choose_jobs(struct env *env, uint64_t sanity_ms)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t jobs;

	if (!env->client || env->opt->jobs != 0)
		return;
	jobs = CLIENT_BUSY_MS * (uint64_t)(processors > 0 ? processors : 1) /
	    (sanity_ms + 1);
	if (jobs < CLIENT_JOBS_LEAST)
		jobs = CLIENT_JOBS_LEAST;
	env->jobs =
	    (unsigned)(jobs < CLIENT_JOBS_MOST ? jobs : CLIENT_JOBS_MOST);
}

/* 0, or the exit code when the target is unusable; *STOPPED: interrupted. */
static int
check_usable(struct judge *j, bool *stopped, struct complaint *c)
{
	struct complaint why;
	struct sanity sanity;
	uint64_t before = used_ms();
	char text[COMPLAINT_LEN];
	int error, rc = 0;

	*stopped = false;
	error = j->env.client ? 0 : shared_connect(&j->env);
	if (process_lacks(error))
		return complain(
		    c, EXIT_SUITE, "cannot connect: %s", strerror(error));
	if (error != 0) {
		snprintf(
		    text, sizeof(text), "cannot connect: %s", strerror(error));
		return unusable(j, NULL, text, c);
	}
	if (j->cfg->pack->sanity == NULL)
		return 0;
	if (prepare_sanity(&sanity, &j->env, j->cfg->stop_fd, stopped, &why)) {
		choose_jobs(&j->env, used_ms() - before);
		plan_result_free(&sanity.item.result);
	} else {
		sanity.item.result.evidence = launch_tail(&j->shared.l);
		rc = unusable(j, &sanity.item, why.text, c);
		plan_result_free(&sanity.item.result);
	}
	return rc;
}

static void
last_sanity(struct judge *j)
{
	struct complaint why;
	struct sanity sanity;
	char text[2 * COMPLAINT_LEN];
	bool stopped, ours;
	char *tail;

	if (j->cfg->pack->sanity == NULL)
		return;
	if (!prepare_sanity(
		&sanity, &j->env, j->cfg->stop_fd, &stopped, &why)) {
		ours = why.code == EXIT_SUITE;
		snprintf(text, sizeof(text), "after the last case the %s: %s",
		    ours ? "suite cannot make the sanity check"
			 : "target no longer passes the sanity check",
		    why.text);
		tail = launch_tail(&j->shared.l);
		report_finding(
		    &j->report, ours ? ST_ERROR : ST_CRASH, text, tail);
		free(tail);
	}
	plan_result_free(&sanity.item.result);
	if (stopped)
		j->report.totals.interrupted = true;
}

static int
run_plan(struct judge *j, struct plan *bad_probes)
{
	const struct judge_config *cfg = j->cfg;
	struct sched_config sched = { &j->env, &j->plan, &j->report, &j->shared,
		cfg->stop_fd, j->deadline_ms };
	struct sched_end end;
	size_t i;

	plan_repeat(&j->plan, cfg->opt->repeat);
	if (cfg->opt->shuffle)
		plan_shuffle(&j->plan, j->env.seed);
	j->env.questions = plan_questions(&j->plan);
	apply_known(j);
	j->begun = true;
	report_begin(&j->report, j->plan.n);
	for (i = 0; i < bad_probes->n; i++)
		report_result(&j->report, &bad_probes->items[i]);
	sched_run(&sched, &end);
	if (!end.gone && !j->report.totals.interrupted)
		last_sanity(j);
	return report_end(&j->report);
}

/* For a debugger: the case in this very process. */
static int
run_here(struct judge *j, struct complaint *c)
{
	struct item *item = &j->plan.items[0];
	struct child_config child;

	memset(&child, 0, sizeof(child));
	if (j->plan.n != 1)
		return complain(c, EXIT_USAGE,
		    "--no-fork takes the id of one case, not %zu", j->plan.n);
	item->result.box = box_new();
	if (item->result.box == NULL)
		return complain(c, EXIT_SUITE, "out of memory");
	j->env.questions = plan_questions(&j->plan);
	child.env = &j->env;
	child.tc = item->tc;
	child.box = item->result.box;
	child.spool = jobs_name_spool(&j->env, &item->result);
	child.check_alive = true;
	apply_known(j);
	j->begun = true;
	report_begin(&j->report, 1);
	child_run(&child);
	item->result.status = item->result.box->status;
	memcpy(item->result.class, item->result.box->class,
	    sizeof(item->result.class));
	report_result(&j->report, item);
	return report_end(&j->report);
}

static int
judge_target(struct judge *j, struct complaint *c)
{
	struct plan bad;
	bool stopped;
	int rc;

	rc = check_usable(j, &stopped, c);
	if (rc != 0)
		return rc;
	if (stopped || prepare_probes(&j->env, j->cfg->stop_fd, &bad))
		return interrupted(j);
	rc = j->cfg->opt->no_fork != NULL ? run_here(j, c) : run_plan(j, &bad);
	plan_free(&bad);
	return rc;
}

/* Whatever became of the run, but for mistakes in its options. The exit code.
 */
static int
write_reports(struct judge *j, int rc, struct complaint *c)
{
	struct complaint why = { 0, "" };
	int failed;
	FILE *f;

	if (j->results.run.seed == NULL || rc == EXIT_USAGE)
		return rc;
	j->results.secret = j->env.target.password;
	results_end(&j->results, &j->report, rc, c->code != 0 ? c->text : NULL);
	failed = reports_write(&j->reports, &j->results, &why);
	/* Behind the text, where the runner takes commands again. */
	f = j->guard.out != NULL && j->report.to == &report_text ? j->guard.out
								 : stderr;
	reports_unguard(&j->guard);
	if (reports_github(&j->results, f, &why) != 0)
		failed = EXIT_SUITE;
	if (failed != 0 && c->code == 0)
		*c = why;
	return failed != 0 ? failed : rc;
}

/* The files of the target, before the reports name them. */
static void
end_evidence(struct judge *j, int rc, struct complaint *c)
{
	launch_stop(&j->shared.l);
	if (j->report.kept != 0 || rc == EXIT_UNUSABLE)
		evidence_keep_target(&j->report);
	redact_text(&j->env.redact, c->text);
}

/* What cannot be kept is said, and changes no verdict. */
static void
say_what_is_missing(const struct judge *j, struct complaint *c)
{
	if (j->report.why_not[0] != '\0' && c->code == 0)
		complain(c, EXIT_SUITE, "%s", j->report.why_not);
}

int
judge_run(const struct judge_config *cfg, struct complaint *c)
{
	struct judge *j = words_alloc(1, sizeof(*j));
	int rc;

	j->cfg = cfg;
	rc = set_up(j, c);
	if (rc == 0)
		rc = judge_target(j, c);
	end_evidence(j, rc, c);
	rc = write_reports(j, rc, c);
	rc = update_known(j, rc, c);
	say_what_is_missing(j, c);
	reports_unguard(&j->guard);
	shared_end(&j->shared, &j->env);
	origin_server_stop(&j->origin);
	known_free(&j->known);
	plan_free(&j->plan);
	register_free(&j->reg);
	features_free(&j->env.features);
	reports_free(&j->reports);
	results_free(&j->results);
	ports_free(j->env.ports);
	pace_free(j->env.pace);
	redact_free(&j->env.redact);
	free(j);
	return rc;
}
