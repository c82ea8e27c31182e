/* pricing_matrix.h - pricing of any costs, by rows of small integers that are
 * made once a problem, each with its least cost to every block. */
#ifndef BW_PRICING_MATRIX_H
#define BW_PRICING_MATRIX_H

#include "ot/pricing.h"
#include "ot/zoom.h"

enum { BW_MATRIX_SHIFT = 6 };

struct bw_pricing_matrix {
    bw_pricing head;
    int32_t *row;   /* n_sources x n_slots */
    int32_t *least; /* n_sources x n_across: of blocks, to whole lanes */
    size_t n_across;
    size_t cap_row, cap_least;
};

/* BW_ERR_MEMORY. */
bw_status bw_pricing_matrix_open(bw_pricing_matrix *m, const bw_arcs *arcs,
                                 double scale) BW_MUST_CHECK;
/* The same of costs that are enlarged. */
bw_status bw_pricing_matrix_open_zoom(bw_pricing_matrix *m,
                                      const bw_zoom *zoom) BW_MUST_CHECK;
void bw_pricing_matrix_clear(bw_pricing_matrix *m);

#endif
