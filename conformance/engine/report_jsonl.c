/* The report for programs: one JSON object a line. */
#include <inttypes.h>
#include <string.h>

#include "conformance/engine/report.h"
#include "conformance/engine/text.h"
#include "conformance/engine/words.h"

/* ,"NAME":"TEXT" */
static void
member(struct report *r, const char *name, const char *text)
{
	fprintf(r->out, ",\"%s\":", name);
	text_json(r->out, text);
}

static void
features(struct report *r)
{
	const struct features *f = &r->env->features;
	size_t i;

	fputs(",\"features\":{", r->out);
	for (i = 0; i < f->n; i++) {
		fputs(i != 0 ? "," : "", r->out);
		text_json(r->out, f->v[i].name);
		putc(':', r->out);
		if (f->v[i].value == NULL)
			fputs("false", r->out);
		else if (f->v[i].value[0] == '\0')
			fputs("true", r->out);
		else
			text_json(r->out, f->v[i].value);
	}
	putc('}', r->out);
}

static void
begin(struct report *r)
{
	fputs("{\"event\":\"run_start\",\"schema\":1", r->out);
	member(r, "suite", r->program);
	member(r, "version", r->version);
	member(r, "document", r->document);
	member(r, "target", r->target);
	fprintf(r->out, ",\"seed\":\"%" PRIx64 "\",\"jobs\":%u,\"planned\":%zu",
	    r->env->seed, r->env->jobs, r->planned);
	features(r);
	fputs("}\n", r->out);
}

static void
requirements(struct report *r, const struct item *item)
{
	const char *list = item->tc->reqs, *part, *separator = "";
	size_t len;

	fputs(",\"requirements\":[", r->out);
	while (words_next(&list, &part, &len)) {
		fprintf(r->out, "%s\"%.*s\"", separator, (int)len, part);
		separator = ",";
	}
	putc(']', r->out);
	if (item->req == NULL)
		return;
	member(r, "level", item->req->level);
	member(r, "basis", item->req->basis);
}

static void
evidence(struct report *r, const struct box *box)
{
	const struct box_line *line;
	size_t i;

	member(r, "expected", box->expected);
	member(r, "actual", box->actual);
	fputs(",\"observations\":[", r->out);
	for (i = 0; i < box->nobservations; i++) {
		fputs(i != 0 ? "," : "", r->out);
		text_json(r->out, box->observations[i]);
	}
	fputs("],\"transcript\":[", r->out);
	for (i = 0; i < box_line_count(box); i++) {
		line = box_line_at(box, i);
		fprintf(r->out, "%s{\"ms\":%.1f,\"text\":", i != 0 ? "," : "",
		    (double)line->at_us / 1000);
		text_json(r->out, line->text);
		putc('}', r->out);
	}
	fputs("],\"bytes\":\"", r->out);
	for (i = 0; i < box->bytes_len && i < BOX_BYTES; i++)
		fprintf(r->out, "%02x", box->bytes[i]);
	putc('"', r->out);
}

static void
result(struct report *r, const struct item *item)
{
	const struct result *res = &item->result;

	fputs("{\"event\":\"test_end\"", r->out);
	member(r, "id", item->tc->id);
	requirements(r, item);
	member(r, "status", totals_status_name(res->status));
	if (res->class[0] != '\0')
		member(r, "class", res->class);
	fprintf(r->out, ",\"round\":%u,\"duration_ms\":%u", item->iteration + 1,
	    res->duration_ms);
	if (res->box != NULL)
		evidence(r, res->box);
	if (res->evidence != NULL)
		member(r, "log", res->evidence);
	fputs("}\n", r->out);
}

static void
finding(struct report *r, enum status status, const char *text, const char *log)
{
	fputs("{\"event\":\"finding\"", r->out);
	member(r, "status", totals_status_name(status));
	member(r, "actual", text);
	if (log != NULL)
		member(r, "log", log);
	fputs("}\n", r->out);
}

static void
end(struct report *r, int exit_code)
{
	const struct totals *tot = &r->totals;
	enum status s;

	fprintf(r->out, "{\"event\":\"run_end\",\"run\":%u", totals_run(tot));
	for (s = 0; s < ST_COUNT; s++)
		fprintf(
		    r->out, ",\"%s\":%u", totals_status_name(s), tot->count[s]);
	fprintf(r->out,
	    ",\"findings\":{\"text_must\":%u,\"text_should\":%u,"
	    "\"reference\":%u,\"safety\":%u}",
	    tot->text_must, tot->text_should, tot->reference, tot->safety);
	fprintf(r->out, ",\"duration_ms\":%" PRIu64 ",\"exit\":%d}\n",
	    t_now() - r->start_ms, exit_code);
}

const struct reporter report_jsonl = { begin, result, finding, end };
