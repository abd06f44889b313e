/* tests/unit/test_lz4.c - sessions that compress: with whom, what of it, and
 * what becomes of servers that do it badly. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/compress.h"
#include "tests/support/lz4_block.h"
#include "tests/support/pool.h"
#include "tests/support/rig.h"
#include "tests/unit/lz4_bodies.h"
#include "tests/unit/suites.h"

enum { MAX_FRAME = 1 << 20 };

/* ---- Rigs --------------------------------------------------------------- */

static void begin(struct rig *r, int mode, bool packs) {
  rig_init(r, (enum rig_mode)mode);
  script_compress(r->server, packs);
  r->options.compression = TALLY_COMPRESSION_LZ4;
  r->options.max_frame_bytes = MAX_FRAME;
}

static void begin_pool(struct rig *r, int mode, struct pool *pool) {
  begin(r, mode, true);
  r->options.allocator = pool_allocator(pool);
}

static void has_words(const tally_error *e, const char *words) {
  ck_assert_msg(strstr(e->message, words) || strstr(e->detail, words),
                "no \"%s\" in: %s: %s", words, e->message, e->detail);
}

static const char *long_key(char key[LARGE + 1], size_t len) {
  memset(key, 'k', len);
  key[len] = '\0';
  return key;
}

/* ---- What is broken ----------------------------------------------------- */

static void is_given_up(struct rig *r, const char *words) {
  struct done d;

  rig_increment(r, "/home", 1, &d);
  ck_assert_int_eq(d.status, TALLY_EUNKNOWN);
  ck_assert_int_eq(d.error.cause, TALLY_EPROTOCOL);
  has_words(&d.error, words);
  ck_assert_str_eq(d.error.host, script_host(r->server));
  rig_applied(r, "/home");
  ck_assert_uint_eq(script_seen(r->server, "/home"), 2);
}

/* The same from a server: the connection ends, and another one does. */
START_TEST(broken_answer) {
  struct pool pool = {0};
  struct rig r;

  begin_pool(&r, _i % RIG_MODES, &pool);
  script_next(r.server, AT_UPDATE,
              &(struct script_step){.kind = SCRIPT_FRAME,
                                    .opcode = 0x08,
                                    .flags = 1,
                                    .bytes = broken[_i / RIG_MODES].body,
                                    .len = broken[_i / RIG_MODES].len},
              1);
  rig_connect(&r);
  is_given_up(&r, broken[_i / RIG_MODES].words);
  rig_fini(&r);
  ck_assert_uint_eq(pool.live, 0);
}
END_TEST

static const struct script_step packed_void = {.kind = SCRIPT_FRAME,
                                               .opcode = 0x08,
                                               .flags = 1,
                                               .bytes = "\0\0\0\4\x40\0\0\0\1",
                                               .len = 9};

START_TEST(not_agreed_upon) {
  struct rig r;

  begin(&r, _i % RIG_MODES, true);
  r.options.compression = TALLY_COMPRESSION_NONE;
  script_next(r.server, AT_UPDATE, &packed_void, 1);
  rig_connect(&r);
  is_given_up(&r, "which was not agreed upon");
  rig_fini(&r);
}
END_TEST

/* Before STARTUP nothing is agreed upon yet. */
START_TEST(compressed_too_early) {
  struct script_step step = packed_void;
  struct rig r;

  begin(&r, RIG_INLINE, true);
  step.opcode = 0x06;
  script_next(r.server, AT_OPTIONS, &step, 0);
  ck_assert_int_eq(rig_try_connect(&r), TALLY_EPROTOCOL);
  has_words(&r.error, "which was not agreed upon");
  rig_fini(&r);
}
END_TEST

/* ---- With whom ---------------------------------------------------------- */

/* Those about it. */
struct lines {
  _Atomic int count;
  char last[300];
};

static void on_line(void *user, int level, const char *text) {
  struct lines *lines = user;

  if (strstr(text, "lz4") == NULL)
    return;
  ck_assert_int_eq(level, TALLY_LOG_WARNING);
  snprintf(lines->last, sizeof lines->last, "%s", text);
  lines->count++;
}

