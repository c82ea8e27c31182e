/* upsample.c - each pixel becomes S x S pixels; dx sums over them.
 *
 * A pixel is a vector of c values in rows and of 16 c in lanes: both layouts
 * are the same work.
 */
#include "config.h"

#include <string.h>

#include "base/tasks.h"
#include "nn/layer.h"

static bw_status upsample_shape(bw_layer *layer, bw_error *err)
{
    bw_shape out = layer->in;
    size_t factor = layer->units;
    char text[64];

    bw_shape_text(layer->in, text);
    if (layer->in.is_flat)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "upsample cannot take %s: it is no image", text);
    if (factor == 0 || factor > BW_MAX_ITEM / out.h ||
        factor > BW_MAX_ITEM / out.w)
        return bw_error_set(err, BW_ERR_RANGE,
                            "upsample %zu of %s is more than %d pixels", factor,
                            text, BW_MAX_ITEM);
    out.h *= factor;
    out.w *= factor;
    layer->out = out;
    return BW_OK;
}

/* Values of a pixel. */
static size_t pixel_values(const bw_layer_run *run)
{
    size_t c = run->layer->in.c;

    return run->in_layout == BW_LAYOUT_LANES ? c * BW_LANES : c;
}

/* Row `task` of all images' inputs, one below the other. */
static void forward_row(void *arg, size_t task, size_t worker)
{
    const bw_layer_run *run = arg;
    size_t factor = run->layer->units, n = pixel_values(run);
    size_t w = run->layer->in.w, n_row = run->layer->out.w * n;
    const float *x = run->x + task * w * n;
    float *y = run->y + task * factor * n_row;

    (void)worker;
    for (size_t j = 0; j < w; j++)
        for (size_t s = 0; s < factor; s++)
            memcpy(y + (j * factor + s) * n, x + j * n, n * sizeof *y);
    for (size_t r = 1; r < factor; r++)
        memcpy(y + r * n_row, y, n_row * sizeof *y);
}

static void backward_row(void *arg, size_t task, size_t worker)
{
    const bw_layer_run *run = arg;
    size_t factor = run->layer->units, n = pixel_values(run);
    size_t w = run->layer->in.w, n_row = run->layer->out.w * n;
    float *dx = run->dx + task * w * n;
    const float *dy = run->dy + task * factor * n_row;

    (void)worker;
    memset(dx, 0, w * n * sizeof *dx);
    for (size_t r = 0; r < factor; r++)
        for (size_t j = 0; j < w * factor; j++) {
            const float *from = dy + r * n_row + j * n;
            float *to = dx + j / factor * n;

            for (size_t k = 0; k < n; k++)
                to[k] += from[k];
        }
}

static void run_rows(const bw_layer_run *run, bw_task body)
{
    bw_layer_run copy = *run;
    size_t n = run->n;

    if (run->in_layout == BW_LAYOUT_LANES)
        n = (n + BW_LANES - 1) / BW_LANES;
    bw_tasks_run(run->tasks, n * run->layer->in.h, body, &copy);
}

static void upsample_forward(const bw_layer_run *run)
{
    run_rows(run, forward_row);
}

static void upsample_backward(const bw_layer_run *run)
{
    if (run->dx)
        run_rows(run, backward_row);
}

const bw_layer_kind bw_layer_upsample = {.name = "upsample",
                                         .syntax = "upsample S",
                                         .layouts = BW_SAME_LAYOUT,
                                         .forward = upsample_forward,
                                         .backward = upsample_backward,
                                         .tangent = upsample_forward,
                                         .shape = upsample_shape};
