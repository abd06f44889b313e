/* tests/unit/test_topology.c - what system tables say of hosts and keyspaces,
 * read from the bytes that a server sends. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/failure.h"
#include "core/replication.h"
#include "core/topology.h"
#include "tests/unit/suites.h"

static const struct net_heap heap;

/* ---- Bytes as a server writes them -------------------------------------- */

struct bytes {
  uint8_t p[4096];
  size_t len;
};

static void add_int(struct bytes *b, uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8)
    b->p[b->len++] = (uint8_t)(v >> shift);
}

static void add_null(struct bytes *b) {
  add_int(b, UINT32_MAX);
}

static void add_cell(struct bytes *b, const void *p, size_t n) {
  add_int(b, (uint32_t)n);
  memcpy(b->p + b->len, p, n);
  b->len += n;
}

static void add_text(struct bytes *b, const char *text) {
  if (text == NULL)
    add_null(b);
  else
    add_cell(b, text, strlen(text));
}

/* A collection of texts, the last argument NULL; as a cell. */
static void add_texts(struct bytes *b, int per_element, ...) {
  struct bytes inner = {.len = 4};
  uint32_t count = 0;
  const char *text;
  va_list texts;

  va_start(texts, per_element);
  while ((text = va_arg(texts, const char *)) != NULL) {
    add_text(&inner, text);
    count++;
  }
  va_end(texts);
  count /= (uint32_t)per_element;
  for (int i = 0; i < 4; i++)
    inner.p[i] = (uint8_t)(count >> (24 - 8 * i));
  add_cell(b, inner.p, inner.len);
}

/* 16 times the same byte; 0 is null. */
static void add_uuid(struct bytes *b, uint8_t byte) {
  uint8_t id[16];

  memset(id, byte, sizeof id);
  if (byte == 0)
    add_null(b);
  else
    add_cell(b, id, sizeof id);
}

/* "10.0.0.1", or NULL */
static void add_inet(struct bytes *b, const char *text) {
  struct net_address a;

  if (text == NULL) {
    add_null(b);
    return;
  }
  ck_assert(net_address_parse(&a, text, 0));
  add_cell(b, a.bytes, a.len);
}

static struct rows rows_of(const struct bytes *b, int columns, int count) {
  struct cql_rows wire = {.row_count = count};
  struct rows rows;

  wire.metadata.column_count = columns;
  cql_reader_init(&wire.cells, b->p, b->len);
  rows_init(&rows, &wire);
  return rows;
}

/* ---- Hosts -------------------------------------------------------------- */

static const char murmur3[] = "org.apache.cassandra.dht.Murmur3Partitioner";

static void add_common(struct bytes *b, uint8_t id, const char *dc,
                       const char *rack) {
  add_uuid(b, id);
  add_text(b, dc);
  add_text(b, rack);
  add_text(b, "5.0.6");
  add_uuid(b, 9);
}

static void read_local(struct topology *t, const char *partitioner) {
  struct bytes b = {.len = 0};
  struct net_address asked;
  struct rows rows;

  ck_assert(net_address_parse(&asked, "10.0.0.1", 9042));
  add_common(&b, 1, "dc1", "r1");
  add_texts(&b, 1, "-9223372036854775808", "42", "9223372036854775807", NULL);
  add_text(&b, partitioner);
  rows = rows_of(&b, 7, 1);
  ck_assert_int_eq(topology_add_local(t, &heap, &rows, &asked), 0);
}

static void is_at(const struct host_info *h, const char *where) {
  char text[NET_ADDRESS_TEXT];

  net_address_text(&h->address, text);
  ck_assert_str_eq(text, where);
}

START_TEST(the_host_that_was_asked) {
  struct topology t = {0};
  const struct host_info *h;

  read_local(&t, murmur3);
  ck_assert_uint_eq(t.count, 1);
  ck_assert(t.murmur3);
  h = &t.hosts[0];
  is_at(h, "10.0.0.1:9042");
  ck_assert_str_eq(h->dc, "dc1");
  ck_assert_str_eq(h->rack, "r1");
  ck_assert_str_eq(h->version, "5.0.6");
  ck_assert_uint_eq(h->id[0], 1);
  ck_assert_uint_eq(h->schema[15], 9);
  ck_assert_uint_eq(h->token_count, 3);
  ck_assert(h->tokens[0] == INT64_MIN);
  ck_assert_int_eq(h->tokens[1], 42);
  ck_assert(h->tokens[2] == INT64_MAX);
  topology_free(&heap, &t);
}
END_TEST

