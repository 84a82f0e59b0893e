/* Sessions: the SYNACK watchdog, heartbeats, floods. */
#include "ref/test/pair.h"

static struct end client, server;

/* A client that has spoken on stream 1 and knows the server's version. */
static void
start(const struct atls_policy *policy, const char *v)
{
	end_new_plain(&client, policy);
	(void)open_stream(&client);
	send_text(&client, 1, "a");
	end_flush(&client, NULL);
	client.frames[0] = '\0';
	give(&client, ATLS_CMD_SERVER_SETTINGS, 0, v);
}

/* AT-SY-10: not for stream 1, 3 s for the others. */
static void
watchdog(void **state)
{
	(void)state;
	start(&atls_policy_default, "v=2");
	assert_true(atls_session_deadline(client.s) == UINT64_MAX);
	end_free(&client);
	/* Not even when the version is known before it opens. */
	end_new_plain(&client, &atls_policy_default);
	give(&client, ATLS_CMD_SERVER_SETTINGS, 0, "v=2");
	(void)open_stream(&client);
	assert_true(atls_session_deadline(client.s) == UINT64_MAX);
	client.now_ms = 5000;
	(void)open_stream(&client);
	assert_int_equal(atls_session_deadline(client.s), 8000);
	assert_int_equal(atls_session_timeout(client.s, 7999), 0);
	assert_int_equal(atls_session_timeout(client.s, 8000), ATLS_E_TIMEOUT);
	end_free(&client);
}

/* Any SYNACK stops it, success or not, known stream or not. */
static void
watchdog_stops(void **state)
{
	(void)state;
	start(&atls_policy_default, "v=2");
	(void)open_stream(&client);
	give(&client, ATLS_CMD_PSH, 1, "x");
	assert_int_equal(atls_session_deadline(client.s), 4000);
	give(&client, ATLS_CMD_SYNACK, 99, "");
	assert_true(atls_session_deadline(client.s) == UINT64_MAX);
	client.now_ms = 2000;
	(void)open_stream(&client);
	client.now_ms = 3000;
	(void)open_stream(&client);
	assert_int_equal(atls_session_deadline(client.s), 6000);
	give(&client, ATLS_CMD_SYNACK, 3, "no");
	assert_true(atls_session_deadline(client.s) == UINT64_MAX);
	(void)open_stream(&client);
	give(&client, ATLS_CMD_SERVER_SETTINGS, 0, "v=1");
	assert_true(atls_session_deadline(client.s) == UINT64_MAX);
	(void)open_stream(&client);
	assert_true(atls_session_deadline(client.s) == UINT64_MAX);
	end_free(&client);
}

static void
watchdog_policies(void **state)
{
	struct atls_policy p = atls_policy_default;

	(void)state;
	p.wait_synack = 0;
	start(&p, "v=2");
	(void)open_stream(&client);
	assert_true(atls_session_deadline(client.s) == UINT64_MAX);
	end_free(&client);

	p.wait_synack = 1;
	p.watch_first = 1;
	end_init(&client, ATLS_CLIENT, &p);
	client.cfg.synack_ms = 500;
	end_start(&client);
	(void)open_stream(&client);
	assert_int_equal(atls_session_deadline(client.s), 1500);
	end_free(&client);
}

static void
start_beating(const char *v)
{
	end_init(&server, ATLS_SERVER, &atls_policy_default);
	server.cfg.heartbeat_ms = 100;
	server.cfg.heartbeat_timeout_ms = 250;
	end_start(&server);
	give(&server, ATLS_CMD_SETTINGS, 0, v);
	end_flush(&server, NULL);
	server.frames[0] = '\0';
}

/* AT-HB-04: requests by the clock; silence after one ends the session. */
static void
heartbeats(void **state)
{
	(void)state;
	start_beating("v=2\n" MD5_LINE);
	assert_int_equal(atls_session_deadline(server.s), 1100);
	assert_int_equal(atls_session_timeout(server.s, 1099), 0);
	expect_frames(&server, "");
	assert_int_equal(atls_session_timeout(server.s, 1100), 0);
	expect_frames(&server, "<HeartRequest 0>");
	assert_int_equal(atls_session_deadline(server.s), 1200);
	give(&server, ATLS_CMD_HEART_RESPONSE, 0, "");
	server.events[0] = '\0';
	assert_int_equal(atls_session_timeout(server.s, 1200), 0);
	give(&server, ATLS_CMD_WASTE, 0, "");
	assert_int_equal(atls_session_timeout(server.s, 1300), 0);
	assert_int_equal(atls_session_timeout(server.s, 1400), 0);
	assert_int_equal(atls_session_timeout(server.s, 1500), 0);
	assert_int_equal(atls_session_deadline(server.s), 1550);
	expect_frames(&server,
	    "<HeartRequest 0><HeartRequest 0><HeartRequest 0>"
	    "<HeartRequest 0>");
	assert_int_equal(atls_session_timeout(server.s, 1550), ATLS_E_TIMEOUT);
	end_free(&server);
}

