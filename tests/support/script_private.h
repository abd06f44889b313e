/* tests/support/script_private.h - what the parts of the script server share.
 * Everything is guarded by the server's mutex. */
#ifndef TALLY_TESTS_SCRIPT_PRIVATE_H
#define TALLY_TESTS_SCRIPT_PRIVATE_H

#include <pthread.h>

#include "tests/support/script_server.h"

struct bytes {
  uint8_t *p;
  size_t len;
  size_t cap;
};
void bytes_add(struct bytes *b, const void *p, size_t len);
/* Room for n more. */
void bytes_reserve(struct bytes *b, size_t n);
void bytes_u8(struct bytes *b, unsigned v);
void bytes_u16(struct bytes *b, unsigned v);
void bytes_u32(struct bytes *b, uint32_t v);
void bytes_i64(struct bytes *b, int64_t v);
/* [string] */
void bytes_string(struct bytes *b, const char *s);
void bytes_drop(struct bytes *b, size_t n);
void bytes_free(struct bytes *b);

enum {
  PEERS_MAX = 24,
  CONNS_MAX = 32,
  STEPS_MAX = 64,
  STATEMENTS_MAX = 128,
  BINDS_MAX = 72
};

struct script_conn {
  int fd; /* -1: free */
  struct bytes in;
  struct bytes out;
  struct bytes held;
  size_t received;
  bool lz4;   /* either side may compress ... */
  bool packs; /* ... and the server does */
  unsigned shard;
  unsigned queued[SCRIPT_PLACES]; /* answers in out ... */
  unsigned held_count[SCRIPT_PLACES];
};

struct script_steps {
  struct script_step steps[STEPS_MAX];
  unsigned times[STEPS_MAX]; /* 0: for ever */
  unsigned count;
};

struct script_bind {
  char name[64];
  uint16_t type;
  bool is_key;
};

struct script_statement {
  char *text;
  bool is_select;
  unsigned bind_count;
  struct script_bind binds[BINDS_MAX];
  unsigned column_count; /* of a SELECT */
  char columns[BINDS_MAX][64];
};

struct script_delta {
  char column[64];
  int64_t value;
};

struct script_entry {
  char key[96];
  unsigned shard;
  bool applied;
  unsigned delta_count;
  struct script_delta deltas[4];
};

struct script_server {
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  int wake[2];
  int listener; /* -1: not listening */
  int held;     /* meanwhile, so that nobody else gets the port; or -1 */
  uint16_t port;
  char host[32];
  bool stop;

  bool reading;
  bool scylla;
  const char *authenticator; /* NULL: nobody need log in */
  const void *login;
  size_t login_len;
  bool lz4; /* offered */
  bool lz4_packs;
  unsigned shards;
  enum script_shard_port shard_port_is;
  int shard_listener; /* -1: none */
  uint16_t shard_port;
  unsigned shard_next;     /* of those that come at its own port */
  unsigned shard_accepted; /* at the other one */
  const char *dc, *rack, *version;
  const char *token;
  unsigned replicas;
  enum script_oddity odd_row;
  const struct script_server *peers[PEERS_MAX];
  unsigned peer_count;
  bool refuse_reset;
  unsigned refusals;
  size_t cut_bytes;
  bool cut_reset;
  struct script_steps steps[SCRIPT_PLACES];

  struct script_conn conns[CONNS_MAX];
  unsigned accepted;
  unsigned counts[SCRIPT_PLACES];
  unsigned answered[SCRIPT_PLACES];
  unsigned compressed[SCRIPT_PLACES];
  struct bytes last[SCRIPT_PLACES];
  uint16_t last_stream[SCRIPT_PLACES];
  uint8_t last_flags[SCRIPT_PLACES];
  struct script_statement statements[STATEMENTS_MAX];
  unsigned statement_count;
  struct script_entry *entries;
  size_t entry_count;
  size_t entry_cap;
};

/* Unlocking wakes the server's thread. */
void script_lock(struct script_server *s);
void script_unlock(struct script_server *s);

/* script_io.c */
void *script_thread(void *server);
int script_listener(uint16_t port);
/* A socket that has the port and refuses connections. */
int script_bound(uint16_t port);
uint16_t script_port_of(int listener);
uint16_t script_client_port(int fd);
void script_conn_close(struct script_conn *c, bool reset);

/* script_cql.c: one whole frame has arrived. */
void script_request(struct script_server *s, struct script_conn *c,
                    const uint8_t *frame, size_t len);
/* script_tables.c: does the control connection ask this; RESULT Rows for it */
bool script_is_control(const char *text, size_t len);
void script_tables(const struct script_server *s, const char *text, size_t len,
                   struct bytes *body);
/* script_shards.c: which one a new connection is for; what SUPPORTED says */
unsigned script_shard_of(struct script_server *s, int fd, bool at_shard_port);
void script_shard_options(const struct script_server *s,
                          const struct script_conn *c, struct bytes *b);
enum { SHARD_OPTIONS = 6 };
/* script_ledger.c */
struct script_statement *script_prepare(struct script_server *s,
                                        const char *text, size_t len);
/* The bound values of an EXECUTE, from their count on. */
void script_enter(struct script_server *s, const struct script_statement *st,
                  const uint8_t *values, size_t len, unsigned shard,
                  bool applied);
void script_key(const struct script_statement *st, const uint8_t *values,
                size_t len, char key[96]);
bool script_touched(struct script_server *s, const char *key,
                    const char *column, int64_t *sum);

#endif
