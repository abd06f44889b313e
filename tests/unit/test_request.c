/* tests/unit/test_request.c - every request against bytes written by hand. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "proto/request.h"
#include "tests/unit/golden.h"
#include "tests/unit/suites.h"

#define SPAN(text)                                                             \
  { (const uint8_t *)(text), sizeof(text) - 1 }

typedef size_t encode_fn(void *buf, size_t cap, const void *arg);

/* The contract of all encoders: the exact size whatever the cap, the frame
 * when it fits, and never a byte beyond the cap. */
static void check_encodes(encode_fn *encode, const void *arg,
                          const char *text) {
  struct golden_bytes want = golden_parse(text);
  uint8_t *buf = malloc(want.len + 1);

  ck_assert_ptr_nonnull(buf);
  for (size_t cap = 0; cap <= want.len + 1; cap++) {
    memset(buf, 0xee, want.len + 1);
    ck_assert_uint_eq(encode(buf, cap, arg), want.len);
    for (size_t i = cap; i <= want.len; i++)
      ck_assert_uint_eq(buf[i], 0xee);
    if (cap >= want.len)
      ck_assert_mem_eq(buf, want.p, want.len);
  }
  ck_assert_uint_eq(encode(NULL, 0, arg), want.len);
  free(buf);
  free(want.p);
}

static const struct cql_request_options k_plain = {.stream = 1};

static const struct cql_pair k_payload[] = {
    {SPAN("k"), SPAN("v")},
    {SPAN("n"), {NULL, 0}},
};
static const struct cql_request_options k_traced_payload = {
    .stream = 0x7fff,
    .tracing = true,
    .payload = {k_payload, 2},
};

/* STARTUP, OPTIONS, PREPARE, REGISTER, AUTH_RESPONSE */

static const struct cql_pair k_startup_options[] = {
    {SPAN("CQL_VERSION"), SPAN("3.0.0")},
    {SPAN("COMPRESSION"), SPAN("lz4")},
};

static size_t startup(void *buf, size_t cap, const void *arg) {
  return cql_startup_encode(buf, cap, &k_plain, k_startup_options,
                            *(const uint16_t *)arg);
}

START_TEST(startup_encodes) {
  static const uint16_t none = 0, one = 1, two = 2;

  check_encodes(startup, &none, "04 00 0001 01 00000002 0000");
  check_encodes(startup, &one,
                "04 00 0001 01 00000016 0001"
                "000b 'CQL_VERSION' 0005 '3.0.0'");
  check_encodes(startup, &two,
                "04 00 0001 01 00000028 0002"
                "000b 'CQL_VERSION' 0005 '3.0.0'"
                "000b 'COMPRESSION' 0003 'lz4'");
}
END_TEST

static size_t options(void *buf, size_t cap, const void *arg) {
  return cql_options_encode(buf, cap, arg);
}

START_TEST(options_encodes) {
  static const struct cql_request_options heartbeat = {.stream = 0};

  check_encodes(options, &heartbeat, "04 00 0000 05 00000000");
  check_encodes(options, &k_plain, "04 00 0001 05 00000000");
}
END_TEST

/* Tracing and payload work alike on every request: the empty one shows it. */
START_TEST(tracing_and_payload) {
  static const struct cql_request_options traced = {.stream = 2,
                                                    .tracing = true};
  static const struct cql_request_options payload = {.stream = -1,
                                                     .payload = {k_payload, 1}};

  check_encodes(options, &traced, "04 02 0002 05 00000000");
  check_encodes(options, &payload,
                "04 04 ffff 05 0000000a 0001 0001 'k' 00000001 'v'");
  check_encodes(options, &k_traced_payload,
                "04 06 7fff 05 00000011 0002"
                "0001 'k' 00000001 'v' 0001 'n' ffffffff");
}
END_TEST

static size_t prepare(void *buf, size_t cap, const void *arg) {
  return cql_prepare_encode(buf, cap, arg, cql_span_of("USE ks"));
}

START_TEST(prepare_encodes) {
  check_encodes(prepare, &k_plain, "04 00 0001 09 0000000a 00000006 'USE ks'");
  check_encodes(prepare, &k_traced_payload,
                "04 06 7fff 09 0000001b 0002"
                "0001 'k' 00000001 'v' 0001 'n' ffffffff"
                "00000006 'USE ks'");
}
END_TEST

static size_t register_(void *buf, size_t cap, const void *arg) {
  static const struct cql_span events[] = {
      SPAN("TOPOLOGY_CHANGE"), SPAN("STATUS_CHANGE"), SPAN("SCHEMA_CHANGE")};

  return cql_register_encode(buf, cap, arg, events, 3);
}

