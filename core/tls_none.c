/* core/tls_none.c - a build without TLS (-DTALLY_TLS=OFF): nobody gets a
 * context, and so nobody comes here. */
#include "core/tls.h"

#include <errno.h>

bool tls_is_built_in(void) {
  return false;
}

struct tls_context *tls_context_make(const struct tls_settings *settings,
                                     struct failure *why) {
  (void)settings;
  failure_init(why, FAILURE_INVALID, OUTCOME_NOT_APPLIED, "tls");
  failure_detail(why, "this build has none (TALLY_TLS=OFF)");
  return NULL;
}

void tls_context_free(struct tls_context *c) {
  (void)c;
}

struct tls *tls_open(struct tls_context *c, const char *name,
                     const char *address) {
  (void)c;
  (void)name;
  (void)address;
  return NULL;
}

void tls_free(struct tls *t) {
  (void)t;
}

enum tls_rc tls_handshake(struct tls *t, struct failure *why) {
  (void)t;
  (void)why;
  return TLS_FAILED;
}

bool tls_feed(struct tls *t, const uint8_t *bytes, size_t n) {
  (void)t;
  (void)bytes;
  (void)n;
  return false;
}

size_t tls_pending(struct tls *t, const uint8_t **bytes) {
  (void)t;
  *bytes = NULL;
  return 0;
}

void tls_sent(struct tls *t, size_t n) {
  (void)t;
  (void)n;
}

enum tls_rc tls_seal(struct tls *t, const uint8_t *bytes, size_t n) {
  (void)t;
  (void)bytes;
  (void)n;
  return TLS_FAILED;
}

ptrdiff_t tls_read(struct tls *t, void *buf, size_t len) {
  (void)t;
  (void)buf;
  (void)len;
  return -EPROTO;
}

const char *tls_reason(const struct tls *t) {
  (void)t;
  return "";
}

void tls_shut(struct tls *t) {
  (void)t;
}
