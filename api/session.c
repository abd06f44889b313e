/* api/session.c - connecting and closing, in the three modes. */
#include "api/internal.h"

#include <errno.h>
#include <string.h>

/* ---- Parts -------------------------------------------------------------- */

struct session_life *life_join(struct session_life *l) {
  atomic_fetch_add(&l->users, 1);
  return l;
}

void life_leave(struct session_life *l) {
  const struct net_heap heap = l->heap;

  if (atomic_fetch_sub(&l->users, 1) == 1)
    net_free(&heap, l);
}

bool life_is_over(const struct session_life *l) {
  return atomic_load(&l->over);
}

static void session_free(tally_session *s) {
  const struct net_heap heap = s->heap;
  tally_table *t = atomic_load(&s->tables);

  while (t != NULL) {
    tally_table *next = t->next;

    table_free(t);
    t = next;
  }
  slab_fini(&s->slab);
  knowns_free(s);
  keyspaces_fini(&s->keyspaces);
  options_contacts_free(&heap, s->contacts, s->contact_count);
  net_free(&heap, s->keyspace);
  net_free(&heap, s->local_dc);
  net_free(&heap, s->local_rack);
  login_forget(s);
  tls_forget(s);
  net_free(&heap, s->loops);
  if (s->life != NULL)
    life_leave(s->life);
  net_free(&heap, s);
}

/* So that its replicas are known before the first statement on it. */
static int note_keyspace(tally_session *s) {
  char *name = name_folded(&s->heap, s->keyspace);
  struct keyspace *ks =
      name != NULL ? keyspaces_find(&s->keyspaces, name) : NULL;

  net_free(&s->heap, name);
  if (ks == NULL)
    return TALLY_ENOMEM;
  atomic_store(&ks->in_use, true);
  return 0;
}

static int session_parts(tally_session *s, const tally_options *o,
                         tally_error *e) {
  int rc = options_contacts(o, &s->heap, &s->contacts, &s->contact_count, e);

  if (rc != 0)
    return rc;
  s->host_filter = o->host_filter;
  s->translate_address = o->translate_address;
  s->on_host = o->on_host;
  s->host_user = o->host_user;
  if (!keep_text(&s->heap, &s->local_dc, o->local_dc) ||
      !keep_text(&s->heap, &s->local_rack, o->local_rack) ||
      !keep_text(&s->heap, &s->keyspace, o->keyspace) || !login_keep(s, o))
    return error_no_memory(e);
  rc = tls_keep(s, o, e);
  if (rc != 0)
    return rc;
  s->consistency = (uint16_t)o->consistency;
  s->read_consistency = (uint16_t)o->read_consistency;
  s->on_settled = o->on_settled;
  s->on_settled_user = o->on_settled_user;
  if (s->keyspace != NULL && note_keyspace(s) != 0)
    return error_no_memory(e);
  s->loops = net_alloc(&s->heap, sizeof *s->loops * s->loop_count);
  if (s->loops == NULL || slab_init(&s->slab, &s->heap, o->max_in_flight,
                                    s->mode == MODE_THREADS) != 0)
    return error_no_memory(e);
  return 0;
}

static int session_new(tally_session **session, const tally_options *o,
                       enum session_mode mode, tally_error *e) {
  const tally_allocator *a = &o->allocator;
  struct net_heap heap = {a->allocate, a->resize, a->release, a->user};
  tally_session *s = net_alloc(&heap, sizeof *s);
  int rc;

  if (s == NULL)
    return error_no_memory(e);
  s->heap = heap;
  s->life = net_alloc(&heap, sizeof *s->life);
  keyspaces_init(&s->keyspaces, &heap);
  s->mode = mode;
  s->loop_count = mode == MODE_THREADS ? (uint32_t)o->io_threads : 1;
  if (s->life != NULL) {
    s->life->heap = heap;
    atomic_store(&s->life->users, 1);
  }
  rc = s->life == NULL ? error_no_memory(e) : session_parts(s, o, e);
  if (rc != 0) {
    session_free(s);
    return rc;
  }
  *session = s;
  return 0;
}

static int system_error(tally_error *e, const char *doing, int error) {
  if (error == -ENOMEM)
    return error_no_memory(e);
  return error_set(e, TALLY_ESYSTEM, "%s: %s", doing, net_error_text(error));
}

