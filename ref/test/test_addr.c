/* Addresses in SOCKS5 form and as text (AT-SY-13 to 15). */
#include "ref/test/feed.h"
#include "ref/wire/addr.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct vector {
	const char *host;
	uint16_t port;
	enum atls_addr_type type;
	const char *text; /* formatted */
	size_t len;
	uint8_t wire[24];
};

static const struct vector vectors[] = {
	{ "8.8.8.8", 53, ATLS_ADDR_IPV4, "8.8.8.8:53", 7,
	    { 1, 8, 8, 8, 8, 0, 0x35 } },
	{ "0.0.0.0", 0, ATLS_ADDR_IPV4, "0.0.0.0:0", 7, { 1 } },
	{ "255.255.255.255", 65535, ATLS_ADDR_IPV4, "255.255.255.255:65535", 7,
	    { 1, 255, 255, 255, 255, 255, 255 } },
	{ "a.b", 53, ATLS_ADDR_NAME, "a.b:53", 7,
	    { 3, 3, 'a', '.', 'b', 0, 0x35 } },
	{ "x", 258, ATLS_ADDR_NAME, "x:258", 5, { 3, 1, 'x', 1, 2 } },
	{ "1.2.3", 80, ATLS_ADDR_NAME, "1.2.3:80", 9,
	    { 3, 5, '1', '.', '2', '.', '3', 0, 80 } },
	{ "1.2.3.256", 9, ATLS_ADDR_NAME, "1.2.3.256:9", 13,
	    { 3, 9, '1', '.', '2', '.', '3', '.', '2', '5', '6', 0, 9 } },
	{ "::1", 443, ATLS_ADDR_IPV6, "[::1]:443", 19,
	    { 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0xbb } },
	{ "[::1]", 443, ATLS_ADDR_IPV6, "[::1]:443", 19,
	    { 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0xbb } },
	{ "2001:db8::A", 1, ATLS_ADDR_IPV6, "[2001:db8::a]:1", 19,
	    { 4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0,
		1 } },
	{ "::ffff:1.2.3.4", 1, ATLS_ADDR_IPV6, "[::ffff:1.2.3.4]:1", 19,
	    { 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4, 0, 1 } },
};

static int
read_addr(void *ctx, struct atls_bytes *in)
{
	return (atls_addr_read(in, ctx));
}

static void
check_end(void *ctx)
{
	const struct feed_prefix *fp = ctx;

	assert_int_equal(fp->err, 0);
}

/* Reads WIRE and a tail, however it is cut; the tail must stay. */
static void
assert_read(struct atls_bytes wire, struct atls_addr *a)
{
	uint8_t text[ATLS_ADDR_MAX + 3];
	struct atls_writer w = atls_writer(text, sizeof(text));
	struct feed_prefix fp = { .read = read_addr, .ctx = a };
	struct feed f = { feed_prefix_begin, feed_prefix_piece, check_end,
		&fp };
	size_t n;

	atls_writer_put(&w, wire.p, wire.len);
	atls_writer_str(&w, "\x01\x02\x03");
	assert_false(w.full);
	fp.text = atls_bytes(text, w.len);
	feed_all_ways(&f, fp.text);
	assert_int_equal(fp.used, wire.len);
	/* Nothing is read from less, and A stays as it is. */
	for (n = 0; n < wire.len; n++) {
		struct atls_bytes in = { text, n };
		struct atls_addr other;
		struct atls_addr before;

		memset(&other, 0xaa, sizeof(other));
		memcpy(&before, &other, sizeof(other));
		assert_int_equal(atls_addr_read(&in, &other), ATLS_E_MORE);
		assert_memory_equal(&other, &before, sizeof(other));
		assert_ptr_equal(in.p, text);
	}
}

static void
assert_same(const struct atls_addr *a, const struct atls_addr *b)
{
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->port, b->port);
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->host, b->host, a->len);
}

static void
test_vectors(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(vectors); i++) {
		const struct vector *v = &vectors[i];
		uint8_t out[ATLS_ADDR_MAX];
		struct atls_writer w = atls_writer(out, sizeof(out));
		char text[ATLS_ADDR_STRLEN];
		struct atls_addr a;
		struct atls_addr b;

		assert_int_equal(atls_addr_parse(v->host, v->port, &a), 0);
		assert_int_equal(a.type, v->type);
		assert_int_equal(a.port, v->port);
		atls_addr_put(&w, &a);
		assert_false(w.full);
		assert_int_equal(w.len, v->len);
		assert_memory_equal(out, v->wire, v->len);
		assert_read(atls_bytes(out, w.len), &b);
		assert_same(&a, &b);
		atls_addr_format(&a, text);
		assert_string_equal(text, v->text);
		assert_int_equal(atls_addr_parse_hostport(text, &b), 0);
		assert_same(&a, &b);
	}
}

