#!/bin/sh
# Shims: the honest one passes, and each that does not keep to docs/shim.md gets
# its sentence and exit code. BUILD is the only argument.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/none}
passed=0 failed=0
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT

# check EXIT TEXT SHIM PATTERN...: run the cases PATTERN with SHIM
check() {
	want=$1 text=$2 shim=$3
	shift 3
	"$build/anytls-conform" client --shim "$shim" --timeout 1s "$@" -- \
	    "$build/anytls-client" -l '{socks}' -s '{server}' \
	    -p '{password}' --insecure >"$out" 2>&1
	rc=$?
	if [ "$rc" -eq "$want" ] && grep -q -- "$text" "$out"; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	echo "FAIL: --shim '$shim': exit $rc, not $want, or no \"$text\""
	tail -n 20 "$out"
}

own="$build/anytls-broken shim"
all='client/shim/**'
one=client/shim/pool
check 0 '8 run, 8 pass' "$own" "$all"
check 5 'cannot do this at all' "$own cannot" "$all"
check 3 "claims to support 'x-" "$own claims" $one
check 3 'has not answered' "$own silent" $one
check 3 'is no JSON object: ready' "$own garbage" $one
check 3 'has another seq' "$own seq" $one
check 5 "does not support 'state'" "$own no-state" $one
check 5 "cannot set 'idle_timeout_ms'" "$own ignores" client/shim/idle-timeout
check 3 'exit status 127, as for a command that is not found' \
    ./no-such-shim $one
check 3 'exit status 3' 'sh -c "echo broken >\&2; exit 3"' $one
check 3 'shim says: broken' 'sh -c "echo broken >\&2; exit 3"' $one
check 4 'a quote in the command is left open' "a 'b" $one
check 4 'the command is empty' ' ' $one
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
