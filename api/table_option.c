/* api/table_option.c - what stands behind WITH: which options there are, what
 * values they take, and whether the server has them so already. */
#include "api/schema.h"

#include "core/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum form {
  FORM_TEXT,
  FORM_WORD,
  FORM_INT,
  FORM_NUMBER,
  FORM_BOOLEAN,
  FORM_MAP
};

/* Those of Cassandra 3.11 to 5.0 and of ScyllaDB that a counter table may
 * have; whether the server at hand knows one is its own to say. */
static const struct form_of_option {
  const char *name;
  enum form form;
} known[] = {
    {"additional_write_policy", FORM_WORD},
    {"allow_auto_snapshot", FORM_BOOLEAN},
    {"bloom_filter_fp_chance", FORM_NUMBER},
    {"caching", FORM_MAP},
    {"cdc", FORM_BOOLEAN},
    {"comment", FORM_TEXT},
    {"compaction", FORM_MAP},
    {"compression", FORM_MAP},
    {"crc_check_chance", FORM_NUMBER},
    {"gc_grace_seconds", FORM_INT},
    {"incremental_backups", FORM_BOOLEAN},
    {"max_index_interval", FORM_INT},
    {"memtable", FORM_WORD},
    {"memtable_flush_period_in_ms", FORM_INT},
    {"min_index_interval", FORM_INT},
    {"read_repair", FORM_WORD},
    {"speculative_retry", FORM_WORD},
};
enum { KNOWN = sizeof known / sizeof known[0] };

static const struct form_of_option *find(const char *name) {
  for (size_t i = 0; i < KNOWN; i++)
    if (strcmp(known[i].name, name) == 0)
      return &known[i];
  return NULL;
}

/* Of one that was checked. */
static enum form form_of(const tally_table_option *option) {
  const struct form_of_option *k = find(option->name);

  return k != NULL ? k->form : FORM_TEXT;
}

/* ---- The literal of a map ----------------------------------------------- */

static const char *skip_blanks(const char *s) {
  return s + strspn(s, " \t\r\n");
}

/* Of a word or a number: a sign, and what cannot be anything else in CQL. */
static size_t bare_len(const char *s) {
  size_t sign = *s == '-' || *s == '+';
  size_t len = strspn(s + sign, WORD_BYTES ".");

  return len > 0 ? sign + len : 0;
}

/* One part of a pair: 'text', in which a quote stands twice, or a bare word or
 * number.  *begin and *len are what is between the quotes, as it stands.  Gives
 * what comes behind; NULL: it is neither. */
static const char *map_part(const char *s, const char **begin, size_t *len) {
  s = skip_blanks(s);
  if (*s != '\'') {
    *begin = s;
    *len = bare_len(s);
    return *len > 0 ? skip_blanks(s + *len) : NULL;
  }
  *begin = ++s;
  while (*s != '\0' && (*s != '\'' || s[1] == '\''))
    s += *s == '\'' ? 2 : 1;
  *len = (size_t)(s - *begin);
  return *s == '\'' ? skip_blanks(s + 1) : NULL;
}

struct pair {
  const char *key, *value;
  size_t key_len, value_len;
};

/* The next pair; `*at` is where the map begins at first.  1: a pair, 0: the
 * end of the text and of the map, -1: this is no map. */
static int map_next(const char **at, bool first, struct pair *p) {
  const char *s = *at;

  if (first) {
    s = skip_blanks(s);
    if (*s++ != '{')
      return -1;
    s = skip_blanks(s);
  }
  if (*s == '}')
    return *skip_blanks(s + 1) == '\0' ? 0 : -1;
  s = map_part(s, &p->key, &p->key_len);
  if (s == NULL || *s++ != ':')
    return -1;
  s = map_part(s, &p->value, &p->value_len);
  if (s == NULL || (*s != ',' && *s != '}'))
    return -1;
  if (*s == ',') {
    s = skip_blanks(s + 1);
    if (*s == '}')
      return -1;
  }
  *at = s;
  return 1;
}

static bool is_map(const char *text) {
  struct pair p;
  int rc = map_next(&text, true, &p);

  while (rc > 0)
    rc = map_next(&text, false, &p);
  return rc == 0;
}

/* ---- Values ------------------------------------------------------------- */

static bool is_number(const char *s, double *value) {
  char *end;

  if (*s == '\0' || s[strspn(s, "+-.0123456789eE")] != '\0')
    return false;
  *value = strtod(s, &end);
  return *end == '\0' && isfinite(*value);
}

static bool is_int(const char *s) {
  const char *digits = s + (*s == '-');
  size_t len = strlen(digits);

  return len > 0 && len <= 10 && digits[strspn(digits, "0123456789")] == '\0';
}

/* What it should be, for a message; NULL: it is. */
static const char *fault(enum form form, const char *value) {
  double number;

  switch (form) {
  case FORM_INT:
    return is_int(value) ? NULL : "a whole number";
  case FORM_NUMBER:
    return is_number(value, &number) ? NULL : "a number";
  case FORM_BOOLEAN:
    return strcmp(value, "true") == 0 || strcmp(value, "false") == 0
               ? NULL
               : "true or false";
  case FORM_MAP:
    return is_map(value) ? NULL : "a map of CQL: {'class': '...', ...}";
  case FORM_WORD:
    return *value != '\0' ? NULL : "a word";
  case FORM_TEXT:
  default:
    return NULL;
  }
}

