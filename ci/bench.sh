#!/bin/sh
# That the benchmarks run and check what they move; nothing of time is judged.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/none}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
. ci/checks.sh

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
# A later run of some tests goes into the table of the others.
kept() {
	tools/bench/run "$build" --reps 1 --seconds 1 --only split-64 --only split-1 \
	    --json "$tmp/bench.json" --keep >/dev/null &&
	    python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
names = [r["test"] for r in d["rows"]]
runs = [r["name"] for r in d["runs"]]
assert names[:2] == ["split-1", "split-64"] and "first-byte" in names, names
assert runs.count("split-1") == 1 and "first-byte" in runs, runs' "$tmp/bench.json"
}
check "a second run is added to the first" kept
cp docs/performance.md "$tmp"
check "tables and plots of it" tools/bench/report "$tmp/bench.json" "$tmp"
check "they are in the text" grep -q '^| up-1x16 | MB/s | [0-9]' "$tmp/performance.md"
# Bytes must have come through each before the load begins.
crowded() {
	"$build/anytls-server" -l 127.0.0.1:0 -p bench --workers 1 \
	    --log-level error 2>"$tmp/server" &
	server=$!
	for _ in $(seq 100); do
		grep -q listening "$tmp/server" && break
		sleep 0.1
	done
	"$build/anytls-load" --password bench --server \
	    "$(sed -n 's/listening on //p' "$tmp/server")" \
	    --test down --streams 500 --seconds 500ms
	status=$?
	kill "$server"
	wait "$server"
	return $status
}
check "500 busy streams of one session all get their turn" crowded
check "no load for other machines" refuses --server 192.0.2.1:443
check "a server or a proxy" refuses --test down
if "$build/anytls-load" --proxy 127.0.0.1:1 --seconds 1 >"$tmp/out" 2>&1; then
	bad "a dead proxy counts as a run"
elif grep -q '"error":"the connection failed"' "$tmp/out"; then
	ok "a dead proxy is no result"
else
	bad "a dead proxy gives no reason: $(cat "$tmp/out")"
fi
checks_done
