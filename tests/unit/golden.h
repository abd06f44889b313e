/* tests/unit/golden.h - response frames written down by hand from the
 * protocol's description and from what Cassandra 5.0 was seen to send.  None
 * was made by our own encoder.
 *
 * A frame is text: pairs of hexadecimal digits, 'letters' that stand for
 * themselves, and spaces where they help the reader. */
#ifndef TALLY_TESTS_GOLDEN_H
#define TALLY_TESTS_GOLDEN_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct golden {
  const char *name;
  const char *text;
};

/* Bytes in a heap block of exactly their size, so that a sanitizer sees the
 * first byte read beyond them. */
struct golden_bytes {
  uint8_t *p;
  size_t len;
};

static inline unsigned golden_digit(char c) {
  if (c >= '0' && c <= '9')
    return (unsigned)(c - '0');
  if (c >= 'a' && c <= 'f')
    return (unsigned)(c - 'a') + 10;
  abort(); /* a slip of the pen in a test's table */
}

/* Write the bytes that `text` stands for to out, unless it is NULL, and count
 * them. */
static inline size_t golden_write(const char *text, uint8_t *out) {
  size_t n = 0;

  while (*text != '\0') {
    uint8_t byte;

    if (*text == ' ') {
      text++;
      continue;
    }
    if (*text == '\'') {
      for (text++; *text != '\''; text++, n++)
        if (out != NULL)
          out[n] = (uint8_t)*text;
      text++;
      continue;
    }
    byte = (uint8_t)(golden_digit(text[0]) << 4 | golden_digit(text[1]));
    if (out != NULL)
      out[n] = byte;
    text += 2;
    n++;
  }
  return n;
}

static inline struct golden_bytes golden_copy(const void *p, size_t len) {
  struct golden_bytes b = {malloc(len > 0 ? len : 1), len};

  if (b.p == NULL)
    abort();
  if (len > 0)
    memcpy(b.p, p, len);
  return b;
}

static inline struct golden_bytes golden_parse(const char *text) {
  struct golden_bytes b = {NULL, golden_write(text, NULL)};

  b.p = malloc(b.len > 0 ? b.len : 1);
  if (b.p == NULL)
    abort();
  golden_write(text, b.p);
  return b;
}

