/* tests/unit/test_conformance.c - the unit tests that coodie, the reference,
 * has of counters, batches and schemas: each under its name there, with what
 * it holds here.  Those of queries are in test_conformance_find.c, those that
 * want a server in tests/live.
 *
 * Not here, as they have no meaning:
 *   test_build_batch_unlogged_type, test_build_batch_type_overrides_logged: a
 *     batch is one of counters, and no call says otherwise;
 *   test_insert_..., test_update_..., test_save_...: there are no such calls
 *     (test_counter_save_raises and test_counter_insert_raises, in tests/live,
 *     ask the compiler);
 *   test_materialized_view_..., test_create_index, test_build_..._index_...,
 *   test_create_table_with_vector_column,
 *   test_create_table_with_duration_column:
 *     counter tables have none of these. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/schema.h"
#include "tests/support/rig.h"
#include "tests/unit/golden.h"
#include "tests/unit/suites.h"

/* As the reference has every test twice. */
enum { BLOCKING, ASYNCHRONOUS, FORMS };

static struct rig r;
static tally_batch *batch;
static tally_error e;

/* "prepare: ...\n" and "query: ...\n", as they were sent; not the library's
 * own questions. */
static char sent[4096];

static void on_log(void *user, int level, const char *text) {
  size_t len = strlen(sent);

  (void)user;
  if (level == TALLY_LOG_DEBUG && strstr(text, "FROM system") == NULL)
    snprintf(sent + len, sizeof sent - len, "%s\n", text);
}

static void begin(int form) {
  rig_init(&r, form == BLOCKING ? RIG_INLINE : RIG_GUEST);
  tally_log(&r.options, on_log, NULL, TALLY_LOG_DEBUG);
  rig_connect(&r);
  sent[0] = '\0';
  ck_assert_int_eq(tally_batch_new(&batch, r.session, &e), 0);
}

static void end(void) {
  tally_batch_free(batch);
  rig_fini(&r);
}

static void ended(int form, int rc, struct done *d) {
  ck_assert_msg(rc == 0, "%s", e.message);
  if (form == BLOCKING)
    return;
  ck_assert(rig_done(&r, d));
  ck_assert_msg(d->status == 0, "%s", d->error.message);
}

/* ---- Counters (test_document.py) ---------------------------------------- */

static void increment(int form, int64_t views, int64_t visitors) {
  page_hits row = {"/home", views, visitors};
  struct done d = {0};

  ended(form,
        form == BLOCKING
            ? tally_increment(r.hits, &row, &e)
            : tally_increment_async(r.hits, &row, done_record, &d, &e),
        &d);
}

static void decrement(int form, int64_t views, int64_t visitors) {
  page_hits row = {"/home", views, visitors};
  struct done d = {0};

  ended(form,
        form == BLOCKING
            ? tally_decrement(r.hits, &row, &e)
            : tally_decrement_async(r.hits, &row, done_record, &d, &e),
        &d);
}

/* The latest of `count` UPDATEs has these values behind id, consistency and
 * flags. */
static void updated(unsigned count, const char *values) {
  struct golden_bytes want = golden_parse(values);
  uint8_t body[256];
  size_t len = script_last(r.server, AT_UPDATE, body, sizeof body);

  ck_assert_uint_eq(script_count(r.server, AT_UPDATE), count);
  ck_assert_uint_eq(len, 21 + want.len);
  ck_assert_mem_eq(body + 21, want.p, want.len);
  free(want.p);
}

START_TEST(test_counter_increment) {
  begin(_i);
  increment(_i, 1, 0);
  ck_assert_str_eq(sent, "prepare: UPDATE my_ks.page_hits SET \"views\" = "
                         "\"views\" + ? WHERE \"url\" = ?\n");
  updated(1, "0002 00000008 0000000000000001 00000005 '/home'");
  end();
}
END_TEST

START_TEST(test_counter_increment_multiple) {
  begin(_i);
  increment(_i, 5, 1);
  ck_assert_str_eq(sent,
                   "prepare: UPDATE my_ks.page_hits SET \"views\" = \"views\" "
                   "+ ?, \"unique_visitors\" = \"unique_visitors\" + ? WHERE "
                   "\"url\" = ?\n");
  updated(1, "0003 00000008 0000000000000005 00000008 0000000000000001 "
             "00000005 '/home'");
  end();
}
END_TEST

/* The same statement: what is bound is negated. */
START_TEST(test_counter_decrement) {
  begin(_i);
  decrement(_i, 1, 0);
  ck_assert_str_eq(sent, "prepare: UPDATE my_ks.page_hits SET \"views\" = "
                         "\"views\" + ? WHERE \"url\" = ?\n");
  updated(1, "0002 00000008 ffffffffffffffff 00000005 '/home'");
  end();
}
END_TEST

