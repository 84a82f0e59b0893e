/* The command of --sut: words, placeholders, starting and stopping. */
#include "conformance/test/cm.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conformance/engine/launch.h"

/* Splits and joins with |; NULL when refused. */
static char *
split(const char *cmd, struct complaint *c)
{
	struct words w = { NULL, 0 };
	char *out = NULL;
	size_t size, i;
	FILE *f;

	if (launch_split(cmd, &w, c) != 0)
		return NULL;
	f = open_memstream(&out, &size);
	for (i = 0; i < w.n; i++)
		fprintf(f, "%s%s", i != 0 ? "|" : "", w.v[i]);
	fclose(f);
	words_free(&w);
	return out;
}

static void
assert_split(const char *cmd, const char *expected)
{
	struct complaint c;
	char *out = split(cmd, &c);

	assert_non_null(out);
	assert_string_equal(out, expected);
	free(out);
}

static void
splitting(void **state)
{
	(void)state;
	assert_split("  a  -l {listen} ", "a|-l|{listen}");
	assert_split("'a b' \"c d\"e {port}", "a b|c de|{port}");
	assert_split("a '' {port}", "a||{port}");
	assert_split("a\\ b '\\' \"\\\"\" {port}", "a b|\\|\"|{port}");
	assert_split("a $HOME `x` * ; {port}", "a|$HOME|`x`|*|;|{port}");
	assert_split("a '{\"x\": 1}' {port}", "a|{\"x\": 1}|{port}");
}

static void
refusing(void **state)
{
	static const char *const bad[] = { "", "a", "a 'b {port}",
		"a \"b {port}", "a {port} {nonsense}", "a {host}" };
	struct complaint c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(split(bad[i], &c));
		assert_int_equal(c.code, EXIT_USAGE);
	}
}

static void
assert_expanded(
    const char *cmd, const struct launch_values *values, const char *expected)
{
	struct words w = { NULL, 0 }, out = { NULL, 0 };
	struct complaint c;
	char text[512] = "";
	size_t i;
	int rc;

	assert_int_equal(launch_split(cmd, &w, &c), 0);
	rc = launch_expand(&w, values, &out, &c);
	for (i = 0; i < out.n; i++) {
		strcat(text, i != 0 ? "|" : "");
		strcat(text, out.v[i]);
	}
	assert_string_equal(rc == 0 ? text : "refused", expected);
	words_free(&w);
	words_free(&out);
}

static void
expanding(void **state)
{
	const struct launch_values values = { .password = "p w", .port = 77 };
	const struct launch_values fallback = {
		.password = "x", .fallback = "h:1", .port = 5
	};

	(void)state;
	assert_expanded(
	    "a -l {listen} -p={password}", &values, "a|-l|127.0.0.1:77|-p=p w");
	assert_expanded("a {host}:{port}{port}", &values, "a|127.0.0.1:7777");
	assert_expanded("a {port} {fallback}", &values, "refused");
	assert_expanded("a {port} [ -f {fallback} ] z", &values, "a|77|z");
	assert_expanded(
	    "a {port} [ -f {fallback} ] z", &fallback, "a|5|-f|h:1|z");
	assert_expanded("a [{port}]", &values, "a|[77]");
}

static void
expanding_client(void **state)
{
	const char *const words[] = { "c", "-l{socks}", "{server}", "{host}",
		"{port}", "{server2}", "{sni}", "{ca}", "{case_dir}", "{uri}" };
	const struct launch_values values = { .server = "127.0.0.1:9",
		.server_host = "127.0.0.1",
		.server_port = 9,
		.server2 = "127.0.0.1:10",
		.sni = "n",
		.ca = "f",
		.case_dir = "d",
		.uri = "u://",
		.port = 77 };
	const char *const expected[] = { "c", "-l127.0.0.1:77", "127.0.0.1:9",
		"127.0.0.1", "9", "127.0.0.1:10", "n", "f", "d", "u://" };
	struct words w = { NULL, 0 }, out = { NULL, 0 };
	struct complaint c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		words_add(&w, words[i]);
	assert_int_equal(launch_check_client(&w, &c), 0);
	assert_int_equal(launch_expand(&w, &values, &out, &c), 0);
	assert_int_equal(out.n, w.n);
	for (i = 0; i < out.n; i++)
		assert_string_equal(out.v[i], expected[i]);
	words_free(&out);
	words_add(&w, "{listen}");
	assert_int_equal(launch_check_client(&w, &c), EXIT_USAGE);
	words_free(&w);
	words_add(&w, "{server}");
	assert_int_equal(launch_check_client(&w, &c), EXIT_USAGE);
	assert_non_null(strstr(c.text, "{socks}"));
	words_free(&w);
}

static int
start(struct launch *l, const char *cmd, const char *log, struct complaint *c)
{
	struct words w = { NULL, 0 };
	struct launch_config cfg;
	int rc;

	memset(&cfg, 0, sizeof(cfg));
	assert_int_equal(launch_split(cmd, &w, c), 0);
	cfg.command = &w;
	cfg.log = log;
	cfg.ready_ms = 400;
	cfg.own_group = true;
	rc = launch_start(l, &cfg, c);
	words_free(&w);
	return rc;
}

static void
failing_to_start(void **state)
{
	char log[] = "/tmp/test-launch-XXXXXX";
	struct complaint c;
	struct launch l;

	(void)state;
	close(mkstemp(log));
	assert_int_equal(
	    start(&l, "./no-such-program {port}", log, &c), EXIT_UNUSABLE);
	assert_non_null(strstr(c.text, "no-such-program"));
	assert_int_equal(
	    start(
		&l, "sh -c 'echo no such option >&2; exit 3' {port}", log, &c),
	    EXIT_UNUSABLE);
	assert_non_null(strstr(c.text, "exit status 3"));
	assert_non_null(strstr(c.text, "no such option"));
	assert_int_equal(start(&l, "sleep 30 {port}", log, &c), EXIT_UNUSABLE);
	unlink(log);
	assert_int_equal(l.pid, 0);
}

static void
obituaries(void **state)
{
	char log[] = "/tmp/test-launch-XXXXXX", text[512];
	struct launch l;
	FILE *f;

	(void)state;
	memset(&l, 0, sizeof(l));
	f = fdopen(mkstemp(log), "w");
	fputs("start\n==1==ERROR: AddressSanitizer: heap-use-after-free\n"
	      "more\nlast\n",
	    f);
	fclose(f);
	snprintf(l.log, sizeof(l.log), "%s", log);
	l.status = SIGABRT;
	launch_obituary(&l, text, sizeof(text));
	unlink(log);
	assert_non_null(strstr(text, "killed by SIGABRT"));
	assert_non_null(strstr(text, "heap-use-after-free"));
	assert_null(strstr(text, "last"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splitting),
		cmocka_unit_test(refusing),
		cmocka_unit_test(expanding),
		cmocka_unit_test(expanding_client),
		cmocka_unit_test(failing_to_start),
		cmocka_unit_test(obituaries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
