#include "tool/ask.h"

#include <stdlib.h>
#include <string.h>

static int failed(const tally_error *e) {
  return report_error(e, WORK_READ);
}

static int read_page(tally_answer *page, ask_row *each, void *user) {
  int status = STATUS_DONE;

  while (status == STATUS_DONE && tally_answer_next(page))
    status = each(user, page);
  return status;
}

static int read_pages(tally_statement *s, ask_row *each, void *user) {
  int status = STATUS_DONE, rc;

  do {
    tally_answer *page;
    tally_error error;

    rc = tally_execute(&page, s, &error);
    if (rc != 0)
      return failed(&error);
    status = read_page(page, each, user);
    rc = tally_statement_next_page(s, page, &error);
    tally_answer_free(page);
    if (rc < 0)
      return failed(&error);
  } while (rc > 0 && status == STATUS_DONE);
  return status;
}

int ask(tally_session *session, const char *cql, const char *const *values,
        ask_row *each, void *user) {
  tally_statement *s;
  tally_error error;
  int status = STATUS_DONE;

  if (tally_statement_new(&s, session, cql, &error) != 0)
    return failed(&error);
  /* Each server has these tables for itself. */
  if (tally_statement_consistency(s, TALLY_ONE, &error) != 0)
    status = failed(&error);
  for (; status == STATUS_DONE && *values != NULL; values++)
    if (tally_bind_text(s, *values, &error) != 0)
      status = failed(&error);
  if (status == STATUS_DONE)
    status = read_pages(s, each, user);
  tally_statement_free(s);
  return status;
}

char *ask_print(const tally_value *value) {
  int len = tally_value_print(value, NULL, 0);
  char *text = len < 0 ? NULL : malloc((size_t)len + 1);

  if (text != NULL)
    tally_value_print(value, text, (size_t)len + 1);
  return text;
}

char *ask_text(const tally_answer *row, const char *column) {
  tally_value value;

  /* A server that has no such column has nothing in it. */
  if (tally_answer_get(row, column, &value, NULL) != 0)
    return calloc(1, 1);
  return ask_print(&value);
}

/* ---- Counter tables ------------------------------------------------------ */

/* Is this one of the elements of a set? */
static bool has(const tally_value *set, const char *element) {
  tally_parts parts;
  tally_value part;
  tally_bytes text;

  if (tally_parts_init(&parts, set, NULL) != 0)
    return false;
  while (tally_parts_next(&parts, &part, NULL) > 0)
    if (tally_value_get_text(&part, &text, NULL) == 0 &&
        text.len == strlen(element) && memcmp(text.p, element, text.len) == 0)
      return true;
  return false;
}

struct counter_tables {
  ask_row *each;
  void *user;
};

static int on_table(void *user, tally_answer *row) {
  struct counter_tables *t = user;
  tally_value flags;

  if (tally_answer_get(row, "flags", &flags, NULL) != 0 ||
      !has(&flags, "counter"))
    return STATUS_DONE;
  return t->each(t->user, row);
}

int ask_counter_tables(tally_session *session, const char *keyspace,
                       ask_row *each, void *user) {
  const char *const values[] = {keyspace, NULL};
  struct counter_tables t = {each, user};

  return ask(session,
             "SELECT table_name, flags, comment FROM system_schema.tables "
             "WHERE keyspace_name = ?",
             values, on_table, &t);
}
