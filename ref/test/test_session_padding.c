/* Sessions: what a client's padding does to its writes. */
#include "ref/test/pair.h"

static struct end client, other;

static void
start(const char *scheme)
{
	end_init(&client, ATLS_CLIENT, &atls_policy_default);
	client.cfg.scheme = atls_bytes_str(scheme);
	end_start(&client);
}

static void
expect_writes(const char *want)
{
	end_flush(&client, NULL);
	expect_text(client.writes, want);
}

static void
send_n(struct end *e, uint32_t sid, size_t len)
{
	static uint8_t data[300000];

	assert_in_range(len, 0, sizeof(data));
	assert_int_equal(
	    atls_session_send(e->s, sid, atls_bytes(data, len)), 0);
}

/*
 * The first flight with the default scheme. Settings: 7 + 62 bytes, SYN: 7,
 * address: 7 + 7, in one write of the drawn size (AT-PD-11, AT-RS-02).
 */
static void
first_flight(void **state)
{
	(void)state;
	end_init(&client, ATLS_CLIENT, &atls_policy_default);
	client.draws[0] = 214;
	client.draws[1] = 55;
	client.ndraws = 2;
	end_start(&client);
	(void)open_stream(&client);
	expect_writes("");
	send_n(&client, 1, 7);
	expect_writes("314 ");
	expect_text(client.frames,
	    "<Settings 0 v=2\nclient=test/1\n" MD5_LINE ">"
	    "<SYN 1><PSH 1 [7]><Waste 0 [217]>");
	send_n(&client, 1, 100);
	expect_writes("455 ");
	expect_text(client.frames, "<PSH 1 [100]><Waste 0 [341]>");
	end_free(&client);
}

/* The rows of observed-anytls-go: packet 3 cuts 9 bytes off. */
static void
default_scheme(void **state)
{
	(void)state;
	start(ATLS_SCHEME_DEFAULT);
	(void)open_stream(&client);
	send_n(&client, 1, 7);
	expect_writes("100 ");
	send_n(&client, 1, 1393);
	/* 1400 = 400 + 500 + 500, and "c" ends it. */
	expect_writes("400 500 500 ");
	send_n(&client, 1, 700);
	expect_writes("9 500 198 ");
	send_n(&client, 1, 100);
	expect_writes("500 ");
	assert_int_equal(atls_session_fin(client.s, 1), 0);
	expect_writes("500 ");
	(void)open_stream(&client);
	expect_writes("500 ");
	send_n(&client, 2, 7);
	expect_writes("500 ");
	/* Padding is over: writes that wait together come as one. */
	send_n(&client, 2, 100);
	expect_writes("107 ");
	send_n(&client, 2, 100);
	assert_int_equal(atls_session_fin(client.s, 2), 0);
	(void)open_stream(&client);
	expect_writes("121 ");
	end_free(&client);
}

/* AT-PD-12: everything counts; the size tells the number. */
static void
packet_counter(void **state)
{
	(void)state;
	start("stop=9\n1=201-201\n2=202-202\n3=203-203\n4=204-204\n"
	      "5=205-205\n6=206-206\n7=207-207\n8=208-208");
	(void)open_stream(&client);
	send_n(&client, 1, 10);
	send_n(&client, 1, 1);
	give(&client, ATLS_CMD_HEART_REQUEST, 1, "");
	assert_int_equal(atls_session_fin(client.s, 1), 0);
	(void)open_stream(&client);
	send_n(&client, 2, 0);
	send_n(&client, 2, 5);
	give(&client, ATLS_CMD_SYNACK, 2, "no");
	(void)open_stream(&client);
	send_n(&client, 3, 3);
	/* Queued together, sent apart. */
	expect_writes("201 202 203 204 205 206 207 208 10 ");
	end_free(&client);
}

static void
first_packet_zero(void **state)
{
	(void)state;
	end_init(&client, ATLS_CLIENT, &atls_policy_default);
	client.policy.first_packet = 0;
	client.cfg.scheme = atls_bytes_str("stop=2\n0=300-300\n1=400-400");
	end_start(&client);
	(void)open_stream(&client);
	send_n(&client, 1, 10);
	send_n(&client, 1, 10);
	expect_writes("300 400 ");
	end_free(&client);
}

