/* tests/unit/test_hostile.c - what comes at a bad time, too much of it, or not
 * as it should: no operation hangs, no turn is endless, no memory is asked for
 * without need, and nothing reaches a terminal. */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tests/support/rig.h"
#include "tests/unit/suites.h"

/* ---- An allocator that watches, or has nothing left --------------------- */

struct pool {
  _Atomic bool empty;
  _Atomic int64_t live;
  _Atomic uint64_t calls;
  _Atomic size_t largest;
};

static void *pool_resize(void *user, void *p, size_t size) {
  struct pool *pool = user;

  if (pool->empty)
    return NULL;
  pool->calls++;
  pool->live += p == NULL;
  if (size > pool->largest)
    pool->largest = size;
  return realloc(p, size);
}

static void *pool_allocate(void *user, size_t size) {
  return pool_resize(user, NULL, size);
}

static void pool_release(void *user, void *p) {
  ((struct pool *)user)->live -= p != NULL;
  free(p);
}

static void use_pool(struct rig *r, struct pool *pool) {
  r->options.allocator =
      (tally_allocator){pool_allocate, pool_resize, pool_release, pool};
}

/* ---- A log that is kept ------------------------------------------------- */

enum { LINES = 16 };

struct lines {
  pthread_mutex_t mutex;
  int count;
  char text[LINES][600];
};

static void keep_line(void *user, int level, const char *text) {
  struct lines *lines = user;

  ck_assert_int_le(level, TALLY_LOG_WARNING);
  pthread_mutex_lock(&lines->mutex);
  if (lines->count < LINES)
    snprintf(lines->text[lines->count++], sizeof lines->text[0], "%s", text);
  pthread_mutex_unlock(&lines->mutex);
}

/* How many have both words in them. */
static int lines_with(struct lines *lines, const char *a, const char *b) {
  int n = 0;

  pthread_mutex_lock(&lines->mutex);
  for (int i = 0; i < lines->count; i++)
    n += strstr(lines->text[i], a) != NULL && strstr(lines->text[i], b) != NULL;
  pthread_mutex_unlock(&lines->mutex);
  return n;
}

static void rig_log(struct rig *r, struct lines *lines) {
  pthread_mutex_init(&lines->mutex, NULL);
  lines->count = 0;
  tally_log(&r->options, keep_line, lines, TALLY_LOG_WARNING);
}

/* ---- Answers and the reset lie in the socket together ------------------- */

/* The library's end of the one connection. */
static int client_socket(const struct rig *r) {
  for (int fd = 3; fd < 1024; fd++) {
    struct sockaddr_in peer;
    socklen_t len = sizeof peer;

    if (getpeername(fd, (void *)&peer, &len) == 0 &&
        peer.sin_family == AF_INET &&
        ntohs(peer.sin_port) == script_port(r->server))
      return fd;
  }
  ck_abort_msg("no connection to the server");
}

/* Without a turn of the session. */
static void wait_for_bytes(int fd, int wanted) {
  uint64_t limit = rig_ms() + WAIT_LIMIT_MS;
  int n = 0;

  do {
    ck_assert_int_eq(ioctl(fd, FIONREAD, &n), 0);
    ck_assert_msg(rig_ms() < limit, "%d of %d bytes arrived", n, wanted);
    poll(NULL, 0, 1);
  } while (n < wanted);
}

static void wait_for_reset(int fd) {
  struct pollfd end = {.fd = fd};

  ck_assert_int_eq(poll(&end, 1, WAIT_LIMIT_MS), 1);
  ck_assert_int_ne(end.revents & POLLERR, 0);
}

enum { ANSWER_LEN = 9 + 4, MANY = 6000, MOST = MANY + 10 };

/* All are on the server, which answers so many and then resets; the session
 * had no turn meanwhile. */
static void answers_then_reset(struct rig *r, int count, int answered) {
  static struct done done[MOST];
  int room = 1 << 20;
  uint64_t begun;
  int fd;

  memset(done, 0, sizeof done);
  script_next_kind(r->server, AT_UPDATE, SCRIPT_HOLD, (unsigned)answered);
  if (count > answered)
    script_next_kind(r->server, AT_UPDATE, SCRIPT_IGNORE,
                     (unsigned)(count - answered));
  for (int i = 0; i < count; i++)
    rig_submit(r, "/home", 1, &done[i]);
  ck_assert(rig_served(r, AT_UPDATE, 1 + (unsigned)count));
  fd = client_socket(r);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  script_release(r->server);
  wait_for_bytes(fd, answered * ANSWER_LEN);
  script_drop(r->server, true);
  wait_for_reset(fd);
  begun = rig_ms();
  for (int i = 0; i < count; i++) {
    ck_assert(rig_done(r, &done[i]));
    ck_assert_msg(done[i].outcome ==
                      (i < answered ? TALLY_APPLIED : TALLY_UNKNOWN),
                  "increment %d of %d, %d answered: %s: %s", i + 1, count,
                  answered, done[i].error.message, done[i].error.detail);
    if (i >= answered) {
      ck_assert_int_eq(done[i].status, TALLY_EUNKNOWN);
      ck_assert_int_eq(done[i].error.cause, TALLY_ELOST);
    }
  }
  /* At once, and not at their deadlines. */
  ck_assert_uint_lt(rig_ms() - begun, 4000);
}

