/* Two sessions back to back: versions, a whole conversation, cut anywhere. */
#include "ref/test/pair.h"

static struct end client, server;

static void
start(const struct atls_policy *c, const struct atls_policy *s)
{
	end_new_plain(&client, c);
	end_init(&server, ATLS_SERVER, s);
	server.cfg.scheme = client.cfg.scheme;
	server.cfg.scheme_md5 = client.cfg.scheme_md5;
	end_start(&server);
}

static void
stop(void)
{
	end_free(&client);
	end_free(&server);
}

/* Opens a stream, dials, speaks both ways, closes from the client. */
static void
converse(uint32_t want)
{
	uint32_t sid = open_stream(&client);

	assert_int_equal(sid, want);
	send_text(&client, sid, "addr");
	pump(&client, &server);
	assert_int_equal(atls_session_got_address(server.s, sid), 0);
	assert_int_equal(atls_session_dialled(server.s, sid), 0);
	send_text(&server, sid, "hello");
	pump(&client, &server);
	assert_int_equal(atls_session_fin(client.s, sid), 0);
	pump(&client, &server);
	assert_int_equal(atls_session_nstreams(client.s), 0);
	assert_int_equal(atls_session_nstreams(server.s), 0);
}

static void
v2_client_v2_server(void **state)
{
	(void)state;
	start(&atls_policy_default, &atls_policy_default);
	converse(1);
	expect_text(client.frames,
	    "<Settings 0 v=2\nclient=test/1\n"
	    "padding-md5=47edb1f4ed8a99480bf416d178311f10>"
	    "<SYN 1><PSH 1 addr><FIN 1>");
	expect_text(
	    server.frames, "<ServerSettings 0 v=2><SYNACK 1><PSH 1 hello>");
	expect_events(&client, "<SETTINGS 2><OPENED 1><DATA 1 hello>");
	expect_events(&server, "<SETTINGS 2><OPEN 1><DATA 1 addr><FIN 1>");
	converse(2);
	expect_text(client.frames, "<SYN 2><PSH 2 addr><FIN 2>");
	expect_text(server.frames, "<SYNACK 2><PSH 2 hello>");
	assert_int_equal(atls_session_version(client.s), 2);
	stop();
}

static void
v1_client_v1_server(void **state)
{
	(void)state;
	start(&atls_policy_v1, &atls_policy_v1);
	converse(1);
	converse(2);
	expect_text(server.frames, "<PSH 1 hello><PSH 2 hello>");
	expect_events(&server,
	    "<SETTINGS 1><OPEN 1><DATA 1 addr><FIN 1>"
	    "<OPEN 2><DATA 2 addr><FIN 2>");
	assert_int_equal(atls_session_version(client.s), 0);
	stop();
}

/* AT-ST-09: nothing of version 2 for a client of version 1. */
static void
v1_client_v2_server(void **state)
{
	(void)state;
	start(&atls_policy_v1, &atls_policy_default);
	converse(1);
	expect_text(server.frames, "<PSH 1 hello>");
	assert_int_equal(atls_session_version(server.s), 1);
	stop();
}

/* AT-ST-12: the client does not wait for what will not come. */
static void
v2_client_v1_server(void **state)
{
	(void)state;
	start(&atls_policy_default, &atls_policy_v1);
	converse(1);
	(void)open_stream(&client);
	expect_text(server.frames, "<PSH 1 hello>");
	assert_int_equal(atls_session_version(client.s), 0);
	assert_true(atls_session_deadline(client.s) == UINT64_MAX);
	stop();
}

static void
v3_client_v2_server(void **state)
{
	uint32_t sid;

	(void)state;
	start(&atls_policy_v3, &atls_policy_default);
	converse(1);
	expect_text(
	    server.frames, "<ServerSettings 0 v=2><SYNACK 1><PSH 1 hello>");
	assert_int_equal(atls_session_version(client.s), 2);
	assert_int_equal(atls_session_version(server.s), 2);
	/* The dialect has one stream per session. */
	assert_int_equal(atls_session_open(client.s, 0, &sid), ATLS_E_LIMIT);
	stop();
}

static void
v3_with_itself(void **state)
{
	(void)state;
	start(&atls_policy_v3, &atls_policy_v3);
	converse(1);
	expect_text(
	    server.frames, "<ServerSettings 0 v=3><SYNACK 1><PSH 1 hello>");
	assert_int_equal(atls_session_version(client.s), 3);
	stop();
}

