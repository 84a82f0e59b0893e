/* Which requirement is tested by what, and which is not and why. */
#include <string.h>

#include "conformance/engine/show.h"
#include "conformance/engine/words.h"

struct coverage {
	const char *basis, *level;
	unsigned rows, tested, reasoned, open;
};

/* "case" promises one; an empty field promises nothing. */
static bool
has_reason(const struct requirement *row)
{
	return row->disposition[0] != '\0' &&
	    strcmp(row->disposition, "case") != 0;
}

static void
print_row(const struct requirement *row, const struct pack *pack, FILE *out)
{
	const struct suite *const *s;
	size_t i, n = 0;

	fprintf(out, "%-9s %-6s %-6s %-9s ", row->id, row->role, row->level,
	    row->basis);
	for (s = pack->suites; *s != NULL; s++)
		for (i = 0; i < (*s)->ncases; i++)
			if (words_in_list((*s)->cases[i].reqs, row->id))
				fprintf(out, "%s%s", n++ != 0 ? ", " : "",
				    (*s)->cases[i].id);
	if (n == 0)
		fprintf(out, "(%s)",
		    has_reason(row) ? row->disposition : "OPEN: no case");
	putc('\n', out);
}

static void
count_row(
    struct coverage *v, const struct requirement *row, const struct pack *pack)
{
	v->rows++;
	if (register_is_tested(pack, row))
		v->tested++;
	else if (has_reason(row))
		v->reasoned++;
	else
		v->open++;
}

static void
print_totals(const struct reg *reg, const struct pack *pack, FILE *out)
{
	static const char *const bases[] = { "text", "reference", "safety" };
	static const char *const levels[] = { "MUST", "SHOULD", "MAY" };
	struct coverage v;
	size_t b, l, i;

	fprintf(out, "\n%-9s %-6s %5s %6s %6s %5s\n", "basis", "level", "rows",
	    "tested", "reason", "open");
	for (b = 0; b < 3; b++)
		for (l = 0; l < 3; l++) {
			memset(&v, 0, sizeof(v));
			for (i = 0; i < reg->nrows; i++)
				if (!strcmp(reg->rows[i].basis, bases[b]) &&
				    !strcmp(reg->rows[i].level, levels[l]))
					count_row(&v, &reg->rows[i], pack);
			if (v.rows != 0)
				fprintf(out, "%-9s %-6s %5u %6u %6u %5u\n",
				    bases[b], levels[l], v.rows, v.tested,
				    v.reasoned, v.open);
		}
}

/* MUST or SHOULD with neither case nor reason. */
static unsigned
count_open(const struct reg *reg, const struct pack *pack, const char **first)
{
	const struct requirement *row;
	unsigned n = 0;
	size_t i;

	for (i = 0; i < reg->nrows; i++) {
		row = &reg->rows[i];
		if (strcmp(row->level, "MAY") == 0 || has_reason(row) ||
		    register_is_tested(pack, row))
			continue;
		if (n++ == 0)
			*first = row->id;
	}
	return n;
}

int
show_coverage(const struct pack *pack, const struct options *opt, FILE *out,
    struct complaint *c)
{
	const char *first = NULL;
	struct reg reg;
	unsigned open;
	size_t i;
	int rc;

	if (opt->rest.n != 0)
		return complain(c, EXIT_USAGE, "coverage takes no argument");
	rc = register_read(&reg, pack->requirements, c);
	if (rc != 0)
		return rc;
	rc = register_check(&reg, pack, c);
	for (i = 0; rc == 0 && i < reg.nrows; i++)
		print_row(&reg.rows[i], pack, out);
	if (rc == 0)
		print_totals(&reg, pack, out);
	open = rc == 0 && opt->check ? count_open(&reg, pack, &first) : 0;
	if (open != 0)
		rc = complain(c, EXIT_FINDINGS,
		    "%u requirements of level MUST or SHOULD have neither a "
		    "case nor a reason; the first is %s",
		    open, first);
	register_free(&reg);
	return rc;
}
