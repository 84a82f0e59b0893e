/* The results of a run: their texts, and counting them. */
#include "conformance/engine/results.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/engine/text.h"
#include "conformance/engine/words.h"

struct results_block {
	struct results_block *next;
	max_align_t data[];
};

/* Shorter passwords are taken out only where they stand alone: a password of
 * "a" would leave nothing to read. */
#define SECRET_ANYWHERE 4

void
results_free(struct results *r)
{
	struct results_block *b;

	while ((b = r->blocks) != NULL) {
		r->blocks = b->next;
		free(b);
	}
	free(r->tests.v);
	free(r->findings.v);
	free(r->scratch);
	memset(r, 0, sizeof(*r));
}

void *
results_alloc(struct results *r, size_t n, size_t size)
{
	struct results_block *b;

	if (n > (SIZE_MAX - sizeof(*b)) / size)
		out_of_memory();
	b = words_alloc(1, sizeof(*b) + n * size);
	b->next = r->blocks;
	r->blocks = b;
	return b->data;
}

static const char *
keep(struct results *r, const char *s)
{
	size_t size = strlen(s) + 1;

	return memcpy(results_alloc(r, size, 1), s, size);
}

static bool
is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

/* The next place in S where the secret is to be taken out, or NULL. BEGIN is
 * the beginning of the text. */
static const char *
find_secret(const struct results *r, const char *begin, const char *s)
{
	size_t len = strlen(r->secret);

	while ((s = strstr(s, r->secret)) != NULL) {
		if (len >= SECRET_ANYWHERE)
			return s;
		if ((s == begin || !is_word(s[-1])) && !is_word(s[len]))
			return s;
		s++;
	}
	return NULL;
}

static void
print_replaced(FILE *f, const struct results *r, const char *s)
{
	const char *begin = s, *at;

	if (r->secret == NULL || r->secret[0] == '\0') {
		fputs(s, f);
		return;
	}
	while ((at = find_secret(r, begin, s)) != NULL) {
		fprintf(f, "%.*s***", (int)(at - s), s);
		s = at + strlen(r->secret);
	}
	fputs(s, f);
}

/* S with every OLD as NEW; S is freed, the result to be freed. */
static char *
replaced(char *s, const char *old, const char *new)
{
	const char *at, *rest = s;
	char *out = NULL;
	size_t size;
	FILE *f = words_stream(&out, &size);

	for (; (at = strstr(rest, old)) != NULL; rest = at + strlen(old))
		fprintf(f, "%.*s%s", (int)(at - rest), rest, new);
	fputs(rest, f);
	words_stream_end(f, &out);
	free(s);
	return out;
}

/* S without the secret and the folder of temporary files; to be freed. */
static char *
cleaned(const struct results *r, const char *s)
{
	bool secret = r->secret != NULL && strstr(s, r->secret) != NULL;
	char *out = NULL;
	size_t size;
	FILE *f;

	/* Nearly all texts; a stream takes longer than all else here. */
	if (!secret && r->dir == NULL)
		return words_copy(s, strlen(s));
	f = words_stream(&out, &size);
	print_replaced(f, r, s);
	words_stream_end(f, &out);
	return r->dir != NULL ? replaced(out, r->dir, "{dir}") : out;
}

/* Escapes one line, of LEN bytes, behind what the scratch buffer has. */
static size_t
escape_line(struct results *r, size_t at, char *line, size_t len)
{
	char after = line[len];

	if (at + 4 * len + 2 > r->scratch_size) {
		r->scratch_size = 2 * (at + 4 * len + 2);
		r->scratch = words_grow(r->scratch, r->scratch_size, 1);
	}
	line[len] = '\0';
	text_escape(r->scratch + at, r->scratch_size - at, line);
	line[len] = after;
	return at + strlen(r->scratch + at);
}

static const char *
copy(struct results *r, const char *s, bool lines)
{
	char *clean, *p;
	size_t at = 0, len;

	if (s == NULL)
		return NULL;
	clean = cleaned(r, s);
	for (p = clean;; p += len + 1) {
		len = lines ? strcspn(p, "\n") : strlen(p);
		at = escape_line(r, at, p, len);
		if (p[len] == '\0')
			break;
		r->scratch[at++] = '\n';
		r->scratch[at] = '\0';
	}
	free(clean);
	return keep(r, r->scratch);
}

