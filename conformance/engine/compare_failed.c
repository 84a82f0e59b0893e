/* --rerun-failed: which cases of a result file to run again. */
#include <string.h>

#include "conformance/engine/compare.h"
#include "conformance/engine/results_read.h"

static bool
is_wanted(const struct results_test *test)
{
	return results_is_finding(test) || test->status == ST_BLOCKED;
}

static bool
has(const struct words *ids, const char *id)
{
	size_t i;

	for (i = 0; i < ids->n; i++)
		if (strcmp(ids->v[i], id) == 0)
			return true;
	return false;
}

int
compare_failed(
    const char *path, const char *role, struct words *ids, struct complaint *c)
{
	struct results r;
	size_t i;
	int rc;

	rc = results_read(&r, path, c);
	if (rc == 0 && strcmp(r.run.role, role) != 0)
		rc = complain(c, EXIT_USAGE,
		    "--rerun-failed: %s is about a %s, this run about a %s",
		    path, r.run.role, role);
	for (i = 0; rc == 0 && i < r.tests.n; i++)
		if (is_wanted(&r.tests.v[i]) && !has(ids, r.tests.v[i].id))
			words_add(ids, r.tests.v[i].id);
	if (rc == 0 && ids->n == 0)
		rc = complain(c, EXIT_NOTHING_TESTED,
		    "--rerun-failed: nothing in %s failed", path);
	results_free(&r);
	return rc;
}
