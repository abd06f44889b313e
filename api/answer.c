/* api/answer.c - what came of tally_execute(): an answer in memory of its own,
 * and its rows. */
#include "api/execute.h"

#include <string.h>

struct tally_answer {
  struct net_heap heap;
  struct reply reply;
  struct cell *cells; /* of the row at hand */
  bool in_row;
  char **warnings;
  size_t warning_count;
  char **names;        /* of the payload ... */
  tally_bytes *values; /* ... and what they are */
  size_t payload_count;
  char **types; /* as text, of columns that were asked for */
};

/* ---- Making ------------------------------------------------------------- */

static bool keep_warnings(tally_answer *a) {
  struct cql_list warnings = a->reply.warnings;
  struct cell text;

  a->warnings =
      net_alloc(&a->heap, sizeof *a->warnings * (warnings.count + (size_t)1));
  if (a->warnings == NULL)
    return false;
  while (reply_warning(&warnings, &text)) {
    char *copy = cell_copy(&a->heap, &text);

    if (copy == NULL)
      return false;
    a->warnings[a->warning_count++] = copy;
  }
  return true;
}

static bool keep_payload(tally_answer *a) {
  struct cql_list payload = a->reply.payload;
  size_t room = payload.count + (size_t)1;
  struct cell name, value;

  a->names = net_alloc(&a->heap, sizeof *a->names * room);
  a->values = net_alloc(&a->heap, sizeof *a->values * room);
  if (a->names == NULL || a->values == NULL)
    return false;
  while (reply_payload(&payload, &name, &value)) {
    char *copy = cell_copy(&a->heap, &name);

    if (copy == NULL)
      return false;
    a->names[a->payload_count] = copy;
    a->values[a->payload_count++] = (tally_bytes){value.p, value.len};
  }
  return true;
}

static bool make_rows(tally_answer *a) {
  size_t count = a->reply.specs.count;

  a->cells = net_alloc(&a->heap, sizeof *a->cells * (count + 1));
  a->types = net_alloc(&a->heap, sizeof *a->types * (count + 1));
  return a->cells != NULL && a->types != NULL;
}

int answer_make(tally_answer **answer, const struct net_heap *heap,
                const struct cql_frame *frame, tally_error *e) {
  tally_answer *a = net_alloc(heap, sizeof *a);
  int rc;

  *answer = NULL;
  if (a == NULL)
    return error_no_memory(e);
  a->heap = *heap;
  rc = reply_take(&a->reply, heap, frame);
  if (rc == 0 && (!keep_warnings(a) || !keep_payload(a) || !make_rows(a)))
    rc = FAILURE_NO_MEMORY;
  if (rc == 0) {
    *answer = a;
    return 0;
  }
  tally_answer_free(a);
  if (rc == FAILURE_NO_MEMORY)
    return error_no_memory(e);
  return error_set(e, rc, "the answer has more types than %d", TYPES_MAX);
}

static void free_all(const struct net_heap *heap, char **texts, size_t count) {
  for (size_t i = 0; texts != NULL && i < count; i++)
    net_free(heap, texts[i]);
  net_free(heap, texts);
}

void tally_answer_free(tally_answer *answer) {
  struct net_heap heap;

  if (answer == NULL)
    return;
  heap = answer->heap;
  free_all(&heap, answer->warnings, answer->warning_count);
  free_all(&heap, answer->names, answer->payload_count);
  free_all(&heap, answer->types, answer->reply.specs.count);
  net_free(&heap, answer->values);
  net_free(&heap, answer->cells);
  reply_free(&answer->reply, &heap);
  net_free(&heap, answer);
}

/* ---- What it says ------------------------------------------------------- */

int tally_answer_kind_of(const tally_answer *answer) {
  return answer->reply.kind;
}

const char *tally_answer_warning(const tally_answer *answer, size_t index) {
  return index < answer->warning_count ? answer->warnings[index] : NULL;
}

const tally_uuid *tally_answer_tracing_id(const tally_answer *answer) {
  return (const tally_uuid *)answer->reply.trace_id;
}

const char *tally_answer_payload(const tally_answer *answer, size_t index,
                                 tally_bytes *value) {
  if (index >= answer->payload_count)
    return NULL;
  if (value != NULL)
    *value = answer->values[index];
  return answer->names[index];
}

tally_bytes tally_answer_paging_state(const tally_answer *answer) {
  struct cell state = {NULL, 0};

  if (answer->reply.kind == REPLY_ROWS)
    state = rows_paging_state(&answer->reply.rows);
  return (tally_bytes){state.p, state.len};
}

/* ---- Rows --------------------------------------------------------------- */

size_t tally_answer_column_count(const tally_answer *answer) {
  return answer->reply.specs.count;
}

const char *tally_answer_column(const tally_answer *answer, size_t index) {
  const struct specs *specs = &answer->reply.specs;

  return index < specs->count ? specs->all[index].name : NULL;
}

const char *tally_answer_column_type(tally_answer *answer, size_t index) {
  struct text text;

  if (index >= answer->reply.specs.count)
    return NULL;
  if (answer->types[index] == NULL) {
    text_init(&text, &answer->heap);
    type_print(&answer->reply.specs.all[index].type, &text);
    answer->types[index] = text.p;
  }
  return answer->types[index];
}

size_t tally_answer_row_count(const tally_answer *answer) {
  if (answer->reply.kind != REPLY_ROWS)
    return 0;
  return (size_t)rows_count(&answer->reply.rows);
}

/* All cells were seen to be there before the answer was taken. */
int tally_answer_next(tally_answer *answer) {
  uint32_t count = answer->reply.specs.count;

  answer->in_row = count > 0 && answer->reply.kind == REPLY_ROWS;
  for (uint32_t i = 0; i < count && answer->in_row; i++)
    answer->in_row = rows_next(&answer->reply.rows, &answer->cells[i]);
  return answer->in_row;
}

int tally_answer_at(const tally_answer *answer, size_t index,
                    tally_value *value, tally_error *error) {
  const struct specs *specs = &answer->reply.specs;

  if (index >= specs->count)
    return error_set(error, TALLY_EINVAL,
                     "there is no column %zu: the answer has %u", index,
                     (unsigned)specs->count);
  if (!answer->in_row)
    return error_set(error, TALLY_EINVAL,
                     "there is no row at hand: tally_answer_next() turns to "
                     "one");
  value->p = answer->cells[index].p;
  value->len = answer->cells[index].len;
  value->type = &specs->all[index].type;
  return 0;
}

static int no_column(const tally_answer *answer, const char *column,
                     tally_error *e) {
  const struct specs *specs = &answer->reply.specs;
  struct text names;
  int rc;

  text_init(&names, &answer->heap);
  text_add(&names, "");
  for (uint32_t i = 0; i < specs->count && names.len < 256; i++) {
    text_add(&names, i > 0 ? ", " : "");
    text_add(&names, specs->all[i].name);
  }
  rc = error_set(e, TALLY_EINVAL,
                 "the answer has no column %.60s; it has %.200s", column,
                 names.failed ? "" : names.p);
  net_free(&answer->heap, names.p);
  return rc;
}

int tally_answer_get(const tally_answer *answer, const char *column,
                     tally_value *value, tally_error *error) {
  const struct specs *specs = &answer->reply.specs;

  for (uint32_t i = 0; i < specs->count; i++)
    if (strcmp(specs->all[i].name, column) == 0)
      return tally_answer_at(answer, i, value, error);
  return no_column(answer, column, error);
}
