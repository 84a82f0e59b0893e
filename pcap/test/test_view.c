/* TLS as seen from outside: real handshakes, cut in every way, with the right
 * keys, none, others, and some of them. */
#include "pcap/test/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/view.h"
#include "ref/net/tls.h"

#define MOST 16

/* A connection between two real ends, and what it looked like. */
struct wire {
	char keys[4096];
	struct tls_buf sent[2 * MOST]; /* in turns, by who sends */
	int dir[2 * MOST];
	size_t n;
	struct tls_conn *end[2];
};

static void
add_key(void *ctx, const char *line)
{
	struct wire *w = ctx;
	size_t n = strlen(w->keys);

	snprintf(w->keys + n, sizeof(w->keys) - n, "%s\n", line);
}

/* Takes what DIR has to send. */
static void
flush(struct wire *w, int dir, struct tls_buf *out)
{
	if (out->len == 0)
		return;
	assert_true(w->n < 2 * MOST);
	w->dir[w->n] = dir;
	w->sent[w->n++] = *out;
	tls_conn_input(w->end[!dir], atls_bytes(out->p, out->len));
	memset(out, 0, sizeof(*out));
}

static struct tls_conn *
new_end(struct wire *w, bool server, uint16_t version)
{
	struct tls_ctx_config cfg = { .server = server,
		.min_version = version,
		.max_version = version,
		.keylog = server ? NULL : add_key,
		.keylog_ctx = w };
	char err[TLS_ERRLEN];
	struct tls_ctx *ctx = tls_ctx_new(&cfg, err);
	struct tls_conn *c;

	assert_non_null(ctx);
	c = tls_conn_new(ctx, server ? NULL : "name.test", NULL);
	tls_ctx_free(ctx);
	return (c);
}

static const char *const said[] = { "from the client", "from the server", "x" };

/* A handshake, then SAID in turns. */
static void
talk(struct wire *w, uint16_t version)
{
	struct tls_buf out = { NULL, 0, 0 };
	uint8_t buf[TLS_MAX_PLAINTEXT];
	size_t len, i;
	int dir;

	memset(w, 0, sizeof(*w));
	w->end[0] = new_end(w, false, version);
	w->end[1] = new_end(w, true, version);
	for (i = 0; i < 6; i++) {
		dir = (int)(i & 1);
		tls_conn_set_output(w->end[dir], &out);
		tls_conn_handshake(w->end[dir]);
		flush(w, dir, &out);
	}
	for (i = 0; i < 3; i++) {
		dir = (int)(i & 1);
		tls_conn_set_output(w->end[dir], &out);
		assert_int_equal(tls_conn_handshake(w->end[dir]), 0);
		while (tls_conn_read(w->end[dir], buf, sizeof(buf), &len) == 0)
			;
		assert_int_equal(
		    tls_conn_write(w->end[dir], atls_bytes_str(said[i])), 0);
		flush(w, dir, &out);
	}
	tls_conn_close(w->end[1]);
	tls_conn_set_output(w->end[1], &out);
	flush(w, 1, &out);
	tls_buf_free(&out);
}

static void
hang_up(struct wire *w)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		tls_buf_free(&w->sent[i]);
	tls_conn_free(w->end[0]);
	tls_conn_free(w->end[1]);
}

struct seen {
	char text[512]; /* "c:..." and "s:...", alerts "!", closed ones "#" */
	unsigned hellos;
	enum view_trouble trouble;
	char sentence[256], sni[HELLO_NAME], protocol[64];
};

static void
on_hello(void *ctx)
{
	((struct seen *)ctx)->hellos++;
}

static void
on_record(void *ctx, const struct view_record *r)
{
	struct seen *s = ctx;
	size_t n = strlen(s->text);

	if (!r->opened)
		snprintf(s->text + n, sizeof(s->text) - n, "#");
	else if (r->type == VIEW_ALERT)
		snprintf(s->text + n, sizeof(s->text) - n, "!");
	else
		snprintf(s->text + n, sizeof(s->text) - n, "%c:%.*s ",
		    r->dir == VIEW_CLIENT ? 'c' : 's', (int)r->plain.len,
		    (const char *)r->plain.p);
}

static void
on_trouble(void *ctx, enum view_trouble what, const char *text, struct mark at)
{
	struct seen *s = ctx;

	(void)at;
	s->trouble = what;
	snprintf(s->sentence, sizeof(s->sentence), "%s", text);
}

