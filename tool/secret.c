#include "tool/secret.h"

#include "tool/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE_MAX_READ = 1024 * 1024, ARGUMENT = 1024 };

void secret_wipe(void *p, size_t size) {
  volatile unsigned char *b = p;

  while (size > 0)
    b[--size] = 0;
}

/* `path` as a shell takes it for one word. */
static void quote(char out[ARGUMENT], const char *path) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
                              "WXYZ0123456789/._-+@%,:=~";
  size_t n = 0;

  if (path[0] != '-' && path[strspn(path, plain)] == '\0') {
    snprintf(out, ARGUMENT, "%s", path);
    return;
  }
  out[n++] = '\'';
  for (; *path != '\0' && n + 6 < ARGUMENT; path++)
    n += (size_t)snprintf(out + n, ARGUMENT - n, *path == '\'' ? "'\\''" : "%c",
                          *path);
  out[n++] = '\'';
  out[n] = '\0';
}

static int check(const char *path, const struct stat *st) {
  char word[ARGUMENT], hint[ARGUMENT + 64];

  quote(word, path);
  if (!S_ISREG(st->st_mode))
    return report_usage(NULL, "password file %s is no regular file", path);
  if (st->st_uid != geteuid()) {
    snprintf(hint, sizeof hint, "chown \"$(id -un)\" %s", word);
    return report_usage(hint, "password file %s belongs to another user", path);
  }
  if ((st->st_mode & 0177) != 0) {
    snprintf(hint, sizeof hint, "chmod 600 %s", word);
    return report_usage(hint,
                        "password file %s has mode %04o: it is for the user "
                        "alone",
                        path, (unsigned)(st->st_mode & 07777));
  }
  if (st->st_size > SIZE_MAX_READ)
    return report_usage(NULL, "password file %s is larger than %d bytes", path,
                        SIZE_MAX_READ);
  return STATUS_DONE;
}

static int read_all(struct secret *s, int fd, size_t size) {
  ssize_t n = 1;

  s->text = malloc(size + 1);
  if (s->text == NULL)
    return report_no_memory();
  while (s->size < size && n > 0) {
    n = read(fd, s->text + s->size, size - s->size);
    s->size += n > 0 ? (size_t)n : 0;
  }
  s->text[s->size] = '\0';
  s->next = s->text;
  if (n < 0) {
    report("cannot read the password file", strerror(errno), NULL, NULL);
    return STATUS_USAGE;
  }
  if (memchr(s->text, '\0', s->size) != NULL)
    return report_usage(NULL, "password file %s is no text: it has a NUL byte",
                        s->path);
  return STATUS_DONE;
}

int secret_open(struct secret *s, const char *path, bool must_exist) {
  struct stat st;
  int fd, status;

  memset(s, 0, sizeof *s);
  s->path = path;
  /* What is no file, a FIFO say, is not waited for. */
  fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0 && !must_exist && (errno == ENOENT || errno == ENOTDIR))
    return STATUS_DONE;
  if (fd < 0) {
    const char *why = strerror(errno);

    return report_usage(NULL, "cannot read the password file %s: %s", path,
                        why);
  }
  if (fstat(fd, &st) != 0)
    status = report_usage(NULL, "password file %s: %s", path, strerror(errno));
  else
    status = check(path, &st);
  if (status == STATUS_DONE)
    status = read_all(s, fd, (size_t)st.st_size);
  close(fd);
  return status;
}

char *secret_line(struct secret *s) {
  char *line = s->next;
  size_t len;

  if (line == NULL || *line == '\0')
    return NULL;
  len = strcspn(line, "\n");
  s->next = line[len] == '\0' ? line + len : line + len + 1;
  line[len] = '\0';
  if (len > 0 && line[len - 1] == '\r')
    line[len - 1] = '\0';
  return line;
}

void secret_close(struct secret *s) {
  if (s->text != NULL)
    secret_wipe(s->text, s->size);
  free(s->text);
}
