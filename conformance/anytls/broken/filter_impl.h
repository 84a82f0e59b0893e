/* Inside of filter.c, match.c and act.c: the state of a sabotaged connection.
 */
#ifndef BROKEN_FILTER_IMPL_H
#define BROKEN_FILTER_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/anytls/broken/filter.h"
#include "ref/wire/addr.h"
#include "ref/wire/auth.h"
#include "ref/wire/frame.h"

/* Enough for an address and the request of UDP behind it. */
#define STREAM_HEAD (2 * ATLS_ADDR_MAX + 1)

/* Bytes that grow; free P at the end. */
struct bytebuf {
	uint8_t *p;
	size_t len, cap;
};

/* What has been seen of a stream id. */
struct seen {
	struct seen *next;
	uint32_t sid;
	bool running, closed, acked, refused;
	unsigned npsh[2];
	uint64_t sent[2];
	uint8_t head[STREAM_HEAD]; /* first bytes of the client */
	size_t nhead;
	enum atls_addr_type type; /* 0: the address is not complete */
	size_t addr_len;
	bool uot;
	int flag; /* isConnect; -1: not yet */
};

/* What a rule looks at and changes: a frame, or what else an event has. */
struct item {
	enum event event;
	enum side side;
	uint8_t cmd;
	uint32_t sid;
	struct bytebuf data;
	int64_t said; /* length in the header; -1: that of DATA */
	unsigned nth, records, reads;
	unsigned record; /* of its side, from 0 */
	uint64_t from;   /* where it began, in bytes of frames of its side */
	size_t size;     /* of the whole frame, as it came */
	/* Of its stream, before it; the address with it. See rules.h. */
	struct seen was;
	bool used, lower, addr, tail;
	enum ending ending;
	bool wrong, is_short, partial;
	/* What becomes of it. */
	bool drop, twice, pass, lose, fix, retry, await;
	bool merge, join, cut;
	size_t fill; /* 0: none */
	uint32_t delay_ms;
	int behind; /* the command that goes before it, or BEHIND_NONE */
	size_t split, pieces;
	struct bytebuf after; /* goes behind it */
};

#define BEHIND_NONE (-3)

/* Bytes, or something else, that wait for their time. */
struct pending {
	struct pending *next;
	uint64_t at_ms;
	struct filter_out out;
	uint8_t *bytes; /* owned */
};

/* A frame held back until another has passed. */
struct held {
	struct held *next;
	int cmd; /* COMMAND_ANY: the next of this side */
	uint32_t sid;
	struct bytebuf bytes;
};

enum phase {
	PHASE_AUTH,
	PHASE_FRAMES,
	PHASE_RAW
};

/* One direction. */
struct way {
	struct atls_splitter splitter;
	struct bytebuf frame; /* data of the frame that is not complete */
	struct atls_frame head;
	unsigned records, reads;  /* that the frame has taken so far */
	unsigned nrecords, began; /* records so far; that of the frame */
	uint64_t pos, end;        /* bytes of whole frames, and of all */
	struct bytebuf borders; /* uint64_t each: ends of records behind POS */
	bool joined;            /* the record being made goes on */
	bool ended, muted;
	bool waits;            /* for the other side */
	uint64_t stall_ms;     /* nothing leaves before; 0: at once */
	uint32_t gather_ms;    /* 0: each record leaves at once */
	uint64_t gather_at_ms; /* when what is gathered leaves; 0: nothing */
	struct held *held;
	struct bytebuf out; /* the record being made */
};

struct filter {
	struct filter_config cfg;
	unsigned count[RULES_MAX];
	uint64_t now_ms;
	enum phase phase;
	struct atls_auth_reader auth;
	struct bytebuf held_auth; /* what has come of it, if rules ask */
	unsigned auth_records, auth_reads;
	int64_t version; /* of the client; -1 before Settings */
	unsigned opened, open;
	bool marked, fixed;
	uint32_t last_sid;
	uint64_t made_ms;
	uint32_t idle_ms; /* 0: silence ends nothing */
	uint64_t idle_at_ms;
	struct way way[2];
	struct seen *seen;
	struct pending *pending;
	struct pending *given; /* what filter_next() lent out */
};

/* Zeroed memory; aborts with a sentence when there is none. */
void *filter_alloc(size_t len);
void bytebuf_add(struct bytebuf *b, const void *p, size_t len);
void bytebuf_free(struct bytebuf *b);

/* match.c */
bool match_rule(struct filter *f, size_t i, const struct item *it);
/* Fills the fields of IT that depend on its stream, then notes what IT does. */
void match_note(struct filter *f, struct item *it);

/* act.c: what the actions of a rule mean. */
void act_rule(struct filter *f, const struct rule *r, struct item *it);
/* Settings IT: schemes by the md5 that they came with. */
void act_untell(const struct filter *f, struct item *it);

/* emit.c: the way out. */

/* Sends IT where its fields say and frees what it owns. */
void emit_item(struct filter *f, struct item *it);
/* Bytes to a side, behind what is in the record being made. */
void emit_bytes(struct filter *f, enum side to, struct atls_bytes b);
/* Writes a frame with LEN data bytes at P (NULL: zeros), and SAID as length. */
void emit_frame(
    struct bytebuf *b, struct atls_frame head, const uint8_t *p, size_t len);
/* Ends the record being made for TO, unless what TO gets is gathered. */
void emit_flush(struct filter *f, enum side to);
void emit_flush_now(struct filter *f, enum side to);
/* Whether records of SIDE are kept as they came. */
bool emit_keeps(const struct filter *f, enum side side);
/* Notes that a record ends at W->end, and what is passed at W->pos. */
void emit_border(struct way *w);
void emit_forget_borders(struct way *w);
/* Something else, in MS milliseconds. */
void emit_deed(struct filter *f, enum deed deed, enum side to, uint32_t ms);
/* What is held back goes out: the side has ended. */
void emit_release(struct filter *f, enum side side);

#endif
