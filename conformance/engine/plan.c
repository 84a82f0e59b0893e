/* Selection and order of execution. */
#include "conformance/engine/plan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/engine/tags.h"
#include "conformance/engine/words.h"

uint32_t
plan_budget_ms(const struct tcase *tc)
{
	return tc->budget_ms != 0 ? tc->budget_ms : PLAN_BUDGET_MS;
}

static bool
any_match(const struct words *patterns, const char *id)
{
	size_t i;

	for (i = 0; i < patterns->n; i++)
		if (select_match(patterns->v[i], id))
			return true;
	return false;
}

static bool
is_selected(
    const struct selection *sel, const struct reg *reg, const struct tcase *tc)
{
	const struct requirement *req = register_first(reg, tc->reqs);
	size_t i;

	if (sel->run.n != 0 && !any_match(&sel->run, tc->id))
		return false;
	if (sel->level != NULL && req != NULL &&
	    !select_level(req->level, sel->level))
		return false;
	if (!tags_select(&sel->tags, tc, req))
		return false;
	for (i = 0; i < sel->reqs.n; i++)
		if (words_in_list(tc->reqs, sel->reqs.v[i]))
			return true;
	return sel->reqs.n == 0;
}

static bool
matches_a_case(const struct pack *pack, const char *pattern)
{
	const struct suite *const *s;
	size_t i;

	for (s = pack->suites; *s != NULL; s++)
		for (i = 0; i < (*s)->ncases; i++)
			if (select_match(pattern, (*s)->cases[i].id))
				return true;
	return false;
}

static int
check_patterns(
    const struct pack *pack, const struct words *patterns, struct complaint *c)
{
	char below[512];
	size_t i;

	for (i = 0; i < patterns->n; i++) {
		if (matches_a_case(pack, patterns->v[i]))
			continue;
		box_print(below, sizeof(below), "%s/**", patterns->v[i]);
		if (matches_a_case(pack, below))
			return complain(c, EXIT_USAGE,
			    "no case is called '%s'; '%s' selects those below",
			    patterns->v[i], below);
		return complain(c, EXIT_USAGE,
		    "no case matches '%s'; see 'list'", patterns->v[i]);
	}
	return 0;
}

static int
check_reqs(const struct pack *pack, const struct reg *reg,
    const struct words *reqs, struct complaint *c)
{
	const struct requirement *row;
	size_t i;

	for (i = 0; i < reqs->n; i++) {
		row = register_find(reg, reqs->v[i], strlen(reqs->v[i]));
		if (row == NULL)
			return complain(c, EXIT_USAGE,
			    "there is no requirement '%s'; see 'coverage'",
			    reqs->v[i]);
		if (!register_is_tested(pack, row))
			return complain(c, EXIT_USAGE,
			    "no case tests requirement %s; see 'explain %s'",
			    row->id, row->id);
	}
	return 0;
}

static enum phase
phase_of(const struct tcase *tc)
{
	if (tc->flags & CASE_DANGEROUS)
		return PHASE_DANGEROUS;
	return tc->flags & CASE_SERIAL ? PHASE_SERIAL : PHASE_CONCURRENT;
}

static void
add_item(struct plan *plan, const struct item *item)
{
	plan->items =
	    words_grow(plan->items, plan->n + 1, sizeof(*plan->items));
	plan->items[plan->n++] = *item;
}

static void
add_suite(struct plan *plan, const struct suite *suite, const struct reg *reg,
    const struct selection *sel)
{
	struct item item;
	size_t i;

	for (i = 0; i < suite->ncases; i++) {
		memset(&item, 0, sizeof(item));
		item.tc = &suite->cases[i];
		item.suite = suite;
		item.req = register_first(reg, item.tc->reqs);
		item.phase = phase_of(item.tc);
		item.skipped = any_match(&sel->skip, item.tc->id);
		if (is_selected(sel, reg, item.tc))
			add_item(plan, &item);
	}
}

/* FNV-1a, 64 bits */
static void
add_print(uint64_t *h, const char *s)
{
	do {
		*h = (*h ^ (unsigned char)*s) * 0x100000001b3;
	} while (*s++ != '\0');
}

static uint64_t
fingerprint(const struct plan *plan)
{
	uint64_t h = 0xcbf29ce484222325;
	size_t i;

	for (i = 0; i < plan->n; i++) {
		add_print(&h, plan->items[i].tc->id);
		add_print(&h, plan->items[i].skipped ? "skip" : "");
	}
	return h;
}

