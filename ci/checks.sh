# Counts the checks of one test script and says how each ended. Sourced by it,
# when it has made the folder $tmp.
# shellcheck shell=sh
passed=0 failed=0 skipped=0

ok() {
	passed=$((passed + 1))
	echo "ok $1"
}

bad() {
	failed=$((failed + 1))
	echo "FAIL $1"
}

skip() {
	skipped=$((skipped + 1))
	echo "skip $1"
}

# check NAME COMMAND...: its success, or the end of what it said, which stays
# in $tmp/out.
check() {
	name=$1
	shift
	if "$@" >"${tmp:?}/out" 2>&1; then
		ok "$name"
	else
		bad "$name"
		tail -n 8 "$tmp/out" | cut -c 1-300 | sed 's/^/    /'
	fi
}

# expect NAME CODE REGEX COMMAND...: its exit status and a line of its output.
expect() {
	name=$1 code=$2 regex=$3
	shift 3
	"$@" >"${tmp:?}/out" 2>&1 </dev/null
	rc=$?
	if [ $rc -eq "$code" ] && grep -Eq -e "$regex" "$tmp/out"; then
		ok "$name"
	else
		bad "$name: exit $rc, wanted $code and /$regex/"
		tail -n 8 "$tmp/out" | cut -c 1-300 | sed 's/^/    /'
	fi
}

# Prints the sum; false when a check failed.
checks_done() {
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" -eq 0 ]
}
