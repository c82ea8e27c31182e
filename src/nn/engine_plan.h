/* engine_plan.h - what an engine runs: one list of steps with their buffers.
 *
 * A step is a layer or a change of layout between two of them. Buffers are
 * pieces of one arena.
 */
#ifndef BW_ENGINE_PLAN_H
#define BW_ENGINE_PLAN_H

#include "nn/layer.h"
#include "nn/network_inside.h"

typedef enum bw_step_kind {
    BW_STEP_LAYER,
    BW_STEP_TO_LANES,
    BW_STEP_TO_ROWS
} bw_step_kind;

typedef struct bw_engine_step {
    bw_step_kind kind;
    const bw_layer *layer; /* NULL for changes of layout */
    void *state;           /* the layer's own; owned */
    bw_layout in_layout, out_layout;
    size_t n_in, n_out; /* values of one item */
    bool is_shared;     /* y is x: an elementwise layer in place */
    bool folds_relu;    /* the next step's relu is done by this one */
    bool is_folded;     /* a relu that the step before has done */
    bool masks;         /* backward does a relu's before it, too, */
    bool is_masked;     /* which is this one */
    float *x, *y;       /* in the arena, as are: */
    float *dy, *dx;     /* gradients, of y and x; equal where in place */
} bw_engine_step;

enum { BW_MAX_STEPS = 2 * BW_MAX_LAYERS + 1 };

struct bw_engine {
    const bw_network *network;
    bw_engine_options options;
    bw_tasks *tasks;
    size_t n_steps;
    bw_engine_step step[BW_MAX_STEPS];
    size_t first_backward; /* the step where backward ends */
    float *arena;          /* owned */
    float *input;          /* in the arena */
    float *pair[2];        /* in the arena, for what alternates: gradients, or
                              tangents where gradients are held; outputs
                              without training */
    size_t n_bytes;
    bool is_touched;
    float *block;   /* of the last forward; borrowed */
    bool is_ready;  /* that was one of training: backward may follow */
    bool is_held;   /* and has: gradients stand, for `second` */
    bw_share share; /* what passes have of their batch */
};

/* Fills steps, first_backward and the arena; layers' states are not made.
 * BW_ERR_MEMORY. */
bw_status bw_engine_plan(bw_engine *engine, bw_error *err) BW_MUST_CHECK;

/* Passes from now on are of a share of batches, whose statistics are those of
 * all processes, and whose items noise layers number as the whole batch's;
 * NULL: of whole batches. */
void bw_engine_share(bw_engine *engine, const bw_share *opt_share);

#endif
