/* Options as a whole: what must be there, help, the replay command. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/engine/options.h"
#include "conformance/engine/text.h"

/* Of --until-fail without --repeat. */
#define UNTIL_FAIL_ROUNDS 100

static int
read_password(struct options *o, struct complaint *c)
{
	FILE *f = fopen(o->password_file, "r");
	size_t size = 0;

	if (f == NULL)
		return complain(c, EXIT_USAGE,
		    "cannot read the password from '%s': %s", o->password_file,
		    strerror(errno));
	if (getline(&o->owned, &size, f) < 0) {
		/* What it allocated has no text in it. */
		free(o->owned);
		o->owned = NULL;
	}
	fclose(f);
	if (o->owned != NULL)
		o->owned[strcspn(o->owned, "\r\n")] = '\0';
	if (o->owned == NULL || o->owned[0] == '\0')
		return complain(c, EXIT_USAGE,
		    "the password file '%s' has no first line",
		    o->password_file);
	o->password = o->owned;
	return 0;
}

static unsigned char
from(const struct options *o, const char *const *value)
{
	const struct option_row *row;
	size_t offset = (size_t)((const char *)value - (const char *)o);

	for (row = options_table; row->name != NULL; row++)
		if (row->offset == offset)
			return o->from[row - options_table];
	return OPT_FROM_DEFAULT;
}

/* Of two values that exclude each other that of the higher rank stays. */
static void
prefer_argv(struct options *o, const char **a, const char **b)
{
	if (*a == NULL || *b == NULL || from(o, a) == from(o, b))
		return;
	*(from(o, a) < from(o, b) ? a : b) = NULL;
}

static int
check_target(const struct options *o, struct complaint *c)
{
	if (o->target == NULL && o->sut == NULL)
		return complain(c, EXIT_USAGE,
		    "say what to test: --target HOST:PORT or --sut 'CMD'; see "
		    "--help");
	if (o->target != NULL && o->sut != NULL)
		return complain(
		    c, EXIT_USAGE, "--target and --sut exclude each other");
	if (o->target != NULL && o->password == NULL)
		return complain(c, EXIT_USAGE,
		    "--target needs --password or --password-file");
	return 0;
}

static int
check_client(const struct options *o, struct complaint *c)
{
	if (o->observe && o->client.n != 0)
		return complain(
		    c, EXIT_USAGE, "client: --observe starts no command");
	if (o->observe && (o->listen == NULL || o->password == NULL))
		return complain(c, EXIT_USAGE,
		    "client: --observe needs --listen and --password");
	if (!o->observe && o->client.n == 0)
		return complain(c, EXIT_USAGE,
		    "say what to test: client [OPTION...] -- CMD [ARG...]; see "
		    "--help");
	return 0;
}

static int
check_pcap(const struct options *o, struct complaint *c)
{
	if (o->rest.n != 1)
		return complain(c, EXIT_USAGE,
		    "check-pcap: say which capture: check-pcap FILE; one at a "
		    "time");
	if (o->port > 65535)
		return complain(
		    c, EXIT_USAGE, "--port: %u is no port number", o->port);
	return 0;
}

static int
check_replay(const struct options *o, struct complaint *c)
{
	if (o->rest.n != 1)
		return complain(c, EXIT_USAGE,
		    "replay: say which recording: replay FILE --target "
		    "HOST:PORT --password TEXT; one at a time");
	return check_target(o, c);
}

/* "I/N" */
static int
read_shard(struct options *o, struct complaint *c)
{
	char *end = NULL;
	unsigned long i, n = 0;

	if (o->shard_text == NULL)
		return 0;
	i = strtoul(o->shard_text, &end, 10);
	if (*end == '/' && end[1] >= '1' && end[1] <= '9')
		n = strtoul(end + 1, &end, 10);
	if (o->shard_text[0] < '1' || o->shard_text[0] > '9' || *end != '\0' ||
	    i > n || n > 10000)
		return complain(c, EXIT_USAGE,
		    "--shard: '%s' is no shard; it takes I/N, from 1/N to N/N",
		    o->shard_text);
	o->shard = (unsigned)i;
	o->nshards = (unsigned)n;
	return 0;
}

