#!/bin/sh
# tests/live/venv.sh DIRECTORY - a Python virtual environment with the
# independent client, cassandra-driver, in DIRECTORY. Made once.
set -eu

venv=${1:?usage: tests/live/venv.sh DIRECTORY}
driver=cassandra-driver==3.30.1

if "$venv/bin/python" -c 'import cassandra.cluster' 2>/dev/null; then
  exit 0
fi
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check "$driver"
"$venv/bin/python" -c 'import cassandra.cluster'
