/*
 * Sessions under test: feed them frames, read back as text what they report
 * and what they send. Helpers for the test_session files.
 */
#ifndef ATLS_TEST_PAIR_H
#define ATLS_TEST_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ref/session/session.h"
#include "ref/wire/frame.h"

#define TEXT_MAX 65536

/* A session and what was seen of it. */
struct end {
	struct atls_session *s;
	struct atls_policy policy;
	struct atls_session_config cfg;
	uint64_t now_ms;
	int err;                       /* of the last recv */
	char events[TEXT_MAX];         /* "OPEN 1; DATA 1 abc; " */
	char frames[TEXT_MAX];         /* "SYN 1; PSH 1 abc; " */
	char writes[TEXT_MAX];         /* "314 450 " */
	struct atls_splitter splitter; /* of what it sends */
	uint64_t draws[64];            /* scripted random numbers */
	size_t ndraws, drawn;
};

__attribute__((format(printf, 2, 3))) static inline void
add_text(char *to, const char *fmt, ...)
{
	size_t len = strlen(to);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(to + len, TEXT_MAX - len, fmt, ap);
	va_end(ap);
}

/* Data in a log: short printable text as it is, the rest as its length. */
static inline void
add_data(char *to, struct atls_bytes data)
{
	size_t i;

	if (data.len == 0)
		return;
	for (i = 0; i < data.len && data.len <= 120; i++) {
		if (data.p[i] != '\n' && (data.p[i] < ' ' || data.p[i] > 126))
			break;
	}
	if (i == data.len)
		add_text(to, " %.*s", (int)data.len, (const char *)data.p);
	else
		add_text(to, " [%zu]", data.len);
}

/* Draws from the script; then always 0, the smallest. */
static inline uint64_t
scripted(void *ctx, uint64_t n)
{
	struct end *e = ctx;
	uint64_t v = e->drawn < e->ndraws ? e->draws[e->drawn++] : 0;

	return (v < n ? v : n - 1);
}

/* Prepares the configuration; change it, then call end_start(). */
static inline void
end_init(struct end *e, enum atls_role role, const struct atls_policy *policy)
{
	memset(e, 0, sizeof(*e));
	e->policy = *policy;
	e->cfg.role = role;
	e->cfg.policy = &e->policy;
	e->cfg.scheme = atls_bytes_str(ATLS_SCHEME_DEFAULT);
	e->cfg.scheme_md5 = ATLS_SCHEME_DEFAULT_MD5;
	e->cfg.client_name = "test/1";
	if (role == ATLS_CLIENT) {
		e->cfg.random.below = scripted;
		e->cfg.random.ctx = e;
	}
	e->now_ms = 1000;
}

static inline void
end_start(struct end *e)
{
	e->s = atls_session_new(&e->cfg, e->now_ms);
	assert_non_null(e->s);
}

static inline void
end_free(struct end *e)
{
	atls_session_free(e->s);
	e->s = NULL;
}

static inline void
end_new(struct end *e, enum atls_role role, const struct atls_policy *policy)
{
	end_init(e, role, policy);
	end_start(e);
}

/* A client whose packets are not padded. */
static inline void
end_new_plain(struct end *e, const struct atls_policy *policy)
{
	end_init(e, ATLS_CLIENT, policy);
	e->cfg.scheme = atls_bytes_str("stop=0");
	e->cfg.scheme_md5 = "47edb1f4ed8a99480bf416d178311f10";
	end_start(e);
}

/* Where the log's last DATA of this stream may go on. */
static inline bool
continues_data(const char *log, uint32_t sid)
{
	const char *last = strrchr(log, '<');
	char head[32];

	snprintf(head, sizeof(head), "<DATA %u ", sid);
	return (last != NULL && strncmp(last, head, strlen(head)) == 0);
}

static inline void
log_event(struct end *e, const struct atls_event *ev)
{
	static const char *const names[] = { "NONE", "OPEN", "DATA", "FIN",
		"OPENED", "REFUSED", "REPLACED", "SETTINGS", "SCHEME",
		"BAD_SCHEME", "ALERT", "HEART" };
	size_t len = strlen(e->events);

	if (ev->type == ATLS_EV_DATA && continues_data(e->events, ev->sid)) {
		e->events[len - 1] = '\0';
		add_text(e->events, "%.*s>", (int)ev->data.len,
		    (const char *)ev->data.p);
		return;
	}
	add_text(e->events, "<%s %u", names[ev->type],
	    ev->type == ATLS_EV_SETTINGS ? ev->version : ev->sid);
	if (ev->type == ATLS_EV_DATA)
		add_text(e->events, " %.*s", (int)ev->data.len,
		    (const char *)ev->data.p);
	else
		add_data(e->events, ev->data);
	add_text(e->events, ">");
}

