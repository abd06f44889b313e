/* tests/unit/test_secrets.c - where a password is not: in no piece of memory
 * from the session's allocator, living or given back, in no line of its log and
 * in no error. */
#include <stdlib.h>
#include <string.h>

#include "core/list.h"
#include "tests/support/rig.h"
#include "tests/unit/suites.h"

static const char authenticator[] =
    "org.apache.cassandra.auth.PasswordAuthenticator";
static const char password[] = "correct horse battery";
static const char token[] = "\0jane\0correct horse battery";

/* ---- An allocator that looks -------------------------------------------- */

struct watch {
  struct list pieces; /* those that live; not for several threads */
  unsigned found;     /* ... in what was given back, or in a line */
  uint64_t freed;
};

struct piece {
  struct list link;
  size_t size;
};

static bool has_it(const void *p, size_t n) {
  return n >= sizeof password - 1 &&
         memmem(p, n, password, sizeof password - 1) != NULL;
}

static void *watch_allocate(void *user, size_t size) {
  struct watch *w = user;
  struct piece *p = malloc(sizeof *p + size);

  p->size = size;
  list_init(&p->link);
  list_push(&w->pieces, &p->link);
  return p + 1;
}

static void watch_release(void *user, void *memory) {
  struct watch *w = user;
  struct piece *p = (struct piece *)memory - 1;

  w->found += has_it(memory, p->size);
  w->freed++;
  list_remove(&p->link);
  free(p);
}

static void *watch_resize(void *user, void *old, size_t size) {
  void *to = watch_allocate(user, size);

  if (old != NULL) {
    size_t had = ((struct piece *)old - 1)->size;

    memcpy(to, old, had < size ? had : size);
    watch_release(user, old);
  }
  return to;
}

static unsigned look(struct watch *w) {
  unsigned found = w->found;

  for (struct list *n = w->pieces.next; n != &w->pieces; n = n->next) {
    struct piece *p = LIST_ENTRY(n, struct piece, link);

    found += has_it(p + 1, p->size);
  }
  return found;
}

static void on_log(void *user, int level, const char *text) {
  struct watch *w = user;

  (void)level;
  w->found += has_it(text, strlen(text));
}

static void watch(struct rig *r, struct watch *w, int mode) {
  memset(w, 0, sizeof *w);
  list_init(&w->pieces);
  rig_init(r, (enum rig_mode)mode);
  script_want_login(r->server, authenticator, token, sizeof token - 1);
  r->options.allocator =
      (tally_allocator){watch_allocate, watch_resize, watch_release, w};
  r->options.user = "jane";
  r->options.password = password;
  tally_log(&r->options, on_log, w, TALLY_LOG_DEBUG);
}

/* ---- Where it is not ---------------------------------------------------- */

/* The test itself can see. */
START_TEST(it_would_be_seen) {
  struct watch w = {0};
  char *p;

  list_init(&w.pieces);
  p = watch_allocate(&w, 100);
  memcpy(p + 50, password, sizeof password);
  ck_assert_uint_eq(look(&w), 1);
  watch_release(&w, p);
  ck_assert_uint_eq(look(&w), 1);
}
END_TEST

START_TEST(after_a_login) {
  struct watch w;
  struct rig r;

  watch(&r, &w, _i);
  rig_connect(&r);
  ck_assert_uint_eq(look(&w), 0);
  rig_applied(&r, "/home");
  script_drop(r.server, true);
  ck_assert(rig_served(&r, AT_LOGIN, 2));
  rig_applied(&r, "/home");
  ck_assert_uint_eq(look(&w), 0);
  rig_fini(&r);
  ck_assert_uint_eq(look(&w), 0);
  ck_assert_uint_gt(w.freed, 20);
}
END_TEST

/* Whatever the server does about it. */
static const enum script_kind ends[] = {SCRIPT_ERROR, SCRIPT_CLOSE,
                                        SCRIPT_RESET, SCRIPT_IGNORE};
enum { ENDS = sizeof ends / sizeof ends[0] };

START_TEST(after_a_failure) {
  const struct script_step step = {.kind = ends[_i % ENDS], .code = 0x0100};
  struct watch w;
  struct rig r;

  watch(&r, &w, RIG_GUEST + _i / ENDS);
  r.options.connect_timeout_ms = 300;
  script_next(r.server, AT_LOGIN, &step, 0);
  ck_assert_int_lt(rig_try_connect(&r), 0);
  ck_assert(!has_it(&r.error, sizeof r.error));
  ck_assert_uint_eq(look(&w), 0);
  rig_fini(&r);
  ck_assert_uint_eq(look(&w), 0);
}
END_TEST

Suite *secrets_suite(void) {
  Suite *s = suite_create("secrets");
  TCase *tc = tcase_create("secrets");

  tcase_add_test(tc, it_would_be_seen);
  tcase_add_loop_test(tc, after_a_login, RIG_GUEST, RIG_INLINE + 1);
  tcase_add_loop_test(tc, after_a_failure, 0, 2 * ENDS);
  suite_add_tcase(s, tc);
  return s;
}
