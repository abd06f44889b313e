/* tests/unit/test_result.c - the five kinds of RESULT. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "proto/result.h"
#include "tests/unit/golden.h"
#include "tests/unit/suites.h"

static struct golden_bytes g_bytes;

static bool is_text(struct cql_span s, const char *text) {
  return cql_span_equal(s, cql_span_of(text));
}

static void release(void) {
  free(g_bytes.p);
  g_bytes.p = NULL;
}

/* The message of a golden RESULT without prefixes. */
static struct cql_result decode_golden(const char *name) {
  struct cql_result res;
  struct cql_reader r;

  g_bytes = golden_find(name);
  cql_reader_init(&r, g_bytes.p + CQL_HEADER_LEN, g_bytes.len - CQL_HEADER_LEN);
  ck_assert_int_eq(cql_result_decode(&r, &res), CQL_OK);
  return res;
}

static enum cql_rc decode_text(const char *text, struct cql_result *res) {
  struct cql_reader r;

  g_bytes = golden_parse(text);
  cql_reader_init(&r, g_bytes.p, g_bytes.len);
  return cql_result_decode(&r, res);
}

static bool next_cell(struct cql_result *res, const char *text) {
  struct cql_span cell;

  ck_assert_int_eq(cql_row_cell(&res->u.rows.cells, &cell), CQL_OK);
  return is_text(cell, text);
}

static void check_column(const struct cql_metadata *m,
                         struct cql_reader *columns, const char *table,
                         const char *name, uint16_t type) {
  struct cql_column c;

  ck_assert_int_eq(cql_column_next(m, columns, &c), CQL_OK);
  ck_assert(is_text(c.table, table));
  ck_assert(is_text(c.name, name));
  ck_assert_uint_eq(c.type.id, type);
}

START_TEST(void_) {
  ck_assert_int_eq(decode_golden("void").kind, CQL_RESULT_VOID);
}
END_TEST

START_TEST(set_keyspace) {
  struct cql_result res = decode_golden("set_keyspace");

  ck_assert_int_eq(res.kind, CQL_RESULT_SET_KEYSPACE);
  ck_assert(is_text(res.u.keyspace, "ks"));
}
END_TEST

START_TEST(rows) {
  struct cql_result res = decode_golden("rows");
  const struct cql_metadata *m = &res.u.rows.metadata;
  struct cql_reader columns = m->columns;
  struct cql_column c;
  struct cql_span cell;

  ck_assert_int_eq(res.kind, CQL_RESULT_ROWS);
  ck_assert_int_eq(m->flags, CQL_METADATA_GLOBAL_TABLES_SPEC);
  ck_assert_int_eq(m->column_count, 1);
  ck_assert(m->has_columns);
  ck_assert(is_text(m->keyspace, "system"));
  ck_assert(is_text(m->table, "local"));
  ck_assert_ptr_null(m->paging_state.p);
  ck_assert_uint_eq(m->key_count, 0);
  ck_assert_int_eq(cql_column_next(m, &columns, &c), CQL_OK);
  ck_assert(is_text(c.keyspace, "system"));
  ck_assert(is_text(c.table, "local"));
  ck_assert(is_text(c.name, "key"));
  ck_assert_uint_eq(c.type.id, CQL_TYPE_TEXT);
  ck_assert_int_eq(cql_column_next(m, &columns, &c), CQL_END);
  ck_assert_int_eq(res.u.rows.row_count, 1);
  ck_assert(next_cell(&res, "local"));
  ck_assert_int_eq(cql_row_cell(&res.u.rows.cells, &cell), CQL_END);
}
END_TEST

START_TEST(rows_of_two_tables_with_more_pages) {
  static const uint8_t state[] = {0xde, 0xad, 0xbe, 0xef};
  struct cql_result res = decode_golden("rows_paged");
  const struct cql_metadata *m = &res.u.rows.metadata;
  struct cql_reader columns = m->columns;
  struct cql_span cell;

  ck_assert_uint_eq(m->paging_state.len, 4);
  ck_assert_mem_eq(m->paging_state.p, state, 4);
  ck_assert_ptr_null(m->keyspace.p);
  check_column(m, &columns, "t", "k", CQL_TYPE_INT);
  check_column(m, &columns, "u", "n", CQL_TYPE_COUNTER);
  ck_assert_uint_eq(cql_left(&columns), 0);

  ck_assert_int_eq(res.u.rows.row_count, 2);
  ck_assert_int_eq(cql_row_cell(&res.u.rows.cells, &cell), CQL_OK);
  ck_assert_uint_eq(cell.len, 4);
  ck_assert_int_eq(cql_row_cell(&res.u.rows.cells, &cell), CQL_OK);
  ck_assert_uint_eq(cell.len, 8);
  ck_assert(next_cell(&res, ""));   /* empty */
  ck_assert(next_cell(&res, NULL)); /* and null are two things */
}
END_TEST

