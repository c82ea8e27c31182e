/* test_transport_hostile.c - problems that break solvers, against optima that
 * fixtures/make_hostile.py found in integers of any length: ties, one bin
 * against all, clusters far apart, costs that differ in their last bits or by
 * all that doubles span. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "mnist_images.h"
#include "ot_case.h"

/* The formulas of make_hostile.py. */
static uint64_t draw(uint64_t k, uint64_t s)
{
    return (k * 1103515245 + s * 12345 + k * k * 7919) % 2147483647;
}

static double square(double x, double y, double z, double w)
{
    return (x - z) * (x - z) + (y - w) * (y - w);
}

static double one(size_t k)
{
    (void)k;
    return 1;
}

static double two(size_t k)
{
    (void)k;
    return 2;
}

static double three(size_t k)
{
    (void)k;
    return 3;
}

static double five(size_t k)
{
    (void)k;
    return 5;
}

static double seventy_five(size_t k)
{
    (void)k;
    return 75;
}

static double one_or_two(size_t k)
{
    return (double)(1 + k % 2);
}

static double up_to_three(size_t k)
{
    return (double)(1 + k % 3);
}

static double up_to_three_back(size_t k)
{
    return (double)(1 + (39 - k) % 3);
}

static double up_to_three_mixed(size_t k)
{
    return (double)(1 + k * 7 % 40 % 3);
}

static double three_unequal(size_t k)
{
    return k == 0 ? 700 : k == 1 ? 601 : 699;
}

static double no_cost(size_t i, size_t j)
{
    (void)i;
    (void)j;
    return 0;
}

static double seven(size_t i, size_t j)
{
    (void)i;
    (void)j;
    return 7;
}

static double ties(size_t i, size_t j)
{
    return (double)(draw(60 * i + j, 1) % 4);
}

static double bits_31(size_t i, size_t j)
{
    return (double)draw(60 * i + j, 2);
}

static double permuted(size_t i, size_t j)
{
    return j == i * 7 % 50 ? 0 : (double)(1 + draw(50 * i + j, 3) % 9);
}

static double by_either(size_t i, size_t j)
{
    return (double)(draw(i + j, 4) % 1000);
}

static double by_three(size_t i, size_t j)
{
    return (double)(draw(3 * i + j, 5) % 1000);
}

static double between_lattices(size_t i, size_t j, double shift)
{
    return square((double)(2 * (i % 8)), (double)(2 * (i / 8)),
                  (double)(2 * (j % 8)) + shift, (double)(2 * (j / 8)) + shift);
}

static double lattices_squared(size_t i, size_t j)
{
    return between_lattices(i, j, 9);
}

static double lattices(size_t i, size_t j)
{
    return sqrt(between_lattices(i, j, 3));
}

static double duplicates(size_t i, size_t j)
{
    return sqrt(square((double)(i % 7), (double)(i % 3), (double)(j % 6),
                       (double)(j % 5)));
}

static double collinear(size_t i, size_t j)
{
    double x = (double)(draw(i, 6) % 99), y = (double)(draw(j, 7) % 99);
    return sqrt(square(x, x, y, y));
}

static double two_clusters(size_t i, size_t j)
{
    double at[2][2];
    for (size_t k = 0; k < 2; k++) {
        size_t q = k ? j : i, s = k ? 30 : 8;
        at[k][0] = (double)(draw(q, s) % 1000) / 64 + (q % 2 ? 1e6 : 0);
        at[k][1] = (double)(draw(q, s + 1) % 1000) / 64;
    }
    return sqrt(square(at[0][0], at[0][1], at[1][0], at[1][1]));
}

static double last_bits(size_t i, size_t j)
{
    return 1 + (double)(draw(40 * i + j, 10) % 64) * 0x1p-50;
}

static double last_bits_of_products(size_t i, size_t j)
{
    return 1 + (double)(i * j % 50) * 0x1p-50;
}

