/* tests/sim/model_parse.c - as much CQL as counters need. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/model_private.h"

/* ---- Tokens ------------------------------------------------------------- */

enum token { T_END, T_NAME, T_STRING, T_NUMBER, T_SIGN, T_BAD };

struct parse {
  const char *p;
  enum token token;
  bool quoted; /* a name that is no keyword */
  char sign;
  char text[NAME_MAX_LEN];
  struct refusal *why;
};

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static void put(struct parse *in, size_t *n, char c) {
  if (*n + 1 >= sizeof in->text) {
    in->token = T_BAD;
    return;
  }
  in->text[(*n)++] = c;
  in->text[*n] = '\0';
}

/* Between quotes; a quote inside stands twice. */
static void next_quoted(struct parse *in, char quote) {
  size_t n = 0;

  in->token = quote == '"' ? T_NAME : T_STRING;
  in->quoted = true;
  for (in->p++; *in->p != '\0'; in->p++) {
    if (*in->p == quote && *++in->p != quote)
      return;
    put(in, &n, *in->p);
  }
  in->token = T_BAD;
}

static void next_word(struct parse *in) {
  size_t n = 0;

  in->token = is_digit(*in->p) ? T_NUMBER : T_NAME;
  for (; is_letter(*in->p) || is_digit(*in->p); in->p++) {
    char c = *in->p;

    put(in, &n, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
  }
}

static void next(struct parse *in) {
  while (*in->p == ' ' || *in->p == '\n' || *in->p == '\t')
    in->p++;
  in->quoted = false;
  in->text[0] = '\0';
  in->sign = *in->p;
  if (*in->p == '\0')
    in->token = T_END;
  else if (*in->p == '"' || *in->p == '\'')
    next_quoted(in, *in->p);
  else if (is_letter(*in->p) || is_digit(*in->p))
    next_word(in);
  else {
    in->token = T_SIGN;
    in->p++;
  }
}

static bool syntax(struct parse *in) {
  if (in->token == T_SIGN)
    refuse(in->why, ERROR_SYNTAX,
           "line 1:0 no viable alternative at input '%c'", in->sign);
  else
    refuse(in->why, ERROR_SYNTAX,
           "line 1:0 no viable alternative at input '%s' ([%s])", in->text,
           in->text);
  return false;
}

static bool is_word(const struct parse *in, const char *word) {
  return in->token == T_NAME && !in->quoted && strcmp(in->text, word) == 0;
}

static bool is_sign(const struct parse *in, char sign) {
  return in->token == T_SIGN && in->sign == sign;
}

static bool skip_sign(struct parse *in, char sign) {
  if (!is_sign(in, sign))
    return false;
  next(in);
  return true;
}

static bool skip_word(struct parse *in, const char *word) {
  if (!is_word(in, word))
    return false;
  next(in);
  return true;
}

static bool want_sign(struct parse *in, char sign) {
  return skip_sign(in, sign) || syntax(in);
}

static bool want_word(struct parse *in, const char *word) {
  return skip_word(in, word) || syntax(in);
}

static bool want_name(struct parse *in, char name[NAME_MAX_LEN]) {
  if (in->token != T_NAME || in->text[0] == '\0')
    return syntax(in);
  memcpy(name, in->text, NAME_MAX_LEN);
  next(in);
  return true;
}

static bool want_end(struct parse *in) {
  skip_sign(in, ';');
  return in->token == T_END || syntax(in);
}

/* ---- Names of things that are there ------------------------------------- */

static bool want_table_name(struct parse *in, char keyspace[NAME_MAX_LEN],
                            char name[NAME_MAX_LEN]) {
  if (!want_name(in, keyspace))
    return false;
  if (skip_sign(in, '.'))
    return want_name(in, name);
  refuse(in->why, ERROR_INVALID,
         "No keyspace has been specified. USE a keyspace, or explicitly "
         "specify keyspace.tablename");
  return false;
}

static bool want_table(struct parse *in, struct statement *s) {
  if (!want_table_name(in, s->keyspace, s->table_name))
    return false;
  s->table = data_table(s->keyspace, s->table_name);
  if (s->table != NULL)
    return true;
  if (data_keyspace(s->keyspace) == NULL)
    refuse(in->why, ERROR_INVALID, "keyspace %s does not exist", s->keyspace);
  else
    refuse(in->why, ERROR_INVALID, "table %s does not exist", s->table_name);
  return false;
}

static bool find_column(struct parse *in, const struct table *t,
                        const char *name, unsigned *column) {
  int found = data_column(t, name);

  if (found < 0) {
    refuse(in->why, ERROR_INVALID, "Undefined column name %s in table %s.%s",
           name, t->keyspace, t->name);
    return false;
  }
  *column = (unsigned)found;
  return true;
}

static bool add_marker(struct parse *in, struct statement *s, unsigned column,
                       bool negated) {
  if (!want_sign(in, '?'))
    return false;
  if (s->marker_count == COLUMNS_MAX)
    return syntax(in);
  s->markers[s->marker_count++] = (struct marker){column, negated, 0};
  return true;
}

/* ---- WHERE -------------------------------------------------------------- */

/* The key columns that are named are the first ones of the key, each once. */
static bool check_key(struct parse *in, struct statement *s, uint64_t named) {
  const struct table *t = s->table;

  for (s->key_count = 0; s->key_count < t->key_count; s->key_count++)
    if ((named >> s->key_count & 1) == 0)
      break;
  if (t->is != TABLE_IS_COUNTERS)
    return true;
  if (named >> s->key_count == 0 && s->key_count >= t->partition_keys)
    return true;
  if (s->key_count < t->partition_keys)
    refuse(in->why, ERROR_INVALID, "Some partition key parts are missing: %s",
           t->columns[t->keys[s->key_count]].name);
  else
    refuse(in->why, ERROR_INVALID, "Some clustering keys are missing: %s",
           t->columns[t->keys[s->key_count]].name);
  return false;
}

/* token(k) > ?, token(k) <= ?, as they are sent; one or two of them. */
static bool want_bound(struct parse *in, struct statement *s) {
  char name[NAME_MAX_LEN];
  unsigned column;
  char sign;

  if (!want_word(in, "token") || !want_sign(in, '(') || !want_name(in, name) ||
      !find_column(in, s->table, name, &column) || !want_sign(in, ')'))
    return false;
  sign = in->sign;
  if (column != s->table->keys[0] || s->table->partition_keys != 1 ||
      (!is_sign(in, '>') && !is_sign(in, '<')))
    return syntax(in);
  next(in);
  if (sign == '<' && !want_sign(in, '='))
    return false;
  if (!add_marker(in, s, column, false))
    return false;
  s->markers[s->marker_count - 1].bound = sign;
  return true;
}

static bool want_bounds(struct parse *in, struct statement *s) {
  s->scans = true;
  if (!skip_word(in, "where"))
    return true;
  do
    if (!want_bound(in, s))
      return false;
  while (skip_word(in, "and"));
  return true;
}

static bool want_the_local_row(struct parse *in) {
  if (strcmp(in->text, "local") != 0)
    return syntax(in);
  next(in);
  return true;
}

static bool want_condition(struct parse *in, struct statement *s,
                           uint64_t *named) {
  const struct table *t = s->table;
  char name[NAME_MAX_LEN];
  unsigned column;

  if (!want_name(in, name) || !find_column(in, t, name, &column))
    return false;
  for (unsigned k = 0; k < t->key_count; k++)
    if (t->keys[k] == column) {
      if ((*named >> k & 1) != 0)
        break;
      *named |= UINT64_C(1) << k;
      if (!want_sign(in, '='))
        return false;
      if (t->is == TABLE_IS_LOCAL && in->token == T_STRING)
        return want_the_local_row(in);
      return add_marker(in, s, column, false);
    }
  refuse(in->why, ERROR_INVALID, "%s cannot be restricted like this", name);
  return false;
}

static bool want_where(struct parse *in, struct statement *s) {
  uint64_t named = 0;

  if (!want_word(in, "where"))
    return false;
  do
    if (!want_condition(in, s, &named))
      return false;
  while (skip_word(in, "and"));
  return check_key(in, s, named);
}

/* ---- SELECT and UPDATE -------------------------------------------------- */

static bool want_columns(struct parse *in, struct statement *s,
                         char names[COLUMNS_MAX][NAME_MAX_LEN]) {
  do {
    if (s->column_count == COLUMNS_MAX)
      return syntax(in);
    if (!want_name(in, names[s->column_count]))
      return false;
    s->column_count++;
  } while (skip_sign(in, ','));
  return true;
}

/* Of no consequence: a full key has one row. */
static bool want_limit(struct parse *in) {
  if (!skip_word(in, "limit"))
    return true;
  if (in->token != T_NUMBER)
    return syntax(in);
  next(in);
  return true;
}

/* Without WHERE, or with token(...) behind it. */
static bool scans(const struct parse *in) {
  return !is_word(in, "where") || strncmp(in->p, " token(", 7) == 0;
}

static bool parse_select(struct parse *in, struct statement *s) {
  char names[COLUMNS_MAX][NAME_MAX_LEN];

  s->kind = CQL_SELECT;
  if (!want_columns(in, s, names) || !want_word(in, "from") ||
      !want_table(in, s))
    return false;
  for (unsigned i = 0; i < s->column_count; i++)
    if (!find_column(in, s->table, names[i], &s->columns[i]))
      return false;
  if (s->table->is == TABLE_IS_COUNTERS && scans(in))
    return want_bounds(in, s) && want_end(in);
  if (s->table->is == TABLE_IS_COUNTERS || is_word(in, "where"))
    if (!want_where(in, s))
      return false;
  if (s->table->is == TABLE_IS_COUNTERS &&
      s->key_count != s->table->key_count) {
    refuse(in->why, ERROR_INVALID, "the model reads single rows only");
    return false;
  }
  return want_limit(in) && want_end(in);
}

/* n = n + ?, n = n - ? or n += ? */
static bool want_increment(struct parse *in, struct statement *s,
                           uint64_t *slots) {
  char name[NAME_MAX_LEN], again[NAME_MAX_LEN];
  const struct column *c;
  unsigned column;
  bool negated;

  if (!want_name(in, name) || !find_column(in, s->table, name, &column))
    return false;
  c = &s->table->columns[column];
  if (is_sign(in, '=')) {
    next(in);
    if (!want_name(in, again))
      return false;
    if (strcmp(name, again) != 0) {
      refuse(in->why, ERROR_SYNTAX,
             "Only expressions of the form X = X +<value> are supported.");
      return false;
    }
  }
  negated = is_sign(in, '-');
  if (!negated && !is_sign(in, '+'))
    return syntax(in);
  next(in);
  skip_sign(in, '=');
  if (c->type != TYPE_COUNTER) {
    refuse(in->why, ERROR_INVALID,
           "Invalid operation (%s = %s + ?) for non counter column %s", name,
           name, name);
    return false;
  }
  *slots |= UINT64_C(1) << c->slot;
  return add_marker(in, s, column, negated);
}

static bool parse_update(struct parse *in, struct statement *s) {
  uint64_t slots = 0;

  s->kind = CQL_UPDATE;
  if (!want_table(in, s) || !want_word(in, "set"))
    return false;
  do
    if (!want_increment(in, s, &slots))
      return false;
  while (skip_sign(in, ','));
  s->delta_count = s->marker_count;
  if (s->delta_count > COUNTERS_MAX || !want_where(in, s))
    return in->why->code != 0 ? false : syntax(in);
  /* Statics are the partition's: they need no more than its key. */
  if (s->key_count != s->table->key_count &&
      (s->key_count != s->table->partition_keys ||
       (slots & ~s->table->statics) != 0)) {
    refuse(in->why, ERROR_INVALID, "Some clustering keys are missing: %s",
           s->table->columns[s->table->keys[s->key_count]].name);
    return false;
  }
  return want_end(in);
}

/* ---- CREATE ------------------------------------------------------------- */

static bool want_if_not_exists(struct parse *in) {
  return want_word(in, "if") && want_word(in, "not") && want_word(in, "exists");
}

/* As the servers write it down: their classes have long names. */
static void write_class(char value[NAME_MAX_LEN]) {
  static const char package[] = "org.apache.cassandra.locator.";
  size_t n = strlen(value);

  if (strchr(value, '.') != NULL || n + sizeof package > NAME_MAX_LEN)
    return;
  memmove(value + sizeof package - 1, value, n + 1);
  memcpy(value, package, sizeof package - 1);
}

static bool want_pair(struct parse *in, struct pair *p) {
  if (in->token != T_STRING && !(in->token == T_NAME && in->quoted))
    return syntax(in);
  memcpy(p->key, in->text, NAME_MAX_LEN);
  next(in);
  if (!want_sign(in, ':'))
    return false;
  if (in->token != T_STRING && in->token != T_NUMBER)
    return syntax(in);
  memcpy(p->value, in->text, NAME_MAX_LEN);
  if (strcmp(p->key, "class") == 0)
    write_class(p->value);
  next(in);
  return true;
}

static bool want_replication(struct parse *in, struct replication_map *how) {
  if (!want_sign(in, '{'))
    return false;
  do {
    if (how->count == PAIRS_MAX)
      return syntax(in);
    if (!want_pair(in, &how->pairs[how->count++]))
      return false;
  } while (skip_sign(in, ','));
  return want_sign(in, '}');
}

static bool parse_keyspace(struct parse *in, struct statement *s) {
  s->kind = CQL_CREATE_KEYSPACE;
  if (!want_if_not_exists(in) || !want_name(in, s->keyspace) ||
      !want_word(in, "with") || !want_word(in, "replication"))
    return false;
  return want_sign(in, '=') && want_replication(in, &s->how) && want_end(in);
}

static bool want_type(struct parse *in, struct column *c) {
  char name[NAME_MAX_LEN];

  if (!want_name(in, name))
    return false;
  if (strcmp(name, "text") == 0 || strcmp(name, "varchar") == 0)
    c->type = TYPE_TEXT;
  else if (strcmp(name, "int") == 0)
    c->type = TYPE_INT;
  else if (strcmp(name, "bigint") == 0)
    c->type = TYPE_BIGINT;
  else if (strcmp(name, "counter") == 0)
    c->type = TYPE_COUNTER;
  else {
    refuse(in->why, ERROR_INVALID, "Unknown type %s", name);
    return false;
  }
  return true;
}

static bool want_definition(struct parse *in, struct table *t) {
  struct column *c = &t->columns[t->column_count];

  if (t->column_count == COLUMNS_MAX)
    return syntax(in);
  if (!want_name(in, c->name) || !want_type(in, c))
    return false;
  c->kind = skip_word(in, "static") ? COLUMN_STATIC : COLUMN_REGULAR;
  if (data_column(t, c->name) >= 0) {
    refuse(in->why, ERROR_INVALID, "Multiple definition of identifier %s",
           c->name);
    return false;
  }
  t->column_count++;
  return true;
}

static bool want_key(struct parse *in, struct table *t, bool is_partition) {
  char name[NAME_MAX_LEN];
  unsigned column;

  if (t->key_count == KEYS_MAX)
    return syntax(in);
  if (!want_name(in, name) || !find_column(in, t, name, &column))
    return false;
  if (t->columns[column].type == TYPE_COUNTER) {
    refuse(in->why, ERROR_INVALID,
           "counter type is not supported for PRIMARY KEY column '%s'", name);
    return false;
  }
  t->columns[column].kind = is_partition ? COLUMN_PARTITION : COLUMN_CLUSTERING;
  t->columns[column].position =
      is_partition ? t->partition_keys : t->key_count - t->partition_keys;
  t->keys[t->key_count++] = column;
  t->partition_keys += is_partition;
  return true;
}

/* (k, c) or ((k1, k2), c) */
static bool want_primary_key(struct parse *in, struct table *t) {
  bool composite;

  if (!want_word(in, "key") || !want_sign(in, '('))
    return false;
  composite = skip_sign(in, '(');
  do
    if (!want_key(in, t, true))
      return false;
  while (composite && skip_sign(in, ','));
  if (composite && !want_sign(in, ')'))
    return false;
  while (skip_sign(in, ','))
    if (!want_key(in, t, false))
      return false;
  return want_sign(in, ')');
}

static bool want_clustering_order(struct parse *in, struct table *t) {
  if (!skip_word(in, "with"))
    return true;
  if (!want_word(in, "clustering") || !want_word(in, "order") ||
      !want_word(in, "by") || !want_sign(in, '('))
    return false;
  do {
    char name[NAME_MAX_LEN];
    unsigned column;

    if (!want_name(in, name) || !find_column(in, t, name, &column))
      return false;
    if (t->columns[column].kind != COLUMN_CLUSTERING)
      return syntax(in);
    t->columns[column].descending = skip_word(in, "desc");
    if (!t->columns[column].descending)
      skip_word(in, "asc");
  } while (skip_sign(in, ','));
  return want_sign(in, ')');
}

/* Every column that is not of the key is a counter. */
static bool check_counters(struct parse *in, struct table *t) {
  if (t->key_count == 0)
    return syntax(in);
  for (unsigned i = 0; i < t->column_count; i++) {
    struct column *c = &t->columns[i];

    if (c->kind == COLUMN_PARTITION || c->kind == COLUMN_CLUSTERING)
      continue;
    if (c->type != TYPE_COUNTER) {
      refuse(in->why, ERROR_INVALID,
             "Cannot mix counter and non counter columns in the same table");
      return false;
    }
    if (t->counter_count == COUNTERS_MAX)
      return syntax(in);
    c->slot = t->counter_count++;
    if (c->kind == COLUMN_STATIC)
      t->statics |= UINT64_C(1) << c->slot;
  }
  return true;
}

static bool parse_table(struct parse *in, struct statement *s) {
  struct table *t = s->made = calloc(1, sizeof *t);

  s->kind = CQL_CREATE_TABLE;
  if (!want_if_not_exists(in) || !want_table_name(in, t->keyspace, t->name) ||
      !want_sign(in, '('))
    return false;
  memcpy(s->keyspace, t->keyspace, NAME_MAX_LEN);
  memcpy(s->table_name, t->name, NAME_MAX_LEN);
  do {
    bool is_key = skip_word(in, "primary");

    if (!(is_key ? want_primary_key(in, t) : want_definition(in, t)))
      return false;
  } while (skip_sign(in, ','));
  return want_sign(in, ')') && want_clustering_order(in, t) && want_end(in) &&
         check_counters(in, t);
}

/* ---- Any ---------------------------------------------------------------- */

bool cql_parse(struct statement *s, struct refusal *why) {
  struct parse in = {.p = s->text, .why = why};

  why->code = 0;
  next(&in);
  if (skip_word(&in, "select"))
    return parse_select(&in, s);
  if (skip_word(&in, "update"))
    return parse_update(&in, s);
  if (skip_word(&in, "create")) {
    if (skip_word(&in, "keyspace"))
      return parse_keyspace(&in, s);
    if (skip_word(&in, "table"))
      return parse_table(&in, s);
  }
  return syntax(&in);
}
