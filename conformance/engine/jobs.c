/* One process per case, its own process group, a budget, a shared box. */
#include "conformance/engine/jobs.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/engine/child.h"
#include "conformance/engine/process.h"

/* Nobody debugs for longer than a day. */
#define PAUSE_MS 86400000

uint32_t
jobs_budget_ms(const struct env *env, const struct item *item)
{
	double ms = plan_budget_ms(item->tc) * env->opt->time_scale;

	/* Who waits longer for each step needs longer for all of them. */
	if (env->opt->timeout_ms > 2000)
		ms *= env->opt->timeout_ms / 2000.0;
	return ms < 1e9 ? (uint32_t)ms : 1000000000;
}

double
jobs_slowness(const struct env *env)
{
	double load = process_slowness(), pace = pace_slowness(env->pace);

	return load > pace ? load : pace;
}

/* A target of the case's own is started in the case's time. */
static bool
needs_own(const struct tcase *tc)
{
	return tc->needs != NULL && strstr(tc->needs, "own-") != NULL;
}

static uint32_t
ready_ms(const struct env *env, double slowness)
{
	double scale = env->opt->time_scale * slowness;

	return (uint32_t)(env->opt->ready_timeout_ms *
		   (scale > 1 ? scale : 1)) +
	    env->opt->settle_ms;
}

void
jobs_free(struct jobs *jobs)
{
	free(jobs->v);
	free(jobs->ended);
	memset(jobs, 0, sizeof(*jobs));
}

static void
end_without_running(struct item *item, const char *why)
{
	item->state = ITEM_DONE;
	item->result.status = ST_ERROR;
	if (item->result.box != NULL)
		box_print(item->result.box->actual, BOX_TEXT, "%s", why);
}

/* --pause-before names it. */
static bool
is_paused(const struct env *env, const struct item *item)
{
	const char *id = env->opt->pause_before;

	return id != NULL && strcmp(id, item->tc->id) == 0;
}

/* Until a debugger, or kill -CONT, lets it go on. */
static void
pause_here(const struct item *item)
{
	fprintf(stderr,
	    "paused before %s: attach to process %ld, or kill -CONT %ld\n",
	    item->tc->id, (long)getpid(), (long)getpid());
	raise(SIGSTOP);
}

_Noreturn static void
run_child(const struct env *env, struct job *job)
{
	struct child_config cfg = { env, job->item->tc, job->item->result.box,
		job->item->iteration, job->slowness, job->private_target,
		job->item->result.spool, job->item->suite != NULL };

	process_become_child(true);
	if (is_paused(env, job->item))
		pause_here(job->item);
	child_run(&cfg);
	/* Not _exit(): what looks for leaks does so now. */
	exit(0);
}

static void
add_job(struct jobs *jobs, const struct job *job)
{
	jobs->v = words_grow(jobs->v, jobs->n + 1, sizeof(*jobs->v));
	jobs->v[jobs->n++] = *job;
}

/* In the folder of temporary files; named like nothing else in it. */
const char *
jobs_name_spool(const struct env *env, struct result *r)
{
	char path[ENV_PATH];

	if (env->evidence == NULL)
		return NULL;
	snprintf(path, sizeof(path), "%s/capture-%" PRIxPTR, env->dir,
	    (uintptr_t)r->box);
	r->spool = words_copy(path, strlen(path));
	return r->spool;
}

/* Of a pass nothing is kept, and the disk is not for ever. */
static void
drop_spool(const struct env *env, struct result *r)
{
	if (r->spool == NULL || r->status != ST_PASS ||
	    strcmp(env->opt->capture, "all") == 0)
		return;
	unlink(r->spool);
	free(r->spool);
	r->spool = NULL;
}

void
jobs_start(struct jobs *jobs, const struct env *env, struct item *item,
    bool private_target)
{
	struct job job;
	int ends[2];

	memset(&job, 0, sizeof(job));
	memset(&item->result, 0, sizeof(item->result));
	item->result.box = box_new();
	if (item->result.box == NULL || process_pipe(ends) < 0) {
		end_without_running(item, strerror(errno));
		return;
	}
	jobs_name_spool(env, &item->result);
	job.item = item;
	job.env = env;
	job.fd = ends[0];
	job.private_target = private_target;
	/* Of a target that is of no use the user hears at once. */
	job.slowness = item->tc == env->pack->sanity ? 1 : jobs_slowness(env);
	job.budget_ms = (uint32_t)(jobs_budget_ms(env, item) * job.slowness);
	if (private_target || env->client || needs_own(item->tc))
		job.budget_ms += ready_ms(env, job.slowness);
	job.start_ms = t_now();
	job.deadline_ms = job.start_ms + job.budget_ms;
	if (is_paused(env, item))
		job.deadline_ms += PAUSE_MS;
	fflush(NULL);
	job.pid = fork();
	if (job.pid == 0)
		run_child(env, &job);
	close(ends[1]);
	if (job.pid < 0) {
		close(ends[0]);
		end_without_running(item, strerror(errno));
		return;
	}
	setpgid(job.pid, job.pid);
	item->state = ITEM_RUNNING;
	add_job(jobs, &job);
}

