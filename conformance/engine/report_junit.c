/*
 * JUnit XML, as Jenkins, GitLab and the others read it. Valid by
 * conformance/schema/junit.xsd, which allows no more than the strictest of
 * them: a case has no properties, so what they would say stands in system-out.
 */
#include <string.h>

#include "conformance/engine/reports.h"
#include "conformance/engine/xml.h"

/* A range of tests of one area. */
struct area {
	const char *name;
	const struct results_test *v;
	size_t n;
};

struct sums {
	unsigned long tests, failures, errors, skipped, ms;
};

enum kind {
	KIND_PASS,
	KIND_FAILURE,
	KIND_ERROR,
	KIND_SKIPPED
};

static enum kind
kind_of(const struct results *r, const struct results_test *test)
{
	if (test->status == ST_SKIP || test->status == ST_BLOCKED)
		return KIND_SKIPPED;
	if (test->status == ST_ERROR || test->status == ST_CRASH)
		return KIND_ERROR;
	return results_is_unexpected(r, test) ? KIND_FAILURE : KIND_PASS;
}

static void
add(struct sums *s, const struct results *r, const struct area *area)
{
	enum kind kind;
	size_t i;

	for (i = 0; i < area->n; i++) {
		kind = kind_of(r, &area->v[i]);
		s->tests++;
		s->failures += kind == KIND_FAILURE;
		s->errors += kind == KIND_ERROR;
		s->skipped += kind == KIND_SKIPPED;
		s->ms += area->v[i].duration_ms;
	}
}

static void
seconds(struct xml *x, unsigned long ms)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu.%03lu", ms / 1000, ms % 1000);
	xml_attribute(x, "time", text);
}

/* SKIPPED is no attribute of the root. */
static void
sums(struct xml *x, const struct sums *s, bool skipped)
{
	xml_attribute_number(x, "tests", s->tests);
	xml_attribute_number(x, "failures", s->failures);
	xml_attribute_number(x, "errors", s->errors);
	if (skipped)
		xml_attribute_number(x, "skipped", s->skipped);
}

static void
property(struct xml *x, const char *name, const char *value)
{
	if (value == NULL)
		return;
	xml_open(x, "property");
	xml_attribute(x, "name", name);
	xml_attribute(x, "value", value);
	xml_close(x);
}

static void
properties(struct xml *x, const struct results *r)
{
	const struct results_run *run = &r->run;
	size_t i;

	xml_open(x, "properties");
	property(x, "suite", run->program);
	property(x, "suite.version", run->version);
	property(x, "document", run->document);
	property(x, "vectors", run->vectors);
	property(x, "target", run->target);
	property(x, "command", run->command);
	property(x, "seed", run->seed);
	property(x, "profile", run->profile);
	property(x, "reason", run->reason);
	for (i = 0; i < run->nfeatures; i++) {
		char name[80];
		const struct results_feature *f = &run->features[i];

		snprintf(name, sizeof(name), "feature.%s", f->name);
		property(x, name,
		    f->value == NULL          ? "no"
			: f->value[0] == '\0' ? "yes"
					      : f->value);
	}
	xml_close(x);
}

static void
line(struct xml *x, const char *name, const char *value)
{
	if (value == NULL)
		return;
	xml_text(x, name);
	xml_text(x, value);
	xml_text(x, "\n");
}

static void
requirements(struct xml *x, const struct results_test *test)
{
	size_t i;

	if (test->reqs.n == 0)
		return;
	xml_text(x, "requirement: ");
	for (i = 0; i < test->reqs.n; i++) {
		xml_text(x, i != 0 ? ", " : "");
		xml_text(x, test->reqs.v[i]);
	}
	xml_text(x, "\n");
}

/* What people read: the same parts as in the text report. */
static void
evidence(
    struct xml *x, const struct results *r, const struct results_test *test)
{
	const struct requirement *req;
	char ms[48];
	size_t i;

	line(x, "expected: ", test->expected);
	line(x, "actual: ", test->actual);
	requirements(x, test);
	req =
	    test->reqs.n != 0 ? results_requirement(r, test->reqs.v[0]) : NULL;
	line(x, "quote: ", req != NULL ? req->quote : NULL);
	for (i = 0; i < test->observations.n; i++)
		line(x, "note: ", test->observations.v[i]);
	for (i = 0; i < test->ntranscript; i++) {
		snprintf(ms, sizeof(ms), "+%.1f ms  ", test->transcript[i].ms);
		line(x, ms, test->transcript[i].text);
	}
	line(x, "log:\n", test->log);
	line(x, "replay: ", test->replay);
	line(x, "note: ", test->peers);
}

static const char *
message(const struct results_test *test)
{
	return test->actual != NULL ? test->actual
				    : totals_status_name(test->status);
}

