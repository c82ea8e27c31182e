/* onednn_unit.c - one pass of a convolution over a fixed number of items as a
 * primitive of oneDNN. */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "nn/onednn_unit.h"

/* Of the OpenMP run time that the library brings along; its header is the
 * compiler's own and not every compiler has one. */
extern void omp_set_num_threads(int n);

enum { ALIGNMENT = 4096 };

bw_status bw_onednn_check(dnnl_status_t status, const char *what, bw_error *err)
{
    if (status == dnnl_success)
        return BW_OK;
    if (status == dnnl_out_of_memory)
        return bw_error_memory(err);
    return bw_error_set(err, BW_ERR_INTERNAL, "oneDNN: %s: status %d", what,
                        (int)status);
}

void bw_onednn_hold_thread(void)
{
    omp_set_num_threads(1);
}

/* ---- handles ---- */

bw_status bw_onednn_create(size_t n_workers, bw_onednn **ret_dnnl,
                           bw_error *err)
{
    bw_onednn *dnnl = calloc(1, sizeof(*dnnl));
    bw_status status = BW_OK;

    *ret_dnnl = NULL;
    if (dnnl)
        dnnl->stream = calloc(n_workers, sizeof(dnnl_stream_t));
    if (!dnnl || !dnnl->stream) {
        bw_onednn_destroy(dnnl);
        return bw_error_memory(err);
    }
    dnnl->n_workers = n_workers;
    status = bw_onednn_check(dnnl_engine_create(&dnnl->engine, dnnl_cpu, 0),
                             "engine", err);
    for (size_t k = 0; status == BW_OK && k < n_workers; k++)
        status =
            bw_onednn_check(dnnl_stream_create(&dnnl->stream[k], dnnl->engine,
                                               dnnl_stream_default_flags),
                            "stream", err);
    if (status != BW_OK) {
        bw_onednn_destroy(dnnl);
        return status;
    }
    *ret_dnnl = dnnl;
    return BW_OK;
}

void bw_onednn_destroy(bw_onednn *dnnl)
{
    if (!dnnl)
        return;
    for (size_t k = 0; dnnl->stream && k < dnnl->n_workers; k++)
        dnnl_stream_destroy(dnnl->stream[k]);
    free(dnnl->stream);
    dnnl_engine_destroy(dnnl->engine);
    free(dnnl);
}

/* ---- the primitive ---- */

/* What describes a convolution to the library: it counts (items, channels,
 * rows, columns), however they stand in memory. */
typedef struct geometry {
    dnnl_dims_t stride, before, after;
    dnnl_memory_desc_t x, y, w, bias;
} geometry;

/* Zeros after an axis of x; none where rows are left that no window reaches. */
static dnnl_dim_t zeros_after(size_t in, size_t out, size_t kernel,
                              size_t stride, size_t before)
{
    size_t covered = (out - 1) * stride + kernel;

    return covered > in + before ? (dnnl_dim_t)(covered - in - before) : 0;
}

static dnnl_status_t describe(const bw_conv_shape *shape, size_t n_items,
                              const dnnl_memory_desc_t *opt_w, geometry *g)
{
    dnnl_dims_t x = {(dnnl_dim_t)n_items, (dnnl_dim_t)shape->c,
                     (dnnl_dim_t)shape->h, (dnnl_dim_t)shape->w};
    dnnl_dims_t y = {(dnnl_dim_t)n_items, (dnnl_dim_t)shape->o,
                     (dnnl_dim_t)shape->p, (dnnl_dim_t)shape->q};
    dnnl_dims_t w = {(dnnl_dim_t)shape->o, (dnnl_dim_t)shape->c,
                     (dnnl_dim_t)shape->kh, (dnnl_dim_t)shape->kw};
    dnnl_dims_t bias = {(dnnl_dim_t)shape->o};
    dnnl_status_t status;

    g->stride[0] = g->stride[1] = (dnnl_dim_t)shape->stride;
    g->before[0] = (dnnl_dim_t)shape->top;
    g->before[1] = (dnnl_dim_t)shape->left;
    g->after[0] =
        zeros_after(shape->h, shape->p, shape->kh, shape->stride, shape->top);
    g->after[1] =
        zeros_after(shape->w, shape->q, shape->kw, shape->stride, shape->left);
    status = dnnl_memory_desc_init_by_tag(&g->x, 4, x, dnnl_f32, dnnl_nhwc);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&g->y, 4, y, dnnl_f32, dnnl_nhwc);
    if (status == dnnl_success)
        status =
            dnnl_memory_desc_init_by_tag(&g->bias, 1, bias, dnnl_f32, dnnl_a);
    if (status == dnnl_success)
        status = dnnl_memory_desc_init_by_tag(&g->w, 4, w, dnnl_f32,
                                              dnnl_format_tag_any);
    if (opt_w)
        g->w = *opt_w;
    return status;
}

