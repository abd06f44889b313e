/* api/learn.c - a table's definition, learned from the server. */
#include "api/schema.h"

#include "core/rows.h"

#include <string.h>

static int make_table(tally_table **table, tally_session *s,
                      struct server_columns *in, const char *keyspace,
                      const char *name, tally_error *e) {
  tally_definition d = {.struct_size = sizeof d,
                        .name = name,
                        .row_size = in->row_size,
                        .column_count = in->count};
  tally_column *columns =
      net_alloc(in->heap, sizeof *columns * (in->count + 1));
  int rc;

  if (columns == NULL)
    return error_no_memory(e);
  for (size_t i = 0; i < in->count; i++)
    columns[i] = in->list[i].column;
  d.columns = columns;
  rc = tally_definition_check(&d, e);
  if (rc == 0)
    rc = table_make(table, s, &d, keyspace, e);
  net_free(in->heap, columns);
  return rc;
}

static int on_columns(void *arg, struct rows *rows, tally_error *e) {
  struct server_columns *in = arg;
  int rc = columns_read(in, rows, e);

  if (rc == 0 && in->count == 0)
    return error_set(e, TALLY_ESCHEMA, "there is no table %s", in->about);
  return rc;
}

static int learn(tally_table **table, tally_session *s, const char *keyspace,
                 const char *name, tally_error *e) {
  struct server_columns in = {.heap = &s->heap};
  char *values[2] = {name_folded(&s->heap, keyspace),
                     name_folded(&s->heap, name)};
  struct text about;
  int rc = name_check(keyspace, "keyspace", KEYSPACE_NAME, e);

  if (rc == 0)
    rc = name_check(name, "table", TABLE_NAME, e);
  text_init(&about, &s->heap);
  text_name(&about, keyspace);
  text_add(&about, ".");
  text_name(&about, name);
  if (rc == 0 && (values[0] == NULL || values[1] == NULL || about.failed)) {
    rc = error_no_memory(e);
  } else if (rc == 0) {
    const char *const texts[2] = {values[0], values[1]};

    in.about = about.p;
    rc = query_wait(s, columns_cql, about.p, texts, 2, on_columns, &in, e);
    if (rc == 0)
      rc = make_table(table, s, &in, keyspace, name, e);
  }
  columns_free(&in);
  net_free(&s->heap, values[0]);
  net_free(&s->heap, values[1]);
  net_free(&s->heap, about.p);
  return rc;
}

/* The dot between keyspace and table is the first one outside quotes. */
static const char *find_dot(const char *name) {
  bool quoted = false;

  for (; *name != '\0'; name++) {
    if (*name == '"')
      quoted = !quoted;
    else if (*name == '.' && !quoted)
      return name;
  }
  return NULL;
}

int tally_table_open_name(tally_table **table, tally_session *session,
                          const char *name, tally_error *error) {
  const char *dot = name == NULL ? NULL : find_dot(name);
  char *keyspace;
  int rc;

  *table = NULL;
  if (name == NULL || name[0] == '\0' || (dot != NULL && dot[1] == '\0') ||
      dot == name)
    return error_set(error, TALLY_EINVAL,
                     "\"%s\" is no table name: write table or keyspace.table",
                     name == NULL ? "" : name);
  if (dot == NULL && session->keyspace == NULL)
    return error_set(error, TALLY_EINVAL,
                     "table %s: no keyspace configured; write keyspace.%s",
                     name, name);
  keyspace =
      string_copy(&session->heap, dot == NULL ? session->keyspace : name);
  if (keyspace == NULL)
    return error_no_memory(error);
  if (dot != NULL)
    keyspace[dot - name] = '\0';
  rc = learn(table, session, keyspace, dot == NULL ? name : dot + 1, error);
  net_free(&session->heap, keyspace);
  return rc;
}
