/* merge: the result files of shards become that of one run. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/engine/compare.h"
#include "conformance/engine/reports.h"
#include "conformance/engine/results_read.h"

struct merge {
	struct results *v; /* one for each file */
	char **names;
	size_t n;
	struct results all; /* borrows from them */
};

static int
differ(const struct merge *m, size_t i, const char *what, const char *a,
    const char *b, struct complaint *c)
{
	return complain(c, EXIT_USAGE,
	    "%s and %s do not belong together: they have %s '%s' and '%s'",
	    m->names[0], m->names[i], what, a, b);
}

static const char *
tested(const struct results *r)
{
	return r->run.command != NULL ? r->run.command : r->run.target;
}

/* Shard I against the first. */
static int
check_fit(const struct merge *m, size_t i, struct complaint *c)
{
	const struct results_run *a = &m->v[0].run, *b = &m->v[i].run;
	char plan_a[24], plan_b[24];

	if (strcmp(a->role, b->role) != 0)
		return differ(m, i, "role", a->role, b->role, c);
	if (strcmp(a->version, b->version) != 0)
		return differ(m, i, "suite version", a->version, b->version, c);
	if (strcmp(tested(&m->v[0]), tested(&m->v[i])) != 0)
		return differ(
		    m, i, "target", tested(&m->v[0]), tested(&m->v[i]), c);
	if (strcmp(a->profile, b->profile) != 0)
		return differ(m, i, "profile", a->profile, b->profile, c);
	if (m->v[0].totals.strict != m->v[i].totals.strict)
		return differ(m, i, "--strict",
		    m->v[0].totals.strict ? "yes" : "no",
		    m->v[i].totals.strict ? "yes" : "no", c);
	if (a->plan == b->plan && a->plan_total == b->plan_total)
		return 0;
	snprintf(plan_a, sizeof(plan_a), "%016" PRIx64, a->plan);
	snprintf(plan_b, sizeof(plan_b), "%016" PRIx64, b->plan);
	return differ(m, i, "plan", plan_a, plan_b, c);
}

/* Is each shard there, once? */
static int
check_shards(const struct merge *m, struct complaint *c)
{
	unsigned count = m->v[0].run.nshards;
	size_t i, *at;
	int rc = 0;

	at = words_alloc(count + 1, sizeof(*at));
	for (i = 0; rc == 0 && i < m->n; i++) {
		const struct results_run *run = &m->v[i].run;

		if (run->nshards == 0 || run->shard == 0 ||
		    run->shard > run->nshards)
			rc = complain(c, EXIT_USAGE,
			    "%s is not the result of a run with --shard",
			    m->names[i]);
		else if (run->nshards != count)
			rc = complain(c, EXIT_USAGE,
			    "%s is one of %u shards and %s one of %u",
			    m->names[0], count, m->names[i], run->nshards);
		else if (at[run->shard] != 0)
			rc = complain(c, EXIT_USAGE,
			    "%s and %s are both shard %u of %u",
			    m->names[at[run->shard] - 1], m->names[i],
			    run->shard, count);
		else
			at[run->shard] = i + 1;
	}
	for (i = 1; rc == 0 && i <= count; i++)
		if (at[i] == 0)
			rc = complain(c, EXIT_USAGE,
			    "shard %zu of %u is missing", i, count);
	free(at);
	return rc;
}

static int
by_number(const void *pa, const void *pb)
{
	const struct results_test *a = pa, *b = pb;

	if (a->round != b->round)
		return a->round < b->round ? -1 : 1;
	return (a->number > b->number) - (a->number < b->number);
}

/* Each shard has its own look at the target before and after. */
static bool
is_there(const struct results_tests *list, const struct results_test *f)
{
	const struct results_test *t;
	size_t i;

	for (i = 0; i < list->n; i++) {
		t = &list->v[i];
		if (t->status == f->status && strcmp(t->id, f->id) == 0 &&
		    (t->actual == NULL ? f->actual == NULL
				       : f->actual != NULL &&
				strcmp(t->actual, f->actual) == 0))
			return true;
	}
	return false;
}

static void
collect(struct merge *m)
{
	struct results *all = &m->all;
	const struct results *r;
	size_t i, k;

	for (i = 0; i < m->n; i++) {
		r = &m->v[i];
		for (k = 0; k < r->tests.n; k++)
			*results_add(&all->tests) = r->tests.v[k];
		for (k = 0; k < r->findings.n; k++)
			if (!is_there(&all->findings, &r->findings.v[k]))
				*results_add(&all->findings) = r->findings.v[k];
	}
	if (all->tests.n != 0)
		qsort(all->tests.v, all->tests.n, sizeof(*all->tests.v),
		    by_number);
}

