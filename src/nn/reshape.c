/* reshape.c - flatten, from an image to a flat item in the order (c, h, w), and
 * reshape, the way back; both copies, in layouts that layout.h knows.
 */
#include "config.h"

#include "nn/layer.h"
#include "nn/layout.h"

static bw_status flatten_shape(bw_layer *layer, bw_error *err)
{
    (void)err;
    layer->out = (bw_shape){1, 1, bw_shape_n(layer->in), true};
    return BW_OK;
}

static void flatten_forward(const bw_layer_run *run)
{
    bw_layout_flatten(run->tasks, run->n, run->layer->in, run->in_layout,
                      run->x, run->y);
}

static void flatten_backward(const bw_layer_run *run)
{
    if (run->dx)
        bw_layout_unflatten(run->tasks, run->n, run->layer->in, run->in_layout,
                            run->dy, run->dx);
}

const bw_layer_kind bw_layer_flatten = {.name = "flatten",
                                        .syntax = "flatten",
                                        .layouts = BW_FREE_IMAGE,
                                        .forward = flatten_forward,
                                        .backward = flatten_backward,
                                        .tangent = flatten_forward,
                                        .shape = flatten_shape};

/* Whether a x b x c = n, with no product that overflows. */
static bool makes(size_t a, size_t b, size_t c, size_t n)
{
    return a > 0 && b > 0 && c > 0 && n % a == 0 && n / a % b == 0 &&
           n / a / b == c;
}

static bw_status reshape_shape(bw_layer *layer, bw_error *err)
{
    bw_shape to = layer->reshape;
    char text[64];

    to.is_flat = false;
    bw_shape_text(layer->in, text);
    if (!layer->in.is_flat)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "reshape cannot take %s: it is not flat", text);
    if (!makes(to.h, to.w, to.c, layer->in.c))
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "reshape %zu %zu %zu cannot take %s values", to.h,
                            to.w, to.c, text);
    layer->out = to;
    return BW_OK;
}

static void reshape_forward(const bw_layer_run *run)
{
    bw_layout_unflatten(run->tasks, run->n, run->layer->out, run->out_layout,
                        run->x, run->y);
}

static void reshape_backward(const bw_layer_run *run)
{
    if (run->dx)
        bw_layout_flatten(run->tasks, run->n, run->layer->out, run->out_layout,
                          run->dy, run->dx);
}

const bw_layer_kind bw_layer_reshape = {.name = "reshape",
                                        .syntax = "reshape H W C",
                                        .layouts = BW_FREE_IMAGE,
                                        .forward = reshape_forward,
                                        .backward = reshape_backward,
                                        .tangent = reshape_forward,
                                        .shape = reshape_shape};
