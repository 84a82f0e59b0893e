/* Frame header and splitter (AT-FR-01, 02, 04, 06, 07, 09, 12). */
#include "ref/test/feed.h"
#include "ref/wire/frame.h"

#define MAX_FRAMES 64

/* What the splitter gave, put together again. */
struct record {
	struct atls_splitter sp;
	struct atls_frame frames[MAX_FRAMES];
	size_t nframes;
	uint8_t *bytes; /* headers and data, as they came */
	size_t len;
	size_t ndata; /* data bytes of the current frame so far */
	struct atls_bytes wanted;
	size_t wanted_frames;
};

static void
begin(void *ctx)
{
	struct record *r = ctx;

	memset(&r->sp, 0, sizeof(r->sp));
	r->nframes = 0;
	r->len = 0;
	r->ndata = 0;
}

static void
add_part(struct record *r, const struct atls_part *part)
{
	if (part->offset == 0) {
		assert_int_equal(r->ndata, 0);
		assert_in_range(r->nframes, 0, MAX_FRAMES - 1);
		r->frames[r->nframes++] = part->frame;
		atls_frame_put(r->bytes + r->len, part->frame);
		r->len += ATLS_FRAME_HEADER;
	}
	assert_int_equal(part->offset, r->ndata);
	assert_int_equal(part->frame.cmd, r->frames[r->nframes - 1].cmd);
	assert_int_equal(part->frame.sid, r->frames[r->nframes - 1].sid);
	assert_int_equal(part->frame.len, r->frames[r->nframes - 1].len);
	assert_int_equal(part->data.len == 0, part->frame.len == 0);
	if (part->data.len != 0)
		memcpy(r->bytes + r->len, part->data.p, part->data.len);
	r->len += part->data.len;
	r->ndata += part->data.len;
	assert_int_equal(part->last, r->ndata == part->frame.len);
	if (part->last)
		r->ndata = 0;
}

static void
piece(void *ctx, struct atls_bytes in)
{
	struct record *r = ctx;
	struct atls_part part;

	while (atls_splitter_next(&r->sp, &in, &part))
		add_part(r, &part);
	assert_int_equal(in.len, 0);
}

static void
end(void *ctx)
{
	struct record *r = ctx;

	assert_int_equal(r->nframes, r->wanted_frames);
	assert_int_equal(r->len, r->wanted.len);
	assert_memory_equal(r->bytes, r->wanted.p, r->len);
	assert_true(atls_splitter_idle(&r->sp));
}

static void
put_frame(struct atls_writer *w, uint8_t cmd, uint32_t sid, const char *data)
{
	struct atls_frame f = { cmd, sid, (uint16_t)strlen(data) };
	uint8_t *at = atls_writer_take(w, ATLS_FRAME_HEADER);

	assert_non_null(at);
	atls_frame_put(at, f);
	atls_writer_str(w, data);
	assert_false(w->full);
}

static void
test_header(void **state)
{
	static const uint8_t wire[] = { 0x07, 0x81, 0x02, 0x03, 0x04, 0xff,
		0xfe };
	struct atls_frame f = atls_frame_get(wire);
	uint8_t out[ATLS_FRAME_HEADER];

	(void)state;
	assert_int_equal(f.cmd, ATLS_CMD_SYNACK);
	assert_int_equal(f.sid, 0x81020304);
	assert_int_equal(f.len, 0xfffe);
	atls_frame_put(out, f);
	assert_memory_equal(out, wire, sizeof(wire));
}

static void
test_all_cuts(void **state)
{
	uint8_t text[512];
	uint8_t bytes[512];
	struct atls_writer w = atls_writer(text, sizeof(text));
	struct record r = { .bytes = bytes, .wanted_frames = 10 };
	struct feed f = { begin, piece, end, &r };

	(void)state;
	put_frame(&w, ATLS_CMD_SETTINGS, 0, "v=2\nclient=x/1");
	put_frame(&w, ATLS_CMD_SYN, 1, "");
	put_frame(&w, ATLS_CMD_PSH, 1, "hello");
	put_frame(&w, ATLS_CMD_PSH, 1, "");
	put_frame(&w, ATLS_CMD_PSH, 0xffffffff, "x");
	/* Data where none belongs, looking like a frame, does not become one.
	 */
	put_frame(&w, ATLS_CMD_FIN, 1, "\x02\x01\x01\x01\x01\x01\x01");
	put_frame(&w, 200, 7, "\x08\x01\x01\x01\x01\x01\x02");
	put_frame(&w, ATLS_CMD_WASTE, 0, "");
	put_frame(&w, ATLS_CMD_WASTE, 0, "");
	put_frame(&w, 255, 3, "end");
	r.wanted = atls_bytes(text, w.len);
	feed_all_ways(&f, r.wanted);
	assert_int_equal(r.frames[5].cmd, ATLS_CMD_FIN);
	assert_int_equal(r.frames[6].cmd, 200);
	assert_int_equal(r.frames[6].sid, 7);
	assert_int_equal(r.frames[9].len, 3);
}