/* Looks at W in pieces of PIECE bytes with the key log KEYS. */
static void
look(const struct wire *w, size_t piece, const char *keys, struct seen *s)
{
	static uint8_t plain[VIEW_PLAIN];
	struct view_sink to = { on_hello, on_record, on_trouble, s };
	struct keylog *k = keylog_new();
	struct view_shared shared = { aead_lib_new(), k, plain, NULL };
	struct mark at = { 1, 1 };
	struct view *v;
	struct atls_bytes rest;
	char text[128];
	size_t i, n;

	memset(s, 0, sizeof(*s));
	assert_non_null(shared.lib);
	assert_int_equal(keylog_add(k, atls_bytes_str(keys)), 0);
	v = view_new(&shared, &to);
	assert_non_null(v);
	for (i = 0; i < w->n; i++)
		for (rest = atls_bytes(w->sent[i].p, w->sent[i].len);
		     rest.len != 0; atls_bytes_skip(&rest, n)) {
			n = rest.len < piece ? rest.len : piece;
			assert_int_equal(
			    view_data(v, w->dir[i], atls_bytes(rest.p, n), at),
			    0);
		}
	snprintf(s->sni, sizeof(s->sni), "%s", view_client(v)->sni);
	snprintf(s->protocol, sizeof(s->protocol), "%s",
	    view_protocol(v, text, sizeof(text)));
	view_free(v);
	keylog_free(k);
	aead_lib_free(shared.lib);
	free(shared.spare);
}

#define ALL_SAID "c:from the client s:from the server c:x !"

static void
opened(uint16_t version)
{
	static const size_t pieces[] = { 1, 2, 3, 5, 7, 100, 1460, 65536 };
	struct wire w;
	struct seen s;
	size_t i;

	talk(&w, version);
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		look(&w, pieces[i], w.keys, &s);
		assert_string_equal(s.text, ALL_SAID);
		assert_int_equal(s.hellos, 1);
		assert_string_equal(s.sni, "name.test");
		assert_memory_equal(s.protocol,
		    version == 0x0304 ? "TLS 1.3 TLS_" : "TLS 1.2 ECDHE", 12);
		assert_int_equal(s.trouble, VIEW_FINE);
	}
	hang_up(&w);
}

static void
tls12(void **state)
{
	(void)state;
	opened(0x0303);
}

static void
tls13(void **state)
{
	(void)state;
	opened(0x0304);
}

/* Lines of KEYS that hold WORD are left out. */
static void
without(char *keys, const char *word)
{
	char out[4096] = "", *line, *next;

	for (line = keys; *line != '\0'; line = next) {
		next = strchr(line, '\n') + 1;
		next[-1] = '\0';
		if (strstr(line, word) == NULL) {
			strcat(out, line);
			strcat(out, "\n");
		}
	}
	strcpy(keys, out);
}

static void
no_keys(void **state)
{
	struct wire w;
	struct seen s;

	(void)state;
	talk(&w, 0x0303);
	look(&w, 100, "", &s);
	assert_string_equal(s.text, "###");
	assert_int_equal(s.trouble, VIEW_NO_KEYS);
	hang_up(&w);
	talk(&w, 0x0304);
	look(&w, 100, "", &s);
	assert_int_equal(s.trouble, VIEW_NO_KEYS);
	assert_true(strspn(s.text, "#") == strlen(s.text));
	hang_up(&w);
}

/* Secrets of another connection under the random of this one. */
static void
wrong_keys(void **state)
{
	static const uint16_t versions[] = { 0x0303, 0x0304 };
	char *digit;
	struct wire w;
	struct seen s;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		talk(&w, versions[i]);
		for (digit = w.keys; *digit != '\0'; digit++)
			if (digit[1] == '\n' || digit[1] == '\0')
				*digit = *digit == '0' ? '1' : '0';
		w.keys[strlen(w.keys) - 1] = '\n';
		look(&w, 100, w.keys, &s);
		assert_int_equal(s.trouble, VIEW_WRONG_KEYS);
		assert_true(strspn(s.text, "#") == strlen(s.text));
		hang_up(&w);
	}
}

static void
some_keys(void **state)
{
	struct wire w;
	struct seen s;

	(void)state;
	talk(&w, 0x0304);
	without(w.keys, "HANDSHAKE");
	look(&w, 100, w.keys, &s);
	assert_non_null(strstr(s.text, ALL_SAID));
	without(w.keys, "SERVER_TRAFFIC");
	look(&w, 100, w.keys, &s);
	assert_non_null(strstr(s.text, "c:from the client #c:x #"));
	hang_up(&w);
	talk(&w, 0x0304);
	without(w.keys, "SERVER_TRAFFIC");
	look(&w, 100, w.keys, &s);
	assert_int_equal(s.trouble, VIEW_WRONG_KEYS);
	hang_up(&w);
}

