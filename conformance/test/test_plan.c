/* The register, selection, and the two orders of a plan. */
#include "conformance/test/cm.h"

#include <stdio.h>
#include <string.h>

#include "conformance/engine/plan.h"

static void
nothing(struct t *t)
{
	(void)t;
}

static const struct tcase cases_a[] = {
	{ "x/a/one", "R-1", nothing },
	{ "x/a/serial", "R-2,R-1", nothing, .flags = CASE_SERIAL },
	{ "x/a/long", "R-2", nothing, .budget_ms = 60000 },
	{ "x/a/dangerous", "R-1", nothing, .flags = CASE_DANGEROUS },
};
static const struct suite suite_a = SUITE("a", cases_a);
static const struct tcase cases_b[] = {
	{ "x/b/short", "R-3", nothing, .budget_ms = 100 },
	{ "x/b/two", "R-1", nothing },
};
static const struct suite suite_b = SUITE("b", cases_b);
static const struct suite *const suites[] = { &suite_a, &suite_b, NULL };

static const char rows[] = "id\trole\tlevel\tbasis\tversion\tquote\tdisp\n"
			   "# a remark\n\n"
			   "R-1\tserver\tMUST\ttext\t1\tone\tcase\n"
			   "R-2\tboth\tSHOULD\treference\t2\ttwo\tcase\n"
			   "R-3\tserver\tMAY\ttext\t1\tthree\tcase\n"
			   "R-4\tclient\tMUST\ttext\t1\tfour\tclient";

static const struct pack pack = {
	.name = "x",
	.suites = suites,
	.requirements = rows,
};

/* The ids of a plan in one text; EXECUTION: as they run. */
static void
ids_of(const struct plan *plan, bool execution, char *out, size_t size)
{
	size_t i, n = 0;

	out[0] = '\0';
	for (i = 0; i < plan->n; i++)
		n += (size_t)snprintf(out + n, size - n, "%s ",
		    strrchr(plan->items[execution ? plan->order[i] : i].tc->id,
			'/') +
			1);
}

static int
make(struct plan *plan, const struct selection *sel, struct complaint *c)
{
	struct reg reg;
	int rc;

	assert_int_equal(register_read(&reg, rows, c), 0);
	assert_int_equal(register_check(&reg, &pack, c), 0);
	rc = plan_make(plan, &pack, &reg, sel, c);
	/* Only items' requirements borrow from it, and none is looked at. */
	register_free(&reg);
	return rc;
}

static void
orders(void **state)
{
	const struct selection all = { .level = NULL };
	struct complaint c;
	struct plan plan;
	char ids[256];

	(void)state;
	assert_int_equal(make(&plan, &all, &c), 0);
	ids_of(&plan, false, ids, sizeof(ids));
	assert_string_equal(ids, "one serial long dangerous short two ");
	ids_of(&plan, true, ids, sizeof(ids));
	assert_string_equal(ids, "long one two short serial dangerous ");
	plan_repeat(&plan, 2);
	assert_int_equal(plan.n, 12);
	assert_int_equal(plan.items[6].iteration, 1);
	plan_free(&plan);
}

static void
assert_selects(const struct selection *sel, const char *expected)
{
	struct complaint c;
	struct plan plan;
	char ids[256];

	assert_int_equal(make(&plan, sel, &c), 0);
	ids_of(&plan, false, ids, sizeof(ids));
	assert_string_equal(ids, expected);
	plan_free(&plan);
}

static void
selections(void **state)
{
	struct selection sel;

	(void)state;
	memset(&sel, 0, sizeof(sel));
	words_add(&sel.run, "x/b/*");
	words_add(&sel.run, "**/one");
	assert_selects(&sel, "one short two ");
	select_free(&sel);
	words_add(&sel.reqs, "R-2");
	assert_selects(&sel, "serial long ");
	select_free(&sel);
	sel.level = "must";
	assert_selects(&sel, "one dangerous two ");
	sel.level = "should";
	assert_selects(&sel, "one serial long dangerous two ");
}

static void
skips_stay(void **state)
{
	struct complaint c;
	struct selection sel;
	struct plan plan;

	(void)state;
	memset(&sel, 0, sizeof(sel));
	words_add(&sel.skip, "x/a/**");
	assert_int_equal(make(&plan, &sel, &c), 0);
	assert_int_equal(plan.n, 6);
	assert_true(plan.items[0].skipped);
	assert_false(plan.items[4].skipped);
	plan_free(&plan);
	select_free(&sel);
}

static void
unmatched(void **state)
{
	static const char *const patterns[] = { "y/**", "x/a", "x/a/on" };
	struct complaint c;
	struct selection sel;
	struct plan plan;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		memset(&sel, 0, sizeof(sel));
		words_add(i == 2 ? &sel.skip : &sel.run, patterns[i]);
		assert_int_equal(make(&plan, &sel, &c), EXIT_USAGE);
		assert_non_null(strstr(c.text, patterns[i]));
		select_free(&sel);
	}
	words_add(&sel.reqs, "R-9");
	assert_int_equal(make(&plan, &sel, &c), EXIT_USAGE);
	select_free(&sel);
	words_add(&sel.reqs, "R-4");
	assert_int_equal(make(&plan, &sel, &c), EXIT_USAGE);
	select_free(&sel);
}