static void answers_and_reset(enum rig_mode mode, int count, int answered) {
  struct rig r;

  rig_init(&r, mode);
  r.options.increment_timeout_ms = 6000;
  r.options.connection_max_in_flight = MOST;
  rig_connect(&r);
  rig_applied(&r, "/first");
  answers_then_reset(&r, count, answered);
  rig_applied(&r, "/next");
  ck_assert_uint_eq(script_accepted(r.server), 2);
  ck_assert_uint_eq(script_seen(r.server, "/home"), (unsigned)count);
  rig_fini(&r);
}

START_TEST(one_answer_and_reset) {
  answers_and_reset(_i == 0 ? RIG_GUEST : RIG_INLINE, 2, 1);
}
END_TEST

/* More than one read takes. */
START_TEST(many_answers_and_reset) {
  ck_assert_int_gt(MANY * ANSWER_LEN, 65536 + 4096);
  answers_and_reset(_i == 0 ? RIG_GUEST : RIG_INLINE, MOST, MANY);
}
END_TEST

START_TEST(all_answers_and_reset) {
  answers_and_reset(_i == 0 ? RIG_GUEST : RIG_INLINE, MANY, MANY);
}
END_TEST

/* ---- The change is made, the look at it fails --------------------------- */

static int sync_table(struct rig *r) {
  struct done d = {0};

  if (r->mode != RIG_GUEST)
    return tally_sync_table(r->hits, NULL, &r->error);
  ck_assert_int_eq(
      tally_sync_table_async(r->hits, NULL, done_record, &d, &r->error), 0);
  ck_assert(rig_done(r, &d));
  ck_assert_int_eq(d.outcome, d.status == 0 ? TALLY_APPLIED : d.outcome);
  r->error = d.error;
  return d.status;
}

static const struct {
  unsigned good; /* answers before it: a look at the columns, the change, ... */
  enum script_kind kind;
} looks[] = {
    {2, SCRIPT_ERROR}, {2, SCRIPT_IGNORE}, {2, SCRIPT_RESET},
    {3, SCRIPT_ERROR}, {3, SCRIPT_IGNORE}, {3, SCRIPT_CLOSE},
};
enum { LOOKS = sizeof looks / sizeof looks[0] };

START_TEST(change_without_a_look) {
  int which = _i / RIG_MODES;
  struct lines lines;
  struct rig r;
  int rc;

  rig_init(&r, (enum rig_mode)(_i % RIG_MODES));
  r.options.read_timeout_ms = 150;
  rig_log(&r, &lines);
  rig_connect(&r);
  script_next_kind(r.server, AT_QUERY, SCRIPT_NORMAL, looks[which].good);
  script_next_kind(r.server, AT_QUERY, looks[which].kind, 1);
  rc = sync_table(&r);
  ck_assert_msg(rc == 0, "%s: %s: %s", tally_error_name(rc), r.error.message,
                r.error.detail);
  ck_assert_uint_eq(script_count(r.server, AT_QUERY), looks[which].good + 1);
  ck_assert_int_eq(lines_with(&lines, "my_ks.page_hits", "agree"), 1);
  /* And one that is looked at says nothing. */
  script_clear(r.server, AT_QUERY);
  ck_assert_int_eq(sync_table(&r), 0);
  ck_assert_int_eq(lines_with(&lines, "my_ks.page_hits", "agree"), 1);
  rig_fini(&r);
}
END_TEST

START_TEST(keyspace_without_a_look) {
  struct lines lines;
  struct rig r;

  rig_init(&r, _i == 0 ? RIG_THREADS : RIG_INLINE);
  rig_log(&r, &lines);
  rig_connect(&r);
  script_next_kind(r.server, AT_QUERY, SCRIPT_NORMAL, 1);
  script_next_error(r.server, AT_QUERY, 0x1001, 1);
  ck_assert_int_eq(tally_create_keyspace(r.session, "shop", NULL, &r.error), 0);
  ck_assert_int_eq(lines_with(&lines, "shop", "agree"), 1);
  rig_fini(&r);
}
END_TEST

