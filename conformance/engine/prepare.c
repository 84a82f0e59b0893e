/* Is the target usable, and what does it have? */
#include "conformance/engine/prepare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/engine/jobs.h"
#include "conformance/engine/text.h"

#define SANITY_BUDGET_MS 4000
#define WAIT_MS 1000

/* Until all jobs have ended; true when STOP_FD could be read first. */
static bool
wait_all(struct jobs *jobs, int stop_fd)
{
	while (jobs->n != 0)
		if (jobs_wait(jobs, stop_fd, WAIT_MS)) {
			jobs_abandon(jobs);
			return true;
		}
	return false;
}

bool
prepare_sanity(struct sanity *s, const struct env *env, int stop_fd,
    bool *stopped, struct complaint *why)
{
	const struct box *box;
	struct jobs jobs;
	char actual[COMPLAINT_LEN];

	memset(&jobs, 0, sizeof(jobs));
	memset(s, 0, sizeof(*s));
	s->tc = *env->pack->sanity;
	if (s->tc.budget_ms == 0)
		s->tc.budget_ms = SANITY_BUDGET_MS;
	s->item.tc = &s->tc;
	jobs_start(&jobs, env, &s->item, false);
	*stopped = wait_all(&jobs, stop_fd);
	jobs_free(&jobs);
	if (*stopped || s->item.result.status == ST_PASS)
		return true;
	box = s->item.result.box;
	text_escape(actual, sizeof(actual),
	    box != NULL && box->actual[0] != '\0' ? box->actual
						  : "no reason was given");
	complain(why,
	    s->item.result.status == ST_ERROR ? EXIT_SUITE : EXIT_UNUSABLE,
	    "%s", actual);
	return false;
}

static void
take_features(struct env *env, const struct item *item)
{
	const char *name, *value;
	uint32_t pos = 0;

	if (item->result.box == NULL)
		return;
	while (box_next_feature(item->result.box, &pos, &name, &value)) {
		if (!features_found(&env->features, name, value))
			continue;
		/* A profile is forced in order to differ. */
		if (strcmp(name, "profile") == 0)
			continue;
		box_print(item->result.box->actual, BOX_TEXT,
		    "feature '%s' is declared as '%s', the target has '%s'",
		    name,
		    features_get(&env->features, name) == NULL
			? "no"
			: features_get(&env->features, name),
		    value[0] != '\0' ? value : "yes");
	}
}

/* Features of the probes [FROM, TO) in their order; what went wrong. */
static void
take_results(struct env *env, struct item *items, size_t n, struct plan *bad)
{
	enum status status;
	size_t i;

	for (i = 0; i < n; i++) {
		status = items[i].result.status;
		take_features(env, &items[i]);
		if (status == ST_PASS && items[i].result.box != NULL &&
		    items[i].result.box->actual[0] != '\0')
			items[i].result.status = ST_WARN;
		else if (status == ST_FAIL)
			items[i].result.status = ST_ERROR;
		if (items[i].result.status == ST_PASS || status == ST_SKIP) {
			plan_result_free(&items[i].result);
			continue;
		}
		bad->items =
		    words_grow(bad->items, bad->n + 1, sizeof(*bad->items));
		bad->items[bad->n++] = items[i];
	}
}

bool
prepare_probes(struct env *env, int stop_fd, struct plan *bad)
{
	size_t i, n = env->pack->nprobes, first = n > 0;
	struct item *items = words_alloc(n, sizeof(*items));
	struct jobs jobs;
	bool stopped;

	memset(&jobs, 0, sizeof(jobs));
	memset(bad, 0, sizeof(*bad));
	for (i = 0; i < n; i++)
		items[i].tc = &env->pack->probes[i];
	if (n > 0)
		jobs_start(&jobs, env, &items[0], false);
	stopped = wait_all(&jobs, stop_fd);
	if (!stopped)
		take_results(env, items, first, bad);
	for (i = first; i < n && !stopped; i++)
		jobs_start(&jobs, env, &items[i], false);
	stopped = stopped || wait_all(&jobs, stop_fd);
	if (!stopped)
		take_results(env, items + first, n - first, bad);
	else
		for (i = first; i < n; i++)
			plan_result_free(&items[i].result);
	jobs_free(&jobs);
	free(items);
	return stopped;
}
