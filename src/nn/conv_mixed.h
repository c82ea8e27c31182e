/* conv_mixed.h - convolutions that take blas or onednn, whichever suits each
 * pass; ROWS layout. */
#ifndef BW_CONV_MIXED_H
#define BW_CONV_MIXED_H

#include "nn/conv_way.h"

extern const bw_conv_way_ops bw_conv_mixed_ops;

#endif
