#include "core/handshake.h"

#include <string.h>

#include "core/mark.h"
#include "core/request.h"
#include "proto/request.h"

size_t handshake_encode(enum cql_opcode opcode, const struct peer *peer,
                        const struct login *login, void *out, size_t cap) {
  static const struct cql_pair startup[] = {
      {{(const uint8_t *)"CQL_VERSION", 11}, {(const uint8_t *)"3.0.0", 5}},
      {{(const uint8_t *)"DRIVER_NAME", 11}, {(const uint8_t *)"tally", 5}},
      {{(const uint8_t *)"COMPRESSION", 11}, {(const uint8_t *)"lz4", 3}},
  };
  struct cql_request_options o = {0};

  if (opcode == CQL_OP_STARTUP)
    return cql_startup_encode(out, cap, &o, startup, peer->lz4 ? 3 : 2);
  if (opcode == CQL_OP_AUTH_RESPONSE)
    return cql_auth_response_encode(out, cap, &o, login_token(login));
  return cql_options_encode(out, cap, &o);
}

static bool has_lz4(struct cql_list values) {
  struct cql_span value;

  while (cql_list_next_string(&values, &value))
    if (cql_span_equal(value, cql_span_of("lz4")))
      return true;
  return false;
}

/* False when it cannot be decoded: how far the peer's errors can be believed
 * depends on what it is, so one that cannot say what is no peer. */
static bool learn_peer(struct peer *peer, enum conn_state state,
                       enum compression wanted, struct cql_reader *message) {
  struct cql_list options, values;
  struct cql_span key;

  if (cql_supported_decode(message, &options) != CQL_OK)
    return false;
  /* What it is it says once; later this answers a heartbeat. */
  if (state >= CONN_READY)
    return true;
  sharding_learn(&peer->sharding, options);
  while (cql_list_next_multi(&options, &key, &values)) {
    if (key.len > 7 && memcmp(key.p, "SCYLLA_", 7) == 0)
      peer->kind = SERVER_SCYLLA;
    if (cql_span_equal(key, cql_span_of("COMPRESSION")))
      peer->lz4 = wanted != COMPRESSION_NONE && has_lz4(values);
  }
  return true;
}

static enum conn_event supported_event(struct context *c,
                                       struct cql_reader *message,
                                       enum conn_state state, struct peer *peer,
                                       struct failure *why) {
  enum compression wanted = c->config.compression;

  if (!learn_peer(peer, state, wanted, message)) {
    failure_detail(why, "its SUPPORTED is cut short");
    return CONN_EV_FAIL;
  }
  compress_tell(&c->compress, &c->log, wanted, peer->lz4, peer->name);
  if (wanted != COMPRESSION_LZ4_REQUIRED || peer->lz4)
    return CONN_EV_SUPPORTED;
  why->code = FAILURE_CONNECT;
  why->what = "the server offers no lz4";
  failure_detail(why, "the option compression demands it");
  return CONN_EV_FAIL;
}

/* Whose it is stands in front of what the server says. */
static void refuse_login(const struct login *login, struct failure *why) {
  const char *user = login_user(login);
  char said[sizeof why->detail];

  MARK(login_refused);
  why->code = FAILURE_AUTH;
  why->what = "the server refused the login";
  if (user[0] == '\0')
    return;
  memcpy(said, why->detail, sizeof said);
  failure_detail(why, "user \"%s\": %s", user, said);
}

/* A refused handshake, a server that could not decode what it was sent, or one
 * that shuts down (OVERLOADED, as Cassandra says then). */
static void read_error(enum conn_state state, const struct peer *peer,
                       const struct login *login, struct cql_reader *message,
                       struct failure *why) {
  struct cql_error e;

  if (state < CONN_READY) {
    MARK(handshake_refused);
    why->what = "the server refused the handshake";
  } else {
    MARK(stream0_error);
    why->what = outcome_table[EVENT_STREAM_0].what;
  }
  if (cql_error_decode(message, &e) != CQL_OK)
    return;
  if (state >= CONN_READY && e.code != CQL_ERROR_PROTOCOL) {
    why->code = outcome_table[EVENT_STREAM_0_OTHER].code;
    why->what = outcome_table[EVENT_STREAM_0_OTHER].what;
  }
  request_describe_error(why, &e, peer);
  if (e.code == CQL_ERROR_BAD_CREDENTIALS)
    refuse_login(login, why);
}

static bool cut_short(struct failure *why, const char *message) {
  failure_detail(why, "its %s is cut short", message);
  return false;
}

/* Out of turn none of these is the login's affair. */
static enum conn_event login_event(uint8_t opcode, enum conn_state state,
                                   struct login *login,
                                   struct cql_reader *message,
                                   struct failure *why) {
  bool first = opcode == CQL_OP_AUTHENTICATE, good;
  enum conn_event event = first ? CONN_EV_AUTHENTICATE
                          : opcode == CQL_OP_AUTH_CHALLENGE ? CONN_EV_CHALLENGE
                                                            : CONN_EV_LOGGED_IN;
  struct cql_span said;

  if (state != (first ? CONN_STARTUP : CONN_LOGIN))
    return event;
  if (first)
    good = cql_authenticate_decode(message, &said) == CQL_OK
               ? login_begin(login, said, why)
               : cut_short(why, "AUTHENTICATE");
  else if (cql_auth_token_decode(message, &said) != CQL_OK)
    good = cut_short(why, "token");
  else
    good = event == CONN_EV_CHALLENGE ? login_challenge(login, said, why)
                                      : login_succeed(login, said, why);
  return good ? event : CONN_EV_FAIL;
}

enum conn_event handshake_event(struct context *c,
                                const struct cql_frame *frame,
                                enum conn_state state, struct peer *peer,
                                struct login *login, struct failure *why) {
  struct cql_prefix prefix;
  struct cql_reader message;

  failure_init(why, FAILURE_PROTOCOL, OUTCOME_NOT_APPLIED,
               "the server broke the protocol");
  memcpy(why->host, peer->name, sizeof why->host);
  if (cql_prefix_decode(frame, &prefix, &message) != CQL_OK) {
    failure_detail(why, "warnings or payload reach beyond the frame");
    return CONN_EV_FAIL;
  }
  switch (frame->header.opcode) {
  case CQL_OP_SUPPORTED:
    return supported_event(c, &message, state, peer, why);
  case CQL_OP_READY:
    return CONN_EV_READY;
  case CQL_OP_AUTHENTICATE:
  case CQL_OP_AUTH_CHALLENGE:
  case CQL_OP_AUTH_SUCCESS:
    return login_event(frame->header.opcode, state, login, &message, why);
  case CQL_OP_ERROR:
    read_error(state, peer, login, &message, why);
    return CONN_EV_FAIL;
  default:
    failure_detail(why, "it sent opcode 0x%02x on stream 0 while %s",
                   (unsigned)frame->header.opcode, conn_state_name(state));
    return CONN_EV_FAIL;
  }
}
