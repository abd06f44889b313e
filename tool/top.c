#include "tool/top.h"

#include <stdlib.h>
#include <string.h>

bool top_begin(struct top *t, size_t most, size_t columns) {
  memset(t, 0, sizeof *t);
  t->most = most;
  t->columns = columns;
  t->rows = calloc(most, sizeof *t->rows);
  return t->rows != NULL;
}

static void row_free(const struct top *t, struct top_row *row) {
  for (size_t i = 0; row->cells != NULL && i < t->columns; i++)
    free(row->cells[i]);
  free(row->cells);
}

void top_free(struct top *t) {
  for (size_t i = 0; i < t->count; i++)
    row_free(t, &t->rows[i]);
  free(t->rows);
}

static bool is_less(const struct top_row *a, const struct top_row *b) {
  return a->value < b->value || (a->value == b->value && a->number > b->number);
}

static void swap(struct top *t, size_t a, size_t b) {
  struct top_row row = t->rows[a];

  t->rows[a] = t->rows[b];
  t->rows[b] = row;
}

static void sift_up(struct top *t, size_t at) {
  for (; at > 0 && is_less(&t->rows[at], &t->rows[(at - 1) / 2]);
       at = (at - 1) / 2)
    swap(t, at, (at - 1) / 2);
}

static void sift_down(struct top *t, size_t at) {
  for (;;) {
    size_t least = at;

    for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
      if (child < t->count && is_less(&t->rows[child], &t->rows[least]))
        least = child;
    if (least == at)
      return;
    swap(t, at, least);
    at = least;
  }
}

static bool copy_row(const struct top *t, struct top_row *row,
                     const char *const *cells) {
  row->cells = calloc(t->columns, sizeof *row->cells);
  for (size_t i = 0; row->cells != NULL && i < t->columns; i++) {
    row->cells[i] = strdup(cells[i]);
    if (row->cells[i] == NULL) {
      row_free(t, row);
      return false;
    }
  }
  return row->cells != NULL;
}

bool top_add(struct top *t, int64_t value, const char *const *cells) {
  struct top_row row = {.value = value, .number = t->seen++};

  if (t->count == t->most && is_less(&row, &t->rows[0]))
    return true;
  if (!copy_row(t, &row, cells))
    return false;
  if (t->count < t->most) {
    t->rows[t->count] = row;
    sift_up(t, t->count++);
    return true;
  }
  row_free(t, &t->rows[0]);
  t->rows[0] = row;
  sift_down(t, 0);
  return true;
}

static int compare(const void *a, const void *b) {
  return is_less(a, b) ? 1 : -1; /* no two are alike */
}

void top_sort(struct top *t) {
  qsort(t->rows, t->count, sizeof *t->rows, compare);
}
