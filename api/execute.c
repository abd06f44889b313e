/* api/execute.c - tally_execute(): any CQL.
 *
 * What has values takes two requests when its text is not known yet: a PREPARE
 * that asks for its markers' types, and then the statement itself. */
#include "api/execute.h"

#include <string.h>

/* One execution, until its end. */
struct call {
  tally_session *session;
  const tally_statement *given;
  tally_statement *own;       /* asynchronous: the same, a copy */
  struct statement statement; /* the text as it is, and as it is asked about */
  struct known *known;
  struct page page;
  struct extras extras;
  struct loop *loop;
  tally_answer *answer;
  struct waiter w;
  tally_error error;
  tally_answer_callback callback;
  void *user;
};

/* ---- The end ------------------------------------------------------------ */

static void call_fini(struct call *call) {
  if (call->known != NULL && !call->known->kept)
    known_free(&call->session->heap, call->known);
  call->known = NULL;
}

static void tell(struct call *call, int status, int outcome) {
  const struct net_heap heap = call->session->heap;
  tally_result result = {.status = status, .outcome = outcome};

  call_fini(call);
  if (status != 0)
    result.error = &call->error;
  if (call->callback != NULL)
    call->callback(call->user, &result, call->answer);
  else
    tally_answer_free(call->answer);
  tally_statement_free(call->own);
  net_free(&heap, call);
}

/* Nothing of a blocking call may be touched after this. */
static void end(struct call *call, int status, enum outcome outcome) {
  if (call->own != NULL) {
    tell(call, status, (int)outcome);
    return;
  }
  call->w.code = status;
  wait_done(&call->w);
}

static void end_failed(struct call *call, int status) {
  end(call, status, OUTCOME_NOT_APPLIED);
}

static void on_executed(op_callback *callback, void *user,
                        const struct answer *answer) {
  struct call *call = user;
  int rc;

  (void)callback;
  if (answer->code != 0) {
    if (answer->code == TALLY_ESCHEMA && call->known != NULL)
      atomic_store(&call->known->stale, true);
    rc = error_from_answer(&call->error, answer);
  } else {
    rc = answer_make(&call->answer, &call->session->heap, answer->frame,
                     &call->error);
    /* What was done is done. */
    call->error.outcome = (int32_t)answer->outcome;
  }
  end(call, rc, answer->outcome);
}

/* ---- Requests ----------------------------------------------------------- */

static int submit(struct call *call, struct op *op, op_done *done) {
  op->done = done;
  op->user = call;
  /* The second request goes where the first one was answered, and a blocking
   * call may be looking at it meanwhile. */
  if (call->loop == NULL)
    call->loop = session_loop(call->session);
  return session_submit(call->loop, op, &call->error);
}

static uint16_t consistency_of(const tally_statement *s) {
  if (s->consistency != OPTION_DEFAULT)
    return s->consistency;
  return s->effect == EFFECT_READ ? s->session->read_consistency
                                  : s->session->consistency;
}

static int send(struct call *call) {
  const tally_statement *s = call->given;
  const struct known *known = call->known;
  struct op *op = session_take(call->session, &call->error);
  int rc = 0;

  if (op == NULL)
    return TALLY_EBUSY;
  op->kind = known != NULL && known->kept ? OP_EXECUTE : OP_QUERY;
  op->statement = known != NULL ? &known->statement : &call->statement;
  op->consistency = consistency_of(s);
  op->timeout = s->timeout;
  op->page = &call->page;
  if (known != NULL)
    rc = given_bind(s, known, op, &call->error);
  if (rc == 0)
    return submit(call, op, on_executed);
  op_release(&call->session->heap, op);
  return rc;
}

