/* Sessions: frames that should not be, alerts, waste. */
#include "ref/test/pair.h"

static struct end server, client;

/* A frame hidden in the data of another: found only by broken peers. */
static void
give_hidden(struct end *e, unsigned cmd)
{
	uint8_t buf[64];
	struct atls_writer w = atls_writer(buf, sizeof(buf));
	struct atls_frame outer = { (uint8_t)cmd, 1, 7 };
	struct atls_frame inner = { ATLS_CMD_HEART_REQUEST, 66, 0 };
	uint8_t *at = atls_writer_take(&w, 14);
	size_t i;

	atls_frame_put(at, outer);
	atls_frame_put(at + 7, inner);
	/* Byte by byte and in one piece. */
	if (cmd % 2 == 0) {
		end_recv(e, atls_bytes(buf, w.len));
		return;
	}
	for (i = 0; i < w.len; i++)
		end_recv(e, atls_bytes(buf + i, 1));
}

static void
hidden(struct atls_policy *policy, unsigned cmd, const char *want)
{
	end_new_served(&server, policy, "2");
	give_hidden(&server, cmd);
	expect_frames(&server, want);
	end_free(&server);
}

/* AT-FR-04, AT-FR-06. */
static void
never_desynchronised(void **state)
{
	static const unsigned cmds[] = { ATLS_CMD_SYN, ATLS_CMD_FIN,
		ATLS_CMD_HEART_RESPONSE, 11, 12, 200, 255 };
	struct atls_policy p = atls_policy_default;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cmds) / sizeof(cmds[0]); i++)
		hidden(&p, cmds[i], "");
	hidden(&p, ATLS_CMD_HEART_REQUEST, "<HeartResponse 1>");
	p.data_on_empty = ATLS_ODD_PARSE;
	for (i = 0; i < 3; i++)
		hidden(&p, cmds[i], "<HeartResponse 66>");
	hidden(
	    &p, ATLS_CMD_HEART_REQUEST, "<HeartResponse 1><HeartResponse 66>");
	for (; i < sizeof(cmds) / sizeof(cmds[0]); i++)
		hidden(&p, cmds[i], "");
	p.unknown_data = ATLS_ODD_PARSE;
	for (i = 3; i < sizeof(cmds) / sizeof(cmds[0]); i++)
		hidden(&p, cmds[i], "<HeartResponse 66>");
}

static void
closing_policies(void **state)
{
	struct atls_policy p = atls_policy_default;

	(void)state;
	p.data_on_empty = ATLS_ODD_CLOSE;
	p.unknown_empty = ATLS_ODD_CLOSE;
	p.unknown_data = ATLS_ODD_ALERT;
	p.wrong_direction = ATLS_ODD_CLOSE;
	end_new_served(&server, &p, "2");
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_int_equal(server.err, 0);
	give(&server, ATLS_CMD_SYN, 2, "x");
	assert_int_equal(server.err, ATLS_E_PROTOCOL);
	expect_events(&server, "<OPEN 1>");
	end_free(&server);

	end_new_served(&server, &p, "2");
	give(&server, 77, 1, "");
	assert_int_equal(server.err, ATLS_E_PROTOCOL);
	end_free(&server);

	end_new_served(&server, &p, "2");
	give(&server, 77, 1, "x");
	assert_int_equal(server.err, ATLS_E_REFUSED);
	expect_frames(&server, "<Alert 0 frame not allowed>");
	end_free(&server);

	end_new_served(&server, &p, "2");
	give(&server, ATLS_CMD_SERVER_SETTINGS, 0, "v=2");
	assert_int_equal(server.err, ATLS_E_PROTOCOL);
	end_free(&server);

	end_new_plain(&client, &p);
	give(&client, ATLS_CMD_SYN, 1, "");
	assert_int_equal(client.err, ATLS_E_PROTOCOL);
	end_free(&client);
}

/* AT-FR-11: no state, no answer. */
static void
wrong_direction(void **state)
{
	(void)state;
	end_new_plain(&client, &atls_policy_default);
	(void)open_stream(&client);
	send_text(&client, 1, "a");
	end_flush(&client, NULL);
	client.frames[0] = '\0';
	give(&client, ATLS_CMD_SYN, 5, "");
	give(&client, ATLS_CMD_SYN, 6, "data");
	give(&client, ATLS_CMD_SETTINGS, 0, "v=2");
	assert_int_equal(client.err, 0);
	assert_int_equal(atls_session_nstreams(client.s), 1);
	expect_frames(&client, "");
	expect_events(&client, "");
	end_free(&client);

	end_new_served(&server, &atls_policy_default, "2");
	give(&server, ATLS_CMD_SYN, 1, "");
	give(&server, ATLS_CMD_SYNACK, 1, "closes in Go");
	give(&server, ATLS_CMD_SERVER_SETTINGS, 0, "v=1");
	give(&server, ATLS_CMD_UPDATE_PADDING_SCHEME, 0, "stop=1");
	give(&server, ATLS_CMD_PSH, 1, "alive");
	expect_events(&server, "<OPEN 1><DATA 1 alive>");
	expect_frames(&server, "");
	end_free(&server);
}

