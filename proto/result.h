/* proto/result.h - the five kinds of RESULT (section 4.2.5), decoded in
 * place. */
#ifndef CQL_RESULT_H
#define CQL_RESULT_H

#include "proto/response.h"

/* Metadata of Rows and Prepared.  Every column spec was checked when this was
 * decoded; cql_column_next() walks them. */
struct cql_metadata {
  int32_t flags;        /* enum cql_metadata_flag and unknown bits */
  int32_t column_count; /* not negative; without has_columns and without rows
                           no bytes stand behind it: never allocate by it */
  struct cql_span paging_state;  /* null without HAS_MORE_PAGES */
  uint16_t key_count;            /* Prepared: partition-key binds ... */
  struct cql_reader key_indexes; /* ... a [short] each, in key order */
  bool has_columns;              /* false with NO_METADATA */
  struct cql_span keyspace;      /* of GLOBAL_TABLES_SPEC, else null */
  struct cql_span table;
  struct cql_reader columns;
};

struct cql_column {
  struct cql_span keyspace;
  struct cql_span table;
  struct cql_span name;
  struct cql_type type;
};

/* Advance *columns (a copy of metadata->columns) by one spec. The metadata
 * tells whether table names are global. */
enum cql_rc cql_column_next(const struct cql_metadata *m,
                            struct cql_reader *columns, struct cql_column *out);

struct cql_prepared {
  struct cql_span id; /* opaque bytes */
  struct cql_metadata bind;
  struct cql_metadata result;
};

/* Rows: `cells` reads row_count x column_count [bytes].  They were not walked
 * by the decoder: cql_row_cell() checks each, and row_count is already bounded
 * by the bytes present (a row of no columns counts as none). */
struct cql_rows {
  struct cql_metadata metadata;
  int32_t row_count;
  struct cql_reader cells;
};

struct cql_result {
  int32_t kind; /* enum cql_result_kind, or an unknown number */
  union {
    struct cql_rows rows;
    struct cql_span keyspace; /* SET_KEYSPACE */
    struct cql_prepared prepared;
    struct cql_schema_change schema;
  } u;
};

/* CQL_ESHORT, CQL_ELENGTH (a count is negative, or more than 65,535 key
 * indexes), CQL_EDEPTH. An unknown kind is
 * data: CQL_OK with nothing in u. */
enum cql_rc cql_result_decode(struct cql_reader *message,
                              struct cql_result *out);

/* The next cell: null has p == NULL, empty has len 0.  The caller counts
 * row_count x column_count of them, since bytes may follow the last; CQL_END
 * when the body is at its end, CQL_ESHORT when a cell reaches beyond it. */
enum cql_rc cql_row_cell(struct cql_reader *cells, struct cql_span *out);

#endif
