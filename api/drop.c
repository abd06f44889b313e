/* api/drop.c - tables that go: dropped, or emptied. */
#include "api/schema.h"

#include <string.h>

static struct change_of dropping(const tally_table *t) {
  return (struct change_of){
      .doing = "dropping table", .about = t->qualified, .of_table = true};
}

int tally_drop_table(tally_table *table, tally_error *error) {
  struct change_of of = dropping(table);
  struct text text;

  text_init(&text, &table->session->heap);
  statement_drop(table, &text);
  return change_wait(table->session, &text, &of, error);
}

int tally_drop_table_async(tally_table *table, tally_callback callback,
                           void *user, tally_error *error) {
  struct change_of of = dropping(table);
  struct listener to = {NULL, callback, user};
  struct text text;

  text_init(&text, &table->session->heap);
  statement_drop(table, &text);
  return change_tell(table->session, &text, &of, &to, error);
}

/* ---- TRUNCATE ----------------------------------------------------------- */

/* The statement and its text live until the end is told. */
struct truncation {
  struct net_heap heap;
  struct statement statement;
  struct text text;
  struct listener to;
};

static void truncation_free(struct truncation *c) {
  const struct net_heap heap = c->heap;

  net_free(&heap, c->text.p);
  net_free(&heap, c);
}

static void on_truncated(op_callback *callback, void *user,
                         const struct answer *answer) {
  struct truncation *c = user;
  struct listener to = c->to;
  tally_error e;
  int rc = answer->code != 0 ? error_from_answer(&e, answer) : 0;

  (void)callback;
  truncation_free(c);
  change_told(&to, rc, &e);
}

static struct truncation *truncation_new(tally_table *t,
                                         const struct listener *to) {
  struct truncation *c = net_alloc(&t->session->heap, sizeof *c);

  if (c == NULL)
    return NULL;
  c->heap = t->session->heap;
  c->to = *to;
  text_init(&c->text, &c->heap);
  text_add(&c->text, "TRUNCATE TABLE ");
  text_add(&c->text, t->qualified);
  if (c->text.failed) {
    truncation_free(c);
    return NULL;
  }
  c->statement = (struct statement){.text = c->text.p,
                                    .text_len = c->text.len,
                                    .table = t->qualified,
                                    .effect = EFFECT_WRITE};
  return c;
}

static int truncate_table(tally_table *t, const struct listener *to,
                          struct loop **loop, tally_error *e) {
  tally_session *s = t->session;
  struct truncation *c = truncation_new(t, to);
  struct op *op = op_make(&s->heap);
  int rc;

  if (c == NULL || op == NULL) {
    rc = error_no_memory(e);
    if (op != NULL)
      op_release(&s->heap, op);
  } else {
    op->kind = OP_QUERY;
    op->statement = &c->statement;
    op->consistency = s->consistency;
    op->timeout = TIMEOUT_SCHEMA;
    op->note = NOTE_TRUNCATE;
    op->done = on_truncated;
    op->user = c;
    *loop = session_loop(s);
    rc = session_submit(*loop, op, e);
  }
  if (rc != 0 && c != NULL)
    truncation_free(c);
  return rc;
}

int tally_truncate(tally_table *table, tally_error *error) {
  struct waiter w = {.error = error};
  struct listener to = {.waiter = &w};
  struct loop *loop;
  int rc = wait_begin(table->session, error);

  if (rc == 0)
    rc = truncate_table(table, &to, &loop, error);
  if (rc != 0)
    return rc;
  wait_for(table->session, loop, &w);
  return w.code;
}

int tally_truncate_async(tally_table *table, tally_callback callback,
                         void *user, tally_error *error) {
  struct listener to = {NULL, callback, user};
  struct loop *loop;

  return truncate_table(table, &to, &loop, error);
}
