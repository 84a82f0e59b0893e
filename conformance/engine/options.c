/* Reads options from the environment and the command line. */
#include "conformance/engine/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/engine/text.h"

#define LONG_BASE 256 /* values of long options for getopt_long() */

static void *
field(struct options *o, const struct option_row *row)
{
	return (char *)o + row->offset;
}

bool
options_duration(const char *s, uint32_t *ms)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 },
		{ "h", 3600000 } };
	double value;
	char *end;
	size_t i;

	if (!isdigit((unsigned char)s[0]))
		return false;
	value = strtod(s, &end);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].unit) == 0)
			break;
	if (i == sizeof(units) / sizeof(units[0]))
		return false;
	value *= units[i].ms;
	if (!(value >= 1 && value <= 7.0 * 24 * 3600000))
		return false;
	*ms = (uint32_t)value;
	return true;
}

void
options_env_name(const char *name, char *out, size_t size)
{
	size_t i;

	snprintf(out, size, "ANYTLS_%s", name);
	for (i = 0; i < size && out[i] != '\0'; i++)
		out[i] =
		    out[i] == '-' ? '_' : (char)toupper((unsigned char)out[i]);
}

static bool
is_choice(const char *choices, const char *value)
{
	size_t len;

	while (*choices != '\0') {
		len = strcspn(choices, "|");
		if (strlen(value) == len && memcmp(choices, value, len) == 0)
			return true;
		choices += len + (choices[len] == '|');
	}
	return false;
}

static bool
set_number(void *p, enum option_kind kind, const char *value)
{
	char *end;
	unsigned long n;
	double d;

	errno = 0;
	if (!isxdigit((unsigned char)value[0]))
		return false;
	if (kind == OPT_SEED) {
		*(uint64_t *)p = strtoull(value, &end, 16);
		return *end == '\0' && errno == 0 && *(uint64_t *)p != 0;
	}
	if (kind == OPT_FACTOR) {
		d = strtod(value, &end);
		*(double *)p = d;
		return *end == '\0' && d >= 0.01 && d <= 1000;
	}
	n = strtoul(value, &end, 10);
	*(unsigned *)p = (unsigned)n;
	return *end == '\0' && errno == 0 && n >= 1 && n <= 1000000;
}

/* Sets one option; what it is called for the user is WHERE. */
static int
set_value(struct options *o, const struct option_row *row, const char *value,
    const char *where, struct complaint *c)
{
	void *p = field(o, row);

	if (*value == '\0')
		return complain(c, EXIT_USAGE, "%s needs a value", where);
	switch (row->kind) {
	case OPT_TEXT:
		*(const char **)p = value;
		return 0;
	case OPT_CHOICE:
		*(const char **)p = value;
		if (is_choice(row->arg, value))
			return 0;
		return complain(c, EXIT_USAGE, "%s: '%s' is none of %s", where,
		    value, row->arg);
	case OPT_WORDS:
		words_add(p, value);
		return 0;
	case OPT_DURATION:
		if (options_duration(value, p))
			return 0;
		return complain(c, EXIT_USAGE,
		    "%s: '%s' is no duration; it takes a number and a unit, "
		    "like 300ms, 2s or 1.5m",
		    where, value);
	case OPT_COUNT:
	case OPT_FACTOR:
	case OPT_SEED:
		if (set_number(p, row->kind, value))
			return 0;
		return complain(c, EXIT_USAGE, "%s: '%s' is no valid %s", where,
		    value,
		    row->kind == OPT_SEED ? "hexadecimal number" : "number");
	case OPT_FLAG:
	case OPT_MORE:
		break;
	}
	return 0;
}

static void
set_flag(struct options *o, const struct option_row *row)
{
	if (row->kind == OPT_MORE)
		(*(unsigned *)field(o, row))++;
	else
		*(bool *)field(o, row) = true;
}

static void
clear_flag(struct options *o, const struct option_row *row)
{
	if (row->kind == OPT_MORE)
		*(unsigned *)field(o, row) = 0;
	else
		*(bool *)field(o, row) = false;
}

int
options_set(struct options *o, const struct option_row *row, int from,
    const char *value, const char *where, struct complaint *c)
{
	unsigned char *rank = &o->from[row - options_table];
	bool flag = row->kind == OPT_FLAG || row->kind == OPT_MORE;

	if (*rank < from && row->kind == OPT_WORDS)
		words_free(field(o, row));
	if (*rank < from && flag)
		clear_flag(o, row);
	*rank = (unsigned char)from;
	if (!flag)
		return set_value(o, row, value, where, c);
	if (is_choice("1|yes|true|on", value))
		set_flag(o, row);
	else if (!is_choice("0|no|false|off", value))
		return complain(c, EXIT_USAGE, "%s: '%s' is neither yes nor no",
		    where, value);
	return 0;
}

static int
read_env_row(
    struct options *o, const struct option_row *row, struct complaint *c)
{
	char name[64], where[96];
	const char *value, *part;
	struct words *words;
	size_t len;

	options_env_name(row->name, name, sizeof(name));
	value = getenv(name);
	if (value == NULL)
		return 0;
	snprintf(where, sizeof(where), "the environment's %s", name);
	if (*value == '\0')
		return complain(c, EXIT_USAGE,
		    "%s is set and empty; unset it or give it a value", name);
	if (row->kind != OPT_WORDS)
		return options_set(o, row, OPT_FROM_ENV, value, where, c);
	words = field(o, row);
	words_free(words);
	o->from[row - options_table] = OPT_FROM_ENV;
	while (words_next(&value, &part, &len))
		words_add_part(words, part, len);
	return 0;
}

