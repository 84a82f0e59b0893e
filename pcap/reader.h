/*
 * Reads a capture from end to end: its TCP connections, the TLS in them, and
 * the records, in the order in which the receivers had them. Memory is bounded
 * by what is open at one time, not by the file.
 *
 *	struct reader_config cfg = { .path = file, .events = &events, ... };
 *	rc = reader_run(&cfg, &result);
 */
#ifndef PCAP_READER_H
#define PCAP_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "pcap/file.h"
#include "pcap/flow.h"
#include "pcap/keylog.h"
#include "pcap/mark.h"
#include "pcap/packet.h"
#include "pcap/view.h"

/* Connections that are followed at one time; the one that has been silent for
 * longest is given up for a new one. Besides, as many that have ended are
 * remembered, to know late packets of theirs. */
#define READER_OPEN 4096

enum reader_end {
	READER_FIN,   /* both sides closed */
	READER_RST,   /* reset */
	READER_FILE,  /* the capture ended first */
	READER_LIMIT, /* too many others were open */
	READER_REUSED /* its ports began another connection */
};

/* A TCP connection. OWN belongs to the caller. */
struct reader_conn {
	uint64_t number; /* in the order of first packets, from 1 */
	struct endpoint client, server;
	bool from_start; /* its SYN is in the capture */
	struct mark first, last;
	uint64_t bytes[2];   /* of data that came out, by VIEW_... direction */
	uint64_t lost;       /* bytes that the capture has not */
	enum reader_end end; /* valid in ENDED */
	int closed_by;       /* direction of the first FIN or RST; -1: none */
	const struct view *view; /* NULL before data */
	const struct flow *flow;
	void *own;
};

/* Any may be NULL but ENDED. Conn and what it points to are valid in the call;
 * the conn itself from the first event of a connection to its ENDED. */
struct reader_events {
	/* Bytes of DIR, as they come out: before anything is made of them. */
	void (*bytes)(
	    void *ctx, struct reader_conn *c, int dir, struct atls_bytes b);
	/* Both hellos are there: TLS. */
	void (*hello)(void *ctx, struct reader_conn *c);
	void (*record)(
	    void *ctx, struct reader_conn *c, const struct view_record *r);
	/* Why records come unopened or no more; see enum view_trouble. */
	void (*trouble)(void *ctx, struct reader_conn *c,
	    enum view_trouble what, const char *text);
	/* LEN bytes of DIR are in no packet. Nothing follows but ENDED. */
	void (*gap)(void *ctx, struct reader_conn *c, int dir, uint64_t len);
	/* DIR has closed its side. */
	void (*fin)(void *ctx, struct reader_conn *c, int dir);
	void (*ended)(void *ctx, struct reader_conn *c);
	/* A UDP datagram; without this they count as others. */
	void (*datagram)(void *ctx, const struct segment *d);
	/* True: give this connection up; asked for each new one. */
	bool (*skip)(void *ctx, const struct reader_conn *c);
	/* Called now and then. True: stop. SIZE is 0 when it is not known. */
	bool (*progress)(void *ctx, uint64_t done, uint64_t size);
};

struct reader_config {
	const char *path;
	struct keylog *keys; /* those of the file are added */
	const struct reader_events *events;
	void *ctx;
};

struct reader_result {
	uint64_t packets, conns;
	uint64_t fragments; /* parts of IP packets, passed over */
	uint64_t shorts;    /* that end inside their headers */
	uint64_t others;    /* no TCP, nor asked for */
	struct mark last;
	bool stopped; /* by progress() */
	char error[FILE_ERRLEN];
};

/*
 * 0; ATLS_E_IO with a sentence in the result when the file cannot be opened, is
 * no capture or is damaged (what came before the damage has been read, and all
 * connections have ended); ATLS_E_NOMEM.
 */
int reader_run(const struct reader_config *cfg, struct reader_result *res);

/* "by FIN", "by RST", "with the capture", ... */
const char *reader_end_text(enum reader_end end);

#endif
