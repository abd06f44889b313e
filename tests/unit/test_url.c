/* tests/unit/test_url.c - options from a URL, whose texts they are, and names
 * that are near. */
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "tests/unit/suites.h"

/* ---- What a URL says ---------------------------------------------------- */

static const struct {
  const char *url;
  const char *hosts, *user, *keyspace; /* NULL: as before */
} k_places[] = {
    {"cassandra://db", "db", NULL, NULL},
    {"scylla://db/", "db", NULL, NULL},
    {"cassandra://db?", "db", NULL, NULL},
    {"cassandra://a:9043,b/web", "a:9043,b", NULL, "web"},
    {"cassandra://jane@a/web", "a", "jane", "web"},
    {"cassandra://[::1]:9043,[fe80::1]/web", "[::1]:9043,[fe80::1]", NULL,
     "web"},
    {"cassandra://jane@[::1]", "[::1]", "jane", NULL},
    {"cassandra://j%40ne%3a%2F@a/w%65b%3F%25", "a", "j@ne:/", "web?%"},
    {"cassandra://%64b/%c3%A9", "db", NULL, "\xc3\xa9"},
    {"cassandra://a/a+b", "a", NULL, "a+b"}, /* it is no blank */
};
enum { PLACES = sizeof k_places / sizeof k_places[0] };

static void same_text(const char *got, const char *wanted) {
  if (wanted == NULL)
    ck_assert_ptr_null(got);
  else
    ck_assert_str_eq(got, wanted);
}

START_TEST(places) {
  char *url = strdup(k_places[_i].url);
  tally_options o;
  tally_error e;

  tally_options_init(&o);
  ck_assert_msg(tally_options_url(&o, url, &e) == 0, "%s: %s", url, e.message);
  /* It is copied. */
  memset(url, 'x', strlen(url));
  free(url);
  ck_assert_str_eq(o.hosts, k_places[_i].hosts);
  same_text(o.user, k_places[_i].user);
  same_text(o.keyspace, k_places[_i].keyspace);
  ck_assert_uint_eq(o.port, 9042);
  tally_options_free(&o);
}
END_TEST

START_TEST(parameters) {
  tally_options o;
  tally_error e;
  int rc;

  tally_options_init(&o);
  rc = tally_options_url(&o,
                         "cassandra://h/ks?local-dc=d%26c&consistency="
                         "LOCAL_ONE&tls=verify-full&tls_ca=%2Fa%3Db&timeout=5s&"
                         "port=9999&local_rack=",
                         &e);
  ck_assert_msg(rc == 0, "%s", e.message);
  ck_assert_str_eq(o.local_dc, "d&c");
  ck_assert_int_eq(o.consistency, TALLY_LOCAL_ONE);
  ck_assert_int_eq(o.read_consistency, TALLY_LOCAL_QUORUM);
  ck_assert_int_eq(o.tls, TALLY_TLS_VERIFY_FULL);
  ck_assert_str_eq(o.tls_ca, "/a=b");
  ck_assert_uint_eq(o.increment_timeout_ms, 5000);
  ck_assert_uint_eq(o.read_timeout_ms, 5000);
  ck_assert_uint_eq(o.port, 9999);
  ck_assert_str_eq(o.local_rack, "");
  tally_options_free(&o);
}
END_TEST

/* ---- What is refused ---------------------------------------------------- */

