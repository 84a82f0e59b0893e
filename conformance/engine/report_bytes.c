/* The bytes of a finding with the borders of their fields: short fields of one
 * thing share a line, long ones are cut. */
#include "conformance/engine/report_bytes.h"

#include <inttypes.h>

#include "conformance/engine/text.h"

#define INDENT "            "
#define WIDTH 16  /* bytes a line */
#define SHORT 4   /* bytes of a field that shares its line */
#define MOST 64   /* bytes shown of a field */
#define COLUMN 50 /* where the words begin */
#define MOST_FIELDS 48

struct dump {
	FILE *f;
	const struct results_test *test;
	const char *indent; /* of the next line */
};

static bool
is_hidden(const struct results_test *test, size_t i)
{
	return i >= test->hidden_from &&
	    i - test->hidden_from < test->hidden_len;
}

/* N bytes from AT; the columns it took. */
static int
hex(const struct dump *d, size_t at, size_t n, bool apart)
{
	int columns = 0;
	size_t i;

	for (i = at; i < at + n; i++) {
		if (i != at && apart)
			columns += fprintf(d->f, " ");
		if (is_hidden(d->test, i))
			columns += fprintf(d->f, "**");
		else
			columns += fprintf(d->f, "%02x", d->test->bytes[i]);
	}
	return columns;
}

static void
begin_line(struct dump *d)
{
	fputs(d->indent, d->f);
	d->indent = INDENT;
}

/* Fields from I on that are short, in one line. How many. */
static size_t
short_fields(struct dump *d, size_t i)
{
	const struct results_field *v = d->test->fields;
	size_t n = d->test->nfields, first = i, k;
	int columns = 0;

	begin_line(d);
	for (; i < n && v[i].len <= SHORT && i < first + 3; i++) {
		if (i != first)
			columns += fprintf(d->f, " ");
		columns += hex(d, v[i].at, v[i].len, false);
	}
	fprintf(d->f, "%*s", columns < COLUMN ? COLUMN - columns : 1, "");
	for (k = first; k < i; k++) {
		fputs(k != first ? " " : "", d->f);
		text_print(d->f, v[k].text);
	}
	putc('\n', d->f);
	return i - first;
}

static void
long_field(struct dump *d, const struct results_field *field)
{
	size_t shown = field->len < MOST ? field->len : MOST, i, n, k;

	for (i = 0; i < shown; i += n) {
		n = shown - i < WIDTH ? shown - i : WIDTH;
		begin_line(d);
		fprintf(
		    d->f, "%*s", COLUMN - hex(d, field->at + i, n, true), "");
		for (k = field->at + i; k < field->at + i + n; k++)
			putc(d->test->bytes[k] >= 0x20 &&
				    d->test->bytes[k] < 0x7f
				? d->test->bytes[k]
				: '.',
			    d->f);
		if (i == 0) {
			fprintf(d->f, "%*s", (int)(WIDTH - n) + 2, "");
			text_print(d->f, field->text);
		}
		putc('\n', d->f);
	}
	if (shown < field->len) {
		begin_line(d);
		fprintf(d->f, "... %zu more\n", (size_t)field->len - shown);
	}
}

void
report_bytes(FILE *f, const struct results_test *test)
{
	struct dump d = { f, test, "" };
	const struct results_field whole = { 0, (uint32_t)test->nbytes, "" };
	size_t i;

	if (test->nbytes == 0)
		return;
	fputs("  bytes     ", f);
	if (test->nfields == 0)
		long_field(&d, &whole);
	for (i = 0; i < test->nfields && i < MOST_FIELDS;)
		if (test->fields[i].len <= SHORT)
			i += short_fields(&d, i);
		else
			long_field(&d, &test->fields[i++]);
	if (test->bytes_total > test->nbytes || i < test->nfields)
		fprintf(f, INDENT "(%zu bytes in all)\n", test->bytes_total);
}
