/* Frames as text, and whether a frame is the one expected. */
#include <stdio.h>

#include "conformance/anytls/frames.h"

bool
frames_match_data(struct data want, struct atls_bytes got)
{
	switch (want.kind) {
	case DATA_ANY:
		return (true);
	case DATA_SOME:
		return (got.len != 0);
	case DATA_EXACT:
		break;
	}
	return (atls_bytes_equal(atls_bytes(want.p, want.len), got));
}

bool
frames_match(const struct frame *want, const struct frame *got)
{
	return (want->cmd == got->cmd &&
	    (want->any_sid || want->sid == got->sid) &&
	    frames_match_data(
		want->data, atls_bytes(got->data.p, got->data.len)));
}

const char *
frames_quote(const void *p, size_t len, char *out, size_t cap)
{
	const uint8_t *in = p;
	size_t i, at = 0;

	/* Every step leaves room for the longest end, `..."` and NUL. */
	if (cap < 16) {
		out[0] = '\0';
		return (out);
	}
	out[at++] = '"';
	for (i = 0; i < len && at < cap - 10; i++) {
		if (in[i] == '\n') {
			out[at++] = '\\';
			out[at++] = 'n';
		} else if (in[i] == '"' || in[i] == '\\') {
			out[at++] = '\\';
			out[at++] = (char)in[i];
		} else if (in[i] >= 0x20 && in[i] < 0x7f) {
			out[at++] = (char)in[i];
		} else {
			snprintf(out + at, 5, "\\x%02x", in[i]);
			at += 4;
		}
	}
	snprintf(out + at, cap - at, "%s", i < len ? "...\"" : "\"");
	return (out);
}

const char *
frames_hex(const void *p, size_t len, char out[FRAMES_HEX])
{
	const uint8_t *in = p;
	size_t i, at = 0;

	out[0] = '\0';
	for (i = 0; i < len && i < 16; i++, at += 3)
		snprintf(out + at, FRAMES_HEX - at, "%02x ", in[i]);
	if (i < len)
		snprintf(out + at, FRAMES_HEX - at, "...");
	else if (at != 0)
		out[at - 1] = '\0';
	return (out);
}

static bool
is_words(uint8_t cmd)
{
	return (cmd == ATLS_CMD_ALERT || cmd == ATLS_CMD_SYNACK ||
	    cmd == ATLS_CMD_SERVER_SETTINGS);
}

static void
describe_data(const struct frame *f, char *out, size_t cap)
{
	switch (f->data.kind) {
	case DATA_ANY:
		snprintf(out, cap, " (any data)");
		return;
	case DATA_SOME:
		snprintf(out, cap, " (any text)");
		return;
	case DATA_EXACT:
		break;
	}
	out[0] = '\0';
	if (f->data.len == 0)
		return;
	if (is_words(f->cmd) && cap > 2) {
		out[0] = ' ';
		frames_quote(f->data.p, f->data.len, out + 1, cap - 1);
		return;
	}
	snprintf(out, cap, " (%zu)", f->data.len);
}

/* Session-wide commands do not name stream 0. */
static bool
names_stream(const struct frame *f, const struct atls_command_info *info)
{
	if (info == NULL || info->scope == ATLS_SCOPE_STREAM)
		return (true);
	return (f->sid != 0 && !f->any_sid);
}

const char *
frames_describe(const struct frame *f, char out[FRAMES_TEXT])
{
	const struct atls_command_info *info = atls_command_info(f->cmd);
	int n;

	if (info != NULL)
		n = snprintf(out, FRAMES_TEXT, "%s", info->tag);
	else
		n = snprintf(out, FRAMES_TEXT, "command %u", f->cmd);
	if (names_stream(f, info)) {
		if (f->any_sid)
			n += snprintf(out + n, FRAMES_TEXT - (size_t)n, " *");
		else
			n += snprintf(out + n, FRAMES_TEXT - (size_t)n,
			    info != NULL ? " %u" : " on %u", f->sid);
	}
	describe_data(f, out + n, FRAMES_TEXT - (size_t)n);
	return (out);
}
