#!/bin/sh
# Reports and what is made of them, with the programs below BUILD: every format
# of a run whose peer says the worst it can, of runs that end early, and diff,
# merge, matrix and --rerun-failed on their result files.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/none}
conform=$build/anytls-conform
tmp=$(mktemp -d) || exit 1
passed=0 failed=0 skipped=0
trap 'rm -rf "$tmp"' EXIT

# The system's Python has what the system's packages bring.
python=python3
for p in ${PYTHON:-} python3 /usr/bin/python3; do
	if "$p" -c 'import jsonschema' 2>/dev/null; then
		python=$p
		break
	fi
done

result() {
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $2"
		tail -n 5 "$tmp/out" | cut -c 1-300 | sed 's/^/    /'
	fi
}

# expect NAME CODE REGEX COMMAND...: exit status and a line of the output.
expect() {
	name=$1 code=$2 regex=$3
	shift 3
	"$@" >"$tmp/out" 2>&1 </dev/null
	rc=$?
	[ $rc -eq "$code" ] && grep -aEq -e "$regex" "$tmp/out"
	result $? "$name: exit $rc, wanted $code and /$regex/"
}

# add COMMAND...: one that ends with its own counts.
add() {
	"$@" >"$tmp/log" 2>&1
	grep -aE '^(FAIL|skip|browser)' "$tmp/log"
	line=$(grep -aE '^[0-9]+ passed' "$tmp/log" | tail -n 1)
	p=$(echo "$line" | sed -n 's/^\([0-9]*\) passed.*/\1/p')
	f=$(echo "$line" | sed -n 's/.*, \([0-9]*\) failed.*/\1/p')
	s=$(echo "$line" | sed -n 's/.*, \([0-9]*\) skipped.*/\1/p')
	[ -n "$p" ] || {
		tail -n 5 "$tmp/log"
		f=1
	}
	passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0}))
	skipped=$((skipped + ${s:-0}))
}

check() {
	add "$python" ci/reports.py check "$@"
}

# A server that answers the second stream with markup, control bytes, terminal
# escapes, bytes that are no UTF-8, workflow commands, and an Alert of 64 KiB.
cat >"$tmp/rules" <<'EOR'
down SYNACK#2+ data "<script>window.hacked=1</script><img src=x onerror=hacked=1> \x1b[2J\x1b]0;own\x07 \xff\xfe\xed\xa0\x80\xef\xbf\xbf ````](javascript:alert(1)) | @everyone %0A::error::owned \xe2\x80\xae]]> <!-- &amp; \" '\r\n::set-output name=x::y";
down SYNACK#3 append Alert 0 65535
EOR
cat >"$tmp/hostile" <<EOR
#!/bin/sh
exec "$build/anytls-broken" --rules "\$(cat "$tmp/rules")" "\$@"
EOR
chmod +x "$tmp/hostile"
hostile="--strict --sut '$tmp/hostile -l {listen} -p {password}' --password s3cr3t-word"

hostile() {
	eval "$conform $hostile" '"$@"'
}

expect "a hostile peer" 1 'exit 1' hostile -o "$tmp/hostile.out" --seed 1 'server/stream/**'
check "$tmp/hostile.out" s3cr3t-word
LC_ALL=C grep -aq "$(printf '[\001-\010\013-\037\177]')" "$tmp/out"
[ $? -eq 1 ]
result $? "no control byte of the peer reaches the terminal"
add ci/browser.py "$tmp/hostile.out/report.html"

sut="--sut '$build/anytls-broken --as heart-never -l {listen} -p {password}'"
run() {
	eval "$conform $sut" '"$@"'
}

expect "warnings" 0 'exit 0' run -o "$tmp/a" --seed 2 'server/settings/**' 'server/fin/**'
check "$tmp/a"
expect "strict" 1 'exit 1' run -o "$tmp/strict" --profile v2 --strict 'server/heart/**' 'server/framing/**'
check "$tmp/strict"
expect "what others do is noted" 0 \
    '^note +the reference server passes; [0-9] of [0-9] known servers pass' cat "$tmp/strict/summary.md"

