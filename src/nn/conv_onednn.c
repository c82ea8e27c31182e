/* conv_onednn.c - convolutions by oneDNN.
 *
 * A batch is cut into slices of a size that the shape fixes, a task each; items
 * that are left over go one by one. The weight stands in the format that the
 * primitives chose (each pass its own), repacked by pack(). Weight gradients
 * come as one block a slice, and are added up slice by slice.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "nn/conv_onednn.h"
#include "nn/cut.h"
#include "nn/onednn_unit.h"

enum {
    SLICE_WORK = 4 << 20, /* multiply-adds of a slice of to_y and to_x, at
                             least, so that calls cost nothing beside it */
    SLICE_ROWS = 196,     /* pixels of y in it, at least: the weight passes
                             through the caches once a slice */
    MIN_SLICES = 8,
    MAX_SLICES = 12,        /* of the weight gradient: each has a block */
    LARGE_WEIGHT = 1 << 22, /* floats from which blocks are kept few */
    FEW_SLICES = 4,
    MAX_PIECES = 8,  /* of a weight, in repacking */
    PIECE_UNIT = 64, /* output channels in a piece are a multiple of the
                         formats' blocks */
    ALIGNMENT = 4096,
    N_PASSES = 3
};

/* A weight in some format, in pieces along o; and the way between it and
 * PyTorch's layout. */
typedef struct packed {
    float *floats;
    dnnl_memory_t whole, piece[MAX_PIECES];
} packed;

/* Repacks a piece: into the format, or out of it, adding. */
typedef struct repacking {
    size_t n_pieces;
    dnnl_memory_desc_t format[MAX_PIECES];               /* offset 0 */
    size_t offset[MAX_PIECES], plain_offset[MAX_PIECES]; /* floats */
    dnnl_primitive_t primitive[MAX_PIECES];
    dnnl_memory_t plain[MAX_PIECES];
} repacking;

typedef struct pass_state {
    bw_onednn_unit *slice, *item; /* item is NULL where slices are items */
    repacking repack;
    size_t n_weights; /* 1, or the gradient's blocks */
    packed weight[MAX_SLICES];
} pass_state;

typedef struct onednn_state {
    bw_onednn *dnnl;
    float *zeros; /* [o]: no bias */
    pass_state pass[N_PASSES];
} onednn_state;

typedef struct onednn_run {
    const bw_conv *conv;
    const pass_state *pass;
    const bw_onednn *dnnl;
    const float *x, *y, *bias;
    bool relu;
    size_t n, n_slices; /* items; slices among them */
    float *out;
    /* Of the gradient: items from `first` on are in work, n_parts times a
     * unit's. */
    const bw_onednn_unit *unit;
    size_t first, n_parts;
} onednn_run;

static size_t index_of(unsigned pass)
{
    return pass == BW_CONV_TO_Y ? 0 : pass == BW_CONV_TO_X ? 1 : 2;
}

/* ---- cuts ---- */

static size_t n_weight_floats(const bw_conv_shape *shape)
{
    return shape->o * shape->c * shape->kh * shape->kw;
}

static size_t items_of_slice(const bw_conv *conv)
{
    const bw_conv_shape *shape = &conv->shape;
    size_t pixels = shape->p * shape->q;
    size_t work = SLICE_WORK / n_weight_floats(shape) / pixels + 1;
    size_t rows = SLICE_ROWS / pixels + (SLICE_ROWS % pixels != 0);

    return bw_cut_max(
        1, bw_cut_min(bw_cut_max(work, rows), conv->n_max / MIN_SLICES));
}

/* Of the gradient: an even number of slices, so that two threads share them,
 * with the fewest items left over; the more the better while blocks are
 * small. */
