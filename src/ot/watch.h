/* watch.h - where a solver's time goes. */
#ifndef BW_WATCH_H
#define BW_WATCH_H

#include <stdbool.h>

#include "barrow/transport.h"

typedef struct bw_watch {
    bool is_on; /* off, nothing below costs more than a branch */
    double last;
    double seconds[BW_N_PARTS];
} bw_watch;

void bw_watch_start(bw_watch *watch);

/* The time since the last lap, or the start, was that part's. opt_watch may be
 * NULL. */
void bw_watch_lap(bw_watch *opt_watch, bw_transport_part part);

#endif
