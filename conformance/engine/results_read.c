/* From a result file to results. */
#include "conformance/engine/results_read.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/engine/text.h"

struct reader {
	struct results *r;
	const char *path;
	char where[64]; /* "tests[3]" */
	struct complaint *c;
	int rc; /* of the first mistake */
};

static void
bad(struct reader *rd, const char *name, const char *what)
{
	if (rd->rc == 0)
		rd->rc = complain(rd->c, EXIT_USAGE,
		    "%s is no result file: in %s, '%s' %s", rd->path, rd->where,
		    name, what);
}

/* Member NAME of O; NULL when it is not there, which is a mistake when it is
 * NEEDED, as is another type. */
static json_t *
member(struct reader *rd, const json_t *o, const char *name, json_type type,
    bool needed)
{
	json_t *v = json_object_get(o, name);

	if (v == NULL) {
		if (needed)
			bad(rd, name, "is missing");
		return NULL;
	}
	if (json_typeof(v) == type)
		return v;
	bad(rd, name, "is of the wrong type");
	return NULL;
}

static const char *
text(struct reader *rd, const json_t *o, const char *name)
{
	json_t *v = member(rd, o, name, JSON_STRING, false);

	return v != NULL ? results_lines(rd->r, json_string_value(v)) : NULL;
}

/* "" where it is missing, which is a mistake. */
static const char *
needed_text(struct reader *rd, const json_t *o, const char *name)
{
	json_t *v = member(rd, o, name, JSON_STRING, true);

	return v != NULL ? results_lines(rd->r, json_string_value(v)) : "";
}

static uint64_t
number(struct reader *rd, const json_t *o, const char *name, uint64_t most)
{
	json_t *v = member(rd, o, name, JSON_INTEGER, false);
	json_int_t n = v != NULL ? json_integer_value(v) : 0;

	if (n < 0 || (uint64_t)n > most) {
		bad(rd, name, "is out of range");
		return 0;
	}
	return (uint64_t)n;
}

static bool
flag(struct reader *rd, const json_t *o, const char *name)
{
	json_t *v = json_object_get(o, name);

	if (v != NULL && !json_is_boolean(v))
		bad(rd, name, "is of the wrong type");
	return json_is_true(v);
}

static enum status
status(struct reader *rd, const json_t *o, const char *name)
{
	enum status s = totals_status_of(needed_text(rd, o, name));

	if (s != ST_COUNT)
		return s;
	bad(rd, name, "is no status");
	return ST_ERROR;
}

static void
texts(struct reader *rd, const json_t *o, const char *name,
    struct results_texts *to)
{
	json_t *a = member(rd, o, name, JSON_ARRAY, false), *v;
	size_t i;

	to->n = json_array_size(a);
	to->v = results_alloc(rd->r, to->n + 1, sizeof(*to->v));
	json_array_foreach(a, i, v)
	{
		to->v[i] = "";
		if (json_is_string(v))
			to->v[i] = results_lines(rd->r, json_string_value(v));
		else
			bad(rd, name, "has what is no text");
	}
}

static void
read_features(struct reader *rd, const json_t *o)
{
	json_t *all = member(rd, o, "features", JSON_OBJECT, true), *v;
	struct results_run *run = &rd->r->run;
	struct results_texts declared;
	const char *name;
	size_t i;

	texts(rd, o, "declared_features", &declared);
	run->features = results_alloc(
	    rd->r, json_object_size(all) + 1, sizeof(*run->features));
	json_object_foreach(all, name, v)
	{
		struct results_feature *f = &run->features[run->nfeatures++];

		f->name = results_text(rd->r, name);
		if (json_is_string(v))
			f->value = results_lines(rd->r, json_string_value(v));
		else if (json_is_true(v))
			f->value = "";
		else if (!json_is_false(v))
			bad(rd, "features", "has what is no feature");
		for (i = 0; i < declared.n; i++)
			if (strcmp(declared.v[i], name) == 0)
				f->declared = true;
	}
}

static void
read_completion(struct reader *rd, const json_t *o)
{
	const char *how = needed_text(rd, o, "completion");

	rd->r->totals.interrupted = strcmp(how, "interrupted") == 0;
	rd->r->totals.unusable = strcmp(how, "unusable") == 0;
}

