/* proto/type.c - type options and Java class expressions.  Both nest, so both
 * are read by functions that call themselves, CQL_TYPE_DEPTH_MAX deep at
 * most. */
#include "proto/type.h"

#include <string.h>

static const struct {
  const char *class_name; /* without the package */
  uint16_t id;
} k_classes[] = {
    {"AsciiType", CQL_TYPE_ASCII},
    {"LongType", CQL_TYPE_BIGINT},
    {"BytesType", CQL_TYPE_BLOB},
    {"BooleanType", CQL_TYPE_BOOLEAN},
    {"CounterColumnType", CQL_TYPE_COUNTER},
    {"DecimalType", CQL_TYPE_DECIMAL},
    {"DoubleType", CQL_TYPE_DOUBLE},
    {"FloatType", CQL_TYPE_FLOAT},
    {"Int32Type", CQL_TYPE_INT},
    {"TimestampType", CQL_TYPE_TIMESTAMP},
    {"DateType", CQL_TYPE_TIMESTAMP}, /* its name before Cassandra 2 */
    {"UUIDType", CQL_TYPE_UUID},
    {"UTF8Type", CQL_TYPE_TEXT},
    {"IntegerType", CQL_TYPE_VARINT},
    {"TimeUUIDType", CQL_TYPE_TIMEUUID},
    {"InetAddressType", CQL_TYPE_INET},
    {"SimpleDateType", CQL_TYPE_DATE},
    {"TimeType", CQL_TYPE_TIME},
    {"ShortType", CQL_TYPE_SMALLINT},
    {"ByteType", CQL_TYPE_TINYINT},
    {"DurationType", CQL_TYPE_DURATION},
};

static bool is_space(uint8_t c) {
  return c == ' ' || c == '\t';
}

static struct cql_span trim(struct cql_span s) {
  while (s.len > 0 && is_space(s.p[0])) {
    s.p++;
    s.len--;
  }
  while (s.len > 0 && is_space(s.p[s.len - 1]))
    s.len--;
  return s;
}

/* The class name without spaces around it and without Cassandra's package,
 * which servers write out and people leave out. */
static struct cql_span bare_class(struct cql_span s) {
  struct cql_span package = cql_span_of("org.apache.cassandra.db.marshal.");

  s = trim(s);
  if (s.len > package.len && memcmp(s.p, package.p, package.len) == 0) {
    s.p += package.len;
    s.len -= package.len;
  }
  return s;
}

static bool parse_dimension(struct cql_span s, uint32_t *out) {
  uint32_t n = 0;

  s = trim(s);
  for (size_t i = 0; i < s.len; i++) {
    if (s.p[i] < '0' || s.p[i] > '9' || n > INT32_MAX / 10)
      return false;
    n = n * 10 + (uint32_t)(s.p[i] - '0');
  }
  *out = n;
  return n > 0 && n <= INT32_MAX;
}

static bool is_balanced(struct cql_span s) {
  size_t open = 0;

  for (size_t i = 0; i < s.len; i++) {
    if (s.p[i] == '(')
      open++;
    if (s.p[i] == ')' && open-- == 0)
      return false;
  }
  return open == 0;
}

/* "VectorType( element , dimension )": the dimension is what follows the last
 * comma, since it has none itself.  False for anything else. */
static bool split_vector(struct cql_span s, struct cql_span *element,
                         uint32_t *dimension) {
  size_t open = 0, comma;

  s = bare_class(s);
  while (open < s.len && s.p[open] != '(')
    open++;
  if (open == s.len || s.p[s.len - 1] != ')' ||
      !cql_span_equal(trim((struct cql_span){s.p, open}),
                      cql_span_of("VectorType")))
    return false;
  for (comma = s.len - 1; comma > open && s.p[comma] != ',';)
    comma--;
  if (comma == open)
    return false;
  *element = trim((struct cql_span){s.p + open + 1, comma - open - 1});
  return element->len > 0 && is_balanced(*element) &&
         parse_dimension((struct cql_span){s.p + comma + 1, s.len - comma - 2},
                         dimension);
}

static uint16_t simple_class_id(struct cql_span s) {
  s = bare_class(s);
  for (size_t i = 0; i < sizeof k_classes / sizeof k_classes[0]; i++)
    if (cql_span_equal(s, cql_span_of(k_classes[i].class_name)))
      return k_classes[i].id;
  return CQL_TYPE_CUSTOM;
}

static enum cql_rc decode_class(struct cql_span class_name,
                                struct cql_type *out, unsigned depth) {
  struct cql_type element;

  memset(out, 0, sizeof *out);
  out->name = class_name;
  if (!split_vector(class_name, &out->vector_element, &out->vector_dimension)) {
    out->vector_element = (struct cql_span){NULL, 0};
    out->vector_dimension = 0;
    out->id = simple_class_id(class_name);
    return CQL_OK;
  }
  if (depth >= CQL_TYPE_DEPTH_MAX)
    return CQL_EDEPTH;
  out->id = CQL_TYPE_CUSTOM;
  out->part_count = 1;
  cql_reader_init(&out->parts, out->vector_element.p, out->vector_element.len);
  return decode_class(out->vector_element, &element, depth + 1);
}

