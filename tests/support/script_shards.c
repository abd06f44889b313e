/* tests/support/script_shards.c - the script server as a host of ScyllaDB: its
 * shards, and the port where a client chooses one. */
#include <stdio.h>
#include <string.h>

#include "tests/support/script_private.h"

void script_shards(struct script_server *s, unsigned count,
                   enum script_shard_port port) {
  script_lock(s);
  s->shards = count;
  s->shard_port_is = port;
  if (port != SHARD_PORT_NONE) {
    s->shard_listener =
        port == SHARD_PORT_REFUSES ? script_bound(0) : script_listener(0);
    s->shard_port = script_port_of(s->shard_listener);
  }
  script_unlock(s);
}

uint16_t script_shard_port(const struct script_server *s) {
  return s->shard_port;
}

unsigned script_shard_of(struct script_server *s, int fd, bool at_shard_port) {
  unsigned port = script_client_port(fd);

  if (s->shards == 0)
    return s->accepted;
  if (!at_shard_port)
    return s->shard_next++ % s->shards;
  s->shard_accepted++;
  return (port + (s->shard_port_is == SHARD_PORT_SKEWED)) % s->shards;
}

static void add_option(struct bytes *b, const char *key, const char *value) {
  bytes_string(b, key);
  bytes_u16(b, 1);
  bytes_string(b, value);
}

static void add_number(struct bytes *b, const char *key, unsigned value) {
  char text[16];

  snprintf(text, sizeof text, "%u", value);
  add_option(b, key, text);
}

/* As ScyllaDB's document "protocol-extensions" has them. */
void script_shard_options(const struct script_server *s,
                          const struct script_conn *c, struct bytes *b) {
  add_number(b, "SCYLLA_SHARD", c->shard);
  add_number(b, "SCYLLA_NR_SHARDS", s->shards);
  add_number(b, "SCYLLA_SHARDING_IGNORE_MSB", 12);
  add_option(b, "SCYLLA_SHARDING_ALGORITHM", "biased-token-round-robin");
  add_option(b, "SCYLLA_PARTITIONER",
             "org.apache.cassandra.dht.Murmur3Partitioner");
  if (s->shard_port_is != SHARD_PORT_NONE)
    add_number(b, "SCYLLA_SHARD_AWARE_PORT", s->shard_port);
  else
    add_option(b, "SCYLLA_LWT_ADD_METADATA_MARK",
               "LWT_OPTIMIZATION_META_BIT_MASK=2147483648");
}

unsigned script_shard_standing(struct script_server *s, unsigned shard) {
  unsigned count = 0;

  script_lock(s);
  for (int i = 0; i < CONNS_MAX; i++)
    count += s->conns[i].fd >= 0 && s->conns[i].shard == shard;
  pthread_mutex_unlock(&s->mutex);
  return count;
}

unsigned script_shard_accepted(struct script_server *s) {
  unsigned count;

  script_lock(s);
  count = s->shard_accepted;
  pthread_mutex_unlock(&s->mutex);
  return count;
}

int script_shard_seen(struct script_server *s, const char *key) {
  int shard = -1;

  script_lock(s);
  for (size_t i = 0; i < s->entry_count; i++)
    if (strcmp(s->entries[i].key, key) == 0)
      shard = (int)s->entries[i].shard;
  pthread_mutex_unlock(&s->mutex);
  return shard;
}

void script_shard_drop(struct script_server *s, unsigned shard) {
  script_lock(s);
  for (int i = 0; i < CONNS_MAX; i++)
    if (s->conns[i].fd >= 0 && s->conns[i].shard == shard)
      script_conn_close(&s->conns[i], false);
  script_unlock(s);
}