static void
stops(void **state)
{
	static const char *const early[] = { "stop=0\n1=500-500",
		"stop=1\n1=500-500" };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		start(early[i]);
		(void)open_stream(&client);
		send_n(&client, 1, 7);
		send_n(&client, 1, 7);
		expect_writes("104 ");
		end_free(&client);
	}
	start("stop=2\n1=500-500\n2=600-600");
	(void)open_stream(&client);
	send_n(&client, 1, 7);
	send_n(&client, 1, 7);
	send_n(&client, 1, 7);
	expect_writes("500 28 ");
	end_free(&client);
	/* Before stop a packet without a rule goes by itself (AT-PD-13). */
	start("stop=4\n2=300-300");
	(void)open_stream(&client);
	send_n(&client, 1, 7);
	send_n(&client, 1, 7);
	send_n(&client, 1, 7);
	send_n(&client, 1, 7);
	expect_writes("90 300 14 14 ");
	end_free(&client);
}

/* AT-RS-04: waste alone is a header longer. */
static void
waste_writes(void **state)
{
	(void)state;
	start("stop=3\n1=300-300,40-40,c,50-50\n2=200-200,70000-70000");
	(void)open_stream(&client);
	send_n(&client, 1, 7);
	expect_writes("300 47 ");
	send_n(&client, 1, 7);
	expect_writes("200 70014 ");
	end_free(&client);
}

/* A scheme of the peer's choice must not cost gigabytes. */
static void
waste_is_bounded(void **state)
{
	(void)state;
	start("stop=9\n1=300-300,600000-600000,600000-600000,5-5\n"
	      "2=2000000000-2000000000");
	(void)open_stream(&client);
	send_n(&client, 1, 7);
	expect_writes("300 600070 ");
	send_n(&client, 1, 7);
	expect_writes("14 ");
	end_free(&client);
}

/* AT-PD-05: what is queued keeps its shape, what comes follows the new. */
static void
update_in_session(void **state)
{
	(void)state;
	start("stop=9\n1=301-301\n2=302-302\n3=303-303");
	(void)open_stream(&client);
	send_n(&client, 1, 7);
	send_n(&client, 1, 7);
	give(&client, ATLS_CMD_UPDATE_PADDING_SCHEME, 0,
	    "stop=4\n2=402-402\n3=403-403");
	send_n(&client, 1, 7);
	expect_events(&client, "<SCHEME 0 stop=4\n2=402-402\n3=403-403>");
	give(&client, ATLS_CMD_UPDATE_PADDING_SCHEME, 0, "junk");
	send_n(&client, 1, 7);
	/* Packet 4 went out bare, and that is final (AT-PD-09). */
	give(&client, ATLS_CMD_UPDATE_PADDING_SCHEME, 0, "stop=99\n5=500-500");
	send_n(&client, 1, 7);
	expect_writes("301 302 403 28 ");
	end_free(&client);
}

static void
update_before_stop_counts(void **state)
{
	(void)state;
	start("stop=2\n1=301-301");
	(void)open_stream(&client);
	send_n(&client, 1, 7);
	give(&client, ATLS_CMD_UPDATE_PADDING_SCHEME, 0, "stop=3\n2=402-402");
	send_n(&client, 1, 7);
	expect_writes("301 402 ");
	end_free(&client);
}

static void
update_not_applied(void **state)
{
	(void)state;
	end_init(&client, ATLS_CLIENT, &atls_policy_default);
	client.policy.apply_scheme = 0;
	client.cfg.scheme = atls_bytes_str("stop=9\n1=301-301\n2=302-302");
	end_start(&client);
	give(&client, ATLS_CMD_UPDATE_PADDING_SCHEME, 0, "stop=0");
	(void)open_stream(&client);
	send_n(&client, 1, 7);
	send_n(&client, 1, 7);
	expect_writes("301 302 ");
	expect_events(&client, "");
	end_free(&client);
}

/* What happens before the first data joins packet 1. */
static void
held_back(void **state)
{
	(void)state;
	start("stop=3\n1=300-300\n2=200-200");
	give(&client, ATLS_CMD_HEART_REQUEST, 4, "");
	(void)open_stream(&client);
	(void)open_stream(&client);
	assert_int_equal(atls_session_fin(client.s, 2), 0);
	expect_writes("");
	send_n(&client, 1, 7);
	expect_writes("300 ");
	expect_text(client.frames,
	    "<Settings 0 v=2\nclient=test/1\n" MD5_LINE ">"
	    "<HeartResponse 4><SYN 1><SYN 2><FIN 2><PSH 1 [7]>"
	    "<Waste 0 [182]>");
	end_free(&client);
	/* Closing the first stream sends it as well. */
	start("stop=3\n1=300-300\n2=200-200");
	(void)open_stream(&client);
	(void)open_stream(&client);
	assert_int_equal(atls_session_fin(client.s, 1), 0);
	expect_writes("300 ");
	send_n(&client, 2, 7);
	expect_writes("200 ");
	end_free(&client);
}

