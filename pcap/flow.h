/*
 * A TCP connection put together from its segments: loss, reordering, overlap,
 * retransmission, keepalives, sequence numbers that wrap, and a capture that
 * begins in the middle. Where bytes overlap the first copy counts.
 *
 * A hole is waited for until the other side has acknowledged what is in it:
 * then the receiver has the bytes, and the capture alone lost them. Some
 * packets more are allowed, because captures reorder too. For the same reason
 * data comes out only when all that its sender had acknowledged before has come
 * out of the other direction: an answer never precedes its question.
 */
#ifndef PCAP_FLOW_H
#define PCAP_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pcap/mark.h"
#include "pcap/packet.h"
#include "ref/wire/bytes.h"

/* Bytes, and segments, that a direction holds at most; with more its first
 * hole is given up. */
#define FLOW_HELD (2u << 20)
#define FLOW_CHUNKS 4096
/* Packets of the connection that a hole is waited for once acknowledged. */
#define FLOW_PATIENCE 32

/* What comes out, by direction (0 or 1). Data is valid in the call. */
struct flow_sink {
	void (*data)(
	    void *ctx, int dir, struct atls_bytes data, struct mark at);
	/* LEN bytes are in no packet of the capture. */
	void (*gap)(void *ctx, int dir, uint64_t len, struct mark at);
	/* The sender has closed its side; all before it has come out. */
	void (*fin)(void *ctx, int dir, struct mark at);
	void *ctx;
};

struct flow_chunk;

struct flow_side {
	bool started;
	bool has_fin, ended;
	bool any_ack;
	uint16_t nchunks;
	uint32_t next;    /* number of the byte to come out next */
	uint32_t fin;     /* of the byte behind the last */
	uint32_t fin_ack; /* what the FIN acknowledged */
	uint32_t acked;   /* by the other side */
	uint32_t held;
	struct flow_chunk *chunks, *last; /* sorted, apart */
};

struct flow_counts {
	uint32_t repeated;  /* segments without anything new */
	uint32_t reordered; /* that came before one they follow */
	uint32_t conflicts; /* that repeat bytes with another content */
	uint32_t cut;       /* of which the capture has a part alone */
};

/* Start with all zero; free with flow_free(). COUNTS may be read. */
struct flow {
	struct flow_side side[2];
	uint8_t patience;
	struct flow_counts counts;
};

/* Takes a segment of direction DIR. 0, or ATLS_E_NOMEM. */
int flow_segment(struct flow *f, int dir, const struct segment *s,
    struct mark at, const struct flow_sink *to);

/* No more will come: what is held comes out, behind its gaps. */
void flow_finish(struct flow *f, struct mark at, const struct flow_sink *to);

/* Both sides are closed, and all has come out. */
bool flow_ended(const struct flow *f);

/* Frees what is held. */
void flow_free(struct flow *f);

#endif
