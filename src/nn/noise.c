/* noise.c - x + N(0, s^2) cut at 2 s, in training only; in place.
 *
 * Item i of step t in the layer of an engine has numbers of its own: stream
 * (stream + layer) 2^40 + t of the seed, from block i 2^32 on, in the order
 * (h, w, c) whatever the layout. So neither tasks nor layouts nor the processes
 * that share a batch can change them.
 */
#include "config.h"

#include <stdbool.h>
#include <string.h>

#include "barrow/random.h"
#include "base/tasks.h"
#include "nn/layer.h"
#include "nn/layout.h"
#include "nn/sweep.h"

static bw_status noise_shape(bw_layer *layer, bw_error *err)
{
    (void)err;
    layer->out = layer->in;
    return BW_OK;
}

enum { N_DRAWN = 512 };

/* n numbers, n at most N_DRAWN; a word of random bits makes two. */
static void draw(bw_random *random, size_t n, float z[N_DRAWN])
{
    uint32_t bits[N_DRAWN];

    for (size_t k = 0; k < n; k += 2) {
        uint64_t word = bw_random_next(random);

        bits[k] = (uint32_t)word;
        bits[k + 1] = (uint32_t)(word >> 32);
    }
    bw_sweeps_get()->normal(n, bits, z);
}

static void disturb_item(void *arg, size_t task, size_t worker)
{
    const bw_layer_run *run = arg;
    bool is_lanes = run->in_layout == BW_LAYOUT_LANES;
    size_t n = bw_shape_n(run->layer->in), stride = is_lanes ? BW_LANES : 1;
    size_t from =
        is_lanes ? task / BW_LANES * n * BW_LANES + task % BW_LANES : task * n;
    float sd = (float)run->layer->value[0], z[N_DRAWN];
    bw_random random;

    (void)worker;
    bw_random_init(&random, run->seed, BW_RANDOM_NOISE,
                   ((run->stream + run->layer->index) << 40) + run->step);
    random.block = (uint64_t)bw_share_number(run->share, task) << 32;
    for (size_t first = 0; first < n; first += N_DRAWN) {
        size_t n_drawn = n - first < N_DRAWN ? n - first : N_DRAWN;
        const float *x = run->x + from + first * stride;
        float *y = run->y + from + first * stride;

        draw(&random, n_drawn, z);
        for (size_t k = 0; k < n_drawn; k++)
            y[k * stride] = x[k * stride] + sd * z[k];
    }
}

static void noise_forward(const bw_layer_run *run)
{
    bw_layer_run copy = *run;
    size_t n = bw_layout_n(run->in_layout, run->n, bw_shape_n(run->layer->in));

    if (run->y != run->x)
        memcpy(run->y, run->x, n * sizeof *run->y);
    if (run->is_training)
        bw_tasks_run(run->tasks, run->n, disturb_item, &copy);
}

static void noise_backward(const bw_layer_run *run)
{
    size_t n = bw_layout_n(run->in_layout, run->n, bw_shape_n(run->layer->in));

    if (run->dx && run->dx != run->dy)
        memcpy(run->dx, run->dy, n * sizeof *run->dx);
}

const bw_layer_kind bw_layer_noise = {.name = "noise",
                                      .syntax = "noise S",
                                      .layouts = BW_SAME_LAYOUT,
                                      .in_place = true,
                                      .forward = noise_forward,
                                      .backward = noise_backward,
                                      .shape = noise_shape};
