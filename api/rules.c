/* api/rules.c - what CQL allows a query to ask for, so that what a server would
 * refuse is refused here, with the column that is to blame.  The rules are
 * those of Cassandra's SELECT (StatementRestrictions). */
#include "api/query.h"

static const char *name_of(const tally_query *q, uint16_t column) {
  return q->table->columns[column].name;
}

static int refuse(const tally_query *q, uint16_t column, const char *why,
                  tally_error *e) {
  return error_set(e, TALLY_EINVAL, "%s: column %s %s", q->table->qualified,
                   name_of(q, column), why);
}

static bool is_lower(int op) {
  return op == TALLY_GT || op == TALLY_GE;
}

static bool is_upper(int op) {
  return op == TALLY_LT || op == TALLY_LE;
}

const struct term *query_equal(const tally_query *q, uint16_t column, bool in) {
  for (size_t i = 0; i < q->term_count; i++)
    if (q->terms[i].column == column &&
        (q->terms[i].op == TALLY_EQ || (in && q->terms[i].op == OPERATOR_IN)))
      return &q->terms[i];
  return NULL;
}

static bool is_named(const tally_query *q, uint16_t column) {
  for (size_t i = 0; i < q->term_count; i++)
    if (q->terms[i].column == column)
      return true;
  return false;
}

static bool is_counter(const tally_query *q, uint16_t column) {
  return q->table->columns[column].type == TALLY_TYPE_COUNTER;
}

/* ---- Relations, one by one and in pairs --------------------------------- */

/* One by =, or one by IN, or one from below and one from above. */
static bool go_together(int a, int b) {
  return (is_lower(a) && is_upper(b)) || (is_upper(a) && is_lower(b));
}

static int check_terms(const tally_query *q, tally_error *e) {
  for (size_t i = 0; i < q->term_count; i++) {
    const struct term *term = &q->terms[i];

    for (size_t j = 0; j < i; j++) {
      if (q->terms[j].column != term->column ||
          go_together(q->terms[j].op, term->op))
        continue;
      if (term->column == COLUMN_TOKEN)
        return error_set(e, TALLY_EINVAL,
                         "%s: the token has two relations that are not a range",
                         q->table->qualified);
      return refuse(q, term->column,
                    "has two relations that are not a range from below and "
                    "from above",
                    e);
    }
  }
  return 0;
}

/* ---- The key ------------------------------------------------------------ */

/* The first part of the partition key that no = or IN names; the column count
 * when all are named. */
static uint16_t missing_part(const tally_query *q, bool in) {
  const tally_table *t = q->table;

  for (uint16_t i = 0; i < t->partition_count; i++)
    if (query_equal(q, t->keys[i], in) == NULL)
      return t->keys[i];
  return (uint16_t)t->column_count;
}

static bool names_any_part(const tally_query *q) {
  const tally_table *t = q->table;

  for (uint16_t i = 0; i < t->partition_count; i++)
    if (is_named(q, t->keys[i]))
      return true;
  return false;
}

static int refuse_lack(const tally_query *q, uint16_t named, uint16_t lacks,
                       tally_error *e) {
  return error_set(e, TALLY_EINVAL,
                   "%s: a relation on %s needs column %s by = or IN as well, "
                   "or ALLOW FILTERING, which reads every row",
                   q->table->qualified, name_of(q, named), name_of(q, lacks));
}

static int check_partition_key(const tally_query *q, tally_error *e) {
  const tally_table *t = q->table;
  uint16_t lacks = missing_part(q, true);

  if (!names_any_part(q))
    return 0;
  if (is_named(q, COLUMN_TOKEN))
    return error_set(e, TALLY_EINVAL,
                     "%s: the token and parts of the partition key are two "
                     "ways to say where: give one",
                     t->qualified);
  if (lacks == t->column_count || q->allow_filtering)
    return 0;
  for (uint16_t i = 0; i < t->partition_count; i++)
    if (is_named(q, t->keys[i]) && t->keys[i] != lacks)
      return refuse_lack(q, t->keys[i], lacks, e);
  return refuse(q, lacks,
                "is part of the partition key, and takes = or IN alone, or "
                "ALLOW FILTERING, which reads every row",
                e);
}

/* A column counts when all before it are named by = or IN. */
static int check_clustering_key(const tally_query *q, tally_error *e) {
  const tally_table *t = q->table;
  uint16_t lacks = missing_part(q, true);
  bool known = lacks == t->column_count;

  for (uint16_t i = t->partition_count; i < t->key_count; i++) {
    uint16_t column = t->keys[i];

    if (is_named(q, column) && !known && !q->allow_filtering)
      return refuse_lack(q, column, lacks, e);
    if (known && query_equal(q, column, true) == NULL) {
      known = false;
      lacks = column;
    }
  }
  return 0;
}

