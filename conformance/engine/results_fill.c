/* From plan, box and environment to results. */
#include "conformance/engine/results_fill.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "conformance/engine/known.h"
#include "conformance/engine/peers.h"
#include "conformance/engine/words.h"

#define FIELDS 64
#define FRONT 3 /* command, stream and length of a frame */

static const char *
now_text(struct results *r)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[32];

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return results_text(r, text);
}

static const char *
system_text(struct results *r)
{
	struct utsname u;

	if (uname(&u) < 0)
		return "unknown";
	return results_printf(r, "%s %s %s", u.sysname, u.release, u.machine);
}

/* The words of a command, folders and secrets left out. */
static void
copy_words(struct results *r, struct results_texts *to, char *const *from)
{
	const char *const secret = "--password=";
	bool is_secret = false;
	size_t i, n = 0;

	while (from != NULL && from[n] != NULL)
		n++;
	to->v = results_alloc(r, n + 1, sizeof(*to->v));
	to->n = n;
	for (i = 0; i < n; i++) {
		if (is_secret)
			to->v[i] = "***";
		else if (strncmp(from[i], secret, strlen(secret)) == 0)
			to->v[i] = "--password=***";
		else
			to->v[i] = results_command(r, from[i]);
		is_secret = strcmp(from[i], "--password") == 0;
	}
}

/* All of it: cases of one role cite rows of the other, too. */
static void
copy_register(struct results *r, const struct reg *reg)
{
	const struct requirement *row;
	struct requirement *to;
	size_t i;

	r->reqs = results_alloc(r, reg->nrows + 1, sizeof(*r->reqs));
	for (i = 0; i < reg->nrows; i++) {
		row = &reg->rows[i];
		to = &r->reqs[r->nreqs++];
		*to = (struct requirement){ results_text(r, row->id),
			results_text(r, row->role), results_text(r, row->level),
			results_text(r, row->basis),
			results_text(r, row->version),
			results_text(r, row->quote),
			results_text(r, row->disposition) };
	}
}

void
results_begin(struct results *r, const struct report *report,
    const struct reg *reg, char *const argv[])
{
	const struct env *env = report->env;
	struct results_run *run = &r->run;

	r->secret = env->target.password;
	run->program = results_text(r, report->program);
	run->version = results_text(r, report->version);
	run->document = results_text(r, report->document);
	run->role = env->pack->client ? "client" : "server";
	run->system = system_text(r);
	run->profile = results_text(r, env->opt->profile);
	run->level = results_text(r, env->opt->level);
	run->seed = results_printf(r, "%" PRIx64, env->seed);
	run->started = now_text(r);
	run->target = "";
	copy_words(r, &run->argv, argv);
	copy_register(r, reg);
	r->totals.strict = env->opt->strict;
}

static const char *
command_text(struct results *r, const struct env *env)
{
	char *const *v = env->command.v;
	const char *text = "";
	size_t i;

	if (env->opt->sut != NULL)
		return results_command(r, env->opt->sut);
	if (!env->client)
		return NULL;
	for (i = 0; i < env->command.n; i++)
		text = results_printf(r, "%s%s%s", text, i != 0 ? " " : "",
		    results_command(r, v[i]));
	return text;
}

void
results_target(struct results *r, const struct report *report)
{
	const struct env *env = report->env;
	const struct features *f = &env->features;
	struct results_run *run = &r->run;
	size_t i;

	r->secret = env->target.password;
	r->dir = env->dir[0] != '\0' ? env->dir : NULL;
	run->target = results_command(r, report->target);
	run->command = command_text(r, env);
	run->jobs = env->jobs;
	run->planned = report->planned;
	run->questions = env->questions;
	run->features = results_alloc(r, f->n + 1, sizeof(*run->features));
	run->nfeatures = f->n;
	for (i = 0; i < f->n; i++)
		run->features[i] =
		    (struct results_feature){ results_text(r, f->v[i].name),
			    results_lines(r, f->v[i].value), f->v[i].declared };
}

