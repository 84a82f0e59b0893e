/* Counting verdicts. */
#include "conformance/engine/totals.h"

#include <string.h>

enum status
totals_classify(const struct requirement *req, bool hang)
{
	if (hang || req == NULL)
		return ST_FAIL;
	if (strcmp(req->level, "MAY") == 0)
		return ST_INFO;
	if (strcmp(req->basis, "text") == 0 && strcmp(req->level, "MUST") == 0)
		return ST_FAIL;
	return ST_WARN;
}

static void
add_class(struct totals *tot, const struct requirement *req)
{
	if (req != NULL && strcmp(req->basis, "reference") == 0)
		tot->reference++;
	else if (req != NULL && strcmp(req->basis, "safety") == 0)
		tot->safety++;
	else if (req == NULL || strcmp(req->level, "MUST") == 0)
		tot->text_must++;
	else
		tot->text_should++;
}

void
totals_add(struct totals *tot, const struct result *result,
    const struct requirement *req)
{
	tot->count[result->status]++;
	if (result->box != NULL)
		tot->asked += result->box->asked;
	if (result->status == ST_FAIL || result->status == ST_WARN)
		add_class(tot, req);
	tot->stale += result->stale;
	if (result->status != ST_SKIP)
		return;
	if (strcmp(result->class, "filter") == 0)
		tot->skip_filter++;
	else if (strcmp(result->class, "list") == 0)
		tot->skip_list++;
	else if (strcmp(result->class, "origin") == 0)
		tot->skip_origin++;
	else
		tot->skip_feature++;
}

void
totals_add_finding(struct totals *tot, enum status status)
{
	tot->findings[status]++;
}

unsigned
totals_of(const struct totals *tot, enum status status)
{
	return tot->count[status] + tot->findings[status];
}

unsigned
totals_run(const struct totals *tot)
{
	return tot->count[ST_PASS] + tot->count[ST_FAIL] +
	    tot->count[ST_CRASH] + tot->count[ST_WARN] + tot->count[ST_INFO] +
	    tot->count[ST_XFAIL] + tot->count[ST_XPASS] + tot->count[ST_FLAKY] +
	    tot->count[ST_ERROR];
}

bool
totals_is_failure(const struct totals *tot, enum status status)
{
	return status == ST_FAIL || status == ST_CRASH || status == ST_XPASS ||
	    ((status == ST_WARN || status == ST_UNDETERMINED) && tot->strict) ||
	    (status == ST_FLAKY && tot->flaky_fails);
}

int
totals_exit(const struct totals *tot)
{
	enum status s;

	if (tot->unusable)
		return EXIT_UNUSABLE;
	if (tot->interrupted)
		return EXIT_INTERRUPTED;
	if (tot->stale != 0)
		return EXIT_FINDINGS;
	for (s = 0; s < ST_COUNT; s++)
		if (totals_is_failure(tot, s) && totals_of(tot, s) != 0)
			return EXIT_FINDINGS;
	if (totals_of(tot, ST_ERROR) != 0)
		return EXIT_SUITE;
	if (totals_run(tot) == 0 && !tot->none_passes)
		return EXIT_NOTHING_TESTED;
	return EXIT_CONFORMS;
}

const char *
totals_status_name(enum status status)
{
	static const char *const names[ST_COUNT] = { "pass", "fail", "crash",
		"warn", "info", "xfail", "xpass", "flaky", "undetermined",
		"skip", "blocked", "error" };

	return names[status];
}

enum status
totals_status_of(const char *name)
{
	enum status s;

	for (s = 0; s < ST_COUNT; s++)
		if (strcmp(totals_status_name(s), name) == 0)
			break;
	return s;
}

static void
print_skips(const struct totals *tot, FILE *f)
{
	fprintf(f, "; %u skip", tot->count[ST_SKIP]);
	if (tot->skip_filter != 0 && tot->skip_list != 0)
		fprintf(f, " (%u by --skip, %u by list)", tot->skip_filter,
		    tot->skip_list);
	else if (tot->skip_filter != 0)
		fprintf(f, " (%u by --skip)", tot->skip_filter);
	else if (tot->skip_list != 0)
		fprintf(f, " (%u by list)", tot->skip_list);
	if (tot->count[ST_BLOCKED] != 0)
		fprintf(f, ", %u blocked", tot->count[ST_BLOCKED]);
}

void
totals_print(const struct totals *tot, const char *name, FILE *f)
{
	static const enum status rare[] = { ST_XFAIL, ST_XPASS, ST_FLAKY,
		ST_UNDETERMINED, ST_ERROR };
	size_t i;

	fprintf(f, "%s: %u run, %u pass, %u fail, ", name, totals_run(tot),
	    tot->count[ST_PASS], totals_of(tot, ST_FAIL));
	if (totals_of(tot, ST_CRASH) != 0)
		fprintf(f, "%u crash, ", totals_of(tot, ST_CRASH));
	fprintf(f, "%u warn, %u info", totals_of(tot, ST_WARN),
	    totals_of(tot, ST_INFO));
	for (i = 0; i < sizeof(rare) / sizeof(rare[0]); i++)
		if (totals_of(tot, rare[i]) != 0)
			fprintf(f, ", %u %s", totals_of(tot, rare[i]),
			    totals_status_name(rare[i]));
	print_skips(tot, f);
}
