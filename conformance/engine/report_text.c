/* The report for people. */
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "conformance/engine/evidence.h"
#include "conformance/engine/excuse.h"
#include "conformance/engine/report.h"
#include "conformance/engine/report_bytes.h"
#include "conformance/engine/text.h"
#include "conformance/engine/words.h"

#define INDENT "            "
#define LINES_SHOWN 60

static const char *
colour_of(const struct report *r, enum status status)
{
	if (!r->colour)
		return "";
	switch (status) {
	case ST_PASS:
		return "\033[32m";
	case ST_FAIL:
	case ST_CRASH:
	case ST_ERROR:
	case ST_XPASS:
		return "\033[31m";
	case ST_WARN:
	case ST_FLAKY:
		return "\033[33m";
	case ST_INFO:
	case ST_XFAIL:
	case ST_UNDETERMINED:
	case ST_SKIP:
	case ST_BLOCKED:
		return "\033[36m";
	case ST_COUNT:
		break;
	}
	return "";
}

/* The word in front of a line, padded to four columns. */
static void
print_status(struct report *r, enum status status)
{
	static const char *const words[ST_COUNT] = { "ok", "FAIL", "CRASH",
		"WARN", "INFO", "xfail", "XPASS", "flaky", "undetermined",
		"skip", "blocked", "ERROR" };

	assert(status < ST_COUNT);
	fprintf(r->out, "%s%-4s%s", colour_of(r, status), words[status],
	    r->colour ? "\033[0m" : "");
}

static void
print_features(struct report *r)
{
	const struct features *f = &r->env->features;
	const char *separator = "";
	size_t i;

	fputs("features  ", r->out);
	for (i = 0; i < f->n; i++) {
		fputs(separator, r->out);
		text_print(r->out, f->v[i].name);
		separator = ", ";
		if (f->v[i].value == NULL) {
			fputs("=no", r->out);
		} else if (f->v[i].value[0] != '\0') {
			/* Texts of many lines would bury the rest. */
			putc('=', r->out);
			if (strchr(f->v[i].value, '\n') != NULL)
				fprintf(r->out, "(%zu bytes)",
				    strlen(f->v[i].value));
			else
				text_print(r->out, f->v[i].value);
		}
		if (f->v[i].declared)
			fputs(" (declared)", r->out);
	}
	fputs(f->n == 0 ? "none\n" : "\n", r->out);
}

static void
begin(struct report *r)
{
	if (r->env->opt->quiet)
		return;
	fprintf(r->out, "suite     %s %s\n", r->program, r->version);
	fprintf(r->out, "document  %s\n", r->document);
	fprintf(r->out, "target    ");
	text_print(r->out, r->target);
	putc('\n', r->out);
	print_features(r);
	if (r->known != NULL)
		excuse_print(r->known, r->plan, r->out);
	fprintf(r->out, "run       %zu cases, %u jobs, seed %" PRIx64 "\n",
	    r->planned, r->env->jobs, r->env->seed);
}

static void
print_area(struct report *r, const struct item *item)
{
	const char *name =
	    item->suite != NULL ? item->suite->name : "preparation";

	if (r->env->opt->quiet || strcmp(r->area, name) == 0)
		return;
	snprintf(r->area, sizeof(r->area), "%s", name);
	fprintf(r->out, "\n%s\n", name);
}

static void
print_transcript(struct report *r, const struct box *box, size_t most)
{
	size_t i, n = box_line_count(box), first = n > most ? n - most : 0;
	const struct box_line *line;
	const char *indent = "";
	size_t before = box->nlines - n;

	if (n == 0)
		return;
	fputs("  frames    ", r->out);
	if (first + before != 0) {
		fprintf(r->out, "(%zu lines before)\n", first + before);
		indent = INDENT;
	}
	for (i = first; i < n; i++) {
		line = box_line_at(box, i);
		fprintf(
		    r->out, "%s+%.1f ms  ", indent, (double)line->at_us / 1000);
		text_print(r->out, line->text);
		fputs(
		    before + i + 1 == box->decisive_line ? "  ← here\n" : "\n",
		    r->out);
		indent = INDENT;
	}
}

