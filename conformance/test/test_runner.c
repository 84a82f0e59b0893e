/* Verdicts, reports and exit codes of the runner as a whole. */
#include "conformance/test/fake.h"

#include <sys/mman.h>

#include "conformance/engine/report.h"

static void
passes(struct t *t)
{
	char *p = t_alloc(t, 1000);

	assert_int_equal(p[999], 0);
	t_observe(t, "seen %d", 42);
	assert_string_equal(t_printf(t, "%d-%s", 1, "x"), "1-x");
}

static void
log_cleanup(void *arg)
{
	struct t *t = arg;

	t_observe(t, "cleaned up");
	t_error(t, "a verdict that comes too late");
}

static void
log_other_cleanup(void *arg)
{
	t_observe(arg, "and once more");
}

static void
fails(struct t *t)
{
	t_cleanup(t, log_other_cleanup, t);
	t_cleanup(t, log_cleanup, t);
	t_log(t, "sent %s", "\033[2Jsomething");
	t_bytes(t, "\x03\x00\x1b[", 4);
	t_fail(t, "an answer", "said \"%s\"", "\033]0;title\007\xff");
}

static void
hang_cleanup(void *arg)
{
	(void)arg;
	poll(NULL, 0, 60000);
}

static void
hangs_after(struct t *t)
{
	t_cleanup(t, hang_cleanup, NULL);
	t_fail(t, "an answer", "the verdict before the hang");
}

static void
observes(struct t *t)
{
	t_observe(t, "goes on");
}

