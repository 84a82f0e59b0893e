#!/bin/sh
# The register: every MUST and SHOULD has a case or a reason, and the coverage
# file in git is the one the programs print. The tables of the broken peers are
# sound, and each known bug is imitated or has a reason.
set -u
build=${1:-build/none}
passed=0 failed=0

if "$build/anytls-conform" coverage --check >/dev/null; then
	passed=$((passed + 1))
else
	"$build/anytls-conform" coverage --check | tail -n 20
	failed=$((failed + 1))
fi
if "$build/anytls-conform" coverage | diff -u conformance/anytls/coverage.txt -; then
	passed=$((passed + 1))
else
	echo "conformance/anytls/coverage.txt is old: run make coverage and review the diff"
	failed=$((failed + 1))
fi
if out=$(tools/broken-docs "$build" --check); then
	passed=$((passed + 1))
else
	echo "$out" | grep -v passed
	failed=$((failed + 1))
fi
if "$build/anytls-broken" --check >/dev/null; then
	passed=$((passed + 1))
else
	failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
