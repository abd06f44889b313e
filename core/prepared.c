#include "core/prepared.h"

#include <string.h>

#include "core/mark.h"
#include "proto/result.h"

void prepared_table_init(struct prepared_table *t) {
  t->entries = NULL;
  t->count = 0;
}

void prepared_table_fini(struct prepared_table *t,
                         const struct net_heap *heap) {
  for (uint32_t i = 0; i < t->count; i++) {
    if (t->entries[i] != NULL) {
      ENSURE(list_empty(&t->entries[i]->waiting));
      net_free(heap, t->entries[i]->id);
    }
    net_free(heap, t->entries[i]);
  }
  net_free(heap, t->entries);
  prepared_table_init(t);
}

void prepared_table_forget(struct prepared_table *t) {
  for (uint32_t i = 0; i < t->count; i++)
    if (t->entries[i] != NULL && t->entries[i]->state == PREPARED_READY) {
      MARK(prepared_forgotten);
      t->entries[i]->state = PREPARED_NOT;
      t->entries[i]->forgotten = false;
    }
}

void prepared_forgotten(struct prepared *p) {
  /* What was asked meanwhile is on its way. */
  if (p->state != PREPARED_READY)
    return;
  p->state = PREPARED_NOT;
  p->forgotten = true;
}

static bool grow(struct prepared_table *t, const struct net_heap *heap,
                 uint32_t number) {
  uint32_t count = number < 8 ? 16 : number * 2;
  struct prepared **entries =
      net_resize(heap, t->entries, sizeof(struct prepared *) * count);

  if (entries == NULL)
    return false;
  memset(entries + t->count, 0, sizeof(struct prepared *) * (count - t->count));
  t->entries = entries;
  t->count = count;
  return true;
}

struct prepared *prepared_find(struct prepared_table *t,
                               const struct net_heap *heap,
                               const struct statement *statement) {
  uint32_t number = statement->number;
  struct prepared *p;

  if (number >= t->count && !grow(t, heap, number))
    return NULL;
  p = t->entries[number];
  if (p == NULL) {
    p = net_alloc(heap, sizeof *p);
    if (p == NULL)
      return NULL;
    p->statement = statement;
    list_init(&p->waiting);
    t->entries[number] = p;
  }
  return p;
}

/* A text that was prepared against another table than the definition tells
 * would bind the wrong bytes: refuse it before anything is sent. */
static int check_binds(const struct statement *s, const struct cql_metadata *m,
                       struct failure *f) {
  struct cql_reader columns = m->columns;
  struct cql_column column;

  if (m->column_count != s->bind_count) {
    failure_detail(f, "the server sees %d bind markers where there are %u",
                   (int)m->column_count, (unsigned)s->bind_count);
    return FAILURE_SCHEMA;
  }
  for (uint16_t i = 0; i < s->bind_count; i++) {
    const struct statement_bind *bind = &s->binds[i];

    if (cql_column_next(m, &columns, &column) != CQL_OK)
      return FAILURE_PROTOCOL;
    if (!cql_span_equal(column.name, cql_span_of(bind->name)) ||
        column.type.id != bind->type) {
      failure_detail(f,
                     "column \"%s\" is %s in the definition, and \"%.*s\" is "
                     "%s on the server",
                     bind->name, cql_type_name(bind->type),
                     (int)(column.name.len < 100 ? column.name.len : 100),
                     (const char *)column.name.p,
                     cql_type_name(column.type.id));
      return FAILURE_SCHEMA;
    }
  }
  return 0;
}

/* A number that is no counter would be read as if it were one. */
static int check_results(const struct statement *s,
                         const struct cql_metadata *m, struct failure *f) {
  struct cql_reader columns = m->columns;
  struct cql_column column;

  if (!s->reads_counters || !m->has_columns)
    return 0;
  for (int32_t i = 0; i < m->column_count; i++) {
    if (cql_column_next(m, &columns, &column) != CQL_OK)
      return FAILURE_PROTOCOL;
    if (column.type.id != CQL_TYPE_COUNTER) {
      failure_detail(f, "column \"%.*s\" is %s on the server, not counter",
                     (int)(column.name.len < 100 ? column.name.len : 100),
                     (const char *)column.name.p,
                     cql_type_name(column.type.id));
      return FAILURE_SCHEMA;
    }
  }
  return 0;
}

static bool is_other_id(const struct prepared *p, struct cql_span id) {
  return p->forgotten &&
         (p->id_len != id.len || memcmp(p->id, id.p, id.len) != 0);
}

static int take(struct prepared *p, const struct net_heap *heap,
                const struct cql_prepared *answer, struct failure *f) {
  int rc = check_binds(p->statement, &answer->bind, f);
  uint8_t *id;

  if (rc == 0)
    rc = check_results(p->statement, &answer->result, f);
  if (rc != 0)
    return rc;
  if (is_other_id(p, answer->id)) {
    MARK(prepared_other_id);
    /* With the new one it would go on like this for ever, each user of the
     * statement making it unknown to the others.  Whoever comes next begins
     * anew. */
    p->id_len = 0;
    p->forgotten = false;
    failure_detail(f, "the server forgot the statement, and has another id for "
                      "it now: is it several behind one address?");
    return FAILURE_PROTOCOL;
  }
  p->forgotten = false;
  id = net_resize(heap, p->id, answer->id.len + 1);
  if (id == NULL)
    return FAILURE_NO_MEMORY;
  memcpy(id, answer->id.p, answer->id.len);
  p->id = id;
  p->id_len = answer->id.len;
  return 0;
}

static int refused(struct cql_reader *message, const struct peer *peer,
                   struct failure *f) {
  const struct outcome_row *row;
  struct cql_error e;

  if (cql_error_decode(message, &e) != CQL_OK)
    return FAILURE_PROTOCOL;
  request_describe_error(f, &e, peer);
  /* The text is ours, so what the server finds invalid in it is the schema. */
  if (e.code == CQL_ERROR_INVALID) {
    f->what = "the schema does not fit the definition";
    return FAILURE_SCHEMA;
  }
  row = &outcome_table[outcome_event(e.code, 1, peer->kind)];
  f->what = row->what;
  return row->code;
}

int prepared_answered(struct prepared *p, const struct net_heap *heap,
                      const struct cql_frame *frame, const struct peer *peer,
                      struct failure *f) {
  struct cql_prefix prefix;
  struct cql_reader message;
  struct cql_result result;
  int rc = FAILURE_PROTOCOL;

  failure_init(f, rc, OUTCOME_NOT_APPLIED, "cannot prepare the statement");
  memcpy(f->host, peer->name, sizeof f->host);
  if (cql_prefix_decode(frame, &prefix, &message) != CQL_OK)
    failure_detail(f, "warnings or payload reach beyond the frame");
  else if (frame->header.opcode == CQL_OP_ERROR)
    rc = refused(&message, peer, f);
  else if (frame->header.opcode != CQL_OP_RESULT ||
           cql_result_decode(&message, &result) != CQL_OK ||
           result.kind != CQL_RESULT_PREPARED)
    failure_detail(f, "the answer to PREPARE is no RESULT Prepared");
  else
    rc = take(p, heap, &result.u.prepared, f);
  f->code = rc;
  p->state = rc == 0 ? PREPARED_READY : PREPARED_NOT;
  return rc;
}
