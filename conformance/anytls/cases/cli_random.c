/*
 * Are sizes drawn at random at all, and evenly? Questions for statistics: they
 * share the run's budget of false alarms, and take as many samples as their
 * share and their power need.
 */
#include "conformance/anytls/case.h"

/* A distribution that is twice this far from even is found. A session gives
 * many sizes, but only one padding0. */
#define SIZES_BOUND 0.1
#define PADDING0_BOUND 0.25
#define SESSIONS 8

static struct samples *
padding0_samples(struct t *t)
{
	return (samples_of(t, 100, 1100, PADDING0_BOUND));
}

/* padding0 of N sessions. */
static void
sample_padding0(struct t *t, struct samples *s, size_t n)
{
	struct data scheme = text("stop=2\n0=100-1100\n1=301-301");
	size_t got;
	struct fleet *fleet = fleet_under(t, scheme, n, &got);

	for (size_t i = 0; i < got; i++)
		sample(s, fleet[i].auth.padding, "padding0");
}

static void
random_padding0(struct t *t)
{
	struct samples *s = padding0_samples(t);

	sample_padding0(t, s, samples_for_random(s));
	expect_random(s);
}

static void
spread_padding0(struct t *t)
{
	struct samples *s = padding0_samples(t);

	sample_padding0(t, s, samples_for_even(s));
	expect_even(s);
}

/* The first packet of each session, which a client that begins each session
 * with the same seed makes equally long. */
static void
random_first_packet(struct t *t)
{
	struct data scheme = text("stop=2\n0=30-30\n1=300-1000");
	struct samples *s = samples_of(t, 300, 1000, SIZES_BOUND);
	const uint32_t *sizes;
	size_t got, n, first;
	struct fleet *fleet =
	    fleet_under(t, scheme, samples_for_random(s), &got);

	for (size_t i = 0; i < got; i++) {
		expect_stream(fleet[i].p);
		first = auth_records(fleet[i].p);
		sizes = record_sizes(fleet[i].p, &n);
		if (n <= first)
			skip(t, "packet 1 shares the record of packet 0");
		sample(s, sizes[first], "packet 1");
	}
	expect_random(s);
}

/* A scheme whose packets 2 to N + 1 all are 300-1000. */
static struct data
same_for_all(struct t *t, size_t n)
{
	struct data d = text("0=30-30\n1=301-301");

	for (size_t i = 2; i < n + 2; i++)
		d = join(t, d, textf(t, "\n%zu=300-1000", i));
	return (join(t, d, textf(t, "\nstop=%zu", n + 2)));
}

/* The application's next 50 bytes have come over stream SID. */
static void
write_through(struct t *t, struct peer *p, uint32_t sid, struct app *a)
{
	struct data d = pattern(t, 50, 1);

	app_tell(a, d);
	expect_data(p, sid, d);
}

/* N packets of the session P, whose stream has begun, after those of the
 * authentication and packet 1. */
static void
sample_sizes(struct t *t, struct samples *s, struct peer *p, size_t n)
{
	size_t got, first = auth_records(p) + 1;
	const uint32_t *sizes;

	expect_records(p, first + n);
	if (says_heartbeats(p))
		skip(t, "the client's own heartbeats are packets, too");
	sizes = record_sizes(p, &got) + first;
	for (size_t i = 0; i < n; i++)
		sample(s, sizes[i], "a packet");
}

static void
random_sizes(struct t *t)
{
	struct samples *s = samples_of(t, 300, 1000, SIZES_BOUND);
	size_t n = samples_for_random(s);
	struct data scheme = same_for_all(t, n);
	struct stream_seen st;
	struct app *a;
	struct peer *p = renew(t, scheme, &a);

	st = begin_under(p, a, scheme);
	for (size_t i = 0; i < n; i++)
		write_through(t, p, st.sid, a);
	sample_sizes(t, s, p, n);
	expect_random(s);
}

/* Several sessions at a time, each with its part of the packets. */
static void
spread_sizes(struct t *t)
{
	struct samples *s = samples_of(t, 300, 1000, SIZES_BOUND);
	size_t each = samples_for_even(s) / SESSIONS + 1, n = 1;
	struct data scheme = same_for_all(t, each);
	struct stream_seen st[SESSIONS];
	struct peer *p[SESSIONS];
	struct app *a[SESSIONS];

	p[0] = renew(t, scheme, &a[0]);
	st[0] = begin_under(p[0], a[0], scheme);
	for (; n < SESSIONS; n++) {
		a[n] = ask(t, "case.test", 80);
		if (!session_comes(t, 500))
			break;
		p[n] = accept_client(t);
		st[n] = begin_under(p[n], a[n], scheme);
	}
	for (size_t i = 0; i < each; i++) {
		struct data d = pattern(t, 50, 1);

		for (size_t k = 0; k < n; k++)
			app_tell(a[k], d);
		for (size_t k = 0; k < n; k++)
			expect_data(p[k], st[k].sid, d);
	}
	for (size_t k = 0; k < n; k++)
		sample_sizes(t, s, p[k], each);
	expect_even(s);
}

static const struct tcase cases[] = {
	{ "client/shape/random-padding0", "AT-PD-14,AT-AU-02", random_padding0,
	    .questions = 1 },
	{ "client/shape/spread-padding0", "AT-PD-14,AT-AU-02", spread_padding0,
	    .questions = 1, .budget_ms = 25000 },
	{ "client/shape/random-first-packet", "AT-PD-14", random_first_packet,
	    .questions = 1 },
	{ "client/shape/random-sizes", "AT-PD-14", random_sizes,
	    .questions = 1 },
	{ "client/shape/spread-sizes", "AT-PD-14", spread_sizes, .questions = 1,
	    .budget_ms = 25000 },
};

extern const struct suite suite_cli_random;
const struct suite suite_cli_random = SUITE("client: randomness", cases);
