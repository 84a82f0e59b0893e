#!/bin/sh
# Judges the reference server or client (ROLE, first argument) of BUILD with the
# suite of the same build, warnings counting as failures, and turns the summary
# line into "N passed, N failed, N skipped". More arguments go to the suite.
set -u
cd "$(dirname "$0")/.." || exit 1
role=$1
build=${2:-build/none}
shift 2
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT

case $role in
server) tool=tools/conform ;;
client) tool=tools/conform-client ;;
*)
	echo "ci/conform.sh: the role is server or client, not $role" >&2
	exit 2
	;;
esac
$tool "$build" --strict "$@" >"$out" 2>&1
rc=$?
line=$(grep '^anytls-conform: [0-9]* run' "$out" | tail -n 1)
if [ "$rc" -ne 0 ] || [ -z "$line" ]; then
	grep -av '^ *ok ' "$out" | tail -n 200
fi
echo "$line"
run=$(echo "$line" | sed -n 's/.*: \([0-9]*\) run.*/\1/p')
pass=$(echo "$line" | sed -n 's/.*[ ,]\([0-9]*\) pass.*/\1/p')
skip=$(echo "$line" | sed -n 's/.*[ ,;]\([0-9]*\) skip.*/\1/p')
run=${run:-0} pass=${pass:-0} skip=${skip:-0}
failed=$((run - pass))
[ "$rc" -ne 0 ] && [ "$failed" -eq 0 ] && failed=1
echo "$pass passed, $failed failed, $skip skipped"
[ "$rc" -eq 0 ]
