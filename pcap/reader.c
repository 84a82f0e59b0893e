/* From packets to connections to records. */
#include "pcap/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/ahead.h"
#include "pcap/table.h"
#include "ref/wire/err.h"

/* Packets between two calls of progress(). */
#define PROGRESS 16384

struct reader {
	const struct reader_config *cfg;
	const struct reader_events *ev;
	struct reader_result *res;
	struct ahead *packets;
	struct table table;
	struct view_shared shared;
	struct flow_sink sink;
	int error; /* of a callback: out of memory */
};

const char *
reader_end_text(enum reader_end end)
{
	static const char *const texts[] = { "by FIN", "by RST",
		"with the capture", "for others, which were too many",
		"when its ports began another connection" };

	return (texts[end]);
}

/* The direction DIR of the table, as a VIEW_... one, or back. */
static int
turn(const struct slot *slot, int dir)
{
	return (slot->swapped ? !dir : dir);
}

static void
on_hello(void *ctx)
{
	struct slot *slot = ctx;
	struct reader *r = slot->owner;

	if (r->ev->hello != NULL)
		r->ev->hello(r->cfg->ctx, &slot->conn);
}

static void
on_record(void *ctx, const struct view_record *rec)
{
	struct slot *slot = ctx;
	struct reader *r = slot->owner;

	if (r->ev->record != NULL)
		r->ev->record(r->cfg->ctx, &slot->conn, rec);
}

static void
on_trouble(void *ctx, enum view_trouble what, const char *text, struct mark at)
{
	struct slot *slot = ctx;
	struct reader *r = slot->owner;

	(void)at;
	if (what >= VIEW_NOT_TLS)
		slot->ignored = true;
	if (r->ev->trouble != NULL)
		r->ev->trouble(r->cfg->ctx, &slot->conn, what, text);
}

static void
on_gap(void *ctx, int dir, uint64_t len, struct mark at)
{
	struct slot *slot = ctx;
	struct reader *r = slot->owner;

	slot->conn.last = at;
	slot->conn.lost += len;
	if (slot->ignored)
		return;
	slot->ignored = true;
	if (r->ev->gap != NULL)
		r->ev->gap(r->cfg->ctx, &slot->conn, turn(slot, dir), len);
}

static void
on_fin(void *ctx, int dir, struct mark at)
{
	struct slot *slot = ctx;
	struct reader *r = slot->owner;

	slot->conn.last = at;
	if (slot->conn.closed_by < 0)
		slot->conn.closed_by = turn(slot, dir);
	if (!slot->ignored && r->ev->fin != NULL)
		r->ev->fin(r->cfg->ctx, &slot->conn, turn(slot, dir));
}

static bool
begin_view(struct slot *slot)
{
	struct reader *r = slot->owner;
	struct view_sink to = { on_hello, on_record, on_trouble, slot };

	slot->view = view_new(&r->shared, &to);
	slot->conn.view = slot->view;
	return (slot->view != NULL);
}

static void
on_data(void *ctx, int dir, struct atls_bytes data, struct mark at)
{
	struct slot *slot = ctx;
	struct reader *r = slot->owner;

	slot->conn.last = at;
	if (slot->view == NULL && !slot->ignored && !begin_view(slot)) {
		r->error = ATLS_E_NOMEM;
		return;
	}
	slot->conn.bytes[turn(slot, dir)] += data.len;
	if (slot->ignored)
		return;
	if (r->ev->bytes != NULL)
		r->ev->bytes(r->cfg->ctx, &slot->conn, turn(slot, dir), data);
	if (view_data(slot->view, turn(slot, dir), data, at) != 0)
		r->error = ATLS_E_NOMEM;
}

/* The events of a connection are over. */
static void
end(struct reader *r, struct slot *slot, enum reader_end how, struct mark at)
{
	r->sink.ctx = slot;
	flow_finish(&slot->flow, at, &r->sink);
	slot->conn.end = how;
	r->ev->ended(r->cfg->ctx, &slot->conn);
	flow_free(&slot->flow);
	view_free(slot->view);
	slot->view = NULL;
	table_retire(&r->table, slot);
	if (r->table.n[true] > READER_OPEN)
		table_remove(&r->table, r->table.oldest[true]);
}

static void
init_conn(struct reader *r, struct slot *slot, const struct segment *s,
    struct mark at)
{
	bool syn = (s->flags & PACKET_SYN) != 0;

	slot->owner = r;
	slot->swapped = syn && (s->flags & PACKET_ACK) != 0;
	slot->conn = (struct reader_conn){ .number = ++r->res->conns,
		.client = slot->swapped ? s->to : s->from,
		.server = slot->swapped ? s->from : s->to,
		.from_start = syn,
		.first = at,
		.closed_by = -1,
		.flow = &slot->flow };
	if (r->ev->skip != NULL && r->ev->skip(r->cfg->ctx, &slot->conn))
		slot->ignored = true;
}

/* What begins a connection: a SYN, or data of one whose begin is missing. Who
 * sends that is taken for the client; with a ClientHello it is. */
