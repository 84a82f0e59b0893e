/* A capture file as the list of what the tester did and saw. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/anytls/frames.h"
#include "conformance/anytls/replay_impl.h"

#define SECTION 0x0a0d0d0au
#define OPT_COMMENT 1
#define COMMENT_MAX 65536

void
replay_keep(struct replay_frames *list, const struct frame *f)
{
	struct replay_frame *grown, *to;

	grown = realloc(list->v, (list->n + 1) * sizeof(*grown));
	if (grown == NULL) {
		list->nomem = true;
		return;
	}
	list->v = grown;
	to = &grown[list->n];
	memset(to, 0, sizeof(*to));
	to->cmd = f->cmd;
	to->sid = f->sid;
	to->len = f->data.len;
	if ((to->data = malloc(to->len + 1)) == NULL) {
		list->nomem = true;
		return;
	}
	if (to->len != 0)
		memcpy(to->data, f->data.p, to->len);
	list->n++;
}

static void
keep_then(void *ctx, const struct frame *f)
{
	struct replay_conn *conn = ctx;

	replay_keep(&conn->then, f);
}

static void
keep_now(void *ctx, const struct frame *f)
{
	struct replay_conn *conn = ctx;

	replay_keep(&conn->now, f);
}

static void
keep_none(void *ctx, const struct frame *f)
{
	(void)ctx;
	(void)f;
}

static struct replay_conn *
new_conn(struct recording *r, const struct endpoint *client,
    const struct endpoint *server)
{
	struct replay_conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL) {
		r->nomem = true;
		return (NULL);
	}
	conn->client = *client;
	conn->server = *server;
	conn->fd = -1;
	*r->tail = conn;
	r->tail = &conn->next;
	return (conn);
}

static struct replay_conn *
conn_of(struct recording *r, struct reader_conn *c)
{
	struct replay_conn *conn = c->own;

	if (conn != NULL)
		return (conn);
	conn = new_conn(r, &c->client, &c->server);
	if (conn == NULL)
		return (NULL);
	conn->number = (unsigned)c->number;
	conn->tap_then.on_frame = keep_then;
	conn->tap_now.on_frame = keep_now;
	conn->tap_sent.on_frame = keep_none;
	conn->tap_then.ctx = conn->tap_now.ctx = conn;
	conn->tap_sent.auth = true;
	c->own = conn;
	return (conn);
}

static void
add(struct recording *r, struct replay_conn *conn, enum replay_kind kind,
    struct atls_bytes b)
{
	struct replay_event *e;

	if (conn == NULL)
		return;
	if ((r->nevents & (r->nevents + 1)) == 0) {
		e = realloc(
		    r->events, (2 * r->nevents + 2) * sizeof(*r->events));
		if (e == NULL) {
			r->nomem = true;
			return;
		}
		r->events = e;
	}
	e = &r->events[r->nevents];
	*e = (struct replay_event){ kind, conn, NULL, b.len };
	if (b.len != 0 && (e->p = malloc(b.len)) == NULL) {
		r->nomem = true;
		return;
	}
	if (b.len != 0)
		memcpy(e->p, b.p, b.len);
	r->nevents++;
}

static const struct atls_bytes nothing;

uint32_t
replay_sum(uint32_t sum, const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		sum = (sum ^ p[i]) * 0x01000193;
	return (sum);
}

/* Bytes of any connection: of those without TLS these are all there is. */
static void
on_bytes(void *ctx, struct reader_conn *c, int dir, struct atls_bytes b)
{
	struct recording *r = ctx;
	struct replay_conn *conn = conn_of(r, c);

	if (conn == NULL)
		return;
	if (!conn->known) {
		conn->known = true;
		conn->tls = dir == VIEW_CLIENT && view_is_client_hello(b);
		add(r, conn, REPLAY_OPEN, nothing);
		r->nsessions += conn->tls;
	}
	if (conn->tls)
		return;
	if (dir == VIEW_CLIENT) {
		conn->bytes_then += b.len;
		conn->sum_then = replay_sum(conn->sum_then, b.p, b.len);
	}
	add(r, conn, dir == VIEW_CLIENT ? REPLAY_CAME : REPLAY_SENT, b);
}

static bool
same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
	return (memcmp(a, b, sizeof(*a)) == 0);
}

