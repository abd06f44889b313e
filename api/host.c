/* api/host.c - a host as programs see it, and what they may say of hosts: which
 * to use, where they are; and hear: that one went up or down. */
#include "api/internal.h"

#include <stdio.h>
#include <string.h>

_Static_assert((int)TALLY_LOCAL_RACK == (int)LOCAL_RACK + 1 &&
                   (int)TALLY_LOCAL_DC == (int)LOCAL_DC + 1 &&
                   (int)TALLY_REMOTE_DC == (int)REMOTE_DC + 1 &&
                   (int)TALLY_FILTERED == (int)NEVER + 1,
               "core and api number distances alike");

void host_describe(tally_host *to, char address[HOST_ADDRESS],
                   const struct host_info *info) {
  memset(to, 0, sizeof *to);
  peer_address(&info->address, address);
  to->address = address;
  to->port = info->address.port;
  to->dc = info->dc;
  to->rack = info->rack;
  to->version = info->version;
  to->why = "";
  to->tokens = (uint32_t)info->token_count;
}

void host_reason(const struct failure *why, char out[HOST_REASON]) {
  snprintf(out, HOST_REASON, "%s%s%s", why->what,
           why->detail[0] != '\0' ? ": " : "", why->detail);
}

/* ---- The options' functions --------------------------------------------- */

static bool is_allowed(void *arg, const struct host_info *info) {
  tally_session *s = arg;
  char address[HOST_ADDRESS];
  tally_host host;

  host_describe(&host, address, info);
  return s->host_filter(s->host_user, &host) != 0;
}

static void translate(void *arg, struct net_address *a) {
  tally_session *s = arg;
  char given[HOST_ADDRESS], translated[HOST_ADDRESS];
  struct net_address to;
  uint16_t port = a->port;

  peer_address(a, given);
  memcpy(translated, given, sizeof translated);
  if (s->translate_address(s->host_user, given, a->port, translated, &port) ==
      0)
    return;
  translated[HOST_ADDRESS - 1] = '\0';
  if (net_address_parse(&to, translated, port) && port != 0)
    *a = to;
  else
    log_write(&s->loops[0].context.log, LOG_WARNING,
              "options.translate_address makes \"%s\", port %u of %s: that is "
              "no address, and is not heeded",
              translated, (unsigned)port, given);
}

static void on_changed(void *arg, const struct host *h,
                       const struct failure *why) {
  static char nothing[1];
  tally_session *s = arg;
  const struct host_info *info =
      topology_find(s->loops[0].cluster.hosts.snapshot->topology, h->id);
  /* One that has left the cluster is in its tables no more. */
  struct host_info gone = {.dc = nothing, .rack = nothing, .version = nothing};
  char address[HOST_ADDRESS], reason[HOST_REASON];
  tally_host host;

  gone.address = h->pool.address;
  host_describe(&host, address, info != NULL ? info : &gone);
  host.distance = h->route.distance + 1;
  host.up = why == NULL;
  host.connections = h->pool.ready_count;
  host.in_flight = h->route.in_flight;
  if (why != NULL) {
    host_reason(why, reason);
    host.why = reason;
  }
  s->on_host(s->host_user, &host);
}

void host_options(tally_session *s, struct config *c) {
  c->local_dc = s->local_dc;
  c->local_rack = s->local_rack;
  c->host_user = s;
  if (s->host_filter != NULL)
    c->host_allowed = is_allowed;
  if (s->translate_address != NULL)
    c->translate = translate;
  if (s->on_host != NULL)
    c->host_changed = on_changed;
}
