/* One session of a capture, from its hellos to its end. */
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/anytls/captured_impl.h"
#include "conformance/anytls/frames.h"
#include "conformance/engine/text.h"
#include "conformance/engine/words.h"

static uint64_t
ms_of(struct mark at)
{
	return (at.time_ns / 1000000);
}

void
captured_note(struct captured *s, const char *fmt, ...)
{
	va_list ap;

	if (s->nnotes == CAPTURED_NOTES)
		return;
	va_start(ap, fmt);
	vsnprintf(s->notes[s->nnotes++], CAPTURED_NOTE, fmt, ap);
	va_end(ap);
}

void
captured_found(
    struct captured *s, const char *id, const char *text, struct mark at)
{
	struct captured_finding *f;
	size_t i, n;

	s->findings =
	    words_grow(s->findings, s->nfindings + 1, sizeof(*s->findings));
	f = &s->findings[s->nfindings++];
	memset(f, 0, sizeof(*f));
	f->req = register_find(&s->k->reg, id, strlen(id));
	f->status = totals_classify(f->req, false);
	f->text = words_copy(text, strlen(text));
	f->at = at;
	n = s->nframes < CAPTURED_FRAMES ? (size_t)s->nframes : CAPTURED_FRAMES;
	f->nframes = n;
	f->before = s->nframes - n;
	for (i = 0; i < n; i++)
		f->frames[i] = s->ring[(f->before + i) % CAPTURED_FRAMES];
}

static void
found(void *ctx, const char *req, const char *text)
{
	struct captured *s = ctx;

	captured_found(s, req, text, s->conn->last);
}

static void
saw(void *ctx, bool from_client, const struct atls_frame *f,
    const uint8_t *data)
{
	struct captured *s = ctx;
	struct frame whole = frame(f->cmd, f->sid, bytes(data, f->len));
	struct captured_frame *kept;
	char text[FRAMES_TEXT];

	kept = &s->ring[s->nframes++ % CAPTURED_FRAMES];
	*kept = (struct captured_frame){ s->conn->last, f->sid, f->len, f->cmd,
		from_client, { 0 } };
	if (data != NULL)
		memcpy(kept->head, data,
		    f->len < CAPTURED_HEAD ? f->len : CAPTURED_HEAD);
	if (s->k->opt->verbose < 2)
		return;
	fprintf(s->k->out, "session %llu  packet %llu  %s %s\n",
	    (unsigned long long)s->conn->number,
	    (unsigned long long)s->conn->last.packet, from_client ? ">" : "<",
	    frames_describe(&whole, text));
}

static void
drop_rules(struct captured *s)
{
	passive_free(s->rules);
	s->rules = NULL;
}

/* The session is not judged from here on. */
__attribute__((format(printf, 3, 4))) static void
give_up(struct captured *s, const char *class, const char *fmt, ...)
{
	va_list ap;

	if (s->skip[0] != '\0')
		return;
	snprintf(s->skip, sizeof(s->skip), "%s", class);
	va_start(ap, fmt);
	vsnprintf(s->why, sizeof(s->why), fmt, ap);
	va_end(ap);
}

static bool
is_elsewhere(void *ctx, const struct reader_conn *c)
{
	struct check *k = ctx;

	if (k->opt->port == 0)
		return (false);
	if (!c->from_start && c->client.port == k->opt->port)
		return (false);
	if (c->server.port == k->opt->port)
		return (false);
	k->nother++;
	return (true);
}

static void
hello(void *ctx, struct reader_conn *c)
{
	struct captured *s = words_alloc(1, sizeof(*s));
	struct check *k = ctx;

	s->k = k;
	s->conn = c;
	c->own = s;
	k->ntls++;
}

static bool
is_printable(struct atls_bytes in, size_t n)
{
	size_t i;

	for (i = 0; i < n && i < in.len; i++)
		if (in.p[i] < 0x20 || in.p[i] > 0x7e)
			return (false);
	return (i == n);
}

/* The first record of a client: is it an authentication request? A program
 * that cuts it into records is believed where the port says what it is. */
static bool
looks_like_auth(const struct check *k, struct atls_bytes in)
{
	size_t padding;

	if (k->has_hash && in.len >= ATLS_AUTH_HASH &&
	    memcmp(in.p, k->hash, ATLS_AUTH_HASH) == 0)
		return (true);
	/* A part of one. Text would be of another protocol. */
	padding = in.len < ATLS_AUTH_HEADER ? in.len
					    : atls_get16(in.p + ATLS_AUTH_HASH);
	if (in.len < ATLS_AUTH_HEADER + padding)
		return (k->opt->port != 0 && !is_printable(in, 4));
	atls_bytes_skip(&in, ATLS_AUTH_HEADER + padding);
	return (in.len == 0 || in.p[0] == ATLS_CMD_SETTINGS ||
	    (k->opt->port != 0 && in.p[0] < ATLS_NCOMMANDS));
}

