/* What it means for the cases when the shared target is gone. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/engine/prepare.h"
#include "conformance/engine/process.h"
#include "conformance/engine/sched_impl.h"

/* Deaths without any case to suspect, before the rest is given up. */
#define MOST_LONELY_DEATHS 3
/* Cases named in a sentence. */
#define MOST_NAMES 8

/* Runs again, alone, when all others have. */
static void
set_aside(struct sched *s, struct item *item)
{
	item->phase = PHASE_SUSPECTS;
	s->suspects =
	    words_grow(s->suspects, s->nsuspects + 1, sizeof(*s->suspects));
	s->suspects[s->nsuspects++] = item;
}

static void
add_suspect(struct sched *s, struct item *item)
{
	plan_result_free(&item->result);
	item->state = ITEM_WAITING;
	item->death = s->ndeaths;
	set_aside(s, item);
}

/* Those that ran when it died, and those that ended badly just before and have
 * not been reported. */
static void
collect_suspects(struct sched *s)
{
	struct plan *plan = s->cfg.plan;
	enum status status;
	size_t i;

	for (i = s->reported; i < plan->n; i++) {
		struct item *item = &plan->items[i];

		status = item->result.status;
		if (item->state == ITEM_RUNNING)
			item->death = s->ndeaths;
		else if (item->state == ITEM_DONE && item->ended_ms != 0 &&
		    (status == ST_FAIL || status == ST_CRASH ||
			status == ST_ERROR) &&
		    item->phase != PHASE_SUSPECTS &&
		    t_now() < item->ended_ms + 2 * SCHED_HOLD_MS)
			add_suspect(s, item);
	}
	jobs_abandon(&s->jobs);
	for (i = s->reported; i < plan->n; i++)
		if (plan->items[i].death == s->ndeaths &&
		    plan->items[i].phase != PHASE_SUSPECTS)
			add_suspect(s, &plan->items[i]);
}

/* The target is dead and reaped: remember why, set the suspects aside, start
 * another. */
static void
bury(struct sched *s, const char *why)
{
	size_t suspects = s->nsuspects;
	struct complaint c;
	struct death *d;

	s->deaths = words_grow(s->deaths, s->ndeaths + 1, sizeof(*s->deaths));
	d = &s->deaths[s->ndeaths++];
	snprintf(d->why, sizeof(d->why), "%s", why);
	d->tail = launch_tail(&s->cfg.shared->l);
	/* What runs on targets of its own has nothing to do with it. */
	if (s->phase < PHASE_DANGEROUS)
		collect_suspects(s);
	s->lonely_deaths += s->nsuspects == suspects;
	if (s->lonely_deaths >= MOST_LONELY_DEATHS) {
		s->gone = true;
		sched_stop(s, "the target keeps ending by itself: %s", why);
	} else if (shared_start(s->cfg.shared, s->cfg.env, &c) != 0) {
		s->gone = true;
		sched_stop(
		    s, "the target ended and did not start again: %s", c.text);
	}
}

static void
look(struct sched *s)
{
	char why[BOX_TEXT];

	if (shared_alive(s->cfg.shared, s->cfg.env))
		return;
	launch_obituary(&s->cfg.shared->l, why, sizeof(why));
	bury(s, why);
}

void
deaths_check(struct sched *s)
{
	/* Later phases do not need it: each case has its own. */
	if (s->phase < PHASE_DANGEROUS)
		look(s);
}

void
deaths_check_last(struct sched *s)
{
	if (!s->stopped)
		look(s);
}

/* Adds ID to a list of names, of which COUNT are there. */
static void
add_name(char *out, size_t size, size_t count, const char *id)
{
	size_t n = count != 0 ? strlen(out) : 0;

	if (count < MOST_NAMES)
		snprintf(out + n, size - n, "%s%s", count != 0 ? ", " : "", id);
	else if (count == MOST_NAMES)
		snprintf(out + n, size - n, " and others");
}

