/* The 7-byte frame header, and the splitter that finds frames in bytes. */
#ifndef ATLS_WIRE_FRAME_H
#define ATLS_WIRE_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "ref/wire/bytes.h"
#include "ref/wire/command.h"

#define ATLS_FRAME_HEADER 7
#define ATLS_FRAME_MAX_DATA 65535

/* command u8, stream id u32be, data length u16be: AT-FR-01. */
struct atls_frame {
	uint8_t cmd;
	uint32_t sid;
	uint16_t len;
};

/* Reads a header from the 7 bytes at P. Every bit pattern is a header. */
static inline struct atls_frame
atls_frame_get(const uint8_t *p)
{
	struct atls_frame f = { p[0], atls_get32(p + 1), atls_get16(p + 5) };

	return (f);
}

/* Writes the header F to the 7 bytes at P. */
static inline void
atls_frame_put(uint8_t *p, struct atls_frame f)
{
	p[0] = f.cmd;
	atls_put32(p + 1, f.sid);
	atls_put16(p + 5, f.len);
}

/*
 * A run of one frame's data. A frame comes as one part when the input holds it
 * whole, as several otherwise; a frame without data comes as one empty part
 * that is both first and last. DATA borrows from the input.
 */
struct atls_part {
	struct atls_frame frame;
	uint16_t offset; /* of DATA within the frame's data */
	bool last;       /* DATA reaches the end of the frame */
	struct atls_bytes data;
};

/* Where a frame stands between two inputs. Start with all zero. */
struct atls_splitter {
	uint8_t header[ATLS_FRAME_HEADER];
	uint8_t nheader; /* header bytes held; 7: inside the data */
	uint16_t left;   /* data bytes of the current frame still to come */
};

/*
 * Takes the next part off the front of *IN. Returns true and fills *PART, or
 * false when *IN is used up (then it is empty and *PART is untouched). Frames
 * may be cut anywhere between two inputs (AT-FR-02). Never fails: how the
 * bytes are cut into frames does not depend on what the commands mean, so a
 * peer that puts data where none belongs cannot move the frame borders
 * (AT-FR-04, AT-FR-06). A part with no data is returned only for a frame of
 * length 0.
 */
static inline bool atls_splitter_next(
    struct atls_splitter *sp, struct atls_bytes *in, struct atls_part *part);

/* The same for whatever is cut somewhere; a part of atls_splitter_next(). */
bool atls_splitter_rest(
    struct atls_splitter *sp, struct atls_bytes *in, struct atls_part *part);

/* Works on copies, so that the caller's own may live in registers: else each
 * frame waits until the last one is stored. */
static inline bool
atls_splitter_slow(
    struct atls_splitter *sp, struct atls_bytes *in, struct atls_part *part)
{
	struct atls_bytes rest = *in;
	struct atls_part got;
	bool found = atls_splitter_rest(sp, &rest, &got);

	*in = rest;
	if (found)
		*part = got;
	return (found);
}

/* A whole frame in the input is taken without a call: most are. */
static inline bool
atls_splitter_next(
    struct atls_splitter *sp, struct atls_bytes *in, struct atls_part *part)
{
	struct atls_frame f;

	if (sp->nheader != 0 || in->len < ATLS_FRAME_HEADER)
		return (atls_splitter_slow(sp, in, part));
	f = atls_frame_get(in->p);
	if (in->len - ATLS_FRAME_HEADER < f.len)
		return (atls_splitter_slow(sp, in, part));
	part->frame = f;
	part->offset = 0;
	part->last = true;
	part->data = atls_bytes(in->p + ATLS_FRAME_HEADER, f.len);
	in->p += ATLS_FRAME_HEADER + (size_t)f.len;
	in->len -= ATLS_FRAME_HEADER + (size_t)f.len;
	return (true);
}

/* True when the bytes seen so far end on a frame border (AT-FR-12). */
static inline bool
atls_splitter_idle(const struct atls_splitter *sp)
{
	return (sp->nheader == 0);
}

#endif
