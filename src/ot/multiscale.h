/* multiscale.h - one problem, from coarse grids to the finest, each level
 * started by the optimal basis of the one above it. */
#ifndef BW_MULTISCALE_H
#define BW_MULTISCALE_H

#include "barrow/status.h"
#include "barrow/transport.h"
#include "ot/arcs.h"
#include "ot/bitmask.h"
#include "ot/large.h"
#include "ot/pricing_grid.h"
#include "ot/pricing_matrix.h"
#include "ot/pricing_points.h"
#include "ot/pricing_zoom.h"
#include "ot/simplex.h"
#include "ot/start.h"
#include "ot/tree.h"
#include "ot/watch.h"

typedef struct bw_multiscale {
    bw_side source[BW_MAX_LEVELS], sink[BW_MAX_LEVELS]; /* 0: the finest */
    bw_tree tree[2]; /* of the level in hand and of the one above */
    int32_t *n_children;
    int32_t *u, *v; /* duals of the level in hand, small units */
    size_t cap_nodes;
    bw_start start;
    bw_bitmask bitmask;
    bw_large large;
    bw_pricing_grid grid;
    bw_pricing_matrix matrix;
    bw_pricing_points points;
    bw_zoom zoom;
    bw_pricing_zoom zoomed;
    bw_simplex simplex;
    bw_transport_counts counts;
    bw_watch watch;
    /* For BW_METHOD_LINE: the masses where they are real, else NULL. */
    const long double *line_source, *line_sink;
} bw_multiscale;

void bw_multiscale_clear(bw_multiscale *m);

/* source[0] and sink[0] hold bins and perturbed masses, n_sinks <= n_sources.
 * Gives the optimal basis: one of m->tree, its order[] not kept up.
 * BW_ERR_MEMORY; BW_ERR_INTERRUPTED where m->simplex.stopped says so. */
bw_status bw_multiscale_solve(bw_multiscale *m, const bw_ground *ground,
                              bool is_swapped, bw_method method,
                              bw_tree **ret_tree) BW_MUST_CHECK;

/* Makes order[] of the basis that came out valid. */
void bw_multiscale_sort(bw_multiscale *m, bw_tree *tree);

#endif
