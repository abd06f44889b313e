#!/usr/bin/env bash
# What is installed can be used: both libraries, pkg-config, CMake, C and C++,
# and nothing but tally_* is visible.
#
#   test_package.sh BUILD_DIRECTORY
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$1
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
prefix=$stage/usr

# The pages of docs/ and the README are part of the package: its example must
# compile as it stands.
sed -n '/^```c$/,/^```$/p' "$root/README.md" | grep -v '^```' >"$stage/hits.c"
[ -s "$stage/hits.c" ] || { echo "no example in README.md"; exit 1; }

cmake --install "$build" --prefix "$prefix" >/dev/null
libdir=$(dirname "$(find "$prefix" -name libtally.a)")
for file in include/tally.h bin/tally; do
  ls "$prefix/$file" >/dev/null
done
for file in libtally.so libtally.a pkgconfig/tally.pc; do
  ls "$libdir/$file" >/dev/null
done
export PKG_CONFIG_PATH=$libdir/pkgconfig

foreign=$(nm -D --defined-only "$libdir/libtally.so" |
  awk '$3 !~ /^tally_/ {print $3}')
[ -z "$foreign" ] || { echo "libtally.so shows $foreign"; exit 1; }
foreign=$(nm -g --defined-only "$libdir/libtally.a" |
  awk 'NF == 3 && $3 !~ /^tally_/ {print $3}')
[ -z "$foreign" ] || { echo "libtally.a shows $foreign"; exit 1; }
echo "ok: only tally_* is visible"

# A program that meets no server fails cleanly, whichever way it is linked.
check_run() {
  local status=0
  LD_LIBRARY_PATH=$libdir "$1" >"$stage/out" 2>&1 || status=$?
  grep -q "connection refused" "$stage/out" || {
    echo "$1 ended with $status and said:"
    cat "$stage/out"
    exit 1
  }
}
# The README's host, on a port where nobody listens.
sed -i 's|"127.0.0.1"|"127.0.0.254:1"|' "$stage/hits.c"

strict="-std=c11 -Wall -Wextra -Wpedantic -Werror"
cc $strict "$stage/hits.c" -o "$stage/shared" $(pkg-config --cflags --libs tally)
check_run "$stage/shared"
echo "ok: pkg-config, shared"

mkdir "$stage/only-static"
cp "$libdir/libtally.a" "$stage/only-static"
cc $strict "$stage/hits.c" -o "$stage/static" $(pkg-config --cflags tally) \
  -L"$stage/only-static" $(pkg-config --static --libs tally)
ldd "$stage/static" | grep -q libtally && { echo "linked shared"; exit 1; }
check_run "$stage/static"
echo "ok: pkg-config, static library"

cp "$root/tests/package/uses_tally.cc" "$stage/uses.cc"
c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror "$stage/uses.cc" \
  -o "$stage/uses" $(pkg-config --cflags --libs tally)
LD_LIBRARY_PATH=$libdir "$stage/uses"
echo "ok: C++17"

mkdir "$stage/project"
cat >"$stage/project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(user C)
set(CMAKE_C_STANDARD 11)
find_package(tally 0.1 REQUIRED)
add_executable(with_shared ../hits.c)
target_link_libraries(with_shared tally::tally)
add_executable(with_static ../hits.c)
target_link_libraries(with_static tally::static)
END
cmake -S "$stage/project" -B "$stage/project/build" \
  -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
cmake --build "$stage/project/build" >/dev/null
check_run "$stage/project/build/with_shared"
check_run "$stage/project/build/with_static"
echo "ok: find_package"

# What may not be said does not compile, and says why.
refused() { # NAME WORDS CODE
  printf '#include <tally.h>\n%s\n' "$3" >"$stage/bad.c"
  if cc -std=c11 -fsyntax-only $(pkg-config --cflags tally) "$stage/bad.c" \
    2>"$stage/why"; then
    echo "$1 compiles"
    exit 1
  fi
  grep -q "$2" "$stage/why" || { cat "$stage/why"; exit 1; }
  echo "ok: $1 is refused"
}
refused save "Counter tables do not support save(). Use tally_increment() or" \
  'int f(tally_table *t) { return tally_save(t, 0, 0); }'
refused insert "Counter tables do not support insert()" \
  'int f(tally_table *t) { return tally_insert(t, 0, 0); }'
row='typedef struct { const char *k; double d; int32_t i; int64_t n; } row;'
refused "a double as counter" "negative" \
  "$row static const tally_column c = TALLY_COUNTER(row, d);"
refused "an int as counter" "negative" \
  "$row static const tally_column c = TALLY_COUNTER(row, i);"
refused "a number as text key" "negative" \
  "$row static const tally_column c = TALLY_PARTITION_KEY(row, n, TALLY_TEXT);"
refused "an array as text key" "negative" \
  'typedef struct { char k[8]; } row;
   static const tally_column c = TALLY_PARTITION_KEY(row, k, TALLY_TEXT);'
refused "text as bigint key" "negative" \
  "$row static const tally_column c = TALLY_PARTITION_KEY(row, k, TALLY_BIGINT);"
