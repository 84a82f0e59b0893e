#!/bin/sh
# What a run leaves of cases that did not pass: captures that tshark reads with
# no preference set, no password in any file, and replay. On the programs below
# BUILD.
set -u
cd "$(dirname "$0")/.." || exit 1
build=$PWD/${1:-build/none}
conform=$build/anytls-conform
tmp=$(mktemp -d) || exit 1
. ci/checks.sh
pids=
p=
trap 'for p in $pids; do kill "$p" 2>/dev/null; done; rm -rf "$tmp"' EXIT
password='evidence-Passw0rd'
export WIRESHARK_CONFIG_DIR="$tmp/wireshark" # no preference of anybody
unset ANYTLS_CAPTURE SSLKEYLOGFILE

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start LOG COMMAND...: a server in the background, once its port answers.
start() {
	log=$1
	shift
	"$@" >"$tmp/$log" 2>&1 </dev/null &
	pids="$pids $!"
	i=0
	while ! python3 -c "import socket; socket.create_connection(('$host', $port), 1)" 2>/dev/null; do
		i=$((i + 1))
		[ $i -lt 100 ] || break
		sleep 0.1
	done
}

# In none of the files below $1, whatever form it has.
no_password() {
	python3 - "$1" "$password" <<-'EOP'
	import base64, hashlib, os, sys
	top, password = sys.argv[1], sys.argv[2].encode()
	digest = hashlib.sha256(password).digest()
	forms = [password]
	for b in (password, digest):
	    forms += [b.hex().encode(), b.hex().upper().encode(), b.hex(" ").encode()[:47],
	              base64.b64encode(b).rstrip(b"=")[:-1], base64.urlsafe_b64encode(b).rstrip(b"=")[:-1]]
	forms.append(digest)
	files = found = 0
	for folder, _, names in os.walk(top):
	    for name in names:
	        path = os.path.join(folder, name)
	        data = open(path, "rb").read()
	        files += 1
	        for form in forms:
	            if form in data:
	                print(path, "has", form)
	                found = 1
	print(files, "files")
	sys.exit(found or files < 4)
	EOP
}

# shark FILE ARG...: what tshark says of a capture, with nothing configured.
shark() {
	file=$1
	shift
	tshark -n -r "$file" "$@" 2>/dev/null
}

clear() {
	shark "$1" -T fields -e data.data -Y tls.app_data | grep -q .
}

hello() {
	shark "$1" -Y "tls.handshake.type == 2" -T fields -e tls.handshake.version \
	    -e tls.handshake.extensions.supported_version | grep -q "$2"
}

flawless() {
	n=$(shark "$1" -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE -Y \
	    'tcp.analysis.flags || tcp.checksum.status == 0 || ip.checksum.status == 0 || _ws.malformed' |
	    tee /dev/stderr | wc -l)
	[ "$n" -eq 0 ]
}

one_comment() {
	[ "$(shark "$1" -T fields -e frame.comment | grep -c .)" -eq 1 ]
}

handshake() {
	[ "$(shark "$1" -Y 'tcp.flags.syn == 1' | wc -l)" -ge 2 ]
}

# Of stream 1: sent once, and come back twice.
stream_one() {
	[ "$(shark "$1" -T fields -e data.data | cut -c 1-14 | grep -c '^0200000001')" -ge 2 ]
}

# capture NAME FILE VERSION: opens, is whole, and is decrypted; FIELD values.
capture() {
	name=$1 file=$2 version=$3
	if [ $have_shark = no ]; then
		skip "$name: no tshark"
		return
	fi
	[ -s "$file" ] || {
		bad "$name: there is no capture $file"
		return
	}
	check "$name: tshark shows data in the clear" clear "$file"
	check "$name: it is TLS $version" hello "$file" "$version"
	check "$name: headers are right" flawless "$file"
	check "$name: the verdict is on one packet" one_comment "$file"
	check "$name: begins with a handshake" handshake "$file"
}

have_shark=yes
command -v tshark >/dev/null || have_shark=no

# A server that takes data of FIN for frames, and one that is as it should be.
host=127.0.0.1
broken="'$build/anytls-broken' --as data-parsed -l {listen} -p {password}"
# The password stands in the command, and the server says it.
loud="sh -c 'echo listening with \$2; exec \"\$0\" --as data-parsed -l \"\$1\" -p \"\$2\"' '$build/anytls-broken' {listen} $password"
"$conform" --sut "$loud" --password "$password" --capture fail \
    -o "$tmp/run" -vv 'server/commands/*' server/auth/wrong-password >"$tmp/run.txt" 2>&1
rc=$?
mkdir -p "$tmp/all" && cp "$tmp/run.txt" "$tmp/all" && cp -r "$tmp/run" "$tmp/all/run"
file=$tmp/run/cases/server.commands.data-on-fin.pcapng
check "a run with findings keeps a capture" test -s "$file"
check "its exit code is that of the verdict" test $rc -le 1
check "and what the server said" test -e "$tmp/run/target.log"
check "which has the place of the password" grep -q 'listening with \*\*\*' "$tmp/run/target.log"
check "none of what passed" test ! -e "$tmp/run/cases/server.auth.wrong-password.pcapng"
check "the report names the capture" grep -q "capture .*data-on-fin.pcapng" "$tmp/run.txt"
capture "TLS 1.3" "$file" 0x0304
if [ $have_shark = yes ]; then
	shark "$file" -T fields -e frame.comment >"$tmp/comment"
	check "the comment has the verdict" grep -q "server/commands/data-on-fin" "$tmp/comment"
	check "frames of stream 1 are seen" stream_one "$file"
