/*
 * The record-size oracle: do the TLS records of a client's session fit its
 * padding scheme? And statistics of the sizes that were drawn.
 *
 * A packet is one write of the session: whole frames. The oracle sees records
 * only, so where packets begin is inferred. It keeps every explanation that is
 * left as a guess (packet number, place in the rule, write in progress) and
 * says "none" when no guess is left, so it never blames a client for its own
 * doubt. It works record by record, live or from a capture, and does no I/O.
 */
#ifndef ATLS_WIRE_SHAPE_H
#define ATLS_WIRE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ref/wire/auth.h"
#include "ref/wire/bytes.h"
#include "ref/wire/frame.h"
#include "ref/wire/scheme.h"

/*
 * Which reading of the scheme explains all records so far; the smallest counts.
 *
 * REFERENCE: anytls-go and its family. Sizes from [min, max), or min when both
 * are equal; AT-RS-01 to 05; no waste after the list, in a packet without a
 * rule, nor from stop on; packet 1 is Settings, SYN and a third frame at least
 * (AT-PD-11). A write may be cut into records where a TLS stack does
 * (AT-RS-07).
 *
 * TEXT: also the maximum itself; a record of waste alone of exactly l instead
 * of l + 7; a gap of 7 bytes filled by a waste frame without data.
 *
 * TOLERANT: also what known clients do: the writes of a packet merged into one
 * record, or the packet in one piece with its waste in records of their own
 * (AT-RS-06); packet 1 without the address (AT-ST-02); authentication and
 * frames in one record (AT-AU-09); unpadded data cut elsewhere than AT-RS-07,
 * before the last rule at 512 bytes and more only.
 */
enum atls_shape_reading {
	ATLS_SHAPE_REFERENCE,
	ATLS_SHAPE_TEXT,
	ATLS_SHAPE_TOLERANT,
	ATLS_SHAPE_NONE,        /* no reading explains the records */
	ATLS_SHAPE_UNDETERMINED /* too many guesses; says nothing */
};

/* What the first records hold. */
enum atls_shape_auth {
	ATLS_SHAPE_AUTH_JUDGED,  /* the authentication request, to be judged */
	ATLS_SHAPE_AUTH_SKIPPED, /* the same, passed over without judgement */
	ATLS_SHAPE_AUTH_ABSENT   /* frames: the caller has taken it off */
};

/*
 * Guesses held at most; with more the verdict is UNDETERMINED. Sessions of
 * random schemes hold 4 at once; only a scheme whose packets cannot be told
 * apart over hundreds of packets needs more than this.
 */
#define ATLS_SHAPE_GUESSES 512
/* Schemes one session can be under: the first, and its updates. */
#define ATLS_SHAPE_SCHEMES 4
/* Explanations and packet numbers a sentence lists at most. */
#define ATLS_SHAPE_WANTS 6
#define ATLS_SHAPE_HINTS 4
/* Largest record, and room for any sentence of atls_shape_explain(). */
#define ATLS_SHAPE_MAX_RECORD 16384
#define ATLS_SHAPE_SENTENCE 1024

/* All zero but SCHEME is a session of a client from its first record on. */
struct atls_shape_config {
	const struct atls_scheme
	    *scheme; /* borrowed while the oracle is used */
	enum atls_shape_auth auth;
	/* Application-data records of the client before the first one given:
	 * the limits of AT-RS-07 depend on the number of a record. */
	uint32_t first_record;
	/* The client's own record limit (RFC 8449 and the like), 0: none known.
	 * It is one more size at which a write may be cut. */
	uint32_t max_record;
	/* Added to packet numbers: 0 is the protocol. With -1 or 1 the oracle
	 * is right for clients that call the first packet 0 or 2, which tells
	 * a wrong counter from wrong sizes. */
	int shift;
};