static struct slot *
open_slot(struct reader *r, const struct segment *s, struct mark at)
{
	struct slot *slot;

	if (!(s->flags & PACKET_SYN) && s->payload.len == 0)
		return (NULL);
	if (r->table.n[false] >= READER_OPEN)
		end(r, r->table.oldest[false], READER_LIMIT, at);
	slot = table_add(&r->table, s);
	if (slot == NULL) {
		r->error = ATLS_E_NOMEM;
		return (NULL);
	}
	init_conn(r, slot, s, at);
	return (slot);
}

/* S is a SYN with another number than the one before: a connection that has
 * the same addresses. */
static bool
begins_anew(const struct slot *slot, int dir, const struct segment *s)
{
	if (!(s->flags & PACKET_SYN))
		return (false);
	if (slot->has_isn[dir])
		return (slot->isn[dir] != s->seq);
	return (slot->ended || !slot->conn.from_start);
}

static struct slot *
slot_of(struct reader *r, const struct segment *s, struct mark at, int *dir)
{
	struct slot *slot = table_find(&r->table, s, dir);

	if (slot != NULL && begins_anew(slot, *dir, s)) {
		if (!slot->ended)
			end(r, slot, READER_REUSED, at);
		table_remove(&r->table, slot);
		slot = NULL;
	}
	if (slot == NULL) {
		*dir = 0;
		slot = open_slot(r, s, at);
	}
	return (slot == NULL || slot->ended ? NULL : slot);
}

static void
take(struct reader *r, const struct segment *s, struct mark at)
{
	int dir;
	struct slot *slot = slot_of(r, s, at, &dir);

	if (slot == NULL)
		return;
	table_touch(&r->table, slot);
	if (s->flags & PACKET_SYN) {
		slot->isn[dir] = s->seq;
		slot->has_isn[dir] = true;
	}
	r->sink.ctx = slot;
	slot->conn.last = at;
	if (flow_segment(&slot->flow, dir, s, at, &r->sink) != 0)
		r->error = ATLS_E_NOMEM;
	if (s->flags & PACKET_RST) {
		if (slot->conn.closed_by < 0)
			slot->conn.closed_by = turn(slot, dir);
		end(r, slot, READER_RST, at);
	} else if (flow_ended(&slot->flow)) {
		end(r, slot, READER_FIN, at);
	}
}

static void
count(struct reader_result *res, enum packet_kind kind)
{
	if (kind == PACKET_FRAGMENT)
		res->fragments++;
	else if (kind == PACKET_SHORT)
		res->shorts++;
	else
		res->others++;
}

/* True: stop. */
static bool
show_progress(struct reader *r)
{
	uint64_t done, size;

	if (r->ev->progress == NULL || r->res->packets % PROGRESS != 0)
		return (false);
	ahead_progress(r->packets, &done, &size);
	r->res->stopped = r->ev->progress(r->cfg->ctx, done, size);
	return (r->res->stopped);
}

static int
read_packets(struct reader *r)
{
	struct ahead_packet p;
	int rc = 1;

	while (r->error == 0 &&
	    (rc = ahead_next(r->packets, &p, r->res->error)) == 1) {
		r->res->packets++;
		r->res->last = p.at;
		if (p.kind == PACKET_TCP)
			take(r, &p.segment, p.at);
		else if (p.kind == PACKET_UDP && r->ev->datagram != NULL)
			r->ev->datagram(r->cfg->ctx, &p.segment);
		else
			count(r->res, p.kind);
		if (show_progress(r))
			return (0);
	}
	if (r->error != 0)
		return (r->error);
	return (rc < 0 ? ATLS_E_IO : 0);
}

static void
close_all(struct reader *r)
{
	int list;

	while (r->table.oldest[false] != NULL)
		end(r, r->table.oldest[false], READER_FILE, r->res->last);
	for (list = 0; list < 2; list++)
		while (r->table.oldest[list] != NULL)
			table_remove(&r->table, r->table.oldest[list]);
}

int
reader_run(const struct reader_config *cfg, struct reader_result *res)
{
	struct reader r = { .cfg = cfg, .ev = cfg->events, .res = res };
	struct capture_file *file;
	int rc;

	memset(res, 0, sizeof(*res));
	file = file_open(cfg->path, cfg->keys, res->error);
	if (file == NULL)
		return (ATLS_E_IO);
	r.packets = ahead_new(file);
	r.sink = (struct flow_sink){ on_data, on_gap, on_fin, NULL };
	r.shared.keys = cfg->keys;
	r.shared.lib = aead_lib_new();
	r.shared.plain = malloc(VIEW_PLAIN);
	rc = table_init(&r.table);
	if (r.packets == NULL || r.shared.lib == NULL || r.shared.plain == NULL)
		rc = ATLS_E_NOMEM;
	if (rc == 0) {
		rc = read_packets(&r);
		close_all(&r);
	}
	table_free(&r.table);
	free(r.shared.plain);
	free(r.shared.spare);
	aead_lib_free(r.shared.lib);
	ahead_free(r.packets);
	file_close(file);
	return (rc);
}
