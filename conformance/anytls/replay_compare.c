/* What came then beside what came now, stream by stream: streams race, the
 * frames of one do not. */
#include <string.h>

#include "conformance/anytls/frames.h"
#include "conformance/anytls/replay_impl.h"
#include "conformance/engine/text.h"

/* How far a frame is looked for behind others that only came now. */
#define LOOK_AHEAD 8

static struct frame
value_of(const struct replay_frame *f)
{
	return (frame(f->cmd, f->sid, bytes(f->data, f->len)));
}

static bool
is_same(const struct replay_frame *a, const struct replay_frame *b)
{
	return (a->cmd == b->cmd && a->len == b->len &&
	    memcmp(a->data, b->data, a->len) == 0);
}

/* Waste is nobody's; PSH of a stream is one sequence of bytes, however cut. */
static bool
is_compared(const struct replay_frame *f)
{
	return (f->cmd != ATLS_CMD_WASTE && f->cmd != ATLS_CMD_PSH);
}

static void
print_frame(FILE *out, const char *mark, const struct replay_frame *f)
{
	char what[FRAMES_TEXT], quoted[96] = "";
	struct frame v = value_of(f);

	frames_describe(&v, what);
	if (f->len != 0 && strchr(what, '"') == NULL)
		frames_quote(f->data, f->len, quoted, sizeof(quoted));
	fprintf(out, "  %-9s ← ", mark);
	text_print(out, what);
	if (quoted[0] != '\0') {
		putc(' ', out);
		text_print(out, quoted);
	}
	putc('\n', out);
}

static void
differs(struct replay *r, const char *mark, const struct replay_frame *f)
{
	r->differences++;
	print_frame(r->out, mark, f);
}

/* The next frame of stream SID in LIST that is not matched, from *I on. */
static struct replay_frame *
next_of(struct replay_frames *list, uint32_t sid, size_t *i)
{
	for (; *i < list->n; (*i)++)
		if (list->v[*i].sid == sid && !list->v[*i].matched &&
		    is_compared(&list->v[*i]))
			return (&list->v[(*i)++]);
	return (NULL);
}

/* The frame of now that F of then is: the same, or else one of its command. */
static struct replay_frame *
match(struct replay_conn *conn, const struct replay_frame *f)
{
	struct replay_frame *now, *like = NULL;
	size_t i = 0, looked;

	for (looked = 0; looked < LOOK_AHEAD; looked++) {
		if ((now = next_of(&conn->now, f->sid, &i)) == NULL)
			break;
		if (is_same(now, f))
			return (now);
		if (like == NULL && now->cmd == f->cmd)
			like = now;
	}
	return (like);
}

/* The bytes of stream SID in LIST: how many, and a sum of them. */
static uint64_t
data_of(const struct replay_frames *list, uint32_t sid, uint64_t most,
    uint32_t *sum)
{
	uint64_t n = 0;
	size_t i, k;

	*sum = 0x811c9dc5;
	for (i = 0; i < list->n; i++) {
		if (list->v[i].cmd != ATLS_CMD_PSH || list->v[i].sid != sid)
			continue;
		for (k = 0; k < list->v[i].len; k++, n++)
			if (n < most)
				*sum = (*sum ^ list->v[i].data[k]) * 0x01000193;
	}
	return (n);
}

/* Where in the frames of now the recording ends: behind the last with data that
 * the recording has as well. */
static size_t
end_of_data(const struct replay_conn *conn)
{
	uint64_t had, before;
	size_t i, k, end = 0;
	uint32_t sum;

	for (i = 0; i < conn->now.n; i++) {
		const struct replay_frame *f = &conn->now.v[i];

		if (f->cmd != ATLS_CMD_PSH || f->len == 0)
			continue;
		had = data_of(&conn->then, f->sid, 0, &sum);
		for (before = 0, k = 0; k < i; k++)
			if (conn->now.v[k].cmd == ATLS_CMD_PSH &&
			    conn->now.v[k].sid == f->sid)
				before += conn->now.v[k].len;
		if (before < had)
			end = i + 1;
	}
	return (end);
}

static void
compare_frames(struct replay *r, struct replay_conn *conn)
{
	struct replay_frame *f, *now;
	size_t i, last = end_of_data(conn);

	for (i = 0; i < conn->then.n; i++) {
		f = &conn->then.v[i];
		if (!is_compared(f))
			continue;
		if ((now = match(conn, f)) == NULL) {
			differs(r, "missing", f);
			continue;
		}
		now->matched = true;
		if ((size_t)(now - conn->now.v) >= last)
			last = (size_t)(now - conn->now.v) + 1;
		if (is_same(now, f)) {
			print_frame(r->out, "same", f);
			continue;
		}
		differs(r, "then", f);
		print_frame(r->out, "now", now);
	}
	for (i = 0; i < conn->now.n; i++) {
		f = &conn->now.v[i];
		if (!is_compared(f) || f->matched)
			continue;
		/* Behind where the recording ends there may be anything. */
		if (i >= last && !conn->closed_then)
			print_frame(r->out, "later", f);
		else
			differs(r, "only now", f);
	}
}