static double fourth_powers(size_t i, size_t j)
{
    double d = (double)i - (double)j;
    return d * d * d * d;
}

static double asymmetric(size_t i, size_t j)
{
    return (double)(draw(30 * i + j, 11) % 1000);
}

static double reach(uint64_t k)
{
    return (double)(1 + k % 97) * (k % 5 == 0 ? 1e300 : 1e-300);
}

static double tiny_beside_huge(size_t i, size_t j)
{
    return reach(draw(50 * i + j, 12));
}

static double huge_is_forced(size_t i, size_t j)
{
    return reach(draw(50 * i + j, 13) / 2 * 5 + (i > 2));
}

static double all_exponents(size_t i, size_t j)
{
    return ldexp(1, (int)(draw(50 * i + j, 14) % 2000) - 1000);
}

static double subnormal(size_t i, size_t j)
{
    return (double)(draw(40 * i + j, 15) % 50) * 0x1p-1074;
}

static double halves_of_the_range(size_t i, size_t j)
{
    return 1 + (double)(draw(40 * i + j, 16) % 5) * ldexp(1, (int)i - 50);
}

typedef struct instance {
    const char *name;
    size_t n, m;
    double (*source)(size_t k), (*sink)(size_t k);
    double (*cost)(size_t i, size_t j);
    bool is_mild; /* costs are within 1e9 of each other, or 0 */
} instance;

static const instance instances[] = {
    {"zero_costs", 20, 20, one, one, no_cost, true},
    {"equal_costs", 20, 30, three, two, seven, true},
    {"assignment_of_ties", 60, 60, one, one, ties, true},
    {"assignment_of_31_bits", 60, 60, one, one, bits_31, true},
    {"permutation", 50, 50, one, one, permuted, true},
    {"one_against_all", 1, 50, seventy_five, one_or_two, by_either, true},
    {"all_against_one", 50, 1, one_or_two, seventy_five, by_either, true},
    {"tall", 2000, 3, one, three_unequal, by_three, true},
    {"lattices_squared", 64, 64, one, one, lattices_squared, true},
    {"lattices", 64, 64, one, one, lattices, true},
    {"duplicates", 40, 40, one, one, duplicates, true},
    {"collinear", 48, 48, one, one, collinear, true},
    {"two_clusters", 60, 60, one, one, two_clusters, true},
    {"last_bits", 40, 40, one, one, last_bits, true},
    {"last_bits_of_products", 40, 40, up_to_three, up_to_three_back,
     last_bits_of_products, true},
    {"fourth_powers", 40, 40, up_to_three, up_to_three_mixed, fourth_powers,
     true},
    {"asymmetric", 50, 30, three, five, asymmetric, true},
    {"tiny_beside_huge", 50, 50, one, one, tiny_beside_huge, false},
    {"huge_is_forced", 50, 50, one, one, huge_is_forced, false},
    {"all_exponents", 50, 50, one, one, all_exponents, false},
    {"subnormal", 40, 40, one, one, subnormal, false},
    {"halves_of_the_range", 40, 40, one, one, halves_of_the_range, true},
};

enum { N_INSTANCES = sizeof instances / sizeof *instances };

/* The optimum and the mass of instance `name`, from the fixture. */
static double read_optimum(const char *name, double *mass)
{
    char line[256];
    FILE *file = fopen(mnist_source_path("tests/fixtures/hostile.tsv"), "r");
    double value = NAN;
    *mass = 1;
    cr_assert_not_null(file);
    while (fgets(line, sizeof line, file)) {
        char *at = strchr(line, '\t');
        if (*line == '#' || !at || (size_t)(at - line) != strlen(name) ||
            strncmp(line, name, strlen(name)) != 0)
            continue;
        *mass = strtod(at, &at);
        value = strtod(at, &at);
        cr_assert_eq(*at, '\n', "%s", name);
    }
    fclose(file);
    cr_assert(isfinite(value), "%s is not in the fixture", name);
    return value;
}

