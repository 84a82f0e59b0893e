/* Checks of addresses, UDP over TCP, share links, the pool. */
#include <stdlib.h>
#include <string.h>

#include "ref/session/pool.h"
#include "ref/wire/err.h"
#include "ref/wire/uot.h"
#include "ref/wire/uri.h"
#include "vectors/test/vec.h"

static int
error_of(struct vec *v, const char *word)
{
	if (strcmp(word, "ok") == 0 || strcmp(word, "idle") == 0)
		return (0);
	if (strcmp(word, "more") == 0)
		return (ATLS_E_MORE);
	if (strcmp(word, "type") == 0)
		return (ATLS_E_ADDR_TYPE);
	if (strcmp(word, "empty") == 0)
		return (ATLS_E_ADDR_EMPTY);
	if (strcmp(word, "syntax") == 0)
		return (ATLS_E_SYNTAX);
	vec_fail(v, "unknown result %s", word);
	return (0);
}

/* Something that reads one thing off the front of all bytes so far. */
struct reader {
	int (*read)(struct atls_bytes *in, struct atls_uot_request *got);
	struct atls_uot_request got;
};

static int
read_addr(struct atls_bytes *in, struct atls_uot_request *got)
{
	return (atls_addr_read(in, &got->addr));
}

/*
 * Reads from every prefix of IN: each says "more" until one says something
 * else, which all longer ones repeat.
 */
static void
read_prefixes(struct vec *v, struct reader *r)
{
	struct atls_bytes in = vec_field(v, "in"), rest = vec_field(v, "rest");
	int want = error_of(v, vec_word(v, "result"));
	bool said = false;
	size_t n;

	for (n = 0; n <= in.len; n++) {
		struct atls_bytes piece = vec_copy(in.p, n), got = piece;
		int err = r->read(&got, &r->got);
		size_t taken = n - got.len;

		vec_want(v, !said || err == want, "the result changed");
		vec_want_int(v, "bytes taken", (long long)taken,
		    (long long)(err == 0 ? in.len - rest.len : 0));
		said = said || err != ATLS_E_MORE;
		if (said || n == in.len)
			vec_want_int(v, "result", err, want);
		vec_free(piece);
	}
}

static void
write_addr(struct vec *v, const struct atls_addr *a, struct atls_bytes want)
{
	uint8_t out[ATLS_ADDR_MAX];
	struct atls_writer w = atls_writer(out, sizeof(out));

	atls_addr_put(&w, a);
	vec_want(v, !w.full, "no room to write the address");
	vec_want_bytes(v, "written", atls_bytes(out, w.len), want);
}

void
vec_addr(struct vec *v)
{
	struct reader r = { read_addr, { false, { 0 } } };
	struct atls_bytes in = vec_field(v, "in");
	const struct vec_line *line = vec_find(v, "addr");
	char text[ATLS_ADDR_STRLEN];

	read_prefixes(v, &r);
	if (line == NULL || v->why[0] != '\0')
		return;
	vec_want_addr(v, line, &r.got.addr);
	in.len -= vec_field(v, "rest").len;
	write_addr(v, &r.got.addr, in);
	if (vec_find(v, "text") == NULL)
		return;
	atls_addr_format(&r.got.addr, text);
	vec_want_bytes(v, "text", atls_bytes_str(text), vec_field(v, "text"));
}

void
vec_hostport(struct vec *v)
{
	struct atls_addr a;
	int err =
	    atls_addr_parse_hostport(vec_text(v, vec_word(v, "text")), &a);

	vec_want_int(v, "result", err, error_of(v, vec_word(v, "result")));
	if (err == 0 && v->why[0] == '\0')
		write_addr(v, &a, vec_field(v, "out"));
}

void
vec_uot_magic(struct vec *v)
{
	struct atls_bytes host = vec_field(v, "host");
	struct atls_addr a = { .type = ATLS_ADDR_NAME };
	long long version = vec_int(v, "version", -1);

	a.len = (uint8_t)host.len;
	memcpy(a.host, host.p, host.len);
	vec_want_int(v, "version 2", atls_uot_is_magic(&a), version == 2);
	vec_want_int(v, "version 1", atls_uot_is_magic_v1(&a), version == 1);
}

void
vec_uot_request(struct vec *v)
{
	struct reader r = { atls_uot_request_read, { false, { 0 } } };
	const struct vec_line *line = vec_find(v, "addr");
	struct atls_bytes in = vec_field(v, "in");
	uint8_t out[ATLS_UOT_REQUEST_MAX];
	struct atls_writer w = atls_writer(out, sizeof(out));

	read_prefixes(v, &r);
	if (line == NULL || v->why[0] != '\0')
		return;
	vec_want_int(v, "connect", r.got.connect, vec_int(v, "connect", -1));
	vec_want_addr(v, line, &r.got.addr);
	atls_uot_request_put(&w, &r.got);
	vec_want_bytes(v, "written", atls_bytes(out + 1, w.len - 1),
	    atls_bytes(in.p + 1, in.len - vec_field(v, "rest").len - 1));
	vec_want_int(v, "flag written", out[0], r.got.connect ? 1 : 0);
}