/* The verdict of a case that left none, or whose process ended badly. */
static void
judge_end(const struct job *job, int status)
{
	struct result *r = &job->item->result;
	struct box *box = r->box;
	const char *after = box->decided ? " after its verdict" : "";
	char how[64];

	process_describe(status, how, sizeof(how));
	if (job->killed && box->decided) {
		r->status = box->status;
	} else if (job->killed && box->step[0] != '\0') {
		r->status = ST_FAIL;
		box->hang = true;
		box_print(box->expected, BOX_TEXT, "a result within %g s",
		    job->budget_ms / 1000.0);
		box_print(box->actual, BOX_TEXT,
		    "no result within %g s, last step: %s",
		    job->budget_ms / 1000.0, box->step);
	} else if (job->killed) {
		r->status = ST_ERROR;
		box_print(box->actual, BOX_TEXT,
		    "the case did not end within %g s",
		    job->budget_ms / 1000.0);
	} else if (WIFSIGNALED(status) || WEXITSTATUS(status) != 0) {
		r->status = ST_ERROR;
		box_print(box->actual, BOX_TEXT,
		    "the case's own process ended badly%s: %s%s%s", after, how,
		    box->step[0] != '\0' ? ", last step: " : "", box->step);
	} else if (box->decided) {
		r->status = box->status;
	} else {
		r->status = ST_ERROR;
		box_print(box->actual, BOX_TEXT,
		    "the case's process ended without a verdict");
	}
}

/* Its end of the pipe is closed, so it is about to be gone. */
static void
finish_job(struct job *job)
{
	struct result *r = &job->item->result;
	int status = 0;

	/* First its group: nothing it started may outlive it. It has itself
	 * ended as far as its status is concerned. */
	kill(-job->pid, SIGKILL);
	while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	close(job->fd);
	box_seal(r->box);
	judge_end(job, status);
	memcpy(r->class, r->box->class, sizeof(r->class));
	r->duration_ms = (uint32_t)(t_now() - job->start_ms);
	drop_spool(job->env, r);
	job->item->ended_ms = t_now();
	job->item->state = ITEM_DONE;
}

/* A case whose waits grow while it runs may take as much longer. */
static void
stretch(struct job *job)
{
	double slowness = pace_slowness(job->env->pace);

	if (slowness <= job->slowness)
		return;
	job->deadline_ms +=
	    (uint64_t)(job->budget_ms * (slowness / job->slowness - 1));
	job->budget_ms =
	    (uint32_t)(job->budget_ms * (slowness / job->slowness));
	job->slowness = slowness;
}

static int
next_timeout(struct jobs *jobs, int max_ms)
{
	uint64_t now = t_now();
	size_t i;

	for (i = 0; i < jobs->n; i++) {
		struct job *job = &jobs->v[i];

		stretch(job);
		if (!job->killed && now >= job->deadline_ms) {
			job->killed = true;
			kill(-job->pid, SIGKILL);
		}
		if (!job->killed && job->deadline_ms - now < (uint64_t)max_ms)
			max_ms = (int)(job->deadline_ms - now) + 1;
	}
	return max_ms;
}

bool
jobs_wait(struct jobs *jobs, int other_fd, int max_ms)
{
	struct pollfd *p = words_alloc(jobs->n + 1, sizeof(*p));
	size_t i, n = jobs->n;
	bool readable;
	int rc;

	jobs->ended = words_grow(jobs->ended, n + 1, sizeof(*jobs->ended));
	jobs->nended = 0;
	max_ms = next_timeout(jobs, max_ms);
	for (i = 0; i < n; i++)
		p[i] = (struct pollfd){ jobs->v[i].fd, POLLIN, 0 };
	p[n] = (struct pollfd){ other_fd, POLLIN, 0 };
	rc = poll(p, (nfds_t)n + 1, max_ms);
	for (i = n; rc > 0 && i-- > 0;) {
		if (p[i].revents == 0)
			continue;
		finish_job(&jobs->v[i]);
		jobs->ended[jobs->nended++] = jobs->v[i].item;
		jobs->v[i] = jobs->v[--jobs->n];
	}
	readable = rc > 0 && p[n].revents != 0;
	free(p);
	return readable;
}

void
jobs_abandon(struct jobs *jobs)
{
	size_t i;

	for (i = 0; i < jobs->n; i++) {
		struct job *job = &jobs->v[i];

		kill(-job->pid, SIGKILL);
		while (waitpid(job->pid, NULL, 0) < 0 && errno == EINTR)
			continue;
		close(job->fd);
		plan_result_free(&job->item->result);
		job->item->state = ITEM_WAITING;
	}
	jobs->n = 0;
}