static void
segfaults(struct t *t)
{
	t_step(t, "step before the fault");
	/* cmocka catches it. */
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

static void
exits(struct t *t)
{
	(void)t;
	_exit(7);
}

static void
hangs(struct t *t)
{
	t_step(t, "waiting for the answer");
	poll(NULL, 0, 60000);
}

static void
stuck(struct t *t)
{
	t_step(t, "waiting for the answer");
	t_step(t, "%s", "");
	poll(NULL, 0, 60000);
}

/* Leaves a process behind, which holds what it inherited. */
static void
leaves_behind(struct t *t)
{
	if (fork() == 0) {
		execlp("sleep", "sleep", "60", (char *)NULL);
		_exit(1);
	}
	t_observe(t, "left");
}

static void
skips(struct t *t)
{
	t_skip(t, "origin", "cannot be reached");
}

static void
errs(struct t *t)
{
	t_error(t, "no socket: %s", strerror(EMFILE));
}

static void
crashes(struct t *t)
{
	t_crash(t, "it is gone");
}

/* How often slow_at_first() has run, in whatever process. */
static unsigned *slow_runs;

/* As on a machine that is busy for a moment. */
static void
slow_at_first(struct t *t)
{
	if ((*slow_runs)++ == 0)
		t_crash(t, "it does not answer in time");
}

static void
waits(struct t *t)
{
	poll(NULL, 0, (int)(long)t->tc->budget_ms / 10);
}

static void
random_choice(struct t *t)
{
	t_observe(t, "chose %llx", (unsigned long long)t_random(t));
}

static void
echoes(struct t *t)
{
	char in[70000] = "", out[70000];
	size_t sent = 0, got = 0;
	struct pollfd p = { -1, POLLIN, 0 };
	ssize_t n;

	memset(out, 'x', sizeof(out));
	p.fd = reach_connect(t->origin_host, t->echo_port, 1000);
	if (p.fd < 0)
		t_error(t, "no echo origin");
	while (got < sizeof(in) && t_now() < t->start_ms + 5000) {
		n = sent < sizeof(out)
		    ? write(p.fd, out + sent, sizeof(out) - sent)
		    : 0;
		sent += n > 0 ? (size_t)n : 0;
		if (sent == sizeof(out) && n > 0)
			shutdown(p.fd, SHUT_WR);
		poll(&p, 1, 100);
		n = read(p.fd, in + got, sizeof(in) - got);
		got += n > 0 ? (size_t)n : 0;
	}
	if (got != sizeof(in) || memcmp(in, out, got) != 0)
		t_fail(t, "an echo", "%zu bytes", got);
	poll(&p, 1, 1000);
	if (read(p.fd, in, 1) != 0)
		t_fail(t, "the end", "something else");
	close(p.fd);
}

static const struct tcase good_cases[] = {
	{ "good/pass", "MUST-1", passes },
	{ "good/observes", "MAY-1", observes },
	{ "good/random", "MUST-1", random_choice },
	{ "good/echo", "MUST-1", echoes },
	{ "good/udp", "MUST-1", passes, .needs = "udp, !tcp" },
};
static const struct tcase soft_cases[] = {
	{ "soft/should", "SHOULD-1,MUST-1", fails },
	{ "soft/reference", "REF-1", fails },
	{ "soft/safety", "SAFE-1", fails },
	{ "soft/may", "MAY-1", fails },
};
static const struct tcase bad_cases[] = {
	{ "bad/fail", "MUST-1", fails },
	{ "bad/hang", "REF-1", hangs, .budget_ms = 300 },
	{ "bad/late", "MUST-1", hangs_after, .budget_ms = 300 },
	{ "bad/crash", "MUST-1", crashes },
	{ "bad/slow", "MUST-1", slow_at_first },
};
static const struct tcase none_cases[] = {
	{ "none/skip", "MUST-1", skips },
	{ "none/needs", "MUST-1", passes, .needs = "quic" },
};
static const struct tcase error_cases[] = {
	{ "error/error", "MUST-1", errs },
	{ "error/segfault", "MUST-1", segfaults },
	{ "error/exit", "MUST-1", exits },
	{ "error/stuck", "MUST-1", stuck, .budget_ms = 300 },
};
static const struct tcase wait_cases[] = {
	{ "wait/before", "MUST-1", passes },
	{ "wait/leave", "MUST-1", leaves_behind },
	{ "wait/wait", "MUST-1", waits, .budget_ms = 3000 },
	{ "wait/after", "MUST-1", waits, .budget_ms = 3000, CASE_SERIAL },
	{ "wait/last", "MUST-1", waits, .budget_ms = 3000, CASE_SERIAL },
};
static const struct suite good = SUITE("good", good_cases);
static const struct suite soft = SUITE("soft", soft_cases);
static const struct suite bad = SUITE("bad", bad_cases);
static const struct suite none = SUITE("none", none_cases);
static const struct suite error = SUITE("error", error_cases);
static const struct suite waiting = SUITE("wait", wait_cases);
static const struct suite *const suites[] = { &good, &soft, &bad, &none, &error,
	&waiting, NULL };

static void
assert_code(const char *args, int code)
{
	const struct pack fake = pack_of(suites);
	struct run r;

	run_on_target(&r, &fake, args, -1);
	if (r.code != code)
		fail_msg("%s: exit %d, not %d\n%s", args, r.code, code, r.out);
	run_free(&r);
}

static void
statuses(void **state)
{
	const struct pack fake = pack_of(suites);
	struct run r;

	(void)state;
	*slow_runs = 0;
	run_on_target(&r, &fake,
	    "--format jsonl good/** soft/** bad/** none/** error/** "
	    "--skip good/random",
	    -1);
	assert_int_equal(r.code, EXIT_FINDINGS);
	assert_status(&r, "good/pass", "pass");
	assert_says(&r, "good/pass", "seen 42");
	assert_status(&r, "good/observes", "pass");
	assert_status(&r, "good/random", "skip");
	assert_says(&r, "good/random", "\"class\":\"filter\"");
	assert_status(&r, "good/echo", "pass");
	assert_status(&r, "good/udp", "pass");
	assert_status(&r, "soft/should", "warn");
	assert_status(&r, "soft/reference", "warn");
	assert_status(&r, "soft/safety", "warn");
	assert_status(&r, "soft/may", "info");
	assert_status(&r, "bad/fail", "fail");
	assert_status(&r, "bad/hang", "fail");
	assert_says(&r, "bad/hang", " s, last step: waiting for the answer");
	assert_status(&r, "bad/late", "fail");
	assert_says(&r, "bad/late", "the verdict before the hang");
	/* Looked at again, the target serves: it has not crashed. */
	assert_status(&r, "bad/crash", "fail");
	assert_says(&r, "bad/crash", "it is gone");
	/* What passes the second time is not hidden. */
	assert_status(&r, "bad/slow", "flaky");
	assert_int_equal(*slow_runs, 2);
	assert_status(&r, "none/skip", "skip");
	assert_says(&r, "none/skip", "\"class\":\"origin\"");
	assert_status(&r, "none/needs", "skip");
	assert_says(&r, "none/needs", "needs quic");
	assert_status(&r, "error/error", "error");
	assert_status(&r, "error/segfault", "error");
	assert_says(&r, "error/segfault", "last step: step before the fault");
	assert_status(&r, "error/exit", "error");
	assert_says(&r, "error/exit", "exit status 7");
	assert_status(&r, "error/stuck", "error");
	run_free(&r);
}

static void
exit_codes(void **state)
{
	(void)state;
	assert_code("good/**", EXIT_CONFORMS);
	assert_code("soft/**", EXIT_CONFORMS);
	assert_code("soft/should --strict", EXIT_FINDINGS);
	assert_code("soft/may --strict", EXIT_CONFORMS);
	assert_code("bad/fail", EXIT_FINDINGS);
	assert_code("bad/hang", EXIT_FINDINGS);
	assert_code("bad/crash", EXIT_FINDINGS);
	assert_code("error/error", EXIT_SUITE);
	assert_code("error/segfault good/**", EXIT_SUITE);
	assert_code("none/**", EXIT_NOTHING_TESTED);
	assert_code("good/** --skip good/**", EXIT_NOTHING_TESTED);
	assert_code("good/udp --feature udp=no", EXIT_NOTHING_TESTED);
	assert_code("good/nothing", EXIT_USAGE);
	assert_code("good", EXIT_USAGE);
	assert_code("good/** --skip god/**", EXIT_USAGE);
	assert_code("good/** --deadline 1h", EXIT_CONFORMS);
	assert_code("wait/wait --deadline 100ms", EXIT_INTERRUPTED);
}

static void
unusable(void **state)
{
	uint16_t port = 0;
	char line[128];
	const struct pack fake = pack_of(suites);
	struct run r;
	int fd;

	(void)state;
	/* Bound, listening, and never accepted from. */
	fd = reach_listen("127.0.0.1", &port);
	snprintf(line, sizeof(line), "x --target 127.0.0.1:%u --password p",
	    (unsigned)port);
	run_with(&r, &fake, line, -1);
	assert_int_equal(r.code, EXIT_UNUSABLE);
	assert_non_null(strstr(r.c.text, "never answered"));
	run_free(&r);
	close(fd);
	run_with(&r, &fake, line, -1);
	assert_int_equal(r.code, EXIT_UNUSABLE);
	assert_non_null(strstr(r.c.text, "cannot connect"));
	assert_non_null(strstr(r.out, "exit 6"));
	run_free(&r);
}

static void
order_and_reports(void **state)
{
	const char *const ids[] = { "wait/before", "wait/wait", "wait/after" };
	const char *at, *next;
	const struct pack fake = pack_of(suites);
	struct run r;
	size_t i;

	(void)state;
	/* The case that waits is started first and reported in its place. */
	run_on_target(
	    &r, &fake, "--format jsonl wait/before wait/wait wait/after", -1);
	assert_int_equal(r.code, 0);
	at = r.out;
	for (i = 0; i < 3; i++) {
		next = line_of(&r, ids[i]);
		assert_non_null(next);
		assert_true(next > at);
		at = next;
	}
	assert_non_null(strstr(r.out, "\"udp\":true"));
	assert_non_null(strstr(r.out, "\"text\":\"line\\nline\""));
	run_free(&r);
}

static void
nothing_raw(void **state)
{
	const struct pack fake = pack_of(suites);
	struct run r;

	(void)state;
	run_on_target(&r, &fake, "--color never bad/fail -vv", -1);
	assert_null(strchr(r.out, '\033'));
	assert_null(strchr(r.out, '\007'));
	assert_null(strstr(r.out, "\xff"));
	assert_non_null(strstr(r.out, "said \"\\x1b]0;title\\x07\\xff\""));
	assert_non_null(strstr(r.out, "sent \\x1b[2Jsomething"));
	assert_non_null(strstr(r.out, "03 00 1b 5b"));
	assert_non_null(strstr(r.out, "cleaned up"));
	assert_non_null(strstr(r.out, "and once more"));
	assert_null(strstr(r.out, "too late"));
	assert_non_null(strstr(r.out, "--password '***' --run bad/fail"));
	assert_non_null(strstr(r.out,
	    "findings: text MUST 1, text SHOULD 0, reference 0, safety 0\n"
	    "fake-conform: 1 run, 0 pass, 1 fail, 0 warn, 0 info; 0 skip; "));
	assert_non_null(strstr(r.out, "; exit 1\n"));
	run_free(&r);
}

static void
seeds(void **state)
{
	const struct pack fake = pack_of(suites);
	struct run a, b;
	const char *chose;
	char text[64];

	(void)state;
	run_on_target(&a, &fake, "--format jsonl good/random --seed abc", -1);
	run_on_target(
	    &b, &fake, "--format jsonl good/random --seed abc --repeat 2", -1);
	chose = strstr(a.out, "chose ");
	assert_non_null(chose);
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(chose, "\""), chose);
	assert_says(&b, "good/random", text);
	/* The second round chooses otherwise. */
	chose = strstr(strstr(b.out, text) + 1, "chose ");
	assert_non_null(chose);
	assert_int_not_equal(strncmp(chose, text, strlen(text)), 0);
	run_free(&a);
	run_free(&b);
}

