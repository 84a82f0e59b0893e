/* What is kept of a case, under which name, with which words in it. */
#include "conformance/engine/evidence.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/engine/capture.h"
#include "conformance/engine/capture_file.h"
#include "conformance/engine/files.h"
#include "conformance/engine/text.h"

#define CASES "cases"
#define TARGET_LOG "target.log"
/* Of each log: its end. */
#define LOG_MAX (1u << 20)

static bool
is_wanted(const struct report *r, const struct item *item)
{
	const char *mode = r->env->opt->capture;
	enum status status = item->result.status;

	if (mode == NULL || strcmp(mode, "none") == 0)
		return false;
	if (status == ST_SKIP || status == ST_BLOCKED)
		return false;
	return status != ST_PASS || strcmp(mode, "all") == 0;
}

bool
evidence_has_keys(const struct report *r)
{
	const char *keys = r->env->opt->capture_keys;

	return keys == NULL || strcmp(keys, "no") != 0;
}

/* "DIR/cases/server.fin.no-reply.pcapng"; malloc'ed. */
static char *
path_of(const struct report *r, const struct item *item, const char *suffix)
{
	const char *dir = r->env->evidence, *id = item->tc->id;
	size_t size = strlen(dir) + strlen(id) + 64;
	char *path = words_alloc(size, 1), *at;
	int n;

	n = snprintf(path, size, "%s/" CASES "/", dir);
	at = path + n;
	snprintf(at, size - (size_t)n, "%s", id);
	for (; *at != '\0'; at++)
		if (*at == '/')
			*at = '.';
	n = (int)(at - path);
	if (item->iteration != 0)
		n += snprintf(
		    at, size - (size_t)n, ".round-%u", item->iteration + 1);
	snprintf(path + n, size - (size_t)n, "%s", suffix);
	return path;
}

__attribute__((format(printf, 3, 4))) static void
cannot(struct report *r, struct item *item, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (r->why_not[0] == '\0')
		snprintf(r->why_not, sizeof(r->why_not), "%s", text);
	if (item != NULL && item->result.why_not == NULL)
		item->result.why_not = words_copy(text, strlen(text));
}

static bool
make_folder(struct report *r, struct item *item, const char *below)
{
	char path[ENV_PATH];
	int error;

	snprintf(path, sizeof(path), "%s%s", r->env->evidence, below);
	error = files_make_folder(path);
	if (error != 0)
		cannot(r, item, "cannot make the folder %s: %s", path,
		    strerror(error));
	return error == 0;
}

/* NAME in its column, then TEXT as text_print() has it. */
static void
row(FILE *f, const char *name, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	fprintf(f, "%-12s ", name);
	text_print(f, text);
	putc('\n', f);
}

static void
put_verdict(FILE *f, const struct item *item)
{
	const char *name = totals_status_name(item->result.status);
	const struct requirement *req = item->req;
	const struct box *box = item->result.box;

	for (; *name != '\0'; name++)
		putc(toupper((unsigned char)*name), f);
	fprintf(f, " %s\n", item->tc->id);
	if (req != NULL)
		fprintf(f, "%-12s %s %s %s\n", "requirement", req->id,
		    req->level, req->basis);
	if (box == NULL || item->result.status == ST_PASS)
		return;
	row(f, "expected", box->expected);
	row(f, "actual", box->actual);
}

static void
put_comment(FILE *f, const struct report *r, const struct item *item)
{
	const struct box *box = item->result.box;
	const struct env *env = r->env;

	put_verdict(f, item);
	if (item->req != NULL)
		row(f, "quote", item->req->quote);
	row(f, "target", r->target);
	row(f, "role", env->client ? "client under test" : "server under test");
	if (!env->client)
		fprintf(f, "%-12s %s:%u\n", "echo-origin", env->origin_host,
		    (unsigned)env->echo_port);
	if (box->capture_note[0] != '\0')
		fprintf(f, "%s\n", box->capture_note);
	if (item->suite != NULL) {
		fprintf(f, "%-12s ", "repeat");
		report_replay(r, item, f);
		putc('\n', f);
	}
	if (evidence_has_keys(r))
		fprintf(f, "%-12s %s\n", "keys",
		    "inside: who has this file can read all of it, the "
		    "password's equivalent in the authentication too");
	if (box->capture_lost != 0)
		fprintf(f,
		    "%-12s %" PRIu64 " bytes that came or went later are not "
		    "here: the limit of a case is %u MiB\n",
		    "cut", box->capture_lost, CAPTURE_MAX >> 20);
}