START_TEST(register_encodes) {
  check_encodes(register_, &k_plain,
                "04 00 0001 0b 00000031 0003 000f 'TOPOLOGY_CHANGE'"
                "000d 'STATUS_CHANGE' 000d 'SCHEMA_CHANGE'");
}
END_TEST

static size_t auth_response(void *buf, size_t cap, const void *arg) {
  return cql_auth_response_encode(buf, cap, &k_plain,
                                  *(const struct cql_span *)arg);
}

START_TEST(auth_response_encodes) {
  static const struct cql_span token = SPAN("\0cassandra\0cassandra");
  static const struct cql_span empty = SPAN("");
  static const struct cql_span null = {NULL, 0};

  check_encodes(auth_response, &token,
                "04 00 0001 0f 00000018 00000014"
                "00 'cassandra' 00 'cassandra'");
  check_encodes(auth_response, &empty, "04 00 0001 0f 00000004 00000000");
  check_encodes(auth_response, &null, "04 00 0001 0f 00000004 ffffffff");
}
END_TEST

/* QUERY */

static size_t query(void *buf, size_t cap, const void *arg) {
  return cql_query_encode(buf, cap, &k_plain, cql_span_of("SELECT 1"), arg);
}

static const struct cql_bind k_values[] = {
    {.kind = CQL_VALUE_BYTES, .bytes = SPAN("\x00\x01"), .name = SPAN("a")},
    {.kind = CQL_VALUE_NULL, .name = SPAN("bc")},
    {.kind = CQL_VALUE_UNSET, .name = SPAN("d")},
    {.kind = CQL_VALUE_BYTES, .bytes = SPAN(""), .name = SPAN("")},
    {.kind = CQL_VALUE_BYTES, .bytes = {NULL, 0}, .name = SPAN("f")},
};

/* What `flags` does not name is filled in all the same, and must not be
 * written. */
static struct cql_parameters parameters(uint8_t flags, uint16_t value_count) {
  return (struct cql_parameters){
      .consistency = CQL_LOCAL_QUORUM,
      .flags = flags,
      .values = k_values,
      .value_count = value_count,
      .page_size = 5000,
      .paging_state = SPAN("\xca\xfe"),
      .serial_consistency = CQL_LOCAL_SERIAL,
      .timestamp_us = 0x0102030405060708,
  };
}

static const struct {
  uint8_t flags;
  uint16_t value_count;
  const char *text;
} k_queries[] = {
    {0, 5, "04 00 0001 07 0000000f 00000008 'SELECT 1' 0006 00"},
    {CQL_QUERY_VALUES, 0,
     "04 00 0001 07 00000011 00000008 'SELECT 1' 0006 01 0000"},
    {CQL_QUERY_VALUES, 5,
     "04 00 0001 07 00000027 00000008 'SELECT 1' 0006 01 0005"
     "00000002 0001 ffffffff fffffffe 00000000 ffffffff"},
    {CQL_QUERY_SKIP_METADATA, 0,
     "04 00 0001 07 0000000f 00000008 'SELECT 1' 0006 02"},
    {CQL_QUERY_PAGE_SIZE, 0,
     "04 00 0001 07 00000013 00000008 'SELECT 1' 0006 04 00001388"},
    {CQL_QUERY_PAGING_STATE, 0,
     "04 00 0001 07 00000015 00000008 'SELECT 1' 0006 08 00000002 cafe"},
    {CQL_QUERY_SERIAL_CONSISTENCY, 0,
     "04 00 0001 07 00000011 00000008 'SELECT 1' 0006 10 0009"},
    {CQL_QUERY_DEFAULT_TIMESTAMP, 0,
     "04 00 0001 07 00000017 00000008 'SELECT 1' 0006 20 0102030405060708"},
    {CQL_QUERY_VALUES | CQL_QUERY_NAMES_FOR_VALUES, 5,
     "04 00 0001 07 00000036 00000008 'SELECT 1' 0006 41 0005"
     "0001 'a' 00000002 0001 0002 'bc' ffffffff 0001 'd' fffffffe"
     "0000 00000000 0001 'f' ffffffff"},
    {0x7f, 1,
     "04 00 0001 07 0000002e 00000008 'SELECT 1' 0006 7f"
     "0001 0001 'a' 00000002 0001 00001388 00000002 cafe 0009"
     "0102030405060708"},
    {CQL_QUERY_PAGE_SIZE | CQL_QUERY_PAGING_STATE |
         CQL_QUERY_SERIAL_CONSISTENCY,
     0,
     "04 00 0001 07 0000001b 00000008 'SELECT 1' 0006 1c"
     "00001388 00000002 cafe 0009"},
};