int
plan_make(struct plan *plan, const struct pack *pack, const struct reg *reg,
    const struct selection *sel, struct complaint *c)
{
	const struct suite *const *s;
	size_t i;
	int rc;

	memset(plan, 0, sizeof(*plan));
	if ((rc = check_patterns(pack, &sel->run, c)) != 0 ||
	    (rc = check_patterns(pack, &sel->skip, c)) != 0 ||
	    (rc = check_reqs(pack, reg, &sel->reqs, c)) != 0 ||
	    (rc = tags_check(&sel->tags, pack, reg, c)) != 0)
		return rc;
	for (s = pack->suites; *s != NULL; s++)
		add_suite(plan, *s, reg, sel);
	plan->fingerprint = fingerprint(plan);
	plan->total = plan->n;
	for (i = 0; i < plan->n; i++)
		plan->items[i].number = i;
	plan_sort(plan);
	return 0;
}

void
plan_shard(struct plan *plan, unsigned shard, unsigned nshards)
{
	size_t i, n = 0;

	for (i = 0; i < plan->n; i++) {
		if (i % nshards == shard - 1)
			plan->items[n++] = plan->items[i];
		else if (!plan->items[i].skipped)
			plan->elsewhere += plan->items[i].tc->questions;
	}
	plan->n = n;
	plan_sort(plan);
}

void
plan_repeat(struct plan *plan, unsigned repeat)
{
	size_t i, n = plan->n;
	struct item item;
	unsigned r;

	plan->elsewhere *= repeat;
	for (r = 1; r < repeat; r++)
		for (i = 0; i < n; i++) {
			item = plan->items[i];
			item.iteration = r;
			add_item(plan, &item);
		}
	plan_sort(plan);
}

unsigned
plan_questions(const struct plan *plan)
{
	unsigned n = plan->elsewhere;
	size_t i;

	for (i = 0; i < plan->n; i++)
		if (!plan->items[i].skipped)
			n += plan->items[i].tc->questions;
	return n;
}

struct key {
	enum phase phase;
	unsigned round;
	uint64_t first; /* the largest runs first */
	size_t index;
};

static int
compare_keys(const void *pa, const void *pb)
{
	const struct key *a = pa, *b = pb;

	if (a->phase != b->phase)
		return a->phase < b->phase ? -1 : 1;
	if (a->round != b->round)
		return a->round < b->round ? -1 : 1;
	if (a->first != b->first)
		return a->first > b->first ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

/* SplitMix64 */
static uint64_t
mixed(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* SEED 0: longest budget first. */
static void
sort_by(struct plan *plan, uint64_t seed)
{
	struct key *keys = words_alloc(plan->n, sizeof(*keys));
	const struct item *item;
	size_t i;

	for (i = 0; i < plan->n; i++) {
		item = &plan->items[i];
		keys[i] = (struct key){ item->phase, item->iteration,
			seed != 0 ? mixed(mixed(seed) + i)
				  : plan_budget_ms(item->tc),
			i };
	}
	qsort(keys, plan->n, sizeof(*keys), compare_keys);
	free(plan->order);
	plan->order = words_alloc(plan->n, sizeof(*plan->order));
	for (i = 0; i < plan->n; i++)
		plan->order[i] = keys[i].index;
	free(keys);
}

void
plan_sort(struct plan *plan)
{
	sort_by(plan, 0);
}

void
plan_shuffle(struct plan *plan, uint64_t seed)
{
	sort_by(plan, seed);
}

void
plan_retry(struct item *item)
{
	struct result *r = &item->result;
	const char *actual = r->box != NULL ? r->box->actual : "";
	struct attempt *a;

	item->attempts = words_grow(
	    item->attempts, item->nattempts + 1, sizeof(*item->attempts));
	a = &item->attempts[item->nattempts++];
	a->status = r->status;
	a->duration_ms = r->duration_ms;
	a->actual = words_copy(actual, strlen(actual));
	plan_result_free(r);
	item->state = ITEM_WAITING;
}

void
plan_result_free(struct result *result)
{
	box_free(result->box);
	free(result->evidence);
	free(result->capture);
	free(result->log);
	free(result->why_not);
	if (result->spool != NULL)
		unlink(result->spool);
	free(result->spool);
	memset(result, 0, sizeof(*result));
}

void
plan_free(struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->n; i++) {
		struct item *item = &plan->items[i];

		plan_result_free(&item->result);
		while (item->nattempts > 0)
			free(item->attempts[--item->nattempts].actual);
		free(item->attempts);
	}
	free(plan->items);
	free(plan->order);
	memset(plan, 0, sizeof(*plan));
}
