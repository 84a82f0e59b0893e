/* Shared memory for one case's verdict and evidence. */
#include "conformance/engine/box.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "conformance/engine/process.h"

struct box *
box_new(void)
{
	return process_shared(sizeof(struct box));
}

void
box_free(struct box *box)
{
	if (box != NULL)
		munmap(box, sizeof(*box));
}

void
box_seal(struct box *box)
{
	size_t i;

	if ((unsigned)box->status >= ST_COUNT)
		box->decided = 0;
	box->class[sizeof(box->class) - 1] = '\0';
	box->expected[BOX_TEXT - 1] = '\0';
	box->actual[BOX_TEXT - 1] = '\0';
	box->step[BOX_STEP - 1] = '\0';
	box->capture_note[BOX_STEP - 1] = '\0';
	box->log[BOX_PATH - 1] = '\0';
	for (i = 0; i < BOX_LINES; i++)
		box->lines[i].text[BOX_LINE - 1] = '\0';
	if (box->nobservations > BOX_OBSERVATIONS)
		box->nobservations = BOX_OBSERVATIONS;
	for (i = 0; i < box->nobservations; i++)
		box->observations[i][sizeof(box->observations[i]) - 1] = '\0';
	if (box->nsamples > BOX_SAMPLES)
		box->nsamples = BOX_SAMPLES;
	if (box->features_len > BOX_FEATURES)
		box->features_len = 0;
}

void
box_vprint(char *text, size_t size, const char *fmt, va_list ap)
{
	vsnprintf(text, size, fmt, ap);
}

void
box_print(char *text, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	box_vprint(text, size, fmt, ap);
	va_end(ap);
}

size_t
box_line_count(const struct box *box)
{
	return box->nlines < BOX_LINES ? box->nlines : BOX_LINES;
}

const struct box_line *
box_line_at(const struct box *box, size_t i)
{
	size_t first = box->nlines - box_line_count(box);

	return &box->lines[(first + i) % BOX_LINES];
}

bool
box_next_feature(
    const struct box *box, uint32_t *pos, const char **name, const char **value)
{
	const char *end = box->features + box->features_len;
	const char *nul;

	*name = box->features + *pos;
	nul = *pos < box->features_len
	    ? memchr(*name, '\0', (size_t)(end - *name))
	    : NULL;
	if (nul == NULL)
		return false;
	*value = nul + 1;
	nul = memchr(*value, '\0', (size_t)(end - *value));
	if (nul == NULL)
		return false;
	*pos = (uint32_t)(nul + 1 - box->features);
	return true;
}

uint64_t
box_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}