static const struct {
  const char *url;
  const char *message;
  const char *hint; /* NULL: any */
} k_refused[] = {
    {"", "write cassandra:// or scylla://", NULL},
    {"h/ks", "\"h\" is not how it begins", NULL},
    {"cassandra:/h", "\"cassandra\" is not how", NULL},
    {"postgres://jane:secret@h/ks", "\"postgres\" is not how", NULL},
    {"cassandra://", "names no host", NULL},
    {"cassandra:///ks", "names no host", NULL},
    {"cassandra://jane@/ks", "names no host", NULL},
    {"cassandra://,/ks", "hosts", NULL},
    {"cassandra://h:x/ks", "the port of \"h:x\" is not a number", NULL},
    {"cassandra://h:0", "the port of \"h:0\"", NULL},
    {"cassandra://h,[::1", "\"[::1\" is no host[:port]", NULL},
    {"cassandra://@h/ks", "stands behind a user", NULL},
    {"cassandra://h/k@s", "for itself as %40", NULL},
    {"cassandra://h/a/b", "keyspace \"a/b\"", NULL},
    {"cassandra://h%/ks", "hosts: \"h%\": behind \"%\"", NULL},
    {"cassandra://h/k%4", "keyspace: \"k%4\": behind", NULL},
    {"cassandra://h/k%4g", "keyspace: \"k%4g\"", NULL},
    {"cassandra://h/k%00", "keyspace: \"k%00\"", NULL},
    {"cassandra://h?local_dc=%zz", "local_dc: \"%zz\"", NULL},
    {"cassandra://h?tls", "\"tls\" is not name=value", NULL},
    {"cassandra://h?tls=off&&port=1", "\"\" is not name=value", NULL},
    {"cassandra://h?tls=maybe", "option tls: \"maybe\" is none of", NULL},
    {"cassandra://h?timeout=5h", "\"5h\" is not a time", NULL},
    {"cassandra://h?tls=off&tls=off", "tls is given twice", NULL},
    {"cassandra://h?hosts=x", "hosts is no parameter", NULL},
    {"cassandra://h?user=x", "user is no parameter", NULL},
    {"cassandra://h?Keyspace=x", "keyspace is no parameter", NULL},
    {"cassandra://h?consistencyy=one", "no option \"consistencyy\"",
     "did you mean consistency?"},
    {"cassandra://h?time-out=1s", "no option \"time-out\"",
     "did you mean timeout?"},
    {"cassandra://h?zzzz=1", "no option \"zzzz\"", ""},
};
enum { REFUSED = sizeof k_refused / sizeof k_refused[0] };

START_TEST(refused) {
  tally_options o, before;
  tally_error e;

  tally_options_init(&o);
  ck_assert_int_eq(tally_options_set(&o, "local_rack=r", NULL), 0);
  memcpy(&before, &o, sizeof o);
  ck_assert_int_eq(tally_options_url(&o, k_refused[_i].url, &e), TALLY_EINVAL);
  ck_assert_msg(strstr(e.message, k_refused[_i].message) != NULL, "%s: %s",
                k_refused[_i].url, e.message);
  if (k_refused[_i].hint != NULL)
    ck_assert_str_eq(e.hint, k_refused[_i].hint);
  ck_assert_ptr_null(strstr(e.message, "secret"));
  /* Nothing of it has come to be, and what was there still is. */
  ck_assert_mem_eq(&o, &before, sizeof o);
  ck_assert_str_eq(o.local_rack, "r");
  ck_assert_int_eq(tally_options_url(&o, k_refused[_i].url, NULL),
                   TALLY_EINVAL);
  tally_options_free(&o);
}
END_TEST

/* Whatever is in it, it is not shown. */
static const char *const k_passwords[] = {
    "cassandra://jane:secret@h/ks",
    "cassandra://jane:se/secret?@h/ks",
    "cassandra://jane:@h/ks",
    "cassandra://:secret@h",
    "cassandra://jane:secret@secret@h/ks?tls=off",
    "cassandra://h/ks?password=secret",
    "scylla://h?tls=off&Password=secret",
};
enum { PASSWORDS = sizeof k_passwords / sizeof k_passwords[0] };

START_TEST(passwords) {
  tally_options o;
  tally_error e;

  tally_options_init(&o);
  ck_assert_int_eq(tally_options_url(&o, k_passwords[_i], &e), TALLY_EINVAL);
  ck_assert_ptr_nonnull(strstr(e.message, "it has a password"));
  ck_assert_ptr_nonnull(strstr(e.hint, "TALLY_PASSWORD"));
  ck_assert_ptr_null(strstr(e.message, "secret"));
  ck_assert_ptr_null(strstr(e.detail, "secret"));
}
END_TEST

/* ---- Whose texts they are ----------------------------------------------- */