static bool
is_first(const struct replay_frames *list, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (list->v[k].cmd == ATLS_CMD_PSH &&
		    list->v[k].sid == list->v[i].sid)
			return (false);
	return (true);
}

static void
compare_data(struct replay *r, struct replay_conn *conn)
{
	uint64_t then, now, least;
	uint32_t sid, sum_then, sum_now;
	size_t i;

	for (i = 0; i < conn->then.n; i++) {
		if (conn->then.v[i].cmd != ATLS_CMD_PSH ||
		    !is_first(&conn->then, i))
			continue;
		sid = conn->then.v[i].sid;
		then = data_of(&conn->then, sid, UINT64_MAX, &sum_then);
		now = data_of(&conn->now, sid, UINT64_MAX, &sum_now);
		least = then < now ? then : now;
		data_of(&conn->then, sid, least, &sum_then);
		data_of(&conn->now, sid, least, &sum_now);
		if (sum_then == sum_now && now >= then) {
			fprintf(r->out, "  %-9s ← PSH %u: %llu bytes\n", "same",
			    (unsigned)sid, (unsigned long long)then);
			continue;
		}
		r->differences++;
		fprintf(r->out,
		    "  %-9s ← PSH %u: %llu bytes then, %llu now%s\n", "differs",
		    (unsigned)sid, (unsigned long long)then,
		    (unsigned long long)now,
		    sum_then != sum_now ? ", and other ones" : "");
	}
	for (i = 0; i < conn->now.n; i++) {
		sid = conn->now.v[i].sid;
		if (conn->now.v[i].cmd != ATLS_CMD_PSH ||
		    !is_first(&conn->now, i) ||
		    data_of(&conn->then, sid, 0, &sum_then) != 0 ||
		    (now = data_of(&conn->now, sid, 0, &sum_now)) == 0)
			continue;
		r->differences += conn->closed_then;
		fprintf(r->out, "  %-9s ← PSH %u: %llu bytes\n",
		    conn->closed_then ? "only now" : "later", (unsigned)sid,
		    (unsigned long long)now);
	}
}

static void
compare_close(struct replay *r, const struct replay_conn *conn)
{
	const char *who = conn->tls ? "the target" : "the target's side";

	if (conn->closed_then == conn->closed_now) {
		if (conn->closed_then)
			fprintf(r->out, "  %-9s ← %s closes\n", "same", who);
		return;
	}
	r->differences++;
	fprintf(r->out, "  %-9s ← %s closed %s\n", "differs", who,
	    conn->closed_then ? "then, and does not now"
			      : "now, and did not then");
}

static void
compare_origin(struct replay *r, const struct replay_conn *conn)
{
	uint64_t then = conn->bytes_then, now = conn->bytes_now;

	if (!conn->opened) {
		r->differences++;
		fprintf(r->out, "  %-9s the target does not %s it now\n",
		    "missing", conn->udp ? "write to" : "dial");
		return;
	}
	if (conn->datagrams_then != conn->datagrams_now) {
		r->differences++;
		fprintf(r->out,
		    "  %-9s %u datagrams with %llu bytes arrived then, %u with "
		    "%llu now\n",
		    "differs", (unsigned)conn->datagrams_then,
		    (unsigned long long)then, (unsigned)conn->datagrams_now,
		    (unsigned long long)now);
		return;
	}
	if (then == now && conn->sum_then == conn->sum_now) {
		fprintf(r->out, "  %-9s %llu bytes arrive\n", "same",
		    (unsigned long long)then);
		return;
	}
	r->differences++;
	fprintf(r->out, "  %-9s %llu bytes arrived then, %llu now%s\n",
	    "differs", (unsigned long long)then, (unsigned long long)now,
	    then == now ? ", other ones" : "");
}

void
replay_compare(struct replay *r)
{
	char client[PACKET_ENDPOINT], server[PACKET_ENDPOINT];
	struct replay_conn *conn;

	for (conn = r->rec.conns; conn != NULL; conn = conn->next) {
		if (!conn->known)
			continue;
		packet_endpoint_text(&conn->client, client);
		packet_endpoint_text(&conn->server, server);
		fprintf(r->out, "%s %u  then %s to %s%s%s\n",
		    conn->tls       ? "session"
			: conn->udp ? "udp    "
				    : "origin ",
		    conn->number, client, server, conn->tls ? ", " : "",
		    conn->protocol);
		if (!conn->tls) {
			compare_origin(r, conn);
			continue;
		}
		compare_frames(r, conn);
		compare_data(r, conn);
		compare_close(r, conn);
	}
}
