/* Options from the command line and the environment. */
#include "conformance/test/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/engine/options.h"

/* Parses LINE, words apart by blanks, and checks it. */
static int
parse(struct options *o, const char *line, struct complaint *c)
{
	char *copy = strdup(line), *argv[32], *word, *rest = copy;
	int argc = 0, rc;

	memset(c, 0, sizeof(*c));
	argv[argc++] = strtok_r(rest, " ", &rest);
	while ((word = strtok_r(rest, " ", &rest)) != NULL)
		argv[argc++] = word;
	argv[argc] = NULL;
	rc = options_parse(o, argc, argv, c);
	if (rc == 0)
		rc = options_check(o, c);
	/* Lives as long as what borrows from it. */
	if (o->owned == NULL)
		o->owned = copy;
	else
		free(copy);
	return rc;
}

static void
assert_refused(const char *line, const char *sentence)
{
	struct complaint c;
	struct options o;

	assert_int_equal(parse(&o, line, &c), EXIT_USAGE);
	if (strstr(c.text, sentence) == NULL)
		fail_msg("%s: said '%s'", line, c.text);
	options_free(&o);
}

static void
values(void **state)
{
	struct complaint c;
	struct options o;

	(void)state;
	assert_int_equal(parse(&o,
			     "x --target h:1 --password=pw -vv --timeout 300ms "
			     "a/b --time-scale 2.5 -j7 --seed 7f3a --req R-1 "
			     "--req R-2 --level should -x c/**",
			     &c),
	    0);
	assert_int_equal(o.command, FOR_RUN);
	assert_string_equal(o.target, "h:1");
	assert_string_equal(o.password, "pw");
	assert_int_equal(o.verbose, 2);
	assert_int_equal(o.timeout_ms, 300);
	assert_true(o.time_scale > 2.4 && o.time_scale < 2.6);
	assert_int_equal(o.jobs, 7);
	assert_int_equal(o.seed, 0x7f3a);
	assert_int_equal(o.reqs.n, 2);
	assert_string_equal(o.level, "should");
	assert_true(o.fail_fast);
	assert_int_equal(o.rest.n, 2);
	assert_string_equal(o.rest.v[1], "c/**");
	options_free(&o);
}

static void
defaults(void **state)
{
	struct complaint c;
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, "x --sut {listen}", &c), 0);
	assert_int_equal(o.timeout_ms, 2000);
	assert_int_equal(o.ready_timeout_ms, 10000);
	assert_int_equal(o.jobs, 64);
	assert_int_equal(o.repeat, 1);
	assert_string_equal(o.origin_bind, "127.0.0.1");
	assert_null(o.ca);
	options_free(&o);
	assert_int_equal(parse(&o, "x --sut {port} --serial", &c), 0);
	assert_int_equal(o.jobs, 1);
	options_free(&o);
}

static void
refusals(void **state)
{
	(void)state;
	assert_refused("x --nonsense", "--nonsense");
	assert_refused("x -y", "-y");
	assert_refused("x --target", "--target needs a value");
	assert_refused("x --target= --password x", "--target needs a value");
	assert_refused("x --strict=1", "--strict takes no value");
	assert_refused("x --timeout 5", "unit");
	assert_refused("x --timeout -5s", "no duration");
	assert_refused("x --timeout 0s", "no duration");
	assert_refused("x --jobs 0", "--jobs");
	assert_refused("x --jobs 3x", "--jobs");
	assert_refused("x --seed xyz", "hexadecimal");
	assert_refused("x --time-scale 0", "--time-scale");
	assert_refused("x --level high", "must|should|may");
	assert_refused("x --format junit", "text|tap|jsonl");
	assert_refused("x", "--target");
	assert_refused("x --target h:1", "--password");
	assert_refused("x --target h:1 --sut {port} --password x", "exclude");
	assert_refused("x --sut {port} -q -v", "exclude");
	assert_refused(
	    "x --sut {port} --password x --password-file y", "exclude");
	assert_refused("x --sut {port} --password-file /dev/null", "password");
	assert_refused("x --sut {port} --json", "does not belong");
	assert_refused("x list --jobs 3", "does not belong");
}

static void
commands(void **state)
{
	struct complaint c;
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, "x list --json server/**", &c), 0);
	assert_int_equal(o.command, FOR_LIST);
	assert_int_equal(o.rest.n, 1);
	options_free(&o);
	assert_int_equal(parse(&o, "x coverage --check", &c), 0);
	assert_int_equal(o.command, FOR_COVERAGE);
	assert_true(o.check);
	options_free(&o);
	/* -h is help, never a host. */
	assert_int_equal(parse(&o, "x explain -h", &c), 0);
	assert_true(o.help);
	options_free(&o);
}