/* ---- Closing ------------------------------------------------------------ */

static void wait_closed(struct loop *l) {
  if (l->threaded) {
    net_park(&l->gone, 0);
    loop_join(l);
  } else {
    while (!l->closed)
      loop_turn(l, true);
  }
}

/* The first `count` loops, all at once. */
static void close_loops(tally_session *s, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    loop_close(&s->loops[i], NULL, NULL);
  for (uint32_t i = 0; i < count; i++)
    wait_closed(&s->loops[i]);
  /* Until then one may still tell the others what it sees. */
  for (uint32_t i = 0; i < count; i++)
    loop_fini(&s->loops[i]);
}

int tally_close(tally_session *session) {
  if (session == NULL)
    return 0;
  if (wait_begin(session, NULL) != 0)
    return TALLY_EDEADLK;
  if (atomic_exchange(&session->close_begun, true))
    return TALLY_ECLOSED;
  atomic_store(&session->life->over, true);
  close_loops(session, session->loop_count);
  session_free(session);
  return 0;
}

/* ---- Connecting, blocking ----------------------------------------------- */

/* Each loop's thread writes its own. */
struct connecting {
  struct waiter w;
  tally_error error;
};

static void on_connected(void *arg, const struct failure *why) {
  struct connecting *c = arg;

  if (why != NULL)
    c->w.code = error_from_failure(&c->error, "connecting", why);
  wait_done(&c->w);
}

/* What all loops of a session have in common. */
static struct loop_settings settings_of(tally_session *s,
                                        const tally_options *o) {
  struct loop_settings settings = {.heap = s->heap,
                                   .contacts = s->contacts,
                                   .contact_count = s->contact_count,
                                   .settled_arg = s,
                                   .keyspaces = &s->keyspaces,
                                   .loops = s->loops,
                                   .loop_count = s->loop_count};

  if (s->on_settled != NULL)
    settings.settled = settle;
  options_settings(o, s->loop_count, &settings);
  settings.config.other_timeouts = s->other_timeouts;
  host_options(s, &settings.config);
  login_options(s, &settings.config.login);
  tls_options(s, &settings.config);
  return settings;
}

static int start_loop(tally_session *s, struct loop *l, struct connecting *c,
                      tally_error *e) {
  int rc = 0;

  loop_connect(l, on_connected, c);
  if (s->mode == MODE_THREADS)
    rc = loop_start_thread(l);
  return rc == 0 ? 0 : system_error(e, "a thread cannot be started", rc);
}

/* All are made before the first one runs, which tells the others what it
 * sees. */
static int make_loops(tally_session *s, const tally_options *o, uint32_t *count,
                      tally_error *e) {
  struct loop_settings settings = settings_of(s, o);

  for (*count = 0; *count < s->loop_count; ++*count) {
    int rc;

    settings.number = *count;
    rc = loop_init(&s->loops[*count], &settings, NULL);
    if (rc != 0)
      return system_error(e, "a loop cannot be made", rc);
  }
  return 0;
}

/* Each loop has connections of its own; all must have one.  The first one finds
 * the cluster for all: when it fails, the others wait in vain. */
static int wait_connected(tally_session *s, struct connecting *all,
                          tally_error *e) {
  for (uint32_t i = 0; i < s->loop_count; i++) {
    wait_for(s, &s->loops[i], &all[i].w);
    if (all[i].w.code == 0)
      continue;
    if (e != NULL)
      *e = all[i].error;
    return all[i].w.code;
  }
  return 0;
}

static int connect_loops(tally_session *s, const tally_options *o,
                         tally_error *e) {
  struct connecting *all = net_alloc(&s->heap, sizeof *all * s->loop_count);
  uint32_t count = 0;
  int rc;

  if (all == NULL)
    return error_no_memory(e);
  rc = make_loops(s, o, &count, e);
  for (uint32_t i = 0; i < count && rc == 0; i++)
    rc = start_loop(s, &s->loops[i], &all[i], e);
  if (rc == 0)
    rc = wait_connected(s, all, e);
  if (rc != 0)
    close_loops(s, count);
  net_free(&s->heap, all);
  return rc;
}

