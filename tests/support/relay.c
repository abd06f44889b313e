#include "tests/support/loopback.h"
#include "tests/support/relay.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIPES_MAX = 64, CHUNK = 16384, HEAD = 5 };

/* What happens by chance. */
enum mischief { FLIP, DROP, REPEAT, DELAY, MISCHIEFS };

struct pipe {
  struct relay *relay;
  struct relay_settings settings;
  pthread_t thread;
  bool used;
  bool over;
  int ends[RELAY_WAYS]; /* what comes from here goes that way */
  /* Where the cut is, as far as it is known: in records and bytes. */
  unsigned records;
  size_t left;        /* of the record under way */
  uint8_t head[HEAD]; /* of the next one */
  size_t head_len;
  size_t extra; /* bytes behind the last whole record that counts */
  /* By chance. */
  uint64_t chance;
  enum relay_way way;
  size_t until; /* bytes that way before something happens */
};

struct relay {
  pthread_t thread;
  pthread_mutex_t mutex;
  int listener;
  uint16_t port;
  uint16_t to;
  struct relay_settings settings;
  struct pipe pipes[PIPES_MAX];
  unsigned taken;
  unsigned meddled;
};

static void lock(struct relay *r) {
  pthread_mutex_lock(&r->mutex);
}

static void unlock(struct relay *r) {
  pthread_mutex_unlock(&r->mutex);
}

/* ---- A cut -------------------------------------------------------------- */

/* How many of these bytes come before the cut. */
static size_t before_cut(struct pipe *p, const uint8_t *bytes, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (p->records == p->settings.records) {
      if (p->extra == p->settings.bytes)
        return i;
      p->extra++;
      continue;
    }
    if (p->left == 0) {
      p->head[p->head_len++] = bytes[i];
      if (p->head_len < HEAD)
        continue;
      p->head_len = 0;
      p->left = (size_t)p->head[3] << 8 | p->head[4];
    } else {
      p->left--;
    }
    p->records += p->left == 0;
  }
  return n;
}

static bool is_cut(const struct pipe *p) {
  return p->settings.cuts && p->records == p->settings.records &&
         p->extra == p->settings.bytes;
}

/* ---- Chance ------------------------------------------------------------- */

static unsigned draw(struct pipe *p, unsigned below) {
  p->chance = p->chance * UINT64_C(6364136223846793005) + 1442695040888963407;
  return (unsigned)(p->chance >> 33) % below;
}

static void next_mischief(struct pipe *p) {
  p->way = draw(p, 2) == 0 ? RELAY_UP : RELAY_DOWN;
  p->until = 1 + draw(p, 1u << (4 + draw(p, 10)));
}

static bool send_all(int fd, const uint8_t *bytes, size_t n) {
  return n == 0 || send(fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* Byte `at` is the one. */
static bool meddle(struct pipe *p, int to, uint8_t *bytes, size_t n,
                   size_t at) {
  size_t some = 1 + draw(p, 16);

  if (some > n - at)
    some = n - at;
  lock(p->relay);
  p->relay->meddled++;
  unlock(p->relay);
  switch ((enum mischief)draw(p, MISCHIEFS)) {
  case FLIP:
    bytes[at] ^= (uint8_t)(1u << draw(p, 8));
    break;
  case DROP:
    return send_all(to, bytes, at) &&
           send_all(to, bytes + at + some, n - at - some);
  case REPEAT:
    return send_all(to, bytes, at + some) && send_all(to, bytes + at, n - at);
  case DELAY:
  default:
    if (!send_all(to, bytes, at))
      return false;
    poll(NULL, 0, (int)draw(p, 20));
    return send_all(to, bytes + at, n - at);
  }
  return send_all(to, bytes, n);
}

static bool pass_by_chance(struct pipe *p, enum relay_way way, uint8_t *bytes,
                           size_t n) {
  int to = p->ends[1 - way];

  if (p->settings.seed == 0 || way != p->way || n < p->until) {
    if (way == p->way)
      p->until -= n < p->until ? n : 0;
    return send_all(to, bytes, n);
  }
  if (!meddle(p, to, bytes, n, p->until - 1))
    return false;
  next_mischief(p);
  return true;
}

/* ---- A connection ------------------------------------------------------- */

static int dial(uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);

  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, (const void *)&address, sizeof address) == 0)
    return fd;
  close(fd);
  return -1;
}

