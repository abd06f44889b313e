/* tests/sim/test_model.c - the model server alone, against frames written down
 * by hand: from the protocol's description, and as Cassandra 5.0 was seen to
 * answer.  With a number for its argument, measures that many EXECUTEs. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sim/codec.h"
#include "tests/sim/model.h"

/* ---- A world ------------------------------------------------------------ */

static struct event {
  uint64_t when;
  world_event *run;
  void *arg;
} events[4096];
static size_t event_count;
static uint64_t now = 1, chance;
static enum fault_kind armed = FAULT_COUNT; /* happens next */
static uint64_t armed_detail;
static uint8_t sent[1 << 18];
static size_t sent_len;
static bool finished, was_reset;
static jmp_buf violated;
static bool expecting;

bool world_tracing;

uint64_t world_now(void) {
  return now;
}

void world_at(uint64_t when, uint64_t order, world_event *run, void *arg,
              uint64_t cookie) {
  (void)order;
  (void)cookie;
  events[event_count++] = (struct event){when, run, arg};
}

static void settle(void) {
  while (event_count > 0) {
    size_t first = 0;
    struct event e;

    for (size_t i = 1; i < event_count; i++)
      if (events[i].when < events[first].when)
        first = i;
    e = events[first];
    events[first] = events[--event_count];
    now = e.when > now ? e.when : now;
    e.run(e.arg, 0);
  }
}

uint64_t draw(enum chance purpose) {
  (void)purpose;
  chance = chance * UINT64_C(6364136223846793005) + 1442695040888963407u;
  return chance >> 20;
}

uint64_t draw_below(enum chance purpose, uint64_t n) {
  return draw(purpose) % n;
}

uint64_t draw_between(enum chance purpose, uint64_t lo, uint64_t hi) {
  return lo + draw(purpose) % (hi - lo + 1);
}

bool draw_once_in(enum chance purpose, uint64_t n) {
  return draw(purpose) % n == 0;
}

bool fault(enum fault_kind kind, uint64_t *detail) {
  if (kind != armed)
    return false;
  armed = FAULT_COUNT;
  *detail = armed_detail;
  return true;
}

uint64_t detail_below(uint64_t *detail, uint64_t n) {
  uint64_t answer = *detail % n;

  *detail /= n;
  return answer;
}

void world_hash(uint64_t value) {
  (void)value;
}

void world_trace(const char *format, ...) {
  (void)format;
}

_Noreturn void violation(const char *format, ...) {
  va_list args;

  if (expecting)
    longjmp(violated, 1);
  va_start(args, format);
  vprintf(format, args);
  va_end(args);
  puts("");
  exit(1);
}

void wire_send(struct wire *w, const void *bytes, size_t n) {
  (void)w;
  memcpy(sent + sent_len, bytes, n);
  sent_len += n;
}

void wire_finish(struct wire *w) {
  (void)w;
  finished = true;
}

void wire_reset(struct wire *w) {
  (void)w;
  was_reset = true;
}

void wire_pause(struct wire *w, uint64_t until) {
  (void)w;
  (void)until;
}

/* ---- Frames as text: hexadecimal digits, 'letters', spaces --------------- */

static size_t write_bytes(const char *text, uint8_t *to) {
  size_t n = 0;

  for (; *text != '\0'; text++) {
    if (*text == '\'') {
      while (*++text != '\'')
        to[n++] = (uint8_t)*text;
    } else if (*text != ' ') {
      char digits[3] = {text[0], text[1], '\0'};

      to[n++] = (uint8_t)strtoul(digits, NULL, 16);
      text++;
    }
  }
  return n;
}

static struct model_conn *conn;
static struct model_plan plan = {.hosts = 2,
                                 .dcs = 1,
                                 .racks = 1,
                                 .tokens = 1,
                                 .patience = SECOND,
                                 .think_min = 1000,
                                 .think_max = 5000};
static uint8_t id[16]; /* of the last Prepared */
static int failures;

/* Requests are delivered byte by byte at times: all the same. */
static void request(const char *text, bool in_pieces) {
  uint8_t bytes[1024];
  size_t n = write_bytes(text, bytes);

  sent_len = 0;
  for (size_t i = 0; i < n; i += in_pieces ? 1 : n)
    model_receive(conn, bytes + i, in_pieces ? 1 : n);
  settle();
}

