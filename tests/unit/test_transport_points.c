/* test_transport_points.c - scattered supports large enough for coarse levels
 * and for searches by boxes: all methods against the plain one, and against
 * values by the Hungarian method (fixtures/make_points.py). */
#include "config.h"

#include <string.h>

#include "mnist_images.h"
#include "ot/ground.h"
#include "ot_case.h"

enum { SEED = 17 };

static const bw_method methods[] = {BW_METHOD_SIMPLEX, BW_METHOD_AUTO,
                                    BW_METHOD_BITMASK, BW_METHOD_LARGE};

enum { N_METHODS = sizeof methods / sizeof *methods };

/* How supports look. */
typedef enum shape {
    UNIFORM,
    LATTICE, /* few places: duplicates, ties */
    COLLINEAR,
    CLUSTERS, /* two, 1e6 apart */
    EQUAL,
    N_SHAPES
} shape;

static const char *const shape_name[] = {"uniform", "lattice", "collinear",
                                         "clusters", "equal"};

static void draw_support(shape kind, size_t n, size_t d, bw_random *random,
                         double *x)
{
    for (size_t i = 0; i < n; i++) {
        double along = bw_random_uniform(random);
        for (size_t c = 0; c < d; c++) {
            double y = bw_random_uniform(random);
            if (kind == LATTICE)
                y = floor(5 * y);
            else if (kind == COLLINEAR)
                y = along * (double)(c + 1) / 8;
            else if (kind == CLUSTERS)
                y += c == 0 && i % 2 ? 1e6 : 0;
            else if (kind == EQUAL)
                y = 0.7;
            x[i * d + c] = y;
        }
    }
}

/* A problem from the first n points to the m others. */
typedef struct problem {
    bw_ground *ground;
    bw_histograms *set;
    bw_histogram h[2];
    char label[160];
} problem;

/* Two histograms a over n_bins points x. */
static void fill_problem(problem *q, bw_norm norm, double p, size_t n_bins,
                         size_t d, const double *x, const double *a)
{
    bw_error err = BW_ERROR_INIT;
    q->ground = ot_points(norm, p, n_bins, d, x);
    bw_status status =
        bw_histograms_create(q->ground, BW_NORMALIZE_SUM, &q->set, &err);
    for (size_t k = 0; k < 2 && !status; k++)
        status = bw_histograms_add(q->set, n_bins, a + k * n_bins, &err);
    if (!status)
        status = bw_histograms_seal(q->set, &err);
    cr_assert_eq(status, BW_OK, "%s: %s", q->label, err.text);
    for (size_t k = 0; k < 2; k++)
        q->h[k] = bw_histograms_get(q->set, k);
}

static void open_problem(problem *q, shape kind, bw_norm norm, double p,
                         size_t n, size_t m, size_t d, int mass, uint64_t t)
{
    bw_random random;
    size_t n_bins = n + m;
    double *x = malloc(n_bins * d * sizeof *x);
    double *a = calloc(2 * n_bins, sizeof *a);
    cr_assert(x && a);
    bw_random_init(&random, SEED, BW_RANDOM_TEST, t);
    draw_support(kind, n_bins, d, &random, x);
    for (size_t k = 0; k < n_bins; k++)
        a[k < n ? k : n_bins + k] =
            mass == 0   ? 1
            : mass == 1 ? (double)(1 + bw_random_below(&random, 99))
                        : 0.01 + bw_random_uniform(&random);
    snprintf(q->label, sizeof q->label,
             "%s, norm %d, p %g, %zu x %zu points in %zu-D, mass %d, seed %d, "
             "stream %llu",
             shape_name[kind], (int)norm, p, n, m, d, mass, SEED,
             (unsigned long long)t);
    fill_problem(q, norm, p, n_bins, d, x, a);
    free(x);
    free(a);
}

static void close_problem(problem *q)
{
    bw_histograms_destroy(q->set);
    bw_ground_destroy(q->ground);
}

/* Solved and certified, both ways round. */
static double solve(const problem *q, bw_method method,
                    bw_transport_counts *counts)
{
    bw_error err = BW_ERROR_INIT;
    bw_transport_options options = {.method = method, .with_certificate = true};
    bw_transport *transport;
    bw_solution s[2];
    bw_status status =
        bw_transport_create(q->ground, &options, &transport, &err);
    for (int k = 0; k < 2 && !status; k++)
        status = bw_transport_solve(transport, &q->h[k], &q->h[!k],
                                    BW_NORMALIZE_SUM, &s[k], &err);
    cr_assert_eq(status, BW_OK, "%s, method %d: %s", q->label, (int)method,
                 err.text);
    bool is_exact = bw_ground_is_integral(q->ground) && !q->h[0].weight;
    for (int k = 0; k < 2; k++) {
        double slack =
            is_exact ? 0 : 1e-12 * s[k].cost + 1e-17 * q->ground->max_cost;
        cr_assert(fabs(s[k].gap) <= slack, "%s, method %d: gap %g of %g",
                  q->label, (int)method, s[k].gap, s[k].cost);
        cr_assert(fabs(s[k].cost - s[0].cost) <= slack, "%s, method %d",
                  q->label, (int)method);
    }
    *counts = bw_transport_get_counts(transport);
    bw_transport_destroy(transport);
    return s[0].cost;
}

