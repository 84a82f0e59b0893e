/* What GitHub's runners take besides files: annotations and a job summary. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "conformance/engine/reports.h"

/* GitHub shows ten of a kind for each step. */
#define MOST 10

/* A value of a workflow command; IN_PROPERTY also what ends one. */
static void
print_value(FILE *f, const char *s, bool in_property)
{
	for (; *s != '\0'; s++) {
		if (*s == '%' || *s == '\r' || *s == '\n' ||
		    (in_property && (*s == ':' || *s == ',')))
			fprintf(f, "%%%02X", (unsigned char)*s);
		else
			putc(*s, f);
	}
}

static void
annotate(struct results *r, const struct results_test *test, FILE *f)
{
	fputs(results_is_unexpected(r, test) ? "::error title="
					     : "::warning title=",
	    f);
	print_value(f, test->id[0] != '\0' ? test->id : r->run.program, true);
	if (test->reqs.n != 0) {
		putc(' ', f);
		print_value(f, test->reqs.v[0], true);
	}
	fputs("::", f);
	if (test->expected != NULL) {
		fputs("expected ", f);
		print_value(f, test->expected, false);
		fputs("%0Aactual ", f);
	}
	print_value(f,
	    test->actual != NULL ? test->actual
				 : totals_status_name(test->status),
	    false);
	putc('\n', f);
}

static void
annotate_list(struct results *r, const struct results_tests *list,
    bool unexpected, FILE *f)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < list->n && n < MOST; i++) {
		const struct results_test *test = &list->v[i];

		if (results_is_unexpected(r, test) != unexpected ||
		    (!unexpected && test->status != ST_WARN))
			continue;
		annotate(r, test, f);
		n++;
	}
}

static int
append_summary(struct results *r, const char *path, struct complaint *c)
{
	FILE *f = fopen(path, "a");
	int error = 0;

	if (f == NULL) {
		error = errno;
	} else {
		report_markdown(r, f);
		if (ferror(f))
			error = EIO;
		if (fclose(f) != 0 && error == 0)
			error = errno;
	}
	return error == 0
	    ? 0
	    : complain(c, EXIT_SUITE, "the job summary cannot be written: %s",
		  strerror(error));
}

bool
reports_on_github(void)
{
	const char *on = getenv("GITHUB_ACTIONS");

	return on != NULL && strcmp(on, "true") == 0;
}

/* What nobody can guess who has not seen it. */
static void
make_token(char token[REPORTS_TOKEN])
{
	unsigned char random[(REPORTS_TOKEN - 1) / 2] = { 0 };
	FILE *f = fopen("/dev/urandom", "rb");
	struct timespec ts;
	size_t i, n = 0;

	if (f != NULL) {
		n = fread(random, 1, sizeof(random), f);
		fclose(f);
	}
	if (n != sizeof(random)) {
		clock_gettime(CLOCK_REALTIME, &ts);
		memcpy(random, &ts.tv_nsec, sizeof(ts.tv_nsec));
	}
	for (i = 0; i < sizeof(random); i++)
		snprintf(token + 2 * i, 3, "%02x", random[i]);
}

void
reports_guard(struct reports_guard *g, FILE *out)
{
	struct stat st;

	if (!reports_on_github() || fstat(fileno(out), &st) < 0 ||
	    S_ISREG(st.st_mode))
		return;
	g->out = out;
	make_token(g->token);
	fprintf(out, "::stop-commands::%s\n", g->token);
}

void
reports_unguard(struct reports_guard *g)
{
	if (g->out == NULL)
		return;
	fprintf(g->out, "::%s::\n", g->token);
	fflush(g->out);
	g->out = NULL;
}

int
reports_github(struct results *r, FILE *f, struct complaint *c)
{
	const char *path = getenv("GITHUB_STEP_SUMMARY");

	if (!reports_on_github())
		return 0;
	annotate_list(r, &r->findings, true, f);
	annotate_list(r, &r->tests, true, f);
	annotate_list(r, &r->findings, false, f);
	annotate_list(r, &r->tests, false, f);
	fflush(f);
	if (path == NULL || path[0] == '\0')
		return 0;
	return append_summary(r, path, c);
}
