#!/bin/sh
# Cases of ROLE (second argument, server or client) against the broken peers
# that ci/selftest-ROLE.txt names: each fails what it should, and nothing else.
# "make selftest" takes all peers, and asks for one that fails each case.
set -u
cd "$(dirname "$0")/.." || exit 1
role=${2:-server}
# shellcheck disable=SC2046
tools/selftest --role "$role" "${1:-build/none}" \
    $(grep -v '^#' "ci/selftest-$role.txt")
