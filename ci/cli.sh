#!/bin/sh
# The command line of the programs below BUILD: each exit code of the runner is
# provoked once, and the daemons answer bad options and files with a sentence.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/none}
conform=$build/anytls-conform
tmp=$(mktemp -d) || exit 1
ANYTLS_CAPTURE=none
export ANYTLS_CAPTURE
. ci/checks.sh
pids=
trap 'for p in $pids; do kill "$p" 2>/dev/null; done; rm -rf "$tmp"' EXIT

# A listener that does as told: silent accepts and says nothing, web answers in
# clear text. Sets got_port.
listener() {
	python3 -u - "$1" >"$tmp/$1.port" <<-'EOF' &
	import socket, sys, threading
	s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(64)
	print(s.getsockname()[1])
	held = []
	while True:
	    c, _ = s.accept()
	    held.append(c)
	    if sys.argv[1] == "web":
	        c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
	EOF
	pids="$pids $!"
	i=0
	while [ ! -s "$tmp/$1.port" ] && [ $i -lt 100 ]; do
		sleep 0.05
		i=$((i + 1))
	done
	got_port=$(cat "$tmp/$1.port")
}

dead_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

port=$(dead_port)
: >"$tmp/server"
"$build/anytls-server" -l "127.0.0.1:$port" -p right >"$tmp/server" 2>&1 &
server_pid=$!
pids="$pids $server_pid"
i=0
while ! grep -q listening "$tmp/server" && [ $i -lt 100 ]; do
	sleep 0.05
	i=$((i + 1))
done
target="--target 127.0.0.1:$port --password right"
listener web
web=$got_port
listener silent
silent=$got_port

# shellcheck disable=SC2086 # $target is options
{
	expect "exit 0: a conforming server" 0 '^anytls-conform: 1 run, 1 pass.*exit 0' \
	    "$conform" $target server/settings/syn-first
	expect "exit 1: a warning under --strict" 1 'exit 1' \
	    "$conform" --sut "$build/anytls-broken --as heart-never -l {listen} -p {password}" \
	    --profile v2 --strict 'server/heart/*'
	expect "exit 2: the deadline" 2 'exit 2' \
	    "$conform" $target --deadline 50ms
	expect "exit 3: cases that the suite could not run" 3 '[1-9][0-9]* error;.*exit 3' \
	    sh -c "ulimit -n 18; exec $conform $target 'server/settings/*'"
	expect "exit 3: a report that cannot be written" 3 "$tmp/no/x cannot be written" \
	    "$conform" $target --report "json=$tmp/no/x" server/settings/syn-first
	expect "exit 4: unknown option" 4 'nonsense' "$conform" --nonsense
	expect "exit 4: a selector that matches nothing" 4 'srver/settings' \
	    "$conform" $target 'srver/settings/*'
	expect "exit 4: no target" 4 'target' "$conform"
	expect "exit 4: a target without a port" 4 'port' \
	    "$conform" --target 127.0.0.1 --password x
	expect "exit 4: an empty password file" 4 'password' \
	    "$conform" --target "127.0.0.1:$port" --password-file /dev/null
	expect "exit 4: a duration without a unit" 4 'unit' \
	    "$conform" $target --timeout 5
	expect "exit 5: all skipped" 5 'exit 5' \
	    "$conform" $target --profile v2 'server/v3/*'
	expect "exit 6: nothing listens" 6 'refused' \
	    "$conform" --target "127.0.0.1:$(dead_port)" --password x
	expect "exit 6: no TLS there" 6 'TLS' \
	    "$conform" --target "127.0.0.1:$web" --password x
	expect "exit 6: accepts and stays silent" 6 'never answered' \
	    "$conform" --target "127.0.0.1:$silent" --password x
	expect "exit 6: wrong password" 6 'password' \
	    "$conform" --target "127.0.0.1:$port" --password wrong
	expect "exit 6: a command that does not exist" 6 'no-such-program' \
	    "$conform" --sut './no-such-program {listen}'
}

