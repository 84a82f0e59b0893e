/* Sessions: streams from SYN to FIN, as a server and as a client. */
#include "ref/test/pair.h"

static struct end server, client;

static void
start(const struct atls_policy *policy, const char *v)
{
	end_new_served(&server, policy, v);
}

/* AT-SY-02: 0, descending, and ids used before. */
static void
any_id(void **state)
{
	(void)state;
	start(&atls_policy_default, "2");
	give(&server, ATLS_CMD_SYN, 7, "");
	give(&server, ATLS_CMD_SYN, 0, "");
	give(&server, ATLS_CMD_SYN, 3, "");
	give(&server, ATLS_CMD_FIN, 7, "");
	give(&server, ATLS_CMD_SYN, 7, "");
	give(&server, ATLS_CMD_SYN, UINT32_MAX, "");
	give(&server, ATLS_CMD_PSH, 0, "zero");
	expect_events(&server,
	    "<OPEN 7><OPEN 0><OPEN 3><FIN 7><OPEN 7><OPEN 4294967295>"
	    "<DATA 0 zero>");
	assert_int_equal(atls_session_nstreams(server.s), 4);
	end_free(&server);
}

static void
refuse_zero(void **state)
{
	struct atls_policy p = atls_policy_default;

	(void)state;
	p.refuse_id_zero = 1;
	start(&p, "2");
	give(&server, ATLS_CMD_SYN, 0, "");
	assert_int_equal(server.err, ATLS_E_PROTOCOL);
	end_free(&server);
}

/* AT-SY-06: once, before data, whatever the driver calls and how often. */
static void
synack_once(void **state)
{
	(void)state;
	start(&atls_policy_default, "2");
	give(&server, ATLS_CMD_SYN, 1, "");
	expect_frames(&server, "");
	assert_int_equal(atls_session_got_address(server.s, 1), 0);
	expect_frames(&server, "");
	assert_int_equal(atls_session_dialled(server.s, 1), 0);
	assert_int_equal(atls_session_dialled(server.s, 1), 0);
	assert_int_equal(atls_session_got_address(server.s, 1), 0);
	send_text(&server, 1, "x");
	expect_frames(&server, "<SYNACK 1><PSH 1 x>");
	give(&server, ATLS_CMD_SYN, 2, "");
	send_text(&server, 2, "early");
	expect_frames(&server, "<SYNACK 2><PSH 2 early>");
	give(&server, ATLS_CMD_SYN, 3, "");
	assert_non_null(atls_session_reserve(server.s, 3, 10));
	assert_int_equal(atls_session_commit(server.s, 3, 0), 0);
	expect_frames(&server, "<SYNACK 3>");
	give(&server, ATLS_CMD_SYN, 4, "");
	assert_int_equal(atls_session_fin(server.s, 4), 0);
	assert_int_equal(atls_session_dialled(server.s, 4), ATLS_E_NOTFOUND);
	expect_frames(&server, "<FIN 4>");
	end_free(&server);
}

/* AT-SY-04: the other moments, and the faults. */
static void
synack_when(void **state)
{
	struct atls_policy p = atls_policy_default;

	(void)state;
	p.synack = ATLS_SYNACK_ON_SYN;
	start(&p, "2");
	give(&server, ATLS_CMD_SYN, 1, "");
	expect_frames(&server, "<SYNACK 1>");
	assert_int_equal(atls_session_dialled(server.s, 1), 0);
	/* Success was said already: only FIN (AT-SY-08). */
	assert_int_equal(atls_session_dial_failed(server.s, 1, "no"), 0);
	expect_frames(&server, "<FIN 1>");
	end_free(&server);

	p.synack = ATLS_SYNACK_ON_ADDRESS;
	p.synack_ok_text = 1;
	start(&p, "2");
	give(&server, ATLS_CMD_SYN, 1, "");
	expect_frames(&server, "");
	assert_int_equal(atls_session_got_address(server.s, 1), 0);
	expect_frames(&server, "<SYNACK 1 ok>");
	end_free(&server);

	p.synack = ATLS_SYNACK_NEVER;
	start(&p, "2");
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_int_equal(atls_session_dialled(server.s, 1), 0);
	send_text(&server, 1, "x");
	expect_frames(&server, "<PSH 1 x>");
	end_free(&server);

	p = atls_policy_default;
	p.synack_first_only = 1;
	start(&p, "2");
	give(&server, ATLS_CMD_SYN, 1, "");
	give(&server, ATLS_CMD_SYN, 2, "");
	assert_int_equal(atls_session_dialled(server.s, 2), 0);
	assert_int_equal(atls_session_dialled(server.s, 1), 0);
	expect_frames(&server, "<SYNACK 1>");
	end_free(&server);
}

