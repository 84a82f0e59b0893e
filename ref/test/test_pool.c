/* Unit tests of the pool of idle sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ref/session/pool.h"

static struct atls_pool pool;
static struct atls_pool_node node[8];

/* Five sessions, numbers 1 to 5, none in the pool. */
static int
start(void **state)
{
	size_t i;

	(void)state;
	memset(node, 0, sizeof(node));
	atls_pool_init(&pool, 60000, 0);
	for (i = 0; i < 5; i++)
		node[i].seq = atls_pool_seq(&pool);
	return (0);
}

static void
numbers_count_up(void **state)
{
	(void)state;
	assert_int_equal(node[0].seq, 1);
	assert_int_equal(node[4].seq, 5);
	assert_int_equal(atls_pool_seq(&pool), 6);
}

/* AT-RU-01: the largest number, not the last to come back. */
static void
newest_first(void **state)
{
	(void)state;
	assert_null(atls_pool_take(&pool));
	atls_pool_put(&pool, &node[2], 10);
	atls_pool_put(&pool, &node[4], 10);
	atls_pool_put(&pool, &node[0], 10);
	atls_pool_put(&pool, &node[3], 20);
	assert_int_equal(pool.count, 4);
	assert_ptr_equal(atls_pool_take(&pool), &node[4]);
	assert_ptr_equal(atls_pool_take(&pool), &node[3]);
	assert_ptr_equal(atls_pool_take(&pool), &node[2]);
	assert_ptr_equal(atls_pool_take(&pool), &node[0]);
	assert_null(atls_pool_take(&pool));
	assert_null(pool.oldest);
}

static void
remove_anywhere(void **state)
{
	size_t i;

	(void)state;
	atls_pool_remove(&pool, &node[0]);
	for (i = 0; i < 5; i++)
		atls_pool_put(&pool, &node[i], 0);
	atls_pool_remove(&pool, &node[2]);
	atls_pool_remove(&pool, &node[2]);
	atls_pool_remove(&pool, &node[0]);
	atls_pool_remove(&pool, &node[4]);
	assert_int_equal(pool.count, 2);
	assert_ptr_equal(pool.oldest, &node[1]);
	assert_ptr_equal(pool.newest, &node[3]);
	atls_pool_remove(&pool, &node[1]);
	atls_pool_remove(&pool, &node[3]);
	assert_int_equal(pool.count, 0);
	assert_null(pool.newest);
	atls_pool_put(&pool, &node[2], 0);
	assert_ptr_equal(atls_pool_take(&pool), &node[2]);
}

/* AT-RU-07: oldest first; what is not idle long enough stays. */
static void
oldest_reaped_first(void **state)
{
	(void)state;
	atls_pool_put(&pool, &node[1], 0);
	atls_pool_put(&pool, &node[0], 0);
	atls_pool_put(&pool, &node[2], 500);
	assert_null(atls_pool_reap(&pool, 60000));
	assert_ptr_equal(atls_pool_reap(&pool, 60001), &node[0]);
	assert_ptr_equal(atls_pool_reap(&pool, 60001), &node[1]);
	assert_null(atls_pool_reap(&pool, 60001));
	assert_int_equal(pool.count, 1);
	assert_ptr_equal(atls_pool_reap(&pool, 60501), &node[2]);
	assert_null(atls_pool_reap(&pool, 99999));
}

/* An old session that was used a moment ago does not shield a newer one. */
static void
idle_time_counts(void **state)
{
	(void)state;
	atls_pool_put(&pool, &node[0], 50000);
	atls_pool_put(&pool, &node[1], 0);
	assert_ptr_equal(atls_pool_reap(&pool, 60001), &node[1]);
	assert_null(atls_pool_reap(&pool, 60001));
}

/* AT-RU-06: the newest survive, and their clock starts again. */
static void
min_idle_kept(void **state)
{
	size_t i;

	(void)state;
	pool.min_idle = 2;
	for (i = 0; i < 5; i++)
		atls_pool_put(&pool, &node[i], 0);
	assert_ptr_equal(atls_pool_reap(&pool, 70000), &node[0]);
	assert_ptr_equal(atls_pool_reap(&pool, 70000), &node[1]);
	assert_ptr_equal(atls_pool_reap(&pool, 70000), &node[2]);
	assert_null(atls_pool_reap(&pool, 70000));
	assert_int_equal(pool.count, 2);
	assert_int_equal(node[3].idle_since_ms, 70000);
	assert_int_equal(node[4].idle_since_ms, 70000);
	pool.min_idle = 0;
	assert_null(atls_pool_reap(&pool, 130000));
	assert_ptr_equal(atls_pool_reap(&pool, 130001), &node[3]);
}

static void
zero_never_reaps(void **state)
{
	(void)state;
	pool.timeout_ms = 0;
	atls_pool_put(&pool, &node[0], 0);
	assert_null(atls_pool_reap(&pool, UINT64_MAX));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(numbers_count_up, start),
		cmocka_unit_test_setup(newest_first, start),
		cmocka_unit_test_setup(remove_anywhere, start),
		cmocka_unit_test_setup(oldest_reaped_first, start),
		cmocka_unit_test_setup(idle_time_counts, start),
		cmocka_unit_test_setup(min_idle_kept, start),
		cmocka_unit_test_setup(zero_never_reaps, start),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
