/*
 * A client and a server that talk while memory runs out. Byte 0: versions and
 * policies; bytes 1 and 2: which allocation is refused; byte 3: how many after
 * it are; then operations of two bytes. A call that fails for want of memory
 * has queued nothing, and what arrives is what the calls that did not fail
 * have sent, in order.
 */
#include "fuzz/fuzz.h"
#include "ref/session/policy.h"
#include "ref/session/session.h"
#include "ref/wire/err.h"
#include "ref/wire/frame.h"
#include "ref/wire/scheme.h"

#define NSTREAMS 32
#define WIRE 65536
#define SEND_MOST 8192

struct side {
	struct atls_session *s;
	struct atls_session_spare spare;
	struct atls_policy policy;
	bool server;
	uint8_t *wire;
	size_t nwire;
	size_t sent[NSTREAMS + 1], got[NSTREAMS + 1];
};

struct world {
	struct side client, server;
	uint64_t now_ms;
	bool over;
};

/* Which allocation is refused, counted down; the linker sends ours here. */
static struct {
	bool armed;
	unsigned before, refused, most;
} shortage;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static bool
refused(void)
{
	if (!shortage.armed)
		return (false);
	if (shortage.before != 0) {
		shortage.before--;
		return (false);
	}
	if (shortage.refused == shortage.most)
		return (false);
	shortage.refused++;
	return (true);
}

void *
__wrap_malloc(size_t n)
{
	return (refused() ? NULL : __real_malloc(n));
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return (refused() ? NULL : __real_calloc(n, size));
}

void *
__wrap_realloc(void *p, size_t n)
{
	return (refused() ? NULL : __real_realloc(p, n));
}

static uint64_t
smallest(void *ctx, uint64_t n)
{
	(void)ctx;
	assert(n >= 1);
	return (0);
}

static uint8_t
byte_at(uint32_t sid, bool up, size_t i)
{
	return ((uint8_t)(sid * 11 + (up ? 3 : 57) + i * 5 + (i >> 8)));
}

/* A call that failed for want of memory has queued nothing of its own; a server
 * may have said the SYNACK that was owed before it. */
static void
check_failed(const struct side *side, int err, size_t queued, unsigned before)
{
	if (err != ATLS_E_NOMEM)
		return;
	assert(shortage.refused > before);
	assert(atls_session_queued(side->s) == queued ||
	    (side->server &&
		atls_session_queued(side->s) == queued + ATLS_FRAME_HEADER));
}

static void
op_open(struct world *w)
{
	unsigned before = shortage.refused;
	size_t queued = atls_session_queued(w->client.s);
	uint32_t sid;
	int err = atls_session_open(w->client.s, w->now_ms, &sid);

	check_failed(&w->client, err, queued, before);
	assert(err != 0 || atls_session_alive(w->client.s, sid));
}

static void
op_send(struct side *from, bool up, uint32_t sid, size_t len)
{
	static uint8_t data[SEND_MOST];
	unsigned before = shortage.refused;
	size_t queued = atls_session_queued(from->s), i;
	uint8_t *room = NULL;
	int err;

	if (queued > WIRE / 4)
		return;
	for (i = 0; i < len; i++)
		data[i] = byte_at(sid, up, from->sent[sid] + i);
	if (len % 3 == 1)
		room = atls_session_reserve(from->s, sid, len);
	if (room != NULL) {
		memcpy(room, data, len);
		err = atls_session_commit(from->s, sid, len);
	} else {
		err = atls_session_send(from->s, sid, atls_bytes(data, len));
	}
	check_failed(from, err, queued, before);
	if (err == 0)
		from->sent[sid] += len;
}

/* The calls that tell of a stream's state. */
static void
op_stream(struct world *w, uint32_t sid, unsigned what)
{
	struct side *side = what == 0 ? &w->client : &w->server;
	unsigned before = shortage.refused;
	size_t queued = atls_session_queued(side->s);
	int err = 0;

	if (what == 0)
		err = atls_session_fin(side->s, sid);
	else if (what == 1)
		err = atls_session_target_eof(side->s, sid);
	else if (what == 2)
		err = atls_session_dial_failed(side->s, sid, NULL);
	else if (what == 3)
		err = atls_session_dialled(side->s, sid);
	else
		err = atls_session_got_address(side->s, sid);
	if (what != 2)
		check_failed(side, err, queued, before);
}

static void
check_data(
    struct side *from, struct side *to, bool up, const struct atls_event *ev)
{
	size_t i, *got;