/* Two calls are two statements, each with its own delta; prepared once. */
START_TEST(test_counter_increment_accumulates) {
  begin(_i);
  increment(_i, 1, 0);
  updated(1, "0002 00000008 0000000000000001 00000005 '/home'");
  increment(_i, 3, 0);
  updated(2, "0002 00000008 0000000000000003 00000005 '/home'");
  ck_assert_uint_eq(script_count(r.server, AT_PREPARE), 1);
  ck_assert_int_eq(script_sum(r.server, "/home", "views"), 4);
  end();
}
END_TEST

/* ---- Reading (test_document.py, test_query.py) -------------------------- */

/* Two rows, without metadata.  A key names one, so a right server never says
 * this. */
static const uint8_t two_rows[] = {
    0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 8, 0, 0,
    0, 0, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 8,
    0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 2};

START_TEST(test_find_one_raises_multiple_found) {
  const struct script_step step = {.kind = SCRIPT_FRAME,
                                   .opcode = 0x08,
                                   .bytes = two_rows,
                                   .len = sizeof two_rows};
  page_hits row = {"/home", 7, 7};
  struct done d = {0};

  begin(_i);
  script_next(r.server, AT_SELECT, &step, 1);
  if (_i == BLOCKING) {
    d.status = tally_get(r.hits, &row, &d.error);
  } else {
    ck_assert_int_eq(tally_get_async(r.hits, &row, done_record, &d, &e), 0);
    ck_assert(rig_done(&r, &d));
  }
  ck_assert_int_eq(d.status, TALLY_EMANY);
  ck_assert_ptr_nonnull(strstr(d.error.message, "my_ks.page_hits"));
  ck_assert_int_eq(row.views, 7);
  end();
}
END_TEST

START_TEST(test_timeout_passed_to_driver) {
  uint64_t began = rig_ms();
  tally_cursor *cursor;
  tally_query *q;
  page_hits row;

  begin(BLOCKING);
  ck_assert_int_eq(tally_find(&q, r.hits, &e), 0);
  ck_assert_int_eq(tally_query_timeout(q, 30, &e), 0);
  script_next_kind(r.server, AT_PREPARE, SCRIPT_IGNORE, 1);
  ck_assert_int_eq(tally_cursor_open(&cursor, q, &e), 0);
  ck_assert_int_eq(tally_next(cursor, &row, &e), TALLY_ETIMEDOUT);
  ck_assert_uint_lt(rig_ms() - began, r.options.read_timeout_ms);
  tally_cursor_close(cursor);
  tally_query_free(q);
  end();
}
END_TEST

/* ---- Both forms (test_api_parity.py) ------------------------------------ */

static char *header(void) {
  char *text = calloc(1, 1 << 18);
  FILE *f = fopen(TALLY_VECTORS "/../../api/tally.h", "r");

  ck_assert_ptr_nonnull(text);
  ck_assert_ptr_nonnull(f);
  ck_assert_uint_lt(fread(text, 1, (1 << 18) - 1, f), (1 << 18) - 1);
  fclose(f);
  return text;
}

/* What goes by another name in its other form. */
static const char *const renamed[][2] = {
    {"tally_connect", "tally_connect_on"},
    {"tally_next", "tally_each_async"},
    {"tally_cursor_open_at", "tally_page_async"},
};

static bool is_renamed(const char *name) {
  for (size_t i = 0; i < sizeof renamed / sizeof renamed[0]; i++)
    if (strcmp(name, renamed[i][1]) == 0)
      return true;
  return false;
}

static bool is_declared(const char *text, const char *name) {
  char call[96];

  snprintf(call, sizeof call, "int %s(", name);
  return strstr(text, call) != NULL;
}

static const char *name_at(const char *text, char name[64]) {
  const char *s = strstr(text, "TALLY_API int tally_");

  if (s == NULL)
    return NULL;
  s += strlen("TALLY_API int ");
  snprintf(name, 64, "%.*s", (int)strcspn(s, "("), s);
  return s;
}

/* What blocks has a form that does not, and the other way round. */
START_TEST(test_counter_document_public_method_parity) {
  char *text = header(), name[64], twin[80];
  int blocking = 0, asynchronous = 0;

  for (const char *s = text; (s = strstr(s, " * @blocks")) != NULL; s++) {
    ck_assert_ptr_nonnull(name_at(s, name));
    snprintf(twin, sizeof twin, "%s_async", name);
    for (size_t i = 0; i < sizeof renamed / sizeof renamed[0]; i++)
      if (strcmp(name, renamed[i][0]) == 0)
        snprintf(twin, sizeof twin, "%s", renamed[i][1]);
    ck_assert_msg(is_declared(text, twin), "%s has no %s", name, twin);
    blocking++;
  }
  for (const char *s = text; (s = name_at(s, name)) != NULL;) {
    char *async = strstr(name, "_async");

    if (async == NULL || is_renamed(name))
      continue;
    snprintf(twin, sizeof twin, "%.*s%s", (int)(async - name), name,
             async + strlen("_async"));
    ck_assert_msg(is_declared(text, twin), "%s has no %s", name, twin);
    asynchronous++;
  }
  ck_assert_int_ge(blocking, 10);
  ck_assert_int_ge(asynchronous, 18);
  free(text);
}
END_TEST

