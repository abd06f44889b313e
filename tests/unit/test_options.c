/* tests/unit/test_options.c - defaults, settings as text, sizes of older and
 * newer programs, hosts, and the texts of errors. */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "api/internal.h"
#include "tests/unit/suites.h"

/* ---- Defaults ----------------------------------------------------------- */

/* The table of the documentation, typed again. */
START_TEST(defaults) {
  tally_options o;

  memset(&o, 0xa5, sizeof o);
  tally_options_init(&o);
  ck_assert_uint_eq(o.struct_size, sizeof o);
  ck_assert_str_eq(o.hosts, "127.0.0.1");
  ck_assert_uint_eq(o.port, 9042);
  ck_assert_ptr_null(o.keyspace);
  ck_assert_int_eq(o.io_threads, 1);
  ck_assert_int_eq(o.consistency, TALLY_LOCAL_QUORUM);
  ck_assert_int_eq(o.read_consistency, TALLY_LOCAL_QUORUM);
  ck_assert_uint_eq(o.connect_timeout_ms, 2000);
  ck_assert_uint_eq(o.increment_timeout_ms, 6000);
  ck_assert_uint_eq(o.read_timeout_ms, 2000);
  ck_assert_uint_eq(o.schema_timeout_ms, 10000);
  ck_assert_uint_eq(o.close_timeout_ms, 6000);
  ck_assert_uint_eq(o.heartbeat_ms, 10000);
  ck_assert_uint_eq(o.heartbeat_timeout_ms, 5000);
  ck_assert_uint_eq(o.reconnect_min_ms, 50);
  ck_assert_uint_eq(o.reconnect_max_ms, 10000);
  ck_assert_uint_eq(o.max_in_flight, 8192);
  ck_assert_uint_eq(o.connection_max_in_flight, 2048);
  ck_assert_uint_eq(o.max_abandoned, 256);
  ck_assert_uint_eq(o.max_frame_bytes, 16 * 1024 * 1024);
  ck_assert(o.allocator.allocate == NULL && o.allocator.resize == NULL &&
            o.allocator.release == NULL);
  ck_assert(o.log == NULL && o.resolve == NULL && o.on_settled == NULL);
  ck_assert_int_eq(o.log_level, TALLY_LOG_WARNING);
  ck_assert(o.local_dc == NULL && o.local_rack == NULL);
  ck_assert_int_eq(o.allow_remote, 0);
  ck_assert_uint_eq(o.connections_per_host, 1);
  ck_assert(o.host_filter == NULL && o.translate_address == NULL &&
            o.on_host == NULL && o.host_user == NULL);
}
END_TEST

/* ---- Settings ----------------------------------------------------------- */