static void expect(int line, const char *text, size_t at_least) {
  uint8_t bytes[1024];
  size_t n = write_bytes(text, bytes);

  if (sent_len == n || (at_least > 0 && sent_len >= n))
    if (memcmp(sent, bytes, n) == 0)
      return;
  printf("line %d: expected %s, got", line, text);
  for (size_t i = 0; i < sent_len && i < 300; i++)
    printf(" %02x", sent[i]);
  puts("");
  failures++;
}

#define EXPECT(text)     expect(__LINE__, text, 0)
#define EXPECT_HAS(text) expect(__LINE__, text, 1)
#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      printf("line %d: %s\n", __LINE__, #condition);                           \
      failures++;                                                              \
    }                                                                          \
  } while (0)
#define EXPECT_VIOLATION(text)                                                 \
  do {                                                                         \
    expecting = true;                                                          \
    if (setjmp(violated) == 0) {                                               \
      request(text, false);                                                    \
      printf("line %d: no violation\n", __LINE__);                             \
      failures++;                                                              \
    }                                                                          \
    expecting = false;                                                         \
  } while (0)

static void query(int stream, const char *cql) {
  char text[1200];
  size_t n = strlen(cql);

  snprintf(text, sizeof text, "04 00 %04x 07 %08zx %08zx '%s' 0001 00", stream,
           n + 7, n, cql);
  request(text, false);
}

static void prepare(int stream, const char *cql) {
  char text[1200];
  size_t n = strlen(cql);

  snprintf(text, sizeof text, "04 00 %04x 09 %08zx %08zx '%s'", stream, n + 4,
           n, cql);
  request(text, false);
  if (sent_len > 31)
    memcpy(id, sent + 15, 16);
}

/* EXECUTE with QUORUM, values skipped metadata and all. */
static void execute(int stream, const char *values, unsigned count) {
  uint8_t bytes[1024];
  size_t values_len = write_bytes(values, bytes);
  char text[1200], hex[33];

  for (int i = 0; i < 16; i++)
    snprintf(hex + 2 * i, 3, "%02x", id[i]);
  snprintf(text, sizeof text, "04 00 %04x 0a %08zx 0010 %s 0004 03 %04x %s",
           stream, values_len + 23, hex, count, values);
  request(text, false);
}

static void begin(void) {
  model_begin(&plan);
  event_count = 0;
  finished = was_reset = false;
  conn = model_accept(0, 0, (struct wire *)&plan);
  request("04 00 0000 01 00000016 0001 000b 'CQL_VERSION' 0005 '3.0.0'", true);
  EXPECT("84 00 0000 02 00000000");
}

/* The client's texts; quotes as they are. */
#define UPDATE                                                                 \
  "UPDATE ks.page_hits SET \"views\" = \"views\" + ?, \"unique\" = "           \
  "\"unique\" + ? WHERE \"url\" = ?"
#define SELECT                                                                 \
  "SELECT \"views\", \"unique\" FROM ks.page_hits WHERE \"url\" = ? LIMIT 2"

#define VOID_ON(stream) "84 00 " stream " 08 00000004 00000001"
#define FIVE            "00000008 0000000000000500 fffffffe 00000001 'a'"
#define SIX             "00000008 0000000000000600 fffffffe 00000001 'a'"
#define SEVEN           "00000008 0000000000000700 00000008 0000000000000703 00000001 'b'"

static void set_up(void) {
  /* Between these quotes letters are bytes: so CQL's strings are left out. */
  static const char cql[] = "CREATE KEYSPACE IF NOT EXISTS ks WITH replication "
                            "= {\"class\": 1}";

  begin();
  query(1, cql);
  EXPECT("84 00 0001 08 0000001b 00000005 0007 'CREATED' 0008 "
         "'KEYSPACE' 0002 'ks'");
  query(1, cql);
  EXPECT(VOID_ON("0001"));
  query(1, "CREATE TABLE IF NOT EXISTS ks.page_hits (\"url\" text, \"views\" "
           "counter, \"unique\" counter, PRIMARY KEY (\"url\"))");
  EXPECT("84 00 0001 08 00000023 00000005 0007 'CREATED' 0005 'TABLE' "
         "0002 'ks' 0009 'page_hits'");
}

