/* conv_phase_plan.c - tiles of a convolution by phases and their points. */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "nn/conv_phase_plan.h"
#include "nn/cut.h"

enum {
    POINTS = BW_PHASE_POINTS,
    N_POINTS = BW_PHASE_ALL_POINTS,
    N_KINDS = BW_PHASE_KINDS,
    AXIS_KINDS = BW_PHASE_AXIS_KINDS,
    PAD = 16 /* floats between rows, which are not to be powers of 2 apart */
};

/* ---- axes ---- */

static size_t most_taps(size_t n_taps, size_t stride)
{
    return bw_cut_count(n_taps, stride);
}

static bool fits_axis(size_t n_taps, size_t stride)
{
    return stride <= BW_PHASE_MAX_STRIDE && n_taps / stride >= 2 &&
           most_taps(n_taps, stride) <= BW_PHASE_MAX_TAPS;
}

bool bw_phase_plan_fits(const bw_conv_shape *shape)
{
    return fits_axis(shape->kh, shape->stride) &&
           fits_axis(shape->kw, shape->stride);
}

/* n outputs. */
static bw_phase_axis make_axis(size_t n, size_t n_taps, size_t stride)
{
    size_t most = POINTS + 1 - most_taps(n_taps, stride);
    size_t n_tiles = bw_cut_count(n, most);
    bw_phase_axis a = {.stride = stride};

    for (size_t k = 0; k < stride; k++)
        a.taps[k] = n_taps / stride + (k < n_taps % stride);
    a.outputs[0] = bw_cut_count(n, n_tiles);
    a.outputs[1] = a.outputs[0] - 1;
    a.n_tiles[1] = n_tiles * a.outputs[0] - n;
    a.n_tiles[0] = n_tiles - a.n_tiles[1];
    return a;
}

/* Points of n pixels: bits of 0, 1, -1, infinity. */
static unsigned points_of(size_t n)
{
    return n == 4 ? 15 : n == 3 ? 14 : 9;
}

static unsigned points_of_phase(const bw_phase_axis *a, size_t kind,
                                size_t phase)
{
    return points_of(a->outputs[kind] + a->taps[phase] - 1);
}

/* ---- groups ---- */

static size_t tiles_of(const bw_phase_plan *p, size_t kind)
{
    return p->row.n_tiles[kind / AXIS_KINDS] *
           p->column.n_tiles[kind % AXIS_KINDS];
}

/* Bits of the phases of this kind of tiles that have the point. */
static unsigned phases_at(const bw_phase_plan *p, size_t kind, size_t point)
{
    unsigned phases = 0;

    for (size_t f = 0; f < p->n_phases; f++) {
        unsigned row =
            points_of_phase(&p->row, kind / AXIS_KINDS, f / p->column.stride);
        unsigned column = points_of_phase(&p->column, kind % AXIS_KINDS,
                                          f % p->column.stride);

        if (row >> point / POINTS & column >> point % POINTS & 1)
            phases |= 1u << f;
    }
    return phases;
}

/* How many of phases 0 .. end - 1 there are. */
static size_t count_phases(unsigned phases, size_t end)
{
    size_t n = 0;

    for (size_t f = 0; f < end; f++)
        n += phases >> f & 1;
    return n;
}

static bw_phase_group *find_group(bw_phase_plan *p, size_t point,
                                  unsigned phases)
{
    bw_phase_group *g = p->groups;

    while (g < p->groups + p->n_groups &&
           (g->point != point || g->phases != phases))
        g++;
    return g;
}

static void make_groups(bw_phase_plan *p)
{
    for (size_t k = 0; k < N_POINTS; k++) {
        p->u_at[k] = BW_PHASE_NONE;
        for (size_t kind = 0; kind < N_KINDS; kind++) {
            size_t n_tiles = tiles_of(p, kind);
            unsigned phases = n_tiles > 0 ? phases_at(p, kind, k) : 0;
            bw_phase_group *g = find_group(p, k, phases);

            if (phases == 0)
                continue;
            if (g == p->groups + p->n_groups) {
                p->n_groups++;
                *g = (bw_phase_group){.point = k, .phases = phases};
                g->v_row = count_phases(phases, p->n_phases) * p->c + PAD;
            }
            g->n_rows += n_tiles;
            if (p->u_at[k] == BW_PHASE_NONE) {
                p->u_at[k] = p->n_u;
                p->n_u += p->n_phases * p->c * p->o + PAD;
            }
        }
    }
}

