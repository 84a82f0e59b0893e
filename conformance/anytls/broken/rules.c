/* Reads rules: the grammar of rules.h, by recursive descent. */
#include "conformance/anytls/broken/rules.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conformance/anytls/broken/scan.h"
#include "ref/wire/command.h"

struct name {
	const char *text;
	int value;
	char shape; /* actions: see actions.def; conditions: n or f */
};

static const struct name conds[] = {
#define RULES_NUMBER(id, name) { (name), COND_##id, 'n' },
#define RULES_FLAG(id, name) { (name), COND_##id, 'f' },
#include "conformance/anytls/broken/conds.def"
#undef RULES_NUMBER
#undef RULES_FLAG
	{ "has", COND_HAS, 's' },
	{ NULL, 0, '\0' },
};

static const struct name actions[] = {
#define RULES_ACTION(id, name, shape) { (name), ACT_##id, (shape) },
#include "conformance/anytls/broken/actions.def"
#undef RULES_ACTION
	{ NULL, 0, '\0' },
};

static const struct name events[] = {
	{ "AUTH", EVENT_AUTH, '\0' },
	{ "OPEN", EVENT_OPEN, '\0' },
	{ "DEAD", EVENT_DEAD, '\0' },
	{ "START", EVENT_START, '\0' },
	{ "RAW", EVENT_RAW, '\0' },
	{ "EOF", EVENT_EOF, '\0' },
	{ NULL, 0, '\0' },
};

static const struct name sides[] = {
	{ "up", SIDE_UP, '\0' },
	{ "down", SIDE_DOWN, '\0' },
	{ NULL, 0, '\0' },
};

static const struct name *
lookup(const struct name *table, const char *word)
{
	for (; table->text != NULL; table++) {
		if (strcmp(table->text, word) == 0)
			return (table);
	}
	return (NULL);
}

/* Finds the word of TABLE that comes next. */
static const struct name *
scan_name(struct scan *s, const struct name *table, const char *what)
{
	char word[SCAN_WORD];
	const struct name *n;
	size_t at = scan_at(s);

	if (!scan_word(s, word))
		return (scan_fail(s, at, "%s is missing", what), NULL);
	n = lookup(table, word);
	if (n == NULL)
		scan_fail(s, at, "\"%s\" is no %s", word, what);
	return (n);
}

static bool
scan_command(struct scan *s, bool many, int *cmd)
{
	char word[SCAN_WORD];
	size_t at = scan_at(s);
	int64_t n;

	if (scan_number(s, &n)) {
		if (n < 0 || n > 255)
			return (scan_fail(s, at, "a command is 0 to 255"));
		*cmd = (int)n;
		return (true);
	}
	if (!scan_word(s, word))
		return (scan_fail(s, at, "a command is missing"));
	for (unsigned i = 0; i < ATLS_NCOMMANDS; i++) {
		if (strcmp(atls_command_info((uint8_t)i)->tag, word) == 0) {
			*cmd = (int)i;
			return (true);
		}
	}
	if (many && strcmp(word, "any") == 0)
		*cmd = COMMAND_ANY;
	else if (many && strcmp(word, "unknown") == 0)
		*cmd = COMMAND_UNKNOWN;
	else
		return (scan_fail(s, at, "\"%s\" is no command", word));
	return (true);
}

static bool
scan_event(struct scan *s, struct rule *r)
{
	struct scan before = *s;
	char word[SCAN_WORD];
	const struct name *n = NULL;

	if (scan_word(s, word))
		n = lookup(events, word);
	if (n != NULL) {
		r->event = (enum event)n->value;
		if (r->side == SIDE_DOWN && r->event != EVENT_RAW &&
		    r->event != EVENT_EOF)
			return (scan_fail(
			    s, scan_at(&before), "%s is up only", word));
		return (true);
	}
	*s = before;
	r->event = EVENT_FRAME;
	return (scan_command(s, true, &r->cmd));
}

