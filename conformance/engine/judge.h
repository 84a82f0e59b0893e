/* A whole run against a server: from the options to the exit code. */
#ifndef ENGINE_JUDGE_H
#define ENGINE_JUDGE_H

#include <stdio.h>

#include "conformance/engine/complaint.h"
#include "conformance/engine/options.h"
#include "conformance/engine/test.h"

struct judge_config {
	const struct options *opt; /* checked */
	const struct pack *pack;
	const struct pack
	    *all; /* with the cases of other roles; NULL: as PACK */
	const char *program;
	const char *version;
	const char *vectors; /* hash of the wire vectors; NULL: none */
	char *const *argv;   /* for the result file; may be NULL */
	FILE *out;
	int stop_fd; /* readable when the run is to be interrupted; -1: never */
};

/* The exit code. When C has a sentence it belongs on stderr. */
int judge_run(const struct judge_config *cfg, struct complaint *c);

#endif
