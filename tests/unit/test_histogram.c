/* test_histogram.c - sets of histograms: what is kept, in which order, how
 * masses are held, and what is refused. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "barrow/histogram.h"
#include "barrow/random.h"
#include "ot/perturb.h"
#include "ot/side.h"

#define OK(call)                                                               \
    do {                                                                       \
        bw_status status_of_ = (call);                                         \
        cr_assert_eq(status_of_, BW_OK, "%s: %s", #call, err.text);            \
    } while (0)

enum { HEIGHT = 4, WIDTH = 5, N_BINS = HEIGHT * WIDTH };

typedef struct sealed {
    bw_ground *ground;
    bw_histograms *set;
} sealed;

/* A set of n rows on the grid, sealed. */
static sealed seal(bw_normalize normalize, size_t n, double rows[][N_BINS])
{
    bw_error err = BW_ERROR_INIT;
    sealed s;
    OK(bw_ground_create_grid(BW_NORM_L2, 2, HEIGHT, WIDTH, &s.ground, &err));
    OK(bw_histograms_create(s.ground, normalize, &s.set, &err));
    for (size_t k = 0; k < n; k++)
        OK(bw_histograms_add(s.set, N_BINS, rows[k], &err));
    OK(bw_histograms_seal(s.set, &err));
    cr_assert_eq(bw_histograms_n(s.set), n);
    cr_assert_eq(bw_histograms_normalize(s.set), normalize);
    return s;
}

static void destroy(sealed *s)
{
    bw_histograms_destroy(s->set);
    bw_ground_destroy(s->ground);
}

static uint32_t morton(uint32_t bin)
{
    return bw_side_morton(bin / WIDTH, bin % WIDTH);
}

/* h holds just the bins of row that are not 0, in Morton order. */
static void check_bins(const bw_histogram *h, const double *row)
{
    size_t n = 0;
    for (size_t k = 0; k < N_BINS; k++)
        n += row[k] > 0;
    cr_assert_eq(h->n, n);
    for (size_t q = 0; q < n; q++) {
        cr_assert(h->bin[q] < N_BINS && row[h->bin[q]] > 0);
        cr_assert(q == 0 || morton(h->bin[q]) > morton(h->bin[q - 1]));
    }
}

static void draw(uint64_t t, double unit, double *row)
{
    bw_random random;
    bw_random_init(&random, 8, BW_RANDOM_TEST, t);
    for (size_t k = 0; k < N_BINS; k++) {
        uint64_t x = bw_random_below(&random, 300);
        row[k] = x < 100 ? 0 : (double)(x - 99) * unit;
    }
    row[3] = 7 * unit;
}

Test(histogram, integers_are_held_as_they_are)
{
    double rows[20][N_BINS];
    for (size_t k = 0; k < 20; k++)
        draw(k, 1, rows[k]);
    for (int normalize = 0; normalize <= 2; normalize += 2) {
        sealed s = seal((bw_normalize)normalize, 20, rows);
        cr_assert(bw_histograms_is_integral(s.set));
        for (size_t k = 0; k < 20; k++) {
            bw_histogram h = bw_histograms_get(s.set, k);
            int64_t total = 0;
            check_bins(&h, rows[k]);
            cr_assert_null(h.weight);
            for (size_t q = 0; q < h.n; q++) {
                cr_assert_eq((double)h.mass[q], rows[k][h.bin[q]]);
                total += h.mass[q];
            }
            cr_assert(h.total == total && h.sum == (double)total);
        }
        destroy(&s);
    }
}

/* Beside the reals stand integers of one total, each within a unit of its
 * share but for the largest, which takes what is left. */
static void check_reals(const bw_histogram *h, int64_t total, size_t most_lit)
{
    int64_t sum = 0;
    size_t n_off = 0;
    cr_assert_eq(h->total, total);
    cr_assert_not_null(h->weight);
    for (size_t q = 0; q < h->n; q++) {
        double share = h->weight[q] / h->sum * (double)total;
        cr_assert(h->mass[q] >= 1);
        cr_assert(h->weight[q] > 0);
        n_off += fabs((double)h->mass[q] - share) > 1 + 1e-15 * share;
        sum += h->mass[q];
    }
    cr_assert_eq(sum, total);
    cr_assert(n_off <= 1);
    cr_assert((double)total * ldexp(1, bw_perturb_shift(2 * most_lit)) <
              0x1p62);
}

