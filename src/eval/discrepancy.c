/* discrepancy.c - samples to floats near 1, and what their discrepancy is. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "eval/discrepancy.h"

/* The largest power of 2 that a kernel's scale may have: squared distances of
 * 2^18 values near 1 can be added to ten times that. */
enum { MOST_SCALE = 100 };

/* 2^-e is a double from here on. */
enum { LEAST_EXPONENT = -1000 };

/* e, where values are to be times 2^-e. A median follows the values; another
 * scale must stay a float, too. */
static int exponent_of(const bw_sample *a, const bw_sample *b, double opt_scale)
{
    int e, e_scale;

    (void)frexp(fmax(bw_sample_largest(a), bw_sample_largest(b)), &e);
    (void)frexp(opt_scale, &e_scale);
    if (opt_scale > 0 && e_scale - 2 * e > MOST_SCALE)
        e = (e_scale - MOST_SCALE + 1) / 2;
    return e < LEAST_EXPONENT ? LEAST_EXPONENT : e;
}

static bw_sample shrunk(const bw_sample *s, int e)
{
    bw_sample small = *s;

    small.factor = ldexp(s->factor, -e);
    return small;
}

static bw_mmd statistic_of(bw_mmd_kernel kernel, bool is_biased,
                           double opt_scale)
{
    bw_mmd mmd = kernel == BW_MMD_IMQ ? bw_mmd_imq(opt_scale) : bw_mmd_rbf();

    if (kernel == BW_MMD_RBF && opt_scale > 0) {
        mmd.is_median = false;
        mmd.scale[0] = opt_scale;
    }
    mmd.is_biased = is_biased;
    return mmd;
}

bw_status bw_discrepancy_of(const bw_sample *a, const bw_sample *b,
                            bw_mmd_kernel kernel, bool is_biased, double scale,
                            bw_tasks *tasks, int (*stopped)(void),
                            double *value, bw_error *err)
{
    bool is_median = kernel == BW_MMD_RBF && !(scale > 0);
    double c = scale > 0 || is_median ? scale : 2 * (double)a->size;
    int e = exponent_of(a, b, is_median ? 0 : c);
    bw_mmd mmd =
        statistic_of(kernel, is_biased, is_median ? 0 : ldexp(c, -2 * e));
    bw_sample small_a = shrunk(a, e), small_b = shrunk(b, e);
    bw_mmd_room *room = NULL;
    double *shift = calloc(a->size, sizeof *shift);
    float *x = calloc(a->n, a->size * sizeof *x);
    float *y = calloc(b->n, b->size * sizeof *y);
    bw_status status = shift && x && y ? BW_OK : bw_error_memory(err);

    if (!status)
        status = bw_mmd_room_create(&mmd, a->n, b->n, a->size, &room, err);
    if (status)
        goto done;
    bw_mmd_room_watch(room, stopped);
    bw_sample_mean(&small_a, shift);
    bw_sample_floats(&small_a, shift, 0, a->n, x);
    bw_sample_floats(&small_b, shift, 0, b->n, y);
    *value =
        bw_mmd_value(&mmd, room, tasks, a->n, x, b->n, y, a->size, 0, NULL);
    if (stopped && stopped())
        status = bw_error_set(err, BW_ERR_INTERRUPTED, "interrupted");
done:
    bw_mmd_room_destroy(room);
    free(shift);
    free(x);
    free(y);
    return status;
}
