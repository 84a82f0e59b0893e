/* Fields of vectors, ways to give their bytes, comparisons. */
#include "vectors/test/vec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
need(void *p)
{
	if (p == NULL)
		abort();
	return (p);
}

/* Takes a word off the front of *AT, which is cut there. */
static char *
take_word(char **at, char end)
{
	char *word = *at;
	char *stop = strchr(word, end);

	if (stop == NULL) {
		*at = word + strlen(word);
	} else {
		*stop = '\0';
		*at = stop + 1;
	}
	return (word);
}

static void
split_line(struct vec_line *line, char *text)
{
	memset(line, 0, sizeof(*line));
	line->key = take_word(&text, ' ');
	while (*text != '\0' && line->nargs < VEC_ARGS)
		line->arg[line->nargs++] = take_word(&text, ' ');
}

void
vec_open(struct vec *v, const char *suite, const char *name, const char *fields)
{
	size_t len = strlen(fields), i, n = 0;
	char *at;

	memset(v, 0, sizeof(*v));
	v->suite = suite;
	v->name = name;
	v->way.cut = SIZE_MAX;
	for (i = 0; i < len; i++)
		n += fields[i] == '\n';
	v->text = need(malloc(len + 1));
	memcpy(v->text, fields, len + 1);
	v->lines = need(calloc(n + 1, sizeof(*v->lines)));
	at = v->text;
	while (*at != '\0')
		split_line(&v->lines[v->nlines++], take_word(&at, '\n'));
}

void
vec_close(struct vec *v)
{
	size_t i;

	for (i = 0; i < v->nmade; i++)
		free(v->made[i]);
	free(v->made);
	free(v->lines);
	free(v->text);
}

void
vec_fail(struct vec *v, const char *fmt, ...)
{
	va_list ap;

	if (v->why[0] != '\0')
		return;
	va_start(ap, fmt);
	vsnprintf(v->why, sizeof(v->why), fmt, ap);
	va_end(ap);
	if (v->why[0] == '\0')
		snprintf(v->why, sizeof(v->why), "failed");
}

void
vec_want(struct vec *v, bool ok, const char *what)
{
	if (!ok)
		vec_fail(v, "%s", what);
}

void
vec_want_int(struct vec *v, const char *what, long long got, long long want)
{
	if (got != want)
		vec_fail(v, "%s: %lld, wanted %lld", what, got, want);
}

/* The first bytes of B in hex. */
static const char *
hex(char out[80], struct atls_bytes b)
{
	size_t i, n = 0;

	out[0] = '\0';
	for (i = 0; i < b.len && i < 32; i++)
		n += (size_t)snprintf(out + n, 80 - n, "%02x", b.p[i]);
	if (i < b.len)
		snprintf(out + n, 80 - n, "... (%zu)", b.len);
	return (out);
}

void
vec_want_bytes(struct vec *v, const char *what, struct atls_bytes got,
    struct atls_bytes want)
{
	char a[80], b[80];

	if (!atls_bytes_equal(got, want))
		vec_fail(
		    v, "%s: %s, wanted %s", what, hex(a, got), hex(b, want));
}

const struct vec_line *
vec_find(const struct vec *v, const char *key)
{
	size_t i;

	for (i = 0; i < v->nlines; i++) {
		if (strcmp(v->lines[i].key, key) == 0)
			return (&v->lines[i]);
	}
	return (NULL);
}

const struct vec_line *
vec_next(const struct vec *v, const struct vec_line *line)
{
	size_t i;

	for (i = (size_t)(line - v->lines) + 1; i < v->nlines; i++) {
		if (strcmp(v->lines[i].key, line->key) == 0)
			return (&v->lines[i]);
	}
	return (NULL);
}

const char *
vec_word(struct vec *v, const char *key)
{
	const struct vec_line *line = vec_find(v, key);

	if (line != NULL && line->nargs != 0)
		return (line->arg[0]);
	vec_fail(v, "the vector has no %s", key);
	return ("-");
}

long long
vec_int(struct vec *v, const char *key, long long otherwise)
{
	const struct vec_line *line = vec_find(v, key);

	if (line == NULL || line->nargs == 0)
		return (otherwise);
	return (strtoll(line->arg[0], NULL, 10));
}

struct atls_bytes
vec_field(struct vec *v, const char *key)
{
	return (vec_bytes(v, vec_word(v, key)));
}