const char *
results_text(struct results *r, const char *s)
{
	return copy(r, s, false);
}

const char *
results_lines(struct results *r, const char *s)
{
	return copy(r, s, true);
}

/* A path begins at S: behind a blank, a quote or an equals sign. */
static bool
begins_path(const char *begin, const char *s)
{
	return *s == '/' && (s == begin || strchr(" '\"=", s[-1]) != NULL);
}

const char *
results_command(struct results *r, const char *s)
{
	char *out = words_alloc(strlen(s) + 1, 1);
	const char *begin = s, *text;
	size_t n = 0, len, i;

	while (*s != '\0') {
		if (!begins_path(begin, s)) {
			out[n++] = *s++;
			continue;
		}
		len = strcspn(s, " '\"");
		for (i = len; i > 0 && s[i - 1] != '/'; i--)
			continue;
		memcpy(out + n, s + i, len - i);
		n += len - i;
		s += len;
	}
	out[n] = '\0';
	text = results_text(r, out);
	free(out);
	return text;
}

const char *
results_printf(struct results *r, const char *fmt, ...)
{
	const char *text;
	char *out = NULL;
	va_list ap;
	size_t size;
	FILE *f = words_stream(&out, &size);

	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	words_stream_end(f, &out);
	text = results_text(r, out);
	free(out);
	return text;
}

struct results_test *
results_add(struct results_tests *list)
{
	struct results_test *test;

	/* Doubled where it is full, so that adding stays cheap. */
	if ((list->n & (list->n - 1)) == 0)
		list->v = words_grow(
		    list->v, list->n != 0 ? 2 * list->n : 1, sizeof(*list->v));
	test = &list->v[list->n++];
	memset(test, 0, sizeof(*test));
	test->round = 1;
	return test;
}

const struct requirement *
results_requirement(const struct results *r, const char *id)
{
	size_t i;

	for (i = 0; i < r->nreqs; i++)
		if (strcmp(r->reqs[i].id, id) == 0)
			return &r->reqs[i];
	return NULL;
}

bool
results_is_unexpected(const struct results *r, const struct results_test *test)
{
	return test->status == ST_ERROR || test->known.stale ||
	    totals_is_failure(&r->totals, test->status);
}

bool
results_is_finding(const struct results_test *test)
{
	return test->status != ST_PASS && test->status != ST_SKIP &&
	    test->status != ST_BLOCKED;
}

/* As totals.h takes it. */
static void
count_test(struct totals *tot, const struct results_test *test)
{
	struct requirement req = { .level = test->level, .basis = test->basis };
	struct result result;

	memset(&result, 0, sizeof(result));
	result.status = test->status;
	result.stale = test->known.stale;
	if (test->class != NULL)
		snprintf(result.class, sizeof(result.class), "%s", test->class);
	totals_add(tot, &result, test->level != NULL ? &req : NULL);
	tot->asked += test->asked;
}

void
results_count(struct results *r)
{
	struct totals tot = { .strict = r->totals.strict,
		.flaky_fails = r->totals.flaky_fails,
		.none_passes = r->totals.none_passes,
		.interrupted = r->totals.interrupted,
		.unusable = r->totals.unusable };
	size_t i;

	for (i = 0; i < r->tests.n; i++)
		count_test(&tot, &r->tests.v[i]);
	for (i = 0; i < r->findings.n; i++)
		totals_add_finding(&tot, r->findings.v[i].status);
	r->totals = tot;
}

const char *
results_summary(struct results *r)
{
	const struct results_run *run = &r->run;
	const char *text;
	char *out = NULL;
	size_t size;
	FILE *f = words_stream(&out, &size);

	totals_print(&r->totals, run->program, f);
	fprintf(f, "; %.2fs; seed %s; exit %d", (double)run->duration_ms / 1000,
	    run->seed, run->exit_code);
	words_stream_end(f, &out);
	text = results_text(r, out);
	free(out);
	return text;
}