/* Who does not read cannot answer: no request more, and the time anew. */
static void
heartbeat_put_off(void **state)
{
	(void)state;
	start_beating("v=2\n" MD5_LINE);
	assert_int_equal(atls_session_timeout(server.s, 1100), 0);
	atls_session_put_off_heartbeat(server.s, 1200);
	assert_int_equal(atls_session_deadline(server.s), 1300);
	atls_session_put_off_heartbeat(server.s, 1300);
	assert_int_equal(atls_session_timeout(server.s, 1399), 0);
	expect_frames(&server, "<HeartRequest 0>");
	assert_int_equal(atls_session_timeout(server.s, 1400), 0);
	expect_frames(&server, "<HeartRequest 0>");
	assert_int_equal(atls_session_timeout(server.s, 1500), 0);
	assert_int_equal(atls_session_deadline(server.s), 1550);
	assert_int_equal(atls_session_timeout(server.s, 1550), ATLS_E_TIMEOUT);
	end_free(&server);
}

/* AT-ST-09: none for version 1, and none before packet 1. */
static void
no_heartbeats(void **state)
{
	(void)state;
	start_beating("v=1\n" MD5_LINE);
	assert_int_equal(atls_session_timeout(server.s, 1100), 0);
	assert_int_equal(atls_session_timeout(server.s, 9999), 0);
	expect_frames(&server, "");
	end_free(&server);
	end_init(&client, ATLS_CLIENT, &atls_policy_default);
	client.cfg.heartbeat_ms = 100;
	client.cfg.heartbeat_timeout_ms = 250;
	end_start(&client);
	give(&client, ATLS_CMD_SERVER_SETTINGS, 0, "v=2");
	assert_int_equal(atls_session_timeout(client.s, 1100), 0);
	assert_int_equal(atls_session_timeout(client.s, 9999), 0);
	expect_frames(&client, "");
	end_free(&client);
}

/* AT-HB-01, AT-HB-02, AT-HB-05. */
static void
answers(void **state)
{
	struct atls_policy p = atls_policy_default;

	(void)state;
	end_new(&server, ATLS_SERVER, &p);
	give(&server, ATLS_CMD_HEART_REQUEST, 5, "");
	give(&server, ATLS_CMD_HEART_REQUEST, 0, "data");
	give(&server, ATLS_CMD_HEART_RESPONSE, 7, "");
	expect_frames(&server, "<HeartResponse 5><HeartResponse 0>");
	expect_events(&server, "<HEART 7>");
	end_free(&server);

	p.heart_reply = ATLS_HEART_ZERO_ID;
	p.heart_data = 3;
	p.heart_early = 0;
	end_new(&server, ATLS_SERVER, &p);
	give(&server, ATLS_CMD_HEART_REQUEST, 5, "");
	give(&server, ATLS_CMD_SETTINGS, 0, "v=1\n" MD5_LINE);
	give(&server, ATLS_CMD_HEART_REQUEST, 5, "");
	expect_frames(&server, "<HeartResponse 0 [3]>");
	end_free(&server);

	p.heart_reply = ATLS_HEART_NEVER;
	end_new_served(&server, &p, "2");
	give(&server, ATLS_CMD_HEART_REQUEST, 5, "");
	expect_frames(&server, "");
	end_free(&server);
}

static void
give_often(struct end *e, unsigned cmd, const char *data, size_t n)
{
	for (; n != 0 && e->err == 0; n--)
		give(e, cmd, 3, data);
}

static void
drain(struct end *e, size_t want)
{
	struct atls_bytes out;
	size_t n = 0;

	while (atls_session_next_write(e->s, &out))
		n += out.len;
	assert_int_equal(n, want);
}

/* AT-HB-06: 10000 are answered; one who never reads is dropped. */
static void
heartbeat_flood(void **state)
{
	(void)state;
	end_new_served(&server, &atls_policy_default, "2");
	give_often(&server, ATLS_CMD_HEART_REQUEST, "", 10000);
	assert_int_equal(server.err, 0);
	drain(&server, 70000);
	give_often(&server, ATLS_CMD_HEART_REQUEST, "", 30000);
	drain(&server, 210000);
	give_often(&server, ATLS_CMD_HEART_REQUEST, "", 100000);
	assert_int_equal(server.err, ATLS_E_LIMIT);
	assert_in_range(
	    atls_session_queued(server.s), 1, ATLS_SESSION_REPLY_MAX);
	end_free(&server);
}

/* Small questions with large answers count by the answer. */
static void
settings_flood(void **state)
{
	(void)state;
	end_new_served(&server, &atls_policy_default, "2");
	give_often(&server, ATLS_CMD_SETTINGS, "v=2", 100000);
	assert_int_equal(server.err, ATLS_E_LIMIT);
	assert_in_range(
	    atls_session_queued(server.s), 1, ATLS_SESSION_REPLY_MAX);
	end_free(&server);
}

/* Much data waiting is no reason to refuse a heartbeat. */
static void
heartbeat_behind_data(void **state)
{
	static uint8_t data[1000000];

	(void)state;
	end_new_served(&server, &atls_policy_default, "1");
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_int_equal(
	    atls_session_send(server.s, 1, atls_bytes(data, sizeof(data))), 0);
	give(&server, ATLS_CMD_HEART_REQUEST, 3, "");
	assert_int_equal(server.err, 0);
	drain(&server, 1000000 + 16 * 7 + 7);
	end_free(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(watchdog),
		cmocka_unit_test(watchdog_stops),
		cmocka_unit_test(watchdog_policies),
		cmocka_unit_test(heartbeats),
		cmocka_unit_test(heartbeat_put_off),
		cmocka_unit_test(no_heartbeats),
		cmocka_unit_test(answers),
		cmocka_unit_test(heartbeat_flood),
		cmocka_unit_test(settings_flood),
		cmocka_unit_test(heartbeat_behind_data),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
