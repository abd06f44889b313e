/* tests/support/script_control.c - telling the script server what to do, and
 * asking what it saw. */
#include "tests/support/script_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- What it does ------------------------------------------------------- */

void script_next(struct script_server *s, enum script_place place,
                 const struct script_step *step, unsigned times) {
  struct script_steps *steps = &s->steps[place];

  script_lock(s);
  if (steps->count == STEPS_MAX)
    abort();
  steps->steps[steps->count] = *step;
  steps->times[steps->count++] = times;
  script_unlock(s);
}

void script_next_kind(struct script_server *s, enum script_place place,
                      enum script_kind kind, unsigned times) {
  script_next(s, place, &(struct script_step){.kind = kind}, times);
}

void script_next_error(struct script_server *s, enum script_place place,
                       int32_t code, unsigned times) {
  script_next(s, place,
              &(struct script_step){.kind = SCRIPT_ERROR, .code = code}, times);
}

void script_clear(struct script_server *s, enum script_place place) {
  script_lock(s);
  s->steps[place].count = 0;
  script_unlock(s);
}

void script_release(struct script_server *s) {
  script_lock(s);
  for (int i = 0; i < CONNS_MAX; i++) {
    struct script_conn *c = &s->conns[i];

    bytes_add(&c->out, c->held.p, c->held.len);
    c->held.len = 0;
    for (int p = 0; p < SCRIPT_PLACES; p++) {
      c->queued[p] += c->held_count[p];
      c->held_count[p] = 0;
    }
  }
  script_unlock(s);
}

void script_be_scylla(struct script_server *s) {
  script_lock(s);
  s->scylla = true;
  script_unlock(s);
}

void script_want_login(struct script_server *s, const char *authenticator,
                       const void *token, size_t len) {
  script_lock(s);
  s->authenticator = authenticator;
  s->login = token;
  s->login_len = len;
  script_unlock(s);
}

void script_compress(struct script_server *s, bool packs) {
  script_lock(s);
  s->lz4 = true;
  s->lz4_packs = packs;
  script_unlock(s);
}

void script_refuse(struct script_server *s, bool reset, unsigned times) {
  script_lock(s);
  s->refusals = times;
  s->refuse_reset = reset;
  script_unlock(s);
}

void script_read(struct script_server *s, bool read) {
  int smallest = 1;

  script_lock(s);
  s->reading = read;
  for (int i = 0; i < CONNS_MAX; i++)
    if (s->conns[i].fd >= 0 && !read)
      setsockopt(s->conns[i].fd, SOL_SOCKET, SO_RCVBUF, &smallest,
                 sizeof smallest);
  script_unlock(s);
}

void script_drop(struct script_server *s, bool reset) {
  script_lock(s);
  for (int i = 0; i < CONNS_MAX; i++)
    script_conn_close(&s->conns[i], reset);
  pthread_cond_broadcast(&s->changed);
  script_unlock(s);
}

void script_cut_after(struct script_server *s, size_t bytes, bool reset) {
  script_lock(s);
  s->cut_bytes = bytes;
  s->cut_reset = reset;
  script_unlock(s);
}

void script_say(struct script_server *s, const void *bytes, size_t len) {
  script_lock(s);
  for (int i = 0; i < CONNS_MAX; i++)
    if (s->conns[i].fd >= 0)
      bytes_add(&s->conns[i].out, bytes, len);
  script_unlock(s);
}

void script_listen(struct script_server *s, bool listen) {
  bool held = false;

  script_lock(s);
  if (!listen && s->listener >= 0) {
    close(s->listener);
    s->listener = -1;
    held = true;
  } else if (listen && s->listener < 0) {
    close(s->held);
    s->held = -1;
    s->listener = script_listener(s->port);
  }
  script_unlock(s);
  /* Not under the lock: the server's poll() must let go of the listener. */
  if (held)
    s->held = script_bound(s->port);
}

