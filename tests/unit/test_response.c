/* tests/unit/test_response.c - every response but RESULT. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "proto/response.h"
#include "proto/result.h"
#include "tests/unit/golden.h"
#include "tests/unit/suites.h"

/* test_response_bodies.c */
TCase *response_bodies_case(void);

static bool is_text(struct cql_span s, const char *text) {
  return cql_span_equal(s, cql_span_of(text));
}

/* The frame under test, in a heap block that ends where its body ends. */
static struct golden_bytes g_bytes;
static struct cql_frame g_frame;

static void open_bytes(struct golden_bytes b) {
  struct cql_assembler a;

  g_bytes = b;
  cql_assembler_init(&a, b.p, b.len, CQL_BODY_MAX);
  cql_assembler_fed(&a, b.len);
  ck_assert_int_eq(cql_assembler_next(&a, &g_frame), CQL_OK);
  ck_assert_uint_eq(cql_assembler_pending(&a), 0);
}

static void release(void) {
  free(g_bytes.p);
  g_bytes.p = NULL;
}

/* A golden frame without its prefixes, which must be there as flagged. */
static struct cql_reader open_golden(const char *name) {
  struct cql_prefix prefix;
  struct cql_reader message;

  open_bytes(golden_find(name));
  ck_assert_int_eq(cql_prefix_decode(&g_frame, &prefix, &message), CQL_OK);
  return message;
}

/* A message alone, from text. */
static struct cql_reader open_message(const char *text) {
  struct cql_reader r;

  g_bytes = golden_parse(text);
  cql_reader_init(&r, g_bytes.p, g_bytes.len);
  return r;
}

/* Prefixes */

static const uint8_t k_trace[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55,
                                    0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb,
                                    0xcc, 0xdd, 0xee, 0xff};

static const struct {
  const char *name;
  bool trace;
  const char *warnings[2];
  const char *payload_key;
} k_prefixed[] = {
    {"void", false, {NULL}, NULL},
    {"traced_void", true, {NULL}, NULL},
    {"warned_rows",
     false,
     {"Aggregation query used without partition key"},
     NULL},
    {"payload_void", false, {NULL}, "tablets-routing-v1"},
    {"traced_warned_void", true, {"w"}, NULL},
    {"warned_payload_void", false, {"w"}, "k"},
    {"all_prefixes_error", true, {"a", ""}, "k"},
};

START_TEST(prefixes_in_combination) {
  struct cql_prefix p;
  struct cql_reader message;
  struct cql_span s, value;

  open_bytes(golden_find(k_prefixed[_i].name));
  ck_assert_int_eq(cql_prefix_decode(&g_frame, &p, &message), CQL_OK);
  ck_assert_int_eq(p.trace_id != NULL, k_prefixed[_i].trace);
  if (p.trace_id != NULL)
    ck_assert_mem_eq(p.trace_id, k_trace, 16);
  for (int i = 0; i < 2 && k_prefixed[_i].warnings[i] != NULL; i++) {
    ck_assert(cql_list_next_string(&p.warnings, &s));
    ck_assert(is_text(s, k_prefixed[_i].warnings[i]));
  }
  ck_assert(!cql_list_next_string(&p.warnings, &s));
  if (k_prefixed[_i].payload_key != NULL) {
    ck_assert(cql_list_next_bytes(&p.payload, &s, &value));
    ck_assert(is_text(s, k_prefixed[_i].payload_key));
  } else {
    ck_assert_uint_eq(p.payload.count, 0);
  }
}
END_TEST

START_TEST(payload_tells_null_from_empty) {
  struct cql_prefix p;
  struct cql_reader message;
  struct cql_span key, value;

  open_bytes(golden_find("payload_void"));
  ck_assert_int_eq(cql_prefix_decode(&g_frame, &p, &message), CQL_OK);
  ck_assert_uint_eq(p.payload.count, 2);
  ck_assert(cql_list_next_bytes(&p.payload, &key, &value));
  ck_assert_uint_eq(value.len, 2);
  ck_assert_uint_eq(value.p[1], 2);
  ck_assert(cql_list_next_bytes(&p.payload, &key, &value));
  ck_assert(is_text(key, "n"));
  ck_assert_ptr_null(value.p);
  ck_assert(!cql_list_next_bytes(&p.payload, &key, &value));
  ck_assert_int_eq(cql_get_int(&message), CQL_RESULT_VOID);
}
END_TEST

