#include "core/tls_session.h"

#include <stdbool.h>
#include <string.h>

struct slot {
  char *peer; /* NULL: nothing is here */
  SSL_SESSION *session;
  uint64_t end;
  uint64_t number; /* of those that were put */
};

struct tls_sessions {
  CRYPTO_RWLOCK *lock;
  uint64_t count; /* that were put */
  struct slot slots[TLS_SESSIONS];
};

struct tls_sessions *tls_sessions_make(void) {
  struct tls_sessions *s = OPENSSL_zalloc(sizeof *s);

  if (s == NULL)
    return NULL;
  s->lock = CRYPTO_THREAD_lock_new();
  if (s->lock != NULL)
    return s;
  OPENSSL_free(s);
  return NULL;
}

static void empty(struct slot *slot) {
  OPENSSL_free(slot->peer);
  SSL_SESSION_free(slot->session);
  *slot = (struct slot){0};
}

void tls_sessions_free(struct tls_sessions *s) {
  if (s == NULL)
    return;
  for (int i = 0; i < TLS_SESSIONS; i++)
    empty(&s->slots[i]);
  CRYPTO_THREAD_lock_free(s->lock);
  OPENSSL_free(s);
}

static bool is_of(const struct slot *slot, const char *peer) {
  return slot->peer != NULL && strcmp(slot->peer, peer) == 0;
}

/* An empty one has the number 0. */
static struct slot *place_for(struct tls_sessions *s, const char *peer) {
  struct slot *oldest = &s->slots[0], *own = NULL;
  int count = 0;

  for (int i = 0; i < TLS_SESSIONS; i++) {
    struct slot *slot = &s->slots[i];

    if (slot->number < oldest->number)
      oldest = slot;
    if (!is_of(slot, peer))
      continue;
    count++;
    if (own == NULL || slot->number < own->number)
      own = slot;
  }
  return count < TLS_SESSIONS_PEER ? oldest : own;
}

void tls_sessions_put(struct tls_sessions *s, const char *peer,
                      SSL_SESSION *session, uint64_t end) {
  char *copy = OPENSSL_strdup(peer);
  struct slot *slot;

  if (copy == NULL || CRYPTO_THREAD_write_lock(s->lock) != 1) {
    OPENSSL_free(copy);
    SSL_SESSION_free(session);
    return;
  }
  slot = place_for(s, peer);
  empty(slot);
  *slot = (struct slot){copy, session, end, ++s->count};
  CRYPTO_THREAD_unlock(s->lock);
}

SSL_SESSION *tls_sessions_take(struct tls_sessions *s, const char *peer,
                               uint64_t now, uint64_t *end) {
  struct slot *latest = NULL;
  SSL_SESSION *session = NULL;

  if (CRYPTO_THREAD_write_lock(s->lock) != 1)
    return NULL;
  for (int i = 0; i < TLS_SESSIONS; i++) {
    struct slot *slot = &s->slots[i];

    if (is_of(slot, peer) && now < slot->end &&
        (latest == NULL || slot->number > latest->number))
      latest = slot;
  }
  if (latest != NULL) {
    session = latest->session;
    *end = latest->end;
    latest->session = NULL;
    empty(latest);
  }
  CRYPTO_THREAD_unlock(s->lock);
  return session;
}