/* STARTUP's body: a [string map]. */
#define STARTUP(n)                                                             \
  "\0" n "\0\x0b"                                                              \
  "CQL_VERSION\0\x05"                                                          \
  "3.0.0\0\x0b"                                                                \
  "DRIVER_NAME\0\x05tally"
static const char plain_startup[] = STARTUP("\2");
static const char lz4_startup[] = STARTUP("\3") "\0\x0b"
                                                "COMPRESSION\0\3lz4";

static const struct {
  int option;
  bool offered;
  bool connects;
  bool warns;
  const char *startup;
  size_t len;
} agreements[] = {
#define PLAIN plain_startup, sizeof plain_startup - 1
#define LZ4   lz4_startup, sizeof lz4_startup - 1
    {TALLY_COMPRESSION_NONE, false, true, false, PLAIN},
    {TALLY_COMPRESSION_NONE, true, true, false, PLAIN},
    {TALLY_COMPRESSION_LZ4, false, true, true, PLAIN},
    {TALLY_COMPRESSION_LZ4, true, true, false, LZ4},
    {TALLY_COMPRESSION_LZ4_REQUIRED, false, false, false, NULL, 0},
    {TALLY_COMPRESSION_LZ4_REQUIRED, true, true, false, LZ4},
};
enum { AGREEMENTS = sizeof agreements / sizeof agreements[0] };

START_TEST(agreement) {
  int which = _i / RIG_MODES;
  struct lines lines = {0};
  char startup[100];
  struct rig r;

  rig_init(&r, (enum rig_mode)(_i % RIG_MODES));
  if (agreements[which].offered)
    script_compress(r.server, true);
  r.options.compression = agreements[which].option;
  r.options.io_threads = r.mode == RIG_THREADS ? 3 : r.options.io_threads;
  tally_log(&r.options, on_line, &lines, TALLY_LOG_WARNING);
  if (agreements[which].connects) {
    rig_connect(&r);
    rig_applied(&r, "/home");
    ck_assert_uint_eq(script_last(r.server, AT_STARTUP, startup, 100),
                      agreements[which].len);
    ck_assert_mem_eq(startup, agreements[which].startup, agreements[which].len);
    /* Once, and not with each connection. */
    script_drop(r.server, true);
    ck_assert(rig_served(&r, AT_STARTUP, r.mode == RIG_THREADS ? 6 : 2));
    rig_applied(&r, "/home");
    ck_assert_int_eq(lines.count, agreements[which].warns);
    ck_assert(!agreements[which].warns ||
              (strstr(lines.last, script_host(r.server)) != NULL &&
               strstr(lines.last, "offers no lz4") != NULL));
  } else {
    ck_assert_int_eq(rig_try_connect(&r), TALLY_ECONNECT);
    has_words(&r.error, script_host(r.server));
    has_words(&r.error, "offers no lz4: the option compression demands it");
    ck_assert_uint_eq(script_count(r.server, AT_STARTUP), 0);
  }
  rig_fini(&r);
}
END_TEST

/* ---- Counting ----------------------------------------------------------- */

static void count_and_read(struct rig *r) {
  page_hits row = {.url = "/home"};

  for (int i = 0; i < 10; i++)
    rig_applied(r, "/home");
  rig_answered(r, "/home");
  rig_answered(r, "/none");
  ck_assert_int_eq(script_sum(r->server, "/home", "views"), 10);
  if (r->mode == RIG_GUEST)
    return;
  ck_assert_int_eq(tally_get(r->hits, &row, &r->error), 0);
  ck_assert_int_eq(row.views, 10);
}

START_TEST(counts) {
  struct rig r;

  begin(&r, _i % RIG_MODES, _i / RIG_MODES == 0);
  rig_connect(&r);
  count_and_read(&r);
  for (int place = 0; place < SCRIPT_PLACES; place++)
    ck_assert_uint_eq(script_compressed(r.server, (enum script_place)place), 0);
  rig_fini(&r);
}
END_TEST

