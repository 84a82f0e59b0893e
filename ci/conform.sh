#!/bin/sh
# Judges the reference server below BUILD with the suite below RUNNER (default:
# the same) and turns the summary line into "N passed, N failed, N skipped".
set -u
build=${1:-build/none}
runner=${2:-$build}
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT

tools/conform "$runner" --server "$build/anytls-server" --strict >"$out" 2>&1
rc=$?
line=$(grep '^anytls-conform: [0-9]* run' "$out" | tail -n 1)
if [ "$rc" -ne 0 ] || [ -z "$line" ]; then
	grep -v '^ *ok ' "$out" | tail -n 200
fi
echo "$line"
run=$(echo "$line" | sed -n 's/.*: \([0-9]*\) run.*/\1/p')
pass=$(echo "$line" | sed -n 's/.*[ ,]\([0-9]*\) pass.*/\1/p')
skip=$(echo "$line" | sed -n 's/.*[ ,]\([0-9]*\) skip.*/\1/p')
run=${run:-0} pass=${pass:-0} skip=${skip:-0}
failed=$((run - pass))
[ "$rc" -ne 0 ] && [ "$failed" -eq 0 ] && failed=1
echo "$pass passed, $failed failed, $skip skipped"
[ "$rc" -eq 0 ]