static bool pass(struct pipe *p, enum relay_way way) {
  uint8_t bytes[CHUNK];
  ssize_t n = recv(p->ends[way], bytes, sizeof bytes, 0);
  size_t some;

  if (n <= 0)
    return false;
  if (!p->settings.cuts || way != p->settings.way)
    return pass_by_chance(p, way, bytes, (size_t)n);
  some = before_cut(p, bytes, (size_t)n);
  return send_all(p->ends[1 - way], bytes, some) && !is_cut(p);
}

static void end(struct pipe *p) {
  const struct linger now = {1, 0};

  for (int way = 0; way < RELAY_WAYS; way++) {
    if (p->ends[way] < 0)
      continue;
    if (is_cut(p) && p->settings.reset)
      setsockopt(p->ends[way], SOL_SOCKET, SO_LINGER, &now, sizeof now);
    else
      shutdown(p->ends[way], SHUT_WR);
  }
}

static void *pipe_thread(void *arg) {
  struct pipe *p = arg;
  struct pollfd fds[RELAY_WAYS];
  bool on = true;

  p->ends[RELAY_DOWN] = dial(p->relay->to);
  if (p->settings.seed != 0)
    next_mischief(p);
  for (int way = 0; way < RELAY_WAYS; way++)
    fds[way] = (struct pollfd){.fd = p->ends[way], .events = POLLIN};
  on = p->ends[RELAY_DOWN] >= 0 && !is_cut(p);
  while (on && poll(fds, RELAY_WAYS, -1) > 0)
    for (int way = 0; way < RELAY_WAYS; way++)
      if (fds[way].revents != 0)
        on = on && pass(p, (enum relay_way)way);
  end(p);
  lock(p->relay);
  for (int way = 0; way < RELAY_WAYS; way++)
    if (p->ends[way] >= 0)
      close(p->ends[way]);
  p->over = true;
  unlock(p->relay);
  return NULL;
}

/* ---- All of them -------------------------------------------------------- */

static struct pipe *free_pipe(struct relay *r) {
  for (int i = 0; i < PIPES_MAX; i++) {
    struct pipe *p = &r->pipes[i];

    if (p->used && p->over)
      pthread_join(p->thread, NULL);
    if (!p->used || p->over)
      return p;
  }
  return NULL;
}

static void take(struct relay *r, int client) {
  struct pipe *p;

  lock(r);
  while ((p = free_pipe(r)) == NULL) {
    unlock(r);
    sched_yield();
    lock(r);
  }
  *p = (struct pipe){.relay = r, .settings = r->settings, .used = true};
  p->ends[RELAY_UP] = client;
  p->ends[RELAY_DOWN] = -1;
  p->chance = (uint64_t)r->settings.seed << 32 | r->taken++;
  if (pthread_create(&p->thread, NULL, pipe_thread, p) != 0)
    abort();
  unlock(r);
}

static void *accept_thread(void *arg) {
  struct relay *r = arg;
  int client;

  while ((client = accept(r->listener, NULL, NULL)) >= 0)
    take(r, client);
  return NULL;
}

struct relay *relay_start(uint16_t to) {
  struct relay *r = calloc(1, sizeof *r);

  signal(SIGPIPE, SIG_IGN);
  pthread_mutex_init(&r->mutex, NULL);
  r->to = to;
  r->listener = loopback_listen(&r->port);
  if (pthread_create(&r->thread, NULL, accept_thread, r) != 0)
    abort();
  return r;
}

void relay_set(struct relay *r, const struct relay_settings *settings) {
  lock(r);
  r->settings = *settings;
  unlock(r);
}

void relay_drop(struct relay *r) {
  lock(r);
  for (int i = 0; i < PIPES_MAX; i++)
    if (r->pipes[i].used && !r->pipes[i].over)
      shutdown(r->pipes[i].ends[RELAY_UP], SHUT_RDWR);
  unlock(r);
}

void relay_stop(struct relay *r) {
  shutdown(r->listener, SHUT_RDWR);
  pthread_join(r->thread, NULL);
  close(r->listener);
  relay_drop(r);
  for (int i = 0; i < PIPES_MAX; i++)
    if (r->pipes[i].used)
      pthread_join(r->pipes[i].thread, NULL);
  pthread_mutex_destroy(&r->mutex);
  free(r);
}

uint16_t relay_port(const struct relay *r) {
  return r->port;
}

unsigned relay_meddled(struct relay *r) {
  unsigned n;

  lock(r);
  n = r->meddled;
  unlock(r);
  return n;
}
