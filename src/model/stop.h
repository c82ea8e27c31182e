/* stop.h - a loop asks whether it is to go on. */
#ifndef BW_STOP_H
#define BW_STOP_H

#include "barrow/status.h"

/* BW_ERR_INTERRUPTED, "stopped", once the answer is not 0; NULL: never. */
bw_status bw_stop_check(int (*opt_stopped)(void), bw_error *err) BW_MUST_CHECK;

#endif
