/* tests/sim/run.h - one run from its seed or script to its verdict, and what
 * the parts of the simulator share. */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "core/mark.h"
#include "core/net.h"
#include "tests/sim/fault.h"
#include "tests/sim/world.h"

/* ---- The plan ----------------------------------------------------------- */

enum sim_mode { SIM_THREADS, SIM_GUEST, SIM_INLINE, SIM_MODES };

/* Every choice about a run that is made at its start: name, meaning.  A script
 * may set each. Times are milliseconds. */
#define PLAN_MAP(X)                                                            \
  X(mode, "0 own threads, 1 the caller's loop, 2 inline")                      \
  X(io_threads, "loops of our own")                                            \
  X(app_threads, "threads of the application")                                 \
  X(hosts, "servers")                                                          \
  X(scylla, "they say that they are ScyllaDB")                                 \
  X(shards, "of each ScyllaDB server; 0: it tells of none")                    \
  X(skewed, "ports are changed on the way to the one for shards")              \
  X(old, "they are from before Cassandra 4.0: no system.peers_v2")             \
  X(dcs, "data centers")                                                       \
  X(racks, "of each data center")                                              \
  X(tokens, "of each server")                                                  \
  X(replicas, "of the keyspace, in each data center")                          \
  X(network, "... whose strategy is NetworkTopologyStrategy")                  \
  X(moving, "0 the cluster stays as it is, 1 not, 2 nor is anything else ill") \
  X(spare, "servers that are not in the cluster at first")                     \
  X(contacts, "so many servers are contact points; 0: all")                    \
  X(gossip, "so long no server knows of others")                               \
  X(partitioner, "another one than Murmur3")                                   \
  X(heal_all, "all servers are well in the end, not one of each data center")  \
  X(tls, "all is in records of TLS")                                           \
  X(login, "servers want one")                                                 \
  X(lz4, "1 asked for, 2 and not offered, 3 and demanded")                     \
  X(names, "contact points are names; 2: of three addresses each")             \
  X(operations, "of the safety phase")                                         \
  X(faults, "any at all")                                                      \
  X(setup_faults, "already while connecting and creating")                     \
  X(think_us, "the longest a server takes")                                    \
  X(delay_us, "the longest a segment takes")                                   \
  X(pause_ms, "the longest the application rests between operations")          \
  X(hot_keys, "rows that many operations share")                               \
  X(long_keys, "one key in so many is longer than usual; 1: all, the longest") \
  X(local_dc, "options.local_dc: which, from 1; 0: learned")                   \
  X(local_rack, "options.local_rack: which, from 1; 0: none")                  \
  X(remote, "options.allow_remote")                                            \
  X(pool, "options.connections_per_host")                                      \
  X(connect_timeout, "options.connect_timeout_ms, ...")                        \
  X(increment_timeout, "")                                                     \
  X(read_timeout, "")                                                          \
  X(schema_timeout, "")                                                        \
  X(close_timeout, "")                                                         \
  X(heartbeat, "")                                                             \
  X(heartbeat_timeout, "")                                                     \
  X(reconnect_min, "")                                                         \
  X(reconnect_max, "")                                                         \
  X(max_in_flight, "")                                                         \
  X(connection_max_in_flight, "")                                              \
  X(max_abandoned, "")                                                         \
  X(max_frame, "options.max_frame_bytes")                                      \
  X(window, "bytes that the system holds before it refuses more")              \
  X(user_timeout, "the system knows TCP_USER_TIMEOUT")                         \
  X(close_in_callback, "the session is closed inside a callback")              \
  X(reopen, "the session is closed and opened again once in so many steps")

enum sim_moving { MOVING_NOT, MOVING, MOVING_ALONE };

struct plan {
  uint64_t seed;
#define PLAN_FIELD(name, text) uint64_t name;
  PLAN_MAP(PLAN_FIELD)
#undef PLAN_FIELD
};
extern struct plan plan;

/* ---- Runs --------------------------------------------------------------- */

/* What a run did; summed up over runs. */
struct tally_of_runs {
  uint64_t runs;
  uint64_t virtual_ns;
  uint64_t increments;
  uint64_t reads;
  uint64_t outcomes[3]; /* enum outcome */
  uint64_t settled;
  uint64_t faults[FAULT_COUNT];
};