int
options_check(struct options *o, struct complaint *c)
{
	int rc;

	if (o->command != FOR_RUN && o->command != FOR_CLIENT &&
	    o->command != FOR_PCAP && o->command != FOR_REPLAYED)
		return 0;
	prefer_argv(o, &o->password, &o->password_file);
	prefer_argv(o, &o->target, &o->sut);
	if (o->password != NULL && o->password_file != NULL)
		return complain(c, EXIT_USAGE,
		    "--password and --password-file exclude each other");
	if (o->password_file != NULL && (rc = read_password(o, c)) != 0)
		return rc;
	if (o->quiet && o->verbose)
		return complain(
		    c, EXIT_USAGE, "--quiet and --verbose exclude each other");
	if (o->update_known && o->known_failures.n == 0 &&
	    strcmp(o->format, "text") != 0)
		return complain(c, EXIT_USAGE,
		    "--update-known-failures needs --known-failures FILE with "
		    "--format %s",
		    o->format);
	if ((rc = read_shard(o, c)) != 0)
		return rc;
	if (o->until_fail) {
		o->fail_fast = true;
		if (o->repeat == 1)
			o->repeat = UNTIL_FAIL_ROUNDS;
	}
	if (o->serial)
		o->jobs = 1;
	if (o->insecure)
		o->ca = NULL;
	if (o->command == FOR_PCAP)
		return check_pcap(o, c);
	if (o->command == FOR_REPLAYED)
		return check_replay(o, c);
	if (o->keylog == NULL)
		o->keylog = getenv("SSLKEYLOGFILE");
	if (o->keylog != NULL && o->keylog[0] == '\0')
		o->keylog = NULL;
	if (o->list || o->dry_run)
		return 0;
	return o->command == FOR_CLIENT ? check_client(o, c)
					: check_target(o, c);
}

void
options_wrap(FILE *f, const char *s, size_t column)
{
	size_t at = column, len;

	while (*s != '\0') {
		len = strcspn(s, " ");
		if (at != column && at + 1 + len > 78) {
			fprintf(f, "\n%*s", (int)column, "");
			at = column;
		}
		at += (size_t)fprintf(
		    f, "%s%.*s", at != column ? " " : "", (int)len, s);
		s += len;
		s += *s == ' ';
	}
	putc('\n', f);
}

void
options_help(FILE *f)
{
	const struct option_row *row;
	char left[64], key[8];

	for (row = options_table; row->name != NULL; row++) {
		snprintf(key, sizeof(key), "-%c,", row->key);
		snprintf(left, sizeof(left), "  %-3s --%s%s%s",
		    row->key != 0 ? key : "", row->name,
		    row->arg != NULL ? " " : "",
		    row->arg != NULL ? row->arg : "");
		if (strlen(left) < 29)
			fprintf(f, "%-30s", left);
		else
			fprintf(f, "%s\n%30s", left, "");
		options_wrap(f, row->help, 30);
	}
}

static void
replay_words(FILE *f, const char *name, const struct words *words)
{
	size_t i;

	for (i = 0; i < words->n; i++) {
		fprintf(f, " --%s ", name);
		text_shell(f, words->v[i]);
	}
}

void
options_replay(const struct options *o, FILE *f)
{
	const struct option_row *row;
	const void *p;

	for (row = options_table; row->name != NULL; row++) {
		if (!(row->flags & FOR_REPLAY))
			continue;
		p = (const char *)o + row->offset;
		if (row->kind == OPT_WORDS) {
			replay_words(f, row->name, p);
			continue;
		}
		if (o->from[row - options_table] == OPT_FROM_DEFAULT ||
		    (row->kind == OPT_TEXT && *(const char *const *)p == NULL))
			continue;
		fprintf(f, " --%s", row->name);
		if (row->kind == OPT_DURATION)
			fprintf(f, " %ums", *(const uint32_t *)p);
		else if (row->kind == OPT_FACTOR)
			fprintf(f, " %g", *(const double *)p);
		else if (row->flags & IS_SECRET)
			fputs(" '***'", f);
		else if (row->arg != NULL) {
			putc(' ', f);
			text_shell(f, *(const char *const *)p);
		}
	}
}