/* AT-SY-08. */
static void
failed_dial(void **state)
{
	struct atls_policy p = atls_policy_default;

	(void)state;
	start(&p, "2");
	give(&server, ATLS_CMD_SYN, 1, "");
	give(&server, ATLS_CMD_SYN, 2, "");
	assert_int_equal(atls_session_dial_failed(server.s, 1, "refused"), 0);
	assert_int_equal(atls_session_dial_failed(server.s, 2, ""), 0);
	expect_frames(
	    &server, "<SYNACK 1 refused><FIN 1><SYNACK 2 failed><FIN 2>");
	assert_int_equal(atls_session_nstreams(server.s), 0);
	assert_int_equal(
	    atls_session_dial_failed(server.s, 1, "x"), ATLS_E_NOTFOUND);
	end_free(&server);

	start(&p, "1");
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_int_equal(atls_session_dial_failed(server.s, 1, "refused"), 0);
	expect_frames(&server, "<FIN 1>");
	end_free(&server);

	p.synack_error = 0;
	start(&p, "2");
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_int_equal(atls_session_dial_failed(server.s, 1, "refused"), 0);
	expect_frames(&server, "<FIN 1>");
	end_free(&server);

	p.fin_on_failure = 0;
	start(&p, "2");
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_int_equal(atls_session_dial_failed(server.s, 1, "refused"), 0);
	expect_frames(&server, "");
	assert_false(atls_session_alive(server.s, 1));
	end_free(&server);
}

/* AT-SY-03 and the faults seen in the wild. */
static void
duplicate_syn(void **state)
{
	struct atls_policy p = atls_policy_default;
	int mark = 0;

	(void)state;
	start(&p, "2");
	give(&server, ATLS_CMD_SYN, 1, "");
	give(&server, ATLS_CMD_SYN, 1, "");
	give(&server, ATLS_CMD_PSH, 1, "alive");
	expect_events(&server, "<OPEN 1><DATA 1 alive>");
	end_free(&server);

	p.dup_syn = ATLS_DUP_SYN_REFUSE;
	start(&p, "2");
	give(&server, ATLS_CMD_SYN, 1, "");
	give(&server, ATLS_CMD_SYN, 1, "");
	expect_frames(&server, "<SYNACK 1 stream exists>");
	assert_true(atls_session_alive(server.s, 1));
	end_free(&server);

	p.dup_syn = ATLS_DUP_SYN_CLOSE;
	start(&p, "2");
	give(&server, ATLS_CMD_SYN, 1, "");
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_int_equal(server.err, ATLS_E_PROTOCOL);
	end_free(&server);

	p.dup_syn = ATLS_DUP_SYN_REPLACE;
	start(&p, "2");
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_int_equal(atls_session_dialled(server.s, 1), 0);
	assert_int_equal(atls_session_set_stream_data(server.s, 1, &mark), 0);
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_null(atls_session_stream_data(server.s, 1));
	assert_int_equal(atls_session_dialled(server.s, 1), 0);
	expect_events(&server, "<OPEN 1><REPLACED 1><OPEN 1>");
	expect_frames(&server, "<SYNACK 1><SYNACK 1>");
	end_free(&server);
}

/* AT-CL-01, AT-CL-02, AT-CL-07, AT-DA-02. */
static void
fin_of_the_client(void **state)
{
	(void)state;
	start(&atls_policy_default, "2");
	give(&server, ATLS_CMD_SYN, 1, "");
	give(&server, ATLS_CMD_PSH, 1, "all");
	give(&server, ATLS_CMD_FIN, 1, "");
	give(&server, ATLS_CMD_FIN, 1, "");
	give(&server, ATLS_CMD_PSH, 1, "late");
	expect_events(&server, "<OPEN 1><DATA 1 all><FIN 1>");
	expect_frames(&server, "");
	assert_int_equal(atls_session_send(server.s, 1, atls_bytes_str("x")),
	    ATLS_E_NOTFOUND);
	assert_int_equal(atls_session_fin(server.s, 1), ATLS_E_NOTFOUND);
	assert_int_equal(atls_session_target_eof(server.s, 1), ATLS_E_NOTFOUND);
	assert_null(atls_session_reserve(server.s, 1, 5));
	end_free(&server);
}

