/* tests/chaos/history.c - what happened, in lines that people can read and
 * check_books.py checks.  Times are microseconds of the monotonic clock. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/chaos/driver.h"

enum { BUFFER_BYTES = 1 << 20, TEXT_BYTES = 320 };

/* Every line is one fprintf(), which locks the file. */
static FILE *history;

void history_open(const char *path) {
  history = fopen(path, "w");
  if (history == NULL) {
    perror(path);
    exit(2);
  }
  setvbuf(history, NULL, _IOFBF, BUFFER_BYTES);
}

void history_close(void) {
  fprintf(history, "end\t%" PRIuFAST64 "\t%" PRIuFAST64 "\n",
          atomic_load(&run.begun), atomic_load(&run.ended));
  if (fclose(history) != 0) {
    perror("history");
    exit(2);
  }
}

void short_key(char out[64], const char *key) {
  const char *pad = strchr(key, '/');

  if (pad == NULL || pad[1] != 'x')
    snprintf(out, 64, "%.63s", key);
  else
    snprintf(out, 64, "%.*s/x*%zu", (int)(pad - key), key, strlen(pad + 1));
}

static void key_of(char out[64], const struct op *op) {
  if (op->hot >= 0)
    snprintf(out, 64, "hot/%d", op->hot);
  else if (op->pad > 0)
    snprintf(out, 64, "%" PRIu64 "/x*%u", op->number, (unsigned)op->pad);
  else
    snprintf(out, 64, "%" PRIu64, op->number);
}

/* One line, whatever a server said. */
static const char *sentence(char out[TEXT_BYTES], const tally_error *e) {
  if (e == NULL)
    return "";
  snprintf(out, TEXT_BYTES, "%.150s | %.150s", e->message, e->detail);
  for (char *p = out; *p != '\0'; p++)
    if (*p == '\t' || *p == '\n')
      *p = ' ';
  return out;
}

/* session NUMBER CREW HOW TIMEOUT-MS */
void history_site(const struct site *s) {
  fprintf(history, "session\t%u\t%s\t%s\t%u\n", (unsigned)s->number,
          s->plan->name, s->plan->proxied ? "proxied" : "direct",
          (unsigned)s->increment_timeout_ms);
}

/* op NUMBER SESSION FORM TABLE KEY N TWICE BEGIN END OUTCOME CODE CAUSE
 * OPERATION SENTENCE */
void history_op(const struct op *op, int outcome, const tally_error *e) {
  char key[64], text[TEXT_BYTES];

  key_of(key, op);
  fprintf(history,
          "op\t%" PRIu64 "\t%u\t%s\t%s\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRIu64
          "\t%" PRIu64 "\t%s\t%s\t%s\t%" PRIu64 "\t%s\n",
          op->number, (unsigned)op->site->number, op->form,
          op->hot >= 0 ? "hot" : "ops", key, op->n, op->twice, op->begin_us,
          now_us(), tally_outcome_name(outcome),
          e == NULL ? "-" : tally_error_name(e->code),
          e == NULL ? "-" : tally_error_name(e->cause),
          e == NULL ? 0 : e->operation, sentence(text, e));
}

/* read SESSION TABLE KEY N TWICE BEGIN END; without a row "absent", and a read
 * that failed has its code there. */
void history_read(const struct op *op, const char *key, const counted *row,
                  int status) {
  const char *table = op->hot >= 0 ? "hot" : "ops";
  unsigned session = (unsigned)op->site->number;
  uint64_t end_us = now_us();

  if (status == 0)
    fprintf(history,
            "read\t%u\t%s\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRIu64 "\t%" PRIu64
            "\n",
            session, table, key, row->n, row->twice, op->begin_us, end_us);
  else
    fprintf(history, "read\t%u\t%s\t%s\t%s\t-\t%" PRIu64 "\t%" PRIu64 "\n",
            session, table, key,
            status == TALLY_ENOTFOUND ? "absent" : tally_error_name(status),
            op->begin_us, end_us);
}

void history_fail(const struct site *s, const char *what,
                  const tally_error *e) {
  char text[TEXT_BYTES];

  fprintf(history, "fail\t%u\t%s\t%s\t%" PRIu64 "\t%s\n", (unsigned)s->number,
          what, tally_error_name(e->code), now_us(), sentence(text, e));
}

/* settled SESSION OPERATION OUTCOME AT TABLE KEY N TWICE */
void history_settled(void *arg, const tally_settled *settled) {
  const struct site *s = arg;
  const counted *row = settled->row;
  char key[64] = "?";

  if (row != NULL)
    short_key(key, row->key);
  fprintf(history,
          "settled\t%u\t%" PRIu64 "\t%s\t%" PRIu64 "\t%s\t%s\t%" PRId64
          "\t%" PRId64 "\n",
          (unsigned)s->number, settled->operation,
          tally_outcome_name(settled->outcome), now_us(),
          tally_table_name(settled->table), key, row == NULL ? 0 : row->n,
          row == NULL ? 0 : row->twice);
}

/* host SESSION ADDRESS:PORT up|down AT WHY */
void history_host(void *arg, const tally_host *host) {
  const struct site *s = arg;

  fprintf(history, "host\t%u\t%s:%u\t%s\t%" PRIu64 "\t%.150s\n",
          (unsigned)s->number, host->address, (unsigned)host->port,
          host->up ? "up" : "down", now_us(), host->why);
}

void history_log(void *arg, int level, const char *text) {
  const struct site *s = arg;

  fprintf(history, "log\t%u\t%d\t%" PRIu64 "\t%s\n", (unsigned)s->number, level,
          now_us(), text);
}

void history_alive(const struct site *s, int64_t ms) {
  fprintf(history, "alive\t%u\t%" PRId64 "\n", (unsigned)s->number, ms);
}