static size_t items_of_gradient(const bw_conv *conv)
{
    size_t most =
        n_weight_floats(&conv->shape) >= LARGE_WEIGHT ? FEW_SLICES : MAX_SLICES;
    size_t best = 1, left = conv->n_max;

    for (size_t n = 4; n <= most && n <= conv->n_max; n += 2)
        if (conv->n_max % n <= left) {
            best = n;
            left = conv->n_max % n;
        }
    return conv->n_max / best;
}

/* ---- passes over images ---- */

static void pass_task(void *arg, size_t task, size_t worker)
{
    const onednn_run *run = arg;
    const bw_conv_shape *shape = &run->conv->shape;
    const pass_state *pass = run->pass;
    bool is_slice = task < run->n_slices;
    const bw_onednn_unit *unit = is_slice ? pass->slice : pass->item;
    size_t m = pass->slice->n_items;
    size_t item =
        is_slice ? task * m : run->n_slices * m + (task - run->n_slices);
    size_t x = shape->h * shape->w * shape->c;
    size_t y = shape->p * shape->q * shape->o;

    bw_onednn_unit_run(unit, worker, run->x + item * x, run->y + item * y,
                       unit->pass == BW_CONV_TO_Y ? run->bias : NULL,
                       pass->weight[0].whole);
    if (unit->pass == BW_CONV_TO_Y)
        bw_conv_finish(unit->n_items * shape->p * shape->q, shape->o, NULL,
                       run->relu, run->out + item * y);
    else
        bw_conv_finish(unit->n_items * shape->h * shape->w, shape->c, run->bias,
                       run->relu, run->out + item * x);
}

static void run_pass(onednn_run *run, unsigned pass)
{
    const onednn_state *state = run->conv->state;
    size_t m;

    run->pass = &state->pass[index_of(pass)];
    run->dnnl = state->dnnl;
    m = run->pass->slice->n_items;
    run->n_slices = run->n / m;
    bw_tasks_run(run->conv->tasks, run->n_slices + run->n % m, pass_task, run);
}

static void onednn_to_y(bw_conv *conv, size_t n, const float *x,
                        const float *opt_bias, bool relu, float *y)
{
    const onednn_state *state = conv->state;
    onednn_run run = {.conv = conv,
                      .n = n,
                      .x = x,
                      .y = y,
                      .bias = opt_bias ? opt_bias : state->zeros,
                      .relu = relu,
                      .out = y};

    run_pass(&run, BW_CONV_TO_Y);
}

static void onednn_to_x(bw_conv *conv, size_t n, const float *y,
                        const float *opt_bias, bool relu, float *x)
{
    onednn_run run = {.conv = conv,
                      .n = n,
                      .x = x,
                      .y = y,
                      .bias = opt_bias,
                      .relu = relu,
                      .out = x};

    run_pass(&run, BW_CONV_TO_X);
}

/* ---- weights ---- */

static void repack_run(const onednn_run *run, size_t k, size_t worker,
                       dnnl_memory_t from, dnnl_memory_t to)
{
    dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    dnnl_status_t status;

    bw_onednn_hold_thread();
    status = dnnl_primitive_execute(run->pass->repack.primitive[k],
                                    run->dnnl->stream[worker], 2, args);
    assert(status == dnnl_success);
    (void)status;
}

static void pack_task(void *arg, size_t task, size_t worker)
{
    const onednn_run *run = arg;

    repack_run(run, task, worker, run->pass->repack.plain[task],
               run->pass->weight[0].piece[task]);
}

/* Piece `task` of the gradient += that of each block, in order. */
static void add_task(void *arg, size_t task, size_t worker)
{
    const onednn_run *run = arg;

    for (size_t k = 0; k < run->n_parts; k++)
        repack_run(run, task, worker, run->pass->weight[k].piece[task],
                   run->pass->repack.plain[task]);
}

