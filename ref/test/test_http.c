/* HTTP requests to a proxy: whole, at each split, and at random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ref/net/http.h"

struct sample {
	const char *in;
	int result;
	bool connect;
	const char *addr;
	const char *rewritten; /* plain requests */
	const char *rest;
};

static const struct sample samples[] = {
	{ "CONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\n\r\n\x16\x03", 0, true,
	    "a.b:443", NULL, "\x16\x03" },
	{ "CONNECT [::1]:443 HTTP/1.0\n\n", 0, true, "[::1]:443", NULL, "" },
	{ "connect 127.0.0.1:1 HTTP/1.1\r\n\r\n", 0, true, "127.0.0.1:1", NULL,
	    "" },
	{ "GET http://a.b/x?y HTTP/1.1\r\nHost: a.b\r\n"
	  "Proxy-Connection: keep-alive\r\nConnection: keep-alive\r\n"
	  "Proxy-Authorization: Basic eDp5\r\nAccept: */*\r\n\r\n",
	    0, false, "a.b:80",
	    "GET /x?y HTTP/1.1\r\nHost: a.b\r\nAccept: */*\r\n"
	    "Connection: close\r\n\r\n",
	    "" },
	{ "POST http://u:p@[::1]:81 HTTP/1.1\r\nContent-Length: 2\r\n\r\nok", 0,
	    false, "[::1]:81",
	    "POST / HTTP/1.1\r\nContent-Length: 2\r\n"
	    "Connection: close\r\n\r\n",
	    "ok" },
	{ "GET HTTP://1.2.3.4?q HTTP/1.0\r\n\r\n", 0, false, "1.2.3.4:80",
	    "GET /?q HTTP/1.0\r\nConnection: close\r\n\r\n", "" },
	{ "GET http://a/ HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: "
	  "websocket\r\n\r\n",
	    0, false, "a:80",
	    "GET / HTTP/1.1\r\nConnection: Upgrade\r\n"
	    "Upgrade: websocket\r\n\r\n",
	    "" },
	{ "GET / HTTP/1.1\r\n\r\n", ATLS_E_SYNTAX, false, NULL, NULL, NULL },
	{ "GET https://a/ HTTP/1.1\r\n\r\n", ATLS_E_SYNTAX, false, NULL, NULL,
	    NULL },
	{ "GET http:// HTTP/1.1\r\n\r\n", ATLS_E_SYNTAX, false, NULL, NULL,
	    NULL },
	{ "GET http://a:x/ HTTP/1.1\r\n\r\n", ATLS_E_SYNTAX, false, NULL, NULL,
	    NULL },
	{ "GET http://::1/ HTTP/1.1\r\n\r\n", ATLS_E_SYNTAX, false, NULL, NULL,
	    NULL },
	{ "CONNECT a.b HTTP/1.1\r\n\r\n", ATLS_E_SYNTAX, false, NULL, NULL,
	    NULL },
	{ "CONNECT a.b:0 HTTP/1.1\r\n\r\n", ATLS_E_SYNTAX, false, NULL, NULL,
	    NULL },
	{ "CONNECT a.b:70000 HTTP/1.1\r\n\r\n", ATLS_E_SYNTAX, false, NULL,
	    NULL, NULL },
	{ "CONNECT a.b:443\r\n\r\n", ATLS_E_SYNTAX, false, NULL, NULL, NULL },
	{ "CONNECT a.b:443 HTTP/2.0\r\n\r\n", ATLS_E_SYNTAX, false, NULL, NULL,
	    NULL },
	{ "CONNECT a.b:443 HTTP/1.1 \r\n\r\n", ATLS_E_SYNTAX, false, NULL, NULL,
	    NULL },
	{ "CONNECT a.b:443 HTTP/1.1\r\nno colon\r\n\r\n", ATLS_E_SYNTAX, false,
	    NULL, NULL, NULL },
	{ "\r\n\r\n", ATLS_E_SYNTAX, false, NULL, NULL, NULL },
	{ "G\x01T http://a/ HTTP/1.1\r\n\r\n", ATLS_E_SYNTAX, false, NULL, NULL,
	    NULL },
};
#define NSAMPLES (sizeof(samples) / sizeof(samples[0]))

static void
check(const struct sample *s, const struct http_request *r, const char *in)
{
	uint8_t out[1024];
	struct atls_writer w =
	    atls_writer(out, strlen(in) + HTTP_REWRITE_EXTRA);
	char text[ATLS_ADDR_STRLEN];

	assert_int_equal(r->connect, s->connect);
	atls_addr_format(&r->addr, text);
	assert_string_equal(text, s->addr);
	assert_string_equal(in + r->nhead, s->rest);
	if (s->rewritten == NULL)
		return;
	http_rewrite(r, atls_bytes(in, r->nhead), &w);
	assert_false(w.full);
	assert_int_equal(w.len, strlen(s->rewritten));
	assert_memory_equal(out, s->rewritten, w.len);
}

