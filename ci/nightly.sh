#!/bin/sh
# What takes too long for the gate: the core under MSan, the daemons under
# valgrind, clang-tidy, gcc's analyzer, coverage, hostile targets, failing calls,
# fuzzing, all cases against each broken peer, and real implementations: each
# against each, and both suites against each.
set -u
cd "$(dirname "$0")/.." || exit 1
. ci/lib.sh

# The targets that link no library, whose memory MSan would not know.
msan() {
	m=build/memory-clang seeds=build/fuzz/seeds
	passed=0 failed=0
	tools/fuzz-seeds $seeds || return 1
	for t in addr auth frame peer scheme session settings shape uot uri; do
		if make -s SETUP=no CC=clang SAN=memory $m/fuzz/fuzz_$t &&
		    $m/fuzz/fuzz_$t $seeds/$t fuzz/corpus/$t 2>$m/err; then
			passed=$((passed + 1))
		else
			tail -n 30 $m/err
			failed=$((failed + 1))
		fi
	done
	echo "$passed passed, $failed failed"
	[ $failed -eq 0 ]
}

# A warning of the analyzer where bytes of peers are read is a failure. In the
# engine gcc 12 takes what a list keeps, or a case leaves by t_error(), for lost.
analyzer() {
	flags=$(pkg-config --cflags openssl libuv)
	out=$(for f in ref/*.c ref/wire/*.c ref/session/*.c ref/net/*.c pcap/*.c; do
		# shellcheck disable=SC2086
		gcc -fanalyzer -O1 -std=c11 -I. -D_POSIX_C_SOURCE=200809L \
		    -D_DEFAULT_SOURCE -DVERSION='""' -DGIT_REV='""' $flags \
		    -c -o /dev/null "$f" 2>&1
	done)
	if [ -n "$out" ]; then
		echo "$out" | grep -E 'warning:' | head -n 20
		echo "0 passed, 1 failed"
		return 1
	fi
	echo "1 passed, 0 failed"
}

# What vectors and corpora reach of the core sinks while the code goes on.
covered() {
	if make -s SETUP=no cover >build/cover.log 2>&1; then
		tail -n 1 build/cover.log
		echo "1 passed, 0 failed"
	else
		tail -n 20 build/cover.log
		echo "0 passed, 1 failed"
		return 1
	fi
}

# All of them, against programs that notice.
hostile() {
	make -s SETUP=no SAN=address,undefined programs &&
	    ci/hostile-targets.py build/address-undefined --whole
}

# What is missing is installed first, by go and cargo; what cannot be is skipped.
interop() {
	tools/interop/interop --build build/none --no-progress --scale 2 -o build/interop
}

gate "programs" ci/build.sh
gate "core under MSan" msan
gate "tests under TSan" ci/sanitize.sh thread whole
gate "gcc -fanalyzer" analyzer
gate "clang-tidy" ci/tidy.sh
gate "coverage of the core" covered
gate "reference pair under valgrind" ci/valgrind.sh build/none
gate "hostile targets, ASan and UBSan" hostile
gate "failing calls" ci/failcalls.py build/none
gate "soak, one minute" tools/soak build/none --minutes 1
gate "time of refusals" ci/timing.py build/none
gate "1000 readers that stopped" env CHECK_READERS=1000 ci/daemons.py build/none server:buffers
gate "each broken peer alone" tools/selftest build/none --each
gate "real implementations" interop
gate "fuzzing, two minutes" make -s SETUP=no fuzz-smoke
gates_done