static void
stopping(void **state)
{
	const struct pack fake = pack_of(suites);
	struct run r;
	int ends[2];

	(void)state;
	run_on_target(&r, &fake, "--format jsonl -j1 bad/fail good/** -x", -1);
	assert_int_equal(r.code, EXIT_FINDINGS);
	/* All have one budget, so they run in the order of the tables. */
	assert_status(&r, "good/pass", "pass");
	assert_status(&r, "bad/fail", "fail");
	run_free(&r);
	run_on_target(&r, &fake,
	    "--format jsonl -j1 wait/wait error/error bad/** -x", -1);
	assert_status(&r, "bad/fail", "fail");
	assert_status(&r, "bad/hang", "blocked");
	assert_status(&r, "wait/wait", "blocked");
	run_free(&r);

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	run_on_target(&r, &fake, "good/**", ends[0]);
	assert_int_equal(r.code, EXIT_INTERRUPTED);
	assert_non_null(strstr(r.out, "exit 2"));
	run_free(&r);
	close(ends[0]);
	close(ends[1]);
}

static void
debugging(void **state)
{
	const struct pack fake = pack_of(suites);
	struct run r;

	(void)state;
	run_on_target(&r, &fake, "--no-fork good/pass", -1);
	assert_int_equal(r.code, 0);
	run_free(&r);
	run_on_target(&r, &fake, "--no-fork good/*", -1);
	assert_int_equal(r.code, EXIT_USAGE);
	run_free(&r);
}

