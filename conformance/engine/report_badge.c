/* A badge, as the endpoint of shields.io takes it. MUST of the text alone: what
 * else is found is no matter of conformance. */
#include <string.h>

#include "conformance/engine/reports.h"
#include "conformance/engine/results_json.h"

static void
count(const struct results *r, unsigned *ran, unsigned *passed)
{
	const struct results_test *test;
	size_t i;

	*ran = *passed = 0;
	for (i = 0; i < r->tests.n; i++) {
		test = &r->tests.v[i];
		if (test->level == NULL || strcmp(test->level, "MUST") != 0 ||
		    strcmp(test->basis, "text") != 0 ||
		    test->status == ST_SKIP || test->status == ST_BLOCKED)
			continue;
		*ran += 1;
		*passed += test->status == ST_PASS;
	}
}

static const char *
version_of_target(const struct results *r)
{
	size_t i;

	for (i = 0; i < r->run.nfeatures; i++)
		if (strcmp(r->run.features[i].name, "profile") == 0 &&
		    r->run.features[i].value != NULL)
			return r->run.features[i].value;
	return r->run.profile;
}

/* The part of "0.1.0 (abc)" that people know. */
static int
short_len(const char *version)
{
	return (int)strcspn(version, " ");
}

void
report_badge(struct results *r, FILE *f)
{
	unsigned ran, passed;
	const char *color, *message;
	bool whole = !r->totals.interrupted && !r->totals.unusable &&
	    r->run.exit_code != EXIT_SUITE;

	count(r, &ran, &passed);
	message = !whole || ran == 0
	    ? "not tested"
	    : results_printf(r, "%u/%u MUST (suite %.*s)", passed, ran,
		  short_len(r->run.version), r->run.version);
	color = "lightgrey";
	if (whole && ran != 0)
		color = passed != ran || r->run.exit_code == EXIT_FINDINGS
		    ? "red"
		    : "brightgreen";
	results_json_print(
	    json_pack("{s:i, s:s, s:s, s:s}", "schemaVersion", 1, "label",
		results_printf(r, "anytls %s", version_of_target(r)), "message",
		message, "color", color),
	    1, f);
}
