/* core/rows.h - the rows of an answer, cell by cell, for those above who do
 * not know the wire. */
#ifndef ROWS_H
#define ROWS_H

#include "core/net.h"
#include "proto/result.h"

struct rows {
  struct cql_rows wire;
  int64_t cells_left; /* bytes behind the last cell are no cells */
};

/* One cell; p == NULL is null. */
struct cell {
  const uint8_t *p;
  size_t len;
};

void rows_init(struct rows *r, const struct cql_rows *wire);
int32_t rows_count(const struct rows *r);
int32_t rows_columns(const struct rows *r);
/* What the server wants to see again to go on behind these rows; p == NULL when
 * they are the last ones. */
struct cell rows_paging_state(const struct rows *r);
/* The bytes behind the next cell, and up to the last one; a copy of them, which
 * the rows are read from now on. */
size_t rows_size(const struct rows *r);
void rows_move(struct rows *r, void *copy);
/* The next cell, row by row.  False: beyond the last, or broken bytes. */
bool rows_next(struct rows *r, struct cell *out);

/* All columns are told, and all cells that are to come are there. */
bool rows_are_sound(const struct rows *r);

/* Its bytes with a NUL behind them, moved over the length in front of them.
 * `p` is where they stand, in memory of the caller's. */
void cell_terminate(struct cell *cell, uint8_t *p);
/* False when the bytes do not fit the type. */
bool cell_bigint(const struct cell *cell, int64_t *out);
bool cell_int(const struct cell *cell, int32_t *out);
/* Its bytes and a NUL, on the heap; null is "".  NULL: no memory. */
char *cell_copy(const struct net_heap *heap, const struct cell *cell);
/* The same text? */
bool cell_is(const struct cell *cell, const char *text);
/* What a map<text, text> has for this key.  False: nothing, or no map. */
bool cell_map_find(const struct cell *map, const char *key, struct cell *value);

#endif
