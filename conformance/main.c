/* anytls-conform: options, signals, and which command to run. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conformance/anytls/pack.h"
#include "conformance/engine/compare.h"
#include "conformance/engine/judge.h"
#include "conformance/engine/manual.h"
#include "conformance/engine/options.h"
#include "conformance/engine/show.h"

#define PROGRAM "anytls-conform"
#define PROFILES "auto, v1, v2 or v3"

static int stop_pipe[2] = { -1, -1 };
static volatile sig_atomic_t stopping;

static void
on_signal(int signo)
{
	char byte = (char)signo;
	ssize_t n;

	if (stopping)
		_exit(EXIT_INTERRUPTED);
	stopping = 1;
	n = write(stop_pipe[1], &byte, 1);
	(void)n;
}

/* SIGINT and SIGTERM make stop_pipe[0] readable, for good: the run ends and its
 * reports are written. The second one does not wait for that. */
static void
catch_signals(void)
{
	struct sigaction sa;

	if (pipe(stop_pipe) < 0)
		return;
	fcntl(stop_pipe[0], F_SETFD, FD_CLOEXEC);
	fcntl(stop_pipe[1], F_SETFD, FD_CLOEXEC);
	fcntl(stop_pipe[1], F_SETFL, O_NONBLOCK);
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_signal;
	sa.sa_flags = SA_RESTART;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
}

static const char *const synopsis[] = {
	"--target HOST:PORT --password TEXT [OPTION...] [PATTERN...]",
	"--sut 'CMD {listen} {password}' [OPTION...] [PATTERN...]",
	"client [OPTION...] [PATTERN...] -- CMD [ARG...]",
	"list [--json] [--profiles] [PATTERN...]",
	"explain ID...",
	"coverage [--check]",
	"check-pcap FILE [--keylog FILE] [--port N]",
	"replay FILE --target HOST:PORT --password TEXT [OPTION...]",
	"diff RESULTS RESULTS",
	"merge RESULTS...",
	"matrix [--table KIND] [NAME=]RESULTS...",
	NULL,
};

static const char *const about[] = {
	"Results go to standard output, notices and progress to standard "
	"error. PATTERN selects cases by id: '*' stands for one component, "
	"'**' for any number, @FILE for the lines of FILE.",
	"Each client case starts CMD with {server} {host} {port} {password} "
	"{sni} {ca} {socks} {case_dir} {uri} and, where it can have a second "
	"server, {server2} replaced; the same are in its environment as "
	"ANYTLS_SERVER and so on, and the case as ANYTLS_CASE. It must listen "
	"at {socks}, as a SOCKS5 or HTTP CONNECT proxy.",
	"Each option has a twin in the environment, ANYTLS_READY_TIMEOUT for "
	"--ready-timeout, with commas between what may be repeated, and 1 or "
	"0 for flags; and in the --config file. The command line wins over "
	"the environment, and that over the file.",
	NULL,
};

static const struct manual_row commands[] = {
	{ "client", "judge a client instead of a server" },
	{ "list", "print the cases, or the servers they impersonate" },
	{ "explain", "say what a case or a requirement is about" },
	{ "coverage", "print which requirement has which cases" },
	{ "check-pcap", "judge the sessions in a capture" },
	{ "replay", "send a recorded case again, and compare" },
	{ "diff", "say what changed between two result files" },
	{ "merge", "make one result of those of shards" },
	{ "matrix", "compare the results of several targets in a table" },
	{ NULL, NULL },
};

static const struct manual_row exits[] = {
	{ "0", "the target conforms: a case ran, all ended as expected" },
	{ "1",
	    "an unexpected result: a failure, a crash, a known failure that "
	    "passed or failed otherwise, with --strict a warning" },
	{ "2", "interrupted, or --deadline is over; reports are written" },
	{ "3", "the suite itself failed, or a report could not be written" },
	{ "4",
	    "usage: a bad option, a pattern that matches nothing, a file "
	    "with a mistake" },
	{ "5", "nothing was tested" },
	{ "6",
	    "the target is unusable: not reachable, no TLS, wrong password" },
	{ NULL, NULL },
};

static const struct manual manual = {
	.program = PROGRAM,
	.version = VERSION,
	.summary = "judges an AnyTLS server, or a client, by the protocol's "
		   "text",
	.synopsis = synopsis,
	.about = about,
	.commands = commands,
	.exits = exits,
};

