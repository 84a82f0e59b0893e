#!/usr/bin/env bash
# What takes too long for the gate: all real implementations against each
# other and against the suite. The first run compiles them for half an hour.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/none}
. ci/lib.sh

gate "build" ci/build.sh
gate "real implementations" tools/interop/interop --build "$build" --scale 2 \
    -j 3 --idle 65
gates_done
