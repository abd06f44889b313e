#include "core/prepared.h"

#include <string.h>

#include "core/mark.h"
#include "core/specs.h"
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

/* Columns as the definition tells them, against the server's.  A text that was
 * prepared against another table would bind the wrong bytes, and read what it
 * gets wrongly: it is refused before anything is sent. */
static int check_columns(const struct statement_column *wanted, uint16_t count,
                         const struct cql_metadata *m, const char *what,
                         struct failure *f) {
  struct cql_reader columns = m->columns;
  struct cql_column column;

  if (m->column_count != count) {
    failure_detail(f, "the server sees %d %s where there are %u",
                   (int)m->column_count, what, (unsigned)count);
    return FAILURE_SCHEMA;
  }
  for (uint16_t i = 0; i < count; i++) {
    const char *name = wanted[i].name;

    if (cql_column_next(m, &columns, &column) != CQL_OK)
      return FAILURE_PROTOCOL;
    if (wanted[i].whole != NULL && column.type.id == wanted[i].type &&
        !specs_is_type(wanted[i].whole, &column.type)) {
      failure_detail(f,
                     "\"%s\" is a %s of other types than it was when they were "
                     "asked for",
                     name, cql_type_name(wanted[i].type));
      return FAILURE_SCHEMA;
    }
    if ((name != NULL && !cql_span_equal(column.name, cql_span_of(name))) ||
        column.type.id != wanted[i].type) {
      failure_detail(f,
                     "column \"%s\" is %s in the definition, and \"%.*s\" is "
                     "%s on the server",
                     name == NULL ? "" : name, cql_type_name(wanted[i].type),
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
  const struct statement *s = p->statement;
  int rc =
      check_columns(s->binds, s->bind_count, &answer->bind, "bind markers", f);
  uint8_t *id;

  /* A number that is no counter would be read as if it were one. */
  if (rc == 0 && s->results != NULL && answer->result.has_columns)
    rc = check_columns(s->results, s->result_count, &answer->result, "columns",
                       f);
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

static int refused(struct cql_reader *message, const struct statement *s,
                   const struct peer *peer, struct failure *f) {
  const struct outcome_row *row;
  struct cql_error e;

  if (cql_error_decode(message, &e) != CQL_OK)
    return FAILURE_PROTOCOL;
  request_describe_error(f, &e, peer);
  /* What the server finds invalid in a text of ours is the schema. */
  if (e.code == CQL_ERROR_INVALID && !s->whole) {
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
    rc = refused(&message, p->statement, peer, f);
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