static void
verdict(struct xml *x, const struct results *r, const struct results_test *test)
{
	static const char *const names[] = { NULL, "failure", "error",
		"skipped" };
	enum kind kind = kind_of(r, test);

	if (kind == KIND_PASS)
		return;
	xml_open(x, names[kind]);
	xml_attribute(x, "message", message(test));
	if (kind == KIND_SKIPPED)
		xml_attribute(x, "type",
		    test->class != NULL ? test->class
					: totals_status_name(test->status));
	else
		xml_attribute(x, "type",
		    test->level != NULL ? test->level
					: totals_status_name(test->status));
	if (kind != KIND_SKIPPED)
		evidence(x, r, test);
	xml_close(x);
}

static void
earlier_attempts(struct xml *x, const struct results_test *test)
{
	const struct results_attempt *a;
	size_t i;

	for (i = 0; i + 1 < test->nattempts; i++) {
		a = &test->attempts[i];
		if (a->status == ST_PASS)
			continue;
		xml_open(x,
		    results_is_finding(test) ? "rerunFailure" : "flakyFailure");
		xml_attribute(x, "message", a->actual);
		xml_attribute(x, "type", totals_status_name(a->status));
		xml_close(x);
	}
}

/* "server.settings" of "server/settings/syn-first". */
static void
class_name(struct xml *x, const struct results_test *test)
{
	const char *last = strrchr(test->id, '/');
	char name[128];
	size_t i, n = last != NULL ? (size_t)(last - test->id) : 0;

	if (n == 0 || n >= sizeof(name)) {
		xml_attribute(x, "classname", test->area);
		return;
	}
	for (i = 0; i < n; i++)
		name[i] = test->id[i] == '/' ? '.' : test->id[i];
	name[n] = '\0';
	xml_attribute(x, "classname", name);
}

static void
system_out(
    struct xml *x, const struct results *r, const struct results_test *test)
{
	xml_open(x, "system-out");
	if (kind_of(r, test) != KIND_PASS || test->status == ST_PASS) {
		requirements(x, test);
	} else {
		line(x, "verdict: ", totals_status_name(test->status));
		line(x, "known failure: ", test->known.issue);
		evidence(x, r, test);
	}
	/* Jenkins and GitLab make a link of it. */
	if (test->capture != NULL) {
		xml_text(x, "[[ATTACHMENT|");
		xml_text(x, test->capture);
		xml_text(x, "]]\n");
	}
	xml_close(x);
}

static void
testcase(
    struct xml *x, const struct results *r, const struct results_test *test)
{
	char name[160];

	snprintf(name, sizeof(name), test->round > 1 ? "%s (round %u)" : "%s",
	    test->id[0] != '\0' ? test->id : test->actual, test->round);
	xml_open(x, "testcase");
	xml_attribute(x, "name", name);
	class_name(x, test);
	seconds(x, test->duration_ms);
	verdict(x, r, test);
	earlier_attempts(x, test);
	system_out(x, r, test);
	xml_close(x);
}

static void
testsuite(struct xml *x, const struct results *r, const struct area *area,
    bool with_properties)
{
	struct sums s = { 0 };
	size_t i, len = strcspn(r->run.started, "Z");
	unsigned round = area->n != 0 ? area->v->round : 1;
	char started[32], name[128];

	add(&s, r, area);
	snprintf(name, sizeof(name), round > 1 ? "%s (round %u)" : "%s",
	    area->name, round);
	snprintf(started, sizeof(started), "%.*s", (int)len, r->run.started);
	xml_open(x, "testsuite");
	xml_attribute(x, "name", name);
	sums(x, &s, true);
	seconds(x, s.ms);
	xml_attribute(x, "timestamp", started);
	if (with_properties)
		properties(x, r);
	for (i = 0; i < area->n; i++)
		testcase(x, r, &area->v[i]);
	xml_close(x);
}

/* The tests from I on that have their area and round in common. */
static struct area
area_at(const struct results_tests *list, size_t i)
{
	struct area a = { list->v[i].area, &list->v[i], 0 };

	while (i + a.n < list->n && list->v[i + a.n].round == a.v->round &&
	    strcmp(list->v[i + a.n].area, a.name) == 0)
		a.n++;
	return a;
}

void
report_junit(struct results *r, FILE *f)
{
	struct area tests = { NULL, r->tests.v, r->tests.n };
	struct area findings = { "the run", r->findings.v, r->findings.n };
	struct area area;
	struct sums s = { 0 };
	struct xml x;
	size_t i;

	add(&s, r, &tests);
	add(&s, r, &findings);
	xml_begin(&x, f);
	xml_open(&x, "testsuites");
	xml_attribute(&x, "name", r->run.program);
	sums(&x, &s, false);
	seconds(&x, r->run.duration_ms);
	for (i = 0; i < r->tests.n; i += area.n) {
		area = area_at(&r->tests, i);
		testsuite(&x, r, &area, i == 0);
	}
	if (findings.n != 0 || tests.n == 0)
		testsuite(&x, r, &findings, tests.n == 0);
	xml_close(&x);
}
