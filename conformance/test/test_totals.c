/* Verdict classes and exit codes. */
#include "conformance/test/cm.h"

#include <string.h>

#include "conformance/engine/features.h"
#include "conformance/engine/totals.h"

static const struct requirement must = { .level = "MUST", .basis = "text" };
static const struct requirement should = { .level = "SHOULD", .basis = "text" };
static const struct requirement may = { .level = "MAY", .basis = "text" };
static const struct requirement ref = { .level = "MUST", .basis = "reference" };
static const struct requirement safety = { .level = "SHOULD",
	.basis = "safety" };
static const struct requirement ref_may = { .level = "MAY",
	.basis = "reference" };

static void
classes(void **state)
{
	(void)state;
	assert_int_equal(totals_classify(&must, false), ST_FAIL);
	assert_int_equal(totals_classify(&should, false), ST_WARN);
	assert_int_equal(totals_classify(&ref, false), ST_WARN);
	assert_int_equal(totals_classify(&safety, false), ST_WARN);
	assert_int_equal(totals_classify(&may, false), ST_INFO);
	assert_int_equal(totals_classify(&ref_may, false), ST_INFO);
	assert_int_equal(totals_classify(NULL, false), ST_FAIL);
	assert_int_equal(totals_classify(&may, true), ST_FAIL);
}

static void
add(struct totals *tot, enum status status, const char *class,
    const struct requirement *req)
{
	struct result r;

	memset(&r, 0, sizeof(r));
	r.status = status;
	strcpy(r.class, class);
	totals_add(tot, &r, req);
}

static void
counts(void **state)
{
	struct totals tot;

	(void)state;
	memset(&tot, 0, sizeof(tot));
	add(&tot, ST_PASS, "", &must);
	add(&tot, ST_FAIL, "", &must);
	add(&tot, ST_WARN, "", &should);
	add(&tot, ST_WARN, "", &ref);
	add(&tot, ST_WARN, "", &safety);
	add(&tot, ST_INFO, "", &may);
	add(&tot, ST_SKIP, "filter", &must);
	add(&tot, ST_SKIP, "origin", &must);
	add(&tot, ST_SKIP, "feature", &must);
	add(&tot, ST_BLOCKED, "", &must);
	assert_int_equal(totals_run(&tot), 6);
	assert_int_equal(tot.text_must, 1);
	assert_int_equal(tot.text_should, 1);
	assert_int_equal(tot.reference, 1);
	assert_int_equal(tot.safety, 1);
	assert_int_equal(tot.skip_filter, 1);
	assert_int_equal(tot.skip_origin, 1);
	assert_int_equal(tot.skip_feature, 1);
}

static int
exit_of(enum status a, enum status b, bool strict)
{
	struct totals tot;

	memset(&tot, 0, sizeof(tot));
	tot.strict = strict;
	add(&tot, a, "", &must);
	add(&tot, b, "", &must);
	return totals_exit(&tot);
}

static void
exit_codes(void **state)
{
	struct totals tot;

	(void)state;
	assert_int_equal(exit_of(ST_PASS, ST_SKIP, false), 0);
	assert_int_equal(exit_of(ST_PASS, ST_INFO, true), 0);
	assert_int_equal(exit_of(ST_PASS, ST_WARN, false), 0);
	assert_int_equal(exit_of(ST_PASS, ST_WARN, true), 1);
	assert_int_equal(exit_of(ST_PASS, ST_FAIL, false), 1);
	assert_int_equal(exit_of(ST_PASS, ST_CRASH, false), 1);
	assert_int_equal(exit_of(ST_ERROR, ST_FAIL, false), 1);
	assert_int_equal(exit_of(ST_PASS, ST_ERROR, false), 3);
	assert_int_equal(exit_of(ST_SKIP, ST_BLOCKED, false), 5);
	assert_int_equal(exit_of(ST_PASS, ST_UNDETERMINED, false), 0);
	assert_int_equal(exit_of(ST_PASS, ST_UNDETERMINED, true), 1);
	assert_int_equal(exit_of(ST_SKIP, ST_UNDETERMINED, false), 5);
	memset(&tot, 0, sizeof(tot));
	assert_int_equal(totals_exit(&tot), 5);
	tot.count[ST_FAIL] = 1;
	tot.interrupted = true;
	assert_int_equal(totals_exit(&tot), 2);
	tot.unusable = true;
	assert_int_equal(totals_exit(&tot), 6);
}

static void
features(void **state)
{
	struct features f = { NULL, 0 };
	char missing[32];

	(void)state;
	features_declare(&f, "udp=no");
	features_declare(&f, "tcp");
	assert_true(features_found(&f, "udp", NULL));
	assert_false(features_found(&f, "tcp", NULL));
	assert_false(features_found(&f, "version", "2"));
	assert_null(features_get(&f, "udp"));
	assert_string_equal(features_get(&f, "tcp"), "");
	assert_string_equal(features_get(&f, "version"), "2");
	assert_true(features_meet(&f, NULL, missing, sizeof(missing)));
	assert_true(features_meet(
	    &f, "tcp, version=2,!udp,!nothing", missing, sizeof(missing)));
	assert_false(features_meet(&f, "tcp,udp", missing, sizeof(missing)));
	assert_string_equal(missing, "udp");
	assert_false(features_meet(&f, "version=22", missing, sizeof(missing)));
	assert_false(features_meet(&f, "!tcp", missing, sizeof(missing)));
	features_free(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes),
		cmocka_unit_test(counts),
		cmocka_unit_test(exit_codes),
		cmocka_unit_test(features),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
