/* SOCKS5 and SOCKS4/4a: whole, at each split, byte by byte, and at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ref/net/socks5.h"

/* A client's bytes, all messages in a row, and what must come of them. */
struct talk {
	const char *name;
	const char *in;
	size_t nin;
	bool login; /* user "u", password "pw" are demanded */
	int result;
	const char *out;
	size_t nout;
	enum socks5_command command;
	const char *addr;
	size_t rest; /* bytes that are the application's */
};

#define B(text) text, sizeof(text) - 1

static const struct talk talks[] = {
	{ "connect to IPv4", B("\5\1\0\5\1\0\1\177\0\0\1\0\120"), false, 0,
	    B("\5\0"), SOCKS5_CONNECT, "127.0.0.1:80", 0 },
	{ "connect to a name, data behind", B("\5\2\1\0\5\1\0\3\3a.b\1\273xyz"),
	    false, 0, B("\5\0"), SOCKS5_CONNECT, "a.b:443", 3 },
	{ "connect to IPv6",
	    B("\5\1\0\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\120"), false, 0,
	    B("\5\0"), SOCKS5_CONNECT, "[::1]:80", 0 },
	{ "associate", B("\5\1\0\5\3\0\1\0\0\0\0\0\0"), false, 0, B("\5\0"),
	    SOCKS5_UDP_ASSOCIATE, "0.0.0.0:0", 0 },
	{ "associate with an empty name", B("\5\1\0\5\3\0\3\0\0\7"), false, 0,
	    B("\5\0"), SOCKS5_UDP_ASSOCIATE, "0.0.0.0:7", 0 },
	{ "login", B("\5\2\0\2\1\1u\2pw\5\1\0\3\1a\0\1"), true, 0,
	    B("\5\2\1\0"), SOCKS5_CONNECT, "a:1", 0 },
	{ "wrong password", B("\5\1\2\1\1u\2pX"), true, ATLS_E_AUTH,
	    B("\5\2\1\1"), 0, NULL, 0 },
	{ "wrong user", B("\5\1\2\1\1v\2pw"), true, ATLS_E_AUTH, B("\5\2\1\1"),
	    0, NULL, 0 },
	{ "login of another version", B("\5\1\2\5"), true, ATLS_E_SYNTAX,
	    B("\5\2"), 0, NULL, 0 },
	{ "no method in common", B("\5\1\0"), true, ATLS_E_AUTH, B("\5\377"), 0,
	    NULL, 0 },
	{ "no method at all", B("\5\0"), false, ATLS_E_AUTH, B("\5\377"), 0,
	    NULL, 0 },
	{ "bind", B("\5\1\0\5\2\0\1"), false, ATLS_E_SYNTAX,
	    B("\5\0\5\7\0\1\0\0\0\0\0\0"), 0, NULL, 0 },
	{ "unknown address type", B("\5\1\0\5\1\0\2\0"), false,
	    ATLS_E_ADDR_TYPE, B("\5\0\5\10\0\1\0\0\0\0\0\0"), 0, NULL, 0 },
	{ "request of another version", B("\5\1\0\4"), false, ATLS_E_SYNTAX,
	    B("\5\0"), 0, NULL, 0 },
	{ "another version", B("\6"), false, ATLS_E_SYNTAX, B(""), 0, NULL, 0 },
	{ "4 to IPv4, data behind", B("\4\1\0\120\177\0\0\1me\0GET"), false, 0,
	    B(""), SOCKS5_CONNECT, "127.0.0.1:80", 3 },
	{ "4a to a name", B("\4\1\0\120\0\0\0\1\0a.b\0"), false, 0, B(""),
	    SOCKS5_CONNECT, "a.b:80", 0 },
	{ "4a without a name", B("\4\1\0\120\0\0\0\1\0\0"), false,
	    ATLS_E_ADDR_EMPTY, B(""), 0, NULL, 0 },
	{ "4 bind", B("\4\2\0\120\0\0\0\1"), false, ATLS_E_SYNTAX,
	    B("\0\133\0\0\0\0\0\0"), 0, NULL, 0 },
	{ "4 has no password", B("\4\1\0\120\177\0\0\1\0"), true, ATLS_E_AUTH,
	    B("\0\133\0\0\0\0\0\0"), 0, NULL, 0 },
};
#define NTALKS (sizeof(talks) / sizeof(talks[0]))

