/* softmax.c - y_j = exp(x_j - max x) / sum_k exp(x_k - max x) over a flat item.
 *
 * In place: dx_j = y_j (dy_j - sum_k dy_k y_k).
 */
#include "config.h"

#include "base/tasks.h"
#include "nn/cut.h"
#include "nn/layer.h"
#include "nn/sweep.h"

static bw_status softmax_shape(bw_layer *layer, bw_error *err)
{
    char text[64];

    bw_shape_text(layer->in, text);
    if (!layer->in.is_flat)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "softmax cannot take %s: it is not flat", text);
    layer->out = layer->in;
    return BW_OK;
}

/* Items of a task: about BW_CUT_VALUES values. */
static size_t items_of_task(size_t n_values)
{
    return n_values < BW_CUT_VALUES ? BW_CUT_VALUES / n_values : 1;
}

static void forward_items(void *arg, size_t task, size_t worker)
{
    const bw_layer_run *run = arg;
    const bw_sweeps *sweeps = bw_sweeps_get();
    size_t n = bw_shape_n(run->layer->in);
    bw_cut cut = bw_cut_piece(run->n, items_of_task(n), task);

    (void)worker;
    for (size_t i = cut.from; i < cut.to; i++)
        sweeps->softmax(n, run->x + i * n, run->y + i * n);
}

static void backward_items(void *arg, size_t task, size_t worker)
{
    const bw_layer_run *run = arg;
    const bw_sweeps *sweeps = bw_sweeps_get();
    size_t n = bw_shape_n(run->layer->in);
    bw_cut cut = bw_cut_piece(run->n, items_of_task(n), task);

    (void)worker;
    for (size_t i = cut.from; i < cut.to; i++)
        sweeps->softmax_back(n, run->y + i * n, run->dy + i * n,
                             run->dx + i * n);
}

static void run_items(const bw_layer_run *run, bw_task body)
{
    bw_layer_run copy = *run;
    size_t n_items = items_of_task(bw_shape_n(run->layer->in));

    bw_tasks_run(run->tasks, bw_cut_count(run->n, n_items), body, &copy);
}

static void softmax_forward(const bw_layer_run *run)
{
    run_items(run, forward_items);
}

static void softmax_backward(const bw_layer_run *run)
{
    if (run->dx)
        run_items(run, backward_items);
}

const bw_layer_kind bw_layer_softmax = {.name = "softmax",
                                        .syntax = "softmax",
                                        .layouts = BW_ONLY_ROWS,
                                        .in_place = true,
                                        .forward = softmax_forward,
                                        .backward = softmax_backward,
                                        .shape = softmax_shape};
