/* lp.c - exact transport by successive shortest paths.
 *
 * The nodes are the n sources and m sinks. Every arc i -> j may carry any
 * amount at cost[i,j]; an arc that carries flow may also be walked back, at
 * -cost[i,j]. From the zero flow, ship along a cheapest path from any source
 * with mass left to any sink with room left, as much as the path takes, until
 * nothing is left. A flow that is built of cheapest paths admits no cycle of
 * negative cost, and such a flow is optimal (Ahuja, Magnanti, Orlin: Network
 * Flows, 1993, theorem 9.1 and section 9.7). Paths come from Bellman and Ford,
 * which negative arcs do not disturb.
 *
 * Cost: at most n*m*(n+m) steps a path; hundreds of paths at n = m = 40.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "plain/lp.h"

enum { N_NODES = 2 * PLAIN_LP_MAX };

typedef struct network {
    size_t n, m;
    const int64_t *cost;                       /* n*m */
    int64_t left[PLAIN_LP_MAX];                /* mass still at a source */
    int64_t room[PLAIN_LP_MAX];                /* still wanted by a sink */
    int64_t flow[PLAIN_LP_MAX * PLAIN_LP_MAX]; /* n*m */
    plain_int128 distance[N_NODES];            /* sources, then sinks */
    bool is_reached[N_NODES];
    size_t from[N_NODES]; /* node before; itself where a path starts */
} network;

static bool sum_masses(size_t n, const int64_t *mass, int64_t *total)
{
    *total = 0;
    for (size_t i = 0; i < n; i++) {
        if (mass[i] < 0 || mass[i] > PLAIN_LP_MAX_TOTAL - *total)
            return false;
        *total += mass[i];
    }
    return true;
}

static bool is_in_contract(size_t n, size_t m, const int64_t *source,
                           const int64_t *sink, const int64_t *cost)
{
    int64_t a, b;
    if (n < 1 || m < 1 || n > PLAIN_LP_MAX || m > PLAIN_LP_MAX)
        return false;
    if (!sum_masses(n, source, &a) || !sum_masses(m, sink, &b) || a != b)
        return false;
    for (size_t k = 0; k < n * m; k++)
        if (cost[k] > PLAIN_LP_MAX_COST || cost[k] < -PLAIN_LP_MAX_COST)
            return false;
    return true;
}

/* Lowers the distance of node `to` to that of `from` plus cost. */
static bool relax(network *g, size_t from, size_t to, int64_t cost)
{
    if (!g->is_reached[from])
        return false;
    plain_int128 distance = g->distance[from] + cost;
    if (g->is_reached[to] && g->distance[to] <= distance)
        return false;
    g->is_reached[to] = true;
    g->distance[to] = distance;
    g->from[to] = from;
    return true;
}

/* Distances of all nodes from the sources with mass left. */
static void find_distances(network *g)
{
    for (size_t s = 0; s < g->n + g->m; s++) {
        g->is_reached[s] = s < g->n && g->left[s] > 0;
        g->distance[s] = 0;
        g->from[s] = s;
    }
    bool is_changed = true;
    while (is_changed) {
        is_changed = false;
        for (size_t i = 0; i < g->n; i++) {
            for (size_t j = 0; j < g->m; j++) {
                size_t k = i * g->m + j;
                is_changed |= relax(g, i, g->n + j, g->cost[k]);
                if (g->flow[k] > 0)
                    is_changed |= relax(g, g->n + j, i, -g->cost[k]);
            }
        }
    }
}

/* The nearest sink with room; it exists while mass is left. */
static size_t nearest_sink(const network *g)
{
    size_t best = g->m;
    for (size_t j = 0; j < g->m; j++) {
        if (g->room[j] == 0)
            continue;
        if (best == g->m || g->distance[g->n + j] < g->distance[g->n + best])
            best = j;
    }
    return best;
}

/* Ships along the path to sink j what its ends and backward arcs allow. */
static void augment(network *g, size_t j)
{
    int64_t amount = g->room[j];
    size_t s = g->n + j;
    for (; g->from[s] != s; s = g->from[s])
        if (s < g->n) {
            int64_t flow = g->flow[s * g->m + g->from[s] - g->n];
            amount = flow < amount ? flow : amount;
        }
    amount = g->left[s] < amount ? g->left[s] : amount;
    g->left[s] -= amount;
    g->room[j] -= amount;
    for (s = g->n + j; g->from[s] != s; s = g->from[s]) {
        if (s < g->n)
            g->flow[s * g->m + g->from[s] - g->n] -= amount;
        else
            g->flow[g->from[s] * g->m + s - g->n] += amount;
    }
}

bool plain_lp_solve(size_t n, size_t m, const int64_t *source,
                    const int64_t *sink, const int64_t *cost,
                    plain_int128 *optimum, int64_t *opt_plan)
{
    if (!is_in_contract(n, m, source, sink, cost))
        return false;
    network g = {.n = n, .m = m, .cost = cost};
    memcpy(g.left, source, n * sizeof *source);
    memcpy(g.room, sink, m * sizeof *sink);
    for (;;) {
        find_distances(&g);
        size_t j = nearest_sink(&g);
        if (j == m)
            break;
        augment(&g, j);
    }
    *optimum = 0;
    for (size_t k = 0; k < n * m; k++)
        *optimum += (plain_int128)g.flow[k] * cost[k];
    if (opt_plan)
        memcpy(opt_plan, g.flow, n * m * sizeof *opt_plan);
    return true;
}

/* The least k that makes cost * 2^k an integer, or -1 when past 60. */
static int dyadic_exponent(double cost)
{
    for (int k = 0; k <= 60; k++)
        if (ldexp(cost, k) == nearbyint(ldexp(cost, k)))
            return k;
    return -1;
}

bool plain_lp_solve_dyadic(size_t n, size_t m, const int64_t *source,
                           const int64_t *sink, const double *cost,
                           plain_int128 *optimum, int *exponent,
                           int64_t *opt_plan)
{
    int64_t scaled[PLAIN_LP_MAX * PLAIN_LP_MAX];
    int k = 0;
    if (n < 1 || m < 1 || n > PLAIN_LP_MAX || m > PLAIN_LP_MAX)
        return false;
    for (size_t c = 0; c < n * m; c++) {
        int least = isfinite(cost[c]) ? dyadic_exponent(cost[c]) : -1;
        if (least < 0)
            return false;
        k = least > k ? least : k;
    }
    for (size_t c = 0; c < n * m; c++) {
        double value = ldexp(cost[c], k);
        if (fabs(value) > (double)PLAIN_LP_MAX_COST)
            return false;
        scaled[c] = (int64_t)value;
    }
    if (!plain_lp_solve(n, m, source, sink, scaled, optimum, opt_plan))
        return false;
    *exponent = k;
    return true;
}

double plain_lp_value(plain_int128 optimum, int exponent, int64_t total)
{
    plain_int128 whole = optimum / total;
    plain_int128 rest = optimum % total;
    long double value =
        (long double)whole + (long double)rest / (long double)total;
    return (double)ldexpl(value, -exponent);
}
