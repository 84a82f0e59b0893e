/*
 * One session, either end, against any bytes. Byte 0: role, version, what is
 * done about streams; bytes 1 and 2: where the rest is cut. With bit 5 of byte
 * 0 eight changes of the policy come first; what is written is free then; with
 * bit 6 long reasons are given in the end, with bit 7 short inputs are followed
 * by a flood. The cut must not matter, the session
 * writes only what its side may, queues no more than its limit, and an error
 * stays.
 */
#include "fuzz/emit.h"
#include "fuzz/fuzz.h"
#include "ref/wire/err.h"

#define INPUT_MAX 4096
#define MAX_STREAMS 8
#define FLOOD_INPUT 48 /* floods are slow: only behind short inputs */

/* What a run came to. */
struct outcome {
	uint64_t events, written;
	size_t nwritten;
	uint32_t nstreams;
	int err;
};

struct peer {
	struct atls_session *s;
	struct emit emit;
	struct atls_policy policy;
	unsigned how;
	uint64_t events; /* hash of what it reported */
	uint32_t data_sid;
	bool in_data;
};

static uint64_t
smallest(void *ctx, uint64_t n)
{
	(void)ctx;
	assert(n >= 1);
	return (0);
}

/* Changes some decisions, each to a small number. */
static void
change_policy(struct atls_policy *policy, struct atls_bytes *in)
{
	int *fields = (int *)(void *)policy;
	size_t i, n = sizeof(*policy) / sizeof(int);

	for (i = 0; i < 8; i++) {
		size_t field = fuzz_take(in, 1) % n;

		fields[field] = (int)(fuzz_take(in, 1) % 24);
	}
}

static void
make(struct peer *p, unsigned how, struct atls_bytes changes)
{
	static const struct atls_policy *const policies[] = {
		&atls_policy_default, &atls_policy_v1, &atls_policy_v3,
		&atls_policy_default
	};
	/* More than a packet may have. */
	static const char wasteful[] =
	    "stop=9\n1=30-30,400000-400000,400000-400000,400000-400000\n"
	    "2=2000000-2000000";
	struct atls_session_config cfg = { .role = ATLS_SERVER };

	memset(p, 0, sizeof(*p));
	p->how = how;
	cfg.role = (how & 1) != 0 ? ATLS_CLIENT : ATLS_SERVER;
	p->policy = *policies[how >> 1 & 3];
	if ((how & 32) != 0)
		change_policy(&p->policy, &changes);
	cfg.policy = &p->policy;
	cfg.scheme = atls_bytes_str(ATLS_SCHEME_DEFAULT);
	cfg.scheme_md5 = ATLS_SCHEME_DEFAULT_MD5;
	if ((how & 128) != 0)
		cfg.scheme = atls_bytes_str(wasteful);
	cfg.client_name = "fuzz";
	cfg.max_streams = MAX_STREAMS;
	cfg.synack_ms = (how & 64) != 0 ? 5000 : 0;
	cfg.random.below = smallest;
	p->s = atls_session_new(&cfg, 0);
	if (p->s == NULL)
		abort();
	p->emit.s = p->s;
	p->emit.client = cfg.role == ATLS_CLIENT;
	p->emit.version = (unsigned)cfg.policy->version;
	p->emit.free = (how & 32) != 0;
}

/* Sends on the first stream by the way without a copy; a policy may cut it. */
static void
send_reserved(struct peer *p)
{
	uint8_t *room = atls_session_reserve(p->s, 1, 100);

	if (room == NULL)
		return;
	memset(room, 'r', 100);
	(void)atls_session_commit(p->s, 1, 100);
}

/* What an application would do about EV. */
static void
react(struct peer *p, const struct atls_event *ev)
{
	uint32_t sid = ev->sid;
	uint32_t next;

	if (ev->type == ATLS_EV_OPEN && (p->how & 8) != 0 && sid % 3 == 0)
		(void)atls_session_dial_failed(p->s, sid, "no");
	else if (ev->type == ATLS_EV_OPEN && (p->how & 16) != 0)
		(void)atls_session_send(p->s, sid, atls_bytes_str("hello"));
	else if (ev->type == ATLS_EV_OPEN)
		(void)atls_session_dialled(p->s, sid);
	if (p->emit.free && ev->type == ATLS_EV_SETTINGS)
		send_reserved(p);
	if (ev->type == ATLS_EV_HEART && !p->emit.client)
		(void)atls_session_target_eof(p->s, sid);
	if (p->emit.free && ev->type == ATLS_EV_FIN)
		(void)atls_session_fin(p->s, sid);
	if (p->emit.free && atls_session_over(p->s))
		(void)atls_session_alert(p->s, "over");
	if (ev->type == ATLS_EV_FIN && p->emit.client &&
	    atls_session_open(p->s, 0, &next) == 0)
		(void)atls_session_send(p->s, next, atls_bytes_str("again"));
}

