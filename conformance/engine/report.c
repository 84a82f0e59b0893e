/* Counting and the lines that every format has. */
#include "conformance/engine/report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/engine/evidence.h"
#include "conformance/engine/excuse.h"
#include "conformance/engine/results_fill.h"
#include "conformance/engine/text.h"

void
report_begin(struct report *r, size_t planned)
{
	r->planned = planned;
	results_target(r->results, r);
	r->to->begin(r);
	fflush(r->out);
}

void
report_result(struct report *r, struct item *item)
{
	struct result *result = &item->result;

	item->crashed = result->status == ST_CRASH;
	result->own = excuse_verdict_alone(item);
	result->status = excuse_verdict(item, &result->stale);
	if (item->suite != NULL)
		totals_add(&r->totals, result, item->req);
	else
		totals_add_finding(&r->totals, result->status);
	evidence_keep(r, item);
	r->latest = results_add_item(r->results, r, item);
	progress_hide(&r->progress);
	r->to->result(r, item);
	fflush(r->out);
}

void
report_finding(struct report *r, enum status status, const char *text,
    const char *evidence)
{
	char *what = words_copy(text, strlen(text));
	char *log =
	    evidence != NULL ? words_copy(evidence, strlen(evidence)) : NULL;

	redact_text(&r->env->redact, what);
	redact_text(&r->env->redact, log);
	totals_add_finding(&r->totals, status);
	r->latest = results_add_finding(r->results, status, what, log);
	progress_hide(&r->progress);
	r->to->finding(r, status, what, log);
	free(what);
	free(log);
	fflush(r->out);
}

int
report_end(struct report *r)
{
	int code = totals_exit(&r->totals);

	results_end(r->results, r, code, NULL);
	progress_hide(&r->progress);
	r->to->end(r, code);
	fflush(r->out);
	return code;
}

void
report_summary(const struct report *r, int exit_code, FILE *f)
{
	totals_print(&r->totals, r->program, f);
	fprintf(f, "; %.2fs; seed %" PRIx64 "; exit %d",
	    (double)(t_now() - r->start_ms) / 1000, r->env->seed, exit_code);
}

static void
print_replay(const struct report *r, const struct item *item, FILE *f)
{
	size_t i;

	fprintf(f, "%s%s", r->program, r->env->pack->client ? " client" : "");
	options_replay(r->env->opt, f);
	fputs(" --run ", f);
	text_shell(f, item->tc->id);
	fprintf(f, " --seed %" PRIx64 " -vv", r->env->seed);
	if (r->env->pack->client)
		fputs(" --", f);
	for (i = 0; i < r->env->command.n && r->env->pack->client; i++) {
		putc(' ', f);
		text_shell(f, r->env->command.v[i]);
	}
}

void
report_replay(const struct report *r, const struct item *item, FILE *f)
{
	char *text = NULL;
	size_t len;
	FILE *mem = words_stream(&text, &len);

	print_replay(r, item, mem);
	words_stream_end(mem, &text);
	/* Who tests may have put it into the command. */
	redact_text(&r->env->redact, text);
	fputs(text, f);
	free(text);
}

static bool
is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0';
}

bool
report_wants_colour(const char *mode, FILE *out)
{
	const char *force = getenv("CLICOLOR_FORCE");

	if (strcmp(mode, "auto") != 0)
		return strcmp(mode, "always") == 0;
	if (is_set("NO_COLOR"))
		return false;
	if (is_set("CLICOLOR_FORCE") && force != NULL &&
	    strcmp(force, "0") != 0)
		return true;
	return isatty(fileno(out)) != 0;
}
