#!/bin/sh
# Runs the unit tests below BUILD (first argument), prints those that fail, and
# ends with "N passed, N failed". A program that runs no test has failed.
set -u
build=${1:-build/none}
passed=0 failed=0
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT

for t in "$build"/ref/test/test_* "$build"/conformance/test/test_* \
    "$build"/pcap/test/test_*; do
	case $t in
	*.o | *.d | *\*) continue ;;
	esac
	CMOCKA_MESSAGE_OUTPUT=TAP "$t" >"$out" 2>&1
	rc=$?
	ok=$(grep -c '^ok ' "$out")
	bad=$(grep -c '^not ok ' "$out")
	if [ "$rc" -ne 0 ] && [ "$bad" -eq 0 ] || [ $((ok + bad)) -eq 0 ]; then
		bad=$((bad + 1))
	fi
	if [ "$bad" -ne 0 ]; then
		echo "FAIL $t (exit $rc)"
		sed 's/^/    /' "$out" | grep -v '^    ok ' | tail -n 60
	fi
	passed=$((passed + ok)) failed=$((failed + bad))
done
if [ "$passed" -eq 0 ]; then
	echo "unit: no test ran below $build"
	failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