static void
read_shard(struct reader *rd, const json_t *o)
{
	json_t *shard = member(rd, o, "shard", JSON_OBJECT, false);

	if (shard == NULL)
		return;
	rd->r->run.shard = (unsigned)number(rd, shard, "index", 1000000);
	rd->r->run.nshards = (unsigned)number(rd, shard, "count", 1000000);
}

static void
read_run(struct reader *rd, const json_t *o)
{
	struct results_run *run = &rd->r->run;

	snprintf(rd->where, sizeof(rd->where), "run");
	run->program = needed_text(rd, o, "suite");
	run->version = needed_text(rd, o, "version");
	run->document = needed_text(rd, o, "document");
	run->vectors = text(rd, o, "vectors");
	run->role = needed_text(rd, o, "role");
	run->target = needed_text(rd, o, "target");
	run->command = text(rd, o, "command");
	texts(rd, o, "argv", &run->argv);
	run->system = needed_text(rd, o, "system");
	run->started = needed_text(rd, o, "started");
	run->duration_ms = number(rd, o, "duration_ms", INT64_MAX);
	run->seed = needed_text(rd, o, "seed");
	run->jobs = (unsigned)number(rd, o, "jobs", UINT32_MAX);
	run->profile = needed_text(rd, o, "profile");
	run->level = text(rd, o, "level");
	rd->r->totals.strict = flag(rd, o, "strict");
	rd->r->totals.flaky_fails = flag(rd, o, "flaky_fails");
	read_features(rd, o);
	run->planned = number(rd, o, "planned", SIZE_MAX / 2);
	run->plan = strtoull(needed_text(rd, o, "plan"), NULL, 16);
	run->plan_total = number(rd, o, "plan_total", SIZE_MAX / 2);
	read_shard(rd, o);
	read_completion(rd, o);
	run->reason = text(rd, o, "reason");
	run->exit_code = (int)number(rd, o, "exit_code", 255);
}

static void
read_transcript(struct reader *rd, const json_t *o, struct results_test *test)
{
	json_t *a = member(rd, o, "transcript", JSON_ARRAY, false), *v;
	size_t i;

	test->ntranscript = json_array_size(a);
	test->lost = number(rd, o, "transcript_lost", UINT32_MAX);
	test->transcript = results_alloc(
	    rd->r, test->ntranscript + 1, sizeof(*test->transcript));
	json_array_foreach(a, i, v)
	{
		test->transcript[i].ms =
		    json_number_value(json_object_get(v, "ms"));
		test->transcript[i].text = needed_text(rd, v, "text");
	}
}

static int
digit(char c)
{
	const char *digits = "0123456789abcdef", *at = strchr(digits, c);

	return c != '\0' && at != NULL ? (int)(at - digits) : -1;
}

static void
read_hex(struct reader *rd, const char *hex, struct results_test *test)
{
	size_t i, n = strlen(hex) / 2;
	uint8_t *p = results_alloc(rd->r, n + 1, 1);

	for (i = 0; i < n; i++) {
		int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);

		if (high < 0 || low < 0) {
			bad(rd, "hex", "has what is no hexadecimal digit");
			return;
		}
		p[i] = (uint8_t)(high << 4 | low);
	}
	test->bytes = p;
	test->nbytes = n;
}

static void
read_fields(struct reader *rd, const json_t *o, struct results_test *test)
{
	json_t *a = member(rd, o, "fields", JSON_ARRAY, false), *v;
	size_t i;

	test->nfields = json_array_size(a);
	test->fields =
	    results_alloc(rd->r, test->nfields + 1, sizeof(*test->fields));
	json_array_foreach(a, i, v)
	{
		test->fields[i].at = (uint32_t)number(rd, v, "at", UINT32_MAX);
		test->fields[i].len =
		    (uint32_t)number(rd, v, "len", UINT32_MAX);
		test->fields[i].text = needed_text(rd, v, "text");
	}
}

static void
read_bytes(struct reader *rd, const json_t *o, struct results_test *test)
{
	json_t *b = member(rd, o, "bytes", JSON_OBJECT, false);

	if (b == NULL)
		return;
	read_hex(rd, needed_text(rd, b, "hex"), test);
	test->bytes_total = number(rd, b, "total", SIZE_MAX / 2);
	test->hidden_from = number(rd, b, "hidden_at", UINT32_MAX);
	test->hidden_len = number(rd, b, "hidden_len", UINT32_MAX);
	test->bytes_text = text(rd, b, "text");
	read_fields(rd, b, test);
}

