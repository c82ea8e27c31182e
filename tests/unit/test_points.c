/* test_points.c - kd-order, and the kernels of costs between points against
 * their scalar likeness and plain loops. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "barrow/random.h"
#include "base/isa.h"
#include "ot/kd.h"
#include "ot/points.h"

enum { SEED = 7, MAX_KERNELS = 3, N_POINTS = 150, N_ROOM = 160, MAX_D = 16 };

/* The kernels that this processor runs, the plain one first. */
static size_t list_kernels(const bw_points_kernel *kernel[MAX_KERNELS])
{
    size_t n = 0;
    kernel[n++] = &bw_points_kernel_plain;
#ifdef BW_X86_64
    if (bw_isa_get() >= BW_ISA_AVX2)
        kernel[n++] = &bw_points_kernel_avx2;
    if (bw_isa_get() >= BW_ISA_AVX512)
        kernel[n++] = &bw_points_kernel_avx512;
#endif
    return n;
}

/* ---- kd-order ---- */

/* Codes differ, and each cell's points are one half of their parent's, cut
 * across its widest dimension. */
static void check_cell(size_t n, const uint32_t *point, const uint32_t *code,
                       const double *x, size_t d, unsigned bit)
{
    if (n <= 1)
        return;
    size_t cut = 0;
    double widest = 0, gap = HUGE_VAL;
    while (cut < n && !(code[point[cut]] >> bit & 1))
        cut++;
    cr_assert_eq(cut, n - n / 2, "%zu of %zu", cut, n);
    for (size_t c = 0; c < d; c++) {
        double low = HUGE_VAL, high = -HUGE_VAL, below = -HUGE_VAL,
               above = HUGE_VAL;
        for (size_t k = 0; k < n; k++) {
            double y = x[point[k] * d + c];
            low = fmin(low, y);
            high = fmax(high, y);
            below = k < cut ? fmax(below, y) : below;
            above = k < cut ? above : fmin(above, y);
        }
        if (high - low > widest) {
            widest = high - low;
            gap = above - below;
        }
    }
    cr_assert(widest == 0 || gap >= 0, "not cut across the widest dimension");
    check_cell(cut, point, code, x, d, bit - 1);
    check_cell(n - cut, point + cut, code, x, d, bit - 1);
}

static const uint32_t *sort_code;

static int by_code(const void *a, const void *b)
{
    uint32_t x = sort_code[*(const uint32_t *)a];
    uint32_t y = sort_code[*(const uint32_t *)b];
    return x < y ? -1 : x > y;
}

Test(points, kd_cells_are_halves)
{
    for (uint64_t t = 0; t < 200; t++) {
        bw_random random;
        bw_random_init(&random, SEED, BW_RANDOM_TEST, t);
        size_t n = 1 + bw_random_below(&random, 300);
        size_t d = 1 + bw_random_below(&random, 5);
        double x[300 * 5];
        uint32_t code[300], point[300];
        unsigned n_bits = 0;
        /* Lattices have duplicates, of which all may be equal. */
        uint64_t n_values = t % 3 ? 1 + bw_random_below(&random, 8) : 1 << 30;
        for (size_t k = 0; k < n * d; k++)
            x[k] = (double)bw_random_below(&random, n_values);
        cr_assert_eq(bw_kd_codes(n, d, x, code), BW_OK);
        while ((size_t)1 << n_bits < n)
            n_bits++;
        for (uint32_t k = 0; k < n; k++)
            point[k] = k;
        sort_code = code;
        qsort(point, n, sizeof *point, by_code);
        for (size_t k = 1; k < n; k++)
            cr_assert(code[point[k]] > code[point[k - 1]]);
        check_cell(n, point, code, x, d, n_bits - 1);
    }
}

/* ---- costs ---- */

static double plain_cost(bw_norm norm, double p, size_t d, const double *x,
                         const double *y)
{
    return pow(bw_ground_distance(norm, d, x, y), p);
}

typedef struct cloud {
    double x[N_POINTS * MAX_D]; /* row after row */
    double at[N_ROOM * MAX_D];  /* in blocks */
    double low[N_ROOM * MAX_D], high[N_ROOM * MAX_D];
    int32_t value[N_ROOM], bound[N_ROOM];
    uint8_t is_stale[N_ROOM];
    bw_points_rule rule;
} cloud;

