/* Frames as values and as text, and what a tap makes of cut bytes. */
#include "conformance/anytls/frames.h"

#include "conformance/anytls/tap.h"
#include "conformance/engine/child.h"
#include "conformance/test/cm.h"

/* As much of a case as values need: memory. */
struct bench {
	struct t t;
	struct engine engine;
};

static int
setup(void **state)
{
	static struct bench b;

	memset(&b, 0, sizeof(b));
	b.t.engine = &b.engine;
	*state = &b;
	return (0);
}

static int
teardown(void **state)
{
	struct bench *b = *state;

	child_free_blocks(&b->engine);
	return (0);
}

static void
assert_data(struct data d, const void *p, size_t len)
{
	assert_int_equal(d.kind, DATA_EXACT);
	assert_int_equal(d.len, len);
	if (len != 0)
		assert_memory_equal(d.p, p, len);
}

static void
encodes_header_and_data(void **state)
{
	struct bench *b = *state;

	assert_data(encode(&b->t, psh(0x01020304, text("hi"))),
	    "\x02\x01\x02\x03\x04\x00\x02hi", 9);
	assert_data(encode(&b->t, fin(1)), "\x03\x00\x00\x00\x01\x00\x00", 7);
	assert_data(encode(&b->t, frame(255, UINT32_MAX, NO_DATA)),
	    "\xff\xff\xff\xff\xff\x00\x00", 7);
	assert_int_equal(encode(&b->t, psh(1, zeros(&b->t, 65535))).len, 65542);
}

static void
data_repeat(void **state)
{
	struct bench *b = *state;

	assert_data(repeat(&b->t, text("abc"), 3), "abcabcabc", 9);
	assert_data(repeat(&b->t, text("abc"), 1), "abc", 3);
}

static void
commands_have_their_numbers(void **state)
{
	struct bench *b = *state;

	assert_int_equal(waste(&b->t, 0, 3).cmd, 0);
	assert_int_equal(syn(1).cmd, 1);
	assert_int_equal(psh(1, NO_DATA).cmd, 2);
	assert_int_equal(fin(1).cmd, 3);
	assert_int_equal(settings(NO_DATA).cmd, 4);
	assert_int_equal(alert(NO_DATA).cmd, 5);
	assert_int_equal(update_scheme(NO_DATA).cmd, 6);
	assert_int_equal(synack(1, NO_DATA).cmd, 7);
	assert_int_equal(heart_request(1).cmd, 8);
	assert_int_equal(heart_response(1).cmd, 9);
	assert_int_equal(server_settings(NO_DATA).cmd, 10);
}

static void
authenticates(void **state)
{
	/* SHA-256 of "password", by sha256sum. */
	static const uint8_t hash[32] = { 0x5e, 0x88, 0x48, 0x98, 0xda, 0x28,
		0x04, 0x71, 0x51, 0xd0, 0xe5, 0x6f, 0x8d, 0xc6, 0x29, 0x27,
		0x73, 0x60, 0x3d, 0x0d, 0x6a, 0xab, 0xbd, 0xd6, 0x2a, 0x11,
		0xef, 0x72, 0x1d, 0x15, 0x42, 0xd8 };
	struct bench *b = *state;
	struct data d = auth_bytes(&b->t, "password", 2, 0xab);

	assert_int_equal(d.len, 36);
	assert_memory_equal(d.p, hash, 32);
	assert_memory_equal(d.p + 32, "\x00\x02\xab\xab", 4);
}

static void
patterns_differ_by_seed_and_place(void **state)
{
	struct bench *b = *state;
	struct data a = pattern(&b->t, 4096, 1), c = pattern(&b->t, 4096, 2);
	struct data again = pattern(&b->t, 100, 1);
	size_t shift;

	assert_memory_equal(a.p, again.p, 100);
	assert_memory_not_equal(a.p, c.p, 16);
	for (shift = 1; shift < 2048; shift++)
		assert_memory_not_equal(a.p, a.p + shift, 64);
}

static void
joins_and_parts(void **state)
{
	struct bench *b = *state;
	struct data d = join(&b->t, text("ab"), text("cde"));

	assert_data(d, "abcde", 5);
	assert_data(part(d, 1, 3), "bcd", 3);
	assert_data(part(d, 5, 0), "", 0);
	assert_data(join(&b->t, NO_DATA, NO_DATA), "", 0);
	assert_data(textf(&b->t, "%d-%s", 7, "x"), "7-x", 3);
}

static void
matches(void **state)
{
	struct frame got = synack(1, text("no")), empty = synack(1, NO_DATA);
	struct frame want = synack(1, NO_DATA);

	(void)state;
	assert_true(frames_match(&want, &empty));
	assert_false(frames_match(&want, &got));
	want.data = ANY_TEXT;
	assert_true(frames_match(&want, &got));
	assert_false(frames_match(&want, &empty));
	want.data = ANY_DATA;
	assert_true(frames_match(&want, &empty));
	want = synack(1, text("nO"));
	assert_false(frames_match(&want, &got));
	want = synack(2, ANY_DATA);
	assert_false(frames_match(&want, &got));
	want.any_sid = true;
	assert_true(frames_match(&want, &got));
	want = alert(ANY_DATA);
	assert_false(frames_match(&want, &got));
}

