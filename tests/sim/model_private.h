/* tests/sim/model_private.h - what the parts of the model server share. */
#ifndef SIM_MODEL_PRIVATE_H
#define SIM_MODEL_PRIVATE_H

#include "tests/sim/codec.h"
#include "tests/sim/model.h"

/* ---- The data (model_data.c) -------------------------------------------- */

enum {
  NAME_MAX_LEN = 96,
  COLUMNS_MAX = 80,
  KEYS_MAX = 16,
  COUNTERS_MAX = 64,
  TABLES_MAX = 64,
  KEYSPACES_MAX = 32
};

enum column_kind {
  COLUMN_PARTITION,
  COLUMN_CLUSTERING,
  COLUMN_STATIC,
  COLUMN_REGULAR
};

struct column {
  char name[NAME_MAX_LEN];
  enum option_id type;
  enum column_kind kind;
  bool descending;
  unsigned position; /* among the keys of its kind */
  unsigned slot;     /* of a counter: where its sum is */
};

/* The tables that every server has, and those of counters. */
enum table_is {
  TABLE_IS_COUNTERS,
  TABLE_IS_LOCAL,
  TABLE_IS_PEERS,
  TABLE_IS_KEYSPACES,
  TABLE_IS_COLUMNS
};

/* A row, or what the rows of a partition share: the key that names it, each
 * value behind its length of 16 bits. */
struct row {
  struct row *next; /* of the same bucket */
  struct row *partition;
  struct row *rows; /* of a partition: its rows, oldest first */
  struct row *rows_next;
  uint64_t *sums;   /* by slot */
  uint64_t touched; /* slots that hold a sum: the others are null */
  uint32_t hash;
  int64_t token; /* of a partition key of one column ... */
  uint64_t born; /* ... and among rows with the same, which is older */
  unsigned keys; /* how many key columns it has */
  uint8_t *key;
};

enum { BUCKETS = 256 };

struct table {
  char keyspace[NAME_MAX_LEN];
  char name[NAME_MAX_LEN];
  enum table_is is;
  struct column columns[COLUMNS_MAX];
  unsigned column_count;
  unsigned keys[KEYS_MAX]; /* columns: the partition key's, then the others */
  unsigned partition_keys;
  unsigned key_count;
  unsigned counter_count;
  uint64_t statics; /* slots */
  struct row *buckets[BUCKETS];
};

/* A map<text, text>, as system_schema.keyspaces has it. */
enum { PAIRS_MAX = 8 };
struct replication_map {
  unsigned count;
  struct pair {
    char key[NAME_MAX_LEN];
    char value[NAME_MAX_LEN];
  } pairs[PAIRS_MAX];
};

void data_begin(void);
/* False: there is no such keyspace. */
bool data_alter_keyspace(const char *name, const struct replication_map *how);
void data_end(void);
/* NULL: there is no such keyspace. */
const struct replication_map *data_keyspace(const char *name);
/* False: there already. */
bool data_add_keyspace(const char *name, const struct replication_map *how);
struct table *data_table(const char *keyspace, const char *name);
/* Takes it over, unless there is one of this name. */
bool data_add_table(struct table *t);
int data_column(const struct table *t, const char *name);
/* The entry for the first `keys` key columns, made when it is not there; it
 * stays invisible until something is added to it. */
struct row *data_row(struct table *t, const struct slice *values,
                     unsigned keys);
bool data_row_exists(const struct table *t, const struct row *row);
/* Where in the ring a reader stands: behind that row. */
struct spot {
  int64_t token;
  uint64_t born;
};
/* The next row that is shown, up to the token `last`, where *at is then; NULL:
 * there are no more. */
const struct row *data_next(const struct table *t, struct spot *at,
                            int64_t last);
/* The value of a row's key column. */
struct slice data_key(const struct row *row, unsigned key);
/* The sum of a counter, wherever it is kept; false: null. */
bool data_sum(const struct row *row, const struct column *c, uint64_t *sum);
void data_add(struct row *row, const struct column *c, uint64_t delta);
/* What the column's type is called in CQL. */
const char *data_type_name(enum option_id type);
uint64_t data_hash(const void *bytes, size_t n, uint64_t seed);

/* ---- Statements (model_cql.c) ------------------------------------------- */