# shellcheck disable=SC2086 # $target is options
{
	expect "exit 0: nothing tested, and that is fine" 0 '0 run.*exit 0' \
	    "$conform" $target --profile v2 --no-tests pass 'server/v3/*'
	expect "exit 4: a tag that no case has" 4 "the tag 'fast'" "$conform" $target --tag fast
	expect "exit 4: no shard" 4 '1/N to N/N' "$conform" $target --shard 3/2
	echo 'jbos = 3' >"$tmp/list"
	expect "exit 4: a file with a mistake" 4 'list:1: there is no option .jbos' \
	    "$conform" --config "$tmp/list" --target x:1
	expect "exit 4: a pause before no case" 4 'no case of this run' \
	    "$conform" $target --pause-before server/x server/settings/syn-first
	expect "until-fail ends" 0 '6 run, 6 pass' \
	    "$conform" $target --until-fail --repeat 6 server/settings/syn-first
	expect "shuffle" 0 'exit 0' "$conform" $target --shuffle --seed 5 'server/settings/*' -q
}

# A client that starts for the sanity check and never again: it is not the suite
# that has failed.
cat >"$tmp/once" <<EOF
#!/bin/sh
case \$ANYTLS_CASE in
suite/*) exec "$build/anytls-client" "\$@" ;;
esac
exit 3
EOF
chmod +x "$tmp/once"
expect "a client that no longer starts" 1 'the client ended before it was ready: exit status 3' \
    "$conform" client client/auth/one-record -- \
    "$tmp/once" -l '{socks}' -s '{server}' -p '{password}' --insecure
cp "$tmp/out" "$tmp/once.out"
check "... is no error of the suite" grep -q 'CRASH *client/auth/one-record' "$tmp/once.out"
expect "... is given up after twenty cases" 1 '20 crash.* blocked' \
    "$conform" client -j 1 'client/**' -- \
    "$tmp/once" -l '{socks}' -s '{server}' -p '{password}' --insecure
# A client that fails the case the first time.
cat >"$tmp/moody" <<EOF
#!/bin/sh
if [ "\$ANYTLS_CASE" = client/auth/one-record ] && { [ -e "$tmp/always" ] || mkdir "$tmp/been"; } 2>/dev/null; then
	exec "$build/anytls-broken" client --as auth-three-records "\$@"
fi
exec "$build/anytls-client" "\$@"
EOF
chmod +x "$tmp/moody"
moody() {
	rmdir "$tmp/been" 2>/dev/null
	"$conform" client --strict "$@" client/auth/one-record -- \
	    "$tmp/moody" -l '{socks}' -s '{server}' -p '{password}' --insecure
}
expect "retries: what passes then is flaky" 0 '1 run, 0 pass.* 1 flaky.*exit 0' \
    moody --retries 2
expect "exit 1: flaky, when that fails the run" 1 '1 flaky.*exit 1' \
    moody --retries 2 --flaky-result fail
expect "without retries it fails" 1 '1 warn.*exit 1' moody
: >"$tmp/always"
expect "retries: what fails each time fails" 1 '1 warn.*exit 1' moody --retries 2

# Not every system that has no /proc lacks ps, or the other way round.
is_stopped() {
	{ ps -o state= -p "$1" || sed -n 's/^State:[[:space:]]*//p' "/proc/$1/status"; } \
	    2>/dev/null | grep -q '^[Tt]'
}

paused() {
	"$conform" --target "127.0.0.1:$port" --password right \
	    --pause-before server/settings/syn-first server/settings/syn-first >"$tmp/pause" 2>&1 &
	p=$! i=0
	while ! grep -q 'kill -CONT' "$tmp/pause" && [ $i -lt 200 ]; do
		sleep 0.05
		i=$((i + 1))
	done
	case_pid=$(sed -n 's/.*kill -CONT //p' "$tmp/pause")
	sleep 0.3
	is_stopped "$case_pid" || kill -INT $p
	kill -CONT "$case_pid"
	wait $p
	rc=$?
	cat "$tmp/pause"
	return $rc
}
expect "pause-before" 0 '^anytls-conform: 1 run, 1 pass' paused

