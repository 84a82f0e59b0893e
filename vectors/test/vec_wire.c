/* Checks of commands, frames, authentication and settings. */
#include <stdlib.h>
#include <string.h>

#include "ref/net/digest.h"
#include "ref/wire/auth.h"
#include "ref/wire/err.h"
#include "ref/wire/frame.h"
#include "ref/wire/settings.h"
#include "vectors/test/vec.h"

void
vec_command(struct vec *v)
{
	static const char *const senders[] = { "", "client", "server", "both" };
	const struct atls_command_info *info =
	    atls_command_info((uint8_t)vec_int(v, "number", 0));

	if (vec_find(v, "cmd") == NULL) {
		vec_want(v, info == NULL, "the command is known");
		return;
	}
	if (info == NULL) {
		vec_fail(v, "the command is not known");
		return;
	}
	vec_want_bytes(
	    v, "name", atls_bytes_str(info->name), vec_field(v, "cmd"));
	vec_want_int(v, "since", info->since, vec_int(v, "since", 0));
	vec_want(v, strcmp(senders[info->sender], vec_word(v, "sender")) == 0,
	    "the sender differs");
	vec_want_int(v, "scope is session", info->scope == ATLS_SCOPE_SESSION,
	    strcmp(vec_word(v, "scope"), "session") == 0);
	vec_want_int(v, "may carry data", info->may_carry,
	    strcmp(vec_word(v, "data"), "may") == 0);
}

/* What the parts of frames add up to so far. */
struct frames {
	const struct vec_line *due;
	struct atls_bytes data; /* of DUE */
	size_t got;
};

static void
frame_due(struct vec *v, struct frames *f)
{
	f->got = 0;
	if (f->due != NULL)
		f->data = vec_bytes(v, f->due->arg[2]);
}

static void
take_part(struct vec *v, struct frames *f, const struct atls_part *part)
{
	long long cmd, sid;

	if (f->due == NULL) {
		vec_fail(v, "frame %u %u, and none is due", part->frame.cmd,
		    part->frame.sid);
		return;
	}
	cmd = strtoll(f->due->arg[0], NULL, 10);
	sid = strtoll(f->due->arg[1], NULL, 10);
	vec_want_int(v, "command", part->frame.cmd, cmd);
	vec_want_int(v, "stream id", part->frame.sid, sid);
	vec_want_int(v, "offset", part->offset, (long long)f->got);
	if (part->data.len > f->data.len - f->got) {
		vec_fail(v, "more data than wanted");
		return;
	}
	vec_want_bytes(v, "data", part->data,
	    atls_bytes(f->data.p + f->got, part->data.len));
	f->got += part->data.len;
	if (!part->last)
		return;
	vec_want_int(
	    v, "data in all", (long long)f->got, (long long)f->data.len);
	f->due = vec_next(v, f->due);
	frame_due(v, f);
}

static void
split_frames(struct vec *v)
{
	struct atls_bytes in = vec_field(v, "in"), piece, rest;
	struct frames f = { vec_find(v, "frame"), { NULL, 0 }, 0 };
	struct atls_splitter sp = { { 0 }, 0, 0 };
	struct atls_part part;
	const char *end = vec_word(v, "end");
	size_t at = 0;

	frame_due(v, &f);
	while (at < in.len && v->why[0] == '\0') {
		piece = vec_copy(in.p + at, vec_step(v, in.len, at));
		rest = piece;
		while (atls_splitter_next(&sp, &rest, &part))
			take_part(v, &f, &part);
		vec_want_int(v, "bytes left", (long long)rest.len, 0);
		at += piece.len;
		vec_free(piece);
	}
	/* The data of the last frame may be there in part. */
	if (f.due != NULL && strcmp(end, "data") == 0 && f.got == f.data.len)
		f.due = vec_next(v, f.due);
	vec_want(v, f.due == NULL, "a frame is missing");
	vec_want_int(v, "ends on a border", atls_splitter_idle(&sp),
	    strcmp(end, "idle") == 0);
	vec_want_int(v, "ends inside data", sp.nheader == ATLS_FRAME_HEADER,
	    strcmp(end, "data") == 0);
}

/* The other way: the frames must make the bytes. */
static void
join_frames(struct vec *v)
{
	struct atls_bytes in = vec_field(v, "in"), data;
	const struct vec_line *line;
	uint8_t header[ATLS_FRAME_HEADER];
	struct atls_frame f;

	for (line = vec_find(v, "frame"); line != NULL;
	     line = vec_next(v, line)) {
		data = vec_bytes(v, line->arg[2]);
		f.cmd = (uint8_t)strtoul(line->arg[0], NULL, 10);
		f.sid = (uint32_t)strtoul(line->arg[1], NULL, 10);
		f.len = (uint16_t)data.len;
		atls_frame_put(header, f);
		if (in.len < sizeof(header) + data.len) {
			vec_fail(v, "the frames are longer than the bytes");
			return;
		}
		vec_want_bytes(v, "header written",
		    atls_bytes(header, sizeof(header)),
		    atls_bytes(in.p, sizeof(header)));
		atls_bytes_skip(&in, sizeof(header) + data.len);
	}
	vec_want_int(v, "bytes not written", (long long)in.len, 0);
}