static void
whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < NSAMPLES; i++) {
		struct http_request r = { 0 };
		const char *in = samples[i].in;
		int e = http_request_read(&r, atls_bytes_str(in));

		if (e != samples[i].result)
			print_error("%d for: %s\n", e, in);
		assert_int_equal(e, samples[i].result);
		if (e == 0)
			check(&samples[i], &r, in);
	}
}

/* The buffer grows by a byte and moves each time. */
static void
byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < NSAMPLES; i++) {
		struct http_request r = { 0 };
		size_t len = strlen(samples[i].in), n;
		uint8_t *copy = NULL;
		int e = ATLS_E_MORE;

		for (n = 0; n <= len && e == ATLS_E_MORE; n++) {
			free(copy);
			copy = malloc(n + 1);
			memcpy(copy, samples[i].in, n);
			e = http_request_read(&r, atls_bytes(copy, n));
		}
		assert_int_equal(e, samples[i].result);
		if (e == 0)
			assert_int_equal(r.nhead, n - 1);
		free(copy);
	}
}

static void
at_each_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < NSAMPLES; i++) {
		size_t len = strlen(samples[i].in);

		for (size_t cut = 0; cut < len; cut++) {
			struct http_request r = { 0 };
			const char *in = samples[i].in;
			int e = http_request_read(&r, atls_bytes(in, cut));

			if (e == ATLS_E_MORE)
				e = http_request_read(&r, atls_bytes(in, len));
			assert_int_equal(e, samples[i].result);
			if (e == 0)
				check(&samples[i], &r, in);
		}
	}
}

static void
head_is_bounded(void **state)
{
	char *in = malloc(HTTP_HEAD_MAX);
	struct http_request r = { 0 };

	(void)state;
	memset(in, 'a', HTTP_HEAD_MAX);
	assert_int_equal(
	    http_request_read(&r, atls_bytes(in, HTTP_HEAD_MAX - 1)),
	    ATLS_E_MORE);
	assert_int_equal(
	    http_request_read(&r, atls_bytes(in, HTTP_HEAD_MAX)), ATLS_E_LIMIT);
	free(in);
}

static void
signs_of_user_information_do_not_nest(void **state)
{
	char in[4000] = "CONNECT ";
	struct http_request r = { 0 };

	(void)state;
	memset(in + 8, '@', 3000);
	strcpy(in + 3008, "a:1 HTTP/1.1\r\n\r\n");
	assert_int_equal(http_request_read(&r, atls_bytes_str(in)), 0);
	assert_int_equal(r.addr.port, 1);
}

static void
basic(void **state)
{
	static const char *wrong[] = { "Basic YTpi", "Basic", "Bearer YTpj",
		"Basic YTpjZA==", "", "Basic YTpjZA== x" };

	(void)state;
	/* a:c, a:cd, ab:cde: each number of bytes over a multiple of 3 */
	assert_true(http_basic_ok(atls_bytes_str("Basic YTpj"), "a", "c"));
	assert_true(
	    http_basic_ok(atls_bytes_str("basic  YTpjZA=="), "a", "cd"));
	assert_true(
	    http_basic_ok(atls_bytes_str("Basic YTpjZGU="), "a", "cde"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_false(http_basic_ok(atls_bytes_str(wrong[i]), "a", "c"));
	}
}

static void
noise(void **state)
{
	static const char words[] =
	    "CONNECT GET http://a:1/ HTTP/1.1\r\n\r\n:@[]";
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 50000; round++) {
		struct http_request r = { 0 };
		size_t len = 1 + (size_t)round % 90;
		char *in = malloc(len);
		uint8_t out[256];
		struct atls_writer w =
		    atls_writer(out, len + HTTP_REWRITE_EXTRA);

		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525U + 1013904223U;
			in[i] = words[(i * 7 + (seed >> 27 ? 0 : seed >> 8)) %
			    (sizeof(words) - 1)];
			if (seed >> 28 != 0)
				in[i] = words[i % (sizeof(words) - 1)];
		}
		if (http_request_read(&r, atls_bytes(in, len)) == 0 &&
		    !r.connect) {
			http_rewrite(&r, atls_bytes(in, r.nhead), &w);
			assert_false(w.full);
		}
		free(in);
	}
}

static void
responses(void **state)
{
	static const unsigned codes[] = { 200, 400, 407, 431, 502, 504 };

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		const char *text = http_response(codes[i]);

		assert_int_equal(atoi(text + 9), codes[i]);
		assert_string_equal(text + strlen(text) - 4, "\r\n\r\n");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(at_each_split),
		cmocka_unit_test(head_is_bounded),
		cmocka_unit_test(signs_of_user_information_do_not_nest),
		cmocka_unit_test(basic),
		cmocka_unit_test(noise),
		cmocka_unit_test(responses),
	};

	return (cmocka_run_group_tests_name("http", tests, NULL, NULL));
}
