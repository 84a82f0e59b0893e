/*
 * A client and a server that talk, driven by the input and compared with a
 * model: every byte of a stream arrives once, in order, on its stream, before
 * its end; streams open and end as they were told to. Byte 0: versions and
 * schemes; then operations of two bytes.
 */
#include "fuzz/emit.h"
#include "fuzz/fuzz.h"

#define NSTREAMS 6
#define WIRE 24576
#define QUEUE_MAX 12288

/* One direction of a stream: byte I is byte_at(stream, I). */
struct flow {
	size_t sent, got;
	bool closed; /* the sender has sent FIN */
};

struct stream {
	uint32_t sid; /* 0: free */
	bool known;   /* the server has seen it */
	bool client_open, server_open;
	bool acked, failed;
	struct flow up, down;
};

struct side {
	struct atls_session *s;
	struct emit emit;
	uint8_t *wire; /* what it wrote and the other has not read */
	size_t nwire;
};

struct model {
	struct side client, server;
	struct stream streams[NSTREAMS];
	uint64_t now_ms, seed;
	bool over, alert;
};

static uint64_t
draw(void *ctx, uint64_t n)
{
	struct model *m = ctx;

	assert(n >= 1);
	m->seed = m->seed * UINT64_C(6364136223846793005) + 1;
	return ((m->seed >> 33) % n);
}

static uint8_t
byte_at(uint32_t sid, bool up, size_t i)
{
	return ((uint8_t)(sid * 7 + (up ? 1 : 101) + i * 13 + (i >> 8)));
}

static struct stream *
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
forget_if_over(struct stream *st)
{
	if (st->known && !st->client_open && !st->server_open)
		memset(st, 0, sizeof(*st));
}

static void
check_data(
    const struct stream *st, struct flow *f, bool up, struct atls_bytes data)
{
	size_t i;

	assert(f->got + data.len <= f->sent);
	for (i = 0; i < data.len; i++)
		assert(data.p[i] == byte_at(st->sid, up, f->got + i));
	f->got += data.len;
}

static void
server_event(struct model *m, const struct atls_event *ev)
{
	struct stream *st = find(m, ev->sid);

	emit_event(&m->server.emit, ev);
	if (ev->type == ATLS_EV_SETTINGS || ev->type == ATLS_EV_HEART)
		return;
	assert(st != NULL && ev->sid != 0);
	if (ev->type == ATLS_EV_OPEN) {
		assert(!st->known);
		st->known = true;
		st->server_open = true;
		return;
	}
	assert(st->server_open);
	if (ev->type == ATLS_EV_DATA) {
		check_data(st, &st->up, true, ev->data);
	} else {
		assert(ev->type == ATLS_EV_FIN && !st->client_open);
		assert(!st->up.closed || st->up.got == st->up.sent);
		st->server_open = false;
		forget_if_over(st);
	}
}

static void
client_event(struct model *m, const struct atls_event *ev)
{
	struct stream *st = find(m, ev->sid);

	if (ev->type == ATLS_EV_SETTINGS || ev->type == ATLS_EV_SCHEME ||
	    ev->type == ATLS_EV_HEART)
		return;
	if (ev->type == ATLS_EV_ALERT) {
		assert(m->alert);
		return;
	}
	assert(st != NULL && ev->sid != 0 && st->client_open && st->known);
	if (ev->type == ATLS_EV_OPENED) {
		assert(!st->acked && st->down.got == 0);
		st->acked = true;
	} else if (ev->type == ATLS_EV_REFUSED) {
		assert(st->failed && !st->acked);
		st->client_open = false;
		forget_if_over(st);
	} else if (ev->type == ATLS_EV_DATA) {
		check_data(st, &st->down, false, ev->data);
	} else {
		assert(ev->type == ATLS_EV_FIN && !st->server_open);
		assert(st->down.closed && st->down.got == st->down.sent);
		st->client_open = false;
		forget_if_over(st);
	}
}

/* Moves writes of FROM to its wire while there is room. */
static void
op_write(struct side *from)
{
	struct atls_bytes out;

	while (from->nwire < WIRE - QUEUE_MAX &&
	    atls_session_next_write(from->s, &out)) {
		assert(out.len <= WIRE - from->nwire);
		emit_check(&from->emit, out);
		memcpy(from->wire + from->nwire, out.p, out.len);
		from->nwire += out.len;
	}
}