static void
name_running(const struct sched *s, char *out, size_t size)
{
	size_t i;

	snprintf(out, size, "none");
	for (i = 0; i < s->jobs.n; i++)
		add_name(out, size, i, s->jobs.v[i].item->tc->id);
}

static void
external_is_gone(struct sched *s, const struct item *item, const char *why)
{
	char running[BOX_TEXT / 2], text[BOX_TEXT];

	name_running(s, running, sizeof(running));
	snprintf(text, sizeof(text),
	    "target is gone since %s: %s; running at that time: %s",
	    item->tc->id, why, running);
	report_finding(s->cfg.report, ST_CRASH, text, NULL);
	s->gone = true;
	sched_stop(s, "target is gone since %s", item->tc->id);
}

/* A crash was reported though the target takes connections: does it serve?
 * When it does not, that is dealt with here. */
static bool
still_serves(struct sched *s, const struct item *item)
{
	struct complaint c;
	struct sanity sanity;
	char why[BOX_TEXT];
	bool stopped, ok;

	ok = prepare_sanity(&sanity, s->cfg.env, s->cfg.stop_fd, &stopped, &c);
	plan_result_free(&sanity.item.result);
	/* What the suite cannot look at is not gone. */
	if (ok || c.code == EXIT_SUITE)
		return true;
	if (!s->cfg.env->managed) {
		external_is_gone(s, item, c.text);
		return false;
	}
	if (!shared_alive(s->cfg.shared, s->cfg.env)) {
		look(s);
		return false;
	}
	snprintf(why, sizeof(why), "it runs, but no longer serves: %s", c.text);
	kill(-s->cfg.shared->l.pid, SIGABRT);
	launch_stop(&s->cfg.shared->l);
	bury(s, why);
	return false;
}

/* A target that serves has not crashed, it was slow: the case runs again alone.
 * Then this is its failure, and a pass is flaky. */
static void
judge_slowness(struct sched *s, struct item *item)
{
	item->result.status = ST_FAIL;
	if (item->phase == PHASE_SUSPECTS)
		return;
	plan_retry(item);
	set_aside(s, item);
}

void
deaths_suspect(struct sched *s, struct item *item)
{
	enum status status = item->result.status;
	int error;

	/* Clients come and go with their cases. */
	if (s->cfg.env->client)
		return;
	if (status != ST_FAIL && status != ST_CRASH && status != ST_ERROR)
		return;
	if (!s->cfg.env->managed) {
		error = shared_connect(s->cfg.env);
		if (error != 0 && !process_lacks(error)) {
			external_is_gone(s, item, strerror(error));
			return;
		}
	}
	if (status == ST_CRASH && still_serves(s, item))
		judge_slowness(s, item);
}

static bool
is_repeated(const struct sched *s, size_t death)
{
	size_t i;

	for (i = 0; i < s->nsuspects; i++)
		if (s->suspects[i]->death == death && s->suspects[i]->crashed)
			return true;
	return false;
}

static void
name_suspects(const struct sched *s, size_t death, char *out, size_t size)
{
	size_t i, n = 0;

	snprintf(out, size, "none");
	for (i = 0; i < s->nsuspects; i++)
		if (s->suspects[i]->death == death)
			add_name(out, size, n++, s->suspects[i]->tc->id);
}

void
deaths_report(struct sched *s)
{
	char names[BOX_TEXT], text[3 * BOX_TEXT];
	size_t i;

	for (i = 0; i < s->ndeaths; i++) {
		if (is_repeated(s, i + 1))
			continue;
		name_suspects(s, i + 1, names, sizeof(names));
		snprintf(text, sizeof(text),
		    "the target ended during the run: %s; cases running then: "
		    "%s%s",
		    s->deaths[i].why, names,
		    strcmp(names, "none") == 0
			? ""
			: "; none of them does it alone");
		report_finding(
		    s->cfg.report, ST_CRASH, text, s->deaths[i].tail);
	}
}
