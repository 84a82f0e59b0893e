/* Bringing known-failures files up to date. */
#include "conformance/engine/known_update.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/engine/known_edit.h"
#include "conformance/engine/text.h"

#define NOTE 100
#define SHOWN 192
#define MOST_BYTES (8u << 20)

/* What all rounds of a case have shown. */
struct outcome {
	unsigned passed, failed, stale;
	const char *actual; /* of the latest failure, or NULL */
};

struct update {
	const struct known_update *cfg;
	struct edit *edits; /* one for each file, at least one */
	size_t nedits;
	bool *gone; /* by line and case of the plan: it leaves the line */
};

static void
note(const struct update *u, size_t file, const char *what, const char *subject,
    const char *why)
{
	const struct words *files = &u->cfg->known->files;

	if (u->cfg->notes == NULL)
		return;
	text_print(u->cfg->notes, file < files->n ? files->v[file] : "list");
	fprintf(u->cfg->notes, ": %s %s%s\n", what, subject, why);
}

static size_t
file_of(const struct update *u, const struct known_line *line)
{
	const struct words *files = &u->cfg->known->files;
	size_t i;

	for (i = 0; i < files->n; i++)
		if (files->v[i] == line->file)
			break;
	return i;
}

static void
look_at(const struct update *u, const struct item *item, struct outcome *o)
{
	const struct results *r = u->cfg->results;
	const struct results_test *test;
	enum status own;
	size_t i;

	memset(o, 0, sizeof(*o));
	for (i = 0; i < r->tests.n; i++) {
		test = &r->tests.v[i];
		if (strcmp(test->id, item->tc->id) != 0)
			continue;
		own = test->known.verdict != NULL ? test->known.own
						  : test->status;
		if (own == ST_PASS || own == ST_INFO)
			o->passed++;
		if (own != ST_FAIL && own != ST_CRASH &&
		    (own != ST_WARN ||
			(!r->totals.strict && item->known == NULL)))
			continue;
		o->failed++;
		o->stale += test->known.stale;
		o->actual = test->actual;
	}
}

/* The longest part of the first line of S without digits, which differ from
 * run to run; all of it when that is short. The caller frees. */
static char *
stable_part(const char *s)
{
	size_t len = strcspn(s, "\n"), i, start = 0, best = 0, best_len = 0;

	for (i = 0; i <= len; i++) {
		if (i != len && !isdigit((unsigned char)s[i]))
			continue;
		if (i - start > best_len) {
			best = start;
			best_len = i - start;
		}
		start = i + 1;
	}
	if (best_len < 6) {
		best = 0;
		best_len = len;
	}
	for (; best_len > 0 && s[best] == ' '; best_len--)
		best++;
	while (best_len > 0 && s[best + best_len - 1] == ' ')
		best_len--;
	return words_copy(s + best, best_len);
}

/* The first line of what was seen, cut for a comment; NULL: nothing was. */
static char *
short_note(const char *actual)
{
	char text[NOTE];

	if (actual == NULL || actual[0] == '\n' || actual[0] == '\0')
		return NULL;
	text_escape(text, sizeof(text), actual);
	text[strcspn(text, "\n")] = '\0';
	return words_copy(text, strlen(text));
}

static void
add_line(struct update *u, const char *id, char *const value[KNOWN_KEYS],
    const char *text)
{
	char *line = edit_format(KNOWN_XFAIL, id, value, text);

	edit_add(&u->edits[u->nedits - 1], id, line);
	note(u, u->nedits - 1, "added", line, "");
	free(line);
}

/* The opposite of a condition on one feature that does not hold; NULL when it
 * cannot be said. The caller frees. */
static char *
other_feature(const struct update *u, const char *feature)
{
	size_t len = strcspn(feature, "=");
	const char *value;
	char name[SHOWN], text[2 * SHOWN];

	if (strchr(feature, ',') != NULL)
		return NULL;
	if (feature[0] == '!')
		return words_copy(feature + 1, strlen(feature + 1));
	snprintf(name, sizeof(name), "%.*s", (int)len, feature);
	value = features_get(u->cfg->env.features, name);
	if (value == NULL || value[0] == '\0')
		snprintf(text, sizeof(text), "!%s", name);
	else
		snprintf(text, sizeof(text), "%s=%s", name, value);
	return words_copy(text, strlen(text));
}

/* Gives VALUE a condition that cannot hold together with LINE's. */
static bool
keep_apart(const struct update *u, const struct known_line *line,
    char *value[KNOWN_KEYS])
{
	const char *profile = features_get(u->cfg->env.features, "profile");
	enum known_key key = KNOWN_KEYS;
	char *text = NULL;

	if (line->value[KNOWN_PROFILE] != NULL && profile != NULL &&
	    strcmp(line->value[KNOWN_PROFILE], profile) != 0) {
		key = KNOWN_PROFILE;
		text = words_copy(profile, strlen(profile));
	} else if (line->value[KNOWN_OS] != NULL &&
	    strcmp(line->value[KNOWN_OS], u->cfg->env.os) != 0) {
		key = KNOWN_OS;
		text = words_copy(u->cfg->env.os, strlen(u->cfg->env.os));
	} else if (line->value[KNOWN_FEATURE] != NULL) {
		key = KNOWN_FEATURE;
		text = other_feature(u, line->value[KNOWN_FEATURE]);
	}
	if (text == NULL)
		return false;
	free(value[key]);
	value[key] = text;
	return true;
}