Test(histogram, reals_stand_beside_integers_of_one_total)
{
    double rows[20][N_BINS];
    for (size_t k = 0; k < 20; k++)
        draw(k, k % 2 ? 0.1 : 1, rows[k]);
    for (int normalize = 0; normalize <= 2; normalize += 2) {
        sealed s = seal((bw_normalize)normalize, 20, rows);
        int64_t total = bw_histograms_get(s.set, 0).total;
        cr_assert_not(bw_histograms_is_integral(s.set));
        for (size_t k = 0; k < 20; k++) {
            bw_histogram h = bw_histograms_get(s.set, k);
            double sum = 0;
            check_bins(&h, rows[k]);
            check_reals(&h, total, N_BINS);
            for (size_t q = 0; q < h.n; q++) {
                cr_assert_eq(h.weight[q], rows[k][h.bin[q]]);
                sum += h.weight[q];
            }
            cr_assert_float_eq(h.sum, sum, 1e-12 * sum);
        }
        destroy(&s);
    }
}

/* What is nothing beside the rest still holds at least one unit. */
Test(histogram, tiny_masses_are_kept)
{
    double rows[2][N_BINS] = {{1, 1e-300, 5e-324, 0, 1e-17}, {1e300, 1e-300}};
    sealed s = seal(BW_NORMALIZE_SUM, 2, rows);
    for (size_t k = 0; k < 2; k++) {
        bw_histogram h = bw_histograms_get(s.set, k);
        check_bins(&h, rows[k]);
        check_reals(&h, h.total, 4);
    }
    destroy(&s);
}

Test(histogram, softmax)
{
    double rows[2][N_BINS] = {{0}, {800, 801, -5}};
    sealed s = seal(BW_NORMALIZE_SOFTMAX, 2, rows);
    bw_histogram h = bw_histograms_get(s.set, 0);
    cr_assert_eq(h.n, N_BINS);
    for (size_t q = 0; q < N_BINS; q++)
        cr_assert_float_eq(h.weight[q] / h.sum, 1.0 / N_BINS, 1e-15);
    /* exp(800) overflows; of the others exp(-801) is left. */
    h = bw_histograms_get(s.set, 1);
    for (size_t q = 0; q < h.n; q++) {
        double want = h.bin[q] == 1   ? 1 / (1 + exp(-1))
                      : h.bin[q] == 0 ? exp(-1) / (1 + exp(-1))
                                      : 0;
        cr_assert_float_eq(h.weight[q] / h.sum, want, 1e-15);
    }
    destroy(&s);
}

/* Sums whose product leaves no room for the perturbation are held as reals. */
Test(histogram, large_integers_become_reals)
{
    static const double sizes[] = {1e6, 1e7, 1e8, 1e9, 1e10, 1e15, 1e20};
    bool was_integral = true;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        double rows[1][N_BINS] = {{sizes[k], 1, sizes[k], 3}};
        sealed s = seal(BW_NORMALIZE_SUM, 1, rows);
        bw_histogram h = bw_histograms_get(s.set, 0);
        bool is_integral = bw_histograms_is_integral(s.set);
        cr_expect(was_integral || !is_integral);
        was_integral = is_integral;
        if (is_integral)
            cr_expect(bw_perturb_fits(h.sum, h.sum, 4), "%g", sizes[k]);
        else
            check_reals(&h, h.total, 4);
        destroy(&s);
    }
    cr_expect_not(was_integral);
}

Test(histogram, bytes_are_what_their_values_are)
{
    for (int normalize = 0; normalize <= 2; normalize++) {
        bw_error err = BW_ERROR_INIT;
        bw_ground *ground;
        bw_histograms *set;
        OK(bw_ground_create_grid(BW_NORM_L2, 2, HEIGHT, WIDTH, &ground, &err));
        OK(bw_histograms_create(ground, (bw_normalize)normalize, &set, &err));
        for (uint64_t t = 0; t < 300; t++) {
            double values[N_BINS];
            unsigned char bytes[N_BINS];
            draw(t, 1, values);
            for (size_t k = 0; k < N_BINS; k++)
                bytes[k] = (unsigned char)values[k];
            OK(bw_histograms_add(set, N_BINS, values, &err));
            OK(bw_histograms_add_bytes(set, N_BINS, bytes, &err));
        }
        OK(bw_histograms_seal(set, &err));
        for (size_t k = 0; k < 600; k += 2) {
            bw_histogram a = bw_histograms_get(set, k);
            bw_histogram b = bw_histograms_get(set, k + 1);
            cr_assert(a.n == b.n && a.sum == b.sum && a.total == b.total);
            cr_assert(memcmp(a.bin, b.bin, a.n * sizeof *a.bin) == 0);
            cr_assert(memcmp(a.mass, b.mass, a.n * sizeof *a.mass) == 0);
        }
        bw_histograms_destroy(set);
        bw_ground_destroy(ground);
    }
}

/* ---- order ---- */

