/* TLS over memory: two ends that hand each other their ciphertext. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "ref/net/cert.h"
#include "ref/net/tls.h"

/* One end: what it has to send, and what it has read. */
struct end {
	struct tls_ctx *ctx;
	struct tls_conn *conn;
	struct tls_buf out;
	struct tls_buf got;
	size_t records; /* calls of read that gave something */
	int err;        /* of the last read that gave nothing */
};

struct pair {
	struct end client, server;
	size_t cut; /* bytes of ciphertext per input; 0: all at once */
	unsigned keylog_lines;
};

static void
count_line(void *ctx, const char *line)
{
	struct pair *p = ctx;

	assert_null(strchr(line, '\n'));
	p->keylog_lines++;
}

static void
end_free(struct end *e)
{
	tls_conn_free(e->conn);
	tls_ctx_free(e->ctx);
	tls_buf_free(&e->out);
	tls_buf_free(&e->got);
}

static void
pair_free(struct pair *p)
{
	end_free(&p->client);
	end_free(&p->server);
}

/* Makes both ends; the outputs must not move, so P is the caller's. */
static void
pair_init(struct pair *p, const struct tls_ctx_config *server,
    const struct tls_ctx_config *client, const char *name)
{
	char err[TLS_ERRLEN];

	memset(p, 0, sizeof(*p));

	p->server.ctx = tls_ctx_new(server, err);
	assert_non_null(p->server.ctx);
	p->client.ctx = tls_ctx_new(client, err);
	assert_non_null(p->client.ctx);
	p->server.conn = tls_conn_new(p->server.ctx, NULL, NULL);
	p->client.conn = tls_conn_new(p->client.ctx, name, NULL);
	assert_non_null(p->server.conn);
	assert_non_null(p->client.conn);
	tls_conn_set_output(p->server.conn, &p->server.out);
	tls_conn_set_output(p->client.conn, &p->client.out);
}

/* Reads all records that are there. */
static void
read_all(struct end *e)
{
	uint8_t buf[TLS_MAX_PLAINTEXT];
	size_t n;

	while ((e->err = tls_conn_read(e->conn, buf, sizeof(buf), &n)) == 0) {
		assert_int_equal(tls_buf_add(&e->got, buf, n), 0);
		e->records++;
	}
}

/* Gives TO what FROM has to send, in cuts, calling STEP after each. */
static void
pass(struct pair *p, struct end *from, struct end *to,
    void (*step)(struct end *))
{
	struct tls_buf out = from->out;
	size_t at, n;

	from->out = (struct tls_buf){ NULL, 0, 0 };
	for (at = 0; at < out.len; at += n) {
		n = p->cut != 0 && p->cut < out.len - at ? p->cut
							 : out.len - at;
		tls_conn_input(to->conn, atls_bytes(out.p + at, n));
		step(to);
	}
	tls_buf_free(&out);
}

/* What follows the handshake in the same input, a ticket, must be read. */
static void
step_handshake(struct end *e)
{
	if ((e->err = tls_conn_handshake(e->conn)) != 0)
		return;
	read_all(e);
	if (e->err == ATLS_E_MORE)
		e->err = 0;
}

static void
shake(struct pair *p)
{
	int i;

	step_handshake(&p->client);
	for (i = 0; i < 4; i++) {
		pass(p, &p->client, &p->server, step_handshake);
		pass(p, &p->server, &p->client, step_handshake);
	}
}

static void
assert_shaken(struct pair *p)
{
	shake(p);
	assert_int_equal(p->client.err, 0);
	assert_int_equal(p->server.err, 0);
}

static struct tls_ctx_config
config(bool server, uint16_t version)
{
	struct tls_ctx_config cfg = {
		.server = server,
		.min_version = version,
		.max_version = version,
	};

	return (cfg);
}

static void
shaken_pair(struct pair *p, uint16_t version)
{
	struct tls_ctx_config s = config(true, version);
	struct tls_ctx_config c = config(false, version);

	pair_init(p, &s, &c, "example.org");
	assert_shaken(p);
}

