/* tally.h - counters on Apache Cassandra and ScyllaDB.
 *
 * A counter table has key columns and counter columns, and only two things
 * can be done to a counter: add to it, and read it.  An increment that timed
 * out may or may not have counted, so every call here says which it was:
 * APPLIED, NOT_APPLIED or UNKNOWN.  Only what is known not to have been
 * applied is ever sent again by this library.
 *
 *   typedef struct page_hits {
 *     const char *url;
 *     int64_t views;
 *   } page_hits;
 *
 *   static const tally_column page_hits_columns[] = {
 *       TALLY_PARTITION_KEY(page_hits, url, TALLY_TEXT),
 *       TALLY_COUNTER(page_hits, views),
 *   };
 *   static const tally_definition page_hits_definition =
 *       TALLY_DEFINITION(page_hits, "page_hits", page_hits_columns);
 *
 *   tally_increment(hits, &(page_hits){.url = "/home", .views = 1}, &error);
 *
 * Conventions.  Functions return 0 or a negative TALLY_E... code; the
 * out-parameter comes first and the error, which may be NULL, last.  Text is
 * UTF-8, NUL-terminated.  Times are milliseconds.  What a call is given
 * (strings, rows, options, definitions) is copied before it returns.
 * When a function that takes a callback returns an error, the callback is
 * never called; when it returns 0, the callback is called exactly once.
 *
 * Threads.  With threads of our own (tally_connect, io_threads >= 1) any
 * thread may use a session and its tables; callbacks run on one of our loops,
 * in parallel when there are several.  With the caller's loop and inline
 * (io_threads = 0) everything happens on one thread, the caller's. */
#ifndef TALLY_H
#define TALLY_H

#include <stddef.h>
#include <stdint.h>

#define TALLY_VERSION_MAJOR 0
#define TALLY_VERSION_MINOR 1
#define TALLY_VERSION_PATCH 0
#define TALLY_VERSION       "0.1.0"

#if defined(TALLY_BUILDING) && defined(__GNUC__)
#  define TALLY_API __attribute__((visibility("default")))
#else
#  define TALLY_API
#endif

/* Refuse a call at compile time, with a sentence. */
#if defined(__has_attribute)
#  if __has_attribute(unavailable)
#    define TALLY_UNAVAILABLE(why) __attribute__((unavailable(why)))
#  endif
#endif
#ifndef TALLY_UNAVAILABLE
#  if defined(__GNUC__)
#    define TALLY_UNAVAILABLE(why) __attribute__((error(why)))
#  else
#    define TALLY_UNAVAILABLE(why)
#  endif
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Errors and outcomes ------------------------------------------------ */

/* What became of an increment.  Zeroed memory never means "safe to send
 * again". */
typedef enum tally_outcome {
  TALLY_UNKNOWN = 0,     /* sent; it was applied once, or never */
  TALLY_APPLIED = 1,     /* applied exactly once */
  TALLY_NOT_APPLIED = 2, /* never applied, not even later */
} tally_outcome;

/* Every code, append-only: number, name, meaning. */
#define TALLY_ERROR_MAP(XX)                                                    \
  XX(-1, EINVAL, "invalid argument, option or definition")                     \
  XX(-2, ENOMEM, "out of memory")                                              \
  XX(-3, EBUSY, "the session's limit of operations is reached")                \
  XX(-4, ECLOSED, "the session is closed or closing")                          \
  XX(-5, EDEADLK, "a blocking call on a loop's own thread")                    \
  XX(-6, ECONNECT, "could not connect")                                        \
  XX(-7, EAUTH, "the server asks for a login, or refused it")                  \
  XX(-8, EPROTOCOL, "the peer does not speak CQL v4, or broke its rules")      \
  XX(-9, ENOHOST, "no connection became ready in time")                        \
  XX(-10, ETIMEDOUT, "no answer in time")                                      \
  XX(-11, ELOST, "the connection was lost")                                    \
  XX(-12, EUNKNOWN, "sent, but no verdict: it may or may not have counted")    \
  XX(-13, ESERVER, "the server answered with an error")                        \
  XX(-14, ESCHEMA, "keyspace, table or column missing, or not as defined")     \
  XX(-15, ENOTFOUND, "no such row")                                            \
  XX(-16, ETYPE, "a value does not fit the C type")                            \
  XX(-17, ERANGE, "a number is out of range")                                  \
  XX(-18, EUNAVAILABLE, "not enough replicas alive")                           \
  XX(-19, EMANY, "more rows than one")                                         \
  XX(-20, ESYSTEM, "the operating system refused")                             \
  XX(-21, ETLS, "the peer is not to be trusted, or does not speak TLS")

typedef enum tally_errno {
#define TALLY_ERROR_ENUM(number, name, text) TALLY_##name = number,
  TALLY_ERROR_MAP(TALLY_ERROR_ENUM)
#undef TALLY_ERROR_ENUM
} tally_errno;

/**
 * What went wrong, in full.  Plain data of 1,024 bytes, no pointers; the
 * caller's.  Every function that takes one fills it in when it fails, and
 * leaves it alone when it succeeds.
 */
typedef struct tally_error {
  int32_t code;        /* what the function returned */
  int32_t cause;       /* with TALLY_EUNKNOWN, why: TALLY_ETIMEDOUT,
                          TALLY_ELOST, TALLY_ESERVER, ...; else as code */
  int32_t outcome;     /* tally_outcome */
  int32_t server_code; /* the server's error code (0x1100, ...), or -1 */
  int32_t required;    /* acknowledgements needed, or -1 */
  int32_t received;    /* acknowledgements, or replicas alive, or -1 */
  uint64_t operation;  /* of an increment that ended UNKNOWN: its id, by which
                          options.on_settled names it; else 0 */
  uint64_t reserved;   /* 0 */
  char host[64];       /* "127.0.0.1:9042", or "" */
  char message[320];   /* what failed: one sentence */
  char detail[424];    /* who said so and how, or "" */
  char hint[176];      /* what to do, or "" */
} tally_error;

/* The names and texts above; "unknown error" for other numbers. Never NULL. */
TALLY_API const char *tally_error_name(int code);
TALLY_API const char *tally_error_text(int code);
/* "applied", "not applied", "unknown". */
TALLY_API const char *tally_outcome_name(int outcome);
/* The version of the library that is loaded: "0.1.0". */
TALLY_API const char *tally_version(void);

/* The index of the name that `text` was probably meant to be, or -1: for
 * programs that answer what they do not know with "did you mean ...?".  The
 * library's own errors have such hints already. */
TALLY_API int tally_nearest(const char *text, const char *const *names,
                            size_t count);
/* How many letters of `a` were added, left out, mistaken, or swapped with their
 * neighbour to make `b`: for programs that guess less.  -1: one of them has
 * more than 63 bytes. */
TALLY_API int tally_slips(const char *a, const char *b);

/* ---- Options ------------------------------------------------------------ */

typedef enum tally_consistency {
  TALLY_ONE = 1,
  TALLY_TWO = 2,
  TALLY_THREE = 3,
  TALLY_QUORUM = 4,
  TALLY_ALL = 5,
  TALLY_LOCAL_QUORUM = 6,
  TALLY_EACH_QUORUM = 7,
  TALLY_LOCAL_ONE = 10,
} tally_consistency;

typedef enum tally_log_level {
  TALLY_LOG_ERROR = 1,
  TALLY_LOG_WARNING = 2,
  TALLY_LOG_INFO = 3,
  TALLY_LOG_DEBUG = 4, /* every statement that is prepared or sent as text */
} tally_log_level;

/* Runs on the thread that has something to say; must not call the session.
 * `text` is one line without its newline, valid inside only. */
typedef void (*tally_log_callback)(void *user, int level, const char *text);

/* All three or none.  resize(user, NULL, n) allocates; release(user, NULL) does
 * nothing.  They must be safe to call from any thread when io_threads >= 1.
 * libuv's own memory does not come from here. */
typedef struct tally_allocator {
  void *(*allocate)(void *user, size_t size);
  void *(*resize)(void *user, void *p, size_t size);
  void (*release)(void *user, void *p);
  void *user;
} tally_allocator;

/* Replaces the system's name look-up: writes up to `max` addresses as text
 * ("10.0.0.1", "::1") and returns how many, or -1.  Called on a loop's thread,
 * so it must not block for long. */
typedef int (*tally_resolve_callback)(void *user, const char *name,
                                      char (*addresses)[46], int max);

typedef struct tally_table tally_table;

/* What became of an increment that had ended UNKNOWN.  Valid inside the
 * callback only, with all that it points to. */
typedef struct tally_settled {
  uint64_t operation;       /* as error.operation said when it ended */
  int outcome;              /* TALLY_APPLIED or TALLY_NOT_APPLIED */
  const tally_table *table; /* as long as the session */
  const void *row;          /* shaped as the definition says; or NULL */
} tally_settled;

/**
 * Called when the answer to an increment comes after all: after its deadline,
 * when the increment had already ended UNKNOWN.
 *
 * At most once for an id, and never for an increment that ended in any other
 * way; its own callback (or call) is not told again.  An UNKNOWN is never
 * settled when its connection ends before the answer comes, when the answer
 * says that the server does not know either (a write timeout, say), once
 * closing has ended the operations in flight, and when too many that ended
 * after it wait as well: max_in_flight / 2 / loops may wait on a loop (rounded
 * down: of one slot a loop, none), and the oldest gives way.  Nothing is sent
 * again, not even what turns out NOT_APPLIED.
 *
 * `settled->row` has the keys, and the deltas as they were sent (a decrement's
 * are negative; counters that were not touched are 0; when static counters
 * alone were touched, clustering keys are 0 or NULL).  It is NULL when there is
 * no memory for it: that is the one allocation made here.
 *
 * Runs where a tally_callback does, and may do what that may: on the serving
 * loop's thread (own threads; in parallel when there are several), on the
 * loop's thread (caller's loop), or inside a later call of tally_poll() or a
 * blocking one (inline).  With own threads it may run before tally_increment()
 * has returned the UNKNOWN on another thread: keep an id that is not known yet,
 * and look there when an UNKNOWN comes.  Until the callback returns, the
 * operation takes one of max_in_flight, as it has since it was sent; without an
 * on_settled nothing waits, and it gives that back as soon as it ends.  Nobody
 * else waits for settlings: not tally_poll(), nor closing, nor uv_run() on a
 * loop with nothing else to do.
 */
typedef void (*tally_settled_callback)(void *user,
                                       const tally_settled *settled);

/* How far a host is: requests go to a near one first. */
typedef enum tally_distance {
  TALLY_LOCAL_RACK = 1, /* options.local_rack, in the local data center */
  TALLY_LOCAL_DC = 2,   /* the local data center (all of it, when no rack is
                           local) */
  TALLY_REMOTE_DC = 3,  /* used, and connected to, with options.allow_remote
                           alone */
  TALLY_FILTERED = 4,   /* options.host_filter does not allow it: never used */
} tally_distance;

/* A host of the cluster.  Valid inside the callback only, with all that it
 * points to; texts are never NULL. */
typedef struct tally_host {
  const char *address; /* where the client goes: "10.0.0.1", "::1" */
  uint16_t port;
  const char *dc;
  const char *rack;
  const char *version;  /* of the server: "5.0.2" */
  const char *why;      /* why it is not up, in one line; else "" */
  int distance;         /* tally_distance */
  int up;               /* 1: a connection to it stands; else 0 */
  uint64_t since_ms;    /* it has been so, in milliseconds; 0 when it is not
                          connected to at all (see distance) */
  uint32_t connections; /* that take requests */
  uint32_t in_flight;   /* requests that it owes an answer to, or that wait for
                           room on the way to it */
  uint32_t tokens;
  uint32_t shards; /* of ScyllaDB; 0: not known */
  double share;    /* of the ring, from 0 to 1: the keys that it is the first
                      replica of */
} tally_host;

typedef void (*tally_host_callback)(void *user, const tally_host *host);

