/* Old ids of cases: a pack's table of what they are called today, so that
 * selectors and known failures written for them keep working. */
#ifndef ENGINE_ALIAS_H
#define ENGINE_ALIAS_H

#include <stdio.h>

#include "conformance/engine/complaint.h"
#include "conformance/engine/test.h"
#include "conformance/engine/words.h"

/*
 * When PATTERN names no case of PACK, adds the present ids of all old ones that
 * it names to TO, with a line each on NOTES (NULL: none). The number added.
 */
size_t alias_add(struct words *to, const char *pattern, const struct pack *pack,
    FILE *notes);

/* 0, or 3 with a sentence: a line without two columns, an old id that is a
 * case or stands there twice, a present one that is no case. PACK must have
 * the cases of all roles. */
int alias_check(const struct pack *pack, struct complaint *c);

/* True when a case of PACK matches PATTERN. */
bool alias_is_needless(const struct pack *pack, const char *pattern);

#endif
