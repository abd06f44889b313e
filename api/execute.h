/* api/execute.h - statements in the caller's own words: what is bound to them,
 * what is known of their texts, and their answers. */
#ifndef EXECUTE_H
#define EXECUTE_H

#include "api/internal.h"
#include "core/nested.h"
#include "core/reply.h"

/* ---- execute_values.c: what is bound ------------------------------------- */

enum given_kind {
  GIVEN_NULL,
  GIVEN_UNSET,
  GIVEN_BOOLEAN,
  GIVEN_INT64,
  GIVEN_DOUBLE,
  GIVEN_TEXT,
  GIVEN_BYTES,
  GIVEN_UUID,
  GIVEN_INET,
  GIVEN_DECIMAL,
  GIVEN_DURATION,
  GIVEN_BEGIN, /* its parts follow: `count` of them, each with its own */
};

/* One value, or the beginning of a nested one. */
struct given {
  enum given_kind kind;
  int32_t scale;  /* decimal; months of a duration */
  int32_t days;   /* duration */
  int64_t number; /* boolean, int64; nanoseconds of a duration */
  double real;
  size_t at;       /* in the statement's bytes ... */
  size_t len;      /* ... so many */
  uint32_t count;  /* BEGIN */
  uint32_t within; /* BEGIN: the one around it, or NOT_NESTED */
};

#define NOT_NESTED UINT32_MAX
enum { ABOUT_TEXT = 96, OPTION_DEFAULT = UINT16_MAX };

struct tally_statement {
  tally_session *session;
  char *text;
  char about[ABOUT_TEXT]; /* ... shortened, for messages */
  enum effect effect; /* READ; of all else it is not known how much it changes,
                         so it is a BATCH */
  uint8_t timeout;    /* enum timeout_kind ... */
  uint8_t asking;     /* ... and of asking for the markers' types */
  struct given *given;
  uint32_t given_count;
  uint32_t given_cap;
  struct text bytes;
  uint32_t value_count; /* on their own, not in others */
  uint32_t open;        /* the innermost that was begun, or NOT_NESTED */
  uint32_t depth;
  uint16_t consistency; /* or OPTION_DEFAULT */
  uint16_t serial_consistency;
  bool tracing;
  int32_t page_rows;
  uint8_t *state; /* of paging; NULL: from the beginning */
  size_t state_len;
  struct cql_pair payload[PAYLOAD_MAX]; /* each is a piece */
  char *payload_pieces[PAYLOAD_MAX];
  uint16_t payload_count;
};

struct known;

/* Bind all to an operation, as the markers of a text that is known want it. */
int given_bind(const tally_statement *s, const struct known *known,
               struct op *op, tally_error *e);
/* The values of one as those of the other, which has none. */
bool given_copy(tally_statement *to, const tally_statement *from);

/* ---- execute_statement.c: the statement ---------------------------------- */

int statement_copy(tally_statement **copy, const tally_statement *s,
                   tally_error *e);

/* ---- execute_known.c: texts whose markers are known ---------------------- */

struct known {
  struct known *next;
  struct statement statement;
  char *text; /* the statement's, as are ... */
  char *about;
  struct statement_column *columns; /* ... these two */
  struct specs binds;
  uint16_t key_first; /* marker of the partition key, if that has some */
  bool kept;          /* by the session: it may be prepared */
  _Atomic bool stale; /* the server's types are others now */
};

/* NULL: not known. */
struct known *known_find(const tally_statement *s);
/* From the answer to a PREPARE, which it takes over parts of; NULL: no memory.
 * One that is not kept is to be freed. */
struct known *known_make(const tally_statement *s, struct reply *prepared);
void known_free(const struct net_heap *heap, struct known *k);

/* ---- answer.c ----------------------------------------------------------- */

/* 0, TALLY_ENOMEM, TALLY_EPROTOCOL. */
int answer_make(tally_answer **answer, const struct net_heap *heap,
                const struct cql_frame *frame, tally_error *e);

/* ---- answer_value.c: values ---------------------------------------------- */

/* As CQL has it: "map<text, int>". */
void type_print(const struct type *type, struct text *out);

#endif