static void
fin_policies(void **state)
{
	struct atls_policy p = atls_policy_default;

	(void)state;
	p.fin_reply = 1;
	start(&p, "1");
	give(&server, ATLS_CMD_SYN, 1, "");
	give(&server, ATLS_CMD_FIN, 1, "");
	expect_frames(&server, "<FIN 1>");
	end_free(&server);

	p = atls_policy_default;
	p.fin_on_eof = 0;
	p.close_with_stream = 1;
	start(&p, "1");
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_false(atls_session_over(server.s));
	assert_int_equal(atls_session_target_eof(server.s, 1), 0);
	expect_frames(&server, "");
	assert_false(atls_session_alive(server.s, 1));
	assert_true(atls_session_over(server.s));
	end_free(&server);
}

static void
fin_faults(void **state)
{
	struct atls_policy p = atls_policy_default;

	(void)state;
	p.data_after_fin = 1;
	start(&p, "1");
	give(&server, ATLS_CMD_SYN, 1, "");
	give(&server, ATLS_CMD_FIN, 1, "");
	assert_true(atls_session_alive(server.s, 1));
	send_text(&server, 1, "more");
	assert_int_equal(atls_session_target_eof(server.s, 1), 0);
	expect_frames(&server, "<PSH 1 more><FIN 1><PSH 1 after FIN>");
	assert_false(atls_session_alive(server.s, 1));
	end_free(&server);

	p = atls_policy_default;
	p.empty_psh_is_eof = 1;
	start(&p, "1");
	give(&server, ATLS_CMD_SYN, 1, "");
	give(&server, ATLS_CMD_PSH, 1, "");
	expect_events(&server, "<OPEN 1><FIN 1>");
	end_free(&server);
}

/* AT-CL-06: one direction at a time, in both orders. */
static void
half_close(void **state)
{
	struct atls_policy p = atls_policy_default;

	(void)state;
	p.half_close = 1;
	start(&p, "1");
	give(&server, ATLS_CMD_SYN, 1, "");
	give(&server, ATLS_CMD_FIN, 1, "");
	assert_true(atls_session_alive(server.s, 1));
	send_text(&server, 1, "down");
	assert_int_equal(atls_session_fin(server.s, 1), 0);
	expect_frames(&server, "<PSH 1 down><FIN 1>");
	assert_false(atls_session_alive(server.s, 1));

	give(&server, ATLS_CMD_SYN, 2, "");
	assert_int_equal(atls_session_fin(server.s, 2), 0);
	assert_int_equal(atls_session_fin(server.s, 2), ATLS_E_NOTFOUND);
	assert_int_equal(atls_session_send(server.s, 2, atls_bytes_str("x")),
	    ATLS_E_NOTFOUND);
	give(&server, ATLS_CMD_PSH, 2, "up");
	give(&server, ATLS_CMD_FIN, 2, "");
	give(&server, ATLS_CMD_PSH, 2, "late");
	expect_events(&server, "<OPEN 1><FIN 1><OPEN 2><DATA 2 up><FIN 2>");
	assert_int_equal(atls_session_nstreams(server.s), 0);
	end_free(&server);
}

/* AT-SY-16: the others do not notice. */
static void
too_many_streams(void **state)
{
	(void)state;
	end_init(&server, ATLS_SERVER, &atls_policy_default);
	server.cfg.max_streams = 2;
	end_start(&server);
	give(&server, ATLS_CMD_SETTINGS, 0, "v=2\n" MD5_LINE);
	give(&server, ATLS_CMD_SYN, 1, "");
	give(&server, ATLS_CMD_SYN, 2, "");
	give(&server, ATLS_CMD_SYN, 3, "");
	give(&server, ATLS_CMD_SETTINGS, 0, "v=1\n" MD5_LINE);
	give(&server, ATLS_CMD_SYN, 4, "");
	expect_frames(&server,
	    "<ServerSettings 0 v=2><SYNACK 3 too many streams><FIN 3>"
	    "<FIN 4>");
	give(&server, ATLS_CMD_PSH, 2, "fine");
	give(&server, ATLS_CMD_FIN, 1, "");
	give(&server, ATLS_CMD_SYN, 5, "");
	expect_events(&server,
	    "<SETTINGS 2><OPEN 1><OPEN 2><SETTINGS 1><DATA 2 fine><FIN 1>"
	    "<OPEN 5>");
	end_free(&server);
}

