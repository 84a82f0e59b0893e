/* Sessions: random operations on a pair, checked against a small model. */
#include "ref/test/pair.h"

#define NSTREAMS 8
#define NOPS 100000
#define DATA_MAX 3000

/* One direction of a stream: byte I of it is byte_at(sid, dir, I). */
struct flow {
	size_t sent, got;
};

struct model_stream {
	uint32_t sid; /* 0: the slot is free */
	bool server_knows, acked;
	bool client_open, server_open;
	struct flow up, down;
};

struct model {
	uint64_t seed;
	struct atls_session *client, *server;
	struct atls_policy cpolicy, spolicy;
	struct atls_session_spare spare;
	struct model_stream streams[NSTREAMS];
	uint32_t last_sid;
	uint8_t up[65536], down[65536]; /* on the wire */
	size_t nup, ndown;
};

static uint64_t
draw(void *ctx, uint64_t n)
{
	struct model *m = ctx;

	m->seed = m->seed * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return ((m->seed >> 33) % n);
}

static uint8_t
byte_at(uint32_t sid, bool up, size_t i)
{
	return ((uint8_t)(sid * 7 + (up ? 1 : 101) + i * 13 + (i >> 8)));
}

static struct model_stream *
find(struct model *m, uint32_t sid)
{
	size_t i;

	for (i = 0; i < NSTREAMS; i++) {
		if (m->streams[i].sid == sid)
			return (&m->streams[i]);
	}
	return (NULL);
}

static void
release_if_over(struct model_stream *st)
{
	if (!st->client_open && !st->server_open && st->server_knows)
		memset(st, 0, sizeof(*st));
}

static void
check_data(struct model_stream *st, bool up, struct atls_bytes data)
{
	struct flow *flow = up ? &st->up : &st->down;
	size_t i;

	for (i = 0; i < data.len; i++)
		assert_int_equal(
		    data.p[i], byte_at(st->sid, up, flow->got + i));
	flow->got += data.len;
	assert_true(flow->got <= flow->sent);
}

static void
server_event(struct model *m, const struct atls_event *ev)
{
	struct model_stream *st = find(m, ev->sid);

	if (ev->type == ATLS_EV_OPEN) {
		assert_non_null(st);
		assert_false(st->server_knows);
		st->server_knows = true;
		st->server_open = true;
	} else if (ev->type == ATLS_EV_DATA) {
		assert_true(st != NULL && st->server_open);
		check_data(st, true, ev->data);
	} else if (ev->type == ATLS_EV_FIN) {
		assert_true(st != NULL && st->server_open);
		assert_int_equal(st->up.got, st->up.sent);
		st->server_open = false;
		release_if_over(st);
	} else if (ev->type == ATLS_EV_HEART) {
		return;
	} else {
		assert_int_equal(ev->type, ATLS_EV_SETTINGS);
	}
}

static void
client_event(struct model *m, const struct atls_event *ev)
{
	struct model_stream *st = find(m, ev->sid);

	if (ev->type == ATLS_EV_OPENED) {
		assert_true(st != NULL && st->client_open && !st->acked);
		st->acked = true;
	} else if (ev->type == ATLS_EV_DATA) {
		assert_true(st != NULL && st->client_open && st->acked);
		check_data(st, false, ev->data);
	} else if (ev->type == ATLS_EV_FIN) {
		assert_true(st != NULL && st->client_open);
		assert_int_equal(st->down.got, st->down.sent);
		st->client_open = false;
		release_if_over(st);
	} else if (ev->type == ATLS_EV_REFUSED) {
		assert_true(st != NULL && st->client_open && !st->acked);
		st->client_open = false;
		release_if_over(st);
	} else {
		assert_true(
		    ev->type == ATLS_EV_SETTINGS || ev->type == ATLS_EV_SCHEME);
	}
}

