#!/bin/sh
# Every case of ROLE (second argument, server or client) against every broken
# peer: each case can fail, each broken peer fails what it should.
set -u
cd "$(dirname "$0")/.." || exit 1
tools/selftest --role "${2:-server}" "${1:-build/none}"