void bw_phase_plan_init(const bw_conv_shape *shape, bw_phase_plan *plan)
{
    assert(bw_phase_plan_fits(shape));
    *plan = (bw_phase_plan){.shape = *shape};
    plan->row = make_axis(shape->p, shape->kh, shape->stride);
    plan->column = make_axis(shape->q, shape->kw, shape->stride);
    plan->n_phases = shape->stride * shape->stride;
    plan->c = bw_cut_count(shape->c, BW_PHASE_PANEL) * BW_PHASE_PANEL;
    plan->o = bw_cut_count(shape->o, BW_PHASE_PANEL) * BW_PHASE_PANEL;
    plan->m_row = plan->o + PAD;
    make_groups(plan);
    bw_phase_plan_resize(plan, 1);
}

/* ---- places ---- */

/* Where the first row of a kind stands in its group. */
static size_t first_row(const bw_phase_plan *p, size_t kind, size_t point,
                        unsigned phases)
{
    size_t n = 0;

    for (size_t k = 0; k < kind; k++)
        if (tiles_of(p, k) > 0 && phases_at(p, k, point) == phases)
            n += tiles_of(p, k);
    return n;
}

static void tabulate_kind(bw_phase_plan *p, size_t kind, size_t point)
{
    unsigned phases = phases_at(p, kind, point);
    const bw_phase_group *g = find_group(p, point, phases);
    size_t first = first_row(p, kind, point, phases);

    p->m[kind].at[point] = BW_PHASE_NONE;
    for (size_t f = 0; f < p->n_phases; f++)
        p->v[kind][f].at[point] = BW_PHASE_NONE;
    if (g == p->groups + p->n_groups)
        return;
    p->m[kind].at[point] = g->m_at + first * p->m_row;
    p->m[kind].item[point] = g->n_rows * p->m_row;
    p->m[kind].rank[point] = p->m_row;
    for (size_t f = 0; f < p->n_phases; f++) {
        bw_phase_places *v = &p->v[kind][f];

        if (!(phases >> f & 1))
            continue;
        v->at[point] =
            g->v_at + first * g->v_row + count_phases(phases, f) * p->c;
        v->item[point] = g->n_rows * g->v_row;
        v->rank[point] = g->v_row;
    }
}

void bw_phase_plan_resize(bw_phase_plan *plan, size_t n_items)
{
    plan->n_items = n_items;
    plan->n_scratch = 0;
    for (bw_phase_group *g = plan->groups; g < plan->groups + plan->n_groups;
         g++) {
        g->v_at = plan->n_scratch;
        plan->n_scratch += n_items * g->n_rows * g->v_row + PAD;
        g->m_at = plan->n_scratch;
        plan->n_scratch += n_items * g->n_rows * plan->m_row + PAD;
    }
    for (size_t kind = 0; kind < N_KINDS; kind++)
        for (size_t k = 0; tiles_of(plan, kind) > 0 && k < N_POINTS; k++)
            tabulate_kind(plan, kind, k);
}

/* ---- tiles ---- */

/* Of a tile of an axis: which kind, which of its kind, its first output. */
typedef struct tile_place {
    size_t kind, rank, start;
} tile_place;

/* Pixels of x or y, the first at (i, j), others `step` apart. */
typedef struct patch {
    ptrdiff_t i, j, step;
    size_t h, w, c;
    float *image, *outside;
} patch;

static tile_place place_of(const bw_phase_axis *a, size_t tile)
{
    tile_place at = {.kind = tile >= a->n_tiles[0]};

    at.rank = tile - at.kind * a->n_tiles[0];
    at.start =
        at.kind * a->n_tiles[0] * a->outputs[0] + at.rank * a->outputs[at.kind];
    return at;
}

