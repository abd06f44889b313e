/* tests/sim/model.h - the servers of a simulated run: one to seven hosts that
 * speak CQL v4 and share their data, and the ledger of what they did.
 *
 * Shares no code with proto/: its codec was written from the protocol's
 * description, so that a misunderstanding cannot cancel itself out. */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include "tests/sim/fault.h"
#include "tests/sim/wire.h"

/* Where clients connect, and where they choose a shard of ScyllaDB. */
enum { MODEL_PORT = 9042, MODEL_SHARD_PORT = 19042 };
enum { MODEL_HOSTS = 7, MODEL_TOKENS = 16, MODEL_PLACES = 256 };

struct model_plan {
  unsigned hosts;   /* 1 to MODEL_HOSTS */
  bool scylla;      /* they say SCYLLA_... in SUPPORTED */
  unsigned shards;  /* of each host; 0: they do not tell */
  bool old;         /* Cassandra before 4.0: no system.peers_v2 */
  unsigned dcs;     /* 1 or 2 data centers, "dc1" and "dc2" */
  unsigned racks;   /* of each: "r1", ... */
  unsigned tokens;  /* of each host: 1 to MODEL_TOKENS */
  unsigned spare;   /* hosts that are not in the cluster at first: the last */
  unsigned anchors; /* the first so many hosts never leave it */
  bool names;       /* they are known by names, so that these may move, too */
  bool other_partitioner;
  bool no_lz4;       /* is offered */
  bool login;        /* wanted, as "sim" with "s1m" */
  uint64_t gossip;   /* so long no host knows of another */
  uint64_t patience; /* the client's timeout for increments, for faults that are
                        about late answers */
  uint64_t think_min; /* how long a host takes for a request: drawn between */
  uint64_t think_max;
};

/* A fresh cluster without any keyspace; forgets the run before. */
void model_begin(const struct model_plan *plan);
/* Gives back all memory. */
void model_end(void);

/* ---- States of hosts ---------------------------------------------------- */

enum host_state {
  HOST_UP,
  HOST_DOWN,      /* nothing listens: connecting is refused */
  HOST_MUTE,      /* accepts connections and never says a word */
  HOST_DEAF,      /* answers OPTIONS and STARTUP, and nothing else */
  HOST_RESETTING, /* every connection is reset at its first byte */
};
/* Also ends what is under way on connections that stand, as the state says:
 * DOWN and RESETTING reset them; MUTE and DEAF stop answering on them. */
void model_set_host(unsigned host, enum host_state state);
enum host_state model_host(unsigned host);
/* The data center it is in: 0 or 1. */
unsigned model_dc(unsigned host);

/* ---- The cluster, as it is ----------------------------------------------- */

/* Hosts come and go, and every host's tables follow in their own time.  A place
 * is the last byte of an address: 10.0.0.x. */
bool model_is_member(unsigned host);
unsigned model_place(unsigned host);
const uint8_t *model_id(unsigned host);
/* It was at another address before. */
bool model_has_moved(unsigned host);
/* The host that is there; MODEL_HOSTS: none. */
unsigned model_at(unsigned place);
/* MODEL_HOSTS: no host has this id. */
unsigned model_with_id(const uint8_t id[16]);
/* From now on it answers all but questions about the cluster. */
void model_blind(unsigned host);
/* It accepts no more connections. */
bool model_is_crowded(unsigned host);
/* All tables say what is true, and go on like that; who is no member is
 * down. */
void model_settle(void);
/* When a table or what it tells of has changed for the last time. */
uint64_t model_changed_at(void);
/* So often a client may have been told that a host there is up: seconds in
 * which that was. */
uint64_t model_told_up(unsigned place);
/* A change of some kind, told of as it should be; false: there is none to be
 * made now. */
bool model_change(uint64_t detail);
/* So many events a second for so many seconds, about anything. */
void model_burst(unsigned events, unsigned seconds);

/* The replicas of a row of keyspace ks whose partition key is this text, as a
 * set of bits; 0: nobody could say. */
unsigned model_replicas(const char *key);
/* ... of any token. */
unsigned model_replicas_of(int64_t token);
int64_t model_token(const char *key);
/* The i-th token of a host. */
int64_t model_host_token(unsigned host, unsigned i);

/* ---- The ledger --------------------------------------------------------- */

/* What the hosts know of one operation.  The application gives every
 * increment a number from 1; its first delta that is not 0 is
 * +-(number << LEDGER_SHIFT | small), so that a host knows which it is. */
enum { LEDGER_SHIFT = 8 };
struct ledger_entry {
  uint32_t seen;       /* EXECUTEs of it that hosts have decoded */
  uint32_t applied;    /* times it was applied */
  uint32_t to_come;    /* times it will still be applied */
  uint64_t applied_at; /* last time */
  bool excused;        /* every EXECUTE so far was answered with an error that
                          proves that it was not applied */
};
/* Zeroes for a number never seen. */
struct ledger_entry model_ledger(uint32_t number);
/* Applications that are still to come, of all operations. */
uint32_t model_to_come(void);
/* The sum of a counter now, as every host would answer: the table as
 * "ks.page_hits", the partition key's one text value, the counter's column.
 * False: it was never touched. */
bool model_counter(const char *table, const char *key, const char *counter,
                   int64_t *value);

/* How often each kind of thing was done, for the report and for plausibility
 * checks at the end of a run. */
struct model_counts {
  uint64_t connections;
  uint64_t requests;
  uint64_t prepares;
  uint64_t executes;
  uint64_t reads;
  uint64_t applied;
  uint64_t errors; /* ERROR answers */
};
extern struct model_counts model_counts;

#endif
