/* TCP reassembly. */
#include "pcap/flow.h"

#include <stdlib.h>

#include "ref/wire/err.h"

/* Numbers further away than this are not of this connection. */
#define FAR (1 << 30)

/* Bytes that came early. */
struct flow_chunk {
	struct flow_chunk *next;
	uint32_t seq;
	uint32_t len;
	uint32_t ack;
	bool has_ack;
	uint8_t data[];
};

/* A segment's data on its way into a list. */
struct piece {
	uint32_t seq;
	uint32_t ack;
	bool has_ack;
	struct atls_bytes data;
};

/* A minus B, for numbers that wrap. */
static int32_t
apart(uint32_t a, uint32_t b)
{
	return ((int32_t)(a - b));
}

/* All that ACK acknowledges has come out of SIDE. */
static bool
caught_up(const struct flow_side *side, bool has_ack, uint32_t ack)
{
	uint32_t next = side->next;

	if (side->has_fin && next == side->fin)
		next++;
	return (!has_ack || !side->started || apart(ack, next) <= 0);
}

static void
deliver(struct flow *f, int dir, struct atls_bytes data, struct mark at,
    const struct flow_sink *to)
{
	f->side[dir].next += (uint32_t)data.len;
	to->data(to->ctx, dir, data, at);
}

/* Brings out the chunks of DIR that may come out. True when any did. */
static bool
drain(struct flow *f, int dir, struct mark at, const struct flow_sink *to)
{
	struct flow_side *side = &f->side[dir];
	const struct flow_side *other = &f->side[!dir];
	struct flow_chunk *c;
	bool any = false;
	uint32_t over;

	while ((c = side->chunks) != NULL && apart(c->seq, side->next) <= 0 &&
	    caught_up(other, c->has_ack, c->ack)) {
		side->chunks = c->next;
		if (c->next == NULL)
			side->last = NULL;
		side->nchunks--;
		side->held -= c->len;
		over = side->next - c->seq;
		if (over < c->len)
			deliver(f, dir,
			    atls_bytes(c->data + over, c->len - over), at, to);
		free(c);
		any = true;
	}
	if (side->has_fin && !side->ended && side->chunks == NULL &&
	    apart(side->next, side->fin) >= 0 &&
	    caught_up(other, true, side->fin_ack)) {
		side->ended = true;
		to->fin(to->ctx, dir, at);
		any = true;
	}
	return (any);
}

static void
drain_both(struct flow *f, struct mark at, const struct flow_sink *to)
{
	bool any;

	do {
		any = drain(f, 0, at, to);
		any = drain(f, 1, at, to) || any;
	} while (any);
}

/* Compares what of P, which begins in chunk C, repeats it. */
static void
compare(struct flow *f, const struct flow_chunk *c, const struct piece *p)
{
	size_t in = p->seq - c->seq;
	size_t n = c->len - in < p->data.len ? c->len - in : p->data.len;

	if (memcmp(p->data.p, c->data + in, n) != 0)
		f->counts.conflicts++;
}

/* Puts the first N bytes of P into the list at *AT. */
static int
insert(struct flow_side *side, struct flow_chunk **at, const struct piece *p,
    size_t n)
{
	struct flow_chunk *c = malloc(sizeof(*c) + n);

	if (c == NULL)
		return (ATLS_E_NOMEM);
	c->seq = p->seq;
	c->len = (uint32_t)n;
	c->ack = p->ack;
	c->has_ack = p->has_ack;
	memcpy(c->data, p->data.p, n);
	c->next = *at;
	*at = c;
	if (c->next == NULL)
		side->last = c;
	side->nchunks++;
	side->held += c->len;
	return (0);
}

/* Puts what of P no chunk has between the chunks. */
static int
weave(struct flow *f, struct flow_side *side, struct piece p)
{
	struct flow_chunk **at = &side->chunks;
	struct flow_chunk *c;
	size_t n;
	int rc;

	while ((c = *at) != NULL && p.data.len != 0) {
		if (apart(p.seq, c->seq + c->len) >= 0) {
			at = &c->next;
			continue;
		}
		if (apart(p.seq, c->seq) < 0) {
			n = c->seq - p.seq;
			n = n < p.data.len ? n : p.data.len;
			rc = insert(side, at, &p, n);
			if (rc != 0)
				return (rc);
			at = &(*at)->next;
		} else {
			compare(f, c, &p);
			n = c->seq + c->len - p.seq;
			n = n < p.data.len ? n : p.data.len;
			at = &c->next;
		}
		atls_bytes_skip(&p.data, n);
		p.seq += (uint32_t)n;
	}
	return (p.data.len != 0 ? insert(side, at, &p, p.data.len) : 0);
}

static int
hold(struct flow *f, struct flow_side *side, struct piece p)
{
	if (side->last == NULL)
		return (insert(side, &side->chunks, &p, p.data.len));
	if (apart(p.seq, side->last->seq + side->last->len) >= 0)
		return (insert(side, &side->last->next, &p, p.data.len));
	f->counts.reordered++;
	return (weave(f, side, p));
}