static void check_methods(const problem *q)
{
    bw_transport_counts counts;
    double wanted = solve(q, BW_METHOD_SIMPLEX, &counts);
    for (int k = 1; k < N_METHODS; k++) {
        double cost = solve(q, methods[k], &counts);
        bool is_exact = bw_ground_is_integral(q->ground) && !q->h[0].weight;
        double slack =
            is_exact ? 0 : 1e-12 * wanted + 1e-17 * q->ground->max_cost;
        cr_assert(fabs(cost - wanted) <= slack,
                  "%s, method %d: %.17g, where the plain one has %.17g",
                  q->label, (int)methods[k], cost, wanted);
    }
}

Test(transport_points, every_norm_power_and_dimension)
{
    static const double power[] = {1, 1.5, 2};
    static const size_t dimension[] = {1, 2, 3, 10, 16};
    for (uint64_t t = 0; t < 45; t++) {
        problem q;
        open_problem(&q, UNIFORM, (bw_norm)(t % 3), power[t / 3 % 3],
                     t % 4 ? 270 : 60, 50 + 30 * (t % 5), dimension[t / 9],
                     (int)(t % 2 * 2), t);
        check_methods(&q);
        close_problem(&q);
    }
}

Test(transport_points, every_shape)
{
    for (uint64_t t = 0; t < 2 * 3 * N_SHAPES; t++) {
        problem q;
        open_problem(&q, (shape)(t % N_SHAPES), t % 2 ? BW_NORM_L1 : BW_NORM_L2,
                     t % 4 < 2 ? 2 : 1, 270, 90 + 17 * (t % 4), 2,
                     (int)(t / N_SHAPES % 3), 1000 + t);
        check_methods(&q);
        close_problem(&q);
    }
}

/* More sinks than bitmask takes, few sinks, and one. Boxes and matrix. */
Test(transport_points, large_and_lopsided)
{
    static const size_t size[][3] = {{1100, 1050, 2}, {1050, 1030, 6},
                                     {1200, 7, 3},    {900, 1, 2},
                                     {2, 1300, 2},    {1, 1, 4}};
    for (uint64_t t = 0; t < sizeof size / sizeof *size; t++) {
        problem q;
        bw_transport_counts counts;
        open_problem(&q, UNIFORM, BW_NORM_L2, t % 2 ? 1 : 2, size[t][0],
                     size[t][1], size[t][2], (int)(t % 3), 2000 + t);
        double a = solve(&q, BW_METHOD_AUTO, &counts);
        double b = solve(&q, BW_METHOD_LARGE, &counts);
        cr_assert(fabs(a - b) <= 1e-12 * a, "%s: %.17g, %.17g", q.label, a, b);
        close_problem(&q);
    }
}

/* Levels and boxes are what makes it fast: fine pivots of a level that nothing
 * guides are several times as many, and the exact ones are the last few. */
Test(transport_points, coarse_levels_guide)
{
    problem q;
    bw_transport_counts plain, large;
    open_problem(&q, UNIFORM, BW_NORM_L2, 2, 600, 600, 2, 0, 3000);
    double a = solve(&q, BW_METHOD_SIMPLEX, &plain);
    double b = solve(&q, BW_METHOD_LARGE, &large);
    cr_expect(fabs(a - b) <= 1e-12 * a);
    cr_expect(large.n_coarse_pivots > 0);
    cr_expect(large.n_pivots < 2 * 6 * 1200, "%llu pivots",
              (unsigned long long)large.n_pivots);
    cr_expect(large.n_exact_pivots < 100, "%llu exact pivots",
              (unsigned long long)large.n_exact_pivots);
    close_problem(&q);
}

/* Where costs reach far apart, or differ in their last digits only, small costs
 * leave most arcs open; enlarged ones do not. By boxes and by a matrix. */
Test(transport_points, what_small_costs_leave_is_enlarged)
{
    static const shape kinds[] = {COLLINEAR, CLUSTERS, CLUSTERS};
    static const size_t d[] = {2, 2, 6};
    for (uint64_t t = 0; t < 3; t++) {
        problem q;
        bw_transport_counts plain, large;
        open_problem(&q, kinds[t], BW_NORM_L2, 1, 350, 350, d[t], 0, 4000 + t);
        double a = solve(&q, BW_METHOD_SIMPLEX, &plain);
        double b = solve(&q, BW_METHOD_LARGE, &large);
        cr_expect(fabs(a - b) <= 1e-15 * a, "%s: %.17g, %.17g", q.label, a, b);
        cr_expect(large.n_exact_pivots < 700, "%s: %llu exact pivots", q.label,
                  (unsigned long long)large.n_exact_pivots);
        close_problem(&q);
    }
}

/* Integers of more bits than small costs have, near and far: exact, gap and
 * all. */