/* To a peer of version 1 the commands from 7 on are unknown. */
static void
v1_ignores_v2(void **state)
{
	(void)state;
	end_new_served(&server, &atls_policy_v1, "2");
	give(&server, ATLS_CMD_HEART_REQUEST, 1, "");
	give(&server, ATLS_CMD_HEART_RESPONSE, 1, "x");
	expect_frames(&server, "");
	expect_events(&server, "");
	end_free(&server);
}

/* AT-AL-01, AT-AL-02, AT-FR-10. */
static void
alerts(void **state)
{
	struct atls_policy p = atls_policy_default;

	(void)state;
	end_new_plain(&client, &p);
	give(&client, ATLS_CMD_ALERT, 0, "");
	assert_int_equal(client.err, 0);
	give(&client, ATLS_CMD_ALERT, 9, "why");
	expect_events(&client, "<ALERT 9 why>");
	assert_int_equal(client.err, ATLS_E_REFUSED);
	end_free(&client);

	p.alert_closes = 0;
	end_new_served(&server, &p, "2");
	give(&server, ATLS_CMD_ALERT, 0, "why");
	assert_int_equal(server.err, 0);
	give(&server, ATLS_CMD_SYN, 1, "");
	expect_events(&server, "<ALERT 0 why><OPEN 1>");
	end_free(&server);

	end_new_served(&server, &atls_policy_default, "2");
	assert_int_equal(atls_session_alert(server.s, "shutting down"), 0);
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_int_equal(server.err, ATLS_E_REFUSED);
	expect_frames(&server, "<Alert 0 shutting down>");
	end_free(&server);
}

/* AT-WA-01: any id, any length, anywhere. */
static void
waste(void **state)
{
	struct atls_policy p = atls_policy_default;
	static uint8_t buf[ATLS_FRAME_HEADER + 65535];
	struct atls_frame f = { ATLS_CMD_WASTE, 3, 65535 };

	(void)state;
	atls_frame_put(buf, f);
	end_new(&server, ATLS_SERVER, &p);
	give(&server, ATLS_CMD_WASTE, 0, "");
	end_recv(&server, atls_bytes(buf, 5));
	end_recv(&server, atls_bytes(buf + 5, 30000));
	end_recv(&server, atls_bytes(buf + 30005, sizeof(buf) - 30005));
	give(&server, ATLS_CMD_SETTINGS, 0, "v=1");
	expect_events(&server, "<SETTINGS 1>");
	end_free(&server);

	p.waste_any_id = 0;
	end_new(&server, ATLS_SERVER, &p);
	give(&server, ATLS_CMD_WASTE, 0, "x");
	assert_int_equal(server.err, 0);
	give(&server, ATLS_CMD_WASTE, 3, "x");
	assert_int_equal(server.err, ATLS_E_PROTOCOL);
	end_free(&server);

	p.waste_any_id = 1;
	p.waste_max = 3;
	end_new(&server, ATLS_SERVER, &p);
	give(&server, ATLS_CMD_WASTE, 0, "xxx");
	assert_int_equal(server.err, 0);
	give(&server, ATLS_CMD_WASTE, 0, "xxxx");
	assert_int_equal(server.err, ATLS_E_PROTOCOL);
	end_free(&server);
}

/* A server that pads: each write ends with so many bytes of waste. */
static void
pad_down(void **state)
{
	struct atls_policy p = atls_policy_default;

	(void)state;
	p.pad_down = 50;
	end_new_served(&server, &p, "1");
	give(&server, ATLS_CMD_SYN, 1, "");
	send_text(&server, 1, "abc");
	end_flush(&server, NULL);
	expect_text(server.writes, "60 ");
	expect_text(server.frames, "<PSH 1 abc><Waste 0 [43]>");
	send_text(&server, 1, "abc");
	end_flush(&server, NULL);
	expect_text(server.writes, "60 ");
	end_free(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_desynchronised),
		cmocka_unit_test(closing_policies),
		cmocka_unit_test(wrong_direction),
		cmocka_unit_test(v1_ignores_v2),
		cmocka_unit_test(alerts),
		cmocka_unit_test(waste),
		cmocka_unit_test(pad_down),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