static const struct {
  const char *setting;
  size_t offset;
  size_t size;
  uint64_t value;
} numbers[] = {
#define MEMBER(name)                                                           \
  offsetof(tally_options, name), sizeof(((tally_options *)0)->name)
    {"port=19042", MEMBER(port), 19042},
    {"port=1", MEMBER(port), 1},
    {"port=65535", MEMBER(port), 65535},
    {"io_threads=0", MEMBER(io_threads), 0},
    {"io-threads=64", MEMBER(io_threads), 64},
    {"consistency=one", MEMBER(consistency), 1},
    {"consistency=two", MEMBER(consistency), 2},
    {"consistency=three", MEMBER(consistency), 3},
    {"consistency=QUORUM", MEMBER(consistency), 4},
    {"consistency=all", MEMBER(consistency), 5},
    {"consistency=local-quorum", MEMBER(consistency), 6},
    {"consistency=Each_Quorum", MEMBER(consistency), 7},
    {"read_consistency=LOCAL_ONE", MEMBER(read_consistency), 10},
    {"Read-Consistency=all", MEMBER(read_consistency), 5},
    {"connect_timeout_ms=250", MEMBER(connect_timeout_ms), 250},
    {"connect-timeout=5s", MEMBER(connect_timeout_ms), 5000},
    {"increment_timeout=2m", MEMBER(increment_timeout_ms), 120000},
    {"INCREMENT_TIMEOUT_MS=500ms", MEMBER(increment_timeout_ms), 500},
    {"read_timeout=1", MEMBER(read_timeout_ms), 1},
    {"schema_timeout=1440m", MEMBER(schema_timeout_ms), 86400000},
    {"close_timeout=1s", MEMBER(close_timeout_ms), 1000},
    {"heartbeat=3s", MEMBER(heartbeat_ms), 3000},
    {"heartbeat_timeout=4s", MEMBER(heartbeat_timeout_ms), 4000},
    {"reconnect_min=7ms", MEMBER(reconnect_min_ms), 7},
    {"reconnect_max=9s", MEMBER(reconnect_max_ms), 9000},
    {"max_in_flight=16777216", MEMBER(max_in_flight), 16777216},
    {"connection_max_in_flight=32000", MEMBER(connection_max_in_flight), 32000},
    {"max_abandoned=17", MEMBER(max_abandoned), 17},
    {"max_frame_bytes=268435456", MEMBER(max_frame_bytes), 268435456},
    {"allow_remote=yes", MEMBER(allow_remote), 1},
    {"Allow-Remote=No", MEMBER(allow_remote), 0},
    {"connections_per_host=16", MEMBER(connections_per_host), 16},
};
enum { NUMBERS = sizeof numbers / sizeof numbers[0] };

/* The option has the value, and no other has changed. */
START_TEST(set_number) {
  tally_options o, expected;
  tally_error e;
  char *member = (char *)&expected + numbers[_i].offset;
  uint16_t small = (uint16_t)numbers[_i].value;
  uint32_t large = (uint32_t)numbers[_i].value;

  tally_options_init(&o);
  memcpy(&expected, &o, sizeof o);
  if (numbers[_i].size == 2)
    memcpy(member, &small, 2);
  else
    memcpy(member, &large, 4);
  ck_assert_msg(tally_options_set(&o, numbers[_i].setting, &e) == 0, "%s",
                e.message);
  ck_assert_msg(memcmp(&o, &expected, sizeof o) == 0, "%s",
                numbers[_i].setting);
}
END_TEST

START_TEST(set_text) {
  tally_options o;

  tally_options_init(&o);
  ck_assert_int_eq(tally_options_set(&o, "hosts=a:1,b", NULL), 0);
  ck_assert_str_eq(o.hosts, "a:1,b");
  ck_assert_int_eq(tally_options_set(&o, "Keyspace=a=b", NULL), 0);
  ck_assert_str_eq(o.keyspace, "a=b");
  ck_assert_int_eq(tally_options_set(&o, "keyspace=", NULL), 0);
  ck_assert_str_eq(o.keyspace, "");
  ck_assert_int_eq(tally_options_set(&o, "local-dc=dc1", NULL), 0);
  ck_assert_str_eq(o.local_dc, "dc1");
  ck_assert_int_eq(tally_options_set(&o, "local_rack=r=1", NULL), 0);
  ck_assert_str_eq(o.local_rack, "r=1");
  tally_options_free(&o);
}
END_TEST

/* There is nothing in between. */
START_TEST(set_tls) {
  static const struct {
    const char *value;
    int mode; /* -1: none */
  } rows[] = {{"off", TALLY_TLS_OFF},
              {"verify-full", TALLY_TLS_VERIFY_FULL},
              {"Verify_Full", TALLY_TLS_VERIFY_FULL},
              {"insecure-no-verify", TALLY_TLS_INSECURE_NO_VERIFY},
              {"verify", -1},
              {"prefer", -1},
              {"require", -1},
              {"yes", -1},
              {"1", -1},
              {"", -1}};

  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char setting[64];
    tally_options o;
    tally_error e;
    int rc;

    tally_options_init(&o);
    ck_assert_int_eq(o.tls, TALLY_TLS_OFF);
    snprintf(setting, sizeof setting, "tls=%s", rows[i].value);
    rc = tally_options_set(&o, setting, &e);
    ck_assert_int_eq(rc, rows[i].mode < 0 ? TALLY_EINVAL : 0);
    if (rows[i].mode >= 0)
      ck_assert_int_eq(o.tls, rows[i].mode);
    else
      ck_assert_ptr_nonnull(
          strstr(e.message, "none of off, verify-full, insecure-no-verify"));
  }
}
END_TEST

