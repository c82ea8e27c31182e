/* pricing_kernel.h - the searches of pricing.h, a set an instruction set. */
#ifndef BW_PRICING_KERNEL_H
#define BW_PRICING_KERNEL_H

#include "ot/pricing.h"

typedef struct bw_pricing_kernel {
    bw_pricing_kind tiles;         /* any costs by table */
    bw_pricing_kind tiles_squared; /* the same, with a search around a slot */
    bw_pricing_kind runs_squared, runs_table;
    bw_pricing_kind matrix;
} bw_pricing_kernel;

extern const bw_pricing_kernel bw_pricing_kernel_plain;
extern const bw_pricing_kernel bw_pricing_kernel_avx2;
extern const bw_pricing_kernel bw_pricing_kernel_avx512;

/* The set for this processor. */
const bw_pricing_kernel *bw_pricing_get_kernel(void);

#endif