static void draw_cloud(cloud *c, bw_random *random, const bw_points_rule *rule)
{
    size_t d = rule->d;
    c->rule = *rule;
    for (size_t k = 0; k < N_POINTS; k++)
        for (size_t q = 0; q < d; q++) {
            /* Along a line, so that boxes are apart. */
            double x = (double)k / N_POINTS + 0.1 * bw_random_uniform(random);
            c->x[k * d + q] = x;
            c->at[bw_points_place(k, d) + BW_POINTS_LANES * q] = x;
        }
    bw_points_pad(N_POINTS, d, c->at);
    bw_points_box(N_POINTS, d, c->at, c->low, c->high);
    for (size_t k = 0; k < N_ROOM; k++)
        c->value[k] =
            k < N_POINTS ? (int32_t)bw_random_below(random, 1 << 14) : 1 << 30;
    for (size_t b = 0; b < N_ROOM / BW_POINTS_LANES; b++) {
        /* Some bounds are lower than they need be. */
        c->is_stale[b] = (uint8_t)bw_random_below(random, 2);
        c->bound[b] = c->is_stale[b] ? -1000 : 1 << 30;
        for (size_t k = 0; k < BW_POINTS_LANES && !c->is_stale[b]; k++) {
            int32_t v = c->value[b * BW_POINTS_LANES + k];
            c->bound[b] = v < c->bound[b] ? v : c->bound[b];
        }
    }
}

/* Small costs of the scalar function to all, within 1/2 and a bit. */
static void check_small(const cloud *c, bw_norm norm, double p, size_t i,
                        int32_t *small, const char *label)
{
    size_t d = c->rule.d;
    for (size_t k = 0; k < N_POINTS; k++) {
        small[k] = bw_points_small(&c->rule, c->at + bw_points_place(i, d),
                                   c->at + bw_points_place(k, d));
        double cost = plain_cost(norm, p, d, c->x + i * d, c->x + k * d);
        cr_assert(fabs(small[k] - cost * c->rule.scale) <= 0.5001,
                  "%s: point %zu: %d for %g", label, k, small[k],
                  cost * c->rule.scale);
    }
}

static void check_search(const bw_points_kernel *kernel, const cloud *whole,
                         size_t i, const int32_t *small, int32_t limit,
                         const char *label)
{
    cloud c = *whole;
    int32_t least = limit, best = -7, slot = -7, list[N_ROOM];
    size_t n = 0, d = c.rule.d;
    bw_points_slots slots = {N_ROOM / BW_POINTS_LANES,
                             c.at,
                             c.low,
                             c.high,
                             c.value,
                             c.bound,
                             c.is_stale};
    const double *x = c.at + bw_points_place(i, d);
    for (size_t k = 0; k < N_POINTS; k++)
        if (small[k] + c.value[k] < least) {
            least = small[k] + c.value[k];
            best = (int32_t)k;
        }
    cr_assert_eq(kernel->search(&c.rule, x, &slots, limit, &slot), least, "%s",
                 label);
    cr_assert_eq(slot, best, "%s: slot %d, not %d", label, slot, best);
    size_t n_found = kernel->list(&c.rule, x, &slots, limit, list);
    for (size_t k = 0; k < N_POINTS; k++)
        if (small[k] + c.value[k] < limit) {
            cr_assert(n < n_found && list[n] == (int32_t)k, "%s: slot %zu",
                      label, k);
            n++;
        }
    cr_assert_eq(n, n_found, "%s", label);
}

/* Where all values are alike, point i is the nearest to itself: just within the
 * limit, in a box whose bound is as tight as can be, or stale. */
static void check_itself(const bw_points_kernel *kernel, const cloud *whole,
                         size_t i, const int32_t *small, const char *label)
{
    for (uint8_t is_stale = 0; is_stale < 2; is_stale++) {
        cloud c = *whole;
        for (size_t k = 0; k < N_POINTS; k++)
            c.value[k] = 5;
        for (size_t b = 0; b < N_ROOM / BW_POINTS_LANES; b++) {
            c.is_stale[b] = is_stale;
            c.bound[b] = is_stale ? -1000 : 5;
        }
        check_search(kernel, &c, i, small, 5, label);
        check_search(kernel, &c, i, small, 6, label);
    }
}

