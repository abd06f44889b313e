/* tests/fuzz/seeds.c - writes the inputs that fuzzing begins with: frames and
 * values written down by hand (tests/unit/golden.h, and below).
 *
 *   fuzz_seeds tests/fuzz/corpus */
#include <stdio.h>
#include <sys/stat.h>

#include "tests/unit/golden.h"

static const char *folder;

static void write_seed(const char *target, const char *name, const char *front,
                       const char *text) {
  size_t before = golden_write(front, NULL), n = golden_write(text, NULL);
  uint8_t *bytes = malloc(before + n + 1);
  char path[4096];
  FILE *file;

  golden_write(front, bytes);
  golden_write(text, bytes + before);
  snprintf(path, sizeof path, "%s/%s", folder, target);
  mkdir(path, 0777);
  snprintf(path, sizeof path, "%s/%s/%s", folder, target, name);
  file = fopen(path, "wb");
  if (file == NULL || fwrite(bytes, 1, before + n, file) != before + n ||
      fclose(file) != 0) {
    perror(path);
    exit(1);
  }
  free(bytes);
}

/* ---- Types and values --------------------------------------------------- */

#define MARSHAL "'org.apache.cassandra.db.marshal."

#define EIGHT(x) x x x x x x x x
#define NESTED   "'VectorType(' "
#define CLOSED   "',1)' "

static const struct golden k_types[] = {
    {"class_deep", "ff" EIGHT(NESTED) EIGHT(NESTED) EIGHT(NESTED)
                       EIGHT(NESTED) "'Int32Type' " EIGHT(CLOSED) EIGHT(CLOSED)
                           EIGHT(CLOSED) EIGHT(CLOSED)},
    {"class_too_deep", "ff" NESTED EIGHT(NESTED) EIGHT(NESTED) EIGHT(NESTED)
                           EIGHT(NESTED) "'Int32Type' " EIGHT(CLOSED) EIGHT(
                               CLOSED) EIGHT(CLOSED) EIGHT(CLOSED) CLOSED},
    {"int", "0009"},
    {"list_map", "0020 0021 000d 0022 000c"},
    {"tuple", "0031 0003 0009 000d 0031 0000"},
    {"udt", "0030 0002 'ks' 0004 'addr' 0002 0006 'street' 000d 0003 'zip' "
            "0020 0009"},
    {"duration", "0000 002c " MARSHAL "DurationType'"},
    {"vector", "0000 0039 'VectorType("
               "org.apache.cassandra.db.marshal.FloatType , 3)'"},
    {"class_vector", "ff 'VectorType(VectorType(Int32Type, 2), 3)'"},
    {"class_text", "ff " MARSHAL "UTF8Type'"},
    {"deep", "0020 0020 0020 0020 0020 0020 0020 0020 0020 0020 0020 0020 0020 "
             "0020 0020 0020 0020 0020 0020 0020 0020 0020 0020 0020 0020 0020 "
             "0020 0020 0020 0020 0020 0020 0020 0009"},
};

static const struct golden k_values[] = {
    {"boolean", "0004 01"},
    {"tinyint", "0014 80"},
    {"smallint", "0013 8000"},
    {"int", "0009 80000000"},
    {"bigint", "0002 8000000000000000"},
    {"counter", "0005 0000000000000001"},
    {"float", "0008 7fc00000"},
    {"double", "0007 3ff0000000000000"},
    {"ascii", "0001 'abc'"},
    {"text", "000d 'a' c3a4 e282ac f09f9880"},
    {"overlong", "000d 'a' e08080"},
    {"surrogate", "000d eda080"},
    {"blob", "0003 00ff"},
    {"uuid", "000c 00112233445566778899aabbccddeeff"},
    {"timeuuid", "000f 0011223344551677 8899aabbccddeeff"},
    {"timestamp", "000b 0000000000000000"},
    {"date", "0011 80000001"},
    {"time", "0012 00004e94914effff"},
    {"inet", "0010 7f000001"},
    {"varint", "000e ff7fffffffffffffff"},
    {"decimal", "0006 00000002 0100"},
    {"duration", "0000 000c 'DurationType' 02 04 fe 0102030405 06"},
    {"list", "0020 0009 00000002 00000004 00000001 ffffffff"},
    {"map", "0021 000d 0002 00000001 00000001 'k' 00000008 0000000000000001"},
    {"tuple", "0031 0002 0009 000d 00000004 00000001 00000001 'a'"},
    {"udt", "0030 0001 'k' 0001 'u' 0001 0001 'f' 0009 00000004 00000001"},
    {"vector", "0000 0018 'VectorType(FloatType, 2)' 3f800000 40000000"},
    {"vector_text", "0000 0017 'VectorType(UTF8Type, 2)' 01 'a' 02 'bc'"},
    {"list_list", "0020 0020 0009 00000001 0000000c 00000001 00000004 "
                  "00000007"},
};

