/* multiscale.c - levels, their starts, and which solver takes which. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "base/progress.h"
#include "ot/multiscale.h"

/* Of points: in more, boxes clear little, and a matrix is cheaper. */
enum { MOST_DIMENSIONS = 5 };

/* Coarser small costs: how much at a time, and at most. */
enum { STEP = 16, COARSEST = 4096 };

/* Enlarged ones: how much at most, and what is left below 0 then. Values have
 * 29 bits: what is left can add up along a path. */
enum { MOST_ZOOM = 1 << 20, LEFT_ROOM = 1 << 24 };

/* Entries of a cost matrix that the bitmask simplex may make: 256 MiB; and
 * that the large one may: 1 GiB. */
static const size_t most_matrix = (size_t)1 << 26;
static const size_t most_rows = (size_t)1 << 28;

void bw_multiscale_clear(bw_multiscale *m)
{
    for (size_t k = 0; k < BW_MAX_LEVELS; k++) {
        bw_side_clear(&m->source[k]);
        bw_side_clear(&m->sink[k]);
    }
    for (int k = 0; k < 2; k++) {
        free(m->tree[k].parent);
        free(m->tree[k].flow);
        free(m->tree[k].order);
    }
    free(m->n_children);
    free(m->u);
    free(m->v);
    bw_start_clear(&m->start);
    bw_bitmask_clear(&m->bitmask);
    bw_large_clear(&m->large);
    bw_pricing_grid_clear(&m->grid);
    bw_pricing_matrix_clear(&m->matrix);
    bw_pricing_points_clear(&m->points);
    bw_zoom_clear(&m->zoom);
    bw_pricing_zoom_clear(&m->zoomed);
    bw_simplex_clear(&m->simplex);
    *m = (bw_multiscale){0};
}

static bw_status reserve(bw_multiscale *m, size_t n_sources, size_t n_sinks)
{
    bw_status status = bw_start_reserve(&m->start, n_sources, n_sinks);
    size_t n = n_sources + n_sinks;
    if (status || n <= m->cap_nodes)
        return status;
    n += n / 4;
    for (int k = 0; k < 2; k++) {
        free(m->tree[k].parent);
        free(m->tree[k].flow);
        free(m->tree[k].order);
        m->tree[k].parent = malloc(n * sizeof *m->tree[k].parent);
        m->tree[k].flow = malloc(n * sizeof *m->tree[k].flow);
        m->tree[k].order = malloc(n * sizeof *m->tree[k].order);
        if (!m->tree[k].parent || !m->tree[k].flow || !m->tree[k].order)
            status = BW_ERR_MEMORY;
    }
    free(m->n_children);
    free(m->u);
    free(m->v);
    m->n_children = malloc(n * sizeof *m->n_children);
    m->u = malloc(n * sizeof *m->u);
    m->v = malloc(n * sizeof *m->v);
    if (!m->n_children || !m->u || !m->v)
        status = BW_ERR_MEMORY;
    m->cap_nodes = status ? 0 : n;
    return status;
}

/* ---- one level ---- */

/* What true costs are multiplied by to be small. */
static double small_scale(const bw_arcs *arcs)
{
    if (arcs->ground->kind == BW_GROUND_GRID)
        return arcs->ground->table_scale;
    return bw_ground_small_scale(arcs->ground);
}

static bool can_bitmask(const bw_arcs *arcs)
{
    size_t n_sources = arcs->sources->n, n_sinks = arcs->sinks->n;
    if (n_sinks > BW_BITMASK_MAX_SINKS)
        return false;
    return arcs->ground->is_squared || n_sources + 16 <= most_matrix / n_sinks;
}

static void fill_matrix(bw_bitmask *b, const bw_arcs *arcs)
{
    const bw_ground *g = arcs->ground;
    b->max_cost = BW_BITMASK_MAX_COST;
    if (g->kind == BW_GROUND_GRID) {
        bw_bitmask_fill(b, g->table, g->table_stride);
        return;
    }
    double scale = small_scale(arcs);
    size_t n_sinks = arcs->sinks->n;
    for (size_t i = 0; i < arcs->sources->n; i++) {
        bw_arcs_small_row(arcs, i, scale, b->sink_key);
        for (size_t j = 0; j < n_sinks; j++)
            b->cost[(i / 16 * n_sinks + j) * 16 + i % 16] = b->sink_key[j];
    }
}

/* From a basis that is optimal for small costs to one that is for the true
 * ones, unless these are too far. */
