/* instances.c - small random transport instances; see instances.h. */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "plain/instances.h"

/* Where costs come from coordinates, the points of both sides. */
typedef struct points {
    int64_t x[PLAIN_INSTANCE_MAX], y[PLAIN_INSTANCE_MAX];
} points;

enum { GRID = 11 };

static const char *const family_names[] = {
    "random",    "equal masses", "single bins", "ties",       "equal images",
    "one to n",  "disjoint",     "permutation", "one to all", "equal costs",
    "collinear", "subsets",      "squares"};

_Static_assert(sizeof family_names / sizeof *family_names == N_PLAIN_FAMILIES,
               "one name a family");
_Static_assert(2 * (GRID - 1) * (GRID - 1) <= PLAIN_INSTANCE_MAX_COST,
               "squared distances stay within the bound");

static int64_t between(bw_random *random, int64_t least, int64_t most)
{
    uint64_t n = (uint64_t)(most - least + 1);
    return least + (int64_t)bw_random_below(random, n);
}

static size_t draw_size(bw_random *random)
{
    return (size_t)between(random, 1, PLAIN_INSTANCE_MAX);
}

static void fill(bw_random *random, size_t n, int64_t *x, int64_t least,
                 int64_t most)
{
    for (size_t k = 0; k < n; k++)
        x[k] = between(random, least, most);
}

static int64_t sum(size_t n, const int64_t *x)
{
    int64_t s = 0;
    for (size_t k = 0; k < n; k++)
        s += x[k];
    return s;
}

/* Adds to one random bin of the lighter side until the totals agree. */
static void balance(bw_random *random, plain_instance *p)
{
    int64_t a = sum(p->n, p->source), b = sum(p->m, p->sink);
    if (a < b)
        p->source[bw_random_below(random, p->n)] += b - a;
    else
        p->sink[bw_random_below(random, p->m)] += a - b;
}

/* Sizes, masses and costs of the plain case, on which families build. */
static void draw_random(bw_random *random, size_t n, size_t m,
                        int64_t most_mass, int64_t most_cost, plain_instance *p)
{
    p->n = n;
    p->m = m;
    fill(random, n, p->source, 1, most_mass);
    fill(random, m, p->sink, 1, most_mass);
    fill(random, n * m, p->cost, 0, most_cost);
    balance(random, p);
}

static void draw_points(bw_random *random, size_t n, int64_t least_x,
                        int64_t most_x, points *q)
{
    fill(random, n, q->x, least_x, most_x);
    fill(random, n, q->y, 0, GRID - 1);
}

/* Costs of the points: l1 distances, or squared ones. */
static void set_costs(const points *a, const points *b, bool is_squared,
                      plain_instance *p)
{
    for (size_t i = 0; i < p->n; i++) {
        for (size_t j = 0; j < p->m; j++) {
            int64_t dx = llabs(a->x[i] - b->x[j]);
            int64_t dy = llabs(a->y[i] - b->y[j]);
            p->cost[i * p->m + j] = is_squared ? dx * dx + dy * dy : dx + dy;
        }
    }
}

static void draw_geometric(bw_random *random, plain_family family,
                           plain_instance *p)
{
    points a, b;
    bool is_squared = family == PLAIN_SQUARES || between(random, 0, 1);
    bool is_disjoint = family == PLAIN_DISJOINT;
    draw_points(random, p->n, 0, is_disjoint ? GRID / 2 - 1 : GRID - 1, &a);
    draw_points(random, p->m, is_disjoint ? GRID / 2 : 0, GRID - 1, &b);
    if (family == PLAIN_COLLINEAR) {
        memcpy(a.y, a.x, p->n * sizeof *a.y);
        memcpy(b.y, b.x, p->m * sizeof *b.y);
    }
    if (family == PLAIN_EQUAL_IMAGES) {
        p->m = p->n;
        b = a;
        memcpy(p->sink, p->source, p->n * sizeof *p->sink);
    }
    set_costs(&a, &b, is_squared, p);
}

/* Sources s, s, 2s, 2s, s, s, ...; sinks the same, shuffled. */
static void draw_subsets(bw_random *random, plain_instance *p)
{
    size_t half = (size_t)between(random, 1, PLAIN_INSTANCE_MAX / 2);
    p->n = p->m = 2 * half;
    int64_t mass = between(random, 1, 3);
    size_t order[PLAIN_INSTANCE_MAX];
    for (size_t k = 0; k < p->n; k++) {
        p->source[k] = mass * (1 + (int64_t)(k / 2 % 2));
        order[k] = k;
    }
    bw_random_shuffle(random, p->n, order);
    for (size_t k = 0; k < p->n; k++)
        p->sink[k] = p->source[order[k]];
    fill(random, p->n * p->m, p->cost, 0, 4);
}

/* Every source holds m and every sink n: totals agree at n*m. */
static void set_equal_masses(plain_instance *p)
{
    for (size_t i = 0; i < p->n; i++)
        p->source[i] = (int64_t)p->m;
    for (size_t j = 0; j < p->m; j++)
        p->sink[j] = (int64_t)p->n;
}

static void set_equal_costs(bw_random *random, plain_instance *p)
{
    int64_t cost = between(random, 0, 3);
    for (size_t k = 0; k < p->n * p->m; k++)
        p->cost[k] = cost;
}

/* The first source gets what all sinks hold but 1 for every other source. */
static void set_heavy_source(plain_instance *p)
{
    for (size_t j = 0; j < p->m; j++)
        p->sink[j] += (int64_t)p->n; /* enough for all, whatever was drawn */
    for (size_t i = 1; i < p->n; i++)
        p->source[i] = 1;
    p->source[0] = sum(p->m, p->sink) - (int64_t)(p->n - 1);
}

const char *plain_family_name(plain_family family)
{
    return family_names[family];
}

void plain_instance_draw(plain_family family, uint64_t seed, uint64_t t,
                         plain_instance *p)
{
    bw_random random;
    bw_random_init(&random, seed, BW_RANDOM_TEST,
                   t * N_PLAIN_FAMILIES + (uint64_t)family);
    size_t n = draw_size(&random), m = draw_size(&random);
    if (family == PLAIN_SINGLE_BINS)
        n = m = 1;
    else if (family == PLAIN_PERMUTATION)
        m = n;
    else if (family == PLAIN_ONE_TO_N)
        *(t % 2 ? &n : &m) = 1;
    *p = (plain_instance){0};
    draw_random(&random, n, m,
                family == PLAIN_PERMUTATION ? 1 : PLAIN_INSTANCE_MAX_MASS,
                family == PLAIN_TIES ? 1 : PLAIN_INSTANCE_MAX_COST, p);
    switch (family) {
    case PLAIN_EQUAL_MASSES:
        set_equal_masses(p);
        break;
    case PLAIN_ONE_TO_ALL:
        set_heavy_source(p);
        break;
    case PLAIN_EQUAL_COSTS:
        set_equal_costs(&random, p);
        break;
    case PLAIN_SUBSETS:
        draw_subsets(&random, p);
        break;
    case PLAIN_EQUAL_IMAGES:
    case PLAIN_DISJOINT:
    case PLAIN_COLLINEAR:
    case PLAIN_SQUARES:
        draw_geometric(&random, family, p);
        break;
    default:
        break;
    }
    p->total = sum(p->n, p->source);
}