START_TEST(set_both_timeouts) {
  tally_options o;

  tally_options_init(&o);
  ck_assert_int_eq(tally_options_set(&o, "timeout=9s", NULL), 0);
  ck_assert_uint_eq(o.increment_timeout_ms, 9000);
  ck_assert_uint_eq(o.read_timeout_ms, 9000);
}
END_TEST

static const struct {
  const char *setting;
  const char *words[3]; /* all in the message */
} refused[] = {
    {"colour=red", {"colour"}},
    {"=5", {"no option"}},
    {"por=5", {"por"}},
    {"portt=5", {"portt"}},
    {"on_settled=1", {"on_settled"}}, /* functions are no text */
    {"port", {"port", "value"}},
    {"", {"value"}},
    {"port=0", {"port", "\"0\"", "65535"}},
    {"port=65536", {"port", "65536", "65535"}},
    {"port=", {"port", "\"\""}},
    {"port=12x", {"port", "12x"}},
    {"port=-1", {"port", "-1"}},
    {"port= 5", {"port", " 5"}},
    {"port=5s", {"port", "5s"}},
    {"port=99999999999999999999", {"port"}},
    {"io_threads=65", {"io_threads", "65", "64"}},
    {"consistency=any", {"consistency", "any", "local_quorum"}},
    {"consistency=serial", {"consistency", "serial"}},
    {"consistency=", {"consistency", "\"\""}},
    {"read_consistency=onee", {"read_consistency", "onee"}},
    {"connect_timeout=0", {"connect_timeout_ms", "\"0\"", "500ms"}},
    {"connect_timeout=5h", {"connect_timeout_ms", "5h"}},
    {"connect_timeout=1441m", {"connect_timeout_ms", "1441m"}},
    {"connect_timeout=4294967295m", {"connect_timeout_ms"}},
    {"connect_timeout=1.5s", {"connect_timeout_ms", "1.5s"}},
    {"connect_timeout=s", {"connect_timeout_ms", "\"s\""}},
    {"timeout=soon", {"timeout", "soon"}},
    {"heartbeat=5sec", {"heartbeat_ms", "5sec"}},
    {"max_in_flight=0", {"max_in_flight", "\"0\""}},
    {"max_in_flight=16777217", {"max_in_flight", "16777217"}},
    {"connection_max_in_flight=32001", {"connection_max_in_flight"}},
    {"max_abandoned=0", {"max_abandoned"}},
    {"max_frame_bytes=1023", {"max_frame_bytes", "1023"}},
    {"max_frame_bytes=268435457", {"max_frame_bytes", "268435457"}},
    {"max_frame_bytes=1s", {"max_frame_bytes", "1s"}},
    {"allow_remote=1", {"allow_remote", "\"1\"", "yes"}},
    {"allow_remote=", {"allow_remote", "\"\"", "no"}},
    {"allow_remote=yess", {"allow_remote", "yess"}},
    {"connections_per_host=0", {"connections_per_host", "\"0\"", "16"}},
    {"connections_per_host=17", {"connections_per_host", "17", "16"}},
    {"host_filter=x", {"host_filter"}},
};
enum { REFUSED = sizeof refused / sizeof refused[0] };

START_TEST(bad_value) {
  tally_options o, before;
  tally_error e;

  tally_options_init(&o);
  memcpy(&before, &o, sizeof o);
  ck_assert_msg(tally_options_set(&o, refused[_i].setting, &e) == TALLY_EINVAL,
                "%s is taken", refused[_i].setting);
  ck_assert_int_eq(e.code, TALLY_EINVAL);
  for (int w = 0; w < 3 && refused[_i].words[w] != NULL; w++)
    ck_assert_msg(strstr(e.message, refused[_i].words[w]) != NULL,
                  "%s: no %s in: %s", refused[_i].setting, refused[_i].words[w],
                  e.message);
  ck_assert_mem_eq(&o, &before, sizeof o);
  ck_assert_int_eq(tally_options_set(&o, refused[_i].setting, NULL),
                   TALLY_EINVAL);
}
END_TEST

