/*
 * SARIF 2.1.0, for code scanning: a rule for each requirement, a result for
 * each finding. A protocol has no lines of code, so results are shown at the
 * file that --sarif-anchor names.
 */
#include <string.h>

#include "conformance/engine/reports.h"
#include "conformance/engine/results_json.h"

/* The rule of findings that violate no requirement. */
#define RUN_RULE "RUN"
#define FINGERPRINT "anytlsConformCase/v1"

static const char *
level_of(enum status status)
{
	if (status == ST_WARN)
		return "warning";
	return status == ST_INFO ? "note" : "error";
}

static json_t *
text(const char *s)
{
	return json_pack("{s:s}", "text", s);
}

static const char *
level_of_rule(const struct requirement *req)
{
	if (strcmp(req->level, "MAY") == 0)
		return "note";
	return strcmp(req->level, "MUST") == 0 &&
		strcmp(req->basis, "text") == 0
	    ? "error"
	    : "warning";
}

static json_t *
rule(struct results *r, const struct requirement *req)
{
	const char *help = results_printf(r,
	    "%s, basis: %s, document version %s. \"%s\" What a verdict says: "
	    "docs/conformance.md of anytls-conform.",
	    req->level, req->basis, req->version, req->quote);

	return json_pack("{s:s, s:o, s:o, s:o, s:{s:s}, s:{s:[s,s]}}", "id",
	    req->id, "shortDescription",
	    text(results_printf(
		r, "%s (%s, %s)", req->id, req->level, req->basis)),
	    "fullDescription", text(req->quote), "help", text(help),
	    "defaultConfiguration", "level", level_of_rule(req), "properties",
	    "tags", req->level, req->basis);
}

static json_t *
rules(struct results *r)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < r->nreqs; i++)
		json_array_append_new(a, rule(r, &r->reqs[i]));
	json_array_append_new(a,
	    json_pack("{s:s, s:o, s:o}", "id", RUN_RULE, "shortDescription",
		text("The run as a whole"), "fullDescription",
		text("A crash or an error that belongs to no single "
		     "requirement.")));
	return a;
}

static json_t *
location(const struct results *r, const struct results_test *test)
{
	json_t *o = json_object();

	if (r->anchor != NULL)
		json_object_set_new(o, "physicalLocation",
		    json_pack("{s:{s:s}, s:{s:i}}", "artifactLocation", "uri",
			r->anchor, "region", "startLine", 1));
	json_object_set_new(o, "logicalLocations",
	    json_pack("[{s:s, s:s}]", "fullyQualifiedName",
		test->id[0] != '\0' ? test->id : "run", "kind", "member"));
	return o;
}

static json_t *
result(struct results *r, const struct results_test *test)
{
	const char *said = test->actual != NULL
	    ? test->actual
	    : totals_status_name(test->status);
	const char *name = test->id[0] != '\0' ? test->id : "run";
	json_t *o;

	o = json_pack("{s:s, s:s, s:o, s:[o], s:{s:s}}", "ruleId",
	    test->reqs.n != 0 ? test->reqs.v[0] : RUN_RULE, "level",
	    level_of(test->status), "message",
	    text(test->expected != NULL
		    ? results_printf(r, "%s: expected %s; got %s", name,
			  test->expected, said)
		    : results_printf(r, "%s: %s", name, said)),
	    "locations", location(r, test), "partialFingerprints", FINGERPRINT,
	    test->round > 1 ? results_printf(r, "%s#%u", name, test->round)
			    : name);
	if (test->known.verdict != NULL)
		json_object_set_new(o, "suppressions",
		    json_pack("[{s:s, s:s}]", "kind", "external",
			"justification",
			test->known.issue != NULL ? test->known.issue
						  : "known failure"));
	return o;
}

static void
add_findings(struct results *r, const struct results_tests *list, json_t *out)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (results_is_finding(&list->v[i]))
			json_array_append_new(out, result(r, &list->v[i]));
}

/* "0.1.0" of "0.1.0 (abc)". */
static const char *
semantic(struct results *r)
{
	return results_printf(
	    r, "%.*s", (int)strcspn(r->run.version, " "), r->run.version);
}

static json_t *
tool(struct results *r)
{
	return json_pack("{s:{s:s, s:s, s:s, s:s, s:o}}", "driver", "name",
	    r->run.program, "version", r->run.version, "semanticVersion",
	    semantic(r), "fullName", r->run.document, "rules", rules(r));
}

static json_t *
invocation(const struct results *r)
{
	bool done = r->run.exit_code == EXIT_CONFORMS ||
	    r->run.exit_code == EXIT_FINDINGS;
	json_t *o =
	    json_pack("{s:b, s:i, s:s}", "executionSuccessful", (int)done,
		"exitCode", r->run.exit_code, "startTimeUtc", r->run.started);

	if (r->run.reason != NULL)
		json_object_set_new(
		    o, "exitCodeDescription", json_string(r->run.reason));
	return o;
}

void
report_sarif(struct results *r, FILE *f)
{
	json_t *found = json_array(), *run;

	add_findings(r, &r->findings, found);
	add_findings(r, &r->tests, found);
	run = json_pack("{s:o, s:[o], s:o, s:s}", "tool", tool(r),
	    "invocations", invocation(r), "results", found, "columnKind",
	    "unicodeCodePoints");
	results_json_print(json_pack("{s:s, s:s, s:[o]}", "$schema",
			       "https://json.schemastore.org/sarif-2.1.0.json",
			       "version", "2.1.0", "runs", run),
	    1, f);
}
