/* bars.h - named values as bars from the left, several groups side by side. */
#ifndef BW_BARS_H
#define BW_BARS_H

#include "plot/frame.h"

typedef struct bw_bars {
    size_t n_names, n_groups;
    const char *const *name;
    const char *const *group; /* in the legend where there are several */
    const double *values;     /* (n_groups, n_names), printed at the bars' ends;
                                 NaN: no bar */
    const char *opt_label;    /* of the values' axis */
    bool is_log;              /* bars of what is not positive are not drawn */
} bw_bars;

/* Units that all bars take, about. */
double bw_bars_height(const bw_bars *bars);
void bw_bars_draw(cairo_t *cr, const bw_bars *bars, const bw_field *room);

#endif