static struct replay_conn *
find_udp(const struct recording *r, const struct endpoint *target,
    const struct endpoint *ours)
{
	struct replay_conn *conn;

	for (conn = r->conns; conn != NULL; conn = conn->next)
		if (conn->udp && same_endpoint(&conn->client, target) &&
		    (ours == NULL || same_endpoint(&conn->server, ours)))
			return (conn);
	return (NULL);
}

/* The target speaks first: a socket that has not is ours. */
static void
on_datagram(void *ctx, const struct segment *d)
{
	struct recording *r = ctx;
	bool sent = find_udp(r, &d->to, NULL) != NULL;
	const struct endpoint *target = sent ? &d->to : &d->from;
	const struct endpoint *ours = sent ? &d->from : &d->to;
	struct replay_conn *conn = find_udp(r, target, ours);

	if (conn == NULL) {
		conn = new_conn(r, target, ours);
		if (conn == NULL)
			return;
		conn->udp = conn->known = true;
		conn->number = ++r->nudp;
	}
	if (!sent) {
		conn->bytes_then += d->payload.len;
		conn->sum_then =
		    replay_sum(conn->sum_then, d->payload.p, d->payload.len);
		conn->datagrams_then++;
	}
	add(r, conn, sent ? REPLAY_SENT : REPLAY_CAME, d->payload);
}

static void
on_record(void *ctx, struct reader_conn *c, const struct view_record *rec)
{
	struct recording *r = ctx;
	struct replay_conn *conn = conn_of(r, c);

	if (conn == NULL || !rec->opened)
		return;
	if (rec->type == VIEW_DATA)
		add(r, conn,
		    rec->dir == VIEW_CLIENT ? REPLAY_SENT : REPLAY_CAME,
		    rec->plain);
	else if (rec->type == VIEW_ALERT && rec->dir == VIEW_CLIENT &&
	    rec->plain.len == 2 && rec->plain.p[1] == 0)
		add(r, conn, REPLAY_SENT_NOTIFY, nothing);
	else if (rec->type == VIEW_ALERT && rec->dir == VIEW_SERVER)
		add(r, conn, REPLAY_CAME_END, nothing);
}

static void
on_trouble(
    void *ctx, struct reader_conn *c, enum view_trouble what, const char *text)
{
	struct recording *r = ctx;
	struct replay_conn *conn = conn_of(r, c);

	if (conn == NULL || !conn->tls || what == VIEW_FINE)
		return;
	snprintf(conn->trouble, sizeof(conn->trouble), "%s", text);
}

static void
on_gap(void *ctx, struct reader_conn *c, int dir, uint64_t len)
{
	struct replay_conn *conn = conn_of(ctx, c);

	if (conn != NULL && conn->trouble[0] == '\0')
		snprintf(conn->trouble, sizeof(conn->trouble),
		    "%llu bytes of the %s are missing", (unsigned long long)len,
		    dir == VIEW_CLIENT ? "client" : "server");
}

/* Ours is the client of a session, and the server of an origin. */
static bool
is_ours(const struct replay_conn *conn, int dir)
{
	return ((dir == VIEW_CLIENT) == conn->tls);
}

static void
on_fin(void *ctx, struct reader_conn *c, int dir)
{
	struct replay_conn *conn = conn_of(ctx, c);

	if (conn != NULL && conn->known)
		add(ctx, conn,
		    is_ours(conn, dir) ? REPLAY_SENT_FIN : REPLAY_CAME_END,
		    nothing);
}

static void
on_ended(void *ctx, struct reader_conn *c)
{
	struct replay_conn *conn = conn_of(ctx, c);

	if (conn == NULL || !conn->known)
		return;
	if (c->view != NULL)
		view_protocol(c->view, conn->protocol, sizeof(conn->protocol));
	if (c->end == READER_RST && c->closed_by >= 0)
		add(ctx, conn,
		    is_ours(conn, c->closed_by) ? REPLAY_SENT_RST
						: REPLAY_CAME_END,
		    nothing);
}