/* Moves writes of one side to its wire. */
static void
op_write(struct model *m, bool up)
{
	struct atls_session *s = up ? m->client : m->server;
	uint8_t *wire = up ? m->up : m->down;
	size_t *n = up ? &m->nup : &m->ndown;
	struct atls_bytes out;

	while (*n < sizeof(m->up) / 2 && atls_session_next_write(s, &out)) {
		if (out.len > sizeof(m->up) - *n)
			fail_msg("write of %zu bytes", out.len);
		memcpy(wire + *n, out.p, out.len);
		*n += out.len;
	}
}

/* Lets one side read a random piece of its wire. */
static void
op_read(struct model *m, bool up, size_t max)
{
	struct atls_session *s = up ? m->server : m->client;
	uint8_t *wire = up ? m->up : m->down;
	size_t *n = up ? &m->nup : &m->ndown;
	size_t len = *n < max ? *n : max;
	struct atls_bytes in = { wire, len };
	struct atls_event ev;

	for (;;) {
		assert_int_equal(atls_session_recv(s, 0, &in, &ev), 0);
		if (ev.type == ATLS_EV_NONE)
			break;
		if (up)
			server_event(m, &ev);
		else
			client_event(m, &ev);
	}
	assert_int_equal(in.len, 0);
	*n -= len;
	memmove(wire, wire + len, *n);
}

static void
op_open(struct model *m)
{
	struct model_stream *st = find(m, 0);

	if (st == NULL)
		return;
	assert_int_equal(atls_session_open(m->client, 0, &st->sid), 0);
	assert_int_equal(st->sid, ++m->last_sid);
	st->client_open = true;
}

static void
op_send(struct model *m, struct model_stream *st, bool up)
{
	struct atls_session *s = up ? m->client : m->server;
	struct flow *flow = up ? &st->up : &st->down;
	size_t len = (size_t)draw(m, DATA_MAX), i;
	uint8_t data[DATA_MAX], *room = data;
	bool reserve = draw(m, 2) == 0;
	bool open = up ? st->client_open : st->server_open;

	if (atls_session_queued(s) > 20000)
		return;
	if (reserve)
		room = atls_session_reserve(s, st->sid, DATA_MAX);
	assert_int_equal(room != NULL, open || !reserve);
	if (room == NULL)
		return;
	for (i = 0; i < len; i++)
		room[i] = byte_at(st->sid, up, flow->sent + i);
	if (reserve)
		assert_int_equal(atls_session_commit(s, st->sid, len), 0);
	else
		assert_int_equal(
		    atls_session_send(s, st->sid, atls_bytes(room, len)),
		    open ? 0 : ATLS_E_NOTFOUND);
	if (open)
		flow->sent += len;
}

static void
op_stream(struct model *m, struct model_stream *st, uint64_t what)
{
	uint32_t sid = st->sid;

	if (sid == 0)
		return;
	if (what == 0) {
		assert_int_equal(atls_session_fin(m->client, sid),
		    st->client_open ? 0 : ATLS_E_NOTFOUND);
		st->client_open = false;
	} else if (what == 1) {
		assert_int_equal(atls_session_target_eof(m->server, sid),
		    st->server_open ? 0 : ATLS_E_NOTFOUND);
		st->server_open = false;
	} else if (what == 2) {
		assert_int_equal(atls_session_dial_failed(m->server, sid, "no"),
		    st->server_open ? 0 : ATLS_E_NOTFOUND);
		st->server_open = false;
	} else if (what < 5) {
		assert_int_equal(atls_session_dialled(m->server, sid),
		    st->server_open ? 0 : ATLS_E_NOTFOUND);
		return;
	} else {
		op_send(m, st, what % 2 == 0);
		return;
	}
	/* What is under way now may be thrown away by the other side. */
	st->up.sent = st->up.got = 0;
	st->down.sent = st->down.got = 0;
	release_if_over(st);
}

