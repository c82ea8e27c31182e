/* test_transport_large.c - whole problems of more than 1,024 bins a side: the
 * large simplex against the plain one, and certificates. Solvers are used again
 * for other pairs, whose coarse grids and tiles share work space. */
#include "config.h"

#include "ot_case.h"

enum { SEED = 43 };

static bw_random draw(uint64_t t)
{
    bw_random random;
    bw_random_init(&random, SEED, BW_RANDOM_TEST, t);
    return random;
}

typedef struct kind {
    bw_norm norm;
    double p;
    size_t height, width;
    bool is_whole; /* masses */
} kind;

/* Hills of mass, with some noise: neighbours are alike, as in pictures. */
static void draw_hills(bw_random *random, const kind *k, double *values)
{
    double at[4][3];
    for (size_t q = 0; q < 4; q++)
        for (size_t c = 0; c < 3; c++)
            at[q][c] = bw_random_uniform(random);
    for (size_t b = 0; b < k->height * k->width; b++) {
        double y = (double)(b / k->width) / (double)k->height, sum = 0;
        double x = (double)(b % k->width) / (double)k->width;
        for (size_t q = 0; q < 4; q++)
            sum += 240 * at[q][2] *
                   exp(-9 * (y - at[q][0]) * (y - at[q][0]) -
                       9 * (x - at[q][1]) * (x - at[q][1]));
        sum += 15 * bw_random_uniform(random);
        values[b] = k->is_whole ? floor(sum) + 1 : sum + 1e-3;
    }
}

/* Some bins of hills alone. */
static void thin_out(bw_random *random, size_t n, uint64_t one_in,
                     double *values)
{
    for (size_t b = 1; b < n; b++)
        values[b] = bw_random_below(random, one_in) ? 0 : values[b];
}

static void check_pair(ot_case *c, double gap_limit)
{
    static const bw_method methods[] = {BW_METHOD_AUTO, BW_METHOD_LARGE};
    bw_solution plain = ot_solve(c, BW_METHOD_SIMPLEX, 0, 1);
    double wanted = plain.cost;
    for (size_t k = 0; k < 2; k++) {
        bw_solution s = ot_solve(c, methods[k], 0, 1);
        double slack = ot_is_exact(c) ? 0 : 1e-14 * wanted;
        cr_assert(fabs(s.cost - wanted) <= slack,
                  "%s, method %d: %.17g, where the plain simplex has %.17g",
                  c->label, (int)methods[k], s.cost, wanted);
        cr_assert(fabs(s.gap) <= (ot_is_exact(c) ? 0 : gap_limit * wanted),
                  "%s, method %d: gap %g of %g", c->label, (int)methods[k],
                  s.gap, s.cost);
    }
}

static void check_kind(const kind *k, uint64_t t, int n_pairs)
{
    ot_case c;
    size_t n = k->height * k->width;
    double *values[2] = {malloc(n * sizeof **values),
                         malloc(n * sizeof **values)};
    cr_assert(values[0] && values[1]);
    ot_open(&c, ot_grid(k->norm, k->p, k->height, k->width));
    for (int q = 0; q < n_pairs; q++) {
        bw_random random = draw(t + (uint64_t)q);
        snprintf(c.label, sizeof c.label, "norm %d, p %g, %zu x %zu, pair %d",
                 (int)k->norm, k->p, k->height, k->width, q);
        draw_hills(&random, k, values[0]);
        draw_hills(&random, k, values[1]);
        if (q == 1)
            thin_out(&random, n, 4, values[0]);
        ot_fill(&c, BW_NORMALIZE_SUM, values[0], values[1]);
        check_pair(&c, 1e-13);
    }
    ot_close(&c);
    free(values[0]);
    free(values[1]);
}

Test(transport_large, squared_costs)
{
    const kind k = {BW_NORM_L2, 2, 33, 37, true};
    check_kind(&k, 0, 3);
}

