/* What all cases of a run share. The parent owns and changes it; the cases'
 * processes see it as it was when they were forked. */
#ifndef ENGINE_ENV_H
#define ENGINE_ENV_H

#include <stdint.h>

#include "conformance/engine/features.h"
#include "conformance/engine/options.h"
#include "conformance/engine/pace.h"
#include "conformance/engine/ports.h"
#include "conformance/engine/reach.h"
#include "conformance/engine/redact.h"
#include "conformance/engine/test.h"
#include "conformance/engine/words.h"

#define ENV_PATH 512
/* A run condemns a target that behaves, because of chance, with at most this
 * probability. All of its statistical questions share it. */
#define STATS_BUDGET 1e-6

struct env {
	const struct pack *pack;
	const struct options *opt;
	struct features features;
	struct target target; /* .host is host below */
	char host[REACH_HOST];
	const char *origin_bind;
	char origin_host[REACH_HOST];
	uint16_t echo_port;
	struct ports *ports; /* for the sockets of cases */
	struct pace *pace;   /* of the target, as cases find it */
	uint64_t seed;
	unsigned jobs;      /* cases at a time */
	unsigned questions; /* of all planned cases, see t_question() */
	char password[64];  /* made here when the user gave none */

	struct redact redact; /* of the password */
	/* The folder of evidence; NULL with --capture none. */
	const char *evidence;

	bool managed; /* started by --sut */
	bool client;  /* clients are tested: each case starts its own */

	/* With either of them. */
	struct words command;
	struct words shim; /* --shim */
	char
	    dir[ENV_PATH - 128]; /* of temporary files; "" when there is none */
	char cert[ENV_PATH], key[ENV_PATH]; /* "" unless the command has them */
	char scheme[ENV_PATH]; /* file of the default padding scheme, or "" */
};

#endif