START_TEST(near_names) {
  static const struct {
    const char *setting;
    const char *hint;
  } rows[] = {{"portt=5", "did you mean port?"},
              {"Consistncy=one", "did you mean consistency?"},
              {"connect-timeot=1s", "did you mean connect_timeout_ms?"},
              {"tiemout=1s", "did you mean timeout?"},
              {"local-d=x", "did you mean local_dc?"},
              {"colour=red", ""}};

  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    tally_options o;
    tally_error e;

    tally_options_init(&o);
    ck_assert_int_eq(tally_options_set(&o, rows[i].setting, &e), TALLY_EINVAL);
    ck_assert_str_eq(e.hint, rows[i].hint);
  }
}
END_TEST

/* ---- Older and newer programs ------------------------------------------- */

/* A heap block of just the size the program knows: a sanitizer sees a byte
 * beyond it. */
START_TEST(older_program) {
  /* volatile: gcc would warn of the members that an old program lacks. */
  volatile size_t size = offsetof(tally_options, max_in_flight);
  tally_options *old = malloc(size), now;

  tally_options_init_sized(old, size);
  ck_assert_uint_eq(old->struct_size, size);
  ck_assert_uint_eq(old->reconnect_max_ms, 10000);
  old->port = 1234;
  ck_assert_int_eq(options_read(&now, old, NULL), 0);
  ck_assert_uint_eq(now.struct_size, sizeof now);
  ck_assert_uint_eq(now.port, 1234);
  ck_assert_uint_eq(now.max_in_flight, 8192); /* the defaults */
  ck_assert_uint_eq(now.connections_per_host, 1);
  ck_assert_int_eq(tally_options_set(old, "local_dc=dc1", NULL), TALLY_EINVAL);
  free(old);
}
END_TEST

START_TEST(newer_program) {
  size_t size = sizeof(tally_options) + 40;
  tally_options *future = malloc(size), now;
  tally_error e;

  memset(future, 0xa5, size);
  tally_options_init_sized(future, size);
  future->port = 4321;
  ck_assert_int_eq(options_read(&now, future, &e), 0);
  ck_assert_uint_eq(now.port, 4321);
  /* What it asks for beyond is not ignored. */
  ((unsigned char *)future)[size - 1] = 1;
  ck_assert_int_eq(options_read(&now, future, &e), TALLY_EINVAL);
  ck_assert_ptr_nonnull(strstr(e.message, tally_version()));
  free(future);
}
END_TEST

START_TEST(never_initialised) {
  static const tally_options zero;
  tally_options now;
  tally_error e;

  ck_assert_int_eq(options_read(&now, &zero, &e), TALLY_EINVAL);
  ck_assert_ptr_nonnull(strstr(e.message, "tally_options_init"));
  ck_assert_int_eq(options_read(&now, NULL, &e), TALLY_EINVAL);
}
END_TEST

/* ---- Members set by hand ------------------------------------------------ */

static void *some_allocate(void *user, size_t size) {
  (void)user;
  return malloc(size);
}

static void set_by_hand(tally_options *o, int i) {
  switch (i) {
  case 0:
    o->port = 0;
    break;
  case 1:
    o->io_threads = -1;
    break;
  case 2:
    o->io_threads = 65;
    break;
  case 3:
    o->consistency = 0;
    break;
  case 4:
    o->read_consistency = 8;
    break;
  case 5:
    o->increment_timeout_ms = 0;
    break;
  case 6:
    o->max_in_flight = 0;
    break;
  case 7:
    o->max_frame_bytes = UINT32_MAX;
    break;
  case 8:
    o->allocator.allocate = some_allocate;
    break;
  case 9:
    o->reconnect_min_ms = 60000;
    break;
  case 10:
    o->allow_remote = 2;
    break;
  case 11:
    o->connections_per_host = 0;
    break;
  default:
    o->connection_max_in_flight = 40000;
  }
}