START_TEST(prefix_beyond_the_body) {
  static const char *const texts[] = {
      "84 02 0001 08 0000000f 000000000000000000000000000000",
      "84 08 0001 08 00000000",
      "84 08 0001 08 00000002 0001",
      "84 08 0001 08 00000004 0002 0000",
      "84 08 0001 08 00000005 0001 0002 'a'",
      "84 08 0001 08 00000002 ffff",
      "84 04 0001 08 00000006 0001 0000 0000",
      "84 04 0001 08 00000009 0001 0001 'k' 00000001",
      "84 04 0001 08 00000002 ffff",
  };
  struct cql_prefix p;
  struct cql_reader message;

  open_bytes(golden_parse(texts[_i]));
  ck_assert_int_eq(cql_prefix_decode(&g_frame, &p, &message), CQL_ESHORT);
  ck_assert_uint_eq(p.warnings.count, 0);
  ck_assert_uint_eq(p.payload.count, 0);
}
END_TEST

START_TEST(unknown_header_flags_are_ignored) {
  struct cql_prefix p;
  struct cql_reader message;

  open_bytes(golden_parse("84 f0 0001 08 00000004 00000001"));
  ck_assert_int_eq(cql_prefix_decode(&g_frame, &p, &message), CQL_OK);
  ck_assert_uint_eq(cql_left(&message), 4);
}
END_TEST

START_TEST(empty_body) {
  struct cql_prefix p;
  struct cql_reader message;

  open_bytes(golden_find("ready"));
  ck_assert_int_eq(cql_prefix_decode(&g_frame, &p, &message), CQL_OK);
  ck_assert_uint_eq(cql_left(&message), 0);
}
END_TEST

/* Handshake */

START_TEST(authenticate) {
  struct cql_reader r = open_golden("authenticate");
  struct cql_span name;

  ck_assert_int_eq(cql_authenticate_decode(&r, &name), CQL_OK);
  ck_assert(is_text(name, "org.apache.cassandra.auth.PasswordAuthenticator"));
}
END_TEST

START_TEST(auth_tokens) {
  struct cql_span token;
  struct cql_reader r = open_golden("auth_challenge");

  ck_assert_int_eq(cql_auth_token_decode(&r, &token), CQL_OK);
  ck_assert_uint_eq(token.len, 3);
  ck_assert_uint_eq(token.p[2], 3);
  release();
  r = open_golden("auth_challenge_empty");
  ck_assert_int_eq(cql_auth_token_decode(&r, &token), CQL_OK);
  ck_assert_uint_eq(token.len, 0);
  ck_assert_ptr_nonnull(token.p);
  release();
  r = open_golden("auth_success");
  ck_assert_int_eq(cql_auth_token_decode(&r, &token), CQL_OK);
  ck_assert_ptr_null(token.p);
}
END_TEST

START_TEST(supported) {
  static const char *const keys[] = {"PROTOCOL_VERSIONS", "COMPRESSION",
                                     "CQL_VERSION"};
  static const char *const values[] = {"3/v3",   "4/v4", "5/v5", "6/v6-beta",
                                       "snappy", "lz4",  "3.4.7"};
  struct cql_reader r = open_golden("supported");
  struct cql_list options, list;
  struct cql_span key, value;
  size_t k = 0, v = 0;

  ck_assert_int_eq(cql_supported_decode(&r, &options), CQL_OK);
  ck_assert_uint_eq(options.count, 3);
  while (cql_list_next_multi(&options, &key, &list)) {
    ck_assert(is_text(key, keys[k++]));
    while (cql_list_next_string(&list, &value))
      ck_assert(is_text(value, values[v++]));
  }
  ck_assert_uint_eq(k, 3);
  ck_assert_uint_eq(v, 7);
}
END_TEST

START_TEST(supported_with_an_empty_list) {
  struct cql_reader r = open_golden("supported_empty_list");
  struct cql_list options, list;
  struct cql_span key;

  ck_assert_int_eq(cql_supported_decode(&r, &options), CQL_OK);
  ck_assert(cql_list_next_multi(&options, &key, &list));
  ck_assert(is_text(key, "A"));
  ck_assert_uint_eq(list.count, 0);
  ck_assert(!cql_list_next_multi(&options, &key, &list));
}
END_TEST

START_TEST(counts_are_held_against_the_bytes) {
  static const char *const texts[] = {
      "ffff 0001 'A' 0000",           "0002 0001 'A' 0000",
      "0001 0001 'A' ffff 0000 0000", "0001 0001 'A' 0002 0000",
      "0001 ffff 'A' 0000",           "00",
  };
  struct cql_reader r = open_message(texts[_i]);
  struct cql_list options;

  ck_assert_int_eq(cql_supported_decode(&r, &options), CQL_ESHORT);
  ck_assert_uint_eq(options.count, 0);
}
END_TEST

