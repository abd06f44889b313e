#include "tests/support/loopback.h"
#include "tests/support/tls_front.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINKS_MAX = 64 };

struct raw {
  uint8_t bytes[FRONT_RAW];
  size_t len; /* may be more */
};

struct link {
  struct front *front;
  pthread_t thread;
  bool used;
  unsigned number; /* of those that were taken */
  int client;      /* -1: over */
};

struct front {
  pthread_t thread;
  pthread_mutex_t mutex;
  int listener;
  uint16_t port;
  uint16_t backend;
  struct front_settings settings;
  struct link links[LINKS_MAX];
  struct raw raw[FRONT_RAW_LINKS];
  unsigned taken;
  unsigned agreed;
  unsigned resumed;
  unsigned heard;
  char wanted[256];
};

static void lock(struct front *f) {
  pthread_mutex_lock(&f->mutex);
}

static void unlock(struct front *f) {
  pthread_mutex_unlock(&f->mutex);
}

/* ---- One connection ----------------------------------------------------- */

static SSL_CTX *context_of(const struct front_settings *s) {
  SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
  unsigned char ticket_keys[80];

  /* What clients should not take is to be offered, too. */
  SSL_CTX_set_security_level(ctx, 0);
  SSL_CTX_set_min_proto_version(ctx, s->min_version);
  SSL_CTX_set_max_proto_version(ctx, s->max_version);
  if (s->ciphers != NULL && SSL_CTX_set_cipher_list(ctx, s->ciphers) != 1)
    abort();
  if (s->cert.x509 != NULL &&
      (SSL_CTX_use_certificate(ctx, s->cert.x509) != 1 ||
       SSL_CTX_use_PrivateKey(ctx, s->cert.key) != 1))
    abort();
  if (s->tickets != 0) {
    memset(ticket_keys, (int)s->tickets, sizeof ticket_keys);
    SSL_CTX_set_tlsext_ticket_keys(ctx, ticket_keys, sizeof ticket_keys);
    SSL_CTX_set_session_id_context(ctx, ticket_keys, 1);
  }
  for (int i = 0; i < 2; i++)
    if (s->along[i] != NULL)
      SSL_CTX_add1_chain_cert(ctx, s->along[i]->x509);
  if (s->clients != NULL) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), s->clients->x509);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       NULL);
  }
  return ctx;
}

static int connect_backend(uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);

  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, (const void *)&address, sizeof address) == 0)
    return fd;
  close(fd);
  return -1;
}

static bool from_client(struct front *f, SSL *ssl, int backend) {
  char buf[16384];

  do {
    int n = SSL_read(ssl, buf, sizeof buf);

    if (n <= 0)
      return false;
    lock(f);
    f->heard += (unsigned)n;
    unlock(f);
    if (backend >= 0 && send(backend, buf, (size_t)n, MSG_NOSIGNAL) != n)
      return false;
  } while (SSL_pending(ssl) > 0);
  return true;
}

static bool to_client(SSL *ssl, const char *bytes, int n, unsigned record) {
  int most = record != 0 ? (int)record : n;

  for (int sent = 0; sent < n; sent += most)
    if (SSL_write(ssl, bytes + sent, n - sent < most ? n - sent : most) <= 0)
      return false;
  return true;
}

static bool from_backend(SSL *ssl, int backend, struct front_settings *s) {
  char buf[16384];
  ssize_t n = recv(backend, buf, sizeof buf, 0);

  if (n <= 0)
    return false;
  if (s->cut_after != 0 && (size_t)n >= s->cut_after) {
    to_client(ssl, buf, (int)s->cut_after, s->record);
    return false;
  }
  if (s->cut_after != 0)
    s->cut_after -= (unsigned)n;
  return to_client(ssl, buf, (int)n, s->record);
}

static void stay_deaf(struct front *f) {
  bool deaf;

  do {
    lock(f);
    deaf = f->settings.deaf;
    unlock(f);
    sched_yield();
  } while (deaf);
}

static void pump(struct front *f, SSL *ssl, int client,
                 struct front_settings *settings) {
  int backend = f->backend != 0 ? connect_backend(f->backend) : -1;
  struct pollfd fds[2] = {{.fd = client, .events = POLLIN},
                          {.fd = backend, .events = POLLIN}};

  stay_deaf(f);
  while ((backend >= 0 || f->backend == 0) && poll(fds, 2, -1) > 0)
    if ((fds[0].revents != 0 && !from_client(f, ssl, backend)) ||
        (fds[1].revents != 0 && !from_backend(ssl, backend, settings)))
      break;
  if (backend >= 0)
    close(backend);
}

static void note_raw(struct link *l, const void *bytes, size_t n) {
  struct front *f = l->front;

  lock(f);
  if (l->number < FRONT_RAW_LINKS) {
    struct raw *raw = &f->raw[l->number];
    size_t room = raw->len < FRONT_RAW ? FRONT_RAW - raw->len : 0;

    memcpy(raw->bytes + raw->len, bytes, n < room ? n : room);
    raw->len += n;
  }
  unlock(f);
}

static long on_bio(BIO *bio, int op, const char *bytes, size_t len, int argi,
                   long argl, int rc, size_t *processed) {
  (void)len;
  (void)argi;
  (void)argl;
  if (op == (BIO_CB_READ | BIO_CB_RETURN) && rc > 0)
    note_raw((struct link *)BIO_get_callback_arg(bio), bytes, *processed);
  return rc;
}