/* What FN prints, malloc'ed. */
static char *
text_of(void (*fn)(FILE *f, const struct report *r, const struct item *item),
    const struct report *r, const struct item *item)
{
	char *text = NULL;
	size_t len;
	FILE *f = words_stream(&text, &len);

	fn(f, r, item);
	words_stream_end(f, &text);
	return text;
}

static void
put_short(FILE *f, const struct report *r, const struct item *item)
{
	(void)r;
	put_verdict(f, item);
}

static void
keep_capture(struct report *r, struct item *item)
{
	struct result *result = &item->result;
	char *path = path_of(r, item, ".pcapng");
	char *comment = text_of(put_comment, r, item);
	char *verdict = text_of(put_short, r, item);
	char application[128];
	struct capture_about about = { application, comment, verdict,
		result->box->capture_decisive, evidence_has_keys(r) };
	int error;

	snprintf(
	    application, sizeof(application), "%s %s", r->program, r->version);
	if (about.decisive == 0)
		about.decisive = result->box->capture_decided;
	error = capture_file_write(result->spool, path, &about);
	if (error == 0) {
		result->capture = path;
		r->kept++;
		path = NULL;
	} else if (error != ENODATA) {
		cannot(r, item, "cannot write %s: %s", path, strerror(error));
	}
	if (result->box->capture_errno != 0)
		cannot(r, item,
		    "the capture ends early, its spool in %s could not be "
		    "written: %s",
		    r->env->dir, strerror(result->box->capture_errno));
	free(path);
	free(comment);
	free(verdict);
}

/* The logs at FROM, without secrets, as PATH. 0 or an errno; ENODATA: there is
 * none. */
static int
copy_log(const struct report *r, const char *from, const char *path)
{
	size_t len;
	char *text = files_tail(from, LOG_MAX, &len);
	int error;

	if (text == NULL)
		return ENODATA;
	redact_buffer(&r->env->redact, text, len);
	error = files_replace(path, text, len);
	free(text);
	return error;
}

static void
keep_log(struct report *r, struct item *item)
{
	char *path = path_of(r, item, ".log");
	int error = copy_log(r, item->result.box->log, path);

	if (error == 0) {
		item->result.log = path;
		path = NULL;
	} else if (error != ENODATA) {
		cannot(r, item, "cannot write %s: %s", path, strerror(error));
	}
	free(path);
}

/* Of an earlier run in the same folder: it would say something else. */
static void
remove_old(const struct report *r, const struct item *item)
{
	static const char *const suffixes[] = { ".pcapng", ".log" };
	char *path;
	size_t i;

	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		path = path_of(r, item, suffixes[i]);
		unlink(path);
		free(path);
	}
}

void
evidence_keep(struct report *r, struct item *item)
{
	struct result *result = &item->result;

	if (result->box == NULL)
		return;
	redact_box(&r->env->redact, result->box);
	redact_text(&r->env->redact, result->evidence);
	if (r->env->evidence == NULL)
		return;
	if (item->suite != NULL || result->status != ST_PASS)
		remove_old(r, item);
	if (!is_wanted(r, item) || result->spool == NULL ||
	    !make_folder(r, item, "/" CASES))
		return;
	keep_capture(r, item);
	if (result->box->log[0] != '\0')
		keep_log(r, item);
}

void
evidence_keep_target(struct report *r)
{
	const struct env *env = r->env;
	char from[ENV_PATH], path[ENV_PATH];
	char *all = NULL, *part;
	FILE *f;
	size_t len, part_len;
	unsigned i;
	int error;

	if (!env->managed || env->evidence == NULL || env->dir[0] == '\0' ||
	    !make_folder(r, NULL, ""))
		return;
	f = words_stream(&all, &len);
	for (i = 0;; i++) {
		snprintf(from, sizeof(from), "%s/target-%u.log", env->dir, i);
		if (access(from, F_OK) != 0)
			break;
		part = files_tail(from, LOG_MAX, &part_len);
		if (part == NULL)
			continue;
		fprintf(f, "== started for the %u. time\n", i + 1);
		fwrite(part, 1, part_len, f);
		free(part);
	}
	words_stream_end(f, &all);
	if (len != 0) {
		redact_buffer(&env->redact, all, len);
		snprintf(path, sizeof(path), "%s/" TARGET_LOG, env->evidence);
		error = files_replace(path, all, len);
		if (error != 0)
			cannot(r, NULL, "cannot write %s: %s", path,
			    strerror(error));
	}
	free(all);
}