int tally_connect(tally_session **session, const tally_options *options,
                  tally_error *error) {
  tally_options o;
  tally_session *s;
  int rc = options_read(&o, options, error);

  *session = NULL;
  if (rc == 0)
    rc = session_new(&s, &o, o.io_threads > 0 ? MODE_THREADS : MODE_INLINE,
                     error);
  if (rc != 0)
    return rc;
  rc = connect_loops(s, &o, error);
  if (rc != 0) {
    session_free(s);
    return rc;
  }
  *session = s;
  return 0;
}

/* ---- The caller's loop -------------------------------------------------- */

static void on_guest_connected(void *arg, const struct failure *why) {
  tally_session *s = arg;
  tally_result result = {.outcome = TALLY_NOT_APPLIED};
  tally_error error;

  if (why != NULL) {
    result.status = error_from_failure(&error, "connecting", why);
    result.error = &error;
  }
  s->connected(s->connected_user, &result);
}

int tally_connect_on(tally_session **session, struct uv_loop_s *loop,
                     const tally_options *options, tally_callback connected,
                     void *user, tally_error *error) {
  struct loop_settings settings;
  tally_options o;
  tally_session *s;
  int rc = options_read(&o, options, error);

  *session = NULL;
  if (rc == 0)
    rc = session_new(&s, &o, MODE_GUEST, error);
  if (rc != 0)
    return rc;
  settings = settings_of(s, &o);
  s->connected = connected;
  s->connected_user = user;
  rc = loop_init(&s->loops[0], &settings, loop);
  if (rc != 0) {
    session_free(s);
    return system_error(error, "a loop cannot be joined", rc);
  }
  loop_connect(&s->loops[0], connected != NULL ? on_guest_connected : NULL, s);
  *session = s;
  return 0;
}

/* ---- Closing without blocking ------------------------------------------- */

static void all_closed(tally_session *s) {
  void (*closed)(void *user) = s->closed;
  void *user = s->closed_user;

  session_free(s);
  if (closed != NULL)
    closed(user);
}

static void on_guest_closed(void *arg) {
  tally_session *s = arg;

  loop_fini(&s->loops[0]);
  all_closed(s);
}

/* Threads cannot join themselves: one more waits for them, and goes. */
static void reap(void *arg) {
  tally_session *s = arg;

  close_loops(s, s->loop_count);
  all_closed(s);
}

int tally_close_async(tally_session *session, void (*closed)(void *user),
                      void *user) {
  if (atomic_exchange(&session->close_begun, true))
    return TALLY_ECLOSED;
  atomic_store(&session->life->over, true);
  session->closed = closed;
  session->closed_user = user;
  switch (session->mode) {
  case MODE_THREADS:
    if (net_thread_detached(&session->heap, reap, session) == 0)
      return 0;
    atomic_store(&session->close_begun, false);
    atomic_store(&session->life->over, false);
    return TALLY_ESYSTEM;
  case MODE_GUEST:
    loop_close(&session->loops[0], on_guest_closed, session);
    return 0;
  case MODE_INLINE:
  default:
    loop_close(&session->loops[0], NULL, NULL); /* tally_poll() ends it */
    return 0;
  }
}

/* ---- Driving an inline session ------------------------------------------ */

int tally_poll(tally_session *session, int timeout_ms, tally_error *error) {
  struct loop *l = &session->loops[0];
  bool idle;

  if (session->mode != MODE_INLINE)
    return error_set(error, TALLY_EINVAL,
                     "tally_poll() is for inline sessions (io_threads = 0)");
  if (loop_is_mine(l))
    return error_set(error, TALLY_EDEADLK, "tally_poll() inside a callback");
  idle = l->context.pending == 0 && !session->close_begun;
  if (timeout_ms == 0 || idle)
    loop_turn(l, false);
  else if (timeout_ms < 0)
    loop_turn(l, true);
  else
    loop_turn_within(l, (uint64_t)timeout_ms * 1000000);
  if (!l->closed)
    return (int)l->context.pending;
  loop_fini(l);
  all_closed(session);
  return 0;
}

int tally_backend_fd(const tally_session *session) {
  return session->mode == MODE_THREADS
             ? -1
             : net_loop_fd(session->loops[0].context.net);
}

int tally_backend_timeout(const tally_session *session) {
  return session->mode == MODE_THREADS
             ? -1
             : net_loop_timeout_ms(session->loops[0].context.net);
}