static dnnl_status_t describe_pass(unsigned pass, const geometry *g,
                                   dnnl_convolution_desc_t *desc)
{
    const dnnl_alg_kind_t direct = dnnl_convolution_direct;

    if (pass == BW_CONV_TO_Y)
        return dnnl_convolution_forward_desc_init(
            desc, dnnl_forward_training, direct, &g->x, &g->w, &g->bias, &g->y,
            g->stride, g->before, g->after);
    if (pass == BW_CONV_TO_X)
        return dnnl_convolution_backward_data_desc_init(
            desc, direct, &g->x, &g->w, &g->y, g->stride, g->before, g->after);
    return dnnl_convolution_backward_weights_desc_init(
        desc, direct, &g->x, &g->w, NULL, &g->y, g->stride, g->before,
        g->after);
}

/* Backward passes want a forward one as a hint. */
static dnnl_status_t make_descriptor(const bw_onednn_unit *unit,
                                     const geometry *g,
                                     const_dnnl_primitive_attr_t attributes,
                                     dnnl_primitive_desc_t *ret_pd)
{
    dnnl_engine_t engine = unit->dnnl->engine;
    dnnl_primitive_desc_t hint = NULL;
    dnnl_convolution_desc_t forward, desc;
    geometry any = *g;
    dnnl_status_t status = dnnl_memory_desc_init_by_tag(
        &any.w, 4, g->w.dims, dnnl_f32, dnnl_format_tag_any);

    if (status == dnnl_success && unit->pass != BW_CONV_TO_Y) {
        status = describe_pass(BW_CONV_TO_Y, &any, &forward);
        if (status == dnnl_success)
            status =
                dnnl_primitive_desc_create(&hint, &forward, NULL, engine, NULL);
    }
    if (status == dnnl_success)
        status = describe_pass(unit->pass, g, &desc);
    if (status == dnnl_success)
        status =
            dnnl_primitive_desc_create(ret_pd, &desc, attributes, engine, hint);
    dnnl_primitive_desc_destroy(hint);
    return status;
}

static dnnl_memory_desc_t weight_format(unsigned pass,
                                        const_dnnl_primitive_desc_t pd)
{
    return *dnnl_primitive_desc_query_md(pd,
                                         pass == BW_CONV_WEIGHT
                                             ? dnnl_query_diff_weights_md
                                             : dnnl_query_weights_md,
                                         0);
}

/* Its reference code takes loop after loop of single numbers, some hundred
 * times as long; the names of these implementations begin with ref. */
static bool is_reference(const_dnnl_primitive_desc_t pd)
{
    const char *name = "";

    return dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0,
                                     (void *)&name) == dnnl_success &&
           strncmp(name, "ref", 3) == 0;
}

static dnnl_status_t make_call(const bw_onednn_unit *unit, const geometry *g,
                               const dnnl_memory_desc_t *scratch,
                               bw_onednn_call *call)
{
    dnnl_engine_t engine = unit->dnnl->engine;
    size_t n = dnnl_memory_desc_get_size(scratch);
    dnnl_status_t status;

    n = (n / ALIGNMENT + 1) * ALIGNMENT;
    call->scratch_bytes = aligned_alloc(ALIGNMENT, n);
    if (!call->scratch_bytes)
        return dnnl_out_of_memory;
    status = dnnl_memory_create(&call->scratch, scratch, engine,
                                call->scratch_bytes);
    if (status == dnnl_success)
        status =
            dnnl_memory_create(&call->x, &unit->x, engine, DNNL_MEMORY_NONE);
    if (status == dnnl_success)
        status =
            dnnl_memory_create(&call->y, &unit->y, engine, DNNL_MEMORY_NONE);
    if (status == dnnl_success)
        status =
            dnnl_memory_create(&call->bias, &g->bias, engine, DNNL_MEMORY_NONE);
    return status;
}