static bw_status finish_bitmask(bw_multiscale *m, const bw_arcs *arcs,
                                bw_tree *tree, bool *is_done)
{
    bw_simplex *s = &m->simplex;
    bw_status status = bw_simplex_reserve(s, arcs->sources->n, arcs->sinks->n);
    if (status)
        return status;
    uint64_t before = s->n_pivots;
    status = bw_simplex_finish(s, arcs, tree, &m->bitmask, small_scale(arcs),
                               is_done);
    bw_multiscale_sort(m, tree);
    m->counts.n_exact_pivots += s->n_pivots - before;
    return status;
}

/* Of the time since the last lap a part was pricing. The bitmask method has
 * that from a few of its calls, so that one which the system interrupted may
 * tell of more than all of it. */
static void lap_pivots(bw_multiscale *m, bw_watch *opt_watch)
{
    double *seconds = m->watch.seconds, before = seconds[BW_PART_PIVOTS];

    bw_watch_lap(opt_watch, BW_PART_PIVOTS);
    double all = seconds[BW_PART_PIVOTS] - before;
    double pricing = fmax(0, fmin(m->bitmask.pricing, all));
    seconds[BW_PART_PIVOTS] -= pricing;
    seconds[BW_PART_PRICING] += pricing;
}

/* Solves in small integers, and if they are rounded then exactly from there. */
static bw_status solve_bitmask(bw_multiscale *m, const bw_arcs *arcs,
                               bw_tree *tree, bool *is_done)
{
    bw_bitmask *b = &m->bitmask;
    const bw_ground *g = arcs->ground;
    size_t n_sources = arcs->sources->n, n_sinks = arcs->sinks->n;
    bw_status status =
        bw_bitmask_reserve(b, n_sources, n_sinks, !g->is_squared);
    if (status)
        return status;
    b->is_squared = g->is_squared;
    b->tree = *tree;
    if (g->kind == BW_GROUND_GRID) {
        for (size_t i = 0; i < n_sources; i++)
            b->source_point[i] = arcs->sources->point[i];
        for (size_t j = 0; j < n_sinks; j++)
            b->sink_point[j] = arcs->sinks->point[j];
    }
    if (!g->is_squared)
        fill_matrix(b, arcs);
    bw_watch *watch = arcs->is_coarse ? NULL : &m->watch;
    bw_watch_lap(watch, BW_PART_BUILD);
    uint64_t before = b->n_pivots;
    b->stopped = m->simplex.stopped;
    b->clock = watch && watch->is_on ? bw_progress_now : NULL;
    b->pricing = 0;
    *is_done = bw_bitmask_solve(b);
    bw_multiscale_sort(m, tree);
    lap_pivots(m, watch);
    uint64_t n_pivots = b->n_pivots - before;
    if (arcs->is_coarse)
        m->counts.n_coarse_pivots += n_pivots;
    else
        m->counts.n_pivots += n_pivots;
    if (b->is_stopped)
        return BW_ERR_INTERRUPTED;
    if (!*is_done || arcs->is_coarse || (g->is_exact && g->is_table_exact))
        return BW_OK;
    return finish_bitmask(m, arcs, tree, is_done);
}

static bool can_matrix(const bw_arcs *arcs)
{
    return arcs->sources->n <= most_rows / (arcs->sinks->n + 64);
}

static bool can_large(const bw_arcs *arcs)
{
    if (arcs->ground->kind == BW_GROUND_GRID)
        return arcs->ground->is_squared || arcs->ground->table;
    return arcs->ground->kind == BW_GROUND_POINTS || can_matrix(arcs);
}

/* Whether boxes clear enough of the points, or a matrix would be too large. */
static bool is_boxed(const bw_arcs *arcs)
{
    return arcs->ground->kind == BW_GROUND_POINTS &&
           (arcs->ground->d <= MOST_DIMENSIONS || !can_matrix(arcs));
}

/* The search that suits the ground cost, made ready, with 1 / coarser of the
 * finest scale of small costs. */
static bw_status open_pricing(bw_multiscale *m, const bw_arcs *arcs,
                              double coarser, bw_pricing **ret_pricing)
{
    if (arcs->ground->kind == BW_GROUND_GRID) {
        *ret_pricing = &m->grid.head;
        return bw_pricing_grid_open(&m->grid, arcs, coarser);
    }
    bool is_points = arcs->ground->kind == BW_GROUND_POINTS;
    double scale = is_points ? bw_ground_fine_scale(arcs->ground)
                             : bw_ground_small_scale(arcs->ground);
    if (is_boxed(arcs)) {
        *ret_pricing = &m->points.head;
        return bw_pricing_points_open(&m->points, arcs, scale / coarser);
    }
    *ret_pricing = &m->matrix.head;
    return bw_pricing_matrix_open(&m->matrix, arcs, scale / coarser);
}

static bw_status pivot_priced(bw_multiscale *m, bw_pricing *p, bw_tree *tree,
                              bool *is_done)
{
    bw_status status = bw_large_reserve(&m->large, p);
    bw_watch_lap(m->large.opt_watch, BW_PART_BUILD);
    if (!status)
        status = bw_large_solve(&m->large, p, tree, is_done);
    bw_multiscale_sort(m, tree);
    return status;
}

