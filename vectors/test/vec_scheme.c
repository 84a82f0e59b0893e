/* Checks of padding schemes, sizes, plans, record shapes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/net/digest.h"
#include "ref/wire/err.h"
#include "ref/wire/frame.h"
#include "ref/wire/scheme.h"
#include "ref/wire/scheme_item.h"
#include "ref/wire/shape.h"
#include "vectors/test/vec.h"

/* Packet numbers the check asks for: the index, and a scan of the text. */
static struct atls_bytes
rule_of(const struct atls_scheme *s, uint32_t packet)
{
	struct atls_scheme all = *s;
	struct atls_planner p;

	all.stop = UINT32_MAX;
	atls_planner_init(&p, &all, packet, 0);
	return (p.rule);
}

static void
check_rules(struct vec *v, const struct atls_scheme *s)
{
	const struct vec_line *line = vec_find(v, "rule");

	for (; line != NULL; line = vec_next(v, line)) {
		uint32_t packet = (uint32_t)strtoul(line->arg[0], NULL, 10);
		struct atls_bytes rule = rule_of(s, packet);

		vec_want(v, rule.p != NULL, "a rule is missing");
		vec_want_bytes(v, "rule", rule, vec_bytes(v, line->arg[1]));
	}
	line = vec_find(v, "norule");
	for (; line != NULL; line = vec_next(v, line))
		vec_want(v,
		    rule_of(s, (uint32_t)strtoul(line->arg[0], NULL, 10)).p ==
			NULL,
		    "a rule that should not be");
}

void
vec_scheme(struct vec *v)
{
	struct atls_bytes text = vec_field(v, "text");
	struct atls_scheme s;
	char hex[ATLS_MD5_HEX + 1];
	int err = atls_scheme_parse(text, &s);

	vec_want_int(v, "result", err,
	    strcmp(vec_word(v, "result"), "ok") == 0 ? 0 : ATLS_E_SYNTAX);
	if (vec_find(v, "md5") != NULL) {
		vec_want_int(v, "md5", digest_md5_hex(text, hex), 0);
		vec_want_bytes(
		    v, "md5", atls_bytes_str(hex), vec_field(v, "md5"));
	}
	if (err != 0 || v->why[0] != '\0')
		return;
	vec_want_int(v, "stop", s.stop, vec_int(v, "stop", -1));
	check_rules(v, &s);
}

static bool
parse(struct vec *v, struct atls_scheme *s)
{
	int err = atls_scheme_parse(vec_field(v, "scheme"), s);

	vec_want_int(v, "result of the scheme", err, 0);
	return (err == 0);
}

void
vec_sizes(struct vec *v)
{
	struct atls_scheme_item item;
	struct atls_scheme s;
	struct atls_planner p;
	struct vec_draws d = { v, NULL };
	struct atls_random rnd = vec_random(v, &d);
	char got[400] = "-";
	size_t n = 0;

	if (!parse(v, &s))
		return;
	atls_planner_init(&p, &s, (uint32_t)vec_int(v, "packet", 0), 0);
	while (atls_scheme_item_next(&p.rule, &item) && n < 300) {
		if (item.check)
			n += (size_t)snprintf(
			    got + n, sizeof(got) - n, n != 0 ? ",c" : "c");
		else if (item.skip == NULL)
			n += (size_t)snprintf(got + n, sizeof(got) - n,
			    n != 0 ? ",%u" : "%u",
			    atls_scheme_item_draw(&item, &rnd));
	}
	if (strcmp(got, vec_word(v, "sizes")) != 0)
		vec_fail(v, "sizes %s, wanted %s", got, vec_word(v, "sizes"));
	vec_want_drawn(v, &d);
}

void
vec_padding0(struct vec *v)
{
	struct atls_scheme s;
	struct vec_draws d = { v, NULL };
	struct atls_random rnd = vec_random(v, &d);

	if (!parse(v, &s))
		return;
	vec_want_int(v, "length", atls_scheme_padding0(&s, &rnd),
	    vec_int(v, "length", -1));
	vec_want_drawn(v, &d);
}

