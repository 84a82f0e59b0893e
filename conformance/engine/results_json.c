/* Results to JSON. Members are always in the same order. */
#include "conformance/engine/results_json.h"

#include <inttypes.h>
#include <stdlib.h>

#include "conformance/engine/env.h"
#include "conformance/engine/words.h"

/* A text that is not there is a member that is not there. */
static void
set_text(json_t *o, const char *name, const char *text)
{
	if (text != NULL)
		json_object_set_new(o, name, json_string(text));
}

static void
set_number(json_t *o, const char *name, uint64_t value)
{
	json_object_set_new(o, name, json_integer((json_int_t)value));
}

static json_t *
texts(const struct results_texts *t)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < t->n; i++)
		json_array_append_new(a, json_string(t->v[i]));
	return a;
}

json_t *
results_json_features(const struct results *r)
{
	json_t *o = json_object(), *v;
	size_t i;

	for (i = 0; i < r->run.nfeatures; i++) {
		const struct results_feature *f = &r->run.features[i];

		if (f->value == NULL || f->value[0] == '\0')
			v = json_boolean(f->value != NULL);
		else
			v = json_string(f->value);
		json_object_set_new(o, f->name, v);
	}
	return o;
}

static json_t *
declared(const struct results *r)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < r->run.nfeatures; i++)
		if (r->run.features[i].declared)
			json_array_append_new(
			    a, json_string(r->run.features[i].name));
	return a;
}

/* The budget of false alarms, and what of it was spent. */
static json_t *
statistics(const struct results *r)
{
	unsigned planned = r->run.questions;
	double share = planned != 0 ? STATS_BUDGET / planned : 0;
	json_t *o = json_object();

	json_object_set_new(o, "budget", json_real(STATS_BUDGET));
	set_number(o, "questions", planned);
	set_number(o, "asked", r->totals.asked);
	json_object_set_new(o, "spent", json_real(share * r->totals.asked));
	return o;
}

json_t *
results_json_counts(const struct results *r)
{
	const struct totals *tot = &r->totals;
	json_t *o = json_object(), *by_class = json_object();
	enum status s;

	set_number(o, "run", totals_run(tot));
	for (s = 0; s < ST_COUNT; s++)
		set_number(o, totals_status_name(s), totals_of(tot, s));
	set_number(o, "skip_by_filter", tot->skip_filter);
	set_number(by_class, "text_must", tot->text_must);
	set_number(by_class, "text_should", tot->text_should);
	set_number(by_class, "reference", tot->reference);
	set_number(by_class, "safety", tot->safety);
	json_object_set_new(o, "findings", by_class);
	json_object_set_new(o, "statistics", statistics(r));
	return o;
}

static const char *
completion(const struct results *r)
{
	if (r->totals.unusable)
		return "unusable";
	if (r->totals.interrupted)
		return "interrupted";
	return r->run.reason != NULL ? "failed" : "complete";
}

static void
set_shard(json_t *o, const struct results_run *run)
{
	json_t *shard;

	if (run->nshards == 0)
		return;
	shard = json_object();
	set_number(shard, "index", run->shard);
	set_number(shard, "count", run->nshards);
	json_object_set_new(o, "shard", shard);
}