static void check_kernel(const bw_points_kernel *kernel, const cloud *c,
                         size_t i, const int32_t *small, const char *label)
{
    int32_t row[N_ROOM], to[N_ROOM];
    size_t d = c->rule.d;
    kernel->row(&c->rule, c->at + bw_points_place(i, d), N_POINTS, c->at, row);
    for (size_t k = 0; k < N_POINTS; k++)
        cr_assert_eq(row[k], small[k], "%s: point %zu: %d, not %d", label, k,
                     row[k], small[k]);
    for (int32_t limit = 1; limit < 1 << 25; limit *= 8)
        check_search(kernel, c, i, small, limit, label);
    check_itself(kernel, c, i, small, label);
    kernel->transform(&c->rule, N_POINTS, c->at, c->value, N_POINTS, c->at, to);
    int32_t least = INT32_MAX;
    for (size_t k = 0; k < N_POINTS; k++)
        least = small[k] - c->value[k] < least ? small[k] - c->value[k] : least;
    cr_assert_eq(to[i], least, "%s: transform", label);
}

Test(points, kernels_give_the_scalar_costs)
{
    static const double power[] = {1, 1.5, 2, 3, 4, 2.7};
    static const size_t dimension[] = {1, 2, 3, 10, 16};
    const bw_points_kernel *kernel[MAX_KERNELS];
    size_t n_kernels = list_kernels(kernel);
    for (size_t t = 0; t < 3 * 6 * 5; t++) {
        bw_ground ground = {.kind = BW_GROUND_POINTS,
                            .norm = (bw_norm)(t % 3),
                            .p = power[t / 3 % 6],
                            .d = dimension[t / 18]};
        double most =
            plain_cost(ground.norm, ground.p, ground.d, (double[MAX_D]){0},
                       (double[MAX_D]){1.1, 1.1, 1.1, 1.1, 1.1, 1.1, 1.1, 1.1,
                                       1.1, 1.1, 1.1, 1.1, 1.1, 1.1, 1.1, 1.1});
        bw_points_rule rule = bw_points_make_rule(&ground, (1 << 20) / most);
        bw_random random;
        bw_random_init(&random, SEED, BW_RANDOM_TEST, t);
        cloud *c = malloc(sizeof *c);
        int32_t small[N_POINTS];
        char label[80];
        cr_assert_not_null(c);
        draw_cloud(c, &random, &rule);
        for (size_t i = 0; i < N_POINTS; i += 13) {
            snprintf(label, sizeof label, "norm %d, p %g, %zu-D, point %zu",
                     (int)ground.norm, ground.p, ground.d, i);
            check_small(c, ground.norm, ground.p, i, small, label);
            for (size_t k = 0; k < n_kernels; k++) {
                snprintf(label, sizeof label,
                         "norm %d, p %g, %zu-D, kernel %zu, point %zu",
                         (int)ground.norm, ground.p, ground.d, k, i);
                check_kernel(kernel[k], c, i, small, label);
            }
        }
        free(c);
    }
}

/* The same doubles as a plain loop, whatever the number of rows. */
Test(points, squares_are_summed_in_order)
{
    enum { N = 7, D = 37 };
    const bw_points_kernel *kernel[MAX_KERNELS];
    size_t n_kernels = list_kernels(kernel);
    bw_random random;
    double row[N * D], at[D * BW_POINTS_LANES], sum[N * BW_POINTS_LANES];
    bw_random_init(&random, SEED, BW_RANDOM_TEST, 1000);
    for (size_t k = 0; k < N * D; k++)
        row[k] = bw_random_normal(&random);
    for (size_t k = 0; k < D * BW_POINTS_LANES; k++)
        at[k] = bw_random_normal(&random);
    for (size_t n = 1; n <= N * n_kernels; n++) {
        size_t n_rows = (n - 1) % N + 1;
        kernel[(n - 1) / N]->squares(D, n_rows, row, at, sum);
        for (size_t q = 0; q < n_rows * BW_POINTS_LANES; q++) {
            double wanted = 0;
            for (size_t c = 0; c < D; c++) {
                double gap = row[q / BW_POINTS_LANES * D + c] -
                             at[c * BW_POINTS_LANES + q % BW_POINTS_LANES];
                wanted += gap * gap;
            }
            cr_assert(sum[q] == wanted, "kernel %zu, %zu rows, sum %zu",
                      (n - 1) / N, n_rows, q);
        }
    }
}