/* ---- The handshake ------------------------------------------------------ */

static void test_handshake(void) {
  model_begin(&plan);
  conn = model_accept(0, 0, (struct wire *)&plan);
  request("04 00 0000 05 00000000", false);
  EXPECT("84 00 0000 06 00000066 0003 0011 'PROTOCOL_VERSIONS' 0004 "
         "0004 '3/v3' 0004 '4/v4' 0004 '5/v5' 0009 '6/v6-beta' 000b "
         "'COMPRESSION' 0002 0006 'snappy' 0003 'lz4' 000b "
         "'CQL_VERSION' 0001 0005 '3.4.7'");
  request("04 00 0003 07 0000000f 00000008 'SELECT 1' 0001 00", false);
  EXPECT("84 00 0003 00 0000003c 0000000a 0036 "
         "'Unexpected message QUERY, expecting STARTUP or OPTIONS'");
  request("07 00 0000 05 00000000", false);
  EXPECT_HAS("85 00 0000 00 00000067 0000000a 0061 'Invalid or unsupported "
             "protocol version (7); supported versions are (3/v3, 4/v4, '");
  request("04 00 0000 20 00000000", true);
  EXPECT("84 00 0000 00 00000017 0000000a 0011 'Unknown opcode 32'");
  request("04 00 0000 01 00000002 0000", false);
  EXPECT("84 00 0000 00 00000032 0000000a 002c "
         "'Missing value CQL_VERSION in STARTUP message'");
  begin();
  request("04 00 0000 0b 0000000f 0001 000b 'NOPE_CHANGE'", false);
  EXPECT("84 00 0000 00 0000002a 0000000a 0024 "
         "'Invalid value ' 27 'NOPE_CHANGE' 27 ' for Type'");
  request("04 00 0000 0b 00000011 0001 000d 'SCHEMA_CHANGE'", false);
  EXPECT("84 00 0000 02 00000000");
}

/* ---- Statements --------------------------------------------------------- */

static void test_system_tables(void) {
  static const char columns[] =
      "SELECT column_name, kind, position, clustering_order, type FROM "
      "system_schema.columns WHERE keyspace_name = ? AND table_name = ?";

  set_up();
  query(1, "select key from system.local");
  EXPECT("84 00 0001 08 0000002f 00000002 00000001 00000001 0006 "
         "'system' 0005 'local' 0003 'key' 000d 00000001 00000005 "
         "'local'");
  query(1, "SELECT schema_version FROM system.peers");
  EXPECT_HAS("84 00 0001 08 00000045 00000002 00000001 00000001 0006 'system' "
             "0005 'peers' 000e 'schema_version' 000c 00000001 00000010");
  query(1, "selekt");
  EXPECT_HAS("84 00 0001 00 00000041 00002000 003b 'line 1:0 no viable "
             "alternative at input '");
  query(1, "SELECT n FROM ks.nope WHERE k = ?");
  EXPECT("84 00 0001 00 0000001f 00002200 0019 'table nope does not exist'");
  prepare(2, columns);
  CHECK(sent[4] == OP_RESULT && sent[12] == RESULT_PREPARED);
  execute(2, "00000002 'ks' 00000009 'page_hits'", 2);
  EXPECT("84 00 0002 08 0000009f 00000002 00000005 00000005 00000003 "
         "00000006 'unique' 00000007 'regular' 00000004 ffffffff "
         "00000004 'none' 00000007 'counter' 00000003 'url' 0000000d "
         "'partition_key' 00000004 00000000 00000004 'none' 00000004 "
         "'text' 00000005 'views' 00000007 'regular' 00000004 ffffffff "
         "00000004 'none' 00000007 'counter'");
}

