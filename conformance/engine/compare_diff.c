/* diff: which cases of two result files end otherwise. */
#include <stdlib.h>
#include <string.h>

#include "conformance/engine/compare.h"
#include "conformance/engine/results_read.h"

enum change {
	CHANGE_NONE,
	CHANGE_WORSE, /* unexpected now, and was not */
	CHANGE_FIXED,
	CHANGE_STATUS,
	CHANGE_MESSAGE,
	CHANGE_NEW,
	CHANGE_GONE,
	CHANGES
};

static const char *const titles[CHANGES] = { NULL, "new failures", "fixed",
	"other status", "other message", "appeared", "gone" };

/* A case of either file, or of both. */
struct pair {
	const struct results_test *a, *b;
	enum change change;
};

struct diff {
	struct results a, b;
	struct pair *v;
	size_t n, count[CHANGES];
};

static bool
same_case(const struct results_test *a, const struct results_test *b)
{
	return a->round == b->round && strcmp(a->id, b->id) == 0;
}

/* The test like TEST; tried first where it stood the last time. */
static const struct results_test *
find(const struct results_tests *list, const struct results_test *test,
    size_t *hint)
{
	size_t i, at;

	for (i = 0; i < list->n; i++) {
		at = (*hint + i) % list->n;
		if (same_case(&list->v[at], test)) {
			*hint = at + 1;
			return &list->v[at];
		}
	}
	return NULL;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Times and ports differ from run to run and mean nothing: the length of such a
 * number at S, or 0. */
static size_t
fleeting(const char *begin, const char *s)
{
	size_t len = 0;

	if (!is_digit(*s) || (s != begin && is_digit(s[-1])))
		return 0;
	while (is_digit(s[len]) || (s[len] == '.' && is_digit(s[len + 1])))
		len++;
	if (s != begin && s[-1] == ':' && len >= 4)
		return len;
	return strncmp(s + len, " ms", 3) == 0 || strncmp(s + len, " s", 2) == 0
	    ? len
	    : 0;
}

static bool
same_text(const char *a, const char *b)
{
	const char *begin_a = a, *begin_b = b;
	size_t len_a, len_b;

	if (a == NULL || b == NULL)
		return a == b;
	while (*a != '\0' && *b != '\0') {
		len_a = fleeting(begin_a, a);
		len_b = fleeting(begin_b, b);
		if (len_a == 0 || len_b == 0) {
			if (*a != *b)
				return false;
			len_a = len_b = 1;
		}
		a += len_a;
		b += len_b;
	}
	return *a == *b;
}

static enum change
compare(const struct diff *d, const struct results_test *a,
    const struct results_test *b)
{
	bool bad_a, bad_b;

	if (a == NULL || b == NULL)
		return a == NULL ? CHANGE_NEW : CHANGE_GONE;
	bad_a = results_is_unexpected(&d->b, a);
	bad_b = results_is_unexpected(&d->b, b);
	if (bad_a != bad_b)
		return bad_b ? CHANGE_WORSE : CHANGE_FIXED;
	if (a->status != b->status)
		return CHANGE_STATUS;
	return same_text(a->actual, b->actual) ? CHANGE_NONE : CHANGE_MESSAGE;
}

static void
add(struct diff *d, const struct results_test *a, const struct results_test *b)
{
	struct pair *p = &d->v[d->n++];

	*p = (struct pair){ a, b, compare(d, a, b) };
	d->count[p->change]++;
}

static void
pair_up(struct diff *d)
{
	const struct results_tests *a = &d->a.tests, *b = &d->b.tests;
	size_t i, hint = 0;

	d->v = words_alloc(a->n + b->n, sizeof(*d->v));
	for (i = 0; i < a->n; i++)
		add(d, &a->v[i], find(b, &a->v[i], &hint));
	for (i = 0, hint = 0; i < b->n; i++)
		if (find(a, &b->v[i], &hint) == NULL)
			add(d, NULL, &b->v[i]);
}

static void
print_said(const char *sign, const struct results_test *test, FILE *out)
{
	if (test != NULL && test->actual != NULL)
		fprintf(out, "    %s %s\n", sign, test->actual);
}

static void
print_pair(const struct pair *p, FILE *out)
{
	const struct results_test *any = p->a != NULL ? p->a : p->b;

	fprintf(out, "  %s", any->id);
	if (any->round > 1)
		fprintf(out, " (round %u)", any->round);
	if (p->a != NULL && p->b != NULL && p->a->status != p->b->status)
		fprintf(out, "  %s -> %s", totals_status_name(p->a->status),
		    totals_status_name(p->b->status));
	else
		fprintf(out, "  %s", totals_status_name(any->status));
	putc('\n', out);
	if (p->change == CHANGE_NEW || p->change == CHANGE_GONE)
		return;
	print_said("-", p->a, out);
	print_said("+", p->b, out);
}

static void
print_head(
    const char *sign, const char *path, const struct results *r, FILE *out)
{
	fprintf(out, "%s %s  %s %s, %s, seed %s\n", sign, path, r->run.program,
	    r->run.version,
	    r->run.command != NULL ? r->run.command : r->run.target,
	    r->run.seed);
}

static int
print(const struct diff *d, FILE *out)
{
	size_t i, n = 0;
	unsigned change;

	for (change = CHANGE_WORSE; change < CHANGES; change++) {
		if (d->count[change] == 0)
			continue;
		n += d->count[change];
		fprintf(out, "\n%s (%zu)\n", titles[change], d->count[change]);
		for (i = 0; i < d->n; i++)
			if (d->v[i].change == change)
				print_pair(&d->v[i], out);
	}
	fprintf(out, "\n%zu same", d->count[CHANGE_NONE]);
	for (change = CHANGE_WORSE; change < CHANGES; change++)
		fprintf(out, ", %zu %s", d->count[change], titles[change]);
	fprintf(out, "; exit %d\n", n != 0);
	return n != 0 ? EXIT_FINDINGS : 0;
}

int
compare_diff(const struct options *opt, FILE *out, struct complaint *c)
{
	struct diff d;
	int rc;

	if (opt->rest.n != 2)
		return complain(c, EXIT_USAGE,
		    "diff takes two result files, not %zu", opt->rest.n);
	memset(&d, 0, sizeof(d));
	rc = results_read(&d.a, opt->rest.v[0], c);
	if (rc == 0)
		rc = results_read(&d.b, opt->rest.v[1], c);
	if (rc == 0 && strcmp(d.a.run.role, d.b.run.role) != 0)
		rc = complain(c, EXIT_USAGE,
		    "%s is about a %s and %s about a %s", opt->rest.v[0],
		    d.a.run.role, opt->rest.v[1], d.b.run.role);
	if (rc == 0) {
		print_head("---", opt->rest.v[0], &d.a, out);
		print_head("+++", opt->rest.v[1], &d.b, out);
		pair_up(&d);
		rc = print(&d, out);
	}
	free(d.v);
	results_free(&d.a);
	results_free(&d.b);
	return rc;
}