START_TEST(another_partitioner) {
  struct topology t = {0};

  read_local(&t, "org.apache.cassandra.dht.RandomPartitioner");
  ck_assert(!t.murmur3);
  topology_free(&heap, &t);
  read_local(&t, NULL);
  ck_assert(!t.murmur3);
  topology_free(&heap, &t);
}
END_TEST

/* Tokens that are no numbers of 64 bits. */
START_TEST(other_tokens) {
  static const char *const odd[] = {"9223372036854775808",
                                    "-9223372036854775809",
                                    "170141183460469231731687303715884105728",
                                    "68656c6c6f",
                                    "",
                                    "-",
                                    "1 "};
  struct bytes b = {.len = 0};
  struct topology t = {0};
  struct net_address asked = {.len = 4};
  struct rows rows;

  add_common(&b, 1, "dc1", "r1");
  add_texts(&b, 1, "1", odd[_i], "2", NULL);
  add_text(&b, murmur3);
  rows = rows_of(&b, 7, 1);
  ck_assert_int_eq(topology_add_local(&t, &heap, &rows, &asked), 0);
  ck_assert_uint_eq(t.hosts[0].token_count, 0);
  topology_free(&heap, &t);
}
END_TEST

/* What a row of system.peers_v2 has, and where that host is then; NULL: it is
 * left out. */
static const struct {
  const char *why;
  uint8_t id;
  const char *dc, *rack, *peer, *native;
  int port; /* -1: null */
  const char *where;
} peers[] = {
    {"whole", 2, "dc1", "r1", "10.0.0.2", "10.0.0.2", 9042, "10.0.0.2:9042"},
    {"a port of its own", 2, "dc1", "r1", "10.0.0.2", "10.0.0.2", 9142,
     "10.0.0.2:9142"},
    {"clients at another address", 2, "dc1", "r1", "10.0.0.2", "192.168.0.2",
     9042, "192.168.0.2:9042"},
    {"IPv6", 2, "dc1", "r1", "fd00::2", "fd00::2", 9042, "[fd00::2]:9042"},
    {"listens everywhere", 2, "dc1", "r1", "10.0.0.2", "0.0.0.0", 9042,
     "10.0.0.2:9042"},
    {"listens everywhere, IPv6", 2, "dc1", "r1", "fd00::2", "::", 9042,
     "[fd00::2]:9042"},
    {"no native address", 2, "dc1", "r1", "10.0.0.2", NULL, 9042,
     "10.0.0.2:9042"},
    {"no port", 2, "dc1", "r1", "10.0.0.2", "10.0.0.2", -1, "10.0.0.2:9999"},
    {"a port that is none", 2, "dc1", "r1", "10.0.0.2", "10.0.0.2", 70000,
     "10.0.0.2:9999"},
    {"no address at all", 2, "dc1", "r1", NULL, NULL, 9042, NULL},
    {"no id", 0, "dc1", "r1", "10.0.0.2", "10.0.0.2", 9042, NULL},
    {"no data center", 2, NULL, "r1", "10.0.0.2", "10.0.0.2", 9042, NULL},
    {"no rack", 2, "dc1", NULL, "10.0.0.2", "10.0.0.2", 9042, NULL},
    {"the one that was asked", 1, "dc1", "r1", "10.0.0.1", "10.0.0.1", 9042,
     NULL},
};
enum { PEERS = sizeof peers / sizeof peers[0] };

static void add_peer(struct bytes *b, int i) {
  add_common(b, peers[i].id, peers[i].dc, peers[i].rack);
  add_texts(b, 1, "7", NULL);
  add_inet(b, peers[i].peer);
  add_inet(b, peers[i].native);
  if (peers[i].port < 0) {
    add_null(b);
  } else {
    add_int(b, 4);
    add_int(b, (uint32_t)peers[i].port);
  }
}