/* ---- Answers to tally_execute(), and words ------------------------------- */

#define ONE_ROW(type, value)                                                   \
  "00 00000002 00000001 00000001 0002 'ks' 0001 't' 0001 'a' " type            \
  " 00000001 " value

static const struct golden k_answers[] = {
    {"int", ONE_ROW("0009", "00000004 00000007")},
    {"null", ONE_ROW("000c", "ffffffff")},
    {"map", ONE_ROW("0021 000d 0002", "00000015 00000001 00000001 'k' 00000008 "
                                      "0000000000000001")},
    {"tuple",
     ONE_ROW("0031 0002 0009 000d", "0000000d 00000004 00000001 00000001 'a'")},
    {"udt", ONE_ROW("0030 0001 'k' 0001 'u' 0001 0001 'f' 0009",
                    "00000008 00000004 00000001")},
    {"lists", ONE_ROW("0020 0020 0009",
                      "00000014 00000001 0000000c 00000001 00000004 00000007")},
    {"vector", ONE_ROW("0000 0018 'VectorType(FloatType, 2)'",
                       "00000008 3f800000 40000000")},
    {"duration", ONE_ROW("0000 000c 'DurationType'", "00000003 02 04 06")},
    {"decorated", "0e 00112233445566778899aabbccddeeff 0001 0003 'hot' 0001 "
                  "0001 'k' 00000002 beef 00000001"},
    {"changed", "00 00000005 0007 'CREATED' 0005 'TABLE' 0002 'ks' 0001 't'"},
};

/* Kind, type, text. */
static const struct golden k_typed[] = {
    {"url", "00 00 'cassandra://me@10.0.0.1,[fe80::1]:9043/ks?local_dc=dc1'"},
    {"setting", "01 00 'timeout=5s'"},
    {"compaction", "02 01 7b2763273a20274c272c206e3a20317d"},
    {"grace", "02 03 '864000'"},
    {"statement", "03 00 '/* x */ SELECT'"},
    {"blob", "04 02 '0xbeef'"},
    {"varint", "04 08 '-123456789012345678901234567890'"},
    {"decimal", "04 09 '1.5e-3'"},
    {"double", "04 0b 'NaN'"},
    {"uuid", "04 0c '00112233-4455-6677-8899-aabbccddeeff'"},
    {"timestamp", "04 0e '2026-11-01 12:34:56.789+0100'"},
    {"date", "04 0f '2026-11-01'"},
    {"time", "04 10 '12:34:56.789000001'"},
    {"inet", "04 11 'fe80::1'"},
};

/* ---- Clusters ----------------------------------------------------------- */

#define ID(x)            "00000010 " x "000000000000000000000000000000"
#define DC_RACK_VERSION  "00000003 'dc1' 00000002 'r1' 00000005 '5.0.6'"
#define SCHEMA           "00000010 00112233445566778899aabbccddeeff"
#define TWO_TOKENS(a, b) "0000001a 00000002 00000007 '" a "' 00000007 '" b "'"
#define MURMUR3                                                                \
  "0000002b "                                                                  \
  "'org.apache.cassandra.dht.Murmur3Partitioner'"
#define LOCAL_ROW(x)                                                           \
  ID(x) DC_RACK_VERSION SCHEMA TWO_TOKENS("1000000", "-500000") MURMUR3
#define PEERS_ROW(x)                                                           \
  ID(x)                                                                        \
  DC_RACK_VERSION SCHEMA TWO_TOKENS("3000000", "-900000") "00000004 0a0000" x  \
                                                          " 00000004 00000000"
#define PEERS_V2_ROW(x)     PEERS_ROW(x) "00000004 00002352"
#define ROWS(columns, rows) "00000002 00000004 " columns rows
#define SIMPLE_2                                                               \
  "00000057 00000002 00000005 'class' 0000002b "                               \
  "'org.apache.cassandra.locator.SimpleStrategy' 00000012 "                    \
  "'replication_factor' 00000001 '2'"
