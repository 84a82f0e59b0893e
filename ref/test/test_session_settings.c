/* Sessions: settings, versions, the scheme that a server hands out. */
#include "ref/test/pair.h"

static struct end server;

static void
start(const struct atls_policy *policy)
{
	end_new(&server, ATLS_SERVER, policy);
}

/* What a server of POLICY answers to settings TEXT and a dialled stream. */
static void
answers(const struct atls_policy *policy, const char *text, const char *want)
{
	start(policy);
	give(&server, ATLS_CMD_SETTINGS, 0, text);
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_int_equal(server.err, 0);
	assert_int_equal(atls_session_dialled(server.s, 1), 0);
	expect_frames(&server, want);
	end_free(&server);
}

#define ANSWER2 "<ServerSettings 0 v=2><SYNACK 1>"

/* AT-ST-10, AT-ST-11. */
static void
version_of_the_client(void **state)
{
	static const char *const high[] = { "2", "3", "+2", "255", "256", "257",
		"999", "4294967297" };
	static const char *const low[] = { "1", "0", "-1", "2x", " 2", "",
		"99999999999999999999" };
	char text[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(high) / sizeof(high[0]); i++) {
		snprintf(text, sizeof(text), MD5_LINE "\nv=%s", high[i]);
		answers(&atls_policy_default, text, ANSWER2);
	}
	for (i = 0; i < sizeof(low) / sizeof(low[0]); i++) {
		snprintf(text, sizeof(text), MD5_LINE "\nv=%s", low[i]);
		answers(&atls_policy_default, text, "");
	}
	answers(&atls_policy_default, MD5_LINE, "");
}

/* The Go family keeps one byte: 256 is answered, but is not version 2. */
static void
version_mask(void **state)
{
	struct atls_policy go = atls_policy_default;

	(void)state;
	go.version_mask = 255;
	answers(&go, "v=256\n" MD5_LINE, "<ServerSettings 0 v=2>");
	answers(&go, "v=257\n" MD5_LINE, "<ServerSettings 0 v=2>");
	answers(&go, "v=258\n" MD5_LINE, ANSWER2);
}

static void
server_settings_when(void **state)
{
	struct atls_policy p = atls_policy_default;

	(void)state;
	p.server_settings = ATLS_ALWAYS;
	answers(&p, "v=1\n" MD5_LINE, "<ServerSettings 0 v=2>");
	p.server_settings = ATLS_NEVER;
	answers(&p, "v=2\n" MD5_LINE, "<SYNACK 1>");
	p.server_settings = ATLS_WHEN_V2;
	p.echo_version = 1;
	answers(&p, "v=7\n" MD5_LINE, "<ServerSettings 0 v=7><SYNACK 1>");
	p.synack_v1 = 1;
	answers(&p, "v=1\n" MD5_LINE, "<SYNACK 1>");
}

/* AT-PD-02, AT-PD-03, AT-ST-15. */
static void
scheme_update(void **state)
{
	struct atls_policy p = atls_policy_default;

	(void)state;
	answers(&p, "v=1\npadding-md5=x", "<UpdatePaddingScheme 0 [137]>");
	answers(&p, "v=1", "<UpdatePaddingScheme 0 [137]>");
	answers(&p, "v=2", "<UpdatePaddingScheme 0 [137]>" ANSWER2);
	p.update_last = 1;
	answers(&p, "v=2\npadding-md5=",
	    "<ServerSettings 0 v=2><UpdatePaddingScheme 0 [137]>"
	    "<SYNACK 1>");
	p = atls_policy_default;
	p.update_missing = 0;
	answers(&p, "v=1", "");
	answers(&p, "v=1\npadding-md5=x", "<UpdatePaddingScheme 0 [137]>");
	p.update_differs = 0;
	p.update_equal = 1;
	answers(&p, "v=1\npadding-md5=x", "");
	answers(&p, "v=1\n" MD5_LINE, "<UpdatePaddingScheme 0 [137]>");
}

static void
min_version(void **state)
{
	struct atls_policy p = atls_policy_default;

	(void)state;
	p.min_version = 2;
	start(&p);
	give(&server, ATLS_CMD_SETTINGS, 0, "v=-5");
	assert_int_equal(server.err, ATLS_E_REFUSED);
	expect_frames(&server, "<Alert 0 unsupported protocol version: -5>");
	end_free(&server);
	start(&p);
	give(&server, ATLS_CMD_SETTINGS, 0, "v=two");
	assert_int_equal(server.err, ATLS_E_REFUSED);
	expect_frames(&server,
	    "<Alert 0 client settings missing a valid protocol version>");
	end_free(&server);
	answers(&p, "v=2\n" MD5_LINE, ANSWER2);
}