static bool
scan_cond(struct scan *s, struct cond *c)
{
	static const char signs[] = "=!<>";
	static const enum op ops[] = { OP_EQ, OP_NE, OP_LT, OP_GT };
	const struct name *n;
	const char *sign;
	size_t at;

	c->negate = scan_char(s, '!');
	n = scan_name(s, conds, "condition");
	if (n == NULL)
		return (false);
	c->kind = (enum cond_kind)n->value;
	c->op = OP_TRUE;
	if (n->shape == 's')
		return (scan_string(s, &c->text) ||
		    scan_fail(s, scan_at(s), "a string is missing"));
	if (n->shape == 'f')
		return (true);
	at = scan_at(s);
	sign = scan_one_of(s, signs);
	if (sign == NULL)
		return (scan_fail(s, at, "=, !=, < or > is missing"));
	c->op = ops[sign - signs];
	if (c->op == OP_NE && !scan_char(s, '='))
		return (scan_fail(s, at, "=, !=, < or > is missing"));
	return (scan_number(s, &c->n) ||
	    scan_fail(s, scan_at(s), "a number is missing"));
}

static bool
scan_conds(struct scan *s, struct rule *r)
{
	if (!scan_char(s, '['))
		return (true);
	do {
		if (r->nconds == RULES_CONDS)
			return (scan_fail(s, scan_at(s),
			    "more than %d conditions", RULES_CONDS));
		if (!scan_cond(s, &r->conds[r->nconds++]))
			return (false);
	} while (scan_char(s, ','));
	return (scan_char(s, ']') ||
	    scan_fail(s, scan_at(s), "\",\" or \"]\" is missing"));
}

static bool
scan_count(struct scan *s, struct rule *r)
{
	size_t at = scan_at(s);
	int64_t from, to;

	r->from = 1;
	r->to = UINT_MAX;
	if (!scan_char(s, '#'))
		return (true);
	if (!scan_number(s, &from) || from < 1 || from > INT_MAX)
		return (scan_fail(s, at, "a count from 1 on is missing"));
	r->from = (unsigned)from;
	r->to = (unsigned)from;
	if (scan_char(s, '+')) {
		r->to = UINT_MAX;
	} else if (scan_char(s, '-')) {
		if (!scan_number(s, &to) || to < from || to > INT_MAX)
			return (scan_fail(
			    s, at, "the count ends before it begins"));
		r->to = (unsigned)to;
	}
	return (true);
}

/* A number that may have a sign, which makes it relative. */
static bool
scan_signed(struct scan *s, struct action *a)
{
	const char *sign = scan_one_of(s, "+-");

	if (!scan_number(s, &a->n))
		return (scan_fail(s, scan_at(s), "a number is missing"));
	a->relative = sign != NULL;
	if (sign != NULL && *sign == '-')
		a->n = -a->n;
	return (true);
}

static bool
scan_sid(struct scan *s, struct action *a)
{
	struct scan before = *s;
	char word[SCAN_WORD];

	if (scan_word(s, word) && strcmp(word, "last") == 0) {
		a->sid_kind = SID_LAST;
		return (true);
	}
	*s = before;
	if (!scan_signed(s, a))
		return (false);
	a->sid_kind = a->relative ? SID_PLUS : SID_EXACT;
	a->sid = (uint32_t)a->n;
	return (true);
}

/* COMMAND [ sid | "last" ] [ STRING | number ]. One number is the id. */
static bool
scan_frame(struct scan *s, struct action *a)
{
	struct scan before;
	char word[SCAN_WORD];
	int64_t n;

	if (!scan_command(s, false, &a->cmd))
		return (false);
	a->sid_kind = SID_SAME;
	before = *s;
	if (scan_word(s, word)) {
		if (strcmp(word, "last") != 0)
			return (scan_fail(s, scan_at(&before),
			    "\"%s\" is no stream id", word));
		a->sid_kind = SID_LAST;
	} else if (scan_number(s, &n)) {
		if (n < 0 || n > UINT32_MAX)
			return (scan_fail(s, scan_at(&before), "no stream id"));
		a->sid_kind = SID_EXACT;
		a->sid = (uint32_t)n;
	}
	if (scan_string(s, &a->text))
		return (true);
	before = *s;
	if (scan_number(s, &a->n) && (a->n < 0 || a->n > 65535))
		return (scan_fail(s, scan_at(&before), "data is 0 to 65535"));
	return (true);
}