/* TO reads at most MAX bytes that FROM wrote. */
static void
op_read(struct model *m, struct side *from, struct side *to, size_t max)
{
	size_t n = from->nwire < max ? from->nwire : max;
	struct atls_bytes in = { from->wire, n };
	struct atls_event ev;
	int err = 0;

	while (!m->over) {
		err = atls_session_recv(to->s, m->now_ms, &in, &ev);
		if (err != 0 || ev.type == ATLS_EV_NONE)
			break;
		if (to == &m->server)
			server_event(m, &ev);
		else
			client_event(m, &ev);
	}
	if (err != 0) {
		assert(err == ATLS_E_REFUSED && m->alert);
		m->over = true;
		return;
	}
	from->nwire -= n - in.len;
	if (from->nwire != 0)
		memmove(from->wire, from->wire + n - in.len, from->nwire);
}

static void
op_send(struct side *from, struct stream *st, bool up, size_t len)
{
	struct flow *f = up ? &st->up : &st->down;
	bool open = up ? st->client_open : st->server_open;
	bool reserve = len % 2 == 0 && len != 0;
	uint8_t *room;
	size_t i;

	if (st->sid == 0 || atls_session_queued(from->s) + len > QUEUE_MAX / 2)
		return;
	room = reserve ? atls_session_reserve(from->s, st->sid, len)
		       : malloc(len + 1);
	assert(room != NULL || (reserve && !open));
	for (i = 0; room != NULL && i < len; i++)
		room[i] = byte_at(st->sid, up, f->sent + i);
	if (reserve && room != NULL)
		assert(atls_session_commit(from->s, st->sid, len) == 0);
	if (!reserve) {
		assert(
		    atls_session_send(from->s, st->sid,
			atls_bytes(room, len)) == (open ? 0 : ATLS_E_NOTFOUND));
		free(room);
	}
	f->sent += open ? len : 0;
}

static void
op_open(struct model *m)
{
	struct stream *st = find(m, 0);
	uint32_t sid;
	int err;

	if (st == NULL)
		return;
	err = atls_session_open(m->client.s, m->now_ms, &sid);
	assert(err == 0 || err == ATLS_E_LIMIT);
	if (err != 0)
		return;
	st->sid = sid;
	st->client_open = true;
}

/* The calls that end a stream, or tell how far it has come. */
static void
op_stream(struct model *m, struct stream *st, unsigned what)
{
	struct atls_session *c = m->client.s, *s = m->server.s;
	int want = st->server_open ? 0 : ATLS_E_NOTFOUND;

	if (st->sid == 0)
		return;
	if (what == 0) {
		assert(atls_session_fin(c, st->sid) ==
		    (st->client_open ? 0 : ATLS_E_NOTFOUND));
		st->up.closed = st->client_open;
		st->client_open = false;
	} else if (what == 1) {
		assert(atls_session_target_eof(s, st->sid) == want);
		st->down.closed = st->down.closed || st->server_open;
		st->server_open = false;
	} else if (what == 2) {
		st->failed = st->failed || st->server_open;
		assert(atls_session_dial_failed(s, st->sid, "no") == want);
		st->down.closed = st->down.closed || st->server_open;
		st->server_open = false;
	} else if (what == 3) {
		assert(atls_session_dialled(s, st->sid) == want);
	} else {
		assert(atls_session_got_address(s, st->sid) == want);
	}
	forget_if_over(st);
}

static void
op_time(struct model *m, unsigned ms)
{
	m->now_ms += ms;
	if (ms % 7 == 6)
		atls_session_put_off_heartbeat(m->client.s, m->now_ms);
	/* Requests that get no answer in this model end the session. */
	if (atls_session_timeout(m->client.s, m->now_ms) != 0 ||
	    atls_session_timeout(m->server.s, m->now_ms) != 0)
		m->over = true;
	/* What was due is done, so the next thing is later. */
	assert(m->over || atls_session_deadline(m->client.s) > m->now_ms);
}

