/* Plaintext to whole frames and to lines of the transcript. */
#include "conformance/anytls/tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "conformance/anytls/frames.h"

/* A line being put together; what does not fit is said by "...". */
struct line {
	char *s;
	size_t len;
	bool full;
};

__attribute__((format(printf, 2, 3))) static void
line_add(struct line *line, const char *fmt, ...)
{
	char item[FRAMES_TEXT + 32];
	const char *sep = line->len != 0 ? " · " : "";
	va_list ap;
	size_t len;

	if (line->full)
		return;
	va_start(ap, fmt);
	vsnprintf(item, sizeof(item), fmt, ap);
	va_end(ap);
	len = strlen(sep) + strlen(item);
	if (len + sizeof(" · ...") > TAP_LINE - line->len) {
		line->full = true;
		snprintf(
		    line->s + line->len, TAP_LINE - line->len, "%s...", sep);
		return;
	}
	snprintf(line->s + line->len, TAP_LINE - line->len, "%s%s", sep, item);
	line->len += len;
}

static void
feed_auth(struct tap *tap, struct atls_bytes *in, struct line *line)
{
	size_t had = in->len;
	int err = atls_auth_read(&tap->reader, in);

	if (err == 0) {
		tap->auth = false;
		line_add(line, "auth (%u+%u)", ATLS_AUTH_HEADER,
		    tap->reader.skipped);
	} else {
		line_add(line, "part of auth (%zu)", had);
	}
}

/* The piece of a frame that this record has, when it has not all of it. */
static void
add_piece(struct line *line, const struct atls_part *part)
{
	const struct atls_command_info *info =
	    atls_command_info(part->frame.cmd);
	char number[24];

	snprintf(number, sizeof(number), "command %u", part->frame.cmd);
	line_add(line, "%s %u (%s%zu of %u)", info ? info->tag : number,
	    part->frame.sid, part->offset != 0 ? "next " : "", part->data.len,
	    part->frame.len);
}

/* What stands at the end of the input without data: a cut header, or a whole
 * one whose data has not begun. */
static void
add_rest(struct tap *tap, struct line *line, size_t fed)
{
	const struct atls_splitter *sp = &tap->splitter;
	struct atls_part none = { .offset = 0 };

	if (fed == 0 || sp->nheader == 0)
		return;
	if (sp->nheader < ATLS_FRAME_HEADER) {
		line_add(
		    line, "header (%u of %u)", sp->nheader, ATLS_FRAME_HEADER);
		return;
	}
	none.frame = atls_frame_get(sp->header);
	if (none.frame.len == sp->left)
		add_piece(line, &none);
}

static bool
keep_piece(struct tap *tap, const struct atls_part *part)
{
	if (tap->held == NULL &&
	    (tap->held = malloc(ATLS_FRAME_MAX_DATA)) == NULL)
		return (false);
	if (part->data.len != 0)
		memcpy(tap->held + part->offset, part->data.p, part->data.len);
	return (true);
}

bool
tap_feed(struct tap *tap, struct atls_bytes in, char out[TAP_LINE])
{
	struct line line = { out, 0, false };
	struct atls_part part;
	char what[FRAMES_TEXT];
	struct frame f;
	size_t fed = 0;

	out[0] = '\0';
	if (tap->auth)
		feed_auth(tap, &in, &line);
	fed = in.len;
	while (atls_splitter_next(&tap->splitter, &in, &part)) {
		f = frame(part.frame.cmd, part.frame.sid,
		    bytes(part.data.p, part.data.len));
		if (part.offset != 0 || !part.last) {
			if (!keep_piece(tap, &part))
				return (false);
			add_piece(&line, &part);
			f.data = bytes(tap->held, part.frame.len);
		} else {
			line_add(&line, "%s", frames_describe(&f, what));
		}
		if (part.last)
			tap->on_frame(tap->ctx, &f);
	}
	add_rest(tap, &line, fed);
	return (true);
}

size_t
tap_partial(const struct tap *tap)
{
	const struct atls_splitter *sp = &tap->splitter;

	if (sp->nheader < ATLS_FRAME_HEADER)
		return (sp->nheader);
	return ((size_t)ATLS_FRAME_HEADER + atls_frame_get(sp->header).len -
	    sp->left);
}

void
tap_free(struct tap *tap)
{
	free(tap->held);
	tap->held = NULL;
}
