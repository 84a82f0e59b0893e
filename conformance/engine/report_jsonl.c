/* The report for programs: one JSON object a line, each flushed. */
#include "conformance/engine/report.h"
#include "conformance/engine/reports.h"
#include "conformance/engine/results_json.h"

/* {"event":NAME, ...} with the members of V, which is consumed. */
static void
event(FILE *f, const char *name, json_t *v)
{
	json_t *o = json_object();

	json_object_set_new(o, "event", json_string(name));
	json_object_update(o, v);
	json_decref(v);
	results_json_print(o, 0, f);
}

static void
print_start(const struct results *r, FILE *f)
{
	json_t *o = results_json_run(r);

	json_object_set_new(o, "schema", json_integer(RESULTS_SCHEMA));
	/* Not known at the start. */
	json_object_del(o, "duration_ms");
	json_object_del(o, "completion");
	json_object_del(o, "exit_code");
	event(f, "run_start", o);
}

static void
print_end(const struct results *r, FILE *f)
{
	json_t *o = results_json_counts(r);

	json_object_set_new(
	    o, "duration_ms", json_integer((json_int_t)r->run.duration_ms));
	json_object_set_new(o, "exit_code", json_integer(r->run.exit_code));
	event(f, "run_end", o);
}

static void
begin(struct report *r)
{
	print_start(r->results, r->out);
}

static void
result(struct report *r, const struct item *item)
{
	(void)item;
	event(r->out, "test_end", results_json_test(r->results, r->latest));
}

static void
finding(struct report *r, enum status status, const char *text, const char *log)
{
	(void)status;
	(void)text;
	(void)log;
	event(r->out, "finding", results_json_test(r->results, r->latest));
}

static void
end(struct report *r, int exit_code)
{
	(void)exit_code;
	print_end(r->results, r->out);
}

const struct reporter report_jsonl = { begin, result, finding, end };

void
report_lines(struct results *r, FILE *f)
{
	size_t i;

	print_start(r, f);
	for (i = 0; i < r->findings.n; i++)
		event(f, "finding", results_json_test(r, &r->findings.v[i]));
	for (i = 0; i < r->tests.n; i++)
		event(f, "test_end", results_json_test(r, &r->tests.v[i]));
	print_end(r, f);
}

void
report_lines_begin(const struct results *r, FILE *f)
{
	print_start(r, f);
}

void
report_lines_test(
    const struct results *r, const struct results_test *test, FILE *f)
{
	event(f, "test_end", results_json_test(r, test));
}

void
report_lines_end(const struct results *r, FILE *f)
{
	print_end(r, f);
}