static size_t n_tiles_of(const bw_phase_axis *a)
{
    return a->n_tiles[0] + a->n_tiles[1];
}

size_t bw_phase_plan_n_tiles(const bw_phase_plan *plan)
{
    return n_tiles_of(&plan->row) * n_tiles_of(&plan->column);
}

static void set_points(const bw_phase_plan *p, const bw_phase_places *from,
                       size_t item, const tile_place *row,
                       const tile_place *column, float *scratch,
                       bw_phase_tile *tile)
{
    size_t rank = row->rank * p->column.n_tiles[column->kind] + column->rank;

    for (size_t k = 0; k < N_POINTS; k++)
        tile->point[k] = from->at[k] == BW_PHASE_NONE
                             ? NULL
                             : scratch + from->at[k] + item * from->item[k] +
                                   rank * from->rank[k];
}

static void set_pixels(const patch *p, bw_phase_tile *tile)
{
    float *column[POINTS] = {NULL};

    /* What is negative is large without a sign. */
    for (size_t j = 0; j < tile->n_j; j++) {
        size_t at = (size_t)(p->j + (ptrdiff_t)j * p->step);

        if (at < p->w)
            column[j] = p->image + at * p->c;
    }
    for (size_t i = 0; i < tile->n_i; i++) {
        size_t at = (size_t)(p->i + (ptrdiff_t)i * p->step);
        size_t row = at * p->w * p->c;

        for (size_t j = 0; j < tile->n_j; j++)
            tile->pixel[i * POINTS + j] =
                at < p->h && column[j] ? column[j] + row : p->outside;
    }
}

bw_phase_tile bw_phase_plan_x_tile(const bw_phase_plan *plan, size_t item,
                                   size_t tile, size_t phase, float *x,
                                   float *outside, float *scratch)
{
    const bw_conv_shape *s = &plan->shape;
    size_t a = phase / plan->column.stride, b = phase % plan->column.stride;
    tile_place row = place_of(&plan->row, tile / n_tiles_of(&plan->column));
    tile_place column =
        place_of(&plan->column, tile % n_tiles_of(&plan->column));
    patch p = {.i = (ptrdiff_t)(s->stride * row.start + a) - (ptrdiff_t)s->top,
               .j = (ptrdiff_t)(s->stride * column.start + b) -
                    (ptrdiff_t)s->left,
               .step = (ptrdiff_t)s->stride,
               .h = s->h,
               .w = s->w,
               .c = s->c,
               .image = x + item * s->h * s->w * s->c,
               .outside = outside};
    bw_phase_tile to = {
        .n_i = plan->row.outputs[row.kind] + plan->row.taps[a] - 1,
        .n_j = plan->column.outputs[column.kind] + plan->column.taps[b] - 1,
        .n_channels = s->c};

    set_pixels(&p, &to);
    set_points(plan, &plan->v[row.kind * AXIS_KINDS + column.kind][phase], item,
               &row, &column, scratch, &to);
    return to;
}

bw_phase_tile bw_phase_plan_y_tile(const bw_phase_plan *plan, size_t item,
                                   size_t tile, float *y, float *scratch)
{
    const bw_conv_shape *s = &plan->shape;
    tile_place row = place_of(&plan->row, tile / n_tiles_of(&plan->column));
    tile_place column =
        place_of(&plan->column, tile % n_tiles_of(&plan->column));
    patch p = {.i = (ptrdiff_t)row.start,
               .j = (ptrdiff_t)column.start,
               .step = 1,
               .h = s->p,
               .w = s->q,
               .c = s->o,
               .image = y + item * s->p * s->q * s->o};
    bw_phase_tile to = {.n_i = plan->row.outputs[row.kind],
                        .n_j = plan->column.outputs[column.kind],
                        .n_channels = s->o};

    set_pixels(&p, &to);
    set_points(plan, &plan->m[row.kind * AXIS_KINDS + column.kind], item, &row,
               &column, scratch, &to);
    return to;
}