static int
read_env(struct options *o, struct complaint *c)
{
	const struct option_row *row;
	int rc;

	for (row = options_table; row->name != NULL; row++) {
		/* "help" in the environment would be a trap. */
		if (!(row->flags & o->command) || row->flags == FOR_ALL)
			continue;
		rc = read_env_row(o, row, c);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
set_from_argv(struct options *o, const struct option_row *row,
    const char *value, struct complaint *c)
{
	char where[64];

	snprintf(where, sizeof(where), "--%s", row->name);
	if (!(row->flags & o->command))
		return complain(
		    c, EXIT_USAGE, "%s does not belong to this command", where);
	return options_set(
	    o, row, OPT_FROM_ARGV, value != NULL ? value : "yes", where, c);
}

/* What getopt_long() needs, made from the table. */
static size_t
make_getopt(struct option *longs, char *shorts)
{
	const struct option_row *row;
	size_t n = 0;

	*shorts++ = ':';
	for (row = options_table; row->name != NULL; row++, n++) {
		longs[n] = (struct option){ row->name,
			row->arg != NULL ? required_argument : no_argument,
			NULL, LONG_BASE + (int)n };
		if (row->key == 0)
			continue;
		*shorts++ = row->key;
		if (row->arg != NULL)
			*shorts++ = ':';
	}
	memset(&longs[n], 0, sizeof(longs[n]));
	*shorts = '\0';
	return n;
}

static const struct option_row *
row_of(int value)
{
	const struct option_row *row;

	if (value >= LONG_BASE)
		return &options_table[value - LONG_BASE];
	for (row = options_table; row->name != NULL; row++)
		if (row->key == value)
			return row;
	return NULL;
}

static int
bad_option(int value, char *const argv[], struct complaint *c)
{
	const char *word = argv[optind - 1];

	if (value == ':')
		return complain(c, EXIT_USAGE, "%s needs a value", word);
	if (optopt != 0 && optopt < LONG_BASE)
		return complain(c, EXIT_USAGE,
		    "there is no option -%c; see --help", optopt);
	if (optopt >= LONG_BASE)
		return complain(c, EXIT_USAGE, "--%s takes no value",
		    options_table[optopt - LONG_BASE].name);
	return complain(
	    c, EXIT_USAGE, "there is no option %s; see --help", word);
}

static int
read_argv(struct options *o, int argc, char *const argv[], int first,
    struct complaint *c)
{
	struct option longs[OPTIONS_MAX + 1];
	char shorts[2 * OPTIONS_MAX + 2];
	int value, rc;

	make_getopt(longs, shorts);
	opterr = 0;
#ifdef __linux__
	optind = 0; /* start anew, also after a parse that was given up */
#else
	optind = 1;
#endif
	argc -= first;
	argv += first;
	while ((value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (value == '?' || value == ':')
			return bad_option(value, argv, c);
		rc = set_from_argv(o, row_of(value), optarg, c);
		if (rc != 0)
			return rc;
	}
	for (; optind < argc; optind++) {
		if (argv[optind][0] == '\0')
			return complain(c, EXIT_USAGE, "an argument is empty");
		words_add(&o->rest, argv[optind]);
	}
	return 0;
}

static unsigned
command_of(const char *word)
{
	static const struct {
		const char *word;
		unsigned command;
	} commands[] = { { "list", FOR_LIST }, { "explain", FOR_EXPLAIN },
		{ "coverage", FOR_COVERAGE }, { "check-pcap", FOR_PCAP },
		{ "replay", FOR_REPLAYED }, { "client", FOR_CLIENT },
		{ "diff", FOR_DIFF }, { "merge", FOR_MERGE },
		{ "matrix", FOR_MATRIX } };
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (word != NULL && strcmp(word, commands[i].word) == 0)
			return commands[i].command;
	return FOR_RUN;
}

/* Takes the client's command, behind "--", off the end of ARGV. */
static int
take_command(struct options *o, int argc, char *const argv[])
{
	int i, end;

	for (end = 1; end < argc; end++)
		if (strcmp(argv[end], "--") == 0)
			break;
	for (i = end + 1; i < argc; i++)
		words_add(&o->client, argv[i]);
	return end;
}

int
options_parse(
    struct options *o, int argc, char *const argv[], struct complaint *c)
{
	int rc;

	memset(o, 0, sizeof(*o));
	o->command = command_of(argc > 1 ? argv[1] : NULL);
	o->ready_timeout_ms = 10000;
	o->origin_bind = "127.0.0.1";
	o->profile = "auto";
	o->timeout_ms = 2000;
	o->time_scale = 1;
	/* For clients 0: as many as their start allows. */
	o->jobs = o->command == FOR_CLIENT ? 0 : 64;
	o->repeat = 1;
	o->format = "text";
	o->color = "auto";
	o->capture = "fail";
	o->capture_keys = "yes";
	o->table = "text";
	o->proxy = "auto";
	o->no_tests = "fail";
	o->flaky_result = "pass";
	if (o->command == FOR_CLIENT)
		argc = take_command(o, argc, argv);
	rc = options_config(o, argc, argv, c);
	if (rc == 0)
		rc = read_env(o, c);
	if (rc != 0)
		return rc;
	return read_argv(o, argc, argv, o->command != FOR_RUN, c);
}

void
options_free(struct options *o)
{
	words_free(&o->features);
	words_free(&o->run);
	words_free(&o->skip);
	words_free(&o->reqs);
	words_free(&o->reports);
	words_free(&o->tags);
	words_free(&o->config_words);
	words_free(&o->known_failures);
	words_free(&o->rest);
	words_free(&o->client);
	free(o->owned);
	o->owned = NULL;
}