static void
print_row(struct report *r, const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	fprintf(r->out, "  %-9s ", name);
	text_print(r->out, text);
	putc('\n', r->out);
}

/* EVIDENCE line by line. */
static void
print_evidence(struct report *r, const char *evidence)
{
	const char *indent = "";
	char line[1024];
	size_t len;

	if (evidence == NULL || evidence[0] == '\0')
		return;
	fputs("  log       ", r->out);
	for (; *evidence != '\0'; evidence += len + (evidence[len] == '\n')) {
		len = strcspn(evidence, "\n");
		snprintf(line, sizeof(line), "%.*s",
		    len < 1000 ? (int)len : 1000, evidence);
		fputs(indent, r->out);
		text_print(r->out, line);
		putc('\n', r->out);
		indent = INDENT;
	}
}

static void
print_id(struct report *r, const struct item *item)
{
	fprintf(r->out, " %s", item->tc->id);
	if (item->iteration != 0)
		fprintf(r->out, " (round %u)", item->iteration + 1);
}

static void
print_observations(struct report *r, const struct box *box)
{
	uint32_t i;

	for (i = 0; box != NULL && i < box->nobservations; i++)
		print_row(r, "note", box->observations[i]);
}

/* What the list of known failures says of it. */
static void
print_known(struct report *r, const struct item *item)
{
	char text[BOX_TEXT];

	excuse_describe(item, text, sizeof(text));
	print_row(r, "known", text);
}

/* One line; with -v the time it took, with -vv the transcript. */
static void
print_pass(struct report *r, const struct item *item)
{
	unsigned verbose = r->env->opt->verbose;

	print_status(r, ST_PASS);
	fprintf(r->out, " %-44s  %s", item->tc->id,
	    item->tc->reqs != NULL ? item->tc->reqs : "");
	if (item->iteration != 0)
		fprintf(r->out, "  (round %u)", item->iteration + 1);
	if (verbose != 0)
		fprintf(r->out, "  %u ms", item->result.duration_ms);
	putc('\n', r->out);
	if (item->result.box == NULL)
		return;
	print_observations(r, item->result.box);
	if (verbose >= 2)
		print_transcript(r, item->result.box, BOX_LINES);
}

static void
print_skip(struct report *r, const struct item *item)
{
	const struct result *result = &item->result;

	print_status(r, ST_SKIP);
	print_id(r, item);
	fprintf(r->out, "  (%s)", result->class);
	if (result->box != NULL && result->box->actual[0] != '\0') {
		putc(' ', r->out);
		text_print(r->out, result->box->actual);
	}
	putc('\n', r->out);
}

static void
print_heading(struct report *r, const struct item *item)
{
	const struct requirement *req = item->req;

	print_status(r, item->result.status);
	print_id(r, item);
	if (req != NULL) {
		fprintf(
		    r->out, "  %s %s %s  \"", req->id, req->level, req->basis);
		text_print(r->out, req->quote);
		putc('"', r->out);
	}
	putc('\n', r->out);
}

/* What was kept, and what could not be. */
static void
print_files(struct report *r, const struct item *item)
{
	const struct result *res = &item->result;

	if (res->capture != NULL) {
		fputs("  capture   ", r->out);
		text_print(r->out, res->capture);
		fputs(evidence_has_keys(r) ? "  (keys inside)\n"
					   : "  (without keys)\n",
		    r->out);
	}
	if (res->log != NULL)
		print_row(r, "log file", res->log);
	if (res->why_not != NULL)
		print_row(r, "capture", res->why_not);
}

static void
print_finding(struct report *r, const struct item *item)
{
	const struct box *box = item->result.box;
	bool whole = r->env->opt->verbose != 0;

	print_heading(r, item);
	if (box != NULL) {
		print_row(r, "expected", box->expected);
		print_row(r, "actual", box->actual);
		print_known(r, item);
		print_observations(r, box);
		print_transcript(r, box, whole ? BOX_LINES : LINES_SHOWN);
		report_bytes(r->out, r->latest);
	}
	print_evidence(r, item->result.evidence);
	print_files(r, item);
	if (item->suite == NULL)
		return;
	fputs("  replay    ", r->out);
	report_replay(r, item, r->out);
	putc('\n', r->out);
	if (r->latest != NULL && r->latest->peers != NULL)
		print_row(r, "note", r->latest->peers);
}

