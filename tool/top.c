#include "tool/top.h"

#include "tool/text.h"

#include <stdlib.h>
#include <string.h>

static bool grow(struct top *t) {
  size_t room = t->room == 0 ? 64 : t->room * 2;
  struct top_row *rows = realloc(t->rows, room * sizeof *rows);

  if (rows == NULL)
    return false;
  t->rows = rows;
  t->room = room;
  return true;
}

bool top_begin(struct top *t, size_t most, size_t columns) {
  memset(t, 0, sizeof *t);
  t->most = most;
  t->columns = columns;
  return grow(t);
}

static void row_free(const struct top *t, struct top_row *row) {
  text_free(row->cells, t->columns);
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
  if (row->cells != NULL && text_copies(row->cells, cells, t->columns))
    return true;
  free(row->cells);
  return false;
}

bool top_add(struct top *t, int64_t value, const char *const *cells) {
  struct top_row row = {.value = value, .number = t->seen++};

  if (t->count == t->most && is_less(&row, &t->rows[0]))
    return true;
  if ((t->count == t->room && !grow(t)) || !copy_row(t, &row, cells))
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
