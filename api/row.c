/* api/row.c - rows by column name: memory in the shape of the table's
 * definition, and what its pointers point to. */
#include "api/internal.h"

#include <float.h>
#include <string.h>

struct tally_row {
  tally_table *table;
  void *data;  /* what tally_increment() takes */
  char **kept; /* by column: what the data's pointers point to ... */
  char **text; /* ... and what tally_row_print() made of it */
};

int tally_row_new(tally_row **row, tally_table *table, tally_error *error) {
  const struct net_heap *heap = &table->session->heap;
  tally_row *r = net_alloc(heap, sizeof *r);

  *row = NULL;
  if (r == NULL)
    return error_no_memory(error);
  r->table = table;
  r->data = net_alloc(heap, table->row_size);
  r->kept = net_alloc(heap, sizeof *r->kept * table->column_count);
  r->text = net_alloc(heap, sizeof *r->text * table->column_count);
  if (r->data == NULL || r->kept == NULL || r->text == NULL) {
    tally_row_free(r);
    return error_no_memory(error);
  }
  *row = r;
  return 0;
}

static void drop(const tally_row *row, char **pieces) {
  for (size_t i = 0; pieces != NULL && i < row->table->column_count; i++) {
    net_free(&row->table->session->heap, pieces[i]);
    pieces[i] = NULL;
  }
}

void tally_row_free(tally_row *row) {
  const struct net_heap *heap;

  if (row == NULL)
    return;
  heap = &row->table->session->heap;
  drop(row, row->kept);
  drop(row, row->text);
  net_free(heap, row->kept);
  net_free(heap, row->text);
  net_free(heap, row->data);
  net_free(heap, row);
}

void tally_row_clear(tally_row *row) {
  drop(row, row->kept);
  memset(row->data, 0, row->table->row_size);
}

void *tally_row_data(tally_row *row) {
  return row->data;
}

/* ---- Columns ------------------------------------------------------------ */

static int find(const tally_row *row, const char *name, size_t *index,
                tally_error *e) {
  return table_find(row->table, name, index, e);
}

/* What a setter or getter is for; its types are bits. */
struct taken {
  uint32_t types;
  const char *name;
};

#define BIT(type) (UINT32_C(1) << (type))

static const struct taken as_text = {BIT(TALLY_TEXT) | BIT(TALLY_ASCII),
                                     "text"};
static const struct taken as_number = {
    BIT(TALLY_TINYINT) | BIT(TALLY_SMALLINT) | BIT(TALLY_INT) |
        BIT(TALLY_BIGINT) | BIT(TALLY_VARINT) | BIT(TALLY_TYPE_COUNTER) |
        BIT(TALLY_TIMESTAMP) | BIT(TALLY_DATE) | BIT(TALLY_TIME),
    "a number"};
static const struct taken as_real = {BIT(TALLY_FLOAT) | BIT(TALLY_DOUBLE),
                                     "a floating-point number"};
static const struct taken as_boolean = {BIT(TALLY_BOOLEAN), "a boolean"};
static const struct taken as_bytes = {BIT(TALLY_TEXT) | BIT(TALLY_ASCII) |
                                          BIT(TALLY_BLOB) | BIT(TALLY_VARINT),
                                      "bytes"};
static const struct taken as_uuid = {BIT(TALLY_UUID) | BIT(TALLY_TIMEUUID),
                                     "a UUID"};
static const struct taken as_inet = {BIT(TALLY_INET), "an address"};
static const struct taken as_decimal = {BIT(TALLY_DECIMAL), "a decimal"};

static int find_of_type(const tally_row *row, const char *name,
                        const struct taken *taken, size_t *index,
                        tally_error *e) {
  int rc = find(row, name, index, e);
  const tally_column *c;

  if (rc != 0)
    return rc;
  c = &row->table->columns[*index];
  if ((taken->types & BIT(c->type)) == 0)
    return error_set(e, TALLY_ETYPE, "%s: column %s is %s, not %s",
                     row->table->qualified, name, tally_type_name(c->type),
                     taken->name);
  return 0;
}

static void *member(const tally_row *row, size_t index) {
  return (char *)row->data + row->table->columns[index].offset;
}

/* ---- Setting ------------------------------------------------------------ */

static int refuse(const tally_row *row, size_t i, int code, const char *why,
                  tally_error *e) {
  return error_set(e, code, "%s: column %s %s", row->table->qualified,
                   row->table->columns[i].name, why);
}

/* A copy of what the value points to, with a NUL, is what the member points
 * to.  Without a pointer nothing is kept. */
static int store(tally_row *row, size_t i, struct value *v, tally_error *e) {
  const tally_column *c = &row->table->columns[i];
  const struct net_heap *heap = &row->table->session->heap;
  char *copy = NULL;

  if (v->p != NULL) {
    copy = net_alloc(heap, v->len + 1);
    if (copy == NULL)
      return error_no_memory(e);
    if (v->len > 0)
      memcpy(copy, v->p, v->len);
    v->p = (const uint8_t *)copy;
  }
  if (!member_store(c, member(row, i), v)) {
    net_free(heap, copy);
    return refuse(row, i, TALLY_ETYPE,
                  v->is_long
                      ? "has a member of 64 bits, and it takes more"
                      : "has a member that ends at a NUL byte, and there "
                        "is one in it",
                  e);
  }
  net_free(heap, row->kept[i]);
  row->kept[i] = copy;
  return 0;
}