fi

# The other suite: we are the TLS server, and the application.
"$conform" client --password "$password" -o "$tmp/client" --capture all client/settings/first -- \
    "$build/anytls-client" -l '{socks}' -s '{server}' -p '{password}' --insecure >"$tmp/all/client.txt" 2>&1
cp -r "$tmp/client" "$tmp/all/client"
file=$(find "$tmp/client/cases" -name '*.pcapng' | sort | head -n 1)
capture "client suite" "$file" 0x0304
check "the client's output is kept" test -n "$(find "$tmp/client/cases" -name '*.log')"
check "no password in any file" no_password "$tmp/all"

# IPv6, all cases kept.
host=::1 port=$(free_port)
start ref6 "$build/anytls-server" -l "[::1]:$port" -p "$password"
"$conform" --target "[::1]:$port" --password "$password" --capture all -o "$tmp/six" \
    server/stream/synack-sent >"$tmp/six.txt" 2>&1
capture "IPv6" "$tmp/six/cases/server.stream.synack-sent.pcapng" 0x0304

# TLS 1.2: a server that speaks nothing else, and no AnyTLS.
host=127.0.0.1 port=$(free_port)
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$tmp/key" -out "$tmp/cert" \
    -subj /CN=localhost -days 2 >/dev/null 2>&1
start s_server openssl s_server -tls1_2 -quiet -accept "127.0.0.1:$port" -cert "$tmp/cert" -key "$tmp/key"
expect "an unusable target leaves one, too" 6 "capture" "$conform" \
    --target "127.0.0.1:$port" --password "$password" -o "$tmp/old"
file=$(find "$tmp/old/cases" -name '*.pcapng' | head -n 1)
capture "TLS 1.2" "$file" 0x0303

# Without a place to put them: a sentence, and the verdict all the same.
host=127.0.0.1 port=$(free_port)
start ref "$build/anytls-server" -l "127.0.0.1:$port" -p "$password"
expect "no temporary folder: the verdict stands" 0 "nothing is captured" \
    env TMPDIR=/nonexistent "$conform" --target "127.0.0.1:$port" \
    --password "$password" 'server/stream/synack-sent'
mkdir "$tmp/here"
: >"$tmp/here/anytls-conform-out"
check "a folder that cannot be made: the same" sh -c "cd '$tmp/here' && '$conform' \
    --target 127.0.0.1:$port --password '$password' --capture all server/stream/synack-sent 2>&1 |
    grep -q 'cannot make the folder'"
mkdir "$tmp/clean"
check "nothing is left of what passed" sh -c "cd '$tmp/clean' && '$conform' \
    --target 127.0.0.1:$port --password '$password' server/stream/synack-sent &&
    [ -z \"\$(ls -A)\" ]"

# replay: against the same, another, none, and with what is no recording.
file=$tmp/run/cases/server.commands.data-on-fin.pcapng
expect "replay against the same server" 0 "result +the same" "$conform" replay "$file" \
    --sut "$broken" --password other-Passw0rd
expect "replay against another" 1 "differs .*PSH 1: [0-9]+ bytes then, [0-9]+ now" "$conform" \
    replay "$file" --target "127.0.0.1:$port" --password "$password"
"$conform" --sut "'$build/anytls-server' -l {listen} -p {password}" --capture all \
    -o "$tmp/udp" server/uot/connected-several-answers server/uot/many-destinations >/dev/null 2>&1
for case in connected-several-answers many-destinations; do
	expect "replay of datagrams: $case" 0 "result +the same" "$conform" replay \
	    "$tmp/udp/cases/server.uot.$case.pcapng" \
	    --sut "'$build/anytls-server' -l {listen} -p {password}"
done
expect "replay: datagrams that do not come" 1 "missing +the target does not write to it now" \
    "$conform" replay "$tmp/udp/cases/server.uot.many-destinations.pcapng" --timeout 700ms \
    --sut "'$build/anytls-broken' --as udp-first-destination -l {listen} -p {password}"
expect "replay: the wrong password" 1 "result +[0-9]+ difference" "$conform" \
    replay "$file" --target "127.0.0.1:$port" --password wrong --timeout 500ms
expect "replay: no recording" 4 "VERSION" "$conform" replay VERSION \
    --target "127.0.0.1:$port" --password "$password"
head -c 1500 "$file" >"$tmp/cut.pcapng"
expect "replay: a cut file" 4 "cut.pcapng" "$conform" replay "$tmp/cut.pcapng" \
    --target "127.0.0.1:$port" --password "$password"
expect "replay: of a client" 4 "recording of a client" "$conform" replay \
    "$(find "$tmp/client/cases" -name '*.pcapng' | head -n 1)" \
    --target "127.0.0.1:$port" --password "$password"
expect "replay: nobody there" 6 "cannot connect" "$conform" replay "$file" \
    --target "127.0.0.1:$(free_port)" --password "$password"
expect "replay: no file given" 4 "which recording" "$conform" replay \
    --target "127.0.0.1:$port" --password "$password"
"$conform" --sut "$broken" --capture-keys no -o "$tmp/nokeys" \
    server/commands/data-on-fin >/dev/null 2>&1
expect "replay: no keys inside" 4 "cannot be read" "$conform" replay \
    "$tmp/nokeys/cases/server.commands.data-on-fin.pcapng" \
    --target "127.0.0.1:$port" --password "$password"

checks_done
