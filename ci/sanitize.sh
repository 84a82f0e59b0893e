#!/bin/sh
# Unit tests and the suite against the reference server, both built with the
# sanitizers SAN (first argument).
set -u
cd "$(dirname "$0")/.." || exit 1
san=$1
build=build/$(echo "$san" | tr , -)
. ci/lib.sh

gate "build with $san" ci/build.sh SAN="$san"
gate "unit tests with $san" ci/unit.sh "$build"
gate "suite with $san" ci/conform.sh "$build"
gates_done
