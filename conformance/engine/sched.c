/* The scheduler: one thread, one poll, processes below it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/engine/excuse.h"
#include "conformance/engine/process.h"
#include "conformance/engine/sched_impl.h"

#define TICK_MS 50
#define PATIENCE_MS 1000
#define PRIVATE_JOBS 8 /* targets of their own at a time */
/* Cases in a row whose own client or target did not start, before the rest is
 * given up: each waits for it as long as --ready-timeout says. */
#define MOST_UNREADY 20

bool
sched_is_private(const struct sched *s, const struct item *item)
{
	return s->cfg.env->managed &&
	    (item->phase == PHASE_DANGEROUS || item->phase == PHASE_SUSPECTS);
}

static void
end_unrun(
    struct item *item, enum status status, const char *class, const char *why)
{
	memset(&item->result, 0, sizeof(item->result));
	item->state = ITEM_DONE;
	item->result.status = status;
	snprintf(item->result.class, sizeof(item->result.class), "%s", class);
	item->result.box = box_new();
	if (item->result.box != NULL)
		box_print(item->result.box->actual, BOX_TEXT, "%s", why);
}

void
sched_stop(struct sched *s, const char *fmt, ...)
{
	struct plan *plan = s->cfg.plan;
	char why[BOX_TEXT];
	va_list ap;
	size_t i;

	if (s->stopped)
		return;
	s->stopped = true;
	va_start(ap, fmt);
	box_vprint(why, sizeof(why), fmt, ap);
	va_end(ap);
	jobs_abandon(&s->jobs);
	for (i = s->reported; i < plan->n; i++)
		if (plan->items[i].state == ITEM_WAITING)
			end_unrun(&plan->items[i], ST_BLOCKED, "", why);
}

/* Skips decided without running. */
static bool
is_skipped(struct sched *s, struct item *item)
{
	char missing[64], why[BOX_TEXT];

	if (item->skipped) {
		end_unrun(item, ST_SKIP, "filter", "by --skip");
		return true;
	}
	if (item->known != NULL && item->known->verdict == KNOWN_SKIP &&
	    !item->expired) {
		excuse_describe(item, why, sizeof(why));
		end_unrun(item, ST_SKIP, "list", why);
		return true;
	}
	if (features_meet(&s->cfg.env->features, item->tc->needs, missing,
		sizeof(missing)))
		return false;
	snprintf(why, sizeof(why), missing[0] == '!' ? "has %s" : "needs %s",
	    missing[0] == '!' ? missing + 1 : missing);
	end_unrun(item, ST_SKIP, "feature", why);
	return true;
}

/* The next item of this phase that is to run, or NULL. */
static struct item *
next_item(struct sched *s)
{
	struct plan *plan = s->cfg.plan;
	struct item *item;

	while (s->nretries > 0) {
		item = s->retries[--s->nretries];
		/* Others may be suspects by now. */
		if (item->phase == s->phase && item->state == ITEM_WAITING)
			return item;
	}
	if (s->phase == PHASE_SUSPECTS)
		return s->next_suspect < s->nsuspects
		    ? s->suspects[s->next_suspect++]
		    : NULL;
	for (; s->at < plan->n; s->at++) {
		item = &plan->items[plan->order[s->at]];
		/* Suspects have left their phase. */
		if (item->phase == PHASE_SUSPECTS || item->state == ITEM_DONE ||
		    item->state == ITEM_REPORTED)
			continue;
		if (item->phase != s->phase)
			return NULL;
		if (is_skipped(s, item))
			continue;
		s->at++;
		return item;
	}
	return NULL;
}

/* Cases that have run for a while wait for a target that says nothing, and
 * take no processor: others may run beside them, or a mute target would take
 * minutes to judge. On a busy machine they may just be slow, and fewer run. */
static size_t
waiting_jobs(const struct sched *s)
{
	uint64_t now = t_now();
	size_t i, n = 0;

	for (i = 0; i < s->jobs.n; i++)
		n += now > s->jobs.v[i].start_ms + PATIENCE_MS;
	return n;
}

static size_t
most_jobs(const struct sched *s)
{
	size_t jobs = s->cfg.env->jobs;
	double slowness;

	if (s->phase == PHASE_SERIAL || s->phase == PHASE_DANGEROUS)
		return 1;
	if (s->phase == PHASE_SUSPECTS && jobs > PRIVATE_JOBS)
		return PRIVATE_JOBS;
	if (s->phase == PHASE_SUSPECTS || s->cfg.env->client || jobs == 1)
		return jobs;
	slowness = jobs_slowness(s->cfg.env);
	if (slowness > 1)
		return (size_t)((double)jobs / slowness) + 1;
	return jobs + waiting_jobs(s);
}

/* True while there is something to wait for in this phase. */
static bool
start_items(struct sched *s)
{
	struct item *item;

	while (!s->stopped && s->jobs.n < most_jobs(s)) {
		item = next_item(s);
		if (item == NULL)
			break;
		jobs_start(
		    &s->jobs, s->cfg.env, item, sched_is_private(s, item));
	}
	return s->jobs.n != 0;
}

