/* potentials.c - c-transforms over all bins. */
#include "config.h"

#include <math.h>

#include "ot/potentials.h"

/* out[x] = min(out[x], c(x, bin) - value) for the n bins x of the other side;
 * is_source says that bin is one of the ground cost's sources. */
static void lower(const bw_ground *g, bool is_source, size_t bin, double value,
                  size_t n, double *out)
{
    for (size_t x = 0; x < n; x++) {
        double cost =
            is_source ? bw_ground_cost(g, bin, x) : bw_ground_cost(g, x, bin);
        out[x] = fmin(out[x], bw_ground_finite(g, cost) - value);
    }
}

/* The same on a grid, where costs are even in both differences: a row of
 * pixels is a run of the table. */
static void lower_grid(const bw_ground *g, size_t bin, double value,
                       double *out)
{
    ptrdiff_t height = (ptrdiff_t)g->height, width = (ptrdiff_t)g->width;
    ptrdiff_t y0 = (ptrdiff_t)bin / width, x0 = (ptrdiff_t)bin % width;
    for (ptrdiff_t y = 0; y < height; y++, out += width) {
        const double *cost = g->cost + (y - y0) * g->stride - x0;
        for (ptrdiff_t x = 0; x < width; x++) {
            double r = cost[x] - value;
            out[x] = r < out[x] ? r : out[x];
        }
    }
}

static void transform(const bw_ground *g, bool is_source, size_t n_from,
                      const uint32_t *opt_bin, const double *value, size_t n,
                      double *out)
{
    for (size_t x = 0; x < n; x++)
        out[x] = HUGE_VAL;
    for (size_t j = 0; j < n_from; j++) {
        size_t bin = opt_bin ? opt_bin[j] : j;
        if (g->kind == BW_GROUND_GRID)
            lower_grid(g, bin, value[j], out);
        else
            lower(g, is_source, bin, value[j], n, out);
    }
}

void bw_potentials_complete(const bw_ground *g, bool is_swapped, size_t n,
                            const uint32_t *bin, const double *value, double *u,
                            double *v)
{
    size_t n_u = is_swapped ? g->n_sinks : g->n_sources;
    size_t n_v = is_swapped ? g->n_sources : g->n_sinks;
    transform(g, is_swapped, n, bin, value, n_u, u);
    transform(g, !is_swapped, n_u, NULL, u, n_v, v);
}