static void slice_task(void *arg, size_t task, size_t worker)
{
    const onednn_run *run = arg;
    const bw_conv_shape *shape = &run->conv->shape;
    const bw_onednn_unit *unit = run->unit;
    size_t item = run->first + task * unit->n_items;

    bw_onednn_unit_run(unit, worker,
                       run->x + item * shape->h * shape->w * shape->c,
                       run->y + item * shape->p * shape->q * shape->o, NULL,
                       run->pass->weight[task].whole);
}

static void set_plain(const repacking *repack, float *plain)
{
    for (size_t k = 0; k < repack->n_pieces; k++)
        dnnl_memory_set_data_handle(repack->plain[k],
                                    plain + repack->plain_offset[k]);
}

/* Adds the gradient of the items from run->first on, as many as units of this
 * size take. */
static void add_units(onednn_run *run, const bw_onednn_unit *unit, size_t n)
{
    run->unit = unit;
    while ((run->n_parts = bw_cut_min((n - run->first) / unit->n_items,
                                      run->pass->n_weights)) > 0) {
        bw_tasks_run(run->conv->tasks, run->n_parts, slice_task, run);
        bw_tasks_run(run->conv->tasks, run->pass->repack.n_pieces, add_task,
                     run);
        run->first += run->n_parts * unit->n_items;
    }
}

static void onednn_weight(bw_conv *conv, size_t n, const float *x,
                          const float *y, float *dweight)
{
    onednn_state *state = conv->state;
    const pass_state *pass = &state->pass[index_of(BW_CONV_WEIGHT)];
    onednn_run run = {
        .conv = conv, .pass = pass, .dnnl = state->dnnl, .x = x, .y = y};

    set_plain(&pass->repack, dweight);
    add_units(&run, pass->slice, n);
    if (run.first < n)
        add_units(&run, pass->item, n);
}

static void onednn_pack(bw_conv *conv, const float *weight)
{
    onednn_state *state = conv->state;
    union {
        const float *in;
        float *out;
    } plain = {weight};

    for (size_t k = 0; k < 2; k++) {
        onednn_run run = {
            .conv = conv, .pass = &state->pass[k], .dnnl = state->dnnl};

        if (!run.pass->slice)
            continue;
        set_plain(&run.pass->repack, plain.out);
        bw_tasks_run(conv->tasks, run.pass->repack.n_pieces, pack_task, &run);
    }
}

/* ---- creation ---- */

/* Piece k of a weight's format and of PyTorch's layout: output channels from ..
 * from + n - 1. */
static dnnl_status_t describe_piece(const dnnl_memory_desc_t *format,
                                    const dnnl_memory_desc_t *plain,
                                    size_t from, size_t n, size_t k,
                                    repacking *repack,
                                    dnnl_memory_desc_t *ret_plain)
{
    dnnl_dims_t dims = {(dnnl_dim_t)n, plain->dims[1], plain->dims[2],
                        plain->dims[3]};
    dnnl_dims_t corner = {(dnnl_dim_t)from};
    dnnl_status_t status = dnnl_memory_desc_init_submemory(
        &repack->format[k], format, dims, corner);

    if (status == dnnl_success)
        status =
            dnnl_memory_desc_init_submemory(ret_plain, plain, dims, corner);
    if (status != dnnl_success)
        return status;
    repack->offset[k] = (size_t)repack->format[k].offset0;
    repack->plain_offset[k] = (size_t)ret_plain->offset0;
    repack->format[k].offset0 = ret_plain->offset0 = 0;
    return dnnl_success;
}

