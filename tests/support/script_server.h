/* tests/support/script_server.h - a small server on real loopback sockets that
 * does as it is told: answers, refuses, holds answers back, breaks the
 * protocol, vanishes.  It keeps a ledger of every update that arrived.
 *
 * Its frames are written by hand and share no code with the library.  All of
 * it may be called from any thread; waits give up after WAIT_LIMIT_MS. */
#ifndef TALLY_TESTS_SCRIPT_SERVER_H
#define TALLY_TESTS_SCRIPT_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* So long that only a broken library or a dead machine meets it. */
enum { WAIT_LIMIT_MS = 30000 };

struct script_server;

/* What a request is to the script. */
enum script_place {
  AT_OPTIONS,
  AT_STARTUP,
  AT_LOGIN,   /* AUTH_RESPONSE */
  AT_CONTROL, /* REGISTER, and what the control connection reads */
  AT_QUERY,
  AT_PREPARE,
  AT_UPDATE, /* EXECUTE of an UPDATE */
  AT_SELECT, /* EXECUTE of a SELECT */
  AT_BATCH,  /* entered in no ledger */
  AT_GIVEN,  /* EXECUTE with the id "given-id", which a script has given */
  SCRIPT_PLACES
};

enum script_kind {
  SCRIPT_NORMAL,     /* as a healthy server does */
  SCRIPT_ERROR,      /* ERROR: code, text "scripted", bytes are the tail */
  SCRIPT_UNPREPARED, /* ERROR 0x2500 with the id of the EXECUTE */
  SCRIPT_HOLD,       /* as NORMAL, but sent by script_release() only */
  SCRIPT_IGNORE,     /* never answered */
  SCRIPT_CLOSE,      /* FIN instead of an answer */
  SCRIPT_RESET,      /* RST instead of an answer */
  SCRIPT_FRAME,      /* a frame: opcode and flags; bytes are its body */
  SCRIPT_BYTES,      /* these bytes as they are, no frame around them */
};

/* `bytes` must live as long as the script uses them. */
struct script_step {
  enum script_kind kind;
  int32_t code;
  uint8_t opcode;
  uint8_t flags;
  const void *bytes;
  size_t len;
  bool held; /* ERROR, UNPREPARED, FRAME: sent by script_release() only */
};

struct script_server *script_start(void);
void script_stop(struct script_server *s);
uint16_t script_port(const struct script_server *s);
/* "127.0.0.1:PORT" */
const char *script_host(const struct script_server *s);
/* Called first on the server's thread, when set before script_start(). */
extern void (*script_thread_begins)(void);

/* ---- What it does ------------------------------------------------------- */

/* The next `times` requests at `place` (0: all from then on) get this, after
 * what was scripted before; then NORMAL again. */
void script_next(struct script_server *s, enum script_place place,
                 const struct script_step *step, unsigned times);
/* The same for a step that is a kind alone, or an ERROR without tail. */
void script_next_kind(struct script_server *s, enum script_place place,
                      enum script_kind kind, unsigned times);
void script_next_error(struct script_server *s, enum script_place place,
                       int32_t code, unsigned times);
/* Forget what was scripted for `place`. */
void script_clear(struct script_server *s, enum script_place place);
/* Send every answer that is held back. */
void script_release(struct script_server *s);
/* SUPPORTED names SCYLLA_ options from now on. */
void script_be_scylla(struct script_server *s);

/* STARTUP is answered with AUTHENTICATE from now on; this token alone with
 * AUTH_SUCCESS, any other with ERROR 0x0100.  Both must live on. */
void script_want_login(struct script_server *s, const char *authenticator,
                       const void *token, size_t len);

/* SUPPORTED offers lz4 from now on.  A client that asks for it gets all answers
 * compressed when it `packs`, and else as they are. */
void script_compress(struct script_server *s, bool packs);

enum script_shard_port {
  SHARD_PORT_NONE,    /* there is no port for them */
  SHARD_PORT_RIGHT,   /* the client's port, modulo their number, is the shard */
  SHARD_PORT_SKEWED,  /* ... and one more: a router changes ports on the way */
  SHARD_PORT_REFUSES, /* a firewall is in front of it */
};
/* It is a ScyllaDB server with so many shards from now on (which ignores 12
 * bits of tokens).  Its own port leads to one shard after the other. */
void script_shards(struct script_server *s, unsigned count,
                   enum script_shard_port port);
