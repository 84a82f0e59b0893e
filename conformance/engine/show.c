/* list, explain, coverage. */
#include "conformance/engine/show.h"

#include <string.h>

#include "conformance/engine/alias.h"
#include "conformance/engine/compare.h"
#include "conformance/engine/tags.h"
#include "conformance/engine/text.h"
#include "conformance/engine/words.h"

static int
add_patterns(
    struct words *to, const struct words *patterns, struct complaint *c)
{
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < patterns->n; i++)
		rc = select_add(to, patterns->v[i], c);
	return rc;
}

/* Puts today's ids in the place of old ones. */
static void
use_aliases(struct words *w, const struct pack *pack, FILE *notes)
{
	struct words now = { NULL, 0 };
	size_t i;

	for (i = 0; i < w->n; i++)
		if (alias_add(&now, w->v[i], pack, notes) == 0)
			words_add(&now, w->v[i]);
	words_free(w);
	*w = now;
}

/* Of the cases that PATTERNS select (all when there are none), those that
 * failed in a result file. */
static int
keep_failed(struct words *patterns, const struct pack *pack, const char *path,
    struct complaint *c)
{
	struct words failed = { 0 }, kept = { 0 };
	size_t i, k;
	int rc;

	rc = compare_failed(
	    path, pack->client ? "client" : "server", &failed, c);
	for (i = 0; rc == 0 && i < failed.n; i++)
		for (k = 0; k < patterns->n || k == 0; k++)
			if (patterns->n == 0 ||
			    select_match(patterns->v[k], failed.v[i])) {
				words_add(&kept, failed.v[i]);
				break;
			}
	if (rc == 0 && kept.n == 0)
		rc = complain(c, EXIT_NOTHING_TESTED,
		    "--rerun-failed: no selected case failed in %s", path);
	words_free(&failed);
	words_free(patterns);
	*patterns = kept;
	return rc;
}

int
show_plan(struct plan *plan, struct reg *reg, const struct pack *pack,
    const struct options *opt, struct complaint *c)
{
	struct selection sel;
	int rc;

	memset(&sel, 0, sizeof(sel));
	sel.level = opt->level;
	rc = register_read(reg, pack->requirements, c);
	if (rc == 0)
		rc = register_check(reg, pack, c);
	if (rc == 0)
		rc = add_patterns(&sel.run, &opt->run, c);
	if (rc == 0)
		rc = add_patterns(&sel.run, &opt->rest, c);
	if (rc == 0 && opt->no_fork != NULL)
		rc = select_add(&sel.run, opt->no_fork, c);
	if (rc == 0)
		rc = add_patterns(&sel.skip, &opt->skip, c);
	if (rc == 0) {
		use_aliases(&sel.run, pack, opt->notes);
		use_aliases(&sel.skip, pack, opt->notes);
		if (opt->rerun_failed != NULL)
			rc = keep_failed(&sel.run, pack, opt->rerun_failed, c);
	}
	if (rc == 0) {
		sel.reqs = opt->reqs;
		sel.tags = opt->tags;
		rc = plan_make(plan, pack, reg, &sel, c);
		memset(&sel.reqs, 0, sizeof(sel.reqs));
		memset(&sel.tags, 0, sizeof(sel.tags));
	}
	if (rc == 0 && opt->nshards != 0)
		plan_shard(plan, opt->shard, opt->nshards);
	if (rc == 0 && opt->shuffle && opt->seed != 0) {
		plan_shuffle(plan, opt->seed);
	}
	select_free(&sel);
	return rc;
}

static void
list_json(const struct item *item, FILE *out)
{
	const char *list = item->tc->reqs, *part, *separator = "";
	size_t len;

	fputs("{\"id\":", out);
	text_json(out, item->tc->id);
	fputs(",\"requirements\":[", out);
	while (words_next(&list, &part, &len)) {
		fprintf(out, "%s\"%.*s\"", separator, (int)len, part);
		separator = ",";
	}
	fprintf(out,
	    "],\"level\":\"%s\",\"basis\":\"%s\",\"needs\":", item->req->level,
	    item->req->basis);
	text_json(out, item->tc->needs);
	fputs(",\"tags\":", out);
	tags_print(item->tc, item->req, out);
	fprintf(out, ",\"budget_ms\":%u}\n", plan_budget_ms(item->tc));
}

static void
list_line(const struct item *item, FILE *out)
{
	fprintf(out, "%-46s %s  %s %s\n", item->tc->id, item->tc->reqs,
	    item->req->level, item->req->basis);
}

