#!/bin/sh
# Builds everything with the given make variables, warnings being errors.
set -u
cd "$(dirname "$0")/.." || exit 1
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
if make -j2 SETUP=no WERROR=1 "$@" programs tests >"$log" 2>&1; then
	echo "1 passed, 0 failed"
else
	tail -n 40 "$log"
	echo "0 passed, 1 failed"
	exit 1
fi
