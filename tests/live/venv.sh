#!/bin/sh
# tests/live/venv.sh DIRECTORY - a Python virtual environment with the
# independent client, cassandra-driver, and with coodie, the library that counts
# beside this one, in DIRECTORY. Made once.
set -eu

venv=${1:?usage: tests/live/venv.sh DIRECTORY}
packages="cassandra-driver==3.30.1 coodie==1.9.3"

if "$venv/bin/python" -c 'import cassandra.cluster, coodie' 2>/dev/null; then
  exit 0
fi
rm -rf "$venv"
python3 -m venv "$venv"
# shellcheck disable=SC2086
"$venv/bin/pip" install --quiet --disable-pip-version-check $packages
"$venv/bin/python" -c 'import cassandra.cluster, coodie'
