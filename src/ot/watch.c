/* watch.c - where a solver's time goes. */
#include "config.h"

#include <stddef.h>

#include "base/progress.h"
#include "ot/watch.h"

void bw_watch_start(bw_watch *watch)
{
    if (watch->is_on)
        watch->last = bw_progress_now();
}

void bw_watch_lap(bw_watch *opt_watch, bw_transport_part part)
{
    if (!opt_watch || !opt_watch->is_on)
        return;
    double now = bw_progress_now();
    opt_watch->seconds[part] += now - opt_watch->last;
    opt_watch->last = now;
}