START_TEST(rows_without_metadata) {
  struct cql_result res = decode_golden("rows_no_metadata");
  const struct cql_metadata *m = &res.u.rows.metadata;
  struct cql_reader columns = m->columns;
  struct cql_column c;

  ck_assert_int_eq(m->flags,
                   CQL_METADATA_GLOBAL_TABLES_SPEC | CQL_METADATA_NO_METADATA);
  ck_assert(!m->has_columns);
  ck_assert_int_eq(m->column_count, 2);
  ck_assert_ptr_null(m->keyspace.p);
  ck_assert_int_eq(cql_column_next(m, &columns, &c), CQL_END);
  ck_assert_int_eq(res.u.rows.row_count, 1);
  ck_assert(next_cell(&res, "a"));
  ck_assert(next_cell(&res, NULL));
}
END_TEST

START_TEST(rows_without_metadata_but_paged) {
  struct cql_result res = decode_golden("rows_no_metadata_paged");

  ck_assert_uint_eq(res.u.rows.metadata.paging_state.len, 2);
  ck_assert(!res.u.rows.metadata.has_columns);
  ck_assert_int_eq(res.u.rows.row_count, 2);
  ck_assert(next_cell(&res, "a"));
  ck_assert(next_cell(&res, "b"));
}
END_TEST

START_TEST(rows_none) {
  struct cql_result res = decode_golden("rows_empty");
  struct cql_span cell;

  ck_assert_int_eq(res.u.rows.row_count, 0);
  ck_assert_int_eq(cql_row_cell(&res.u.rows.cells, &cell), CQL_END);
}
END_TEST

START_TEST(rows_of_nested_types) {
  static const uint16_t ids[] = {CQL_TYPE_LIST,     CQL_TYPE_MAP,
                                 CQL_TYPE_TUPLE,    CQL_TYPE_UDT,
                                 CQL_TYPE_DURATION, CQL_TYPE_CUSTOM};
  static const uint16_t parts[] = {1, 2, 2, 2, 0, 1};
  struct cql_result res = decode_golden("rows_types");
  const struct cql_metadata *m = &res.u.rows.metadata;
  struct cql_reader columns = m->columns;
  struct cql_column c;

  for (size_t i = 0; i < 6; i++) {
    ck_assert_int_eq(cql_column_next(m, &columns, &c), CQL_OK);
    ck_assert_uint_eq(c.type.id, ids[i]);
    ck_assert_uint_eq(c.type.part_count, parts[i]);
  }
  ck_assert_uint_eq(c.type.vector_dimension, 3);
  ck_assert_int_eq(cql_column_next(m, &columns, &c), CQL_END);
}
END_TEST

START_TEST(prepared) {
  struct cql_result res = decode_golden("prepared");
  const struct cql_prepared *p = &res.u.prepared;
  struct cql_reader keys = p->bind.key_indexes, columns = p->bind.columns;

  ck_assert_int_eq(res.kind, CQL_RESULT_PREPARED);
  ck_assert_uint_eq(p->id.len, 16);
  ck_assert_int_eq(p->bind.column_count, 4);
  ck_assert_uint_eq(p->bind.key_count, 3);
  ck_assert_uint_eq(cql_get_short(&keys), 3);
  ck_assert_uint_eq(cql_get_short(&keys), 2);
  ck_assert_uint_eq(cql_get_short(&keys), 1);
  ck_assert_uint_eq(cql_left(&keys), 0);
  check_column(&p->bind, &columns, "cp", "v", CQL_TYPE_INT);
  check_column(&p->bind, &columns, "cp", "c", CQL_TYPE_BLOB);
  check_column(&p->bind, &columns, "cp", "b", CQL_TYPE_TEXT);
  check_column(&p->bind, &columns, "cp", "a", CQL_TYPE_INT);
  ck_assert_int_eq(p->result.column_count, 0);
  ck_assert(!p->result.has_columns);
}
END_TEST

START_TEST(prepared_select) {
  struct cql_result res = decode_golden("prepared_select");
  const struct cql_prepared *p = &res.u.prepared;
  struct cql_reader columns = p->result.columns;

  ck_assert_uint_eq(p->bind.key_count, 1);
  ck_assert_int_eq(p->result.column_count, 2);
  check_column(&p->result, &columns, "t", "k", CQL_TYPE_TEXT);
  check_column(&p->result, &columns, "t", "n", CQL_TYPE_COUNTER);
}
END_TEST

