/* api/statement.c - the CQL of a table: one UPDATE for each set of touched
 * counters, one SELECT, one CREATE TABLE. */
#include "api/schema.h"

#include <string.h>

/* Writes "k1" = ? AND "k2" = ?, and the binds for it: the partition key's
 * columns come first. */
static void add_where(const tally_table *t, struct text *out,
                      struct statement *s, struct statement_column *binds,
                      uint16_t *bind_count, uint16_t key_count) {
  s->key_count = t->partition_count;
  text_add(out, " WHERE ");
  for (uint16_t i = 0; i < key_count; i++) {
    const tally_column *c = &t->columns[t->keys[i]];

    if (i > 0)
      text_add(out, " AND ");
    text_quoted(out, c->name);
    text_add(out, " = ?");
    binds[*bind_count].name = c->name;
    binds[(*bind_count)++].type = (uint16_t)c->type;
  }
}

static bool finish(tally_table *t, struct statement *s, struct text *text,
                   struct statement_column *binds, uint16_t bind_count,
                   enum effect effect) {
  if (text->failed) {
    net_free(&t->session->heap, binds);
    return false;
  }
  s->text = text->p;
  s->text_len = text->len;
  s->table = t->qualified;
  s->keyspace = t->in;
  s->effect = effect;
  s->binds = binds;
  s->bind_count = bind_count;
  s->number = atomic_fetch_add(&t->session->statement_count, 1);
  return true;
}

/* For all columns: keys are bound, counters bound or read. */
static struct statement_column *new_binds(const tally_table *t) {
  return net_alloc(&t->session->heap,
                   sizeof(struct statement_column) * t->column_count);
}

bool statement_select(tally_table *t) {
  struct statement_column *binds = new_binds(t), *results;
  uint16_t bind_count = 0;
  struct text text;

  if (binds == NULL)
    return false;
  text_init(&text, &t->session->heap);
  results = binds + t->key_count;
  for (uint16_t i = 0; i < t->counter_count; i++) {
    results[i].name = t->columns[t->counters[i]].name;
    results[i].type = TALLY_TYPE_COUNTER;
    text_add(&text, i == 0 ? "SELECT " : ", ");
    text_quoted(&text, results[i].name);
  }
  text_add(&text, " FROM ");
  text_add(&text, t->qualified);
  add_where(t, &text, &t->select, binds, &bind_count, t->key_count);
  /* The full key names one row; a second one is worth noticing. */
  text_add(&text, " LIMIT 2");
  t->select.results = results;
  t->select.result_count = t->counter_count;
  return finish(t, &t->select, &text, binds, bind_count, EFFECT_READ);
}

/* UPDATE ks.t SET "a" = "a" + ?, "b" = "b" + ? WHERE "k" = ?, as the reference
 * emits it; a decrement binds the negated delta. */
static struct update *update_new(tally_table *t, uint64_t mask) {
  struct update *u = net_alloc(&t->session->heap, sizeof *u);
  struct statement_column *binds = new_binds(t);
  uint16_t bind_count = 0;
  struct text text;

  text_init(&text, &t->session->heap);
  if (u == NULL || binds == NULL)
    goto fail;
  u->table = t;
  u->mask = mask;
  u->partition_only = (mask & ~t->statics) == 0;
  text_add(&text, "UPDATE ");
  text_add(&text, t->qualified);
  for (uint16_t i = 0; i < t->counter_count; i++) {
    const char *name = t->columns[t->counters[i]].name;

    if ((mask >> i & 1) == 0)
      continue;
    text_add(&text, bind_count == 0 ? " SET " : ", ");
    text_quoted(&text, name);
    text_add(&text, " = ");
    text_quoted(&text, name);
    text_add(&text, " + ?");
    binds[bind_count].name = name;
    binds[bind_count++].type = TALLY_TYPE_COUNTER;
  }
  add_where(t, &text, &u->statement, binds, &bind_count,
            u->partition_only ? t->partition_count : t->key_count);
  if (finish(t, &u->statement, &text, binds, bind_count, EFFECT_COUNT))
    return u;
  binds = NULL;
fail:
  net_free(&t->session->heap, binds);
  net_free(&t->session->heap, u);
  return NULL;
}

void update_free(const struct net_heap *heap, struct update *u) {
  net_free(heap, u->statement.text);
  net_free(heap, u->statement.binds);
  net_free(heap, u);
}

const struct update *update_of(const struct statement *statement) {
  const void *u = (const char *)statement - offsetof(struct update, statement);

  return u;
}

/* The last slots serve the sets that are left, with unset values.  Statics
 * alone have one of their own: it binds no clustering key. */
enum { SLOT_STATICS = UPDATES_MAX - 2, SLOT_ALL = UPDATES_MAX - 1 };

static uint64_t slot_mask(const tally_table *t, int slot, uint64_t mask) {
  if (slot == SLOT_STATICS && t->statics != 0)
    return t->statics;
  if (slot == SLOT_ALL)
    return table_counters(t);
  return mask;
}

/* Any thread may be the first to touch a set of counters: the slots fill from
 * the front, each once, and whoever comes second uses what is there. */
const struct update *table_update(tally_table *t, uint64_t mask) {
  bool statics_alone = (mask & ~t->statics) == 0;

  for (int i = 0; i < UPDATES_MAX; i++) {
    bool is_last = i == SLOT_ALL || (i == SLOT_STATICS && statics_alone);
    struct update *u =
        atomic_load_explicit(&t->updates[i], memory_order_acquire);

    if (i == SLOT_STATICS && t->statics != 0 && !statics_alone)
      continue;
    if (u == NULL) {
      struct update *made = update_new(t, slot_mask(t, i, mask));

      if (made == NULL)
        return NULL;
      if (atomic_compare_exchange_strong(&t->updates[i], &u, made))
        return made;
      update_free(&t->session->heap, made);
    }
    if (u->mask == mask || is_last)
      return u;
  }
  return NULL;
}

