/* stop.c - a loop asks whether it is to go on. */
#include "config.h"

#include <stddef.h>

#include "model/stop.h"

bw_status bw_stop_check(int (*opt_stopped)(void), bw_error *err)
{
    if (opt_stopped && opt_stopped())
        return bw_error_set(err, BW_ERR_INTERRUPTED, "stopped");
    return BW_OK;
}
