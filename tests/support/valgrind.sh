#!/usr/bin/env bash
# The unit tests that need no thread, under valgrind: no invalid access and no
# leak.  Those with a server on the other side are for the sanitizers.
#
#   valgrind.sh TALLY_UNIT
set -u
suites="wire frame request response result type value murmur3 conn_fsm timer
streams output outcome options definition statement bind pool_fsm control_fsm
topology routing_key snapshot router compress"

export CK_FORK=no CK_TIMEOUT_MULTIPLIER=20
printf '%s\n' $suites | xargs -P "$(nproc)" -I{} sh -c '
  out=$(CK_RUN_SUITE={} valgrind -q --error-exitcode=9 --leak-check=full \
    --errors-for-leak-kinds=all "$0" 2>&1)
  status=$?
  printf "%s\n" "$out"
  # A name that no suite has would pass without a single check.
  case $out in *"Checks: "*) exit $status ;; *) exit 1 ;; esac' "$1"
