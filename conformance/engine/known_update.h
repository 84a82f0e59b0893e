/* --update-known-failures: from what a run saw to lines added and taken out. */
#ifndef ENGINE_KNOWN_UPDATE_H
#define ENGINE_KNOWN_UPDATE_H

#include <stdio.h>

#include "conformance/engine/excuse.h"
#include "conformance/engine/results.h"

struct known_update {
	const struct known *known; /* resolved */
	const struct plan *plan;   /* of the run, with what holds for each */
	const struct results *results;
	const struct pack *all;
	struct excuse_env env;
	FILE *out;   /* without a file: a ready one goes there */
	FILE *notes; /* what was done, a line each; NULL: nobody reads it */
};

/*
 * Adds an xfail for each case that failed, crashed or, where warnings fail the
 * run, warned in all its rounds; takes out what passed in all; gives a new
 * match= to what failed otherwise than its line says. A pattern of which some
 * cases go becomes lines for those that stay. Never touches skip, flaky that
 * still hold, nor lines whose date is over while the case fails. New lines go
 * to the last file. 0, or 3 with a sentence.
 */
int known_update(const struct known_update *u, struct complaint *c);

#endif