static int
take(struct flow *f, int dir, struct piece p, struct mark at,
    const struct flow_sink *to)
{
	struct flow_side *side = &f->side[dir];
	int32_t ahead = apart(p.seq, side->next);

	if (ahead > FAR || ahead < -FAR)
		return (0);
	if (ahead < 0) {
		if ((uint32_t)-ahead >= p.data.len) {
			f->counts.repeated++;
			return (0);
		}
		atls_bytes_skip(&p.data, (size_t)-ahead);
		p.seq = side->next;
	}
	if (p.seq != side->next || side->chunks != NULL ||
	    !caught_up(&f->side[!dir], p.has_ack, p.ack))
		return (hold(f, side, p));
	deliver(f, dir, p.data, at, to);
	return (0);
}

/* The first hole is given up. */
static void
give_up(struct flow *f, struct mark at, const struct flow_sink *to)
{
	struct flow_side *side;
	uint32_t to_seq, len;
	int dir;

	f->patience = 0;
	dir = f->side[0].chunks == NULL;
	side = &f->side[dir];
	if (side->chunks == NULL)
		return;
	to_seq = side->chunks->seq;
	/* It waits for what the other direction has lost. */
	if (apart(to_seq, side->next) <= 0) {
		to_seq = side->chunks->ack;
		dir = !dir;
		side = &f->side[dir];
	}
	len = to_seq - side->next;
	side->next = to_seq;
	/* What is acknowledged beyond a FIN was never sent. */
	if (!side->ended)
		to->gap(to->ctx, dir, len, at);
	drain_both(f, at, to);
}

/* SIDE waits for something that the capture may have lost. */
static bool
is_stuck(const struct flow_side *side)
{
	const struct flow_chunk *c = side->chunks;

	if (c == NULL)
		return (false);
	return (apart(c->seq, side->next) <= 0 ||
	    (side->any_ack && apart(side->acked, c->seq) >= 0));
}

static void
look_after(struct flow *f, struct mark at, const struct flow_sink *to)
{
	int i;

	drain_both(f, at, to);
	for (i = 0; i < 2; i++)
		if (f->side[i].held > FLOW_HELD ||
		    f->side[i].nchunks > FLOW_CHUNKS)
			give_up(f, at, to);
	if (!is_stuck(&f->side[0]) && !is_stuck(&f->side[1]))
		f->patience = 0;
	else if (++f->patience > FLOW_PATIENCE)
		give_up(f, at, to);
}

static void
take_ack(struct flow *f, int dir, const struct segment *s)
{
	struct flow_side *other = &f->side[!dir];

	if (!other->started) {
		other->started = true;
		other->next = s->ack;
	}
	if (!other->any_ack || apart(s->ack, other->acked) > 0)
		other->acked = s->ack;
	other->any_ack = true;
}

int
flow_segment(struct flow *f, int dir, const struct segment *s, struct mark at,
    const struct flow_sink *to)
{
	struct flow_side *side = &f->side[dir];
	struct piece p = { s->seq + ((s->flags & PACKET_SYN) != 0), s->ack,
		(s->flags & PACKET_ACK) != 0, s->payload };
	int rc = 0;

	if (!side->started) {
		side->started = true;
		side->next = p.seq;
	}
	if (p.has_ack)
		take_ack(f, dir, s);
	if (s->payload.len < s->len)
		f->counts.cut++;
	if (s->flags & PACKET_FIN && !side->has_fin) {
		side->has_fin = true;
		side->fin = p.seq + s->len;
		side->fin_ack = s->ack;
	}
	if (p.data.len != 0 && !side->ended)
		rc = take(f, dir, p, at, to);
	if (f->side[0].chunks != NULL || f->side[1].chunks != NULL ||
	    side->has_fin || f->side[!dir].has_fin)
		look_after(f, at, to);
	return (rc);
}

/* Acknowledged and in no packet: the capture lost the end. A FIN counts as one
 * byte. */
static void
finish_side(struct flow *f, int dir, struct mark at, const struct flow_sink *to)
{
	struct flow_side *side = &f->side[dir];
	uint32_t end = side->has_fin ? side->fin : side->acked - 1, len;

	if (!side->started || side->ended || (!side->has_fin && !side->any_ack))
		return;
	len = end - side->next;
	if (apart(end, side->next) > 0) {
		side->next = end;
		to->gap(to->ctx, dir, len, at);
	}
}

void
flow_finish(struct flow *f, struct mark at, const struct flow_sink *to)
{
	while (f->side[0].chunks != NULL || f->side[1].chunks != NULL)
		give_up(f, at, to);
	finish_side(f, 0, at, to);
	finish_side(f, 1, at, to);
	drain_both(f, at, to);
}

bool
flow_ended(const struct flow *f)
{
	return (f->side[0].ended && f->side[1].ended);
}

void
flow_free(struct flow *f)
{
	struct flow_chunk *c;
	int i;

	for (i = 0; i < 2; i++) {
		while ((c = f->side[i].chunks) != NULL) {
			f->side[i].chunks = c->next;
			free(c);
		}
		f->side[i].last = NULL;
		f->side[i].nchunks = 0;
		f->side[i].held = 0;
	}
}