static void
start(struct model *m, uint64_t seed, const struct atls_policy *policy)
{
	struct atls_session_config c = { .role = ATLS_CLIENT };

	memset(m, 0, sizeof(*m));
	m->seed = seed;
	m->cpolicy = *policy;
	m->spolicy = *policy;
	m->cpolicy.psh_limit = 1000;
	c.policy = &m->cpolicy;
	c.scheme = atls_bytes_str(ATLS_SCHEME_DEFAULT);
	c.scheme_md5 = ATLS_SCHEME_DEFAULT_MD5;
	c.random.below = draw;
	c.random.ctx = m;
	c.spare = &m->spare;
	m->client = atls_session_new(&c, 0);
	c.role = ATLS_SERVER;
	c.policy = &m->spolicy;
	c.scheme = atls_bytes_str("stop=500\n2=9-900,c,10-50");
	c.scheme_md5 = "other";
	m->server = atls_session_new(&c, 0);
	assert_true(m->client != NULL && m->server != NULL);
}

static void
finish(struct model *m)
{
	int i;

	for (i = 0; i < 100; i++) {
		op_write(m, true);
		op_write(m, false);
		op_read(m, true, SIZE_MAX);
		op_read(m, false, SIZE_MAX);
	}
	assert_int_equal(atls_session_queued(m->client), 0);
	assert_int_equal(atls_session_queued(m->server), 0);
	atls_session_free(m->client);
	atls_session_free(m->server);
	free(m->spare.p);
}

/*
 * A stream ends on one side only while the other has nothing under way, so
 * that each byte can be accounted for.
 */
static bool
may_end(const struct model *m, const struct model_stream *st)
{
	return (m->nup == 0 && m->ndown == 0 && st->server_knows &&
	    atls_session_queued(m->client) == 0 &&
	    atls_session_queued(m->server) == 0);
}

static void
step(struct model *m)
{
	struct model_stream *st = &m->streams[draw(m, NSTREAMS)];
	uint64_t op = draw(m, 16), what = draw(m, 9);
	bool up = draw(m, 2) == 0;

	if (op == 0)
		op_open(m);
	else if (op < 5)
		op_write(m, up);
	else if (op < 10)
		op_read(m, up, (size_t)draw(m, op == 5 ? 10 : 5000) + 1);
	else if (what > 2 || may_end(m, st))
		op_stream(m, st, what);
	if (op == 15 && draw(m, 4) == 0) {
		op_write(m, up);
		op_write(m, !up);
		op_read(m, true, SIZE_MAX);
		op_read(m, false, SIZE_MAX);
	}
}

static void
random_operations(void **state)
{
	static struct model m;
	uint64_t seed;
	int i;

	(void)state;
	for (seed = 1; seed <= 10; seed++) {
		start(&m, seed, &atls_policy_default);
		for (i = 0; i < NOPS / 10; i++)
			step(&m);
		/* The model lived: streams came and went. */
		assert_in_range(m.last_sid, 10, NOPS);
		finish(&m);
	}
}

/* Any bytes: an error or none, but never an assert or a stray access. */
static void
random_bytes(void **state)
{
	static struct model m;
	uint8_t buf[64];
	struct atls_bytes in;
	struct atls_event ev;
	size_t i, k;
	uint32_t sid;

	(void)state;
	for (i = 0; i < 20000; i++) {
		if (i % 100 == 0)
			start(&m, i + 1, &atls_policy_default);
		if (i % 100 == 0)
			(void)atls_session_open(m.client, 0, &sid);
		for (k = 0; k < sizeof(buf); k++)
			buf[k] = (uint8_t)(draw(&m, 4) == 0
				? draw(&m, 256)
				: draw(&m, 12) % (k % 7 == 0 ? 11 : 3));
		in = atls_bytes(buf, sizeof(buf));
		while (atls_session_recv(m.server, 0, &in, &ev) == 0 &&
		    ev.type != ATLS_EV_NONE)
			(void)atls_session_dialled(m.server, ev.sid);
		in = atls_bytes(buf, sizeof(buf));
		while (atls_session_recv(m.client, 0, &in, &ev) == 0 &&
		    ev.type != ATLS_EV_NONE)
			continue;
		if (i % 100 != 99)
			continue;
		while (atls_session_next_write(m.client, &in))
			continue;
		atls_session_free(m.client);
		atls_session_free(m.server);
		free(m.spare.p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations),
		cmocka_unit_test(random_bytes),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
