/* core/locality.h - which hosts are near, which are far, and where they are to
 * be found, as the options say it. */
#ifndef LOCALITY_H
#define LOCALITY_H

#include "core/context.h"
#include "core/placement.h"
#include "core/topology.h"

/* Each host's address and distance, from what the system tables say.
 * `local_dc` is the data center that requests go to, learned here when it is
 * "" and the options name none.  False: there is no host to go to, with the
 * reason in *why. */
bool locality_apply(struct context *c, struct topology *t,
                    char local_dc[REPLICATION_NAME], struct failure *why);
/* The names that the user gave to contact points, of those hosts that are known
 * under one: `contact` is that of the host that was asked, or NULL. */
void locality_keep_contacts(struct topology *t, const struct topology *latest,
                            const char *contact);
/* The name that a host's certificate is to be for.  Also where nothing is
 * verified: servers choose a certificate by it. */
void locality_name(const struct config *config,
                   const struct net_address *address, const char *contact,
                   char name[TLS_NAME]);
/* An address of the servers' own as the client has to write it.  True: that is
 * another one. */
bool locality_translate(const struct config *config,
                        struct net_address *address);
/* A keyspace's replicas cannot be told. */
void locality_warn_of_strategy(struct context *c, const char *keyspace);

#endif