/* EXECUTE: the id, 5 bytes, one counter, the key. */
enum { BEFORE_KEY = 18 + 5 + 12 + 4 };

static const struct {
  size_t key_len;
  bool wild;
  bool compressed;
} keys[] = {
    {COMPRESS_ABOVE - BEFORE_KEY, false, false},
    {COMPRESS_ABOVE - BEFORE_KEY + 1, false, true},
    {LARGE, false, true},
    {LARGE, true, false}, /* it would not be smaller */
};
enum { KEYS = sizeof keys / sizeof keys[0] };

START_TEST(long_keys) {
  static char key[LARGE + 1];
  static uint8_t body[BEFORE_KEY + LARGE];
  size_t len = keys[_i / RIG_MODES].key_len;
  struct rig r;

  begin(&r, _i % RIG_MODES, true);
  rig_connect(&r);
  rig_applied(&r, keys[_i / RIG_MODES].wild ? wild_key(key, len)
                                            : long_key(key, len));
  ck_assert_uint_eq(script_compressed(r.server, AT_UPDATE),
                    keys[_i / RIG_MODES].compressed);
  ck_assert_uint_eq(script_last(r.server, AT_UPDATE, body, sizeof body),
                    BEFORE_KEY + len);
  ck_assert_mem_eq(body, "\0\x10scripted-id-0000\0\6\3\0\2\0\0\0\x08", 27);
  ck_assert_mem_eq(body + 27, "\0\0\0\0\0\0\0\1\0\0", 10);
  ck_assert_uint_eq((size_t)body[37] << 8 | body[38], len);
  ck_assert_mem_eq(body + BEFORE_KEY, key, len);
  rig_answered(&r, key);
  ck_assert_uint_eq(script_compressed(r.server, AT_SELECT),
                    len == LARGE && keys[_i / RIG_MODES].compressed);
  rig_fini(&r);
}
END_TEST

/* The server has all of it: to send it again could count twice. */
START_TEST(lost) {
  static char key[LARGE + 1];
  struct done d;
  struct rig r;

  begin(&r, _i, true);
  rig_connect(&r);
  rig_applied(&r, long_key(key, LARGE));
  script_next_kind(r.server, AT_UPDATE, SCRIPT_RESET, 1);
  rig_increment(&r, key, 1, &d);
  ck_assert_int_eq(d.status, TALLY_EUNKNOWN);
  ck_assert_int_eq(d.error.cause, TALLY_ELOST);
  ck_assert_uint_eq(script_compressed(r.server, AT_UPDATE), 2);
  rig_applied(&r, key);
  rig_fini(&r);
}
END_TEST

/* The token alone would be long enough. */
START_TEST(logins_stay_plain) {
  static char user[256], password[1024], token[1280];
  struct rig r;

  memset(user, 'u', 255);
  memset(password, 'p', 1023);
  memcpy(token + 1, user, 255);
  memcpy(token + 257, password, 1023);
  begin(&r, _i, true);
  script_want_login(r.server, "org.apache.cassandra.auth.PasswordAuthenticator",
                    token, sizeof token);
  r.options.user = user;
  r.options.password = password;
  rig_connect(&r);
  rig_applied(&r, "/home");
  ck_assert_uint_eq(script_compressed(r.server, AT_LOGIN), 0);
  rig_fini(&r);
}
END_TEST

START_TEST(error) {
  struct done d;
  struct rig r;

  begin(&r, _i, true);
  rig_connect(&r);
  script_next_error(r.server, AT_UPDATE, 0x2200, 1);
  rig_increment(&r, "/home", 1, &d);
  ck_assert_int_eq(d.outcome, TALLY_NOT_APPLIED);
  ck_assert_int_eq(d.error.server_code, 0x2200);
  has_words(&d.error, "0x2200: scripted");
  rig_fini(&r);
}
END_TEST

