/* test_transport_laws.c - what the Wasserstein distances must satisfy whatever
 * computes them: symmetry, the triangle inequality, translation, bounds, lines
 * in closed form, and the same numbers from work space that is used again. */
#include "config.h"

#include <string.h>

#include "ot_case.h"

enum { SEED = 2, SIDE = 9, N_BINS = SIDE * SIDE };

static void open_grid(ot_case *c, bw_norm norm, double p)
{
    ot_open(c, ot_grid(norm, p, SIDE, SIDE));
}

static double cost_of(ot_case *c, bw_normalize normalize, const double *a,
                      const double *b)
{
    ot_fill(c, normalize, a, b);
    bw_solution s = ot_solve(c, BW_METHOD_AUTO, 0, 1);
    ot_check(c, &s, 0, 1);
    return s.cost;
}

static void draw_images(uint64_t t, bool is_whole, size_t n,
                        double image[][N_BINS])
{
    bw_random random;
    bw_random_init(&random, SEED, BW_RANDOM_TEST, t);
    for (size_t k = 0; k < n; k++)
        ot_draw(&random, N_BINS, is_whole, image[k]);
}

static const bw_norm norms[] = {BW_NORM_L1, BW_NORM_L2, BW_NORM_LINF};
static const double powers[] = {1, 1.5, 2, 3};

Test(transport_laws, symmetry_and_nothing_to_do)
{
    for (size_t a = 0; a < 3; a++)
        for (size_t b = 0; b < 4; b++) {
            ot_case c;
            open_grid(&c, norms[a], powers[b]);
            for (uint64_t t = 0; t < 12; t++) {
                double x[2][N_BINS];
                draw_images(t, t % 2, 2, x);
                snprintf(c.label, sizeof c.label,
                         "norm %zu, p %g, seed %d, "
                         "%llu",
                         a, powers[b], SEED, (unsigned long long)t);
                double to = cost_of(&c, BW_NORMALIZE_SUM, x[0], x[1]);
                bw_solution s = ot_solve(&c, BW_METHOD_AUTO, 1, 0);
                double slack = ot_is_exact(&c) ? 0 : ot_slack(&c, to);
                ot_check(&c, &s, 1, 0);
                cr_assert(fabs(to - s.cost) <= slack, "%s: %.17g, %.17g back",
                          c.label, to, s.cost);
                double still = cost_of(&c, BW_NORMALIZE_SUM, x[0], x[0]);
                cr_assert_eq(still, 0, "%s: %g", c.label, still);
                for (size_t q = 0; q < N_BINS; q++)
                    x[1][q] = 4 * x[0][q];
                still = cost_of(&c, BW_NORMALIZE_SUM, x[0], x[1]);
                cr_assert_eq(still, 0, "%s: %g", c.label, still);
            }
            ot_close(&c);
        }
}

/* W_p = cost^(1/p) is a metric for every p >= 1. */
Test(transport_laws, triangle_inequality)
{
    for (size_t a = 0; a < 3; a++)
        for (size_t b = 0; b < 4; b++) {
            ot_case c;
            open_grid(&c, norms[a], powers[b]);
            for (uint64_t t = 0; t < 12; t++) {
                double x[3][N_BINS], w[3];
                draw_images(t, t % 2, 3, x);
                for (size_t k = 0; k < 3; k++)
                    w[k] =
                        pow(cost_of(&c, BW_NORMALIZE_SUM, x[k], x[(k + 1) % 3]),
                            1 / powers[b]);
                for (size_t k = 0; k < 3; k++)
                    cr_assert(
                        w[k] <= (w[(k + 1) % 3] + w[(k + 2) % 3]) * (1 + 1e-12),
                        "norm %zu, p %g, seed %d, %llu: %g %g %g", a, powers[b],
                        SEED, (unsigned long long)t, w[0], w[1], w[2]);
            }
            ot_close(&c);
        }
}

/* Shifts an image that leaves a margin of 3 on every side. */
static void shift_image(double *from, int dy, int dx, double *to)
{
    memset(to, 0, N_BINS * sizeof *to);
    for (int q = 0; q < N_BINS; q++) {
        int y = q / SIDE, x = q % SIDE;
        if (y < 3 || y >= SIDE - 3 || x < 3 || x >= SIDE - 3)
            from[q] = 0;
    }
    from[N_BINS / 2] += 1;
    for (int q = 0; q < N_BINS; q++)
        if (from[q] > 0)
            to[q + dy * SIDE + dx] = from[q];
}

