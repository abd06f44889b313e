/* tests/sim/fault.h - the catalogue of faults.  A seed switches each kind on
 * or off for the whole run, and draws the rates of those that are on. */
#ifndef SIM_FAULT_H
#define SIM_FAULT_H

#include "tests/sim/world.h"

/* name, rate per million opportunities (drawn log-uniformly between the two),
 * the opportunity, what happens. */
#define FAULT_MAP(X)                                                           \
  /* the network, and the client's system */                                   \
  X(WRITE_SHORT, 1000, 500000, "write", "only k of n bytes are accepted")      \
  X(READ_SHORT, 1000, 500000, "read", "fewer bytes than wait are returned")    \
  X(RESET, 100, 20000, "write", "reset after so many bytes were delivered")    \
  X(CUT, 100, 10000, "server send", "the stream ends in mid-frame")            \
  X(HALF_OPEN, 100, 5000, "write", "the peer is gone, writes are accepted")    \
  X(DELAY, 1000, 50000, "segment", "a segment takes up to 10 s")               \
  X(CONNECT, 10000, 500000, "connect", "refused, never completed, or reset")   \
  X(RESOLVE, 10000, 300000, "look-up", "fails, empty, late, other addresses")  \
  X(STALL, 100, 10000, "turn", "the loop is not run for 0.1 to 60 s")          \
  X(ALLOC, 100, 10000, "allocation", "no memory")                              \
  X(SYSTEM, 1000, 50000, "seam call", "no socket, look-up, loop, thread")      \
  /* the server */                                                             \
  X(FORGET, 1000, 300000, "EXECUTE", "the host has forgotten the statement")   \
  X(PREPARE_ODD, 1000, 100000, "PREPARE", "error, other id, other columns")    \
  X(ANSWER_ERROR, 1000, 100000, "request", "an ERROR of any code and tail")    \
  X(ANSWER_NONE, 1000, 50000, "request", "no answer, ever")                    \
  X(ANSWER_LATE, 1000, 200000, "request", "up to twice the client's patience") \
  X(ANSWER_TWICE, 100, 20000, "answer", "the same frame again, at once")       \
  X(ANSWER_ASTRAY, 100, 10000, "answer", "one on a stream nobody waits on")    \
  X(ANSWER_GARBLED, 100, 10000, "answer", "a header that cannot be")           \
  X(ANSWER_ODD, 100, 20000, "answer", "cut body, other kind, other opcode")    \
  X(ANSWER_DECOR, 1000, 200000, "answer", "warnings, tracing id, payload")     \
  X(STREAM_0, 100, 5000, "request", "ERROR on stream 0")                       \
  X(EVENT, 1000, 100000, "request", "an EVENT nobody asked for")               \
  X(HANDSHAKE, 10000, 300000, "handshake", "silence, reset, error, login")     \
  X(SERVER_CLOSE, 100, 10000, "request", "close or half-close")                \
  X(SLOW_READER, 100, 10000, "request", "the server stops reading a while")    \
  X(CRASH, 50, 2000, "request", "the host dies and comes back")                \
  /* the application */                                                        \
  X(REENTER, 1000, 200000, "callback", "submits or closes inside")             \
  /* the cluster: each request is an opportunity; plan.moving */               \
  X(JOIN, 500, 50000, "request", "a host joins the cluster")                   \
  X(LEAVE, 500, 50000, "request", "a host leaves it, and stops now or later")  \
  X(MOVE, 500, 20000, "request", "a host is at another address")               \
  X(REPLACE, 500, 20000, "request", "another host at the same address")        \
  X(TOKENS, 500, 20000, "request", "a host has other tokens")                  \
  X(STATUS, 500, 50000, "request", "an UP or DOWN, which is true or not")      \
  X(BURST, 100, 3000, "request", "1,000 events a second for a while")          \
  X(ROW, 500, 50000, "request", "a row of peers that is half written")         \
  X(ALTER, 500, 20000, "request", "a keyspace is replicated otherwise")        \
  X(CONTROL, 500, 10000, "request", "no word more where events are told")      \
  X(UNWILLING, 500, 20000, "request", "errors only, for a while")              \
  X(CROWDED, 500, 20000, "request", "no further connection for a while")       \
  /* compression: plan.lz4 */                                                  \
  X(ANSWER_PACKED, 100, 5000, "answer", "a compressed body that is none")

enum fault_kind {
#define FAULT_ENUM(name, lo, hi, opportunity, text) FAULT_##name,
  FAULT_MAP(FAULT_ENUM)
#undef FAULT_ENUM
      FAULT_COUNT,
  FAULT_FIRST_CHANGE = FAULT_JOIN,         /* from here on: of the cluster */
  FAULT_FIRST_PACKED = FAULT_ANSWER_PACKED /* ... of compression */
};

/* An opportunity for this fault: does it happen?  *detail (64 bits drawn for
 * it) is all the chance that the fault's shape may depend on: use
 * detail_below().  Never true in a run or phase without faults. */
bool fault(enum fault_kind kind, uint64_t *detail);
/* 0 .. n-1 out of *detail, which is changed for the next question. */
uint64_t detail_below(uint64_t *detail, uint64_t n);

const char *fault_name(enum fault_kind kind);
const char *fault_text(enum fault_kind kind);

#endif