static void
environment(void **state)
{
	struct complaint c;
	struct options o;

	(void)state;
	setenv("ANYTLS_TARGET", "e:1", 1);
	setenv("ANYTLS_PASSWORD", "secret", 1);
	setenv("ANYTLS_READY_TIMEOUT", "3s", 1);
	setenv("ANYTLS_SKIP", "a/b, c/**", 1);
	setenv("ANYTLS_STRICT", "yes", 1);
	assert_int_equal(parse(&o, "x", &c), 0);
	assert_string_equal(o.target, "e:1");
	assert_int_equal(o.ready_timeout_ms, 3000);
	assert_int_equal(o.skip.n, 2);
	assert_string_equal(o.skip.v[1], "c/**");
	assert_true(o.strict);
	options_free(&o);
	/* The command line wins, over lists and over what it excludes. */
	assert_int_equal(parse(&o, "x --skip d --sut {port}", &c), 0);
	assert_int_equal(o.skip.n, 1);
	assert_null(o.target);
	options_free(&o);
	setenv("ANYTLS_STRICT", "maybe", 1);
	assert_refused("x", "ANYTLS_STRICT");
	unsetenv("ANYTLS_STRICT");
	setenv("ANYTLS_READY_TIMEOUT", "3", 1);
	assert_refused("x", "ANYTLS_READY_TIMEOUT");
	setenv("ANYTLS_READY_TIMEOUT", "", 1);
	assert_refused("x", "ANYTLS_READY_TIMEOUT");
	unsetenv("ANYTLS_READY_TIMEOUT");
	unsetenv("ANYTLS_TARGET");
	unsetenv("ANYTLS_PASSWORD");
	unsetenv("ANYTLS_SKIP");
}

/* What is behind "--" is the client's, whatever it looks like. */
static void
clients(void **state)
{
	struct complaint c;
	struct options o;

	(void)state;
	assert_int_equal(parse(&o,
			     "x client --proxy http client/** -- c -l {socks} "
			     "-x --target --",
			     &c),
	    0);
	assert_int_equal(o.command, FOR_CLIENT);
	assert_string_equal(o.proxy, "http");
	assert_int_equal(o.rest.n, 1);
	assert_int_equal(o.client.n, 6);
	assert_string_equal(o.client.v[5], "--");
	assert_false(o.fail_fast);
	assert_null(o.target);
	options_free(&o);
	assert_int_equal(
	    parse(&o, "x client --observe --listen a:1 --password p", &c), 0);
	assert_true(o.observe);
	options_free(&o);
	assert_refused("x client", "say what to test");
	assert_refused("x client --", "say what to test");
	assert_refused("x client --target a:1 -- c", "does not belong");
	assert_refused("x client --proxy gopher -- c", "none of");
	assert_refused("x client --observe -- c", "no command");
	assert_refused("x client --observe --listen a:1", "--password");
	assert_refused("x --sut {port} --proxy http", "does not belong");
}

