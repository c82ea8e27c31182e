/* conv_phase.c - convolutions by phases and minimal filtering (conv_phase.h):
 * passes.
 *
 * A batch goes through in blocks of items: their tiles to points, products at
 * each point, and back. While U is small, a task takes a block whose V and M
 * stay in its processor's cache. A large U is read from memory once a block, so
 * blocks are large and tasks share each; so they do for dU, which has but one
 * sum, in order.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/isa.h"
#include "nn/conv_phase_product.h"
#include "nn/conv_phase_weight.h"
#include "nn/cut.h"

enum {
    LARGE_U = 768 * 1024,   /* floats of U from which it counts as large */
    OWN_BLOCK = 384 * 1024, /* floats of V and M of a block, unless one item
                                 has more: most of a usual L2 */
    SHARED_BLOCK = 2 << 20, /* the same of dU, where U is small */
    LARGE_BLOCK = 16 << 20, /* and where it is large */
    LINE = 64
};

typedef struct phase_state {
    const bw_conv_phase_kernel *kernel;
    bw_phase_plan plan, weight_plan; /* of to_y and to_x; of weight */
    bool is_shared;                  /* a block of to_y and to_x */
    size_t n_scratch;                /* of a worker, unless shared */
    float *u_for_m, *u_for_v, *du;
    float *scratch;
    float *packed; /* [worker][BW_PHASE_DU_PACKED] */
    float *zeros;  /* a pixel */
} phase_state;

/* One block of a pass. */
typedef struct phase_run {
    const bw_conv *conv;
    const phase_state *state;
    bw_phase_block block;
    bool is_shared;
    const float *bias;
    bool relu;
    size_t n; /* items of the batch */
    float *x, *y;
    void (*run_block)(struct phase_run *run);
} phase_run;

/* ---- tiles ---- */

static void transform_x(const phase_run *run, size_t item, float *outside,
                        bw_phase_transform *transform)
{
    const bw_phase_plan *plan = run->block.plan;

    for (size_t k = 0; k < bw_phase_plan_n_tiles(plan); k++)
        for (size_t f = 0; f < plan->n_phases; f++) {
            bw_phase_tile tile = bw_phase_plan_x_tile(
                plan, item, k, f, run->x, outside, run->block.scratch);

            transform(&tile);
        }
}

static void transform_y(const phase_run *run, size_t item,
                        bw_phase_transform *transform)
{
    const bw_phase_plan *plan = run->block.plan;

    for (size_t k = 0; k < bw_phase_plan_n_tiles(plan); k++) {
        bw_phase_tile tile =
            bw_phase_plan_y_tile(plan, item, k, run->y, run->block.scratch);

        transform(&tile);
    }
}

static void read_x_task(void *arg, size_t task, size_t worker)
{
    const phase_run *run = arg;

    (void)worker;
    transform_x(run, task, run->state->zeros, run->state->kernel->read_x);
}

static void read_y_task(void *arg, size_t task, size_t worker)
{
    const phase_run *run = arg;

    (void)worker;
    transform_y(run, task, run->state->kernel->read_y);
}

static void write_y_task(void *arg, size_t task, size_t worker)
{
    const phase_run *run = arg;
    const bw_conv_shape *shape = &run->conv->shape;
    size_t n = shape->p * shape->q;

    (void)worker;
    transform_y(run, task, run->state->kernel->write_y);
    bw_conv_finish(n, shape->o, run->bias, run->relu,
                   run->y + task * n * shape->o);
}

/* Patches of neighbouring tiles overlap, so they are added up. */
static void write_x_task(void *arg, size_t task, size_t worker)
{
    const phase_run *run = arg;
    const bw_conv_shape *shape = &run->conv->shape;
    size_t n = shape->h * shape->w;
    float *x = run->x + task * n * shape->c;

    (void)worker;
    memset(x, 0, n * shape->c * sizeof(*x));
    transform_x(run, task, NULL, run->state->kernel->add_x);
    bw_conv_finish(n, shape->c, run->bias, run->relu, x);
}

/* ---- products ---- */

static void m_task(void *arg, size_t task, size_t worker)
{
    const phase_run *run = arg;

    (void)worker;
    bw_phase_product_m(&run->block, task);
}