/* SCHEMA_CHANGE: UPDATED, KEYSPACE, my_ks. */
START_TEST(event) {
  static const char text[] = "\0\x0dSCHEMA_CHANGE\0\7UPDATED\0\x08"
                             "KEYSPACE\0\5my_ks";
  uint8_t frame[100] = {0x84, 1, 0xff, 0xff, 0x0c};
  size_t n =
      lz4_block_encode((const uint8_t *)text, sizeof text - 1, frame + 13);
  unsigned before;
  struct rig r;

  frame[8] = (uint8_t)(4 + n);
  frame[12] = sizeof text - 1;
  begin(&r, _i, true);
  rig_connect(&r);
  rig_applied(&r, "/home");
  before = script_count(r.server, AT_CONTROL);
  script_say(r.server, frame, 13 + n);
  ck_assert(rig_served(&r, AT_CONTROL, before + 1));
  rig_applied(&r, "/home");
  ck_assert_uint_eq(script_standing(r.server), script_accepted(r.server));
  rig_fini(&r);
}
END_TEST

/* ---- Memory ------------------------------------------------------------- */

enum { HUGE_LEN = MAX_FRAME };

/* RESULT Void, and much behind it. */
static struct script_step huge_answer(uint8_t **bytes) {
  uint8_t *plain = calloc(1, HUGE_LEN);
  uint8_t *to = calloc(1, 4 + lz4_block_bound(HUGE_LEN));
  size_t n;

  plain[3] = 1;
  n = 4 + lz4_block_encode(plain, HUGE_LEN, to + 4);
  to[1] = HUGE_LEN >> 16;
  ck_assert_uint_lt(n, 5000);
  free(plain);
  *bytes = to;
  return (struct script_step){
      .kind = SCRIPT_FRAME, .opcode = 0x08, .flags = 1, .bytes = to, .len = n};
}

START_TEST(huge_answers_leave_nothing) {
  struct script_step huge;
  struct pool pool = {0};
  uint8_t *bytes;
  size_t live;
  struct rig r;

  huge = huge_answer(&bytes);
  begin_pool(&r, _i, &pool);
  rig_connect(&r);
  rig_applied(&r, "/home");
  live = pool.live;
  script_next(r.server, AT_UPDATE, &huge, 5);
  for (int i = 0; i < 5; i++)
    rig_applied(&r, "/home");
  ck_assert_uint_ge(pool.largest, HUGE_LEN);
  ck_assert_uint_le(pool.peak, live + HUGE_LEN + COMPRESS_KEEP);
  rig_applied(&r, "/home");
  ck_assert_uint_le(pool.live, live + COMPRESS_KEEP);
  rig_fini(&r);
  ck_assert_uint_eq(pool.live, 0);
  free(bytes);
}
END_TEST

/* Without memory for it the answer is lost, and its connection. */
START_TEST(no_memory_for_an_answer) {
  struct script_step huge;
  struct pool pool = {0};
  uint8_t *bytes;
  struct done d;
  struct rig r;

  huge = huge_answer(&bytes);
  begin_pool(&r, _i, &pool);
  rig_connect(&r);
  rig_applied(&r, "/home");
  pool.limit = HUGE_LEN - 1;
  script_next(r.server, AT_UPDATE, &huge, 1);
  rig_increment(&r, "/home", 1, &d);
  ck_assert_int_eq(d.status, TALLY_EUNKNOWN);
  ck_assert_int_eq(d.error.cause, TALLY_ENOMEM);
  rig_applied(&r, "/home");
  rig_fini(&r);
  free(bytes);
}
END_TEST

START_TEST(no_allocation_per_increment) {
  struct pool pool = {0};
  uint64_t calls;
  struct rig r;

  begin_pool(&r, _i, &pool);
  rig_connect(&r);
  rig_applied(&r, "/home");
  calls = pool.calls;
  for (int i = 0; i < 100; i++)
    rig_applied(&r, "/home");
  ck_assert_uint_eq(pool.calls, calls);
  rig_fini(&r);
}
END_TEST