/* Feeds the cuts' pieces one after the other, as a connection would. */
static void
run_talk(const struct talk *t, const size_t *cuts, size_t ncuts)
{
	struct socks5 s = { .user = t->login ? "u" : NULL,
		.password = t->login ? "pw" : NULL };
	uint8_t *have = malloc(t->nin + 1);
	uint8_t out[SOCKS5_REPLY_MAX];
	struct atls_writer w = atls_writer(out, sizeof(out));
	char text[ATLS_ADDR_STRLEN];
	size_t nhave = 0, done = 0, i, end;
	struct atls_bytes in;
	int r = ATLS_E_MORE;

	for (i = 0; i <= ncuts && r == ATLS_E_MORE; i++) {
		/* cppcheck-suppress nullPointer ; NCUTS is 0 then */
		end = i < ncuts ? cuts[i] : t->nin;
		memcpy(have + nhave, t->in + done, end - done);
		nhave += end - done;
		done = end;
		in = atls_bytes(have, nhave);
		r = socks5_feed(&s, &in, &w);
		memmove(have, in.p, in.len);
		nhave = in.len;
	}
	if (r != t->result || w.len != t->nout)
		print_error("%s: %d, %zu bytes\n", t->name, r, w.len);
	assert_int_equal(r, t->result);
	assert_int_equal(w.len, t->nout);
	assert_memory_equal(out, t->out, t->nout);
	if (r == 0) {
		assert_int_equal(s.command, t->command);
		atls_addr_format(&s.addr, text);
		assert_string_equal(text, t->addr);
		assert_int_equal(nhave + (t->nin - done), t->rest);
	}
	free(have);
}

static void
whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < NTALKS; i++)
		run_talk(&talks[i], NULL, 0);
}

static void
at_each_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < NTALKS; i++) {
		for (size_t cut = 0; cut <= talks[i].nin; cut++)
			run_talk(&talks[i], &cut, 1);
	}
}

static void
byte_by_byte(void **state)
{
	size_t cuts[64];

	(void)state;
	for (size_t i = 0; i < 64; i++)
		cuts[i] = i;
	for (size_t i = 0; i < NTALKS; i++) {
		assert_true(talks[i].nin <= 64);
		run_talk(&talks[i], cuts, talks[i].nin);
	}
}

static void
texts_of_4_are_bounded(void **state)
{
	uint8_t in[9 + 300] = { 4, 1, 0, 80, 127, 0, 0, 1 };
	struct socks5 s = { 0 };
	uint8_t out[SOCKS5_REPLY_MAX];
	struct atls_writer w = atls_writer(out, sizeof(out));
	struct atls_bytes b = atls_bytes(in, 8 + 255);

	(void)state;
	memset(in + 8, 'x', 300);
	assert_int_equal(socks5_feed(&s, &b, &w), ATLS_E_MORE);
	b = atls_bytes(in, 8 + 256);
	assert_int_equal(socks5_feed(&s, &b, &w), ATLS_E_SYNTAX);
}

static void
longest_message_fits(void **state)
{
	struct socks5 s = { 0 };
	uint8_t in[SOCKS5_MESSAGE_MAX] = { 4, 1, 0, 80, 0, 0, 0, 1 };
	uint8_t out[SOCKS5_REPLY_MAX];
	struct atls_writer w = atls_writer(out, sizeof(out));
	struct atls_bytes b = atls_bytes(in, 8 + 256 + 256);

	(void)state;
	memset(in + 8, 'x', 255);
	memset(in + 8 + 256, 'y', 255);
	assert_int_equal(socks5_feed(&s, &b, &w), 0);
	assert_int_equal(s.addr.len, 255);
}

