/* tests/unit/test_tls_relay.c - over TLS, with somebody on the way: a handshake
 * is cut off anywhere, bytes are flipped, dropped, repeated and delayed. */
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/relay.h"
#include "tests/unit/house.h"
#include "tests/unit/suites.h"

static struct relay *relay_before(struct house *h) {
  struct relay *relay = relay_start(front_port(h->front));

  h->r.tasks = rig_tasks();
  snprintf(h->hosts, sizeof h->hosts, "db.example:%u",
           (unsigned)relay_port(relay));
  return relay;
}

static void relay_passes(struct relay *relay) {
  relay_set(relay, &(struct relay_settings){0});
}

/* ---- Cut off ------------------------------------------------------------ */

/* True when it does; else it says clearly why not. */
static bool connects(struct house *h) {
  int rc = rig_try_connect(&h->r);

  rig_close(&h->r);
  if (rc == 0)
    return true;
  ck_assert_msg(rc == TALLY_ECONNECT || rc == TALLY_ELOST || rc == TALLY_ETLS,
                "%s: %s: %s", tally_error_name(rc), h->r.error.message,
                h->r.error.detail);
  ck_assert_int_eq(h->r.error.outcome, TALLY_NOT_APPLIED);
  ck_assert_msg(strstr(h->r.error.detail, "the server closed the connect") ||
                    strstr(h->r.error.detail, "could not connect: conn") ||
                    strstr(h->r.error.detail, "the connection was lost"),
                "%s: %s", h->r.error.message, h->r.error.detail);
  return false;
}

/* Where each record ends, and in the handshake also so many bytes behind that;
 * until it is connected before the cut.  Returns how often the handshake was
 * cut off. */
static unsigned cut_everywhere(struct house *h, struct relay *relay,
                               struct relay_settings cut) {
  static const unsigned bytes[] = {0, 1, 4, 5, 6, 9, 43, 80, 200, 500};
  enum { BYTES = sizeof bytes / sizeof bytes[0] };
  unsigned count = 0;

  cut.cuts = true;
  for (cut.records = 0;; cut.records++) {
    bool in_handshake = true;

    for (int i = 0; i < BYTES && in_handshake; i++) {
      cut.bytes = bytes[i];
      relay_set(relay, &cut);
      if (connects(h))
        return count;
      in_handshake = cut.records == 0 ||
                     strstr(h->r.error.detail, "TLS was agreed on") != NULL;
      count += in_handshake;
    }
  }
}

START_TEST(cut_off) {
  const struct relay_settings cut = {.way = _i & 1 ? RELAY_UP : RELAY_DOWN,
                                     .reset = _i & 2};
  struct relay *relay;
  struct house h;
  unsigned count;

  house_begin(&h, RIG_INLINE);
  h.settings.max_version = _i & 4 ? TLS1_2_VERSION : TLS1_3_VERSION;
  front_set(h.front, &h.settings);
  relay = relay_before(&h);
  count = cut_everywhere(&h, relay, cut);
  ck_assert_uint_ge(count, 9);
  relay_passes(relay);
  house_counts(&h);
  rig_close(&h.r);
  relay_stop(relay);
  house_end(&h);
}
END_TEST

/* ---- By chance ---------------------------------------------------------- */

enum { COUNT = 400, IN_FLIGHT = 30, SEEDS = 6 };

static void count_all(struct rig *r, struct done done[COUNT]) {
  char url[16];

  for (int i = 0; i < COUNT; i++) {
    if (i >= IN_FLIGHT)
      ck_assert(rig_done(r, &done[i - IN_FLIGHT]));
    snprintf(url, sizeof url, "/%d", i);
    rig_submit(r, url, 1, &done[i]);
  }
  for (int i = COUNT - IN_FLIGHT; i < COUNT; i++)
    ck_assert(rig_done(r, &done[i]));
}

/* Each on its own: a sum would hide one that is lost and one that is twice. */
static void compare(struct rig *r, const struct done done[COUNT]) {
  char url[16];

  for (int i = 0; i < COUNT; i++) {
    int64_t counted;

    snprintf(url, sizeof url, "/%d", i);
    counted = script_sum(r->server, url, "views");
    ck_assert_int_ge(counted, done[i].outcome == TALLY_APPLIED);
    ck_assert_int_le(counted, done[i].outcome != TALLY_NOT_APPLIED);
  }
}

/* Until all is well again. */
static void recovers(struct rig *r) {
  uint64_t limit = rig_ms() + WAIT_LIMIT_MS;
  struct done d;

  do {
    ck_assert_uint_lt(rig_ms(), limit);
    rig_increment(r, "/home", 1, &d);
  } while (d.outcome != TALLY_APPLIED);
}

/* What was changed on the way is believed by neither side, and what is told of
 * each increment is so. */
START_TEST(meddled_with) {
  static struct done done[COUNT];
  struct relay *relay;
  struct house h;

  memset(done, 0, sizeof done);
  house_begin(&h, _i % RIG_MODES);
  relay = relay_before(&h);
  h.r.options.increment_timeout_ms = 300;
  h.r.options.heartbeat_ms = 200;
  h.r.options.heartbeat_timeout_ms = 200;
  h.r.options.connect_timeout_ms = 500;
  rig_connect(&h.r);
  relay_set(relay, &(struct relay_settings){.seed = (unsigned)_i + 1});
  relay_drop(relay);
  count_all(&h.r, done);
  ck_assert_uint_gt(relay_meddled(relay), 0);
  relay_passes(relay);
  relay_drop(relay);
  recovers(&h.r);
  rig_close(&h.r);
  relay_stop(relay);
  ck_assert(script_wait_standing(h.r.server, 0));
  compare(&h.r, done);
  house_end(&h);
}
END_TEST

Suite *tls_relay_suite(void) {
  Suite *s = suite_create("tls_relay");
  TCase *tc = tcase_create("relay");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, cut_off, 0, 8);
  tcase_add_loop_test(tc, meddled_with, 0, SEEDS);
  suite_add_tcase(s, tc);
  return s;
}
