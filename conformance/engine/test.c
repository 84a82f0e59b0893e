/* What a case may say, and its memory, clock and randomness. */
#include "conformance/engine/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conformance/engine/capture.h"
#include "conformance/engine/child.h"

struct block {
	struct block *next;
	max_align_t data[];
};

void
t_fail(struct t *t, const char *expected, const char *actual, ...)
{
	va_list ap;

	if (!t->box->decided) {
		box_print(t->box->expected, BOX_TEXT, "%s", expected);
		va_start(ap, actual);
		box_vprint(t->box->actual, BOX_TEXT, actual, ap);
		va_end(ap);
	}
	child_leave(t, ST_FAIL);
}

void
t_crash(struct t *t, const char *fmt, ...)
{
	va_list ap;

	if (!t->box->decided) {
		box_print(t->box->expected, BOX_TEXT, "%s",
		    "the target goes on serving");
		va_start(ap, fmt);
		box_vprint(t->box->actual, BOX_TEXT, fmt, ap);
		va_end(ap);
	}
	child_leave(t, ST_CRASH);
}

void
t_skip(struct t *t, const char *class, const char *fmt, ...)
{
	va_list ap;

	if (!t->box->decided) {
		box_print(t->box->class, sizeof(t->box->class), "%s", class);
		va_start(ap, fmt);
		box_vprint(t->box->actual, BOX_TEXT, fmt, ap);
		va_end(ap);
	}
	child_leave(t, ST_SKIP);
}

void
t_undetermined(struct t *t, const char *expected, const char *actual, ...)
{
	va_list ap;

	if (!t->box->decided) {
		box_print(t->box->expected, BOX_TEXT, "%s", expected);
		va_start(ap, actual);
		box_vprint(t->box->actual, BOX_TEXT, actual, ap);
		va_end(ap);
	}
	child_leave(t, ST_UNDETERMINED);
}

double
t_question_share(const struct t *t)
{
	const struct env *env = t->engine->env;

	return STATS_BUDGET / (env->questions != 0 ? env->questions : 1);
}

double
t_question(struct t *t)
{
	if (t->box->asked >= t->tc->questions)
		t_error(t,
		    "the case asks more statistical questions than the "
		    "%u of its row",
		    t->tc->questions);
	t->box->asked++;
	return t_question_share(t);
}

void
t_error(struct t *t, const char *fmt, ...)
{
	va_list ap;

	if (!t->box->decided) {
		va_start(ap, fmt);
		box_vprint(t->box->actual, BOX_TEXT, fmt, ap);
		va_end(ap);
	}
	child_leave(t, ST_ERROR);
}

void
t_observe(struct t *t, const char *fmt, ...)
{
	struct box *box = t->box;
	va_list ap;

	if (box->nobservations >= BOX_OBSERVATIONS)
		return;
	va_start(ap, fmt);
	box_vprint(box->observations[box->nobservations],
	    sizeof(box->observations[0]), fmt, ap);
	va_end(ap);
	box->nobservations++;
}

void
t_sample(struct t *t, const struct box_sample *sample)
{
	struct box *box = t->box;

	if (box->nsamples < BOX_SAMPLES)
		box->samples[box->nsamples++] = *sample;
}

void
t_log(struct t *t, const char *fmt, ...)
{
	struct box_line *line = &t->box->lines[t->box->nlines % BOX_LINES];
	va_list ap;

	line->at_us = box_now_us() - t->box->start_us;
	va_start(ap, fmt);
	box_vprint(line->text, BOX_LINE, fmt, ap);
	va_end(ap);
	t->box->nlines++;
}

uint32_t
t_next_line(const struct t *t)
{
	return t->box->nlines + 1;
}

void
t_step(struct t *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	box_vprint(t->box->step, BOX_STEP, fmt, ap);
	va_end(ap);
}