/* A change that is refused is an error still. */
START_TEST(change_refused) {
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_connect(&r);
  script_next_kind(r.server, AT_QUERY, SCRIPT_NORMAL, 1);
  script_next_error(r.server, AT_QUERY, 0x2100, 1);
  ck_assert_int_eq(sync_table(&r), TALLY_ESERVER);
  ck_assert_int_eq(r.error.outcome, TALLY_NOT_APPLIED);
  ck_assert_uint_eq(script_count(r.server, AT_QUERY), 2);
  rig_fini(&r);
}
END_TEST

/* ---- Columns that are made up ------------------------------------------- */

struct body {
  uint8_t *p;
  size_t len;
};

static void add_bytes(struct body *b, const void *p, size_t len) {
  memcpy(b->p + b->len, p, len);
  b->len += len;
}

static void add_int(struct body *b, uint32_t v) {
  uint32_t wire = htonl(v);

  add_bytes(b, &wire, sizeof wire);
}

static void add_string(struct body *b, const char *text) {
  uint16_t wire = htons((uint16_t)strlen(text));

  add_bytes(b, &wire, sizeof wire);
  add_bytes(b, text, strlen(text));
}

static void add_cell(struct body *b, const void *p, size_t len) {
  add_int(b, (uint32_t)len);
  add_bytes(b, p, len);
}

static const struct {
  int columns, rows;
  int32_t told; /* how many rows it claims to be */
  int code;
} made_up[] = {
    {1, 1, 1, TALLY_EPROTOCOL},           {1, 3, 3, TALLY_EPROTOCOL},
    {1, 100000, 100000, TALLY_EPROTOCOL}, {4, 5, 5, TALLY_EPROTOCOL},
    {6, 5, 5, TALLY_EPROTOCOL},           {5, 3, 0x7fffffff, TALLY_EPROTOCOL},
    {5, 3, -1, TALLY_EPROTOCOL},          {5, 513, 513, TALLY_ESCHEMA},
    {5, 100000, 100000, TALLY_ESCHEMA},
};
enum { MADE_UP = sizeof made_up / sizeof made_up[0] };

/* RESULT Rows.  Those of five columns are what a table could have. */
static void make_rows(struct body *b, int columns, int rows, int32_t told) {
  static const uint8_t position[4] = {0xff, 0xff, 0xff, 0xff};

  b->p = malloc(4096 + (size_t)rows * (size_t)columns * 16);
  ck_assert_ptr_nonnull(b->p);
  b->len = 0;
  add_int(b, 2);
  add_int(b, 1); /* one table for all */
  add_int(b, (uint32_t)columns);
  add_string(b, "system_schema");
  add_string(b, "columns");
  for (int i = 0; i < columns; i++) {
    add_string(b, "column_name");
    add_bytes(b, "\0\x0d", 2);
  }
  add_int(b, (uint32_t)told);
  for (int i = 0; i < rows; i++) {
    char name[16];

    add_cell(b, name, (size_t)snprintf(name, sizeof name, "c%d", i));
    for (int j = 1; j < columns; j++) {
      if (j == 2)
        add_cell(b, position, 4);
      else if (j == 4)
        add_cell(b, "counter", 7);
      else
        add_cell(b, "none", 4);
    }
  }
}

START_TEST(made_up_columns) {
  int which = _i / 2;
  struct pool pool = {0};
  tally_table *table;
  struct body body;
  struct rig r;
  uint64_t calls;
  int rc;

  rig_init(&r, _i % 2 == 0 ? RIG_THREADS : RIG_INLINE);
  use_pool(&r, &pool);
  rig_connect(&r);
  make_rows(&body, made_up[which].columns, made_up[which].rows,
            made_up[which].told);
  script_next(r.server, AT_QUERY,
              &(struct script_step){.kind = SCRIPT_FRAME,
                                    .opcode = 0x08,
                                    .bytes = body.p,
                                    .len = body.len},
              1);
  calls = pool.calls;
  pool.largest = 0;
  rc = tally_table_open_name(&table, r.session, "page_hits", &r.error);
  ck_assert_msg(rc == made_up[which].code, "%s: %s: %s", tally_error_name(rc),
                r.error.message, r.error.detail);
  ck_assert_ptr_null(table);
  ck_assert_msg(pool.calls - calls < 100, "%llu allocations",
                (unsigned long long)(pool.calls - calls));
  /* The frame has to go somewhere, in a buffer that doubles. */
  ck_assert_msg(pool.largest <= 65536 + 2 * body.len, "%zu bytes at once",
                pool.largest);
  rig_fini(&r);
  ck_assert_int_eq(pool.live, 0);
  free(body.p);
}
END_TEST

