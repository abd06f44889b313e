/* core/mark.h - for tests that look for rare situations: MARK() counts how
 * often one was met, ENSURE() checks what must hold in all of them.
 *
 * Nothing is left of either unless TALLY_MARKS is defined, as the simulator
 * does when it compiles the library for itself: it has the counters, and says
 * what happens when something does not hold. */
#ifndef MARK_H
#define MARK_H

/* name, what the situation is */
#define MARK_MAP(X)                                                            \
  /* answers that come late */                                                 \
  X(late_reply_settles_applied, "a late answer says APPLIED")                  \
  X(late_reply_settles_not_applied, "a late answer says NOT_APPLIED")          \
  X(late_reply_unknown, "a late answer leaves it UNKNOWN")                     \
  X(late_reply_forgotten, "a late answer to what nobody remembers")            \
  X(unsettled_forgotten, "more late answers are owed than may keep slots")     \
  X(late_reply_never, "a connection ends, and what was kept is never settled") \
  X(settled_row_no_memory, "settled, and no memory for its row")               \
  /* connections that are lost */                                              \
  X(lost_before_last_byte, "lost before a frame was accepted as a whole")      \
  X(lost_after_last_byte, "lost after a frame was accepted as a whole")        \
  X(lost_half_sent, "lost while a frame's values were being accepted")         \
  X(write_error_then_answers, "a write failed, and answers still came")        \
  /* answers */                                                                \
  X(unprepared_once, "the server has forgotten a statement")                   \
  X(unprepared_twice, "... for the second time for one operation")             \
  X(unprepared_given_up, "... too often: NOT_APPLIED")                         \
  X(answer_undecodable, "an answer that cannot be decoded")                    \
  X(answer_other_kind, "a RESULT of a kind that does not fit")                 \
  X(answer_other_code, "an ERROR with a code that has no event of its own")    \
  X(answer_warns, "an answer with warnings")                                   \
  X(answer_long_way, "an answer to an increment with something before it")     \
  /* statements */                                                             \
  X(prepare_asked_by_many, "a second operation waits for a PREPARE")           \
  X(prepare_lost_asked_again, "a PREPARE had no verdict: asked again")         \
  X(prepared_too_late, "PREPARED, and the host takes no more requests")        \
  X(unprepared_too_late, "UNPREPARED, and the host takes no more requests")    \
  X(prepare_refused, "a PREPARE was refused, with all that waited for it")     \
  X(prepared_forgotten, "a host is back: its statements are not known")        \
  X(prepared_other_id, "a forgotten statement got another id than before")     \
  /* room */                                                                   \
  X(stream_ids_exhausted, "no stream id is free")                              \
  X(stream_id_reused, "a stream id is used again")                             \
  X(connection_full, "connection_max_in_flight is reached")                    \
  X(session_busy, "max_in_flight is reached")                                  \
  X(slab_reused, "a slot is used again")                                       \
  X(long_values, "values that do not fit into the slot")                       \
  X(frame_too_large, "a request too large for a frame")                        \
  /* connections that are replaced */                                          \
  X(crowded_replaced, "too many late answers owed: a new connection")          \
  X(drain_begun, "a new connection takes the place of one that stands")        \
  X(drain_finished, "the last answer came: closed")                            \
  X(drain_given_up, "the last answers stayed away: closed")                    \
  /* bytes */                                                                  \
  X(write_partial, "the system took a part of what was written")               \
  X(write_refused, "the system took nothing: EAGAIN")                          \
  X(frame_spans_reads, "a frame comes in several reads")                       \
  X(frame_larger_than_buffer, "a frame needs a larger input buffer")           \
  X(input_shrunk, "the input buffer is small again")                           \
  X(output_moved, "output is moved to the front of its buffer")                \
  X(output_grown, "a request needs a larger output buffer")                    \
  X(output_shrunk, "the output buffer is small again")                         \
  X(output_full, "no room in the output now")                                  \
  /* heartbeats */                                                             \
  X(heartbeat_answered, "a heartbeat was answered")                            \
  X(heartbeat_silent, "a heartbeat was not: given up")                         \
  X(heartbeat_overtaken, "other answers came while it was owed")               \
  X(heartbeat_before_send, "a long silence: asked before a request is sent")   \
  /* rules that a peer broke, and strangers */                                 \
  X(stray_stream, "an answer on a stream that nobody asked")                   \
  X(negative_stream, "an answer on a negative stream")                         \
  X(event_ignored, "an EVENT that says nothing to us")                         \
  X(stream0_error, "an ERROR on stream 0 after the handshake")                 \
  X(out_of_turn, "a message that does not fit the connection's state")         \
  X(wrong_peer, "the peer does not speak CQL v4")                              \
  X(oversized_frame, "a frame over max_frame_bytes")                           \
  /* compression */                                                            \
  X(request_compressed, "a request's body is compressed")                      \
  X(compressed_in_vain, "... or not, as it would not be smaller")              \
  X(answer_compressed, "an answer's body is")                                  \
  X(compressed_badly, "... which cannot be, or may not")                       \
  X(compression_missing, "a server offers none: without")                      \
  /* connecting */                                                             \
  X(handshake_timeout, "no connection, or no CQL answer, in time")             \
  X(handshake_refused, "ERROR instead of READY")                               \
  X(handshake_cut, "closed by the server in the handshake")                    \
  X(login_wanted, "AUTHENTICATE, and nobody to log in as")                     \
  X(login_begun, "AUTHENTICATE, and a login begins")                           \
  X(login_refused, "... and the server says no")                               \
  X(lookup_timeout, "looking up a name took too long")                         \
  X(lookup_failed, "a name has no address")                                    \
  X(lookup_cancelled, "closed while a name was looked up")                     \
  X(round_failed, "no address of any host did")                                \
  X(pause_longest, "the pause between rounds has reached its limit")           \
  /* deadlines */                                                              \
  X(expire_sent, "no answer in time: UNKNOWN")                                 \
  X(expire_unsent_no_conn, "not sent in time, without a connection")           \
  X(expire_unsent_full, "not sent in time, with a connection")                 \
  X(expire_preparing, "... while its statement was being prepared")            \
  X(expire_postponed, "nothing expires: a socket has more to read")            \
  X(expire_postponed_long, "... too often: it expires all the same")           \
  /* closing */                                                                \
  X(close_timeout_reached, "closed before all operations had ended")           \
  X(close_with_sent, "closed with a sent operation: UNKNOWN")                  \
  X(close_with_unsent, "closed with an unsent operation: NOT_APPLIED")         \
  X(close_during_handshake, "closed while connecting")                         \
  X(drain_crowded_out, "too many replaced connections: the oldest is closed")  \
  X(close_while_draining, "closed with a replaced connection still there")     \
  X(submit_while_closing, "an operation comes too late, on the loop")          \
  X(inbox_sealed, "... from another thread")                                   \
  X(inbox_of_many, "several operations came from other threads at once")       \
  /* no memory */                                                              \
  X(oom_conn, "no memory for a connection")                                    \
  X(oom_input, "no memory for a large answer")                                 \
  X(oom_output, "no memory for a large request")                               \
  X(oom_compress, "no memory for a compressed body")                           \
  X(oom_prepare, "no memory for a PREPARE")                                    \
  X(oom_statement, "no memory for what a host knows of a statement")           \
  X(oom_tries, "no memory for where an operation was in vain")                 \
  X(oom_snapshot, "no memory for what the cluster is")                         \
  X(oom_view, "... for a loop's numbers of its hosts")                         \
  X(oom_host, "... for one more host")                                         \
  X(oom_notice, "... to tell another loop")                                    \
  /* the cluster */                                                            \
  X(view_unchanged, "the tables say what they said before")                    \
  X(view_published, "the hosts and the ring are read")                         \
  X(control_moved, "the control connection moves")                             \
  X(control_left, "... since it does not do")                                  \
  X(contacts_again, "no host is left: the contact points again")               \
  X(contact_known, "... but not where a host is connected to anyway")          \
  X(event_status, "a host is said to be up or down")                           \
  X(event_topology, "hosts are said to have come or gone")                     \
  X(event_keyspace, "a keyspace is said to have changed")                      \
  X(host_moved, "a host has another address")                                  \
  X(shard_asked, "a connection is opened for a shard")                         \
  X(shard_missed, "... and another shard answers")                             \
  X(shard_given_up, "... or none, again and again")                            \
  X(host_removed, "a host has left the cluster")                               \
  X(retried, "to another host, after one where it was in vain")                \
  X(retry_nowhere, "... but there is none")                                    \
  X(partitioner_other, "the tokens are not of Murmur3")                        \
  X(replication_other, "a strategy that is not known")                         \
  X(dc_learned, "the local data center is the first contact point's")          \
  X(dc_wrong, "no host is in the local data center")

#define MARK_ENUM(name, what) MARK_##name,
enum mark { MARK_MAP(MARK_ENUM) MARK_COUNT };
#undef MARK_ENUM

#ifdef TALLY_MARKS
#  include <stdint.h>
extern uint64_t tally_marks[MARK_COUNT];
void tally_ensure_failed(const char *what, const char *file, int line);
#  define MARK(name) ((void)tally_marks[MARK_##name]++)
#  define ENSURE(condition)                                                    \
    ((condition) ? (void)0                                                     \
                 : tally_ensure_failed(#condition, __FILE__, __LINE__))
#else
/* Names and conditions are still checked by the compiler. */
#  define MARK(name)        ((void)MARK_##name)
#  define ENSURE(condition) ((void)sizeof((condition) ? 1 : 0))
#endif

#endif
