/* The policies of the honest peers; faults are made by changing copies. */
#include "ref/session/policy.h"

/* What the three share. 65529 data bytes and a header fill four TLS records. */
#define COMMON                                                                 \
	.unknown_empty = ATLS_ODD_IGNORE, .unknown_data = ATLS_ODD_IGNORE,     \
	.data_on_empty = ATLS_ODD_IGNORE, .wrong_direction = ATLS_ODD_IGNORE,  \
	.psh_limit = 65529, .waste_any_id = 1, .waste_max = 65535,             \
	.syn_first = ATLS_ODD_ALERT, .empty_settings = ATLS_ODD_IGNORE,        \
	.update_differs = 1, .update_missing = 1, .fin_on_failure = 1,         \
	.fin_on_eof = 1, .dup_syn = ATLS_DUP_SYN_IGNORE,                       \
	.auth_max_padding = 65535, .alert_closes = 1, .apply_scheme = 1,       \
	.first_packet = 1, .auth_records = 1

const struct atls_policy atls_policy_default = {
	COMMON,
	.version = 2,
	.heart_reply = ATLS_HEART_ECHO_ID,
	.heart_early = 1,
	.settings_again = ATLS_ODD_ACCEPT,
	.server_settings = ATLS_WHEN_V2,
	.synack = ATLS_SYNACK_AFTER_DIAL,
	.synack_error = 1,
	.wait_synack = 1,
	.reuse = ATLS_REUSE_NEWEST,
};

const struct atls_policy atls_policy_v1 = {
	COMMON,
	.version = 1,
	.heart_reply = ATLS_HEART_NEVER,
	.settings_again = ATLS_ODD_ACCEPT,
	.server_settings = ATLS_NEVER,
	.synack = ATLS_SYNACK_NEVER,
	.reuse = ATLS_REUSE_NEWEST,
};

const struct atls_policy atls_policy_v3 = {
	COMMON,
	.version = 3,
	.heart_reply = ATLS_HEART_ECHO_ID,
	.heart_early = 1,
	.settings_again = ATLS_ODD_ALERT,
	.min_version = 2,
	.server_settings = ATLS_WHEN_V2,
	.echo_version = 1,
	.synack = ATLS_SYNACK_AFTER_DIAL,
	.synack_error = 1,
	.refuse_id_zero = 1,
	.single_stream = 1,
	.wait_synack = 1,
};
