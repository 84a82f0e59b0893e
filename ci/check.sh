#!/bin/sh
# All tests that "make check" stands for, on the programs below BUILD.
set -u
cd "$(dirname "$0")/.." || exit 1
build=${1:-build/none}
. ci/lib.sh

gate "unit tests" ci/unit.sh "$build"
gate "vectors" ci/vectors.sh "$build"
gate "fuzz corpora" ci/fuzz.sh "$build"
gate "layers" tools/check-layers
gate "requirements" ci/requirements.sh "$build"
gate "suite against the reference server" ci/conform.sh server "$build"
gate "suite against the reference client" ci/conform.sh client "$build"
gate "captures" ci/samples.py "$build"
gate "captures in other forms" ci/check-pcap.py "$build"
gate "hostile captures" ci/hostile-pcap.py "$build" 1
gate "live and recorded" ci/live-offline.py "$build"
gate "captures in tshark" ci/tshark.py "$build"
gate "command line" ci/cli.sh "$build"
gate "reports" ci/reports.sh "$build"
gate "each file opened" ci/opened.py "$build"
gate "evidence" ci/evidence.sh "$build"
gate "manual, reference and completion" ci/shells.py "$build"
gate "on a terminal" ci/terminal.py "$build"
gate "installation and static runner" ci/install.sh "$build"
gate "hardening" ci/hardening.sh "$build"
gate "CI blocks" ci/templates.py "$build"
gate "Debian package" ci/deb.sh "$build"
gate "known failures" ci/known.sh "$build"
gate "shims" ci/shim.sh "$build"
gate "hostile targets" ci/hostile-targets.py "$build"
gate "reference pair with real tools" ci/e2e.sh "$build"
gate "what the daemons' options promise" ci/daemons.py "$build"
gate "failing calls" ci/failcalls.py "$build" --few
gate "selftest with broken peers" tools/selftest "$build"
gate "real peers" ci/interop.sh "$build"
gate "benchmarks run" ci/bench.sh "$build"
gates_done