static void test_cluster(void) {
  static const char peers[] =
      "SELECT data_center, rack, peer, native_address, native_port, "
      "release_version FROM system.peers_v2";

  set_up();
  query(1, peers);
  EXPECT("84 00 0001 08 000000a3 00000002 00000001 00000006 0006 'system' 0008 "
         "'peers_v2' 000b 'data_center' 000d 0004 'rack' 000d 0004 'peer' 0010 "
         "000e 'native_address' 0010 000b 'native_port' 0009 000f "
         "'release_version' 000d 00000001 00000003 'dc1' 00000002 'r1' "
         "00000004 0a000002 00000004 0a000002 00000004 00002352 00000005 "
         "'5.0.2'");
  request("04 00 0001 07 00000043 0000003c 'SELECT tokens, host_id FROM "
          "system.local WHERE key = ' 27 'local' 27 0001 00",
          false);
  sent_len -= 9;
  memmove(sent, sent + 9, sent_len);
  EXPECT_HAS("00000002 00000001 00000002 0006 'system' 0005 'local' 0006 "
             "'tokens' 0022 000d 0007 'host_id' 000c 00000001");
  request("04 00 0002 07 00000056 00000047 'SELECT replication FROM "
          "system_schema.keyspaces WHERE keyspace_name = ?' 0001 01 0001 "
          "00000002 'ks'",
          false);
  EXPECT("84 00 0002 08 00000070 00000002 00000001 00000001 000d "
         "'system_schema' 0009 'keyspaces' 000b 'replication' 0021 000d 000d "
         "00000001 0000002f 00000001 00000005 'class' 0000001e "
         "'org.apache.cassandra.locator.1'");
}

static void test_scylla(void) {
  plan.scylla = true;
  set_up();
  query(1, "SELECT peer FROM system.peers_v2");
  EXPECT(
      "84 00 0001 00 00000023 00002200 001d 'table peers_v2 does not exist'");
  plan.scylla = false;
}

static void test_counting(void) {
  int64_t value;

  set_up();
  prepare(3, SELECT);
  execute(3, "00000001 'a'", 1);
  EXPECT("84 00 0003 08 00000010 00000002 00000005 00000002 00000000");
  prepare(3, UPDATE);
  EXPECT_HAS("84 00 0003 08 00000055 00000004 0010");
  sent_len -= 31;
  memmove(sent, sent + 31, sent_len);
  EXPECT("00000001 00000003 00000001 0002 0002 'ks' 0009 'page_hits' "
         "0005 'views' 0005 0006 'unique' 0005 0003 'url' 000d "
         "00000004 00000000");
  execute(4, FIVE, 3);
  EXPECT(VOID_ON("0004"));
  CHECK(model_ledger(5).applied == 1 && model_ledger(5).seen == 1);
  CHECK(model_counter("ks.page_hits", "a", "views", &value) && value == 0x500);
  CHECK(!model_counter("ks.page_hits", "b", "views", &value));
  CHECK(!model_ledger(5).excused && model_to_come() == 0);
  prepare(3, SELECT);
  execute(3, "00000001 'a'", 1);
  EXPECT("84 00 0003 08 00000020 00000002 00000005 00000002 00000001 "
         "00000008 0000000000000500 ffffffff");
}

static void test_refusals(void) {
  set_up();
  prepare(1, UPDATE);
  execute(4, "00000004 00000001 fffffffe 00000001 'a'", 3);
  EXPECT("84 00 0004 00 00000023 00002200 001d "
         "'Expected 8 or 0 byte long (4)'");
  execute(4, "ffffffff fffffffe 00000001 'a'", 3);
  EXPECT("84 00 0004 00 0000002e 00002200 0028 "
         "'Invalid null value for counter increment'");
  execute(4, "00000008 0000000000000900 fffffffe ffffffff", 3);
  EXPECT("84 00 0004 00 00000034 00002200 002e "
         "'Invalid null value in condition for column url'");
  CHECK(model_ledger(9).excused && model_ledger(9).applied == 0);
  execute(4, "00000008 0000000000000900 fffffffe 00000001 'a'", 3);
  EXPECT(VOID_ON("0004"));
  CHECK(!model_ledger(9).excused && model_ledger(9).applied == 1);
  EXPECT_VIOLATION("04 00 0005 0a 00000004 0001 0000");
  EXPECT_VIOLATION("04 00 0006 0a 00000015 0010 'nobody told this' 0004 00");
}

/* ---- Faults ------------------------------------------------------------- */