static void
bad_registers(void **state)
{
	static const char *const bad[] = {
		"R-1\tserver\tMUST\ttext\t1\tone\n",
		"R-1\tserver\tMUST\ttext\t1\tone\tcase\tmore\n",
		"R-1\tnobody\tMUST\ttext\t1\tone\tcase\n",
		"R-1\tserver\tmust\ttext\t1\tone\tcase\n",
		"R-1\tserver\tMUST\tguess\t1\tone\tcase\n",
		"R-1\tboth\tMAY\ttext\t1\ta\tb\nR-1\tboth\tMAY\ttext\t1\ta\tb",
	};
	struct complaint c;
	struct reg reg;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(register_read(&reg, bad[i], &c), EXIT_SUITE);
}

static void
bad_citations(void **state)
{
	static const struct tcase unknown[] = { { "x/q", "R-7", nothing } };
	static const struct tcase none[] = { { "x/q", "", nothing } };
	static const struct tcase twice[] = { { "x/q", "R-1", nothing },
		{ "x/q", "R-1", nothing } };
	const struct suite bad[] = { SUITE("1", unknown), SUITE("2", none),
		SUITE("3", twice) };
	struct complaint c;
	struct reg reg;
	size_t i;

	(void)state;
	assert_int_equal(register_read(&reg, rows, &c), 0);
	for (i = 0; i < 3; i++) {
		const struct suite *const list[] = { &bad[i], NULL };
		const struct pack p = { .suites = list };

		assert_int_equal(register_check(&reg, &p, &c), EXIT_SUITE);
	}
	register_free(&reg);
}

/* Shards are apart, and together everything. */
static void
shards(void **state)
{
	const struct selection all = { .level = NULL };
	struct complaint c;
	struct plan plan;
	char ids[256];

	(void)state;
	assert_int_equal(make(&plan, &all, &c), 0);
	plan_shard(&plan, 1, 4);
	ids_of(&plan, false, ids, sizeof(ids));
	assert_string_equal(ids, "one short ");
	plan_free(&plan);
	assert_int_equal(make(&plan, &all, &c), 0);
	plan_shard(&plan, 2, 4);
	ids_of(&plan, false, ids, sizeof(ids));
	assert_string_equal(ids, "serial two ");
	plan_free(&plan);
	assert_int_equal(make(&plan, &all, &c), 0);
	plan_shard(&plan, 7, 7);
	assert_int_equal(plan.n, 0);
	plan_free(&plan);
}

/* Another order, the same for the same seed, within phases and rounds. */
static void
shuffled(void **state)
{
	const struct selection all = { .level = NULL };
	struct complaint c;
	struct plan plan;
	char ids[512], first[512];
	uint64_t seed;
	bool moved = false;

	(void)state;
	assert_int_equal(make(&plan, &all, &c), 0);
	plan_repeat(&plan, 2);
	ids_of(&plan, true, first, sizeof(first));
	assert_string_equal(first,
	    "long one two short long one two short serial serial dangerous "
	    "dangerous ");
	for (seed = 1; seed < 20; seed++) {
		plan_shuffle(&plan, seed);
		ids_of(&plan, true, ids, sizeof(ids));
		assert_non_null(
		    strstr(ids, " serial serial dangerous dangerous "));
		moved = moved || strcmp(ids, first) != 0;
	}
	assert_true(moved);
	snprintf(first, sizeof(first), "%s", ids);
	plan_shuffle(&plan, 19);
	ids_of(&plan, true, ids, sizeof(ids));
	assert_string_equal(ids, first);
	plan_free(&plan);
}

static void
tags(void **state)
{
	static const struct {
		const char *tags, *ids;
	} wanted[] = {
		{ "a", "one serial long dangerous " },
		{ "serial,b", "serial short two " },
		{ "!a", "short two " },
		{ "reference", "serial long " },
		{ "v2", "serial long " },
		{ "may", "short " },
		{ "slow", "long " },
		{ "must,!dangerous", "one two " },
	};
	struct selection sel = { .level = NULL };
	struct complaint c;
	struct plan plan;
	char ids[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		words_add_list(&sel.tags, wanted[i].tags);
		assert_int_equal(make(&plan, &sel, &c), 0);
		ids_of(&plan, false, ids, sizeof(ids));
		if (strcmp(ids, wanted[i].ids) != 0)
			fail_msg("%s: '%s'", wanted[i].tags, ids);
		plan_free(&plan);
		words_free(&sel.tags);
	}
	words_add(&sel.tags, "!nosuch");
	assert_int_equal(make(&plan, &sel, &c), EXIT_USAGE);
	assert_non_null(strstr(c.text, "'nosuch'"));
	plan_free(&plan);
	words_free(&sel.tags);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders),
		cmocka_unit_test(selections),
		cmocka_unit_test(skips_stay),
		cmocka_unit_test(unmatched),
		cmocka_unit_test(bad_registers),
		cmocka_unit_test(bad_citations),
		cmocka_unit_test(shards),
		cmocka_unit_test(shuffled),
		cmocka_unit_test(tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