#define NETWORK                                                                \
  "00000034 00000002 00000005 'class' 00000017 'NetworkTopologyStrategy' "     \
  "00000003 'dc1' 00000001 '3'"

/* Each message with its kind, as target_topology.c numbers them. */
static const struct {
  const char *name;
  struct {
    uint8_t kind;
    const char *text;
  } parts[3];
} k_topologies[] = {
    {"local", {{0, ROWS("00000007", "00000001") LOCAL_ROW("01")}}},
    {"three",
     {{0, ROWS("00000007", "00000001") LOCAL_ROW("01")},
      {1, ROWS("00000009", "00000002") PEERS_V2_ROW("02") PEERS_V2_ROW("03")},
      {3, ROWS("00000001", "00000001") SIMPLE_2}}},
    {"peers",
     {{0, ROWS("00000007", "00000001") LOCAL_ROW("01")},
      {2, ROWS("00000008", "00000001") PEERS_ROW("02")},
      {3, ROWS("00000001", "00000001") NETWORK}}},
    {"shards",
     {{4, "0006 0010 'SCYLLA_NR_SHARDS' 0001 0001 '4'"
          "000c 'SCYLLA_SHARD' 0001 0001 '2'"
          "001a 'SCYLLA_SHARDING_IGNORE_MSB' 0001 0002 '12'"
          "0019 'SCYLLA_SHARDING_ALGORITHM' 0001 0018 "
          "'biased-token-round-robin'"
          "0012 'SCYLLA_PARTITIONER' 0001 0012 'Murmur3Partitioner'"
          "0017 'SCYLLA_SHARD_AWARE_PORT' 0001 0005 '19042'"}}},
};

static void write_topology(size_t which) {
  char text[8192] = "";

  for (size_t i = 0; i < 3 && k_topologies[which].parts[i].text != NULL; i++)
    snprintf(text + strlen(text), sizeof text - strlen(text), "%02x %04zx %s ",
             k_topologies[which].parts[i].kind,
             golden_write(k_topologies[which].parts[i].text, NULL),
             k_topologies[which].parts[i].text);
  write_seed("topology", k_topologies[which].name, "", text);
}

/* ---- Sessions ----------------------------------------------------------- */

/* A byte of options, what happens while it connects (00: all is answered), and
 * what the application does: session/net_fuzz.c, target_session.c. */
static const struct golden k_sessions[] = {
    {"plain", "00 00 00 00 00 00 00 00 01 00 00 00 02 00 01 02 00"},
    {"login_lz4", "03 00 00 00 00 00 00 00 00 01 00 00 00 00 00 02 00 01 02"},
    {"learned", "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 02 00 01 02"},
    {"void", "00 00 00 00 00 00 00 01 00 00 02 03 00 08 0004 00000001 02"},
    {"refused", "00 00 00 00 00 00 00 01 00 00 02 05 1100 0b 0006 00000000 "
                "00000001 0006 02"},
    {"event", "00 00 00 00 00 00 00 01 06 0c 001c 000d 'STATUS_CHANGE' 0002 "
              "'UP' 04 0a000001 00002352 00 02"},
    /* Ten bytes of it are sent, and it is answered. */
    {"answered_before_sent",
     "00 00 00 00 00 00 00 01 00 02 00 02 00 02 00 02 00 02 08 00 2a 00 02 07 "
     "02 04 0c 00 84 00 0007 08 00000004 00000001 02 07 02 07"},
    {"cut", "00 00 00 00 00 00 00 01 00 00 00 08 00 00 02 08 00 01 02 02"},
    {"pieces", "00 08 00 03 08 00 03 00 00 00 00 00 00 01 00 02 00 02"},
};

/* ---- Definitions and command lines -------------------------------------- */

#define PARTITION  "01 00 02 00 01"
#define CLUSTERING "01 01 00 01 01"
#define STATIC     "01 02 00 00 01"
#define COUNTER    "01 03 00 00 01"

static const struct golden k_definitions[] = {
    {"page_hits", "03 00 0000000000000003 'page_hits' 00 00" PARTITION
                  "'url' 00" COUNTER "'views' 00" COUNTER "'unique' 00"},
    {"statics", "04 01 0000000000000001 'Hits' 00 'other' 00" PARTITION
                "'site' 00" CLUSTERING "'day' 00" STATIC "'visits' 00" COUNTER
                "'views' 00"},
    {"quotes", "02 01 0000000000000000 22 'a.b' 22 00 'x' 22 'y' 00" PARTITION
               "'k' 22 '; DROP' 00" COUNTER "'select' 00"},
};

