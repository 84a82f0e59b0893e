/* anytls-conform: options, signals, and which command to run. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conformance/anytls/pack.h"
#include "conformance/engine/compare.h"
#include "conformance/engine/judge.h"
#include "conformance/engine/options.h"
#include "conformance/engine/show.h"

#define PROGRAM "anytls-conform"
#define PROFILES "auto, v1, v2 or v3"

static int stop_pipe[2] = { -1, -1 };

static void
on_signal(int signo)
{
	char byte = (char)signo;
	ssize_t n = write(stop_pipe[1], &byte, 1);

	(void)n;
}

/* SIGINT and SIGTERM make stop_pipe[0] readable, for good. */
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

static void
help(void)
{
	printf("Judges an AnyTLS server, or a client, by the protocol's "
	       "text.\n\n"
	       "usage: " PROGRAM " --target HOST:PORT --password TEXT "
	       "[OPTION...] [PATTERN...]\n"
	       "       " PROGRAM " --sut 'CMD {listen} {password}' "
	       "[OPTION...] [PATTERN...]\n"
	       "       " PROGRAM " client [OPTION...] [PATTERN...] -- "
	       "CMD [ARG...]\n"
	       "       " PROGRAM " list [--json] [PATTERN...]\n"
	       "       " PROGRAM " explain ID...\n"
	       "       " PROGRAM " coverage [--check]\n"
	       "       " PROGRAM " check-pcap FILE [--keylog FILE] [--port N]\n"
	       "       " PROGRAM " replay FILE --target HOST:PORT --password "
	       "TEXT [OPTION...]\n"
	       "       " PROGRAM " list --profiles\n"
	       "       " PROGRAM " diff RESULTS RESULTS\n"
	       "       " PROGRAM " merge RESULTS...\n"
	       "       " PROGRAM " matrix [--table KIND] [NAME=]RESULTS...\n\n"
	       "Each client case starts CMD with {server} {host} {port} "
	       "{password} {sni} {ca}\n{socks} {case_dir} {uri} and, where it "
	       "can have a second server, {server2}\nreplaced; the same are "
	       "in its environment as ANYTLS_SERVER and so on, and the "
	       "case\nas ANYTLS_CASE. It must listen at {socks}, as a SOCKS5 "
	       "or HTTP CONNECT proxy.\n\n"
	       "options (each has a twin in the environment: "
	       "ANYTLS_READY_TIMEOUT for\n--ready-timeout; commas separate "
	       "what may be repeated; 1 or 0 for flags):\n");
	options_help(stdout);
	printf("\nexit codes: 0 conforms, 1 it does not, 2 interrupted or "
	       "--deadline, 3 the suite\nfailed, 4 usage, 5 nothing was "
	       "tested, 6 the target is unusable\n");
}

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
		version(text, sizeof(text)) };

	catch_signals();
	how.stop_fd = stop_pipe[0];
	return anytls_check_pcap(&how, c);
}

static int
dispatch(const struct options *opt, char *const argv[], struct complaint *c)
{
	char text[128];

	if (opt->help) {
		help();
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

int
main(int argc, char *argv[])
{
	struct complaint c = { 0, "" };
	struct options opt;
	int rc;

	rc = options_parse(&opt, argc, argv, &c);
	opt.notes = stderr;
	if (rc == 0 && !opt.help && !opt.version)
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