static int refuse_unknown(const tally_definition *d, const char *name,
                          tally_error *e) {
  const char *names[KNOWN];
  char list[280] = "";
  size_t len = 0;

  for (size_t i = 0; i < KNOWN; i++) {
    names[i] = known[i].name;
    if (len < sizeof list)
      len += (size_t)snprintf(list + len, sizeof list - len, "%s%s",
                              i > 0 ? ", " : "", names[i]);
  }
  error_set(e, TALLY_EINVAL, "table %s has an unknown option %s; there are %s",
            d->name, name, list);
  error_did_you_mean(e, name, names, KNOWN);
  return TALLY_EINVAL;
}

static int check(const tally_definition *d, size_t i, tally_error *e) {
  const tally_table_option *o = &d->options[i];
  const struct form_of_option *k;
  const char *want;

  if (!is_given(o->name) || o->value == NULL)
    return error_set(e, TALLY_EINVAL,
                     "table %s: option %zu has no name or no value", d->name,
                     i);
  if (strcmp(o->name, "default_time_to_live") == 0)
    return error_set(e, TALLY_EINVAL,
                     "table %s: counter tables do not support "
                     "default_time_to_live: counters do not expire",
                     d->name);
  k = find(o->name);
  if (k == NULL)
    return refuse_unknown(d, o->name, e);
  for (size_t j = 0; j < i; j++)
    if (strcmp(d->options[j].name, o->name) == 0)
      return error_set(e, TALLY_EINVAL, "table %s: option %s stands twice",
                       d->name, o->name);
  want = fault(k->form, o->value);
  if (want == NULL && value_is_text(o->value, strlen(o->value)))
    return 0;
  return error_set(e, TALLY_EINVAL, "table %s: option %s is %s, not \"%s\"",
                   d->name, o->name, want != NULL ? want : "UTF-8", o->value);
}

int table_options_check(const tally_definition *d, tally_error *e) {
  int rc = 0;

  if (d->options == NULL && d->option_count > 0)
    return error_set(e, TALLY_EINVAL, "table %s: options is NULL", d->name);
  for (size_t i = 0; i < d->option_count && rc == 0; i++)
    rc = check(d, i, e);
  return rc;
}

/* ---- To and from the server --------------------------------------------- */

static void add_part(struct text *out, const char *p, size_t len) {
  text_bytes(out, "'", 1);
  text_bytes(out, p, len); /* its quotes stand twice already */
  text_bytes(out, "'", 1);
}

static void add_map(struct text *out, const char *value) {
  struct pair p;

  text_add(out, "{");
  for (bool first = true; map_next(&value, first, &p) > 0; first = false) {
    text_add(out, first ? "" : ", ");
    add_part(out, p.key, p.key_len);
    text_add(out, ": ");
    add_part(out, p.value, p.value_len);
  }
  text_add(out, "}");
}

void table_option_cql(const tally_table_option *option, struct text *out) {
  enum form form = form_of(option);

  text_add(out, option->name);
  text_add(out, " = ");
  if (form == FORM_MAP)
    add_map(out, option->value);
  else if (form == FORM_TEXT || form == FORM_WORD)
    text_literal(out, option->value);
  else
    text_add(out, option->value);
}

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_alike(const struct cell *cell, const char *s, size_t len) {
  if (cell->p == NULL || cell->len != len)
    return false;
  for (size_t i = 0; i < len; i++)
    if (lower((char)cell->p[i]) != lower(s[i]))
      return false;
  return true;
}

/* "org.apache.cassandra.db.compaction.X" is X. */
static bool is_same_class(const struct cell *cell, const char *s, size_t len) {
  struct cell last = *cell;

  if (cell->p == NULL || cell->len <= len ||
      cell->p[cell->len - len - 1] != '.')
    return is_alike(cell, s, len);
  last.p += cell->len - len;
  last.len = len;
  return is_alike(&last, s, len);
}

/* The server fills in what was not said: only what is said counts. */
static bool has_pairs(const struct cell *cell, const char *value) {
  struct pair p;

  for (bool first = true; map_next(&value, first, &p) > 0; first = false) {
    char key[64];
    struct cell is;

    if (p.key_len >= sizeof key)
      return false;
    memcpy(key, p.key, p.key_len);
    key[p.key_len] = '\0';
    if (!cell_map_find(cell, key, &is))
      return false;
    if (strcmp(key, "class") == 0 ? !is_same_class(&is, p.value, p.value_len)
                                  : !is_alike(&is, p.value, p.value_len))
      return false;
  }
  return true;
}

static bool is_value(const struct cell *cell, int type, double want) {
  struct value v;

  return cell->p != NULL && value_read(&v, (uint16_t)type, cell) &&
         (type == TALLY_DOUBLE ? v.real : (double)v.number) == want;
}

bool table_option_is(const tally_table_option *option,
                     const struct cell *cell) {
  const char *value = option->value;
  double number;

  switch (form_of(option)) {
  case FORM_MAP:
    return has_pairs(cell, value);
  case FORM_INT:
    return is_number(value, &number) && is_value(cell, TALLY_INT, number);
  case FORM_NUMBER:
    return is_number(value, &number) && is_value(cell, TALLY_DOUBLE, number);
  case FORM_BOOLEAN:
    return is_value(cell, TALLY_BOOLEAN, strcmp(value, "true") == 0);
  case FORM_WORD:
    return is_alike(cell, value, strlen(value));
  case FORM_TEXT:
  default:
    return cell_is(cell, value);
  }
}