START_TEST(bad_member) {
  static const char *const named[] = {"port",
                                      "io_threads",
                                      "io_threads",
                                      "consistency",
                                      "read_consistency",
                                      "increment_timeout_ms",
                                      "max_in_flight",
                                      "max_frame_bytes",
                                      "allocator",
                                      "reconnect_min_ms",
                                      "allow_remote",
                                      "connections_per_host",
                                      "connection_max_in_flight"};
  tally_options o, now;
  tally_error e;

  tally_options_init(&o);
  set_by_hand(&o, _i);
  ck_assert_int_eq(options_read(&now, &o, &e), TALLY_EINVAL);
  ck_assert_msg(strstr(e.message, named[_i]) != NULL, "%s", e.message);
}
END_TEST

/* ---- Hosts -------------------------------------------------------------- */

static const struct {
  const char *hosts;
  size_t count; /* 0: refused */
  const char *first, *last;
  unsigned first_port, last_port;
} lists[] = {
    {"db", 1, "db", "db", 9042, 9042},
    {"db:1", 1, "db", "db", 1, 1},
    {" a , b:2 ,", 2, "a", "b", 9042, 2},
    {"10.0.0.1:9999,10.0.0.2", 2, "10.0.0.1", "10.0.0.2", 9999, 9042},
    {"::1", 1, "::1", "::1", 9042, 9042},
    {"[::1]", 1, "::1", "::1", 9042, 9042},
    {"[fe80::2]:7,x", 2, "fe80::2", "x", 7, 9042},
    {"a:65535", 1, "a", "a", 65535, 65535},
    {"", 0, NULL, NULL, 0, 0},
    {" , ,", 0, NULL, NULL, 0, 0},
    {":9042", 0, NULL, NULL, 0, 0},
    {"a:0", 0, NULL, NULL, 0, 0},
    {"a:", 0, NULL, NULL, 0, 0},
    {"a:65536", 0, NULL, NULL, 0, 0},
    {"a:12345678901234567890", 0, NULL, NULL, 0, 0},
    {"a:b", 0, NULL, NULL, 0, 0},
    {"[::1", 0, NULL, NULL, 0, 0},
    {"[]", 0, NULL, NULL, 0, 0},
    {"[::1]9042", 0, NULL, NULL, 0, 0},
    {"good,bad:port", 0, NULL, NULL, 0, 0},
};
enum { LISTS = sizeof lists / sizeof lists[0] };

START_TEST(host_list) {
  static const struct net_heap heap;
  struct contact *contacts;
  size_t count;
  tally_options o;
  tally_error e;
  int rc;

  tally_options_init(&o);
  o.hosts = lists[_i].hosts;
  rc = options_contacts(&o, &heap, &contacts, &count, &e);
  ck_assert_msg((rc == 0) == (lists[_i].count > 0), "\"%s\": %d",
                lists[_i].hosts, rc);
  if (rc != 0) {
    ck_assert_int_eq(rc, TALLY_EINVAL);
    ck_assert_ptr_nonnull(strstr(e.message, "hosts"));
    return;
  }
  ck_assert_uint_eq(count, lists[_i].count);
  ck_assert_str_eq(contacts[0].name, lists[_i].first);
  ck_assert_uint_eq(contacts[0].port, lists[_i].first_port);
  ck_assert_str_eq(contacts[count - 1].name, lists[_i].last);
  ck_assert_uint_eq(contacts[count - 1].port, lists[_i].last_port);
  options_contacts_free(&heap, contacts, count);
}
END_TEST

/* ---- Errors ------------------------------------------------------------- */