/* A list that was never decoded: the walkers stop, whatever it claims. */
START_TEST(walkers_end_on_bad_bytes) {
  struct cql_list l = {.count = 3}, values;
  struct cql_span a, b;

  ck_assert(!cql_list_next_string(&l, &a));
  ck_assert(!cql_list_next_bytes(&l, &a, &b));
  ck_assert(!cql_list_next_multi(&l, &a, &values));
  ck_assert(!cql_list_next_multi(&l, &a, &values));
}
END_TEST

/* Events */

START_TEST(event_topology) {
  static const uint8_t address[] = {192, 168, 1, 2};
  struct cql_reader r = open_golden("event_topology");
  struct cql_event e;

  ck_assert_int_eq(g_frame.header.stream, CQL_STREAM_EVENT);
  ck_assert_int_eq(cql_event_decode(&r, &e), CQL_OK);
  ck_assert_int_eq(e.type, CQL_EVENT_TOPOLOGY_CHANGE);
  ck_assert(is_text(e.name, "TOPOLOGY_CHANGE"));
  ck_assert(is_text(e.change, "NEW_NODE"));
  ck_assert_uint_eq(e.address.len, 4);
  ck_assert_mem_eq(e.address.address, address, 4);
  ck_assert_int_eq(e.address.port, 9042);
}
END_TEST

START_TEST(event_status) {
  struct cql_reader r = open_golden("event_status");
  struct cql_event e;

  ck_assert_int_eq(cql_event_decode(&r, &e), CQL_OK);
  ck_assert_int_eq(e.type, CQL_EVENT_STATUS_CHANGE);
  ck_assert(is_text(e.change, "DOWN"));
  ck_assert_uint_eq(e.address.len, 16);
  ck_assert_uint_eq(e.address.address[15], 1);
}
END_TEST

START_TEST(event_schema) {
  struct cql_reader r = open_golden("event_schema");
  struct cql_event e;
  struct cql_span s;

  ck_assert_int_eq(cql_event_decode(&r, &e), CQL_OK);
  ck_assert_int_eq(e.type, CQL_EVENT_SCHEMA_CHANGE);
  ck_assert(is_text(e.change, "CREATED"));
  ck_assert(is_text(e.schema.target, "FUNCTION"));
  ck_assert(is_text(e.schema.keyspace, "ks"));
  ck_assert(is_text(e.schema.name, "fy"));
  ck_assert(cql_list_next_string(&e.schema.arguments, &s));
  ck_assert(is_text(s, "int"));
  ck_assert(cql_list_next_string(&e.schema.arguments, &s));
  ck_assert(is_text(s, "text"));
  ck_assert(!cql_list_next_string(&e.schema.arguments, &s));
}
END_TEST

/* What the specification does not name is kept, and is no error. */
START_TEST(event_unknown) {
  struct cql_event e;
  struct cql_reader r = open_message("000e 'TRACE_COMPLETE' 0102030405");

  ck_assert_int_eq(cql_event_decode(&r, &e), CQL_OK);
  ck_assert_int_eq(e.type, CQL_EVENT_OTHER);
  ck_assert(is_text(e.name, "TRACE_COMPLETE"));
  ck_assert_ptr_null(e.change.p);
  release();

  r = open_message("000d 'STATUS_CHANGE' 0007 'LIMPING' 04 7f000001 00002352"
                   "cafe");
  ck_assert_int_eq(cql_event_decode(&r, &e), CQL_OK);
  ck_assert_int_eq(e.type, CQL_EVENT_STATUS_CHANGE);
  ck_assert(is_text(e.change, "LIMPING"));
  ck_assert_uint_eq(cql_left(&r), 2); /* trailing bytes */
}
END_TEST

START_TEST(event_with_a_bad_address) {
  struct cql_reader r = open_message("000d 'STATUS_CHANGE' 0002 'UP'"
                                     "05 7f00000101 00002352");
  struct cql_event e;

  ck_assert_int_eq(cql_event_decode(&r, &e), CQL_ESHORT);
}
END_TEST

/* Errors */

static struct cql_error open_error(const char *name) {
  struct cql_reader r = open_golden(name);
  struct cql_error e;

  ck_assert_int_eq(cql_error_decode(&r, &e), CQL_OK);
  ck_assert_uint_eq(cql_left(&r), 0);
  return e;
}