void
t_bytes(struct t *t, const void *p, size_t len)
{
	if (len != 0)
		memcpy(t->box->bytes, p, len < BOX_BYTES ? len : BOX_BYTES);
	t->box->bytes_len = len < UINT32_MAX ? (uint32_t)len : UINT32_MAX;
	t->box->bytes_form = t->box->bytes_lead = 0;
	t->box->hidden_len = 0;
}

void
t_bytes_are(struct t *t, uint32_t form, uint32_t lead)
{
	t->box->bytes_form = form;
	t->box->bytes_lead = lead;
}

void
t_bytes_hide(struct t *t, size_t from, size_t len)
{
	if (from >= BOX_BYTES)
		return;
	if (len > BOX_BYTES - from)
		len = BOX_BYTES - from;
	memset(t->box->bytes + from, 0, len);
	t->box->hidden_from = (uint32_t)from;
	t->box->hidden_len = (uint32_t)len;
}

void
t_feature(struct t *t, const char *name, const char *value)
{
	struct box *box = t->box;
	size_t name_len = strlen(name) + 1, value_len;

	if (value == NULL)
		value = "";
	value_len = strlen(value) + 1;
	if (name_len + value_len > BOX_FEATURES - box->features_len)
		t_error(t, "feature '%s' is too long for the engine", name);
	memcpy(box->features + box->features_len, name, name_len);
	memcpy(box->features + box->features_len + name_len, value, value_len);
	box->features_len += (uint32_t)(name_len + value_len);
}

const char *
t_feature_value(const struct t *t, const char *name)
{
	return features_get(&t->engine->env->features, name);
}

void
t_keylog(struct t *t, const char *line)
{
	char text[1024];
	ssize_t written;
	int fd, len;

	capture_key(t, line);
	if (t->keylog == NULL)
		return;
	len = snprintf(text, sizeof(text), "%s\n", line);
	fd = open(t->keylog, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (len > 0 && (size_t)len < sizeof(text)) {
		written = write(fd, text, (size_t)len);
		(void)written; /* a lost line is no reason to end the case */
	}
	close(fd);
}

void *
t_alloc(struct t *t, size_t len)
{
	struct block *b = NULL;

	if (len < SIZE_MAX - sizeof(*b))
		b = calloc(1, sizeof(*b) + len);
	if (b != NULL) {
		b->next = t->engine->blocks;
		t->engine->blocks = b;
		return b->data;
	}
	t_error(t, "out of memory for %zu bytes", len);
}

void
child_free_blocks(struct engine *e)
{
	struct block *b;

	while ((b = e->blocks) != NULL) {
		e->blocks = b->next;
		free(b);
	}
}

char *
t_printf(struct t *t, const char *fmt, ...)
{
	va_list ap, again;
	char *text;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	text = t_alloc(t, len > 0 ? (size_t)len + 1 : 1);
	vsnprintf(text, len > 0 ? (size_t)len + 1 : 1, fmt, again);
	va_end(again);
	return text;
}

uint16_t
t_port(struct t *t)
{
	return ports_next(t->engine->env->ports);
}

uint64_t
t_now(void)
{
	return box_now_us() / 1000;
}

/* splitmix64 */
uint64_t
t_random(struct t *t)
{
	uint64_t z = t->rng += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* Never less than before: a case does not lose patience. */
static void
slow_down(struct t *t, double slowness)
{
	const struct options *opt = t->engine->env->opt;
	double scale = opt->time_scale * slowness;

	if (scale <= t->time_scale)
		return;
	t->time_scale = scale;
	t->timeout_ms = (uint32_t)(opt->timeout_ms * scale);
}

void
t_keep_pace(struct t *t)
{
	slow_down(t, pace_slowness(t->engine->env->pace));
}

void
t_took(struct t *t, uint64_t ms)
{
	uint32_t most = ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;

	slow_down(t, pace_took(t->engine->env->pace, most));
	t_keep_pace(t);
}

uint64_t
t_deadline(const struct t *t, uint32_t ms)
{
	return t_now() + (uint64_t)(ms * t->time_scale);
}
