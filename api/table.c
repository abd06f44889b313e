/* api/table.c - a table: its definition, copied and put in order. */
#include "api/internal.h"

#include <string.h>

static bool copy_columns(tally_table *t, const tally_definition *d) {
  const struct net_heap *heap = &t->session->heap;

  t->column_count = d->column_count;
  t->columns = net_alloc(heap, sizeof *t->columns * d->column_count);
  t->display = net_alloc(heap, sizeof *t->display * d->column_count);
  t->keys = net_alloc(heap, sizeof *t->keys * d->column_count);
  t->counters = net_alloc(heap, sizeof *t->counters * d->column_count);
  if (t->columns == NULL || t->display == NULL || t->keys == NULL ||
      t->counters == NULL)
    return false;
  for (size_t i = 0; i < d->column_count; i++) {
    t->columns[i] = d->columns[i];
    t->columns[i].name = string_copy(heap, d->columns[i].name);
    if (t->columns[i].name == NULL) {
      t->column_count = i;
      return false;
    }
  }
  return true;
}

static bool copy_options(tally_table *t, const tally_definition *d) {
  const struct net_heap *heap = &t->session->heap;

  if (d->option_count == 0)
    return true;
  t->options = net_alloc(heap, sizeof *t->options * d->option_count);
  if (t->options == NULL)
    return false;
  for (size_t i = 0; i < d->option_count; i++) {
    tally_table_option *o = &t->options[t->option_count++];

    o->name = string_copy(heap, d->options[i].name);
    o->value = string_copy(heap, d->options[i].value);
    if (o->name == NULL || o->value == NULL)
      return false;
  }
  return true;
}

static void index_columns(tally_table *t) {
  for (int kind = TALLY_KIND_PARTITION_KEY; kind <= TALLY_KIND_CLUSTERING_KEY;
       kind++) {
    for (size_t i = 0; i < t->column_count; i++)
      if (t->columns[i].kind == kind)
        t->keys[t->key_count++] = (uint16_t)i;
    if (kind == TALLY_KIND_PARTITION_KEY)
      t->partition_count = t->key_count;
  }
  for (size_t i = 0; i < t->column_count; i++) {
    if (t->columns[i].type != TALLY_TYPE_COUNTER)
      continue;
    if (t->columns[i].kind == TALLY_KIND_STATIC_COUNTER)
      t->statics |= UINT64_C(1) << t->counter_count;
    t->counters[t->counter_count++] = (uint16_t)i;
  }
}

/* Is column a listed before b by the server?  Keys keep their order; statics
 * and counters are sorted by name. */
static bool listed_before(const tally_column *a, const tally_column *b) {
  if (a->kind != b->kind)
    return a->kind < b->kind;
  return a->type == TALLY_TYPE_COUNTER && strcmp(a->name, b->name) < 0;
}

static void order_for_display(tally_table *t) {
  for (size_t i = 0; i < t->column_count; i++) {
    size_t at = i;

    while (at > 0 &&
           listed_before(&t->columns[i], &t->columns[t->display[at - 1]])) {
      t->display[at] = t->display[at - 1];
      at--;
    }
    t->display[at] = (uint16_t)i;
  }
}

static bool copy_names(tally_table *t, const char *keyspace, const char *name) {
  const struct net_heap *heap = &t->session->heap;
  struct text text;

  text_init(&text, heap);
  text_name(&text, keyspace);
  text_add(&text, ".");
  text_name(&text, name);
  t->qualified = text.p;
  t->keyspace = name_folded(heap, keyspace);
  t->name = name_folded(heap, name);
  if (t->keyspace != NULL)
    t->in = keyspaces_find(&t->session->keyspaces, t->keyspace);
  return t->qualified != NULL && t->in != NULL && t->name != NULL;
}

