/* api/answer_print.c - values of an answer as text, in the way of cqlsh. */
#include "api/execute.h"

#include <inttypes.h>
#include <string.h>

static const struct net_heap system_heap;

static void print_bytes(const struct cell *cell, struct text *out) {
  const struct value v = {.type = TALLY_BLOB, .p = cell->p, .len = cell->len};

  value_print(&v, out);
}

/* Divides what is left by a unit, and writes how often that goes. */
static void print_unit(struct text *out, uint64_t *left, uint64_t unit,
                       const char *name) {
  if (*left >= unit)
    text_addf(out, "%" PRIu64 "%s", *left / unit, name);
  *left %= unit;
}

static uint64_t size_of(int64_t n) {
  return n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
}

static void print_duration(const struct duration *d, struct text *out) {
  uint64_t months = size_of(d->months), days = size_of(d->days);
  uint64_t ns = size_of(d->nanoseconds);

  text_add(out, d->months < 0 || d->days < 0 || d->nanoseconds < 0 ? "-" : "");
  print_unit(out, &months, 12, "y");
  print_unit(out, &months, 1, "mo");
  print_unit(out, &days, 1, "d");
  print_unit(out, &ns, UINT64_C(3600000000000), "h");
  print_unit(out, &ns, UINT64_C(60000000000), "m");
  print_unit(out, &ns, 1000000000, "s");
  print_unit(out, &ns, 1000000, "ms");
  print_unit(out, &ns, 1000, "us");
  print_unit(out, &ns, 1, "ns");
}

/* Inside of others cqlsh has quotes around these. */
static bool is_quoted(uint16_t type) {
  return type == TALLY_TEXT || type == TALLY_ASCII || type == TALLY_TIMESTAMP ||
         type == TALLY_INET;
}

static void print_quoted(const struct value *v, struct text *out) {
  struct text plain;

  text_init(&plain, out->heap);
  text_add(&plain, "");
  value_print(v, &plain);
  if (plain.failed) {
    text_fail(out);
    return;
  }
  text_add(out, "'");
  for (size_t i = 0; i < plain.len; i++) {
    text_add(out, plain.p[i] == '\'' ? "'" : "");
    text_bytes(out, plain.p + i, 1);
  }
  text_add(out, "'");
  net_free(plain.heap, plain.p);
}

static void print_scalar(const struct type *type, const struct cell *cell,
                         bool inside, struct text *out) {
  struct duration d;
  struct value v;

  if (type->id == TALLY_DURATION && duration_read(&d, cell))
    print_duration(&d, out);
  else if (!value_read(&v, type->id, cell))
    print_bytes(cell, out);
  else if (inside && is_quoted(type->id))
    print_quoted(&v, out);
  else
    value_print(&v, out);
}

static void print(const struct type *type, const struct cell *cell, bool inside,
                  struct text *out);

static void print_part(const struct parts *p, const struct type *type,
                       const struct cell *cell, struct text *out) {
  bool is_value = p->type->id == TALLY_MAP && p->next % 2 == 0;

  if (p->next > 1)
    text_add(out, is_value ? ": " : ", ");
  if (type->field != NULL) {
    text_add(out, type->field);
    text_add(out, ": ");
  }
  print(type, cell, true, out);
}

static const char *brackets_of(const struct type *type) {
  if (type->id == TALLY_LIST || type->dimension > 0)
    return "[]";
  return type->id == TALLY_TUPLE ? "()" : "{}";
}

/* What is cut short in its midst is bytes. */
static void print_parts(const struct type *type, const struct cell *cell,
                        struct text *out) {
  const char *brackets = brackets_of(type);
  size_t before = out->len;
  const struct type *part_type;
  struct cell part;
  struct parts p;
  int rc = -1;

  if (parts_init(&p, type, cell)) {
    text_bytes(out, brackets, 1);
    while ((rc = parts_next(&p, &part_type, &part)) > 0 && !out->failed)
      print_part(&p, part_type, &part, out);
    text_bytes(out, brackets + 1, 1);
  }
  if (rc >= 0)
    return;
  if (!out->failed)
    out->len = before;
  print_bytes(cell, out);
}

/* As deep as proto/ lets types nest. */
static void print(const struct type *type, const struct cell *cell, bool inside,
                  struct text *out) {
  if (cell->p == NULL)
    text_add(out, inside ? "null" : "");
  else if (parts_have(type))
    print_parts(type, cell, out);
  else
    print_scalar(type, cell, inside, out);
}

int tally_value_print(const tally_value *value, char *out, size_t out_size) {
  const struct cell cell = {value->p, value->len};
  struct text text;
  size_t len;

  text_init(&text, &system_heap);
  text_add(&text, "");
  print(value->type, &cell, false, &text);
  if (text.failed)
    return TALLY_ENOMEM;
  if (out_size > 0) {
    len = text.len < out_size ? text.len : out_size - 1;
    memcpy(out, text.p, len);
    out[len] = '\0';
  }
  net_free(&system_heap, text.p);
  return (int)text.len;
}