static void
copy_list(struct results *r, struct results_texts *to, const char *list)
{
	const char *part, *rest = list;
	size_t len, n = 0;

	while (words_next(&rest, &part, &len))
		n++;
	to->v = results_alloc(r, n + 1, sizeof(*to->v));
	while (words_next(&list, &part, &len))
		to->v[to->n++] = results_printf(r, "%.*s", (int)len, part);
}

static void
copy_transcript(
    struct results *r, struct results_test *test, const struct box *box)
{
	size_t i, n = box_line_count(box);

	test->transcript = results_alloc(r, n + 1, sizeof(*test->transcript));
	test->ntranscript = n;
	test->lost = box->nlines - n;
	for (i = 0; i < n; i++) {
		const struct box_line *line = box_line_at(box, i);

		/* Tenths: more say nothing and make files differ. */
		test->transcript[i].ms =
		    /* NOLINTNEXTLINE(bugprone-integer-division) */
		    (double)((line->at_us + 50) / 100) / 10;
		test->transcript[i].text = results_text(r, line->text);
	}
}

/* What the pack calls the parts; the short ones at the front in one line. */
static void
copy_fields(struct results *r, const struct report *report,
    struct results_test *test, const struct box *box)
{
	struct pack_bytes b = { test->bytes, test->nbytes, box->bytes_form,
		box->bytes_lead };
	struct pack_field names[FIELDS];
	const char *text = NULL;
	size_t i, n;

	if (report->env->pack->fields == NULL)
		return;
	n = report->env->pack->fields(&b, names, FIELDS);
	test->fields = results_alloc(r, n + 1, sizeof(*test->fields));
	test->nfields = n;
	for (i = 0; i < n; i++) {
		test->fields[i] = (struct results_field){ names[i].at,
			names[i].len, results_text(r, names[i].text) };
		if (i < FRONT && names[i].len <= FRONT + 1)
			text = text == NULL ? test->fields[i].text
					    : results_printf(r, "%s %s", text,
						  test->fields[i].text);
	}
	test->bytes_text = text;
}

static void
copy_bytes(struct results *r, const struct report *report,
    struct results_test *test, const struct box *box)
{
	size_t len = box->bytes_len < BOX_BYTES ? box->bytes_len : BOX_BYTES;
	uint8_t *bytes;

	if (len == 0)
		return;
	bytes = results_alloc(r, len, 1);
	memcpy(bytes, box->bytes, len);
	test->bytes = bytes;
	test->nbytes = len;
	test->bytes_total = box->bytes_len;
	test->hidden_from = box->hidden_from;
	test->hidden_len = box->hidden_len;
	copy_fields(r, report, test, box);
}

static const char *
said(struct results *r, const char *text)
{
	return text[0] != '\0' ? results_lines(r, text) : NULL;
}

static void
copy_box(struct results *r, const struct report *report,
    struct results_test *test, const struct box *box)
{
	struct box_sample *samples;
	uint32_t i;

	test->expected = said(r, box->expected);
	test->actual = said(r, box->actual);
	test->observations.v =
	    results_alloc(r, box->nobservations + 1, sizeof(char *));
	test->observations.n = box->nobservations;
	for (i = 0; i < box->nobservations; i++)
		test->observations.v[i] = results_text(r, box->observations[i]);
	copy_transcript(r, test, box);
	copy_bytes(r, report, test, box);
	samples = results_alloc(r, box->nsamples + 1, sizeof(*samples));
	memcpy(samples, box->samples, box->nsamples * sizeof(*samples));
	test->samples = samples;
	test->nsamples = box->nsamples;
	test->asked = box->asked;
}

static const char *
replay_text(
    struct results *r, const struct report *report, const struct item *item)
{
	const char *text;
	char *out = NULL;
	size_t size;
	FILE *f = words_stream(&out, &size);

	report_replay(report, item, f);
	words_stream_end(f, &out);
	text = results_command(r, out);
	free(out);
	return text;
}

