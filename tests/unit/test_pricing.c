/* test_pricing.c - every kind of pricing in every instruction set against a
 * plain loop over the sinks. */
#include "config.h"

#include "ot/pricing_grid.h"
#include "ot/pricing_matrix.h"
#include "ot_sides.h"

enum { SEED = 31, N_ROUNDS = 40 };

static const char *const sets[] = {"plain", "avx2", "avx512"};

static bw_random draw(uint64_t t)
{
    bw_random random;
    bw_random_init(&random, SEED, BW_RANDOM_TEST, t);
    return random;
}

/* The least by the definition: the lowest slot of equal ones. */
static int32_t plain_row(const bw_pricing *p, size_t i, int32_t limit,
                         int32_t *ret_slot)
{
    for (size_t k = 0; k < p->n_slots; k++) {
        if (p->sink[k] < 0)
            continue;
        int32_t sum = p->kind->cost(p, i, (int32_t)k) + p->value[k];
        if (sum < limit) {
            limit = sum;
            *ret_slot = (int32_t)k;
        }
    }
    return limit;
}

static void check_row(bw_pricing *p, size_t i, int32_t limit, int32_t *slots,
                      const char *label)
{
    int32_t slot = -7, wanted_slot = -7;
    int32_t wanted = plain_row(p, i, limit, &wanted_slot);
    int32_t least = p->kind->row(p, i, limit, &slot);
    cr_assert(least == wanted && slot == wanted_slot,
              "%s, row %zu: %d at %d, wanted %d at %d", label, i, least, slot,
              wanted, wanted_slot);
    size_t n = p->kind->list(p, i, limit, slots), n_wanted = 0;
    for (size_t k = 0; k < p->n_slots; k++) {
        if (p->sink[k] < 0 ||
            p->kind->cost(p, i, (int32_t)k) + p->value[k] >= limit)
            continue;
        cr_assert(n_wanted < n && slots[n_wanted] == (int32_t)k,
                  "%s, row %zu: slot %zu is not listed", label, i, k);
        n_wanted++;
    }
    cr_assert_eq(n, n_wanted, "%s, row %zu: %zu slots, wanted %zu", label, i, n,
                 n_wanted);
}

/* What is found around a slot is there, and below the limit; the slot itself
 * is never missed. */
static void check_around(bw_pricing *p, size_t i, int32_t slot,
                         const char *label)
{
    int32_t own = p->kind->cost(p, i, slot) + p->value[slot], found = -7;
    int32_t least = p->kind->around(p, i, slot, own + 1, &found);
    cr_assert(least <= own && found >= 0 && p->sink[found] >= 0 &&
                  least == p->kind->cost(p, i, found) + p->value[found],
              "%s, row %zu around %d: %d at %d", label, i, slot, least, found);
    found = -7;
    cr_assert_eq(p->kind->around(p, i, slot, least, &found), least, "%s",
                 label);
    cr_assert_eq(found, -7, "%s", label);
}

/* Values of some sinks move, as pivots move them. */
static void move_some(bw_pricing *p, bw_random *random, int32_t step)
{
    for (size_t j = 0; j < p->n_sinks; j++) {
        if (bw_random_below(random, 3))
            continue;
        int32_t slot = p->slot[j], block = slot >> p->block_shift;
        p->value[slot] += step;
        if (step > 0)
            p->is_stale[block] = 1;
        else if (p->value[slot] < p->bound[block])
            p->bound[block] = p->value[slot];
    }
}

/* Where all values are alike, bounds are as tight as can be: every row's least,
 * just below and just above. */
static void check_tight(bw_pricing *p, size_t n_sources, int32_t *slots,
                        const char *label)
{
    for (size_t j = 0; j < p->n_sinks; j++)
        p->value[p->slot[j]] = 5;
    bw_pricing_bound(p);
    for (size_t i = 0; i < n_sources; i++) {
        int32_t slot, least = plain_row(p, i, BW_PRICING_ABSENT, &slot);
        check_row(p, i, least, slots, label);
        check_row(p, i, least + 1, slots, label);
    }
}

static void check_pricing(bw_pricing *p, const ot_sides *s, int32_t most,
                          bw_random *random, const char *label)
{
    int32_t *slots = malloc(p->n_slots * sizeof *slots);
    cr_assert_not_null(slots);
    uint64_t range = 2 * (uint64_t)most + 1;
    check_tight(p, s->source.n, slots, label);
    for (size_t j = 0; j < p->n_sinks; j++) {
        cr_assert(p->sink[p->slot[j]] == (int32_t)j, "%s: sink %zu", label, j);
        int32_t narrow = bw_random_below(random, 2) ? most : most / 16;
        p->value[p->slot[j]] =
            (int32_t)bw_random_below(random, range) % (narrow + 1);
    }
    bw_pricing_bound(p);
    for (size_t k = 0; k < p->n_slots; k++)
        cr_assert(p->bound[k >> p->block_shift] <= p->value[k], "%s: slot %zu",
                  label, k);
    for (int k = 0; k < N_ROUNDS; k++) {
        size_t i = bw_random_below(random, s->source.n);
        int32_t slot, least = plain_row(p, i, BW_PRICING_ABSENT, &slot);
        check_row(p, i, least, slots, label);
        check_row(p, i, least + 1, slots, label);
        check_row(p, i, least + most / 8 + 1, slots, label);
        check_row(p, i, BW_PRICING_MAX_VALUE, slots, label);
        if (p->kind->around)
            check_around(p, i, p->slot[bw_random_below(random, s->sink.n)],
                         label);
        move_some(p, random, k % 2 ? most / 50 + 1 : -most / 50 - 1);
    }
    free(slots);
}

