/* What is printed about sessions of a capture, and the files of reports. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "conformance/anytls/captured_impl.h"
#include "conformance/anytls/frames.h"
#include "conformance/engine/report.h"
#include "conformance/engine/text.h"

#define INDENT "            "

static bool
is_tap(const struct check *k)
{
	return (strcmp(k->opt->format, "tap") == 0);
}

static bool
is_lines(const struct check *k)
{
	return (strcmp(k->opt->format, "jsonl") == 0);
}

static const char *
colour_of(const struct check *k, enum status status)
{
	if (!k->colour)
		return ("");
	if (status == ST_PASS)
		return ("\033[32m");
	if (status == ST_FAIL)
		return ("\033[31m");
	return (status == ST_WARN ? "\033[33m" : "\033[36m");
}

static const char *
word_of(enum status status)
{
	if (status == ST_PASS)
		return ("ok");
	if (status == ST_FAIL)
		return ("FAIL");
	if (status == ST_WARN)
		return ("WARN");
	return (status == ST_INFO ? "INFO" : "skip");
}

/* A progress line is wiped before something else is printed. */
static void
wipe_progress(struct check *k)
{
	if (!k->progress_shown)
		return;
	fputs("\r\033[K", stderr);
	k->progress_shown = false;
}

static const char *
now_text(struct results *r)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[32];

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return (results_text(r, text));
}

/* Words of the command, without passwords. */
static void
copy_argv(struct results *r, char *const argv[])
{
	static const char option[] = "--password";
	size_t i, n = 0, len = strlen(option);
	bool secret = false;

	while (argv[n] != NULL)
		n++;
	r->run.argv.v = results_alloc(r, n + 1, sizeof(char *));
	for (i = 0; i < n; i++) {
		if (secret)
			r->run.argv.v[i] = "***";
		else if (strncmp(argv[i], option, len) == 0 &&
		    argv[i][len] == '=')
			r->run.argv.v[i] = "--password=***";
		else
			r->run.argv.v[i] = results_command(r, argv[i]);
		secret = strcmp(argv[i], option) == 0;
	}
	r->run.argv.n = n;
}

static void
copy_register(struct results *r, const struct reg *reg)
{
	size_t i;

	r->reqs = results_alloc(r, reg->nrows + 1, sizeof(*r->reqs));
	for (i = 0; i < reg->nrows; i++)
		r->reqs[i] = reg->rows[i];
	r->nreqs = reg->nrows;
}

/* Results that hold one session, under the head of all. */
static void
begin_one(struct check *k)
{
	k->one = (struct results){ .run = k->results.run,
		.reqs = k->results.reqs,
		.nreqs = k->results.nreqs,
		.totals = k->results.totals,
		.secret = k->results.secret };
}

void
captured_report_begin(struct check *k, char *const argv[])
{
	struct results *r = &k->results;
	struct utsname u;

	r->secret = k->opt->password;
	r->run.program = results_text(r, k->program);
	r->run.version = results_text(r, k->version);
	r->run.document = k->document;
	r->run.vectors = k->vectors;
	r->run.role = "capture";
	r->run.system = uname(&u) == 0
	    ? results_printf(r, "%s %s %s", u.sysname, u.release, u.machine)
	    : "unknown";
	r->run.profile = "auto";
	r->run.seed = "0";
	r->run.started = now_text(r);
	r->run.target = results_command(r, k->opt->rest.v[0]);
	r->run.jobs = 1;
	copy_argv(r, argv);
	copy_register(r, &k->reg);
	r->totals.strict = k->opt->strict;
	begin_one(k);
	if (is_lines(k))
		report_lines_begin(r, k->out);
}

/* "2 streams, 31 frames, version 2, anytls-ref/0.1". */
static void
describe(const struct captured *s, char *out, size_t size)
{
	const char *name;
	unsigned server;

	if (s->rules == NULL) {
		snprintf(
		    out, size, "%zu records of the client seen", s->nsizes);
		return;
	}
	name = passive_client_name(s->rules);
	server = passive_server_version(s->rules);
	snprintf(out, size,
	    "client %s version %u, server version %u, %" PRIu64
	    " streams, %" PRIu64 " frames",
	    name[0] != '\0' ? name : "without a name",
	    passive_version(s->rules), server != 0 ? server : 1,
	    passive_streams(s->rules), passive_frames(s->rules));
}

static double
ms_since(struct mark from, struct mark at)
{
	return ((double)(int64_t)(at.time_ns - from.time_ns) / 1e6);
}

