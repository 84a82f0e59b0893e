/*
 * Runs the vectors against the reference: each whole, cut in two at every
 * place, and byte by byte. Prints TAP. Arguments are patterns of names.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "anytls-vectors.h"
#include "vectors/test/vec.h"

static const struct {
	const char *suite;
	void (*check)(struct vec *v);
} checks[] = {
	{ "command", vec_command },
	{ "frame", vec_frame },
	{ "auth", vec_auth },
	{ "settings", vec_settings },
	{ "settings-put", vec_settings_put },
	{ "scheme", vec_scheme },
	{ "sizes", vec_sizes },
	{ "padding0", vec_padding0 },
	{ "plan", vec_plan },
	{ "shape", vec_shape },
	{ "addr", vec_addr },
	{ "hostport", vec_hostport },
	{ "uot-magic", vec_uot_magic },
	{ "uot-request", vec_uot_request },
	{ "uot-datagrams", vec_uot_datagrams },
	{ "uri", vec_uri },
	{ "pool", vec_pool },
	{ "session", vec_session },
};

static bool
check(const struct anytls_vector *a)
{
	struct vec v;
	size_t i;

	vec_open(&v, a->suite, a->name, a->fields);
	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (strcmp(checks[i].suite, a->suite) == 0)
			break;
	}
	if (i == sizeof(checks) / sizeof(checks[0]))
		vec_fail(&v, "nothing checks suite %s", a->suite);
	else
		checks[i].check(&v);
	printf("%s %s/%s # %s %s\n", v.why[0] == '\0' ? "ok" : "not ok",
	    a->suite, a->name, a->requirement, a->basis);
	if (v.why[0] != '\0')
		printf("# %s/%s: %s\n", a->suite, a->name, v.why);
	vec_close(&v);
	return (v.why[0] == '\0');
}

static bool
wanted(const struct anytls_vector *a, int argc, char *argv[])
{
	char name[256];
	int i;

	snprintf(name, sizeof(name), "%s/%s", a->suite, a->name);
	for (i = 1; i < argc; i++) {
		if (fnmatch(argv[i], name, 0) == 0)
			return (true);
	}
	return (argc < 2);
}

int
main(int argc, char *argv[])
{
	size_t n = sizeof(anytls_vectors) / sizeof(anytls_vectors[0]), i;
	size_t run = 0, failed = 0;

	for (i = 0; i < n; i++) {
		if (!wanted(&anytls_vectors[i], argc, argv))
			continue;
		run++;
		failed += check(&anytls_vectors[i]) ? 0 : 1;
	}
	printf("1..%zu\n", run);
	return (run == 0 || failed != 0);
}
