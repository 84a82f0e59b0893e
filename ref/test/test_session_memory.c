/*
 * Sessions: what they cost, and what happens when there is no memory. Their
 * allocations pass through here, to be counted and refused.
 */
#include "ref/session/impl.h"
#include "ref/test/pair.h"

/* The makefile links this test with --wrap for these three. */
void *__real_malloc(size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void __wrap_free(void *p);

static size_t in_use, nallocs, fail_at; /* FAIL_AT 0: never */

void *
__wrap_malloc(size_t n)
{
	size_t *p;

	if (++nallocs == fail_at)
		return (NULL);
	p = __real_malloc(n + 16);
	assert_non_null(p);
	*p = n;
	in_use += n;
	return ((uint8_t *)p + 16);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	void *p = __wrap_malloc(n * size);

	if (p != NULL)
		memset(p, 0, n * size);
	return (p);
}

void
__wrap_free(void *p)
{
	size_t *head;

	if (p == NULL)
		return;
	head = (size_t *)(void *)((uint8_t *)p - 16);
	in_use -= *head;
	__real_free(head);
}

static struct end client, server;

static void
reset(void)
{
	in_use = 0;
	nallocs = 0;
	fail_at = 0;
}

/* A session that has worked and is idle keeps next to nothing. */
static void
idle_server(void **state)
{
	static uint8_t data[1000000];
	size_t idle;

	(void)state;
	reset();
	end_new_served(&server, &atls_policy_default, "2");
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_int_equal(
	    atls_session_send(server.s, 1, atls_bytes(data, sizeof(data))), 0);
	assert_true(in_use > sizeof(data));
	end_flush(&server, NULL);
	give(&server, ATLS_CMD_FIN, 1, "");
	idle = in_use;
	print_message("idle server session: %zu bytes\n", idle);
	assert_in_range(idle, 1, 512);
	end_free(&server);
	assert_int_equal(in_use, 0);
}

static void
idle_client(void **state)
{
	int i;

	(void)state;
	reset();
	end_new(&client, ATLS_CLIENT, &atls_policy_default);
	print_message("new client session: %zu bytes\n", in_use);
	assert_in_range(in_use, 1, 2048);
	(void)open_stream(&client);
	for (i = 0; i < 9; i++) {
		send_text(&client, 1, "data");
		end_flush(&client, NULL);
	}
	print_message("client session after padding: %zu bytes\n", in_use);
	assert_in_range(in_use, 1, 512);
	end_free(&client);
	assert_int_equal(in_use, 0);
}

static void
per_stream(void **state)
{
	size_t before, worst = 0;
	uint32_t i;

	(void)state;
	reset();
	end_new_served(&server, &atls_policy_v1, "1");
	before = in_use;
	for (i = 1; i <= 5000; i++) {
		give(&server, ATLS_CMD_SYN, i, "");
		server.events[0] = '\0';
		if (i >= 100 && (in_use - before) / i > worst)
			worst = (in_use - before) / i;
	}
	print_message("per stream, at worst: %zu bytes\n", worst);
	assert_in_range(worst, 16, 48);
	for (i = 1; i <= 5000; i++)
		give(&server, ATLS_CMD_FIN, i, "");
	server.events[0] = '\0';
	assert_in_range(in_use, 1, 512);
	end_free(&server);
	assert_int_equal(in_use, 0);
}

/* The buffer goes from one session to the other and is not asked for again. */
static void
spare_buffer(void **state)
{
	struct atls_session_spare spare = { NULL, 0 };
	static uint8_t data[50000];
	size_t before;
	int i;

	(void)state;
	reset();
	end_init(&server, ATLS_SERVER, &atls_policy_default);
	server.cfg.spare = &spare;
	server.policy.syn_first = ATLS_ODD_ACCEPT;
	end_start(&server);
	give(&server, ATLS_CMD_SYN, 1, "");
	assert_int_equal(
	    atls_session_send(server.s, 1, atls_bytes(data, sizeof(data))), 0);
	end_flush(&server, NULL);
	assert_in_range(spare.cap, 50007, 131072);
	before = nallocs;
	for (i = 0; i < 100; i++) {
		assert_int_equal(atls_session_send(server.s, 1,
				     atls_bytes(data, sizeof(data))),
		    0);
		end_flush(&server, NULL);
	}
	assert_int_equal(nallocs, before);
	end_free(&server);
	free(spare.p);
	assert_int_equal(in_use, 0);
}

/* A busy life of both ends; stops at the first thing that fails. */
static void
busy_life(void)
{
	uint8_t buf[512];
	struct atls_writer w = atls_writer(buf, sizeof(buf));
	struct atls_bytes in;
	struct atls_event ev;
	uint32_t sid = 0, i;
	uint8_t *room;

	end_init(&client, ATLS_CLIENT, &atls_policy_default);
	client.s = atls_session_new(&client.cfg, 0);
	end_init(&server, ATLS_SERVER, &atls_policy_default);
	server.s = atls_session_new(&server.cfg, 0);
	if (client.s == NULL || server.s == NULL)
		return;
	for (i = 0; i < 6; i++) {
		(void)atls_session_open(client.s, 0, &sid);
		(void)atls_session_send(client.s, sid, atls_bytes(buf, 300));
		room = atls_session_reserve(client.s, sid, 2000);
		if (room != NULL) {
			memset(room, 0, 2000);
			(void)atls_session_commit(client.s, sid, 2000);
		}
	}
	while (atls_session_next_write(client.s, &in)) {
		while (atls_session_recv(server.s, 0, &in, &ev) == 0 &&
		    ev.type != ATLS_EV_NONE)
			(void)atls_session_dialled(server.s, ev.sid);
	}
	put_frame(&w, ATLS_CMD_UPDATE_PADDING_SCHEME, 0, "stop=3\n2=1-9");
	put_frame(&w, ATLS_CMD_SYNACK, 2, "error");
	put_frame(&w, ATLS_CMD_HEART_REQUEST, 2, "");
	for (i = 0; i < w.len; i++) {
		in = atls_bytes(buf + i, 1);
		while (atls_session_recv(client.s, 0, &in, &ev) == 0 &&
		    ev.type != ATLS_EV_NONE)
			continue;
	}
	(void)atls_session_fin(client.s, 1);
	while (atls_session_next_write(client.s, &in))
		continue;
}

/* Each allocation fails once: no crash, no leak. */
static void
without_memory(void **state)
{
	size_t i, total;

	(void)state;
	reset();
	busy_life();
	total = nallocs;
	assert_in_range(total, 15, 1000);
	for (i = 0; i <= total; i++) {
		end_free(&client);
		end_free(&server);
		assert_int_equal(in_use, 0);
		reset();
		fail_at = i;
		busy_life();
	}
	end_free(&client);
	end_free(&server);
	assert_int_equal(in_use, 0);
}

/* A send that fails leaves no trace: what follows arrives whole. */
static void
failed_send_is_undone(void **state)
{
	static uint8_t data[200000];
	size_t i, nfailed = 0;
	int err;

	(void)state;
	for (i = 1; i < 8; i++) {
		reset();
		end_new(&client, ATLS_CLIENT, &atls_policy_default);
		(void)open_stream(&client);
		fail_at = nallocs + i;
		err = atls_session_send(
		    client.s, 1, atls_bytes(data, sizeof(data)));
		nfailed += err != 0;
		fail_at = 0;
		send_text(&client, 1, "whole");
		end_flush(&client, NULL);
		assert_non_null(strstr(client.frames, "<SYN 1>"));
		assert_non_null(strstr(client.frames, "<PSH 1 whole>"));
		assert_int_equal(client.s->out.given < 1000, err != 0);
		end_free(&client);
	}
	assert_in_range(nfailed, 3, 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_server),
		cmocka_unit_test(idle_client),
		cmocka_unit_test(per_stream),
		cmocka_unit_test(spare_buffer),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(failed_send_is_undone),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