static void
copy_known(
    struct results *r, struct results_test *test, const struct item *item)
{
	const struct known_line *line = item->known;
	struct results_known *to = &test->known;

	if (line == NULL)
		return;
	to->verdict = known_verdict_name(line->verdict);
	to->file = results_command(r, line->file);
	to->line = line->number;
	to->issue = results_text(r, line->value[KNOWN_ISSUE]);
	to->match = results_text(r, line->value[KNOWN_MATCH]);
	to->note = results_text(r, line->note);
	to->own = item->result.own;
	to->stale = item->result.stale;
	if (line->verdict == KNOWN_XFAIL && !item->expired)
		test->expected_status = ST_XFAIL;
	else if (line->verdict == KNOWN_SKIP && !item->expired)
		test->expected_status = ST_SKIP;
}

/* PATH (NULL: NULL) as seen from the folder of reports. */
static const char *
file_text(struct results *r, const struct report *report, const char *path)
{
	const char *dir = report->env->opt->output;
	size_t len = dir != NULL ? strlen(dir) : 0;

	if (path != NULL && len != 0 && strncmp(path, dir, len) == 0 &&
	    path[len] == '/')
		path += len + 1;
	return path != NULL ? results_text(r, path) : NULL;
}

static void
copy_attempts(
    struct results *r, struct results_test *test, const struct item *item)
{
	size_t i;

	if (item->nattempts == 0)
		return;
	test->attempts =
	    results_alloc(r, item->nattempts, sizeof(*test->attempts));
	test->nattempts = item->nattempts;
	for (i = 0; i < item->nattempts; i++)
		test->attempts[i] =
		    (struct results_attempt){ item->attempts[i].status,
			    item->attempts[i].duration_ms,
			    results_lines(r, item->attempts[i].actual) };
}

const struct results_test *
results_add_item(
    struct results *r, const struct report *report, const struct item *item)
{
	const struct result *res = &item->result;
	struct results_test *test;
	char peers[PEERS_TEXT];

	test = results_add(item->suite != NULL ? &r->tests : &r->findings);
	test->id = results_text(r, item->tc->id);
	test->area = item->suite != NULL ? results_text(r, item->suite->name)
					 : "preparation";
	test->round = item->iteration + 1;
	test->number = item->number;
	copy_list(r, &test->reqs, item->tc->reqs);
	if (item->req != NULL) {
		test->level = results_text(r, item->req->level);
		test->basis = results_text(r, item->req->basis);
	}
	test->status = res->status;
	test->expected_status = ST_PASS;
	copy_known(r, test, item);
	copy_attempts(r, test, item);
	if (res->class[0] != '\0')
		test->class = results_text(r, res->class);
	if (res->box != NULL)
		copy_box(r, report, test, res->box);
	if (res->evidence != NULL && res->evidence[0] != '\0')
		test->log = results_lines(r, res->evidence);
	if (item->suite != NULL)
		test->replay = replay_text(r, report, item);
	if (item->suite != NULL && results_is_finding(test) &&
	    peers_describe(report->env->pack->peers, item->tc->id, peers))
		test->peers = results_text(r, peers);
	test->capture = file_text(r, report, res->capture);
	test->log_file = file_text(r, report, res->log);
	test->duration_ms = res->duration_ms;
	return test;
}

const struct results_test *
results_add_finding(
    struct results *r, enum status status, const char *text, const char *log)
{
	struct results_test *test = results_add(&r->findings);

	test->id = "";
	test->area = "run";
	test->status = status;
	test->expected_status = ST_PASS;
	test->actual = results_lines(r, text);
	if (log != NULL && log[0] != '\0')
		test->log = results_lines(r, log);
	return test;
}

void
results_end(struct results *r, const struct report *report, int exit_code,
    const char *reason)
{
	r->totals = report->totals;
	r->run.duration_ms = t_now() - report->start_ms;
	r->run.exit_code = exit_code;
	if (reason != NULL && reason[0] != '\0')
		r->run.reason = results_lines(r, reason);
}
