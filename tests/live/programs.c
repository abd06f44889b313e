/* tests/live/programs.c - Python, the compiler, scripts/cassandra. */
#include "tests/live/live.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void become(char *const argv[], int out) {
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  execvp(argv[0], argv);
  _exit(127);
}

/* All of it is read, what does not fit is dropped. */
static void read_all(int fd, char *out, size_t size) {
  size_t len = 0;
  char rest[512];
  ssize_t n;

  while (len + 1 < size && (n = read(fd, out + len, size - 1 - len)) > 0)
    len += (size_t)n;
  out[len] = '\0';
  while (read(fd, rest, sizeof rest) > 0)
    continue;
}

int live_run(char *const argv[], char *out, size_t size) {
  int ends[2], status;
  pid_t pid;

  out[0] = '\0';
  if (pipe(ends) != 0)
    return -1;
  /* What scripts/cassandra starts must not hold on to the writing end. */
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  pid = fork();
  if (pid == 0)
    become(argv, ends[1]);
  close(ends[1]);
  read_all(ends[0], out, size);
  close(ends[0]);
  if (pid < 0 || waitpid(pid, &status, 0) != pid)
    return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

const char *live_cql(const char *format, ...) {
  static char out[65536];
  char cql[4096], hosts[256];
  char python[] = LIVE_PYTHON;
  char script[] = LIVE_SOURCE_DIR "/tests/live/cql.py";
  char *argv[] = {python, script, hosts, cql, NULL};
  va_list args;
  int rc;

  va_start(args, format);
  vsnprintf(cql, sizeof cql, format, args);
  va_end(args);
  snprintf(hosts, sizeof hosts, "%s", live_hosts());
  rc = live_run(argv, out, sizeof out);
  ck_assert_msg(rc == 0, "%s\n%s", cql, out);
  return out;
}

void live_node(const char *command, const char *node) {
  char script[] = LIVE_SOURCE_DIR "/scripts/cassandra";
  char arg1[16], arg2[16], out[8192];
  char *argv[] = {script, arg1, arg2, NULL};
  int rc;

  snprintf(arg1, sizeof arg1, "%s", command);
  snprintf(arg2, sizeof arg2, "%s", node);
  rc = live_run(argv, out, sizeof out);
  ck_assert_msg(rc == 0, "scripts/cassandra %s %s: %s", command, node, out);
}

int live_compile(const char *source, char *out, size_t size) {
  char path[] = "/tmp/tally-live-XXXXXX";
  char cc[] = LIVE_CC, include[] = "-I" LIVE_SOURCE_DIR "/api";
  char std[] = "-std=c11", check[] = "-fsyntax-only", x[] = "-x", c[] = "c";
  char *argv[] = {cc, std, include, check, x, c, path, NULL};
  int fd = mkstemp(path), rc;
  FILE *f;

  ck_assert_int_ge(fd, 0);
  f = fdopen(fd, "w");
  ck_assert_ptr_nonnull(f);
  fputs(source, f);
  fclose(f);
  rc = live_run(argv, out, size);
  unlink(path);
  return rc;
}
