/*
 * One sabotaged connection without its sockets: plaintext of records comes in
 * from either side, and what is to be written, or done, comes out at its time.
 * Without rules it passes everything on as it came, frame by frame.
 *
 * Frames are looked at whole: what a side has sent of a frame waits until the
 * rest is there, or the side ends.
 */
#ifndef BROKEN_FILTER_H
#define BROKEN_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/anytls/broken/rules.h"
#include "ref/wire/auth.h"
#include "ref/wire/bytes.h"
#include "ref/wire/settings.h"

struct filter;

/* Schemes that clients were given in another form than servers sent them. */
#define MISREAD_MAX 64
struct misread {
	unsigned n;
	struct {
		char given[ATLS_MD5_HEX + 1], sent[ATLS_MD5_HEX + 1];
	} of[MISREAD_MAX];
};

struct filter_config {
	const struct rules *rules;   /* borrowed */
	const uint8_t *hash;         /* of the right password; borrowed */
	const uint8_t *newline_hash; /* of it and a newline; borrowed */
	bool *allmarked;             /* of all connections; borrowed */
	struct misread *misread;     /* of all connections; borrowed; or NULL */
	bool borders; /* records from the client are kept as they came */
	bool fallback, judged;
	unsigned conn; /* number of the connection, from 1 */
	unsigned live; /* connections now, with this one */
	uint64_t now_ms;
};

/* What is to be done. */
enum deed {
	DEED_WRITE, /* DATA as one record */
	DEED_EOF,   /* close_notify and FIN */
	DEED_CLOSE, /* both sides, what was written first is sent */
	DEED_RESET, /* the same with RST, at once */
	DEED_LEAVE, /* the client's side */
	DEED_HANG,
	DEED_REFUSE,
	DEED_FREEZE,
	DEED_CRASH
};

struct filter_out {
	enum deed deed;
	enum side to; /* WRITE and EOF: SIDE_UP is the server */
	struct atls_bytes data;
};

/* Aborts when out of memory, as all calls do. CFG is copied. The OPEN rules
 * are obeyed in here. */
struct filter *filter_new(const struct filter_config *cfg);
void filter_free(struct filter *f); /* NULL is fine */

/* How what a side sends may end. */
enum ending {
	ENDS_POLITELY,
	ENDS_BARE,
	ENDS_RESET
};

/* One record from SIDE (UP: from the client), which took READS reads of the
 * socket; and the end of what SIDE sends. */
void filter_record(struct filter *f, enum side side, struct atls_bytes record,
    unsigned reads, uint64_t now_ms);
void filter_eof(
    struct filter *f, enum side side, enum ending how, uint64_t now_ms);

/* What is due next; DATA is valid until the next call. False: nothing yet. */
bool filter_next(struct filter *f, uint64_t now_ms, struct filter_out *out);

/* When something becomes due; UINT64_MAX: nothing waits. */
uint64_t filter_deadline(const struct filter *f);

#endif
