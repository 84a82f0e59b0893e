/*
 * The verdict box: memory that a case's process shares with the parent, so
 * that what it saw survives its death. The case writes; once its process is
 * gone the parent owns the box and may write too.
 */
#ifndef ENGINE_BOX_H
#define ENGINE_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conformance/engine/test.h"

#define BOX_TEXT 2048
#define BOX_STEP 256
#define BOX_LINES 256
#define BOX_LINE 248
#define BOX_OBSERVATIONS 16
#define BOX_BYTES 512
#define BOX_FEATURES 16384
#define BOX_PATH 640

#define BOX_SAMPLES 256

/* A measured value beside what a rule allows for it: for the AnyTLS pack the
 * size of a TLS record of a packet. The report plots them. */
struct box_sample {
	uint32_t at;    /* which one: the number of the record */
	uint32_t group; /* what it belongs to: the packet; BOX_NO_GROUP */
	uint32_t value;
	uint32_t low, high; /* the rule's range; both 0: there is none */
	uint32_t misfit;    /* 1: it is what the rules do not explain */
};
#define BOX_NO_GROUP UINT32_MAX

struct box_line {
	uint64_t at_us; /* since the case began */
	char text[BOX_LINE];
};

struct box {
	uint64_t start_us;
	uint32_t decided; /* 1 when the verdict below is complete */
	enum status status;
	bool hang;    /* killed at its budget while it waited for the peer */
	bool unready; /* its own target or client has not come to accept */
	char class[16];
	char expected[BOX_TEXT];
	char actual[BOX_TEXT];
	char step[BOX_STEP];
	uint32_t nlines; /* ever written; the ring holds the latest */
	struct box_line lines[BOX_LINES];
	uint32_t asked; /* statistical questions */
	uint32_t nobservations;
	char observations[BOX_OBSERVATIONS][BOX_TEXT / 4];
	uint32_t bytes_len; /* of the latest bytes; BOX_BYTES are kept */
	uint8_t bytes[BOX_BYTES];
	uint32_t nsamples;
	struct box_sample samples[BOX_SAMPLES];
	uint32_t hidden_from, hidden_len; /* of them: secret, now zero */
	uint32_t bytes_form, bytes_lead;  /* see t_bytes_are() */
	/* The capture: events so far; the one that decides (0: the last before
	 * the verdict); how many there were then; bytes that were not kept; why
	 * it ended early. The line of the transcript that decides, from 1. */
	uint32_t capture_events, capture_decisive, capture_decided;
	uint64_t capture_lost;
	char capture_note[BOX_STEP]; /* a line of its comment, or "" */
	int capture_errno;
	uint32_t decisive_line;
	char log[BOX_PATH];    /* of the case's own target or client, or "" */
	uint32_t features_len; /* name, NUL, value, NUL, ... */
	char features[BOX_FEATURES];
};

/* NULL when the system has no memory for it. */
struct box *box_new(void);
void box_free(struct box *box);

/* Makes every text end and every count true, whatever the case's process did
 * to the box. */
void box_seal(struct box *box);

/* printf into one of the box's fixed texts, cut at its size. */
void box_vprint(char *text, size_t size, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));
void box_print(char *text, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* How many lines of the transcript are there, and the I-th of them; lines
 * that the ring lost are box->nlines - box_line_count(). */
size_t box_line_count(const struct box *box);
const struct box_line *box_line_at(const struct box *box, size_t i);

/* Walks the features: *POS begins at 0; false at the end. */
bool box_next_feature(const struct box *box, uint32_t *pos, const char **name,
    const char **value);

uint64_t box_now_us(void); /* monotonic */

#endif