START_TEST(texts) {
  char setting[] = "user=jane";
  tally_options o, now;

  tally_options_init(&o);
  ck_assert_int_eq(tally_options_set(&o, setting, NULL), 0);
  memset(setting, 'x', sizeof setting - 1);
  ck_assert_str_eq(o.user, "jane");
  ck_assert_int_eq(tally_options_set(&o, "user=joe", NULL), 0);
  ck_assert_int_eq(tally_options_set(&o, "password=p", NULL), 0);
  /* The last word wins, and what the URL does not name stays. */
  ck_assert_int_eq(tally_options_url(&o, "cassandra://a/b", NULL), 0);
  ck_assert_str_eq(o.user, "joe");
  ck_assert_int_eq(tally_options_set(&o, "hosts=c", NULL), 0);
  ck_assert_str_eq(o.hosts, "c");
  ck_assert_int_eq(options_read(&now, &o, NULL), 0);
  ck_assert_ptr_null(now.texts);
  tally_options_free(&o);
  ck_assert_str_eq(o.hosts, "127.0.0.1");
  ck_assert_ptr_null(o.user);
  tally_options_free(&o); /* there is nothing to free */
}
END_TEST

/* A program that was built before there was a place for copies. */
START_TEST(older_program) {
  volatile size_t size = offsetof(tally_options, texts);
  tally_options *old = malloc(size);
  tally_error e;

  tally_options_init_sized(old, size);
  ck_assert_int_eq(tally_options_set(old, "port=5", NULL), 0);
  ck_assert_int_eq(tally_options_set(old, "hosts=a", NULL), TALLY_EINVAL);
  ck_assert_int_eq(tally_options_url(old, "cassandra://a", &e), TALLY_EINVAL);
  ck_assert_ptr_nonnull(strstr(e.message, "the program's tally.h"));
  ck_assert_str_eq(old->hosts, "127.0.0.1");
  tally_options_free(old);
  ck_assert_uint_eq(old->port, 9042);
  free(old);
}
END_TEST

/* ---- Names that are near ------------------------------------------------ */

START_TEST(nearest) {
  static const char *const names[] = {"get", "increment", "create-keyspace"};
  static const struct {
    const char *text;
    int index;
  } rows[] = {{"get", 0},      {"gte", 0},       {"gett", 0},  {"inc", 1},
              {"incremnt", 1}, {"in", 1},        {"i", -1},    {"", -1},
              {"create", 2},   {"decrement", 1}, {"watch", -1}};

  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    ck_assert_msg(tally_nearest(rows[i].text, names, 3) == rows[i].index, "%s",
                  rows[i].text);
  ck_assert_int_eq(tally_nearest("get", names, 0), -1);
}
END_TEST

START_TEST(slips) {
  static const struct {
    const char *a, *b;
    int slips;
  } rows[] = {{"get", "get", 0},    {"gte", "get", 1},       {"gett", "get", 1},
              {"gt", "get", 1},     {"got", "get", 1},       {"", "get", 3},
              {"gets", "fetch", 3}, {"kitten", "sitting", 3}};
  char longest[] = "abcdefghijklmnopqrstuvwxyz0123456789"
                   "abcdefghijklmnopqrstuvwxyz01";

  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    ck_assert_int_eq(tally_slips(rows[i].a, rows[i].b), rows[i].slips);
    ck_assert_int_eq(tally_slips(rows[i].b, rows[i].a), rows[i].slips);
  }
  ck_assert_int_eq(tally_slips(longest, ""), -1);
  ck_assert_int_eq(tally_slips("", longest), -1);
  longest[63] = '\0';
  ck_assert_int_eq(tally_slips(longest, ""), 63);
  ck_assert_int_eq(tally_slips(longest, longest), 0);
}
END_TEST

Suite *url_suite(void) {
  Suite *s = suite_create("url");
  TCase *tc = tcase_create("url");

  tcase_add_loop_test(tc, places, 0, PLACES);
  tcase_add_test(tc, parameters);
  tcase_add_loop_test(tc, refused, 0, REFUSED);
  tcase_add_loop_test(tc, passwords, 0, PASSWORDS);
  tcase_add_test(tc, texts);
  tcase_add_test(tc, older_program);
  tcase_add_test(tc, nearest);
  tcase_add_test(tc, slips);
  suite_add_tcase(s, tc);
  return s;
}
