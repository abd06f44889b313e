/* tool/target.c - from words to a row.  The library knows the columns; here
 * is only what the words say. */
#include "tool/target.h"

#include "tool/near_table.h"
#include "tool/session.h"
#include "tool/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct assignment {
  char *name; /* cut out of the word */
  const char *value;
};

/* ---- Words -------------------------------------------------------------- */

static int add(struct target *t, const char *name, size_t len,
               const char *value) {
  struct assignment *all;
  char *copy = malloc(len + 1);

  if (copy == NULL)
    return report_no_memory();
  memcpy(copy, name, len);
  copy[len] = '\0';
  all = realloc(t->assignments, (t->count + 1) * sizeof *all);
  if (all == NULL) {
    free(copy);
    return report_no_memory();
  }
  t->assignments = all;
  all[t->count++] = (struct assignment){copy, value};
  for (size_t i = 0; i + 1 < t->count; i++)
    if (strcmp(all[i].name, copy) == 0)
      return report_usage(NULL, "column %s is given twice", copy);
  return STATUS_DONE;
}

static bool takes_counters(const struct options *o) {
  return strcmp(o->command, "increment") == 0 ||
         strcmp(o->command, "decrement") == 0;
}

/* At the first "=": a value may have more of them. */
static int split(struct target *t, const struct options *o, const char *word) {
  const char *equals = strchr(word, '=');
  size_t len = equals == NULL ? 0 : (size_t)(equals - word);

  if (len == 0)
    return report_usage(takes_counters(o) ? "write url=/home views=1"
                                          : "write url=/home: key columns",
                        "\"%s\" is not column=value", word);
  return add(t, word, len, equals + 1);
}

static int read_words(struct target *t, const struct options *o) {
  int status = STATUS_DONE;
  char hint[64];

  snprintf(hint, sizeof hint, "see \"tally help %s\"", o->command);
  if (o->word_count == 0)
    return report_usage(hint, "%s needs a table", o->command);
  if (o->word_count == 1)
    return report_usage(hint, "%s %s needs the row's key: column=value",
                        o->command, o->words[0]);
  status = session_check_table(o, o->words[0]);
  if (status != STATUS_DONE)
    return status;
  for (size_t i = 1; i < o->word_count && status == STATUS_DONE; i++)
    status = split(t, o, o->words[i]);
  return status;
}

/* ---- Columns ------------------------------------------------------------ */

void target_name(const struct target *t, char *name, size_t size) {
  snprintf(name, size, "%s.%s", tally_table_keyspace(t->table),
           tally_table_name(t->table));
}

const tally_column *target_find(const tally_table *table, const char *name) {
  const tally_column *c;

  for (size_t i = 0; (c = tally_table_column(table, i)) != NULL; i++)
    if (strcmp(c->name, name) == 0)
      return c;
  return NULL;
}

int target_set(struct target *t, const char *name, const char *value) {
  const tally_column *c = target_find(t->table, name);
  tally_error error;
  char table[128];

  if (c != NULL && !text_is_utf8(value)) {
    target_name(t, table, sizeof table);
    return report_usage(NULL, "%s: column %s: the value is not UTF-8", table,
                        c->name);
  }
  return tally_row_parse(t->row, name, value, &error) == 0
             ? STATUS_DONE
             : report_error(&error, WORK_READ);
}

bool target_has(const struct target *t, const tally_column *column) {
  for (size_t i = 0; i < t->count; i++)
    if (strcmp(t->assignments[i].name, column->name) == 0)
      return true;
  return false;
}

const tally_column *target_given_counter(const struct target *t) {
  const tally_column *c;

  for (size_t i = 0; (c = tally_table_column(t->table, i)) != NULL; i++)
    if (c->type == TALLY_TYPE_COUNTER && target_has(t, c))
      return c;
  return NULL;
}

static const tally_column *missing_key(const struct target *t, int last_kind) {
  const tally_column *c;

  for (size_t i = 0; (c = tally_table_column(t->table, i)) != NULL; i++)
    if (c->kind <= last_kind && !target_has(t, c))
      return c;
  return NULL;
}

static int require_keys(const struct target *t, int last_kind,
                        const char *hint) {
  const tally_column *c = missing_key(t, last_kind);
  char table[128];

  if (c == NULL)
    return STATUS_DONE;
  target_name(t, table, sizeof table);
  return report_usage(hint, "%s: key column %s is missing", table, c->name);
}