/* Run the plan; returns the hash of all that happened.  A violation does not
 * return. */
uint64_t run_plan(struct tally_of_runs *sum);
/* Its first step, and its last: from a world in which all is well (again) to
 * the final check. */
void run_begin(void);
uint64_t run_end(struct tally_of_runs *sum);
/* The plan that a seed stands for. */
void plan_from_seed(uint64_t seed);
/* "lost_half_sent" */
const char *mark_name(enum mark mark);
/* violation() ends here: the process's own way to report it. */
_Noreturn void run_failed(const char *what);

/* ---- world.c ------------------------------------------------------------ */

void world_begin(uint64_t seed);
/* Run the next event; false when there is none. */
bool world_step(void);
/* Events so far. */
uint64_t world_steps(void);
uint64_t world_digest(void);

/* ---- fault.c ------------------------------------------------------------ */

/* One fault that happened, or is to happen: at the kind's n-th opportunity. */
struct injected {
  enum fault_kind kind;
  uint64_t opportunity;
  uint64_t detail;
};

void fault_begin(void);
/* From now on there are faults, or none. */
void fault_allow(bool allowed);
/* Happen exactly as listed instead of by chance (NULL: by chance again), with
 * opportunities counted from now on. */
void fault_script(const struct injected *list, size_t count);
/* Called with each fault when it happens. */
void fault_tell(void (*told)(const struct injected *fault));
void fault_sum(struct tally_of_runs *sum);

/* ---- threads.c: threads of the simulated process ------------------------- */

void threads_begin(void);
/* Every one but the first has ended. */
void threads_end(void);
/* Let things happen until ready(arg), or the deadline (0: none). */
void threads_wait(bool (*ready)(void *arg), void *arg, uint64_t deadline);
/* Let others run first, perhaps. */
void threads_yield(void);
/* A thread of the application's. */
void threads_spawn(void (*run)(void *arg), void *arg);
/* Threads beside the first one that have not ended. */
unsigned threads_alive(void);
unsigned threads_running(void);

/* ---- heap.c -------------------------------------------------------------- */

void heap_begin(void);
/* Nothing is left of the library's; `when` is for the message. */
void heap_check_empty(const char *when);
/* What the library holds now. */
uint64_t heap_bytes(void);
/* So often it had none. */
uint64_t heap_refused(void);
/* More than a session of ours needs when it has nothing to do, for itself and
 * for each host of each loop: a connection has two buffers of 64 KiB. */
enum { IDLE_BYTES = 1 << 20, IDLE_BYTES_EACH = 192 << 10 };

/* ---- net_sim.c ----------------------------------------------------------- */

void net_sim_begin(void);
/* Turns of all loops so far. */
uint64_t net_sim_turns(void);
/* No socket, look-up or loop is left. */
void net_sim_check_empty(void);
/* The caller's loop that a guest is on, and one turn of it, in which the
 * application's own timer goes off at that time. */
struct uv_loop_s;
struct uv_loop_s *guest_loop(void);
void guest_turn(uint64_t timer);
/* Would uv_run() go on for its sake? */
bool guest_is_held(void);
/* Time in which nobody drove a loop that needed it. */
uint64_t stalled_time(void);
bool somebody_stalls(void);
void add_stalled_time(uint64_t ns);

/* ---- wire.c -------------------------------------------------------------- */

struct wire;
struct net_loop;
void wires_begin(void);
void wires_end(void);
/* The client's end: what net_socket_... are made of. */
struct wire *wire_open(const void *loop, const void *conn, unsigned host,
                       bool reachable, uint32_t user_timeout_ms);
/* To that shard of the host: before it is connected. */
void wire_leads_to(struct wire *w, unsigned shard);
/* 1: connected, 0: not yet, negative: error. */
int wire_connected(struct wire *w);
ptrdiff_t wire_client_read(struct wire *w, void *buf, size_t len);
ptrdiff_t wire_client_write(struct wire *w, const void *buf, size_t len);
bool wire_readable(const struct wire *w);
bool wire_writable(const struct wire *w);
void wire_client_close(struct wire *w);

/* ---- seam calls that are made to fail (torture.c) ------------------------ */

/* True: this call is to fail.  Counts calls of the seam that may. */
bool seam_fails(bool allocation);
/* ... with this error, or the one that is usual for the call. */
int seam_error(int usual);

#endif