interrupted() {
	eval "exec $conform $sut -o $tmp/int --repeat 60" >"$tmp/int.out" 2>&1 &
	p=$!
	i=0
	while ! grep -q '^ok' "$tmp/int.out" && [ $i -lt 200 ]; do
		sleep 0.05
		i=$((i + 1))
	done
	kill -INT $p
	wait $p
	rc=$?
	cat "$tmp/int.out"
	return $rc
}
expect "interrupted" 2 'exit 2' interrupted
check "$tmp/int"
expect "interrupted: the file says so" 0 '"completion": "interrupted"' cat "$tmp/int/results.json"
expect "deadline" 2 'exit 2' run -o "$tmp/late" --deadline 1s
check "$tmp/late"
expect "unusable" 6 'refused' "$conform" --target 127.0.0.1:1 --password x -o "$tmp/un"
check "$tmp/un"
expect "unusable: the file says so" 0 '"completion": "unusable"' cat "$tmp/un/results.json"
expect "the suite fails" 3 'folder' env TMPDIR=no-such-folder \
    "$conform" --sut 'x {listen}' -o "$tmp/suite"
check "$tmp/suite"

# Formats by name, and what cannot be written.
kinds="json jsonl junit tap html md badge sarif"
named() {
	set -- server/settings/syn-first
	for kind in $kinds; do
		set -- "$@" --report "$kind=$tmp/one.$kind"
	done
	run "$@"
}
expect "--report by name" 0 'exit 0' named
for kind in $kinds; do
	[ -s "$tmp/one.$kind" ]
	result $? "--report $kind writes a file"
done
expect "--report alone" 0 'exit 0' run --report "badge=$tmp/alone" server/settings/syn-first
cmp -s "$tmp/alone" "$tmp/one.badge"
result $? "--report alone writes the same"
expect "--report of an unknown kind" 4 'pdf.*json, jsonl' run --report pdf=x
expect "--report without a path" 4 'names no file' run --report json=
expect "--report twice to one file" 4 'same file' run --report "json=$tmp/x" --report "tap=$tmp/x"
expect "--report into no folder" 3 "$tmp/no/x cannot be written" run --report "json=$tmp/no/x"
expect "--report onto a folder" 3 "cannot be written: Is a dir" run --report "json=$tmp"
: >"$tmp/plain"
expect "--report onto -" 4 'names no file; /dev/stdout does' run --report json=-
mkfifo "$tmp/pipe"
cat "$tmp/pipe" >"$tmp/piped" &
expect "--report into a pipe" 0 'exit 0' run --report "tap=$tmp/pipe" server/settings/syn-first
wait $!
[ -p "$tmp/pipe" ] && grep -q '^ok 1 - server/settings/syn-first' "$tmp/piped"
result $? "--report into a pipe: it stays one, and has the report"
expect "exit 3: the disk is full" 3 'report /dev/full cannot be written: No space' \
    run --report json=/dev/full server/settings/syn-first
expect "-o onto a file" 3 "$tmp/plain" run -o "$tmp/plain"
expect "--format tap" 0 '^# anytls-conform: 1 run' run --format tap server/settings/syn-first

# GitHub's runners.
github() {
	GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY="$tmp/summary" hostile --seed 1 'server/stream/**'
}
echo "before" >"$tmp/summary"
expect "GitHub: an annotation" 1 '^::error title=server/stream/[^:]*::' github
expect "GitHub: the summary is appended" 0 '^## anytls-conform' cat "$tmp/summary"
expect "GitHub: what was there stays" 0 '^before' cat "$tmp/summary"

# A server whose log has workflow commands, and which ends with them.
cat >"$tmp/shouts" <<EOR
#!/bin/sh
echo "::error::owned" >&2
echo "##[error]owned ##vso[task.complete]owned" >&2
exec "$build/anytls-broken" --as unknown-crashes "\$@"
EOR
cat >"$tmp/cries" <<'EOR'
#!/bin/sh
echo "::error::owned" >&2
echo "::stop-commands::x" >&2
exit 1
EOR
chmod +x "$tmp/shouts" "$tmp/cries"
# obeyed FILE: what a runner would take for commands in it, as it does: those
# between a stop and its token are none, and blanks before one do not count.
obeyed() {
	awk '{ sub(/^[ \t]+/, "") }
	    stop != "" { if ($0 == "::" stop "::") stop = ""; next }
	    /^::stop-commands::/ { stop = substr($0, 18); next }
	    /^::/ || /##\[/ || /##vso\[/ { print }
	    END { if (stop != "") print "never taken back: " stop }' "$1"
}
for peer in hostile shouts cries; do
	for format in text tap jsonl; do
		GITHUB_ACTIONS=true GITHUB_STEP_SUMMARY='' "$conform" --strict --password s3cr3t-word \
		    --format $format --sut "$tmp/$peer -l {listen} -p {password}" -vv \
		    server/stream/synack-once server/commands/unknown-255 2>"$tmp/err" | cat >"$tmp/all"
		obeyed "$tmp/all" >"$tmp/out"
		obeyed "$tmp/err" >>"$tmp/out"
		! grep -aqvE '^::(error|warning) title=(server/|anytls-conform::)' "$tmp/out"
		result $? "GitHub: no workflow command of a peer: $peer, $format"
		[ $peer != shouts ] || grep -aq '::error::owned' "$tmp/all"
		result $? "GitHub: but the log is there: $peer, $format"
	done