enum cql_rc cql_type_from_class(struct cql_span class_name,
                                struct cql_type *out) {
  return decode_class(class_name, out, 0);
}

static enum cql_rc decode_option(struct cql_reader *r, struct cql_type *out,
                                 unsigned depth);

/* Step over the parts of a type that has some, so that whoever walks them
 * later meets checked bytes. */
static enum cql_rc decode_parts(struct cql_reader *r, struct cql_type *out,
                                uint16_t count, unsigned depth) {
  const uint8_t *start = r->p;
  size_t least = out->id == CQL_TYPE_UDT ? 4 : 2;
  struct cql_type part;
  enum cql_rc rc;

  if (r->bad || count > cql_left(r) / least) {
    r->bad = true;
    return CQL_ESHORT;
  }
  if (depth >= CQL_TYPE_DEPTH_MAX)
    return CQL_EDEPTH;
  for (size_t i = 0; i < count; i++) {
    if (out->id == CQL_TYPE_UDT)
      cql_get_string(r);
    rc = decode_option(r, &part, depth + 1);
    if (rc != CQL_OK)
      return rc;
  }
  out->part_count = count;
  cql_reader_init(&out->parts, start, (size_t)(r->p - start));
  return CQL_OK;
}

static enum cql_rc decode_option(struct cql_reader *r, struct cql_type *out,
                                 unsigned depth) {
  struct cql_span class_name;

  memset(out, 0, sizeof *out);
  out->id = cql_get_short(r);
  if (r->bad)
    return CQL_ESHORT;
  switch (out->id) {
  case CQL_TYPE_CUSTOM:
    class_name = cql_get_string(r);
    return r->bad ? CQL_ESHORT : decode_class(class_name, out, depth);
  case CQL_TYPE_LIST:
  case CQL_TYPE_SET:
    return decode_parts(r, out, 1, depth);
  case CQL_TYPE_MAP:
    return decode_parts(r, out, 2, depth);
  case CQL_TYPE_UDT:
    out->keyspace = cql_get_string(r);
    out->name = cql_get_string(r);
    return decode_parts(r, out, cql_get_short(r), depth);
  case CQL_TYPE_TUPLE:
    return decode_parts(r, out, cql_get_short(r), depth);
  default:
    return CQL_OK;
  }
}

enum cql_rc cql_type_decode(struct cql_reader *r, struct cql_type *out) {
  return decode_option(r, out, 0);
}

enum cql_rc cql_type_next_part(const struct cql_type *type,
                               struct cql_reader *parts, struct cql_type *part,
                               struct cql_span *field) {
  struct cql_span name = {NULL, 0};

  if (cql_left(parts) == 0)
    return CQL_END;
  if (type->id == CQL_TYPE_UDT)
    name = cql_get_string(parts);
  if (field != NULL)
    *field = name;
  if (type->vector_dimension == 0)
    return cql_type_decode(parts, part);
  parts->p = parts->end;
  return cql_type_from_class(type->vector_element, part);
}

enum cql_rc cql_type_part(const struct cql_type *type, uint16_t index,
                          struct cql_type *part, struct cql_span *field) {
  struct cql_reader parts = type->parts;
  enum cql_rc rc = CQL_OK;

  for (size_t i = 0; i <= index && rc == CQL_OK; i++)
    rc = cql_type_next_part(type, &parts, part, field);
  return rc;
}

static uint32_t scalar_fixed_len(uint16_t id) {
  switch (id) {
  case CQL_TYPE_BOOLEAN:
    return 1;
  case CQL_TYPE_FLOAT:
  case CQL_TYPE_INT:
    return 4;
  case CQL_TYPE_BIGINT:
  case CQL_TYPE_DOUBLE:
  case CQL_TYPE_TIMESTAMP:
    return 8;
  case CQL_TYPE_UUID:
  case CQL_TYPE_TIMEUUID:
    return 16;
  default:
    return 0;
  }
}

/* A vector of fixed elements is fixed itself. */
uint32_t cql_type_fixed_len(const struct cql_type *type) {
  struct cql_type t = *type;
  uint64_t len = 1;

  while (t.vector_dimension > 0) {
    len *= t.vector_dimension;
    if (len > UINT32_MAX)
      len = UINT32_MAX;
    if (cql_type_from_class(t.vector_element, &t) != CQL_OK)
      return 0;
  }
  len *= scalar_fixed_len(t.id);
  return len < UINT32_MAX ? (uint32_t)len : UINT32_MAX;
}

const char *cql_type_name(uint16_t id) {
  static const char *const scalars[] = {
      "custom",  "ascii",    "bigint",  "blob",     "boolean", "counter",
      "decimal", "double",   "float",   "int",      "text",    "timestamp",
      "uuid",    "text",     "varint",  "timeuuid", "inet",    "date",
      "time",    "smallint", "tinyint", "duration"};

  if (id < sizeof scalars / sizeof scalars[0])
    return scalars[id];
  switch (id) {
  case CQL_TYPE_LIST:
    return "list";
  case CQL_TYPE_MAP:
    return "map";
  case CQL_TYPE_SET:
    return "set";
  case CQL_TYPE_UDT:
    return "udt";
  case CQL_TYPE_TUPLE:
    return "tuple";
  default:
    return "unknown";
  }
}