json_t *
results_json_run(const struct results *r)
{
	const struct results_run *run = &r->run;
	json_t *o = json_object();
	char plan[24];

	set_text(o, "suite", run->program);
	set_text(o, "version", run->version);
	set_text(o, "document", run->document);
	set_text(o, "vectors", run->vectors);
	set_text(o, "role", run->role);
	set_text(o, "target", run->target);
	set_text(o, "command", run->command);
	json_object_set_new(o, "argv", texts(&run->argv));
	set_text(o, "system", run->system);
	set_text(o, "started", run->started);
	set_number(o, "duration_ms", run->duration_ms);
	set_text(o, "seed", run->seed);
	set_number(o, "jobs", run->jobs);
	set_text(o, "profile", run->profile);
	set_text(o, "level", run->level);
	json_object_set_new(o, "strict", json_boolean(r->totals.strict));
	json_object_set_new(
	    o, "flaky_fails", json_boolean(r->totals.flaky_fails));
	json_object_set_new(o, "features", results_json_features(r));
	json_object_set_new(o, "declared_features", declared(r));
	set_number(o, "planned", run->planned);
	snprintf(plan, sizeof(plan), "%016" PRIx64, run->plan);
	set_text(o, "plan", plan);
	set_number(o, "plan_total", run->plan_total);
	set_shard(o, run);
	set_text(o, "completion", completion(r));
	set_text(o, "reason", run->reason);
	set_number(o, "exit_code", (uint64_t)run->exit_code);
	return o;
}

static void
set_transcript(json_t *o, const struct results_test *test)
{
	json_t *a = json_array(), *line;
	size_t i;

	for (i = 0; i < test->ntranscript; i++) {
		line = json_object();
		json_object_set_new(
		    line, "ms", json_real(test->transcript[i].ms));
		set_text(line, "text", test->transcript[i].text);
		json_array_append_new(a, line);
	}
	json_object_set_new(o, "transcript", a);
	if (test->lost != 0)
		set_number(o, "transcript_lost", test->lost);
}

static json_t *
fields(const struct results_test *test)
{
	json_t *a = json_array(), *f;
	size_t i;

	for (i = 0; i < test->nfields; i++) {
		f = json_object();
		set_number(f, "at", test->fields[i].at);
		set_number(f, "len", test->fields[i].len);
		set_text(f, "text", test->fields[i].text);
		json_array_append_new(a, f);
	}
	return a;
}

static void
set_bytes(json_t *o, const struct results_test *test)
{
	static const char digits[] = "0123456789abcdef";
	json_t *b;
	char *hex;
	size_t i;

	if (test->nbytes == 0)
		return;
	b = json_object();
	hex = calloc(test->nbytes, 2);
	if (hex == NULL)
		out_of_memory();
	for (i = 0; i < test->nbytes; i++) {
		hex[2 * i] = digits[test->bytes[i] >> 4];
		hex[2 * i + 1] = digits[test->bytes[i] & 15];
	}
	json_object_set_new(b, "hex", json_stringn(hex, 2 * test->nbytes));
	free(hex);
	set_number(b, "total", test->bytes_total);
	if (test->hidden_len != 0) {
		set_number(b, "hidden_at", test->hidden_from);
		set_number(b, "hidden_len", test->hidden_len);
	}
	set_text(b, "text", test->bytes_text);
	if (test->nfields != 0)
		json_object_set_new(b, "fields", fields(test));
	json_object_set_new(o, "bytes", b);
}

static void
set_samples(json_t *o, const struct results_test *test)
{
	json_t *a, *s;
	size_t i;

	if (test->nsamples == 0)
		return;
	a = json_array();
	for (i = 0; i < test->nsamples; i++) {
		const struct box_sample *sample = &test->samples[i];

		s = json_object();
		set_number(s, "at", sample->at);
		if (sample->group != BOX_NO_GROUP)
			set_number(s, "group", sample->group);
		set_number(s, "value", sample->value);
		if (sample->high != 0) {
			set_number(s, "low", sample->low);
			set_number(s, "high", sample->high);
		}
		if (sample->misfit)
			json_object_set_new(s, "misfit", json_true());
		json_array_append_new(a, s);
	}
	json_object_set_new(o, "samples", a);
}

static void
set_known(json_t *o, const struct results_known *known)
{
	json_t *k;

	if (known->verdict == NULL)
		return;
	k = json_object();
	set_text(k, "verdict", known->verdict);
	set_text(k, "file", known->file);
	set_number(k, "line", known->line);
	set_text(k, "issue", known->issue);
	set_text(k, "match", known->match);
	set_text(k, "note", known->note);
	set_text(k, "own_status", totals_status_name(known->own));
	json_object_set_new(k, "stale", json_boolean(known->stale));
	json_object_set_new(o, "known_failure", k);
}

