#include "core/dialer.h"

#include <stdio.h>
#include <string.h>

#include "core/backoff.h"
#include "core/mark.h"

static void begin_contact(struct dialer *d);
static void next_contact(struct dialer *d);
static void next_address(struct dialer *d);

/* ---- Reasons ------------------------------------------------------------ */

static bool says_more(int code) {
  return code == FAILURE_AUTH || code == FAILURE_PROTOCOL ||
         code == FAILURE_INVALID || code == FAILURE_TLS;
}

/* A peer that spoke, and spoke wrongly, says more than one that is absent. */
static int worse_code(int a, int b) {
  if (a == 0 || says_more(b))
    return b;
  return says_more(a) || a == b ? a : FAILURE_CONNECT;
}

static void note(struct dialer *d, const char *host, int code, const char *what,
                 const char *detail) {
  struct failure *f = &d->round;
  bool first = f->detail[0] == '\0';
  int worse = worse_code(first ? 0 : f->code, code);

  if (first || worse != f->code)
    f->what = worse == code ? what : "could not connect";
  f->code = worse;
  snprintf(f->host, sizeof f->host, "%s", first ? host : "");
  failure_list(f->detail, sizeof f->detail, host, what, detail);
}

/* ---- Rounds ------------------------------------------------------------- */

static void begin_round(struct dialer *d) {
  d->tried = 0;
  failure_init(&d->round, FAILURE_CONNECT, OUTCOME_NOT_APPLIED,
               "could not connect");
  d->round_end = d->context->now + d->context->config.connect_timeout;
  begin_contact(d);
}

static void on_timer(struct timer *timer) {
  struct dialer *d = LIST_ENTRY(timer, struct dialer, timer);

  if (d->state == DIALER_RESOLVING) {
    MARK(lookup_timeout);
    net_lookup_cancel(d->lookup);
    d->lookup = NULL;
    note(d, d->contacts[d->contact].name, FAILURE_TIMED_OUT,
         "looking up the name took too long", "");
    next_contact(d);
  } else {
    begin_round(d);
  }
}

/* What comes next may fail at once, inside of this: there may be many of those,
 * and none of them stands on the stack of the one before it. */
static void go_on(struct dialer *d) {
  d->state = DIALER_NEXT;
  if (d->going_on)
    return;
  d->going_on = true;
  while (d->state == DIALER_NEXT)
    next_address(d);
  d->going_on = false;
}

void dialer_init(struct dialer *d, struct context *c,
                 const struct dialer_owner *owner, void *arg,
                 const struct contact *contacts, size_t contact_count) {
  memset(d, 0, sizeof *d);
  d->context = c;
  d->owner = owner;
  d->owner_arg = arg;
  d->contacts = contacts;
  d->contact_count = contact_count;
  d->pause = c->config.reconnect_min;
  timer_init(&d->timer, on_timer);
  failure_init(&d->last, FAILURE_NO_HOST, OUTCOME_NOT_APPLIED,
               "no connection ready in time");
}

void dialer_start_later(struct dialer *d) {
  struct context *c = d->context;

  if (d->state == DIALER_STOPPED)
    return;
  d->state = DIALER_WAITING;
  timer_set(&c->timers, &d->timer,
            c->now + backoff_next(&d->pause, &c->config));
}

/* The next round begins with another contact point than this one did, so that
 * none depends on those before it. */
static void next_contact(struct dialer *d) {
  d->contact = (d->contact + 1) % d->contact_count;
  d->tried++;
  if (d->tried < d->contact_count) {
    begin_contact(d);
    return;
  }
  d->contact = (d->contact + 1) % d->contact_count;
  d->last = d->round;
  dialer_start_later(d);
  d->owner->round_failed(d->owner_arg, &d->last);
}