/* "packet 17, 12.3 ms after the first, 2026-11-26T20:26:21.448123Z". */
static void
where(const struct captured *s, struct mark at, char *out, size_t size)
{
	time_t sec = (time_t)(at.time_ns / 1000000000);
	char date[32];
	struct tm tm;

	gmtime_r(&sec, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, size,
	    "packet %" PRIu64 ", %.3f ms after the first, "
	    "%s.%06uZ",
	    at.packet, ms_since(s->conn->first, at), date,
	    (unsigned)(at.time_ns % 1000000000 / 1000));
}

static void
frame_text(const struct captured_frame *f, char out[FRAMES_TEXT + 32])
{
	bool is_text = f->cmd == ATLS_CMD_SYNACK || f->cmd == ATLS_CMD_ALERT ||
	    f->cmd == ATLS_CMD_SERVER_SETTINGS;
	size_t len = is_text && f->len > CAPTURED_HEAD ? CAPTURED_HEAD : f->len;
	struct frame whole = frame(f->cmd, f->sid, bytes(f->head, len));
	char text[FRAMES_TEXT];

	snprintf(out, FRAMES_TEXT + 32, "%s %s (packet %" PRIu64 ")",
	    f->from_client ? ">" : "<", frames_describe(&whole, text),
	    f->at.packet);
}

/* Client, server, TLS, what it is: the lines below a heading. */
static void
facts(const struct captured *s, char out[4][CAPTURED_NOTE])
{
	char a[PACKET_ENDPOINT], b[PACKET_ENDPOINT], tls[128], what[256];
	const struct reader_conn *c = s->conn;

	snprintf(out[0], CAPTURED_NOTE, "%s > %s%s%s",
	    packet_endpoint_text(&c->client, a),
	    packet_endpoint_text(&c->server, b),
	    view_client(c->view)->sni[0] != '\0' ? ", server name " : "",
	    view_client(c->view)->sni);
	snprintf(out[1], CAPTURED_NOTE, "%s%s",
	    view_protocol(c->view, tls, sizeof(tls)),
	    view_server(c->view)->psk ? ", resumed" : "");
	describe(s, what, sizeof(what));
	snprintf(out[2], CAPTURED_NOTE, "%s", what);
	snprintf(out[3], CAPTURED_NOTE,
	    "packets %" PRIu64 " to %" PRIu64 ", %.3f ms, ended %s",
	    c->first.packet, c->last.packet, ms_since(c->first, c->last),
	    reader_end_text(c->end));
}

static void
fill_transcript(struct results *r, struct results_test *t,
    const struct captured *s, const struct captured_finding *f)
{
	char text[FRAMES_TEXT + 32];
	size_t i;

	t->transcript =
	    results_alloc(r, f->nframes + 1, sizeof(*t->transcript));
	t->ntranscript = f->nframes;
	t->lost = f->before;
	for (i = 0; i < f->nframes; i++) {
		frame_text(&f->frames[i], text);
		t->transcript[i] = (struct results_line){
			ms_since(s->conn->first, f->frames[i].at),
			results_text(r, text)
		};
	}
}

static void
fill_notes(struct results *r, struct results_test *t, const struct captured *s,
    const struct captured_finding *f)
{
	char lines[4][CAPTURED_NOTE], at[160];
	size_t i;

	t->observations.v =
	    results_alloc(r, CAPTURED_NOTES + 6, sizeof(char *));
	if (f != NULL) {
		where(s, f->at, at, sizeof(at));
		t->observations.v[t->observations.n++] = results_text(r, at);
	}
	facts(s, lines);
	for (i = 0; i < 4; i++)
		t->observations.v[t->observations.n++] =
		    results_text(r, lines[i]);
	for (i = 0; i < s->nnotes; i++)
		t->observations.v[t->observations.n++] =
		    results_text(r, s->notes[i]);
}

static const struct results_test *
add(struct check *k, const struct captured *s, const struct captured_finding *f,
    enum status status)
{
	struct results *r = k->keep ? &k->results : &k->one;
	const struct reader_conn *c = s->conn;
	struct results_test *t = results_add(&r->tests);

	t->area = "session";
	t->round = 1;
	t->status = status;
	t->expected_status = ST_PASS;
	t->duration_ms = (uint32_t)ms_since(c->first, c->last);
	fill_notes(r, t, s, f);
	if (f == NULL) {
		t->id = results_printf(r, "session/%" PRIu64, c->number);
		if (status != ST_SKIP)
			return (t);
		t->class = results_text(r, s->skip);
		t->actual = results_text(r, s->why);
		return (t);
	}
	t->id = results_printf(r, "session/%" PRIu64 "/%s", c->number,
	    f->req != NULL ? f->req->id : "?");
	t->reqs.v = results_alloc(r, 2, sizeof(char *));
	if (f->req != NULL) {
		t->reqs.v[t->reqs.n++] = f->req->id;
		t->level = f->req->level;
		t->basis = f->req->basis;
		t->expected = results_text(r, f->req->quote);
	}
	t->actual = results_text(r, f->text);
	fill_transcript(r, t, s, f);
	return (t);
}