/* ---- Batches (test_batch.py) -------------------------------------------- */

static void add(int64_t views) {
  page_hits row = {"/home", views, 0};

  ck_assert_int_eq(tally_batch_increment(batch, r.hits, &row, &e), 0);
}

static void send_batch(int form) {
  struct done d = {0};

  ended(form,
        form == BLOCKING ? tally_batch_send(batch, &e)
                         : tally_batch_send_async(batch, done_record, &d, &e),
        &d);
}

/* The frame's type, and how many statements are in it. */
static void batched(unsigned frames, unsigned statements) {
  uint8_t body[4096] = {0};

  script_last(r.server, AT_BATCH, body, sizeof body);
  ck_assert_uint_eq(script_count(r.server, AT_BATCH), frames);
  ck_assert_uint_eq(body[0], 2); /* COUNTER */
  ck_assert_uint_eq(body[1], 0);
  ck_assert_uint_eq(body[2], statements);
}

static void accumulates(int form) {
  begin(form);
  add(1);
  add(2);
  ck_assert_uint_eq(tally_batch_count(batch), 2);
  ck_assert_uint_eq(script_count(r.server, AT_BATCH), 0);
  end();
}

START_TEST(test_batch_query_accumulates) {
  accumulates(BLOCKING);
}
END_TEST

START_TEST(test_async_batch_query_accumulates) {
  accumulates(ASYNCHRONOUS);
}
END_TEST

static void counter_type(int form) {
  begin(form);
  add(1);
  add(2);
  send_batch(form);
  batched(1, 2);
  end();
}

START_TEST(test_build_batch_counter_type) {
  counter_type(BLOCKING);
}
END_TEST

START_TEST(test_batch_query_counter_type) {
  counter_type(BLOCKING);
}
END_TEST

START_TEST(test_async_batch_query_counter_type) {
  counter_type(ASYNCHRONOUS);
}
END_TEST

static void empty_noop(int form) {
  begin(form);
  send_batch(form);
  ck_assert_uint_eq(script_count(r.server, AT_BATCH), 0);
  end();
}

START_TEST(test_batch_query_empty_noop) {
  empty_noop(BLOCKING);
}
END_TEST

START_TEST(test_async_batch_query_empty_noop) {
  empty_noop(ASYNCHRONOUS);
}
END_TEST

/* C has no exceptions: who gives up frees the batch, which sends nothing. */
static void exception_no_execute(int form) {
  begin(form);
  add(1);
  tally_batch_free(batch);
  batch = NULL;
  increment(form, 1, 0);
  ck_assert_uint_eq(script_count(r.server, AT_BATCH), 0);
  end();
}

START_TEST(test_batch_query_exception_no_execute) {
  exception_no_execute(BLOCKING);
}
END_TEST

START_TEST(test_async_batch_query_exception_no_execute) {
  exception_no_execute(ASYNCHRONOUS);
}
END_TEST

/* Its outcomes can be asked for, so they stay until the next one is added: but
 * nothing of it is sent again. */
START_TEST(test_batch_query_clears_after_execute) {
  begin(_i);
  add(1);
  send_batch(_i);
  ck_assert_int_eq(tally_batch_send_async(batch, NULL, NULL, &e), TALLY_EINVAL);
  ck_assert_int_eq(tally_batch_outcome(batch, 0), TALLY_APPLIED);
  tally_batch_clear(batch);
  ck_assert_uint_eq(tally_batch_count(batch), 0);
  batched(1, 1);
  end();
}
END_TEST

START_TEST(test_batch_query_reusable) {
  begin(_i);
  add(1);
  add(1);
  send_batch(_i);
  batched(1, 2);
  add(2);
  ck_assert_uint_eq(tally_batch_count(batch), 1);
  send_batch(_i);
  batched(2, 1);
  end();
}
END_TEST

/* ---- Keyspaces (test_keyspace.py, test_cql_builder.py) ------------------ */

static void create_keyspace(int form, const tally_keyspace_options *o,
                            const char *cql) {
  struct done d = {0};

  begin(form);
  ended(form,
        form == BLOCKING ? tally_create_keyspace(r.session, "ks", o, &e)
                         : tally_create_keyspace_async(r.session, "ks", o,
                                                       done_record, &d, &e),
        &d);
  ck_assert_str_eq(sent, cql);
  end();
}