START_TEST(peers_v2) {
  struct bytes b = {.len = 0};
  struct topology t = {0};
  struct rows rows;

  read_local(&t, murmur3);
  add_peer(&b, _i);
  add_common(&b, 8, "dc2", "r8");
  add_null(&b); /* it has no tokens */
  add_inet(&b, "10.0.0.8");
  add_inet(&b, "10.0.0.8");
  add_null(&b);
  rows = rows_of(&b, 9, 2);
  ck_assert_int_eq(topology_add_peers(&t, &heap, &rows, true, 9999), 0);
  if (peers[_i].where == NULL) {
    ck_assert_uint_eq(t.count, 2);
    ck_assert_uint_eq(t.ignored, 1);
  } else {
    ck_assert_uint_eq(t.count, 3);
    ck_assert_uint_eq(t.ignored, 0);
    is_at(&t.hosts[1], peers[_i].where);
    ck_assert_int_eq(t.hosts[1].tokens[0], 7);
  }
  ck_assert_str_eq(t.hosts[t.count - 1].dc, "dc2");
  ck_assert_uint_eq(t.hosts[t.count - 1].token_count, 0);
  topology_free(&heap, &t);
}
END_TEST

/* Names that nobody gives. */
START_TEST(made_up_names) {
  char name[300];

  memset(name, 'r', sizeof name);
  for (size_t len = 255; len <= 256; len++) {
    struct bytes b = {.len = 0};
    struct topology t = {0};
    struct rows rows;

    name[len] = '\0';
    add_common(&b, 2, "dc1", name);
    name[len] = 'r';
    add_null(&b);
    add_inet(&b, "10.0.0.2");
    add_inet(&b, "10.0.0.2");
    add_null(&b);
    rows = rows_of(&b, 9, 1);
    ck_assert_int_eq(topology_add_peers(&t, &heap, &rows, true, 9042), 0);
    ck_assert_uint_eq(t.count, len == 255);
    topology_free(&heap, &t);
  }
}
END_TEST

/* More hosts than a cluster has: looking for doubles among them would take the
 * longer the more there are. */
START_TEST(made_up_hosts) {
  enum { EACH = 16, ROWS = TOPOLOGY_HOSTS_MAX + 4 * EACH };
  struct topology t = {0};

  for (uint32_t i = 0; i < ROWS; i += EACH) {
    struct bytes b = {.len = 0};
    struct rows rows;

    for (uint32_t k = i; k < i + EACH; k++) {
      uint32_t id[4] = {k + 1, 0, 0, 0};
      uint8_t address[4] = {10, 1, (uint8_t)(k >> 8), (uint8_t)k};

      add_cell(&b, id, sizeof id);
      add_text(&b, "dc1");
      add_text(&b, "r1");
      for (int n = 0; n < 3; n++)
        add_null(&b);
      add_cell(&b, address, 4);
      add_cell(&b, address, 4);
      add_null(&b);
    }
    rows = rows_of(&b, 9, EACH);
    ck_assert_int_eq(topology_add_peers(&t, &heap, &rows, true, 9042), 0);
  }
  ck_assert_uint_eq(t.count, TOPOLOGY_HOSTS_MAX);
  ck_assert_uint_eq(t.ignored, 4 * EACH);
  topology_free(&heap, &t);
}
END_TEST

/* system.peers knows no ports. */
START_TEST(peers_before_4_0) {
  char where[20];
  struct bytes b = {.len = 0};
  struct topology t = {0};
  struct rows rows;

  for (uint8_t id = 2; id < 30; id++) {
    add_common(&b, id, "dc1", "r1");
    add_texts(&b, 1, "7", NULL);
    snprintf(where, sizeof where, "10.0.1.%d", (int)id);
    add_inet(&b, "10.0.0.2");
    add_inet(&b, where);
  }
  rows = rows_of(&b, 8, 28);
  ck_assert_int_eq(topology_add_peers(&t, &heap, &rows, false, 9043), 0);
  ck_assert_uint_eq(t.count, 28);
  is_at(&t.hosts[27], "10.0.1.29:9043");
  topology_free(&heap, &t);
}
END_TEST

