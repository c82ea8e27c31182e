/* activation.c - elementwise layers: relu, leakyrelu, elu, tanh, sigmoid.
 *
 * All work in place and in any layout: y = f(x), and the slope f'(x) is had
 * from y alone (a slope s of leakyrelu is not negative).
 */
#include "config.h"

#include "base/tasks.h"
#include "nn/cut.h"
#include "nn/layer.h"
#include "nn/layout.h"
#include "nn/sweep.h"

typedef struct job {
    bw_sweep *run;
    size_t n;
    float s;
    const float *a, *b;
    float *to;
} job;

static bw_status keep_shape(bw_layer *layer, bw_error *err)
{
    (void)err;
    layer->out = layer->in;
    return BW_OK;
}

static void run_piece(void *arg, size_t task, size_t worker)
{
    const job *work = arg;
    bw_cut cut = bw_cut_piece(work->n, BW_CUT_VALUES, task);

    (void)worker;
    work->run(cut.to - cut.from, work->s, work->a + cut.from,
              work->b + cut.from, work->to + cut.from);
}

/* to = run(a, b) over all values of the layer. */
static void sweep_all(const bw_layer_run *run, bw_sweep *body, const float *a,
                      const float *b, float *to)
{
    job work = {
        .run = body,
        .n = bw_layout_n(run->in_layout, run->n, bw_shape_n(run->layer->in)),
        .s = (float)run->layer->value[0],
        .a = a,
        .b = b,
        .to = to};

    bw_tasks_run(run->tasks, bw_cut_count(work.n, BW_CUT_VALUES), run_piece,
                 &work);
}

#define PASSES(name, activation)                                               \
    static void name##_forward(const bw_layer_run *run)                        \
    {                                                                          \
        sweep_all(run, bw_sweeps_get()->forward[activation], run->x, run->x,   \
                  run->y);                                                     \
    }                                                                          \
    static void name##_backward(const bw_layer_run *run)                       \
    {                                                                          \
        if (run->dx)                                                           \
            sweep_all(run, bw_sweeps_get()->backward[activation], run->y,      \
                      run->dy, run->dx);                                       \
    }

PASSES(relu, BW_RELU)
PASSES(leakyrelu, BW_LEAKYRELU)
PASSES(elu, BW_ELU)
PASSES(tanh, BW_TANH)
PASSES(sigmoid, BW_SIGMOID)

const bw_layer_kind bw_layer_relu = {.name = "relu",
                                     .syntax = "relu",
                                     .layouts = BW_SAME_LAYOUT,
                                     .in_place = true,
                                     .forward = relu_forward,
                                     .backward = relu_backward,
                                     .tangent = relu_backward,
                                     .shape = keep_shape};

const bw_layer_kind bw_layer_leakyrelu = {.name = "leakyrelu",
                                          .syntax = "leakyrelu S",
                                          .layouts = BW_SAME_LAYOUT,
                                          .in_place = true,
                                          .forward = leakyrelu_forward,
                                          .backward = leakyrelu_backward,
                                          .tangent = leakyrelu_backward,
                                          .shape = keep_shape};

const bw_layer_kind bw_layer_elu = {.name = "elu",
                                    .syntax = "elu",
                                    .layouts = BW_SAME_LAYOUT,
                                    .in_place = true,
                                    .forward = elu_forward,
                                    .backward = elu_backward,
                                    .shape = keep_shape};

const bw_layer_kind bw_layer_tanh = {.name = "tanh",
                                     .syntax = "tanh",
                                     .layouts = BW_SAME_LAYOUT,
                                     .in_place = true,
                                     .forward = tanh_forward,
                                     .backward = tanh_backward,
                                     .shape = keep_shape};

const bw_layer_kind bw_layer_sigmoid = {.name = "sigmoid",
                                        .syntax = "sigmoid",
                                        .layouts = BW_SAME_LAYOUT,
                                        .in_place = true,
                                        .forward = sigmoid_forward,
                                        .backward = sigmoid_backward,
                                        .shape = keep_shape};