/* A column whose name and type a terminal would obey: both are in the message,
 * tamed. */
START_TEST(wild_column) {
  static const uint8_t position[4] = {0xff, 0xff, 0xff, 0xff};
  tally_table *table;
  struct body body;
  struct rig r;

  rig_init(&r, RIG_INLINE);
  rig_connect(&r);
  make_rows(&body, 5, 0, 1);
  add_cell(&body, "na\x1b[31mme", 9);
  add_cell(&body, "regular", 7);
  add_cell(&body, position, 4);
  add_cell(&body, "none", 4);
  add_cell(&body, "ty\n\xc2\x9bpe", 7);
  script_next(r.server, AT_QUERY,
              &(struct script_step){.kind = SCRIPT_FRAME,
                                    .opcode = 0x08,
                                    .bytes = body.p,
                                    .len = body.len},
              1);
  ck_assert_int_eq(
      tally_table_open_name(&table, r.session, "page_hits", &r.error),
      TALLY_ESCHEMA);
  ck_assert_ptr_nonnull(strstr(r.error.message, "na [31mme is ty   pe"));
  rig_fini(&r);
  free(body.p);
}
END_TEST

/* ---- A callback that does not give up ----------------------------------- */

enum { AGAIN_MAX = 10000, TURNS = 50 };

struct again {
  struct rig *r;
  struct done last; /* the one that was applied */
  int failed;
};

static void submit_again(void *user, const tally_result *result) {
  page_hits row = {.url = "/again", .views = 1};
  struct again *again = user;

  if (result->status == 0) {
    done_record(&again->last, result);
    return;
  }
  ck_assert_int_eq(result->status, TALLY_ENOMEM);
  ck_assert_int_eq(result->outcome, TALLY_NOT_APPLIED);
  ck_assert_msg(++again->failed < AGAIN_MAX, "one turn does not end");
  ck_assert_int_eq(
      tally_increment_async(again->r->hits, &row, submit_again, again, NULL),
      0);
}

/* There is no memory to prepare the statement with: each try fails at once,
 * and the next one is made. */
START_TEST(no_memory_again_and_again) {
  page_hits row = {.url = "/again", .views = 1};
  struct again again = {0};
  struct pool pool = {0};
  struct rig r;

  rig_init(&r, _i == 0 ? RIG_GUEST : RIG_INLINE);
  again.r = &r;
  use_pool(&r, &pool);
  rig_connect(&r);
  ck_assert_int_eq(
      tally_increment_async(r.hits, &row, submit_again, &again, &r.error), 0);
  pool.empty = true;
  for (int i = 0; i < TURNS; i++) {
    int before = again.failed;

    rig_step(&r);
    ck_assert_int_le(again.failed - before, 2);
  }
  /* Nor does it wait for something else to happen. */
  ck_assert_int_ge(again.failed, TURNS / 2);
  pool.empty = false;
  ck_assert(rig_done(&r, &again.last));
  ck_assert_int_eq(again.last.outcome, TALLY_APPLIED);
  ck_assert_uint_eq(script_seen(r.server, "/again"), 1);
  rig_fini(&r);
  ck_assert_int_eq(pool.live, 0);
}
END_TEST

/* ---- Text that a terminal would obey ------------------------------------ */

#define EVIL  "caf\xc3\xa9 \x1b[31mred\r\nERROR: all is lost\x07\x7f!"
#define TAMED "caf\xc3\xa9  [31mred  ERROR: all is lost  !"

static const char evil_error[] = "\0\0\0\0\0\x25" EVIL;
static const char evil_refusal[] = "\0\0\0\x0a\0\x25" EVIL;
static const char evil_login[] = "\0\x25" EVIL;
static const char evil_warning[] = "\0\1\0\x25" EVIL "\0\0\0\1";
/* unavailable: consistency, required, alive */
static const char evil_tail[] = "\0\0\x10\0\0\x25" EVIL "\0\6\0\0\0\1\0\0\0\0";

static bool is_tame(const char *text) {
  for (; *text != '\0'; text++)
    if ((unsigned char)*text < 0x20 || *text == 0x7f)
      return false;
  return true;
}

static void expect_tame(const tally_error *e) {
  ck_assert_msg(strstr(e->detail, TAMED) != NULL, "\"%s\"", e->detail);
  ck_assert(is_tame(e->detail));
  ck_assert(is_tame(e->message));
}