static dnnl_status_t make_repack_primitive(dnnl_engine_t engine, bool adds,
                                           const dnnl_memory_desc_t *from,
                                           const dnnl_memory_desc_t *to,
                                           dnnl_primitive_t *ret_primitive)
{
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_post_ops_t sum = NULL;
    dnnl_primitive_desc_t pd = NULL;
    dnnl_status_t status = dnnl_primitive_attr_create(&attributes);

    if (status == dnnl_success && adds) {
        status = dnnl_post_ops_create(&sum);
        if (status == dnnl_success)
            status = dnnl_post_ops_append_sum(sum, 1);
        if (status == dnnl_success)
            status = dnnl_primitive_attr_set_post_ops(attributes, sum);
    }
    if (status == dnnl_success)
        status = dnnl_reorder_primitive_desc_create(&pd, from, engine, to,
                                                    engine, attributes);
    if (status == dnnl_success)
        status = dnnl_primitive_create(ret_primitive, pd);
    dnnl_primitive_desc_destroy(pd);
    dnnl_post_ops_destroy(sum);
    dnnl_primitive_attr_destroy(attributes);
    return status;
}

static dnnl_status_t make_repack(const bw_onednn_unit *unit, repacking *repack)
{
    dnnl_engine_t engine = unit->dnnl->engine;
    bool adds = unit->pass == BW_CONV_WEIGHT;
    dnnl_memory_desc_t whole, plain;
    size_t o = (size_t)unit->w.dims[0];
    size_t step = (o + MAX_PIECES * PIECE_UNIT - 1) /
                  (MAX_PIECES * PIECE_UNIT) * PIECE_UNIT;
    dnnl_status_t status = dnnl_memory_desc_init_by_tag(&whole, 4, unit->w.dims,
                                                        dnnl_f32, dnnl_oihw);

    for (size_t from = 0; status == dnnl_success && from < o; from += step) {
        size_t k = repack->n_pieces++;
        const dnnl_memory_desc_t *format = &repack->format[k];

        status = describe_piece(&unit->w, &whole, from,
                                bw_cut_min(step, o - from), k, repack, &plain);
        if (status == dnnl_success)
            status = make_repack_primitive(engine, adds, adds ? format : &plain,
                                           adds ? &plain : format,
                                           &repack->primitive[k]);
        if (status == dnnl_success)
            status = dnnl_memory_create(&repack->plain[k], &plain, engine,
                                        DNNL_MEMORY_NONE);
    }
    return status;
}

static dnnl_status_t make_packed(const bw_onednn_unit *unit,
                                 const repacking *repack, packed *weight,
                                 size_t *n_bytes)
{
    dnnl_engine_t engine = unit->dnnl->engine;
    size_t n = dnnl_memory_desc_get_size(&unit->w);
    dnnl_status_t status;

    n = (n / ALIGNMENT + 1) * ALIGNMENT;
    weight->floats = aligned_alloc(ALIGNMENT, n);
    if (!weight->floats)
        return dnnl_out_of_memory;
    memset(weight->floats, 0, n);
    *n_bytes += n;
    status =
        dnnl_memory_create(&weight->whole, &unit->w, engine, weight->floats);
    for (size_t k = 0; status == dnnl_success && k < repack->n_pieces; k++)
        status = dnnl_memory_create(&weight->piece[k], &repack->format[k],
                                    engine, weight->floats + repack->offset[k]);
    return status;
}

/* Slices of m items and single items, with one format of the weight: the
 * slices' choice, or where the library is slow at single items in that, theirs;
 * where it is slow at slices then, all go one by one. */
static bw_status make_units(const bw_conv *conv, unsigned name, size_t m,
                            const bw_onednn *dnnl, pass_state *pass,
                            size_t *n_bytes, bw_error *err)
{
    const bw_conv_shape *shape = &conv->shape;
    size_t before = *n_bytes;
    bw_status status = bw_onednn_unit_create(dnnl, shape, name, m, NULL,
                                             &pass->slice, n_bytes, err);

    if (status == BW_OK && m > 1)
        status = bw_onednn_unit_create(dnnl, shape, name, 1, &pass->slice->w,
                                       &pass->item, n_bytes, err);
    if (status != BW_OK || m == 1 || !pass->item->is_slow ||
        pass->slice->is_slow)
        return status;
    bw_onednn_unit_destroy(pass->slice);
    bw_onednn_unit_destroy(pass->item);
    pass->slice = pass->item = NULL;
    *n_bytes = before;
    status = bw_onednn_unit_create(dnnl, shape, name, 1, NULL, &pass->item,
                                   n_bytes, err);
    if (status == BW_OK)
        status = bw_onednn_unit_create(dnnl, shape, name, m, &pass->item->w,
                                       &pass->slice, n_bytes, err);
    if (status == BW_OK && pass->slice->is_slow) {
        bw_onednn_unit_destroy(pass->slice);
        pass->slice = pass->item;
        pass->item = NULL;
    }
    return status;
}