/* What follows the name of an action of SHAPE. */
static bool
scan_argument(struct scan *s, char shape, struct action *a)
{
	size_t at = scan_at(s);

	switch (shape) {
	case 'f':
		return (scan_frame(s, a));
	case 'i':
		return (scan_sid(s, a));
	case 'c':
		return (scan_command(s, true, &a->cmd));
	case 's':
		return (scan_string(s, &a->text) ||
		    scan_fail(s, at, "a string is missing"));
	case 'd':
		if (scan_string(s, &a->text))
			return (true);
		if (!scan_number(s, &a->n) || a->n < 0 || a->n > 65535)
			return (scan_fail(
			    s, at, "a string or a length is missing"));
		return (true);
	case 'n':
		return (scan_signed(s, a));
	case 'b':
		return ((scan_number(s, &a->n) && scan_number(s, &a->value)) ||
		    scan_fail(s, at, "two numbers are missing"));
	case 't':
		return ((scan_string(s, &a->text) && a->text.len != 0 &&
			    scan_string(s, &a->other)) ||
		    scan_fail(s, at, "two strings are missing"));
	case 'm':
		(void)scan_number(s, &a->n);
		return (true);
	default:
		return (true);
	}
}

static bool
scan_action(struct scan *s, struct action *a)
{
	const struct name *n = scan_name(s, actions, "action");
	size_t at = scan_at(s);

	if (n == NULL)
		return (false);
	a->kind = (enum action_kind)n->value;
	if (!scan_argument(s, n->shape, a))
		return (false);
	if ((a->kind == ACT_SPLIT || a->kind == ACT_PIECES) && a->n < 1)
		return (scan_fail(s, at, "%s takes 1 and more", n->text));
	if (a->relative && a->kind != ACT_LENGTH && a->kind != ACT_SID)
		return (scan_fail(s, at, "%s takes no sign", n->text));
	return (true);
}

static bool
scan_rule(struct scan *s, struct rule *r)
{
	const struct name *side = scan_name(s, sides, "side");

	if (side == NULL)
		return (false);
	r->side = (enum side)side->value;
	if (!scan_event(s, r) || !scan_conds(s, r) || !scan_count(s, r))
		return (false);
	do {
		if (r->nactions == RULES_ACTIONS)
			return (scan_fail(s, scan_at(s), "more than %d actions",
			    RULES_ACTIONS));
		if (!scan_action(s, &r->actions[r->nactions++]))
			return (false);
	} while (scan_char(s, ','));
	return (true);
}

int
rules_parse(const char *spec, struct rules *r, char err[RULES_ERRLEN])
{
	struct scan s;

	memset(r, 0, sizeof(*r));
	r->store = malloc(strlen(spec) + 1);
	if (r->store == NULL) {
		snprintf(err, RULES_ERRLEN, "out of memory");
		return (-1);
	}
	scan_init(&s, spec, r->store, err, RULES_ERRLEN);
	do {
		if (r->n == RULES_MAX) {
			scan_fail(
			    &s, scan_at(&s), "more than %d rules", RULES_MAX);
			goto fail;
		}
		if (!scan_rule(&s, &r->rule[r->n++]))
			goto fail;
	} while (scan_char(&s, ';'));
	if (scan_end(&s))
		return (0);
	scan_fail(&s, scan_at(&s), "\",\", \";\" or the end is missing");
fail:
	rules_free(r);
	return (-1);
}

void
rules_free(struct rules *r)
{
	free(r->store);
	memset(r, 0, sizeof(*r));
}

bool
rules_about(const struct rules *r, enum side side, enum event event)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->rule[i].side == side && r->rule[i].event == event)
			return (true);
	}
	return (false);
}