static void
step(struct model *m, unsigned op, unsigned arg)
{
	struct stream *st = &m->streams[arg % NSTREAMS];
	struct side *from = arg % 2 == 0 ? &m->client : &m->server;
	struct side *to = arg % 2 == 0 ? &m->server : &m->client;
	size_t len = (size_t)(op >> 4) * (arg % 64 + 1);

	/* After an Alert there is only what was said before it. */
	if (m->alert && (op & 15) < 10)
		return;
	switch (op & 15) {
	case 0:
		op_open(m);
		break;
	case 1:
	case 2:
		op_send(&m->client, st, true, len);
		break;
	case 3:
	case 4:
		op_send(&m->server, st, false, len);
		break;
	case 5:
	case 6:
	case 7:
	case 8:
	case 9:
		op_stream(m, st, (op & 15) - 5);
		break;
	case 10:
		op_write(from);
		break;
	case 11:
	case 12:
		op_read(m, from, to, len + 1);
		break;
	case 13:
		op_time(m, arg * (op >> 4));
		break;
	case 14:
		op_write(from);
		op_read(m, from, to, SIZE_MAX);
		break;
	default:
		if (arg == 255) {
			m->alert = true;
			(void)atls_session_alert(m->server.s, "enough");
		}
		break;
	}
}

/* All that is under way arrives; then nothing is missing. */
static void
finish(struct model *m)
{
	int i;

	for (i = 0; i < 64 && !m->over; i++) {
		op_write(&m->client);
		op_read(m, &m->client, &m->server, SIZE_MAX);
		if (!m->over)
			op_write(&m->server);
		op_read(m, &m->server, &m->client, SIZE_MAX);
	}
	if (m->over || m->alert)
		return;
	emit_end(&m->client.emit);
	emit_end(&m->server.emit);
	assert(atls_session_queued(m->client.s) == 0);
	assert(atls_session_queued(m->server.s) == 0);
	for (i = 0; i < NSTREAMS; i++) {
		const struct stream *st = &m->streams[i];

		if (!st->known)
			continue;
		assert(!st->server_open || st->up.got == st->up.sent);
		assert(!st->client_open || st->down.got == st->down.sent);
		assert(st->server_open == st->client_open);
	}
}

static void
make(struct model *m, unsigned how)
{
	static const struct atls_policy *const policies[] = {
		&atls_policy_default, &atls_policy_v1
	};
	static const char other[] = "stop=500\n2=9-900,c,10-50\n5=1-2";
	struct atls_session_config c = { .role = ATLS_CLIENT };

	c.policy = policies[how & 1];
	c.scheme = (how & 2) != 0 ? atls_bytes_str("stop=0")
				  : atls_bytes_str(ATLS_SCHEME_DEFAULT);
	c.scheme_md5 = (how & 2) != 0 ? "47edb1f4ed8a99480bf416d178311f10"
				      : ATLS_SCHEME_DEFAULT_MD5;
	c.random.below = draw;
	c.random.ctx = m;
	c.heartbeat_ms = (how & 4) != 0 ? 1000 : 0;
	m->client.s = atls_session_new(&c, 0);
	m->client.emit.client = true;
	m->client.emit.version = (unsigned)c.policy->version;
	c.role = ATLS_SERVER;
	c.policy = policies[how >> 3 & 1];
	c.scheme = (how & 16) != 0 ? atls_bytes_str(other) : c.scheme;
	c.scheme_md5 = (how & 16) != 0 ? "other" : c.scheme_md5;
	m->server.s = atls_session_new(&c, 0);
	m->server.emit.version = (unsigned)c.policy->version;
	m->client.wire = malloc(WIRE);
	m->server.wire = malloc(WIRE);
	if (m->client.s == NULL || m->server.s == NULL)
		abort();
	m->client.emit.s = m->client.s;
	m->server.emit.s = m->server.s;
	m->server.emit.lazy = true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct atls_bytes in = { data, size };
	struct model *m;
	unsigned how = fuzz_take(&in, 1), op;

	if (in.len < 2 || in.len > 2000)
		return (0);
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		abort();
	make(m, how);
	while (in.len != 0 && !m->over) {
		op = fuzz_take(&in, 1);
		step(m, op, fuzz_take(&in, 1));
	}
	finish(m);
	atls_session_free(m->client.s);
	atls_session_free(m->server.s);
	free(m->client.wire);
	free(m->server.wire);
	free(m);
	return (0);
}
