#!/usr/bin/env bash
# tests/cluster/measure.sh [--repetitions N] - what it is worth to send an
# increment to a replica of its key: starts three nodes, measures, stops them.
# A quarter of an hour.  The figures are in docs/routing.md.
set -eu
cd "$(dirname "$0")/../.."

base=127.0.46
build=$PWD/build/cluster-release
export TALLY_CASSANDRA_DIR=$PWD/build/measure-cassandra
export TALLY_TEST_HOSTS=$base.1:9042,$base.2:9042,$base.3:9042

scripts/deps
mkdir -p build
if ! { cmake --preset release -B "$build" -DBUILD_TESTING=ON &&
  cmake --build "$build" --target cluster_latency; } >"$build.log" 2>&1; then
  tail -n 40 "$build.log" >&2
  exit 1
fi
tests/live/venv.sh "$build/tests/live/venv"
trap 'scripts/cassandra stop' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
scripts/cassandra start --nodes 3 --base $base >&2
"$build/tests/live/venv/bin/python" tests/cluster/measure.py \
  "$build/tests/cluster/cluster_latency" "$@"
