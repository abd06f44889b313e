/* tests/chaos/proxy_commands.c - what the proxy is told to do.
 *
 * A command is a line on standard input, and is answered with a line on
 * standard output: the number of connections there are.
 *
 *   reset all|one          with RST, on both sides
 *   cut up|down BYTES      a reset of every connection after so many bytes more
 *   stall up|down|both MS  nothing is read
 *   split MS               what is written comes in pieces of 1 to 16 bytes
 *   swallow up|down|both MS  what comes is dropped; on the connections that
 *                            there are, and on those of the next MS, for ever
 *   refuse MS              connecting is refused
 *   heal                   all of it ends; swallowed connections are reset */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/chaos/mix.h"
#include "tests/chaos/proxy.h"

enum { LINE_BYTES = 128 };

static struct {
  struct proxy *proxy;
  uv_pipe_t input;
  char line[LINE_BYTES];
  size_t len;
} commands;

static uint32_t count(const struct proxy *p) {
  uint32_t n = 0;

  for (const struct link *l = p->links; l != NULL; l = l->next)
    n++;
  return n;
}

/* `next` is taken before `l` may leave the list. */
static void all_go_on(struct proxy *p) {
  for (struct link *l = p->links, *next; l != NULL; l = next) {
    next = l->next;
    link_go_on(l);
  }
}

/* ---- Spells ------------------------------------------------------------- */

static void on_spell_over(uv_timer_t *timer) {
  struct spell *s = timer->data;

  s->on = false;
  all_go_on(commands.proxy);
}

static void spell_begin(struct spell *s, uint32_t ms) {
  s->on = true;
  s->timer.data = s;
  uv_timer_start(&s->timer, on_spell_over, ms, 0);
}

static void spell_end(struct spell *s) {
  uv_timer_stop(&s->timer);
  s->on = false;
}

static void on_refused(uv_handle_t *listener) {
  struct proxy *p = listener->data;

  p->listening = false;
  if (!p->refuse.on)
    proxy_listen(p);
}

static void on_refuse_over(uv_timer_t *timer) {
  struct proxy *p = commands.proxy;

  (void)timer;
  p->refuse.on = false;
  if (!p->listening)
    proxy_listen(p);
}

static void refuse(struct proxy *p, uint32_t ms) {
  p->refuse.on = true;
  uv_timer_start(&p->refuse.timer, on_refuse_over, ms, 0);
  if (!uv_is_closing((uv_handle_t *)&p->listener))
    uv_close((uv_handle_t *)&p->listener, on_refused);
}

/* ---- Commands ----------------------------------------------------------- */

static bool goes(const char *where, int way) {
  return strcmp(where, "both") == 0 ||
         strcmp(where, way == UP ? "up" : "down") == 0;
}

static void reset(struct proxy *p, const char *which) {
  bool one = strcmp(which, "one") == 0;
  uint32_t n = count(p);
  uint32_t chosen = one && n > 0 ? mix_below(&p->random, n) : 0;

  for (struct link *l = p->links, *next; l != NULL; l = next) {
    next = l->next;
    if (!one || chosen-- == 0)
      link_reset(l);
  }
}

/* From now on: what is being written is out already. */
static void flow_cut(struct flow *f, uint32_t bytes) {
  f->cut = (int64_t)(f->writing ? f->piece : 0) + bytes;
}

static void cut(struct proxy *p, const char *where, uint32_t bytes) {
  for (struct link *l = p->links; l != NULL; l = l->next)
    for (int way = 0; way < WAYS; way++)
      if (goes(where, way))
        flow_cut(&l->flows[way], bytes);
  all_go_on(p);
}

static void swallow(struct proxy *p, const char *where, uint32_t ms) {
  for (int way = 0; way < WAYS; way++) {
    if (!goes(where, way))
      continue;
    spell_begin(&p->swallow[way], ms);
    for (struct link *l = p->links; l != NULL; l = l->next)
      l->flows[way].swallowed = true;
  }
  all_go_on(p);
}

static void stall(struct proxy *p, const char *where, uint32_t ms) {
  for (int way = 0; way < WAYS; way++)
    if (goes(where, way))
      spell_begin(&p->stall[way], ms);
  all_go_on(p);
}

static void heal(struct proxy *p) {
  for (int way = 0; way < WAYS; way++) {
    spell_end(&p->stall[way]);
    spell_end(&p->swallow[way]);
  }
  spell_end(&p->split);
  if (p->refuse.on) {
    spell_end(&p->refuse);
    on_refuse_over(&p->refuse.timer);
  }
  for (struct link *l = p->links, *next; l != NULL; l = next) {
    next = l->next;
    if (l->flows[UP].swallowed || l->flows[DOWN].swallowed)
      link_reset(l);
    l->flows[UP].cut = l->flows[DOWN].cut = NO_CUT;
  }
  all_go_on(p);
}

static void obey(struct proxy *p, const char *line) {
  char verb[16] = "", where[16] = "";
  uint32_t number = 0;

  if (sscanf(line, "%15s %15[a-z] %u", verb, where, &number) < 2)
    sscanf(line, "%15s %u", verb, &number);
  if (strcmp(verb, "reset") == 0)
    reset(p, where);
  else if (strcmp(verb, "cut") == 0)
    cut(p, where, number);
  else if (strcmp(verb, "stall") == 0)
    stall(p, where, number);
  else if (strcmp(verb, "split") == 0)
    spell_begin(&p->split, number);
  else if (strcmp(verb, "swallow") == 0)
    swallow(p, where, number);
  else if (strcmp(verb, "refuse") == 0)
    refuse(p, number);
  else if (strcmp(verb, "heal") == 0)
    heal(p);
  else {
    fprintf(stderr, "chaos_proxy: not understood: %s\n", line);
    exit(2);
  }
  printf("%u\n", count(p));
  fflush(stdout);
}

/* ---- Lines -------------------------------------------------------------- */

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  (void)handle;
  (void)suggested;
  *buf = uv_buf_init(commands.line + commands.len,
                     (unsigned)(sizeof commands.line - 1 - commands.len));
}

static void on_text(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  char *end;

  (void)stream;
  (void)buf;
  if (n < 0)
    exit(0);
  commands.len += (size_t)n;
  commands.line[commands.len] = '\0';
  while ((end = strchr(commands.line, '\n')) != NULL) {
    *end = '\0';
    obey(commands.proxy, commands.line);
    commands.len -= (size_t)(end + 1 - commands.line);
    memmove(commands.line, end + 1, commands.len + 1);
  }
}

void commands_begin(struct proxy *p) {
  struct spell *spells[] = {&p->stall[UP],     &p->stall[DOWN], &p->swallow[UP],
                            &p->swallow[DOWN], &p->split,       &p->refuse};

  commands.proxy = p;
  for (size_t i = 0; i < sizeof spells / sizeof spells[0]; i++)
    uv_timer_init(&p->loop, &spells[i]->timer);
  uv_pipe_init(&p->loop, &commands.input, 0);
  uv_pipe_open(&commands.input, 0);
  uv_read_start((uv_stream_t *)&commands.input, on_room, on_text);
}
