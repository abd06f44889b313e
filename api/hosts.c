/* api/hosts.c - tally_hosts(): every loop is asked in turn what it knows, on
 * its own thread; again after a pause as long as one of them is about to know
 * more. */
#include "api/internal.h"

#include "core/look.h"

struct survey {
  tally_session *session;
  uint32_t loop;    /* being asked */
  uint64_t give_up; /* net_clock() */
  struct look look;
  tally_host_callback each;
  struct waiter *waiter; /* blocking, or NULL */
  tally_callback callback;
  void *user;
};

/* ---- What was found ----------------------------------------------------- */

static const char *reason_without(int distance) {
  return distance == TALLY_FILTERED ? "options.host_filter does not allow it"
         : distance == TALLY_REMOTE_DC
             ? "not connected to: options.allow_remote is not set"
             : "not connected to";
}

static void tell_one(const struct survey *s, size_t number, uint64_t now) {
  const struct look_host *seen = &s->look.hosts[number];
  const struct host_info *info = &s->look.snapshot->topology->hosts[number];
  char address[HOST_ADDRESS], reason[HOST_REASON];
  tally_host host;

  host_describe(&host, address, info);
  host.distance = info->distance + 1;
  host.up = seen->up;
  host.connections = seen->connections;
  host.in_flight = seen->in_flight;
  host.share = seen->share;
  host.shards = seen->shards;
  if (seen->since != 0 && now > seen->since)
    host.since_ms = (now - seen->since) / 1000000;
  if (seen->since == 0) {
    host.why = reason_without(host.distance);
  } else if (!seen->up) {
    host_reason(&seen->why, reason);
    host.why = reason;
  }
  s->each(s->user, &host);
}

static void tell_all(const struct survey *s) {
  uint64_t now = net_clock();

  for (size_t i = 0; i < s->look.snapshot->topology->count; i++)
    tell_one(s, i, now);
}

/* ---- Asking ------------------------------------------------------------- */

/* A blocking call tells what was found itself. */
static void survey_done(struct survey *s, int code, const tally_error *error) {
  const struct net_heap heap = s->session->heap;
  tally_result result = {.status = code,
                         .outcome = TALLY_NOT_APPLIED,
                         .error = code == 0 ? NULL : error};
  tally_callback callback = s->callback;
  void *user = s->user;

  if (s->waiter != NULL) {
    s->waiter->code = code;
    if (code != 0 && s->waiter->error != NULL)
      *s->waiter->error = *error;
    wait_done(s->waiter);
    return;
  }
  if (code == 0)
    tell_all(s);
  look_clear(&s->look, &heap);
  net_free(&heap, s);
  if (callback != NULL)
    callback(user, &result);
}

static void on_turn(op_callback *callback, void *user,
                    const struct answer *answer);

static int ask(struct survey *s, enum timeout_kind when, tally_error *e) {
  return session_turn(&s->session->loops[s->loop], when, on_turn, s, e);
}

static int next_turn(struct survey *s, tally_error *e) {
  if (s->loop == 0)
    look_clear(&s->look, &s->session->heap);
  if (!look_add(&s->look, &s->session->loops[s->loop].cluster))
    return error_no_memory(e);
  if (++s->loop < s->session->loop_count)
    return ask(s, TIMEOUT_NOW, e);
  s->loop = 0;
  if (look_is_early(&s->look) && net_clock() < s->give_up)
    return ask(s, TIMEOUT_PAUSE, e);
  if (s->look.snapshot == NULL)
    return error_set(e, TALLY_ENOHOST,
                     "no host has told yet which hosts there are");
  survey_done(s, 0, NULL);
  return 0;
}

/* The end of a pause is a failure, too; only closing ends it before its
 * time. */
static void on_turn(op_callback *callback, void *user,
                    const struct answer *answer) {
  struct survey *s = user;
  tally_error e;
  int rc;

  (void)callback;
  if (answer->code == TALLY_ECLOSED)
    rc = error_set(&e, TALLY_ECLOSED, "the session was closed");
  else
    rc = next_turn(s, &e);
  if (rc != 0)
    survey_done(s, rc, &e);
}

static void survey_init(struct survey *s, tally_session *session,
                        tally_host_callback each, void *user) {
  s->session = session;
  s->each = each;
  s->user = user;
  s->give_up = net_clock() + session->loops[0].context.config.connect_timeout;
}

static int nobody_to_tell(tally_error *e) {
  return error_set(e, TALLY_EINVAL, "tally_hosts: each is NULL");
}

int tally_hosts(tally_session *session, tally_host_callback each, void *user,
                tally_error *error) {
  struct waiter w = {.error = error};
  struct survey s = {.waiter = &w};
  int rc = wait_begin(session, error);

  survey_init(&s, session, each, user);
  if (rc == 0 && each == NULL)
    rc = nobody_to_tell(error);
  if (rc == 0)
    rc = ask(&s, TIMEOUT_NOW, error);
  if (rc != 0)
    return rc;
  wait_for(session, &session->loops[0], &w);
  if (w.code == 0)
    tell_all(&s);
  look_clear(&s.look, &session->heap);
  return w.code;
}

int tally_hosts_async(tally_session *session, tally_host_callback each,
                      tally_callback callback, void *user, tally_error *error) {
  struct survey *s;
  int rc;

  if (each == NULL)
    return nobody_to_tell(error);
  s = net_alloc(&session->heap, sizeof *s);
  if (s == NULL)
    return error_no_memory(error);
  survey_init(s, session, each, user);
  s->callback = callback;
  rc = ask(s, TIMEOUT_NOW, error);
  if (rc != 0)
    net_free(&session->heap, s);
  return rc;
}
