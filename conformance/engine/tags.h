/* Tags: what cases have in common besides their names, taken from what the
 * tables say of them anyway. */
#ifndef ENGINE_TAGS_H
#define ENGINE_TAGS_H

#include <stdbool.h>
#include <stdio.h>

#include "conformance/engine/complaint.h"
#include "conformance/engine/register.h"
#include "conformance/engine/test.h"
#include "conformance/engine/words.h"

/*
 * True when the case has TAG: the basis (text), version (v1, v2, v3, uot) or
 * level (must) of its first requirement; its area (second component of the
 * id); a feature it needs (udp); serial, dangerous, slow (more than the usual
 * time), statistics.
 */
bool tags_has(
    const struct tcase *tc, const struct requirement *req, const char *tag);

/* All its tags as a JSON array. */
void tags_print(const struct tcase *tc, const struct requirement *req, FILE *f);

/* True when TAGS selects the case: it has one of those without '!' (when there
 * are any) and none of the others. */
bool tags_select(const struct words *tags, const struct tcase *tc,
    const struct requirement *req);

/* 0, or 4 with a sentence for a tag that no case of PACK has. */
int tags_check(const struct words *tags, const struct pack *pack,
    const struct reg *reg, struct complaint *c);

#endif
