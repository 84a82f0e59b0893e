#!/bin/sh
# Known failures with real targets: the runner of BUILD against broken servers,
# whose findings a list excuses, or does not.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/none}
conform=$build/anytls-conform
tmp=$(mktemp -d) || exit 1
passed=0 failed=0
trap 'rm -rf "$tmp"' EXIT

# run SERVER LINE OPTION...: the list has LINE, and the runner's output is in out.
run() {
	server=$1
	printf '# anytls-known-failures 1\n%b\n' "$2" >"$tmp/list"
	shift 2
	"$conform" --sut "$server -l {listen} -p {password}" --known-failures "$tmp/list" \
	    --profile v2 "$@" >"$tmp/out" 2>&1 </dev/null
}

# expect NAME CODE REGEX SERVER LINE OPTION...
expect() {
	name=$1 code=$2 regex=$3
	shift 3
	run "$@"
	rc=$?
	if [ $rc -eq "$code" ] && grep -Eq -e "$regex" "$tmp/out"; then
		passed=$((passed + 1))
		echo "ok $name"
	else
		failed=$((failed + 1))
		echo "FAIL $name: exit $rc, wanted $code and /$regex/"
		tail -n 12 "$tmp/out" | cut -c 1-300 | sed 's/^/    /'
	fi
}

good="$build/anytls-server"
bad="$build/anytls-broken --as fin-with-data,data-parsed"
one=server/commands/data-on-fin

expect "a warning, not listed, is red under --strict" 1 '1 warn.*exit 1' \
    "$bad" "" --strict $one
expect "xfail makes it green" 0 '1 run, 0 pass, 0 fail, 0 warn, 0 info, 1 xfail; .*exit 0' \
    "$bad" "xfail $one issue=https://x/1" --strict $one
expect "the issue is printed" 0 'known  .*list:2 xfail: https://x/1' \
    "$bad" "xfail $one issue=https://x/1" --strict $one
expect "xfail excuses a failure" 0 '1 run.*0 fail.*1 xfail.*exit 0' \
    "$bad" "xfail server/framing/fin-empty" server/framing/fin-empty
expect "xfail excuses a crash" 0 '1 run.*1 xfail.*exit 0' \
    "$build/anytls-broken --as unknown-crashes" "xfail **/unknown-255 match=SIGABRT" \
    server/commands/unknown-255
expect "xfail that passes is red" 1 'XPASS server/commands/data-on-fin' \
    "$good" "xfail $one" $one
expect "the right message" 0 '1 xfail' "$bad" "xfail $one match=\"hidden in it was obeyed\"" --strict $one
expect "another message is a new failure" 1 'expects "got an Alert", and this is another' \
    "$bad" "xfail $one match=\"got an Alert\"" $one
expect "a wildcard is counted" 0 'list:2 server/commands/\*: [0-9]+ matched, 1 of them' \
    "$bad" "xfail server/commands/*" $one
expect "flaky that fails" 0 '0 warn, 0 info, 1 flaky;' "$bad" "flaky $one" --strict $one
expect "flaky that passes" 0 '1 run, 1 pass' "$good" "flaky $one" $one
expect "skip does not run" 5 '0 run, .*1 skip \(1 by list\).*exit 5' \
    "$bad" "skip $one # hangs" $one
expect "the share that is skipped" 0 'skipped by list: 1 of 2 cases \(50.0 %\)' \
    "$good" "skip $one # hangs" $one server/settings/syn-first
expect "after its day" 1 'its time is over since 2020-01-31' \
    "$bad" "xfail $one until=2020-01-31" $one
expect "after its day a skip runs" 1 '1 xpass' "$good" "skip $one until=2020-01-31 issue=1" $one
expect "a condition that does not hold" 1 '1 warn.*exit 1' \
    "$bad" "xfail $one profile=v1" --strict $one
expect "fail-fast ignores what is excused" 0 '1 run.*1 xfail' \
    "$bad" "xfail $one" --strict -x $one
expect "the old name of a case" 0 "'server/v3/refuses-0' is now called 'server/v3/version-0'" \
    "$good" "xfail server/v3/refuses-0" $one
expect "old names select" 5 "is now called 'server/v3/version-1'" \
    "$good" "" server/v3/refuses-1
expect "lines for clients in a run for servers" 0 '1 pass' \
    "$good" "xfail client/fin/late-synack" $one
expect "exit 4: a pattern that matches nothing" 4 "list:3: no case matches 'server/hart/\\*'" \
    "$good" "\nxfail server/hart/*" $one
expect "exit 4: two lines for a case" 4 'list:3: names server/commands/data-on-fin, as does .*list:2' \
    "$good" "xfail server/commands/*\nflaky $one" $one
expect "exit 4: an unknown key" 4 "list:2: 'why=x' is none of" "$good" "xfail $one why=x" $one
expect "exit 4: a bad date" 4 'list:2: until=2026-02-30 is no date' \
    "$good" "xfail $one until=2026-02-30" $one
expect "exit 4: no such file" 4 "known failures in 'no-such-list'" \
    "$good" "" --known-failures no-such-list $one

expect "JSON lines" 0 '"status":"xfail".*"known_failure":\{"verdict":"xfail".*"line":2,"issue":"i","own_status":"warn","stale":false' \
    "$bad" "xfail $one issue=i" --format jsonl --strict $one

# From no list to a list, and from a list that is too long to the right one.
check() {
	name=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
		echo "ok $name"
	else
		failed=$((failed + 1))
		echo "FAIL $name"
		sed 's/^/    /' "$tmp/new" "$tmp/out"
	fi
}
update() {
	"$conform" --sut "$1 -l {listen} -p {password}" --profile v2 --strict "$2" $one \
	    --known-failures "$tmp/new" --update-known-failures >"$tmp/out" 2>&1 </dev/null
	[ $? -eq "$3" ] && grep -Eq "$4" "$tmp/out"
}
check "update: a new list" update "$bad" server/framing/fin-empty 1 'new: added xfail +server/commands/data-on-fin'
check "update: which is then right" update "$bad" server/framing/fin-empty 0 'nothing to change'
check "update: two lines" test "$(grep -c '^xfail' "$tmp/new")" = 2
echo '# a remark' >>"$tmp/new"
check "update: what passes goes" update "$good" server/framing/fin-empty 1 'took out server/framing/fin-empty'
check "update: remarks stay" test "$(grep -c . "$tmp/new")-$(tail -n 1 "$tmp/new")" = '2-# a remark'
"$conform" --sut "$bad -l {listen} -p {password}" --profile v2 --strict $one \
    --update-known-failures >"$tmp/new" 2>"$tmp/out" </dev/null
check "update: a ready list without a file" grep -q '^xfail .*data-on-fin' "$tmp/new"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