/* Two lines are enough of what is known; more with -v. */
static void
print_excused(struct report *r, const struct item *item)
{
	unsigned i;

	if (r->env->opt->verbose != 0) {
		print_finding(r, item);
		return;
	}
	if (item->result.status == ST_XPASS) {
		print_heading(r, item);
	} else {
		print_status(r, item->result.status);
		print_id(r, item);
		putc('\n', r->out);
	}
	for (i = 0; i < item->nattempts; i++)
		print_row(r, "failed", item->attempts[i].actual);
	if (item->result.box != NULL)
		print_row(r, "actual", item->result.box->actual);
	print_known(r, item);
}

static void
flush_blocked(struct report *r)
{
	if (r->nblocked == 0)
		return;
	print_status(r, ST_BLOCKED);
	fprintf(
	    r->out, " %u case%s: ", r->nblocked, r->nblocked != 1 ? "s" : "");
	text_print(r->out, r->blocked);
	putc('\n', r->out);
	r->nblocked = 0;
}

static void
add_blocked(struct report *r, const struct item *item)
{
	const struct box *box = item->result.box;
	const char *why = box != NULL ? box->actual : "";

	if (r->env->opt->verbose != 0) {
		print_status(r, ST_BLOCKED);
		print_id(r, item);
		fputs("  ", r->out);
		text_print(r->out, why);
		putc('\n', r->out);
		return;
	}
	if (r->nblocked != 0 && strcmp(r->blocked, why) != 0)
		flush_blocked(r);
	snprintf(r->blocked, sizeof(r->blocked), "%s", why);
	r->nblocked++;
}

static void
result(struct report *r, const struct item *item)
{
	enum status status = item->result.status;

	if (status == ST_BLOCKED) {
		add_blocked(r, item);
		return;
	}
	if (r->env->opt->quiet &&
	    (status == ST_PASS || status == ST_SKIP || status == ST_XFAIL))
		return;
	print_area(r, item);
	if (status == ST_PASS)
		print_pass(r, item);
	else if (status == ST_SKIP)
		print_skip(r, item);
	else if (status == ST_XFAIL || status == ST_XPASS || status == ST_FLAKY)
		print_excused(r, item);
	else
		print_finding(r, item);
}

static void
finding(struct report *r, enum status status, const char *text,
    const char *evidence)
{
	flush_blocked(r);
	print_status(r, status);
	putc(' ', r->out);
	text_print(r->out, text);
	putc('\n', r->out);
	print_evidence(r, evidence);
}

/* The budget of false alarms, and what of it was spent. */
static void
print_statistics(struct report *r)
{
	unsigned planned = r->env->questions;

	if (planned == 0)
		return;
	fprintf(r->out,
	    "statistics: false alarms at most %g; %u question%s of at most %g "
	    "each, %u asked, %g spent\n",
	    STATS_BUDGET, planned, planned != 1 ? "s" : "",
	    STATS_BUDGET / planned, r->totals.asked,
	    STATS_BUDGET / planned * r->totals.asked);
}

static void
end(struct report *r, int exit_code)
{
	const struct totals *tot = &r->totals;

	flush_blocked(r);
	if (!r->env->opt->quiet)
		putc('\n', r->out);
	fprintf(r->out,
	    "findings: text MUST %u, text SHOULD %u, reference %u, "
	    "safety %u\n",
	    tot->text_must, tot->text_should, tot->reference, tot->safety);
	print_statistics(r);
	if (tot->skip_list != 0)
		fprintf(r->out, "skipped by list: %u of %zu cases (%.1f %%)\n",
		    tot->skip_list, r->planned,
		    100.0 * tot->skip_list / (double)r->planned);
	report_summary(r, exit_code, r->out);
	putc('\n', r->out);
}

const struct reporter report_text = { begin, result, finding, end };
