/* conv_blas.h - convolutions by matrix products over blocks of windows. */
#ifndef BW_CONV_BLAS_H
#define BW_CONV_BLAS_H

#include "nn/conv_way.h"

extern const bw_conv_way_ops bw_conv_blas_ops;

#endif