/* Pivots in small integers. Where potentials leave their range, again from
 * there in coarser ones, since paths of the first basis can be long: in 10
 * dimensions, where costs are all much alike, or on a grid of 256x256. There
 * finer ones may do from their optimum on. */
static bw_status pivot_large(bw_multiscale *m, const bw_arcs *arcs,
                             bw_tree *tree, bw_pricing **ret_pricing,
                             bool *is_done)
{
    bool is_grid = arcs->ground->kind == BW_GROUND_GRID, is_back = false;
    double coarsest = is_grid && arcs->is_coarse ? 1 : COARSEST;
    double finest = is_grid ? 1 : COARSEST; /* zoom.h has finer ones */
    *is_done = false;
    for (double coarser = 1; coarser <= coarsest;) {
        bw_status status = open_pricing(m, arcs, coarser, ret_pricing);
        if (!status)
            status = pivot_priced(m, *ret_pricing, tree, is_done);
        if (status)
            return status;
        if (*is_done && coarser <= finest)
            return BW_OK;
        if (!*is_done && is_back)
            finest = coarser * STEP;
        is_back = is_back || *is_done;
        coarser = *is_done ? coarser / STEP : coarser * STEP;
    }
    return BW_OK;
}

/* Costs less the potentials of the basis, so enlarged that what is left below
 * 0, `left` units of a scale, has room to rise. */
static bw_status open_zoom(bw_multiscale *m, const bw_arcs *arcs,
                           const bw_tree *tree, double scale, int32_t left,
                           bw_pricing **ret_pricing)
{
    double factor = MOST_ZOOM;
    while (factor > 2 && factor * left > LEFT_ROOM)
        factor /= 2;
    bw_status status = bw_zoom_open(&m->zoom, arcs, tree, scale * factor);
    if (status)
        return status;
    if (is_boxed(arcs)) {
        *ret_pricing = &m->zoomed.head;
        return bw_pricing_zoom_open(&m->zoomed, &m->zoom);
    }
    *ret_pricing = &m->matrix.head;
    return bw_pricing_matrix_open_zoom(&m->matrix, &m->zoom);
}

/* From a basis that is optimal for the small costs of p to one that is for the
 * true ones: by exact arithmetic, where too much is left for that by small
 * costs that are enlarged. The last word is the exact one's. */
static bw_status finish_large(bw_multiscale *m, const bw_arcs *arcs,
                              bw_tree *tree, bw_pricing *p)
{
    bw_simplex *s = &m->simplex;
    bw_status status = bw_simplex_reserve(s, arcs->sources->n, p->n_slots);
    const bw_wide *opt_origin = NULL;
    bool is_done = true;
    while (!status) {
        int32_t left = 0;
        bool can_zoom = is_done && bw_zoom_can(arcs, p->scale);
        uint64_t before = s->n_pivots;
        status = bw_simplex_finish_priced(s, arcs, tree, p, opt_origin,
                                          can_zoom ? &left : NULL);
        m->counts.n_exact_pivots += s->n_pivots - before;
        bw_watch_lap(m->large.opt_watch, BW_PART_FIX_UP);
        if (status || left == 0)
            break;
        bw_multiscale_sort(m, tree);
        status = open_zoom(m, arcs, tree, p->scale, left, &p);
        opt_origin = m->zoom.origin;
        if (!status)
            status = pivot_priced(m, p, tree, &is_done);
    }
    return status;
}

/* Solves in small integers, whatever the size, and if they are rounded then
 * exactly from there. */
static bw_status solve_large(bw_multiscale *m, const bw_arcs *arcs,
                             bw_tree *tree, bool *is_done)
{
    bw_pricing *p;
    uint64_t before = m->large.n_pivots;
    m->large.stopped = m->simplex.stopped;
    m->large.opt_watch = arcs->is_coarse ? NULL : &m->watch;
    bw_status status = pivot_large(m, arcs, tree, &p, is_done);
    if (!status && *is_done && !p->is_exact)
        status = finish_large(m, arcs, tree, p);
    uint64_t n_pivots = m->large.n_pivots - before;
    if (arcs->is_coarse)
        m->counts.n_coarse_pivots += n_pivots;
    else
        m->counts.n_pivots += n_pivots;
    return status;
}

/* Solves in exact arithmetic from any basis. */
static bw_status solve_simplex(bw_multiscale *m, const bw_arcs *arcs,
                               bw_tree *tree)
{
    bw_simplex *s = &m->simplex;
    bw_status status = bw_simplex_reserve(s, arcs->sources->n, arcs->sinks->n);
    if (status)
        return status;
    uint64_t before = s->n_pivots;
    status = bw_simplex_solve(s, arcs, tree);
    if (arcs->is_coarse)
        m->counts.n_coarse_pivots += s->n_pivots - before;
    else
        m->counts.n_exact_pivots += s->n_pivots - before;
    return status;
}

