/* Unit tests of the policies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ref/session/policy.h"

static void
default_is_the_document(void **state)
{
	const struct atls_policy *p = &atls_policy_default;

	(void)state;
	assert_int_equal(p->version, 2);
	assert_int_equal(p->version_mask, 0);
	assert_int_equal(p->syn_first, ATLS_ODD_ALERT);
	assert_int_equal(p->server_settings, ATLS_WHEN_V2);
	assert_int_equal(p->synack, ATLS_SYNACK_AFTER_DIAL);
	assert_int_equal(p->heart_reply, ATLS_HEART_ECHO_ID);
	assert_true(p->heart_early);
	assert_true(p->update_differs && p->update_missing);
	assert_false(p->update_equal || p->update_last);
	assert_true(p->synack_error && p->fin_on_failure && p->fin_on_eof);
	assert_false(p->fin_reply || p->half_close || p->close_with_stream);
	assert_true(p->wait_synack && p->apply_scheme && p->reuse);
	assert_int_equal(p->first_packet, 1);
	assert_int_equal(p->auth_records, 1);
	assert_int_equal(p->auth_max_padding, 65535);
	assert_int_equal(p->waste_max, 65535);
}

/* The honest policies contain none of the deliberate faults. */
static void
no_faults(void **state)
{
	const struct atls_policy *const all[] = { &atls_policy_default,
		&atls_policy_v1, &atls_policy_v3 };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_int_equal(all[i]->data_on_empty, ATLS_ODD_IGNORE);
		assert_int_equal(all[i]->unknown_empty, ATLS_ODD_IGNORE);
		assert_int_equal(all[i]->unknown_data, ATLS_ODD_IGNORE);
		assert_int_equal(all[i]->wrong_direction, ATLS_ODD_IGNORE);
		assert_int_equal(all[i]->heart_data, 0);
		assert_int_equal(all[i]->pad_down, 0);
		assert_false(all[i]->data_after_fin || all[i]->auth_any);
		assert_false(all[i]->alert_keeps_open);
		assert_false(all[i]->synack_v1 || all[i]->synack_ok_text);
		assert_false(all[i]->bad_addr_leaks);
		assert_true(all[i]->alert_closes && all[i]->waste_any_id);
		assert_in_range(all[i]->psh_limit, 16384, 65535);
	}
}

static void
v1_knows_no_v2(void **state)
{
	const struct atls_policy *p = &atls_policy_v1;

	(void)state;
	assert_int_equal(p->version, 1);
	assert_int_equal(p->server_settings, ATLS_NEVER);
	assert_int_equal(p->synack, ATLS_SYNACK_NEVER);
	assert_int_equal(p->heart_reply, ATLS_HEART_NEVER);
	assert_false(p->synack_error || p->wait_synack);
	assert_true(p->reuse);
}

static void
v3_is_a_dialect(void **state)
{
	const struct atls_policy *p = &atls_policy_v3;

	(void)state;
	assert_int_equal(p->version, 3);
	assert_int_equal(p->min_version, 2);
	assert_true(p->echo_version && p->single_stream);
	assert_false(p->reuse);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_is_the_document),
		cmocka_unit_test(no_faults),
		cmocka_unit_test(v1_knows_no_v2),
		cmocka_unit_test(v3_is_a_dialect),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
