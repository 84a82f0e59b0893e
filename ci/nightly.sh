#!/bin/sh
# What takes too long for the gate: the core under MSan, hostile targets,
# failing calls, gcc's analyzer, fuzzing, and all cases against each broken
# peer.
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

# A warning of the analyzer in the core is a failure.
analyzer() {
	out=$(for f in ref/wire/*.c ref/session/*.c; do
		gcc -fanalyzer -O1 -std=c11 -I. -D_POSIX_C_SOURCE=200809L \
		    -D_DEFAULT_SOURCE -c -o /dev/null "$f" 2>&1
	done)
	if [ -n "$out" ]; then
		echo "$out" | grep -E 'warning:' | head -n 20
		echo "0 passed, 1 failed"
		return 1
	fi
	echo "1 passed, 0 failed"
}

# All of them, against programs that notice.
hostile() {
	make -s SETUP=no SAN=address,undefined programs &&
	    ci/hostile-targets.py build/address-undefined --whole
}

gate "programs" ci/build.sh
gate "core under MSan" msan
gate "gcc -fanalyzer on the core" analyzer
gate "hostile targets, ASan and UBSan" hostile
gate "failing calls" ci/failcalls.py build/none
gate "soak, one minute" tools/soak build/none --minutes 1
gate "time of refusals" ci/timing.py build/none
gate "1000 readers that stopped" env CHECK_READERS=1000 ci/daemons.py build/none server:buffers
gate "each broken peer alone" tools/selftest build/none --each
gate "fuzzing, two minutes" make -s SETUP=no fuzz-smoke
gates_done