enum statement_kind {
  CQL_CREATE_KEYSPACE,
  CQL_CREATE_TABLE,
  CQL_UPDATE,
  CQL_SELECT
};

struct marker {
  unsigned column;
  bool negated; /* n = n - ? */
  char bound;   /* token(...) > ? or token(...) <= ?: that sign; 0: a column */
};

struct statement {
  struct statement *next; /* of the same bucket */
  uint64_t hash;          /* of the text */
  char *text;
  size_t text_len;
  enum statement_kind kind;
  char keyspace[NAME_MAX_LEN]; /* CREATE KEYSPACE */
  struct replication_map how;  /* ... */
  struct table *made;          /* CREATE TABLE: NULL once it is taken over */
  char table_name[NAME_MAX_LEN];
  struct table *table;
  unsigned column_count; /* SELECT */
  unsigned columns[COLUMNS_MAX];
  unsigned marker_count;
  unsigned delta_count; /* the first so many of them are increments */
  struct marker markers[COLUMNS_MAX];
  unsigned key_count; /* key columns that the markers name */
  bool scans;         /* all rows, or those of some tokens */
  /* What each host knows of it. */
  struct known {
    bool prepared;
    uint32_t variation; /* of its id */
    uint64_t forgetful_until;
  } at[MODEL_HOSTS];
};

/* An answer that is an ERROR. */
struct refusal {
  int32_t code;
  char text[240]; /* fewer than 256: see model_shape.c */
};