/* One explanation of the records so far; private. */
struct atls_shape_guess {
	uint32_t packet;
	uint32_t at;   /* offset in the rule's text, UINT32_MAX: after it */
	uint64_t sent; /* bytes of the write in progress */
	uint8_t scheme;
	uint8_t level; /* enum atls_shape_reading */
	uint8_t phase; /* see shape_impl.h */
	bool tail;     /* waste has begun in the write in progress */
};

/* What would have fitted where a reading was lost; private. */
struct atls_shape_want {
	uint32_t packet;
	uint32_t item; /* counted from 1; 0: none */
	uint8_t kind;  /* see shape_impl.h */
	uint64_t low;
	uint64_t high;
};

struct atls_shape_miss {
	bool lost;
	bool more;   /* there were more wants */
	uint8_t why; /* see shape_impl.h */
	uint8_t nwants;
	uint8_t nhints;
	uint32_t record; /* counted from 0, the authentication's */
	size_t len;
	size_t payload;
	size_t waste;
	struct atls_shape_want wants[ATLS_SHAPE_WANTS];
	uint32_t hints[ATLS_SHAPE_HINTS];
};

/* A size that the client drew, when the record leaves no doubt about it. */
struct atls_shape_draw {
	uint32_t packet;
	uint32_t item; /* of the rule, counted from 1 as written */
	uint32_t low;  /* its bounds, in order; fixed when equal */
	uint32_t high;
	uint32_t size;
	/* No size in the bounds could have stayed hidden: AT-RS-03 hides sizes
	 * up to 7 above the bytes left. Only such draws are fair samples of a
	 * distribution. */
	bool fair;
};

/* Caller-provided, about 25 KiB, nothing to free. The members are private. */
struct atls_shape_oracle {
	struct atls_shape_config cfg;
	const struct atls_scheme *schemes[ATLS_SHAPE_SCHEMES];
	unsigned nschemes;
	uint32_t first; /* number of the first packet of the session */
	uint32_t cap;   /* from this packet on nothing is padded */
	uint32_t record;
	uint32_t nframes; /* other than waste, completed */
	bool in_auth;
	bool overflow;
	uint8_t let_off; /* why the last record was let off; shape_impl.h */
	struct atls_auth_reader auth;
	struct atls_splitter splitter;
	enum atls_shape_reading reading;
	struct atls_shape_miss miss[ATLS_SHAPE_NONE]; /* by reading lost */
	struct atls_shape_draw draw;
	uint8_t draw_level;
	bool drawn;
	unsigned now; /* which half of GUESSES counts */
	unsigned nguesses[2];
	struct atls_shape_guess guesses[2][ATLS_SHAPE_GUESSES];
};

/* Starts a session. */
void atls_shape_init(
    struct atls_shape_oracle *o, const struct atls_shape_config *cfg);

/*
 * The client has been sent another scheme; each packet that it begins from the
 * next record on may follow this one or the one before, but not an earlier one
 * again (AT-PD-05). Call it before the first record that can follow it. SCHEME
 * is borrowed. ATLS_E_LIMIT after ATLS_SHAPE_SCHEMES - 1 updates.
 */
int atls_shape_update(
    struct atls_shape_oracle *o, const struct atls_scheme *scheme);

/*
 * Takes the plaintext of the client's next application-data record. Returns
 * the reading that still explains everything; it never goes down. A record
 * without bytes is passed over. Once NONE or UNDETERMINED, records change
 * nothing. The bytes are not kept.
 */
enum atls_shape_reading atls_shape_record(
    struct atls_shape_oracle *o, struct atls_bytes plain);

static inline enum atls_shape_reading
atls_shape_reading(const struct atls_shape_oracle *o)
{
	return (o->reading);
}

/*
 * The same for a client that has come to rest: only guesses in which the last
 * packet is finished count. Above the reading so far, waste that the scheme
 * asks for is missing; NONE: in every reading. Not for a session that was cut
 * off, and not before the records under way have arrived.
 */
