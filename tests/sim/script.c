/* tests/sim/script.c - a run as a text: the plan, and the faults that happen.
 *
 *   # why it is kept
 *   seed 7
 *   mode 2
 *   expect lost_half_sent          (from the seed on, until one run meets it)
 *   fault RESET 3 0x1234
 */
#include "tests/sim/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/mark.h"

static const struct {
  const char *name;
  size_t offset;
} fields[] = {{"seed", offsetof(struct plan, seed)},
#define FIELD_ROW(name, text) {#name, offsetof(struct plan, name)},
              PLAN_MAP(FIELD_ROW)
#undef FIELD_ROW
};

enum { FIELDS = sizeof fields / sizeof fields[0] };

static uint64_t *field_of(struct plan *p, size_t i) {
  return (uint64_t *)(void *)((char *)p + fields[i].offset);
}

void script_write(FILE *to, const struct plan *p, const struct injected *faults,
                  size_t count) {
  struct plan copy = *p;

  for (size_t i = 0; i < FIELDS; i++)
    fprintf(to, "%s %llu\n", fields[i].name,
            (unsigned long long)*field_of(&copy, i));
  for (size_t i = 0; i < count; i++)
    fprintf(to, "fault %s %llu 0x%llx\n", fault_name(faults[i].kind),
            (unsigned long long)faults[i].opportunity,
            (unsigned long long)faults[i].detail);
}

static bool read_field(struct plan *p, const char *line) {
  char name[64];
  unsigned long long value;

  if (sscanf(line, "%63s %llu", name, &value) != 2)
    return false;
  for (size_t i = 0; i < FIELDS; i++)
    if (strcmp(name, fields[i].name) == 0) {
      *field_of(p, i) = value;
      return true;
    }
  return false;
}

static bool read_fault(struct script *s, const char *line) {
  unsigned long long opportunity, detail;
  char name[64];

  if (sscanf(line, "fault %63s %llu 0x%llx", name, &opportunity, &detail) != 3)
    return false;
  for (int i = 0; i < FAULT_COUNT; i++)
    if (strcmp(name, fault_name((enum fault_kind)i)) == 0) {
      s->faults = realloc(s->faults, (s->count + 1) * sizeof *s->faults);
      s->faults[s->count++] =
          (struct injected){(enum fault_kind)i, opportunity, detail};
      return true;
    }
  return false;
}

static bool read_expect(struct script *s, const char *line) {
  char name[64];

  if (sscanf(line, "expect %63s", name) != 1)
    return false;
  for (int i = 0; i < MARK_COUNT; i++)
    if (strcmp(name, mark_name((enum mark)i)) == 0) {
      s->expect = i;
      return true;
    }
  return false;
}

bool script_read(struct script *s, const char *path) {
  FILE *from = fopen(path, "r");
  char line[256];
  int number = 0;

  memset(s, 0, sizeof *s);
  s->expect = -1;
  if (from == NULL) {
    perror(path);
    return false;
  }
  while (fgets(line, sizeof line, from) != NULL) {
    number++;
    if (line[0] == '#' || line[0] == '\n')
      continue;
    if (!read_fault(s, line) && !read_expect(s, line) &&
        !read_field(&s->plan, line)) {
      fprintf(stderr, "%s:%d: not understood: %s", path, number, line);
      fclose(from);
      return false;
    }
  }
  if (ferror(from) || s->plan.connect_timeout == 0) {
    fprintf(stderr, "%s: no script of a run\n", path);
    fclose(from);
    return false;
  }
  fclose(from);
  return true;
}
