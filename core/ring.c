#include "core/ring.h"

#include <string.h>

#include "core/copy.h"

/* ---- Names to numbers --------------------------------------------------- */

/* A host whose data center (and rack) this one shares, or itself. */
static size_t first_like(const struct ring_host *hosts, size_t host,
                         bool same_rack) {
  for (size_t i = 0; i < host; i++)
    if (strcmp(hosts[i].dc, hosts[host].dc) == 0 &&
        (!same_rack || strcmp(hosts[i].rack, hosts[host].rack) == 0))
      return i;
  return host;
}

static bool number_hosts(struct ring *r, const struct net_heap *heap,
                         const struct ring_host *hosts) {
  for (size_t i = 0; i < r->host_count; i++) {
    size_t dc = first_like(hosts, i, false), rack = first_like(hosts, i, true);

    r->racks[i] = rack < i ? r->racks[rack] : (uint16_t)r->rack_count++;
    r->dcs[i] = dc < i ? r->dcs[dc] : (uint16_t)r->dc_count++;
    if (dc < i)
      continue;
    r->dc_names[r->dcs[i]] = string_copy(heap, hosts[i].dc);
    if (r->dc_names[r->dcs[i]] == NULL)
      return false;
  }
  return true;
}

/* ---- Sorting ------------------------------------------------------------ */

struct entry {
  uint64_t key; /* the token's bits, its sign turned round: in its order */
  uint32_t host;
};

/* By one byte of the key; what has the same keeps its order. */
static void sort_by_byte(struct entry *to, const struct entry *from, size_t n,
                         unsigned shift) {
  size_t at[256] = {0}, sum = 0;

  for (size_t i = 0; i < n; i++)
    at[from[i].key >> shift & 0xff]++;
  for (size_t i = 0; i < 256; i++) {
    size_t count = at[i];

    at[i] = sum;
    sum += count;
  }
  for (size_t i = 0; i < n; i++)
    to[at[from[i].key >> shift & 0xff]++] = from[i];
}

/* `spare` is as large. */
static void sort(struct entry *entries, struct entry *spare, size_t n) {
  for (unsigned shift = 0; shift < 64; shift += 16) {
    sort_by_byte(spare, entries, n, shift);
    sort_by_byte(entries, spare, n, shift + 8);
  }
}

/* ---- Tokens ------------------------------------------------------------- */

static void fill_entries(struct entry *entries, const struct ring_host *hosts,
                         size_t count) {
  size_t n = 0;

  for (size_t i = 0; i < count; i++)
    for (size_t t = 0; t < hosts[i].token_count; t++)
      entries[n++] = (struct entry){ring_key(hosts[i].tokens[t]), (uint32_t)i};
}

static void take_entries(struct ring *r, const struct entry *entries,
                         size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (i > 0 && entries[i].key == entries[i - 1].key) {
      r->duplicates += entries[i].host != entries[i - 1].host;
      continue;
    }
    r->tokens[r->token_count] = (int64_t)ring_key((int64_t)entries[i].key);
    r->owners[r->token_count++] = (uint16_t)entries[i].host;
  }
}

/* About one token in a bucket. */
static unsigned bits_for(size_t tokens) {
  unsigned bits = 1;

  while (bits < 31 && (size_t)1 << bits < tokens)
    bits++;
  return bits;
}

static void fill_buckets(struct ring *r, size_t count) {
  uint32_t token = 0;

  for (size_t b = 0; b < count; b++) {
    while (token < r->token_count && ring_key(r->tokens[token]) >> r->shift < b)
      token++;
    r->buckets[b] = token;
  }
  r->buckets[count] = r->token_count;
}

static bool set_tokens(struct ring *r, const struct net_heap *heap,
                       const struct ring_host *hosts, size_t n) {
  struct entry *entries = net_alloc(heap, (n + 1) * sizeof *entries);
  struct entry *spare = net_alloc(heap, (n + 1) * sizeof *spare);
  size_t buckets = (size_t)1 << bits_for(n);
  bool ok = false;

  r->shift = 64 - bits_for(n);
  r->tokens = net_alloc(heap, (n + 1) * sizeof *r->tokens);
  r->owners = net_alloc(heap, (n + 1) * sizeof *r->owners);
  r->buckets = net_alloc(heap, (buckets + 1) * sizeof *r->buckets);
  if (entries != NULL && spare != NULL && r->tokens != NULL &&
      r->owners != NULL && r->buckets != NULL) {
    fill_entries(entries, hosts, r->host_count);
    sort(entries, spare, n);
    take_entries(r, entries, n);
    fill_buckets(r, buckets);
    ok = true;
  }
  net_free(heap, entries);
  net_free(heap, spare);
  return ok;
}

/* ---- The whole ---------------------------------------------------------- */

struct ring *ring_make(const struct net_heap *heap,
                       const struct ring_host *hosts, size_t count) {
  struct ring *r = count <= RING_HOSTS_MAX ? net_alloc(heap, sizeof *r) : NULL;
  size_t n = 0;

  if (r == NULL)
    return NULL;
  for (size_t i = 0; i < count; i++)
    n += hosts[i].token_count;
  r->host_count = (uint32_t)count;
  r->dcs = net_alloc(heap, (count + 1) * sizeof *r->dcs);
  r->racks = net_alloc(heap, (count + 1) * sizeof *r->racks);
  r->dc_names = net_alloc(heap, (count + 1) * sizeof *r->dc_names);
  if (r->dcs != NULL && r->racks != NULL && r->dc_names != NULL &&
      number_hosts(r, heap, hosts) && n < UINT32_MAX &&
      set_tokens(r, heap, hosts, n))
    return r;
  ring_free(heap, r);
  return NULL;
}

void ring_free(const struct net_heap *heap, struct ring *r) {
  if (r == NULL)
    return;
  for (uint32_t i = 0; r->dc_names != NULL && i < r->dc_count; i++)
    net_free(heap, r->dc_names[i]);
  net_free(heap, r->dc_names);
  net_free(heap, r->dcs);
  net_free(heap, r->racks);
  net_free(heap, r->tokens);
  net_free(heap, r->owners);
  net_free(heap, r->buckets);
  net_free(heap, r);
}

uint32_t ring_find_from(const struct ring *r, uint32_t near, int64_t token) {
  uint32_t low = near, high;

  /* About one token is in a bucket ... */
  for (int i = 0; i < 8; i++, low++)
    if (low == r->token_count)
      return 0;
    else if (r->tokens[low] >= token)
      return low;
  /* ... but hosts may claim what tokens they like. */
  high = r->buckets[(ring_key(token) >> r->shift) + 1];
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;

    if (r->tokens[middle] < token)
      low = middle + 1;
    else
      high = middle;
  }
  return low < r->token_count ? low : 0;
}
