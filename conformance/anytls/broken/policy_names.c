/* The fields of policies and of the server's limits, by name. */
#include "conformance/anytls/broken/policy_names.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names of an enumeration's values; the list ends with NULL. */
static const char *const when_names[] = { "never", "when_v2", "always", NULL };
static const char *const synack_names[] = { "never", "on_syn", "on_address",
	"after_dial", NULL };
static const char *const odd_names[] = { "ignore", "parse", "close", "alert",
	"accept", NULL };
static const char *const heart_names[] = { "never", "echo_id", "zero_id",
	NULL };
static const char *const dup_syn_names[] = { "ignore", "replace", "refuse",
	"close", NULL };
static const char *const reuse_names[] = { "never", "newest", "oldest", NULL };

_Static_assert(ATLS_ALWAYS == 2, "when_names is in the order of the enum");
_Static_assert(ATLS_SYNACK_AFTER_DIAL == 3, "and synack_names");
_Static_assert(ATLS_ODD_ACCEPT == 4, "and odd_names");
_Static_assert(ATLS_HEART_ZERO_ID == 2, "and heart_names");
_Static_assert(ATLS_DUP_SYN_CLOSE == 3, "and dup_syn_names");
_Static_assert(ATLS_REUSE_OLDEST == 2, "and reuse_names");

struct field {
	const char *name;
	size_t offset;
	const char *const *values; /* NULL: a number */
};

#define AT(field) #field, offsetof(struct atls_policy, field)

static const struct field policy_fields[] = {
	{ AT(version), NULL },
	{ AT(version_mask), NULL },
	{ AT(data_on_empty), odd_names },
	{ AT(unknown_empty), odd_names },
	{ AT(unknown_data), odd_names },
	{ AT(wrong_direction), odd_names },
	{ AT(heart_reply), heart_names },
	{ AT(heart_early), NULL },
	{ AT(heart_data), NULL },
	{ AT(fin_reply), NULL },
	{ AT(half_close), NULL },
	{ AT(empty_psh_is_eof), NULL },
	{ AT(psh_limit), NULL },
	{ AT(waste_any_id), NULL },
	{ AT(waste_max), NULL },
	{ AT(alert_closes), NULL },
	{ AT(syn_first), odd_names },
	{ AT(alert_keeps_open), NULL },
	{ AT(empty_settings), odd_names },
	{ AT(settings_again), odd_names },
	{ AT(min_version), NULL },
	{ AT(server_settings), when_names },
	{ AT(echo_version), NULL },
	{ AT(update_differs), NULL },
	{ AT(update_missing), NULL },
	{ AT(update_equal), NULL },
	{ AT(update_last), NULL },
	{ AT(synack), synack_names },
	{ AT(synack_v1), NULL },
	{ AT(synack_first_only), NULL },
	{ AT(synack_error), NULL },
	{ AT(synack_ok_text), NULL },
	{ AT(fin_on_failure), NULL },
	{ AT(fin_on_eof), NULL },
	{ AT(close_with_stream), NULL },
	{ AT(dup_syn), dup_syn_names },
	{ AT(refuse_id_zero), NULL },
	{ AT(single_stream), NULL },
	{ AT(bad_addr_leaks), NULL },
	{ AT(auth_one_record), NULL },
	{ AT(auth_max_padding), NULL },
	{ AT(auth_any), NULL },
	{ AT(data_after_fin), NULL },
	{ AT(pad_down), NULL },
	{ AT(wait_synack), NULL },
	{ AT(watch_first), NULL },
	{ AT(apply_scheme), NULL },
	{ AT(first_packet), NULL },
	{ AT(fin_leaks), NULL },
	{ AT(reuse), reuse_names },
	{ AT(auth_records), NULL },
};

#undef AT
#define AT(field) #field, offsetof(struct service_config, field)

static const struct field service_fields[] = {
	{ AT(auth_ms), NULL },
	{ AT(idle_ms), NULL },
	{ AT(dial_ms), NULL },
	{ AT(heartbeat_ms), NULL },
	{ AT(heartbeat_timeout_ms), NULL },
	{ AT(write_ms), NULL },
	{ AT(max_streams), NULL },
	{ AT(max_sessions), NULL },
	{ AT(stream_bytes), NULL },
};