/* Sends N bytes and expects them in RECORDS records. */
static void
check_transfer(
    struct pair *p, struct end *from, struct end *to, size_t n, size_t records)
{
	uint8_t *data = malloc(n);
	size_t i;

	assert_non_null(data);
	for (i = 0; i < n; i++)
		data[i] = (uint8_t)(i * 31 + n);
	to->records = to->got.len = 0;
	assert_int_equal(tls_conn_write(from->conn, atls_bytes(data, n)), 0);
	pass(p, from, to, read_all);
	assert_int_equal(to->err, ATLS_E_MORE);
	assert_int_equal(to->records, records);
	assert_int_equal(to->got.len, n);
	assert_memory_equal(to->got.p, data, n);
	free(data);
}

static void
check_sizes(struct pair *p)
{
	static const struct {
		size_t n, records;
	} v[] = { { 1, 1 }, { 34, 1 }, { 16384, 1 }, { 20000, 2 },
		{ 262144, 16 } };
	size_t i;

	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		check_transfer(p, &p->client, &p->server, v[i].n, v[i].records);
		check_transfer(p, &p->server, &p->client, v[i].n, v[i].records);
	}
}

static void
records_tls13(void **state)
{
	struct pair p;

	(void)state;
	shaken_pair(&p, 0x0304);
	assert_string_equal(tls_conn_version(p.client.conn), "TLSv1.3");
	assert_string_equal(
	    tls_conn_cipher(p.client.conn), "TLS_AES_128_GCM_SHA256");
	assert_string_equal(tls_conn_sni(p.server.conn), "example.org");
	check_sizes(&p);
	pair_free(&p);
}

static void
records_tls12(void **state)
{
	struct pair p;

	(void)state;
	shaken_pair(&p, 0x0303);
	assert_string_equal(tls_conn_version(p.server.conn), "TLSv1.2");
	check_sizes(&p);
	pair_free(&p);
}

static void
ciphertext_byte_by_byte(void **state)
{
	struct tls_ctx_config s = config(true, 0), c = config(false, 0);
	struct pair p;

	(void)state;
	pair_init(&p, &s, &c, NULL);
	p.cut = 1;
	assert_shaken(&p);
	assert_null(tls_conn_sni(p.server.conn));
	check_transfer(&p, &p.client, &p.server, 34, 1);
	check_transfer(&p, &p.server, &p.client, 20000, 2);
	pair_free(&p);
}

static void
each_write_is_a_record(void **state)
{
	struct pair p;
	int i;

	(void)state;
	shaken_pair(&p, 0);
	for (i = 0; i < 5; i++)
		assert_int_equal(
		    tls_conn_write(p.client.conn, atls_bytes("abc", 3)), 0);
	assert_int_equal(tls_conn_write(p.client.conn, atls_bytes(NULL, 0)), 0);
	pass(&p, &p.client, &p.server, read_all);
	assert_int_equal(p.server.records, 5);
	assert_int_equal(p.server.got.len, 15);
	pair_free(&p);
}

static void
close_notify(void **state)
{
	struct pair p;

	(void)state;
	shaken_pair(&p, 0);
	assert_int_equal(
	    tls_conn_write(p.client.conn, atls_bytes("last", 4)), 0);
	tls_conn_close(p.client.conn);
	tls_conn_close(p.client.conn);
	assert_int_equal(
	    tls_conn_write(p.client.conn, atls_bytes("x", 1)), ATLS_E_TLS);
	pass(&p, &p.client, &p.server, read_all);
	assert_int_equal(p.server.got.len, 4);
	assert_int_equal(p.server.err, ATLS_E_CLOSED);
	/* The other direction is still open. */
	assert_int_equal(
	    tls_conn_write(p.server.conn, atls_bytes("bye", 3)), 0);
	pass(&p, &p.server, &p.client, read_all);
	assert_int_equal(p.client.got.len, 3);
	pair_free(&p);
}