static void
replies(void **state)
{
	struct socks5 s = { .version = 5 };
	uint8_t out[SOCKS5_REPLY_MAX];
	struct atls_writer w = atls_writer(out, sizeof(out));
	struct atls_addr a;

	(void)state;
	assert_int_equal(atls_addr_parse("127.0.0.1", 258, &a), 0);
	socks5_reply_put(&s, SOCKS5_OK, &a, &w);
	assert_int_equal(w.len, 10);
	assert_memory_equal(out, "\5\0\0\1\177\0\0\1\1\2", 10);
	s.version = 4;
	w = atls_writer(out, sizeof(out));
	socks5_reply_put(&s, SOCKS5_OK, NULL, &w);
	socks5_reply_put(&s, SOCKS5_REFUSED, NULL, &w);
	assert_int_equal(w.len, 16);
	assert_memory_equal(out, "\0\132\0\0\0\0\0\0\0\133\0\0\0\0\0\0", 16);
}

static void
codes_of_texts(void **state)
{
	static const struct {
		const char *text;
		enum socks5_code code;
	} t[] = {
		{ "dial tcp 127.0.0.1:1: connect: connection refused", 5 },
		{ "Connection Refused", 5 },
		{ "i/o timeout", 4 },
		{ "connection timed out", 4 },
		{ "connect: network is unreachable", 4 },
		{ "lookup x.invalid: no such host", 4 },
		{ "name not found: unknown node or service", 4 },
		{ "something else", 1 },
		{ "", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(
		    socks5_code_of_text(atls_bytes_str(t[i].text)), t[i].code);
	}
}

static void
datagrams(void **state)
{
	static const uint8_t in[] = "\0\0\0\1\10\10\10\10\0\65abc";
	uint8_t out[SOCKS5_UDP_HEADER_MAX];
	struct atls_writer w = atls_writer(out, sizeof(out));
	struct atls_bytes b;
	struct atls_addr a;
	char text[ATLS_ADDR_STRLEN];

	(void)state;
	for (size_t n = 0; n < 10; n++) {
		b = atls_bytes(in, n);
		assert_int_equal(socks5_udp_read(&b, &a), ATLS_E_SYNTAX);
		assert_int_equal(b.len, n);
	}
	b = atls_bytes(in, 13);
	assert_int_equal(socks5_udp_read(&b, &a), 0);
	assert_int_equal(b.len, 3);
	atls_addr_format(&a, text);
	assert_string_equal(text, "8.8.8.8:53");
	socks5_udp_put(&w, &a);
	assert_int_equal(w.len, 10);
	assert_memory_equal(out, in, 10);
}

static void
fragments_are_dropped(void **state)
{
	static const uint8_t in[] = "\0\0\1\1\10\10\10\10\0\65abc";
	struct atls_bytes b = atls_bytes(in, 13);
	struct atls_addr a;

	(void)state;
	assert_int_equal(socks5_udp_read(&b, &a), ATLS_E_SYNTAX);
}

/* Any bytes: an answer or an error, never a read past the end. */
static void
noise(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		struct socks5 s = { .user = round & 1 ? "u" : NULL,
			.password = round & 1 ? "p" : NULL };
		uint8_t out[2 * SOCKS5_REPLY_MAX];
		struct atls_writer w = atls_writer(out, sizeof(out));
		size_t len = 1 + (size_t)round % 40;
		uint8_t *in = malloc(len);
		struct atls_bytes b = atls_bytes(in, len);
		struct atls_addr a;

		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525U + 1013904223U;
			in[i] = (uint8_t)(seed >> 24);
			if (seed & 0x800000)
				in[i] &= 7;
		}
		in[0] = round & 2 ? 5 : 4;
		(void)socks5_feed(&s, &b, &w);
		assert_false(w.full);
		b = atls_bytes(in, len);
		(void)socks5_udp_read(&b, &a);
		free(in);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(at_each_split),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(texts_of_4_are_bounded),
		cmocka_unit_test(longest_message_fits),
		cmocka_unit_test(replies),
		cmocka_unit_test(codes_of_texts),
		cmocka_unit_test(datagrams),
		cmocka_unit_test(fragments_are_dropped),
		cmocka_unit_test(noise),
	};

	return (cmocka_run_group_tests_name("socks5", tests, NULL, NULL));
}