# Three shards of a run, merged, beside the run as a whole: ids, verdicts, counts
# and exit code. shards NAME CODE COMMAND...
shards() {
	what=$1 code=$2
	shift 2
	expect "$what: the whole" "$code" "exit $code" "$@" --report "json=$tmp/whole.json"
	for i in 1 2 3; do
		"$@" --shard $i/3 --report "json=$tmp/shard$i.json" >/dev/null 2>&1
	done
	expect "$what: three shards, merged" "$code" "exit $code" \
	    "$conform" merge "$tmp/shard3.json" "$tmp/shard1.json" "$tmp/shard2.json" \
	    --report "json=$tmp/merged.json"
	expect "$what: the same ids and verdicts, in the same order" 0 '^[1-9][0-9]* the same$' \
	    python3 "$tmp/same.py" "$tmp/whole.json" "$tmp/merged.json" "$tmp"/shard[123].json
}
cat >"$tmp/same.py" <<'EOF'
import json, sys
whole, merged, *shards = [json.load(open(n)) for n in sys.argv[1:]]
for what in ("id", "status", "is_unexpected", "requirements", "round"):
    a, b = [[t[what] for t in r["tests"]] for r in (whole, merged)]
    assert a == b, what
assert whole["counts"] == merged["counts"], (whole["counts"], merged["counts"])
assert whole["run"]["exit_code"] == merged["run"]["exit_code"]
ids = [{(t["id"], t["round"]) for t in s["tests"]} for s in shards]
assert sum(map(len, ids)) == len({i for s in ids for i in s})
assert max(map(len, ids)) - min(map(len, ids)) <= 1
print(len(whole["tests"]), "the same")
EOF
# shellcheck disable=SC2086
shards "shards of the reference server" 0 \
    "$conform" $target 'server/settings/**' 'server/fin/**'
# shellcheck disable=SC2086
shards "shards of which one is empty" 0 \
    "$conform" $target server/settings/syn-first server/settings/md5-first
shards "shards of a server that fails" 1 \
    "$conform" --sut "$build/anytls-broken --as settings-needs-client -l {listen} -p {password}" \
    --strict 'server/settings/**' --repeat 2

interrupted() {
	"$conform" --target "127.0.0.1:$port" --password right --repeat 100 >"$tmp/int" 2>&1 &
	p=$!
	sleep 1
	kill -INT $p
	wait $p
	rc=$?
	cat "$tmp/int"
	return $rc
}
expect "exit 2: interrupted" 2 'exit 2' interrupted
expect "list" 0 '^server/settings/syn-first' "$conform" list
expect "explain a case" 0 'AT-ST-06' "$conform" explain server/settings/syn-first
expect "explain a requirement" 0 'server/settings/syn-first' "$conform" explain AT-ST-06
expect "explain by an old id" 0 '^client/synack/first-stream-waits-20s$' \
    "$conform" explain client/synack/first-stream-waits-12s
expect "explain by an old id: a notice" 0 "note: the case '.*12s' is now called" \
    "$conform" explain client/synack/first-stream-waits-12s
expect "explain what is not there" 4 'no-such' "$conform" explain no-such
expect "version" 0 "^anytls-conform $(cat VERSION)" "$conform" --version
expect "version: vectors" 0 "^vectors $(tools/vectors2json hash | cut -c 1-12)$" "$conform" --version
expect "help" 0 '--target' "$conform" --help

for d in server client; do
	peer=
	[ $d = client ] && peer='-s 127.0.0.1:1'
	expect "$d: help" 0 '--password-file' "$build/anytls-$d" --help
	expect "$d: version" 0 "^anytls-$d $(cat VERSION)" "$build/anytls-$d" --version
	expect "$d: unknown option" 2 'nonsense' "$build/anytls-$d" --nonsense
	# shellcheck disable=SC2086
	expect "$d: no password" 2 'password' "$build/anytls-$d" -l 127.0.0.1:0 $peer
	# shellcheck disable=SC2086
	expect "$d: scheme file missing" 2 'no-such-file' \
	    "$build/anytls-$d" -l 127.0.0.1:0 -p x $peer --padding-scheme no-such-file
done
printf 'stop=x\n1=a\n' >"$tmp/scheme"
expect "server: scheme without a stop" 2 'stop' \
    "$build/anytls-server" -l 127.0.0.1:0 -p x --padding-scheme "$tmp/scheme"
expect "server: port in use" 1 'in use' "$build/anytls-server" -l "127.0.0.1:$port" -p x
expect "server: certificate missing" 1 'no-such-cert' \
    "$build/anytls-server" -l 127.0.0.1:0 -p x --cert no-such-cert --key no-such-key
expect "client: bad link" 2 'anytls://' "$build/anytls-client" -l 127.0.0.1:0 -s 'anytls://x@[::1'

checks_done
