/* What records a client's session came in, judged by its padding scheme. */
#include "conformance/anytls/client.h"
#include "conformance/anytls/verbs.h"
#include "conformance/engine/box.h"

const uint32_t *
record_sizes(const struct peer *p, size_t *n)
{
	*n = p->nsizes;
	return (p->sizes);
}

struct data
record_at(struct peer *p, size_t i)
{
	size_t at = 0, k;

	if (i >= p->nsizes)
		t_error(
		    p->t, "the case asks for record %zu of %zu", i, p->nsizes);
	for (k = 0; k < i; k++)
		at += p->sizes[k];
	if (at + p->sizes[i] > p->raw.len)
		t_error(p->t, "more was received than is kept");
	return (bytes(p->raw.p + at, p->sizes[i]));
}

void
expect_records(struct peer *p, size_t n)
{
	const char *expected = t_printf(p->t, "%zu records have come", n);
	uint64_t deadline = verb_deadline(p->t, 0), start = t_now();

	t_step(p->t, "%s", expected);
	while (p->nsizes < n) {
		if (p->closing != OPEN)
			verb_fail_closed(p, expected);
		if (!verb_wait(p, deadline))
			pack_fail(p->t, expected, "%zu within %u ms", p->nsizes,
			    (unsigned)(t_now() - start));
	}
	t_step(p->t, "%s", "");
}

/* The oracle, and what it borrows. */
struct judge {
	struct atls_shape_oracle oracle;
	struct atls_scheme schemes[ATLS_SHAPE_SCHEMES];
	size_t nschemes;
};

static const struct atls_scheme *
parse_scheme(struct t *t, struct judge *j, struct data d)
{
	struct atls_scheme *s = &j->schemes[j->nschemes];

	if (atls_scheme_parse(atls_bytes(d.p, d.len), s) != 0)
		return (NULL);
	if (++j->nschemes > ATLS_SHAPE_SCHEMES - 1)
		t_error(t, "more schemes in one session than can be judged");
	return (s);
}

/* Tells the oracle of schemes that were sent before record I; those that are
 * no schemes change nothing (AT-PD-07). */
static void
update_at(
    struct peer *p, struct judge *j, const struct sent_scheme *sent, size_t i)
{
	const struct atls_scheme *scheme;

	if (sent == NULL)
		return;
	update_at(p, j, sent->next, i);
	if (sent->nsizes != i)
		return;
	scheme = parse_scheme(p->t, j, sent->scheme);
	if (scheme != NULL && atls_shape_update(&j->oracle, scheme) != 0)
		t_error(p->t, "more schemes in one session than can be judged");
}

/* Bytes that a record may have beside what was drawn: nothing, the header of
 * waste alone (AT-RS-04), the request before padding0. */
static bool
is_usual(uint32_t size, uint32_t drawn)
{
	return (size >= drawn &&
	    (size - drawn == 0 || size - drawn == ATLS_FRAME_HEADER ||
		size - drawn == ATLS_AUTH_HEADER));
}

/* Record I for the plot; WAS is the reading before it. */
static void
add_sample(struct peer *p, const struct atls_shape_oracle *o, size_t i,
    enum atls_shape_reading was)
{
	struct box_sample s = { (uint32_t)i, BOX_NO_GROUP, p->sizes[i], 0, 0,
		0 };
	enum atls_shape_reading got = atls_shape_reading(o);
	struct atls_shape_draw d;
	uint32_t more = 0;

	s.misfit = got == ATLS_SHAPE_NONE && was != got;
	if (got > was && got > ATLS_SHAPE_TEXT) {
		if (atls_shape_wanted(o, was, &d)) {
			s.group = d.packet;
			s.low = d.low;
			s.high = d.high;
		}
	} else if (atls_shape_drawn(o, &d)) {
		s.group = d.packet;
		if (is_usual(s.value, d.size)) {
			more = s.value - d.size;
			s.low = d.low + more;
			s.high = d.high + more;
		}
	}
	t_sample(p->t, &s);
}

static struct judge *
judge(struct peer *p, struct data scheme, bool samples)
{
	enum atls_shape_reading was;
	struct judge *j = t_alloc(p->t, sizeof(*j));
	struct atls_shape_config cfg = { .auth = ATLS_SHAPE_AUTH_JUDGED };
	struct data d;
	size_t i, at = 0;

	cfg.scheme = parse_scheme(p->t, j, scheme);
	if (cfg.scheme == NULL)
		t_error(p->t, "the case's own padding scheme is unusable");
	/* A request that is cut has cases of its own (AT-AU-08). */
	if (auth_records(p) > 1)
		cfg.auth = ATLS_SHAPE_AUTH_SKIPPED;
	atls_shape_init(&j->oracle, &cfg);
	for (i = 0; i < p->nsizes; i++) {
		update_at(p, j, p->schemes, i);
		if (at + p->sizes[i] > p->raw.len)
			t_error(p->t, "more was received than is kept");
		d = bytes(p->raw.p + at, p->sizes[i]);
		at += p->sizes[i];
		was = atls_shape_reading(&j->oracle);
		atls_shape_record(&j->oracle, atls_bytes(d.p, d.len));
		if (samples)
			add_sample(p, &j->oracle, i, was);
	}
	return (j);
}

static void
plot(void *arg)
{
	struct peer *p = arg;

	judge(p, p->watched, true);
}

void
records_watch(struct peer *p, struct data scheme)
{
	if (p->watched.p == NULL)
		t_cleanup(p->t, plot, p);
	p->watched = scheme;
}

enum atls_shape_reading
shape_reading(struct peer *p, struct data scheme)
{
	return (atls_shape_reading(&judge(p, scheme, false)->oracle));
}

void
expect_shape_as(
    struct peer *p, struct data scheme, enum atls_shape_reading loosest)
{
	static const char *const names[] = { "the reference", "the text",
		"what known clients do" };
	char why[ATLS_SHAPE_SENTENCE];
	struct judge *j = judge(p, scheme, false);
	enum atls_shape_reading got = atls_shape_reading(&j->oracle);

	records_watch(p, scheme);
	if (got == ATLS_SHAPE_UNDETERMINED)
		t_error(p->t,
		    "the records fit too many packets of this scheme to be "
		    "judged");
	if (got > loosest) {
		atls_shape_explain(&j->oracle, loosest, why, sizeof(why));
		pack_fail(p->t,
		    t_printf(p->t,
			"records as the padding scheme asks for, by %s",
			names[loosest]),
		    "%s", why);
	}
	if (got != ATLS_SHAPE_REFERENCE) {
		atls_shape_explain(
		    &j->oracle, ATLS_SHAPE_REFERENCE, why, sizeof(why));
		t_observe(p->t, "shaped by %s only: %s", names[got], why);
	}
}

void
expect_shape(struct peer *p, struct data scheme)
{
	expect_shape_as(p, scheme, ATLS_SHAPE_TEXT);
}