START_TEST(error_without_a_tail) {
  struct cql_error e = open_error("error_invalid");

  ck_assert_int_eq(e.code, CQL_ERROR_INVALID);
  ck_assert(is_text(e.text, "table nope does not exist"));
  ck_assert(!e.has_tail);
}
END_TEST

START_TEST(error_unavailable) {
  struct cql_error e = open_error("error_unavailable");

  ck_assert_int_eq(e.code, CQL_ERROR_UNAVAILABLE);
  ck_assert(e.has_tail);
  ck_assert_uint_eq(e.consistency, CQL_TWO);
  ck_assert_int_eq(e.required, 2);
  ck_assert_int_eq(e.received, 1);
}
END_TEST

START_TEST(error_write_timeout) {
  struct cql_error e = open_error("error_write_timeout");

  ck_assert_int_eq(e.code, CQL_ERROR_WRITE_TIMEOUT);
  ck_assert(e.has_tail);
  ck_assert_uint_eq(e.consistency, CQL_ONE);
  ck_assert_int_eq(e.received, 0);
  ck_assert_int_eq(e.required, 1);
  ck_assert(is_text(e.write_type, "COUNTER"));
}
END_TEST

START_TEST(error_read_timeout) {
  struct cql_error e = open_error("error_read_timeout");

  ck_assert(e.has_tail);
  ck_assert_uint_eq(e.consistency, CQL_LOCAL_QUORUM);
  ck_assert_int_eq(e.received, 1);
  ck_assert_int_eq(e.required, 2);
  ck_assert(e.data_present);
}
END_TEST

START_TEST(error_failures) {
  struct cql_error e = open_error("error_read_failure");

  ck_assert(e.has_tail);
  ck_assert_int_eq(e.received, 1);
  ck_assert_int_eq(e.required, 2);
  ck_assert_int_eq(e.failures, 3);
  ck_assert(!e.data_present);
  release();
  e = open_error("error_write_failure");
  ck_assert(e.has_tail);
  ck_assert_int_eq(e.received, 0);
  ck_assert_int_eq(e.required, 2);
  ck_assert_int_eq(e.failures, 1);
  ck_assert(is_text(e.write_type, "SIMPLE"));
  release();
  e = open_error("error_cas_unknown");
  ck_assert(e.has_tail);
  ck_assert_uint_eq(e.consistency, CQL_SERIAL);
  ck_assert_int_eq(e.received, 1);
  ck_assert_int_eq(e.required, 2);
}
END_TEST

START_TEST(error_function_failure) {
  struct cql_error e = open_error("error_function_failure");
  struct cql_span s;

  ck_assert(e.has_tail);
  ck_assert(is_text(e.keyspace, "ks"));
  ck_assert(is_text(e.name, "fy"));
  ck_assert_uint_eq(e.arguments.count, 2);
  ck_assert(cql_list_next_string(&e.arguments, &s));
  ck_assert(is_text(s, "int"));
}
END_TEST

START_TEST(error_already_exists) {
  struct cql_error e = open_error("error_already_exists");

  ck_assert(e.has_tail);
  ck_assert(is_text(e.keyspace, "ks"));
  ck_assert(is_text(e.name, "")); /* it is the keyspace that exists */
}
END_TEST

START_TEST(error_unprepared) {
  struct cql_error e = open_error("error_unprepared");

  ck_assert(e.has_tail);
  ck_assert(is_text(e.text, ""));
  ck_assert_uint_eq(e.id.len, 16);
  ck_assert_uint_eq(e.id.p[15], 0x0f);
}
END_TEST

START_TEST(error_behind_all_prefixes) {
  struct cql_error e = open_error("all_prefixes_error");

  ck_assert_int_eq(e.code, CQL_ERROR_WRITE_TIMEOUT);
  ck_assert(is_text(e.text, "big"));
  ck_assert(is_text(e.write_type, "BATCH_LOG"));
}
END_TEST

/* Codes with no tail leave what follows the text alone. */
START_TEST(error_codes_without_tails) {
  static const char *const codes[] = {
      "00000000", "0000000a", "00000100", "00001001", "00001002",
      "00001003", "00001600", "00002000", "00002100", "00002200",
      "00002300", "0000f000", /* one that a server negotiates */
      "00009999", "ffffffff", "80000000"};
  char text[64];
  struct cql_reader r;
  struct cql_error e;

  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    strcpy(text, codes[i]);
    strcat(text, " 0002 'no' 0001");
    r = open_message(text);
    ck_assert_int_eq(cql_error_decode(&r, &e), CQL_OK);
    ck_assert(is_text(e.text, "no"));
    ck_assert(!e.has_tail);
    ck_assert_uint_eq(cql_left(&r), 2);
    release();
  }
}
END_TEST