static void
serial_alone(void **state)
{
	const struct pack fake = pack_of(suites);
	uint64_t start = t_now();
	struct run r;

	(void)state;
	run_on_target(&r, &fake, "wait/**", -1);
	assert_int_equal(r.code, 0);
	/* 300 ms each: one together with others, two alone. */
	assert_true(t_now() - start >= 900);
	run_free(&r);
}

static void
nothing_left_behind(void **state)
{
	const struct pack fake = pack_of(suites);
	struct pollfd p = { -1, POLLIN, 0 };
	struct run r;
	int ends[2];

	(void)state;
	/* Inherited by all; end-of-file says that nobody is left. */
	assert_int_equal(pipe(ends), 0);
	run_on_target(&r, &fake, "wait/leave", -1);
	assert_int_equal(r.code, 0);
	run_free(&r);
	close(ends[1]);
	p.fd = ends[0];
	assert_int_equal(poll(&p, 1, 5000), 1);
	close(ends[0]);
}

static void
colours(void **state)
{
	FILE *f = tmpfile();

	(void)state;
	assert_non_null(f);
	assert_false(report_wants_colour("auto", f));
	assert_true(report_wants_colour("always", f));
	setenv("CLICOLOR_FORCE", "0", 1);
	assert_false(report_wants_colour("auto", f));
	setenv("CLICOLOR_FORCE", "1", 1);
	assert_true(report_wants_colour("auto", f));
	assert_false(report_wants_colour("never", f));
	setenv("NO_COLOR", "1", 1);
	assert_false(report_wants_colour("auto", f));
	assert_true(report_wants_colour("always", f));
	unsetenv("NO_COLOR");
	unsetenv("CLICOLOR_FORCE");
	fclose(f);
}

#define WAITING 60

static void
waits_overlap(void **state)
{
	struct tcase cases[WAITING];
	struct suite suite = { "many", cases, WAITING };
	const struct suite *const list[] = { &suite, NULL };
	struct pack pack = pack_of(suites);
	char ids[WAITING][16], line[128];
	uint16_t port;
	uint64_t start;
	struct run r;
	size_t i;
	pid_t pid;

	(void)state;
	memset(cases, 0, sizeof(cases));
	for (i = 0; i < WAITING; i++) {
		snprintf(ids[i], sizeof(ids[i]), "many/%zu", i);
		cases[i] = (struct tcase){ ids[i], "MUST-1", waits,
			.budget_ms = 5000 };
	}
	pack.suites = list;
	pid = start_target(&port);
	snprintf(line, sizeof(line), "x --target 127.0.0.1:%u --password p",
	    (unsigned)port);
	start = t_now();
	run_with(&r, &pack, line, -1);
	stop_target(pid);
	assert_int_equal(r.code, 0);
	/* One after the other it would take half a minute. */
	assert_true(t_now() - start < 10000);
	run_free(&r);
}

int
main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses),
		cmocka_unit_test(exit_codes),
		cmocka_unit_test(unusable),
		cmocka_unit_test(order_and_reports),
		cmocka_unit_test(nothing_raw),
		cmocka_unit_test(seeds),
		cmocka_unit_test(stopping),
		cmocka_unit_test(debugging),
		cmocka_unit_test(serial_alone),
		cmocka_unit_test(nothing_left_behind),
		cmocka_unit_test(colours),
		cmocka_unit_test(waits_overlap),
	};

	slow_runs = mmap(NULL, sizeof(*slow_runs), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (slow_runs == MAP_FAILED)
		return (1);

	fake_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