START_TEST(prepared_without_binds) {
  struct cql_result res = decode_golden("prepared_bare");

  ck_assert_int_eq(res.u.prepared.bind.column_count, 0);
  ck_assert(res.u.prepared.bind.has_columns);
  ck_assert_uint_eq(res.u.prepared.bind.key_count, 0);
}
END_TEST

/* ScyllaDB marks statements by the highest bit; unknown bits are data. */
START_TEST(prepared_with_unknown_flags) {
  struct cql_result res;

  ck_assert_int_eq(decode_text("00000004 0001 01"
                               "80000001 00000001 00000000 0001 'k' 0001 't'"
                               "0001 'c' 0005 00000004 00000000",
                               &res),
                   CQL_OK);
  ck_assert_int_eq(res.u.prepared.bind.flags, INT32_MIN + 1);
  ck_assert_int_eq(res.u.prepared.bind.column_count, 1);
}
END_TEST

START_TEST(schema_change) {
  struct cql_result res = decode_golden("schema_table");

  ck_assert_int_eq(res.kind, CQL_RESULT_SCHEMA_CHANGE);
  ck_assert(is_text(res.u.schema.change, "UPDATED"));
  ck_assert(is_text(res.u.schema.target, "TABLE"));
  ck_assert(is_text(res.u.schema.keyspace, "ks"));
  ck_assert(is_text(res.u.schema.name, "t"));
}
END_TEST

static const struct {
  const char *text;
  const char *change, *target, *keyspace, *name;
  int arguments;
} k_changes[] = {
    {"0007 'CREATED' 0008 'KEYSPACE' 0002 'ks'", "CREATED", "KEYSPACE", "ks",
     NULL, 0},
    /* v3 servers send such an extra string */
    {"0007 'UPDATED' 0008 'KEYSPACE' 0002 'ks' 0000", "UPDATED", "KEYSPACE",
     "ks", NULL, 0},
    {"0007 'UPDATED' 0005 'TABLE' 0002 'ks' 0001 't'", "UPDATED", "TABLE", "ks",
     "t", 0},
    {"0007 'DROPPED' 0004 'TYPE' 0002 'ks' 0004 'addr'", "DROPPED", "TYPE",
     "ks", "addr", 0},
    {"0007 'CREATED' 0009 'AGGREGATE' 0002 'ks' 0002 'ag' 0000", "CREATED",
     "AGGREGATE", "ks", "ag", 0},
    {"0007 'CREATED' 0008 'FUNCTION' 0002 'ks' 0001 'f' 0001 0003 'int'",
     "CREATED", "FUNCTION", "ks", "f", 1},
    {"0007 'PAINTED' 0004 'ROLE' 0002 'ks' ff", "PAINTED", "ROLE", NULL, NULL,
     0},
    {"0000 0000", "", "", NULL, NULL, 0},
};

START_TEST(schema_changes) {
  struct cql_schema_change c;
  struct cql_reader r;

  g_bytes = golden_parse(k_changes[_i].text);
  cql_reader_init(&r, g_bytes.p, g_bytes.len);
  ck_assert_int_eq(cql_schema_change_decode(&r, &c), CQL_OK);
  ck_assert(is_text(c.change, k_changes[_i].change));
  ck_assert(is_text(c.target, k_changes[_i].target));
  ck_assert(is_text(c.keyspace, k_changes[_i].keyspace));
  ck_assert(is_text(c.name, k_changes[_i].name));
  ck_assert_int_eq(c.arguments.count, k_changes[_i].arguments);
}
END_TEST

START_TEST(unknown_kind_is_data) {
  static const char *const texts[] = {"00000006 01", "00000000", "ffffffff"};
  static const int32_t kinds[] = {6, 0, -1};
  struct cql_result res;

  ck_assert_int_eq(decode_text(texts[_i], &res), CQL_OK);
  ck_assert_int_eq(res.kind, kinds[_i]);
}
END_TEST

/* A null paging state although the flag is set. */
START_TEST(null_paging_state) {
  struct cql_result res;

  ck_assert_int_eq(
      decode_text("00000002 00000006 00000001 ffffffff 00000000", &res),
      CQL_OK);
  ck_assert_ptr_null(res.u.rows.metadata.paging_state.p);
}
END_TEST

/* No columns, many rows: nothing stands behind them, so they count as none. */
START_TEST(rows_of_no_columns) {
  struct cql_result res;

  ck_assert_int_eq(decode_text("00000002 00000000 00000000 7fffffff", &res),
                   CQL_OK);
  ck_assert_int_eq(res.u.rows.row_count, 0);
}
END_TEST

