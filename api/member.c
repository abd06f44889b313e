/* api/member.c - the members of a row's struct, as values and back. */
#include "api/internal.h"

#include <string.h>

bool column_has_bytes(const tally_column *c) {
  return c->size == sizeof(tally_bytes) &&
         (c->type == TALLY_TEXT || c->type == TALLY_ASCII ||
          c->type == TALLY_BLOB || c->type == TALLY_VARINT);
}

bool column_has_text(const tally_column *c) {
  return (c->type == TALLY_TEXT || c->type == TALLY_ASCII) &&
         !column_has_bytes(c);
}

/* ---- From the struct ---------------------------------------------------- */

static void load_text(struct value *v, const void *from) {
  const char *text;

  memcpy(&text, from, sizeof text);
  v->p = (const uint8_t *)text;
  v->len = text == NULL ? 0 : strlen(text);
}

static void load_bytes(struct value *v, const void *from) {
  tally_bytes bytes;

  memcpy(&bytes, from, sizeof bytes);
  v->p = bytes.p;
  v->len = bytes.p == NULL ? 0 : bytes.len;
}

static void load_decimal(struct value *v, const void *from) {
  tally_decimal decimal;

  memcpy(&decimal, from, sizeof decimal);
  v->scale = decimal.scale;
  v->p = decimal.unscaled.p;
  v->len = decimal.unscaled.p == NULL ? 0 : decimal.unscaled.len;
}

/* Points into the struct, where the bytes stand. */
static void load_inet(struct value *v, const void *from) {
  const tally_inet *inet = from;

  v->p = inet->bytes;
  v->len = inet->len;
}

static int64_t load_integer(const void *from, size_t size) {
  int8_t tiny;
  int16_t small;
  int32_t i;
  int64_t l;

  switch (size) {
  case sizeof tiny:
    memcpy(&tiny, from, sizeof tiny);
    return tiny;
  case sizeof small:
    memcpy(&small, from, sizeof small);
    return small;
  case sizeof i:
    memcpy(&i, from, sizeof i);
    return i;
  default:
    memcpy(&l, from, sizeof l);
    return l;
  }
}

bool member_load(const tally_column *c, const void *member, struct value *v) {
  float narrow;

  memset(v, 0, sizeof *v);
  v->type = (uint16_t)c->type;
  switch (c->type) {
  case TALLY_TEXT:
  case TALLY_ASCII:
  case TALLY_BLOB:
    if (column_has_bytes(c))
      load_bytes(v, member);
    else
      load_text(v, member);
    return v->p != NULL;
  case TALLY_DECIMAL:
    load_decimal(v, member);
    return v->p != NULL;
  case TALLY_UUID:
  case TALLY_TIMEUUID:
    v->p = member;
    v->len = sizeof(tally_uuid);
    return true;
  case TALLY_INET:
    load_inet(v, member);
    return v->len != 0;
  case TALLY_FLOAT:
    memcpy(&narrow, member, sizeof narrow);
    v->real = narrow;
    return true;
  case TALLY_DOUBLE:
    memcpy(&v->real, member, sizeof v->real);
    return true;
  case TALLY_VARINT:
    if (column_has_bytes(c)) {
      load_bytes(v, member);
      return v->p != NULL;
    }
    break;
  default:
    break;
  }
  v->number = load_integer(member, c->size);
  return true;
}

/* ---- Into the struct ---------------------------------------------------- */

static void store_integer(void *to, size_t size, int64_t n) {
  int8_t tiny = (int8_t)n;
  int16_t small = (int16_t)n;
  int32_t i = (int32_t)n;

  switch (size) {
  case sizeof tiny:
    memcpy(to, &tiny, sizeof tiny);
    break;
  case sizeof small:
    memcpy(to, &small, sizeof small);
    break;
  case sizeof i:
    memcpy(to, &i, sizeof i);
    break;
  default:
    memcpy(to, &n, sizeof n);
  }
}

static bool store_text(const tally_column *c, void *to, const struct value *v) {
  tally_bytes bytes = {v->p, v->len};
  const char *text = (const char *)v->p;

  if (column_has_bytes(c)) {
    memcpy(to, &bytes, sizeof bytes);
    return true;
  }
  if (v->len > 0 && memchr(text, '\0', v->len) != NULL)
    return false;
  memcpy(to, &text, sizeof text);
  return true;
}

static bool store_inet(void *to, const struct value *v) {
  tally_inet inet = {{0}, (uint8_t)v->len};

  memcpy(inet.bytes, v->p, v->len);
  memcpy(to, &inet, sizeof inet);
  return true;
}

static void store_real(const tally_column *c, void *to, double real) {
  float narrow = (float)real;

  if (c->type == TALLY_FLOAT)
    memcpy(to, &narrow, sizeof narrow);
  else
    memcpy(to, &real, sizeof real);
}

bool member_store(const tally_column *c, void *member, const struct value *v) {
  tally_decimal decimal = {v->scale, {v->p, v->len}};

  switch (c->type) {
  case TALLY_TEXT:
  case TALLY_ASCII:
  case TALLY_BLOB:
    return store_text(c, member, v);
  case TALLY_DECIMAL:
    memcpy(member, &decimal, sizeof decimal);
    return true;
  case TALLY_UUID:
  case TALLY_TIMEUUID:
    memcpy(member, v->p, sizeof(tally_uuid));
    return true;
  case TALLY_INET:
    return store_inet(member, v);
  case TALLY_FLOAT:
  case TALLY_DOUBLE:
    store_real(c, member, v->real);
    return true;
  case TALLY_VARINT:
    if (column_has_bytes(c))
      return store_text(c, member, v);
    if (v->is_long)
      return false;
    break;
  default:
    break;
  }
  store_integer(member, c->size, v->number);
  return true;
}

/* ---- What a row points to ----------------------------------------------- */

static size_t bytes_behind(const tally_column *c, const void *row,
                           struct value *v) {
  bool points =
      column_has_text(c) || column_has_bytes(c) || c->type == TALLY_DECIMAL;

  return points && member_load(c, (const char *)row + c->offset, v) ? v->len + 1
                                                                    : 0;
}

size_t row_bytes(const tally_table *t, const void *row) {
  struct value v;
  size_t size = 0;

  for (uint16_t i = 0; i < t->key_count; i++)
    size += bytes_behind(&t->columns[t->keys[i]], row, &v);
  return size;
}

void row_copy(const tally_table *t, void *to, const void *row, void *bytes) {
  uint8_t *next = bytes;

  memcpy(to, row, t->row_size);
  for (uint16_t i = 0; i < t->key_count; i++) {
    const tally_column *c = &t->columns[t->keys[i]];
    struct value v;
    size_t size = bytes_behind(c, row, &v);

    if (size == 0)
      continue;
    if (v.len > 0)
      memcpy(next, v.p, v.len);
    next[v.len] = '\0';
    v.p = next;
    member_store(c, (char *)to + c->offset, &v);
    next += size;
  }
}