typedef struct grid_case {
    bw_norm norm;
    double power;
    size_t height, width, n, m;
    uint64_t t;
} grid_case;

static void check_grid(bw_pricing_grid *g, const grid_case *c)
{
    bw_random random = draw(c->t);
    ot_sides s;
    ot_sides_open(&s, ot_grid(c->norm, c->power, c->height, c->width), c->n,
                  c->m, 99, &random);
    for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
        char label[128];
        setenv("BARROW_ISA", sets[k], 1);
        snprintf(label, sizeof label, "%s, norm %d, p %g, %zu x %zu, seed %d",
                 sets[k], (int)c->norm, c->power, c->height, c->width, SEED);
        cr_assert_eq(bw_pricing_grid_open(g, &s.arcs, 1), BW_OK);
        for (size_t i = 0; i < c->n; i += 7)
            for (size_t j = 0; j < c->m; j += 5) {
                double small = g->head.kind->cost(&g->head, i, g->head.slot[j]);
                double wanted = bw_arcs_cost(&s.arcs, i, j) * g->head.scale;
                cr_assert(fabs(small - wanted) <=
                              (g->head.is_exact ? 0 : 0.5000001),
                          "%s: cost (%zu, %zu) is %g, not %g", label, i, j,
                          small, wanted);
            }
        bw_random moves = draw(1000 + c->t);
        int32_t most = (int32_t)(s.ground->max_cost * g->head.scale);
        check_pricing(&g->head, &s, most, &moves, label);
    }
    unsetenv("BARROW_ISA");
    ot_sides_close(&s);
}

/* One work space for all. */
static void check_grids(size_t n, const grid_case *c)
{
    bw_pricing_grid g = {0};
    for (size_t k = 0; k < n; k++)
        check_grid(&g, &c[k]);
    bw_pricing_grid_clear(&g);
}

Test(pricing, dense_grids_by_tiles)
{
    static const grid_case cases[] = {
        {BW_NORM_L2, 2, 16, 32, 512, 512, 1},
        {BW_NORM_L2, 2, 33, 41, 1353, 400, 2},
        {BW_NORM_L2, 1, 19, 17, 300, 300, 3},
        {BW_NORM_L1, 1, 9, 70, 600, 500, 4},
        {BW_NORM_LINF, 1.5, 70, 9, 600, 500, 5},
        {BW_NORM_L2, 3, 24, 24, 576, 576, 6},
        {BW_NORM_L2, 2, 5, 5, 25, 20, 7},
        {BW_NORM_L2, 3, 5, 5, 25, 20, 8}, /* the same grid again */
        {BW_NORM_L1, 3, 5, 5, 25, 20, 9},
    };
    check_grids(sizeof cases / sizeof *cases, cases);
}

/* Of one work space, on any grid; integers are exact on the finest alone. */
Test(pricing, coarser_costs_of_grids)
{
    bw_pricing_grid g = {0};
    static const double coarser[] = {1, 16, 256, 1};
    for (size_t q = 0; q < 2; q++) {
        bw_random random = draw(200 + q);
        ot_sides s;
        ot_sides_open(&s, ot_grid(BW_NORM_L2, 2 - (double)q, 20, 30), 300,
                      q ? 300 : 40, 99, &random);
        for (size_t k = q; k < 4; k++) {
            cr_assert_eq(bw_pricing_grid_open(&g, &s.arcs, coarser[k]), BW_OK);
            cr_expect_eq(g.head.is_exact, q == 0 && coarser[k] == 1);
            for (size_t i = 0; i < 300; i += 7)
                for (size_t j = 0; j < s.sink.n; j += 5) {
                    double cost = bw_arcs_cost(&s.arcs, i, j) * g.head.scale;
                    int32_t slot = g.head.slot[j];
                    int32_t small = g.head.kind->cost(&g.head, i, slot);
                    cr_expect(fabs(small - cost) <= 0.5000001, "%d for %g",
                              small, cost);
                }
        }
        ot_sides_close(&s);
    }
    bw_pricing_grid_clear(&g);
}

Test(pricing, sparse_grids_by_runs)
{
    static const grid_case cases[] = {
        {BW_NORM_L2, 2, 64, 64, 500, 300, 11},
        {BW_NORM_L2, 1, 64, 50, 500, 300, 12},
        {BW_NORM_L1, 2, 128, 128, 2000, 1500, 13},
        {BW_NORM_LINF, 1, 20, 300, 200, 100, 14},
        {BW_NORM_L2, 2, 200, 300, 300, 130, 15},
    };
    check_grids(sizeof cases / sizeof *cases, cases);
}

Test(pricing, matrices)
{
    bw_pricing_matrix matrix = {0};
    const size_t sizes[][2] = {{40, 30}, {300, 200}, {130, 64}, {9, 1}};
    for (size_t q = 0; q < sizeof sizes / sizeof *sizes; q++) {
        size_t n = sizes[q][0], m = sizes[q][1];
        bw_random random = draw(100 + q);
        double *cost = malloc(n * m * sizeof *cost);
        cr_assert_not_null(cost);
        for (size_t k = 0; k < n * m; k++)
            cost[k] = (double)bw_random_below(&random, 1 << 19) / 4;
        ot_sides s;
        ot_sides_open(&s, ot_matrix(n, m, cost), n, m, 99, &random);
        double scale = bw_ground_small_scale(s.ground);
        for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
            setenv("BARROW_ISA", sets[k], 1);
            cr_assert_eq(bw_pricing_matrix_open(&matrix, &s.arcs, scale),
                         BW_OK);
            check_pricing(&matrix.head, &s, 1 << 20, &random, sets[k]);
        }
        unsetenv("BARROW_ISA");
        ot_sides_close(&s);
        free(cost);
    }
    bw_pricing_matrix_clear(&matrix);
}