START_TEST(query_encodes) {
  struct cql_parameters p =
      parameters(k_queries[_i].flags, k_queries[_i].value_count);

  check_encodes(query, &p, k_queries[_i].text);
}
END_TEST

START_TEST(query_with_null_paging_state) {
  struct cql_parameters p = parameters(CQL_QUERY_PAGING_STATE, 0);

  p.paging_state = (struct cql_span){NULL, 0};
  check_encodes(query, &p,
                "04 00 0001 07 00000013 00000008 'SELECT 1' 0006 08 ffffffff");
}
END_TEST

/* EXECUTE */

struct execute_case {
  const struct cql_request_options *o;
  struct cql_parameters p;
};

static size_t execute(void *buf, size_t cap, const void *arg) {
  static const struct cql_span id = SPAN("\x00\x01\x02\x03");
  const struct execute_case *c = arg;

  return cql_execute_encode(buf, cap, c->o, id, &c->p);
}

static size_t execute_empty_id(void *buf, size_t cap, const void *arg) {
  const struct execute_case *c = arg;

  return cql_execute_encode(buf, cap, c->o, (struct cql_span){NULL, 0}, &c->p);
}

/* An increment: UPDATE t SET n = n + ? WHERE k = ?, 1, 'home' */
static const struct cql_span k_encoded =
    SPAN("\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x01"
         "\x00\x00\x00\x04home");

START_TEST(execute_encodes_values_in_wire_form) {
  struct execute_case c = {&k_plain, {.consistency = CQL_LOCAL_QUORUM}};

  c.p.flags = CQL_QUERY_VALUES | CQL_QUERY_SKIP_METADATA;
  c.p.value_count = 2;
  c.p.encoded_values = k_encoded;
  check_encodes(execute, &c,
                "04 00 0001 0a 0000001f 0004 00010203 0006 03 0002"
                "00000008 0000000000000001 00000004 'home'");
  c.p.flags = CQL_QUERY_VALUES;
  c.p.value_count = 0;
  c.p.encoded_values = (struct cql_span)SPAN("");
  check_encodes(execute, &c,
                "04 00 0001 0a 0000000b 0004 00010203 0006 01 0000");
  check_encodes(execute_empty_id, &c,
                "04 00 0001 0a 00000007 0000 0006 01 0000");
}
END_TEST

/* Each thing that leaves the short way must give the same bytes. */
START_TEST(execute_encodes_the_long_way) {
  struct execute_case c = {&k_traced_payload, parameters(CQL_QUERY_VALUES, 2)};
  static const struct cql_request_options traced = {.stream = 3,
                                                    .tracing = true};

  c.p.encoded_values = k_encoded;
  check_encodes(execute, &c,
                "04 06 7fff 0a 00000030 0002"
                "0001 'k' 00000001 'v' 0001 'n' ffffffff"
                "0004 00010203 0006 01 0002"
                "00000008 0000000000000001 00000004 'home'");
  c.o = &traced; /* tracing is only a header flag */
  check_encodes(execute, &c,
                "04 02 0003 0a 0000001f 0004 00010203 0006 01 0002"
                "00000008 0000000000000001 00000004 'home'");
  c.p.flags = CQL_QUERY_VALUES | CQL_QUERY_DEFAULT_TIMESTAMP;
  check_encodes(execute, &c,
                "04 02 0003 0a 00000027 0004 00010203 0006 21 0002"
                "00000008 0000000000000001 00000004 'home' 0102030405060708");
  c.p.flags = CQL_QUERY_SKIP_METADATA; /* no values at all */
  check_encodes(execute, &c, "04 02 0003 0a 00000009 0004 00010203 0006 02");
}
END_TEST

static const struct {
  uint8_t flags;
  uint16_t value_count;
  const char *text;
} k_executes[] = {
    {0, 5, "04 00 0001 0a 00000009 0004 00010203 0006 00"},
    {CQL_QUERY_VALUES, 5,
     "04 00 0001 0a 00000021 0004 00010203 0006 01 0005"
     "00000002 0001 ffffffff fffffffe 00000000 ffffffff"},
    {CQL_QUERY_VALUES | CQL_QUERY_SKIP_METADATA, 1,
     "04 00 0001 0a 00000011 0004 00010203 0006 03 0001 00000002 0001"},
    {CQL_QUERY_PAGE_SIZE | CQL_QUERY_PAGING_STATE, 0,
     "04 00 0001 0a 00000013 0004 00010203 0006 0c 00001388 00000002 cafe"},
    {0x7f, 1,
     "04 00 0001 0a 00000028 0004 00010203 0006 7f"
     "0001 0001 'a' 00000002 0001 00001388 00000002 cafe 0009"
     "0102030405060708"},
};

