/* tests/unit/value_rig.h - a value to decode, and a writer to encode into, for
 * the files of the value suite. */
#ifndef TALLY_TESTS_VALUE_RIG_H
#define TALLY_TESTS_VALUE_RIG_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/value.h"
#include "tests/unit/golden.h"

static struct golden_bytes g_bytes;
static uint8_t g_buf[64];
static struct cql_writer g_writer;

static void setup(void) {
  cql_writer_init(&g_writer, g_buf, sizeof g_buf);
}

static void release(void) {
  free(g_bytes.p);
  g_bytes.p = NULL;
}

/* A value in a block of exactly its size. */
static struct cql_span value(const char *text) {
  release();
  g_bytes = golden_parse(text);
  return (struct cql_span){g_bytes.p, g_bytes.len};
}

/* What was encoded since the last call. */
static bool encoded(const char *text) {
  struct golden_bytes want = golden_parse(text);
  bool same = g_writer.need == want.len && memcmp(g_buf, want.p, want.len) == 0;

  free(want.p);
  cql_writer_init(&g_writer, g_buf, sizeof g_buf);
  return same;
}

#endif