static void
close_before_handshake(void **state)
{
	struct tls_ctx_config s = config(true, 0), c = config(false, 0);
	struct pair p;

	(void)state;
	pair_init(&p, &s, &c, NULL);
	tls_conn_close(p.server.conn);
	assert_int_equal(p.server.out.len, 0);
	pair_free(&p);
}

static void
verification_fails(void **state)
{
	struct tls_ctx_config s = config(true, 0), c = config(false, 0);
	struct pair p;

	(void)state;
	c.verify = true;
	pair_init(&p, &s, &c, "localhost");
	shake(&p);
	assert_int_equal(p.client.err, ATLS_E_TLS);
	assert_non_null(strstr(tls_conn_error(p.client.conn), "self"));
	/* The server is told by an alert. */
	read_all(&p.server);
	assert_int_equal(p.server.err, ATLS_E_TLS);
	assert_string_not_equal(tls_conn_error(p.server.conn), "");
	pair_free(&p);
}

/* Certificate files for "proxy.test"; the caller unlinks them. */
struct files {
	char cert[40], key[40];
};

static struct files
make_files(void)
{
	struct files f = { "/tmp/test_tls_cert.XXXXXX",
		"/tmp/test_tls_key.XXXXXX" };

	close(mkstemp(f.cert));
	close(mkstemp(f.key));
	assert_int_equal(
	    cert_self_signed_files("proxy.test", f.cert, f.key), 0);
	return (f);
}

static void
remove_files(const struct files *f)
{
	unlink(f->cert);
	unlink(f->key);
}

static void
verification_by_name(void **state)
{
	static const struct {
		const char *name;
		bool good;
	} v[] = { { "proxy.test", true }, { "localhost", true },
		{ "127.0.0.1", true }, { "::1", true }, { "other.test", false },
		{ "127.0.0.2", false } };
	struct tls_ctx_config s = config(true, 0), c = config(false, 0);
	struct files f = make_files();
	struct pair p;
	size_t i;

	(void)state;
	s.cert_file = c.ca_file = f.cert;
	s.key_file = f.key;
	c.verify = true;
	for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		pair_init(&p, &s, &c, v[i].name);
		shake(&p);
		assert_int_equal(p.client.err, v[i].good ? 0 : ATLS_E_TLS);
		pair_free(&p);
	}
	remove_files(&f);
}

static void
bad_files_are_named(void **state)
{
	struct tls_ctx_config s = config(true, 0);
	struct files f = make_files();
	char err[TLS_ERRLEN];

	(void)state;
	s.cert_file = "/nonexistent/cert.pem";
	s.key_file = f.key;
	assert_null(tls_ctx_new(&s, err));
	assert_non_null(strstr(err, s.cert_file));
	s.cert_file = f.cert;
	s.key_file = f.cert; /* no key in there */
	assert_null(tls_ctx_new(&s, err));
	assert_non_null(strstr(err, f.cert));
	s.key_file = NULL;
	assert_null(tls_ctx_new(&s, err));
	remove_files(&f);
}

static void
no_common_version(void **state)
{
	struct tls_ctx_config s = config(true, 0x0304);
	struct tls_ctx_config c = config(false, 0x0303);
	struct pair p;

	(void)state;
	pair_init(&p, &s, &c, NULL);
	shake(&p);
	assert_int_equal(p.server.err, ATLS_E_TLS);
	assert_string_not_equal(tls_conn_error(p.server.conn), "");
	pair_free(&p);
}

static void
garbage_is_an_error(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct tls_ctx_config s = config(true, 0), c = config(false, 0);
	struct pair p;

	(void)state;
	pair_init(&p, &s, &c, NULL);
	tls_conn_input(p.server.conn, atls_bytes_str(text));
	assert_int_equal(tls_conn_handshake(p.server.conn), ATLS_E_TLS);
	assert_int_equal(tls_conn_handshake(p.server.conn), ATLS_E_TLS);
	pair_free(&p);
}