/* What the first record says: judge it, or not. */
static void
begin(struct captured *s, struct atls_bytes plain)
{
	struct check *k = s->k;
	struct passive_config cfg = { .found = found,
		.frame = saw,
		.ctx = s,
		.scheme = captured_scheme_find };
	char text[64];

	if (!looks_like_auth(k, plain)) {
		s->state = CAPTURED_ALIEN;
		give_up(s, "other", "it begins with %s, no authentication",
		    frames_quote(plain.p, plain.len < 16 ? plain.len : 16, text,
			sizeof(text)));
		return;
	}
	if (k->has_hash && plain.len >= ATLS_AUTH_HASH &&
	    memcmp(plain.p, k->hash, ATLS_AUTH_HASH) != 0) {
		s->state = CAPTURED_ALIEN;
		k->npassword++;
		give_up(s, "password",
		    "it has another password than the one "
		    "given");
		return;
	}
	s->rules = passive_new(&cfg);
	if (s->rules == NULL)
		out_of_memory();
	s->state = CAPTURED_JUDGED;
}

static void
see_closed(struct captured *s, const struct view_record *r)
{
	if (s->state == CAPTURED_JUDGED) {
		give_up(s, "keys",
		    "from packet %llu on its records stay closed",
		    (unsigned long long)r->at.packet);
		return;
	}
	if (r->dir == VIEW_CLIENT && s->nsizes < CAPTURED_RECORDS)
		s->sizes[s->nsizes++] = r->wire;
}

static void
see_alert(struct captured *s, const struct view_record *r)
{
	/* close_notify */
	if (r->plain.len == 2 && r->plain.p[1] == 0) {
		if (s->rules != NULL)
			passive_closed(s->rules, r->dir == VIEW_CLIENT);
	} else if (r->plain.len == 2) {
		captured_note(s, "the %s sent TLS alert %u in packet %llu",
		    r->dir == VIEW_CLIENT ? "client" : "server", r->plain.p[1],
		    (unsigned long long)r->at.packet);
	}
}

static void
see_client(struct captured *s, struct atls_bytes plain)
{
	if (s->state == CAPTURED_NEW)
		begin(s, plain);
	if (s->state == CAPTURED_JUDGED && s->skip[0] == '\0' &&
	    !passive_client(s->rules, plain))
		out_of_memory();
}

static void
see_server(struct captured *s, struct atls_bytes plain)
{
	if (s->state == CAPTURED_NEW) {
		s->state = CAPTURED_ALIEN;
		give_up(s, "other", "the server speaks first");
	}
	if (s->state != CAPTURED_JUDGED || s->skip[0] != '\0')
		return;
	/* Commands are no printable characters. */
	if (s->server_bytes == 0 && is_printable(plain, 4)) {
		give_up(s, "fallback",
		    "the server answers with text: a fallback, not a session");
		return;
	}
	s->server_bytes += plain.len;
	if (!passive_server(s->rules, plain))
		out_of_memory();
}

static void
record(void *ctx, struct reader_conn *c, const struct view_record *r)
{
	struct captured *s = c->own;

	(void)ctx;
	if (s == NULL || s->state == CAPTURED_ALIEN)
		return;
	if (s->rules != NULL)
		passive_time(s->rules, ms_of(r->at));
	if (!r->opened)
		see_closed(s, r);
	else if (r->type == VIEW_ALERT)
		see_alert(s, r);
	else if (r->type == VIEW_DATA && r->plain.len != 0)
		(r->dir == VIEW_CLIENT ? see_client : see_server)(s, r->plain);
}

static void
trouble(
    void *ctx, struct reader_conn *c, enum view_trouble what, const char *text)
{
	struct captured *s = c->own;
	struct check *k = ctx;

	if (what == VIEW_MIDDLE)
		k->nmiddle++;
	else if (what == VIEW_NOT_TLS)
		k->nnot_tls++;
	if (s == NULL)
		return;
	if (what == VIEW_BROKEN)
		give_up(s, "damaged", "packet %llu: %s",
		    (unsigned long long)c->last.packet, text);
	else if (what == VIEW_UNSUPPORTED)
		give_up(s, "tls", "packet %llu: %s",
		    (unsigned long long)c->last.packet, text);
	else
		give_up(s, "keys", "%s", text);
}

