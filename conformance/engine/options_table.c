/* The table of options. */
#include <stddef.h>

#include "conformance/engine/options.h"

#define AT(field) offsetof(struct options, field)
#define RUN (FOR_RUN | FOR_CLIENT)
#define SAME (RUN | FOR_REPLAY)
#define SERVER (FOR_RUN | FOR_REPLAY) /* servers under test alone */
#define SELECT (RUN | FOR_LIST)
#define JUDGE (RUN | FOR_PCAP) /* whatever gives verdicts */
#define CONFIG (SELECT | FOR_EXPLAIN | FOR_COVERAGE | JUDGE | FOR_MERGE)

const struct option_row options_table[] = {
	{ "target", 0, OPT_TEXT, AT(target), SERVER | FOR_REPLAYED, "HOST:PORT",
	    "the server under test, already running" },
	{ "sut", 0, OPT_TEXT, AT(sut), SERVER | FOR_REPLAYED, "CMD",
	    "start the server under test with CMD, watch it, and restart it "
	    "when it dies. No shell. Replaced in CMD: {listen} {host} {port} "
	    "{password} {cert} {key} {padding_scheme} {fallback}; words "
	    "between [ and ] are left out when one of theirs has no value" },
	{ "ready-timeout", 0, OPT_DURATION, AT(ready_timeout_ms),
	    SAME | FOR_REPLAYED, "DUR",
	    "how long CMD may take until its port accepts (10s)" },
	{ "settle", 0, OPT_DURATION, AT(settle_ms), SAME | FOR_REPLAYED, "DUR",
	    "how long CMD is left alone once its port accepts, for programs "
	    "that accept before they serve (0s)" },
	{ "password", 0, OPT_TEXT, AT(password),
	    SAME | FOR_PCAP | FOR_REPLAYED | IS_SECRET, "TEXT",
	    "the password; with --sut a random one unless given" },
	{ "password-file", 0, OPT_TEXT, AT(password_file),
	    SAME | FOR_PCAP | FOR_REPLAYED, "FILE",
	    "read it from the first line of FILE" },
	{ "sni", 0, OPT_TEXT, AT(sni), SAME | FOR_REPLAYED, "NAME",
	    "server name in the TLS handshake (none); for a client {sni} "
	    "(localhost)" },
	{ "ca", 0, OPT_TEXT, AT(ca), SERVER | FOR_REPLAYED, "FILE",
	    "judge the certificate by the CAs in FILE; without it any "
	    "certificate will do, because TLS is not part of the protocol" },
	{ "insecure", 'k', OPT_FLAG, AT(insecure), SERVER | FOR_REPLAYED, NULL,
	    "do not judge the certificate even where --ca is set (by the "
	    "environment)" },
	{ "profile", 0, OPT_TEXT, AT(profile), SAME, "NAME",
	    "auto, v1, v2 or v3: the version to judge by (auto: what the "
	    "target speaks)" },
	{ "feature", 0, OPT_WORDS, AT(features), SAME, "NAME[=no]",
	    "declare that the target has NAME, or has it not; may be "
	    "repeated" },
	{ "proxy", 0, OPT_CHOICE, AT(proxy), FOR_CLIENT | FOR_REPLAY,
	    "socks5|http|auto",
	    "client: what its local proxy speaks (auto: what it answers)" },
	{ "shim", 0, OPT_TEXT, AT(shim), FOR_CLIENT | FOR_REPLAY, "CMD",
	    "client: a program that does for the client what a proxy port "
	    "cannot express, see docs/shim.md" },
	{ "observe", 0, OPT_FLAG, AT(observe), FOR_CLIENT, NULL,
	    "client: start none; listen at --listen for clients that come by "
	    "themselves and judge what they send" },
	{ "listen", 0, OPT_TEXT, AT(listen), FOR_CLIENT, "ADDR:PORT",
	    "client --observe: where" },
	{ "seconds", 0, OPT_COUNT, AT(seconds), FOR_CLIENT, "N",
	    "client --observe: how long (until interrupted)" },
	{ "origin-bind", 0, OPT_TEXT, AT(origin_bind), SERVER, "ADDR",
	    "where the suite listens for what the target dials (127.0.0.1)" },
	{ "origin-advertise", 0, OPT_TEXT, AT(origin_advertise), SERVER, "HOST",
	    "the address the target is told to dial (that of --origin-bind)" },
	{ "run", 0, OPT_WORDS, AT(run), SELECT, "PATTERN",
	    "select cases, like a positional argument: '*' is one component "
	    "of an id, '**' any number, @FILE the lines of FILE" },
	{ "skip", 0, OPT_WORDS, AT(skip), SELECT, "PATTERN",
	    "leave these out; they are counted" },
	{ "req", 0, OPT_WORDS, AT(reqs), SELECT, "ID",
	    "select the cases of a requirement" },
	{ "level", 0, OPT_CHOICE, AT(level), SELECT, "must|should|may",
	    "select cases whose requirement is at least that strong" },
	{ "tag", 0, OPT_WORDS, AT(tags), SELECT, "TAG",
	    "select by tag: basis, version, level, area, needed feature, serial, "
	    "dangerous, slow, statistics; '!TAG' leaves out; several select "
	    "what has one of them" },
	{ "shard", 0, OPT_TEXT, AT(shard_text), SELECT, "I/N",
	    "the Ith of N parts of what is selected; see merge" },
	{ "strict", 0, OPT_FLAG, AT(strict), JUDGE, NULL,
	    "warnings fail the run" },
	{ "known-failures", 0, OPT_WORDS, AT(known_failures), RUN, "FILE",
	    "cases that are known to fail, and must; may be repeated" },
	{ "update-known-failures", 0, OPT_FLAG, AT(update_known), RUN, NULL,
	    "bring the last FILE up to date with what was seen; without one "
	    "print it" },
	{ "no-tests", 0, OPT_CHOICE, AT(no_tests), RUN, "fail|pass",
	    "what a run is in which nothing was tested (fail: exit code 5)" },
	{ "fail-fast", 'x', OPT_FLAG, AT(fail_fast), RUN, NULL,
	    "stop at the first failure" },
	{ "max-fail", 0, OPT_COUNT, AT(max_fail), RUN, "N",
	    "stop at the Nth failure" },
	{ "timeout", 0, OPT_DURATION, AT(timeout_ms), SAME | FOR_REPLAYED,
	    "DUR", "one wait for the target (2s)" },
	{ "deadline", 0, OPT_DURATION, AT(deadline_ms), RUN, "DUR",
	    "end the run after DUR, with exit code 2" },
	{ "time-scale", 0, OPT_FACTOR, AT(time_scale), SAME | FOR_REPLAYED, "F",
	    "stretch all clocks by F, for slow machines and sanitizers" },
	{ "jobs", 'j', OPT_COUNT, AT(jobs), RUN, "N",
	    "cases at a time (64, of clients what their start allows)" },
	{ "serial", 0, OPT_FLAG, AT(serial), RUN, NULL,
	    "the same as --jobs 1" },
	{ "seed", 0, OPT_SEED, AT(seed), RUN, "HEX",
	    "repeat the random choices of a run (random)" },
	{ "repeat", 0, OPT_COUNT, AT(repeat), RUN, "N",
	    "run each case N times" },
	{ "shuffle", 0, OPT_FLAG, AT(shuffle), RUN, NULL,
	    "run in an order by --seed; reports keep theirs" },
	{ "until-fail", 0, OPT_FLAG, AT(until_fail), RUN, NULL,
	    "repeat until something fails, --repeat times at most (100)" },
	{ "retries", 0, OPT_COUNT, AT(retries), RUN, "N",
	    "run a case that fails up to N times more; one that passes then "
	    "is flaky" },
	{ "flaky-result", 0, OPT_CHOICE, AT(flaky_result), RUN, "pass|fail",
	    "whether flaky cases fail the run (pass)" },
	{ "format", 0, OPT_CHOICE, AT(format), JUDGE, "text|tap|jsonl",
	    "what is written to standard output (text)" },
	{ "report", 0, OPT_WORDS, AT(reports), JUDGE | FOR_MERGE, "KIND=PATH",
	    "write a report: json, jsonl, junit, tap, html, md, badge or "
	    "sarif; may be repeated" },
	{ "output", 'o', OPT_TEXT, AT(output), JUDGE | FOR_MERGE, "DIR",
	    "write all of them to DIR: results.json, junit.xml and so on" },
	{ "rerun-failed", 0, OPT_TEXT, AT(rerun_failed), RUN, "RESULTS",
	    "select what did not pass, or did not run, in a result file" },
	{ "sarif-anchor", 0, OPT_TEXT, AT(sarif_anchor), JUDGE | FOR_MERGE,
	    "FILE",
	    "the file of the target's sources that SARIF results are shown "
	    "at; code scanning wants one" },
	{ "verbose", 'v', OPT_MORE, AT(verbose), JUDGE, NULL,
	    "durations; twice: the transcript of passing cases too" },
	{ "quiet", 'q', OPT_FLAG, AT(quiet), JUDGE, NULL,
	    "only what did not pass, and the summary" },
	{ "color", 0, OPT_CHOICE, AT(color), JUDGE, "auto|always|never",
	    "colours (auto: on a terminal; NO_COLOR and CLICOLOR_FORCE "
	    "count)" },
	{ "keylog", 0, OPT_TEXT, AT(keylog), JUDGE | FOR_REPLAYED, "FILE",
	    "append TLS secrets for Wireshark to FILE (SSLKEYLOGFILE); "
	    "check-pcap and replay: read them from FILE" },
	{ "capture", 0, OPT_CHOICE, AT(capture), RUN, "fail|all|none",
	    "keep the connections of a case as DIR/cases/ID.pcapng: of what "
	    "did not pass, of every case, or of none (fail)" },
	{ "capture-keys", 0, OPT_CHOICE, AT(capture_keys), RUN, "yes|no",
	    "put TLS secrets into captures, so that Wireshark reads them, and "
	    "the password's hash in them (yes)" },
	{ "list", 0, OPT_FLAG, AT(list), RUN, NULL,
	    "print the selected cases and end" },
	{ "dry-run", 0, OPT_FLAG, AT(dry_run), RUN, NULL,
	    "print them in the order they would run in and end" },
	{ "no-fork", 0, OPT_TEXT, AT(no_fork), RUN, "ID",
	    "run this case in the process itself, for a debugger" },
	{ "table", 0, OPT_CHOICE, AT(table), FOR_MATRIX, "text|md|html|json",
	    "matrix: what to print (text)" },
	{ "pause-before", 0, OPT_TEXT, AT(pause_before), RUN, "ID",
	    "stop the process of this case before it begins, say which one "
	    "it is, and wait for SIGCONT; its clock stands still" },
	{ "config", 0, OPT_TEXT, AT(config), CONFIG, "FILE",
	    "read options from FILE: a line each, 'jobs = 8'; the environment "
	    "and the command line win" },
	{ "print-completion", 0, OPT_CHOICE, AT(completion), FOR_RUN,
	    "bash|zsh|fish", "print a completion script for that shell" },
	{ "print-manual", 0, OPT_CHOICE, AT(manual), FOR_RUN, "man|markdown",
	    "print the manual page, or the reference of the options" },
	{ "json", 0, OPT_FLAG, AT(json), FOR_LIST, NULL,
	    "list: print JSON lines" },
	{ "profiles", 0, OPT_FLAG, AT(profiles), FOR_LIST, NULL,
	    "list: print the servers that client cases impersonate" },
	{ "check", 0, OPT_FLAG, AT(check), FOR_COVERAGE, NULL,
	    "coverage: fail when a MUST or SHOULD has neither a case nor "
	    "a reason" },
	{ "port", 0, OPT_COUNT, AT(port), FOR_PCAP, "N",
	    "check-pcap: servers listen on port N (judge whatever looks like "
	    "AnyTLS)" },
	{ "padding-scheme", 0, OPT_TEXT, AT(padding_scheme), FOR_PCAP, "FILE",
	    "check-pcap: the scheme that sizes are held against where there "
	    "are no keys (the default one, of which misfits are only noted)" },
	{ "keyless", 0, OPT_FLAG, AT(keyless), FOR_PCAP, NULL,
	    "check-pcap: sessions without keys, judged by sizes alone, count "
	    "as judged" },
	{ "help", 'h', OPT_FLAG, AT(help), FOR_ALL, NULL, "this text" },
	{ "version", 0, OPT_FLAG, AT(version), FOR_ALL, NULL,
	    "versions of the suite and of the document" },
	{ NULL, 0, OPT_FLAG, 0, 0, NULL, NULL },
};
