/* Sizes drawn at random: how many are needed, and what they say. */
#include "conformance/anytls/client.h"
#include "conformance/anytls/verbs.h"

/* Sessions that are asked for at once come within that, or not at all. */
#define COMES_MS 1500

struct samples {
	struct t *t;
	struct atls_shape_stats st;
	double bound;
};

/* Values that an even client draws from: the larger bound is not one. */
static double
values(const struct samples *s)
{
	return ((double)s->st.high - (double)s->st.low);
}

size_t
samples_for_random(const struct samples *s)
{
	double alpha = t_question_share(s->t), chance = 1;
	size_t n = 1;

	while (chance > alpha && n < 64) {
		chance /= values(s);
		n++;
	}
	return (n);
}

size_t
samples_for_even(const struct samples *s)
{
	return (atls_shape_stats_need(t_question_share(s->t), s->bound));
}

struct samples *
samples_of(struct t *t, uint32_t low, uint32_t high, double bound)
{
	struct samples *s = t_alloc(t, sizeof(*s));
	size_t cap;

	s->t = t;
	s->st.low = low;
	s->st.high = high;
	s->bound = bound;
	cap = samples_for_even(s);
	atls_shape_stats_init(
	    &s->st, low, high, t_alloc(t, cap * sizeof(uint32_t)), cap);
	return (s);
}

void
sample(struct samples *s, uint32_t size, const char *what)
{
	if (size < s->st.low || size > s->st.high)
		pack_fail(s->t,
		    t_printf(s->t, "%s of %u to %u bytes", what,
			(unsigned)s->st.low, (unsigned)s->st.high),
		    "%u bytes", (unsigned)size);
	(void)atls_shape_stats_add(&s->st, size);
}

void
expect_random(struct samples *s)
{
	double alpha = t_question(s->t), chance = 1;
	const char *expected = t_printf(s->t, "sizes drawn between %u and %u",
	    (unsigned)s->st.low, (unsigned)s->st.high);

	switch (atls_shape_stats_random(&s->st, alpha, &chance)) {
	case ATLS_SHAPE_YES:
		t_observe(s->t, "random: %zu sizes, not all equal (%.2g)",
		    s->st.n, alpha);
		return;
	case ATLS_SHAPE_NO:
		pack_fail(s->t, expected,
		    "all %zu are %u, which a client that draws evenly meets "
		    "with probability %.2g (limit %.2g)",
		    s->st.n, (unsigned)s->st.sizes[0], chance, alpha);
	case ATLS_SHAPE_UNKNOWN:
		break;
	}
	t_undetermined(s->t, expected,
	    "%zu samples, %zu are needed for an error rate of %.2g", s->st.n,
	    samples_for_random(s), alpha);
}

void
expect_even(struct samples *s)
{
	double alpha = t_question(s->t), distance = 0;
	const char *expected =
	    t_printf(s->t, "sizes spread evenly over %u to %u",
		(unsigned)s->st.low, (unsigned)s->st.high);

	switch (atls_shape_stats_even(&s->st, alpha, s->bound, &distance)) {
	case ATLS_SHAPE_YES:
		t_observe(s->t,
		    "even: %zu sizes, %.3f away (limit %g, error rate %.2g)",
		    s->st.n, distance, s->bound, alpha);
		return;
	case ATLS_SHAPE_NO:
		pack_fail(s->t, expected,
		    "%zu sizes are %.3f away from that; a client that draws "
		    "evenly is more than %g away with probability %.2g at most",
		    s->st.n, distance, s->bound, alpha);
	case ATLS_SHAPE_UNKNOWN:
		break;
	}
	t_undetermined(s->t, expected,
	    "%zu samples, %zu are needed for an error rate of %.2g and a "
	    "distance of %g",
	    s->st.n, samples_for_even(s), alpha, s->bound);
}

/* A client gives up on a handshake that waits for long, so that not all of them
 * do at once. */
#define AT_ONCE 12

struct fleet *
fleet_under(struct t *t, struct data scheme, size_t n, size_t *got)
{
	struct fleet *fleet = t_alloc(t, n * sizeof(*fleet));
	struct app *a;
	size_t i, asked = 1;

	fleet[0].p = renew(t, scheme, &a);
	for (i = 0; i < n; i++) {
		for (; i != 0 && asked < n && asked < i + AT_ONCE; asked++)
			ask(t, "case.test", 80);
		if (i != 0 && !session_comes(t, COMES_MS))
			break;
		if (i != 0)
			fleet[i].p = accept_client(t);
		fleet[i].auth = expect_auth(fleet[i].p);
		expect_settings_under(fleet[i].p, scheme);
	}
	*got = i;
	return (fleet);
}
