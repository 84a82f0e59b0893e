#!/bin/sh
# Unit tests built with the sanitizers SAN (first argument), vectors, fuzz
# corpora, and the recorded sessions; with "suite" as the second, the suites against the reference server
# and client and hostile captures too; with "whole", under TSan, all of these but
# the hostile captures.
set -u
cd "$(dirname "$0")/.." || exit 1
san=$1
build=build/$(echo "$san" | tr , -)
. ci/lib.sh
# A code that no program here ends with otherwise.
export ASAN_OPTIONS="exitcode=99:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="exitcode=99:${UBSAN_OPTIONS:-}"
export TSAN_OPTIONS="exitcode=99:${TSAN_OPTIONS:-}"

# The reference's part of ci/vectors.sh.
vectors() {
	out=$("$build/vectors/test/test_vectors" 2>&1)
	rc=$?
	[ $rc -eq 0 ] || echo "$out" | grep -v '^ok ' | tail -n 60
	echo "$(echo "$out" | grep -c '^ok ') passed," \
	    "$(echo "$out" | grep -c '^not ok ') failed"
	return $rc
}

gate "build with $san" ci/build.sh SAN="$san"
gate "unit tests with $san" ci/unit.sh "$build"
# They have one thread; under TSan they are nightly.
if [ "$san" != thread ] || [ "${2:-}" = whole ]; then
	gate "vectors with $san" vectors
	gate "fuzz corpora with $san" ci/fuzz.sh "$build"
fi
gate "captures with $san" ci/samples.py "$build"
gate "captures in other forms with $san" ci/check-pcap.py "$build"
if [ "${2:-}" = suite ]; then
	gate "hostile captures with $san" ci/hostile-pcap.py "$build" 2
fi
if [ "${2:-}" = suite ] || [ "${2:-}" = whole ]; then
	gate "server suite with $san" ci/conform.sh server "$build" --time-scale 2
	gate "client suite with $san" ci/conform.sh client "$build" --time-scale 2
fi
gates_done
