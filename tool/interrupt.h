/* tool/interrupt.h - Ctrl-C and SIGTERM: the operation under way is seen to its
 * end, since only then is known what became of it. */
#ifndef TOOL_INTERRUPT_H
#define TOOL_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

/* From here on the first signal is noted; the second one kills. */
void interrupt_begin(void);
/* The second one is noted as well, and the third one kills: for a command that
 * has an account to give. */
void interrupt_note_second(void);
bool interrupt_caught(void);
bool interrupt_caught_twice(void);
/* Nothing happens for so long, or until a signal, also one that was caught just
 * before. */
void interrupt_pause_ms(uint64_t ms);
/* The exit status of a command that ended with `status`: 128 and the signal's
 * number if there was one, unless an increment is unknown. */
int interrupt_status(int status);

#endif