START_TEST(execute_encodes) {
  struct execute_case c = {
      &k_plain, parameters(k_executes[_i].flags, k_executes[_i].value_count)};

  check_encodes(execute, &c, k_executes[_i].text);
}
END_TEST

/* BATCH */

static size_t batch(void *buf, size_t cap, const void *arg) {
  return cql_batch_encode(buf, cap, &k_plain, arg);
}

static const struct cql_batch_entry k_entries[] = {
    {.prepared = true,
     .text = SPAN("\xab\xcd"),
     .values = k_values,
     .value_count = 3},
    {.prepared = false, .text = SPAN("UPDATE t")},
    {.prepared = true,
     .text = SPAN("\x01"),
     .value_count = 2,
     .encoded_values = SPAN("\x00\x00\x00\x01x\xff\xff\xff\xfe")},
};

static const struct {
  struct cql_batch batch;
  const char *text;
} k_batches[] = {
    {{.type = CQL_BATCH_LOGGED, .consistency = CQL_ONE},
     "04 00 0001 0d 00000006 00 0000 0001 00"},
    {{.type = CQL_BATCH_COUNTER,
      .entries = k_entries,
      .entry_count = 3,
      .consistency = CQL_QUORUM},
     "04 00 0001 0d 00000039 02 0003"
     "01 0002 abcd 0003 00000002 0001 ffffffff fffffffe"
     "00 00000008 'UPDATE t' 0000"
     "01 0001 01 0002 00000001 'x' fffffffe"
     "0004 00"},
    {{.type = CQL_BATCH_UNLOGGED,
      .entries = k_entries + 1,
      .entry_count = 1,
      .consistency = CQL_ALL,
      .flags = CQL_QUERY_SERIAL_CONSISTENCY,
      .serial_consistency = CQL_SERIAL,
      .timestamp_us = 1},
     "04 00 0001 0d 00000017 01 0001 00 00000008 'UPDATE t' 0000 0005 10 0008"},
    {{.type = CQL_BATCH_UNLOGGED,
      .consistency = CQL_ALL,
      .flags = CQL_QUERY_DEFAULT_TIMESTAMP,
      .timestamp_us = -2},
     "04 00 0001 0d 0000000e 01 0000 0005 20 fffffffffffffffe"},
    {{.type = CQL_BATCH_LOGGED,
      .consistency = CQL_ALL,
      .flags = CQL_QUERY_SERIAL_CONSISTENCY | CQL_QUERY_DEFAULT_TIMESTAMP,
      .serial_consistency = CQL_LOCAL_SERIAL,
      .timestamp_us = 3},
     "04 00 0001 0d 00000010 00 0000 0005 30 0009 0000000000000003"},
};

START_TEST(batch_encodes) {
  check_encodes(batch, &k_batches[_i].batch, k_batches[_i].text);
}
END_TEST

/* What cannot be expressed.  Nothing behind such a length is ever read. */

static const struct cql_span k_over_string = {(const uint8_t *)"", 65536};
static const struct cql_span k_over_body = {(const uint8_t *)"", CQL_BODY_MAX};

START_TEST(over_long_strings) {
  const struct cql_pair key = {k_over_string, SPAN("v")};
  const struct cql_pair value = {SPAN("k"), k_over_string};
  const struct cql_request_options o = {.payload = {&key, 1}};
  struct cql_parameters p = parameters(CQL_QUERY_VALUES, 1);
  const struct cql_bind named = {.kind = CQL_VALUE_NULL, .name = k_over_string};
  uint8_t buf[64];

  ck_assert_uint_eq(cql_startup_encode(buf, 64, &k_plain, &key, 1), 0);
  ck_assert_uint_eq(cql_startup_encode(buf, 64, &k_plain, &value, 1), 0);
  ck_assert_uint_eq(cql_options_encode(buf, 64, &o), 0);
  ck_assert_uint_eq(cql_register_encode(buf, 64, &k_plain, &k_over_string, 1),
                    0);
  ck_assert_uint_eq(cql_execute_encode(buf, 64, &k_plain, k_over_string, &p),
                    0);
  p.encoded_values = k_encoded;
  ck_assert_uint_eq(cql_execute_encode(buf, 64, &k_plain, k_over_string, &p),
                    0);
  p.encoded_values = (struct cql_span){NULL, 0};
  p.flags |= CQL_QUERY_NAMES_FOR_VALUES;
  p.values = &named;
  ck_assert_uint_eq(cql_query_encode(buf, 64, &k_plain, cql_span_of(""), &p),
                    0);
}
END_TEST

