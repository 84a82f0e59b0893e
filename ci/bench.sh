#!/bin/sh
# That the benchmarks run and check what they move; nothing of time is judged.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/none}
passed=0 failed=0
out=$(mktemp) || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$out" "$tmp"' EXIT

# check NAME COMMAND...
check() {
	name=$1
	shift
	if "$@" >"$out" 2>&1; then
		echo "ok $name"
		passed=$((passed + 1))
	else
		echo "FAIL $name"
		tail -n 20 "$out"
		failed=$((failed + 1))
	fi
}

refuses() {
	"$build/anytls-load" "$@"
	[ $? -eq 4 ]
}

check "benchmarks through server and pair" tools/bench/run "$build" \
    --reps 1 --seconds 1 --only up-1x16 --only open-1x1 --only pair-down-16 \
    --only resumed-32 --only first-byte --only idle-0 --only split-1 --json "$tmp/bench.json"
goals_are_said() {
	grep -q '"goal": "RSS of the empty server"' "$tmp/bench.json" &&
	    grep -q '"reached": true' "$tmp/bench.json"
}
check "goals with what was seen" goals_are_said
cp docs/performance.md "$tmp"
check "tables and plots of it" tools/bench/report "$tmp/bench.json" "$tmp"
check "they are in the text" grep -q '^| up-1x16 | reference | [0-9]' "$tmp/performance.md"
check "no load for other machines" refuses --server 192.0.2.1:443
check "a server or a proxy" refuses --test down
if "$build/anytls-load" --proxy 127.0.0.1:1 --seconds 1 >"$out" 2>&1; then
	echo "FAIL a dead proxy counts as a run"
	failed=$((failed + 1))
elif grep -q '"error":"the connection failed"' "$out"; then
	echo "ok a dead proxy is no result"
	passed=$((passed + 1))
else
	echo "FAIL a dead proxy gives no reason: $(cat "$out")"
	failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