static void
damaged_record(void **state)
{
	struct pair p;

	(void)state;
	shaken_pair(&p, 0);
	assert_int_equal(
	    tls_conn_write(p.client.conn, atls_bytes("data", 4)), 0);
	p.client.out.p[p.client.out.len - 1] ^= 1;
	pass(&p, &p.client, &p.server, read_all);
	assert_int_equal(p.server.err, ATLS_E_TLS);
	assert_int_equal(p.server.got.len, 0);
	pair_free(&p);
}

static void
key_log(void **state)
{
	struct tls_ctx_config s = config(true, 0), c = config(false, 0);
	struct pair p;

	(void)state;
	c.keylog = count_line;
	c.keylog_ctx = &p;
	pair_init(&p, &s, &c, NULL);
	assert_shaken(&p);
	assert_true(p.keylog_lines >= 4);
	pair_free(&p);
}

static void
context_outlived_by_connection(void **state)
{
	struct pair p;

	(void)state;
	shaken_pair(&p, 0);
	tls_ctx_free(p.server.ctx);
	p.server.ctx = NULL;
	check_transfer(&p, &p.client, &p.server, 100, 1);
	pair_free(&p);
	tls_ctx_free(NULL);
	tls_conn_free(NULL);
}

/* A server takes back a ticket of its own context, another one does not. */
static void
resumed(void **state)
{
	struct tls_ctx_config server = config(true, 0x0304);
	struct tls_ctx_config client = config(false, 0x0304);
	struct tls_ticket *ticket;
	struct pair p, other;

	(void)state;
	pair_init(&p, &server, &client, NULL);
	assert_null(tls_conn_ticket(p.client.conn));
	assert_shaken(&p);
	assert_false(tls_conn_resumed(p.client.conn));
	ticket = tls_conn_ticket(p.client.conn);
	assert_non_null(ticket);

	tls_conn_free(p.client.conn);
	tls_conn_free(p.server.conn);
	p.client.conn = tls_conn_new(p.client.ctx, NULL, NULL);
	p.server.conn = tls_conn_new(p.server.ctx, NULL, NULL);
	tls_conn_set_output(p.server.conn, &p.server.out);
	tls_conn_set_output(p.client.conn, &p.client.out);
	assert_true(tls_conn_offer(p.client.conn, ticket));
	assert_shaken(&p);
	assert_true(tls_conn_resumed(p.client.conn));
	assert_true(tls_conn_resumed(p.server.conn));

	pair_init(&other, &server, &client, NULL);
	assert_true(tls_conn_offer(other.client.conn, ticket));
	assert_shaken(&other);
	assert_false(tls_conn_resumed(other.client.conn));
	tls_ticket_free(ticket);
	pair_free(&other);
	pair_free(&p);
}

static void
buffers(void **state)
{
	struct tls_buf b = { NULL, 0, 0 };

	(void)state;
	assert_int_equal(tls_buf_add(&b, "abcdef", 6), 0);
	assert_int_equal(tls_buf_add(&b, NULL, 0), 0);
	tls_buf_drop(&b, 2);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.p, "cdef", 4);
	tls_buf_drop(&b, 4);
	assert_int_equal(b.len, 0);
	tls_buf_free(&b);
	assert_null(b.p);
	tls_buf_drop(&b, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_tls13),
		cmocka_unit_test(records_tls12),
		cmocka_unit_test(ciphertext_byte_by_byte),
		cmocka_unit_test(each_write_is_a_record),
		cmocka_unit_test(close_notify),
		cmocka_unit_test(close_before_handshake),
		cmocka_unit_test(verification_fails),
		cmocka_unit_test(verification_by_name),
		cmocka_unit_test(bad_files_are_named),
		cmocka_unit_test(no_common_version),
		cmocka_unit_test(garbage_is_an_error),
		cmocka_unit_test(damaged_record),
		cmocka_unit_test(key_log),
		cmocka_unit_test(context_outlived_by_connection),
		cmocka_unit_test(resumed),
		cmocka_unit_test(buffers),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