static void open_instance(const instance *p, double unit, ot_case *c)
{
    double *cost = malloc(p->n * p->m * sizeof *cost);
    double *a = malloc(p->n * sizeof *a), *b = malloc(p->m * sizeof *b);
    cr_assert(cost && a && b);
    for (size_t k = 0; k < p->n * p->m; k++)
        cost[k] = p->cost(k / p->m, k % p->m);
    for (size_t k = 0; k < p->n; k++)
        a[k] = p->source(k) * unit;
    for (size_t k = 0; k < p->m; k++)
        b[k] = p->sink(k) * unit;
    ot_open(c, ot_matrix(p->n, p->m, cost));
    ot_fill(c, BW_NORMALIZE_SUM, a, b);
    free(cost);
    free(a);
    free(b);
}

/* Every method is right to the last digits of the value itself, whatever the
 * largest cost is, and proves it. */
static void check(const instance *p, double unit)
{
    double mass, wanted = read_optimum(p->name, &mass) / mass;
    ot_case c;
    open_instance(p, unit, &c);
    for (int k = 0; k < OT_N_METHODS; k++) {
        if (!c.transport[k])
            continue;
        bw_solution s = ot_solve(&c, (bw_method)k, 0, 1);
        snprintf(c.label, sizeof c.label, "%s, masses * %g, method %d", p->name,
                 unit, k);
        double slack = (unit == 1 ? 5e-16 : 1e-13) * wanted;
        cr_expect(fabs(s.cost - wanted) <= slack, "%s: %.17g, not %.17g",
                  c.label, s.cost, wanted);
        cr_expect(fabs(s.gap) <= 1e-13 * wanted + (unit == 1 ? 0 : 1e-16),
                  "%s: a gap of %g", c.label, s.gap);
        ot_check_plan(&c, &s, 0, 1, 1e-12 * wanted);
        if (p->is_mild)
            ot_check_potentials(&c, &s, 0, 1, ot_slack(&c, s.cost));
    }
    ot_close(&c);
}

Test(transport_hostile, integer_masses)
{
    for (size_t k = 0; k < N_INSTANCES; k++)
        check(&instances[k], 1);
}

Test(transport_hostile, real_masses)
{
    for (size_t k = 0; k < N_INSTANCES; k++)
        if (instances[k].is_mild)
            check(&instances[k], 0.1);
}

/* ---- masses ---- */

/* Shares of 1e-600 are as good as none, but must not break a plan. */
Test(transport_hostile, masses_from_tiny_to_huge)
{
    enum { N = 30 };
    double a[N], b[N], cost[N * N], wanted;
    for (size_t k = 0; k < N; k++) {
        a[k] = pow(10, 20 * (double)k - 290);
        b[k] = pow(10, 290 - 20 * (double)k);
    }
    for (size_t k = 0; k < N * N; k++)
        cost[k] = (double)(draw(k, 17) % 1000) / 7;
    wanted = cost[(N - 1) * N];
    ot_case c;
    ot_open(&c, ot_matrix(N, N, cost));
    ot_fill(&c, BW_NORMALIZE_SUM, a, b);
    for (int k = 0; k < OT_N_METHODS; k++) {
        if (!c.transport[k])
            continue;
        bw_solution s = ot_solve(&c, (bw_method)k, 0, 1);
        snprintf(c.label, sizeof c.label, "method %d", k);
        cr_expect(fabs(s.cost - wanted) <= 1e-14 * wanted, "%s: %.17g, %.17g",
                  c.label, s.cost, wanted);
        ot_check(&c, &s, 0, 1);
    }
    ot_close(&c);
}

/* With two bins a side K is 16, and the square of the greater sum must stay
 * below 2^57: up to there the optimum is a rational number rounded once, from
 * there on masses are real and it is near. */