static void v_task(void *arg, size_t task, size_t worker)
{
    const phase_run *run = arg;

    (void)worker;
    bw_phase_product_v(&run->block, task);
}

static void du_task(void *arg, size_t task, size_t worker)
{
    const phase_run *run = arg;

    bw_phase_product_du(&run->block, task,
                        run->state->packed + worker * BW_PHASE_DU_PACKED);
}

/* ---- passes ---- */

static void each(phase_run *run, size_t n_tasks, bw_task task)
{
    if (run->is_shared)
        bw_tasks_run(run->conv->tasks, n_tasks, task, run);
    else
        for (size_t k = 0; k < n_tasks; k++)
            task(run, k, 0);
}

static void to_y_block(phase_run *run)
{
    each(run, run->block.n, read_x_task);
    each(run, bw_phase_product_n_tasks(run->block.plan), m_task);
    each(run, run->block.n, write_y_task);
}

static void to_x_block(phase_run *run)
{
    each(run, run->block.n, read_y_task);
    each(run, bw_phase_product_n_tasks(run->block.plan), v_task);
    each(run, run->block.n, write_x_task);
}

static void weight_block(phase_run *run)
{
    each(run, run->block.n, read_x_task);
    each(run, run->block.n, read_y_task);
    each(run, bw_phase_product_n_du_tasks(run->block.plan), du_task);
}

static void block_task(void *arg, size_t task, size_t worker)
{
    const phase_run *pass = arg;
    const bw_conv_shape *shape = &pass->conv->shape;
    bw_cut cut = bw_cut_piece(pass->n, pass->block.plan->n_items, task);
    phase_run run = *pass;

    run.block.n = cut.to - cut.from;
    run.block.sets = task == 0;
    run.block.scratch = pass->state->scratch + worker * pass->state->n_scratch;
    run.x += cut.from * shape->h * shape->w * shape->c;
    run.y += cut.from * shape->p * shape->q * shape->o;
    run.run_block(&run);
}

static void run_pass(phase_run *pass)
{
    size_t n_blocks = bw_cut_count(pass->n, pass->block.plan->n_items);

    if (!pass->is_shared)
        bw_tasks_run(pass->conv->tasks, n_blocks, block_task, pass);
    else
        for (size_t k = 0; k < n_blocks; k++)
            block_task(pass, k, 0);
}

/* Sides of x and y that a pass only reads stay as they are. */
static phase_run make_pass(const bw_conv *conv, size_t n, const float *x,
                           const float *y)
{
    const phase_state *state = conv->state;

    return (phase_run){.conv = conv,
                       .state = state,
                       .block = {.kernel = state->kernel, .plan = &state->plan},
                       .is_shared = state->is_shared,
                       .n = n,
                       .x = (float *)(uintptr_t)x,
                       .y = (float *)(uintptr_t)y};
}

static void phase_to_y(bw_conv *conv, size_t n, const float *x,
                       const float *opt_bias, bool relu, float *y)
{
    phase_run pass = make_pass(conv, n, x, y);

    pass.block.u = pass.state->u_for_m;
    pass.bias = opt_bias;
    pass.relu = relu;
    pass.run_block = to_y_block;
    run_pass(&pass);
}

static void phase_to_x(bw_conv *conv, size_t n, const float *y,
                       const float *opt_bias, bool relu, float *x)
{
    phase_run pass = make_pass(conv, n, x, y);

    pass.block.u = pass.state->u_for_v;
    pass.bias = opt_bias;
    pass.relu = relu;
    pass.run_block = to_x_block;
    run_pass(&pass);
}

static void phase_weight(bw_conv *conv, size_t n, const float *x,
                         const float *y, float *dweight)
{
    phase_run pass = make_pass(conv, n, x, y);

    pass.block.plan = &pass.state->weight_plan;
    pass.block.du = pass.state->du;
    pass.is_shared = true;
    pass.run_block = weight_block;
    run_pass(&pass);
    bw_phase_weight_add(conv->tasks, pass.state->kernel,
                        &pass.state->weight_plan, pass.state->du, dweight);
}

static void phase_pack(bw_conv *conv, const float *weight)
{
    const phase_state *s = conv->state;

    if (s->u_for_m)
        bw_phase_weight_for_m(conv->tasks, s->kernel, &s->plan, weight,
                              s->u_for_m);
    if (s->u_for_v)
        bw_phase_weight_for_v(conv->tasks, s->kernel, &s->plan, weight,
                              s->u_for_v);
}

