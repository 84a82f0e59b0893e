#!/bin/sh
# The reference client and server with real tools on loopback: curl through
# SOCKS5 and HTTP CONNECT, IPv4, IPv6 and names, bulk data both ways compared by
# hash, UDP in both forms, v1, v2 and v3, the stop signals. Ports are ephemeral;
# only processes started here are ended. E2E_SERVER and E2E_CLIENT may name
# other programs with the same -l, -s and -p options; E2E_MIB the bulk size,
# E2E_PATIENCE how much longer programs may take to begin.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/none}
server_prog=${E2E_SERVER:-$build/anytls-server}
client_prog=${E2E_CLIENT:-$build/anytls-client}
mib=${E2E_MIB:-64}
patience=$((200 * ${E2E_PATIENCE:-1}))
tmp=$(mktemp -d) || exit 1
. ci/checks.sh
pids=
password=end-to-end-$$

cleanup() {
	for p in $pids; do
		kill "$p" 2>/dev/null
	done
	wait 2>/dev/null
	rm -rf "$tmp"
}
trap cleanup EXIT

# wait_for FILE REGEX: the last match of REGEX's group in FILE, within 10 s.
wait_for() {
	i=0
	while [ $i -lt $patience ]; do
		got=$(sed -n "s/$2/\\1/p" "$1" 2>/dev/null | tail -n 1)
		[ -n "$got" ] && echo "$got" && return 0
		i=$((i + 1))
		sleep 0.05
	done
	echo "e2e: nothing like '$2' in $1:" >&2
	cat "$1" >&2
	return 1
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start NAME COMMAND...: in the background; sets pid and log.
start() {
	log=$tmp/$1.log
	shift
	"$@" >"$log" 2>&1 &
	pid=$!
	pids="$pids $pid"
}

# ready PORT: something accepts there, within 10 s.
ready() {
	python3 - "$1" "$patience" <<-'EOF'
	import socket, sys, time
	for _ in range(int(sys.argv[2])):
	    try:
	        socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()
	        sys.exit(0)
	    except OSError:
	        time.sleep(0.05)
	sys.exit("nothing accepts on port " + sys.argv[1])
	EOF
}

start_server() {
	server_port=$(free_port)
	start server "$server_prog" -l "127.0.0.1:$server_port" -p "$password"
	server_pid=$pid
	ready "$server_port" || exit 1
}

# stop PID: SIGTERM; its exit status.
stop() {
	kill "$1" && wait "$1"
}

# Extra arguments follow; ours verify certificates unless told otherwise.
start_client() {
	socks_port=$(free_port)
	insecure=--insecure
	[ -n "${E2E_CLIENT:-}" ] && insecure=
	# shellcheck disable=SC2086
	start client "$client_prog" -l "127.0.0.1:$socks_port" \
	    -s "127.0.0.1:$server_port" -p "$password" $insecure "$@"
	client_pid=$pid
	ready "$socks_port" || exit 1
}

get() { # PROXY-OPTION PROXY URL FILE
	curl -sS -m 60 "$1" "$2" -g "$3" -o "$tmp/got" && cmp "$tmp/got" "$4"
}

head -c $((mib * 1048576)) /dev/urandom >"$tmp/big"
head -c 100000 /dev/urandom >"$tmp/small"
start web4 python3 ci/web.py 127.0.0.1 "$tmp"
web4=$(wait_for "$log" '^\([0-9]*\)$') || exit 1
web6=
if python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null; then
	start web6 python3 ci/web.py ::1 "$tmp"
	web6=$(wait_for "$log" '^\([0-9]*\)$') || exit 1
fi
start udp4 python3 ci/udp.py echo
udp4=$(wait_for "$log" '^\([0-9]*\)$') || exit 1
start udp4b python3 ci/udp.py echo
udp4b=$(wait_for "$log" '^\([0-9]*\)$') || exit 1

transfers() {
	proxy=127.0.0.1:$socks_port
	check "$1: SOCKS5, IPv4" get --socks5 "$proxy" "http://127.0.0.1:$web4/small" "$tmp/small"
	check "$1: SOCKS5, name" get --socks5-hostname "$proxy" "http://localhost:$web4/small" "$tmp/small"
	check "$1: HTTP CONNECT, IPv4" \
	    curl -sS -m 60 -p -x "http://$proxy" "http://127.0.0.1:$web4/small" -o "$tmp/got"
	check "$1: HTTP CONNECT, name" \
	    curl -sS -m 60 -p -x "http://$proxy" "http://localhost:$web4/small" -o "$tmp/got"
	if [ -n "$web6" ]; then
		check "$1: SOCKS5, IPv6" get --socks5 "$proxy" "http://[::1]:$web6/small" "$tmp/small"
		check "$1: HTTP CONNECT, IPv6" \
		    curl -sS -m 60 -g -p -x "http://$proxy" "http://[::1]:$web6/small" -o "$tmp/got"
	else
		skip "$1: IPv6 (no ::1 here)"
	fi
	check "$1: $mib MiB down" get --socks5 "$proxy" "http://127.0.0.1:$web4/big" "$tmp/big"
	check "$1: $mib MiB up" upload
	check "$1: 50 requests in turn" fifty
	check "$1: 32 requests at once" many
	check "$1: UDP, two destinations" python3 ci/udp.py ask "$proxy" \
	    "127.0.0.1:$udp4,127.0.0.1:$udp4b,localhost:$udp4" 1 100 1400 9000
	check "$1: a refused target fails" refused
}

upload() {
	sum=$(curl -sS -m 120 --socks5 "$proxy" -T "$tmp/big" "http://127.0.0.1:$web4/put") || return 1
	[ "$sum" = "$(sha256sum "$tmp/big" | cut -d ' ' -f 1)" ]
}

fifty() {
	n=0
	while [ $n -lt 50 ]; do
		get --socks5 "$proxy" "http://127.0.0.1:$web4/small" "$tmp/small" || return 1
		n=$((n + 1))
	done
}

many() {
	seq 32 | xargs -P 32 -I{} sh -c "curl -sS -m 60 --socks5 $proxy http://127.0.0.1:$web4/small -o $tmp/got.{} && cmp $tmp/got.{} $tmp/small"
}

refused() {
	curl -sS -m 20 --socks5 "$proxy" "http://127.0.0.1:$(free_port)/" && return 1
	return 0
}

refused_get() {
	curl -sS -m 20 --socks5 "127.0.0.1:$socks_port" "http://127.0.0.1:$web4/small" && return 1
	return 0
}

start_server
start_client
transfers "default"
if [ -z "${E2E_CLIENT:-}${E2E_SERVER:-}" ]; then
	check "default: UDP of 0, 16384 and 65000 bytes" python3 ci/udp.py ask "$proxy" "127.0.0.1:$udp4" 0 16384 65000
	check "client: SIGTERM ends it with 0" stop "$client_pid"
	start_client --udp-mode connect
	check "UDP in connect mode" python3 ci/udp.py ask "127.0.0.1:$socks_port" \
	    "127.0.0.1:$udp4,127.0.0.1:$udp4b" 1 1400 16384 65000
	for v in 1 3; do
		stop "$client_pid"
		start_client --protocol $v
		check "client of version $v" get --socks5 "127.0.0.1:$socks_port" "http://127.0.0.1:$web4/big" "$tmp/big"
	done
	stop "$client_pid"
	start_client -dr
	proxy=127.0.0.1:$socks_port
	check "without reuse" fifty
	kill -HUP "$server_pid"
	check "after SIGHUP" fifty
	stop "$client_pid"
	start_client -p wrong
	check "wrong password fails" refused_get
fi
if [ -z "${E2E_SERVER:-}" ]; then
	check "server: SIGTERM ends it with 0" stop "$server_pid"
fi
if grep -q "$password" "$tmp"/*.log; then
	bad "the password is in a log"
else
	ok "no log holds the password"
fi

checks_done
