#include "core/locality.h"

#include <stdio.h>
#include <string.h>

#include "core/mark.h"
#include "core/peer.h"
#include "core/router.h"

bool locality_translate(const struct config *config,
                        struct net_address *address) {
  struct net_address own = *address;

  if (config->translate == NULL)
    return false;
  config->translate(config->host_user, address);
  return !peer_same_address(&own, address);
}

/* "dc1, dc2": each once. */
static void list_dcs(const struct topology *t, char *out, size_t size) {
  size_t len = 0;

  out[0] = '\0';
  for (size_t i = 0; i < t->count && len < size; i++) {
    bool again = false;

    for (size_t k = 0; k < i && !again; k++)
      again = strcmp(t->hosts[i].dc, t->hosts[k].dc) == 0;
    if (!again)
      len += (size_t)snprintf(out + len, size - len, "%s%s",
                              len > 0 ? ", " : "", t->hosts[i].dc);
  }
}

static bool has_dc(const struct topology *t, const char *dc) {
  for (size_t i = 0; i < t->count; i++)
    if (strcmp(t->hosts[i].dc, dc) == 0)
      return true;
  return false;
}

static bool has_other_dc(const struct topology *t, const char *dc) {
  for (size_t i = 0; i < t->count; i++)
    if (strcmp(t->hosts[i].dc, dc) != 0)
      return true;
  return false;
}

/* The option's, or the one of the host that was asked first of all. */
static void choose_dc(struct context *c, const struct topology *t,
                      char local_dc[REPLICATION_NAME]) {
  const char *given = c->config.local_dc;
  char dcs[300];

  if (local_dc[0] != '\0')
    return;
  if (given != NULL && given[0] != '\0') {
    snprintf(local_dc, REPLICATION_NAME, "%s", given);
    return;
  }
  snprintf(local_dc, REPLICATION_NAME, "%s", t->hosts[0].dc);
  if (!has_other_dc(t, local_dc))
    return;
  MARK(dc_learned);
  list_dcs(t, dcs, sizeof dcs);
  log_write(&c->log, LOG_WARNING,
            "of the data centers %s, \"%s\" is taken for the local one, since "
            "the first contact point is there: say which with the option "
            "local_dc",
            dcs, local_dc);
}

static bool fail(struct failure *why, const char *what, const char *detail) {
  failure_init(why, FAILURE_INVALID, OUTCOME_NOT_APPLIED, what);
  failure_detail(why, "%s", detail);
  return false;
}

static bool dc_is_there(const struct topology *t, const char *dc,
                        struct failure *why) {
  char dcs[200], detail[400];

  if (has_dc(t, dc))
    return true;
  MARK(dc_wrong);
  list_dcs(t, dcs, sizeof dcs);
  snprintf(
      detail, sizeof detail,
      "option local_dc: \"%.100s\" is no data center of the cluster, which has "
      "%s",
      dc, dcs);
  return fail(why, "the local data center has no host", detail);
}

static enum distance distance_of(const struct config *config,
                                 const struct host_info *h, const char *dc) {
  const char *rack = config->local_rack;

  if (config->host_allowed != NULL &&
      !config->host_allowed(config->host_user, h))
    return NEVER;
  if (strcmp(h->dc, dc) != 0)
    return REMOTE_DC;
  return rack != NULL && strcmp(h->rack, rack) == 0 ? LOCAL_RACK : LOCAL_DC;
}

/* It may be a wrong name, which would route as if there were none. */
static void warn_of_rack(struct context *c, const struct topology *t,
                         const char *dc) {
  const char *rack = "";

  for (size_t i = 0; i < t->count && rack[0] == '\0'; i++)
    if (strcmp(t->hosts[i].dc, dc) == 0)
      rack = t->hosts[i].rack;
  log_write(&c->log, LOG_WARNING,
            "option local_rack: no host of the data center \"%s\" is in rack "
            "\"%s\" now (the first one is in \"%s\"): racks are alike",
            dc, c->config.local_rack, rack);
}

bool locality_apply(struct context *c, struct topology *t,
                    char local_dc[REPLICATION_NAME], struct failure *why) {
  const struct config *config = &c->config;
  bool first = local_dc[0] == '\0', in_rack = false;
  size_t usable = 0;

  choose_dc(c, t, local_dc);
  if (!dc_is_there(t, local_dc, why))
    return false;
  for (size_t i = 0; i < t->count; i++) {
    struct host_info *h = &t->hosts[i];

    /* The first one was reached where it is. */
    h->translated = i > 0 ? locality_translate(config, &h->address)
                          : config->translate != NULL;
    h->distance = (uint8_t)distance_of(config, h, local_dc);
    in_rack = in_rack || h->distance == LOCAL_RACK;
    usable +=
        h->distance < REMOTE_DC || (h->distance == REMOTE_DC && config->remote);
  }
  if (first && !in_rack && config->local_rack != NULL)
    warn_of_rack(c, t, local_dc);
  return usable > 0 ||
         fail(why, "no host is left to go to",
              "options.host_filter allows none of the local data center");
}

void locality_name(const struct config *config,
                   const struct net_address *address, const char *contact,
                   char name[TLS_NAME]) {
  if (config->tls_name != NULL &&
      config->tls_name(config->tls_user, address, name))
    return;
  if (contact != NULL)
    snprintf(name, TLS_NAME, "%s", contact);
  else
    peer_address(address, name);
}

void locality_keep_contacts(struct topology *t, const struct topology *latest,
                            const char *contact) {
  /* There may be a thousand hosts, and few of them are contact points. */
  for (size_t i = 0; latest != NULL && i < latest->count; i++) {
    const struct host_info *known = &latest->hosts[i], *same;

    if (known->contact == NULL)
      continue;
    same = topology_find(t, known->id);
    if (same != NULL)
      t->hosts[same - t->hosts].contact = known->contact;
  }
  if (contact != NULL)
    t->hosts[0].contact = contact;
}

void locality_warn_of_strategy(struct context *c, const char *keyspace) {
  MARK(replication_other);
  log_write(&c->log, LOG_WARNING,
            "keyspace %s: its replication strategy is not known here: requests "
            "go to any host of the data center",
            keyspace);
}