/* ---- creation ---- */

/* As many items as `most` floats hold, blocks as equal as can be. */
static void set_block(size_t n_max, size_t most, bw_phase_plan *plan)
{
    size_t n_items = bw_cut_max(most / plan->n_scratch, 1);

    bw_phase_plan_resize(plan,
                         bw_cut_count(n_max, bw_cut_count(n_max, n_items)));
}

static void set_plans(const bw_conv *conv, phase_state *s)
{
    bw_phase_plan_init(&conv->shape, &s->plan);
    s->weight_plan = s->plan;
    s->is_shared = s->plan.n_u >= LARGE_U;
    set_block(conv->n_max, s->is_shared ? LARGE_BLOCK : OWN_BLOCK, &s->plan);
    set_block(conv->n_max, s->is_shared ? LARGE_BLOCK : SHARED_BLOCK,
              &s->weight_plan);
}

/* Zeros stay where channels are filled up, and in dU where no tile comes. */
static bool make_floats(size_t n, float **ret_floats, size_t *n_bytes)
{
    size_t size = (n * sizeof(float) / LINE + 1) * LINE;

    *n_bytes += size;
    *ret_floats = aligned_alloc(LINE, size);
    if (*ret_floats)
        memset(*ret_floats, 0, size);
    return *ret_floats != NULL;
}

static bool make_buffers(const bw_conv *conv, phase_state *s, size_t *n_bytes)
{
    size_t n_workers = bw_tasks_n_workers(conv->tasks), n_scratch = 0;
    bool is_made = make_floats(conv->shape.c, &s->zeros, n_bytes);

    if (conv->passes & (BW_CONV_TO_Y | BW_CONV_TO_X)) {
        s->n_scratch = s->plan.n_scratch;
        n_scratch = (s->is_shared ? 1 : n_workers) * s->n_scratch;
    }
    if (conv->passes & BW_CONV_WEIGHT)
        n_scratch = bw_cut_max(n_scratch, s->weight_plan.n_scratch);
    is_made = is_made && make_floats(n_scratch, &s->scratch, n_bytes);
    if (conv->passes & BW_CONV_TO_Y)
        is_made = is_made && make_floats(s->plan.n_u, &s->u_for_m, n_bytes);
    if (conv->passes & BW_CONV_TO_X)
        is_made = is_made && make_floats(s->plan.n_u, &s->u_for_v, n_bytes);
    if (conv->passes & BW_CONV_WEIGHT)
        is_made =
            is_made && make_floats(s->plan.n_u, &s->du, n_bytes) &&
            make_floats(n_workers * BW_PHASE_DU_PACKED, &s->packed, n_bytes);
    return is_made;
}

static const bw_conv_phase_kernel *choose_kernel(void)
{
#ifdef BW_X86_64
    static const bw_conv_phase_kernel *const all[] = {
        &bw_conv_phase_kernel_plain, &bw_conv_phase_kernel_avx2,
        &bw_conv_phase_kernel_avx512};

    return all[bw_isa_get()];
#else
    return &bw_conv_phase_kernel_plain;
#endif
}

static void phase_destroy(void *arg)
{
    phase_state *s = arg;

    if (!s)
        return;
    free(s->u_for_m);
    free(s->u_for_v);
    free(s->du);
    free(s->scratch);
    free(s->packed);
    free(s->zeros);
    free(s);
}

static bw_status phase_create(bw_conv *conv, size_t *n_bytes, bw_error *err)
{
    phase_state *s = calloc(1, sizeof(*s));

    if (!s)
        return bw_error_memory(err);
    conv->state = s;
    *n_bytes += sizeof(*s);
    s->kernel = choose_kernel();
    set_plans(conv, s);
    return make_buffers(conv, s, n_bytes) ? BW_OK : bw_error_memory(err);
}

const bw_conv_way_ops bw_conv_phase_ops = {
    .way = BW_WAY_PHASE,
    .create = phase_create,
    .destroy = phase_destroy,
    .pack = phase_pack,
    .to_y = phase_to_y,
    .to_x = phase_to_x,
    .weight = phase_weight,
};