#undef AT
#define AT(field) #field, offsetof(struct front_config, field)

static const struct field front_fields[] = {
	{ AT(idle_ms), NULL },
	{ AT(check_ms), NULL },
	{ AT(heartbeat_ms), NULL },
	{ AT(synack_ms), NULL },
	{ AT(connect_ms), NULL },
	{ AT(linger_ms), NULL },
	{ AT(grace_ms), NULL },
};

/* These are no numbers of 32 bits. */
static const struct field front_flags[] = {
	{ AT(quick_reply), NULL },
	{ AT(udp_connect), NULL },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct field *
find(const struct field *table, size_t n, struct atls_bytes name)
{
	for (size_t i = 0; i < n; i++) {
		if (atls_bytes_equal(atls_bytes_str(table[i].name), name))
			return (&table[i]);
	}
	return (NULL);
}

/* Reads TEXT as a value of field F. */
static bool
read_value(const struct field *f, struct atls_bytes text, uint32_t *value)
{
	uint64_t n = 0;

	for (uint32_t i = 0; f->values != NULL && f->values[i] != NULL; i++) {
		if (atls_bytes_equal(atls_bytes_str(f->values[i]), text)) {
			*value = i;
			return (true);
		}
	}
	if (f->values != NULL || text.len == 0)
		return (false);
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9' || n > INT32_MAX / 10)
			return (false);
		n = 10 * n + (uint64_t)(text.p[i] - '0');
	}
	*value = (uint32_t)n;
	return (n <= INT32_MAX);
}

/* What else than a policy a peer has; one of the two. */
struct limits {
	struct service_config *server;
	struct front_config *client;
};

/* Sets a field of L. False: there is none of that name. */
static bool
set_limit(struct atls_bytes name, struct atls_bytes text, struct limits l)
{
	const struct field *f, *flag = NULL;
	uint32_t value;

	if (l.server != NULL) {
		f = find(service_fields, COUNT(service_fields), name);
	} else {
		f = find(front_fields, COUNT(front_fields), name);
		flag = find(front_flags, COUNT(front_flags), name);
	}
	if (flag != NULL && read_value(flag, text, &value)) {
		*((bool *)((char *)l.client + flag->offset)) = value != 0;
		return (true);
	}
	if (f == NULL || !read_value(f, text, &value))
		return (false);
	memcpy((l.server != NULL ? (char *)l.server : (char *)l.client) +
		f->offset,
	    &value, sizeof(value));
	return (true);
}

static int
apply_item(struct atls_bytes item, struct atls_policy *p, struct limits l)
{
	const uint8_t *sign =
	    item.len == 0 ? NULL : memchr(item.p, '=', item.len);
	struct atls_bytes name, text;
	const struct field *f;
	uint32_t value;
	int number;

	if (sign == NULL)
		return (-1);
	name = atls_bytes(item.p, (size_t)(sign - item.p));
	text = atls_bytes(sign + 1, item.len - name.len - 1);
	f = find(policy_fields, COUNT(policy_fields), name);
	if (f != NULL && read_value(f, text, &value)) {
		number = (int)value;
		memcpy((char *)p + f->offset, &number, sizeof(number));
		return (0);
	}
	return (set_limit(name, text, l) ? 0 : -1);
}

static int
apply_all(const char *text, struct atls_policy *p, struct limits l,
    char err[POLICY_NAMES_ERRLEN])
{
	const char *at = text;

	for (;;) {
		size_t len = strcspn(at, ",");

		if (apply_item(atls_bytes(at, len), p, l) != 0) {
			snprintf(err, POLICY_NAMES_ERRLEN,
			    "\"%.*s\" is no field with a value it takes",
			    (int)(len < 80 ? len : 80), at);
			return (-1);
		}
		if (at[len] == '\0')
			return (0);
		at += len + 1;
	}
}

int
policy_names_apply(const char *text, struct atls_policy *p,
    struct service_config *cfg, char err[POLICY_NAMES_ERRLEN])
{
	const struct limits l = { cfg, NULL };

	return (apply_all(text, p, l, err));
}

int
policy_names_apply_client(const char *text, struct atls_policy *p,
    struct front_config *cfg, char err[POLICY_NAMES_ERRLEN])
{
	const struct limits l = { NULL, cfg };

	return (apply_all(text, p, l, err));
}