/* What the driver keeps for a stream is given back with its events. */
static void
keep(struct peer *p, const struct atls_event *ev)
{
	if (ev->type == ATLS_EV_OPEN) {
		assert(ev->stream_data == NULL);
		if (atls_session_set_stream_data(p->s, ev->sid, p) != 0)
			abort();
		assert(atls_session_stream_data(p->s, ev->sid) == p);
	} else if (ev->type == ATLS_EV_DATA && !p->emit.client) {
		assert(ev->stream_data == p);
	}
}

static void
count(void *ctx, uint32_t sid, void *data)
{
	uint32_t *n = ctx;

	(void)sid;
	(void)data;
	(*n)++;
}

static void
note(struct peer *p, const struct atls_event *ev)
{
	uint32_t head[3] = { ev->type, ev->sid, ev->version };

	assert(ev->type != ATLS_EV_DATA || ev->data.len != 0);
	assert(ev->type != ATLS_EV_DATA || atls_session_alive(p->s, ev->sid));
	if (ev->type != ATLS_EV_DATA || !p->in_data || p->data_sid != ev->sid)
		p->events = emit_hash(p->events, head, sizeof(head));
	p->in_data = ev->type == ATLS_EV_DATA;
	p->data_sid = ev->sid;
	p->events = emit_hash(p->events, ev->data.p, ev->data.len);
}

static int
receive(struct peer *p, struct atls_bytes in)
{
	struct atls_event ev;
	uint32_t n = 0;
	size_t queued;
	int err;

	for (;;) {
		err = atls_session_recv(p->s, 0, &in, &ev);
		queued = atls_session_queued(p->s);
		assert(queued <= ATLS_SESSION_REPLY_MAX + 2097152);
		assert(p->emit.client || p->emit.free ||
		    queued <= ATLS_SESSION_REPLY_MAX);
		assert(p->emit.client ||
		    atls_session_nstreams(p->s) <= MAX_STREAMS);
		if (err != 0 || ev.type == ATLS_EV_NONE)
			break;
		note(p, &ev);
		emit_take(&p->emit);
		emit_event(&p->emit, &ev);
		keep(p, &ev);
		react(p, &ev);
		emit_take(&p->emit);
	}
	emit_take(&p->emit);
	assert(err != 0 || in.len == 0);
	atls_session_each(p->s, count, &n);
	assert(n == atls_session_nstreams(p->s));
	return (err);
}

/* An error is repeated, and nothing can be queued behind it. */
static void
check_ended(struct peer *p, int err)
{
	struct atls_bytes more = atls_bytes_str("more");
	struct atls_event ev;
	uint32_t sid;

	assert(atls_session_recv(p->s, 0, &more, &ev) == err);
	assert(atls_session_open(p->s, 0, &sid) != 0);
	assert(atls_session_alert(p->s, "no") == ATLS_E_CLOSED);
	assert(atls_session_queued(p->s) == 0);
}

/* Calls that cannot be right say so and queue nothing. */
static void
misuse(struct peer *p)
{
	struct atls_bytes huge = { (const uint8_t *)"", (size_t)1 << 31 };
	size_t queued = atls_session_queued(p->s);
	uint32_t sid, none = 1000000;

	assert(atls_session_send(p->s, none, atls_bytes_str("x")) != 0);
	assert(atls_session_fin(p->s, none) != 0);
	assert(atls_session_target_eof(p->s, none) != 0);
	assert(atls_session_set_stream_data(p->s, none, p) != 0);
	assert(atls_session_stream_data(p->s, none) == NULL);
	assert(atls_session_reserve(p->s, none, 1) == NULL);
	for (sid = 1; sid < 4; sid++) {
		if (!atls_session_alive(p->s, sid))
			continue;
		assert(atls_session_send(p->s, sid, huge) != 0);
		assert(atls_session_reserve(p->s, sid, 0) == NULL);
		assert(atls_session_reserve(
			   p->s, sid, ATLS_SESSION_RESERVE_MAX + 1) == NULL);
		if (atls_session_reserve(p->s, sid, 5) == NULL)
			continue;
		assert(atls_session_commit(p->s, sid, 6) == ATLS_E_INVAL);
		assert(atls_session_reserve(p->s, sid, 5) != NULL);
		assert(atls_session_commit(p->s, sid, 0) == 0);
	}
	if (!p->emit.client)
		assert(atls_session_open(p->s, 0, &sid) != 0);
	assert(atls_session_queued(p->s) == queued);
}

