#!/bin/sh
# Replays the seeds made of the vectors and the kept corpora through every fuzz
# target, under whatever compiler built it; and the input that must stop the
# target that is wrong on purpose.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/none}
passed=0 failed=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

tools/fuzz-seeds "$tmp" || failed=1
for f in fuzz/fuzz_*.c; do
	t=${f#fuzz/fuzz_}
	t=${t%.c}
	set --
	[ -d "$tmp/$t" ] && set -- "$tmp/$t"
	[ -d "fuzz/corpus/$t" ] && set -- "$@" "fuzz/corpus/$t"
	"$build/fuzz/fuzz_$t" "$@" >"$tmp/out" 2>"$tmp/err"
	rc=$?
	if [ "$t" = buggy ]; then
		grep -aq 'Assertion .n == count' "$tmp/err" && rc=0 || rc=1
		echo "buggy: stopped as it must be" >"$tmp/out"
	fi
	if [ $rc -eq 0 ]; then
		passed=$((passed + 1))
		echo "fuzz $t: $(cat "$tmp/out")"
	else
		failed=$((failed + 1))
		echo "fuzz $t: failed"
		tail -c 600 "$tmp/err" | tr '\r' '\n'
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
