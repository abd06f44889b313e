/* tests/support/script_server.c - the outside of the script server. */
#include "tests/support/script_private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void (*script_thread_begins)(void);

/* ---- Bytes -------------------------------------------------------------- */

void bytes_reserve(struct bytes *b, size_t n) {
  if (b->p != NULL && b->len + n <= b->cap)
    return;
  b->cap = (b->len + n + 1) * 2;
  b->p = realloc(b->p, b->cap);
  if (b->p == NULL)
    abort();
}

void bytes_add(struct bytes *b, const void *p, size_t len) {
  if (len > 0)
    bytes_reserve(b, len);
  if (len > 0)
    memcpy(b->p + b->len, p, len);
  b->len += len;
}

void bytes_u8(struct bytes *b, unsigned v) {
  uint8_t out = (uint8_t)v;

  bytes_add(b, &out, 1);
}

void bytes_u16(struct bytes *b, unsigned v) {
  bytes_u8(b, v >> 8 & 0xff);
  bytes_u8(b, v & 0xff);
}

void bytes_u32(struct bytes *b, uint32_t v) {
  bytes_u16(b, v >> 16);
  bytes_u16(b, v & 0xffff);
}

void bytes_i64(struct bytes *b, int64_t v) {
  bytes_u32(b, (uint32_t)((uint64_t)v >> 32));
  bytes_u32(b, (uint32_t)v);
}

void bytes_string(struct bytes *b, const char *s) {
  bytes_u16(b, (unsigned)strlen(s));
  bytes_add(b, s, strlen(s));
}

void bytes_drop(struct bytes *b, size_t n) {
  if (n == 0)
    return;
  b->len -= n;
  memmove(b->p, b->p + n, b->len);
}

void bytes_free(struct bytes *b) {
  free(b->p);
  memset(b, 0, sizeof *b);
}

/* ---- Life --------------------------------------------------------------- */

struct script_server *script_start(void) {
  struct script_server *s = calloc(1, sizeof *s);
  pthread_condattr_t attr;

  if (s == NULL || pipe(s->wake) != 0)
    abort();
  fcntl(s->wake[0], F_SETFL, O_NONBLOCK);
  fcntl(s->wake[1], F_SETFL, O_NONBLOCK);
  pthread_mutex_init(&s->mutex, NULL);
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&s->changed, &attr);
  pthread_condattr_destroy(&attr);
  for (int i = 0; i < CONNS_MAX; i++)
    s->conns[i].fd = -1;
  s->reading = true;
  s->dc = "dc1";
  s->rack = "rack1";
  s->version = "5.0.2";
  s->token = "0";
  s->replicas = 1;
  s->held = -1;
  s->shard_listener = -1;
  s->listener = script_listener(0);
  s->port = script_port_of(s->listener);
  snprintf(s->host, sizeof s->host, "127.0.0.1:%u", (unsigned)s->port);
  if (pthread_create(&s->thread, NULL, script_thread, s) != 0)
    abort();
  return s;
}

void script_lock(struct script_server *s) {
  pthread_mutex_lock(&s->mutex);
}

void script_unlock(struct script_server *s) {
  ssize_t n;

  pthread_mutex_unlock(&s->mutex);
  n = write(s->wake[1], "", 1);
  (void)n; /* a full pipe wakes as well */
}

void script_stop(struct script_server *s) {
  script_lock(s);
  s->stop = true;
  script_unlock(s);
  pthread_join(s->thread, NULL);
  for (int i = 0; i < CONNS_MAX; i++)
    script_conn_close(&s->conns[i], true);
  for (int i = 0; i < SCRIPT_PLACES; i++)
    bytes_free(&s->last[i]);
  for (unsigned i = 0; i < s->statement_count; i++)
    free(s->statements[i].text);
  free(s->entries);
  if (s->listener >= 0)
    close(s->listener);
  if (s->held >= 0)
    close(s->held);
  if (s->shard_listener >= 0)
    close(s->shard_listener);
  close(s->wake[0]);
  close(s->wake[1]);
  pthread_cond_destroy(&s->changed);
  pthread_mutex_destroy(&s->mutex);
  free(s);
}

uint16_t script_port(const struct script_server *s) {
  return s->port;
}

const char *script_host(const struct script_server *s) {
  return s->host;
}