START_TEST(cells_are_not_bounded_by_rows) {
  struct cql_result res;
  struct cql_span cell;

  ck_assert_int_eq(decode_text("00000002 00000004 00000001 00000001"
                               "00000005 'abcd'",
                               &res),
                   CQL_OK);
  ck_assert_int_eq(cql_row_cell(&res.u.rows.cells, &cell), CQL_ESHORT);
  ck_assert_int_eq(cql_row_cell(&res.u.rows.cells, &cell), CQL_ESHORT);
}
END_TEST

static const struct {
  const char *why;
  const char *text;
  enum cql_rc want;
} k_bad[] = {
    {"no kind", "000000", CQL_ESHORT},
    {"negative column count", "00000002 00000000 ffffffff 00000000",
     CQL_ELENGTH},
    {"negative row count", "00000002 00000004 00000001 ffffffff", CQL_ELENGTH},
    {"no row count", "00000002 00000004 00000001", CQL_ESHORT},
    {"more columns than bytes",
     "00000002 00000001 7fffffff 0001 'k' 0001 't' 0001 'c' 0009", CQL_ESHORT},
    {"more columns than bytes, tables apart",
     "00000002 00000000 00000002 0001 'k' 0001 't' 0001 'c' 0009 00000000",
     CQL_ESHORT},
    {"more rows than bytes",
     "00000002 00000004 00000001 00000002 00000000 000000", CQL_ESHORT},
    {"most rows of most columns",
     "00000002 00000004 7fffffff 7fffffff 00000000", CQL_ESHORT},
    {"paging state beyond the body",
     "00000002 00000006 00000001 7fffffff 00000000", CQL_ESHORT},
    {"column name beyond the body",
     "00000002 00000001 00000001 0000 0000 00ff 0009", CQL_ESHORT},
    {"column type beyond the body",
     "00000002 00000001 00000001 0000 0000 0001 'c' 0020 00", CQL_ESHORT},
    {"negative key count", "00000004 0000 00000000 00000000 ffffffff",
     CQL_ELENGTH},
    {"too many keys", "00000004 0000 00000000 00000000 00010000", CQL_ELENGTH},
    {"keys beyond the body", "00000004 0000 00000000 00000000 0000ffff 0001",
     CQL_ESHORT},
    {"no key count", "00000004 0000 00000000 00000000", CQL_ESHORT},
    {"negative bind count", "00000004 0000 00000000 80000000 00000000",
     CQL_ELENGTH},
    {"negative result count",
     "00000004 0000 00000000 00000000 00000000 00000004 ffffffff", CQL_ELENGTH},
};

START_TEST(bad_counts) {
  struct cql_result res;
  enum cql_rc rc = decode_text(k_bad[_i].text, &res);

  ck_assert_msg(rc == k_bad[_i].want, "%s: got %d", k_bad[_i].why, (int)rc);
}
END_TEST

/* A column whose type is a list of lists, deeper than anyone's. */
START_TEST(type_too_deep) {
  uint8_t bytes[1024] = {0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  struct cql_result res;
  struct cql_reader r;

  for (size_t i = 18; i + 1 < sizeof bytes; i += 2)
    bytes[i + 1] = CQL_TYPE_LIST;
  cql_reader_init(&r, bytes, sizeof bytes);
  ck_assert_int_eq(cql_result_decode(&r, &res), CQL_EDEPTH);
}
END_TEST

Suite *result_suite(void) {
  Suite *s = suite_create("result");
  TCase *tc = tcase_create("decode");

  tcase_add_checked_fixture(tc, NULL, release);
  tcase_add_test(tc, void_);
  tcase_add_test(tc, set_keyspace);
  tcase_add_test(tc, rows);
  tcase_add_test(tc, rows_of_two_tables_with_more_pages);
  tcase_add_test(tc, rows_without_metadata);
  tcase_add_test(tc, rows_without_metadata_but_paged);
  tcase_add_test(tc, rows_none);
  tcase_add_test(tc, rows_of_nested_types);
  tcase_add_test(tc, prepared);
  tcase_add_test(tc, prepared_select);
  tcase_add_test(tc, prepared_without_binds);
  tcase_add_test(tc, prepared_with_unknown_flags);
  tcase_add_test(tc, schema_change);
  tcase_add_loop_test(tc, schema_changes, 0,
                      (int)(sizeof k_changes / sizeof k_changes[0]));
  tcase_add_loop_test(tc, unknown_kind_is_data, 0, 3);
  tcase_add_test(tc, null_paging_state);
  tcase_add_test(tc, rows_of_no_columns);
  tcase_add_test(tc, cells_are_not_bounded_by_rows);
  tcase_add_loop_test(tc, bad_counts, 0, (int)(sizeof k_bad / sizeof k_bad[0]));
  tcase_add_test(tc, type_too_deep);
  suite_add_tcase(s, tc);
  return s;
}
