#!/bin/sh
# Real peers in the gate: the Go module sing-anytls, which takes seconds to
# build, and a Rust peer where "make interop" has left one. ci/nightly.sh runs
# all of them.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/none}
out=build/interop-quick

skip() {
	echo "interop: skipped: $1"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}

command -v go >/dev/null || skip "go is not installed"
python3 -c 'import tomllib' 2>/dev/null ||
    skip "Python is older than 3.11"
tools/interop/interop --build "$build" -o "$out" --only sing-anytls install \
    >/dev/null 2>&1
tools/interop/interop --build "$build" -o "$out" --only sing-anytls list |
    grep '^  sing-anytls .* here$' >/dev/null ||
    skip "sing-anytls cannot be built: $out/install/sing-anytls.log"
. ci/lib.sh
gate "suite against sing-anytls" tools/interop/interop --build "$build" \
    -o "$out" --only sing-anytls --no-install suite
gate "sing-anytls and the reference" tools/interop/interop --build "$build" \
    -o "$out" --only reference,sing-anytls,anytls-0.5 --no-install \
    --no-progress -j 3 --scale 3 --idle 2 matrix
gate "the driver ends its peers" ci/interop-stop.py "$build"
gates_done