static void
gap(void *ctx, struct reader_conn *c, int dir, uint64_t len)
{
	struct captured *s = c->own;

	struct check *k = ctx;

	/* A part of the handshake is missing. */
	if (s == NULL && c->view != NULL)
		k->nholes++;
	if (s == NULL || s->state == CAPTURED_ALIEN)
		return;
	give_up(s, "gap",
	    "%llu bytes from the %s are in no packet of the capture, before "
	    "packet %llu%s",
	    (unsigned long long)len, dir == VIEW_CLIENT ? "client" : "server",
	    (unsigned long long)c->last.packet,
	    c->flow->counts.cut != 0 ? " (packets are cut; capture with -s 0)"
				     : "");
}

static void
side_closed(void *ctx, struct reader_conn *c, int dir)
{
	struct captured *s = c->own;

	(void)ctx;
	if (s == NULL || s->rules == NULL)
		return;
	passive_time(s->rules, ms_of(c->last));
	passive_closed(s->rules, dir == VIEW_CLIENT);
}

/* A session with frames has ended. */
static void
end_judged(struct captured *s)
{
	struct reader_conn *c = s->conn;
	bool whole = s->skip[0] == '\0';
	struct atls_bytes text;

	passive_time(
	    s->rules, ms_of(c->end == READER_FILE ? s->k->read.last : c->last));
	if (c->end == READER_RST && c->closed_by >= 0)
		passive_closed(s->rules, c->closed_by == VIEW_CLIENT);
	if (c->end == READER_LIMIT)
		give_up(s, "limit",
		    "more than %u connections were open at one time",
		    READER_OPEN);
	text = passive_update(s->rules);
	if (text.p != NULL)
		captured_scheme_add(s->k, text);
	if (whole) {
		passive_end(s->rules, c->end != READER_LIMIT);
		captured_scheme_compare(s);
	}
	if (passive_shapeless(s->rules))
		captured_note(s,
		    "the sizes of its records were not judged: its padding "
		    "scheme was sent in a session before the capture");
	s->k->njudged++;
	captured_report_session(s);
}

static void
end_closed(struct captured *s)
{
	bool candidate = captured_sizes_judge(s);

	s->state = CAPTURED_SIZES;
	if (!candidate && s->nfindings == 0 && s->k->opt->port == 0) {
		s->k->nalien++;
		return;
	}
	s->k->nclosed++;
	captured_report_session(s);
}

static void
free_session(struct captured *s)
{
	size_t i;

	for (i = 0; i < s->nfindings; i++)
		free(s->findings[i].text);
	free(s->findings);
	drop_rules(s);
	free(s);
}

static void
ended(void *ctx, struct reader_conn *c)
{
	struct captured *s = c->own;

	(void)ctx;
	if (s == NULL)
		return;
	if (s->state == CAPTURED_JUDGED) {
		end_judged(s);
	} else if (s->state == CAPTURED_NEW && s->nsizes != 0) {
		end_closed(s);
	} else {
		s->k->nalien++;
		if (s->state == CAPTURED_NEW)
			give_up(s, "other", "it ends with its handshake");
		captured_report_alien(s);
	}
	c->own = NULL;
	free_session(s);
}

/* True: the user wants an end. */
static bool
progress(void *ctx, uint64_t done, uint64_t size)
{
	struct check *k = ctx;
	struct pollfd p = { k->stop_fd, POLLIN, 0 };

	if (poll(&p, 1, 0) > 0)
		return (true);
	if (k->opt->quiet || !isatty(STDERR_FILENO))
		return (false);
	if (size != 0)
		fprintf(stderr, "\r%3u %% of %llu MiB, %llu sessions ",
		    (unsigned)(done * 100 / size),
		    (unsigned long long)(size >> 20),
		    (unsigned long long)k->njudged + k->nclosed);
	else
		fprintf(stderr, "\r%llu MiB, %llu sessions ",
		    (unsigned long long)(done >> 20),
		    (unsigned long long)k->njudged + k->nclosed);
	k->progress_shown = true;
	return (false);
}

const struct reader_events captured_events = { .hello = hello,
	.record = record,
	.trouble = trouble,
	.gap = gap,
	.fin = side_closed,
	.ended = ended,
	.skip = is_elsewhere,
	.progress = progress };