/* A client that reuses sessions meets the single-stream dialect. */
static void
v2_client_v3_server(void **state)
{
	(void)state;
	start(&atls_policy_default, &atls_policy_v3);
	converse(1);
	assert_int_equal(atls_session_version(client.s), 2);
	client.events[0] = '\0';
	server.frames[0] = '\0';
	(void)open_stream(&client);
	pump(&client, &server);
	assert_int_equal(server.err, ATLS_E_REFUSED);
	expect_text(server.frames, "<Alert 0 one stream per session>");
	expect_events(&client, "<ALERT 0 one stream per session>");
	assert_int_equal(client.err, ATLS_E_REFUSED);
	stop();
}

static void
v1_client_v3_server(void **state)
{
	(void)state;
	start(&atls_policy_v1, &atls_policy_v3);
	(void)open_stream(&client);
	send_text(&client, 1, "addr");
	pump(&client, &server);
	assert_int_equal(server.err, ATLS_E_REFUSED);
	expect_text(server.frames, "<Alert 0 unsupported protocol version: 1>");
	expect_events(&server, "");
	stop();
}

/* Everything a server can hear, in one piece. */
static size_t
client_script(uint8_t *buf, size_t cap)
{
	struct atls_writer w = atls_writer(buf, cap);

	put_frame(&w, ATLS_CMD_WASTE, 0, "zeros");
	put_frame(&w, ATLS_CMD_HEART_REQUEST, 9, "");
	put_frame(&w, ATLS_CMD_SETTINGS, 0, "v=2\nclient=x\npadding-md5=no");
	put_frame(&w, ATLS_CMD_SYN, 1, "");
	put_frame(&w, ATLS_CMD_WASTE, 7, "");
	put_frame(&w, ATLS_CMD_PSH, 1, "first");
	put_frame(&w, ATLS_CMD_PSH, 1, "");
	put_frame(&w, ATLS_CMD_SYN, 5, "data where none belongs");
	put_frame(&w, ATLS_CMD_PSH, 5, "second");
	put_frame(&w, 200, 5, "unknown");
	put_frame(&w, 201, 5, "");
	put_frame(&w, ATLS_CMD_PSH, 77, "nobody");
	put_frame(&w, ATLS_CMD_HEART_RESPONSE, 3, "x");
	put_frame(&w, ATLS_CMD_HEART_REQUEST, 4, "more");
	put_frame(&w, ATLS_CMD_SYNACK, 1, "wrong way");
	put_frame(&w, ATLS_CMD_UPDATE_PADDING_SCHEME, 0, "stop=1");
	put_frame(&w, ATLS_CMD_SERVER_SETTINGS, 0, "v=1");
	put_frame(&w, ATLS_CMD_FIN, 1, "gone");
	put_frame(&w, ATLS_CMD_FIN, 1, "");
	put_frame(&w, ATLS_CMD_ALERT, 0, "");
	put_frame(&w, ATLS_CMD_ALERT, 0, "bye");
	put_frame(&w, ATLS_CMD_PSH, 5, "too late");
	return (w.len);
}

static const char server_events[] =
    "<SETTINGS 2><OPEN 1><DATA 1 first><OPEN 5><DATA 5 second><HEART 3>"
    "<FIN 1><ALERT 0 bye>";
static const char server_frames[] =
    "<HeartResponse 9><UpdatePaddingScheme 0 [137]>"
    "<ServerSettings 0 v=2><HeartResponse 4>";

static void
check_server(void)
{
	assert_int_equal(server.err, ATLS_E_REFUSED);
	expect_events(&server, server_events);
	expect_frames(&server, server_frames);
	end_free(&server);
}

/* What a server hears does not depend on how it is cut (AT-FR-02). */
static void
server_cut_anywhere(void **state)
{
	uint8_t buf[2048];
	size_t len = client_script(buf, sizeof(buf)), i;

	(void)state;
	end_new(&server, ATLS_SERVER, &atls_policy_default);
	end_recv(&server, atls_bytes(buf, len));
	check_server();
	for (i = 0; i <= len; i++) {
		end_new(&server, ATLS_SERVER, &atls_policy_default);
		end_recv(&server, atls_bytes(buf, i));
		end_recv(&server, atls_bytes(buf + i, len - i));
		check_server();
	}
	end_new(&server, ATLS_SERVER, &atls_policy_default);
	for (i = 0; i < len; i++)
		end_recv(&server, atls_bytes(buf + i, 1));
	check_server();
}