static void
test_longest_name(void **state)
{
	char host[257];
	uint8_t out[ATLS_ADDR_MAX];
	struct atls_writer w = atls_writer(out, sizeof(out));
	struct atls_addr a;
	struct atls_addr b;
	char text[ATLS_ADDR_STRLEN];

	(void)state;
	memset(host, 'n', 256);
	host[256] = '\0';
	assert_int_equal(atls_addr_parse(host, 80, &a), ATLS_E_INVAL);
	host[255] = '\0';
	assert_int_equal(atls_addr_parse(host, 65535, &a), 0);
	atls_addr_put(&w, &a);
	assert_false(w.full);
	assert_int_equal(w.len, ATLS_ADDR_MAX);
	assert_int_equal(out[1], 255);
	assert_read(atls_bytes(out, w.len), &b);
	assert_same(&a, &b);
	atls_addr_format(&a, text);
	assert_memory_equal(text, host, 255);
	assert_string_equal(text + 255, ":65535");
	w = atls_writer(out, ATLS_ADDR_MAX - 1);
	atls_addr_put(&w, &a);
	assert_true(w.full);
}

static void
test_bad_wire(void **state)
{
	static const uint8_t empty[] = { 3, 0, 0, 80 };
	struct atls_bytes in = { empty, sizeof(empty) };
	struct atls_addr a;
	unsigned type;

	(void)state;
	assert_int_equal(atls_addr_read(&in, &a), ATLS_E_ADDR_EMPTY);
	assert_ptr_equal(in.p, empty);
	in.len = 2;
	assert_int_equal(atls_addr_read(&in, &a), ATLS_E_ADDR_EMPTY);
	for (type = 0; type < 256; type++) {
		uint8_t wire[32] = { (uint8_t)type, 1 };
		bool known = type == 1 || type == 3 || type == 4;

		in = atls_bytes(wire, sizeof(wire));
		assert_int_equal(
		    atls_addr_read(&in, &a), known ? 0 : ATLS_E_ADDR_TYPE);
		assert_int_equal(in.p == wire, !known);
		in = atls_bytes(wire, 1);
		assert_int_equal(atls_addr_read(&in, &a),
		    known ? ATLS_E_MORE : ATLS_E_ADDR_TYPE);
	}
	in = atls_bytes(NULL, 0);
	assert_int_equal(atls_addr_read(&in, &a), ATLS_E_MORE);
}

static void
test_parse_errors(void **state)
{
	static const char *const hosts[] = { "", "[]", "[", "[::1", "[1.2.3.4]",
		"[name]", "[::1]x", "[::g]" };
	static const char *const syntax[] = { "a", "a:", "a:x", "a:65536",
		"a:-1", "a:+1", "a: 1", "a:1 ", "a:000001", "a:99999999999",
		"::1", "::1:80", "a:b:80", "[::1]", "[::1]80",
		"[::1]:", "[::1:80", "[]:80", "[a]:80", "[1.2.3.4]:80" };
	static const char *const empty[] = { "", ":", ":80", ":x" };
	struct atls_addr a;
	struct atls_addr before;
	size_t i;

	(void)state;
	memset(&a, 0xaa, sizeof(a));
	memcpy(&before, &a, sizeof(a));
	for (i = 0; i < COUNT(hosts); i++) {
		assert_int_equal(
		    atls_addr_parse(hosts[i], 1, &a), ATLS_E_INVAL);
	}
	for (i = 0; i < COUNT(syntax); i++) {
		assert_int_equal(
		    atls_addr_parse_hostport(syntax[i], &a), ATLS_E_SYNTAX);
	}
	for (i = 0; i < COUNT(empty); i++) {
		assert_int_equal(
		    atls_addr_parse_hostport(empty[i], &a), ATLS_E_ADDR_EMPTY);
	}
	assert_memory_equal(&a, &before, sizeof(a));
	assert_int_equal(atls_addr_parse_hostport("a:0", &a), 0);
	assert_int_equal(a.port, 0);
	assert_int_equal(atls_addr_parse_hostport("a:00080", &a), 0);
	assert_int_equal(a.port, 80);
}

static void
test_hostport_long(void **state)
{
	char text[300];
	struct atls_addr a;

	(void)state;
	memset(text, 'n', sizeof(text));
	memcpy(text + 255, ":65535", 7);
	assert_int_equal(atls_addr_parse_hostport(text, &a), 0);
	assert_int_equal(a.len, 255);
	assert_int_equal(a.port, 65535);
	memset(text, 'n', sizeof(text));
	memcpy(text + 256, ":1", 3);
	assert_int_equal(atls_addr_parse_hostport(text, &a), ATLS_E_SYNTAX);
}

/* What a peer calls a host goes to a log: no byte of it may act there. */
static void
test_format_escapes(void **state)
{
	struct atls_addr a = { ATLS_ADDR_NAME, 80, 9, "a\0\x1b \x7f~\xff\n%" };
	char text[ATLS_ADDR_STRLEN];

	(void)state;
	atls_addr_format(&a, text);
	assert_string_equal(text, "a\\x00\\x1b \\x7f~\\xff\\x0a%:80");
	/* 65 escapes fill the room; the port is kept. */
	a.len = 255;
	a.port = 65535;
	memset(a.host, 0x80, sizeof(a.host));
	memset(text, 'Z', sizeof(text));
	atls_addr_format(&a, text);
	assert_int_equal(strlen(text), 65 * 4 + 6);
	assert_string_equal(text + 64 * 4, "\\x80:65535");
	/* Nothing follows the place where the cut fell. */
	a.host[254] = 'n';
	atls_addr_format(&a, text);
	assert_string_equal(text + 64 * 4, "\\x80:65535");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_longest_name),
		cmocka_unit_test(test_bad_wire),
		cmocka_unit_test(test_parse_errors),
		cmocka_unit_test(test_hostport_long),
		cmocka_unit_test(test_format_escapes),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
