/* tests/fuzz/replay.c - a target without a fuzzer, for any compiler: runs every
 * file of a folder, and then so many mutations of them, always the same.
 *
 *   fuzz_NAME_replay CORPUS-FOLDER|FILE... [--mutations N] */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

enum { INPUT_MAX = 64 * 1024, FILES_MAX = 20000 };

static struct {
  uint8_t *data;
  size_t size;
} files[FILES_MAX];
static size_t file_count;
static uint32_t chance = 1;

static uint32_t draw(uint32_t n) {
  chance = chance * 1664525 + 1013904223;
  return (chance >> 8) % n;
}

static void fail(const char *what, const char *path) {
  fprintf(stderr, "replay: %s: %s\n", path, what);
  exit(2);
}

static void load_file(const char *path) {
  static uint8_t bytes[INPUT_MAX];
  FILE *file = fopen(path, "rb");
  size_t n;

  if (file == NULL)
    fail("cannot be read", path);
  n = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  if (file_count == FILES_MAX)
    fail("one file too many", path);
  files[file_count].data = malloc(n > 0 ? n : 1);
  files[file_count].size = n;
  memcpy(files[file_count++].data, bytes, n);
}

static int visible(const struct dirent *entry) {
  return entry->d_name[0] != '.';
}

static void load(const char *path) {
  struct dirent **entries;
  struct stat st;
  char name[4096];
  int n;

  if (stat(path, &st) != 0)
    fail("is not there", path);
  if (!S_ISDIR(st.st_mode)) {
    load_file(path);
    return;
  }
  n = scandir(path, &entries, visible, alphasort);
  if (n < 0)
    fail("cannot be read", path);
  for (int i = 0; i < n; i++) {
    snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
    load_file(name);
    free(entries[i]);
  }
  free(entries);
}

/* In a block of exactly its size, so that a sanitizer sees one byte more. */
static void run(const uint8_t *data, size_t size) {
  uint8_t *block = malloc(size > 0 ? size : 1);

  memcpy(block, data, size);
  fuzz_one(block, size);
  free(block);
}

/* What knows nothing of structure. */
static size_t change(uint8_t *data, size_t size, size_t max) {
  size_t at;

  if (size == 0 || (size < max && draw(3) == 0)) {
    if (size == max)
      return size;
    at = draw((uint32_t)size + 1);
    memmove(data + at + 1, data + at, size - at);
    data[at] = (uint8_t)draw(256);
    return size + 1;
  }
  at = draw((uint32_t)size);
  if (size < max && draw(3) == 0) {
    memmove(data + at, data + at + 1, size - at - 1);
    return size - 1;
  }
  data[at] = (uint8_t)(draw(2) == 0 ? data[at] ^ 1u << draw(8) : draw(256));
  return size;
}

static void mutations(unsigned long n) {
  static uint8_t data[INPUT_MAX];

  for (unsigned long i = 0; i < n; i++) {
    size_t which = draw((uint32_t)file_count), size = files[which].size;
    unsigned times = 1 + draw(4);

    memcpy(data, files[which].data, size);
    while (times-- > 0)
      size =
          fuzz_mutate(data, size, INPUT_MAX, chance ^ draw(1u << 24), change);
    run(data, size);
  }
}

int main(int argc, char **argv) {
  unsigned long n = 0;

  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], "--mutations") == 0 && i + 1 < argc)
      n = strtoul(argv[++i], NULL, 10);
    else
      load(argv[i]);
  if (file_count == 0)
    fail("no input", argv[0]);
  for (size_t i = 0; i < file_count; i++)
    run(files[i].data, files[i].size);
  mutations(n);
  dprintf(STDOUT_FILENO, "%zu inputs and %lu mutations\n", file_count, n);
  for (size_t i = 0; i < file_count; i++)
    free(files[i].data);
  return 0;
}