void table_free(tally_table *t) {
  const struct net_heap heap = t->session->heap;

  for (int i = 0; i < UPDATES_MAX; i++) {
    struct update *u = atomic_load(&t->updates[i]);

    if (u != NULL)
      update_free(&heap, u);
  }
  removals_free(t);
  selects_free(t);
  net_free(&heap, t->select.text);
  net_free(&heap, t->select.binds);
  for (size_t i = 0; t->columns != NULL && i < t->column_count; i++)
    net_free(&heap, t->columns[i].name);
  for (size_t i = 0; i < t->option_count; i++) {
    net_free(&heap, t->options[i].name);
    net_free(&heap, t->options[i].value);
  }
  net_free(&heap, t->options);
  net_free(&heap, t->columns);
  net_free(&heap, t->display);
  net_free(&heap, t->keys);
  net_free(&heap, t->counters);
  net_free(&heap, t->keyspace);
  net_free(&heap, t->name);
  net_free(&heap, t->qualified);
  net_free(&heap, t);
}

int table_make(tally_table **table, tally_session *s, const tally_definition *d,
               const char *keyspace, tally_error *e) {
  tally_table *t;
  int rc = name_check(keyspace, "keyspace", KEYSPACE_NAME, e);

  if (rc == 0)
    rc = name_check(d->name, "table", TABLE_NAME, e);
  if (rc != 0)
    return rc;
  t = net_alloc(&s->heap, sizeof *t);
  if (t == NULL)
    return error_no_memory(e);
  t->session = s;
  t->row_size = d->row_size;
  if (!copy_columns(t, d) || !copy_options(t, d) ||
      !copy_names(t, keyspace, d->name))
    goto fail;
  index_columns(t);
  order_for_display(t);
  if (!statement_select(t))
    goto fail;
  t->next = atomic_load(&s->tables);
  while (!atomic_compare_exchange_weak(&s->tables, &t->next, t))
    continue;
  *table = t;
  return 0;

fail:
  table_free(t);
  return error_no_memory(e);
}

int tally_table_open(tally_table **table, tally_session *session,
                     const tally_definition *definition, tally_error *error) {
  char name[DEFINITION_NAME];
  const char *keyspace;
  tally_definition d;
  int rc = definition_read(&d, definition, name, error);

  *table = NULL;
  if (rc != 0)
    return rc;
  keyspace = d.keyspace != NULL ? d.keyspace : session->keyspace;
  if (keyspace == NULL)
    return error_set(error, TALLY_EINVAL,
                     "table %s: no keyspace configured, neither in the "
                     "definition nor in options.keyspace",
                     d.name);
  return table_make(table, session, &d, keyspace, error);
}

const char *tally_table_keyspace(const tally_table *table) {
  return table->keyspace;
}

const char *tally_table_name(const tally_table *table) {
  return table->name;
}

const char *tally_table_qualified(const tally_table *table) {
  return table->qualified;
}

size_t tally_table_column_count(const tally_table *table) {
  return table->column_count;
}

const tally_column *tally_table_column(const tally_table *table, size_t index) {
  return index < table->column_count ? &table->columns[table->display[index]]
                                     : NULL;
}

uint64_t table_counters(const tally_table *t) {
  return t->counter_count == COUNTERS_MAX
             ? UINT64_MAX
             : (UINT64_C(1) << t->counter_count) - 1;
}

/* With no memory the sentence has less, and that is all. */
static int unknown_column(const tally_table *t, const char *name,
                          tally_error *e) {
  const struct net_heap *heap = &t->session->heap;
  const char **names = net_alloc(heap, t->column_count * sizeof *names);
  struct text known;

  text_init(&known, heap);
  for (size_t i = 0; i < t->column_count; i++) {
    const char *column = t->columns[t->display[i]].name;

    text_add(&known, i == 0 ? "" : ", ");
    text_add(&known, column);
    if (names != NULL)
      names[i] = column;
  }
  error_set(e, TALLY_EINVAL, "%s has no column %s; it has %s", t->qualified,
            name, known.failed ? "others" : known.p);
  if (names != NULL)
    error_did_you_mean(e, name, names, t->column_count);
  net_free(heap, known.p);
  net_free(heap, names);
  return TALLY_EINVAL;
}

int table_find(const tally_table *t, const char *name, size_t *index,
               tally_error *e) {
  if (name == NULL)
    return unknown_column(t, "(NULL)", e);
  for (size_t i = 0; i < t->column_count; i++)
    if (strcmp(t->columns[i].name, name) == 0) {
      *index = i;
      return 0;
    }
  return unknown_column(t, name, e);
}