/* Each byte of the wire, changed: never all that was said and no trouble. */
static void
damaged(void **state)
{
	unsigned silent = 0;
	struct wire w;
	struct seen s;
	size_t i, j, hellos;

	(void)state;
	talk(&w, 0x0304);
	for (i = 0; i < w.n; i++)
		for (j = 0; j < w.sent[i].len; j += 7) {
			w.sent[i].p[j] ^= 0x20;
			look(&w, 1460, w.keys, &s);
			if (s.trouble == VIEW_FINE &&
			    strcmp(s.text, ALL_SAID) == 0)
				silent++;
			w.sent[i].p[j] ^= 0x20;
		}
	/* Of the hellos most bytes do not matter to a reader: the client's, and
	 * the server's, which is the first record it sends. */
	hellos = w.sent[0].len + atls_get16(w.sent[1].p + 3);
	assert_true(silent < hellos / 7 + 40);
	hang_up(&w);
}

static void
not_tls(void **state)
{
	struct wire w = { .n = 1 };
	struct seen s;
	char text[] = "GET / HTTP/1.1\r\n\r\n";

	(void)state;
	w.sent[0].p = (uint8_t *)text;
	w.sent[0].len = strlen(text);
	look(&w, 1, "", &s);
	assert_int_equal(s.trouble, VIEW_NOT_TLS);
	assert_string_equal(s.text, "");
}

static void
from_the_middle(void **state)
{
	struct wire w;
	struct seen s;
	size_t i;

	(void)state;
	talk(&w, 0x0304);
	for (i = 0; i < 3; i++)
		tls_buf_free(&w.sent[i]);
	look(&w, 100, w.keys, &s);
	assert_int_equal(s.trouble, VIEW_MIDDLE);
	assert_string_equal(s.text, "");
	hang_up(&w);
}

/* Sealed and opened, every suite. */
static void
suites(void **state)
{
	static const uint8_t secret[48] = { 1, 2, 3 }, random[32] = { 4 };
	struct aead_tls12 in = { random, random, { secret, 48 }, true };
	struct aead_lib *lib = aead_lib_new();
	const struct aead_suite *suite;
	struct aead *a;
	uint8_t wire[64], plain[64];
	struct atls_writer w, out;
	unsigned id, n = 0;

	(void)state;
	for (id = 0; id < 65536; id++) {
		suite = aead_suite((uint16_t)id);
		if (suite == NULL)
			continue;
		n++;
		a = suite->tls13
		    ? aead_new_tls13(lib, suite,
			  atls_bytes(secret, suite->sha384 ? 48 : 32))
		    : aead_new_tls12(lib, suite, &in);
		assert_non_null(a);
		w = atls_writer(wire, sizeof(wire));
		assert_true(aead_seal(a, 3, 23, atls_bytes_str("abc"), &w));
		assert_int_equal(w.len, AEAD_HEADER + 3 + aead_overhead(suite));
		out = atls_writer(plain, sizeof(plain));
		assert_false(aead_open(a, 4, wire,
		    atls_bytes(wire + AEAD_HEADER, w.len - AEAD_HEADER), &out));
		assert_true(aead_open(a, 3, wire,
		    atls_bytes(wire + AEAD_HEADER, w.len - AEAD_HEADER), &out));
		assert_memory_equal(plain, "abc\x17", suite->tls13 ? 4 : 3);
		aead_free(a);
	}
	assert_int_equal(n, 14);
	aead_lib_free(lib);
}

/* The nonce of each record is another, far beyond what eight bits count. */
static void
many_records(void **state)
{
	static const uint64_t numbers[] = { 0, 1, 255, 256, 65536, 1ull << 32,
		UINT64_MAX };
	static const uint8_t secret[48] = { 5 };
	struct aead_lib *lib = aead_lib_new();
	const struct aead_suite *suite = aead_suite(0x1301);
	struct aead *a = aead_new_tls13(lib, suite, atls_bytes(secret, 32));
	uint8_t wire[64], plain[64];
	struct atls_writer w, out;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		for (j = 0; j < sizeof(numbers) / sizeof(numbers[0]); j++) {
			w = atls_writer(wire, sizeof(wire));
			assert_true(aead_seal(
			    a, numbers[i], 23, atls_bytes_str("abc"), &w));
			out = atls_writer(plain, sizeof(plain));
			assert_int_equal(i == j,
			    aead_open(a, numbers[j], wire,
				atls_bytes(
				    wire + AEAD_HEADER, w.len - AEAD_HEADER),
				&out));
		}
	aead_free(a);
	/* A secret that is not of this hash. */
	assert_null(aead_new_tls13(lib, suite, atls_bytes(secret, 48)));
	assert_null(aead_new_tls13(lib, suite, atls_bytes(secret, 31)));
	assert_null(
	    aead_new_tls13(lib, aead_suite(0x1302), atls_bytes(secret, 32)));
	aead_lib_free(lib);
}