/* A host that lives there now, and what is left of one that did. */
START_TEST(two_at_one_address) {
  struct bytes b = {.len = 0};
  struct topology t = {0};
  struct rows rows;

  for (uint8_t id = 2; id < 4; id++) {
    add_common(&b, id, "dc1", "r1");
    add_texts(&b, 1, "7", NULL);
    add_inet(&b, "10.0.0.2");
    add_inet(&b, "10.0.1.2");
  }
  rows = rows_of(&b, 8, 2);
  ck_assert_int_eq(topology_add_peers(&t, &heap, &rows, false, 9043), 0);
  ck_assert_uint_eq(t.count, 1);
  ck_assert_uint_eq(t.ignored, 1);
  topology_free(&heap, &t);
}
END_TEST

START_TEST(answers_that_are_none) {
  struct bytes b = {.len = 0};
  struct topology t = {0};
  struct net_address asked = {.len = 4};
  struct rows rows = rows_of(&b, 7, 0);

  ck_assert_int_eq(topology_add_local(&t, &heap, &rows, &asked),
                   FAILURE_PROTOCOL);
  rows = rows_of(&b, 3, 1);
  ck_assert_int_eq(topology_add_local(&t, &heap, &rows, &asked),
                   FAILURE_PROTOCOL);
  rows = rows_of(&b, 8, 0);
  ck_assert_int_eq(topology_add_peers(&t, &heap, &rows, true, 1),
                   FAILURE_PROTOCOL);
  add_peer(&b, 0);
  for (b.len--; b.len > 0; b.len--) {
    rows = rows_of(&b, 9, 1);
    ck_assert_int_eq(topology_add_peers(&t, &heap, &rows, true, 1),
                     FAILURE_PROTOCOL);
  }
  ck_assert_uint_eq(t.count, 0);
  topology_free(&heap, &t);
}
END_TEST

static int left; /* allocations that succeed */

static void *allocate(void *user, size_t size) {
  (void)user;
  return left-- > 0 ? calloc(1, size) : NULL;
}

static void *resize(void *user, void *p, size_t size) {
  (void)user;
  return left-- > 0 ? realloc(p, size) : NULL;
}

static void release(void *user, void *p) {
  (void)user;
  free(p);
}

START_TEST(no_memory) {
  struct net_heap tight = {allocate, resize, release, NULL};
  struct bytes b = {.len = 0};

  add_peer(&b, 0);
  for (int n = 0;; n++) {
    struct rows rows = rows_of(&b, 9, 1);
    struct topology t = {0};
    int rc;

    left = n;
    rc = topology_add_peers(&t, &tight, &rows, true, 1);
    ck_assert_uint_eq(t.count, rc == 0);
    topology_free(&tight, &t);
    if (rc == 0) {
      ck_assert_int_eq(n, 5);
      return;
    }
    ck_assert_int_eq(rc, FAILURE_NO_MEMORY);
    ck_assert_int_lt(n, 10);
  }
}
END_TEST

/* ---- Replication -------------------------------------------------------- */

#define LOCATOR "org.apache.cassandra.locator."

static struct replication parse(const struct bytes *b) {
  struct cell cell = {b->p + 4, b->len - 4};
  struct replication how;

  replication_parse(&how, &cell);
  return how;
}

START_TEST(simple) {
  struct bytes b = {.len = 0};
  struct replication how;

  add_texts(&b, 2, "class", LOCATOR "SimpleStrategy", "replication_factor", "3",
            NULL);
  how = parse(&b);
  ck_assert_int_eq(how.class, REPLICATION_SIMPLE);
  ck_assert_uint_eq(how.factor, 3);
}
END_TEST

START_TEST(network) {
  struct bytes b = {.len = 0};
  struct replication how;

  add_texts(&b, 2, "dc1", "3", "class", LOCATOR "NetworkTopologyStrategy",
            "East Coast", "5/2", NULL);
  how = parse(&b);
  ck_assert_int_eq(how.class, REPLICATION_NETWORK);
  ck_assert_uint_eq(how.dc_count, 2);
  ck_assert_str_eq(how.dcs[0].dc, "dc1");
  ck_assert_uint_eq(how.dcs[0].factor, 3);
  ck_assert_str_eq(how.dcs[1].dc, "East Coast");
  ck_assert_uint_eq(how.dcs[1].factor, 3); /* the others are transient */
}
END_TEST

