#!/usr/bin/env bash
# scripts/layers passes, and sees what it is there to see: each planted
# violation must make it fail.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
copy=$(mktemp -d) || exit 1
trap 'rm -rf "$copy"' EXIT
failed=0

fresh() {
  rm -rf "${copy:?}"/*
  cp -r "$root"/{proto,core,api,tool,examples,scripts} "$copy"
}

# planted NAME FILE SED-SCRIPT WORDS: layers must fail, and say WORDS.
planted() {
  fresh
  sed -i "$3" "$copy/$2"
  said=$("$copy/scripts/layers" "$copy" 2>&1) && {
    echo "not ok: $1 was not noticed"
    failed=1
    return
  }
  case $said in
  *"$4"*) echo "ok: $1" ;;
  *)
    echo "not ok: $1: said \"$said\""
    failed=1
    ;;
  esac
}

fresh
"$copy/scripts/layers" "$copy" || failed=1

planted "proto/frame.c includes <uv.h>" proto/frame.c \
  '1i #include <uv.h>' "proto/ looks up or outside"
planted "proto/frame.c calls malloc" proto/frame.c \
  '$a #include <stdlib.h>\nvoid *cql_planted(void);\nvoid *cql_planted(void) { return malloc(1); }' \
  "malloc"
planted "core includes api" core/conn.c \
  '1i #include "api/internal.h"' "core/ looks up"
planted "api includes proto" api/get.c \
  '1i #include "proto/wire.h"' "api/ skips core/"
planted "core asks the clock" core/op.c \
  '$a #include <time.h>\nlong op_planted(void);\nlong op_planted(void) { return (long)time(NULL); }' \
  "time"
planted "another file includes <lz4.h>" core/output.c \
  '1i #include <lz4.h>' "core/ uses a library outside its one file"
planted "another file calls lz4" core/output.c \
  '$a int LZ4_sizeofState(void);\nint output_planted(void);\nint output_planted(void) { return LZ4_sizeofState(); }' \
  "lz4 is used outside core/compress.c"
planted "lz4 takes memory of its own" core/compress.c \
  '$a void *LZ4_createStream(void);\nvoid *compress_planted(void);\nvoid *compress_planted(void) { return LZ4_createStream(); }' \
  "LZ4_createStream"
planted "the file of lz4 includes <uv.h>" core/compress.c \
  '1i #include <uv.h>' "core/ uses a library outside its one file"
planted "a circle of files" core/list.h \
  's|#include <stddef.h>|#include "core/op.h"|' "a circle of files"
planted "the tool uses core" tool/main.c \
  '1i #include "core/op.h"' "tool/ uses more than tally.h"
exit $failed