static int check_counters(const tally_query *q, tally_error *e) {
  for (size_t i = 0; i < q->term_count; i++) {
    const struct term *term = &q->terms[i];

    if (term->column != COLUMN_TOKEN && is_counter(q, term->column) &&
        !q->allow_filtering)
      return refuse(q, term->column,
                    "is a counter, which no index finds: with "
                    "ALLOW FILTERING every row is read",
                    e);
  }
  return 0;
}

/* ---- Order and limits --------------------------------------------------- */

/* Where the clustering key goes on: columns that = names are in any order. */
static uint16_t next_ordered(const tally_query *q, uint16_t key,
                             uint16_t column) {
  const tally_table *t = q->table;

  while (key < t->key_count && t->keys[key] != column &&
         query_equal(q, t->keys[key], false) != NULL)
    key++;
  return key;
}

static int check_order(const tally_query *q, tally_error *e) {
  const tally_table *t = q->table;
  uint16_t lacks = missing_part(q, false), key = t->partition_count;
  bool turned = false;

  if (q->order_count == 0)
    return 0;
  if (lacks != t->column_count)
    return refuse(q, lacks,
                  "is part of the partition key: rows have an order in one "
                  "partition alone, which = names",
                  e);
  for (size_t i = 0; i < q->order_count; i++, key++) {
    const struct ordering *o = &q->order[i];
    const tally_column *c = &t->columns[o->column];
    bool differs = o->descending != (c->order == TALLY_DESC);

    key = next_ordered(q, key, o->column);
    if (key >= t->key_count || o->column != t->keys[key])
      return refuse(q, o->column,
                    "is out of place: rows are in the order of the clustering "
                    "key, from its first column on that no = names",
                    e);
    if (i > 0 && differs != turned)
      return refuse(q, o->column,
                    "goes one way, and those before it the other: rows come as "
                    "the table has them, or all turned round",
                    e);
    turned = differs;
  }
  return 0;
}

static int check_distinct(const tally_query *q, tally_error *e) {
  const tally_table *t = q->table;

  if (!q->distinct)
    return 0;
  for (uint16_t i = t->partition_count; i < t->key_count; i++)
    if (is_named(q, t->keys[i]))
      return refuse(q, t->keys[i],
                    "is part of the clustering key, and partitions are asked "
                    "for",
                    e);
  for (uint16_t i = 0; i < t->counter_count; i++)
    if ((t->statics >> i & 1) == 0 && is_named(q, t->counters[i]))
      return refuse(q, t->counters[i],
                    "is a counter of rows, and partitions are asked for", e);
  if (q->per_partition_limit > 0)
    return error_set(e, TALLY_EINVAL,
                     "%s: partitions are asked for, and a limit of rows in "
                     "each",
                     t->qualified);
  return 0;
}

/* ---- Functions ---------------------------------------------------------- */

static int check_function(const tally_query *q, const tally_aggregate *f,
                          tally_error *e) {
  size_t column;
  int rc;

  if (f->function < TALLY_COUNT || f->function > TALLY_AVG)
    return error_set(
        e, TALLY_EINVAL,
        "%s: %d is no function: TALLY_COUNT, TALLY_SUM, TALLY_MIN, "
        "TALLY_MAX and TALLY_AVG are",
        q->table->qualified, f->function);
  if (f->counter == NULL)
    return f->function == TALLY_COUNT
               ? 0
               : error_set(e, TALLY_EINVAL,
                           "%s: only TALLY_COUNT goes without a counter",
                           q->table->qualified);
  rc = table_find(q->table, f->counter, &column, e);
  if (rc == 0 && !is_counter(q, (uint16_t)column))
    rc = refuse(q, (uint16_t)column, "is part of the key, and no counter", e);
  return rc;
}

int query_check_functions(const tally_query *q, tally_error *e) {
  int rc = query_check(q, e);

  if (rc == 0 && q->function_count == 0)
    return error_set(e, TALLY_EINVAL, "%s: no function is asked for",
                     q->table->qualified);
  if (rc == 0 && (q->distinct || q->order_count > 0 || q->limit > 0 ||
                  q->per_partition_limit > 0))
    return error_set(e, TALLY_EINVAL,
                     "%s: a function takes all rows that the relations leave: "
                     "without order, limits and distinct",
                     q->table->qualified);
  for (size_t i = 0; i < q->function_count && rc == 0; i++)
    rc = check_function(q, &q->functions[i], e);
  return rc;
}

int query_check(const tally_query *q, tally_error *e) {
  int rc = check_terms(q, e);

  if (rc == 0)
    rc = check_partition_key(q, e);
  if (rc == 0)
    rc = check_clustering_key(q, e);
  if (rc == 0)
    rc = check_counters(q, e);
  if (rc == 0)
    rc = check_order(q, e);
  if (rc == 0)
    rc = check_distinct(q, e);
  return rc;
}
