/* interrupt.h - SIGINT and SIGTERM as a question that loops ask. The one piece
 * of global state, for a tool's main only: the library takes the answer as an
 * argument. SIGPIPE and SIGXFSZ are ignored, so that a closed pipe and a file
 * over the process's limit are errors with a message. */
#ifndef BW_INTERRUPT_H
#define BW_INTERRUPT_H

#include <stdbool.h>

void bw_interrupt_install(void);
/* The signal that came, or 0. A second one ends the process at once. */
int bw_interrupt_signal(void);
/* 128 + signal: what a tool exits with after it tidied up. */
int bw_interrupt_exit_status(void);

#endif
