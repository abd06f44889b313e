/* api/execute_statement.c - a statement in the caller's own words, and how it
 * is to be executed. */
#include "api/execute.h"

#include "core/copy.h"

#include <ctype.h>
#include <string.h>

enum { PAGE_ROWS = 5000, NAME_MAX_LEN = 65535 };

/* Behind the comment at hand; NULL: there is none. */
static const char *behind_comment(const char *text) {
  if (strncmp(text, "--", 2) == 0 || strncmp(text, "//", 2) == 0)
    return text + strcspn(text, "\r\n");
  if (strncmp(text, "/*", 2) != 0)
    return NULL;
  for (text += 2; *text != '\0'; text++)
    if (strncmp(text, "*/", 2) == 0)
      return text + 2;
  return text;
}

static const char *first_word(const char *text) {
  const char *behind = text;

  while (behind != NULL) {
    text = behind;
    while (isspace((unsigned char)*text))
      text++;
    behind = behind_comment(text);
  }
  return text;
}

/* Is it the first word of the text? */
static bool begins_with(const char *text, const char *word) {
  size_t n = strlen(word);

  text = first_word(text);
  for (size_t i = 0; i < n; i++)
    if (toupper((unsigned char)text[i]) != word[i])
      return false;
  return !isalnum((unsigned char)text[n]) && text[n] != '_';
}

static bool changes_schema(const char *text) {
  return begins_with(text, "CREATE") || begins_with(text, "ALTER") ||
         begins_with(text, "DROP") || begins_with(text, "TRUNCATE");
}

static void describe(tally_statement *s) {
  static const char more[] = "...";
  size_t room = sizeof s->about - sizeof more;

  text_copy(s->about, sizeof s->about, s->text);
  if (strlen(s->text) < sizeof s->about)
    return;
  text_copy(s->about, room, s->text);
  memcpy(s->about + strlen(s->about), more, sizeof more);
}

int tally_statement_new(tally_statement **statement, tally_session *session,
                        const char *cql, tally_error *error) {
  const struct net_heap *heap = &session->heap;
  tally_statement *s;

  *statement = NULL;
  if (!is_given(cql))
    return error_set(error, TALLY_EINVAL, "there is no statement");
  if (begins_with(cql, "USE"))
    return error_set(error, TALLY_EINVAL,
                     "USE would hold for one connection of many: write "
                     "keyspace.table instead");
  s = net_alloc(heap, sizeof *s);
  if (s == NULL)
    return error_no_memory(error);
  s->session = session;
  s->text = string_copy(heap, cql);
  if (s->text == NULL) {
    net_free(heap, s);
    return error_no_memory(error);
  }
  text_init(&s->bytes, &session->heap);
  s->effect = begins_with(cql, "SELECT") ? EFFECT_READ : EFFECT_BATCH;
  s->timeout = s->effect == EFFECT_READ ? TIMEOUT_READ
               : changes_schema(cql)    ? TIMEOUT_SCHEMA
                                        : TIMEOUT_INCREMENT;
  s->asking = TIMEOUT_READ;
  s->open = NOT_NESTED;
  s->consistency = OPTION_DEFAULT;
  s->page_rows = PAGE_ROWS;
  describe(s);
  *statement = s;
  return 0;
}

void tally_statement_free(tally_statement *statement) {
  const struct net_heap *heap;

  if (statement == NULL)
    return;
  heap = &statement->session->heap;
  for (uint16_t i = 0; i < statement->payload_count; i++)
    net_free(heap, statement->payload_pieces[i]);
  net_free(heap, statement->state);
  net_free(heap, statement->given);
  net_free(heap, statement->bytes.p);
  net_free(heap, statement->text);
  net_free(heap, statement);
}

void tally_statement_clear(tally_statement *statement) {
  const struct net_heap *heap = &statement->session->heap;

  net_free(heap, statement->state);
  net_free(heap, statement->bytes.p);
  text_init(&statement->bytes, heap);
  statement->state = NULL;
  statement->state_len = 0;
  statement->given_count = 0;
  statement->value_count = 0;
  statement->open = NOT_NESTED;
  statement->depth = 0;
}

static int copy_options(tally_statement *to, const tally_statement *from,
                        tally_error *e) {
  int rc = 0;

  to->consistency = from->consistency;
  to->timeout = from->timeout;
  to->asking = from->asking;
  to->serial_consistency = from->serial_consistency;
  to->tracing = from->tracing;
  to->page_rows = from->page_rows;
  if (from->state != NULL)
    rc = tally_statement_page(to, (tally_bytes){from->state, from->state_len},
                              e);
  for (uint16_t i = 0; i < from->payload_count && rc == 0; i++) {
    struct cql_span value = from->payload[i].value;

    rc = tally_statement_payload(to, from->payload_pieces[i],
                                 (tally_bytes){value.p, value.len}, e);
  }
  return rc;
}

