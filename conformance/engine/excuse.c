/* Known failures in a run. */
#include "conformance/engine/excuse.h"

#include <ctype.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "conformance/engine/text.h"
#include "conformance/engine/totals.h"

#define SHOWN 192

void
excuse_today(char out[EXCUSE_DATE])
{
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(out, EXCUSE_DATE, "%Y-%m-%d", &tm) == 0)
		snprintf(out, EXCUSE_DATE, "0000-00-00");
}

void
excuse_os(char out[EXCUSE_OS])
{
	struct utsname name;
	size_t i;

	out[0] = '\0';
	if (uname(&name) < 0)
		return;
	snprintf(out, EXCUSE_OS, "%.*s", EXCUSE_OS - 1, name.sysname);
	for (i = 0; out[i] != '\0'; i++)
		out[i] = (char)tolower((unsigned char)out[i]);
}

static bool
is_given(const char *wanted, const char *value)
{
	return wanted == NULL || (value != NULL && strcmp(wanted, value) == 0);
}

bool
excuse_holds(const struct known_line *line, const struct excuse_env *env)
{
	char *const *v = line->value;
	char missing[64];

	return is_given(v[KNOWN_ROLE], env->role) &&
	    is_given(v[KNOWN_OS], env->os) &&
	    is_given(
		v[KNOWN_PROFILE], features_get(env->features, "profile")) &&
	    features_meet(
		env->features, v[KNOWN_FEATURE], missing, sizeof(missing)) &&
	    (v[KNOWN_SUITE] == NULL ||
		known_compare_versions(env->version, v[KNOWN_SUITE]) >= 0);
}

static const struct known_line *
find_line(const struct known *k, const char *id, const struct excuse_env *env)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		if (known_names(&k->lines[i], id) &&
		    excuse_holds(&k->lines[i], env))
			return &k->lines[i];
	return NULL;
}

void
excuse_plan(
    const struct known *k, struct plan *plan, const struct excuse_env *env)
{
	const struct known_line *line;
	struct item *item;
	size_t i;

	for (i = 0; i < plan->n; i++) {
		item = &plan->items[i];
		line = find_line(k, item->tc->id, env);
		item->known = line;
		item->expired = line != NULL &&
		    line->value[KNOWN_UNTIL] != NULL &&
		    strcmp(line->value[KNOWN_UNTIL], env->today) < 0;
	}
}

/* What happened is what the line says. */
static bool
is_match(const struct item *item)
{
	const char *match = item->known->value[KNOWN_MATCH];
	const struct box *box = item->result.box;
	char shown[2 * BOX_TEXT];

	if (match == NULL || box == NULL)
		return match == NULL;
	/* As it is, or as reports print it. */
	text_escape(shown, sizeof(shown), box->actual);
	return strstr(box->actual, match) != NULL ||
	    strstr(shown, match) != NULL;
}

enum status
excuse_verdict_alone(const struct item *item)
{
	const struct result *r = &item->result;

	if (r->status != ST_FAIL)
		return r->status;
	return totals_classify(item->req, r->box != NULL && r->box->hang);
}

enum status
excuse_verdict(const struct item *item, bool *stale)
{
	enum status status = excuse_verdict_alone(item);
	bool failed =
	    status == ST_FAIL || status == ST_CRASH || status == ST_WARN;
	bool passed = status == ST_PASS || status == ST_INFO;
	bool unused;

	if (stale == NULL)
		stale = &unused;
	*stale = false;
	if (item->known != NULL && status == ST_UNDETERMINED &&
	    !item->expired && item->known->verdict == KNOWN_FLAKY)
		return ST_FLAKY;
	if (passed && item->nattempts != 0)
		return ST_FLAKY;
	if (item->known == NULL || (!failed && !passed))
		return status;
	if (passed)
		return item->expired || item->known->verdict == KNOWN_XFAIL
		    ? ST_XPASS
		    : status;
	*stale = item->expired || !is_match(item);
	if (*stale)
		return status;
	return item->known->verdict == KNOWN_FLAKY ? ST_FLAKY : ST_XFAIL;
}

void
excuse_describe(const struct item *item, char *out, size_t size)
{
	const struct known_line *line = item->known;
	char file[SHOWN], text[SHOWN] = "";
	const char *before = "", *after = "";
	const char *reason;
	bool stale;
	enum status status;

	out[0] = '\0';
	if (line == NULL)
		return;
	status = excuse_verdict(item, &stale);
	reason = line->value[KNOWN_ISSUE] != NULL ? line->value[KNOWN_ISSUE]
						  : line->note;
	if (item->expired) {
		before = "its time is over since ";
		reason = line->value[KNOWN_UNTIL];
	} else if (stale) {
		before = "expects \"";
		reason = line->value[KNOWN_MATCH];
		after = "\", and this is another failure";
	} else if (status == ST_XPASS) {
		before = "this case no longer fails; take it out of the list";
		reason = NULL;
	}
	text_escape(file, sizeof(file), line->file);
	if (reason != NULL)
		text_escape(text, sizeof(text), reason);
	snprintf(out, size, "%s:%u %s%s%s%s%s", file, line->number,
	    known_verdict_name(line->verdict),
	    before[0] != '\0' || text[0] != '\0' ? ": " : "", before, text,
	    after);
}

static size_t
count_selected(const struct known_line *line, const struct plan *plan)
{
	size_t i, n = 0;

	for (i = 0; i < plan->n; i++)
		n += plan->items[i].known == line &&
		    plan->items[i].iteration == 0;
	return n;
}

void
excuse_print(const struct known *k, const struct plan *selected, FILE *f)
{
	size_t i, n, cases = 0, lines = 0;

	if (k->n == 0)
		return;
	for (i = 0; i < k->n; i++) {
		n = count_selected(&k->lines[i], selected);
		cases += n;
		lines += n != 0;
	}
	fprintf(f, "known     %zu of %zu lines hold here, for %zu case%s\n",
	    lines, k->n, cases, cases != 1 ? "s" : "");
	for (i = 0; i < k->n; i++) {
		if (strchr(k->lines[i].pattern, '*') == NULL)
			continue;
		fputs("          ", f);
		text_print(f, k->lines[i].file);
		fprintf(f, ":%u ", k->lines[i].number);
		text_print(f, k->lines[i].pattern);
		fprintf(f, ": %zu matched, %zu of them in this run\n",
		    k->lines[i].cases, count_selected(&k->lines[i], selected));
	}
}