/* ---- Options ------------------------------------------------------------ */

static const struct {
  const char *setting;
  int value; /* -1: refused */
} settings[] = {
    {"compression=none", TALLY_COMPRESSION_NONE},
    {"compression=lz4", TALLY_COMPRESSION_LZ4},
    {"compression=LZ4", TALLY_COMPRESSION_LZ4},
    {"compression=lz4_required", TALLY_COMPRESSION_LZ4_REQUIRED},
    {"compression=lz4-required", TALLY_COMPRESSION_LZ4_REQUIRED},
    {"compression=snappy", -1},
    {"compression=", -1},
    {"compression=1", -1},
};
enum { SETTINGS = sizeof settings / sizeof settings[0] };

START_TEST(as_text) {
  tally_options o;
  tally_error e;
  int rc;

  tally_options_init(&o);
  ck_assert_int_eq(o.compression, TALLY_COMPRESSION_NONE);
  o.compression = 77;
  rc = tally_options_set(&o, settings[_i].setting, &e);
  ck_assert_int_eq(rc, settings[_i].value < 0 ? TALLY_EINVAL : 0);
  ck_assert_int_eq(o.compression, rc == 0 ? settings[_i].value : 77);
  if (rc != 0)
    has_words(&e, "is none of none, lz4, lz4_required");
}
END_TEST

START_TEST(no_such_compression) {
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  r.options.compression = TALLY_COMPRESSION_LZ4_REQUIRED + 1;
  ck_assert_int_eq(rig_try_connect(&r), TALLY_EINVAL);
  has_words(&r.error, "option compression: 3 is not from 0 to 2");
  rig_fini(&r);
}
END_TEST

/* A build without lz4 says so. */
START_TEST(left_out) {
  struct rig r;

  rig_init(&r, (enum rig_mode)(_i % RIG_MODES));
  r.options.compression = 1 + _i / RIG_MODES;
  ck_assert_int_eq(rig_try_connect(&r), TALLY_EINVAL);
  has_words(&r.error, "option compression: this build of tally has no lz4 "
                      "(TALLY_LZ4=OFF)");
  rig_fini(&r);
}
END_TEST

static void add_built(Suite *s) {
  TCase *tc = tcase_create("sessions");

  tcase_set_timeout(tc, 30);
  tcase_add_loop_test(tc, broken_answer, 0, BROKEN * RIG_MODES);
  tcase_add_loop_test(tc, not_agreed_upon, 0, RIG_MODES);
  tcase_add_test(tc, compressed_too_early);
  tcase_add_loop_test(tc, agreement, 0, AGREEMENTS * RIG_MODES);
  tcase_add_loop_test(tc, counts, 0, 2 * RIG_MODES);
  tcase_add_loop_test(tc, long_keys, 0, KEYS * RIG_MODES);
  tcase_add_loop_test(tc, lost, 0, RIG_MODES);
  tcase_add_loop_test(tc, logins_stay_plain, 0, RIG_MODES);
  tcase_add_loop_test(tc, error, 0, RIG_MODES);
  tcase_add_loop_test(tc, event, 0, RIG_MODES);
  tcase_add_loop_test(tc, huge_answers_leave_nothing, 0, RIG_MODES);
  tcase_add_loop_test(tc, no_memory_for_an_answer, 0, RIG_MODES);
  tcase_add_loop_test(tc, no_allocation_per_increment, 0, RIG_MODES);
  suite_add_tcase(s, tc);
}

Suite *lz4_suite(void) {
  Suite *s = suite_create("lz4");
  TCase *tc = tcase_create("options");

  tcase_add_loop_test(tc, as_text, 0, SETTINGS);
  if (!compress_is_built())
    tcase_add_loop_test(tc, left_out, 0, 2 * RIG_MODES);
  tcase_add_loop_test(tc, no_such_compression, 0, RIG_MODES);
  suite_add_tcase(s, tc);
  if (compress_is_built())
    add_built(s);
  return s;
}
