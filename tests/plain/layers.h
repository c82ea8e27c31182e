/* layers.h - plain twins of all layers of a network: forward and backward in
 * double precision, textbook loops over the formulas of nn/layer.h. Shares no
 * code with src/nn but the description of a layer. Rows only, one item after
 * the other.
 */
#ifndef PLAIN_LAYERS_H
#define PLAIN_LAYERS_H

#include <stdbool.h>
#include <stddef.h>

#include "nn/layer.h"

typedef struct plain_layer_run {
    const bw_layer *layer; /* with its shapes */
    size_t n;
    bool is_training;
    const double *x;    /* (n, in) */
    double *y;          /* (n, out): written by forward, not read by backward */
    const double *dy;   /* (n, out) */
    double *dx;         /* (n, in): overwritten */
    double *weight[4];  /* running statistics change in training */
    double *dweight[4]; /* overwritten; NULL for what is not trained */
    size_t n_weight[4]; /* values of each, 0 for none */
} plain_layer_run;

/* A noise layer is taken as in inference: y = x. */
void plain_layer_forward(const plain_layer_run *run);
void plain_layer_backward(const plain_layer_run *run);

#endif