/* Writes the address and the port that a host is to be reached at; both are set
 * to those that the servers gave when it is called.  Returns 0 to leave it at
 * those.  What is no address in the end is not heeded, with a warning. */
typedef int (*tally_translate_callback)(void *user, const char *address,
                                        uint16_t port, char translated[46],
                                        uint16_t *translated_port);

/* A login for one connection, asked for each time that one is made, so that
 * what has changed is used by the next.  Writes a name and a password, with
 * their NULs; both are zeroes when it is called, and wiped once they are on
 * their way.  host is "10.0.0.1:9042".  Returns 0, or another number when there
 * is none: the connection fails with TALLY_EAUTH. */
typedef int (*tally_credentials_callback)(void *user, const char *host,
                                          char name[256], char password[1024]);

typedef enum tally_sasl_step {
  TALLY_SASL_BEGIN = 0,     /* the server wants a login: the first response */
  TALLY_SASL_CHALLENGE = 1, /* ... and the next one, to its challenge */
  TALLY_SASL_SUCCESS = 2,   /* the server is content: is the client?  Nothing is
                               sent */
  TALLY_SASL_END = 3,       /* always the last one, whatever came of it: free
                               the state */
} tally_sasl_step;

/* One step of a SASL exchange.  Valid inside the callback only. */
typedef struct tally_sasl {
  const char *host;          /* "10.0.0.1:9042" */
  const char *authenticator; /* the class that the server names */
  int step;                  /* tally_sasl_step */
  const void *challenge;     /* NULL: none, or a null one */
  size_t challenge_len;
  void *response; /* where to write it: it is wiped once it is sent */
  size_t response_cap;
  size_t response_len; /* how much was written [0] */
  void *state;         /* the callback's own, for this connection [NULL] */
} tally_sasl;

/* Returns 0 to go on, another number to give up: the connection fails with
 * TALLY_EAUTH. */
typedef int (*tally_sasl_callback)(void *user, tally_sasl *exchange);

/* What the option tls says: there is nothing in between. */
typedef enum tally_tls {
  TALLY_TLS_OFF = 0,
  TALLY_TLS_VERIFY_FULL = 1, /* the server's certificate has to be trusted, and
                                valid for its name */
  TALLY_TLS_INSECURE_NO_VERIFY = 2, /* anybody may answer: encryption alone */
} tally_tls;

/* Writes the name, with its NUL, that the certificate of the host at this
 * address is to be valid for: a host name or an address.  Returns 0, or another
 * number to leave it at what it would be. */
typedef int (*tally_tls_name_callback)(void *user, const char *address,
                                       uint16_t port, char name[256]);

/* Writes the passphrase of an encrypted key file, with its NUL.  Returns 0, or
 * another number when there is none. */
typedef int (*tally_passphrase_callback)(void *user, const char *file,
                                         char *passphrase, size_t size);

/* Of frames, by LZ4. */
typedef enum tally_compression {
  TALLY_COMPRESSION_NONE = 0,
  TALLY_COMPRESSION_LZ4 = 1,          /* with servers that offer it; a warning
                                         names the first that does not */
  TALLY_COMPRESSION_LZ4_REQUIRED = 2, /* connecting to one that does not fails
                                         with TALLY_ECONNECT */
} tally_compression;

/**
 * How to connect and how to behave.  Always initialise with
 * tally_options_init(), which writes the defaults in brackets and stamps the
 * size, so that programs and libraries of different age understand each
 * other.
 */
typedef struct tally_options {
  size_t struct_size; /* set by tally_options_init() */

  const char *hosts;    /* "host[:port],..." ["127.0.0.1"] */
  uint16_t port;        /* for hosts that name none [9042] */
  const char *keyspace; /* for tables that name none [none] */
  int io_threads;       /* loops of our own; 0 is inline, up to 64 [1] */

  int consistency;      /* of increments [TALLY_LOCAL_QUORUM] */
  int read_consistency; /* of reads [TALLY_LOCAL_QUORUM] */

  /* For tally_connect(); later for a round over the contact points, and for
   * each connection. [2,000] */
  uint32_t connect_timeout_ms;
  /* Keep this above the server's own limit for counters (5 s unless changed):
   * a shorter one only turns answers into UNKNOWN. [6,000] */
  uint32_t increment_timeout_ms;
  uint32_t read_timeout_ms;      /* [2,000] */
  uint32_t schema_timeout_ms;    /* CREATE, ALTER, agreement [10,000] */
  uint32_t close_timeout_ms;     /* [6,000] */
  uint32_t heartbeat_ms;         /* silence (no whole frame) before an OPTIONS
                                    [10,000] */
  uint32_t heartbeat_timeout_ms; /* ... and for its answer [5,000] */
  uint32_t reconnect_min_ms;     /* first pause between attempts [50] */
  uint32_t reconnect_max_ms;     /* longest pause [10,000] */

  uint32_t max_in_flight;            /* of the session, those included that wait
                                        for late answers [8,192] */
  uint32_t connection_max_in_flight; /* of one connection [2,048] */
  uint32_t max_abandoned;            /* timed-out requests that a connection
                                        may still owe an answer before it is
                                        replaced [256] */
  uint32_t max_frame_bytes;          /* largest answer [16 MiB], to 256 MiB */

  tally_allocator allocator; /* [the C library's] */
  tally_log_callback log;    /* set with tally_log() [none] */
  void *log_user;
  int log_level;                  /* [TALLY_LOG_WARNING] */
  tally_resolve_callback resolve; /* [the system's] */
  void *resolve_user;
  tally_settled_callback on_settled; /* late answers to increments [none] */
  void *on_settled_user;

  /* Requests go to the hosts of one data center, and to those of one rack
   * there first.  Without a name the data center is that of the first contact
   * point that answers, with a warning when there are others.  A name that no
   * host has fails connecting with TALLY_EINVAL: error.detail lists those that
   * there are. */
  const char *local_dc;          /* [learned] */
  const char *local_rack;        /* [none: racks are alike] */
  int allow_remote;              /* 1: other data centers are connected to as
                                    well, and used when no host of the local one
                                    is ready [0] */
  uint32_t connections_per_host; /* of each loop, up to 16; to a ScyllaDB host
                                    with a shard-aware port it is one for each
                                    shard instead [1] */

  /* What the program says of hosts, and hears; all run on the first loop: on
   * its thread (own threads), on the loop's thread (caller's loop), or inside
   * tally_connect(), tally_poll() or another blocking call (inline).  They must
   * work for as long as the session lives.
   *
   * host_filter(): 0 is for hosts that must not be used, as if they were not
   * there.  Asked of every host each time that the servers' list of them was
   * read, which is when hosts come, go or return, and every few minutes; the
   * host has all but since_ms, distance, connections, in_flight, share, up.
   * One that allows none that is near enough fails connecting with
   * TALLY_EINVAL.
   *
   * translate_address(): for networks where the servers' own addresses lead
   * nowhere.  Contact points are not translated.  Asked as often, before
   * host_filter(), and when a server tells that another went up or down.
   *
   * Those two must be quick and always say the same of a host, and must not
   * call the session.
   *
   * on_host(): a host went up (the first connection to it stands) or down (the
   * last one is gone, host->why says how; or it left the cluster, and dc, rack
   * and version are ""), as the first loop sees it; closing is no such thing.
   * host->share and since_ms are 0.  May do what a tally_callback may. */
  int (*host_filter)(void *user, const tally_host *host); /* [all may] */
  tally_translate_callback translate_address;             /* [as they are] */
  tally_host_callback on_host;                            /* [none] */
  void *host_user; /* the first argument of these three */

  /* Logins, for servers that want one: SASL PLAIN with user and password (or
   * what credentials() says, each time a connection is made), or whatever
   * mechanism sasl() speaks.
   *
   * PLAIN shows the password to the server and to all who can read along, so it
   * is used for authenticators that are known to speak it alone (Cassandra's
   * PasswordAuthenticator and those of DSE, ScyllaDB and Amazon's service) and
   * for the class that `authenticator` names; and over plaintext to loopback
   * addresses alone, unless allow_plaintext_password is set.  What is refused,
   * here or by the server, fails connecting with TALLY_EAUTH: the error names
   * the host and the user, never the password.
   *
   * The session's copy of the password is in memory of its own, which is in no
   * core dump and is wiped when the session closes; the caller may wipe his
   * own when tally_connect() or tally_connect_on() has returned.
   *
   * credentials() and sasl() run where the connections do: on any loop's
   * thread, and on several at once (own threads); on the loop's (caller's
   * loop); inside a blocking call or tally_poll() (inline).  They must be quick
   * and must not call the session.  sasl() is for the authenticators that PLAIN
   * is not used for, and answers for what it sends over plaintext. */
  const char *user;                       /* up to 255 bytes [none] */
  const char *password;                   /* up to 1,023 bytes [none] */
  const char *authenticator;              /* "com.example.Ours" [none] */
  int allow_plaintext_password;           /* 1: over any connection [0] */
  tally_credentials_callback credentials; /* instead of those two [none] */
  tally_sasl_callback sasl;               /* [none] */
  void *login_user;                       /* the first argument of these two */

  /* TLS 1.2 and 1.3, on every connection of the session or on none: there is no
   * way back to plaintext, and nothing is sent before the server is known to be
   * the one it should be.  TALLY_ETLS when it is not.
   *
   * With TALLY_TLS_VERIFY_FULL the certificate has to lead to one of tls_ca (a
   * file of PEM certificates), and to be valid for the name of the host: that
   * is the contact point's as it stands in `hosts`, and for hosts that servers
   * tell of their address.  tls_name is one name for all hosts instead,
   * tls_name_of() one for each.  tls_crl is a file of PEM lists of revoked
   * certificates (CRLs), one of every authority in a chain: with it what is
   * revoked is not trusted, nor what cannot be looked up, because the list is
   * not there or its time is over; a session that outlives its lists does not
   * reconnect.  tls_cert and tls_key (PEM) are for servers that want a
   * certificate of the client.  Files are read by tally_connect() and
   * tally_connect_on(), and not again; what cannot be read is TALLY_EINVAL,
   * naming it.
   *
   * tls_name_of() runs where the connections do, as credentials() does;
   * tls_passphrase() inside tally_connect() or tally_connect_on(). */
  int tls;                                  /* tally_tls [TALLY_TLS_OFF] */
  const char *tls_ca;                       /* [the system's] */
  const char *tls_crl;                      /* [not looked for] */
  const char *tls_cert;                     /* [none] */
  const char *tls_key;                      /* [none] */
  const char *tls_name;                     /* up to 255 bytes [each its own] */
  tally_tls_name_callback tls_name_of;      /* [none] */
  tally_passphrase_callback tls_passphrase; /* [none] */
  void *tls_user; /* the first argument of these two */

  /* A tally_compression.  Pays where keys or answers are long and the network
   * is slow or dear: requests up to 512 bytes, as most increments are, and
   * logins go as they are, whatever is agreed upon.  Takes up to 150 KiB of
   * memory for each loop.  TALLY_EINVAL in a build without lz4. */
  int compression; /* [TALLY_COMPRESSION_NONE] */

  void *texts; /* the library's: copies, for tally_options_free() */
} tally_options;

#define tally_options_init(options)                                            \
  tally_options_init_sized((options), sizeof(tally_options))
TALLY_API void tally_options_init_sized(tally_options *options, size_t size);

/**
 * Set one option from text: "name=value", with the names of the members from
 * hosts to max_frame_bytes, from local_dc to connections_per_host, from user to
 * allow_plaintext_password, and from tls to tls_name ("-" may stand for "_",
 * and the "_ms" may be left out; "timeout" is increment_timeout_ms and
 * read_timeout_ms at once).  Times are "500ms", "5s", "2m" or plain
 * milliseconds; allow_remote and allow_plaintext_password are "yes" or "no",
 * tls is "off", "verify-full" or "insecure-no-verify".
 *
 * Text is copied: tally_options_free() is due in the end.
 *
 * @return 0; TALLY_EINVAL naming the option, the value and what fits, with the
 *         nearest name in error.hint when there is no such option;
 *         TALLY_ENOMEM. What the options were before they still are.
 */