uint16_t script_shard_port(const struct script_server *s);
/* Connections that stand to this shard, and those that were accepted at the
 * port for shards. */
unsigned script_shard_standing(struct script_server *s, unsigned shard);
unsigned script_shard_accepted(struct script_server *s);
/* Where the latest update with this key arrived; -1: none has.  Of a server
 * without shards it is the number of the connection. */
int script_shard_seen(struct script_server *s, const char *key);
/* Close the connections to one shard. */
void script_shard_drop(struct script_server *s, unsigned shard);

/* The next `times` connections are closed as soon as they are accepted. */
void script_refuse(struct script_server *s, bool reset, unsigned times);
/* Read nothing more (until told to), with the smallest receive buffer. */
void script_read(struct script_server *s, bool read);
/* Close every connection now. */
void script_drop(struct script_server *s, bool reset);
/* Close the first connection that has sent so many bytes in all, those of the
 * handshake included. */
void script_cut_after(struct script_server *s, size_t bytes, bool reset);
/* Bytes that nobody asked for, on every connection. */
void script_say(struct script_server *s, const void *bytes, size_t len);
/* Take no connections any more (until told to): they are refused. */
void script_listen(struct script_server *s, bool listen);

/* ---- The cluster that it is a host of ----------------------------------- */

/* Each tells of the others from now on. */
void script_cluster(struct script_server *const *servers, unsigned count);
/* Its one token ("0" until then, which must live on), and how many replicas it
 * says that any keyspace has (1 until then). */
void script_own(struct script_server *s, const char *token, unsigned replicas);
/* Where it is and what it is: dc1, rack1 and 5.0.2 until then.  The texts must
 * live on. */
void script_describe(struct script_server *s, const char *dc, const char *rack,
                     const char *version);
enum script_oddity {
  ROW_WHOLE,
  ROW_WITHOUT_ID,
  ROW_WITHOUT_DC,
  ROW_WITHOUT_RACK,
  ROW_WITHOUT_VERSION,
  ROW_WITHOUT_SCHEMA,
  ROW_WITHOUT_TOKENS,
  ROW_WITHOUT_ADDRESS, /* native_address is null */
  ROW_WITHOUT_PORT,    /* native_port is */
  ROW_EVERYWHERE,      /* native_address is 0.0.0.0 */
  ROW_NOWHERE,         /* peer is as well */
  ROW_TWICE,
  ROW_ODDITIES
};
/* What the others' tables say of it is not as it should be. */
void script_odd_row(struct script_server *s, enum script_oddity oddity);
/* The id that it has as a host. */
void script_host_id(const struct script_server *s, char id[17]);
/* An EVENT on every connection: "STATUS_CHANGE", "UP".  About NULL is about a
 * host at 10.9.9.9, which is none. */
void script_tell(struct script_server *s, const char *type, const char *change,
                 const struct script_server *about);

/* ---- What it saw -------------------------------------------------------- */

/* Requests that arrived at `place`, and answers that the system accepted. */
unsigned script_count(struct script_server *s, enum script_place place);
unsigned script_answered(struct script_server *s, enum script_place place);
/* ... and those of the former that were compressed. */
unsigned script_compressed(struct script_server *s, enum script_place place);
/* Updates that arrived with this key (several parts are joined by "|"; only
 * the first 95 bytes count). */
unsigned script_seen(struct script_server *s, const char *key);
/* The sum of the deltas for this column that were applied (answered NORMAL,
 * or HOLD even before they are released). */
int64_t script_sum(struct script_server *s, const char *key,
                   const char *column);
/* Connections accepted so far, and those that stand now. */
unsigned script_accepted(struct script_server *s);
unsigned script_standing(struct script_server *s);
/* The body of the latest request at `place`; returns its length, and copies
 * at most `cap` bytes of it. */
size_t script_last(struct script_server *s, enum script_place place, void *body,
                   size_t cap);
/* ... its stream, and the flags of its header. */
uint16_t script_last_stream(struct script_server *s, enum script_place place);
uint8_t script_last_flags(struct script_server *s, enum script_place place);

/* True once the count is reached; false at the limit. */
bool script_wait(struct script_server *s, enum script_place place,
                 unsigned count);
bool script_wait_answered(struct script_server *s, enum script_place place,
                          unsigned count);
bool script_wait_accepted(struct script_server *s, unsigned count);
bool script_wait_standing(struct script_server *s, unsigned count);

#endif