static void
test_largest(void **state)
{
	static const size_t cuts[] = { 0, 1, 6, 7, 8, 255, 256, 32768, 65535,
		65541, 65542, 65543, 65548, 65549, 65550 };
	size_t len = 2 * (ATLS_FRAME_HEADER + ATLS_FRAME_MAX_DATA);
	uint8_t *text = malloc(len);
	uint8_t *bytes = malloc(len);
	struct atls_frame max = { ATLS_CMD_PSH, 9, ATLS_FRAME_MAX_DATA };
	struct record r = { .bytes = bytes, .wanted_frames = 2 };
	struct feed f = { begin, piece, end, &r };
	size_t i;

	(void)state;
	assert_non_null(text);
	assert_non_null(bytes);
	for (i = 0; i < len; i++)
		text[i] = (uint8_t)(i * 7 + i / 251);
	atls_frame_put(text, max);
	atls_frame_put(text + len / 2, max);
	r.wanted = atls_bytes(text, len);
	for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++)
		feed_cut(&f, r.wanted, cuts[i]);
	feed_steps(&f, r.wanted, 1);
	feed_steps(&f, r.wanted, 16384);
	free(bytes);
	free(text);
}

/* A whole frame is one part that points into the input. */
static void
test_whole_is_one_part(void **state)
{
	static const uint8_t text[] = { 2, 0, 0, 0, 5, 0, 3, 'a', 'b', 'c', 3,
		0, 0, 0, 5, 0, 0 };
	struct atls_bytes in = { text, sizeof(text) };
	struct atls_splitter sp = { { 0 }, 0, 0 };
	struct atls_part part;

	(void)state;
	assert_true(atls_splitter_next(&sp, &in, &part));
	assert_int_equal(part.frame.cmd, ATLS_CMD_PSH);
	assert_int_equal(part.frame.sid, 5);
	assert_int_equal(part.frame.len, 3);
	assert_int_equal(part.offset, 0);
	assert_true(part.last);
	assert_ptr_equal(part.data.p, text + 7);
	assert_int_equal(part.data.len, 3);
	assert_ptr_equal(in.p, text + 10);
	assert_int_equal(in.len, 7);
	assert_true(atls_splitter_next(&sp, &in, &part));
	assert_int_equal(part.frame.cmd, ATLS_CMD_FIN);
	assert_int_equal(part.data.len, 0);
	assert_true(part.last);
	assert_int_equal(in.len, 0);
	assert_false(atls_splitter_next(&sp, &in, &part));
}

/* Nothing to give: PART stays as it is, and a header alone is no part. */
static void
test_nothing(void **state)
{
	static const uint8_t text[] = { 2, 0, 0, 0, 5, 0, 2 };
	struct atls_bytes in = { NULL, 0 };
	struct atls_splitter sp = { { 0 }, 0, 0 };
	struct atls_part part;
	struct atls_part before;

	(void)state;
	memset(&part, 0xaa, sizeof(part));
	memcpy(&before, &part, sizeof(part));
	assert_false(atls_splitter_next(&sp, &in, &part));
	assert_true(atls_splitter_idle(&sp));
	in = atls_bytes(text, sizeof(text));
	assert_false(atls_splitter_next(&sp, &in, &part));
	assert_int_equal(in.len, 0);
	assert_false(atls_splitter_next(&sp, &in, &part));
	assert_memory_equal(&part, &before, sizeof(part));
	assert_false(atls_splitter_idle(&sp));
}

/* AT-FR-12: an end after any byte but the last is inside a frame. */
static void
test_idle(void **state)
{
	static const uint8_t text[] = { 2, 0, 0, 0, 5, 0, 2, 'o', 'k' };
	struct atls_splitter sp = { { 0 }, 0, 0 };
	struct atls_part part;
	size_t i;

	(void)state;
	assert_true(atls_splitter_idle(&sp));
	for (i = 0; i < sizeof(text); i++) {
		struct atls_bytes in = { text + i, 1 };

		assert_int_equal(atls_splitter_next(&sp, &in, &part), i > 6);
		assert_int_equal(
		    atls_splitter_idle(&sp), i == sizeof(text) - 1);
	}
}

/* Many frames in pieces of random length. */
static void
test_random_pieces(void **state)
{
	uint8_t text[4096];
	uint8_t bytes[4096];
	char data[64];
	uint32_t seed = 1;
	int round;

	(void)state;
	memset(data, 'd', sizeof(data));
	data[sizeof(data) - 1] = '\0';
	for (round = 0; round < 2000; round++) {
		struct atls_writer w = atls_writer(text, sizeof(text));
		struct record r = { .bytes = bytes, .wanted_frames = 40 };
		struct feed f = { begin, piece, end, &r };
		size_t at;
		size_t n;

		for (n = 0; n < r.wanted_frames; n++) {
			seed = seed * 1664525 + 1013904223;
			put_frame(&w, (uint8_t)(seed >> 8), seed,
			    data + (seed >> 26));
		}
		r.wanted = atls_bytes(text, w.len);
		begin(&r);
		for (at = 0; at < w.len; at += n) {
			seed = seed * 1664525 + 1013904223;
			n = (seed >> 20) % (round % 2 == 0 ? 12 : 300);
			n = n < w.len - at ? n : w.len - at;
			feed_piece(&f, r.wanted, at, at + n);
		}
		end(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_all_cuts),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_whole_is_one_part),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_random_pieces),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
