/* network_inside.h - what a network holds: for the files that share it. */
#ifndef BW_NETWORK_INSIDE_H
#define BW_NETWORK_INSIDE_H

#include "nn/layer.h"

struct bw_network {
    bw_shape input;
    size_t n_layers;
    bw_layer *layer; /* owned */
    size_t n_parameters;
    bw_parameter *parameter; /* owned */
    size_t n_values, n_trained;
    char *text; /* owned */
};

#endif
