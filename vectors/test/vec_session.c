/* Checks of conversations: what happens to a session, what it does then. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref/net/digest.h"
#include "ref/session/session.h"
#include "vectors/test/vec.h"

#define NSEEN 64

/* Something the session reported or wrote, not yet asked for by the vector. */
struct seen {
	enum atls_event_type type;
	unsigned long long id;
	struct atls_bytes data; /* a copy */
};

struct run {
	struct vec *v;
	struct atls_session *s;
	struct seen events[NSEEN], writes[NSEEN];
	size_t nevents, nwrites;
	uint64_t now_ms;
	int code;  /* of the last call, 0 once asked for */
	int error; /* that ended the session, 0 once asked for */
	bool ended;
	char md5[ATLS_MD5_HEX + 1];
};

static const char *const event_names[] = { "none", "open", "data", "fin",
	"opened", "refused", "replaced", "settings", "scheme", "bad-scheme",
	"alert", "heart" };

/* Adds to the last of LIST when MERGE, else behind it. */
static void
see(struct run *r, struct seen *list, size_t *n, bool merge, struct seen new)
{
	struct seen *last = *n != 0 ? &list[*n - 1] : NULL;
	struct atls_bytes all;

	if (merge && last != NULL && last->type == new.type &&
	    last->id == new.id) {
		uint8_t *p = malloc(last->data.len + new.data.len + 1);

		if (p == NULL)
			abort();
		memcpy(p, last->data.p, last->data.len);
		memcpy(p + last->data.len, new.data.p, new.data.len);
		all = atls_bytes(p, last->data.len + new.data.len);
		vec_free(last->data);
		last->data = all;
		return;
	}
	if (*n == NSEEN) {
		vec_fail(r->v, "too much at once");
		return;
	}
	new.data = vec_copy(new.data.p, new.data.len);
	list[(*n)++] = new;
}

static void
forget(struct seen *list, size_t *n, size_t k)
{
	size_t i;

	for (i = 0; i < k; i++)
		vec_free(list[i].data);
	memmove(list, list + k, (*n - k) * sizeof(*list));
	*n -= k;
}

static void
take_writes(struct run *r)
{
	struct atls_bytes out;

	while (atls_session_next_write(r->s, &out))
		see(r, r->writes, &r->nwrites, false,
		    (struct seen){ ATLS_EV_NONE, 0, out });
}

static void
end(struct run *r, int err)
{
	if (err != 0 && !r->ended) {
		r->error = err;
		r->ended = true;
	}
}

static void
receive(struct run *r, struct atls_bytes in)
{
	struct atls_event ev;
	int err;

	for (;;) {
		err = atls_session_recv(r->s, r->now_ms, &in, &ev);
		if (err != 0 || ev.type == ATLS_EV_NONE)
			break;
		see(r, r->events, &r->nevents, ev.type == ATLS_EV_DATA,
		    (struct seen){ ev.type,
			ev.type == ATLS_EV_SETTINGS ? ev.version : ev.sid,
			ev.data });
	}
	end(r, err);
	if (err == 0)
		vec_want_int(r->v, "bytes left", (long long)in.len, 0);
}

static void
give(struct run *r, struct atls_bytes in)
{
	struct atls_bytes piece;
	size_t at = 0;

	while (at < in.len && !r->ended) {
		piece = vec_copy(in.p + at, vec_step(r->v, in.len, at));
		receive(r, piece);
		take_writes(r);
		at += piece.len;
		vec_free(piece);
	}
	if (r->ended && r->error == 0)
		return;
	/* An error stays, whatever comes. */
	if (in.len == 0 || r->ended)
		receive(r, in);
}

static void
open_stream(struct run *r, uint32_t sid)
{
	uint32_t got = 0;

	r->code = atls_session_open(r->s, r->now_ms, &got);
	if (r->code == 0)
		vec_want_int(r->v, "id of the new stream", got, sid);
}