/* A file is below the environment, and that below the command line. */
static void
config(void **state)
{
	static const struct {
		const char *line, *sentence;
	} bad[] = {
		{ "jbos = 3", "f:3: there is no option 'jbos' for a file" },
		{ "help = yes", "f:3: there is no option 'help'" },
		{ "config = x", "f:3: there is no option 'config'" },
		{ "verbose = 2", "f:3: there is no option 'verbose'" },
		{ "jobs", "f:3: jobs needs a value: jobs = N" },
		{ "jobs =", "f:3: jobs needs a value" },
		{ "jobs = x", "f:3: jobs: 'x' is no valid number" },
		{ "strict = maybe", "f:3: strict: 'maybe' is neither" },
		{ "timeout = 5", "f:3: timeout: '5' is no duration" },
	};
	char dir[] = "/tmp/options-XXXXXX", cwd[4096];
	struct complaint c;
	struct options o;
	size_t i;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_int_equal(chdir(dir), 0);
	f = fopen("f", "w");
	fputs("# ours\n\n  target = h:1 \r\npassword= a b\nstrict\njobs=3\n"
	      "timeout = 5s\nskip = a/b\nskip = c/**\nproxy = http\n"
	      "quiet = no\n",
	    f);
	fclose(f);
	assert_int_equal(parse(&o, "x --config f", &c), 0);
	assert_string_equal(o.target, "h:1");
	assert_string_equal(o.password, "a b");
	assert_true(o.strict);
	assert_int_equal(o.jobs, 3);
	assert_int_equal(o.skip.n, 2);
	assert_false(o.quiet);
	options_free(&o);
	setenv("ANYTLS_CONFIG", "f", 1);
	setenv("ANYTLS_JOBS", "4", 1);
	setenv("ANYTLS_STRICT", "no", 1);
	assert_int_equal(
	    parse(&o, "x --timeout 7s --skip x --sut {port}", &c), 0);
	assert_int_equal(o.jobs, 4);
	assert_false(o.strict);
	assert_int_equal(o.timeout_ms, 7000);
	assert_int_equal(o.skip.n, 1);
	/* What it excludes is of the lower rank. */
	assert_null(o.target);
	options_free(&o);
	unsetenv("ANYTLS_CONFIG");
	unsetenv("ANYTLS_JOBS");
	unsetenv("ANYTLS_STRICT");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		f = fopen("f", "w");
		fprintf(f, "strict\n\n%s\n", bad[i].line);
		fclose(f);
		assert_refused("x --config=f --sut {port}", bad[i].sentence);
	}
	assert_refused("x --config none", "'none'");
	unlink("f");
	assert_int_equal(chdir(cwd), 0);
	rmdir(dir);
}

static void
shards(void **state)
{
	static const char *const bad[] = { "0/2", "3/2", "1", "1/", "/2", "1/0",
		"a/b", "1/2/3", "-1/2", "1/2x", "1/99999" };
	struct complaint c;
	struct options o;
	char line[64];
	size_t i;

	(void)state;
	assert_int_equal(parse(&o, "x --sut {port} --shard 2/3", &c), 0);
	assert_int_equal(o.shard, 2);
	assert_int_equal(o.nshards, 3);
	options_free(&o);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(
		    line, sizeof(line), "x --sut {port} --shard %s", bad[i]);
		assert_refused(line, "is no shard");
	}
	assert_int_equal(parse(&o, "x --sut {port} --until-fail", &c), 0);
	assert_int_equal(o.repeat, 100);
	assert_true(o.fail_fast);
	options_free(&o);
}

static void
certificates(void **state)
{
	struct complaint c;
	struct options o;

	(void)state;
	setenv("ANYTLS_CA", "ca.pem", 1);
	assert_int_equal(parse(&o, "x --sut {port}", &c), 0);
	assert_string_equal(o.ca, "ca.pem");
	options_free(&o);
	assert_int_equal(parse(&o, "x --sut {port} -k", &c), 0);
	assert_null(o.ca);
	options_free(&o);
	unsetenv("ANYTLS_CA");
}

static void
replay(void **state)
{
	struct complaint c;
	struct options o;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(
	    parse(&o, "x --target h:1 --password pw --timeout 3s --jobs 3 a/b",
		&c),
	    0);
	options_replay(&o, f);
	fclose(f);
	assert_string_equal(
	    text, " --target h:1 --password '***' --timeout 3000ms");
	free(text);
	options_free(&o);
}

static void
durations(void **state)
{
	static const char *const bad[] = { "", "5", "s", "5 s", "1d", "-1s",
		"1e99s", "nan", "200h", "0ms", "5ss" };
	uint32_t ms;
	size_t i;

	(void)state;
	assert_true(options_duration("1.5m", &ms));
	assert_int_equal(ms, 90000);
	assert_true(options_duration("2h", &ms));
	assert_int_equal(ms, 7200000);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (options_duration(bad[i], &ms))
			fail_msg("'%s'", bad[i]);
}

static void
names(void **state)
{
	const struct option_row *row;
	char name[64];
	size_t n = 0;

	(void)state;
	options_env_name("ready-timeout", name, sizeof(name));
	assert_string_equal(name, "ANYTLS_READY_TIMEOUT");
	for (row = options_table; row->name != NULL; row++, n++)
		assert_true(row->help[0] != '\0');
	assert_true(n < OPTIONS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(defaults),
		cmocka_unit_test(refusals),
		cmocka_unit_test(commands),
		cmocka_unit_test(environment),
		cmocka_unit_test(clients),
		cmocka_unit_test(config),
		cmocka_unit_test(shards),
		cmocka_unit_test(certificates),
		cmocka_unit_test(replay),
		cmocka_unit_test(durations),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