/* DELETE "c" FROM ks.t WHERE ...: of a static counter, of the partition. */
static struct removal *removal_new(tally_table *t, uint16_t counter) {
  struct removal *r = net_alloc(&t->session->heap, sizeof *r);
  struct statement_column *binds = new_binds(t);
  uint16_t key_count = t->key_count, bind_count = 0;
  struct text text;

  text_init(&text, &t->session->heap);
  if (r == NULL || binds == NULL)
    goto fail;
  r->counter = counter;
  text_add(&text, "DELETE ");
  if (counter != REMOVAL_ROW) {
    text_quoted(&text, t->columns[t->counters[counter]].name);
    text_add(&text, " ");
    if ((t->statics >> counter & 1) != 0)
      key_count = t->partition_count;
  }
  text_add(&text, "FROM ");
  text_add(&text, t->qualified);
  add_where(t, &text, &r->statement, binds, &bind_count, key_count);
  if (finish(t, &r->statement, &text, binds, bind_count, EFFECT_WRITE))
    return r;
  binds = NULL;
fail:
  net_free(&t->session->heap, binds);
  net_free(&t->session->heap, r);
  return NULL;
}

static void removal_free(const struct net_heap *heap, struct removal *r) {
  net_free(heap, r->statement.text);
  net_free(heap, r->statement.binds);
  net_free(heap, r);
}

void removals_free(tally_table *t) {
  struct removal *r = atomic_load(&t->removals);

  while (r != NULL) {
    struct removal *next = r->next;

    removal_free(&t->session->heap, r);
    r = next;
  }
}

/* Two threads may each make one: both are kept, and either is used. */
const struct removal *table_removal(tally_table *t, uint16_t counter) {
  struct removal *r = atomic_load(&t->removals), *made;

  for (; r != NULL; r = r->next)
    if (r->counter == counter)
      return r;
  made = removal_new(t, counter);
  if (made == NULL)
    return NULL;
  made->next = atomic_load(&t->removals);
  while (!atomic_compare_exchange_weak(&t->removals, &made->next, made))
    continue;
  return made;
}

static void add_columns(const tally_table *t, struct text *out) {
  for (size_t i = 0; i < t->column_count; i++) {
    const tally_column *c = &t->columns[i];

    text_quoted(out, c->name);
    text_add(out, " ");
    text_add(out, tally_type_name(c->type));
    text_add(out, c->kind == TALLY_KIND_STATIC_COUNTER ? " static, " : ", ");
  }
}

static void add_primary_key(const tally_table *t, struct text *out) {
  bool composite = t->partition_count > 1;

  text_add(out, composite ? "PRIMARY KEY ((" : "PRIMARY KEY (");
  for (uint16_t i = 0; i < t->key_count; i++) {
    if (i > 0)
      text_add(out, i == t->partition_count && composite ? "), " : ", ");
    text_quoted(out, t->columns[t->keys[i]].name);
  }
  if (composite && t->key_count == t->partition_count)
    text_add(out, ")");
  text_add(out, "))");
}

/* Only when some column is not in ascending order, and then all of them; false:
 * none. */
static bool add_clustering_order(const tally_table *t, struct text *out) {
  bool descending = false;

  for (uint16_t i = t->partition_count; i < t->key_count; i++)
    descending |= t->columns[t->keys[i]].order == TALLY_DESC;
  if (!descending)
    return false;
  text_add(out, " WITH CLUSTERING ORDER BY (");
  for (uint16_t i = t->partition_count; i < t->key_count; i++) {
    const tally_column *c = &t->columns[t->keys[i]];

    if (i > t->partition_count)
      text_add(out, ", ");
    text_quoted(out, c->name);
    text_add(out, c->order == TALLY_DESC ? " DESC" : " ASC");
  }
  text_add(out, ")");
  return true;
}

void statement_create(const tally_table *t, struct text *out) {
  const char *with = " WITH ";

  text_add(out, "CREATE TABLE IF NOT EXISTS ");
  text_add(out, t->qualified);
  text_add(out, " (");
  add_columns(t, out);
  add_primary_key(t, out);
  if (add_clustering_order(t, out))
    with = " AND ";
  for (size_t i = 0; i < t->option_count; i++, with = " AND ") {
    text_add(out, with);
    table_option_cql(&t->options[i], out);
  }
}

void statement_add_counter(const tally_table *t, uint16_t counter,
                           struct text *out) {
  const tally_column *c = &t->columns[t->counters[counter]];

  text_add(out, "ALTER TABLE ");
  text_add(out, t->qualified);
  text_add(out, " ADD ");
  text_quoted(out, c->name);
  text_add(out, c->kind == TALLY_KIND_STATIC_COUNTER ? " counter static"
                                                     : " counter");
}

void statement_set_options(const tally_table *t, uint64_t which,
                           struct text *out) {
  const char *with = " WITH ";

  text_add(out, "ALTER TABLE ");
  text_add(out, t->qualified);
  for (size_t i = 0; i < t->option_count; i++)
    if ((which >> i & 1) != 0) {
      text_add(out, with);
      table_option_cql(&t->options[i], out);
      with = " AND ";
    }
}

void statement_drop(const tally_table *t, struct text *out) {
  text_add(out, "DROP TABLE IF EXISTS ");
  text_add(out, t->qualified);
}
