/* For the tests of the record-size oracle: a client's stream cut by hand. */
#ifndef ATLS_TEST_SHAPE_HAND_H
#define ATLS_TEST_SHAPE_HAND_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ref/wire/command.h"
#include "ref/wire/err.h"
#include "ref/wire/shape.h"

#define REFERENCE ATLS_SHAPE_REFERENCE
#define TEXT ATLS_SHAPE_TEXT
#define TOLERANT ATLS_SHAPE_TOLERANT
#define NONE ATLS_SHAPE_NONE

/* A client's stream that is cut into records by hand. */
struct hand {
	struct atls_scheme scheme;
	struct atls_scheme other;
	struct atls_shape_oracle o;
	uint8_t bytes[200000];
	size_t len;
	size_t fed;
};

/* The test file defines it. */
extern struct hand hand;

static inline struct atls_scheme
scheme(const char *text)
{
	struct atls_scheme s;

	assert_int_equal(atls_scheme_parse(atls_bytes_str(text), &s), 0);
	return (s);
}

static inline void
begin(const char *text, enum atls_shape_auth auth)
{
	struct atls_shape_config cfg = { &hand.scheme, auth, 0, 0, 0 };

	hand.scheme = scheme(text);
	hand.len = 0;
	hand.fed = 0;
	cfg.first_record = auth == ATLS_SHAPE_AUTH_ABSENT ? 1 : 0;
	atls_shape_init(&hand.o, &cfg);
}

static inline void
put_auth(uint16_t padding)
{
	static const uint8_t hash[ATLS_AUTH_HASH];
	struct atls_writer w =
	    atls_writer(hand.bytes + hand.len, sizeof(hand.bytes) - hand.len);

	atls_auth_put(&w, hash, padding);
	assert_false(w.full);
	hand.len += w.len;
}

/* A frame of LEN bytes in all. */
static inline void
put(uint8_t cmd, size_t len)
{
	struct atls_frame f = { cmd, 1, (uint16_t)(len - ATLS_FRAME_HEADER) };

	assert_in_range(len, ATLS_FRAME_HEADER, sizeof(hand.bytes) - hand.len);
	memset(hand.bytes + hand.len, 0, len);
	atls_frame_put(hand.bytes + hand.len, f);
	hand.len += len;
}

static inline void
psh(size_t len)
{
	put(ATLS_CMD_PSH, len);
}

static inline void
waste(size_t len)
{
	put(ATLS_CMD_WASTE, len);
}

/* Settings, SYN and address: 100 bytes in all. */
static inline void
put_first(void)
{
	put(ATLS_CMD_SETTINGS, 79);
	put(ATLS_CMD_SYN, 7);
	psh(14);
}

/* The next LEN bytes are a record; the oracle must then say WANTED. */
static inline void
record_as(size_t len, enum atls_shape_reading wanted, int line)
{
	enum atls_shape_reading got;

	if (len > hand.len - hand.fed)
		fail_msg("line %d: the stream is shorter", line);
	got =
	    atls_shape_record(&hand.o, atls_bytes(hand.bytes + hand.fed, len));
	hand.fed += len;
	if (got != wanted)
		fail_msg("line %d: reading %d", line, (int)got);
	assert_int_equal(atls_shape_reading(&hand.o), wanted);
}

#define record(len, wanted) record_as(len, wanted, __LINE__)

/* All that is left is a record. */
static inline void
rest_as(enum atls_shape_reading wanted, int line)
{
	record_as(hand.len - hand.fed, wanted, line);
}

#define rest(wanted) rest_as(wanted, __LINE__)

static inline void
assert_sentence(enum atls_shape_reading lost, const char *wanted)
{
	char buf[ATLS_SHAPE_SENTENCE];
	size_t len = atls_shape_explain(&hand.o, lost, buf, sizeof(buf));

	assert_string_equal(buf, wanted);
	assert_int_equal(len, strlen(wanted));
}

static inline void
assert_at_rest(enum atls_shape_reading wanted)
{
	assert_int_equal(atls_shape_at_rest(&hand.o), wanted);
}

/* A first packet of 100 bytes in a record of LEN, filled with waste. */
static inline void
first_record(size_t len, enum atls_shape_reading wanted)
{
	put_first();
	if (len > 100)
		waste(len - 100);
	record_as(len, wanted, __LINE__);
}

#endif
