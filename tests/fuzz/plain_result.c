/* tests/fuzz/plain_result.c - RESULT (section 4.2.5). */
#include "tests/fuzz/plain_parts.h"

enum { COLUMNS = 1 << 16 };

struct columns {
  int64_t count;
  bool known; /* what their types are */
  const struct plain_type *types[COLUMNS];
};

static struct columns columns;

/* Names of tables stand once for all, or with each column; with "no metadata"
 * (4) there are neither. */
static void tell_columns(struct plain *p, int64_t flags) {
  columns.known = (flags & 4) == 0;
  if (!columns.known)
    return;
  if (flags & 1) {
    plain_tell_sized(p, 2);
    plain_tell_sized(p, 2);
  }
  for (int64_t i = 0; i < columns.count && !p->broken; i++) {
    const struct plain_type *type;

    if ((flags & 1) == 0) {
      plain_tell_sized(p, 2);
      plain_tell_sized(p, 2);
    }
    plain_tell_sized(p, 2);
    type = plain_type(p);
    if (type == NULL) {
      p->broken = true;
      return;
    }
    FUZZ_CHECK(i < COLUMNS);
    columns.types[i] = type;
    plain_tell_type(p->story, type);
  }
}

static int64_t tell_head(struct plain *p) {
  int64_t flags = plain_signed(p, 4);

  columns.count = plain_signed(p, 4);
  if (columns.count < 0)
    p->broken = true;
  tell_number(p->story, flags);
  tell_number(p->story, columns.count);
  return flags;
}

static void tell_rows_metadata(struct plain *p) {
  int64_t flags = tell_head(p);

  if (p->broken)
    return;
  if (flags & 2)
    plain_tell_sized(p, 4);
  tell_columns(p, flags);
}

static void tell_cell(struct plain *p, int64_t column) {
  struct plain_bytes b = plain_sized(p, 4);
  struct plain cell = *p;

  if (p->broken)
    return;
  if (b.p == NULL || !columns.known) {
    tell_bytes(p->story, b.p, b.len);
    return;
  }
  cell.at = p->at - b.len;
  cell.end = p->at;
  plain_value(&cell, columns.types[column]);
}

/* More rows than there are bytes for (each cell has four) cannot have come;
 * rows of no columns are none. */
static void tell_rows(struct plain *p) {
  int64_t rows;

  tell_rows_metadata(p);
  rows = plain_signed(p, 4);
  if (rows < 0)
    p->broken = true;
  if (columns.count == 0)
    rows = 0;
  else if (!p->broken && rows > (int64_t)plain_left(p) / 4 / columns.count)
    p->broken = true;
  if (p->broken)
    return;
  tell_number(p->story, rows);
  for (int64_t row = 0; row < rows; row++)
    for (int64_t i = 0; i < columns.count; i++) {
      tell_cell(p, i);
      if (p->broken) {
        /* The rows before are good all the same. */
        tell(p->story, "cut");
        p->broken = false;
        p->at = p->end;
        return;
      }
    }
}

static void tell_prepared(struct plain *p) {
  int64_t flags, count;

  plain_tell_sized(p, 2);
  flags = tell_head(p);
  count = plain_signed(p, 4);
  if (count < 0 || count > 65535)
    p->broken = true;
  for (int64_t i = 0; i < count && !p->broken; i++)
    tell_number(p->story, (int64_t)plain_number(p, 2));
  if (!p->broken)
    tell_columns(p, flags);
  if (!p->broken)
    tell_rows_metadata(p);
}

void plain_result(struct plain *p) {
  int64_t kind = plain_signed(p, 4);

  tell_number(p->story, kind);
  if (p->broken)
    return;
  switch (kind) {
  case 2:
    tell_rows(p);
    break;
  case 3:
    plain_tell_sized(p, 2);
    break;
  case 4:
    tell_prepared(p);
    break;
  case 5:
    plain_schema_change(p);
    break;
  default:
    break;
  }
}