static void
dry_line(const struct item *item, FILE *out)
{
	static const char *const phases[PHASE_COUNT] = { "concurrent", "serial",
		"dangerous", "suspect" };

	fprintf(out, "%-46s %-10s %5.1f s%s%s\n", item->tc->id,
	    phases[item->phase], plan_budget_ms(item->tc) / 1000.0,
	    item->tc->needs != NULL ? "  needs " : "",
	    item->tc->needs != NULL ? item->tc->needs : "");
}

int
show_list(const struct pack *pack, const struct options *opt, FILE *out,
    struct complaint *c)
{
	const struct item *item;
	struct plan plan;
	struct reg reg;
	size_t i, n = 0;
	int rc;

	memset(&plan, 0, sizeof(plan));
	memset(&reg, 0, sizeof(reg));
	rc = show_plan(&plan, &reg, pack, opt, c);
	for (i = 0; rc == 0 && i < plan.n; i++) {
		item = &plan.items[opt->dry_run ? plan.order[i] : i];
		if (item->skipped)
			continue;
		n++;
		if (opt->json)
			list_json(item, out);
		else if (opt->dry_run)
			dry_line(item, out);
		else
			list_line(item, out);
	}
	if (rc == 0 && n == 0)
		rc = complain(c, EXIT_NOTHING_TESTED, "no case is selected");
	plan_free(&plan);
	register_free(&reg);
	return rc;
}

static void
explain_requirement(
    const struct requirement *req, const struct pack *pack, FILE *out)
{
	const struct suite *const *s;
	size_t i;

	fprintf(out, "%s  %s, basis %s, role %s, version %s\n  \"", req->id,
	    req->level, req->basis, req->role, req->version);
	text_print(out, req->quote);
	fputs("\"\n", out);
	if (pack == NULL)
		return;
	if (strcmp(req->disposition, "case") != 0)
		fprintf(out, "  disposition: %s\n", req->disposition);
	for (s = pack->suites; *s != NULL; s++)
		for (i = 0; i < (*s)->ncases; i++)
			if (words_in_list((*s)->cases[i].reqs, req->id))
				fprintf(
				    out, "  tested by %s\n", (*s)->cases[i].id);
}

static void
explain_case(const struct tcase *tc, const struct reg *reg, FILE *out)
{
	const char *list = tc->reqs, *part;
	size_t len;

	fprintf(out, "%s\n", tc->id);
	fprintf(out, "  needs     %s\n", tc->needs != NULL ? tc->needs : "-");
	fprintf(out, "  budget    %g s\n", plan_budget_ms(tc) / 1000.0);
	fprintf(out, "  runs      %s\n",
	    tc->flags & CASE_DANGEROUS    ? "alone, at the very end"
		: tc->flags & CASE_SERIAL ? "alone"
					  : "together with others");
	fputs("\nA failure counts as the first of these:\n", out);
	while (words_next(&list, &part, &len))
		explain_requirement(register_find(reg, part, len), NULL, out);
}

static const struct tcase *
find_case(const struct pack *pack, const char *id)
{
	const struct suite *const *s;
	size_t i;

	for (s = pack->suites; *s != NULL; s++)
		for (i = 0; i < (*s)->ncases; i++)
			if (strcmp((*s)->cases[i].id, id) == 0)
				return &(*s)->cases[i];
	return NULL;
}

static int
explain(const struct pack *pack, const struct reg *reg, const char *id,
    FILE *out, struct complaint *c)
{
	const struct requirement *req = register_find(reg, id, strlen(id));
	const struct tcase *tc = find_case(pack, id);

	if (req != NULL)
		explain_requirement(req, pack, out);
	else if (tc != NULL)
		explain_case(tc, reg, out);
	else
		return complain(c, EXIT_USAGE,
		    "'%s' is neither a case nor a requirement; see 'list' and "
		    "'coverage'",
		    id);
	return 0;
}

int
show_explain(const struct pack *pack, const struct options *opt, FILE *out,
    struct complaint *c)
{
	struct words ids = { NULL, 0 };
	struct reg reg;
	size_t i;
	int rc;

	if (opt->rest.n == 0)
		return complain(c, EXIT_USAGE,
		    "explain what? Give the id of a case or a requirement");
	for (i = 0; i < opt->rest.n; i++)
		words_add(&ids, opt->rest.v[i]);
	use_aliases(&ids, pack, opt->notes);
	rc = register_read(&reg, pack->requirements, c);
	if (rc == 0)
		rc = register_check(&reg, pack, c);
	for (i = 0; rc == 0 && i < ids.n; i++) {
		fputs(i != 0 ? "\n" : "", out);
		rc = explain(pack, &reg, ids.v[i], out, c);
	}
	words_free(&ids);
	register_free(&reg);
	return rc;
}