static bw_status make_pass(const bw_conv *conv, unsigned name,
                           const bw_onednn *dnnl, pass_state *pass,
                           size_t *n_bytes, bw_error *err)
{
    bool is_weight = name == BW_CONV_WEIGHT;
    size_t m = is_weight ? items_of_gradient(conv) : items_of_slice(conv);
    dnnl_status_t made;
    bw_status status = make_units(conv, name, m, dnnl, pass, n_bytes, err);

    if (status != BW_OK)
        return status;
    made = make_repack(pass->slice, &pass->repack);
    pass->n_weights = is_weight ? conv->n_max / pass->slice->n_items : 1;
    if (pass->n_weights > MAX_SLICES)
        pass->n_weights = MAX_SLICES;
    for (size_t k = 0; made == dnnl_success && k < pass->n_weights; k++)
        made =
            make_packed(pass->slice, &pass->repack, &pass->weight[k], n_bytes);
    return bw_onednn_check(made, "weights", err);
}

static void destroy_pass(pass_state *pass)
{
    for (size_t k = 0; k < pass->n_weights; k++) {
        dnnl_memory_destroy(pass->weight[k].whole);
        for (size_t i = 0; i < MAX_PIECES; i++)
            dnnl_memory_destroy(pass->weight[k].piece[i]);
        free(pass->weight[k].floats);
    }
    for (size_t k = 0; k < MAX_PIECES; k++) {
        dnnl_primitive_destroy(pass->repack.primitive[k]);
        dnnl_memory_destroy(pass->repack.plain[k]);
    }
    bw_onednn_unit_destroy(pass->slice);
    bw_onednn_unit_destroy(pass->item);
}

static void onednn_destroy(void *arg)
{
    onednn_state *state = arg;

    if (!state)
        return;
    for (size_t k = 0; k < N_PASSES; k++)
        destroy_pass(&state->pass[k]);
    bw_onednn_destroy(state->dnnl);
    free(state->zeros);
    free(state);
}

static bw_status onednn_create(bw_conv *conv, size_t *n_bytes, bw_error *err)
{
    static const unsigned name[] = {BW_CONV_TO_Y, BW_CONV_TO_X, BW_CONV_WEIGHT};
    onednn_state *state = calloc(1, sizeof(*state));
    bw_status status;

    if (!state)
        return bw_error_memory(err);
    conv->state = state;
    state->zeros = calloc(conv->shape.o, sizeof(*state->zeros));
    if (!state->zeros)
        return bw_error_memory(err);
    bw_onednn_hold_thread();
    *n_bytes += sizeof(*state) + conv->shape.o * sizeof(*state->zeros);
    status =
        bw_onednn_create(bw_tasks_n_workers(conv->tasks), &state->dnnl, err);
    for (size_t k = 0; status == BW_OK && k < N_PASSES; k++)
        if (conv->passes & name[k])
            status = make_pass(conv, name[k], state->dnnl, &state->pass[k],
                               n_bytes, err);
    return status;
}

const bw_conv_way_ops bw_conv_onednn_ops = {
    .way = BW_WAY_ONEDNN,
    .create = onednn_create,
    .destroy = onednn_destroy,
    .pack = onednn_pack,
    .to_y = onednn_to_y,
    .to_x = onednn_to_x,
    .weight = onednn_weight,
};
