/* pool.c - the largest value, or the mean, of a window's pixels; those outside
 * the image do not count.
 *
 * A pixel is a vector of c values in rows and of 16 c in lanes: both layouts
 * are the same work, one task an image or a group of 16.
 */
#include "config.h"

#include <string.h>

#include "base/tasks.h"
#include "nn/cut.h"
#include "nn/layer.h"
#include "nn/window.h"

/* Values of a pixel that are searched at a time. */
enum { N_VALUES = 64 };

/* What all tasks of a pass share. */
typedef struct job {
    const bw_layer_run *run;
    bool is_max, is_backward;
    size_t zeros[2], n_values; /* of a pixel */
} job;

/* The pixels of the window of one output. */
typedef struct window {
    bw_cut row, column;
} window;

static bw_status pool_shape(bw_layer *layer, bw_error *err)
{
    size_t zeros[2];
    char text[64];

    bw_shape_text(layer->in, text);
    if (layer->in.is_flat)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s cannot take %s: it is no image",
                            layer->kind->name, text);
    layer->out = layer->in;
    return bw_window_shape(layer, false, zeros, err);
}

/* Places of output i that are inside 0 .. n - 1: at least one, which
 * bw_window_fit has seen to. */
static bw_cut clip(size_t i, size_t stride, size_t kernel, size_t zeros,
                   size_t n)
{
    size_t from = i * stride, to = from + kernel;
    bw_cut cut = {.from = from > zeros ? from - zeros : 0, .to = to - zeros};

    if (cut.to > n)
        cut.to = n;
    return cut;
}

static window find_window(const job *work, size_t i, size_t j)
{
    const bw_layer *layer = work->run->layer;

    return (window){
        .row = clip(i, layer->stride, layer->kh, work->zeros[0], layer->in.h),
        .column =
            clip(j, layer->stride, layer->kw, work->zeros[1], layer->in.w)};
}

/* ---- max ---- */

/* The largest of n values over a window, and the pixels where they stand: of
 * equals the first; a NaN is larger than anything. */
static void find_max(const job *work, const float *x, window w, size_t n,
                     float max[N_VALUES], size_t place[N_VALUES])
{
    size_t width = work->run->layer->in.w;
    size_t first = w.row.from * width + w.column.from;

    for (size_t k = 0; k < n; k++) {
        max[k] = x[first * work->n_values + k];
        place[k] = first;
    }
    for (size_t r = w.row.from; r < w.row.to; r++)
        for (size_t s = w.column.from; s < w.column.to; s++) {
            const float *at = x + (r * width + s) * work->n_values;

            for (size_t k = 0; k < n; k++) {
                bool is_new = !(at[k] <= max[k]) && max[k] == max[k];

                max[k] = is_new ? at[k] : max[k];
                place[k] = is_new ? r * width + s : place[k];
            }
        }
}

/* y of one output, or what its dy adds to dx. */
static void pool_max(const job *work, const float *x, window w, float *y,
                     const float *dy, float *dx)
{
    float max[N_VALUES];
    size_t place[N_VALUES];

    for (size_t from = 0; from < work->n_values; from += N_VALUES) {
        bw_cut cut = bw_cut_piece(work->n_values, N_VALUES, from / N_VALUES);
        size_t n = cut.to - cut.from;

        find_max(work, x + from, w, n, max, place);
        if (!work->is_backward)
            memcpy(y + from, max, n * sizeof *y);
        for (size_t k = 0; work->is_backward && k < n; k++)
            dx[place[k] * work->n_values + from + k] += dy[from + k];
    }
}

/* ---- mean ---- */

static void pool_mean(const job *work, const float *x, window w, float *y,
                      const float *dy, float *dx)
{
    size_t width = work->run->layer->in.w, n = work->n_values;
    size_t count = (w.row.to - w.row.from) * (w.column.to - w.column.from);
    float share = 1.0f / (float)count;

    if (!work->is_backward)
        memset(y, 0, n * sizeof *y);
    for (size_t r = w.row.from; r < w.row.to; r++)
        for (size_t s = w.column.from; s < w.column.to; s++) {
            size_t at = (r * width + s) * n;

            if (work->is_backward)
                for (size_t k = 0; k < n; k++)
                    dx[at + k] += share * dy[k];
            else
                for (size_t k = 0; k < n; k++)
                    y[k] += x[at + k];
        }
    for (size_t k = 0; !work->is_backward && k < n; k++)
        y[k] *= share;
}

/* ---- passes ---- */

static void pool_image(void *arg, size_t task, size_t worker)
{
    const job *work = arg;
    const bw_layer_run *run = work->run;
    const bw_layer *layer = run->layer;
    size_t n_in = layer->in.h * layer->in.w * work->n_values;
    size_t n_out = layer->out.h * layer->out.w * work->n_values;
    const float *x = run->x + task * n_in;
    float *dx = NULL;

    (void)worker;
    if (work->is_backward) {
        dx = run->dx + task * n_in;
        memset(dx, 0, n_in * sizeof *dx);
    }
    for (size_t i = 0; i < layer->out.h; i++)
        for (size_t j = 0; j < layer->out.w; j++) {
            size_t at = task * n_out + (i * layer->out.w + j) * work->n_values;
            float *y = work->is_backward ? NULL : run->y + at;
            const float *dy = work->is_backward ? run->dy + at : NULL;

            (work->is_max ? pool_max : pool_mean)(
                work, x, find_window(work, i, j), y, dy, dx);
        }
}

static void pool(const bw_layer_run *run, bool is_max, bool is_backward)
{
    bw_layer layer = *run->layer;
    bool is_lanes = run->in_layout == BW_LAYOUT_LANES;
    job work = {.run = run,
                .is_max = is_max,
                .is_backward = is_backward,
                .n_values = is_lanes ? layer.in.c * BW_LANES : layer.in.c};

    if (is_backward && !run->dx)
        return;
    /* It fitted when the network was made. */
    if (bw_window_shape(&layer, false, work.zeros, NULL) != BW_OK)
        return;
    bw_tasks_run(run->tasks, is_lanes ? bw_cut_count(run->n, BW_LANES) : run->n,
                 pool_image, &work);
}

static void maxpool_forward(const bw_layer_run *run)
{
    pool(run, true, false);
}

static void maxpool_backward(const bw_layer_run *run)
{
    pool(run, true, true);
}

static void avgpool_forward(const bw_layer_run *run)
{
    pool(run, false, false);
}

static void avgpool_backward(const bw_layer_run *run)
{
    pool(run, false, true);
}

const bw_layer_kind bw_layer_maxpool = {
    .name = "maxpool",
    .syntax = "maxpool KxL [stride S] [pad P | pad T,B,L,R | pad same]",
    .layouts = BW_SAME_LAYOUT,
    .forward = maxpool_forward,
    .backward = maxpool_backward,
    .shape = pool_shape};

const bw_layer_kind bw_layer_avgpool = {
    .name = "avgpool",
    .syntax = "avgpool KxL [stride S] [pad P | pad T,B,L,R | pad same]",
    .layouts = BW_SAME_LAYOUT,
    .forward = avgpool_forward,
    .backward = avgpool_backward,
    .tangent = avgpool_forward,
    .shape = pool_shape};