Test(transport_hostile, the_largest_masses_that_fit_and_one_more)
{
    for (int is_over = 0; is_over < 2; is_over++) {
        double most = 379625062; /* the root of 2^57, rounded down */
        double a[] = {1, most - 1}, b[] = {most - 1, 1 + is_over};
        double cost[] = {0, 1, 1, 0};
        /* a_0 and b_1 are what stands on the wrong side. */
        double share = 1 / most - b[0] / (b[0] + b[1]);
        double wanted = fabs(share);
        ot_case c;
        ot_open(&c, ot_matrix(2, 2, cost));
        ot_fill(&c, BW_NORMALIZE_SUM, a, b);
        cr_expect_eq(bw_histograms_is_integral(c.set), !is_over);
        for (int k = 0; k < OT_N_METHODS; k++) {
            if (!c.transport[k])
                continue;
            bw_solution s = ot_solve(&c, (bw_method)k, 0, 1);
            snprintf(c.label, sizeof c.label, "over %d, method %d", is_over, k);
            cr_expect(fabs(s.cost - wanted) <= 1e-15, "%s: %.17g, not %.17g",
                      c.label, s.cost, wanted);
            ot_check(&c, &s, 0, 1);
        }
        ot_close(&c);
    }
}

/* 400 nodes take 9 bits, so whole costs of 50 bits are summed in 64 along every
 * path, those of 51 in 128. */
Test(transport_hostile, costs_where_wider_arithmetic_begins)
{
    enum { N = 200 };
    static double cost[N * N], a[N];
    for (int bits = 50; bits < 53; bits++) {
        double least = ldexp(1, bits) - 1;
        for (size_t i = 0; i < N; i++) {
            a[i] = 1;
            for (size_t j = 0; j < N; j++)
                cost[i * N + j] =
                    least - (j == i * 7 % N ? 0 : (double)(draw(j, i) % 9));
        }
        for (size_t i = 0; i < N; i++)
            cost[i * N + i * 7 % N] = least - 9;
        ot_case c;
        ot_open(&c, ot_matrix(N, N, cost));
        ot_fill(&c, BW_NORMALIZE_SUM, a, a);
        cr_expect_eq(bw_ground_is_integral(c.ground), bits <= 50, "%d", bits);
        for (int k = 0; k < OT_N_METHODS; k++) {
            if (!c.transport[k])
                continue;
            bw_solution s = ot_solve(&c, (bw_method)k, 0, 1);
            cr_expect(s.cost == least - 9 && s.gap == 0,
                      "2^%d, method %d: %.17g, gap %g", bits, k, s.cost, s.gap);
        }
        ot_close(&c);
    }
}

/* A shift by one pixel costs 1 under every power, beside costs of 38^p. */
Test(transport_hostile, high_powers)
{
    enum { SIDE = 10, N = SIDE * SIDE };
    static const double powers[] = {8, 21.5, 40, 120, 250};
    for (size_t q = 0; q < sizeof powers / sizeof *powers; q++) {
        double a[N] = {0}, b[N] = {0};
        ot_case c;
        for (size_t k = 0; k < N; k++)
            if (k % SIDE + 1 < SIDE)
                b[k + 1] = a[k] = (double)(draw(k, 18) % 255);
        ot_open(&c, ot_grid(BW_NORM_L2, powers[q], SIDE, SIDE));
        ot_fill(&c, BW_NORMALIZE_SUM, a, b);
        for (int k = 0; k < OT_N_METHODS; k++) {
            if (!c.transport[k])
                continue;
            bw_solution s = ot_solve(&c, (bw_method)k, 0, 1);
            cr_expect(s.cost == 1 && fabs(s.gap) <= 1e-12,
                      "p %g, method %d: %.17g, gap %g", powers[q], k, s.cost,
                      s.gap);
        }
        ot_close(&c);
    }
}
