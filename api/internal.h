/* api/internal.h - what is behind tally.h. */
#ifndef TALLY_INTERNAL_H
#define TALLY_INTERNAL_H

#include "api/tally.h"
#include "core/copy.h"
#include "core/loop.h"
#include "core/value.h"

/* Counters of a table are bits of a uint64_t. */
enum {
  COUNTERS_MAX = 64,
  UPDATES_MAX = 32,
  KEY_BYTES_MAX = 65535,
  REMOVAL_ROW = COUNTERS_MAX,
};

/* Who drives the loops (tally.h, "Threads"). */
enum session_mode { MODE_THREADS, MODE_GUEST, MODE_INLINE };

enum { OTHER_TIMEOUTS = TIMEOUT_KINDS - TIMEOUT_OTHER };
struct known;

struct tally_session {
  struct net_heap heap;
  struct session_life *life;
  enum session_mode mode;
  struct loop *loops;
  uint32_t loop_count;
  _Atomic uint32_t next_loop;
  struct slab slab;
  struct contact *contacts;
  size_t contact_count;
  struct keyspaces keyspaces; /* that its statements name */
  char *keyspace;             /* NULL: none configured */
  uint16_t consistency;
  uint16_t read_consistency;
  _Atomic uint64_t other_timeouts[OTHER_TIMEOUTS]; /* in nanoseconds; those of
                                                      calls; 0: free */
  _Atomic uint32_t statement_count;
  _Atomic(struct tally_table *) tables;
  _Atomic(struct known *) known; /* texts of tally_execute(), newest first */
  _Atomic bool close_begun;
  void (*closed)(void *user);
  void *closed_user;
  tally_callback connected; /* guest */
  void *connected_user;
  tally_settled_callback on_settled; /* NULL: settle() is never called */
  void *on_settled_user;
  char *local_dc;   /* NULL: learned */
  char *local_rack; /* NULL: racks are alike */
  int (*host_filter)(void *user, const tally_host *host); /* or NULL ... */
  tally_translate_callback translate_address;             /* ... all three */
  tally_host_callback on_host;
  void *host_user;
  char *user;          /* NULL: none */
  char *authenticator; /* NULL: none */
  char *password;      /* net_secret_alloc(); NULL: none ... */
  size_t password_size;
  bool allow_plaintext_password;
  tally_credentials_callback credentials; /* or NULL ... */
  tally_sasl_callback sasl;               /* ... both */
  void *login_user;
  struct tls_context *tls;             /* NULL: plaintext */
  char *tls_name;                      /* NULL: each its own ... */
  tally_tls_name_callback tls_name_of; /* or NULL */
  void *tls_user;
};

/* The UPDATE for one set of touched counters. */
struct update {
  const struct tally_table *table;
  uint64_t mask;       /* the counters that have a bind marker */
  bool partition_only; /* statics alone: the clustering key is not bound */
  struct statement statement;
};

/* The DELETE of a row, or of one of its counters. */
struct removal {
  struct removal *next;
  uint16_t counter; /* a bit's number, or REMOVAL_ROW */
  struct statement statement;
};

struct select;

struct tally_table {
  struct tally_table *next;
  tally_session *session;
  char *keyspace; /* as the server has it, unquoted */
  struct keyspace *in;
  char *name;
  char *qualified; /* "ks.page_hits", as it stands in CQL */
  size_t row_size;
  tally_column *columns; /* in the definition's order */
  size_t column_count;
  uint16_t *display; /* column numbers in the server's order */
  uint16_t *keys;    /* partition key, then clustering key */
  uint16_t key_count;
  uint16_t partition_count;
  uint16_t *counters; /* bit i of a mask is column counters[i] */
  uint16_t counter_count;
  uint64_t statics;            /* mask */
  tally_table_option *options; /* copies */
  size_t option_count;
  _Atomic(struct update *) updates[UPDATES_MAX];
  struct statement select;
  _Atomic(struct removal *) removals;
  _Atomic(struct select *) selects; /* of queries; the newest first */
};

/* ---- error.c ------------------------------------------------------------ */

/* Fill in an error (NULL is fine) for something refused before it was sent,
 * and return its code. */