Test(transport_points, wide_integers)
{
    for (uint64_t t = 0; t < 4; t++) {
        enum { N = 150, D = 2 };
        problem q;
        bw_random random;
        double x[2 * N * D], a[2 * 2 * N] = {0};
        bw_random_init(&random, SEED, BW_RANDOM_TEST, 5000 + t);
        for (size_t k = 0; k < sizeof x / sizeof *x; k++)
            x[k] = (double)bw_random_below(&random, 1 << 12) +
                   (k % 4 == 0 ? 0x1p34 : 0);
        for (size_t k = 0; k < N; k++)
            a[k] = a[3 * N + k] = 1;
        snprintf(q.label, sizeof q.label, "wide integers, seed %d, %d", SEED,
                 (int)t);
        fill_problem(&q, t % 2 ? BW_NORM_L1 : BW_NORM_LINF, 1, 2 * N, D, x, a);
        cr_assert(bw_ground_is_integral(q.ground));
        check_methods(&q);
        close_problem(&q);
    }
}

/* ---- the third method ---- */

static uint64_t next_below(uint64_t *state, uint64_t n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (*state >> 33) % n;
}

/* As support() of make_points.py. */
static void fixture_support(shape kind, size_t n, size_t d, uint64_t *state,
                            double *x)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t along = next_below(state, 1 << 12);
        for (size_t c = 0; c < d; c++) {
            uint64_t y = next_below(state, 1 << 12);
            if (kind == LATTICE)
                y = y % 5 * 64;
            else if (kind == COLLINEAR)
                y = along * (c + 1);
            else if (kind == CLUSTERS)
                y = y % 64 + (c == 0 && i % 2 ? 1 << 25 : 0);
            else if (kind == EQUAL)
                y = 77;
            x[i * d + c] = (double)y / 64;
        }
    }
}

static void fixture_masses(size_t n, size_t total, uint64_t *state, double *a)
{
    for (size_t k = 0; k < n; k++)
        a[k] = 1;
    for (size_t k = n; k < total; k++)
        a[next_below(state, n)]++;
}

static void open_fixture(problem *q, shape kind, bw_norm norm, double p,
                         size_t d, size_t n, size_t m, uint64_t state)
{
    size_t n_bins = n + m, total = n == m ? n : (n > m ? n : m) + 60;
    double *x = malloc(n_bins * d * sizeof *x);
    double *a = calloc(2 * n_bins, sizeof *a);
    cr_assert(x && a);
    snprintf(q->label, sizeof q->label, "fixture %llu",
             (unsigned long long)state);
    fixture_support(kind, n_bins, d, &state, x);
    fixture_masses(n, total, &state, a);
    fixture_masses(m, total, &state, a + n_bins + n);
    fill_problem(q, norm, p, n_bins, d, x, a);
    free(x);
    free(a);
}

static size_t find_name(const char *const *name, size_t n, const char *wanted)
{
    size_t k = 0;
    while (k < n && strcmp(name[k], wanted) != 0)
        k++;
    cr_assert_lt(k, n, "%s", wanted);
    return k;
}

Test(transport_points, hungarian_fixtures)
{
    static const char *const norm_name[] = {"l1", "l2", "linf"};
    const char *path = mnist_source_path("tests/fixtures/points.tsv");
    FILE *file = fopen(path, "r");
    char line[256], kind[16], norm[8];
    size_t n_rows = 0;
    cr_assert_not_null(file, "%s", path);
    while (fgets(line, sizeof line, file)) {
        size_t d, n, m;
        unsigned long long seed;
        double p, wanted;
        problem q;
        bw_transport_counts counts;
        if (*line == '#')
            continue;
        cr_assert_eq(sscanf(line, "%15s %7s %lf %zu %zu %zu %llu %lf", kind,
                            norm, &p, &d, &n, &m, &seed, &wanted),
                     8, "%s", line);
        open_fixture(&q, (shape)find_name(shape_name, N_SHAPES, kind),
                     (bw_norm)find_name(norm_name, 3, norm), p, d, n, m, seed);
        for (int k = 1; k < N_METHODS; k++) {
            double cost = solve(&q, methods[k], &counts);
            cr_assert(fabs(cost - wanted) <= 4e-15 * wanted,
                      "%s, method %d: %.17g, not %.17g", q.label,
                      (int)methods[k], cost, wanted);
        }
        close_problem(&q);
        n_rows++;
    }
    fclose(file);
    cr_assert_eq(n_rows, 20);
}

/* Paths of the first basis are long and costs much alike: potentials in fine
 * small costs leave their range, and coarser ones have to do. What is left to
 * exact arithmetic is little. */
Test(points, many_dimensions_take_coarser_costs)
{
    for (uint64_t t = 0; t < 4; t++) {
        problem q;
        bw_transport_counts counts = {0};
        open_problem(&q, UNIFORM, BW_NORM_L2, 1, 1500, 1500, 10, 1, 900 + t);
        solve(&q, BW_METHOD_AUTO, &counts);
        cr_assert_lt(counts.n_exact_pivots, 100, "%s: %llu", q.label,
                     (unsigned long long)counts.n_exact_pivots);
        close_problem(&q);
    }
}