static const struct golden k_words[] = {
    {"count", "'increment' 00 'ks.page_hits' 00 'url=/home' 00 'views=-1' 00"},
    {"get", "'get' 00 '--json' 00 '--lz4' 00 'ks.page_hits' 00 'url=/home' 00"},
    {"cluster", "'cluster' 00 '--wait=1s' 00 '--verbose' 00"},
    {"keyspace", "'create-keyspace' 00 'ks' 00 '--replication=dc1:3' 00"},
    {"help", "'help' 00 'exit-status' 00"},
    {"sync", "'--keyspace=ks' 00 'sync' 00 'hits' 00 'site:text:partition' 00 "
             "'day:int:clustering:desc' 00 'visits:counter:static' 00 "
             "'views:counter' 00 '--with=gc_grace_seconds=1' 00 '--with' 00 "
             "'caching={a:b}' 00"},
    {"options", "'--hosts=a,b:9043' 00 '--timeout' 00 '250ms' 00 "
                "'--consistency' 00 'quorum' 00 '--tls=verify-full' 00 "
                "'--ca' 00 '/x' 00 '-h' 00 'get' 00"},
    {"numbers", "'9223372036854775807' 00 '-9223372036854775808' 00 "
                "'9223372036854775808' 00 '+0' 00 '-' 00 c3a4 00"},
    {"url", "'--url' 00 "
            "'cassandra://j%40@h:1,[::1]/k?local-dc=a&timeout=5s' 00 "
            "'get' 00 't' 00 'a=b' 00"},
    {"urls",
     "'scylla://h?tls=of' 00 'cassandra://a:b@c' 00 'cassandra://%' 00"},
    {"stdin", "'increment' 00 '--stdin' 00 'ks.page_hits' 00 'url' 00 "
              "'views' 00 '/a' 09 '1' 0a '/b' 5c 't' 09 '-2' 0d0a '/' "
              "5c '9' 00"},
    {"describe", "'describe' 00 'ks.page_hits' 00 '--json' 00"},
    {"doctor", "'doctor' 00 'ks.page_hits' 00 '--hosts=one,three' 00 "
               "'--consistency=all' 00"},
    {"watch", "'watch' 00 'ks.page_hits' 00 'url=/home' 00 '--rounds=3' 00 "
              "'--interval' 00 '5s' 00"},
    {"completion", "'completion' 00 'zsh' 00"},
    {"typo", "'--keypsace' 00 'x' 00 '--' 00 '--json' 00"},
};

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  folder = argv[1];
  mkdir(folder, 0777);
  for (size_t i = 0; i < sizeof golden_responses / sizeof *golden_responses;
       i++) {
    const struct golden *g = &golden_responses[i];

    write_seed("response", g->name, "", g->text);
    write_seed("frames", g->name, "0510", g->text);
    write_seed("lz4", g->name, "00000000", g->text);
  }
  for (size_t i = 0; i < sizeof k_types / sizeof *k_types; i++)
    write_seed("types", k_types[i].name, "", k_types[i].text);
  for (size_t i = 0; i < sizeof k_values / sizeof *k_values; i++)
    write_seed("values", k_values[i].name, "", k_values[i].text);
  for (size_t i = 0; i < sizeof k_answers / sizeof *k_answers; i++)
    write_seed("answer", k_answers[i].name, "", k_answers[i].text);
  for (size_t i = 0; i < sizeof k_typed / sizeof *k_typed; i++)
    write_seed("words", k_typed[i].name, "", k_typed[i].text);
  for (size_t i = 0; i < sizeof k_topologies / sizeof *k_topologies; i++)
    write_topology(i);
  for (size_t i = 0; i < sizeof k_definitions / sizeof *k_definitions; i++)
    write_seed("definition", k_definitions[i].name, "", k_definitions[i].text);
  for (size_t i = 0; i < sizeof k_words / sizeof *k_words; i++)
    write_seed("tool", k_words[i].name, "", k_words[i].text);
  for (size_t i = 0; i < sizeof k_sessions / sizeof *k_sessions; i++)
    write_seed("session", k_sessions[i].name, "", k_sessions[i].text);
  return 0;
}
