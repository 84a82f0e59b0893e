/* Reads the requirement register and checks what the cases cite. */
#include "conformance/engine/register.h"

#include <stdlib.h>
#include <string.h>

#include "conformance/engine/words.h"

#define COLUMNS 7

static int
check_row(const struct reg *reg, const struct requirement *row, size_t line,
    struct complaint *c)
{
	if (!words_in_list("client,server,both", row->role))
		return complain(c, EXIT_SUITE,
		    "requirements.tsv:%zu: unknown role '%s'", line, row->role);
	if (!words_in_list("MUST,SHOULD,MAY", row->level))
		return complain(c, EXIT_SUITE,
		    "requirements.tsv:%zu: unknown level '%s'", line,
		    row->level);
	if (!words_in_list("text,reference,safety", row->basis))
		return complain(c, EXIT_SUITE,
		    "requirements.tsv:%zu: unknown basis '%s'", line,
		    row->basis);
	if (register_find(reg, row->id, strlen(row->id)) != NULL)
		return complain(c, EXIT_SUITE,
		    "requirements.tsv:%zu: %s is there twice", line, row->id);
	return 0;
}

static int
read_row(struct reg *reg, char *text, size_t line, struct complaint *c)
{
	struct requirement row;
	char *col[COLUMNS];
	size_t n = 0;
	int rc;

	while (n < COLUMNS) {
		col[n++] = text;
		text = strchr(text, '\t');
		if (text == NULL)
			break;
		*text++ = '\0';
	}
	if (n != COLUMNS || text != NULL)
		return complain(c, EXIT_SUITE,
		    "requirements.tsv:%zu: there must be %d columns", line,
		    COLUMNS);
	row = (struct requirement){ col[0], col[1], col[2], col[3], col[4],
		col[5], col[6] };
	rc = check_row(reg, &row, line, c);
	if (rc == 0) {
		reg->rows = words_grow(reg->rows, reg->nrows + 1, sizeof(row));
		reg->rows[reg->nrows++] = row;
	}
	return rc;
}

int
register_read(struct reg *reg, const char *text, struct complaint *c)
{
	char *p, *end;
	size_t line;
	int rc = 0;

	memset(reg, 0, sizeof(*reg));
	reg->text = words_copy(text, strlen(text));
	for (p = reg->text, line = 1; rc == 0 && p != NULL; p = end, line++) {
		end = strchr(p, '\n');
		if (end != NULL)
			*end++ = '\0';
		if (*p == '\0' || *p == '#' || strncmp(p, "id\t", 3) == 0)
			continue;
		rc = read_row(reg, p, line, c);
	}
	if (rc != 0)
		register_free(reg);
	return rc;
}

void
register_free(struct reg *reg)
{
	free(reg->rows);
	free(reg->text);
	memset(reg, 0, sizeof(*reg));
}

const struct requirement *
register_find(const struct reg *reg, const char *id, size_t len)
{
	size_t i;

	for (i = 0; i < reg->nrows; i++)
		if (strlen(reg->rows[i].id) == len &&
		    memcmp(reg->rows[i].id, id, len) == 0)
			return &reg->rows[i];
	return NULL;
}

const struct requirement *
register_first(const struct reg *reg, const char *reqs)
{
	const char *part;
	size_t len;

	if (!words_next(&reqs, &part, &len))
		return NULL;
	return register_find(reg, part, len);
}

static bool
has_id_before(const struct pack *pack, const struct tcase *tc)
{
	const struct suite *const *s;
	size_t i;

	for (s = pack->suites; *s != NULL; s++)
		for (i = 0; i < (*s)->ncases; i++) {
			if (&(*s)->cases[i] == tc)
				return false;
			if (strcmp((*s)->cases[i].id, tc->id) == 0)
				return true;
		}
	return false;
}

static int
check_case(const struct reg *reg, const struct pack *pack,
    const struct tcase *tc, struct complaint *c)
{
	const char *list = tc->reqs, *part;
	size_t len, n = 0;

	while (words_next(&list, &part, &len)) {
		n++;
		if (register_find(reg, part, len) == NULL)
			return complain(c, EXIT_SUITE,
			    "case %s cites %.*s, which is not in the register",
			    tc->id, (int)len, part);
	}
	if (n == 0)
		return complain(
		    c, EXIT_SUITE, "case %s cites no requirement", tc->id);
	if (has_id_before(pack, tc))
		return complain(
		    c, EXIT_SUITE, "two cases have the id %s", tc->id);
	return 0;
}

int
register_check(
    const struct reg *reg, const struct pack *pack, struct complaint *c)
{
	const struct suite *const *s;
	size_t i;
	int rc;

	for (s = pack->suites; *s != NULL; s++)
		for (i = 0; i < (*s)->ncases; i++) {
			rc = check_case(reg, pack, &(*s)->cases[i], c);
			if (rc != 0)
				return rc;
		}
	return 0;
}

bool
register_is_tested(const struct pack *pack, const struct requirement *row)
{
	const struct suite *const *s;
	size_t i;

	for (s = pack->suites; *s != NULL; s++)
		for (i = 0; i < (*s)->ncases; i++)
			if (words_in_list((*s)->cases[i].reqs, row->id))
				return true;
	return false;
}
