/* points.c - points in blocks, the rule of a cost, and the choice of the kernel
 * by what the processor can do. */
#include "config.h"

#include <math.h>

#include "base/isa.h"
#include "ot/points.h"

const bw_points_kernel *bw_points_get_kernel(void)
{
#ifdef BW_X86_64
    static const bw_points_kernel *const all[] = {&bw_points_kernel_plain,
                                                  &bw_points_kernel_avx2,
                                                  &bw_points_kernel_avx512};

    return all[bw_isa_get()];
#else
    return &bw_points_kernel_plain;
#endif
}

bw_points_rule bw_points_make_rule(const bw_ground *ground, double scale)
{
    double e = ground->norm == BW_NORM_L2 ? ground->p / 2 : ground->p;
    bw_points_power power = e == 1      ? BW_POINTS_ITSELF
                            : e == 0.5  ? BW_POINTS_ROOT
                            : e == 0.75 ? BW_POINTS_THREE_QUARTERS
                            : e == 1.5  ? BW_POINTS_ROOT_CUBED
                            : e == 2    ? BW_POINTS_SQUARE
                                        : BW_POINTS_ANY;

    return (bw_points_rule){ground->norm, power, e, ground->d, scale};
}

void bw_points_pad(size_t n, size_t d, double *at)
{
    size_t last = bw_points_place(n - 1, d);
    for (size_t k = n; k % BW_POINTS_LANES; k++)
        for (size_t c = 0; c < d; c++)
            at[bw_points_place(k, d) + BW_POINTS_LANES * c] =
                at[last + BW_POINTS_LANES * c];
}

void bw_points_box(size_t n, size_t d, const double *at, double *low,
                   double *high)
{
    size_t n_boxes = (n + BW_POINTS_LANES - 1) / BW_POINTS_LANES;
    for (size_t b = 0; b < n_boxes; b++)
        for (size_t c = 0; c < d; c++) {
            const double *x = at + (b * d + c) * BW_POINTS_LANES;
            size_t to = bw_points_place(b, d) + BW_POINTS_LANES * c;
            low[to] = high[to] = x[0];
            for (size_t k = 1; k < BW_POINTS_LANES; k++) {
                low[to] = fmin(low[to], x[k]);
                high[to] = fmax(high[to], x[k]);
            }
        }
    bw_points_pad(n_boxes, d, low);
    bw_points_pad(n_boxes, d, high);
}

/* The operations of the kernels, in their order. */
int32_t bw_points_small(const bw_points_rule *rule, const double *x,
                        const double *y)
{
    double s = 0;
    for (size_t c = 0; c < rule->d; c++) {
        double gap = fabs(x[BW_POINTS_LANES * c] - y[BW_POINTS_LANES * c]);
        if (rule->norm == BW_NORM_LINF)
            s = gap > s ? gap : s;
        else
            s += rule->norm == BW_NORM_L2 ? gap * gap : gap;
    }
    switch (rule->power) {
    case BW_POINTS_ITSELF:
        break;
    case BW_POINTS_ROOT:
        s = sqrt(s);
        break;
    case BW_POINTS_THREE_QUARTERS:
        s = sqrt(s) * sqrt(sqrt(s));
        break;
    case BW_POINTS_ROOT_CUBED:
        s = s * sqrt(s);
        break;
    case BW_POINTS_SQUARE:
        s = s * s;
        break;
    case BW_POINTS_ANY:
        s = pow(s, rule->exponent);
        break;
    }
    return (int32_t)lrint(s * rule->scale);
}

void bw_points_row(const bw_points_rule *rule, const double *x, size_t n,
                   const double *at, int32_t *cost)
{
    bw_points_get_kernel()->row(rule, x, n, at, cost);
}

void bw_points_transform(const bw_points_rule *rule, size_t n_from,
                         const double *from_at, const int32_t *from,
                         size_t n_to, const double *to_at, int32_t *to)
{
    bw_points_get_kernel()->transform(rule, n_from, from_at, from, n_to, to_at,
                                      to);
}