/* Does what LINE says; false when it says what must follow. */
static bool
act(struct run *r, const struct vec_line *line)
{
	const char *key = line->key;
	uint32_t sid = (uint32_t)strtoul(line->arg[0], NULL, 10);
	const char *more = line->nargs > 1 ? line->arg[1] : "-";

	if (strcmp(key, "in") == 0)
		give(r, vec_bytes(r->v, line->arg[0]));
	else if (strcmp(key, "open") == 0)
		open_stream(r, sid);
	else if (strcmp(key, "send") == 0)
		r->code = atls_session_send(r->s, sid, vec_bytes(r->v, more));
	else if (strcmp(key, "fin") == 0)
		r->code = atls_session_fin(r->s, sid);
	else if (strcmp(key, "address") == 0)
		r->code = atls_session_got_address(r->s, sid);
	else if (strcmp(key, "dialled") == 0)
		r->code = atls_session_dialled(r->s, sid);
	else if (strcmp(key, "dial-failed") == 0)
		r->code =
		    atls_session_dial_failed(r->s, sid, vec_text(r->v, more));
	else if (strcmp(key, "eof") == 0)
		r->code = atls_session_target_eof(r->s, sid);
	else if (strcmp(key, "alert") == 0)
		r->code =
		    atls_session_alert(r->s, vec_text(r->v, line->arg[0]));
	else if (strcmp(key, "time") == 0)
		end(r, atls_session_timeout(r->s, r->now_ms = sid));
	else
		return (false);
	return (true);
}

static void
want_event(struct run *r, const struct vec_line *line)
{
	const struct seen *ev = &r->events[0];

	if (r->nevents == 0) {
		vec_fail(
		    r->v, "no event, wanted %s %s", line->arg[0], line->arg[1]);
		return;
	}
	if (strcmp(event_names[ev->type], line->arg[0]) != 0)
		vec_fail(r->v, "event %s %llu, wanted %s %s",
		    event_names[ev->type], ev->id, line->arg[0], line->arg[1]);
	vec_want_int(r->v, "id of the event", (long long)ev->id,
	    strtoll(line->arg[1], NULL, 10));
	vec_want_bytes(
	    r->v, "data of the event", ev->data, vec_bytes(r->v, line->arg[2]));
	forget(r->events, &r->nevents, 1);
}

/* All writes together. */
static void
want_out(struct run *r, struct atls_bytes want)
{
	size_t i;

	for (i = 0; i < r->nwrites; i++) {
		struct atls_bytes w = r->writes[i].data;

		if (w.len > want.len) {
			vec_fail(r->v, "%zu bytes too many were written",
			    w.len - want.len);
			return;
		}
		vec_want_bytes(r->v, "written", w, atls_bytes(want.p, w.len));
		atls_bytes_skip(&want, w.len);
	}
	forget(r->writes, &r->nwrites, r->nwrites);
	vec_want_int(r->v, "bytes not written", (long long)want.len, 0);
}

static void
want_write(struct run *r, struct atls_bytes want)
{
	if (r->nwrites == 0) {
		vec_fail(r->v, "a write is missing");
		return;
	}
	vec_want_bytes(r->v, "write", r->writes[0].data, want);
	forget(r->writes, &r->nwrites, 1);
}

static int
code_of(const char *word)
{
	static const struct {
		const char *word;
		int code;
	} codes[] = { { "not-found", ATLS_E_NOTFOUND },
		{ "closed", ATLS_E_CLOSED }, { "limit", ATLS_E_LIMIT },
		{ "alert", ATLS_E_REFUSED }, { "protocol", ATLS_E_PROTOCOL },
		{ "timeout", ATLS_E_TIMEOUT } };
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(word, codes[i].word) == 0)
			return (codes[i].code);
	}
	return (1);
}

