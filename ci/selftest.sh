#!/bin/sh
# Every server case against every broken server: each case can fail, each
# broken server fails what it should. "make selftest" has the clients, too.
set -u
cd "$(dirname "$0")/.." || exit 1
tools/selftest --role server "${1:-build/none}"