/* Each case of the plan, as often as the first of them, unless a shard says
 * itself that it did not come to its end. */
static int
check_whole(const struct merge *m, struct complaint *c)
{
	const struct results_tests *t = &m->all.tests;
	size_t i, total = m->all.run.plan_total;

	for (i = 1; i < t->n; i++)
		if (by_number(&t->v[i - 1], &t->v[i]) == 0)
			return complain(c, EXIT_USAGE, "case %s is there twice",
			    t->v[i].id);
	if (total != 0 && t->n % total == 0 && t->n != 0)
		return 0;
	if (m->all.totals.unusable || m->all.totals.interrupted)
		return 0;
	return complain(c, EXIT_USAGE,
	    "cases are missing: the plan has %zu, the shards together %zu",
	    total, t->n);
}

static void
sum_up_run(struct merge *m)
{
	struct results *all = &m->all;
	struct results_run *run = &all->run;
	size_t i;

	*run = m->v[0].run;
	all->reqs = m->v[0].reqs;
	all->nreqs = m->v[0].nreqs;
	all->totals.strict = m->v[0].totals.strict;
	all->totals.flaky_fails = m->v[0].totals.flaky_fails;
	run->shard = run->nshards = 0;
	run->planned = run->plan_total;
	for (i = 0; i < m->n; i++) {
		const struct results *r = &m->v[i];

		all->totals.interrupted |= r->totals.interrupted;
		all->totals.unusable |= r->totals.unusable;
		if (strcmp(r->run.started, run->started) < 0)
			run->started = r->run.started;
		if (r->run.duration_ms > run->duration_ms)
			run->duration_ms = r->run.duration_ms;
		if (strcmp(r->run.seed, run->seed) != 0)
			run->seed = "various";
		if (run->reason == NULL)
			run->reason = r->run.reason;
	}
}

/* As one run would have ended. A shard in which the suite failed spoils a whole
 * that is good. */
static int
exit_of(const struct merge *m)
{
	int code = totals_exit(&m->all.totals);
	bool fine = true; /* --no-tests pass */
	size_t i;

	for (i = 0; i < m->n; i++)
		fine &= m->v[i].run.exit_code == EXIT_CONFORMS;
	if (code == EXIT_NOTHING_TESTED && fine)
		return EXIT_CONFORMS;

	for (i = 0; i < m->n; i++)
		if (m->v[i].run.exit_code == EXIT_SUITE &&
		    (code == EXIT_CONFORMS || code == EXIT_NOTHING_TESTED))
			code = EXIT_SUITE;
	return code;
}

static int
merge(struct merge *m, const struct options *opt, struct complaint *c)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < m->n; i++)
		rc = results_read(&m->v[i], m->names[i], c);
	for (i = 1; rc == 0 && i < m->n; i++)
		rc = check_fit(m, i, c);
	if (rc == 0)
		rc = check_shards(m, c);
	if (rc != 0)
		return rc;
	sum_up_run(m);
	collect(m);
	m->all.anchor = opt->sarif_anchor;
	rc = check_whole(m, c);
	if (rc == 0) {
		results_count(&m->all);
		m->all.run.exit_code = exit_of(m);
	}
	return rc;
}

static int
report(
    struct merge *m, const struct options *opt, FILE *out, struct complaint *c)
{
	struct reports reports;
	int rc;

	rc = reports_open(&reports, &opt->reports, opt->output, c);
	if (rc == 0)
		rc = reports_write(&reports, &m->all, c);
	if (rc == 0)
		rc = reports_github(&m->all, stderr, c);
	reports_free(&reports);
	if (rc != 0)
		return rc;
	fprintf(out, "%s\n", results_summary(&m->all));
	return m->all.run.exit_code;
}

int
compare_merge(const struct options *opt, FILE *out, struct complaint *c)
{
	struct merge m;
	size_t i;
	int rc;

	if (opt->rest.n == 0)
		return complain(
		    c, EXIT_USAGE, "merge takes the result files of shards");
	memset(&m, 0, sizeof(m));
	m.names = opt->rest.v;
	m.n = opt->rest.n;
	m.v = words_alloc(m.n, sizeof(*m.v));
	rc = merge(&m, opt, c);
	if (rc == 0)
		rc = report(&m, opt, out, c);
	results_free(&m.all);
	for (i = 0; i < m.n; i++)
		results_free(&m.v[i]);
	free(m.v);
	return rc;
}