int error_set(tally_error *e, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A hint, when one of these names is near to the one that was given. */
void error_did_you_mean(tally_error *e, const char *name,
                        const char *const *names, size_t count);
/* `doing` is "increment ks.page_hits". */
int error_from_failure(tally_error *e, const char *doing,
                       const struct failure *f);
/* What to do about an UNKNOWN that is no increment's. */
void error_hint_unknown(tally_error *e, enum effect effect);
/* "increment ks.t", from what the answer tells. Returns the code. */
int error_from_answer(tally_error *e, const struct answer *answer);
int error_no_memory(tally_error *e);

enum { NOTE_INCREMENT, NOTE_DECREMENT, NOTE_DELETE, NOTE_TRUNCATE, NOTE_BATCH };

/* ---- options.c ---------------------------------------------------------- */

/* Check, and bring to this library's size. */
int options_read(tally_options *to, const tally_options *from, tally_error *e);
bool consistency_exists(int value);
/* As options are found by their names, and whole numbers read. */
bool options_same_name(const char *name, size_t len, const char *option);
bool options_number(const char *text, uint64_t *n);
/* Free the texts that were copied since options.texts was `before`. */
void options_forget(tally_options *o, void *before);
void options_settings(const tally_options *o, uint32_t loops,
                      struct loop_settings *settings);

/* ---- contacts.c --------------------------------------------------------- */

/* The parts of options.hosts, on the heap. */
int options_contacts(const tally_options *o, const struct net_heap *heap,
                     struct contact **contacts, size_t *count, tally_error *e);
void options_contacts_free(const struct net_heap *heap,
                           struct contact *contacts, size_t count);

/* ---- session.c ---------------------------------------------------------- */

/* Outlives the session, for those who may: open cursors.  Over when closing
 * begins; freed by the last. */
struct session_life {
  struct net_heap heap;
  _Atomic uint32_t users;
  _Atomic bool over;
};
struct session_life *life_join(struct session_life *l);
void life_leave(struct session_life *l);
bool life_is_over(const struct session_life *l);

/* ---- call.c -------------------------------------------------------------- */

/* What a single call asks for, if anything, replaces what is there. */
int call_apply(const tally_call *call, tally_session *s, uint16_t *consistency,
               uint8_t *timeout, tally_error *e);
/* The kind of timeout that lasts so long. */
int call_timeout(tally_session *s, uint32_t ms, uint8_t *kind, tally_error *e);

/* ---- login.c ------------------------------------------------------------ */

int login_check(const tally_options *o, tally_error *e);
/* Copy what the options say of logins; false: no memory. */
bool login_keep(tally_session *s, const tally_options *o);
void login_forget(tally_session *s);
void login_options(tally_session *s, struct login_settings *to);

/* ---- tls.c -------------------------------------------------------------- */

int tls_check(const tally_options *o, tally_error *e);
/* Read the files; for as long as the session lives. */
int tls_keep(tally_session *s, const tally_options *o, tally_error *e);
void tls_forget(tally_session *s);
void tls_options(tally_session *s, struct config *to);

/* ---- text.c: CQL text, and memory for it -------------------------------- */

struct text {
  const struct net_heap *heap;
  char *p; /* NUL-terminated; NULL before the first byte */
  size_t len;
  size_t cap;
  bool failed; /* no memory: sticky */
};
void text_init(struct text *t, const struct net_heap *heap);
void text_add(struct text *t, const char *s);
void text_bytes(struct text *t, const char *s, size_t len);
/* Something else had no memory. */
void text_fail(struct text *t);
void text_addf(struct text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* "views", with inner quotes doubled. */
void text_quoted(struct text *t, const char *name);
/* 'text', with inner quotes doubled. */
void text_literal(struct text *t, const char *value);
/* A keyspace or table by CQL's rules for the name a user typed: bare when that
 * is possible, else quoted. */
void text_name(struct text *t, const char *name);
/* An option's text: NULL and "" mean the same. */
bool is_given(const char *text);
/* A copy; none of what is not given.  False: no memory. */
bool keep_text(const struct net_heap *heap, char **to, const char *from);
/* The name as the system tables have it: folded, unquoted. NULL: no memory. */
char *name_folded(const struct net_heap *heap, const char *name);
/* Of words in CQL, and of the names of keyspaces and tables. */
#define WORD_BYTES                                                             \
  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
/* A keyspace's may have 48 characters; Cassandra makes a folder of a
 * table's. */
enum { KEYSPACE_NAME = 48, TABLE_NAME = 222 };
/* What no server takes as a name: TALLY_EINVAL. */
int name_check(const char *name, const char *what, size_t most, tally_error *e);

/* ---- type.c ------------------------------------------------------------- */

struct type_info {
  int type; /* tally_type */
  const char *name;
  size_t sizes[2]; /* of the members that it may have; the second may be 0 */
};
/* NULL: none. */
const struct type_info *type_find(int type);
/* May its member have so many bytes? */
bool type_takes(const struct type_info *type, size_t size);

/* ---- member.c: rows and values ------------------------------------------ */

/* A pointer to text; a tally_bytes. */
bool column_has_text(const tally_column *c);
bool column_has_bytes(const tally_column *c);
/* False: it has no value.  Points to where the member does, or into it. */
bool member_load(const tally_column *c, const void *member, struct value *v);
/* False: the member cannot hold it, being text with a NUL byte (behind whose
 * end a NUL stands) or a number that is too long.  Points to where the value
 * does. */
bool member_store(const tally_column *c, void *member, const struct value *v);
/* All that the keys of a row point to, with a NUL behind each, and a copy of a
 * row and of that. */
size_t row_bytes(const tally_table *t, const void *row);
void row_copy(const tally_table *t, void *to, const void *row, void *bytes);

/* ---- print.c, parse.c: values and text ---------------------------------- */

/* As cqlsh writes it. */
void value_print(const struct value *v, struct text *out);
enum { FAULT_TEXT = 160, PARSE_SLACK = 16 };
#define PARSE_ROOM(len) (((len) + PARSE_SLACK) * 2)
/* A value of this type, from what cqlsh reads as one.  Points into the text, or
 * into `room` of PARSE_ROOM(strlen(text)) bytes.  False: why not, as the end of
 * a sentence. */
bool value_parse(struct value *v, int type, const char *text, uint8_t *room,
                 char fault[FAULT_TEXT]);

/* ---- definition.c, table.c, statement.c --------------------------------- */

enum { DEFINITION_NAME = 256 };
/* Check, and give it its name, for which there is room in `name`. */
int definition_read(tally_definition *to, const tally_definition *d,
                    char name[DEFINITION_NAME], tally_error *e);
int table_make(tally_table **table, tally_session *s, const tally_definition *d,
               const char *keyspace, tally_error *e);
void table_free(tally_table *t);
/* A bit for each counter. */
uint64_t table_counters(const tally_table *t);
/* The column of that name; the error lists those that there are. */
int table_find(const tally_table *t, const char *name, size_t *index,
               tally_error *e);
/* The UPDATE for the counters in `mask`; NULL: no memory. */
const struct update *table_update(tally_table *t, uint64_t mask);
void update_free(const struct net_heap *heap, struct update *u);
/* The one whose statement this is: that of any increment. */
const struct update *update_of(const struct statement *statement);
bool statement_select(tally_table *t);
/* NULL: no memory. */
const struct removal *table_removal(tally_table *t, uint16_t counter);
void removals_free(tally_table *t);
/* Those of its queries. */
void selects_free(tally_table *t);

/* ---- bind.c ------------------------------------------------------------- */

/* A member as a value that may be bound; points to where it does. */
int bind_check(const tally_table *t, const tally_column *c, const void *row,
               struct value *v, tally_error *e);
/* Bind the partition key, or the whole key. */
int bind_key(struct op *op, const tally_table *t, const void *row,
             bool partition_only, tally_error *e);

/* ---- count.c ------------------------------------------------------------- */

/* Makes the operation the UPDATE of the counters that are not 0; TALLY_EINVAL:
 * none is, TALLY_ERANGE: one that cannot be negated, and what bind_key()
 * says. */
int count_fill(struct op *op, tally_table *t, const void *row, bool negate,
               tally_error *e);

/* ---- execute_known.c ----------------------------------------------------- */

void knowns_free(tally_session *s);

/* ---- host.c ------------------------------------------------------------- */

enum { HOST_ADDRESS = 46, HOST_REASON = 512 };

/* What the system tables say of it; the rest is 0.  `address` is where its text
 * goes, which *to points to. */
void host_describe(tally_host *to, char address[HOST_ADDRESS],
                   const struct host_info *info);
void host_reason(const struct failure *why, char out[HOST_REASON]);
/* What a session's options say of hosts. */
void host_options(tally_session *s, struct config *c);

/* ---- settle.c ----------------------------------------------------------- */

/* An op_settled; arg is the session. */
void settle(void *arg, const struct op *op, enum outcome outcome);

/* ---- wait.c: blocking calls --------------------------------------------- */

struct waiter {
  struct net_flag flag;
  tally_error *error; /* may be NULL */
  int code;
};

/* May this thread wait?  Also lets an inline loop see what happened while
 * nobody looked. 0 or TALLY_EDEADLK. */
int wait_begin(tally_session *s, tally_error *e);
/* Until the flag is set. */
void wait_for(tally_session *s, struct loop *l, struct waiter *w);
void wait_done(struct waiter *w);
/* The loop that serves this thread's next operation. */
struct loop *session_loop(tally_session *s);
/* An operation to fill in; NULL and TALLY_EBUSY at the session's limit. */
struct op *session_take(tally_session *s, tally_error *e);
/* Hand over; on error the operation is released. */
int session_submit(struct loop *l, struct op *op, tally_error *e);
/* Run `done` on the loop's thread: in its next turn (TIMEOUT_NOW), or after a
 * while (TIMEOUT_PAUSE).  Closing alone ends it before, with TALLY_ECLOSED. */
int session_turn(struct loop *l, enum timeout_kind when, op_done *done,
                 void *user, tally_error *e);

/* Who is told the end of a call: one that waits, or a callback. */
struct listener {
  struct waiter *waiter; /* NULL: a callback */
  tally_callback callback;
  void *user;
};
void listener_tell(const struct listener *to, const tally_result *result);

/* op_done: the end is told to a tally_callback (the operation's callback, with
 * the operation's user), or to a waiter (its user). */
void done_tell(op_callback *callback, void *user, const struct answer *answer);
void done_wait(op_callback *callback, void *user, const struct answer *answer);

/* Send one text with text values bound, and wait. `rows` is called for
 * RESULT Rows, on the loop's thread, and gives 0 or a code with *error set. */
typedef int query_rows(void *arg, struct rows *rows, tally_error *error);
int query_wait(tally_session *s, const char *cql, const char *about,
               const char *const *values, size_t value_count, query_rows *rows,
               void *arg, tally_error *e);

#endif