void cql_end(void);
/* The statement, or NULL and why. */
struct statement *cql_find(struct slice text, struct refusal *why);
void refuse(struct refusal *r, int32_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* In the application's words (executes.c): only a server can tell what it
 * means, and what is an answer to it. */
bool cql_is_own_words(const struct statement *s);
/* What a host knows of them is lost. */
void cql_forget_all(unsigned host);
/* model_parse.c: false and why. */
bool cql_parse(struct statement *s, struct refusal *why);

/* ---- Ids of prepared statements (model_id.c) ----------------------------- */

enum { ID_LEN = 16 };
struct issued {
  uint64_t id[2];
  struct statement *statement; /* NULL: a free slot */
  unsigned host;
  bool odd; /* told with markers that are not the statement's */
};

void id_begin(void);
void id_end(void);
const struct issued *id_find(struct slice id);
void id_issue(unsigned host, struct statement *s, bool odd, uint8_t id[ID_LEN]);

/* ---- The ledger (ledger.c) ---------------------------------------------- */

void ledger_begin(void);
void ledger_end(void);
void ledger_seen(uint32_t number);
void ledger_due(uint32_t number);
void ledger_cancelled(uint32_t number);
void ledger_applied(uint32_t number);
void ledger_excused(uint32_t number);

/* ---- Connections (model.c) ---------------------------------------------- */

enum stream_state {
  STREAM_FREE,
  STREAM_BUSY,
  STREAM_BUSY_OPTIONS /* by OPTIONS, of which one is as good as another */
};

struct model_conn {
  struct model_conn *next; /* of all */
  struct wire *wire;       /* NULL: gone */
  unsigned host;
  unsigned shard;
  bool logging_in;       /* STARTUP was answered with AUTHENTICATE */
  bool started;          /* STARTUP was accepted, and the login if one is due */
  bool lz4;              /* either side may compress */
  bool registered;       /* it is told of events */
  uint64_t reads_due[2]; /* of the hosts, of keyspaces: see model_decode.c */
  bool silent;           /* sends nothing more */
  bool deaf;             /* closed, as far as the host's program is concerned */
  uint8_t *streams;      /* enum stream_state */
  size_t stream_cap;
  uint8_t *held; /* of a frame that is not complete */
  size_t held_len;
  size_t held_cap;
};

/* What a host's tables say of another. */
struct peer_row {
  bool there;
  bool twice;        /* a stale one is there, too, with an id nobody has */
  uint8_t place;     /* its address */
  uint8_t tokens_of; /* whose tokens they are */
  uint16_t lacks;    /* columns that are null: enum row_lack */
};

enum row_lack {
  LACKS_ID = 1,
  LACKS_DC = 2,
  LACKS_RACK = 4,
  LACKS_TOKENS = 8,
  LACKS_RELEASE = 16,
  LACKS_SCHEMA = 32,
  LACKS_ADDRESS = 64,    /* the one for clients is null ... */
  LISTENS_ANYWHERE = 128 /* ... or 0.0.0.0 */
};

struct host {
  bool member;
  bool moved;
  bool blind; /* never says what its tables have of the cluster */
  uint8_t place;
  struct peer_row rows[MODEL_HOSTS];
  uint64_t unwilling_until; /* answers with this error until then */
  int32_t unwilling;
  uint64_t crowded_until;
  uint8_t id[16];
  unsigned dc;
  unsigned rack;
  int64_t tokens[MODEL_TOKENS];
  enum host_state state;
  uint64_t down_until;   /* it has crashed */
  uint64_t behind_until; /* shows the schema's old version until then */
  uint32_t old_version;
};

struct model {
  struct model_plan plan;
  struct host hosts[MODEL_HOSTS];
  struct model_conn *conns;
  uint32_t schema_version;
  uint64_t changed_at;
  uint8_t last_place;
  uint64_t told_up[MODEL_PLACES];    /* seconds in which that was told ... */
  uint64_t told_up_at[MODEL_PLACES]; /* ... the last of them */
};
extern struct model model;

/* Gives up the connection; what was sent and not delivered is lost. */
void conn_reset(struct model_conn *c);
/* FIN.  Deaf: nothing that arrives is looked at any more. */
void conn_finish(struct model_conn *c, bool deaf);
bool conn_can_send(const struct model_conn *c);
enum stream_state conn_stream(const struct model_conn *c, int stream);
void conn_set_stream(struct model_conn *c, int stream, enum stream_state to);
void host_crash(unsigned host, uint64_t down_for);
uint32_t host_schema_version(unsigned host);
void model_schema_changed(void);

/* ---- Whose a key is (model_place.c) -------------------------------------- */

int64_t place_token(struct slice key);

/* ---- The cluster (model_cluster.c) --------------------------------------- */

/* Draws who the hosts are. */
void cluster_begin(void);
/* What observer's tables say of subject is true from now on. */
void cluster_row_now(unsigned observer, unsigned subject);

/* ---- ... and how it changes (model_change.c) ----------------------------- */

struct request;

enum event_kind {
  EVENT_NEW_NODE,
  EVENT_REMOVED_NODE,
  EVENT_MOVED_NODE,
  EVENT_UP,
  EVENT_DOWN,
  EVENT_KEYSPACE,
  EVENT_KINDS
};

/* A request has arrived: an opportunity for changes. */
void change_arrived(struct request *r);
/* All tables are filled after so long. */
void change_gossip(uint64_t after);
/* Somebody was told that the host there is up. */
void change_told_up(unsigned place);

/* ---- Requests (model_request.c) ------------------------------------------ */

enum answer_kind {
  ANSWER_VOID,
  ANSWER_ROWS,
  ANSWER_PREPARED,
  ANSWER_CHANGED, /* RESULT Schema_change, or Void if nothing was made */
  ANSWER_SUPPORTED,
  ANSWER_READY,
  ANSWER_AUTHENTICATE,
  ANSWER_AUTH_SUCCESS,
  ANSWER_REFUSED /* ERROR */
};

/* What is wrong with the answer; its shape is in a detail of its own. */
enum request_fault {
  ODD = 1,
  TWICE = 2,
  ASTRAY = 4,
  GARBLED = 8,
  DECOR = 16,
  ODD_PREPARED = 32,
  ON_STREAM_0 = 64,
  FORGOTTEN = 128,
  CHOSEN = 256, /* an ERROR for no reason */
  BROKEN_HANDSHAKE = 512
};

/* What a server has taken on, from its arrival until nothing of it is to come.
 * It outlives its connection.  A batch is one for each entry, with effects of
 * their own: the first one is the head, which has the answer. */
struct request {
  struct request *next, *prev; /* of all, oldest first */
  struct request *head;        /* of the batch; itself, mostly */
  struct request *more;        /* the batch's next entry; NULL: none */
  struct model_conn *conn;
  unsigned host;
  unsigned events; /* that will come for it: of the head, for any entry */
  int stream;
  enum opcode opcode;
  enum answer_kind answer;
  bool skip_metadata;

  bool effective;   /* it has an effect, and that is still to come */
  bool with_answer; /* ... together with the answer, or before */
  bool counted;     /* the ledger knows it */
  bool changed;     /* a CREATE that made something */
  uint32_t number;  /* of the operation; 0: none */
  struct statement *statement;
  struct row *row;
  struct spot from;          /* of a query that scans: where it begins ... */
  int64_t last;              /* ... up to there ... */
  int32_t page_size;         /* ... so many rows; 0: all */
  const struct table *about; /* of the query for a table's columns */
  const struct replication_map *how; /* ... for a keyspace; NULL: none */
  uint8_t id[ID_LEN];
  unsigned delta_count;

  unsigned faults;                               /* enum request_fault */
  uint64_t odd, astray, garbled, decor, refused; /* details */
  bool by_coordinator;                           /* of a rate limit */
  struct refusal refusal;

  struct delta {
    unsigned column;
    uint64_t by;
  } deltas[COUNTERS_MAX]; /* the last member: not cleared */
};

void requests_begin(void);
void requests_end(void);
/* A frame has arrived. */
void request_arrived(struct model_conn *c, enum opcode opcode, int stream,
                     struct in body);
/* Effects that are still to come on that host, or that connection alone if it
 * is not NULL, are lost or not: by the detail, or the server's chance. */
void requests_lose(unsigned host, const struct model_conn *c, uint64_t *detail);
/* One more entry of a batch. */
struct request *request_more(struct request *last);
/* Of one entry: its effect comes now, at that time, or never. */
void request_take_effect(struct request *r);
void request_effect_at(struct request *r, uint64_t when);
void request_entry_never(struct request *r);
/* ... of all entries. */
void request_never(struct request *r);
void request_answer_at(struct request *r, uint64_t when);

/* model_decode.c: what the request asks for.  A violation if it makes no
 * sense. */
void request_decode(struct request *r, struct in body);

/* ---- Faults (model_fault.c) --------------------------------------------- */

/* Decide what becomes of it, and schedule that. */
void request_plan(struct request *r);
/* ... on a host that says nothing. */
void request_plan_silent(struct request *r);
/* Of an increment: an error that proves that it was not applied. */
bool fault_is_proof(const struct request *r, int32_t code);

/* ---- The handshake (model_handshake.c) ----------------------------------- */

void handshake_arrived(struct request *r, struct in body);
void handshake_answer(struct out *o, struct request *r);

/* ---- Answers (model_answer.c) ------------------------------------------- */

/* Its answer is due. */
void answer_send(struct request *r);
void answer_frame(struct out *o, struct request *r);
/* Whole frames. */
void answer_error(struct out *o, int stream, int32_t code, const char *text);
/* The keys of SUPPORTED that tell what the server is. */
void answer_supported(struct out *o, const struct model_conn *c,
                      unsigned more_keys);
/* `more`: where the next page begins; NULL: there is none. */
void answer_rows_metadata(struct out *o, const struct statement *s, bool skip,
                          const struct spot *more);
/* After the kind. */
void answer_prepared(struct out *o, struct request *r);
/* model_rows.c: metadata, number, cells */
void answer_rows(struct out *o, const struct request *r);
/* model_cluster.c: number, cells */
void cluster_rows(struct out *o, const struct request *r);
void cluster_keyspace_rows(struct out *o, const struct request *r);
void cell_text(struct out *o, const char *text);
void cell_null(struct out *o);

/* ---- Compressed bodies (model_lz4.c) ------------------------------------- */

/* A request's becomes what it stands for, in memory for the caller to free. */
uint8_t *lz4_request(const struct model_conn *c, enum opcode opcode,
                     struct in *body);
/* A whole frame may be compressed, where that was agreed upon ... */
void lz4_answer(struct out *o, const struct model_conn *c);
/* ... or be flagged so, and no client can read it. */
void lz4_broken(struct out *o, const struct model_conn *c, uint64_t detail);

/* ---- Shapes of answers that are not well (model_shape.c) ----------------- */

void shape_error(struct out *o, const struct request *r);
void shape_decor(struct out *o, struct request *r);
void shape_odd(struct out *o, struct request *r);
void shape_garble(struct out *o, uint64_t detail);
void shape_prepared(struct out *o, struct request *r);
void shape_astray(struct out *o, uint64_t detail);
void shape_event(struct out *o, uint64_t detail);
void shape_change(struct out *o, enum event_kind kind, unsigned place);

#endif