static void
read_samples(struct reader *rd, const json_t *o, struct results_test *test)
{
	json_t *a = member(rd, o, "samples", JSON_ARRAY, false), *v;
	struct box_sample *s;
	size_t i;

	test->nsamples = json_array_size(a);
	s = results_alloc(rd->r, test->nsamples + 1, sizeof(*s));
	json_array_foreach(a, i, v)
	{
		s[i].at = (uint32_t)number(rd, v, "at", UINT32_MAX);
		s[i].group = json_object_get(v, "group") == NULL
		    ? BOX_NO_GROUP
		    : (uint32_t)number(rd, v, "group", UINT32_MAX);
		s[i].value = (uint32_t)number(rd, v, "value", UINT32_MAX);
		s[i].low = (uint32_t)number(rd, v, "low", UINT32_MAX);
		s[i].high = (uint32_t)number(rd, v, "high", UINT32_MAX);
		s[i].misfit = flag(rd, v, "misfit");
	}
	test->samples = s;
}

static void
read_attempts(struct reader *rd, const json_t *o, struct results_test *test)
{
	json_t *a = member(rd, o, "attempts", JSON_ARRAY, false), *v;
	size_t i;

	test->nattempts = json_array_size(a);
	test->attempts =
	    results_alloc(rd->r, test->nattempts + 1, sizeof(*test->attempts));
	json_array_foreach(a, i, v)
	{
		test->attempts[i].status = status(rd, v, "status");
		test->attempts[i].duration_ms =
		    (uint32_t)number(rd, v, "duration_ms", UINT32_MAX);
		test->attempts[i].actual = text(rd, v, "actual");
	}
}

static void
read_known(struct reader *rd, const json_t *o, struct results_known *known)
{
	json_t *k = member(rd, o, "known_failure", JSON_OBJECT, false);

	if (k == NULL)
		return;
	known->verdict = needed_text(rd, k, "verdict");
	known->file = text(rd, k, "file");
	known->line = (unsigned)number(rd, k, "line", UINT32_MAX);
	known->issue = text(rd, k, "issue");
	known->match = text(rd, k, "match");
	known->note = text(rd, k, "note");
	known->own = status(rd, k, "own_status");
	known->stale = flag(rd, k, "stale");
}

static void
read_test(
    struct reader *rd, const json_t *o, bool is_case, struct results_test *test)
{
	struct results_texts expected;

	test->id = is_case ? needed_text(rd, o, "id") : text(rd, o, "id");
	if (test->id == NULL)
		test->id = "";
	test->area = needed_text(rd, o, "area");
	test->round = (unsigned)number(rd, o, "round", UINT32_MAX);
	test->number = number(rd, o, "number", SIZE_MAX / 2);
	texts(rd, o, "requirements", &test->reqs);
	test->level = text(rd, o, "level");
	test->basis = text(rd, o, "basis");
	if ((test->level == NULL) != (test->basis == NULL))
		bad(rd, "basis", "does not stand beside 'level'");
	test->status = status(rd, o, "status");
	test->expected_status = status(rd, o, "expected");
	test->class = text(rd, o, "class");
	test->duration_ms = (uint32_t)number(rd, o, "duration_ms", UINT32_MAX);
	texts(rd, o, "expected_outcomes", &expected);
	test->expected = expected.n != 0 ? expected.v[0] : NULL;
	test->actual = text(rd, o, "actual");
	texts(rd, o, "observations", &test->observations);
	test->peers = text(rd, o, "known_peers");
	read_transcript(rd, o, test);
	read_bytes(rd, o, test);
	read_samples(rd, o, test);
	test->log = text(rd, o, "log");
	test->capture = text(rd, o, "capture");
	test->log_file = text(rd, o, "log_file");
	test->replay = text(rd, o, "replay");
	test->asked = (unsigned)number(rd, o, "asked", UINT32_MAX);
	read_attempts(rd, o, test);
	read_known(rd, o, &test->known);
}

/* What results_count() does not find out. */
static void
read_counts(struct reader *rd, const json_t *root)
{
	json_t *o, *s;

	snprintf(rd->where, sizeof(rd->where), "counts");
	o = member(rd, root, "counts", JSON_OBJECT, true);
	s = member(rd, o, "statistics", JSON_OBJECT, false);
	if (s != NULL)
		rd->r->run.questions =
		    (unsigned)number(rd, s, "questions", UINT32_MAX);
}

