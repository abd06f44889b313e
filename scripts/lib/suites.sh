# What scripts/test and scripts/check share: how to build, to run, and to keep
# the books.  They stand in the project's folder when they read this.
# shellcheck shell=bash
passed=0 failed=0 not_ok=

# A heading, with the seconds since the start.
part() {
  printf '\n== %s  [%d s]\n' "$*" "$SECONDS"
}

# Runs a command and keeps the books.
check() {
  local name=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    not_ok="$not_ok
  $name"
  fi
}

build() { # PRESET CMAKE-ARGUMENT...
  part "building $1"
  cmake --preset "$1" -DTALLY_WERROR=ON "${@:2}" >"build/$1.log" 2>&1 &&
    cmake --build --preset "$1" >>"build/$1.log" 2>&1 || {
    tail -n 40 "build/$1.log" >&2
    echo "cannot build $1" >&2
    exit 1
  }
}

suite() { # PRESET CTEST-ARGUMENT...
  local preset=$1
  shift
  ctest --test-dir "build/$preset" --output-on-failure "$@"
}

unit() {
  build asan
  part "unit tests, ASan and UBSan"
  check "unit, asan" suite asan -L unit -j 4
  part "fuzz targets: what is kept, and mutations of it"
  check "fuzz, asan" suite asan -L fuzz -j 2
  build tsan
  part "unit tests, TSan"
  check "unit, tsan" suite tsan -L unit -j 4
  build release -DBUILD_TESTING=ON
  part "unit tests of pure functions, valgrind"
  check "unit, valgrind" tests/support/valgrind.sh \
    build/release/tests/unit/tally_unit
}

# Seeds from the commit: others with every change, and the same ones again for
# whoever looks into a failure.
commit_seed() {
  echo $((16#$(git rev-parse --short=12 HEAD 2>/dev/null || echo 7a11)))
}

# The last word, and the exit status.
books() {
  [ -z "$not_ok" ] || printf '\nnot ok:%s\n' "$not_ok"
  printf '\n%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}