static int set(tally_row *row, const char *column, const struct taken *taken,
               struct value *v, tally_error *e) {
  const char *why;
  size_t i;
  int rc = find_of_type(row, column, taken, &i, e);

  if (rc != 0)
    return rc;
  v->type = (uint16_t)row->table->columns[i].type;
  why = value_fault(v);
  if (why != NULL)
    return refuse(row, i, TALLY_EINVAL, why, e);
  if (v->type == TALLY_VARINT)
    value_read(v, TALLY_VARINT, &(struct cell){v->p, v->len});
  return store(row, i, v, e);
}

/* No value: as after tally_row_clear(). */
static int unset_at(tally_row *row, size_t i) {
  memset(member(row, i), 0, row->table->columns[i].size);
  net_free(&row->table->session->heap, row->kept[i]);
  row->kept[i] = NULL;
  return 0;
}

static int unset(tally_row *row, const char *column, const struct taken *taken,
                 tally_error *e) {
  size_t i;
  int rc = find_of_type(row, column, taken, &i, e);

  return rc == 0 ? unset_at(row, i) : rc;
}

int tally_row_set_text(tally_row *row, const char *column, const char *value,
                       tally_error *error) {
  struct value v = {.p = (const uint8_t *)value};

  if (value == NULL)
    return unset(row, column, &as_text, error);
  v.len = strlen(value);
  return set(row, column, &as_text, &v, error);
}

int tally_row_set_int64(tally_row *row, const char *column, int64_t value,
                        tally_error *error) {
  struct value v = {.number = value};
  uint8_t bytes[sizeof value];
  size_t i;
  int rc = find_of_type(row, column, &as_number, &i, error);
  const tally_column *c;

  if (rc != 0)
    return rc;
  c = &row->table->columns[i];
  v.type = (uint16_t)c->type;
  if (value_fault(&v) != NULL)
    return error_set(error, TALLY_ERANGE,
                     "%s: column %s is %s, and %lld does not fit",
                     row->table->qualified, column, tally_type_name(c->type),
                     (long long)value);
  if (column_has_bytes(c)) {
    for (size_t n = 0; n < sizeof bytes; n++)
      bytes[n] = (uint8_t)((uint64_t)value >> 8 * (sizeof bytes - 1 - n));
    v.p = bytes;
    v.len = sizeof bytes;
  }
  return store(row, i, &v, error);
}

int tally_row_set_double(tally_row *row, const char *column, double value,
                         tally_error *error) {
  struct value v = {.real = value};
  size_t i;
  int rc = find_of_type(row, column, &as_real, &i, error);

  if (rc != 0)
    return rc;
  if (value != value)
    return refuse(row, i, TALLY_EINVAL, "is NaN, which equals nothing", error);
  if (row->table->columns[i].type == TALLY_FLOAT && value - value == 0 &&
      (value > FLT_MAX || value < -FLT_MAX))
    return refuse(row, i, TALLY_ERANGE, "is float, and that is out of range",
                  error);
  return set(row, column, &as_real, &v, error);
}

int tally_row_set_boolean(tally_row *row, const char *column, int value,
                          tally_error *error) {
  struct value v = {.number = value != 0};

  return set(row, column, &as_boolean, &v, error);
}

int tally_row_set_bytes(tally_row *row, const char *column, tally_bytes value,
                        tally_error *error) {
  struct value v = {.p = value.p, .len = value.len};

  if (value.p == NULL)
    return unset(row, column, &as_bytes, error);
  return set(row, column, &as_bytes, &v, error);
}

int tally_row_set_uuid(tally_row *row, const char *column,
                       const tally_uuid *value, tally_error *error) {
  struct value v = {.len = sizeof value->bytes};

  if (value == NULL)
    return unset(row, column, &as_uuid, error);
  v.p = value->bytes;
  return set(row, column, &as_uuid, &v, error);
}

int tally_row_set_inet(tally_row *row, const char *column,
                       const tally_inet *value, tally_error *error) {
  struct value v = {0};

  if (value == NULL || value->len == 0)
    return unset(row, column, &as_inet, error);
  v.p = value->bytes;
  v.len = value->len;
  return set(row, column, &as_inet, &v, error);
}

int tally_row_set_decimal(tally_row *row, const char *column,
                          tally_decimal value, tally_error *error) {
  struct value v = {
      .scale = value.scale, .p = value.unscaled.p, .len = value.unscaled.len};

  if (v.p == NULL)
    return unset(row, column, &as_decimal, error);
  return set(row, column, &as_decimal, &v, error);
}