TALLY_API int tally_options_set(tally_options *options, const char *setting,
                                tally_error *error);

/**
 * Set several options from a URL, as if by tally_options_set():
 *
 *   cassandra://[user@]host[:port][,...][/keyspace][?name=value[&...]]
 *   cassandra://10.0.0.1,[fe80::1]:9043/web?local_dc=dc1&timeout=5s
 *
 * "scylla://" is the same.  A byte may be written %41, and has to be where it
 * would mean something else: in names of hosts and users, in keyspaces and
 * values.  hosts, user and keyspace are set by their places alone, each name
 * once.  A URL stands in configurations, logs and process lists, so a password
 * in one is refused.  Options that the URL does not name stay as they are.
 *
 * @return as tally_options_set()
 */
TALLY_API int tally_options_url(tally_options *options, const char *url,
                                tally_error *error);

/* Wipe and free what tally_options_set() and tally_options_url() have copied,
 * and write the defaults again.  Sessions do not need it any more: they have
 * copies of their own.  Options without texts need no freeing; those that were
 * assigned to another tally_options share them. */
TALLY_API void tally_options_free(tally_options *options);

/* Where messages at `level` and below go. The library itself prints nothing. */
TALLY_API void tally_log(tally_options *options, tally_log_callback callback,
                         void *user, int level);

/* ---- Definitions -------------------------------------------------------- */

/* Bytes of somebody else's.  p == NULL is no value, len == 0 an empty one. */
typedef struct tally_bytes {
  const void *p;
  size_t len;
} tally_bytes;

/* In the order of its text: 0x55 0x0e ... is "550e...". */
typedef struct tally_uuid {
  uint8_t bytes[16];
} tally_uuid;

/* An address in network order. */
typedef struct tally_inet {
  uint8_t bytes[16];
  uint8_t len; /* 4 or 16; 0 is no value */
} tally_inet;

/* unscaled * 10^-scale, where `unscaled` is as a varint's bytes. 1.0 and 1.00
 * are two values, and keys of two rows. */
typedef struct tally_decimal {
  int32_t scale;
  tally_bytes unscaled;
} tally_decimal;

/* CQL types of columns (the numbers are those of the protocol), and what the
 * members of a row's struct are for them.  Two members for one type are told
 * apart by their sizes.
 *
 * Refused as a key, before anything is sent: no value (NULL, len 0 of an
 * inet), text that is not UTF-8, ascii that is not, NaN (Cassandra takes it,
 * and loses counts of it), a timeuuid of another version than 1, a time beyond
 * a day, a varint or decimal without bytes, an empty partition key.  A NUL byte
 * may stand in text and ascii, which then takes a tally_bytes. */
typedef enum tally_type {
  TALLY_ASCII = 0x01,     /* const char * or tally_bytes: bytes below 0x80 */
  TALLY_BIGINT = 0x02,    /* int64_t */
  TALLY_BLOB = 0x03,      /* tally_bytes */
  TALLY_BOOLEAN = 0x04,   /* bool */
  TALLY_DECIMAL = 0x06,   /* tally_decimal */
  TALLY_DOUBLE = 0x07,    /* double; 0.0 and -0.0 are keys of two rows */
  TALLY_FLOAT = 0x08,     /* float; the same */
  TALLY_INT = 0x09,       /* int32_t */
  TALLY_TIMESTAMP = 0x0b, /* int64_t: milliseconds since 1970 */
  TALLY_UUID = 0x0c,      /* tally_uuid */
  TALLY_TEXT = 0x0d,      /* const char * or tally_bytes: UTF-8 */
  TALLY_VARINT = 0x0e,    /* int64_t, or tally_bytes: two's complement, the
                             highest byte first; bytes that only repeat the sign
                             are left out when it is sent */
  TALLY_TIMEUUID = 0x0f,  /* tally_uuid, of version 1 */
  TALLY_INET = 0x10,      /* tally_inet */
  TALLY_DATE = 0x11, /* int32_t: days since 1970-01-01, before it negative */
  TALLY_TIME = 0x12, /* int64_t: nanoseconds since midnight */
  TALLY_SMALLINT = 0x13, /* int16_t */
  TALLY_TINYINT = 0x14,  /* int8_t */
  /* TALLY_COUNTER(...) declares counters; their type is: */
  TALLY_TYPE_COUNTER = 0x05 /* int64_t */
} tally_type;

/* "text", ...; NULL for a number that is none of the above. */
TALLY_API const char *tally_type_name(int type);
/* The other way round ("varchar" is text, too); 0 for a name that is none. */
TALLY_API int tally_type_find(const char *name);
/* The bytes of its C member, of the larger one where there are two; 0 for none.
 * Each stands well at a multiple of 8. */
TALLY_API size_t tally_type_size(int type);

typedef enum tally_kind {
  TALLY_KIND_PARTITION_KEY = 1,
  TALLY_KIND_CLUSTERING_KEY = 2,
  TALLY_KIND_STATIC_COUNTER = 3,
  TALLY_KIND_COUNTER = 4,
} tally_kind;

typedef enum tally_order { TALLY_ASC = 0, TALLY_DESC = 1 } tally_order;

/* One column, and where its value stands in a row's struct.  Use the macros,
 * or fill one in at run time (struct_size = sizeof(tally_column)). */
typedef struct tally_column {
  size_t struct_size;
  const char *name; /* exactly as the server has it */
  int kind;         /* tally_kind */
  int type;         /* tally_type */
  int order;        /* tally_order, clustering keys only */
  size_t offset;    /* of the member in the row's struct */
  size_t size;      /* of the member */
} tally_column;

/* One option of a table, as it stands behind WITH in CQL, without the quotes
 * around texts:
 *
 *   static const tally_table_option page_hits_options[] = {
 *       {"comment", "hits of each page"},
 *       {"gc_grace_seconds", "864000"},
 *       {"compaction", "{'class': 'LeveledCompactionStrategy'}"},
 *   };
 *
 * default_time_to_live is refused: counters do not expire. */
typedef struct tally_table_option {
  const char *name;
  const char *value;
} tally_table_option;

typedef struct tally_definition {
  size_t struct_size;
  const char *name;     /* of the table; NULL: the struct's in snake case */
  const char *keyspace; /* NULL: the session's */
  size_t row_size;      /* sizeof the row's struct */
  const tally_column *columns;
  size_t column_count;
  const tally_table_option *options; /* what is not said is the server's to
                                        say, and stays as it is */
  size_t option_count;
  const char *type_name; /* of the row's struct; PageHits is page_hits */
} tally_definition;

/* The macros refuse a member of the wrong C type when they are compiled:
 * "size of unnamed array is negative" means that `member` is not what `TYPE` or
 * a counter (int64_t) needs: TALLY_TEXT wants a pointer, not an array. */