/* Length of the run or hex at TEXT, and its bytes if OUT is not NULL. */
static size_t
expand(const char *text, uint8_t *out)
{
	size_t len = 0, n;
	unsigned byte;
	char *end;

	if (strcmp(text, "-") == 0)
		return (0);
	while (*text != '\0') {
		if (*text == '+') {
			text++;
			continue;
		}
		if (sscanf(text, "%2x", &byte) != 1)
			abort();
		text += 2;
		n = 1;
		if (*text == '*') {
			n = strtoul(text + 1, &end, 10);
			text = end;
		}
		if (out != NULL)
			memset(out + len, (int)byte, n);
		len += n;
	}
	return (len);
}

struct atls_bytes
vec_bytes(struct vec *v, const char *arg)
{
	size_t len = expand(arg, NULL);
	uint8_t *p = need(malloc(len + 1));

	expand(arg, p);
	p[len] = 0;
	v->made = need(realloc(v->made, (v->nmade + 1) * sizeof(*v->made)));
	v->made[v->nmade++] = p;
	return (atls_bytes(p, len));
}

const char *
vec_text(struct vec *v, const char *arg)
{
	return ((const char *)vec_bytes(v, arg).p);
}

size_t
vec_step(const struct vec *v, size_t len, size_t at)
{
	size_t n = len - at;

	if (v->way.step != 0)
		return (n < v->way.step ? n : v->way.step);
	return (at < v->way.cut && v->way.cut < len ? v->way.cut - at : n);
}

struct atls_bytes
vec_copy(const uint8_t *p, size_t len)
{
	uint8_t *copy = need(malloc(len != 0 ? len : 1));

	if (len != 0)
		memcpy(copy, p, len);
	return (atls_bytes(copy, len));
}

void
vec_free(struct atls_bytes copy)
{
	union {
		const void *in;
		void *out;
	} u = { copy.p };

	free(u.out);
}

static bool
is_cut(size_t cut, size_t len)
{
	return (len <= VEC_ALL_CUTS || cut < 300 || len - cut < 300 ||
	    cut % 251 == 0);
}

void
vec_all_ways(struct vec *v, size_t len, void (*fn)(struct vec *v))
{
	size_t cut;

	v->way = (struct vec_way){ SIZE_MAX, 0 };
	fn(v);
	for (cut = 1; cut < len && v->why[0] == '\0'; cut++) {
		v->way.cut = cut;
		if (!is_cut(cut, len))
			continue;
		fn(v);
		if (v->why[0] != '\0')
			snprintf(v->why + strlen(v->why),
			    sizeof(v->why) - strlen(v->why),
			    " (cut after %zu bytes)", cut);
	}
	if (v->why[0] != '\0')
		return;
	v->way = (struct vec_way){ SIZE_MAX, 1 };
	fn(v);
	if (v->why[0] != '\0')
		snprintf(v->why + strlen(v->why),
		    sizeof(v->why) - strlen(v->why), " (byte by byte)");
}

void
vec_want_addr(
    struct vec *v, const struct vec_line *line, const struct atls_addr *a)
{
	static const char *const kinds[] = { "", "ipv4", "", "name", "ipv6" };

	if (strcmp(kinds[a->type], line->arg[0]) != 0)
		vec_fail(v, "the address is %s, wanted %s", kinds[a->type],
		    line->arg[0]);
	vec_want_int(v, "port", a->port, strtoll(line->arg[1], NULL, 10));
	vec_want_bytes(
	    v, "host", atls_bytes(a->host, a->len), vec_bytes(v, line->arg[2]));
}

static uint64_t
next_draw(void *ctx, uint64_t n)
{
	struct vec_draws *d = ctx;
	const struct vec_line *line = d->next;
	uint64_t value;

	if (line == NULL) {
		vec_fail(d->v, "a number below %llu was drawn, and none is due",
		    (unsigned long long)n);
		return (0);
	}
	d->next = vec_next(d->v, line);
	vec_want_int(d->v, "range drawn from", (long long)n,
	    strtoll(line->arg[0], NULL, 10));
	value = strtoull(line->arg[1], NULL, 10);
	return (value < n ? value : 0);
}

struct atls_random
vec_random(struct vec *v, struct vec_draws *d)
{
	struct atls_random rnd = { next_draw, d };

	d->v = v;
	d->next = vec_find(v, "draw");
	return (rnd);
}

void
vec_want_drawn(struct vec *v, const struct vec_draws *d)
{
	vec_want(v, d->next == NULL, "not all numbers were drawn");
}
