/* Command line options. */
#include "ref/net/option.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ref/wire/err.h"

/* One call of APPLY, with the name before what it says. */
struct call {
	int (*apply)(void *ctx, size_t which, const char *value, char *err);
	void *ctx;
	char *err;
};

static int
apply_one(
    const struct call *c, size_t which, const char *value, const char *name)
{
	char why[OPTION_ERRLEN / 2] = "";
	int r = c->apply(c->ctx, which, value, why);

	if (r < 0)
		(void)snprintf(c->err, OPTION_ERRLEN, "%.60s: %s", name, why);
	return (r);
}

static void
env_name(const char *prefix, const char *name, char *out, size_t cap)
{
	size_t n;

	(void)snprintf(out, cap, "%s%s", prefix, name);
	for (n = strlen(prefix); out[n] != '\0'; n++)
		out[n] = out[n] == '-' ? '_' : (char)toupper(out[n]);
}

static int
read_env(
    const struct option_def *defs, const char *prefix, const struct call *c)
{
	char name[80];
	const char *value;
	bool on;
	size_t i;
	int r = 0;

	for (i = 0; defs[i].name != NULL && r == 0; i++) {
		env_name(prefix, defs[i].name, name, sizeof(name));
		value = getenv(name);
		if (value == NULL)
			continue;
		on = strcmp(value, "1") == 0 ||
		    strcasecmp(value, "true") == 0 ||
		    strcasecmp(value, "yes") == 0;
		if (defs[i].arg != NULL)
			r = apply_one(c, i, value, name);
		else if (on)
			r = apply_one(c, i, NULL, name);
	}
	return (r);
}

/* Makes getopt's table: each name and alias stands for the index in DEFS. */
static void
long_options(const struct option_def *defs, struct option *out)
{
	size_t i, n = 0;

	for (i = 0; defs[i].name != NULL; i++) {
		struct option o = { defs[i].name,
			defs[i].arg != NULL ? required_argument : no_argument,
			NULL, 256 + (int)i };

		out[n++] = o;
		o.name = defs[i].alias;
		if (o.name != NULL)
			out[n++] = o;
	}
	memset(&out[n], 0, sizeof(out[n]));
}

/* Makes getopt's string of the letters, so that "-pVALUE" works, too. */
static void
letters(const struct option_def *defs, char *out)
{
	size_t i, n = 0;

	out[n++] = ':';
	for (i = 0; defs[i].name != NULL; i++) {
		if (defs[i].alias == NULL || defs[i].alias[1] != '\0')
			continue;
		out[n++] = defs[i].alias[0];
		if (defs[i].arg != NULL)
			out[n++] = ':';
	}
	out[n] = '\0';
}

static int
index_of(const struct option_def *defs, int key)
{
	int i;

	if (key >= 256)
		return (key - 256);
	for (i = 0; defs[i].name != NULL; i++) {
		if (defs[i].alias != NULL && defs[i].alias[0] == key &&
		    defs[i].alias[1] == '\0')
			return (i);
	}
	return (-1);
}

int
option_read(const struct option_def *defs, const char *prefix, int argc,
    char **argv,
    int (*apply)(void *ctx, size_t which, const char *value, char *err),
    void *ctx, char err[OPTION_ERRLEN])
{
	struct call c = { apply, ctx, err };
	struct option table[2 * OPTION_MAX + 1];
	char shorts[2 * OPTION_MAX + 2];
	int key, i, r;

	long_options(defs, table);
	letters(defs, shorts);
	r = read_env(defs, prefix, &c);
	opterr = 0;
	while (r == 0 &&
	    (key = getopt_long_only(argc, argv, shorts, table, NULL)) != -1) {
		if (key == '?' || key == ':') {
			(void)snprintf(err, OPTION_ERRLEN, "%.100s: %s",
			    argv[optind - 1],
			    key == ':' ? "needs an argument"
				       : "no such option, or not clear which");
			return (ATLS_E_SYNTAX);
		}
		i = index_of(defs, key);
		r = apply_one(&c, (size_t)i, optarg, defs[i].name);
	}
	if (r == 0 && optind < argc) {
		(void)snprintf(
		    err, OPTION_ERRLEN, "%.100s: not an option", argv[optind]);
		return (ATLS_E_SYNTAX);
	}
	return (r);
}

void
option_help(const struct option_def *defs, const char *prefix)
{
	char left[80], env[80];
	size_t i;

	for (i = 0; defs[i].name != NULL; i++) {
		(void)snprintf(left, sizeof(left), "%s%s%s--%s %s",
		    defs[i].alias != NULL ? "-" : "",
		    defs[i].alias != NULL ? defs[i].alias : "",
		    defs[i].alias != NULL ? ", " : "", defs[i].name,
		    defs[i].arg != NULL ? defs[i].arg : "");
		printf("  %-30s %s\n", left, defs[i].help);
	}
	env_name(prefix, "idle-timeout", env, sizeof(env));
	printf(
	    "\nDurations take a unit: ms, s, m, h. Each option may be in the "
	    "environment,\nas in %s=1m.\n",
	    env);
}

int
option_number(const char *text, uint32_t max, uint32_t *n)
{
	char *end;
	unsigned long long v;

	if (!isdigit((unsigned char)text[0]))
		return (ATLS_E_SYNTAX);
	errno = 0;
	v = strtoull(text, &end, 10);
	if (*end != '\0' || errno != 0 || v > max)
		return (ATLS_E_SYNTAX);
	*n = (uint32_t)v;
	return (0);
}

int
option_duration(const char *text, uint32_t *ms)
{
	static const struct {
		const char *unit;
		uint32_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 },
		{ "h", 3600000 } };
	char *end;
	unsigned long long v;
	size_t i;

	if (!isdigit((unsigned char)text[0]))
		return (ATLS_E_SYNTAX);
	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno != 0 || v > 86400000)
		return (ATLS_E_SYNTAX);
	if (v == 0 && *end == '\0') {
		*ms = 0;
		return (0);
	}
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) != 0)
			continue;
		if (v * units[i].ms > 864000000)
			return (ATLS_E_SYNTAX);
		*ms = (uint32_t)v * units[i].ms;
		return (0);
	}
	return (ATLS_E_SYNTAX);
}