/* A record of DIR, made here: PLAIN of TYPE, sealed with LABEL's secret, which
 * goes to the key log; without LABEL it is not sealed. */
static void
make(struct wire *w, int dir, const char *label, uint8_t type,
    struct atls_bytes plain)
{
	static const uint8_t secret[32] = { 7 };
	struct aead_lib *lib = aead_lib_new();
	struct aead *a =
	    aead_new_tls13(lib, aead_suite(0x1301), atls_bytes(secret, 32));
	uint8_t *room = calloc(1, 256);
	struct atls_writer out = atls_writer(room, 256);
	char line[256];

	assert_non_null(room);
	if (label != NULL) {
		assert_true(aead_seal(a, 0, type, plain, &out));
		snprintf(line, sizeof(line), "%s %064x 07%062x", label, 0, 0);
		add_key(w, line);
	} else {
		atls_writer_put8(&out, type);
		atls_writer_put16(&out, 0x0303);
		atls_writer_put16(&out, (uint16_t)plain.len);
		atls_writer_put(&out, plain.p, plain.len);
	}
	w->dir[w->n] = dir;
	w->sent[w->n++] = (struct tls_buf){ out.p, out.len, 256 };
	aead_free(a);
	aead_lib_free(lib);
}

/* TLS 1.3 hides the length of data by zeros behind its type. */
static void
padded(void **state)
{
	static const uint8_t hello[2][54] = {
		{ 1, 0, 0, 50, 3, 3, [38] = 0, 0, 2, 0x13, 1, 1, 0, 0, 7, 0, 43,
		    0, 3, 2, 3, 4 },
		{ 2, 0, 0, 46, 3, 3, [38] = 0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3,
		    4 },
	};
	static const uint8_t finished[36] = { 20, 0, 0, 32 };
	struct wire w = { .n = 0 };
	struct seen s;

	(void)state;
	make(&w, 0, NULL, 22, atls_bytes(hello[0], 54));
	make(&w, 1, NULL, 22, atls_bytes(hello[1], 50));
	make(&w, 1, "SERVER_HANDSHAKE_TRAFFIC_SECRET", 22,
	    atls_bytes(finished, 36));
	make(&w, 0, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", 22,
	    atls_bytes(finished, 36));
	make(&w, 0, "CLIENT_TRAFFIC_SECRET_0", 0, atls_bytes("abc\x17\0\0", 6));
	make(&w, 1, "SERVER_TRAFFIC_SECRET_0", 23, atls_bytes("def", 3));
	look(&w, 100, w.keys, &s);
	assert_string_equal(s.text, "c:abc s:def ");
	assert_int_equal(s.trouble, VIEW_FINE);
	while (w.n != 0)
		tls_buf_free(&w.sent[--w.n]);
	/* Nothing but zeros is no record. */
	make(&w, 0, NULL, 22, atls_bytes(hello[0], 54));
	make(&w, 1, NULL, 22, atls_bytes(hello[1], 50));
	make(&w, 1, "SERVER_HANDSHAKE_TRAFFIC_SECRET", 22,
	    atls_bytes(finished, 36));
	make(&w, 1, "SERVER_TRAFFIC_SECRET_0", 0, atls_bytes("\0\0", 2));
	look(&w, 100, w.keys, &s);
	assert_int_equal(s.trouble, VIEW_BROKEN);
	while (w.n != 0)
		tls_buf_free(&w.sent[--w.n]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tls12),
		cmocka_unit_test(tls13),
		cmocka_unit_test(no_keys),
		cmocka_unit_test(wrong_keys),
		cmocka_unit_test(some_keys),
		cmocka_unit_test(damaged),
		cmocka_unit_test(not_tls),
		cmocka_unit_test(from_the_middle),
		cmocka_unit_test(suites),
		cmocka_unit_test(many_records),
		cmocka_unit_test(padded),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