static const struct golden golden_responses[] = {
    {"ready", "84 00 0000 02 00000000"},
    {"authenticate", "84 00 0000 03 00000031"
                     "002f 'org.apache.cassandra.auth.PasswordAuthenticator'"},
    {"auth_challenge", "84 00 0001 0e 00000007 00000003 010203"},
    {"auth_challenge_empty", "84 00 0001 0e 00000004 00000000"},
    {"auth_success", "84 00 0001 10 00000004 ffffffff"},
    {"supported", "84 00 0002 06 00000066 0003"
                  "0011 'PROTOCOL_VERSIONS'"
                  "0004 0004 '3/v3' 0004 '4/v4' 0004 '5/v5' 0009 '6/v6-beta'"
                  "000b 'COMPRESSION' 0002 0006 'snappy' 0003 'lz4'"
                  "000b 'CQL_VERSION' 0001 0005 '3.4.7'"},
    {"supported_empty_list", "84 00 0002 06 00000007 0001 0001 'A' 0000"},

    {"void", "84 00 0007 08 00000004 00000001"},
    {"set_keyspace", "84 00 0007 08 00000008 00000003 0002 'ks'"},
    /* select key from system.local */
    {"rows", "84 00 0003 08 0000002f 00000002 00000001 00000001"
             "0006 'system' 0005 'local' 0003 'key' 000d"
             "00000001 00000005 'local'"},
    /* Two pages or more, and a table with every column. */
    {"rows_paged", "84 00 7fff 08 0000004c 00000002 00000002 00000002"
                   "00000004 deadbeef"
                   "0002 'ks' 0001 't' 0001 'k' 0009"
                   "0002 'ks' 0001 'u' 0001 'n' 0005"
                   "00000002"
                   "00000004 00000001 00000008 fffffffffffffffe"
                   "00000000 ffffffff"},
    /* SKIP_METADATA: both bits are set and no table follows. */
    {"rows_no_metadata", "84 00 0004 08 00000019 00000002 00000005 00000002"
                         "00000001 00000001 'a' ffffffff"},
    {"rows_no_metadata_paged",
     "84 00 0004 08 00000020 00000002 00000007 00000001 00000002 0a0b"
     "00000002 00000001 'a' 00000001 'b'"},
    {"rows_empty", "84 00 0005 08 0000001b 00000002 00000001 00000001"
                   "0001 'k' 0001 't' 0001 'c' 0002 00000000"},
    {"rows_types",
     "84 00 0006 08 0000013d 00000002 00000001 00000006"
     "0002 'ks' 0001 't'"
     "0001 'a' 0020 0009"
     "0001 'b' 0021 000d 0022 000c"
     "0001 'c' 0031 0002 0009 000d"
     "0001 'd' 0030 0002 'ks' 0004 'addr' 0002 0006 'street' 000d"
     "0003 'zip' 0009"
     "0001 'e' 0000 002c 'org.apache.cassandra.db.marshal.DurationType'"
     "0001 'f' 0000 0059 'org.apache.cassandra.db.marshal.VectorType("
     "org.apache.cassandra.db.marshal.FloatType , 3)'"
     "00000001"
     "00000010 00000002 00000004 00000001 00000000"
     "00000004 00000000"
     "0000000c 00000004 00000007 ffffffff"
     "0000000d 00000001 'S' 00000004 00000005"
     "00000003 020406"
     "0000000c 3f800000 40000000 40400000"},
    /* insert into cp (v,c,b,a) values (?,?,?,?), primary key ((a,b,c)) */
    {"prepared",
     "84 00 0008 08 0000004c 00000004 0010 000102030405060708090a0b0c0d0e0f"
     "00000001 00000004 00000003 0003 0002 0001"
     "0002 'ks' 0002 'cp'"
     "0001 'v' 0009 0001 'c' 0003 0001 'b' 000d 0001 'a' 0009"
     "00000004 00000000"},
    {"prepared_select",
     "84 00 0008 08 0000003b 00000004 0002 abcd"
     "00000001 00000001 00000001 0000 0002 'ks' 0001 't' 0001 'k' 000d"
     "00000001 00000002 0002 'ks' 0001 't' 0001 'k' 000d 0001 'n' 0005"},
    /* No binds at all, as for a USE. */
    {"prepared_bare", "84 00 0008 08 0000001b 00000004 0001 01"
                      "00000000 00000000 00000000 00000004 00000000"},
    {"schema_keyspace", "84 00 0009 08 0000001b 00000005"
                        "0007 'CREATED' 0008 'KEYSPACE' 0002 'ks'"},
    {"schema_table", "84 00 0009 08 0000001b 00000005"
                     "0007 'UPDATED' 0005 'TABLE' 0002 'ks' 0001 't'"},
    {"schema_type", "84 00 0009 08 0000001d 00000005"
                    "0007 'DROPPED' 0004 'TYPE' 0002 'ks' 0004 'addr'"},
    {"schema_aggregate",
     "84 00 0009 08 00000022 00000005"
     "0007 'CREATED' 0009 'AGGREGATE' 0002 'ks' 0002 'ag' 0000"},

    {"event_topology", "84 00 ffff 0c 00000024 000f 'TOPOLOGY_CHANGE'"
                       "0008 'NEW_NODE' 04 c0a80102 00002352"},
    {"event_status", "84 00 ffff 0c 0000002a 000d 'STATUS_CHANGE' 0004 'DOWN'"
                     "10 20010db8000000000000000000000001 00002352"},
    {"event_schema", "84 00 ffff 0c 00000037 000d 'SCHEMA_CHANGE'"
                     "0007 'CREATED' 0008 'FUNCTION' 0002 'ks' 0002 'fy'"
                     "0002 0003 'int' 0004 'text'"},

    {"error_invalid", "84 00 000a 00 0000001f 00002200"
                      "0019 'table nope does not exist'"},
    {"error_unavailable",
     "84 00 000a 00 00000034 00001000"
     "0024 'Cannot achieve consistency level TWO' 0002 00000002 00000001"},
    {"error_write_timeout",
     "84 00 000a 00 00000049 00001100"
     "0030 'Operation timed out - received only 0 responses.'"
     "0001 00000000 00000001 0007 'COUNTER'"},
    {"error_read_timeout", "84 00 000a 00 00000012 00001200 0001 'r'"
                           "0006 00000001 00000002 01"},
    {"error_read_failure", "84 00 000a 00 00000016 00001300 0001 'f'"
                           "0004 00000001 00000002 00000003 00"},
    {"error_function_failure",
     "84 00 000a 00 0000001c 00001400 0001 'x'"
     "0002 'ks' 0002 'fy' 0002 0003 'int' 0004 'text'"},
    {"error_write_failure", "84 00 000a 00 0000001d 00001500 0001 'w'"
                            "0001 00000000 00000002 00000001 0006 'SIMPLE'"},
    {"error_cas_unknown", "84 00 000a 00 00000011 00001700 0001 'c'"
                          "0008 00000001 00000002"},
    {"error_already_exists", "84 00 000a 00 0000002d 00002400"
                             "0021 'Cannot add existing keyspace \"ks\"'"
                             "0002 'ks' 0000"},
    {"error_unprepared", "84 00 000a 00 00000018 00002500 0000 0010"
                         "000102030405060708090a0b0c0d0e0f"},

    /* Trace id, warnings and payload, alone and together. */
    {"traced_void", "84 02 000b 08 00000014 00112233445566778899aabbccddeeff"
                    "00000001"},
    {"warned_rows",
     "84 08 000b 08 0000005c 0001"
     "002c 'Aggregation query used without partition key'"
     "00000002 00000001 00000001 0002 'ks' 0001 't' 0005 'count' 0002"
     "00000001 00000008 000000000000002a"},
    {"payload_void", "84 04 000b 08 00000027 0002"
                     "0012 'tablets-routing-v1' 00000002 0102"
                     "0001 'n' ffffffff 00000001"},
    {"traced_warned_void",
     "84 0a 000b 08 00000019 00112233445566778899aabbccddeeff"
     "0001 0001 'w' 00000001"},
    {"warned_payload_void", "84 0c 000b 08 00000012 0001 0001 'w'"
                            "0001 0001 'k' 00000000 00000001"},
    {"all_prefixes_error",
     "84 0e 000b 00 0000003f 00112233445566778899aabbccddeeff"
     "0002 0001 'a' 0000 0001 0001 'k' 00000001 ff"
     "00001100 0003 'big' 000a 00000000 00000001 0009 'BATCH_LOG'"},
};

enum {
  GOLDEN_RESPONSES = sizeof golden_responses / sizeof golden_responses[0],
};

static inline struct golden_bytes golden_find(const char *name) {
  for (size_t i = 0; i < GOLDEN_RESPONSES; i++)
    if (strcmp(golden_responses[i].name, name) == 0)
      return golden_parse(golden_responses[i].text);
  abort();
}

#endif