static const char *const strange[][4] = {
    {"class", LOCATOR "EverywhereStrategy", NULL, NULL},
    {"class", "com.example.NotSimpleStrategy", "replication_factor", "3"},
    {"class", LOCATOR "SimpleStrategy", "replication_factor", "three"},
    {"class", LOCATOR "SimpleStrategy", "replication_factor", ""},
    {"class", LOCATOR "SimpleStrategy", "replication_factor", "1/2"},
    {"class", LOCATOR "SimpleStrategy", "replication_factor", "3/"},
    {"class", LOCATOR "SimpleStrategy", "replication_factor", "99999999999"},
    {"class", LOCATOR "SimpleStrategy", "dc1", "3"},
    {"class", LOCATOR "NetworkTopologyStrategy", "dc1", "-3"},
    {"replication_factor", "3", NULL, NULL},
    {NULL, NULL, NULL, NULL},
};
enum { STRANGE = sizeof strange / sizeof strange[0] };

START_TEST(others) {
  struct bytes b = {.len = 0};

  add_texts(&b, 2, strange[_i][0], strange[_i][1], strange[_i][2],
            strange[_i][3], NULL);
  ck_assert_int_eq(parse(&b).class, REPLICATION_OTHER);
}
END_TEST

/* Nothing to warn of: any host will do. */
START_TEST(system_keyspaces) {
  struct bytes b = {.len = 0};

  add_texts(&b, 2, "class", LOCATOR "LocalStrategy", NULL);
  ck_assert_int_eq(parse(&b).class, REPLICATION_LOCAL);
}
END_TEST

START_TEST(broken_maps) {
  struct bytes b = {.len = 0};
  struct cell none = {NULL, 0};
  struct replication how;

  replication_parse(&how, &none);
  ck_assert_int_eq(how.class, REPLICATION_OTHER);
  add_texts(&b, 2, "class", LOCATOR "SimpleStrategy", "replication_factor", "3",
            NULL);
  for (b.len--; b.len >= 4; b.len--)
    ck_assert_int_eq(parse(&b).class, REPLICATION_OTHER);
}
END_TEST

/* More data centers than there are places for. */
START_TEST(many_data_centers) {
  for (uint32_t dcs = REPLICATION_DCS; dcs <= REPLICATION_DCS + 1; dcs++) {
    struct bytes b = {.len = 4};

    add_int(&b, dcs + 1);
    add_text(&b, "class");
    add_text(&b, LOCATOR "NetworkTopologyStrategy");
    for (uint32_t i = 0; i < dcs; i++) {
      char name[16];

      sprintf(name, "dc%u", (unsigned)i);
      add_text(&b, name);
      add_text(&b, "1");
    }
    ck_assert_int_eq(parse(&b).class, dcs == REPLICATION_DCS
                                          ? REPLICATION_NETWORK
                                          : REPLICATION_OTHER);
  }
}
END_TEST

Suite *topology_suite(void) {
  Suite *s = suite_create("topology");
  TCase *tc = tcase_create("hosts");

  tcase_set_timeout(tc, 30);
  tcase_add_test(tc, the_host_that_was_asked);
  tcase_add_test(tc, another_partitioner);
  tcase_add_loop_test(tc, other_tokens, 0, 7);
  tcase_add_loop_test(tc, peers_v2, 0, PEERS);
  tcase_add_test(tc, made_up_names);
  tcase_add_test(tc, made_up_hosts);
  tcase_add_test(tc, peers_before_4_0);
  tcase_add_test(tc, two_at_one_address);
  tcase_add_test(tc, answers_that_are_none);
  tcase_add_test(tc, no_memory);
  suite_add_tcase(s, tc);
  tc = tcase_create("replication");
  tcase_add_test(tc, simple);
  tcase_add_test(tc, network);
  tcase_add_loop_test(tc, others, 0, STRANGE);
  tcase_add_test(tc, system_keyspaces);
  tcase_add_test(tc, broken_maps);
  tcase_add_test(tc, many_data_centers);
  suite_add_tcase(s, tc);
  return s;
}