Test(transport_large, l2)
{
    const kind k = {BW_NORM_L2, 1, 36, 33, true};
    check_kind(&k, 10, 3);
}

Test(transport_large, other_norms_and_powers)
{
    const kind kinds[] = {
        {BW_NORM_L1, 1, 33, 33, true},   {BW_NORM_LINF, 1, 33, 34, true},
        {BW_NORM_L1, 2, 34, 33, true},   {BW_NORM_LINF, 3, 33, 33, true},
        {BW_NORM_L2, 1.5, 33, 33, true}, {BW_NORM_L2, 6, 33, 33, true}};
    for (size_t q = 0; q < sizeof kinds / sizeof *kinds; q++)
        check_kind(&kinds[q], 20 + 10 * q, 1);
}

Test(transport_large, real_masses)
{
    const kind kinds[] = {{BW_NORM_L2, 2, 33, 35, false},
                          {BW_NORM_L2, 1, 33, 33, false}};
    for (size_t q = 0; q < 2; q++)
        check_kind(&kinds[q], 100 + 10 * q, 2);
}

/* Few bins on a wide grid, and one bin against all. */
Test(transport_large, sparse_pictures)
{
    const kind k = {BW_NORM_L2, 2, 150, 140, true};
    const size_t n = k.height * k.width;
    ot_case c;
    double *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b);
    bw_random random = draw(200);
    cr_assert(a && b);
    bw_ground *ground = ot_grid(k.norm, k.p, k.height, k.width);
    c = (ot_case){.ground = ground};
    static const bw_method methods[] = {BW_METHOD_AUTO, BW_METHOD_LARGE,
                                        BW_METHOD_SIMPLEX};
    for (size_t q = 0; q < 3; q++) {
        bw_error err = BW_ERROR_INIT;
        bw_transport_options options = {.method = methods[q],
                                        .with_certificate = true};
        cr_assert_eq(bw_transport_create(ground, &options,
                                         &c.transport[methods[q]], &err),
                     BW_OK, "%s", err.text);
    }
    for (int q = 0; q < 3; q++) {
        snprintf(c.label, sizeof c.label, "sparse, pair %d", q);
        draw_hills(&random, &k, a);
        draw_hills(&random, &k, b);
        thin_out(&random, n, q == 1 ? n : 16, a);
        thin_out(&random, n, 16, b);
        ot_fill(&c, BW_NORMALIZE_SUM, a, b);
        check_pair(&c, 0);
    }
    ot_close(&c);
    free(a);
    free(b);
}

/* No second method: the certificate alone proves it. */
Test(transport_large, certificates_at_64_and_more)
{
    const kind kinds[] = {{BW_NORM_L2, 2, 64, 64, true},
                          {BW_NORM_L2, 1, 64, 64, true},
                          {BW_NORM_L2, 2, 20, 200, true}};
    for (size_t q = 0; q < sizeof kinds / sizeof *kinds; q++) {
        const kind *k = &kinds[q];
        size_t n = k->height * k->width;
        double *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b);
        bw_random random = draw(300 + q);
        bw_error err = BW_ERROR_INIT;
        bw_transport_options options = {.with_certificate = true};
        cr_assert(a && b);
        ot_case c = {.ground = ot_grid(k->norm, k->p, k->height, k->width)};
        cr_assert_eq(
            bw_transport_create(c.ground, &options, &c.transport[0], &err),
            BW_OK, "%s", err.text);
        for (int pair = 0; pair < 2; pair++) {
            draw_hills(&random, k, a);
            draw_hills(&random, k, b);
            ot_fill(&c, BW_NORMALIZE_SUM, a, b);
            bw_solution s = ot_solve(&c, BW_METHOD_AUTO, 0, 1);
            cr_assert(ot_is_exact(&c) ? s.gap == 0
                                      : fabs(s.gap) < 1e-14 * s.cost,
                      "%zu, pair %d: gap %g of %g", q, pair, s.gap, s.cost);
        }
        ot_close(&c);
        free(a);
        free(b);
    }
}