enum atls_shape_reading atls_shape_at_rest(const struct atls_shape_oracle *o);

/*
 * Why READING (REFERENCE, TEXT or TOLERANT) was lost, as a sentence without a
 * full stop: the record's number (0 is the first of the connection), what it
 * held, what each packet it could belong to allows in that reading and those
 * before it, and which other packets of the scheme it would have begun. Writes
 * at most CAP bytes with the terminating zero, CAP not 0; "" when the reading
 * was not lost. Returns the length it would take.
 */
size_t atls_shape_explain(const struct atls_shape_oracle *o,
    enum atls_shape_reading reading, char *buf, size_t cap);

/*
 * The first size that would have fitted where READING was lost, in *WANT; false
 * when it was not lost, or nothing would have fitted.
 */
bool atls_shape_wanted(const struct atls_shape_oracle *o,
    enum atls_shape_reading reading, struct atls_shape_draw *want);

/*
 * True when the last record completed a write whose wanted size is known
 * beyond doubt: every guess of the best reading agrees. Fills *DRAW. padding0
 * is the draw of packet 0.
 */
bool atls_shape_drawn(
    const struct atls_shape_oracle *o, struct atls_shape_draw *draw);

/* Sizes drawn from one item. Everything but SIZES is private. */
struct atls_shape_stats {
	uint32_t low;
	uint32_t high;
	uint32_t *sizes; /* the caller's, sorted */
	size_t cap;
	size_t n;
};

enum atls_shape_answer {
	ATLS_SHAPE_YES,
	ATLS_SHAPE_NO,
	ATLS_SHAPE_UNKNOWN /* too few samples, or nothing to tell */
};

/*
 * Starts a collection for an item with bounds LOW <= HIGH that keeps up to CAP
 * sizes in SIZES, which the caller owns.
 */
void atls_shape_stats_init(struct atls_shape_stats *st, uint32_t low,
    uint32_t high, uint32_t *sizes, size_t cap);

/* Adds a size. False, and nothing is kept, when the room is used up. */
bool atls_shape_stats_add(struct atls_shape_stats *st, uint32_t size);

/*
 * Hard bounds: NO when a size is outside [LOW, HIGH]. No chance is involved:
 * the error rate is 0. UNKNOWN without samples.
 */
enum atls_shape_answer atls_shape_stats_bounds(
    const struct atls_shape_stats *st);

/*
 * Is it random at all? YES when two sizes differ. NO when all n are equal and
 * that happens to a client drawing evenly with probability N^(1-n) <= ALPHA,
 * N = HIGH - LOW; *CHANCE (may be NULL) is that probability, 1 when it does not
 * matter. Asking again after each sample does not add to the error rate, which
 * is at most ALPHA. UNKNOWN else, and when N is below 2.
 */
enum atls_shape_answer atls_shape_stats_random(
    const struct atls_shape_stats *st, double alpha, double *chance);

/*
 * Is it even? Compares the distribution with the even one over [LOW, HIGH) and
 * over [LOW, HIGH]; DISTANCE is the greater difference of the cumulative
 * distributions to the nearer of the two. NO when that is above BOUND, which an
 * even client meets with probability at most 2 exp(-2 n BOUND^2) <= ALPHA
 * (Dvoretzky, Kiefer, Wolfowitz, Massart). A client whose true distribution is
 * 2 BOUND away from both is passed with probability at most 2 ALPHA. UNKNOWN
 * with fewer than atls_shape_stats_need() samples, and when HIGH - LOW is
 * below 2. For one look at a fixed number of samples, and fair draws only.
 * *DISTANCE may be NULL.
 */
enum atls_shape_answer atls_shape_stats_even(const struct atls_shape_stats *st,
    double alpha, double bound, double *distance);

/* Samples that a BOUND needs at ALPHA: 182 for 0.2 at 1e-6. Both in (0, 1). */
size_t atls_shape_stats_need(double alpha, double bound);

#endif
