/* zoom.c - potentials in two doubles. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "ot/zoom.h"

enum {
    HIGH_BITS = 50,  /* of the high parts: sums of two have 51 */
    SPARE_BITS = 24, /* finest unit, in wide units: their rounding is nothing */
    MOST_BITS = 900  /* of costs and of scales: doubles do not overflow */
};

void bw_zoom_clear(bw_zoom *z)
{
    free(z->origin);
    free(z->high);
    free(z->low);
    *z = (bw_zoom){0};
}

static bw_status reserve(bw_zoom *z, size_t n)
{
    if (n <= z->cap_nodes)
        return BW_OK;
    bw_zoom_clear(z);
    z->origin = malloc(n * sizeof *z->origin);
    z->high = malloc(n * sizeof *z->high);
    z->low = malloc(n * sizeof *z->low);
    if (!z->origin || !z->high || !z->low) {
        bw_zoom_clear(z);
        return BW_ERR_MEMORY;
    }
    z->cap_nodes = n;
    return BW_OK;
}

/* How many low bits of wide potentials the high parts leave out. */
static int low_bits(const bw_zoom *z, size_t n_nodes)
{
    bw_wide most = 0;
    int bits = 0;
    for (size_t k = 0; k < n_nodes; k++) {
        bw_wide size = z->origin[k] < 0 ? -z->origin[k] : z->origin[k];
        most = most > size ? most : size;
    }
    while (most >> bits > 0)
        bits++;
    return bits > HIGH_BITS ? bits - HIGH_BITS : 0;
}

bw_status bw_zoom_open(bw_zoom *z, const bw_arcs *arcs, const bw_tree *tree,
                       double scale)
{
    size_t n_nodes = bw_tree_n_nodes(tree);
    bw_status status = reserve(z, n_nodes);
    if (status)
        return status;
    z->arcs = *arcs;
    z->scale = scale;
    bw_arcs_potentials(arcs, tree, z->origin);
    int shift = low_bits(z, n_nodes), exponent = -arcs->ground->wide_exponent;
    for (size_t k = 0; k < n_nodes; k++) {
        bw_wide high = z->origin[k] >> shift;
        bw_wide low = z->origin[k] - high * ((bw_wide)1 << shift);
        z->high[k] = ldexp((double)high, exponent + shift);
        z->low[k] = ldexp((double)low, exponent);
    }
    return BW_OK;
}

bool bw_zoom_can(const bw_arcs *arcs, double scale)
{
    int bits;
    int finest = arcs->ground->wide_exponent - SPARE_BITS;
    if (arcs->ground->kind == BW_GROUND_GRID || finest < -MOST_BITS)
        return false;
    if (bw_arcs_is_exact(arcs))
        return scale < 1;
    frexp(scale, &bits); /* scale < 2^bits */
    return bits < (finest < MOST_BITS ? finest : MOST_BITS);
}