static const char *
version(char *buf, size_t size)
{
	snprintf(buf, size, GIT_REV[0] != '\0' ? VERSION " (%s)" : VERSION "%s",
	    GIT_REV);
	return buf;
}

static int
run(const struct options *opt, char *const argv[], struct complaint *c)
{
	const struct pack *pack =
	    opt->command == FOR_CLIENT ? &anytls_client_pack : &anytls_pack;
	struct judge_config cfg;
	char text[128];

	if (strcmp(opt->profile, "auto") != 0 &&
	    strcmp(opt->profile, "v1") != 0 &&
	    strcmp(opt->profile, "v2") != 0 && strcmp(opt->profile, "v3") != 0)
		return complain(c, EXIT_USAGE,
		    "--profile: '%s' is none of " PROFILES, opt->profile);
	if (opt->list || opt->dry_run)
		return show_list(pack, opt, stdout, c);
	catch_signals();
	if (opt->observe)
		return anytls_observe(opt, stdout, stop_pipe[0], c);
	memset(&cfg, 0, sizeof(cfg));
	cfg.opt = opt;
	cfg.pack = pack;
	cfg.all = &anytls_all_packs;
	cfg.program = PROGRAM;
	cfg.version = version(text, sizeof(text));
	cfg.vectors = VECTORS_HASH;
	cfg.argv = argv;
	cfg.out = stdout;
	cfg.stop_fd = stop_pipe[0];
	return judge_run(&cfg, c);
}

static int
check_pcap(const struct options *opt, char *const argv[], struct complaint *c)
{
	char text[128];
	struct anytls_check how = { opt, argv, stdout, -1, PROGRAM,
		version(text, sizeof(text)), VECTORS_HASH };

	catch_signals();
	how.stop_fd = stop_pipe[0];
	return anytls_check_pcap(&how, c);
}

static int
dispatch(const struct options *opt, char *const argv[], struct complaint *c)
{
	char text[128];

	if (opt->help) {
		manual_help(&manual, stdout);
		return 0;
	}
	if (opt->completion != NULL) {
		manual_complete(&manual, opt->completion, stdout);
		return 0;
	}
	if (opt->manual != NULL) {
		(strcmp(opt->manual, "man") == 0
			? manual_man
			: manual_markdown)(&manual, stdout);
		return 0;
	}
	if (opt->version) {
		printf(PROGRAM " %s\n%s\nvectors %s\n",
		    version(text, sizeof(text)), anytls_pack.document,
		    VECTORS_HASH);
		return 0;
	}
	switch (opt->command) {
	case FOR_LIST:
		if (opt->profiles) {
			anytls_list_profiles(stdout);
			return 0;
		}
		return show_list(&anytls_all_packs, opt, stdout, c);
	case FOR_EXPLAIN:
		return show_explain(&anytls_all_packs, opt, stdout, c);
	case FOR_PCAP:
		return check_pcap(opt, argv, c);
	case FOR_REPLAYED:
		return anytls_replay(opt, stdout, c);
	case FOR_COVERAGE:
		return show_coverage(&anytls_all_packs, opt, stdout, c);
	case FOR_DIFF:
		return compare_diff(opt, stdout, c);
	case FOR_MERGE:
		return compare_merge(opt, stdout, c);
	case FOR_MATRIX:
		return compare_matrix(opt, stdout, c);
	default:
		return run(opt, argv, c);
	}
}

/* Asks about the program, and needs no target. */
static bool
is_about(const struct options *opt)
{
	return opt->help || opt->version || opt->completion != NULL ||
	    opt->manual != NULL;
}

int
main(int argc, char *argv[])
{
	struct complaint c = { 0, "" };
	struct options opt;
	int rc;

	rc = options_parse(&opt, argc, argv, &c);
	opt.notes = stderr;
	if (rc == 0 && !is_about(&opt))
		rc = options_check(&opt, &c);
	if (rc == 0)
		rc = dispatch(&opt, argv, &c);
	options_free(&opt);
	if (fflush(stdout) != 0 && rc == 0)
		rc = complain(&c, EXIT_SUITE,
		    "the report could not be written to standard output");
	if (c.code != 0)
		fprintf(stderr, PROGRAM ": %s\n", c.text);
	return rc;
}