/* The first comment of the first section, in either byte order; malloc'ed. */
static char *
read_comment(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t head[24], option[4];
	char *text = NULL;
	uint32_t magic;
	uint16_t code, len;

	if (f == NULL)
		return (NULL);
	if (fread(head, 1, sizeof(head), f) != sizeof(head))
		goto out;
	memcpy(&magic, head, 4);
	if (magic != SECTION)
		goto out;
	memcpy(&magic, head + 8, 4);
	while (fread(option, 1, 4, f) == 4) {
		memcpy(&code, option, 2);
		memcpy(&len, option + 2, 2);
		if (magic != 0x1a2b3c4d) {
			code = (uint16_t)(code << 8 | code >> 8);
			len = (uint16_t)(len << 8 | len >> 8);
		}
		if (code == 0)
			break;
		if (code != OPT_COMMENT) {
			if (fseek(f, (len + 3) & ~3, SEEK_CUR) != 0)
				break;
			continue;
		}
		if ((text = calloc(1, (size_t)len + 1)) != NULL &&
		    fread(text, 1, len, f) != len)
			text[0] = '\0';
		break;
	}
out:
	fclose(f);
	return (text);
}

const char *
recording_note(const struct recording *r, const char *name)
{
	const char *line = r->comment;
	size_t len = strlen(name);

	for (; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) == 0 && line[len] == ' ')
			return (line + len + strspn(line + len, " "));
	}
	return (NULL);
}

static void
mark_other_auth(struct recording *r)
{
	const char *ports = recording_note(r, "other-auth");
	struct replay_conn *conn;
	char *end;
	long port;

	for (; ports != NULL && *ports >= '0' && *ports <= '9';
	     ports = end + strspn(end, " ")) {
		port = strtol(ports, &end, 10);
		for (conn = r->conns; conn != NULL; conn = conn->next)
			if (conn->tls && conn->client.port == port)
				conn->other_auth = true;
	}
}

static int
check(struct recording *r, const char *path, struct complaint *c)
{
	const char *role = recording_note(r, "role");
	const struct replay_conn *conn;

	if (role != NULL && strncmp(role, "client", 6) == 0)
		return (complain(c, EXIT_USAGE,
		    "%s is the recording of a client under test; what can be "
		    "replayed are recordings of servers",
		    path));
	if (r->nsessions == 0)
		return (complain(c, EXIT_USAGE,
		    "%s has no TLS session that begins in it", path));
	for (conn = r->conns; conn != NULL; conn = conn->next)
		if (conn->tls && conn->trouble[0] != '\0')
			return (complain(c, EXIT_USAGE,
			    "%s: connection %u cannot be read: %s", path,
			    conn->number, conn->trouble));
	return (0);
}

int
recording_read(struct recording *r, const char *path, const char *keylog,
    struct complaint *c)
{
	const struct reader_events events = { .record = on_record,
		.trouble = on_trouble,
		.gap = on_gap,
		.fin = on_fin,
		.ended = on_ended,
		.bytes = on_bytes,
		.datagram = on_datagram };
	struct reader_config cfg = {
		.path = path, .events = &events, .ctx = r
	};
	struct reader_result res;
	int rc;

	memset(r, 0, sizeof(*r));
	memset(&res, 0, sizeof(res));
	r->tail = &r->conns;
	if ((cfg.keys = keylog_new()) == NULL)
		return (complain(c, EXIT_SUITE, "out of memory"));
	if (keylog != NULL && keylog_add_file(cfg.keys, keylog) != 0) {
		keylog_free(cfg.keys);
		return (complain(c, EXIT_USAGE,
		    "--keylog: %s cannot be read, or has no TLS secrets",
		    keylog));
	}
	rc = reader_run(&cfg, &res);
	keylog_free(cfg.keys);
	r->others = res.others;
	if (rc == ATLS_E_NOMEM || r->nomem)
		return (complain(c, EXIT_SUITE, "out of memory"));
	if (rc != 0)
		return (complain(c, EXIT_USAGE, "%s", res.error));
	r->comment = read_comment(path);
	mark_other_auth(r);
	return (check(r, path, c));
}

static void
free_frames(struct replay_frames *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->v[i].data);
	free(list->v);
}

void
recording_free(struct recording *r)
{
	struct replay_conn *conn;
	size_t i;

	while ((conn = r->conns) != NULL) {
		r->conns = conn->next;
		free_frames(&conn->then);
		free_frames(&conn->now);
		tap_free(&conn->tap_then);
		tap_free(&conn->tap_now);
		tap_free(&conn->tap_sent);
		tls_conn_free(conn->session);
		tls_buf_free(&conn->out);
		free(conn->tallies);
		free(conn);
	}
	for (i = 0; i < r->nevents; i++)
		free(r->events[i].p);
	free(r->events);
	free(r->comment);
	memset(r, 0, sizeof(*r));
}