/* Each address gets its share of what its contact point has left. */
static void next_address(struct dialer *d) {
  uint64_t now = d->context->now;
  size_t left = d->address_count - d->address;

  ENSURE(d->address <= d->address_count &&
         d->address_count <= DIALER_ADDRESSES);
  if (left == 0) {
    next_contact(d);
    return;
  }
  d->state = DIALER_DIALING;
  d->owner->dial(d->owner_arg, &d->addresses[d->address++],
                 d->contact_end > now ? now + (d->contact_end - now) / left
                                      : now + 1);
}

static void on_found(void *arg, int error, const struct net_address *found,
                     size_t count) {
  struct dialer *d = arg;

  d->lookup = NULL;
  timer_stop(&d->timer);
  context_enter(d->context);
  if (error != 0 || count == 0) {
    MARK(lookup_failed);
    note(d, d->contacts[d->contact].name, FAILURE_CONNECT, "unknown host name",
         error != 0 ? net_error_text(error) : "");
    go_on(d);
    return;
  }
  if (count > DIALER_ADDRESSES)
    count = DIALER_ADDRESSES;
  memcpy(d->addresses, found, count * sizeof *found);
  d->address_count = count;
  next_address(d);
}

/* The caller's own look-up. */
static void resolve(struct dialer *d, const struct contact *contact) {
  const struct config *config = &d->context->config;
  char texts[DIALER_ADDRESSES][46];
  int n = config->resolve(config->resolve_user, contact->name, texts,
                          DIALER_ADDRESSES);

  for (int i = 0; i < n && i < DIALER_ADDRESSES; i++)
    if (net_address_parse(&d->addresses[d->address_count], texts[i],
                          contact->port))
      d->address_count++;
}

static void begin_contact(struct dialer *d) {
  const struct contact *contact = &d->contacts[d->contact];
  uint64_t now = d->context->now;
  int rc;

  ENSURE(d->contact < d->contact_count && d->tried < d->contact_count);
  ENSURE(d->lookup == NULL);
  /* A silent host or a slow look-up must not use up the time of the others. */
  d->contact_end = d->round_end;
  if (d->round_end > now)
    d->contact_end = now + (d->round_end - now) / (d->contact_count - d->tried);
  d->address = d->address_count = 0;
  if (net_address_parse(&d->addresses[0], contact->name, contact->port)) {
    d->address_count = 1;
    next_address(d);
    return;
  }
  if (d->context->config.resolve != NULL) {
    resolve(d, contact);
    if (d->address_count > 0) {
      next_address(d);
      return;
    }
    MARK(lookup_failed);
    note(d, contact->name, FAILURE_CONNECT, "unknown host name",
         "options.resolve gave no address");
    go_on(d);
    return;
  }
  d->state = DIALER_RESOLVING;
  timer_set(&d->context->timers, &d->timer, d->contact_end);
  rc = net_lookup_start(&d->lookup, d->context->net, contact->name,
                        contact->port, on_found, d);
  if (rc != 0)
    on_found(d, rc, NULL, 0);
}

void dialer_start(struct dialer *d) {
  if (d->state != DIALER_IDLE)
    return;
  d->state = DIALER_WAITING;
  timer_set(&d->context->timers, &d->timer, d->context->now);
}

const char *dialer_name(const struct dialer *d) {
  return d->contacts[d->contact].name;
}

void dialer_failed(struct dialer *d, const struct failure *why) {
  if (d->state != DIALER_DIALING)
    return;
  note(d, why->host, why->code, why->what, why->detail);
  go_on(d);
}

void dialer_connected(struct dialer *d) {
  ENSURE(!timer_is_set(&d->timer));
  d->state = DIALER_IDLE;
  d->pause = d->context->config.reconnect_min;
}

static void end_waiting(struct dialer *d) {
  timer_stop(&d->timer);
  if (d->lookup != NULL) {
    MARK(lookup_cancelled);
    net_lookup_cancel(d->lookup);
  }
  d->lookup = NULL;
}

void dialer_rest(struct dialer *d) {
  if (d->state == DIALER_STOPPED)
    return;
  end_waiting(d);
  dialer_connected(d);
}

void dialer_stop(struct dialer *d) {
  end_waiting(d);
  d->state = DIALER_STOPPED;
}
