#!/bin/sh
# What is installed, and the static runner: in a folder with nothing else it
# judges a server that runs outside, by address and by a name of /etc/hosts.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/none}
tmp=$(mktemp -d) || exit 1
server=
. ci/checks.sh
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$tmp"' EXIT

has() {
	grep -Eq "$1" "$2"
}

dest=$tmp/dest
check "install" make --no-print-directory SETUP=no install DESTDIR="$dest" PREFIX=/usr
for f in bin/anytls-conform bin/anytls-server bin/anytls-client \
	share/man/man1/anytls-conform.1 share/man/man1/anytls-server.1 \
	share/man/man1/anytls-client.1 share/doc/anytls-conform/cli.md \
	share/bash-completion/completions/anytls-conform \
	share/zsh/site-functions/_anytls-conform \
	share/fish/vendor_completions.d/anytls-conform.fish \
	share/anytls-conform/results.schema.json share/anytls-conform/anytls.lua \
	lib/systemd/system/anytls-server.service; do
	check "installed: $f" test -s "$dest/usr/$f"
done
check "the installed one runs" "$dest/usr/bin/anytls-conform" list 'server/settings/*'
check "the service starts the installed one" \
    has '^ExecStart=/usr/bin/anytls-server ' "$dest/usr/lib/systemd/system/anytls-server.service"
check "uninstall" make --no-print-directory SETUP=no uninstall DESTDIR="$dest" PREFIX=/usr
check "nothing is left" test -z "$(find "$dest" -type f)"

check "static" make --no-print-directory SETUP=no static
runner=$build/static/anytls-conform
check "at most 12 MB" test "$(wc -c <"$runner")" -le 12000000
if [ "$(id -u)" = 0 ]; then
	"$build/anytls-server" -l 127.0.0.1:0 -p secret >"$tmp/server" 2>&1 &
	server=$!
	i=0
	while ! grep -q 'listening on' "$tmp/server" && [ $i -lt 100 ]; do
		sleep 0.05
		i=$((i + 1))
	done
	port=$(sed -n 's/.*listening on [^ ]*:\([0-9]*\).*/\1/p' "$tmp/server")
	mkdir -p "$tmp/root/etc"
	cp "$runner" "$tmp/root/run"
	echo '127.0.0.1 under.test' >"$tmp/root/etc/hosts"
	for host in 127.0.0.1 under.test; do
		check "in an empty root, $host" chroot "$tmp/root" /run --capture none \
		    --target "$host:$port" --password secret 'server/settings/*' 'server/fin/*'
		mv "$tmp/out" "$tmp/run"
		check "it conforms, $host" has '^anytls-conform: [1-9][0-9]* run.*exit 0' "$tmp/run"
	done
	check "a name that is not there" sh -c \
	    "! chroot '$tmp/root' /run --target no.such.name:$port --password secret"
else
	skip "in an empty root: not root"
fi
checks_done