Test(histogram, points_on_a_line_stand_by_their_coordinate)
{
    double x[] = {3, -1, 7, 0, 3, -1}, row[] = {1, 2, 3, 4, 5, 6};
    static const uint32_t order[] = {1, 5, 3, 0, 4, 2};
    bw_error err = BW_ERROR_INIT;
    bw_ground *ground;
    bw_histograms *set;
    OK(bw_ground_create_points(BW_NORM_L1, 2, 6, 1, x, &ground, &err));
    OK(bw_histograms_create(ground, BW_NORMALIZE_SUM, &set, &err));
    OK(bw_histograms_add(set, 6, row, &err));
    OK(bw_histograms_seal(set, &err));
    bw_histogram h = bw_histograms_get(set, 0);
    for (size_t q = 0; q < 6; q++)
        cr_assert(h.bin[q] == order[q] && (double)h.mass[q] == row[order[q]]);
    bw_histograms_destroy(set);
    bw_ground_destroy(ground);
}

Test(histogram, sources_and_sinks_of_a_matrix_share_a_set)
{
    double cost[6] = {1, 2, 3, 4, 5, 6}, a[] = {1, 2}, b[] = {1, 0, 2};
    bw_error err = BW_ERROR_INIT;
    bw_ground *ground;
    bw_histograms *set;
    OK(bw_ground_create_matrix(2, 3, cost, &ground, &err));
    OK(bw_histograms_create(ground, BW_NORMALIZE_SUM, &set, &err));
    OK(bw_histograms_add(set, 2, a, &err));
    OK(bw_histograms_add(set, 3, b, &err));
    OK(bw_histograms_seal(set, &err));
    bw_histogram h = bw_histograms_get(set, 1);
    cr_assert(h.n == 2 && h.bin[0] == 0 && h.bin[1] == 2);
    h = bw_histograms_get(set, 0);
    cr_assert(h.n == 2 && h.bin[0] == 0 && h.bin[1] == 1);
    bw_histograms_destroy(set);
    bw_ground_destroy(ground);
}

/* ---- refusals ---- */

#define REFUSES(n_bins, row, wanted, message)                                  \
    do {                                                                       \
        cr_expect_eq(bw_histograms_add(set, n_bins, row, &err), wanted);       \
        cr_expect_str_eq(err.text, message, "%s", err.text);                   \
    } while (0)

Test(histogram, bad_values_are_refused_by_bin)
{
    bw_error err = BW_ERROR_INIT;
    bw_ground *ground;
    bw_histograms *set;
    const double good[] = {1, 2, 3, 4}, none[4] = {0, -0.0};
    unsigned char no_bytes[4] = {0};
    OK(bw_ground_create_grid(BW_NORM_L1, 1, 2, 2, &ground, &err));
    OK(bw_histograms_create(ground, BW_NORMALIZE_SUM, &set, &err));
    REFUSES(4, ((double[]){1, NAN, 0, 0}), BW_ERR_RANGE, "mass nan at bin 1");
    REFUSES(4, ((double[]){1, 0, INFINITY, 0}), BW_ERR_RANGE,
            "mass inf at bin 2");
    REFUSES(4, ((double[]){1, 0, 0, -0.2}), BW_ERR_RANGE,
            "negative mass -0.2 at bin 3");
    REFUSES(4, none, BW_ERR_RANGE, "all mass is zero");
    REFUSES(3, good, BW_ERR_DIMENSION, "3 bins, where the ground cost has 4");
    REFUSES(4, ((double[]){1e308, 1e308, 1e308, 0}), BW_ERR_RANGE,
            "the sum of masses overflows");
    cr_expect_eq(bw_histograms_add_bytes(set, 4, no_bytes, &err), BW_ERR_RANGE);
    cr_expect_str_eq(err.text, "all mass is zero");
    cr_expect_eq(bw_histograms_add_bytes(set, 5, no_bytes, &err),
                 BW_ERR_DIMENSION);
    bw_histograms_destroy(set);
    OK(bw_histograms_create(ground, BW_NORMALIZE_SOFTMAX, &set, &err));
    REFUSES(4, ((double[]){1, NAN, 0, 0}), BW_ERR_RANGE, "mass nan at bin 1");
    OK(bw_histograms_add(set, 4, (double[]){-1, 0, -3, 2}, &err));
    bw_histograms_destroy(set);
    bw_histograms_destroy(NULL);
    bw_ground_destroy(ground);
}

Test(histogram, an_empty_set_is_sealed)
{
    sealed s = seal(BW_NORMALIZE_SUM, 0, NULL);
    cr_expect_eq(bw_histograms_n(s.set), 0);
    destroy(&s);
}