START_TEST(error_write_type_may_be_anything) {
  struct cql_reader r = open_message("00001100 0000 0001 00000000 00000001"
                                     "0004 'WARP' 0003");
  struct cql_error e;

  ck_assert_int_eq(cql_error_decode(&r, &e), CQL_OK);
  ck_assert(is_text(e.write_type, "WARP"));
  ck_assert_uint_eq(cql_left(&r), 2); /* v5 has contentions there */
}
END_TEST

/* A cut tail: the code and the text stay, the tail is not half filled in. */
START_TEST(error_with_a_cut_tail) {
  struct cql_reader r = open_message("00001100 0001 'w' 0001 00000007 0000");
  struct cql_error e;

  ck_assert_int_eq(cql_error_decode(&r, &e), CQL_OK);
  ck_assert_int_eq(e.code, CQL_ERROR_WRITE_TIMEOUT);
  ck_assert(is_text(e.text, "w"));
  ck_assert(!e.has_tail);
  ck_assert_uint_eq(e.consistency, 0);
  ck_assert_int_eq(e.received, 0);
  ck_assert_ptr_null(e.write_type.p);
  ck_assert(!r.bad);
  ck_assert_uint_eq(cql_left(&r), 8);
}
END_TEST

START_TEST(rate_limit_tail) {
  struct cql_reader r = open_message("0000f000 0001 'x' 01 01 ff");
  struct cql_error e;
  struct cql_rate_limit limit;

  ck_assert_int_eq(cql_error_decode(&r, &e), CQL_OK);
  ck_assert(!e.has_tail);
  ck_assert_int_eq(cql_rate_limit_decode(&r, &limit), CQL_OK);
  ck_assert_uint_eq(limit.operation, 1);
  ck_assert(limit.rejected_by_coordinator);
  release();

  r = open_message("0000f000 0001 'x' 00 00");
  ck_assert_int_eq(cql_error_decode(&r, &e), CQL_OK);
  ck_assert_int_eq(cql_rate_limit_decode(&r, &limit), CQL_OK);
  ck_assert_uint_eq(limit.operation, 0);
  ck_assert(!limit.rejected_by_coordinator);
  release();

  r = open_message("0000f000 0001 'x' 01");
  ck_assert_int_eq(cql_error_decode(&r, &e), CQL_OK);
  ck_assert_int_eq(cql_rate_limit_decode(&r, &limit), CQL_ESHORT);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

static void add_errors(TCase *tc) {
  tcase_add_test(tc, error_without_a_tail);
  tcase_add_test(tc, error_unavailable);
  tcase_add_test(tc, error_write_timeout);
  tcase_add_test(tc, error_read_timeout);
  tcase_add_test(tc, error_failures);
  tcase_add_test(tc, error_function_failure);
  tcase_add_test(tc, error_already_exists);
  tcase_add_test(tc, error_unprepared);
  tcase_add_test(tc, error_behind_all_prefixes);
  tcase_add_test(tc, error_codes_without_tails);
  tcase_add_test(tc, error_write_type_may_be_anything);
  tcase_add_test(tc, error_with_a_cut_tail);
  tcase_add_test(tc, rate_limit_tail);
}

Suite *response_suite(void) {
  Suite *s = suite_create("response");
  TCase *tc = tcase_create("messages");

  tcase_add_checked_fixture(tc, NULL, release);
  tcase_add_loop_test(tc, prefixes_in_combination, 0, COUNT(k_prefixed));
  tcase_add_test(tc, payload_tells_null_from_empty);
  tcase_add_loop_test(tc, prefix_beyond_the_body, 0, 9);
  tcase_add_test(tc, unknown_header_flags_are_ignored);
  tcase_add_test(tc, empty_body);
  tcase_add_test(tc, authenticate);
  tcase_add_test(tc, auth_tokens);
  tcase_add_test(tc, supported);
  tcase_add_test(tc, supported_with_an_empty_list);
  tcase_add_loop_test(tc, counts_are_held_against_the_bytes, 0, 6);
  tcase_add_test(tc, walkers_end_on_bad_bytes);
  tcase_add_test(tc, event_topology);
  tcase_add_test(tc, event_status);
  tcase_add_test(tc, event_schema);
  tcase_add_test(tc, event_unknown);
  tcase_add_test(tc, event_with_a_bad_address);
  add_errors(tc);
  suite_add_tcase(s, tc);

  suite_add_tcase(s, response_bodies_case());
  return s;
}
