#!/bin/sh
# How the programs below BUILD are hardened, and how the service is.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/none}
tmp=$(mktemp -d) || exit 1
. ci/checks.sh
trap 'rm -rf "$tmp"' EXIT

# verdict STATUS NAME
verdict() {
	if [ "$1" = 0 ]; then ok "$2"; else bad "$2"; fi
}
has() {
	grep -Eq "$2" "$tmp/elf"
	verdict $? "${program##*/}: $1"
}

if command -v readelf >/dev/null && [ "$build" = build/none ]; then
	for program in "$build/anytls-server" "$build/anytls-client" "$build/anytls-conform"; do
		readelf -W -h -l -d --dyn-syms "$program" >"$tmp/elf" 2>/dev/null
		has "position-independent" 'Type: +DYN'
		has "read-only relocations" 'GNU_RELRO'
		has "all bound at start" '\(FLAGS.*(BIND_NOW|NOW)'
		has "no stack that runs" 'GNU_STACK.* RW +0x'
		has "stack protector" '__stack_chk_fail'
		has "_FORTIFY_SOURCE" '__(snprintf|memcpy|vsnprintf|fprintf|vfprintf)_chk'
	done
else
	skip "programs: no readelf, or no build for release"
fi

# The analyzer wants a program that is there.
if command -v systemd-analyze >/dev/null; then
	sed "s,/usr/local/bin,$PWD/$build," tools/systemd/anytls-server.service \
	    >"$tmp/anytls-server.service"
	systemd-analyze security --offline=true --threshold=20 --no-pager \
	    "$tmp/anytls-server.service" >"$tmp/out" 2>&1
	rc=$?
	tail -n 1 "$tmp/out"
	verdict $rc "systemd-analyze rates the service below 2.0"
	systemd-analyze verify --man=no "$tmp/anytls-server.service" >"$tmp/out" 2>&1 &&
	    ! grep -v '^$' "$tmp/out"
	verdict $? "systemd-analyze finds no mistake in it"
else
	skip "the service: no systemd-analyze"
fi
checks_done