static size_t
server_script(uint8_t *buf, size_t cap)
{
	struct atls_writer w = atls_writer(buf, cap);

	put_frame(&w, ATLS_CMD_UPDATE_PADDING_SCHEME, 0, "stop=1\n0=1-1");
	put_frame(&w, ATLS_CMD_UPDATE_PADDING_SCHEME, 0, "nonsense");
	put_frame(&w, ATLS_CMD_UPDATE_PADDING_SCHEME, 0, "");
	put_frame(&w, ATLS_CMD_SERVER_SETTINGS, 0, "");
	put_frame(&w, ATLS_CMD_SERVER_SETTINGS, 0, "v=x");
	put_frame(&w, ATLS_CMD_SERVER_SETTINGS, 0, "v=2");
	put_frame(&w, ATLS_CMD_SYNACK, 1, "");
	put_frame(&w, ATLS_CMD_SYNACK, 1, "");
	put_frame(&w, ATLS_CMD_PSH, 1, "down");
	put_frame(&w, ATLS_CMD_SYNACK, 2, "no route");
	put_frame(&w, ATLS_CMD_PSH, 2, "late");
	put_frame(&w, ATLS_CMD_FIN, 2, "");
	put_frame(&w, ATLS_CMD_SYN, 9, "");
	put_frame(&w, ATLS_CMD_SETTINGS, 0, "v=2");
	put_frame(&w, ATLS_CMD_SYNACK, 99, "unknown id");
	put_frame(&w, ATLS_CMD_HEART_REQUEST, 6, "");
	put_frame(&w, ATLS_CMD_FIN, 1, "");
	put_frame(&w, ATLS_CMD_ALERT, 3, "bye");
	return (w.len);
}

static void
start_client(void)
{
	end_new_plain(&client, &atls_policy_default);
	(void)open_stream(&client);
	(void)open_stream(&client);
	send_text(&client, 1, "a");
	end_flush(&client, NULL);
	client.frames[0] = '\0';
}

static void
check_client(void)
{
	assert_int_equal(client.err, ATLS_E_REFUSED);
	expect_events(&client,
	    "<SCHEME 0 stop=1\n0=1-1><BAD_SCHEME 0 nonsense><SETTINGS 2>"
	    "<OPENED 1><DATA 1 down><REFUSED 2 no route><FIN 1>"
	    "<ALERT 3 bye>");
	expect_frames(&client, "<FIN 2><HeartResponse 6>");
	end_free(&client);
}

static void
client_cut_anywhere(void **state)
{
	uint8_t buf[2048];
	size_t len = server_script(buf, sizeof(buf)), i;

	(void)state;
	for (i = 0; i <= len; i++) {
		start_client();
		end_recv(&client, atls_bytes(buf, i));
		end_recv(&client, atls_bytes(buf + i, len - i));
		check_client();
	}
	start_client();
	for (i = 0; i < len; i++)
		end_recv(&client, atls_bytes(buf + i, 1));
	check_client();
}

/* The error stays, and nothing can be queued behind it (AT-AL-03). */
static void
errors_stay(void **state)
{
	struct atls_bytes none = { NULL, 0 };
	struct atls_event ev;

	(void)state;
	end_new(&server, ATLS_SERVER, &atls_policy_default);
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_int_equal(server.err, ATLS_E_REFUSED);
	assert_int_equal(
	    atls_session_recv(server.s, 0, &none, &ev), ATLS_E_REFUSED);
	assert_int_equal(
	    atls_session_send(server.s, 1, atls_bytes_str("x")), ATLS_E_CLOSED);
	assert_int_equal(atls_session_fin(server.s, 1), ATLS_E_CLOSED);
	assert_int_equal(atls_session_dialled(server.s, 1), ATLS_E_CLOSED);
	assert_int_equal(atls_session_alert(server.s, "x"), ATLS_E_CLOSED);
	expect_frames(&server, "<Alert 0 client did not send its settings>");
	end_free(&server);
}

static void
free_of_nothing(void **state)
{
	(void)state;
	atls_session_free(NULL);
	end_init(&client, ATLS_CLIENT, &atls_policy_default);
	client.cfg.scheme = atls_bytes_str("no stop here");
	assert_null(atls_session_new(&client.cfg, 0));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v2_client_v2_server),
		cmocka_unit_test(v1_client_v1_server),
		cmocka_unit_test(v1_client_v2_server),
		cmocka_unit_test(v2_client_v1_server),
		cmocka_unit_test(v3_client_v2_server),
		cmocka_unit_test(v3_with_itself),
		cmocka_unit_test(v2_client_v3_server),
		cmocka_unit_test(v1_client_v3_server),
		cmocka_unit_test(server_cut_anywhere),
		cmocka_unit_test(client_cut_anywhere),
		cmocka_unit_test(errors_stay),
		cmocka_unit_test(free_of_nothing),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
