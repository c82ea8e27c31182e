/* side.c - places of bins, and coarsening of a list of them by runs. */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "ot/bitmask.h"
#include "ot/points.h"
#include "ot/side.h"

/* Children of a coarse point: what a guided start can take at once. */
enum { MOST_CHILDREN = 4 };

bw_status bw_side_reserve(bw_side *side, size_t n)
{
    if (n <= side->capacity)
        return BW_OK;
    bw_side_clear(side);
    assert(!side->at); /* coordinates went with the rest */
    /* Sixteen more: vector code reads whole blocks of points. */
    size_t room = n + n / 4 + 16;
    side->bin = malloc(room * sizeof *side->bin);
    side->mass = malloc(room * sizeof *side->mass);
    side->point = calloc(room + 16, sizeof *side->point);
    side->place = malloc(room * sizeof *side->place);
    side->first = malloc((room + 1) * sizeof *side->first);
    if (!side->bin || !side->mass || !side->point || !side->place ||
        !side->first) {
        bw_side_clear(side);
        return BW_ERR_MEMORY;
    }
    side->capacity = room;
    return BW_OK;
}

/* Room for the coordinates of as many points as it has room for. */
static bw_status reserve_points(bw_side *side, size_t d)
{
    size_t room = bw_points_room(side->capacity, d);
    if (room <= side->cap_at)
        return BW_OK;
    free(side->at);
    side->cap_at = 0;
    side->at = malloc(room * sizeof *side->at);
    if (!side->at)
        return BW_ERR_MEMORY;
    side->cap_at = room;
    return BW_OK;
}

bw_status bw_side_reserve_coarse(bw_side *coarse, const bw_side *fine,
                                 const bw_ground *ground)
{
    bw_status status = bw_side_reserve(coarse, fine->n);
    if (!status && ground->kind == BW_GROUND_POINTS)
        status = reserve_points(coarse, ground->d);
    return status;
}

void bw_side_clear(bw_side *side)
{
    free(side->at);
    free(side->bin);
    free(side->mass);
    free(side->point);
    free(side->place);
    free(side->first);
    *side = (bw_side){0};
}

/* Bit k of a 16-bit number goes to bit 2 k. */
static uint32_t spread(uint32_t a)
{
    a = (a | a << 8) & 0x00ff00ff;
    a = (a | a << 4) & 0x0f0f0f0f;
    a = (a | a << 2) & 0x33333333;
    return (a | a << 1) & 0x55555555;
}

uint32_t bw_side_morton(uint32_t y, uint32_t x)
{
    return spread(y) << 1 | spread(x);
}

static void place_points(bw_side *side, const bw_ground *ground)
{
    size_t d = ground->d;
    for (size_t k = 0; k < side->n; k++) {
        const double *x = ground->coordinate + side->bin[k] * d;
        double *to = side->at + bw_points_place(k, d);
        for (size_t c = 0; c < d; c++)
            to[c * BW_POINTS_LANES] = x[c];
    }
    bw_points_pad(side->n, d, side->at);
}

static void place_pixels(bw_side *side, const bw_ground *ground)
{
    uint32_t width = (uint32_t)ground->width;
    for (size_t k = 0; k < side->n; k++) {
        uint32_t y = side->bin[k] / width, x = side->bin[k] % width;
        side->point[k] =
            bw_point((int)(x * ground->unit), (int)(y * ground->unit));
        side->place[k] = (int32_t)y * ground->stride + (int32_t)x;
    }
}

bw_status bw_side_place(bw_side *side, const bw_ground *ground)
{
    if (ground->kind == BW_GROUND_GRID)
        place_pixels(side, ground);
    if (ground->kind != BW_GROUND_POINTS)
        return BW_OK;
    if (reserve_points(side, ground->d))
        return BW_ERR_MEMORY;
    place_points(side, ground);
    return BW_OK;
}

/* The centre of mass of a run, rounded to the ground cost's unit. Weights are
 * shifted down to 20 bits, which is more than the rounding keeps. */
static int32_t centre(const bw_side *fine, size_t first, size_t end,
                      int64_t mass)
{
    int n_bits = 64 - __builtin_clzll((unsigned long long)mass);
    int shift = n_bits > 20 ? n_bits - 20 : 0;
    uint32_t total = 0;
    uint64_t x = 0, y = 0;
    for (size_t k = first; k < end; k++) {
        uint32_t weight = (uint32_t)(fine->mass[k] >> shift) + 1;
        x += (uint64_t)weight * (uint32_t)bw_point_x(fine->point[k]);
        y += (uint64_t)weight * (uint32_t)bw_point_y(fine->point[k]);
        total += weight;
    }
    double scale = 1.0 / total;
    return bw_point((int)((double)x * scale + 0.5),
                    (int)((double)y * scale + 0.5));
}