static void test_forgetting(void) {
  char tail[64] = "0010 ";

  set_up();
  prepare(1, UPDATE);
  for (int i = 0; i < 16; i++)
    snprintf(tail + 5 + 2 * i, 3, "%02x", id[i]);
  armed = FAULT_FORGET;
  armed_detail = 1 + 4 * 7;
  execute(2, SIX, 3);
  CHECK(load32(sent + 9) == ERROR_UNPREPARED && sent[4] == OP_ERROR);
  memmove(sent, sent + sent_len - 18, 18);
  sent_len = 18;
  EXPECT(tail);
  CHECK(model_ledger(6).excused && model_ledger(6).applied == 0);
  prepare(1, UPDATE);
  execute(2, SIX, 3);
  EXPECT(VOID_ON("0002"));
  CHECK(model_ledger(6).applied == 1 && model_ledger(6).seen == 2);
  expecting = true;
  if (setjmp(violated) == 0) {
    execute(2, SIX, 3);
    printf("line %d: sent again, and no violation\n", __LINE__);
    failures++;
  }
  expecting = false;
}

static void test_errors(void) {
  /* The eighth code; a coordinator's; applied never; no more, and the tail. */
  uint64_t never = 7 + 24 * (1 + 2 * (1 + 3 * (2 + 8 * (2 + 4 * 4))));

  set_up();
  prepare(1, UPDATE);
  armed = FAULT_ANSWER_ERROR;
  armed_detail = never;
  execute(2, SEVEN, 3);
  EXPECT("84 00 0002 00 00000037 00001100 001e "
         "'Operation failed, as it had to' 0004 00000000 00000000 0007 "
         "'COUNTER'");
  CHECK(model_ledger(7).applied == 0 && !model_ledger(7).excused);
  armed = FAULT_ANSWER_TWICE;
  execute(2, SIX, 3);
  EXPECT("84 00 0002 08 00000004 00000001 84 00 0002 08 00000004 00000001");
  CHECK(model_ledger(6).applied == 1);
  armed = FAULT_SERVER_CLOSE;
  armed_detail = 2;
  execute(3, FIVE, 3);
  CHECK(was_reset && sent_len == 0 && model_ledger(5).applied == 1);
}

static void test_stream_hygiene(void) {
  set_up();
  prepare(1, UPDATE);
  armed = FAULT_ANSWER_NONE;
  armed_detail = 0;
  execute(2, FIVE, 3);
  CHECK(sent_len == 0 && model_ledger(5).applied == 1);
  EXPECT_VIOLATION("04 00 0002 05 00000000");
  EXPECT_VIOLATION("04 00 0009 05 00000001 00");
  EXPECT_VIOLATION("04 01 0009 05 00000000");
}

static void measure(uint64_t n) {
  struct timespec from, to;

  set_up();
  prepare(1, UPDATE);
  clock_gettime(CLOCK_MONOTONIC, &from);
  for (uint64_t i = 1; i <= n; i++) {
    uint8_t frame[64] = {4, 0, 0, 2, OP_EXECUTE, 0, 0, 0, 48, 0, 16};
    uint8_t rest[] = {0, 4, 3, 0, 3,   0,   0,   0,   8, 0, 0, 0, 0,
                      0, 0, 0, 0, 255, 255, 255, 254, 0, 0, 0, 1, 'a'};

    memcpy(frame + 11, id, 16);
    memcpy(frame + 27, rest, sizeof rest);
    frame[8] = 18 + sizeof rest;
    for (int b = 0; b < 4; b++)
      frame[42 - b] = (uint8_t)(i >> 8 * b);
    sent_len = 0;
    model_receive(conn, frame, 27 + sizeof rest);
    settle();
  }
  clock_gettime(CLOCK_MONOTONIC, &to);
  printf("%llu ns each\n",
         (unsigned long long)((uint64_t)(to.tv_sec - from.tv_sec) * SECOND +
                              (uint64_t)to.tv_nsec - (uint64_t)from.tv_nsec) /
             n);
}

int main(int argc, char **argv) {
  test_handshake();
  test_system_tables();
  test_cluster();
  test_scylla();
  test_counting();
  test_refusals();
  test_forgetting();
  test_errors();
  test_stream_hygiene();
  if (argc > 1)
    measure(strtoull(argv[1], NULL, 10));
  model_end();
  puts(failures == 0 ? "ok" : "failed");
  return failures != 0;
}