START_TEST(over_long_bodies) {
  struct cql_parameters p = parameters(CQL_QUERY_VALUES, 1);
  const struct cql_bind value = {.kind = CQL_VALUE_BYTES, .bytes = k_over_body};
  const struct cql_batch_entry entry = {.prepared = true,
                                        .text = k_over_string};
  const struct cql_batch b = {.entries = &entry, .entry_count = 1};
  const struct cql_span id = SPAN("id");
  uint8_t buf[64];

  ck_assert_uint_eq(cql_prepare_encode(buf, 64, &k_plain, k_over_body), 0);
  ck_assert_uint_eq(cql_auth_response_encode(buf, 64, &k_plain, k_over_body),
                    0);
  ck_assert_uint_eq(cql_batch_encode(buf, 64, &k_plain, &b), 0);
  p.values = &value;
  ck_assert_uint_eq(cql_execute_encode(buf, 64, &k_plain, id, &p), 0);
  p.encoded_values = k_over_body;
  ck_assert_uint_eq(cql_execute_encode(buf, 64, &k_plain, id, &p), 0);
  p.encoded_values.len++;
  ck_assert_uint_eq(cql_execute_encode(buf, 64, &k_plain, id, &p), 0);
}
END_TEST

/* The largest body there is: 256 MiB, of which the fixed fields take 9. */
START_TEST(body_of_the_largest_size) {
  struct cql_parameters p = parameters(CQL_QUERY_VALUES, 1);
  const struct cql_span id = SPAN("id");
  uint8_t buf[64];

  p.encoded_values = k_over_body;
  p.encoded_values.len -= 9;
  ck_assert_uint_eq(cql_execute_encode(buf, 64, &k_plain, id, &p),
                    CQL_HEADER_LEN + CQL_BODY_MAX);
  p.flags |= CQL_QUERY_PAGE_SIZE;
  p.encoded_values.len -= 4;
  ck_assert_uint_eq(cql_execute_encode(buf, 64, &k_plain, id, &p),
                    CQL_HEADER_LEN + CQL_BODY_MAX);
  p.encoded_values.len++;
  ck_assert_uint_eq(cql_execute_encode(buf, 64, &k_plain, id, &p), 0);
}
END_TEST

START_TEST(flags_that_v4_does_not_have) {
  struct cql_parameters p = parameters(0x80, 0);
  const struct cql_span id = SPAN("id");
  uint8_t buf[64];

  ck_assert_uint_eq(cql_query_encode(buf, 64, &k_plain, cql_span_of("x"), &p),
                    0);
  ck_assert_uint_eq(cql_execute_encode(buf, 64, &k_plain, id, &p), 0);
  for (unsigned bit = 1; bit < 0x100; bit <<= 1) {
    const struct cql_batch b = {.flags = (uint8_t)bit};
    bool legal = bit == CQL_QUERY_SERIAL_CONSISTENCY ||
                 bit == CQL_QUERY_DEFAULT_TIMESTAMP;

    ck_assert_int_eq(cql_batch_encode(buf, 64, &k_plain, &b) != 0, legal);
  }
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

Suite *request_suite(void) {
  Suite *s = suite_create("request");
  TCase *tc = tcase_create("encode");

  tcase_add_test(tc, startup_encodes);
  tcase_add_test(tc, options_encodes);
  tcase_add_test(tc, tracing_and_payload);
  tcase_add_test(tc, prepare_encodes);
  tcase_add_test(tc, register_encodes);
  tcase_add_test(tc, auth_response_encodes);
  tcase_add_loop_test(tc, query_encodes, 0, COUNT(k_queries));
  tcase_add_test(tc, query_with_null_paging_state);
  tcase_add_test(tc, execute_encodes_values_in_wire_form);
  tcase_add_test(tc, execute_encodes_the_long_way);
  tcase_add_loop_test(tc, execute_encodes, 0, COUNT(k_executes));
  tcase_add_loop_test(tc, batch_encodes, 0, COUNT(k_batches));
  suite_add_tcase(s, tc);

  tc = tcase_create("refuse");
  tcase_add_test(tc, over_long_strings);
  tcase_add_test(tc, over_long_bodies);
  tcase_add_test(tc, body_of_the_largest_size);
  tcase_add_test(tc, flags_that_v4_does_not_have);
  suite_add_tcase(s, tc);
  return s;
}
