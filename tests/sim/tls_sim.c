/* tests/sim/tls_sim.c - core/tls.h in the simulator: the toy record layer, with
 * memory that can fail. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/net.h"
#include "core/tls.h"
#include "tests/sim/toy.h"

struct tls_context {
  bool verify;
};

enum { OUT_MOST = 2 * (TOY_HEAD + TLS_RECORD) };

struct tls {
  struct toy in;
  uint8_t out[OUT_MOST];
  size_t out_len;
  size_t sent;
  bool greeted;
  bool done;
  bool over;            /* the peer has said goodbye */
  const uint8_t *plain; /* of the last record: not read yet */
  size_t plain_len;
};

bool tls_is_built_in(void) {
  return true;
}

struct tls_context *tls_context_make(const struct tls_settings *settings,
                                     struct failure *why) {
  struct tls_context *c = net_alloc(NULL, sizeof *c);

  failure_init(why, FAILURE_NO_MEMORY, OUTCOME_NOT_APPLIED, "tls");
  if (c != NULL)
    c->verify = settings->verify;
  return c;
}

void tls_context_free(struct tls_context *c) {
  net_free(NULL, c);
}

struct tls *tls_open(struct tls_context *c, const char *name,
                     const char *address) {
  (void)c;
  (void)name;
  (void)address;
  return net_alloc(NULL, sizeof(struct tls));
}

void tls_free(struct tls *t) {
  if (t != NULL)
    toy_end(&t->in);
  net_free(NULL, t);
}

static void put(struct tls *t, enum toy_type type, const void *bytes,
                size_t n) {
  if (t->sent == t->out_len)
    t->sent = t->out_len = 0;
  if (OUT_MOST - t->out_len < TOY_HEAD + n)
    abort(); /* the one before was not taken whole */
  t->out_len += toy_seal(t->out + t->out_len, type, bytes, n);
}

enum tls_rc tls_handshake(struct tls *t, struct failure *why) {
  const uint8_t *payload;
  enum toy_type type;
  size_t n;

  if (!t->greeted)
    put(t, TOY_HELLO, "hello", 5);
  t->greeted = true;
  type = toy_next(&t->in, &payload, &n);
  if (type == TOY_MORE)
    return TLS_MORE;
  t->done = type == TOY_SERVER && n == 1 && payload[0] == 1;
  if (t->done)
    return TLS_DONE;
  why->code = FAILURE_TLS;
  why->what = "the server's certificate is not to be trusted";
  return TLS_FAILED;
}

bool tls_feed(struct tls *t, const uint8_t *bytes, size_t n) {
  toy_add(&t->in, bytes, n);
  return true;
}

size_t tls_pending(struct tls *t, const uint8_t **bytes) {
  *bytes = t->out + t->sent;
  return t->out_len - t->sent;
}

void tls_sent(struct tls *t, size_t n) {
  t->sent += n;
}

enum tls_rc tls_seal(struct tls *t, const uint8_t *bytes, size_t n) {
  put(t, TOY_DATA, bytes, n);
  return TLS_DONE;
}

ptrdiff_t tls_read(struct tls *t, void *buf, size_t len) {
  if (t->plain_len == 0 && !t->over)
    switch (toy_next(&t->in, &t->plain, &t->plain_len)) {
    case TOY_DATA:
      break;
    case TOY_MORE:
      t->plain_len = 0;
      return -EAGAIN;
    case TOY_BYE:
      t->plain_len = 0;
      t->over = true;
      break;
    default:
      return -EPROTO;
    }
  if (t->over)
    return 0;
  if (len > t->plain_len)
    len = t->plain_len;
  memcpy(buf, t->plain, len);
  t->plain += len;
  t->plain_len -= len;
  return (ptrdiff_t)len;
}

const char *tls_reason(const struct tls *t) {
  (void)t;
  return "no record";
}

void tls_shut(struct tls *t) {
  if (t->done)
    put(t, TOY_BYE, "", 0);
}