#define TALLY_PARTITION_KEY(type, member, TYPE)                                \
  TALLY_COLUMN_(type, member, TALLY_KIND_PARTITION_KEY, TYPE, TALLY_ASC,       \
                TALLY_FITS_##TYPE(type, member))
#define TALLY_CLUSTERING_KEY(type, member, TYPE, ORDER)                        \
  TALLY_COLUMN_(type, member, TALLY_KIND_CLUSTERING_KEY, TYPE, ORDER,          \
                TALLY_FITS_##TYPE(type, member))
#define TALLY_COUNTER(type, member)                                            \
  TALLY_COLUMN_(type, member, TALLY_KIND_COUNTER, TALLY_TYPE_COUNTER,          \
                TALLY_ASC, TALLY_FITS_TALLY_BIGINT(type, member))
#define TALLY_STATIC_COUNTER(type, member)                                     \
  TALLY_COLUMN_(type, member, TALLY_KIND_STATIC_COUNTER, TALLY_TYPE_COUNTER,   \
                TALLY_ASC, TALLY_FITS_TALLY_BIGINT(type, member))
#define TALLY_DEFINITION(type, table_name, column_array)                       \
  TALLY_DEFINITION_IN(type, NULL, table_name, column_array)
#define TALLY_DEFINITION_IN(type, keyspace_name, table_name, column_array)     \
  {                                                                            \
    sizeof(tally_definition), table_name, keyspace_name, sizeof(type),         \
        column_array, sizeof(column_array) / sizeof((column_array)[0]), NULL,  \
        0, #type                                                               \
  }
#define TALLY_DEFINITION_WITH(type, keyspace_name, table_name, column_array,   \
                              option_array)                                    \
  {                                                                            \
    sizeof(tally_definition), table_name, keyspace_name, sizeof(type),         \
        column_array, sizeof(column_array) / sizeof((column_array)[0]),        \
        option_array, sizeof(option_array) / sizeof((option_array)[0]), #type  \
  }

/* `fits` is 1, or the size of the array below is negative. */
#define TALLY_COLUMN_(type, member, kind, TYPE, order, fits)                   \
  {                                                                            \
    sizeof(tally_column), #member, kind, TYPE, order, offsetof(type, member),  \
        sizeof(((type *)0)->member) * sizeof(char[(fits) ? 1 : -1])            \
  }

#ifndef __cplusplus
/* clang-format 14 does not know _Generic. */
/* clang-format off */
#  define TALLY_IS_(type, member, TYPE)                                        \
    _Generic(((type *)0)->member, TYPE: 1, default: 0)
/* Text by its address: an array would pass for a pointer. */
#  define TALLY_FITS_TALLY_TEXT(type, member)                                  \
    _Generic(&((type *)0)->member,                                             \
        const char **: 1,                                                      \
        char **: 1,                                                            \
        const char *const *: 1,                                                \
        char *const *: 1,                                                      \
        tally_bytes *: 1,                                                      \
        default: 0)
#  define TALLY_FITS_TALLY_BIGINT(type, member)                                \
    _Generic(((type *)0)->member,                                              \
        long: sizeof(long) == 8,                                               \
        long long: sizeof(long long) == 8,                                     \
        default: 0)
#  define TALLY_FITS_TALLY_BOOLEAN(type, member)                               \
    TALLY_IS_(type, member, _Bool)
/* clang-format on */
#else
} /* extern "C" */
namespace tally_fits {
template <class T, class U> struct same {
  static constexpr bool value = false;
};
template <class T> struct same<T, T> { static constexpr bool value = true; };
} /* namespace tally_fits */
extern "C" {
#  define TALLY_IS_(type, member, TYPE)                                        \
    (::tally_fits::same<decltype(type::member), TYPE>::value)
#  define TALLY_FITS_TALLY_TEXT(type, member)                                  \
    (TALLY_IS_(type, member, const char *) ||                                  \
     TALLY_IS_(type, member, char *) || TALLY_IS_(type, member, tally_bytes))
#  define TALLY_FITS_TALLY_BIGINT(type, member)                                \
    (sizeof(type::member) == 8 &&                                              \
     (TALLY_IS_(type, member, long) || TALLY_IS_(type, member, long long)))
#  define TALLY_FITS_TALLY_BOOLEAN(type, member) TALLY_IS_(type, member, bool)
#endif
#define TALLY_FITS_TALLY_ASCII(type, member)    TALLY_FITS_TALLY_TEXT(type, member)
#define TALLY_FITS_TALLY_BLOB(type, member)     TALLY_IS_(type, member, tally_bytes)
#define TALLY_FITS_TALLY_TINYINT(type, member)  TALLY_IS_(type, member, int8_t)
#define TALLY_FITS_TALLY_SMALLINT(type, member) TALLY_IS_(type, member, int16_t)
#define TALLY_FITS_TALLY_INT(type, member)      TALLY_IS_(type, member, int32_t)
#define TALLY_FITS_TALLY_VARINT(type, member)                                  \
  (TALLY_FITS_TALLY_BIGINT(type, member) ||                                    \
   TALLY_IS_(type, member, tally_bytes))
#define TALLY_FITS_TALLY_DECIMAL(type, member)                                 \
  TALLY_IS_(type, member, tally_decimal)
#define TALLY_FITS_TALLY_FLOAT(type, member)  TALLY_IS_(type, member, float)
#define TALLY_FITS_TALLY_DOUBLE(type, member) TALLY_IS_(type, member, double)
#define TALLY_FITS_TALLY_UUID(type, member)   TALLY_IS_(type, member, tally_uuid)
#define TALLY_FITS_TALLY_TIMEUUID(type, member)                                \
  TALLY_IS_(type, member, tally_uuid)
#define TALLY_FITS_TALLY_TIMESTAMP(type, member)                               \
  TALLY_FITS_TALLY_BIGINT(type, member)
#define TALLY_FITS_TALLY_DATE(type, member) TALLY_FITS_TALLY_INT(type, member)
#define TALLY_FITS_TALLY_TIME(type, member)                                    \
  TALLY_FITS_TALLY_BIGINT(type, member)
#define TALLY_FITS_TALLY_INET(type, member) TALLY_IS_(type, member, tally_inet)

/* ---- Results of asynchronous operations --------------------------------- */

/* Valid inside the callback only. */
typedef struct tally_result {
  int status;               /* 0 or TALLY_E... */
  int outcome;              /* tally_outcome; of what changes nothing (reads,
                               connecting) TALLY_NOT_APPLIED */
  const tally_error *error; /* NULL when status is 0 */
  const void *row;          /* tally_get_async(): the row, shaped as the
                               definition says; else NULL */
  uint64_t nulls;           /* ... and which counters were null: bit i is the
                               definition's i-th counter */
} tally_result;

/* Runs on the serving loop's thread (own threads), on the loop's thread
 * (caller's loop), or inside tally_poll() or a blocking call (inline); never
 * inside the call that submitted the operation.  It may submit operations and
 * call tally_close_async(); blocking calls return TALLY_EDEADLK. */
typedef void (*tally_callback)(void *user, const tally_result *result);

/* ---- Session ------------------------------------------------------------ */

typedef struct tally_session tally_session;
struct uv_loop_s; /* uv_loop_t of <uv.h> */

/**
 * Connect, and wait until a connection is ready.
 *
 * With options->io_threads >= 1 that many threads run the session's loops;
 * with 0 (inline) there is no thread, and the calling thread drives the loop
 * inside each blocking call and inside tally_poll().
 *
 * @return 0; TALLY_EINVAL (an option: the message names it, or the detail when
 *         it takes the servers to tell: local_dc, host_filter),
 *         TALLY_ECONNECT (refused, unreachable, closed at once, unknown host
 *         name: each host's reason is in error->detail), TALLY_ETIMEDOUT,
 *         TALLY_EPROTOCOL (not a CQL server, or not v4), TALLY_ETLS (not to be
 *         trusted, or no TLS), TALLY_EAUTH, TALLY_ENOMEM, TALLY_ESYSTEM.
 *         *session is NULL unless 0 is returned,
 *         and nothing of ours is left behind.
 * @blocks at most connect_timeout_ms, for finding the hosts and for connecting
 *         to one of them on every loop; longer only while the system still
 *         looks up a host name (give addresses or options.resolve where that
 *         matters)
 */
TALLY_API int tally_connect(tally_session **session,
                            const tally_options *options, tally_error *error);

/**
 * Connect on a loop of the caller's, without a thread and without blocking.
 *
 * Operations may be submitted at once: they wait for the connection, within
 * their own timeouts.  `connected` (may be NULL) runs once: when a connection
 * is ready, when the first round over all hosts has failed (the session stays
 * usable and goes on trying), or when the session is closed before.
 * An idle session does not keep uv_run() going: on a loop with nothing else to
 * do, it neither reconnects nor sends heartbeats until the next operation.
 * options->io_threads is not looked at.  All blocking calls on such a session
 * return TALLY_EDEADLK; close it with tally_close_async().
 *
 * @return 0, TALLY_EINVAL, TALLY_ENOMEM, TALLY_ESYSTEM; then there is no
 *         session, and nothing of it on the loop
 */
TALLY_API int tally_connect_on(tally_session **session, struct uv_loop_s *loop,
                               const tally_options *options,
                               tally_callback connected, void *user,
                               tally_error *error);

/**
 * Inline sessions: run the loop once, so that asynchronous operations make
 * progress and their callbacks run.  Waits up to timeout_ms for something to
 * do (0: not at all, negative: without limit; returns at once when nothing is
 * pending).
 *
 * @return the number of operations still pending, those of the library's own
 *         included, so that 0 means that nothing is; or TALLY_EINVAL (not an
 *         inline session), TALLY_EDEADLK (inside a callback)
 */
TALLY_API int tally_poll(tally_session *session, int timeout_ms,
                         tally_error *error);

/* For other event loops: a descriptor that becomes readable when tally_poll()
 * has something to do, and the milliseconds after which to call it anyway (-1:
 * no limit).  Inline and caller's loop; -1 with threads of our own. */
TALLY_API int tally_backend_fd(const tally_session *session);
TALLY_API int tally_backend_timeout(const tally_session *session);

/**
 * Refuse new operations, wait up to close_timeout_ms for those in flight,
 * complete the rest (unsent NOT_APPLIED, sent UNKNOWN), run their callbacks,
 * stop the threads, and free the session with its tables.  NULL is fine.  As
 * with any free, no other thread may be inside a call on the session, or begin
 * one; callbacks of its own are told TALLY_ECLOSED.
 *
 * @return 0; TALLY_EDEADLK in a callback or on a session of the caller's loop
 *         (nothing has happened: use tally_close_async()); TALLY_ECLOSED after
 *         tally_close_async()
 */
TALLY_API int tally_close(tally_session *session);

/**
 * The same without blocking.  `closed` (may be NULL) is the last thing that
 * runs: nothing of the session is on the caller's loop then.  The session must
 * not be used after this call returned 0, but for tally_poll(), which an inline
 * session needs until `closed` ran.
 *
 * @return 0; TALLY_ECLOSED when closing is under way already; TALLY_ESYSTEM
 *         when no thread could be started to wait for the others (nothing has
 *         happened)
 */
TALLY_API int tally_close_async(tally_session *session,
                                void (*closed)(void *user), void *user);

/* ---- The cluster -------------------------------------------------------- */

/**
 * What the session knows of the hosts of its cluster, as the servers list them
 * and as its own connections show them: `each` is called for every host, in the
 * servers' order, the one that was asked first.  Nothing is sent for it.
 *
 * A host is up while a connection to it stands, and down since the last one was
 * lost or, at first, since connecting to it began; what servers say of each
 * other is not believed.  Hosts that nobody has reached yet are waited for
 * while their first attempt is under way, up to connect_timeout_ms.  A host
 * that is not connected to, being too far (options.allow_remote) or filtered
 * out, counts as not up, and since_ms is 0.  Connections and requests are those
 * of all loops, one after another, not at one instant.
 *
 * Blocking: `each` runs on the calling thread before the call returns, and may
 * do anything but close the session.  Asynchronous: it runs where `callback`
 * does, and before it; `user` is for both, and `callback` may be NULL.
 *
 * @return 0; TALLY_EINVAL (`each` is NULL); TALLY_EDEADLK; TALLY_ECLOSED;
 *         TALLY_ENOMEM; TALLY_ENOHOST when no server has listed the hosts yet
 *         (tally_connect_on()); then `each` is not called
 * @blocks at most connect_timeout_ms, and hardly at all once all hosts were
 *         tried
 */
TALLY_API int tally_hosts(tally_session *session, tally_host_callback each,
                          void *user, tally_error *error);
TALLY_API int tally_hosts_async(tally_session *session,
                                tally_host_callback each,
                                tally_callback callback, void *user,
                                tally_error *error);

/* What a session has counted since it was connected, over all its loops.
 * Requests are increments and reads, once for each host that one was sent to.
 */
typedef struct tally_counters {
  size_t struct_size;   /* sizeof(tally_counters), before the call */
  uint64_t to_replica;  /* requests sent to a replica of their key in the local
                           data center ... */
  uint64_t to_other;    /* ... elsewhere, though the replicas are known ... */
  uint64_t unrouted;    /* ... and those whose replicas are not known */
  uint64_t remote;      /* of all these: sent to a remote data center */
  uint64_t retries;     /* operations that were to be sent again, after a host
                           where they were known not to be applied (reads: not
                           answered) */
  uint64_t connects;    /* connections that became ready */
  uint64_t disconnects; /* ... and those that were lost; not those that were
                           replaced */
  uint64_t prepares;    /* statements prepared, once for each host and loop */
  uint64_t reprepares;  /* ... of these, again: the host had forgotten them, or
                           was away */
} tally_counters;

/* Any thread, at any time, without waiting; each number is one that it had, not
 * all at one instant.  0, or TALLY_EINVAL when struct_size is not set. */
TALLY_API int tally_metrics(const tally_session *session,
                            tally_counters *counters, tally_error *error);

/* ---- Keyspaces and tables ----------------------------------------------- */

typedef struct tally_keyspace_options {
  size_t struct_size;      /* sizeof(tally_keyspace_options) */
  int replication_factor;  /* SimpleStrategy; 0 is 1 */
  const char *replication; /* "dc1:3,dc2:3": NetworkTopologyStrategy, whatever
                              replication_factor is */
  int no_durable_writes;   /* 1: durable_writes = false: what the commit log
                              would save from a crash is lost */
  int no_tablets;          /* 1: ScyllaDB's tablets = {'enabled': false}, which
                              its older versions want for counters; Cassandra
                              knows no such thing */
} tally_keyspace_options;

/* Schema changes are rare, and not counted in max_in_flight.  Once a change is
 * made the call succeeds; a doubt whether all nodes know it is logged as a
 * warning. */

/**
 * CREATE KEYSPACE IF NOT EXISTS, and wait for schema agreement.  NULL options:
 * SimpleStrategy with one replica.
 *
 * @return 0, TALLY_EINVAL, TALLY_ESERVER (a data center that does not exist,
 *         ...), or as any operation
 */
TALLY_API int tally_create_keyspace(tally_session *session, const char *name,
                                    const tally_keyspace_options *options,
                                    tally_error *error);
TALLY_API int tally_create_keyspace_async(tally_session *session,
                                          const char *name,
                                          const tally_keyspace_options *options,
                                          tally_callback callback, void *user,
                                          tally_error *error);

/* DROP KEYSPACE IF EXISTS, with all its tables, and wait for schema agreement.
 * As tally_create_keyspace(). */
TALLY_API int tally_drop_keyspace(tally_session *session, const char *name,
                                  tally_error *error);
TALLY_API int tally_drop_keyspace_async(tally_session *session,
                                        const char *name,
                                        tally_callback callback, void *user,
                                        tally_error *error);

/* The rules of tally_table_open() alone, without a session: 0 or
 * TALLY_EINVAL. */
TALLY_API int tally_definition_check(const tally_definition *definition,
                                     tally_error *error);

/**
 * Check a definition and make a table of it.  No I/O.  The table lives as long
 * as the session; the definition is copied.
 *
 * Names of keyspaces and tables follow CQL: folded to lower case unless they
 * are given in double quotes.  Column names are exact.
 *
 * @return 0, TALLY_EINVAL: the message names the column and the rule (no
 *         partition key, no counter, a counter as key, a column twice, a
 *         static counter without clustering key, an unknown order, a member
 *         whose size does not fit, no keyspace configured, more than 64
 *         counters, ...), TALLY_ENOMEM
 */
TALLY_API int tally_table_open(tally_table **table, tally_session *session,
                               const tally_definition *definition,
                               tally_error *error);

/**
 * A table whose columns are learned from the server ("name" or
 * "keyspace.name").  Its rows are made with tally_row_new().
 *
 * @return as tally_table_open(); TALLY_ESCHEMA when there is no such table or
 *         it is not a counter table; TALLY_ETYPE when a key column has a type
 *         that is not supported yet
 */
TALLY_API int tally_table_open_name(tally_table **table, tally_session *session,
                                    const char *name, tally_error *error);

/* What a table looks like, as the server lists it: partition key, clustering
 * key, static counters, counters, the last two by name.  `index` counts from
 * 0; NULL beyond the last column. Valid as long as the session. */
TALLY_API const char *tally_table_keyspace(const tally_table *table);
TALLY_API const char *tally_table_name(const tally_table *table);
/* Both as they stand in CQL: ks.page_hits, ks."MixedCase". */
TALLY_API const char *tally_table_qualified(const tally_table *table);
TALLY_API size_t tally_table_column_count(const tally_table *table);
TALLY_API const tally_column *tally_table_column(const tally_table *table,
                                                 size_t index);

typedef struct tally_sync_options {
  size_t struct_size; /* sizeof(tally_sync_options) */
  int dry_run;        /* report the statements, and run none */
  /* Called for each statement, before it runs, where a tally_callback does:
   * also for one that the server then refuses because another process was
   * first. */
  void (*on_statement)(void *user, const char *cql);
  void *user;
} tally_sync_options;

/**
 * Make the table, or add to it what the definition has and the server has not:
 * counters and table options.  Waits until the nodes agree on the schema.  NULL
 * options: just do it.
 *
 * Reads system_schema, and runs what it takes: CREATE TABLE IF NOT EXISTS;
 * ALTER TABLE ... ADD for each counter that is missing; ALTER TABLE ... WITH
 * for the options that differ (of a map, those keys that the definition names).
 * A table that is as defined stays untouched, and nothing is ever dropped:
 * columns that the definition does not know are logged as a warning.  A dry run
 * does not look for the keyspace.
 *
 * What ALTER cannot do is TALLY_ESCHEMA, naming the column, and nothing has
 * been changed: another primary key (columns, types, places, clustering order),
 * a counter that is static on one side alone, a counter that was dropped once,
 * a table that is no counter table.
 *
 * Many processes may sync one table at once.  (When there is nothing to do, a
 * CREATE TABLE IF NOT EXISTS runs all the same, and is not reported: it waits
 * for another process that is making the table just now.  If it fails, that is
 * logged as a warning.)  On several hosts, Cassandra before 5.1 can make a
 * table twice when it is made through two of them at the same moment: let one
 * process go first there.
 *
 * @return 0, TALLY_ESCHEMA (no such keyspace, or as above), TALLY_ESERVER, or
 *         as any operation: of one statement, and error.detail says how many
 *         before it changed the table
 */
TALLY_API int tally_sync_table(tally_table *table,
                               const tally_sync_options *options,
                               tally_error *error);
TALLY_API int tally_sync_table_async(tally_table *table,
                                     const tally_sync_options *options,
                                     tally_callback callback, void *user,
                                     tally_error *error);

/* DROP TABLE IF EXISTS, and wait for schema agreement.  The tally_table stays
 * good: tally_sync_table() makes it again.  As tally_create_keyspace(). */
TALLY_API int tally_drop_table(tally_table *table, tally_error *error);
TALLY_API int tally_drop_table_async(tally_table *table,
                                     tally_callback callback, void *user,
                                     tally_error *error);

/**
 * TRUNCATE: all rows go.  Needs all hosts up; the servers keep a snapshot
 * unless they are told not to (auto_snapshot).  An increment that is under way
 * at the same time may stay, or go.
 *
 * @return 0; TALLY_EUNKNOWN (no answer, or a truncate error: some hosts may
 *         have done it; calling again does no harm but to increments that came
 *         in between), or as any operation
 * @blocks at most schema_timeout_ms
 */
TALLY_API int tally_truncate(tally_table *table, tally_error *error);
TALLY_API int tally_truncate_async(tally_table *table, tally_callback callback,
                                   void *user, tally_error *error);

/* ---- Counting ----------------------------------------------------------- */

/**
 * Add to one or more counters of one row, and wait for the verdict.
 *
 * Runs the prepared UPDATE ks.t SET "c" = "c" + ?, ... WHERE "k" = ? AND ...
 * at options.consistency.  A row that does not exist springs into being.
 *
 * A row that tally_get() has filled holds totals: incrementing with it adds
 * them all again.  Counters wrap at the ends of int64_t (server behaviour).
 *
 * @param row  the table's struct (or tally_row_data()): key members name the
 *             row, at most 65,535 bytes of key; every counter that is not 0 is
 *             added, negative ones subtract.
 * @return 0 when acknowledged; otherwise
 *         TALLY_EUNKNOWN  sent, no verdict: calling again may count twice;
 *                         error->cause says why, and error->operation is its
                         id should options.on_settled hear of it
 *         any other       never applied, ETIMEDOUT included (not sent in
 *                         time): TALLY_EINVAL (nothing to add, a key that is
 *                         NULL, empty or too long), TALLY_EBUSY,
 *                         TALLY_ECLOSED, TALLY_EDEADLK, TALLY_ENOHOST,
 *                         TALLY_ETIMEDOUT, TALLY_EUNAVAILABLE, TALLY_ESCHEMA,
 *                         TALLY_ESERVER, TALLY_ENOMEM
 * @blocks at most increment_timeout_ms
 * @allocs none for up to 128 bytes of values, once the statement is prepared
 */
TALLY_API int tally_increment(tally_table *table, const void *row,
                              tally_error *error);

/* The same with every delta negated. TALLY_ERANGE for INT64_MIN, which has no
 * negative. */
TALLY_API int tally_decrement(tally_table *table, const void *row,
                              tally_error *error);

/* The same without waiting.  `callback` may be NULL. Returns 0 when accepted;
 * TALLY_EBUSY at once when max_in_flight operations are pending or wait for
 * late answers (options.on_settled).
 *
 * A server counts the increments of one row one after another (each reads
 * before it writes): hundreds in flight on a single row can outlast
 * increment_timeout_ms and end UNKNOWN.  Keep few in flight on one row. */
TALLY_API int tally_increment_async(tally_table *table, const void *row,
                                    tally_callback callback, void *user,
                                    tally_error *error);
TALLY_API int tally_decrement_async(tally_table *table, const void *row,
                                    tally_callback callback, void *user,
                                    tally_error *error);

/**
 * Increments that go together, in BATCH frames of the native protocol (type
 * COUNTER): fewer requests, and less exact news of each.
 *
 * Rows with the same replicas share frames of up to ten rows, and each frame
 * goes to one of them.  A frame is no transaction: servers apply its rows one
 * by one, in no order, and when one fails nothing is known of the others.  So
 * all of a frame is APPLIED, or NOT_APPLIED, or UNKNOWN, which
 * tally_batch_outcome() tells for each increment; UNAVAILABLE, too, is UNKNOWN
 * here.  Statements go as text: servers parse each one.  Late answers settle
 * nothing.
 *
 * Freed by the caller, before the session is closed; one thread at a time, and
 * none between tally_batch_send_async() and its callback. */
typedef struct tally_batch tally_batch;

/* TALLY_ENOMEM. */
TALLY_API int tally_batch_new(tally_batch **batch, tally_session *session,
                              tally_error *error);
TALLY_API void tally_batch_free(tally_batch *batch);
/* Add one: as tally_increment() refuses, a table of another session
 * (TALLY_EINVAL), the 65,537th.  After a batch was sent the first one begins a
 * new batch. */
TALLY_API int tally_batch_increment(tally_batch *batch, tally_table *table,
                                    const void *row, tally_error *error);
TALLY_API int tally_batch_decrement(tally_batch *batch, tally_table *table,
                                    const void *row, tally_error *error);
/* Forget them. */
TALLY_API void tally_batch_clear(tally_batch *batch);
TALLY_API size_t tally_batch_count(const tally_batch *batch);

/**
 * Send all of them.  An empty batch is 0 at once.
 *
 * @return 0: all are applied.  Otherwise the error is that of one frame, and
 *         its outcome that of the batch: NOT_APPLIED when none was applied;
 *         UNKNOWN (TALLY_EUNKNOWN) when some may have been: ask
 *         tally_batch_outcome() which, and never send all of them again.
 *         TALLY_EBUSY: the frames found no room (max_in_flight), or the batch
 *         is being sent; TALLY_EINVAL: it was sent already; others as
 *         tally_increment()
 * @blocks at most increment_timeout_ms
 */
TALLY_API int tally_batch_send(tally_batch *batch, tally_error *error);
/* The callback gets the outcome of the batch, and may free it. */
TALLY_API int tally_batch_send_async(tally_batch *batch,
                                     tally_callback callback, void *user,
                                     tally_error *error);
/* tally_outcome of the increment that was added as number `index`, from 0;
 * NOT_APPLIED before it is sent. */
TALLY_API int tally_batch_outcome(const tally_batch *batch, size_t index);

/* What one call asks for, instead of the session's options. */
typedef struct tally_call {
  size_t struct_size;  /* sizeof(tally_call) */
  int consistency;     /* tally_consistency; 0: the session's */
  uint32_t timeout_ms; /* 0: the session's.  A session has room for 16 different
                          ones: each has a queue of its own on every loop */
} tally_call;

/* The calls above with options of their own, which are copied.  TALLY_EINVAL
 * for a consistency that there is not, and a 17th timeout. */
TALLY_API int tally_increment_with(tally_table *table, const void *row,
                                   const tally_call *call, tally_error *error);
TALLY_API int tally_decrement_with(tally_table *table, const void *row,
                                   const tally_call *call, tally_error *error);
TALLY_API int tally_increment_async_with(tally_table *table, const void *row,
                                         const tally_call *call,
                                         tally_callback callback, void *user,
                                         tally_error *error);
TALLY_API int tally_decrement_async_with(tally_table *table, const void *row,
                                         const tally_call *call,
                                         tally_callback callback, void *user,
                                         tally_error *error);
TALLY_API int tally_batch_send_with(tally_batch *batch, const tally_call *call,
                                    tally_error *error);
TALLY_API int tally_batch_send_async_with(tally_batch *batch,
                                          const tally_call *call,
                                          tally_callback callback, void *user,
                                          tally_error *error);

/**
 * Read one row: its key members name it, its counter members are filled in.
 * A counter that was never touched is null on the server and reads as 0.  The
 * full key is bound: static counters are read with any row of their partition,
 * and a partition that has statics alone has no row to read them with.
 *
 * @return 0; TALLY_ENOTFOUND when there is no such row (the counters are left
 *         as they were); TALLY_EMANY; TALLY_EINVAL, TALLY_EBUSY,
 *         TALLY_ECLOSED, TALLY_EDEADLK, TALLY_ENOHOST, TALLY_ETIMEDOUT,
 *         TALLY_ELOST, TALLY_EUNAVAILABLE, TALLY_ESCHEMA, TALLY_ESERVER,
 *         TALLY_EPROTOCOL, TALLY_ENOMEM
 * @blocks at most read_timeout_ms
 */
TALLY_API int tally_get(tally_table *table, void *row, tally_error *error);
/* As tally_get(), and *nulls has bit i set when the definition's i-th counter
 * was null. */
TALLY_API int tally_get_nulls(tally_table *table, void *row, uint64_t *nulls,
                              tally_error *error);
TALLY_API int tally_get_async(tally_table *table, const void *row,
                              tally_callback callback, void *user,
                              tally_error *error);
/* ... with options of its own; `nulls` may be NULL. */
TALLY_API int tally_get_with(tally_table *table, void *row, uint64_t *nulls,
                             const tally_call *call, tally_error *error);
TALLY_API int tally_get_async_with(tally_table *table, const void *row,
                                   const tally_call *call,
                                   tally_callback callback, void *user,
                                   tally_error *error);

/**
 * Delete a row, named by its key, or one counter of it (of a static counter:
 * that of the partition; the partition key is enough then).
 *
 * A deleted counter is not one that was never there: servers promise nothing of
 * what is counted on it afterwards.  Cassandra goes on from the old sum as long
 * as the counter is in its cache (5 and then 3 make 8 again), and begins anew
 * without; a replica that missed the delete brings the old sum back once
 * gc_grace_seconds are over; ScyllaDB may not show the counter again at all.
 * Delete what will not be counted again; to begin anew, count under another key
 * (a day in it, say), or decrement by what was read.
 *
 * @return 0 when acknowledged; TALLY_EUNKNOWN: sent, no verdict, and not sent
 *         again, since that would take increments with it that came in between;
 *         any other: never applied; as tally_increment(); TALLY_EINVAL for a
 *         counter that the table has not
 * @blocks at most increment_timeout_ms
 */
TALLY_API int tally_delete(tally_table *table, const void *row,
                           tally_error *error);
TALLY_API int tally_delete_async(tally_table *table, const void *row,
                                 tally_callback callback, void *user,
                                 tally_error *error);
TALLY_API int tally_delete_counter(tally_table *table, const void *row,
                                   const char *counter, tally_error *error);
TALLY_API int tally_delete_counter_async(tally_table *table, const void *row,
                                         const char *counter,
                                         tally_callback callback, void *user,
                                         tally_error *error);
/* ... with a consistency and a timeout of their own. */
TALLY_API int tally_delete_with(tally_table *table, const void *row,
                                const tally_call *call, tally_error *error);
TALLY_API int tally_delete_async_with(tally_table *table, const void *row,
                                      const tally_call *call,
                                      tally_callback callback, void *user,
                                      tally_error *error);
TALLY_API int tally_delete_counter_with(tally_table *table, const void *row,
                                        const char *counter,
                                        const tally_call *call,
                                        tally_error *error);
TALLY_API int tally_delete_counter_async_with(tally_table *table,
                                              const void *row,
                                              const char *counter,
                                              const tally_call *call,
                                              tally_callback callback,
                                              void *user, tally_error *error);

/* Counter tables cannot be written to in any other way. */
TALLY_UNAVAILABLE("Counter tables do not support save(). Use "
                  "tally_increment() or tally_decrement() instead.")
TALLY_API int tally_save(tally_table *table, const void *row,
                         tally_error *error);
TALLY_UNAVAILABLE("Counter tables do not support insert(). Use "
                  "tally_increment() or tally_decrement() instead.")
TALLY_API int tally_insert(tally_table *table, const void *row,
                           tally_error *error);

/* ---- Finding rows ------------------------------------------------------- */

/**
 * A query over the rows of a table: put together by the calls below, then read
 * by a cursor, as often as you like.  All values and limits are bound, so that
 * queries of one kind are one prepared statement.
 *
 *   tally_query *query;
 *   tally_cursor *cursor;
 *   visits row = {.site = "a", .day = 20000};
 *
 *   tally_find(&query, table, &error);
 *   tally_where(query, "site", TALLY_EQ, &row, &error);
 *   tally_where(query, "day", TALLY_GE, &row, &error);
 *   tally_limit(query, 10, &error);
 *   tally_cursor_open(&cursor, query, &error);
 *   while ((rc = tally_next(cursor, &row, &error)) > 0)
 *     show(&row);
 *   tally_cursor_close(cursor);
 *   tally_query_free(query);
 *
 * What CQL does not allow is refused when the query is opened: TALLY_EINVAL,
 * naming the column that is to blame, or that is missing.
 *
 * One thread at a time; freed by the caller, before the session is closed. */
typedef struct tally_query tally_query;

/* SELECT of all key columns and counters of all rows, until it is told more.
 * TALLY_ENOMEM. */
TALLY_API int tally_find(tally_query **query, tally_table *table,
                         tally_error *error);
TALLY_API void tally_query_free(tally_query *query);

typedef enum tally_operator {
  TALLY_EQ = 1, /* = */
  TALLY_LT,     /* < */
  TALLY_LE,     /* <= */
  TALLY_GT,     /* > */
  TALLY_GE,     /* >= */
} tally_operator;

/* One more relation: the column, and the value that the row (the table's
 * struct, or tally_row_data()) has in it.  = goes on any column; < <= > >= on
 * the first column of the clustering key that no = or IN names, from below and
 * from above; with tally_allow_filtering() on others, too.
 * TALLY_EINVAL (no such column or operator, or a value that is none: see
 * tally_type), TALLY_ENOMEM. */
TALLY_API int tally_where(tally_query *query, const char *column, int op,
                          const void *row, tally_error *error);
/* The column has one of the values that these rows have in it: from 1 to
 * 65,535 of them. */
TALLY_API int tally_where_in(tally_query *query, const char *column,
                             const void *const *rows, size_t count,
                             tally_error *error);
/* The token of the partition key, as tally_token() tells it: for reading a part
 * of the ring. */
TALLY_API int tally_where_token(tally_query *query, int op, int64_t token,
                                tally_error *error);
/* The token of a row's partition key (Murmur3Partitioner), from INT64_MIN + 1
 * on. TALLY_EINVAL (a key that cannot be one), TALLY_ENOMEM. */
TALLY_API int tally_token(const tally_table *table, const void *row,
                          int64_t *token, tally_error *error);
/* Only this counter; called again, that one as well.  The others are 0, and
 * null. */
TALLY_API int tally_select(tally_query *query, const char *counter,
                           tally_error *error);
/* Each partition once, with its static counters: the clustering key is NULL or
 * 0. */
TALLY_API void tally_distinct(tally_query *query);
/* By a column of the clustering key, of one partition: TALLY_ASC, TALLY_DESC.
 * Rows come as the table has them or all turned round: for more columns, call
 * again, from the first one on. */
TALLY_API int tally_order_by(tally_query *query, const char *column, int order,
                             tally_error *error);
/* At most so many rows, in all and of each partition. */
TALLY_API int tally_limit(tally_query *query, int32_t rows, tally_error *error);
TALLY_API int tally_per_partition_limit(tally_query *query, int32_t rows,
                                        tally_error *error);
/* Rows in one answer [5,000].  A cursor has two of these in memory; one has to
 * fit max_frame_bytes. */
TALLY_API int tally_page_size(tally_query *query, int32_t rows,
                              tally_error *error);
/* Servers may read rows and leave them out again, however many: relations on
 * counters, and on parts of the key alone. */
TALLY_API void tally_allow_filtering(tally_query *query);
/* [options.read_consistency] */
TALLY_API int tally_query_consistency(tally_query *query, int consistency,
                                      tally_error *error);
/* For each page, or a function [options.read_timeout_ms].  One of the 16 that
 * tally_call speaks of. */
TALLY_API int tally_query_timeout(tally_query *query, uint32_t ms,
                                  tally_error *error);

/* The rows of a query, page by page; with threads of our own the next page is
 * fetched while one is read.  One thread at a time.  Closed by the caller; when
 * its session was closed before, tally_next() says TALLY_ECLOSED. */
typedef struct tally_cursor tally_cursor;

/**
 * Ask for the first page; the query may be changed or freed afterwards.
 *
 * @return 0; TALLY_EINVAL (what CQL does not allow), TALLY_EBUSY,
 *         TALLY_ECLOSED, TALLY_EDEADLK, TALLY_ENOMEM; then *cursor is NULL
 */
TALLY_API int tally_cursor_open(tally_cursor **cursor, const tally_query *query,
                                tally_error *error);
/**
 * Fill in the next row: the table's struct, or tally_row_data().  What it
 * points to is the cursor's, and lives until the next call or
 * tally_cursor_close(); getters of a tally_row point there, too.  A partition
 * with nothing but static counters comes as one row without a clustering key
 * (NULL or 0), whose other counters are all null.
 *
 * @return 1: a row; 0: there are no more; TALLY_ETYPE (the struct's member
 *         cannot hold a value: that row is passed over); TALLY_EBUSY: the next
 *         call tries again; otherwise reading has failed, and each further call
 *         says so: as tally_get(), but for TALLY_ENOTFOUND and TALLY_EMANY
 * @blocks at most read_timeout_ms for each page
 */
TALLY_API int tally_next(tally_cursor *cursor, void *row, tally_error *error);
/* ... and *nulls has bit i set when the definition's i-th counter was null. */
TALLY_API int tally_next_nulls(tally_cursor *cursor, void *row, uint64_t *nulls,
                               tally_error *error);
/**
 * Where the cursor stands, for going on later, in another session or process:
 * behind the row that tally_next() gave last.  *state points to *len bytes of
 * the cursor's, until the next call of this or tally_cursor_close(); they hold
 * the server's paging state, which is good for as long as the server's version
 * stays, and tell whoever reads them keys: keep them as you keep the data.
 *
 * @return 1: there is more; 0: the rows that were read are all there are (and
 *         *state is NULL); TALLY_ENOMEM
 */
TALLY_API int tally_cursor_state(tally_cursor *cursor, const void **state,
                                 size_t *len, tally_error *error);
/* Go on from there.  The query has to be the same one, but for its page size
 * and consistency, and so do the columns of the table's definition and their
 * order: TALLY_EINVAL for the state of another, for what is none, and for one
 * that has changed or is not all there.  Otherwise as tally_cursor_open(),
 * which `len` 0 makes it. */
TALLY_API int tally_cursor_open_at(tally_cursor **cursor,
                                   const tally_query *query, const void *state,
                                   size_t len, tally_error *error);
/* NULL is fine. Does not wait for a page that is under way. */
TALLY_API void tally_cursor_close(tally_cursor *cursor);

/* A row, shaped as the definition says, and its null counters; valid inside
 * only.  Returns 0 to go on, another number to stop. */
typedef int (*tally_row_callback)(void *user, const void *row, uint64_t nulls);

/**
 * All rows of a query without waiting: `each` is called for one after another,
 * and then `callback` (may be NULL), once.  Both run where a tally_callback
 * does.  The next page is asked for when all rows of one have been given, and
 * TALLY_EBUSY ends it when there is no room for that; so does a row that the
 * struct cannot hold (TALLY_ETYPE).
 *
 * @return 0 when accepted; TALLY_EINVAL, TALLY_EBUSY, TALLY_ECLOSED,
 *         TALLY_ENOMEM: then neither is called
 */
TALLY_API int tally_each_async(const tally_query *query,
                               tally_row_callback each, tally_callback callback,
                               void *user, tally_error *error);

/* The end of a page: `state`, of `len` bytes and valid inside, is where the
 * next one begins, as tally_cursor_state() has it; NULL: there is none, or the
 * page failed (result->status). */
typedef void (*tally_page_callback)(void *user, const tally_result *result,
                                    const void *state, size_t len);

/**
 * One page of a query without waiting, from its beginning (`len` 0) or a saved
 * state on: `each` is called for its rows, at most tally_page_size() of them
 * and perhaps none, and then `callback`.  When `each` stops it, the state is
 * that behind the row which it stopped at.
 *
 * @return as tally_each_async(), and TALLY_EINVAL for the state of another
 *         query
 */
TALLY_API int tally_page_async(const tally_query *query, const void *state,
                               size_t len, tally_row_callback each,
                               tally_page_callback callback, void *user,
                               tally_error *error);

/**
 * All rows of a query of the whole table, read side by side: the ring of tokens
 * is cut into eight ranges for each that is read `at_once` (1 to 256; 0: 8),
 * and each range is asked of a replica of its end.  Rows come in no order.
 * `each` is called for one row after another, always on the same thread: where
 * a tally_callback runs, in tally_scan() of an inline session on the caller's.
 * A number other than 0 from it ends the scan, which has not failed then.  A
 * page that failed ends it, too: what was read is not all.
 *
 * The query may have relations on clustering keys and counters
 * (tally_allow_filtering()), distinct, and a limit for each partition; no
 * limit in all, order, or relation on the partition key or its token:
 * TALLY_EINVAL.  Asynchronous: it has to live, and stay as it is, until the
 * callback.
 *
 * @return 0; TALLY_EINVAL; otherwise as tally_each_async() and, blocking,
 *         tally_next()
 * @blocks until all is read, each page for at most read_timeout_ms
 */
TALLY_API int tally_scan(const tally_query *query, uint32_t at_once,
                         tally_row_callback each, void *user,
                         tally_error *error);
TALLY_API int tally_scan_async(const tally_query *query, uint32_t at_once,
                               tally_row_callback each, tally_callback callback,
                               void *user, tally_error *error);

/**
 * The first row of a query, as if it had a limit of one: in the order of the
 * clustering key when one partition is asked for, else any.  What the row
 * points to is the query's, until the next tally_first() of it or
 * tally_query_free().
 *
 * Asynchronous: tally_each_async() of a query with tally_limit(1).
 *
 * @return 0; TALLY_ENOTFOUND; otherwise as tally_cursor_open() and tally_next()
 */
TALLY_API int tally_first(tally_query *query, void *row, tally_error *error);

/* ---- What servers reckon ------------------------------------------------ */

typedef enum tally_function {
  TALLY_COUNT = 1, /* of rows, or of those whose counter is not null */
  TALLY_SUM,       /* 0 without rows; wraps at the ends of int64_t */
  TALLY_MIN,       /* null without rows */
  TALLY_MAX,
  TALLY_AVG, /* without its fraction; 0 without rows */
} tally_function;

typedef struct tally_aggregate {
  int function;        /* tally_function */
  const char *counter; /* NULL: rows (TALLY_COUNT alone) */
  int64_t value;       /* out */
  int is_null;         /* out: 1: there is none, and value is 0 */
} tally_aggregate;

/**
 * Several functions of the rows that a query's relations leave, in one SELECT.
 * Servers read all of these rows for it, page by page (tally_page_size()): over
 * many partitions that takes long, and they warn of it.  Order, limits and
 * distinct are refused.
 *
 * Asynchronous: the list is the caller's, and has to live until the callback.
 *
 * @return 0; TALLY_EINVAL (naming the column); otherwise as tally_get(), but
 *         for TALLY_ENOTFOUND and TALLY_EMANY
 * @blocks at most read_timeout_ms
 */
TALLY_API int tally_aggregates(const tally_query *query, tally_aggregate *list,
                               size_t count, tally_error *error);
TALLY_API int tally_aggregates_async(const tally_query *query,
                                     tally_aggregate *list, size_t count,
                                     tally_callback callback, void *user,
                                     tally_error *error);
/* One of them alone.  Where it is null: TALLY_ENOTFOUND. */
TALLY_API int tally_count(const tally_query *query, int64_t *value,
                          tally_error *error);
TALLY_API int tally_sum(const tally_query *query, const char *counter,
                        int64_t *value, tally_error *error);
TALLY_API int tally_min(const tally_query *query, const char *counter,
                        int64_t *value, tally_error *error);
TALLY_API int tally_max(const tally_query *query, const char *counter,
                        int64_t *value, tally_error *error);
TALLY_API int tally_avg(const tally_query *query, const char *counter,
                        int64_t *value, tally_error *error);

/* ---- Rows by column name ------------------------------------------------ */

/* A row of any table, filled in and read by column names: for tables opened
 * by name, and for programs (and other languages) that have no struct.  One
 * thread at a time; freed by the caller, before the session is closed. */
typedef struct tally_row tally_row;

TALLY_API int tally_row_new(tally_row **row, tally_table *table,
                            tally_error *error);
TALLY_API void tally_row_free(tally_row *row);
/* All keys unset, all counters 0. */
TALLY_API void tally_row_clear(tally_row *row);
/* What tally_increment(), tally_get(), ... take as `row`. */
TALLY_API void *tally_row_data(tally_row *row);

/* Set one column.  What is given is copied; NULL, or bytes with p == NULL, is
 * no value.
 *
 *   set_text     text, ascii
 *   set_int64    tinyint, smallint, int, bigint, varint, counters; timestamp,
 *                date and time as tally_type says
 *   set_double   float (the nearest one), double
 *   set_boolean  boolean: 0 or not
 *   set_bytes    blob, text, ascii, varint
 *   set_uuid     uuid, timeuuid
 *   set_inet     inet
 *   set_decimal  decimal
 *   parse        any, from what cqlsh takes, without quotes: "2026-11-01",
 *                "0xcafe", "10.0.0.1", "true", "1.25E-3", ...  A timestamp
 *                without a zone is in UTC.
 *
 * TALLY_EINVAL for an unknown column (the message lists the known ones) or a
 * value that cannot be one (tally_type), TALLY_ETYPE for a column of another
 * type, and for what the member of the table's struct cannot hold, TALLY_ERANGE
 * for a number that does not fit, TALLY_ENOMEM. */
TALLY_API int tally_row_set_text(tally_row *row, const char *column,
                                 const char *value, tally_error *error);
TALLY_API int tally_row_set_int64(tally_row *row, const char *column,
                                  int64_t value, tally_error *error);
TALLY_API int tally_row_set_double(tally_row *row, const char *column,
                                   double value, tally_error *error);
TALLY_API int tally_row_set_boolean(tally_row *row, const char *column,
                                    int value, tally_error *error);
TALLY_API int tally_row_set_bytes(tally_row *row, const char *column,
                                  tally_bytes value, tally_error *error);
TALLY_API int tally_row_set_uuid(tally_row *row, const char *column,
                                 const tally_uuid *value, tally_error *error);
TALLY_API int tally_row_set_inet(tally_row *row, const char *column,
                                 const tally_inet *value, tally_error *error);
TALLY_API int tally_row_set_decimal(tally_row *row, const char *column,
                                    tally_decimal value, tally_error *error);
TALLY_API int tally_row_parse(tally_row *row, const char *column,
                              const char *text, tally_error *error);

/* Get one column: the same types, and the same errors.  *value points into the
 * row, until that column is set or the row is freed; what has no value is NULL,
 * or has p == NULL or len == 0.  Text with a NUL byte is TALLY_ETYPE as text,
 * and a varint beyond 64 bits TALLY_ERANGE as int64: get their bytes.
 *
 * print writes any type as cqlsh does, without quotes, and so that parse reads
 * the same value again, but for a NUL byte in text, which is \x00.  Its text
 * stays until the column is printed again or the row is freed; "" for no
 * value. */
TALLY_API int tally_row_get_text(const tally_row *row, const char *column,
                                 const char **value, tally_error *error);
TALLY_API int tally_row_get_int64(const tally_row *row, const char *column,
                                  int64_t *value, tally_error *error);
TALLY_API int tally_row_get_double(const tally_row *row, const char *column,
                                   double *value, tally_error *error);
TALLY_API int tally_row_get_boolean(const tally_row *row, const char *column,
                                    int *value, tally_error *error);
TALLY_API int tally_row_get_bytes(const tally_row *row, const char *column,
                                  tally_bytes *value, tally_error *error);
TALLY_API int tally_row_get_uuid(const tally_row *row, const char *column,
                                 tally_uuid *value, tally_error *error);
TALLY_API int tally_row_get_inet(const tally_row *row, const char *column,
                                 tally_inet *value, tally_error *error);
TALLY_API int tally_row_get_decimal(const tally_row *row, const char *column,
                                    tally_decimal *value, tally_error *error);
TALLY_API int tally_row_print(tally_row *row, const char *column,
                              const char **text, tally_error *error);

/* ---- Values on their own ------------------------------------------------ */

/**
 * A member of a row's struct, from text and to text, without a row: as
 * tally_row_parse() and tally_row_print() do it.
 *
 *   tally_uuid id;
 *   tally_parse(TALLY_UUID, &id, sizeof id, text, NULL, 0, &error);
 *
 * @param type   tally_type
 * @param value  the member, of `size` bytes, which is sizeof one of the type's
 * @param room   where the bytes of a blob, varint or decimal go, which the
 *               member then points to: strlen(text) + 1 are enough.  Text and
 *               ascii point to `text` itself, and all others to nothing.
 * @return tally_parse(): 0, TALLY_EINVAL, TALLY_ERANGE (room is too small),
 *         TALLY_ETYPE (the member cannot hold it), TALLY_ENOMEM.
 *         tally_print(): as snprintf(), the length of the text, of which
 *         `out_size` - 1 bytes are written, and a NUL; or TALLY_EINVAL (no such
 *         type, a member of another size), TALLY_ENOMEM
 */
TALLY_API int tally_parse(int type, void *value, size_t size, const char *text,
                          void *room, size_t room_size, tally_error *error);
TALLY_API int tally_print(int type, const void *value, size_t size, char *out,
                          size_t out_size);

/* A random UUID (version 4). */
TALLY_API void tally_uuid_random(tally_uuid *uuid);
/* A timeuuid (version 1) of this time, in milliseconds since 1970: another one
 * each time, being random in all but the time.  Those of one millisecond are in
 * no order. */
TALLY_API void tally_uuid_at(tally_uuid *uuid, int64_t ms);
/* The time that a timeuuid tells; 0 for a UUID of another version. */
TALLY_API int64_t tally_uuid_time(const tally_uuid *uuid);

/* ---- Escape hatch ------------------------------------------------------- */

/**
 * A statement in CQL of your own, for what has no call above: any statement,
 * any type of protocol v4, on any table.
 *
 *   tally_statement *statement;
 *   tally_answer *answer;
 *   tally_value tags;
 *
 *   tally_statement_new(&statement, session,
 *                       "SELECT tags FROM ks.pages WHERE url = ?", &error);
 *   tally_bind_text(statement, "/home", &error);
 *   if (tally_execute(&answer, statement, &error) == 0) {
 *     while (tally_answer_next(answer))
 *       tally_answer_get(answer, "tags", &tags, &error);
 *     tally_answer_free(answer);
 *   }
 *   tally_statement_free(statement);
 *
 * It is called an escape hatch because what the rest of this header does for
 * you ends here:
 *
 * - Text is sent as it is.  Bind values; never write what somebody typed into
 *   the text.
 * - A statement that counts, counts: with c = c + ? an UNKNOWN is as bad as
 *   that of an increment, but it has no error.operation, and on_settled never
 *   hears of it.  Nor is anything known of what else it did: of a batch some
 *   may be applied, of a conditional statement (IF) the answer's row
 *   "[applied]" says.
 * - Nothing is sent twice unless it certainly was not applied, or its first
 *   word is SELECT: such a statement is a read.  Whether you may call again
 *   after an UNKNOWN is for you to know: not with counters, lists that are
 *   added to, or conditions; and later writes may have come in between.
 * - Deleted counters, TTLs, timestamps (USING TIMESTAMP), ALLOW FILTERING,
 *   DROP: no rule of this library is applied.  A changed schema is not waited
 *   for until all hosts agree on it.
 * - Names of tables need their keyspace in front.  USE is refused: it would
 *   hold for one connection of many.
 *
 * With values bound, the statement is prepared first, once for a text in a
 * session (of up to 256 texts; more are sent as text, after asking for their
 * types each time), and goes to a replica of its key when the key's markers
 * stand one after another.  Without, it is sent as text.
 *
 * One thread at a time; freed by the caller, before the session is closed. */
typedef struct tally_statement tally_statement;

/* TALLY_EINVAL (no text, USE), TALLY_ENOMEM. */
TALLY_API int tally_statement_new(tally_statement **statement,
                                  tally_session *session, const char *cql,
                                  tally_error *error);
TALLY_API void tally_statement_free(tally_statement *statement);
/* Forget the values, and the page to go on with; the options stay. */
TALLY_API void tally_statement_clear(tally_statement *statement);

/* Values for its markers, one after another.  Which of these a marker takes is
 * told by the type that the server has for it; what does not fit is refused
 * when it is executed, before anything is sent, naming the marker.
 *
 *   null     any: removes what is there     text     text, ascii
 *   unset    any: leaves it as it is        uuid     uuid, timeuuid
 *   boolean  boolean: 0 or not              inet     inet
 *   int64    tinyint, smallint, int,        decimal  decimal
 *            bigint, varint, counter;       duration duration
 *            timestamp, date, time          begin,   list, set, map, tuple,
 *            (tally_type says how)            end      UDT, vector
 *   double   float, double                  bytes    blob, text, ascii, varint;
 *                                                    custom types, as they are
 *
 * Between begin and end stand the parts: the elements of a list, set or vector
 * (of elements of one size: other vectors are bytes); key, value, key, value of
 * a map; the fields of a tuple or UDT in order, of which the last ones may be
 * left out and then are null.  Parts may be nested again, up to 32 deep.
 *
 * All is copied.  TALLY_EINVAL (NULL where a value belongs, more than 65,535
 * values, an end without begin, too deep), TALLY_ENOMEM. */
TALLY_API int tally_bind_null(tally_statement *statement, tally_error *error);
TALLY_API int tally_bind_unset(tally_statement *statement, tally_error *error);
TALLY_API int tally_bind_boolean(tally_statement *statement, int value,
                                 tally_error *error);
TALLY_API int tally_bind_int64(tally_statement *statement, int64_t value,
                               tally_error *error);
TALLY_API int tally_bind_double(tally_statement *statement, double value,
                                tally_error *error);
TALLY_API int tally_bind_text(tally_statement *statement, const char *value,
                              tally_error *error);
TALLY_API int tally_bind_bytes(tally_statement *statement, tally_bytes value,
                               tally_error *error);
TALLY_API int tally_bind_uuid(tally_statement *statement,
                              const tally_uuid *value, tally_error *error);
TALLY_API int tally_bind_inet(tally_statement *statement,
                              const tally_inet *value, tally_error *error);
TALLY_API int tally_bind_decimal(tally_statement *statement,
                                 tally_decimal value, tally_error *error);
/* Months, days and nanoseconds, none of which is of another sign than the
 * others. */
typedef struct tally_duration {
  int32_t months;
  int32_t days;
  int64_t nanoseconds;
} tally_duration;
TALLY_API int tally_bind_duration(tally_statement *statement,
                                  tally_duration value, tally_error *error);
TALLY_API int tally_bind_begin(tally_statement *statement, tally_error *error);
TALLY_API int tally_bind_end(tally_statement *statement, tally_error *error);

/* Consistencies that counters have no use for. */
enum { TALLY_ANY = 0, TALLY_SERIAL = 8, TALLY_LOCAL_SERIAL = 9 };

/* Any tally_consistency, or one of those.  Of a SELECT
 * [options.read_consistency], of others [options.consistency].
 * TALLY_EINVAL. */
TALLY_API int tally_statement_consistency(tally_statement *statement,
                                          int consistency, tally_error *error);
/* Of the condition (IF): TALLY_SERIAL or TALLY_LOCAL_SERIAL [the server's
 * choice, SERIAL].  TALLY_EINVAL. */
TALLY_API int tally_statement_serial_consistency(tally_statement *statement,
                                                 int consistency,
                                                 tally_error *error);
/* How long it may take, and as long again for asking what the markers' types
 * are [see tally_execute()].  One of the 16 that tally_call speaks of.
 * TALLY_EINVAL. */
TALLY_API int tally_statement_timeout(tally_statement *statement, uint32_t ms,
                                      tally_error *error);
/* Rows in one answer, at most [5,000]: there are more when
 * tally_statement_next_page() says so.  An answer has to fit max_frame_bytes.
 * 0: all in one, which is what servers want of an IN on the partition key
 * together with ORDER BY.  TALLY_EINVAL. */
TALLY_API int tally_statement_page_size(tally_statement *statement,
                                        int32_t rows, tally_error *error);
/* Go on with the page that tally_answer_paging_state() told, also in another
 * session; p == NULL: from the beginning.  Only with the same text and values.
 * TALLY_ENOMEM. */
TALLY_API int tally_statement_page(tally_statement *statement,
                                   tally_bytes paging_state,
                                   tally_error *error);
/* The servers write down how they execute it (system_traces.sessions, a little
 * later): tally_answer_tracing_id(). */
TALLY_API void tally_statement_tracing(tally_statement *statement, int on);
/* One more entry of the custom payload, for a query handler of the server's; at
 * most 16.  TALLY_EINVAL, TALLY_ENOMEM. */
TALLY_API int tally_statement_payload(tally_statement *statement,
                                      const char *name, tally_bytes value,
                                      tally_error *error);

/* What came of it: rows, warnings, ...  The caller's, with all that its calls
 * return, until it is freed; also after the session was closed.  One thread at
 * a time. */
typedef struct tally_answer tally_answer;

/**
 * Execute a statement, and wait for its answer.
 *
 * @param answer  to be freed; NULL unless 0 is returned; may be NULL itself
 *                when nobody wants it
 * @return 0; TALLY_EUNKNOWN (sent, no verdict; see above; never of a SELECT);
 *         any other: never applied, but for TALLY_ENOMEM and TALLY_EPROTOCOL
 *         with error->outcome APPLIED, when it is the answer that could not be
 *         kept: TALLY_EINVAL, TALLY_ETYPE, TALLY_ERANGE (a value that does not
 *         fit its marker, too many or too few of them), TALLY_ESERVER
 *         (what the server says of it), TALLY_ESCHEMA (the markers' types have
 *         changed: the next call asks for them again), TALLY_EBUSY,
 *         TALLY_ECLOSED, TALLY_EDEADLK, TALLY_ENOHOST, TALLY_ETIMEDOUT,
 *         TALLY_ELOST, TALLY_EUNAVAILABLE
 * @blocks at most read_timeout_ms for a SELECT, schema_timeout_ms for CREATE,
 *         ALTER, DROP and TRUNCATE, increment_timeout_ms for all else, or
 *         tally_statement_timeout() for any; and as long again (read_timeout_ms
 *         unless that was called) when the types of a text are not known yet
 */
TALLY_API int tally_execute(tally_answer **answer,
                            const tally_statement *statement,
                            tally_error *error);

/* result->outcome is APPLIED of all that succeeds and is no SELECT.  `answer`
 * is the callback's to free, inside or later; NULL when result->status is not
 * 0. */
typedef void (*tally_answer_callback)(void *user, const tally_result *result,
                                      tally_answer *answer);
/* The same without waiting; the statement may be changed or freed at once.
 * `callback` may be NULL. */
TALLY_API int tally_execute_async(const tally_statement *statement,
                                  tally_answer_callback callback, void *user,
                                  tally_error *error);

TALLY_API void tally_answer_free(tally_answer *answer);

typedef enum tally_answer_kind {
  TALLY_ANSWER_VOID = 1, /* done */
  TALLY_ANSWER_ROWS = 2,
  TALLY_ANSWER_SCHEMA = 5, /* a change of the schema */
} tally_answer_kind;
TALLY_API int tally_answer_kind_of(const tally_answer *answer);

/* Columns, from 0; NULL beyond the last.  The type is "int", "map<text,
 * frozen<list<int>>>", "tuple<int, text>", "ks.address" of a UDT,
 * "vector<float, 3>"; the class's name of a custom one.  What is inside of
 * another is frozen, always; of the outermost servers do not tell. */
TALLY_API size_t tally_answer_column_count(const tally_answer *answer);
TALLY_API const char *tally_answer_column(const tally_answer *answer,
                                          size_t index);
TALLY_API const char *tally_answer_column_type(tally_answer *answer,
                                               size_t index);
/* Rows in this answer, which is one page. */
TALLY_API size_t tally_answer_row_count(const tally_answer *answer);
/* 1: there is a (next) row, which the values are those of; 0: no more. */
TALLY_API int tally_answer_next(tally_answer *answer);
/* What the server warns of: `index` from 0; NULL beyond the last. */
TALLY_API const char *tally_answer_warning(const tally_answer *answer,
                                           size_t index);
/* NULL: it was not traced. */
TALLY_API const tally_uuid *tally_answer_tracing_id(const tally_answer *answer);
/* Entry number `index` of the custom payload: its name, and its value; NULL
 * beyond the last. */
TALLY_API const char *tally_answer_payload(const tally_answer *answer,
                                           size_t index, tally_bytes *value);
/* Where the next page begins; p == NULL: this is the last one. */
TALLY_API tally_bytes tally_answer_paging_state(const tally_answer *answer);
/* Turn the statement to the page behind this answer: 1; 0 when there is none,
 * and the statement begins anew; TALLY_ENOMEM.
 *
 *   do {
 *     rc = tally_execute(&answer, statement, &error);
 *     if (rc != 0)
 *       break;
 *     while (tally_answer_next(answer))
 *       ...;
 *     rc = tally_statement_next_page(statement, answer, &error);
 *     tally_answer_free(answer);
 *   } while (rc > 0); */
TALLY_API int tally_statement_next_page(tally_statement *statement,
                                        const tally_answer *answer,
                                        tally_error *error);

/* A value, or a part of one: plain data that points into its answer. */
typedef struct tally_value {
  const void *p; /* its bytes on the wire; NULL: null */
  size_t len;
  const void *type; /* the answer's */
} tally_value;

/* The value of the row at hand in this column.  TALLY_EINVAL: no such column
 * (the message lists those that there are), or no row. */
TALLY_API int tally_answer_get(const tally_answer *answer, const char *column,
                               tally_value *value, tally_error *error);
TALLY_API int tally_answer_at(const tally_answer *answer, size_t index,
                              tally_value *value, tally_error *error);

/* Types that no key of a counter table has; the others are a tally_type. */
enum {
  TALLY_CUSTOM = 0x00, /* bytes, to this library */
  TALLY_DURATION = 0x15,
  TALLY_LIST = 0x20,
  TALLY_MAP = 0x21,
  TALLY_SET = 0x22,
  TALLY_UDT = 0x30,
  TALLY_TUPLE = 0x31,
  TALLY_VECTOR = 0x100 /* no number of the protocol's */
};
TALLY_API int tally_value_type(const tally_value *value);
/* What this part of a UDT is called; NULL of all else. */
TALLY_API const char *tally_value_field(const tally_value *value);

/* What a value is in C, by its type as tally_bind_... has them.  A null is 0,
 * or has p == NULL or len == 0.  Text is not terminated: a NUL may stand in it.
 * get_bytes takes any type, and gives what is on the wire.
 * TALLY_ETYPE: of another type, or not a value's bytes (an empty int, say: old
 * tables may have some); TALLY_ERANGE: a varint beyond 64 bits. */
TALLY_API int tally_value_get_boolean(const tally_value *value, int *out,
                                      tally_error *error);
TALLY_API int tally_value_get_int64(const tally_value *value, int64_t *out,
                                    tally_error *error);
TALLY_API int tally_value_get_double(const tally_value *value, double *out,
                                     tally_error *error);
TALLY_API int tally_value_get_text(const tally_value *value, tally_bytes *out,
                                   tally_error *error);
TALLY_API int tally_value_get_bytes(const tally_value *value, tally_bytes *out,
                                    tally_error *error);
TALLY_API int tally_value_get_uuid(const tally_value *value, tally_uuid *out,
                                   tally_error *error);
TALLY_API int tally_value_get_inet(const tally_value *value, tally_inet *out,
                                   tally_error *error);
TALLY_API int tally_value_get_decimal(const tally_value *value,
                                      tally_decimal *out, tally_error *error);
TALLY_API int tally_value_get_duration(const tally_value *value,
                                       tally_duration *out, tally_error *error);

/* The parts of a list, set, map (key, value, key, value, ...), tuple, UDT or
 * vector, one after another.  Plain data; a null has none.
 *
 *   tally_parts parts;
 *   tally_value part;
 *
 *   if (tally_parts_init(&parts, &value, &error) == 0)
 *     while (tally_parts_next(&parts, &part, &error) > 0)
 *       ...; */
typedef struct tally_parts {
  size_t count; /* in all: of a map keys and values */
  uint64_t own[8];
} tally_parts;

/* 0; TALLY_ETYPE: of a type without parts, or not a value's bytes. */
TALLY_API int tally_parts_init(tally_parts *parts, const tally_value *value,
                               tally_error *error);
/* 1: a part; 0: no more; TALLY_ETYPE: it reaches beyond the value. */
TALLY_API int tally_parts_next(tally_parts *parts, tally_value *part,
                               tally_error *error);
/* Any value as cqlsh writes it: text on its own without quotes, and inside of
 * others with; what is not a value's bytes, or of a custom type, as 0x...  A
 * null on its own is "", and "null" inside.  Returns as snprintf(), or
 * TALLY_ENOMEM. */
TALLY_API int tally_value_print(const tally_value *value, char *out,
                                size_t out_size);

#ifdef __cplusplus
}
#endif
#endif