void
vec_frame(struct vec *v)
{
	vec_all_ways(v, vec_field(v, "in").len, split_frames);
	if (strcmp(vec_word(v, "end"), "idle") == 0)
		join_frames(v);
}

static void
check_password(struct vec *v, const struct atls_auth_reader *r)
{
	const struct vec_line *line = vec_find(v, "password");
	uint8_t hash[ATLS_AUTH_HASH];

	if (line == NULL)
		return;
	if (digest_password(vec_text(v, line->arg[0]), hash) != 0) {
		vec_fail(v, "no hash of the password");
		return;
	}
	vec_want_int(v, "accepted",
	    digest_equal(hash, r->header, ATLS_AUTH_HASH),
	    strcmp(vec_word(v, "accept"), "yes") == 0);
}

static void
read_auth(struct vec *v)
{
	struct atls_bytes in = vec_field(v, "in"), piece, rest = { NULL, 0 };
	struct atls_auth_reader r = { { 0 }, 0, 0 };
	int err = ATLS_E_MORE;
	size_t at = 0, used = 0;

	while (at < in.len && err == ATLS_E_MORE) {
		piece = vec_copy(in.p + at, vec_step(v, in.len, at));
		rest = piece;
		err = atls_auth_read(&r, &rest);
		used += piece.len - rest.len;
		at += piece.len;
		vec_free(piece);
	}
	vec_want_int(v, "result", err,
	    strcmp(vec_word(v, "result"), "ok") == 0 ? 0 : ATLS_E_MORE);
	vec_want_bytes(v, "rest", atls_bytes(in.p + used, in.len - used),
	    vec_field(v, "rest"));
	if (vec_find(v, "padding") != NULL)
		vec_want_int(v, "padding", atls_auth_padding(&r),
		    vec_int(v, "padding", 0));
	if (vec_find(v, "hash") != NULL)
		vec_want_bytes(v, "hash", atls_bytes(r.header, ATLS_AUTH_HASH),
		    vec_field(v, "hash"));
	check_password(v, &r);
}

/* What is read is what would be written, but for what padding0 holds. */
static void
write_auth(struct vec *v)
{
	static uint8_t out[ATLS_AUTH_HEADER + 65535];
	struct atls_bytes in = vec_field(v, "in");
	struct atls_writer w = atls_writer(out, sizeof(out));
	size_t n = in.len - vec_field(v, "rest").len, i;

	atls_auth_put(&w, in.p, (uint16_t)vec_int(v, "padding", 0));
	vec_want_int(v, "length written", (long long)w.len, (long long)n);
	vec_want_bytes(v, "written", atls_bytes(out, ATLS_AUTH_HEADER),
	    atls_bytes(in.p, ATLS_AUTH_HEADER));
	for (i = ATLS_AUTH_HEADER; i < w.len; i++)
		vec_want(v, out[i] == 0, "padding0 written is not zero");
}

void
vec_auth(struct vec *v)
{
	vec_all_ways(v, vec_field(v, "in").len, read_auth);
	if (v->why[0] == '\0' && strcmp(vec_word(v, "result"), "ok") == 0)
		write_auth(v);
}

static void
check_value(struct vec *v, const char *key, bool has, struct atls_bytes got)
{
	vec_want_int(v, key, has, vec_find(v, key) != NULL);
	if (has && vec_find(v, key) != NULL)
		vec_want_bytes(v, key, got, vec_field(v, key));
}

void
vec_settings(struct vec *v)
{
	struct atls_settings s;
	const char *at = vec_word(v, "in-force");
	unsigned ours;

	atls_settings_read(vec_field(v, "in"), &s);
	check_value(v, "v", s.v.p != NULL, s.v);
	check_value(v, "client", s.client.p != NULL, s.client);
	check_value(v, "md5", s.has_md5, s.md5);
	for (ours = 1; ours <= 3; ours++) {
		vec_want_int(v, "version in force",
		    atls_settings_version(&s, ours), strtoll(at, NULL, 10));
		at += strcspn(at, ",") + (ours < 3 ? 1 : 0);
	}
}

void
vec_settings_put(struct vec *v)
{
	static uint8_t out[4096];
	struct atls_writer w = atls_writer(out, sizeof(out));
	unsigned version = (unsigned)vec_int(v, "version", 0);

	if (strcmp(vec_word(v, "role"), "server") == 0)
		atls_settings_put_server(&w, version);
	else
		atls_settings_put_client(&w, version,
		    vec_text(v, vec_word(v, "client")),
		    vec_text(v, vec_word(v, "md5")));
	vec_want_bytes(v, "out", atls_bytes(out, w.len), vec_field(v, "out"));
}