/* A case that no line holds for fails. */
static void
add_case(struct update *u, const char *id, const struct outcome *o)
{
	const struct known *k = u->cfg->known;
	char *value[KNOWN_KEYS] = { NULL }, *text = short_note(o->actual);
	bool fine = true;
	size_t i;

	for (i = 0; i < k->n; i++)
		if (known_names(&k->lines[i], id) &&
		    !keep_apart(u, &k->lines[i], value))
			fine = false;
	if (fine)
		add_line(u, id, value, text);
	else
		note(u, u->nedits - 1, "not added: ", id,
		    ", which another line names under other conditions");
	for (i = 0; i < KNOWN_KEYS; i++)
		free(value[i]);
	free(text);
}

/* It fails, but otherwise than its line says. */
static void
change_case(struct update *u, const struct item *item, const struct outcome *o)
{
	const struct known_line *line = item->known;
	char *value[KNOWN_KEYS];

	memcpy(value, line->value, sizeof(value));
	value[KNOWN_MATCH] = o->actual != NULL && o->actual[0] != '\0'
	    ? stable_part(o->actual)
	    : NULL;
	add_line(u, item->tc->id, value, line->note);
	free(value[KNOWN_MATCH]);
}

/* True when the case leaves its line. */
static bool
decide(struct update *u, const struct item *item)
{
	const struct known_line *line = item->known;
	struct outcome o;

	look_at(u, item, &o);
	if (o.passed == 0 && o.failed == 0)
		return false;
	if (o.passed != 0 && o.failed != 0) {
		if (line == NULL || line->verdict != KNOWN_FLAKY)
			note(u, line != NULL ? file_of(u, line) : u->nedits - 1,
			    "left as it is: ", item->tc->id,
			    ", which failed in some rounds and passed in "
			    "others");
		return false;
	}
	if (line == NULL) {
		if (o.failed != 0)
			add_case(u, item->tc->id, &o);
		return false;
	}
	if (o.passed != 0)
		return line->verdict == KNOWN_XFAIL || item->expired;
	if (item->expired || (o.stale != 0 && line->verdict != KNOWN_XFAIL)) {
		note(u, file_of(u, line), "left as it is: ", item->tc->id,
		    item->expired ? ", whose time is over"
				  : ", which fails in another way");
		return false;
	}
	if (o.stale == 0)
		return false;
	change_case(u, item, &o);
	return true;
}

/* Lines for the cases of LINE, which is a pattern, but those that leave it. */
static void
split_line(struct update *u, const struct known_line *line, const bool *gone)
{
	const struct suite *const *s;
	size_t i, j, file = file_of(u, line);
	const struct plan *plan = u->cfg->plan;
	char *text;

	for (s = u->cfg->all->suites; *s != NULL; s++)
		for (i = 0; i < (*s)->ncases; i++) {
			const char *id = (*s)->cases[i].id;

			if (!known_names(line, id))
				continue;
			for (j = 0; j < plan->n; j++)
				if (gone[j] &&
				    strcmp(plan->items[j].tc->id, id) == 0)
					break;
			if (j < plan->n)
				continue;
			text = edit_format(
			    line->verdict, id, line->value, line->note);
			edit_add(&u->edits[file], id, text);
			note(u, file, "added", text, "");
			free(text);
		}
}

static void
leave_line(struct update *u, const struct known_line *line, const bool *gone)
{
	size_t i, n = 0, file = file_of(u, line);
	char number[64];

	for (i = 0; i < u->cfg->plan->n; i++)
		n += gone[i];
	if (n == 0)
		return;
	snprintf(number, sizeof(number), " (line %u)", line->number);
	edit_remove(&u->edits[file], line->number);
	note(u, file, "took out", line->pattern, number);
	if (n < line->cases)
		split_line(u, line, gone);
}

static void
decide_all(struct update *u)
{
	const struct known *k = u->cfg->known;
	const struct plan *plan = u->cfg->plan;
	const struct item *item;
	size_t i;

	for (i = 0; i < plan->n; i++) {
		item = &plan->items[i];
		if (item->iteration != 0 || !decide(u, item) ||
		    item->known == NULL)
			continue;
		u->gone[(size_t)(item->known - k->lines) * plan->n + i] = true;
	}
	for (i = 0; i < k->n; i++)
		leave_line(u, &k->lines[i], &u->gone[i * plan->n]);
}

static void
read_text(struct edit *e, const char *name)
{
	FILE *f = fopen(name, "r");
	char *text = words_alloc(MOST_BYTES, 1);

	/* It was read before, or is a new one. */
	edit_begin(e, text, f != NULL ? fread(text, 1, MOST_BYTES, f) : 0);
	if (f != NULL)
		fclose(f);
	free(text);
}

int
known_update(const struct known_update *cfg, struct complaint *c)
{
	const struct words *files = &cfg->known->files;
	struct update u = { cfg, NULL, files->n != 0 ? files->n : 1, NULL };
	size_t i;
	int rc = 0;

	u.edits = words_alloc(u.nedits, sizeof(*u.edits));
	u.gone = words_alloc(cfg->known->n * cfg->plan->n, sizeof(*u.gone));
	for (i = 0; i < files->n; i++)
		read_text(&u.edits[i], files->v[i]);
	decide_all(&u);
	for (i = 0; i < u.nedits; i++) {
		edit_finish(&u.edits[i]);
		if (files->n == 0)
			edit_print(&u.edits[i], cfg->out);
		else if (!u.edits[i].changed)
			note(&u, i, "nothing to change", "", "");
		else if (rc == 0)
			rc = edit_write(&u.edits[i], files->v[i], c);
		edit_free(&u.edits[i]);
	}
	free(u.edits);
	free(u.gone);
	return rc;
}