int tally_row_parse(tally_row *row, const char *column, const char *text,
                    tally_error *error) {
  const struct net_heap *heap = &row->table->session->heap;
  char fault[FAULT_TEXT];
  struct value v;
  uint8_t *room;
  size_t i;
  int rc = find(row, column, &i, error);

  if (rc != 0)
    return rc;
  if (text == NULL)
    return unset_at(row, i);
  room = net_alloc(heap, PARSE_ROOM(strlen(text)));
  if (room == NULL)
    return error_no_memory(error);
  if (value_parse(&v, row->table->columns[i].type, text, room, fault))
    rc = store(row, i, &v, error);
  else
    rc = error_set(error, TALLY_EINVAL, "%s: column %s: \"%.100s\" %s",
                   row->table->qualified, column, text, fault);
  net_free(heap, room);
  return rc;
}

/* ---- Getting ------------------------------------------------------------ */

/* What has no value has no bytes. */
static int get(const tally_row *row, const char *column,
               const struct taken *taken, struct value *v, tally_error *e) {
  size_t i;
  int rc = find_of_type(row, column, taken, &i, e);

  if (rc == 0)
    member_load(&row->table->columns[i], member(row, i), v);
  return rc;
}

int tally_row_get_text(const tally_row *row, const char *column,
                       const char **value, tally_error *error) {
  struct value v;
  int rc = get(row, column, &as_text, &v, error);

  if (rc != 0)
    return rc;
  if (v.len > 0 && memchr(v.p, '\0', v.len) != NULL)
    return error_set(error, TALLY_ETYPE,
                     "%s: column %s has a NUL byte: get it as bytes",
                     row->table->qualified, column);
  *value = (const char *)v.p;
  return 0;
}

int tally_row_get_int64(const tally_row *row, const char *column,
                        int64_t *value, tally_error *error) {
  struct value v;
  int rc = get(row, column, &as_number, &v, error);

  if (rc != 0)
    return rc;
  if (v.p != NULL) {
    const struct cell cell = {v.p, v.len};

    if (!value_read(&v, TALLY_VARINT, &cell) || v.is_long)
      return error_set(error, TALLY_ERANGE,
                       "%s: column %s has more than 64 bits: get it as bytes",
                       row->table->qualified, column);
  }
  *value = v.number;
  return 0;
}

int tally_row_get_double(const tally_row *row, const char *column,
                         double *value, tally_error *error) {
  struct value v;
  int rc = get(row, column, &as_real, &v, error);

  if (rc == 0)
    *value = v.real;
  return rc;
}

int tally_row_get_boolean(const tally_row *row, const char *column, int *value,
                          tally_error *error) {
  struct value v;
  int rc = get(row, column, &as_boolean, &v, error);

  if (rc == 0)
    *value = v.number != 0;
  return rc;
}

int tally_row_get_bytes(const tally_row *row, const char *column,
                        tally_bytes *value, tally_error *error) {
  struct value v;
  int rc = get(row, column, &as_bytes, &v, error);

  if (rc != 0)
    return rc;
  if (v.type == TALLY_VARINT && v.p == NULL && v.number != 0)
    return error_set(error, TALLY_ETYPE,
                     "%s: column %s has a member of 64 bits: get it as one",
                     row->table->qualified, column);
  value->p = v.p;
  value->len = v.len;
  return 0;
}

int tally_row_get_uuid(const tally_row *row, const char *column,
                       tally_uuid *value, tally_error *error) {
  struct value v;
  int rc = get(row, column, &as_uuid, &v, error);

  if (rc == 0)
    memcpy(value->bytes, v.p, sizeof value->bytes);
  return rc;
}

int tally_row_get_inet(const tally_row *row, const char *column,
                       tally_inet *value, tally_error *error) {
  struct value v;
  int rc = get(row, column, &as_inet, &v, error);

  if (rc != 0)
    return rc;
  if (v.len > sizeof value->bytes)
    return error_set(error, TALLY_ETYPE,
                     "%s: column %s is no address: %zu bytes",
                     row->table->qualified, column, v.len);
  memset(value, 0, sizeof *value);
  memcpy(value->bytes, v.p, v.len);
  value->len = (uint8_t)v.len;
  return 0;
}

int tally_row_get_decimal(const tally_row *row, const char *column,
                          tally_decimal *value, tally_error *error) {
  struct value v;
  int rc = get(row, column, &as_decimal, &v, error);

  if (rc == 0)
    *value = (tally_decimal){v.scale, {v.p, v.len}};
  return rc;
}

int tally_row_print(tally_row *row, const char *column, const char **text,
                    tally_error *error) {
  const struct net_heap *heap = &row->table->session->heap;
  struct text out;
  struct value v;
  size_t i;
  int rc = find(row, column, &i, error);

  if (rc != 0)
    return rc;
  text_init(&out, heap);
  text_add(&out, "");
  if (member_load(&row->table->columns[i], member(row, i), &v))
    value_print(&v, &out);
  if (out.failed)
    return error_no_memory(error);
  net_free(heap, row->text[i]);
  row->text[i] = out.p;
  *text = out.p;
  return 0;
}
