/* The table of imitated servers. */
#include "conformance/anytls/profiles.h"

#include <stddef.h>
#include <string.h>

#include "conformance/anytls/pack.h"

#define MINIMAL "stop=1\n0=1-1"
#define OTHER "stop=3\n0=20-20\n1=150-150\n2=80-80"

static const struct profile profiles[] = {
	{ .name = "go",
	    .what = "version 2 as anytls-go and its family speak it",
	    .settings = "v=2",
	    .synack = PROFILE_SYNACK },
	{ .name = "v1-server",
	    .what = "version 1: no ServerSettings, no SYNACK" },
	{ .name = "v3-single-stream",
	    .what = "the single-stream dialect: the client's own number is "
		    "given back",
	    .settings = "=",
	    .synack = PROFILE_SYNACK },
	{ .name = "early-synack",
	    .what = "SYNACK for the SYN, before the address is known",
	    .settings = "v=2",
	    .synack = PROFILE_SYNACK_EARLY },
	{ .name = "late-synack",
	    .what = "SYNACK 2 s after the address, as for a slow target",
	    .settings = "v=2",
	    .synack = PROFILE_SYNACK,
	    .synack_ms = 2000 },
	{ .name = "success-then-fin",
	    .what = "SYNACK without data before the dial, then FIN when it "
		    "fails",
	    .settings = "v=2",
	    .synack = PROFILE_SYNACK,
	    .fin_after_synack = true },
	{ .name = "fin-replying",
	    .what = "answers FIN with FIN, as servers did until 2025",
	    .settings = "v=2",
	    .synack = PROFILE_SYNACK,
	    .answers_fin = true },
	{ .name = "half-close",
	    .what = "takes FIN for the end of one direction: data follow it, "
		    "then its own FIN",
	    .settings = "v=2",
	    .synack = PROFILE_SYNACK,
	    .half_close = true },
	{ .name = "padding-down",
	    .what = "pads its own records with waste",
	    .settings = "v=2",
	    .synack = PROFILE_SYNACK,
	    .pads = true },
	{ .name = "double-update",
	    .what = "two padding schemes in one session",
	    .settings = "v=2",
	    .synack = PROFILE_SYNACK,
	    .update = { MINIMAL, OTHER } },
	{ .name = "never-fin",
	    .what = "never tells that a stream has ended",
	    .settings = "v=2",
	    .synack = PROFILE_SYNACK,
	    .never_fin = true },
	{ .name = "uot-v1-answers",
	    .what = "UDP answers with an address, also to a connect request",
	    .settings = "v=2",
	    .synack = PROFILE_SYNACK,
	    .uot_v1 = true },
	{ .name = "future-version",
	    .what = "says v=99 and keys that nobody knows",
	    .settings = "v=99\nfuture=yes\nmax-streams=7",
	    .synack = PROFILE_SYNACK },
};

#define NPROFILES (sizeof(profiles) / sizeof(profiles[0]))

const struct profile *
profile_find(const char *name)
{
	size_t i;

	for (i = 0; i < NPROFILES; i++)
		if (strcmp(profiles[i].name, name) == 0)
			return (&profiles[i]);
	return (NULL);
}

void
profiles_print(FILE *out)
{
	size_t i;

	for (i = 0; i < NPROFILES; i++)
		fprintf(out, "%-18s %s\n", profiles[i].name, profiles[i].what);
}

void
anytls_list_profiles(FILE *out)
{
	profiles_print(out);
}