/* A shift by t costs |t|^p, by Jensen's inequality for p >= 1. */
Test(transport_laws, translation)
{
    for (size_t a = 0; a < 3; a++)
        for (size_t b = 0; b < 4; b++) {
            ot_case c;
            open_grid(&c, norms[a], powers[b]);
            for (uint64_t t = 0; t < 49; t++) {
                double x[1][N_BINS], y[N_BINS];
                int dy = (int)t / 7 - 3, dx = (int)t % 7 - 3;
                draw_images(t, t % 2, 1, x);
                shift_image(x[0], dy, dx, y);
                double to = cost_of(&c, BW_NORMALIZE_SUM, x[0], y);
                size_t away = (size_t)abs(dy) * SIDE + (size_t)abs(dx);
                double wanted = bw_ground_cost(c.ground, 0, away);
                double slack = ot_is_exact(&c) ? 0 : ot_slack(&c, wanted);
                cr_assert(fabs(to - wanted) <= slack,
                          "norm %zu, p %g, seed %d, %llu: %.17g, not %.17g", a,
                          powers[b], SEED, (unsigned long long)t, to, wanted);
            }
            ot_close(&c);
        }
}

/* The distance between the centres of mass. */
static double between_means(const double *a, const double *b)
{
    long double sum[2] = {0, 0}, y[2] = {0, 0}, x[2] = {0, 0};
    for (size_t q = 0; q < N_BINS; q++)
        for (int k = 0; k < 2; k++) {
            long double mass = k ? b[q] : a[q];
            sum[k] += mass;
            y[k] += mass * (long double)(q / SIDE);
            x[k] += mass * (long double)(q % SIDE);
        }
    return (double)hypotl(y[0] / sum[0] - y[1] / sum[1],
                          x[0] / sum[0] - x[1] / sum[1]);
}

/* |mean - mean| <= W_1 <= W_1.5 <= W_2 <= W_3 under l2; linf <= l2 <= l1. */
Test(transport_laws, bounds_between_distances)
{
    ot_case c[3][4];
    for (size_t a = 0; a < 3; a++)
        for (size_t b = 0; b < 4; b++)
            open_grid(&c[a][b], norms[a], powers[b]);
    for (uint64_t t = 0; t < 20; t++) {
        double x[2][N_BINS], w[3][4];
        draw_images(t, t % 2, 2, x);
        double means = between_means(x[0], x[1]);
        for (size_t a = 0; a < 3; a++)
            for (size_t b = 0; b < 4; b++) {
                w[a][b] = pow(cost_of(&c[a][b], BW_NORMALIZE_SUM, x[0], x[1]),
                              1 / powers[b]);
                double less = b > 0 ? w[a][b - 1] : a == 1 ? means : 0;
                cr_assert(less <= w[a][b] * (1 + 1e-12), "seed %d, %llu", SEED,
                          (unsigned long long)t);
            }
        for (size_t b = 0; b < 4; b++)
            cr_assert(w[2][b] <= w[1][b] * (1 + 1e-12) &&
                          w[1][b] <= w[0][b] * (1 + 1e-12),
                      "seed %d, %llu", SEED, (unsigned long long)t);
    }
    for (size_t k = 0; k < 12; k++)
        ot_close(&c[k / 4][k % 4]);
}

/* ---- lines ---- */

typedef struct line {
    size_t n;
    double *a, *b;
    bw_ground *ground;
    bw_histograms *set;
} line;

/* b = a + noise * (something between -1 and 1); noise 0: another draw. */
static void open_line(line *l, size_t n, bool is_whole, double noise)
{
    bw_error err = BW_ERROR_INIT;
    bw_random random;
    bw_random_init(&random, SEED, BW_RANDOM_TEST, n);
    *l = (line){.n = n, .ground = ot_grid(BW_NORM_L2, 1, 1, n)};
    l->a = malloc(n * sizeof *l->a);
    l->b = malloc(n * sizeof *l->b);
    cr_assert(l->a && l->b);
    for (size_t k = 0; k < n; k++) {
        double x = bw_random_uniform(&random), y = bw_random_uniform(&random);
        double close = x + noise * (2 * y - 1);
        l->a[k] = is_whole ? floor(4 * x) : 1 + x;
        l->b[k] = is_whole ? floor(4 * y) : 1 + (noise > 0 ? close : y);
    }
    cr_assert_eq(
        bw_histograms_create(l->ground, BW_NORMALIZE_SUM, &l->set, &err),
        BW_OK);
    cr_assert_eq(bw_histograms_add(l->set, n, l->a, &err), BW_OK);
    cr_assert_eq(bw_histograms_add(l->set, n, l->b, &err), BW_OK);
    cr_assert_eq(bw_histograms_seal(l->set, &err), BW_OK);
}

static void close_line(line *l)
{
    bw_histograms_destroy(l->set);
    bw_ground_destroy(l->ground);
    free(l->a);
    free(l->b);
}