START_TEST(errors_have_texts) {
  ck_assert_uint_eq(sizeof(tally_error), 1024);
  for (int code = -20; code <= 0; code++) {
    ck_assert_str_ne(tally_error_name(code), "");
    ck_assert_str_ne(tally_error_text(code), "");
    ck_assert_str_ne(tally_error_name(code), "unknown error");
    ck_assert_str_ne(tally_error_text(code), "unknown error");
    for (int other = -20; other < code; other++) {
      ck_assert_str_ne(tally_error_name(code), tally_error_name(other));
      ck_assert_str_ne(tally_error_text(code), tally_error_text(other));
    }
  }
  ck_assert_str_eq(tally_error_name(TALLY_EUNKNOWN), "TALLY_EUNKNOWN");
  ck_assert_str_eq(tally_error_name(1), "unknown error");
  ck_assert_str_eq(tally_error_text(-22), "unknown error");
  ck_assert_str_eq(tally_error_text(INT32_MIN), "unknown error");
  ck_assert_str_eq(tally_outcome_name(TALLY_UNKNOWN), "unknown");
  ck_assert_str_eq(tally_outcome_name(TALLY_APPLIED), "applied");
  ck_assert_str_eq(tally_outcome_name(TALLY_NOT_APPLIED), "not applied");
  ck_assert_str_eq(tally_outcome_name(77), "unknown");
  ck_assert_str_eq(tally_version(), "0.1.0");
}
END_TEST

/* Zeroed memory is never "safe to send again". */
START_TEST(zero_is_unknown) {
  static const tally_error zero;
  static const tally_result result;

  ck_assert_int_eq(zero.outcome, TALLY_UNKNOWN);
  ck_assert_int_eq(result.outcome, TALLY_UNKNOWN);
}
END_TEST

/* Long texts are cut between characters. */
START_TEST(long_messages_are_cut) {
  char text[1000] = "";
  tally_error e;
  size_t len;

  for (int i = 0; i < 300; i++)
    strcat(text, i == 0 ? "x" : "\xe2\x82\xac"); /* three bytes each */
  ck_assert_int_eq(error_set(&e, TALLY_EINVAL, "%s", text), TALLY_EINVAL);
  len = strlen(e.message);
  ck_assert_uint_ge(len, sizeof e.message - 4);
  ck_assert_uint_eq((len - 1) % 3, 0);
  ck_assert_mem_eq(e.message, text, len);
}
END_TEST

START_TEST(details_are_cut) {
  struct failure f;
  char text[1000];

  memset(text, 'x', sizeof text);
  memcpy(text + sizeof f.detail - 2, "\xe2\x82\xac", 3);
  text[sizeof text - 1] = '\0';
  failure_init(&f, FAILURE_SERVER, OUTCOME_UNKNOWN, "what");
  failure_detail(&f, "%s", text);
  ck_assert_uint_eq(strlen(f.detail), sizeof f.detail - 2);
  failure_detail(&f, "short");
  ck_assert_str_eq(f.detail, "short");
}
END_TEST

Suite *options_suite(void) {
  Suite *s = suite_create("options");
  TCase *tc = tcase_create("options");

  tcase_add_test(tc, defaults);
  tcase_add_loop_test(tc, set_number, 0, NUMBERS);
  tcase_add_test(tc, set_text);
  tcase_add_test(tc, set_tls);
  tcase_add_test(tc, set_both_timeouts);
  tcase_add_loop_test(tc, bad_value, 0, REFUSED);
  tcase_add_test(tc, near_names);
  tcase_add_test(tc, older_program);
  tcase_add_test(tc, newer_program);
  tcase_add_test(tc, never_initialised);
  tcase_add_loop_test(tc, bad_member, 0, 13);
  tcase_add_loop_test(tc, host_list, 0, LISTS);
  suite_add_tcase(s, tc);
  tc = tcase_create("errors");
  tcase_add_test(tc, errors_have_texts);
  tcase_add_test(tc, zero_is_unknown);
  tcase_add_test(tc, long_messages_are_cut);
  tcase_add_test(tc, details_are_cut);
  suite_add_tcase(s, tc);
  return s;
}