static void
print_heading(struct check *k, const struct results_test *t)
{
	fprintf(k->out, "%s%-4s%s %s", colour_of(k, t->status),
	    word_of(t->status), k->colour ? "\033[0m" : "", t->id);
}

static void
print_row(struct check *k, const char *name, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	fprintf(k->out, "  %-9s ", name);
	text_print(k->out, text);
	putc('\n', k->out);
}

static void
print_notes(struct check *k, const struct results_test *t, size_t from)
{
	size_t i;

	for (i = from; i < t->observations.n; i++)
		print_row(k, i == 0 && t->reqs.n != 0 ? "where" : "note",
		    t->observations.v[i]);
}

static void
print_frames(struct check *k, const struct results_test *t)
{
	const char *indent = "  frames    ";
	size_t i;

	if (t->lost != 0 && t->ntranscript != 0) {
		fprintf(k->out, "%s(%zu frames before)\n", indent, t->lost);
		indent = INDENT;
	}
	for (i = 0; i < t->ntranscript; i++) {
		fprintf(k->out, "%s+%.3f ms  ", indent, t->transcript[i].ms);
		text_print(k->out, t->transcript[i].text);
		putc('\n', k->out);
		indent = INDENT;
	}
}

static void
print_finding(struct check *k, const struct results_test *t)
{
	print_heading(k, t);
	fprintf(k->out, "  %s %s  \"", t->level != NULL ? t->level : "",
	    t->basis != NULL ? t->basis : "");
	text_print(k->out, t->expected != NULL ? t->expected : "");
	fputs("\"\n", k->out);
	print_row(k, "actual", t->actual);
	print_notes(k, t, 0);
	print_frames(k, t);
}

static void
print_text(
    struct check *k, const struct captured *s, const struct results_test *t)
{
	char lines[4][CAPTURED_NOTE];

	if (t->reqs.n != 0) {
		print_finding(k, t);
		return;
	}
	if (k->opt->quiet)
		return;
	print_heading(k, t);
	facts(s, lines);
	fprintf(k->out, "  %s", lines[0]);
	if (t->status == ST_SKIP) {
		fprintf(k->out, "  (%s) ", t->class);
		text_print(k->out, t->actual);
	} else {
		fputs("  ", k->out);
		text_print(k->out, lines[2]);
	}
	putc('\n', k->out);
	print_notes(
	    k, t, k->opt->verbose != 0 ? 0 : t->observations.n - s->nnotes);
}

static void
count(struct check *k, enum status status, const char *class,
    const struct requirement *req)
{
	struct result res = { .status = status };

	snprintf(res.class, sizeof(res.class), "%s", class);
	totals_add(&k->results.totals, &res, req);
}

static void
report(struct check *k, const struct captured *s,
    const struct captured_finding *f, enum status status)
{
	bool skipped = f == NULL && status == ST_SKIP;
	const struct results_test *t;

	count(k, status, skipped ? s->skip : "", f != NULL ? f->req : NULL);
	/* Nobody reads it. */
	if (!k->keep && !is_lines(k) && k->opt->quiet && f == NULL)
		return;
	t = add(k, s, f, status);
	if (is_tap(k))
		return;
	wipe_progress(k);
	if (is_lines(k))
		report_lines_test(k->keep ? &k->results : &k->one, t, k->out);
	else
		print_text(k, s, t);
	if (k->keep)
		return;
	/* Memory is not to grow with the file. */
	results_free(&k->one);
	begin_one(k);
}

void
captured_report_session(struct captured *s)
{
	bool sizes = s->state == CAPTURED_SIZES;
	size_t i;

	for (i = 0; i < s->nfindings; i++)
		report(s->k, s, &s->findings[i], s->findings[i].status);
	if (s->nfindings != 0 && s->skip[0] == '\0')
		return;
	if (sizes && s->k->opt->keyless) {
		if (s->nfindings == 0)
			report(s->k, s, NULL, ST_PASS);
		return;
	}
	report(s->k, s, NULL, s->skip[0] != '\0' ? ST_SKIP : ST_PASS);
}

void
captured_report_alien(struct captured *s)
{
	/* On a port that was named each connection is accounted for. */
	if (s->k->opt->port != 0 || strcmp(s->skip, "password") == 0)
		report(s->k, s, NULL, ST_SKIP);
}

