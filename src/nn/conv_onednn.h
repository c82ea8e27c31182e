/* conv_onednn.h - convolutions by oneDNN, where it is built in. */
#ifndef BW_CONV_ONEDNN_H
#define BW_CONV_ONEDNN_H

#include "nn/conv_way.h"

extern const bw_conv_way_ops bw_conv_onednn_ops;

#endif