/* The markers' types are there. */
static int learn(struct call *call, const struct cql_frame *frame) {
  const struct net_heap *heap = &call->session->heap;
  struct reply reply;
  int rc = reply_take(&reply, heap, frame);

  if (rc == 0 && reply.kind != REPLY_PREPARED)
    rc = FAILURE_PROTOCOL;
  if (rc == 0) {
    call->known = known_make(call->given, &reply);
    rc = call->known == NULL ? FAILURE_NO_MEMORY : 0;
  }
  reply_free(&reply, heap);
  if (rc == FAILURE_NO_MEMORY)
    return error_no_memory(&call->error);
  return rc == 0 ? 0
                 : error_set(&call->error, rc,
                             "execute %s: the server's answer does not tell "
                             "the types of its markers",
                             call->given->about);
}

static void on_learned(op_callback *callback, void *user,
                       const struct answer *answer) {
  struct call *call = user;
  int rc;

  (void)callback;
  if (answer->code != 0) {
    end_failed(call, error_from_answer(&call->error, answer));
    return;
  }
  rc = learn(call, answer->frame);
  if (rc == 0) {
    rc = send(call);
  }
  if (rc != 0)
    end_failed(call, rc);
}

/* To ask changes nothing, whatever the text does. */
static int send_question(struct call *call) {
  struct op *op = session_take(call->session, &call->error);

  if (op == NULL)
    return TALLY_EBUSY;
  call->statement.effect = EFFECT_READ;
  op->kind = OP_PREPARE;
  op->statement = &call->statement;
  op->timeout = call->given->asking;
  return submit(call, op, on_learned);
}

static void call_init(struct call *call, const tally_statement *s) {
  memset(call, 0, sizeof *call);
  call->session = s->session;
  call->given = s;
  call->statement.text = s->text;
  call->statement.text_len = strlen(s->text);
  call->statement.table = s->about;
  call->statement.effect = s->effect;
  call->statement.whole = true;
  call->extras.tracing = s->tracing;
  call->extras.serial_consistency = s->serial_consistency;
  call->extras.payload.entries = s->payload;
  call->extras.payload.count = s->payload_count;
  call->page.extras = &call->extras;
  call->page.rows = s->page_rows;
  call->page.state = s->state;
  call->page.state_len = s->state_len;
}

static int start(struct call *call) {
  if (call->given->open != NOT_NESTED)
    return error_set(&call->error, TALLY_EINVAL,
                     "execute %s: a value was begun and not ended",
                     call->given->about);
  if (call->given->value_count == 0)
    return send(call);
  call->known = known_find(call->given);
  return call->known != NULL ? send(call) : send_question(call);
}

/* ------------------------------------------------------------------------- */

int tally_execute(tally_answer **answer, const tally_statement *statement,
                  tally_error *error) {
  struct call call;
  int rc = wait_begin(statement->session, error);

  if (answer != NULL)
    *answer = NULL;
  if (rc != 0)
    return rc;
  call_init(&call, statement);
  rc = start(&call);
  if (rc == 0) {
    wait_for(call.session, call.loop, &call.w);
    rc = call.w.code;
  }
  call_fini(&call);
  if (rc != 0) {
    if (error != NULL)
      *error = call.error;
  } else if (answer != NULL) {
    *answer = call.answer;
  } else {
    tally_answer_free(call.answer);
  }
  return rc;
}

int tally_execute_async(const tally_statement *statement,
                        tally_answer_callback callback, void *user,
                        tally_error *error) {
  const struct net_heap *heap = &statement->session->heap;
  struct call *call = net_alloc(heap, sizeof *call);
  tally_statement *own;
  int rc;

  if (call == NULL)
    return error_no_memory(error);
  rc = statement_copy(&own, statement, error);
  if (rc != 0) {
    net_free(heap, call);
    return rc;
  }
  call_init(call, own);
  call->own = own;
  call->callback = callback;
  call->user = user;
  rc = start(call);
  if (rc == 0)
    return 0;
  if (error != NULL)
    *error = call->error;
  tally_statement_free(own);
  net_free(heap, call);
  return rc;
}
