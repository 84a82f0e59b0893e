#!/bin/sh
# Formatting, static analysis and shell scripts. Each tool is one check; one
# that is not installed is a counted skip, printed.
set -u
cd "$(dirname "$0")/.." || exit 1
passed=0 failed=0 skipped=0

# check NAME COMMAND...
check() {
	name=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
	else
		echo "lint: $name failed"
		failed=$((failed + 1))
	fi
}

skip() {
	echo "lint: skipped: $1"
	skipped=$((skipped + 1))
}

formatting() {
	out=$(git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror 2>&1) &&
	    return 0
	echo "$out" | grep -E 'error:' | head -n 20
	return 1
}

# cppcheck 2.10 does not follow _Noreturn, so its checks for tests that come
# after a use have only false alarms here; the compilers look at that.
analyse() {
	cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr -I. \
	    --enable=warning,portability --suppress=missingIncludeSystem \
	    --suppress=nullPointerRedundantCheck --suppress=zerodivcond \
	    -j 2 -DVERSION='""' -DGIT_REV='""' -DVECTORS_HASH='""' \
	    ref conformance tools vectors fuzz 2>&1
}

# The core, which parses what peers say; the rest would take minutes.
analyse_paths() {
	flags=$(pkg-config --cflags openssl libuv jansson cmocka)
	# shellcheck disable=SC2086
	out=$(git ls-files 'ref/wire/*.c' 'ref/session/*.c' |
	    xargs -P 2 -n 4 clang --analyze --analyzer-output text -std=c11 -I. \
	    -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE -DVERSION='""' \
	    -DGIT_REV='""' $flags 2>&1)
	rm -f ./*.plist
	echo "$out" | grep -aE 'warning:|error:' | head -n 20
	! echo "$out" | grep -aqE 'warning:|error:'
}

scripts() {
	git ls-files | while read -r f; do
		[ -f "$f" ] || continue
		case $(head -c 20 "$f" | head -n 1 | tr -d '\0') in
		'#!/bin/sh'* | '#!/usr/bin/env bash'*) echo "$f" ;;
		esac
	done | xargs shellcheck -x
}

case $(clang-format --version 2>/dev/null) in
*'version 14.'*) check clang-format formatting ;;
*) skip "clang-format 14 is not here; other versions format differently" ;;
esac
if command -v cppcheck >/dev/null; then check cppcheck analyse; else skip cppcheck; fi
if command -v clang >/dev/null; then check "clang --analyze" analyse_paths; else skip clang; fi
if command -v shellcheck >/dev/null; then check shellcheck scripts; else skip shellcheck; fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