/* Duals only guide: where they leave 32 bits, any value will do. */
static int32_t clamped(int64_t a)
{
    const int64_t most = 1 << 30;
    return (int32_t)(a > most ? most : a < -most ? -most : a);
}

/* Duals in small units of an optimal coarse basis, from the root down. */
static void small_duals(bw_multiscale *m, const bw_arcs *arcs,
                        const bw_tree *tree)
{
    size_t n_sinks = tree->n_sinks, k = bw_tree_n_nodes(tree) - 1;
    double scale =
        bw_ground_fine_scale(arcs->ground); /* points alone need it */
    m->v[tree->order[k]] = 0;
    while (k-- > 0) {
        size_t node = (size_t)tree->order[k], up = (size_t)tree->parent[node];
        size_t j = node < n_sinks ? node : up;
        size_t i = (node < n_sinks ? up : node) - n_sinks;
        int64_t cost = bw_arcs_small(arcs, i, j, scale);
        if (node < n_sinks)
            m->v[j] = clamped(cost - m->u[i]);
        else
            m->u[i] = clamped(cost - m->v[j]);
    }
}

/* ---- all levels ---- */

static bw_status make_levels(bw_multiscale *m, const bw_ground *ground,
                             size_t n_levels)
{
    if (bw_side_place(&m->source[0], ground) ||
        bw_side_place(&m->sink[0], ground))
        return BW_ERR_MEMORY;
    for (size_t l = 1; l < n_levels; l++) {
        if (bw_side_reserve_coarse(&m->source[l], &m->source[l - 1], ground) ||
            bw_side_reserve_coarse(&m->sink[l], &m->sink[l - 1], ground))
            return BW_ERR_MEMORY;
        bw_side_coarsen(&m->source[l - 1], ground, l == 1, &m->source[l]);
        bw_side_coarsen(&m->sink[l - 1], ground, l == 1, &m->sink[l]);
    }
    return BW_OK;
}

bw_status bw_multiscale_solve(bw_multiscale *m, const bw_ground *ground,
                              bool is_swapped, bw_method method,
                              bw_tree **ret_tree)
{
    size_t n_levels =
        method == BW_METHOD_LINE ? 1 : bw_side_n_levels(ground, m->source[0].n);
    bw_status status = reserve(m, m->source[0].n, m->sink[0].n);
    if (!status)
        status = make_levels(m, ground, n_levels);
    bw_watch_lap(&m->watch, BW_PART_BUILD);
    bw_arcs coarse = {0};
    for (size_t l = n_levels; l-- > 0 && !status;) {
        bw_arcs arcs = {ground, &m->source[l], &m->sink[l], is_swapped, l > 0};
        bw_tree *tree = &m->tree[l % 2];
        if (l + 1 < n_levels)
            bw_start_guided(&m->start, &arcs, &coarse, &m->tree[(l + 1) % 2],
                            m->u, m->v, tree);
        else if (method == BW_METHOD_LINE && m->line_source)
            bw_start_staircase_real(&arcs, m->line_source, m->line_sink, tree);
        else if (ground->kind == BW_GROUND_GRID || ground->is_line)
            bw_start_staircase(&m->start, &arcs, tree);
        else
            bw_start_rows(&m->start, &arcs, small_scale(&arcs), tree);
        if (l == 0)
            bw_watch_lap(&m->watch, BW_PART_START);
        /* Along a line the staircase is optimal: convex costs are Monge. */
        bool is_done = method == BW_METHOD_LINE;
        bool is_plain = l == 0 && method == BW_METHOD_SIMPLEX;
        bool is_large = l == 0 && method == BW_METHOD_LARGE;
        if (!is_done && !is_plain && !is_large && can_bitmask(&arcs))
            status = solve_bitmask(m, &arcs, tree, &is_done);
        if (!is_done && !is_plain && !status && can_large(&arcs))
            status = solve_large(m, &arcs, tree, &is_done);
        if (!is_done && !status)
            status = solve_simplex(m, &arcs, tree);
        if (l > 0 && !status) {
            bw_multiscale_sort(m, tree);
            small_duals(m, &arcs, tree);
        }
        bw_watch_lap(&m->watch, l > 0 ? BW_PART_COARSE : BW_PART_FIX_UP);
        coarse = arcs;
        *ret_tree = tree;
    }
    return status;
}

void bw_multiscale_sort(bw_multiscale *m, bw_tree *tree)
{
    bw_tree_sort(tree, m->n_children);
}
