/* What known implementations did in a case: a pack's table of letters, so that
 * who fails sees whether others do. */
#ifndef ENGINE_PEERS_H
#define ENGINE_PEERS_H

#include <stdbool.h>
#include <stddef.h>

#define PEERS_TEXT 256

/*
 * "the reference server passes; 3 of 4 known servers pass (not x 1.2)" about
 * case ID, into OUT. False when TABLE (NULL: none) does not know the case. A
 * line of TABLE is an id and a letter for each implementation of its role: p
 * it passed, - it did not run, others as reports begin. The lines "server" and
 * "client" have their names, the first being the reference; all apart by tabs.
 */
bool peers_describe(const char *table, const char *id, char out[PEERS_TEXT]);

#endif
