/* The requirement register: rows of a pack's requirements.tsv. */
#ifndef ENGINE_REGISTER_H
#define ENGINE_REGISTER_H

#include <stddef.h>

#include "conformance/engine/complaint.h"
#include "conformance/engine/test.h"

struct reg {
	struct requirement *rows;
	size_t nrows;
	char *text; /* the rows borrow from it */
};

/*
 * Reads TEXT: one row a line, seven columns apart by tabs; a first line that
 * begins with "id", empty lines and lines with # are no rows. 0, or the exit
 * code of the sentence in C (wrong number of columns, an id twice, an unknown
 * role, level or basis). The caller frees with register_free().
 */
int register_read(struct reg *reg, const char *text, struct complaint *c);
void register_free(struct reg *reg);

/* The row with this id of LEN bytes, or NULL. */
const struct requirement *register_find(
    const struct reg *reg, const char *id, size_t len);
/* The row of the first id in the comma-separated list REQS, or NULL. */
const struct requirement *register_first(
    const struct reg *reg, const char *reqs);
/* 0, or the code of a sentence: a case cites an id that is in no row, has no
 * requirement, or an id that another case has. */
int register_check(
    const struct reg *reg, const struct pack *pack, struct complaint *c);
/* True when some case of PACK cites the row. */
bool register_is_tested(const struct pack *pack, const struct requirement *row);

#endif
