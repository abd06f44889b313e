/* tests/fuzz/plain_type.c - type options (section 4.2.5.2) and the names of
 * Java classes, as trees. */
#include <string.h>

#include "tests/fuzz/plain_parts.h"

enum { DEPTH_MAX = 32, TYPES = 1 << 16 };

static struct plain_type types[TYPES];
static size_t type_count;

void plain_forget_types(void) {
  type_count = 0;
}

static struct plain_type *new_type(int id) {
  FUZZ_CHECK(type_count < TYPES);
  memset(&types[type_count], 0, sizeof types[0]);
  types[type_count].id = id;
  return &types[type_count++];
}

/* ---- Classes ------------------------------------------------------------ */

static const char *const k_names[] = {
    [0x01] = "AsciiType",         [0x02] = "LongType",
    [0x03] = "BytesType",         [0x04] = "BooleanType",
    [0x05] = "CounterColumnType", [0x06] = "DecimalType",
    [0x07] = "DoubleType",        [0x08] = "FloatType",
    [0x09] = "Int32Type",         [0x0a] = "DateType",
    [0x0b] = "TimestampType",     [0x0c] = "UUIDType",
    [0x0d] = "UTF8Type",          [0x0e] = "IntegerType",
    [0x0f] = "TimeUUIDType",      [0x10] = "InetAddressType",
    [0x11] = "SimpleDateType",    [0x12] = "TimeType",
    [0x13] = "ShortType",         [0x14] = "ByteType",
    [0x15] = "DurationType",
};

/* From `from` to `to`, without blanks at both ends. */
static struct plain_bytes part_of(struct plain_bytes b, size_t from,
                                  size_t to) {
  while (from < to && (b.p[from] == ' ' || b.p[from] == '\t'))
    from++;
  while (to > from && (b.p[to - 1] == ' ' || b.p[to - 1] == '\t'))
    to--;
  return (struct plain_bytes){b.p + from, to - from};
}

static struct plain_bytes without_package(struct plain_bytes b) {
  static const char package[] = "org.apache.cassandra.db.marshal.";
  size_t n = sizeof package - 1;

  b = part_of(b, 0, b.len);
  if (b.len > n && memcmp(b.p, package, n) == 0)
    b = (struct plain_bytes){b.p + n, b.len - n};
  return b;
}

/* Every ")" has its "(" before it. */
static bool closes(struct plain_bytes b) {
  long depth = 0;

  for (size_t i = 0; i < b.len && depth >= 0; i++)
    depth += b.p[i] == '(' ? 1 : b.p[i] == ')' ? -1 : 0;
  return depth == 0;
}

/* 0: no number, or none that an int holds. */
static uint32_t dimension_of(struct plain_bytes b) {
  uint64_t n = 0;

  for (size_t i = 0; i < b.len; i++) {
    if (b.p[i] < '0' || b.p[i] > '9' || n > INT32_MAX)
      return 0;
    n = n * 10 + (uint64_t)(b.p[i] - '0');
  }
  return n <= INT32_MAX ? (uint32_t)n : 0;
}

/* VectorType(ELEMENT, DIMENSION) */
static bool is_vector(struct plain_bytes b, struct plain_bytes *element,
                      uint32_t *dimension) {
  size_t open = 0, comma = 0;

  b = without_package(b);
  while (open < b.len && b.p[open] != '(')
    open++;
  if (open == b.len || b.p[b.len - 1] != ')' ||
      !plain_is(part_of(b, 0, open), "VectorType"))
    return false;
  for (size_t i = open; i < b.len; i++)
    if (b.p[i] == ',')
      comma = i;
  if (comma == 0)
    return false;
  *element = part_of(b, open + 1, comma);
  *dimension = dimension_of(part_of(b, comma + 1, b.len - 1));
  return element->len > 0 && closes(*element) && *dimension > 0;
}

static struct plain_type *class_at(struct plain_bytes name, unsigned depth) {
  struct plain_bytes element, bare = without_package(name);
  struct plain_type *t = new_type(0);

  t->name = name;
  if (is_vector(name, &element, &t->dimension)) {
    if (depth >= DEPTH_MAX)
      return NULL;
    t->parts = class_at(element, depth + 1);
    return t->parts != NULL ? t : NULL;
  }
  t->dimension = 0;
  for (int i = 1; i < (int)(sizeof k_names / sizeof k_names[0]); i++)
    if (plain_is(bare, k_names[i]))
      t->id = i == 0x0a ? 0x0b : i;
  return t;
}

struct plain_type *plain_class(struct plain *p, struct plain_bytes name) {
  (void)p;
  return class_at(name, 0);
}

/* ---- Options ------------------------------------------------------------ */

static struct plain_type *type_at(struct plain *p, unsigned depth) {
  struct plain_type *t = new_type((int)plain_number(p, 2)), **end = &t->parts;
  uint64_t count = 0;

  if (p->broken)
    return NULL;
  switch (t->id) {
  case 0x00:
    t->name = plain_sized(p, 2);
    return p->broken ? NULL : class_at(t->name, depth);
  case 0x20:
  case 0x22:
    count = 1;
    break;
  case 0x21:
    count = 2;
    break;
  case 0x30:
    t->keyspace = plain_sized(p, 2);
    t->name = plain_sized(p, 2);
    count = plain_number(p, 2);
    break;
  case 0x31:
    count = plain_number(p, 2);
    break;
  default:
    return t;
  }
  if (p->broken || depth >= DEPTH_MAX)
    return NULL;
  for (uint64_t i = 0; i < count; i++, end = &(*end)->next) {
    struct plain_bytes field = {NULL, 0};

    if (t->id == 0x30)
      field = plain_sized(p, 2);
    *end = type_at(p, depth + 1);
    if (*end == NULL)
      return NULL;
    (*end)->field = field;
  }
  return t;
}

struct plain_type *plain_type(struct plain *p) {
  return type_at(p, 0);
}

void plain_tell_type(struct story *s, const struct plain_type *type) {
  tell(s, "(");
  tell_number(s, type->id);
  tell_bytes(s, type->keyspace.p, type->keyspace.len);
  tell_bytes(s, type->name.p, type->name.len);
  tell_number(s, type->dimension);
  for (const struct plain_type *t = type->parts; t != NULL; t = t->next) {
    tell_bytes(s, t->field.p, t->field.len);
    plain_tell_type(s, t);
  }
  tell(s, ")");
}