#define CREATE "query: CREATE KEYSPACE IF NOT EXISTS ks WITH replication = "

START_TEST(test_create_keyspace_default) {
  create_keyspace(_i, NULL,
                  CREATE
                  "{'class': 'SimpleStrategy', 'replication_factor': 1}\n");
}
END_TEST

START_TEST(test_create_keyspace_simple) {
  tally_keyspace_options o = {sizeof o, 3, NULL, 0, 0};

  create_keyspace(
      _i, &o, CREATE "{'class': 'SimpleStrategy', 'replication_factor': 3}\n");
}
END_TEST

START_TEST(test_create_keyspace_custom) {
  tally_keyspace_options o = {sizeof o, 2, NULL, 1, 0};

  create_keyspace(_i, &o,
                  CREATE
                  "{'class': 'SimpleStrategy', 'replication_factor': 2} AND "
                  "durable_writes = false\n");
}
END_TEST

START_TEST(test_create_keyspace_network_topology) {
  tally_keyspace_options o = {sizeof o, 0, "dc1:3,dc2:2", 0, 0};

  create_keyspace(_i, &o,
                  CREATE
                  "{'class': 'NetworkTopologyStrategy', 'dc1': 3, 'dc2': 2}\n");
}
END_TEST

START_TEST(test_build_create_keyspace_network_topology_single_dc) {
  tally_keyspace_options o = {sizeof o, 0, "datacenter1:3", 0, 0};

  create_keyspace(_i, &o,
                  CREATE
                  "{'class': 'NetworkTopologyStrategy', 'datacenter1': 3}\n");
}
END_TEST

START_TEST(test_build_create_keyspace_network_topology_overrides_strategy) {
  tally_keyspace_options o = {sizeof o, 5, "dc1:2", 0, 0};

  create_keyspace(_i, &o,
                  CREATE "{'class': 'NetworkTopologyStrategy', 'dc1': 2}\n");
}
END_TEST

START_TEST(test_drop_keyspace) {
  struct done d = {0};

  begin(_i);
  ended(_i,
        _i == BLOCKING
            ? tally_drop_keyspace(r.session, "ks", &e)
            : tally_drop_keyspace_async(r.session, "ks", done_record, &d, &e),
        &d);
  ck_assert_str_eq(sent, "query: DROP KEYSPACE IF EXISTS ks\n");
  end();
}
END_TEST

START_TEST(test_drop_table) {
  struct done d = {0};

  begin(_i);
  ended(_i,
        _i == BLOCKING ? tally_drop_table(r.hits, &e)
                       : tally_drop_table_async(r.hits, done_record, &d, &e),
        &d);
  ck_assert_str_eq(sent, "query: DROP TABLE IF EXISTS my_ks.page_hits\n");
  end();
}
END_TEST

START_TEST(test_build_truncate) {
  struct done d = {0};

  begin(_i);
  ended(_i,
        _i == BLOCKING ? tally_truncate(r.hits, &e)
                       : tally_truncate_async(r.hits, done_record, &d, &e),
        &d);
  ck_assert_str_eq(sent, "query: TRUNCATE TABLE my_ks.page_hits\n");
  end();
}
END_TEST

Suite *conformance_suite(void) {
  const TTest *const both[] = {
      test_counter_increment,
      test_counter_increment_multiple,
      test_counter_decrement,
      test_counter_increment_accumulates,
      test_find_one_raises_multiple_found,
      test_batch_query_clears_after_execute,
      test_batch_query_reusable,
      test_create_keyspace_default,
      test_create_keyspace_simple,
      test_create_keyspace_custom,
      test_create_keyspace_network_topology,
      test_build_create_keyspace_network_topology_single_dc,
      test_build_create_keyspace_network_topology_overrides_strategy,
      test_drop_keyspace,
      test_drop_table,
      test_build_truncate,
  };
  const TTest *const once[] = {
      test_counter_document_public_method_parity,
      test_timeout_passed_to_driver,
      test_batch_query_accumulates,
      test_async_batch_query_accumulates,
      test_build_batch_counter_type,
      test_batch_query_counter_type,
      test_async_batch_query_counter_type,
      test_batch_query_empty_noop,
      test_async_batch_query_empty_noop,
      test_batch_query_exception_no_execute,
      test_async_batch_query_exception_no_execute,
  };
  Suite *s = suite_create("conformance");
  TCase *tc = tcase_create("coodie");

  for (size_t i = 0; i < sizeof both / sizeof both[0]; i++)
    tcase_add_loop_test(tc, both[i], 0, FORMS);
  for (size_t i = 0; i < sizeof once / sizeof once[0]; i++)
    tcase_add_test(tc, once[i]);
  suite_add_tcase(s, tc);
  return s;
}