int statement_copy(tally_statement **copy, const tally_statement *s,
                   tally_error *e) {
  int rc = tally_statement_new(copy, s->session, s->text, e);

  if (rc != 0)
    return rc;
  rc = copy_options(*copy, s, e);
  if (rc == 0 && !given_copy(*copy, s))
    rc = error_no_memory(e);
  if (rc != 0) {
    tally_statement_free(*copy);
    *copy = NULL;
  }
  return rc;
}

/* ---- Options ------------------------------------------------------------ */

int tally_statement_consistency(tally_statement *statement, int consistency,
                                tally_error *error) {
  if (!consistency_exists(consistency) && consistency != TALLY_ANY &&
      consistency != TALLY_SERIAL && consistency != TALLY_LOCAL_SERIAL)
    return error_set(error, TALLY_EINVAL, "there is no consistency %d",
                     consistency);
  statement->consistency = (uint16_t)consistency;
  return 0;
}

int tally_statement_serial_consistency(tally_statement *statement,
                                       int consistency, tally_error *error) {
  if (consistency != TALLY_SERIAL && consistency != TALLY_LOCAL_SERIAL)
    return error_set(error, TALLY_EINVAL,
                     "%d is no serial consistency: TALLY_SERIAL or "
                     "TALLY_LOCAL_SERIAL",
                     consistency);
  statement->serial_consistency = (uint16_t)consistency;
  return 0;
}

int tally_statement_timeout(tally_statement *statement, uint32_t ms,
                            tally_error *error) {
  int rc;

  if (ms == 0)
    return error_set(error, TALLY_EINVAL,
                     "a timeout of 0 ms: the statement has one of its own when "
                     "nothing is said");
  rc = call_timeout(statement->session, ms, &statement->timeout, error);
  if (rc == 0)
    statement->asking = statement->timeout;
  return rc;
}

int tally_statement_page_size(tally_statement *statement, int32_t rows,
                              tally_error *error) {
  if (rows < 0)
    return error_set(error, TALLY_EINVAL,
                     "a page of %d rows: 1 is the least, and 0 is all in one",
                     (int)rows);
  statement->page_rows = rows;
  return 0;
}

int tally_statement_page(tally_statement *statement, tally_bytes paging_state,
                         tally_error *error) {
  const struct net_heap *heap = &statement->session->heap;
  uint8_t *copy = NULL;

  if (paging_state.p != NULL) {
    copy = net_alloc(heap, paging_state.len + 1);
    if (copy == NULL)
      return error_no_memory(error);
    if (paging_state.len > 0)
      memcpy(copy, paging_state.p, paging_state.len);
  }
  net_free(heap, statement->state);
  statement->state = copy;
  statement->state_len = copy == NULL ? 0 : paging_state.len;
  return 0;
}

int tally_statement_next_page(tally_statement *statement,
                              const tally_answer *answer, tally_error *error) {
  tally_bytes state = tally_answer_paging_state(answer);
  int rc = tally_statement_page(statement, state, error);

  return rc != 0 ? rc : state.p != NULL;
}

void tally_statement_tracing(tally_statement *statement, int on) {
  statement->tracing = on != 0;
}

int tally_statement_payload(tally_statement *statement, const char *name,
                            tally_bytes value, tally_error *error) {
  struct cql_pair *to = &statement->payload[statement->payload_count];
  size_t len = is_given(name) ? strlen(name) : 0;
  char *piece;

  if (len == 0 || len > NAME_MAX_LEN)
    return error_set(error, TALLY_EINVAL,
                     "the name of an entry of the payload has from 1 to %d "
                     "bytes, not %zu",
                     NAME_MAX_LEN, len);
  if (statement->payload_count == PAYLOAD_MAX)
    return error_set(error, TALLY_EINVAL, "a payload has at most %d entries",
                     PAYLOAD_MAX);
  piece = net_alloc(&statement->session->heap, len + 1 + value.len);
  if (piece == NULL)
    return error_no_memory(error);
  memcpy(piece, name, len + 1);
  if (value.p != NULL && value.len > 0)
    memcpy(piece + len + 1, value.p, value.len);
  statement->payload_pieces[statement->payload_count] = piece;
  to->key = cql_span_of(piece);
  to->value.p = value.p == NULL ? NULL : (uint8_t *)piece + len + 1;
  to->value.len = value.p == NULL ? 0 : value.len;
  statement->payload_count++;
  return 0;
}