static void
read_tests(struct reader *rd, const json_t *root, const char *name,
    struct results_tests *list)
{
	json_t *a, *v;
	size_t i;

	snprintf(rd->where, sizeof(rd->where), "the file");
	a = member(rd, root, name, JSON_ARRAY, true);
	json_array_foreach(a, i, v)
	{
		snprintf(rd->where, sizeof(rd->where), "%s[%zu]", name, i);
		read_test(rd, v, list == &rd->r->tests, results_add(list));
		if (rd->rc != 0)
			return;
	}
}

static void
read_requirements(struct reader *rd, const json_t *root)
{
	json_t *a, *v;
	size_t i;

	snprintf(rd->where, sizeof(rd->where), "the file");
	a = member(rd, root, "requirements", JSON_ARRAY, true);
	rd->r->nreqs = json_array_size(a);
	rd->r->reqs =
	    results_alloc(rd->r, rd->r->nreqs + 1, sizeof(*rd->r->reqs));
	json_array_foreach(a, i, v)
	{
		snprintf(rd->where, sizeof(rd->where), "requirements[%zu]", i);
		rd->r->reqs[i] = (struct requirement){ needed_text(rd, v, "id"),
			needed_text(rd, v, "role"), needed_text(rd, v, "level"),
			needed_text(rd, v, "basis"),
			needed_text(rd, v, "version"),
			needed_text(rd, v, "quote"),
			needed_text(rd, v, "disposition") };
	}
}

/* Is it a result file, and of a schema that is known? */
static int
check_schema(const json_t *root, const char *path, struct complaint *c)
{
	json_t *schema = json_object_get(root, "schema");

	if (!json_is_integer(schema))
		return complain(c, EXIT_USAGE,
		    "%s is no result file: it has no number 'schema'", path);
	if (json_integer_value(schema) == RESULTS_SCHEMA)
		return 0;
	return complain(c, EXIT_USAGE,
	    "%s has schema %lld; this program reads schema %d", path,
	    (long long)json_integer_value(schema), RESULTS_SCHEMA);
}

/* The file is no JSON; what jansson quotes of it is made fit to print. */
static int
no_json(const char *path, const json_error_t *error, struct complaint *c)
{
	char why[4 * sizeof(error->text)];
	const char *reason = strrchr(error->text, ':');

	if (error->line < 0 && reason != NULL && reason[1] == ' ')
		text_escape(why, sizeof(why), reason + 2);
	else
		text_escape(why, sizeof(why), error->text);
	if (error->line < 0)
		return complain(c, EXIT_USAGE, "cannot read %s: %s", path, why);
	return complain(
	    c, EXIT_USAGE, "%s:%d is no JSON: %s", path, error->line, why);
}

/* Takes over ROOT, which is what was read of the file called NAME. */
static int
read_root(
    struct results *r, const char *name, json_t *root, struct complaint *c)
{
	struct reader rd = { r, name, "the file", c, 0 };
	json_t *run;

	rd.rc = check_schema(root, name, c);
	if (rd.rc == 0 && (run = member(&rd, root, "run", JSON_OBJECT, true)))
		read_run(&rd, run);
	if (rd.rc == 0)
		read_counts(&rd, root);
	if (rd.rc == 0)
		read_requirements(&rd, root);
	if (rd.rc == 0)
		read_tests(&rd, root, "findings", &r->findings);
	if (rd.rc == 0)
		read_tests(&rd, root, "tests", &r->tests);
	json_decref(root);
	if (rd.rc == 0)
		results_count(r);
	return rd.rc;
}

int
results_read(struct results *r, const char *path, struct complaint *c)
{
	json_error_t error;
	json_t *root;

	memset(r, 0, sizeof(*r));
	root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL)
		return no_json(path, &error, c);
	return read_root(r, path, root, c);
}

int
results_parse(struct results *r, const char *name, const char *text, size_t len,
    struct complaint *c)
{
	json_error_t error;
	json_t *root;

	memset(r, 0, sizeof(*r));
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (root == NULL)
		return no_json(name, &error, c);
	return read_root(r, name, root, c);
}
