/* Options from a file: a line each, "name = value". */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/engine/options.h"
#include "conformance/engine/text.h"

#define SHOWN 160

/* What --config says on the command line, or the environment does. */
static const char *
find_name(int argc, char *const argv[])
{
	const char *const option = "--config";
	size_t len = strlen(option);
	const char *name = getenv("ANYTLS_CONFIG");
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			break;
		if (strcmp(argv[i], option) == 0 && i + 1 < argc)
			name = argv[i + 1];
		else if (strncmp(argv[i], option, len) == 0 &&
		    argv[i][len] == '=')
			name = argv[i] + len + 1;
	}
	return name != NULL && *name != '\0' ? name : NULL;
}

static const struct option_row *
find_row(const char *name)
{
	const struct option_row *row;

	for (row = options_table; row->name != NULL; row++)
		if (strcmp(row->name, name) == 0 && row->flags != FOR_ALL &&
		    row->kind != OPT_MORE && strcmp(name, "config") != 0)
			return row;
	return NULL;
}

/* Cuts blanks off both ends of S, in place. */
static char *
trim(char *s)
{
	size_t len;

	s += strspn(s, " \t");
	for (len = strlen(s); len > 0 && strchr(" \t\r\n", s[len - 1]) != NULL;)
		s[--len] = '\0';
	return s;
}

static int
read_line(struct options *o, char *line, const char *where, struct complaint *c)
{
	char *equals = strchr(line, '='), *name, *value, shown[SHOWN];
	char place[2 * SHOWN];
	const struct option_row *row;

	if (equals != NULL)
		*equals = '\0';
	name = trim(line);
	text_escape(shown, sizeof(shown), name);
	row = find_row(name);
	if (row == NULL)
		return complain(c, EXIT_USAGE,
		    "%s: there is no option '%s' for a file; see --help", where,
		    shown);
	snprintf(place, sizeof(place), "%s: %s", where, name);
	if (equals == NULL && row->arg != NULL)
		return complain(c, EXIT_USAGE, "%s needs a value: %s = %s",
		    place, name, row->arg);
	/* One file serves all commands. */
	if (!(row->flags & o->command))
		return 0;
	value = equals != NULL ? trim(equals + 1) : line + strlen(line);
	if (equals == NULL)
		return options_set(o, row, OPT_FROM_CONFIG, "yes", place, c);
	words_add(&o->config_words, value);
	return options_set(o, row, OPT_FROM_CONFIG,
	    o->config_words.v[o->config_words.n - 1], place, c);
}

int
options_config(
    struct options *o, int argc, char *const argv[], struct complaint *c)
{
	const char *name = find_name(argc, argv);
	char file[SHOWN], where[SHOWN + 16], *line = NULL, *text;
	unsigned number = 0;
	size_t size = 0;
	FILE *f;
	int rc = 0;

	if (name == NULL)
		return 0;
	text_escape(file, sizeof(file), name);
	f = fopen(name, "r");
	if (f == NULL)
		return complain(c, EXIT_USAGE,
		    "cannot read the options in '%s': %s", file,
		    strerror(errno));
	errno = 0;
	while (rc == 0 && getline(&line, &size, f) >= 0) {
		snprintf(where, sizeof(where), "%s:%u", file, ++number);
		text = trim(line);
		if (*text != '\0' && *text != '#')
			rc = read_line(o, text, where, c);
	}
	if (rc == 0 && ferror(f))
		rc = complain(c, EXIT_USAGE,
		    "cannot read the options in '%s': %s", file,
		    strerror(errno));
	free(line);
	fclose(f);
	return rc;
}