/* A peer that asks and does not read: what waits for it stays bounded. */
static void
flood(struct peer *p)
{
	enum {
		COUNT = ATLS_SESSION_REPLY_MAX / ATLS_FRAME_HEADER + 9
	};
	uint8_t *asked = malloc(COUNT * (size_t)ATLS_FRAME_HEADER);
	struct atls_bytes in = { asked, COUNT * (size_t)ATLS_FRAME_HEADER };
	struct atls_frame f = { ATLS_CMD_HEART_REQUEST, 0, 0 };
	struct atls_event ev = { .type = ATLS_EV_HEART };
	size_t i;
	int err = 0;

	if (asked == NULL)
		abort();
	for (i = 0; i < COUNT; i++)
		atls_frame_put(asked + i * ATLS_FRAME_HEADER, f);
	while (err == 0 && in.len != 0 && ev.type != ATLS_EV_NONE)
		err = atls_session_recv(p->s, 0, &in, &ev);
	assert(p->emit.client ||
	    atls_session_queued(p->s) <= 2 * ATLS_SESSION_REPLY_MAX);
	free(asked);
}

/* A reason longer than a frame is cut to one. */
static void
long_reasons(struct peer *p)
{
	static char text[ATLS_FRAME_MAX_DATA + 3];

	memset(text, 'x', sizeof(text) - 1);
	if (p->emit.client || atls_session_queued(p->s) != 0)
		return;
	(void)atls_session_dial_failed(p->s, 1, text);
	(void)atls_session_alert(p->s, text);
	assert(atls_session_queued(p->s) <=
	    3 * (size_t)ATLS_FRAME_HEADER + 2 * ATLS_FRAME_MAX_DATA);
	emit_take(&p->emit);
}

static struct outcome
run(unsigned how, struct atls_bytes changes, struct atls_bytes in, size_t cut)
{
	uint8_t *first = fuzz_copy(atls_bytes(in.p, cut));
	uint8_t *second = fuzz_copy(atls_bytes(in.p + cut, in.len - cut));
	struct outcome o = { 0 };
	struct peer p;
	uint32_t sid;

	make(&p, how, changes);
	if (p.emit.client) {
		if (atls_session_open(p.s, 0, &sid) != 0 ||
		    atls_session_send(p.s, sid, atls_bytes_str("first")) != 0)
			abort();
		emit_take(&p.emit);
	}
	o.err = receive(&p, atls_bytes(first, cut));
	if (o.err == 0)
		o.err = receive(&p, atls_bytes(second, in.len - cut));
	if (o.err != 0)
		check_ended(&p, o.err);
	else
		misuse(&p);
	if ((how & 64) != 0)
		long_reasons(&p);
	if ((how & 128) != 0 && in.len < FLOOD_INPUT && o.err == 0 &&
	    (how & 64) == 0)
		flood(&p);
	if ((how & 32) == 0)
		emit_end(&p.emit);
	o.events = p.events;
	o.written = p.emit.hash;
	o.nwritten = p.emit.written;
	o.nstreams = atls_session_nstreams(p.s);
	atls_session_free(p.s);
	free(first);
	free(second);
	return (o);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct atls_bytes in = { data, size };
	unsigned how = fuzz_take(&in, 1);
	size_t cut = fuzz_take(&in, 2);
	struct atls_bytes changes = in;
	struct outcome whole, parts;

	if ((how & 32) != 0)
		(void)fuzz_take(&in, 4), (void)fuzz_take(&in, 4),
		    (void)fuzz_take(&in, 4), (void)fuzz_take(&in, 4);
	if (in.len == 0 || in.len > INPUT_MAX)
		return (0);
	whole = run(how, changes, in, in.len);
	parts = run(how, changes, in, cut % (in.len + 1));
	assert(whole.err == parts.err);
	assert(whole.events == parts.events);
	/* A policy may add waste to each write, and their number depends. */
	assert((how & 32) != 0 || whole.nwritten == parts.nwritten);
	assert((how & 32) != 0 || whole.written == parts.written);
	assert(whole.nstreams == parts.nstreams);
	return (0);
}