int target_require_keys(const struct target *t, int last_kind) {
  return require_keys(t, last_kind, NULL);
}

size_t target_count_kind(const tally_table *table, int kind) {
  const tally_column *c;
  size_t count = 0;

  for (size_t i = 0; (c = tally_table_column(table, i)) != NULL; i++)
    count += c->kind == kind;
  return count;
}

int target_expect(struct target *t, const char *name) {
  /* Which says what columns there are. */
  return target_find(t->table, name) == NULL ? target_set(t, name, "")
                                             : add(t, name, strlen(name), NULL);
}

const tally_column *target_expected(const struct target *t, size_t index) {
  return target_find(t->table, t->assignments[index].name);
}

/* ---- Counters ----------------------------------------------------------- */

bool target_adds_nothing(const struct target *t) {
  const tally_column *c;
  int64_t delta;

  for (size_t i = 0; (c = tally_table_column(t->table, i)) != NULL; i++)
    if (c->type == TALLY_TYPE_COUNTER &&
        tally_row_get_int64(t->row, c->name, &delta, NULL) == 0 && delta != 0)
      return false;
  return true;
}

void target_counters(const struct target *t, char *list, size_t size) {
  const tally_column *c;
  size_t len = 0;

  list[0] = '\0';
  for (size_t i = 0; (c = tally_table_column(t->table, i)) != NULL; i++)
    if (c->type == TALLY_TYPE_COUNTER && len < size)
      len += (size_t)snprintf(list + len, size - len, "%s%s",
                              len > 0 ? ", " : "", c->name);
}

int target_last_key(const struct target *t) {
  const tally_column *c;
  int kind = 0;

  for (size_t i = 0; (c = tally_table_column(t->table, i)) != NULL; i++) {
    if (c->type != TALLY_TYPE_COUNTER || !target_has(t, c))
      continue;
    if (c->kind == TALLY_KIND_COUNTER)
      return TALLY_KIND_CLUSTERING_KEY;
    kind = TALLY_KIND_PARTITION_KEY;
  }
  return kind;
}

/* ---- Open and close ----------------------------------------------------- */

int target_table(struct target *t, const struct options *o,
                 tally_error *error) {
  int rc = tally_table_open_name(&t->table, t->session, o->words[0], error);

  if (rc == TALLY_ESCHEMA)
    near_table(error, t->session, o, o->words[0]);
  return rc != 0 ? rc : tally_row_new(&t->row, t->table, error);
}

int target_begin(struct target *t, const struct options *o, enum work work) {
  int status = session_check_table(o, o->words[0]);
  tally_error error;

  t->work = work;
  if (status == STATUS_DONE)
    status = session_open(&t->session, o, work);
  if (status != STATUS_DONE)
    return status;
  return target_table(t, o, &error) == 0 ? STATUS_DONE
                                         : report_error(&error, t->work);
}

int target_open(struct target *t, const struct options *o, enum work work) {
  int status;

  memset(t, 0, sizeof *t);
  status = read_words(t, o);
  if (status == STATUS_DONE)
    status = target_begin(t, o, work);
  for (size_t i = 0; i < t->count && status == STATUS_DONE; i++)
    status = target_set(t, t->assignments[i].name, t->assignments[i].value);
  return status;
}

int target_open_key(struct target *t, const struct options *o) {
  int status = target_open(t, o, WORK_READ);
  const tally_column *c;
  char table[128];

  if (status != STATUS_DONE)
    return status;
  target_name(t, table, sizeof table);
  c = target_given_counter(t);
  if (c != NULL)
    return report_usage("give the key columns only",
                        "%s: column %s is a counter: it is what %s reads",
                        table, c->name, o->command);
  return require_keys(t, TALLY_KIND_CLUSTERING_KEY,
                      target_count_kind(t->table, TALLY_KIND_STATIC_COUNTER) &&
                              missing_key(t, TALLY_KIND_PARTITION_KEY) == NULL
                          ? "static counters of a partition are seen with "
                            "\"tally find\""
                          : NULL);
}

void target_close(struct target *t) {
  tally_row_free(t->row);
  tally_close(t->session);
  for (size_t i = 0; i < t->count; i++)
    free(t->assignments[i].name);
  free(t->assignments);
  memset(t, 0, sizeof *t);
}
