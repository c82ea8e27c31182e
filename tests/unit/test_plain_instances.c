/* test_plain_instances.c - the makers of small instances keep their promises:
 * bounds, balance, each family's own trait, and repeatability. */
#include "config.h"

#include <criterion/criterion.h>
#include <string.h>

#include "plain/instances.h"
#include "plain/lp.h"

enum { N_DRAWS = 200 };

static void check_bounds(const plain_instance *p)
{
    int64_t a = 0, b = 0;
    cr_assert(p->n >= 1 && p->n <= PLAIN_INSTANCE_MAX);
    cr_assert(p->m >= 1 && p->m <= PLAIN_INSTANCE_MAX);
    for (size_t i = 0; i < p->n; i++) {
        cr_assert(p->source[i] >= 1);
        a += p->source[i];
    }
    for (size_t j = 0; j < p->m; j++) {
        cr_assert(p->sink[j] >= 1);
        b += p->sink[j];
    }
    cr_assert(a == b && a == p->total);
    cr_assert(a >= 1 && a <= PLAIN_INSTANCE_MAX_TOTAL);
    for (size_t k = 0; k < p->n * p->m; k++)
        cr_assert(p->cost[k] >= 0 && p->cost[k] <= PLAIN_INSTANCE_MAX_COST);
}

Test(plain_instances, keep_their_bounds)
{
    plain_instance p;
    for (int f = 0; f < N_PLAIN_FAMILIES; f++) {
        cr_assert(strlen(plain_family_name((plain_family)f)) > 0);
        for (uint64_t t = 0; t < N_DRAWS; t++) {
            plain_instance_draw((plain_family)f, 1, t, &p);
            check_bounds(&p);
        }
    }
}

Test(plain_instances, repeat_by_family_seed_and_number)
{
    for (int f = 0; f < N_PLAIN_FAMILIES; f++) {
        int n_equal = 0;
        for (uint64_t t = 0; t < N_DRAWS; t++) {
            plain_instance p, q, r;
            plain_instance_draw((plain_family)f, 1, t, &p);
            plain_instance_draw((plain_family)f, 1, t, &q);
            plain_instance_draw((plain_family)f, 2, t, &r);
            cr_assert(memcmp(&p, &q, sizeof p) == 0);
            n_equal += memcmp(&p, &r, sizeof p) == 0;
        }
        cr_assert(n_equal < N_DRAWS / 4, "%s",
                  plain_family_name((plain_family)f));
    }
}

static plain_int128 solve(const plain_instance *p)
{
    plain_int128 optimum = -1;
    cr_assert(plain_lp_solve(p->n, p->m, p->source, p->sink, p->cost, &optimum,
                             NULL));
    return optimum;
}

Test(plain_instances, have_the_traits_of_their_families)
{
    plain_instance p;
    for (uint64_t t = 0; t < N_DRAWS; t++) {
        plain_instance_draw(PLAIN_SINGLE_BINS, 1, t, &p);
        cr_assert(p.n == 1 && p.m == 1);
        plain_instance_draw(PLAIN_ONE_TO_N, 1, t, &p);
        cr_assert(p.n == 1 || p.m == 1);
        plain_instance_draw(PLAIN_PERMUTATION, 1, t, &p);
        cr_assert(p.n == p.m && p.total == (int64_t)p.n);
        plain_instance_draw(PLAIN_EQUAL_IMAGES, 1, t, &p);
        cr_assert(p.n == p.m && solve(&p) == 0);
        plain_instance_draw(PLAIN_EQUAL_COSTS, 1, t, &p);
        cr_assert(solve(&p) == p.total * p.cost[0]);
        plain_instance_draw(PLAIN_EQUAL_MASSES, 1, t, &p);
        cr_assert(p.total == (int64_t)(p.n * p.m));
        plain_instance_draw(PLAIN_TIES, 1, t, &p);
        cr_assert(solve(&p) <= p.total);
        plain_instance_draw(PLAIN_DISJOINT, 1, t, &p);
        for (size_t k = 0; k < p.n * p.m; k++)
            cr_assert(p.cost[k] >= 1);
        plain_instance_draw(PLAIN_ONE_TO_ALL, 1, t, &p);
        for (size_t i = 1; i < p.n; i++)
            cr_assert(p.source[i] == 1);
    }
}
