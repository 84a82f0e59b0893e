#!/bin/sh
# The reference pair of BUILD (first argument) under valgrind's memcheck: the
# end-to-end test, part of the server suite, and the client suite's sanity. Reads
# of what was never written, of what is gone, and leaks are failures.
set -u
cd "$(dirname "$0")/.." || exit 1
build=$(cd "${1:-build/none}" && pwd) || exit 1
. ci/lib.sh
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

command -v valgrind >/dev/null || {
	echo "valgrind is not here: tools/setup --nightly installs it"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}

# wrap NAME PROGRAM: $tmp/NAME is PROGRAM under valgrind, with a log for each run.
wrap() {
	cat >"$tmp/$1" <<-EOF
	#!/bin/sh
	exec valgrind -q --error-exitcode=99 --leak-check=full --num-callers=30 \
	    --errors-for-leak-kinds=definite,indirect,possible \
	    --log-file="$tmp/$1.%p.log" "$2" "\$@"
	EOF
	chmod +x "$tmp/$1"
}

wrap anytls-server "$build/anytls-server"
wrap anytls-client "$build/anytls-client"
ln -s "$build/anytls-conform" "$tmp/anytls-conform"

# What valgrind had to say of all that ran, which must be nothing.
complaints() {
	passed=0 failed=0
	for log in "$tmp"/*.log; do
		[ -e "$log" ] || continue
		if [ -s "$log" ]; then
			failed=$((failed + 1))
			head -n 60 "$log"
		else
			passed=$((passed + 1))
		fi
	done
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

# A program that is wrong: its log says so, and so does its end.
noticed() {
	cc -g -O0 -x c -o "$tmp/wrong" - <<-'EOF' || return 1
	#include <stdlib.h>
	int main(void) { int *p = malloc(4); return (*p == 7 ? 1 : 0); }
	EOF
	wrap bad "$tmp/wrong"
	"$tmp/bad"
	[ $? -eq 99 ] && ! complaints >/dev/null && rm "$tmp"/bad.*.log &&
	    echo "1 passed, 0 failed" || echo "0 passed, 1 failed"
}

# The reference, slow: what passes at once passes with patience.
server_suite() {
	ci/conform.sh server "$tmp" --time-scale 8 --timeout 4s -j 4 \
	    "server/auth/*" "server/settings/*" "server/data/*" "server/fin/*" \
	    "server/uot/*" "server/waste/*" "server/heart/*" "server/framing/*"
}

gate "valgrind notices" noticed
gate "reference pair under valgrind" env E2E_MIB=2 E2E_PATIENCE=6 ci/e2e.sh "$tmp"
gate "server suite under valgrind" server_suite
gate "nothing said by valgrind" complaints
gates_done
