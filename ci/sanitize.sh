#!/bin/sh
# Unit tests built with the sanitizers SAN (first argument); with "suite" as the
# second, the suites against the reference server and client too.
set -u
cd "$(dirname "$0")/.." || exit 1
san=$1
build=build/$(echo "$san" | tr , -)
. ci/lib.sh

gate "build with $san" ci/build.sh SAN="$san"
gate "unit tests with $san" ci/unit.sh "$build"
if [ "${2:-}" = suite ]; then
	gate "server suite with $san" ci/conform.sh server "$build" --time-scale 2
	gate "client suite with $san" ci/conform.sh client "$build" --time-scale 2
fi
gates_done