static void
print_counts(struct check *k)
{
	const struct reader_result *res = &k->read;

	fprintf(k->out,
	    "\ncapture   %" PRIu64 " packets, %" PRIu64
	    " TCP connections, %" PRIu64 " of them TLS; secrets of %zu "
	    "connections\n",
	    res->packets, res->conns, k->ntls, keylog_count(k->keys));
	fprintf(k->out,
	    "sessions  %" PRIu64 " judged by their frames, %" PRIu64
	    " by sizes alone, %" PRIu64 " not AnyTLS\n",
	    k->njudged, k->nclosed, k->nalien);
	if (k->nmiddle != 0)
		fprintf(k->out,
		    "          %" PRIu64 " began before the capture; without "
		    "the handshake nothing is known of them\n",
		    k->nmiddle);
	if (k->nholes != 0)
		fprintf(k->out,
		    "          %" PRIu64 " lack a part of their handshake: "
		    "the capture lost it\n",
		    k->nholes);
	if (res->fragments != 0)
		fprintf(k->out,
		    "          %" PRIu64 " packets are IP fragments, which are "
		    "not put together: what was in them is missing\n",
		    res->fragments);
	if (res->shorts != 0)
		fprintf(k->out,
		    "          %" PRIu64 " packets end inside their headers\n",
		    res->shorts);
}

/* Nothing at all was judged: why. */
static int
nothing(struct check *k, struct complaint *c)
{
	const char *file = k->opt->rest.v[0];

	if (k->nclosed != 0 && keylog_count(k->keys) == 0)
		return (complain(c, EXIT_UNUSABLE,
		    "%s: there are no keys, in the file or by --keylog, so no "
		    "session was opened; --keyless judges by sizes alone",
		    file));
	if (k->nclosed != 0)
		return (complain(c, EXIT_UNUSABLE,
		    "%s: none of the secrets fits any of the sessions; was "
		    "the key log written by one of their ends?",
		    file));
	if (k->npassword != 0)
		return (complain(c, EXIT_UNUSABLE,
		    "%s: none of the sessions has the password that was given",
		    file));
	if (k->nholes != 0 && k->njudged == 0)
		return (complain(c, EXIT_NOTHING_TESTED,
		    "%s: nothing to judge: the capture lost parts of the "
		    "handshakes of %" PRIu64 " connections",
		    file, k->nholes));
	if (k->nmiddle != 0 && k->ntls == 0)
		return (complain(c, EXIT_NOTHING_TESTED,
		    "%s: nothing to judge: all TLS connections began before "
		    "the capture",
		    file));
	if (k->opt->port != 0 && k->ntls == 0)
		return (complain(c, EXIT_NOTHING_TESTED,
		    "%s: nothing to judge: no TLS connection to port %u", file,
		    k->opt->port));
	return (complain(c, EXIT_NOTHING_TESTED,
	    "%s: nothing to judge: no session was judged to its end", file));
}

int
captured_report_end(struct check *k, struct complaint *c)
{
	struct results *r = &k->results;
	struct complaint ignored, *why = &ignored;
	FILE *annotated = k->guard.out != NULL && !is_tap(k) ? k->out : stderr;
	int code;

	wipe_progress(k);
	if (totals_run(&r->totals) == 0 && !r->totals.interrupted &&
	    k->nclosed + k->npassword != 0)
		r->totals.unusable = true;
	code = totals_exit(&r->totals);
	if (code == 0 && c->code != 0)
		code = c->code;
	else if (totals_run(&r->totals) == 0 && c->code == 0)
		code = nothing(k, c);
	else if (c->code != 0 && code != EXIT_FINDINGS)
		code = c->code;
	r->run.duration_ms = t_now() - k->start_ms;
	r->run.exit_code = code;
	if (c->code != 0)
		r->run.reason = results_text(r, c->text);
	if (is_tap(k)) {
		report_tap(r, k->out);
	} else if (is_lines(k)) {
		report_lines_end(r, k->out);
	} else {
		if (!k->opt->quiet && k->read.packets != 0)
			print_counts(k);
		totals_print(&r->totals, k->program, k->out);
		fprintf(k->out, "; %.2fs; exit %d\n",
		    (double)r->run.duration_ms / 1000, code);
	}
	reports_unguard(&k->guard);
	if (c->code == 0)
		why = c;
	if (reports_write(&k->reports, r, why) != 0 ||
	    reports_github(r, annotated, why) != 0)
		return (EXIT_SUITE);
	return (code);
}