static void expect_tame_lines(struct lines *lines, const char *words) {
  ck_assert_int_ge(lines_with(lines, words, TAMED), 1);
  pthread_mutex_lock(&lines->mutex);
  for (int i = 0; i < lines->count; i++)
    ck_assert_msg(is_tame(lines->text[i]), "%s", lines->text[i]);
  pthread_mutex_unlock(&lines->mutex);
}

static struct script_step frame(uint8_t opcode, const char *body, size_t size) {
  return (struct script_step){
      .kind = SCRIPT_FRAME, .opcode = opcode, .bytes = body, .len = size - 1};
}

START_TEST(evil_text_in_an_error) {
  struct script_step step = _i < RIG_MODES
                                ? frame(0x00, evil_error, sizeof evil_error)
                                : frame(0x00, evil_tail, sizeof evil_tail);
  struct done d;
  struct rig r;

  rig_init(&r, (enum rig_mode)(_i % RIG_MODES));
  rig_connect(&r);
  script_next(r.server, AT_UPDATE, &step, 1);
  rig_increment(&r, "/home", 1, &d);
  ck_assert_int_ne(d.status, 0);
  expect_tame(&d.error);
  rig_fini(&r);
}
END_TEST

START_TEST(evil_text_in_a_warning) {
  struct script_step step = frame(0x08, evil_warning, sizeof evil_warning);
  struct lines lines;
  struct rig r;

  rig_init(&r, (enum rig_mode)_i);
  rig_log(&r, &lines);
  rig_connect(&r);
  step.flags = 0x08;
  script_next(r.server, AT_UPDATE, &step, 1);
  rig_applied(&r, "/home");
  expect_tame_lines(&lines, "warns");
  rig_fini(&r);
}
END_TEST

/* As many as an answer can have. */
START_TEST(warnings_without_end) {
  static char body[2 + 2 * 65535 + 4 + 1];
  struct script_step step = frame(0x08, body, sizeof body);
  struct lines lines;
  struct rig r;

  body[0] = body[1] = (char)0xff; /* all of them empty */
  body[sizeof body - 2] = 1;      /* Void */
  rig_init(&r, (enum rig_mode)_i);
  rig_log(&r, &lines);
  rig_connect(&r);
  step.flags = 0x08;
  script_next(r.server, AT_UPDATE, &step, 1);
  rig_applied(&r, "/home");
  ck_assert_int_eq(lines_with(&lines, "warns", ": "), 8);
  ck_assert_int_eq(lines_with(&lines, "warns of", "65527 things more"), 1);
  rig_fini(&r);
}
END_TEST

/* What it says at the door goes into the error and the log. */
START_TEST(evil_text_at_the_door) {
  struct script_step step = _i < RIG_MODES
                                ? frame(0x00, evil_refusal, sizeof evil_refusal)
                                : frame(0x03, evil_login, sizeof evil_login);
  struct lines lines;
  struct rig r;

  rig_init(&r, (enum rig_mode)(_i % RIG_MODES));
  rig_log(&r, &lines);
  script_next(r.server, AT_STARTUP, &step, 0);
  ck_assert_int_ne(rig_try_connect(&r), 0);
  expect_tame(&r.error);
  expect_tame_lines(&lines, "no host reached");
  rig_fini(&r);
}
END_TEST

Suite *hostile_suite(void) {
  Suite *s = suite_create("hostile");
  TCase *tc = tcase_create("modes");

  tcase_set_timeout(tc, 60);
  tcase_add_loop_test(tc, one_answer_and_reset, 0, 2);
  tcase_add_loop_test(tc, many_answers_and_reset, 0, 2);
  tcase_add_loop_test(tc, all_answers_and_reset, 0, 2);
  tcase_add_loop_test(tc, change_without_a_look, 0, LOOKS * RIG_MODES);
  tcase_add_loop_test(tc, keyspace_without_a_look, 0, 2);
  tcase_add_loop_test(tc, change_refused, 0, RIG_MODES);
  tcase_add_loop_test(tc, made_up_columns, 0, MADE_UP * 2);
  tcase_add_test(tc, wild_column);
  tcase_add_loop_test(tc, no_memory_again_and_again, 0, 2);
  tcase_add_loop_test(tc, evil_text_in_an_error, 0, RIG_MODES * 2);
  tcase_add_loop_test(tc, evil_text_in_a_warning, 0, RIG_MODES);
  tcase_add_loop_test(tc, warnings_without_end, 0, RIG_MODES);
  tcase_add_loop_test(tc, evil_text_at_the_door, 0, RIG_MODES * 2);
  suite_add_tcase(s, tc);
  return s;
}
