#!/bin/sh
# Unit tests and the suites against the reference pair, all built with the
# sanitizers SAN (first argument).
set -u
cd "$(dirname "$0")/.." || exit 1
san=$1
build=build/$(echo "$san" | tr , -)
. ci/lib.sh

gate "build with $san" ci/build.sh SAN="$san"
gate "unit tests with $san" ci/unit.sh "$build"
gate "server suite with $san" ci/conform.sh server "$build" --time-scale 2
gate "client suite with $san" ci/conform.sh client "$build" --time-scale 2
gates_done
