/* api/query.h - what a query asks for, the statement made of it, and one page
 * of its rows. */
#ifndef QUERY_H
#define QUERY_H

#include "api/internal.h"

/* ---- query.c: what is asked for ----------------------------------------- */

enum { OPERATOR_IN = TALLY_GE + 1, COLUMN_TOKEN = UINT16_MAX };

/* One relation; its values, and behind them their bytes, are one piece. */
struct term {
  uint16_t column; /* the table's, or COLUMN_TOKEN */
  uint8_t op;      /* tally_operator, OPERATOR_IN */
  uint32_t count;  /* of values: 1, or IN's */
  struct value *values;
};

struct ordering {
  uint16_t column;
  bool descending;
};

struct tally_query {
  tally_table *table;
  struct term *terms;
  size_t term_count;
  struct ordering *order;
  size_t order_count;
  uint64_t counters; /* asked for; a bit for each of the table's */
  bool some;         /* ... not all of them */
  bool distinct;
  bool allow_filtering;
  int32_t limit;               /* 0: none ... */
  int32_t per_partition_limit; /* ... both */
  int32_t page_rows;
  uint16_t consistency;
  uint8_t timeout;                  /* enum timeout_kind */
  const tally_aggregate *functions; /* what is asked for instead of rows ... */
  size_t function_count;            /* ... so many */
  tally_cursor *first;              /* whose row tally_first() has given */
};

/* ---- rules.c: what CQL allows ------------------------------------------- */

/* 0, or TALLY_EINVAL with the column that it is about. */
int query_check_functions(const tally_query *q, tally_error *e);
int query_check(const tally_query *q, tally_error *e);
/* The relation by = (or IN, or either) on this column; NULL: none. */
const struct term *query_equal(const tally_query *q, uint16_t column, bool in);

/* ---- select.c: the statement -------------------------------------------- */

/* A SELECT of one shape.  The table keeps those that are prepared: they are as
 * many as a program has kinds of queries, since all values are bound. */
struct select {
  struct select *next;
  struct statement statement;
  uint64_t counters; /* in the rows, behind the keys */
  uint16_t keys;     /* of the table's, from the first */
  bool kept;         /* by the table */
};

/* NULL: no memory. */
struct select *select_of(const tally_query *q);
void select_free(const struct net_heap *heap, struct select *s);
/* All values in the order of the statement's markers; false: no memory. */
bool select_bind(const tally_query *q, struct op *op);
/* Rows of an answer, whose bytes are our own. */
struct received {
  uint8_t *bytes;
  struct rows rows;
  int32_t left;  /* rows not read yet */
  int32_t count; /* rows in all */
  uint8_t *from; /* where the server was told to go on; NULL: the beginning */
  size_t from_len;
};

/* The next row, its texts terminated in place.  A counter that is null, or was
 * not asked for, is 0 and a bit of *nulls. */
int select_read(const tally_table *t, const struct select *s,
                struct received *from, void *row, uint64_t *nulls,
                tally_error *e);

#endif