static void
set_attempts(json_t *o, const struct results_test *test)
{
	json_t *a, *one;
	size_t i;

	if (test->nattempts == 0)
		return;
	a = json_array();
	for (i = 0; i < test->nattempts; i++) {
		one = json_object();
		set_text(one, "status",
		    totals_status_name(test->attempts[i].status));
		set_number(one, "duration_ms", test->attempts[i].duration_ms);
		set_text(one, "actual", test->attempts[i].actual);
		json_array_append_new(a, one);
	}
	json_object_set_new(o, "attempts", a);
}

static json_t *
outcomes(const struct results_test *test)
{
	json_t *a = json_array();

	if (test->expected != NULL)
		json_array_append_new(a, json_string(test->expected));
	return a;
}

json_t *
results_json_test(const struct results *r, const struct results_test *test)
{
	json_t *o = json_object();

	set_text(o, "id", test->id[0] != '\0' ? test->id : NULL);
	set_text(o, "area", test->area);
	set_number(o, "round", test->round);
	if (test->id[0] != '\0')
		set_number(o, "number", test->number);
	json_object_set_new(o, "requirements", texts(&test->reqs));
	set_text(o, "level", test->level);
	set_text(o, "basis", test->basis);
	set_text(o, "status", totals_status_name(test->status));
	set_text(o, "expected", totals_status_name(test->expected_status));
	json_object_set_new(
	    o, "is_unexpected", json_boolean(results_is_unexpected(r, test)));
	set_text(o, "class", test->class);
	set_number(o, "duration_ms", test->duration_ms);
	json_object_set_new(o, "expected_outcomes", outcomes(test));
	set_text(o, "actual", test->actual);
	json_object_set_new(o, "observations", texts(&test->observations));
	set_text(o, "known_peers", test->peers);
	set_transcript(o, test);
	set_bytes(o, test);
	set_samples(o, test);
	if (test->asked != 0)
		set_number(o, "asked", test->asked);
	set_text(o, "log", test->log);
	set_text(o, "capture", test->capture);
	set_text(o, "log_file", test->log_file);
	set_text(o, "replay", test->replay);
	set_attempts(o, test);
	set_known(o, &test->known);
	return o;
}

static json_t *
tests(const struct results *r, const struct results_tests *list)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < list->n; i++)
		json_array_append_new(a, results_json_test(r, &list->v[i]));
	return a;
}

static json_t *
requirements(const struct results *r)
{
	json_t *a = json_array(), *o;
	size_t i;

	for (i = 0; i < r->nreqs; i++) {
		o = json_object();
		set_text(o, "id", r->reqs[i].id);
		set_text(o, "role", r->reqs[i].role);
		set_text(o, "level", r->reqs[i].level);
		set_text(o, "basis", r->reqs[i].basis);
		set_text(o, "version", r->reqs[i].version);
		set_text(o, "quote", r->reqs[i].quote);
		set_text(o, "disposition", r->reqs[i].disposition);
		json_array_append_new(a, o);
	}
	return a;
}

json_t *
results_json(const struct results *r)
{
	json_t *o = json_object();

	set_number(o, "schema", RESULTS_SCHEMA);
	json_object_set_new(o, "run", results_json_run(r));
	json_object_set_new(o, "counts", results_json_counts(r));
	json_object_set_new(o, "requirements", requirements(r));
	json_object_set_new(o, "findings", tests(r, &r->findings));
	json_object_set_new(o, "tests", tests(r, &r->tests));
	return o;
}

void
results_json_print(json_t *v, unsigned indent, FILE *f)
{
	json_dumpf(v, f,
	    indent != 0 ? JSON_INDENT(indent)
			: JSON_COMPACT | JSON_REAL_PRECISION(6));
	putc('\n', f);
	json_decref(v);
}
