/*
 * A shim: a program of the implementer's that does for its client what a proxy
 * port cannot express. Requests and answers are JSON objects, one a line, on
 * its standard input and output. docs/shim.md is the protocol.
 */
#ifndef ENGINE_SHIM_H
#define ENGINE_SHIM_H

#include <jansson.h>

#include "conformance/engine/test.h"

/*
 * Starts the shim of the run (--shim) for the case and asks it for a command
 * that nobody knows: one that claims to have it is refused. Exit status 89 at
 * any time skips the case (feature); every other end is an error, as are lines
 * that are no answer. It is stopped with the case.
 */
void t_shim_start(struct t *t);

/*
 * Sends the command CMD with the members of TAKE_ARGS (consumed; NULL: none)
 * and waits for the answer, which lives as long as the case. A command that is
 * not supported skips the case (feature), an "error" ends it as an error of
 * the target's: t_fail().
 */
const json_t *t_shim_ask(struct t *t, const char *cmd, json_t *take_args);

/* After "stop": waits for its end. */
void t_shim_join(struct t *t);

#endif