/* AT-SY-09: an error text ends the stream, with FIN, and nothing else. */
static void
refused_stream(void **state)
{
	int mark = 0;

	(void)state;
	end_new_plain(&client, &atls_policy_default);
	(void)open_stream(&client);
	(void)open_stream(&client);
	send_text(&client, 1, "a");
	end_flush(&client, NULL);
	client.frames[0] = '\0';
	atls_session_set_stream_data(client.s, 2, &mark);
	give(&client, ATLS_CMD_SYNACK, 2, "no");
	give(&client, ATLS_CMD_PSH, 1, "fine");
	expect_events(&client, "<REFUSED 2 no><DATA 1 fine>");
	expect_frames(&client, "<FIN 2>");
	assert_false(atls_session_alive(client.s, 2));
	end_free(&client);
}

/* The event still has the pointer when the stream has gone. */
static void
stream_data(void **state)
{
	uint8_t buf[64];
	struct atls_writer w = atls_writer(buf, sizeof(buf));
	struct atls_bytes in;
	struct atls_event ev;
	int mark = 0;

	(void)state;
	start(&atls_policy_default, "2");
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_int_equal(atls_session_set_stream_data(server.s, 1, &mark), 0);
	assert_ptr_equal(atls_session_stream_data(server.s, 1), &mark);
	put_frame(&w, ATLS_CMD_FIN, 1, "");
	in = atls_bytes(buf, w.len);
	assert_int_equal(atls_session_recv(server.s, 0, &in, &ev), 0);
	assert_int_equal(ev.type, ATLS_EV_FIN);
	assert_ptr_equal(ev.stream_data, &mark);
	assert_null(atls_session_stream_data(server.s, 1));
	assert_int_equal(
	    atls_session_set_stream_data(server.s, 1, &mark), ATLS_E_NOTFOUND);
	end_free(&server);
}

static void
count_stream(void *ctx, uint32_t sid, void *data)
{
	uint64_t *sum = ctx;

	(void)data;
	*sum += sid;
}

/* A flood of streams, opened and closed, with ids chosen to collide. */
static void
many_streams(void **state)
{
	uint8_t buf[ATLS_FRAME_HEADER];
	struct atls_frame f = { ATLS_CMD_SYN, 0, 0 };
	uint64_t sum = 0, want = 0;
	uint32_t i;

	(void)state;
	start(&atls_policy_v1, "1");
	for (i = 0; i < 65536; i++) {
		f.sid = i << 16;
		want += f.sid;
		atls_frame_put(buf, f);
		end_recv(&server, atls_bytes(buf, sizeof(buf)));
		server.events[0] = '\0';
	}
	assert_int_equal(atls_session_nstreams(server.s), 65536);
	atls_session_each(server.s, count_stream, &sum);
	assert_true(sum == want);
	for (i = 0; i < 65536; i++) {
		assert_true(atls_session_alive(server.s, i << 16));
		assert_int_equal(atls_session_target_eof(server.s, i << 16), 0);
		assert_false(atls_session_alive(server.s, i << 16));
	}
	assert_int_equal(atls_session_nstreams(server.s), 0);
	end_free(&server);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_id),
		cmocka_unit_test(refuse_zero),
		cmocka_unit_test(synack_once),
		cmocka_unit_test(synack_when),
		cmocka_unit_test(failed_dial),
		cmocka_unit_test(duplicate_syn),
		cmocka_unit_test(fin_of_the_client),
		cmocka_unit_test(fin_policies),
		cmocka_unit_test(fin_faults),
		cmocka_unit_test(half_close),
		cmocka_unit_test(too_many_streams),
		cmocka_unit_test(refused_stream),
		cmocka_unit_test(stream_data),
		cmocka_unit_test(many_streams),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
