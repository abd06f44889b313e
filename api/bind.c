/* api/bind.c - a row's key, bound to an operation. */
#include "api/internal.h"

#include <string.h>

static int refuse(const tally_table *t, const tally_column *c, const char *why,
                  tally_error *e) {
  return error_set(e, TALLY_EINVAL, "%s: key column %s %s", t->qualified,
                   c->name, why);
}

/* What is in a decimal beside its bytes. */
static size_t wire_len(const struct value *v) {
  return v->type == TALLY_DECIMAL ? v->len + 4 : v->len;
}

int bind_check(const tally_table *t, const tally_column *c, const void *row,
               struct value *v, tally_error *e) {
  const char *fault;

  if (!member_load(c, (const char *)row + c->offset, v))
    return refuse(t, c, c->type == TALLY_INET ? "has no address" : "is NULL",
                  e);
  if (wire_len(v) > KEY_BYTES_MAX)
    return error_set(e, TALLY_EINVAL,
                     "%s: key column %s has %zu bytes; %d are the most",
                     t->qualified, c->name, wire_len(v), KEY_BYTES_MAX);
  fault = v->real != v->real ? "is NaN, which equals nothing" : value_fault(v);
  if (fault != NULL)
    return refuse(t, c, fault, e);
  if (v->p != NULL && v->len == 0 && t->partition_count == 1 &&
      c->kind == TALLY_KIND_PARTITION_KEY)
    return refuse(t, c, "is empty, and an empty partition key is not allowed",
                  e);
  return 0;
}

static int bind_any(struct op *op, const tally_table *t, const tally_column *c,
                    const void *row, tally_error *e) {
  struct value v;
  int rc = bind_check(t, c, row, &v, e);

  if (rc != 0)
    return rc;
  return value_bind(op, &t->session->heap, &v) ? 0 : error_no_memory(e);
}

/* What most keys are goes straight: this is the path of every increment. */
static int bind_one(struct op *op, const tally_table *t, const tally_column *c,
                    const void *row, tally_error *e) {
  const struct net_heap *heap = &t->session->heap;
  const char *member = (const char *)row + c->offset, *text;
  int32_t i;
  int64_t l;
  size_t len;

  if (c->type == TALLY_BIGINT) {
    memcpy(&l, member, sizeof l);
    return op_bind_bigint(op, heap, l) ? 0 : error_no_memory(e);
  }
  if (c->type == TALLY_INT) {
    memcpy(&i, member, sizeof i);
    return op_bind_int(op, heap, i) ? 0 : error_no_memory(e);
  }
  if (c->type != TALLY_TEXT || c->size != sizeof text)
    return bind_any(op, t, c, row, e);
  memcpy(&text, member, sizeof text);
  len = text == NULL ? 0 : strlen(text);
  if (len == 0 || len > KEY_BYTES_MAX || !value_is_text(text, len))
    return bind_any(op, t, c, row, e); /* which says why not, if so */
  return op_bind_bytes(op, heap, text, len) ? 0 : error_no_memory(e);
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
