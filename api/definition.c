/* api/definition.c - the rules of a counter table, checked before any I/O. */
#include "api/schema.h"

#include <stdio.h>
#include <string.h>

static bool is_key(const tally_column *c) {
  return c->kind == TALLY_KIND_PARTITION_KEY ||
         c->kind == TALLY_KIND_CLUSTERING_KEY;
}

static int check_kind(const tally_definition *d, const tally_column *c,
                      tally_error *e) {
  if (c->kind < TALLY_KIND_PARTITION_KEY || c->kind > TALLY_KIND_COUNTER)
    return error_set(e, TALLY_EINVAL, "table %s: column %s has no kind (%d)",
                     d->name, c->name, c->kind);
  if (type_find(c->type) == NULL)
    return error_set(e, TALLY_EINVAL,
                     "table %s: column %s has an unknown type (%d)", d->name,
                     c->name, c->type);
  if (is_key(c) && c->type == TALLY_TYPE_COUNTER)
    return error_set(e, TALLY_EINVAL,
                     "table %s: column %s: a counter cannot be part of the "
                     "primary key",
                     d->name, c->name);
  if (c->order != TALLY_ASC && c->order != TALLY_DESC)
    return error_set(e, TALLY_EINVAL,
                     "table %s: column %s has an unknown order (%d): "
                     "TALLY_ASC or TALLY_DESC",
                     d->name, c->name, c->order);
  return 0;
}

static int check_member(const tally_definition *d, const tally_column *c,
                        tally_error *e) {
  const struct type_info *type = type_find(c->type);
  char other[32] = "";

  if (type->sizes[1] != 0)
    snprintf(other, sizeof other, "or %zu ", type->sizes[1]);
  if (!type_takes(type, c->size))
    return error_set(e, TALLY_EINVAL,
                     "table %s: column %s is %s and needs a member of %zu "
                     "%sbytes, not %zu",
                     d->name, c->name, type->name, type->sizes[0], other,
                     c->size);
  if (c->offset > d->row_size || d->row_size - c->offset < c->size)
    return error_set(e, TALLY_EINVAL,
                     "table %s: column %s lies outside the row's %zu bytes",
                     d->name, c->name, d->row_size);
  return 0;
}

static int check_column(const tally_definition *d, size_t i, tally_error *e) {
  const tally_column *c = &d->columns[i];
  int rc;

  if (c->struct_size != sizeof *c)
    return error_set(e, TALLY_EINVAL,
                     "table %s: column %zu was not made with the macros of "
                     "tally.h %s",
                     d->name, i, TALLY_VERSION);
  if (c->name == NULL || c->name[0] == '\0')
    return error_set(e, TALLY_EINVAL, "table %s: column %zu has no name",
                     d->name, i);
  if (!value_is_text(c->name, strlen(c->name)))
    return error_set(e, TALLY_EINVAL,
                     "table %s: the name of column %zu is not UTF-8", d->name,
                     i);
  for (size_t j = 0; j < i; j++)
    if (strcmp(d->columns[j].name, c->name) == 0)
      return error_set(e, TALLY_EINVAL, "table %s: column %s stands twice",
                       d->name, c->name);
  rc = check_kind(d, c, e);
  return rc != 0 ? rc : check_member(d, c, e);
}

/* The reference's sentence, with every column it is about. */
static int refuse_plain_columns(const tally_definition *d, tally_error *e) {
  char names[200] = "";
  size_t len = 0;

  for (size_t i = 0; i < d->column_count; i++) {
    const tally_column *c = &d->columns[i];

    if (is_key(c) || c->type == TALLY_TYPE_COUNTER)
      continue;
    len += (size_t)snprintf(names + len, sizeof names - len, "%s%s",
                            len > 0 ? ", " : "", c->name);
    if (len >= sizeof names)
      break;
  }
  if (len == 0)
    return 0;
  return error_set(e, TALLY_EINVAL,
                   "Counter tables can only have counter and primary key "
                   "columns. Non-counter data columns found: %s",
                   names);
}

static size_t count_kind(const tally_definition *d, int kind) {
  size_t n = 0;

  for (size_t i = 0; i < d->column_count; i++)
    n += d->columns[i].kind == kind;
  return n;
}

static int definition_check(const tally_definition *d, tally_error *e) {
  size_t counters, statics;
  int rc = 0;

  if (d->name == NULL || d->name[0] == '\0')
    return error_set(e, TALLY_EINVAL, "the definition names no table");
  if (d->columns == NULL && d->column_count > 0)
    return error_set(e, TALLY_EINVAL, "table %s: columns is NULL", d->name);
  if (d->column_count > UINT16_MAX)
    return error_set(e, TALLY_EINVAL, "table %s: %zu columns are too many",
                     d->name, d->column_count);
  for (size_t i = 0; i < d->column_count && rc == 0; i++)
    rc = check_column(d, i, e);
  if (rc == 0)
    rc = refuse_plain_columns(d, e);
  if (rc == 0)
    rc = table_options_check(d, e);
  if (rc != 0)
    return rc;
  statics = count_kind(d, TALLY_KIND_STATIC_COUNTER);
  counters = statics + count_kind(d, TALLY_KIND_COUNTER);
  if (count_kind(d, TALLY_KIND_PARTITION_KEY) == 0)
    return error_set(e, TALLY_EINVAL, "table %s has no partition key column",
                     d->name);
  if (counters == 0)
    return error_set(e, TALLY_EINVAL, "table %s has no counter column",
                     d->name);
  if (counters > COUNTERS_MAX)
    return error_set(e, TALLY_EINVAL,
                     "table %s has %zu counters; %d are the most", d->name,
                     counters, COUNTERS_MAX);
  if (statics > 0 && count_kind(d, TALLY_KIND_CLUSTERING_KEY) == 0)
    return error_set(e, TALLY_EINVAL,
                     "table %s has a static counter and no clustering key: "
                     "without one every counter is the partition's",
                     d->name);
  return 0;
}

/* ---- The name ----------------------------------------------------------- */

static bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

static bool is_small(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* HTTPPageHits2 is http_page_hits2: a word begins with a capital that follows a
 * small letter or a digit, or that a small letter follows. */
static void snake_case(const char *type, char name[DEFINITION_NAME]) {
  const char *s = strncmp(type, "struct ", 7) == 0 ? type + 7 : type;
  size_t len = 0;

  for (size_t i = 0; s[i] != '\0' && len + 2 < DEFINITION_NAME; i++) {
    bool begins = i > 0 && is_upper(s[i]) && s[i - 1] != '_' &&
                  (is_small(s[i - 1]) || (s[i + 1] >= 'a' && s[i + 1] <= 'z'));

    if (begins)
      name[len++] = '_';
    name[len++] = is_upper(s[i]) ? (char)(s[i] - 'A' + 'a') : s[i];
  }
  name[len] = '\0';
}

int definition_read(tally_definition *to, const tally_definition *d,
                    char name[DEFINITION_NAME], tally_error *e) {
  if (d == NULL || d->struct_size != sizeof *d)
    return error_set(e, TALLY_EINVAL,
                     "the definition was not made with TALLY_DEFINITION");
  *to = *d;
  if (d->name == NULL && d->type_name != NULL) {
    snake_case(d->type_name, name);
    to->name = name;
  }
  return definition_check(to, e);
}

int tally_definition_check(const tally_definition *definition,
                           tally_error *error) {
  char name[DEFINITION_NAME];
  tally_definition d;

  return definition_read(&d, definition, name, error);
}
