/*
 * The record-size oracle on thousands of random sessions: those of the planner
 * always fit the reference, however Go's TLS cuts them; broken ones do not.
 */
#include <stdio.h>

#include "ref/test/shape_hand.h"

struct hand hand;

/* What a client does wrong, or otherwise. */
enum fault {
	FAULT_NONE,
	FAULT_COUNT_FROM_0, /* packet 1 is called 0 */
	FAULT_COUNT_FROM_2,
	FAULT_CONTROL, /* packets of a control frame are not counted */
	FAULT_LARGER,  /* sizes one above the range */
	FAULT_SMALLER, /* and one below */
	FAULT_NO_WASTE,
	FAULT_NO_SPLIT,
	FAULT_NO_CHECK, /* "c" is not obeyed */
	FAULT_NO_STOP,  /* padding goes on from stop on */
	FAULT_SPLIT_AUTH,
	FAULT_INCLUSIVE, /* the maximum is drawn too: another reading */
	FAULT_EXACT,     /* waste alone of l, not l + 7: another reading */
	FAULTS
};

/* A client at work. */
struct sim {
	uint64_t seed;
	enum fault fault;
	struct atls_scheme plan;  /* what it follows */
	struct atls_scheme judge; /* what it should follow */
	char plan_text[4096];
	char text[4096];
	uint32_t unit; /* Go's record sizes grow by this; 0: 16384 at once */
	size_t sent;
	uint32_t records;
	uint32_t packet;
	uint64_t last_range; /* of the last draw, and what came out */
	uint64_t last_value;
	size_t ndraws;
	unsigned most;  /* guesses held at once */
	bool uncounted; /* packet numbers are off */
	bool changed;   /* the fault has made a difference to the records */
	struct atls_shape_oracle o;
};

static struct sim sim;