/* Takes one datagram off the front of *IN; compares it with LINE. */
static int
take_datagram(struct vec *v, struct atls_bytes *in, const struct vec_line *line,
    bool connect)
{
	struct atls_bytes b = *in;
	struct atls_addr addr = { .type = ATLS_ADDR_IPV4, .len = 4 };
	uint8_t out[ATLS_UOT_HEADER_MAX];
	struct atls_writer w = atls_writer(out, sizeof(out));
	uint16_t len = 0;
	int err = atls_uot_header_read(&b, connect, &addr, &len);

	if (err != 0)
		return (err);
	if (b.len < len)
		return (ATLS_E_MORE);
	if (line == NULL) {
		vec_fail(v, "a datagram, and none is due");
		return (ATLS_E_INVAL);
	}
	if (!connect)
		vec_want_addr(v, line, &addr);
	vec_want_bytes(v, "data", atls_bytes(b.p, len),
	    vec_bytes(v, line->arg[connect ? 0 : 3]));
	atls_uot_header_put(&w, connect, &addr, len);
	vec_want_bytes(v, "header written", atls_bytes(out, w.len),
	    atls_bytes(in->p, (size_t)(b.p - in->p)));
	atls_bytes_skip(&b, len);
	*in = b;
	return (0);
}

/* Gives a stream's bytes in pieces; what is not taken yet stays. */
static void
read_datagrams(struct vec *v)
{
	struct atls_bytes in = vec_field(v, "in");
	bool connect = vec_int(v, "connect", 0) != 0;
	const char *key = connect ? "packet" : "datagram";
	const struct vec_line *line = vec_find(v, key);
	size_t given = 0, used = 0;
	int err = ATLS_E_MORE;

	while (given < in.len && err == ATLS_E_MORE) {
		struct atls_bytes so_far, left;

		given += vec_step(v, in.len, given);
		so_far = vec_copy(in.p + used, given - used);
		left = so_far;
		do {
			err = take_datagram(v, &left, line, connect);
			if (err == 0 && line != NULL)
				line = vec_next(v, line);
		} while (err == 0 && left.len != 0 && v->why[0] == '\0');
		used = given - left.len;
		if (err == 0)
			err = ATLS_E_MORE;
		vec_free(so_far);
	}
	if (err == ATLS_E_MORE && used == in.len)
		err = 0;
	vec_want(v, line == NULL, "a datagram is missing");
	vec_want_int(v, "end", err, error_of(v, vec_word(v, "end")));
}

void
vec_uot_datagrams(struct vec *v)
{
	vec_all_ways(v, vec_field(v, "in").len, read_datagrams);
}

static void
want_text(struct vec *v, const char *key, const char *got)
{
	if (vec_find(v, key) != NULL)
		vec_want_bytes(v, key, atls_bytes_str(got), vec_field(v, key));
}

void
vec_uri(struct vec *v)
{
	static struct atls_uri uri;
	const char *text = vec_text(v, vec_word(v, "text"));
	const char *reason = NULL, *name;
	unsigned at = 0;
	int err = atls_uri_parse(text, &uri, &reason, &at);

	vec_want_int(v, "result", err, error_of(v, vec_word(v, "result")));
	if (err != 0) {
		vec_want(v, reason != NULL && reason[0] != '\0',
		    "no reason is given");
		vec_want(v, at <= strlen(text), "the place is not in the text");
		return;
	}
	want_text(v, "password", uri.password);
	want_text(v, "host", uri.host);
	want_text(v, "sni", uri.sni);
	want_text(v, "fragment", uri.name);
	vec_want_int(v, "port", uri.port, vec_int(v, "port", uri.port));
	vec_want_int(
	    v, "insecure", uri.insecure, vec_int(v, "insecure", uri.insecure));
	name = atls_uri_server_name(uri.sni, uri.host);
	want_text(v, "server-name", name != NULL ? name : "-");
}

#define NNODES 10

static uint64_t
seq_of(const struct atls_pool_node *n)
{
	return (n != NULL ? n->seq : 0);
}

/* The sequence numbers that a check at MS closes, or all that is left. */
static void
want_list(struct vec *v, struct atls_pool *p, const struct vec_line *line)
{
	bool reap = strcmp(line->key, "reap") == 0;
	const char *at = line->arg[reap ? 1 : 0];
	uint64_t ms = strtoull(line->arg[0], NULL, 10);
	const struct atls_pool_node *n = p->oldest;

	for (;;) {
		long long want =
		    strcmp(at, "-") == 0 ? 0 : strtoll(at, NULL, 10);

		if (reap)
			n = atls_pool_reap(p, ms);
		vec_want_int(v, line->key, (long long)seq_of(n), want);
		if (n == NULL || v->why[0] != '\0')
			return;
		n = reap ? n : n->newer;
		at += strcspn(at, ",");
		at = *at == ',' ? at + 1 : "-";
	}
}

void
vec_pool(struct vec *v)
{
	struct atls_pool_node nodes[NNODES];
	struct atls_pool p;
	size_t i, k;

	memset(nodes, 0, sizeof(nodes));
	atls_pool_init(&p, (uint64_t)vec_int(v, "timeout", 0),
	    (size_t)vec_int(v, "min-idle", 0));
	for (i = 0; i < v->nlines; i++) {
		const struct vec_line *line = &v->lines[i];

		k = strtoul(line->arg[0], NULL, 10);
		if (strcmp(line->key, "put") == 0 && k < NNODES) {
			nodes[k].seq = k;
			atls_pool_put(
			    &p, &nodes[k], strtoull(line->arg[1], NULL, 10));
		} else if (strcmp(line->key, "take") == 0) {
			vec_want_int(v, "taken",
			    (long long)seq_of(atls_pool_take(&p)),
			    (long long)k);
		} else if (strcmp(line->key, "remove") == 0 && k < NNODES) {
			atls_pool_remove(&p, &nodes[k]);
		} else if (strcmp(line->key, "reap") == 0 ||
		    strcmp(line->key, "left") == 0) {
			want_list(v, &p, line);
		}
	}
}