/* AT-FR-08: long data is cut into frames within one packet. */
static void
long_data(void **state)
{
	(void)state;
	end_init(&client, ATLS_CLIENT, &atls_policy_default);
	client.policy.psh_limit = 65535;
	client.cfg.scheme = atls_bytes_str("stop=3\n1=200000-200000\n"
					   "2=100-100");
	end_start(&client);
	(void)open_stream(&client);
	send_n(&client, 1, 131071);
	send_n(&client, 1, 200000);
	expect_writes("200000 100 199928 ");
	assert_non_null(
	    strstr(client.frames, "<PSH 1 [65535]><PSH 1 [65535]><PSH 1 [1]>"));
	/* Unshaped, a write has a limit. */
	send_n(&client, 1, 300000);
	expect_writes("262144 37891 ");
	end_free(&client);
}

/* reserve and commit give what send gives, for any limit and length. */
static void
commit_equals_send(void **state)
{
	static const size_t lens[] = { 1, 9, 10, 11, 100, 1000, 1001, 5000 };
	static const int limits[] = { 10, 1000, 65535, 0 };
	static uint8_t want[16384];
	uint8_t data[5000], *room;
	struct atls_bytes a, b;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 31);
	for (k = 0; k < 32; k++) {
		size_t len = lens[k % 8];

		end_new_served(&client, &atls_policy_default, "1");
		end_new_served(&other, &atls_policy_default, "1");
		client.policy.psh_limit = limits[k / 8];
		other.policy.psh_limit = limits[k / 8];
		give(&client, ATLS_CMD_SYN, 1, "");
		give(&other, ATLS_CMD_SYN, 1, "");
		assert_int_equal(
		    atls_session_send(client.s, 1, atls_bytes(data, len)), 0);
		room = atls_session_reserve(other.s, 1, sizeof(data));
		assert_non_null(room);
		memcpy(room, data, len);
		assert_int_equal(atls_session_commit(other.s, 1, len), 0);
		assert_true(atls_session_next_write(client.s, &a));
		assert_true(atls_session_next_write(other.s, &b));
		memcpy(want, a.p, a.len);
		assert_int_equal(a.len, b.len);
		assert_memory_equal(want, b.p, b.len);
		end_free(&client);
		end_free(&other);
	}
}

static void
commit_is_padded(void **state)
{
	uint8_t *room;

	(void)state;
	start("stop=3\n1=301-301\n2=20-20,c,90-90");
	(void)open_stream(&client);
	assert_null(atls_session_reserve(client.s, 1, 0));
	assert_null(atls_session_reserve(client.s, 1, 65530));
	assert_null(atls_session_reserve(client.s, 2, 10));
	room = atls_session_reserve(client.s, 1, 65529);
	assert_non_null(room);
	memset(room, 1, 65529);
	assert_int_equal(atls_session_commit(client.s, 1, 65530), ATLS_E_INVAL);
	assert_int_equal(atls_session_commit(client.s, 1, 7), 0);
	assert_int_equal(atls_session_commit(client.s, 1, 7), ATLS_E_INVAL);
	room = atls_session_reserve(client.s, 1, 50);
	assert_non_null(room);
	memset(room, 2, 33);
	assert_int_equal(atls_session_commit(client.s, 1, 33), 0);
	expect_writes("301 20 90 ");
	end_free(&client);
}

/* Without padding the room is where the write comes from: no copy. */
static void
commit_copies_nothing(void **state)
{
	struct atls_bytes out;
	uint8_t *room;

	(void)state;
	end_new_served(&client, &atls_policy_default, "1");
	give(&client, ATLS_CMD_SYN, 1, "");
	room = atls_session_reserve(client.s, 1, 65529);
	assert_non_null(room);
	memset(room, 'x', 65529);
	assert_int_equal(atls_session_commit(client.s, 1, 65529), 0);
	assert_true(atls_session_next_write(client.s, &out));
	assert_int_equal(out.len, 65536);
	assert_ptr_equal(out.p + ATLS_FRAME_HEADER, room);
	end_free(&client);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_flight),
		cmocka_unit_test(default_scheme),
		cmocka_unit_test(packet_counter),
		cmocka_unit_test(first_packet_zero),
		cmocka_unit_test(stops),
		cmocka_unit_test(waste_writes),
		cmocka_unit_test(waste_is_bounded),
		cmocka_unit_test(update_in_session),
		cmocka_unit_test(update_before_stop_counts),
		cmocka_unit_test(update_not_applied),
		cmocka_unit_test(held_back),
		cmocka_unit_test(long_data),
		cmocka_unit_test(commit_equals_send),
		cmocka_unit_test(commit_is_padded),
		cmocka_unit_test(commit_copies_nothing),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
