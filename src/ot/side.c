/* side.c - coarsening of a list of bins by runs of Morton codes. */
#include "config.h"

#include <stdlib.h>

#include "ot/bitmask.h"
#include "ot/side.h"

bw_status bw_side_reserve(bw_side *side, size_t n)
{
    if (n <= side->capacity)
        return BW_OK;
    bw_side_clear(side);
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

void bw_side_clear(bw_side *side)
{
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

void bw_side_place(bw_side *side, const bw_ground *ground)
{
    uint32_t width = (uint32_t)ground->width;
    for (size_t k = 0; k < side->n; k++) {
        uint32_t y = side->bin[k] / width, x = side->bin[k] % width;
        side->point[k] =
            bw_point((int)(x * ground->unit), (int)(y * ground->unit));
        side->place[k] = (int32_t)y * ground->stride + (int32_t)x;
    }
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

void bw_side_coarsen(const bw_side *fine, const bw_ground *ground,
                     int is_finest, bw_side *coarse)
{
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

size_t bw_side_n_levels(const bw_ground *ground)
{
    if (ground->kind != BW_GROUND_GRID)
        return 1;
    size_t side =
        ground->height > ground->width ? ground->height : ground->width;
    size_t n = 1;
    for (; side > BW_COARSEST; side = (side + 1) / 2)
        n++;
    return n;
}
