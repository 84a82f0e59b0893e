/* A pack of five cases of both roles that are never run, for tests. */
#ifndef TEST_CASES_H
#define TEST_CASES_H

#include "conformance/engine/test.h"

static inline void
test_nothing(struct t *t)
{
	(void)t;
}

static const struct tcase test_server_cases[] = {
	{ .id = "server/a/one", .reqs = "R-1", .run = test_nothing },
	{ .id = "server/a/two", .reqs = "R-2", .run = test_nothing },
	{ .id = "server/b/one", .reqs = "R-3", .run = test_nothing },
};
static const struct tcase test_client_cases[] = {
	{ .id = "client/a/one", .reqs = "R-1", .run = test_nothing },
	{ .id = "client/a/two", .reqs = "R-1", .run = test_nothing },
};
static const struct suite test_server_suite = SUITE("s", test_server_cases);
static const struct suite test_client_suite = SUITE("c", test_client_cases);
static const struct suite *const test_suites[] = { &test_server_suite,
	&test_client_suite, NULL };

static const struct pack test_pack = {
	.name = "x",
	.suites = test_suites,
	.requirements = "R-1\tboth\tMUST\ttext\t1\tone\tcase\n"
			"R-2\tboth\tSHOULD\ttext\t1\ttwo\tcase\n"
			"R-3\tboth\tMAY\ttext\t1\tthree\tcase\n",
	.aliases = "# old\tnew\n"
		   "server/a/uno\tserver/a/one\n"
		   "server/old/x\tserver/a/two\n"
		   "server/old/y\tserver/b/one\n",
};

#endif