/* ---- What it saw -------------------------------------------------------- */

static unsigned read_count(struct script_server *s, const unsigned *count) {
  unsigned n;

  script_lock(s);
  n = *count;
  pthread_mutex_unlock(&s->mutex);
  return n;
}

unsigned script_count(struct script_server *s, enum script_place place) {
  return read_count(s, &s->counts[place]);
}

unsigned script_answered(struct script_server *s, enum script_place place) {
  return read_count(s, &s->answered[place]);
}

unsigned script_compressed(struct script_server *s, enum script_place place) {
  return read_count(s, &s->compressed[place]);
}

unsigned script_accepted(struct script_server *s) {
  return read_count(s, &s->accepted);
}

static unsigned standing(const struct script_server *s) {
  unsigned n = 0;

  for (int i = 0; i < CONNS_MAX; i++)
    n += s->conns[i].fd >= 0;
  return n;
}

unsigned script_standing(struct script_server *s) {
  unsigned n;

  script_lock(s);
  n = standing(s);
  pthread_mutex_unlock(&s->mutex);
  return n;
}

unsigned script_seen(struct script_server *s, const char *key) {
  unsigned n = 0;

  script_lock(s);
  for (size_t i = 0; i < s->entry_count; i++)
    n += strncmp(s->entries[i].key, key, sizeof s->entries[i].key - 1) == 0;
  pthread_mutex_unlock(&s->mutex);
  return n;
}

int64_t script_sum(struct script_server *s, const char *key,
                   const char *column) {
  int64_t sum = 0;

  script_lock(s);
  script_touched(s, key, column, &sum);
  pthread_mutex_unlock(&s->mutex);
  return sum;
}

size_t script_last(struct script_server *s, enum script_place place, void *body,
                   size_t cap) {
  size_t len;

  script_lock(s);
  len = s->last[place].len;
  if (len > 0)
    memcpy(body, s->last[place].p, len < cap ? len : cap);
  pthread_mutex_unlock(&s->mutex);
  return len;
}

uint16_t script_last_stream(struct script_server *s, enum script_place place) {
  uint16_t stream;

  script_lock(s);
  stream = s->last_stream[place];
  pthread_mutex_unlock(&s->mutex);
  return stream;
}

uint8_t script_last_flags(struct script_server *s, enum script_place place) {
  uint8_t flags;

  script_lock(s);
  flags = s->last_flags[place];
  pthread_mutex_unlock(&s->mutex);
  return flags;
}

/* ---- Waiting ------------------------------------------------------------ */

static struct timespec limit(void) {
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  t.tv_sec += WAIT_LIMIT_MS / 1000;
  return t;
}

static bool wait_count(struct script_server *s, const unsigned *count,
                       unsigned wanted) {
  struct timespec until = limit();
  bool reached;
  int rc = 0;

  script_lock(s);
  while (*count < wanted && rc != ETIMEDOUT)
    rc = pthread_cond_timedwait(&s->changed, &s->mutex, &until);
  reached = *count >= wanted;
  pthread_mutex_unlock(&s->mutex);
  return reached;
}

bool script_wait(struct script_server *s, enum script_place place,
                 unsigned count) {
  return wait_count(s, &s->counts[place], count);
}

bool script_wait_answered(struct script_server *s, enum script_place place,
                          unsigned count) {
  return wait_count(s, &s->answered[place], count);
}

bool script_wait_accepted(struct script_server *s, unsigned count) {
  return wait_count(s, &s->accepted, count);
}

bool script_wait_standing(struct script_server *s, unsigned count) {
  struct timespec until = limit();
  bool reached;
  int rc = 0;

  script_lock(s);
  while (standing(s) != count && rc != ETIMEDOUT)
    rc = pthread_cond_timedwait(&s->changed, &s->mutex, &until);
  reached = standing(s) == count;
  pthread_mutex_unlock(&s->mutex);
  return reached;
}