static void
want(struct run *r, const struct vec_line *line)
{
	if (strcmp(line->key, "event") == 0) {
		want_event(r, line);
	} else if (strcmp(line->key, "out") == 0) {
		want_out(r, vec_bytes(r->v, line->arg[0]));
	} else if (strcmp(line->key, "write") == 0) {
		want_write(r, vec_bytes(r->v, line->arg[0]));
	} else if (strcmp(line->key, "refused") == 0) {
		vec_want_int(r->v, "refused", r->code, code_of(line->arg[0]));
		r->code = 0;
	} else if (strcmp(line->key, "end") == 0) {
		vec_want_int(r->v, "end", r->error, code_of(line->arg[0]));
		r->error = 0;
	}
}

/* What has happened must all have been asked for. */
static void
want_no_more(struct run *r)
{
	if (r->nevents != 0)
		vec_fail(r->v, "event %s %llu, and none is due",
		    event_names[r->events[0].type], r->events[0].id);
	if (r->nwrites != 0)
		vec_want_bytes(r->v, "a write, and none is due",
		    r->writes[0].data, atls_bytes(NULL, 0));
	vec_want_int(r->v, "the call said", r->code, 0);
	vec_want_int(r->v, "the session ended with", r->error, 0);
}

static void
start(struct run *r, struct vec_draws *d)
{
	struct vec *v = r->v;
	struct atls_session_config cfg = { .role = ATLS_SERVER };
	const struct vec_line *line = vec_find(v, "heartbeat");
	long long version = vec_int(v, "version", 2);

	cfg.policy = version == 1 ? &atls_policy_v1
	    : version == 3        ? &atls_policy_v3
				  : &atls_policy_default;
	cfg.scheme = vec_field(v, "scheme");
	if (digest_md5_hex(cfg.scheme, r->md5) != 0)
		abort();
	cfg.scheme_md5 = r->md5;
	cfg.max_streams = (uint32_t)vec_int(v, "max-streams", 0);
	if (strcmp(vec_word(v, "role"), "client") == 0) {
		cfg.role = ATLS_CLIENT;
		cfg.client_name = vec_text(v, vec_word(v, "client"));
		cfg.random = vec_random(v, d);
	}
	if (line != NULL) {
		cfg.heartbeat_ms = (uint32_t)strtoul(line->arg[0], NULL, 10);
		cfg.heartbeat_timeout_ms =
		    (uint32_t)strtoul(line->arg[1], NULL, 10);
	}
	r->s = atls_session_new(&cfg, 0);
	if (r->s == NULL)
		vec_fail(v, "no session");
}

static void
converse(struct vec *v)
{
	static const char *const fields = " role version scheme client "
					  "max-streams heartbeat draw ";
	struct vec_draws d = { v, NULL };
	struct run r = { .v = v };
	char key[32];
	size_t i;

	start(&r, &d);
	for (i = 0; i < v->nlines && v->why[0] == '\0'; i++) {
		const struct vec_line *line = &v->lines[i];

		snprintf(key, sizeof(key), " %s ", line->key);
		if (strstr(fields, key) != NULL)
			continue;
		if (i != 0 && strcmp(line->key, "event") != 0 &&
		    strcmp(line->key, "out") != 0 &&
		    strcmp(line->key, "write") != 0 &&
		    strcmp(line->key, "refused") != 0 &&
		    strcmp(line->key, "end") != 0)
			want_no_more(&r);
		if (act(&r, line))
			take_writes(&r);
		else
			want(&r, line);
	}
	want_no_more(&r);
	vec_want_drawn(v, &d);
	forget(r.events, &r.nevents, r.nevents);
	forget(r.writes, &r.nwrites, r.nwrites);
	atls_session_free(r.s);
}

/* Cuts fall at the same place of every input, so the longest one counts. */
void
vec_session(struct vec *v)
{
	const struct vec_line *line;
	size_t len = 0;

	for (line = vec_find(v, "in"); line != NULL; line = vec_next(v, line)) {
		struct atls_bytes in = vec_bytes(v, line->arg[0]);

		len = in.len > len ? in.len : len;
	}
	vec_all_ways(v, len, converse);
}
