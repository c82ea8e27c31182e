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
#include "nn/vmath.h"

/* n values on their way. */
typedef void (*sweep)(size_t n, float s, const float *a, const float *b,
                      float *to);

typedef struct job {
    sweep run;
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
static void sweep_all(const bw_layer_run *run, sweep body, const float *a,
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

static void go_forward(const bw_layer_run *run, sweep body)
{
    sweep_all(run, body, run->x, run->x, run->y);
}

static void go_backward(const bw_layer_run *run, sweep body)
{
    if (run->dx)
        sweep_all(run, body, run->y, run->dy, run->dx);
}

/* A forward sweep and a backward one of a kind, for each value x, y or dy, with
 * the layer's number s. Arrays are the same or apart. A NaN is no less and no
 * more than anything: conditions are written so that it passes. */
#define SWEEPS(name, forward_of_x, slope_of_y)                                 \
    static void name##_sweep(size_t n, float s, const float *a,                \
                             const float *b, float *to)                        \
    {                                                                          \
        (void)b, (void)s;                                                      \
        for (size_t k = 0; k < n; k++) {                                       \
            float x = a[k];                                                    \
            to[k] = (forward_of_x);                                            \
        }                                                                      \
    }                                                                          \
    static void name##_sweep_back(size_t n, float s, const float *a,           \
                                  const float *b, float *to)                   \
    {                                                                          \
        (void)s;                                                               \
        for (size_t k = 0; k < n; k++) {                                       \
            float y = a[k], dy = b[k];                                         \
            to[k] = (slope_of_y);                                              \
        }                                                                      \
    }                                                                          \
    static void name##_forward(const bw_layer_run *run)                        \
    {                                                                          \
        go_forward(run, name##_sweep);                                         \
    }                                                                          \
    static void name##_backward(const bw_layer_run *run)                       \
    {                                                                          \
        go_backward(run, name##_sweep_back);                                   \
    }

SWEEPS(relu, x <= 0.0f ? 0.0f : x, y <= 0.0f ? 0.0f : dy)
SWEEPS(leakyrelu, x <= 0.0f ? s * x : x, y <= 0.0f ? s * dy : dy)
SWEEPS(elu, x <= 0.0f ? bw_vmath_expm1(x) : x, y <= 0.0f ? dy * (y + 1.0f) : dy)
SWEEPS(tanh, bw_vmath_tanh(x), dy *(1.0f - y * y))
SWEEPS(sigmoid, bw_vmath_sigmoid(x), dy *(y *(1.0f - y)))

const bw_layer_kind bw_layer_relu = {.name = "relu",
                                     .syntax = "relu",
                                     .layouts = BW_SAME_LAYOUT,
                                     .in_place = true,
                                     .forward = relu_forward,
                                     .backward = relu_backward,
                                     .shape = keep_shape};

const bw_layer_kind bw_layer_leakyrelu = {.name = "leakyrelu",
                                          .syntax = "leakyrelu S",
                                          .layouts = BW_SAME_LAYOUT,
                                          .in_place = true,
                                          .forward = leakyrelu_forward,
                                          .backward = leakyrelu_backward,
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
