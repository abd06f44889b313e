/* api/bind.c - a row's key, bound to an operation. */
#include "api/internal.h"

#include <string.h>

static const void *member(const void *row, const tally_column *c) {
  return (const char *)row + c->offset;
}

static int bind_text(struct op *op, const tally_table *t, const tally_column *c,
                     const void *row, tally_error *e) {
  const char *text;
  size_t len;

  memcpy(&text, member(row, c), sizeof text);
  if (text == NULL)
    return error_set(e, TALLY_EINVAL, "%s: key column %s is NULL", t->qualified,
                     c->name);
  len = strlen(text);
  if (len > KEY_BYTES_MAX)
    return error_set(e, TALLY_EINVAL,
                     "%s: key column %s has %zu bytes; %d are the most",
                     t->qualified, c->name, len, KEY_BYTES_MAX);
  if (len == 0 && t->partition_count == 1 &&
      c->kind == TALLY_KIND_PARTITION_KEY)
    return error_set(e, TALLY_EINVAL,
                     "%s: key column %s is empty, and an empty partition key "
                     "is not allowed",
                     t->qualified, c->name);
  return op_bind_bytes(op, &t->session->heap, text, len) ? 0
                                                         : error_no_memory(e);
}

static int bind_one(struct op *op, const tally_table *t, const tally_column *c,
                    const void *row, tally_error *e) {
  int32_t i;
  int64_t l;
  bool bound;

  switch (c->type) {
  case TALLY_TEXT:
    return bind_text(op, t, c, row, e);
  case TALLY_INT:
    memcpy(&i, member(row, c), sizeof i);
    bound = op_bind_int(op, &t->session->heap, i);
    break;
  default:
    memcpy(&l, member(row, c), sizeof l);
    bound = op_bind_bigint(op, &t->session->heap, l);
  }
  return bound ? 0 : error_no_memory(e);
}

int bind_key(struct op *op, const tally_table *t, const void *row,
             bool partition_only, tally_error *e) {
  uint16_t count = partition_only ? t->partition_count : t->key_count;
  uint32_t before = op->values_len;
  int rc = 0;

  op->key_at = before;
  for (uint16_t i = 0; i < count && rc == 0; i++) {
    rc = bind_one(op, t, &t->columns[t->keys[i]], row, e);
    /* A composite partition key is one key to the server: lengths (2 bytes)
     * and end marks (1) count with it, less than the 4 counted here. */
    if (rc == 0 && i + 1 == t->partition_count && t->partition_count > 1 &&
        op->values_len - before - t->partition_count > KEY_BYTES_MAX)
      rc = error_set(e, TALLY_EINVAL,
                     "%s: the partition key has more than %d bytes",
                     t->qualified, KEY_BYTES_MAX);
  }
  return rc;
}