static uint64_t
below(void *ctx, uint64_t n)
{
	struct sim *s = ctx;
	uint64_t z = (s->seed += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return ((z ^ (z >> 31)) % n);
}

static size_t
between(size_t low, size_t high)
{
	return (low + (size_t)below(&sim, high - low + 1));
}

static uint64_t
draw(void *ctx, uint64_t n)
{
	struct sim *s = ctx;

	s->last_range = n;
	s->last_value = below(s, s->fault == FAULT_INCLUSIVE ? n + 1 : n);
	s->changed = s->changed || s->last_value == n;
	return (s->last_value);
}

/* One TLS write, cut as Go does. */
static void
tls_write(size_t len)
{
	size_t at = 0;
	size_t n;

	for (; at < len; at += n) {
		size_t most = ATLS_SHAPE_MAX_RECORD;

		if (sim.unit != 0 && sim.sent < 128 * 1024 &&
		    sim.unit * (sim.records + 1) < most)
			most = sim.unit * (sim.records + 1);
		n = len - at < most ? len - at : most;
		atls_shape_record(&sim.o, atls_bytes(hand.bytes + hand.fed, n));
		hand.fed += n;
		sim.sent += n + 22;
		sim.records++;
		if (sim.o.nguesses[sim.o.now] > sim.most)
			sim.most = sim.o.nguesses[sim.o.now];
	}
}

/* If the oracle tells a draw, it is the one that was made. */
static void
check_draw(void)
{
	struct atls_shape_draw d;

	if (!atls_shape_drawn(&sim.o, &d))
		return;
	assert_in_range(d.size, d.low, d.high);
	if (d.packet == 0 || d.low == d.high)
		return;
	assert_int_equal(d.high - d.low, sim.last_range);
	assert_int_equal(d.size - d.low, sim.last_value);
	sim.ndraws++;
}

static void
put_waste(uint32_t len)
{
	struct atls_writer w = atls_writer(hand.bytes + hand.fed, len);

	atls_waste_put(&w, len);
	assert_false(w.full);
}

/* Changes a write as the fault has it; returns its bytes of waste. */
static uint32_t
sabotage(struct atls_planner *p, struct atls_write *w)
{
	if (sim.fault == FAULT_NO_SPLIT && w->waste == 0) {
		sim.changed = sim.changed || (p->left != 0 && p->rule.p);
		w->payload += (uint32_t)p->left;
		p->left = 0;
		p->done = true;
	}
	if (sim.fault == FAULT_EXACT && w->payload == 0 && w->waste >= 14) {
		sim.changed = true;
		return (w->waste - 7);
	}
	return (sim.fault == FAULT_NO_WASTE ? 0 : w->waste);
}

/* Sends LEN bytes of frames, which are at the end of the stream. */
static void
packet(size_t len, bool control)
{
	struct atls_random rnd = { draw, &sim };
	struct atls_planner p;
	struct atls_write w;
	uint8_t *frames = malloc(len);

	assert_non_null(frames);
	memcpy(frames, hand.bytes + hand.len - len, len);
	hand.fed = 0;
	atls_planner_init(&p, &sim.plan, sim.packet, len);
	if (sim.uncounted && sim.packet < sim.plan.stop)
		sim.changed = true;
	if (!control || sim.fault != FAULT_CONTROL)
		sim.packet++;
	else
		sim.uncounted = true;
	for (len = 0; atls_planner_next(&p, &rnd, &w); len += w.payload) {
		uint32_t pad = sabotage(&p, &w);

		hand.fed = 0;
		memcpy(hand.bytes, frames + len, w.payload);
		hand.fed = w.payload;
		put_waste(pad);
		hand.fed = 0;
		tls_write(w.payload + pad);
		if (sim.fault == FAULT_NONE)
			check_draw();
	}
	free(frames);
	hand.len = 0;
}

static size_t
random_len(void)
{
	switch (below(&sim, 6)) {
	case 0:
		return (between(7, 20));
	case 1:
		return (between(7, 200));
	case 2:
	case 3:
		return (between(7, 2000));
	case 4:
		return (between(7, 8000));
	default:
		return (between(7, 40000));
	}
}

static void
random_packet(void)
{
	static const uint8_t commands[] = { ATLS_CMD_SYN, ATLS_CMD_FIN,
		ATLS_CMD_HEART_RESPONSE };
	size_t len = random_len();
	bool control = below(&sim, 4) == 0;

	hand.len = 0;
	if (control)
		put(commands[below(&sim, 3)], len = 7);
	else
		psh(len);
	packet(len, control);
}

/* Sends a session of NPACKETS after the first. */
static void
session(unsigned npackets)
{
	struct atls_shape_config cfg = { &sim.judge, ATLS_SHAPE_AUTH_JUDGED, 0,
		0, 0 };
	struct atls_random rnd = { below, &sim };
	unsigned i;

	assert_int_equal(
	    atls_scheme_parse(atls_bytes_str(sim.text), &sim.judge), 0);
	assert_int_equal(
	    atls_scheme_parse(atls_bytes_str(sim.plan_text), &sim.plan), 0);
	sim.sent = 0;
	sim.records = 0;
	sim.uncounted = false;
	sim.changed = false;
	sim.packet = sim.fault == FAULT_COUNT_FROM_0 ? 0
	    : sim.fault == FAULT_COUNT_FROM_2        ? 2
						     : 1;
	atls_shape_init(&sim.o, &cfg);
	hand.len = 0;
	hand.fed = 0;
	put_auth(atls_scheme_padding0(&sim.judge, &rnd));
	if (sim.fault == FAULT_SPLIT_AUTH) {
		tls_write(ATLS_AUTH_HASH);
		tls_write(hand.len - ATLS_AUTH_HASH);
	} else {
		tls_write(hand.len);
	}
	hand.len = 0;
	put(ATLS_CMD_SETTINGS, between(60, 90));
	put(ATLS_CMD_SYN, 7);
	psh(between(14, 30));
	packet(hand.len, false);
	for (i = 0; i < npackets; i++) {
		if (sim.fault == FAULT_NONE)
			assert_int_equal(atls_shape_at_rest(&sim.o),
			    atls_shape_reading(&sim.o));
		random_packet();
	}
}

static void
add(const char *text)
{
	assert_in_range(
	    strlen(sim.text) + strlen(text), 0, sizeof(sim.text) - 1);
	strcat(sim.text, text);
}

static void
random_item(void)
{
	static const char *const junk[] = { "c", "c", "c", "x", "0-5", "", "5",
		"1-1", "7-8", "9-9", "16000-17000", "70000-70001" };
	char item[64];
	size_t low;

	if (below(&sim, 3) == 0) {
		size_t i = (size_t)below(&sim, below(&sim, 8) == 0 ? 12 : 11);

		add(junk[i]);
		return;
	}
	low = between(1, below(&sim, 4) == 0 ? 5000 : 900);
	snprintf(item, sizeof(item), "%zu-%zu", low,
	    low +
		(below(&sim, 3) == 0 ? 0
				     : between(1, below(&sim, 2) ? 10 : 600)));
	add(item);
}

static void
random_scheme(void)
{
	char line[32];
	unsigned nrules = (unsigned)below(&sim, 10);
	unsigned i;
	unsigned items;

	snprintf(
	    sim.text, sizeof(sim.text), "stop=%u", (unsigned)below(&sim, 12));
	for (i = 0; i < nrules; i++) {
		if (below(&sim, 5) == 0)
			continue;
		snprintf(line, sizeof(line), "\n%u=", i);
		add(line);
		if (i == 0) {
			add(below(&sim, 2) ? "30-30" : "1-2000");
			continue;
		}
		for (items = (unsigned)below(&sim, 6);; items--) {
			random_item();
			if (items == 0)
				break;
			add(",");
		}
	}
	strcpy(sim.plan_text, sim.text);
}

static void
fail_session(const char *what, unsigned n)
{
	char buf[ATLS_SHAPE_SENTENCE];

	atls_shape_explain(&sim.o, ATLS_SHAPE_REFERENCE, buf, sizeof(buf));
	fail_msg("%s %u, scheme\n%s\nreading %d: %s", what, n, sim.text,
	    (int)sim.o.reading, buf);
}

/* No session of the planner is ever blamed. */
static void
test_no_false_alarm(void **state)
{
	static const uint32_t units[] = { 0, 1186, 1179, 1187 };
	unsigned n;

	(void)state;
	memset(&sim, 0, sizeof(sim));
	sim.seed = 1;
	for (n = 0; n < 6000; n++) {
		sim.unit = units[n % 4];
		random_scheme();
		session((unsigned)below(&sim, 14));
		if (sim.o.reading != REFERENCE)
			fail_session("session", n);
	}
	printf("largest number of guesses: %u; draws told: %zu\n", sim.most,
	    sim.ndraws);
	assert_in_range(sim.ndraws, 1000, 1000000);
}

static void
test_default(void **state)
{
	unsigned n;

	(void)state;
	memset(&sim, 0, sizeof(sim));
	strcpy(sim.text, ATLS_SCHEME_DEFAULT);
	strcpy(sim.plan_text, ATLS_SCHEME_DEFAULT);
	sim.seed = 2;
	for (n = 0; n < 2000; n++) {
		sim.unit = n % 2 ? 1186 : 0;
		session((unsigned)below(&sim, 14));
		if (sim.o.reading != REFERENCE)
			fail_session("session", n);
	}
	assert_in_range(sim.most, 2, 30);
}

/* A scheme of distinct fixed sizes, with and without the fault. */
static void
fixed_scheme(void)
{
	char line[96];
	unsigned packets = (unsigned)between(4, 7);
	unsigned i;
	int grow = sim.fault == FAULT_LARGER ? 1
	    : sim.fault == FAULT_SMALLER     ? -8
					     : 0;
	bool stop = sim.fault == FAULT_NO_STOP;

	snprintf(sim.text, sizeof(sim.text), "stop=%u\n0=%zu-%zu",
	    stop ? packets - 2 : packets, (size_t)40, (size_t)40);
	snprintf(
	    sim.plan_text, sizeof(sim.plan_text), "stop=%u\n0=40-40", packets);
	for (i = 1; i < packets; i++) {
		int a = (int)(150 + i * 100 + below(&sim, 50));
		int b = a + 700;
		int range = sim.fault == FAULT_INCLUSIVE ? 2 : 0;
		const char *check =
		    sim.fault == FAULT_NO_CHECK || i % 2 ? ",c" : "";

		snprintf(line, sizeof(line), "\n%u=%d-%d%s,%d-%d", i, a,
		    a + range, check, b, b + range);
		add(line);
		if (sim.fault == FAULT_NO_CHECK)
			check = "";
		a += grow;
		b += grow;
		snprintf(line, sizeof(line), "\n%u=%d-%d%s,%d-%d", i, a,
		    a + range, check, b, b + range);
		strcat(sim.plan_text, line);
	}
}

struct expectation {
	enum fault fault;
	const char *name;
	enum atls_shape_reading least; /* reading that a caught one reaches */
	unsigned caught;               /* of 1000 sessions, at least */
};

/* A fault is seen if, and only if, it has changed the records. */
static void
check_session(enum atls_shape_reading least, unsigned n)
{
	switch (sim.fault) {
	case FAULT_NO_SPLIT:
	case FAULT_EXACT:
		if (sim.changed && sim.o.reading < least)
			fail_session("not caught", n);
		break;
	case FAULT_CONTROL:
		if (sim.changed && sim.o.reading < ATLS_SHAPE_TOLERANT)
			fail_session("not caught", n);
		break;
	case FAULT_INCLUSIVE: /* a short packet may hide the size */
	case FAULT_NONE:
		break;
	case FAULT_COUNT_FROM_0:
	case FAULT_COUNT_FROM_2:
	case FAULT_LARGER:
	case FAULT_SMALLER:
	case FAULT_NO_WASTE:
	case FAULT_NO_CHECK:
	case FAULT_NO_STOP:
	case FAULT_SPLIT_AUTH:
	case FAULTS:
		return;
	}
	if (!sim.changed && sim.o.reading != REFERENCE)
		fail_session("false alarm", n);
}

/*
 * What is not caught has done nothing wrong that can be seen: the sizes never
 * mattered, for one because all packets were split or short.
 */
static void
test_faults(void **state)
{
	static const struct expectation all[] = {
		{ FAULT_NONE, "none", REFERENCE, 1000 },
		{ FAULT_COUNT_FROM_0, "counts from 0", NONE, 1000 },
		{ FAULT_COUNT_FROM_2, "counts from 2", NONE, 1000 },
		{ FAULT_CONTROL, "control frames not counted", NONE, 550 },
		{ FAULT_LARGER, "sizes above", NONE, 1000 },
		{ FAULT_SMALLER, "sizes below", NONE, 1000 },
		{ FAULT_NO_WASTE, "no waste", TOLERANT, 1000 },
		{ FAULT_NO_SPLIT, "no split", TOLERANT, 800 },
		{ FAULT_NO_CHECK, "no check", NONE, 990 },
		{ FAULT_NO_STOP, "no stop", TOLERANT, 1000 },
		{ FAULT_SPLIT_AUTH, "split authentication", NONE, 1000 },
		{ FAULT_INCLUSIVE, "inclusive", TEXT, 900 },
		{ FAULT_EXACT, "exact waste", TEXT, 700 },
	};
	size_t i;

	(void)state;
	assert_int_equal(sizeof(all) / sizeof(all[0]), FAULTS);
	for (i = 0; i < FAULTS; i++) {
		unsigned by_reading[5] = { 0 };
		unsigned caught = 0;
		unsigned n;

		memset(&sim, 0, sizeof(sim));
		sim.seed = 100 + i;
		sim.fault = all[i].fault;
		for (n = 0; n < 1000; n++) {
			sim.unit = n % 2 ? 1186 : 0;
			fixed_scheme();
			session(9);
			by_reading[sim.o.reading]++;
			caught += sim.o.reading >= all[i].least;
			check_session(all[i].least, n);
		}
		printf("%-28s %4u %4u %4u %4u %4u\n", all[i].name,
		    by_reading[0], by_reading[1], by_reading[2], by_reading[3],
		    by_reading[4]);
		if (caught < all[i].caught)
			fail_msg("%s: %u caught", all[i].name, caught);
		assert_int_equal(by_reading[ATLS_SHAPE_UNDETERMINED], 0);
		/* Another reading is no fault. */
		if (all[i].least == TEXT)
			assert_int_equal(by_reading[NONE], 0);
		if (all[i].least == REFERENCE)
			assert_int_equal(by_reading[REFERENCE], 1000);
	}
}

/* Random bytes in random records: no crash, and a reading. */
static void
test_noise(void **state)
{
	unsigned n;
	size_t i;

	(void)state;
	memset(&sim, 0, sizeof(sim));
	sim.seed = 3;
	for (n = 0; n < 3000; n++) {
		struct atls_shape_config cfg = { &sim.judge,
			(enum atls_shape_auth)(n % 3), 0, 0, 0 };
		char buf[ATLS_SHAPE_SENTENCE];
		unsigned r;

		random_scheme();
		assert_int_equal(
		    atls_scheme_parse(atls_bytes_str(sim.text), &sim.judge), 0);
		atls_shape_init(&sim.o, &cfg);
		for (r = 0; r < 20; r++) {
			size_t len = random_len() - 6;
			uint8_t *copy = malloc(len);

			assert_non_null(copy);
			for (i = 0; i < len; i++)
				copy[i] = below(&sim, 3) == 0
				    ? (uint8_t)below(&sim, 256)
				    : 0;
			if (r == 7)
				atls_shape_update(&sim.o, &sim.judge);
			atls_shape_record(&sim.o, atls_bytes(copy, len));
			free(copy);
		}
		for (i = 0; i < ATLS_SHAPE_NONE; i++)
			assert_in_range(
			    atls_shape_explain(&sim.o,
				(enum atls_shape_reading)i, buf, sizeof(buf)),
			    0, sizeof(buf) - 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_false_alarm),
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_noise),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