static void
says(struct frame f, const char *expected)
{
	char s[FRAMES_TEXT];

	assert_string_equal(frames_describe(&f, s), expected);
}

static void
describes(void **state)
{
	struct bench *b = *state;
	char s[FRAMES_TEXT];
	struct frame f;

	says(syn(1), "SYN 1");
	says(psh(4294967295, text("12345678")), "PSH 4294967295 (8)");
	says(settings(text("v=2")), "Settings (3)");
	says(heart_request(0), "HeartRequest");
	says(heart_request(5), "HeartRequest 5");
	says(synack(1, text("no\n\"\x01")), "SYNACK 1 \"no\\n\\\"\\x01\"");
	says(synack(1, ANY_TEXT), "SYNACK 1 (any text)");
	says(alert(ANY_DATA), "Alert (any data)");
	says(frame(99, 3, text("ab")), "command 99 on 3 (2)");
	says(waste(&b->t, 0, 0), "Waste");
	/* Text of any length ends in quotes and fits. */
	f = alert(pattern(&b->t, 65535, 1));
	frames_describe(&f, s);
	assert_in_range(strlen(s), 100, FRAMES_TEXT - 1);
	assert_string_equal(s + strlen(s) - 4, "...\"");
}

/* What came out of a tap, as text. */
struct heard {
	char s[256];
	size_t n;
};

static void
hear(void *ctx, const struct frame *f)
{
	struct heard *h = ctx;
	char s[FRAMES_TEXT];

	h->n += (size_t)snprintf(h->s + h->n, sizeof(h->s) - h->n, "%s[%.*s] ",
	    frames_describe(f, s), (int)f->data.len,
	    f->data.len != 0 ? (const char *)f->data.p : "");
}

static void
tap_finds_frames_in_any_pieces(void **state)
{
	struct bench *b = *state;
	struct t *t = &b->t;
	struct data d = join(t, auth_bytes(t, "x", 3, 0),
	    join(t, encode(t, syn(1)),
		join(t, encode(t, psh(1, text("hello"))), encode(t, fin(1)))));
	char line[TAP_LINE];
	size_t i, j;

	for (i = 0; i <= d.len; i++) {
		for (j = i; j <= d.len; j++) {
			struct heard h = { .n = 0 };
			struct tap tap = {
				.auth = true, .on_frame = hear, .ctx = &h
			};

			assert_true(tap_feed(&tap, atls_bytes(d.p, i), line));
			assert_true(
			    tap_feed(&tap, atls_bytes(d.p + i, j - i), line));
			assert_true(tap_feed(
			    &tap, atls_bytes(d.p + j, d.len - j), line));
			assert_string_equal(
			    h.s, "SYN 1[] PSH 1 (5)[hello] FIN 1[] ");
			assert_int_equal(tap_partial(&tap), 0);
			tap_free(&tap);
		}
	}
}

static void
tap_describes_records(void **state)
{
	struct bench *b = *state;
	struct data d = encode(&b->t, psh(1, text("hello")));
	struct heard h = { .n = 0 };
	struct tap tap = { .on_frame = hear, .ctx = &h };
	char line[TAP_LINE];

	tap_feed(&tap, atls_bytes(d.p, 3), line);
	assert_string_equal(line, "header (3 of 7)");
	assert_int_equal(tap_partial(&tap), 3);
	tap_feed(&tap, atls_bytes(d.p + 3, 4), line);
	assert_string_equal(line, "PSH 1 (0 of 5)");
	tap_feed(&tap, atls_bytes(d.p + 7, 2), line);
	assert_string_equal(line, "PSH 1 (2 of 5)");
	assert_int_equal(tap_partial(&tap), 9);
	d = join(&b->t, part(d, 9, 3), encode(&b->t, fin(1)));
	tap_feed(&tap, atls_bytes(d.p, d.len), line);
	assert_string_equal(line, "PSH 1 (next 3 of 5) · FIN 1");
	tap_free(&tap);
}

static void
tap_lines_stay_in_bounds(void **state)
{
	struct bench *b = *state;
	struct data d = NO_DATA;
	struct heard h = { .n = 0 };
	struct tap tap = { .on_frame = hear, .ctx = &h };
	char line[TAP_LINE];
	int i;

	for (i = 0; i < 12; i++)
		d = join(&b->t, d, encode(&b->t, syn(4000000000)));
	tap_feed(&tap, atls_bytes(d.p, d.len), line);
	assert_in_range(strlen(line), 150, TAP_LINE - 1);
	assert_string_equal(line + strlen(line) - 3, "...");
	tap_free(&tap);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    encodes_header_and_data, setup, teardown),
		cmocka_unit_test_setup_teardown(data_repeat, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    commands_have_their_numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(authenticates, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    patterns_differ_by_seed_and_place, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    joins_and_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(matches, setup, teardown),
		cmocka_unit_test_setup_teardown(describes, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    tap_finds_frames_in_any_pieces, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    tap_describes_records, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    tap_lines_stay_in_bounds, setup, teardown),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