static dnnl_status_t make_unit(bw_onednn_unit *unit, const geometry *g,
                               size_t *n_bytes)
{
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t pd = NULL;
    const dnnl_memory_desc_t *scratch;
    dnnl_status_t status = dnnl_primitive_attr_create(&attributes);

    if (status == dnnl_success)
        status = dnnl_primitive_attr_set_scratchpad_mode(
            attributes, dnnl_scratchpad_mode_user);
    if (status == dnnl_success)
        status = make_descriptor(unit, g, attributes, &pd);
    if (status == dnnl_success)
        status = dnnl_primitive_create(&unit->primitive, pd);
    if (status == dnnl_success) {
        unit->x = g->x;
        unit->y = g->y;
        unit->w = weight_format(unit->pass, pd);
        unit->is_slow = is_reference(pd);
        scratch = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);
        *n_bytes += dnnl_memory_desc_get_size(scratch) * unit->dnnl->n_workers;
        for (size_t k = 0; status == dnnl_success && k < unit->dnnl->n_workers;
             k++)
            status = make_call(unit, g, scratch, &unit->call[k]);
    }
    dnnl_primitive_desc_destroy(pd);
    dnnl_primitive_attr_destroy(attributes);
    return status;
}

bw_status bw_onednn_unit_create(const bw_onednn *dnnl,
                                const bw_conv_shape *shape, unsigned pass,
                                size_t n_items, const dnnl_memory_desc_t *opt_w,
                                bw_onednn_unit **ret_unit, size_t *n_bytes,
                                bw_error *err)
{
    bw_onednn_unit *unit = calloc(1, sizeof(*unit));
    dnnl_status_t status;
    geometry g;

    *ret_unit = NULL;
    if (unit)
        unit->call = calloc(dnnl->n_workers, sizeof(*unit->call));
    if (!unit || !unit->call) {
        free(unit);
        return bw_error_memory(err);
    }
    unit->dnnl = dnnl;
    unit->pass = pass;
    unit->n_items = n_items;
    status = describe(shape, n_items, opt_w, &g);
    if (status == dnnl_success)
        status = make_unit(unit, &g, n_bytes);
    if (status != dnnl_success) {
        bw_onednn_unit_destroy(unit);
        return bw_onednn_check(status, "convolution", err);
    }
    *ret_unit = unit;
    return BW_OK;
}

void bw_onednn_unit_destroy(bw_onednn_unit *unit)
{
    if (!unit)
        return;
    for (size_t k = 0; k < unit->dnnl->n_workers; k++) {
        bw_onednn_call *call = &unit->call[k];

        dnnl_memory_destroy(call->x);
        dnnl_memory_destroy(call->y);
        dnnl_memory_destroy(call->bias);
        dnnl_memory_destroy(call->scratch);
        free(call->scratch_bytes);
    }
    free(unit->call);
    dnnl_primitive_destroy(unit->primitive);
    free(unit);
}

/* ---- runs ---- */

/* The library takes what it only reads without const, too. */
static void *unconst(const float *p)
{
    union {
        const float *in;
        void *out;
    } pointer = {p};

    return pointer.out;
}

void bw_onednn_unit_run(const bw_onednn_unit *unit, size_t worker,
                        const float *x, const float *y, const float *bias,
                        dnnl_memory_t w)
{
    static const int role[3][3] = {
        {DNNL_ARG_SRC, DNNL_ARG_DST, DNNL_ARG_WEIGHTS},
        {DNNL_ARG_DIFF_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS},
        {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS},
    };
    const int *my = role[unit->pass == BW_CONV_TO_Y   ? 0
                         : unit->pass == BW_CONV_TO_X ? 1
                                                      : 2];
    const bw_onednn_call *call = &unit->call[worker];
    dnnl_exec_arg_t args[] = {{my[0], call->x},
                              {my[1], call->y},
                              {my[2], w},
                              {DNNL_ARG_SCRATCHPAD, call->scratch},
                              {DNNL_ARG_BIAS, call->bias}};
    int n_args = unit->pass == BW_CONV_TO_Y ? 5 : 4;
    dnnl_status_t status;

    bw_onednn_hold_thread();
    dnnl_memory_set_data_handle(call->x, unconst(x));
    dnnl_memory_set_data_handle(call->y, unconst(y));
    if (bias)
        dnnl_memory_set_data_handle(call->bias, unconst(bias));
    status = dnnl_primitive_execute(unit->primitive, unit->dnnl->stream[worker],
                                    n_args, args);
    assert(status == dnnl_success);
    (void)status;
}