/* A bad end just now may come from a target that is about to be found dead. */
static bool
is_held(const struct sched *s, const struct item *item)
{
	enum status status = item->result.status;

	if (!s->cfg.env->managed || s->stopped || item->ended_ms == 0 ||
	    sched_is_private(s, item))
		return false;
	return (status == ST_FAIL || status == ST_CRASH ||
		   status == ST_ERROR) &&
	    t_now() < item->ended_ms + SCHED_HOLD_MS;
}

static bool
report_ready(struct sched *s)
{
	struct plan *plan = s->cfg.plan;
	struct item *item;

	for (; s->reported < plan->n; s->reported++) {
		item = &plan->items[s->reported];
		if (item->state != ITEM_DONE)
			return false;
		if (is_held(s, item))
			return true;
		report_result(s->cfg.report, item);
		plan_result_free(&item->result);
		item->state = ITEM_REPORTED;
	}
	return false;
}

static void
count_failure(struct sched *s, struct item *item)
{
	const struct options *opt = s->cfg.env->opt;
	bool stale;
	enum status status = excuse_verdict(item, &stale);

	if (!stale && status != ST_ERROR &&
	    !totals_is_failure(&s->cfg.report->totals, status))
		return;
	if (item->nattempts < opt->retries && status != ST_XPASS &&
	    status != ST_FLAKY) {
		plan_retry(item);
		s->retries = words_grow(
		    s->retries, s->nretries + 1, sizeof(*s->retries));
		s->retries[s->nretries++] = item;
		return;
	}
	if (status == ST_ERROR)
		return;
	s->failures++;
	if (opt->fail_fast)
		sched_stop(s, "stopped by --fail-fast after %s", item->tc->id);
	else if (opt->max_fail != 0 && s->failures >= opt->max_fail)
		sched_stop(s, "stopped by --max-fail after %s", item->tc->id);
}

static void
count_unready(struct sched *s, const struct item *item)
{
	const struct box *box = item->result.box;

	s->unready = box != NULL && box->unready ? s->unready + 1 : 0;
	if (s->unready >= MOST_UNREADY)
		sched_stop(s, "%u cases in a row found no %s: %s", s->unready,
		    s->cfg.env->client ? "client" : "target", box->actual);
}

static void
handle_ended(struct sched *s)
{
	size_t i;

	for (i = 0; i < s->jobs.nended && !s->stopped; i++) {
		struct item *item = s->jobs.ended[i];

		/* A death may have sent it back. */
		if (item->state != ITEM_DONE)
			continue;
		if (!sched_is_private(s, item))
			deaths_suspect(s, item);
		if (item->state == ITEM_DONE && !s->stopped)
			count_failure(s, item);
		if (item->state == ITEM_DONE && !s->stopped)
			count_unready(s, item);
	}
}

/* What the terminal is told. */
static void
show_progress(struct sched *s)
{
	const struct plan *plan = s->cfg.plan;
	struct progress_state state = { .total = plan->n,
		.running = s->jobs.n,
		.failed = s->failures,
		.has_deadline = s->cfg.deadline_ms != 0 };
	uint64_t now = t_now(), oldest = now;
	const struct job *job;
	size_t i;

	for (i = 0; i < plan->n; i++)
		state.done += plan->items[i].state == ITEM_DONE ||
		    plan->items[i].state == ITEM_REPORTED;
	for (i = 0; i < s->jobs.n; i++) {
		job = &s->jobs.v[i];
		if (state.slowest != NULL && job->start_ms >= oldest)
			continue;
		oldest = job->start_ms;
		state.slowest = job->item->tc->id;
		state.slowest_ms = now - job->start_ms;
		state.budget_ms = job->budget_ms;
	}
	if (s->cfg.deadline_ms > now)
		state.left_ms = s->cfg.deadline_ms - now;
	progress_draw(&s->cfg.report->progress, &state, now);
}

static void
one_round(struct sched *s)
{
	bool stop = jobs_wait(&s->jobs, s->cfg.stop_fd, TICK_MS);

	if (!stop && s->cfg.deadline_ms != 0 && t_now() >= s->cfg.deadline_ms) {
		s->cfg.report->totals.interrupted = true;
		sched_stop(s, "the --deadline is over");
	}
	if (stop && !s->stopped) {
		s->cfg.report->totals.interrupted = true;
		sched_stop(s, "interrupted");
	}
	if (!s->stopped)
		deaths_check(s);
	if (!s->stopped)
		handle_ended(s);
	report_ready(s);
	show_progress(s);
}

static void
run_phase(struct sched *s, enum phase phase)
{
	s->phase = phase;
	do {
		while (start_items(s))
			one_round(s);
		/* What is held back may yet be taken back. */
		while (report_ready(s) && s->jobs.n == 0)
			one_round(s);
	} while (!s->stopped && start_items(s));
	report_ready(s);
}

void
sched_run(const struct sched_config *cfg, struct sched_end *end)
{
	struct sched s;
	enum phase phase;
	size_t i;

	memset(&s, 0, sizeof(s));
	s.cfg = *cfg;
	for (phase = 0; phase < PHASE_COUNT; phase++)
		run_phase(&s, phase);
	deaths_check_last(&s);
	deaths_report(&s);
	progress_hide(&cfg->report->progress);
	end->gone = s.gone;
	jobs_free(&s.jobs);
	for (i = 0; i < s.ndeaths; i++)
		free(s.deaths[i].tail);
	free(s.deaths);
	free(s.suspects);
	free(s.retries);
}
