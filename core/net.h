/* core/net.h - the seam: all that core/ and api/ may ask of the world.
 *
 * core/net_uv.c is the product's side, over libuv and the system; a simulator
 * implements the same functions in memory, with virtual time and a seed, and
 * is chosen when the program is linked.  Nothing here calls back inside the
 * call that caused it, and errors are negative errno numbers. */
#ifndef NET_H
#define NET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Memory ------------------------------------------------------------- */

/* The allocator of a session; all NULL is the system's. */
struct net_heap {
  void *(*allocate)(void *user, size_t size);
  void *(*resize)(void *user, void *p, size_t size);
  void (*release)(void *user, void *p);
  void *user;
};

/* Zeroed memory, or NULL.  Large pieces stay untouched until they are used. */
void *net_alloc(const struct net_heap *heap, size_t size);
/* As realloc(): on NULL the old piece is still there. */
void *net_resize(const struct net_heap *heap, void *p, size_t size);
/* NULL is fine; const, since what is freed is often a name. */
void net_free(const struct net_heap *heap, const void *p);

/* Zeroed memory for what nobody else may read: in no core dump, and locked
 * where the system lets us; NULL when there is none.  Freeing wipes it. */
void *net_secret_alloc(size_t size);
void net_secret_free(void *p, size_t size);
/* Zeroes, also when the compiler sees nobody read them. */
void net_wipe(void *p, size_t size);

/* ---- Clocks and chance -------------------------------------------------- */

uint64_t net_clock(void); /* monotonic, nanoseconds; never 0 */
uint64_t net_random(void);

/* ---- Threads ------------------------------------------------------------ */

struct net_thread;
int net_thread_start(struct net_thread **thread, const struct net_heap *heap,
                     void (*run)(void *arg), void *arg);
/* Waits for the thread to end and frees it. */
void net_thread_join(struct net_thread *thread);
/* One that nobody joins.  Its memory goes back to the heap before it runs. */
int net_thread_detached(const struct net_heap *heap, void (*run)(void *arg),
                        void *arg);

/* Tells threads apart: never NULL, the same for as long as the calling thread
 * lives, and no other living thread's. */
const void *net_thread_self(void);

/* A thread parks until another sets the flag.  Setting is the last thing done
 * to the flag, whose memory may be gone when net_unpark() returns. */
struct net_flag {
  _Atomic uint32_t set;
};
/* True when set; false when the deadline (net_clock(), 0 for none) passed. */
bool net_park(struct net_flag *flag, uint64_t deadline);
void net_unpark(struct net_flag *flag);

/* ---- A loop ------------------------------------------------------------- */

struct uv_loop_s;
struct net_loop;

/* A turn is: before_poll, poll (socket callbacks), after_poll. */
struct net_loop_events {
  void (*before_poll)(void *arg);
  void (*after_poll)(void *arg);
  void (*alarm)(void *arg); /* before a turn: net_loop_alarm() is due */
  void (*woken)(void *arg); /* net_loop_wake() was called, perhaps often */
};

/* A loop of our own, or (attach != NULL) a guest on the caller's. */
int net_loop_open(struct net_loop **loop, const struct net_heap *heap,
                  struct uv_loop_s *attach,
                  const struct net_loop_events *events, void *arg);
/* Sockets and look-ups must be closed before.  `closed` runs in a later turn
 * and is the last callback; a loop of our own is freed by net_loop_free()
 * after that, a guest before `closed` runs. */
void net_loop_close(struct net_loop *loop, void (*closed)(void *arg));
void net_loop_free(struct net_loop *loop);

/* One turn of a loop of our own (also of the caller's, from inside is not
 * allowed).  wait: until something happens.  False when nothing is left that
 * could happen. */
bool net_loop_turn(struct net_loop *loop, bool wait);
/* The next poll does not wait. Cheap, and cheap again. */
void net_loop_hurry(struct net_loop *loop);
/* Call alarm at this time (net_clock()); 0 takes it back. */
void net_loop_alarm(struct net_loop *loop, uint64_t at);
/* Keep the caller's uv_run() going, or let it end. */
void net_loop_hold(struct net_loop *loop, bool hold);
/* From any thread. */
void net_loop_wake(struct net_loop *loop);
int net_loop_fd(const struct net_loop *loop);
int net_loop_timeout_ms(const struct net_loop *loop);

/* ---- Names -------------------------------------------------------------- */

struct net_address {
  uint8_t bytes[16];
  uint8_t len; /* 4 or 16 */
  uint16_t port;
  uint32_t scope; /* of a link-local IPv6 address */
};
enum { NET_ADDRESS_TEXT = 64 };
/* "127.0.0.1:9042", "[::1]:9042" */
void net_address_text(const struct net_address *a, char out[NET_ADDRESS_TEXT]);
/* An address given as text; false when it is a name. */
bool net_address_parse(struct net_address *a, const char *text, uint16_t port);

struct net_lookup;
/* Addresses are valid inside the callback; error is 0 or negative. */
typedef void net_found(void *arg, int error, const struct net_address *found,
                       size_t count);
int net_lookup_start(struct net_lookup **lookup, struct net_loop *loop,
                     const char *name, uint16_t port, net_found *done,
                     void *arg);
/* The callback will not run any more. */
void net_lookup_cancel(struct net_lookup *lookup);

/* ---- Sockets ------------------------------------------------------------ */

/* Which local port a socket gets: one that leaves this remainder.  It is how a
 * ScyllaDB server is told which of its shards to connect to. */
struct net_source {
  uint16_t modulus; /* 1 to 1,024 */
  uint16_t remainder;
};

struct net_socket;
struct net_socket_events {
  void (*connected)(void *arg, int error);
  void (*readable)(void *arg);
  void (*writable)(void *arg);
};

/* Start to connect, from any port when `from` is NULL; `connected` follows
 * unless the socket is closed before.  Afterwards readable is reported,
 * writable only when wanted.  -EADDRINUSE and -EADDRNOTAVAIL: no such port
 * is free. */
int net_socket_open(struct net_socket **socket, struct net_loop *loop,
                    const struct net_address *to, const struct net_source *from,
                    uint32_t user_timeout_ms,
                    const struct net_socket_events *events, void *arg);
/* Bytes read, 0 at the end of the stream, or -EAGAIN, -ECONNRESET, ... */
ptrdiff_t net_socket_read(struct net_socket *socket, void *buf, size_t len);
/* Bytes that the system accepted (perhaps fewer than len, never more than it
 * will deliver or lose as a prefix), or -EAGAIN, -EPIPE, ... No signal. */
ptrdiff_t net_socket_write(struct net_socket *socket, const void *buf,
                           size_t len);
void net_socket_want_writable(struct net_socket *socket, bool want);
/* No callback after this; the memory goes later. */
void net_socket_close(struct net_socket *socket);

/* "connection refused", for any negative number above.  Never NULL. */
const char *net_error_text(int error);

#endif