	assert(ev->sid >= 1 && ev->sid <= NSTREAMS);
	got = &to->got[ev->sid];
	assert(*got + ev->data.len <= from->sent[ev->sid]);
	for (i = 0; i < ev->data.len; i++)
		assert(ev->data.p[i] == byte_at(ev->sid, up, *got + i));
	*got += ev->data.len;
}

static void
op_read(struct world *w, struct side *from, struct side *to)
{
	struct atls_bytes in = { from->wire, from->nwire };
	unsigned before = shortage.refused;
	struct atls_event ev;
	int err;

	for (;;) {
		err = atls_session_recv(to->s, w->now_ms, &in, &ev);
		if (err != 0 || ev.type == ATLS_EV_NONE)
			break;
		if (ev.type == ATLS_EV_DATA)
			check_data(from, to, from == &w->client, &ev);
	}
	from->nwire = 0;
	if (err == 0)
		return;
	assert(atls_strerror(err)[0] != '\0');
	assert(err != ATLS_E_NOMEM || shortage.refused > before);
	assert(atls_session_recv(to->s, w->now_ms, &in, &ev) == err);
	w->over = true;
}

static void
op_write(struct side *from)
{
	struct atls_bytes out;

	while (
	    from->nwire < WIRE / 2 && atls_session_next_write(from->s, &out)) {
		assert(out.len <= WIRE - from->nwire);
		memcpy(from->wire + from->nwire, out.p, out.len);
		from->nwire += out.len;
	}
}

static void
step(struct world *w, unsigned op, unsigned arg)
{
	uint32_t sid = 1 + arg % NSTREAMS;
	size_t len = (size_t)arg * arg % SEND_MOST;

	if (op % 16 < 3)
		op_open(w);
	else if (op % 16 < 5)
		op_send(&w->client, true, 1 + op / 16 % 4, len);
	else if (op % 16 < 7)
		op_send(&w->server, false, 1 + op / 16 % 4, len);
	else if (op % 16 < 12)
		op_stream(w, sid, op % 16 - 7);
	else if (op % 16 == 12) {
		w->now_ms += arg * 10;
		w->over = atls_session_timeout(w->client.s, w->now_ms) != 0;
	} else if (op % 16 == 13) {
		(void)atls_session_alert(w->server.s, arg > 9 ? "no" : "");
	} else {
		op_write(&w->client);
		op_read(w, &w->client, &w->server);
		op_write(&w->server);
		if (!w->over)
			op_read(w, &w->server, &w->client);
	}
}

static void
make(struct side *side, unsigned how, bool client)
{
	struct atls_session_config cfg = { .role = ATLS_SERVER };

	side->server = !client;
	side->policy = (how & 1) != 0 ? atls_policy_v1 : atls_policy_default;
	side->policy.dup_syn = ATLS_DUP_SYN_REFUSE;
	cfg.role = client ? ATLS_CLIENT : ATLS_SERVER;
	cfg.policy = &side->policy;
	cfg.scheme = atls_bytes_str((how & 2) != 0 && client
		? "stop=4\n1=30-30\n2=9-90,c,500-500\n3=20-20,20-20"
		: ATLS_SCHEME_DEFAULT);
	cfg.scheme_md5 =
	    (how & 2) != 0 && client ? "mine" : ATLS_SCHEME_DEFAULT_MD5;
	cfg.client_name = "nomem";
	cfg.random.below = smallest;
	cfg.heartbeat_ms = (how & 4) != 0 ? 500 : 0;
	cfg.max_streams = (how & 8) != 0 ? 3 : 0;
	cfg.spare = (how & 16) != 0 ? &side->spare : NULL;
	side->wire = __real_malloc(WIRE);
	if (side->wire == NULL)
		abort();
	side->s = atls_session_new(&cfg, 0);
	assert(side->s != NULL || shortage.refused != 0);
}

static void
clear(struct side *side)
{
	atls_session_free(side->s);
	free(side->spare.p);
	free(side->wire);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct atls_bytes in = { data, size };
	unsigned how = fuzz_take(&in, 1), op;
	struct world *w;

	if (in.len < 5 || in.len > 600)
		return (0);
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		abort();
	shortage.before = fuzz_take(&in, 2) % 512;
	shortage.most = fuzz_take(&in, 1);
	shortage.refused = 0;
	shortage.armed = true;
	make(&w->client, how, true);
	make(&w->server, how & 0xfe, false);
	while (in.len != 0 && !w->over && w->client.s && w->server.s) {
		op = fuzz_take(&in, 1);
		step(w, op, fuzz_take(&in, 1));
	}
	shortage.armed = false;
	clear(&w->client);
	clear(&w->server);
	free(w);
	return (0);
}