/* W_1 on a line is the area between the distribution functions. */
static double area_between(const line *l)
{
    long double sum_a = 0, sum_b = 0, a = 0, b = 0, area = 0;
    for (size_t k = 0; k < l->n; k++) {
        sum_a += l->a[k];
        sum_b += l->b[k];
    }
    for (size_t k = 0; k < l->n; k++) {
        a += l->a[k];
        b += l->b[k];
        area += fabsl(a / sum_a - b / sum_b);
    }
    return (double)area;
}

static bw_solution solve_line(const line *l, bw_transport **ret_transport)
{
    bw_transport_options options = {.with_certificate = true};
    bw_histogram x = bw_histograms_get(l->set, 0);
    bw_histogram y = bw_histograms_get(l->set, 1);
    bw_error err = BW_ERROR_INIT;
    bw_solution s;
    cr_assert_eq(bw_transport_create(l->ground, &options, ret_transport, &err),
                 BW_OK);
    cr_assert_eq(
        bw_transport_solve(*ret_transport, &x, &y, BW_NORMALIZE_SUM, &s, &err),
        BW_OK, "%s", err.text);
    return s;
}

/* Some of them longer than the positions of a grid's side can tell. */
Test(transport_laws, long_lines)
{
    static const size_t sizes[] = {2000, 70000};
    for (size_t k = 0; k < 2; k++)
        for (int is_whole = 0; is_whole < 2; is_whole++) {
            line l;
            bw_transport *t;
            open_line(&l, sizes[k], is_whole, 0);
            bw_solution s = solve_line(&l, &t);
            double wanted = area_between(&l);
            cr_expect(fabs(s.cost - wanted) <= 1e-12 * wanted,
                      "%zu bins, whole %d: %.17g, not %.17g", sizes[k],
                      is_whole, s.cost, wanted);
            cr_expect(is_whole ? s.gap == 0 : fabs(s.gap) <= 1e-12 * wanted,
                      "%zu bins, whole %d: gap %g", sizes[k], is_whole, s.gap);
            bw_transport_destroy(t);
            close_line(&l);
        }
}

/* Where histograms are nearly equal, rounding is a greater part of the cost;
 * the gap must own up to it. */
Test(transport_laws, the_gap_bounds_the_error_between_close_reals)
{
    for (double noise = 1e-3; noise > 1e-12; noise /= 10) {
        line l;
        bw_transport *t;
        open_line(&l, 1000, false, noise);
        bw_solution s = solve_line(&l, &t);
        double wanted = area_between(&l);
        cr_expect(fabs(s.cost - wanted) <= fabs(s.gap) + 1e-15,
                  "noise %g: %.17g, not %.17g: an error of %g, a gap of %g",
                  noise, s.cost, wanted, s.cost - wanted, s.gap);
        bw_transport_destroy(t);
        close_line(&l);
    }
}

/* ---- work space ---- */

/* One solver for problems of rising and falling size gives what a new one
 * gives, bit for bit. */
Test(transport_laws, a_used_solver_gives_what_a_new_one_gives)
{
    ot_case c;
    open_grid(&c, BW_NORM_L2, 1);
    for (uint64_t t = 0; t < 40; t++) {
        double x[2][N_BINS];
        draw_images(t, t % 3, 2, x);
        for (size_t q = 0; q < N_BINS; q++)
            if (t % 4 && q % (t % 4 + 3))
                x[t % 2][q] = q == 1;
        ot_fill(&c, BW_NORMALIZE_SUM, x[0], x[1]);
        bw_solution s = ot_solve(&c, BW_METHOD_AUTO, 0, 1), fresh;
        bw_transport_options options = {.with_certificate = true,
                                        .with_plan = true,
                                        .with_potentials = true};
        bw_transport *other;
        bw_error err = BW_ERROR_INIT;
        cr_assert_eq(bw_transport_create(c.ground, &options, &other, &err),
                     BW_OK);
        cr_assert_eq(bw_transport_solve(other, &c.h[0], &c.h[1], c.normalize,
                                        &fresh, &err),
                     BW_OK);
        cr_assert(s.cost == fresh.cost && s.gap == fresh.gap);
        cr_assert_eq(s.n_arcs, fresh.n_arcs);
        cr_assert(memcmp(s.arc, fresh.arc, s.n_arcs * sizeof *s.arc) == 0);
        cr_assert(memcmp(s.mass, fresh.mass, s.n_arcs * sizeof *s.mass) == 0);
        cr_assert(memcmp(s.potential_source, fresh.potential_source,
                         N_BINS * sizeof(double)) == 0);
        cr_assert(memcmp(s.potential_target, fresh.potential_target,
                         N_BINS * sizeof(double)) == 0);
        bw_transport_destroy(other);
    }
    ot_close(&c);
}