/* The waste frames of WASTE bytes must have the data lengths of LIST. */
static void
check_waste(struct vec *v, uint32_t waste, const char *list)
{
	uint8_t *p = calloc(1, (size_t)waste + 1);
	struct atls_writer w = atls_writer(p, waste);
	struct atls_splitter sp = { { 0 }, 0, 0 };
	struct atls_bytes in;
	struct atls_part part;
	char got[400] = "-";
	size_t n = 0;

	if (p == NULL)
		abort();
	atls_waste_put(&w, waste);
	vec_want_int(v, "waste written", (long long)w.len, waste);
	in = atls_bytes(p, w.len);
	while (atls_splitter_next(&sp, &in, &part) && n < 300) {
		vec_want_int(v, "command", part.frame.cmd, ATLS_CMD_WASTE);
		vec_want_int(v, "stream id", part.frame.sid, 0);
		n += (size_t)snprintf(got + n, sizeof(got) - n,
		    n != 0 ? ",%u" : "%u", part.frame.len);
	}
	vec_want(v, atls_splitter_idle(&sp), "the waste is no whole frames");
	if (strcmp(got, list) != 0)
		vec_fail(v, "waste %s, wanted %s", got, list);
	free(p);
}

void
vec_plan(struct vec *v)
{
	const struct vec_line *line = vec_find(v, "write");
	struct atls_scheme s;
	struct atls_planner p;
	struct atls_write w;
	struct vec_draws d = { v, NULL };
	struct atls_random rnd = vec_random(v, &d);

	if (!parse(v, &s))
		return;
	atls_planner_init(&p, &s, (uint32_t)vec_int(v, "packet", 0),
	    (size_t)vec_int(v, "payload", 0));
	while (atls_planner_next(&p, &rnd, &w)) {
		if (line == NULL) {
			vec_fail(v, "a write of %u + %u, and none is due",
			    w.payload, w.waste);
			return;
		}
		vec_want_int(
		    v, "payload", w.payload, strtoll(line->arg[0], NULL, 10));
		check_waste(v, w.waste, line->arg[1]);
		line = vec_next(v, line);
	}
	vec_want(v, line == NULL, "a write is missing");
	vec_want_drawn(v, &d);
}

static const char *
reading_name(enum atls_shape_reading reading)
{
	static const char *const names[] = { "reference", "text", "tolerant",
		"none", "undetermined" };

	return (names[reading]);
}

static void
want_reading(
    struct vec *v, size_t at, enum atls_shape_reading got, const char *want)
{
	if (strcmp(reading_name(got), want) != 0)
		vec_fail(v, "reading at byte %zu: %s, wanted %s", at,
		    reading_name(got), want);
}

void
vec_shape(struct vec *v)
{
	static struct atls_shape_oracle o;
	struct atls_bytes stream = vec_field(v, "stream");
	struct atls_scheme schemes[4];
	struct atls_shape_config cfg = { &schemes[0], ATLS_SHAPE_AUTH_ABSENT, 1,
		0, 0 };
	const char *auth = vec_word(v, "auth");
	size_t i, n, at = 0, nschemes = 1;

	if (!parse(v, &schemes[0]))
		return;
	if (strcmp(auth, "absent") != 0) {
		cfg.auth = strcmp(auth, "judged") == 0
		    ? ATLS_SHAPE_AUTH_JUDGED
		    : ATLS_SHAPE_AUTH_SKIPPED;
		cfg.first_record = 0;
	}
	atls_shape_init(&o, &cfg);
	for (i = 0; i < v->nlines; i++) {
		const struct vec_line *line = &v->lines[i];

		if (strcmp(line->key, "record") == 0) {
			n = strtoul(line->arg[0], NULL, 10);
			vec_want(
			    v, n <= stream.len - at, "the stream is shorter");
			if (v->why[0] != '\0')
				return;
			want_reading(v, at,
			    atls_shape_record(&o, atls_bytes(stream.p + at, n)),
			    line->arg[1]);
			at += n;
		} else if (strcmp(line->key, "rest") == 0) {
			want_reading(
			    v, at, atls_shape_at_rest(&o), line->arg[0]);
		} else if (strcmp(line->key, "update") == 0 && nschemes < 4) {
			vec_want_int(v, "update",
			    atls_scheme_parse(
				vec_bytes(v, line->arg[0]), &schemes[nschemes]),
			    0);
			vec_want_int(v, "update",
			    atls_shape_update(&o, &schemes[nschemes++]), 0);
		}
	}
}
