# Adds up the gates: each ends with "N passed, N failed[, N skipped]". Sourced.
# shellcheck shell=sh
gate_passed=0 gate_failed=0 gate_skipped=0
gate_log=$(mktemp) || exit 1

# gate NAME COMMAND...: runs it, shows its output, takes its counts. A gate that
# fails without saying how often, or prints no counts, counts as one failure.
gate() {
	gate_name=$1
	shift
	echo "== $gate_name"
	gate_start=$(date +%s)
	# Into a file: whoever is left behind holds no pipe that is waited for.
	"$@" >"$gate_log" 2>&1
	gate_rc=$?
	cat "$gate_log"
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$gate_log" | tail -n 1)
	p=$(echo "$line" | sed -n 's/^\([0-9]*\) passed.*/\1/p')
	f=$(echo "$line" | sed -n 's/.*, \([0-9]*\) failed.*/\1/p')
	s=$(echo "$line" | sed -n 's/.*, \([0-9]*\) skipped.*/\1/p')
	p=${p:-0} f=${f:-0} s=${s:-0}
	if [ -z "$line" ] || { [ "$gate_rc" != 0 ] && [ "$f" -eq 0 ]; }; then
		echo "$gate_name: failed (exit $gate_rc)"
		f=$((f + 1))
	fi
	gate_passed=$((gate_passed + p))
	gate_failed=$((gate_failed + f))
	gate_skipped=$((gate_skipped + s))
	echo "-- $gate_name: $p passed, $f failed, $s skipped, $(($(date +%s) - gate_start)) s"
}

# Prints the sum; false when a gate failed or nothing passed.
gates_done() {
	rm -f "$gate_log"
	[ "$gate_passed" -gt 0 ] || gate_failed=$((gate_failed + 1))
	echo "$gate_passed passed, $gate_failed failed, $gate_skipped skipped"
	[ "$gate_failed" -eq 0 ]
}