/* Whatever else the client says. */
static void hear_out(struct link *l) {
  char buf[4096];
  ssize_t n;

  shutdown(l->client, SHUT_WR);
  while ((n = recv(l->client, buf, sizeof buf, 0)) > 0)
    note_raw(l, buf, (size_t)n);
}

/* It has heard a ClientHello, or whatever that is. */
static void speak_instead(struct link *l, const struct front_settings *s) {
  char buf[16384];
  ssize_t n = recv(l->client, buf, sizeof buf, 0);

  if (n <= 0)
    return;
  note_raw(l, buf, (size_t)n);
  (void)!send(l->client, s->instead, s->instead_len, MSG_NOSIGNAL);
}

static void speak_tls(struct link *l, SSL_CTX *ctx,
                      struct front_settings *settings) {
  struct front *f = l->front;
  SSL *ssl = SSL_new(ctx);
  const char *name;

  SSL_set_fd(ssl, l->client);
  BIO_set_callback_arg(SSL_get_rbio(ssl), (char *)l);
  BIO_set_callback_ex(SSL_get_rbio(ssl), on_bio);
  if (SSL_accept(ssl) == 1) {
    name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    lock(f);
    f->agreed++;
    f->resumed += SSL_session_reused(ssl) != 0;
    snprintf(f->wanted, sizeof f->wanted, "%s", name != NULL ? name : "");
    unlock(f);
    pump(f, ssl, l->client, settings);
  }
  ERR_clear_error();
  SSL_free(ssl);
}

static void *link_thread(void *arg) {
  struct link *l = arg;
  struct front *f = l->front;
  struct front_settings settings;
  SSL_CTX *ctx;

  lock(f);
  ctx = context_of(&f->settings);
  settings = f->settings;
  unlock(f);
  if (settings.instead != NULL)
    speak_instead(l, &settings);
  else
    speak_tls(l, ctx, &settings);
  hear_out(l);
  SSL_CTX_free(ctx);
  lock(f);
  close(l->client);
  l->client = -1;
  unlock(f);
  return NULL;
}

/* ---- All of them -------------------------------------------------------- */

/* The place of one that is over, or one that was never used. */
static struct link *free_link(struct front *f) {
  for (int i = 0; i < LINKS_MAX; i++) {
    struct link *l = &f->links[i];

    if (l->used && l->client < 0) {
      pthread_join(l->thread, NULL);
      l->used = false;
    }
    if (!l->used)
      return l;
  }
  return NULL;
}

static void take(struct front *f, int client) {
  struct link *l;

  lock(f);
  while ((l = free_link(f)) == NULL) {
    unlock(f);
    sched_yield();
    lock(f);
  }
  l->front = f;
  l->client = client;
  l->used = true;
  l->number = f->taken++;
  if (pthread_create(&l->thread, NULL, link_thread, l) != 0)
    abort();
  unlock(f);
}

static void *accept_thread(void *arg) {
  struct front *f = arg;

  for (;;) {
    int client = accept(f->listener, NULL, NULL);

    if (client < 0)
      return NULL;
    take(f, client);
  }
}

struct front *front_start(uint16_t backend) {
  struct front *f = calloc(1, sizeof *f);

  signal(SIGPIPE, SIG_IGN);
  pthread_mutex_init(&f->mutex, NULL);
  f->backend = backend;
  f->listener = loopback_listen(&f->port);
  if (pthread_create(&f->thread, NULL, accept_thread, f) != 0)
    abort();
  return f;
}

void front_set(struct front *f, const struct front_settings *settings) {
  lock(f);
  f->settings = *settings;
  unlock(f);
}

void front_drop(struct front *f) {
  lock(f);
  for (int i = 0; i < LINKS_MAX; i++)
    if (f->links[i].used && f->links[i].client >= 0)
      shutdown(f->links[i].client, SHUT_RDWR);
  unlock(f);
}

void front_wait(struct front *f) {
  for (int i = 0; i < LINKS_MAX; i++)
    for (bool over = false; !over; sched_yield()) {
      lock(f);
      over = !f->links[i].used || f->links[i].client < 0;
      unlock(f);
    }
}

void front_stop(struct front *f) {
  shutdown(f->listener, SHUT_RDWR);
  pthread_join(f->thread, NULL);
  close(f->listener);
  front_drop(f);
  for (int i = 0; i < LINKS_MAX; i++)
    if (f->links[i].used)
      pthread_join(f->links[i].thread, NULL);
  pthread_mutex_destroy(&f->mutex);
  free(f);
}

uint16_t front_port(const struct front *f) {
  return f->port;
}

static unsigned read_count(struct front *f, const unsigned *count) {
  unsigned n;

  lock(f);
  n = *count;
  unlock(f);
  return n;
}

unsigned front_agreed(struct front *f) {
  return read_count(f, &f->agreed);
}

unsigned front_resumed(struct front *f) {
  return read_count(f, &f->resumed);
}

unsigned front_taken(struct front *f) {
  return read_count(f, &f->taken);
}

unsigned front_heard(struct front *f) {
  return read_count(f, &f->heard);
}

void front_wanted(struct front *f, char name[256]) {
  lock(f);
  snprintf(name, 256, "%s", f->wanted);
  unlock(f);
}

size_t front_raw(struct front *f, unsigned n, uint8_t bytes[FRONT_RAW]) {
  size_t len;

  lock(f);
  len = f->raw[n].len;
  memcpy(bytes, f->raw[n].bytes, FRONT_RAW);
  unlock(f);
  return len;
}