/* Lets the session have IN; logs events; the error ends it. */
static inline void
end_recv(struct end *e, struct atls_bytes in)
{
	/* A copy of exact size, so that reading past it is noticed. */
	uint8_t *copy = malloc(in.len + 1);
	struct atls_event ev;
	struct atls_bytes left;

	assert_non_null(copy);
	if (in.len != 0)
		memcpy(copy + 1, in.p, in.len);
	left = atls_bytes(copy + 1, in.len);
	for (;;) {
		e->err = atls_session_recv(e->s, e->now_ms, &left, &ev);
		if (e->err != 0 || ev.type == ATLS_EV_NONE)
			break;
		log_event(e, &ev);
	}
	if (e->err == 0)
		assert_int_equal(left.len, 0);
	free(copy);
}

static inline void
log_frame(struct end *e, const struct atls_part *part)
{
	const struct atls_command_info *info =
	    atls_command_info(part->frame.cmd);

	if (part->offset != 0) {
		e->frames[strlen(e->frames) - 1] = '\0';
		add_text(e->frames, "+");
	} else {
		add_text(e->frames, "<%s %u", info != NULL ? info->tag : "?",
		    part->frame.sid);
	}
	add_data(e->frames, part->data);
	add_text(e->frames, ">");
}

/* Takes all writes of E; TO receives them when it is not NULL. */
static inline void
end_flush(struct end *e, struct end *to)
{
	struct atls_bytes out, rest;
	struct atls_part part;

	while (atls_session_next_write(e->s, &out)) {
		add_text(e->writes, "%zu ", out.len);
		rest = out;
		while (atls_splitter_next(&e->splitter, &rest, &part))
			log_frame(e, &part);
		if (to != NULL)
			end_recv(to, out);
	}
	assert_int_equal(atls_session_queued(e->s), 0);
}

/* Moves bytes both ways until there are none. */
static inline void
pump(struct end *a, struct end *b)
{
	while (
	    atls_session_queued(a->s) != 0 || atls_session_queued(b->s) != 0) {
		end_flush(a, b);
		end_flush(b, a);
	}
}

/* Compares a log with WANT and empties it. */
static inline void
expect_text(char *log, const char *want)
{
	assert_string_equal(log, want);
	log[0] = '\0';
}

static inline void
expect_frames(struct end *e, const char *want)
{
	end_flush(e, NULL);
	expect_text(e->frames, want);
}

static inline void
expect_events(struct end *e, const char *want)
{
	expect_text(e->events, want);
}

static inline void
put_frame(struct atls_writer *w, unsigned cmd, uint32_t sid, const char *data)
{
	struct atls_frame f = { (uint8_t)cmd, sid, (uint16_t)strlen(data) };
	uint8_t *at = atls_writer_take(w, ATLS_FRAME_HEADER);

	assert_non_null(at);
	atls_frame_put(at, f);
	atls_writer_str(w, data);
	assert_false(w->full);
}

/* The session receives one frame. */
static inline void
give(struct end *e, unsigned cmd, uint32_t sid, const char *data)
{
	uint8_t buf[4096];
	struct atls_writer w = atls_writer(buf, sizeof(buf));

	put_frame(&w, cmd, sid, data);
	end_recv(e, atls_bytes(buf, w.len));
}

#define MD5_LINE "padding-md5=75cff2ad89aadf5e257059ee571ebe11"

/* A server that has seen good settings of version V. */
static inline void
end_new_served(struct end *e, const struct atls_policy *policy, const char *v)
{
	char text[128];

	end_new(e, ATLS_SERVER, policy);
	snprintf(text, sizeof(text), "v=%s\n" MD5_LINE, v);
	give(e, ATLS_CMD_SETTINGS, 0, text);
	assert_int_equal(e->err, 0);
	end_flush(e, NULL);
	e->events[0] = '\0';
	e->frames[0] = '\0';
	e->writes[0] = '\0';
}

static inline void
send_text(struct end *e, uint32_t sid, const char *text)
{
	assert_int_equal(atls_session_send(e->s, sid, atls_bytes_str(text)), 0);
}

static inline uint32_t
open_stream(struct end *e)
{
	uint32_t sid = 0;

	assert_int_equal(atls_session_open(e->s, e->now_ms, &sid), 0);
	return (sid);
}

#endif