/* ---- coarser points ---- */

/* As a sum of differences: so it lies among them, and sums do not overflow. */
static void centre_points(const bw_side *fine, size_t d, size_t k,
                          bw_side *coarse)
{
    size_t first = coarse->first[k], end = coarse->first[k + 1];
    const double *x = fine->at + bw_points_place(first, d);
    double *to = coarse->at + bw_points_place(k, d);
    for (size_t c = 0; c < d * BW_POINTS_LANES; c += BW_POINTS_LANES) {
        to[c] = x[c];
        for (size_t q = first + 1; q < end; q++) {
            double share = (double)fine->mass[q] / (double)coarse->mass[k];
            to[c] += share * (fine->at[bw_points_place(q, d) + c] - x[c]);
        }
    }
}

typedef struct cells {
    const bw_side *fine;
    const uint32_t *opt_code; /* of bins; NULL: bin[] has them */
    bw_side *coarse;
} cells;

static uint32_t code_of(const cells *s, size_t k)
{
    return s->opt_code ? s->opt_code[s->fine->bin[k]] : s->fine->bin[k];
}

/* Halves the run of a cell, in which codes agree above the bit, until it has
 * few enough. Depth: 32 at most, since codes differ. */
static void cut_cell(const cells *s, size_t first, size_t end, unsigned bit)
{
    if (end - first > MOST_CHILDREN) {
        size_t low = first, high = end; /* where the bit turns 1 */
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (code_of(s, middle) >> bit & 1)
                high = middle;
            else
                low = middle + 1;
        }
        cut_cell(s, first, low, bit - 1);
        cut_cell(s, low, end, bit - 1);
    } else if (end > first) {
        bw_side *to = s->coarse;
        to->bin[to->n] = code_of(s, first);
        to->mass[to->n] = 0;
        for (size_t k = first; k < end; k++)
            to->mass[to->n] += s->fine->mass[k];
        to->first[to->n++] = (uint32_t)first;
    }
}

static void coarsen_points(const bw_side *fine, const bw_ground *ground,
                           int is_finest, bw_side *coarse)
{
    cells s = {fine, is_finest ? ground->code : NULL, coarse};
    coarse->n = 0;
    cut_cell(&s, 0, fine->n, 31);
    coarse->first[coarse->n] = (uint32_t)fine->n;
    for (size_t k = 0; k < coarse->n; k++)
        centre_points(fine, ground->d, k, coarse);
    bw_points_pad(coarse->n, ground->d, coarse->at);
}

/* ---- all kinds ---- */

void bw_side_coarsen(const bw_side *fine, const bw_ground *ground,
                     int is_finest, bw_side *coarse)
{
    if (ground->kind == BW_GROUND_POINTS) {
        coarsen_points(fine, ground, is_finest, coarse);
        return;
    }
    size_t n = 0;
    uint32_t width = (uint32_t)ground->width;
    for (size_t k = 0; k < fine->n; k++) {
        uint32_t code = fine->bin[k];
        if (is_finest)
            code = bw_side_morton(code / width, code % width);
        code >>= 2;
        if (n == 0 || code != coarse->bin[n - 1]) {
            coarse->bin[n] = code;
            coarse->mass[n] = 0;
            coarse->first[n++] = (uint32_t)k;
        }
        coarse->mass[n - 1] += fine->mass[k];
    }
    coarse->first[n] = (uint32_t)fine->n;
    coarse->n = n;
    for (size_t k = 0; k < n; k++)
        coarse->point[k] = centre(fine, coarse->first[k], coarse->first[k + 1],
                                  coarse->mass[k]);
}

size_t bw_side_n_levels(const bw_ground *ground, size_t n)
{
    size_t n_levels = 1;
    if (ground->kind == BW_GROUND_GRID) {
        n = ground->height > ground->width ? ground->height : ground->width;
        for (; n > BW_COARSEST; n = (n + 1) / 2)
            n_levels++;
    } else if (ground->kind == BW_GROUND_POINTS && !ground->is_line) {
        /* Cells hold about three of the four that they may. */
        for (; n > BW_COARSEST_POINTS; n = (n + 2) / 3)
            n_levels++;
    }
    return n_levels;
}