/* AT-ST-14: answered again, open streams keep their mode. */
static void
settings_twice(void **state)
{
	struct atls_policy p = atls_policy_default;

	(void)state;
	end_new_served(&server, &p, "2");
	give(&server, ATLS_CMD_SYN, 1, "");
	give(&server, ATLS_CMD_SETTINGS, 0, "v=1\n" MD5_LINE);
	give(&server, ATLS_CMD_SYN, 2, "");
	give(&server, ATLS_CMD_SETTINGS, 0, "v=2");
	expect_events(&server, "<OPEN 1><SETTINGS 1><OPEN 2><SETTINGS 2>");
	atls_session_dialled(server.s, 1);
	atls_session_dialled(server.s, 2);
	expect_frames(&server,
	    "<UpdatePaddingScheme 0 [137]><ServerSettings 0 v=2><SYNACK 1>");
	end_free(&server);

	p.settings_again = ATLS_ODD_IGNORE;
	end_new_served(&server, &p, "2");
	give(&server, ATLS_CMD_SETTINGS, 0, "v=1");
	expect_events(&server, "");
	assert_int_equal(atls_session_version(server.s), 2);
	end_free(&server);

	p.settings_again = ATLS_ODD_ALERT;
	end_new_served(&server, &p, "2");
	give(&server, ATLS_CMD_SETTINGS, 0, "v=2");
	assert_int_equal(server.err, ATLS_E_REFUSED);
	expect_frames(&server, "<Alert 0 duplicate client settings>");
	end_free(&server);
}

/* AT-ST-06 and what faulty servers do instead. */
static void
syn_before_settings(void **state)
{
	struct atls_policy p = atls_policy_default;

	(void)state;
	p.syn_first = ATLS_ODD_CLOSE;
	start(&p);
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_int_equal(server.err, ATLS_E_PROTOCOL);
	expect_frames(&server, "");
	end_free(&server);

	p.syn_first = ATLS_ODD_IGNORE;
	start(&p);
	give(&server, ATLS_CMD_SYN, 1, "");
	expect_events(&server, "");
	end_free(&server);

	p.syn_first = ATLS_ODD_ACCEPT;
	start(&p);
	give(&server, ATLS_CMD_SYN, 1, "");
	expect_events(&server, "<OPEN 1>");
	end_free(&server);

	p.syn_first = ATLS_ODD_ALERT;
	p.alert_keeps_open = 1;
	start(&p);
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_int_equal(server.err, 0);
	expect_frames(&server, "<Alert 0 client did not send its settings>");
	give(&server, ATLS_CMD_SETTINGS, 0, "v=1");
	give(&server, ATLS_CMD_SYN, 1, "");
	expect_events(&server, "<SETTINGS 1><OPEN 1>");
	end_free(&server);
}

/* AT-FR-10: empty settings are no settings. */
static void
empty_settings(void **state)
{
	struct atls_policy p = atls_policy_default;

	(void)state;
	start(&p);
	give(&server, ATLS_CMD_SETTINGS, 0, "");
	expect_frames(&server, "");
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_int_equal(server.err, ATLS_E_REFUSED);
	end_free(&server);
	p.empty_settings = ATLS_ODD_ACCEPT;
	answers(&p, "", "<UpdatePaddingScheme 0 [137]>");
}

/* AT-ST-16: any 65535 bytes are settings, however cut. */
static void
huge_settings(void **state)
{
	static uint8_t buf[ATLS_FRAME_HEADER + 65535];
	struct atls_frame f = { ATLS_CMD_SETTINGS, 0, 65535 };
	size_t i, at;

	(void)state;
	for (i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)(i * 7);
	atls_frame_put(buf, f);
	memcpy(buf + sizeof(buf) - 5, "\nv=2\n", 5);
	for (at = 1; at <= sizeof(buf); at = at * 3 + 1) {
		start(&atls_policy_default);
		for (i = 0; i < sizeof(buf); i += at)
			end_recv(&server,
			    atls_bytes(buf + i,
				sizeof(buf) - i < at ? sizeof(buf) - i : at));
		expect_events(&server, "<SETTINGS 2>");
		end_free(&server);
	}
}

/* AT-ST-13: what the server says later is in force from then on. */
static void
client_versions(void **state)
{
	struct end *c = &server;

	(void)state;
	end_new_plain(c, &atls_policy_default);
	assert_int_equal(atls_session_version(c->s), 0);
	give(c, ATLS_CMD_SERVER_SETTINGS, 0, "v=2");
	assert_int_equal(atls_session_version(c->s), 2);
	give(c, ATLS_CMD_SERVER_SETTINGS, 0, "v=2x");
	give(c, ATLS_CMD_SERVER_SETTINGS, 0, "");
	give(c, ATLS_CMD_SERVER_SETTINGS, 0, "w=1");
	assert_int_equal(atls_session_version(c->s), 2);
	give(c, ATLS_CMD_SERVER_SETTINGS, 0, "v=1");
	assert_int_equal(atls_session_version(c->s), 1);
	give(c, ATLS_CMD_SERVER_SETTINGS, 0, "v=3");
	assert_int_equal(atls_session_version(c->s), 2);
	expect_events(c, "<SETTINGS 2><SETTINGS 1><SETTINGS 2>");
	end_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_of_the_client),
		cmocka_unit_test(version_mask),
		cmocka_unit_test(server_settings_when),
		cmocka_unit_test(scheme_update),
		cmocka_unit_test(min_version),
		cmocka_unit_test(settings_twice),
		cmocka_unit_test(syn_before_settings),
		cmocka_unit_test(empty_settings),
		cmocka_unit_test(huge_settings),
		cmocka_unit_test(client_versions),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