done

# Result files.
a=$tmp/strict/results.json
expect "diff: the same" 0 '0 new failures' "$conform" diff "$a" "$a"
"$python" ci/reports.py spoil "$a" "$tmp/fixed.json" fixed
expect "diff: fixed" 1 '1 fixed' "$conform" diff "$a" "$tmp/fixed.json"
expect "diff: a new failure" 1 '^new failures \(1\)' "$conform" diff "$tmp/fixed.json" "$a"
expect "diff: gone and appeared" 1 'appeared' "$conform" diff "$a" "$tmp/a/results.json"
expect "diff: one file" 4 'two result files' "$conform" diff "$a"
expect "diff: no such file" 4 'cannot read .*nowhere' "$conform" diff "$a" "$tmp/nowhere"
expect "diff: another format" 4 'no JSON' "$conform" diff "$a" "$tmp/strict/junit.xml"
for how in cut list schema type status missing hex negative; do
	"$python" ci/reports.py spoil "$a" "$tmp/bad.json" $how
	expect "a result file with a mistake: $how" 4 'bad.json' "$conform" diff "$tmp/bad.json" "$a"
	[ "$(wc -l <"$tmp/out")" -eq 1 ]
	result $? "a result file with a mistake: one sentence: $how"
done

"$python" ci/reports.py split "$tmp/strict" 3
shard=$tmp/strict/shard-
expect "merge" 1 'exit 1' "$conform" merge "${shard}2.json" "${shard}3.json" "${shard}1.json" -o "$tmp/merged"
check "$tmp/merged"
expect "merge: the same as the whole" 0 '0 gone' "$conform" diff "$a" "$tmp/merged/results.json"
cmp -s "$tmp/strict/results.tap" "$tmp/merged/results.tap"
result $? "merge: the order is that of the plan"
expect "merge: a shard is missing" 4 'shard 2 of 3 is missing' "$conform" merge "${shard}1.json" "${shard}3.json"
expect "merge: a shard is there twice" 4 'both shard 1' "$conform" merge "${shard}1.json" "${shard}1.json" "${shard}3.json"
expect "merge: no shards" 4 'not the result of a run with --shard' "$conform" merge "$a"
for how in version target plan lost; do
	"$python" ci/reports.py spoil "${shard}2.json" "$tmp/bad.json" $how
	expect "merge: $how" 4 'bad.json|missing' "$conform" merge "${shard}1.json" "$tmp/bad.json" "${shard}3.json"
done

expect "--rerun-failed" 1 'exit 1' run --profile v2 --strict --rerun-failed "$a" -o "$tmp/again"
expect "--rerun-failed: what failed alone" 0 '^0$' sh -c \
    "grep -c '\"status\": \"pass\"' '$tmp/again/results.json' || :"
expect "--rerun-failed: nothing failed" 5 'failed' run --rerun-failed "$tmp/a/results.json" server/settings/syn-first
expect "--rerun-failed: of a server for a client" 4 'about a server' \
    "$conform" client --rerun-failed "$a" -- x '{socks}'
expect "matrix" 0 'server/heart/.*(fail|warn)' "$conform" matrix "x=$a" "$tmp/a/results.json"
# shellcheck disable=SC2016
expect "matrix in Markdown" 0 '^\| \| `x` \|' "$conform" matrix --table md "x=$a"
expect "matrix in JSON" 0 '"implementations"' "$conform" matrix --table json "x=$a"
expect "matrix in HTML" 0 '<th scope="col">x</th>' "$conform" matrix --table html "x=$a"
expect "matrix without files" 4 'result files' "$conform" matrix

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
